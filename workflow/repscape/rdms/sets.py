"""RDMs of sets of a stimulus's images: which images make up each entry of each set.

A stimulus's images have factors (``obj``, ``color``). Some of them label sets, a set for each combination
of their values; others distinguish entries, the rows and columns of a set's RDM. An entry is an image, or
several of which the activity is combined.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.plugin import user_functions


def _difference(activity: np.ndarray) -> np.ndarray:
    return activity[0] - activity[1]


def _mean(activity: np.ndarray) -> np.ndarray:
    return activity.mean(axis=0, dtype=np.float64)


COMBINE: dict[str, Callable] = {"mean": _mean, "difference": _difference}


class Combined(NamedTuple):
    """An entry that is made from several: images, by their index, or combined ones."""

    how: str
    of: tuple["int | Combined", ...]


Entry = int | Combined
IMAGE = "image"  # the label of entries that are images, by name


@dataclass(frozen=True)
class Group:
    """Sets with the same entries.

    Attributes
    ----------
    sets : tuple of dict
        The labels of each set: factor to value.
    entries : dict of factor to list of str
        The labels of the entries.
    members : tuple of tuple
        What each entry of each set is: (set, entry).
    """

    sets: tuple[dict[str, str], ...]
    entries: dict[str, list[str]]
    members: tuple[tuple[Entry, ...], ...]

    @property
    def combines(self) -> bool:
        """Whether an entry of any set is more than an image."""
        return any(isinstance(entry, Combined) for members in self.members for entry in members)


def groups(
    factors: Mapping[str, Sequence[str]],
    names: Sequence[str] | None = None,
    *,
    by: Sequence[str] = (),
    entries: Sequence[str] | None = None,
    combine: str | None = None,
    combinations: Mapping[str, Mapping] | None = None,
) -> list[Group]:
    """Divide the images of a stimulus into sets and these into entries.

    Sets and entries are in the order in which the stimulus first has them, so that sets with the same
    entries have them in the same order; combinations come last.

    Parameters
    ----------
    factors : mapping of factor to its value for each image
    names : the images' names, which may distinguish entries as well, as ``image``
    by : factors whose values label the sets; without, there is one set
    entries : factors that distinguish entries; by default all others or, without others, ``image``
    combine : {'mean', 'difference'} or 'FILE.py:FUNCTION', optional
        How the activities of the images that share an entry are combined (see `activity_of`).
    combinations : mapping of name to {'kind', 'of'}, optional
        Further entries of each set, which are called by this name in each of `entries`. ``of`` lists the
        values of entries, {factor: value, …}; each stands for all entries of the set with these values.
        ``kind`` is as in `combine`; by default the mean.

    Raises
    ------
    ConfigError
        An unknown factor or value; one that is in `by` and in `entries`; several images of an entry and
        no `combine`; a difference of other than two; a set of fewer than 2 entries.
    """
    factors = {name: [str(value) for value in values] for name, values in factors.items()}
    by, combinations = list(by), combinations or {}
    others = [name for name in factors if name not in by]
    if names is not None:
        factors[IMAGE] = list(map(str, names))
        others = others or [IMAGE]
    entries = others if entries is None else list(entries)
    _check_factors(factors, by, entries)
    keys = list(zip(*(factors[name] for name in entries), strict=True))
    images: dict[tuple, dict[tuple, list[int]]] = {}
    for at, entry in enumerate(keys):
        labels = tuple(factors[name][at] for name in by)
        images.setdefault(labels, {}).setdefault(entry, []).append(at)
    rank = {entry: at for at, entry in enumerate(dict.fromkeys(keys))}
    found: dict[tuple, list[tuple[dict, tuple]]] = {}
    for labels, content in images.items():
        set_labels = dict(zip(by, labels, strict=True))
        where = _named(set_labels) or "all images"
        plain = {
            entry: _entry(content[entry], combine, f"{where}: {_named(zip(entries, entry, strict=True))}")
            for entry in sorted(content, key=rank.__getitem__)
        }
        members = plain | {
            (name,) * len(entries): _combination(name, combination, plain, factors, entries, where)
            for name, combination in combinations.items()
        }
        if len(members) < 2:
            raise ConfigError(
                f"{where}: expected at least 2 entries, since an RDM compares pairs; found 1 "
                f"({_named(zip(entries, *members, strict=True))}). Name fewer factors in 'by', or others "
                "in 'entries'."
            )
        found.setdefault(tuple(members), []).append((set_labels, tuple(members.values())))
    return [
        Group(
            tuple(labels for labels, _ in sets),
            dict(zip(entries, map(list, zip(*labelled, strict=True)), strict=True)),
            tuple(members for _, members in sets),
        )
        for labelled, sets in found.items()
    ]


def activity_of(members: Sequence[Entry], activity: np.ndarray) -> np.ndarray:
    """Return the activity of the entries of a set.

    ``mean`` is over images; ``difference`` is the first minus the second, in the order of the stimulus's
    images or in which a combination lists them. A function of the user's takes the activity of what is
    combined, float32 (image, unit), in the same order, and returns that of the entry, (unit,); it sees
    all recorded units of a layer.

    Parameters
    ----------
    members : what each entry is made of, as in `Group.members`
    activity : float32 array (image, unit)

    Returns
    -------
    float32 array (entry, unit)

    Raises
    ------
    DataError
        A function of the user's fails, or returns something else.
    """
    found = np.empty((len(members), activity.shape[1]), np.float32)
    for row, entry in zip(found, members, strict=True):
        row[:] = _activity_of_entry(entry, activity)
    return found


def check_combination(how: str, where: str) -> None:
    """Refuse an unknown way of combining, without importing a function of the user's.

    Raises
    ------
    ConfigError
    """
    if user_functions.is_reference(how):
        user_functions.check(how, where)
    elif how not in COMBINE:
        raise ConfigError(f"{where}: {unknown(how, COMBINE)} Or give a function: FILE.py:FUNCTION.")


def own_functions(definitions: Mapping[str, Mapping]) -> list[str]:
    """Name the functions of the user's, FILE.py:FUNCTION, that definitions of sets use."""
    hows = [definition["combine"] for definition in definitions.values()]
    hows += [
        part["kind"] for definition in definitions.values() for part in definition["combinations"].values()
    ]
    return sorted({how for how in hows if how is not None and user_functions.is_reference(how)})


def _activity_of_entry(entry: Entry, activity: np.ndarray) -> np.ndarray:
    if not isinstance(entry, Combined):
        return activity[entry]
    parts = np.stack([_activity_of_entry(part, activity) for part in entry.of]).astype(np.float32, copy=False)
    if entry.how in COMBINE:
        return COMBINE[entry.how](parts)
    function = user_functions.load(entry.how, "rdms.sets")
    found = np.asarray(user_functions.reporting(function, entry.how)(parts))
    if found.shape != parts.shape[1:] or found.dtype.kind not in "fiub":
        raise DataError(
            f"{entry.how}: expected numbers of shape {parts.shape[1:]} (unit,) for activity of shape "
            f"{parts.shape} (image, unit), but it returned {found.dtype} {found.shape}. Correct the "
            "function."
        )
    return found


def _check_factors(factors: Mapping, by: list[str], entries: list[str]) -> None:
    for key, names in (("by", by), ("entries", entries)):
        for name in names:
            if name not in factors:
                raise ConfigError(f"{key}: factor {unknown(name, factors)}")
            if names.count(name) > 1:
                raise ConfigError(f"{key}: factor '{name}' is listed twice.")
    both = [name for name in by if name in entries]
    if both:
        raise ConfigError(f"factor '{both[0]}' cannot both label sets ('by') and distinguish their entries.")
    if not entries:
        raise ConfigError(
            f"no factor is left to distinguish entries: 'by' has all factors ({', '.join(by) or 'none'}). "
            "Leave one of them out."
        )


def _entry(images: list[int], combine: str | None, where: str) -> Entry:
    """Make an entry of the images that share its labels."""
    if combine is None:
        if len(images) > 1:
            raise ConfigError(
                f"{where}: expected one image, found {len(images)}. Combine them ('combine: mean'), or "
                "list in 'entries' or 'by' the factors that distinguish them."
            )
        return images[0]
    _check_two(combine, len(images), where)
    return Combined(combine, tuple(images))


def _combination(name, combination, plain, factors, entries, where) -> Combined:
    """Make a further entry of those entries of a set that a combination lists."""
    where = f"{where}: combination '{name}'"
    for factor in entries:
        if name in factors[factor]:
            raise ConfigError(f"{where}: '{name}' is already a value of the factor '{factor}'. Rename it.")
    parts: list[tuple] = []
    for values in combination["of"]:
        for factor, value in values.items():
            if factor not in entries:
                raise ConfigError(f"{where}: factor {unknown(factor, entries)}")
            if value not in factors[factor]:
                number = any(other.lstrip("0") == value.lstrip("0") for other in factors[factor])
                hint = " YAML reads 000 as a number unless it is in quotes." if number else ""
                raise ConfigError(f"{where}: {factor} {unknown(value, set(factors[factor]))}{hint}")
        wanted = [values.get(factor) for factor in entries]
        chosen = [
            entry
            for entry in plain
            if all(want in (None, value) for want, value in zip(wanted, entry, strict=True))
        ]
        if not chosen:
            raise ConfigError(f"{where}: the set has no entry with {_named(values)}.")
        parts += chosen
    twice = next((part for part in parts if parts.count(part) > 1), None)
    if twice is not None:
        raise ConfigError(f"{where}: {_named(zip(entries, twice, strict=True))} is in it twice.")
    how = combination.get("kind", "mean")
    _check_two(how, len(parts), where)
    return Combined(how, tuple(plain[part] for part in parts))


def _check_two(how: str, count: int, where: str) -> None:
    if how == "difference" and count != 2:
        raise ConfigError(f"{where}: expected two groups of images for a difference, found {count}.")


def _named(labels) -> str:
    pairs = labels.items() if isinstance(labels, Mapping) else labels
    return ", ".join(f"{name} {value}" for name, value in pairs)

"""Which category each entry of an RDM is of: a factor of its images."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from repscape.analyses.lib.stimulus_factors import LABEL, factor_names, read_stimulus
from repscape.core.errors import ConfigError, DataError, some
from repscape.rdms.sets import IMAGE
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

CATEGORY = "category"  # what a factor that names categories is usually called

Known = Mapping[str, Mapping[str, np.ndarray]]


def stimuli_with(study: Study, stimuli: Iterable[str], factor: str | None, key: str = "factor") -> list[str]:
    """Return those of some stimuli whose images have a factor or, before they are made, may have it.

    Parameters
    ----------
    study : Study
    stimuli : iterable of str
    factor : str or None
        None: any factor, or labels.
    key : str
        The key of the config that says it, for messages.

    Raises
    ------
    ConfigError
        No stimulus has it; the message lists the factors that there are.
    """
    stimuli = list(stimuli)
    having = [name for name in stimuli if may_have(study, name, factor)]
    if not having:
        names = {factor for name in stimuli for factor in factor_names(study, name) or ()}
        what = "images have no factors" if factor is None else f"no stimulus has images with '{factor}'"
        raise ConfigError(
            f"{key}: {what} ({', '.join(stimuli)}). Factors: {', '.join(sorted(names)) or 'none'}. To name "
            "categories, write them into the path of pictures ('pictures/{category}/*.jpg') or into a table."
        )
    return having


def may_have(study: Study, stimulus: str, factor: str | None) -> bool:
    """Say whether a stimulus's images have a factor, or labels, or may have it once they are made."""
    names = factor_names(study, stimulus)
    if names is None or factor in names:
        return True
    section = study.config["stimuli"][stimulus]
    labels = any(section.get(key) is not None for key in (LABEL, "labels", "table"))
    return labels if factor == LABEL else factor is None and (bool(names) or labels)


def read_known(paths: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """Read what is known of the images of stimuli: name, factors, label, by stimulus."""
    from repscape.io import netcdf

    known = {}
    for path in paths:
        names, factors = read_stimulus(path)
        with netcdf.open_file(path, "stimulus", rows=range(0)) as file:
            stimulus = str(file.stimulus)
        known[stimulus] = {IMAGE: names, **factors}
    return known


def category_factor(known: Known) -> str:
    """Choose the factor that names categories: ``category``, else ``label``, else the only one.

    Raises
    ------
    DataError
        None can be chosen; the message lists the factors.
    """
    factors = list(dict.fromkeys(name for own in known.values() for name in own if name != IMAGE))
    for name in (CATEGORY, LABEL):
        if name in factors:
            return name
    if len(factors) != 1:
        raise DataError(
            f"expected a factor of the images named '{CATEGORY}', or only one; found "
            f"{', '.join(factors) or 'none'} ({', '.join(known)}). Name one with the key 'factor'."
        )
    return factors[0]


def categories_of(row: "pd.Series", factor: str, known: Known) -> list[str] | None:
    """Return the category of each entry of an RDM; None where its images have no such factor.

    Parameters
    ----------
    row : Series
        A row of a table of RDMs. Its entries are images, by name, or are called by values of factors.
    factor : str
    known : mapping of stimulus to what is known of its images
        See `read_known`.

    Raises
    ------
    DataError
        An entry is no image of the stimulus, or is made of images of several categories.
    """
    entries = row["entries"]
    if factor in entries.names:
        return [str(value) for value in entries.get_level_values(factor)]
    own = known.get(str(row["stimulus"])) if "stimulus" in row else next(iter(known.values()))
    if own is None or factor not in own:
        return None
    of_rdm = {label: str(row[label]) for label in row.index if label in own and str(row[label])}
    levels = {
        str(level): list(map(str, entries.get_level_values(level))) for level in entries.names if level in own
    }
    if not levels:
        raise DataError(
            f"the entries of an RDM are by {', '.join(map(str, entries.names))}, which the images of its "
            f"stimulus do not have, so their '{factor}' is unknown. Choose other RDMs with 'of' or 'where'."
        )
    if list(levels) == [IMAGE] and not of_rdm:
        at = {str(name): index for index, name in enumerate(own[IMAGE])}
        unknown = [name for name in levels[IMAGE] if name not in at]
        if unknown:
            raise DataError(f"entries of an RDM are no images of its stimulus: {some(unknown)}.")
        return [str(own[factor][at[name]]) for name in levels[IMAGE]]
    shared = np.logical_and.reduce([own[name] == value for name, value in of_rdm.items()] or [True])
    found = []
    for values in zip(*levels.values(), strict=True):
        agree = np.logical_and.reduce(
            [own[name] == value for name, value in zip(levels, values, strict=True)]
        )
        different = sorted(set(map(str, own[factor][agree & shared])))
        if len(different) != 1:
            entry = ", ".join(f"{name} {value}" for name, value in zip(levels, values, strict=True))
            raise DataError(
                f"expected images of one '{factor}' for the entry {entry}, found "
                f"{', '.join(different) or 'no image'}. Choose other RDMs with 'of' or 'where'."
            )
        found.append(different[0])
    return found

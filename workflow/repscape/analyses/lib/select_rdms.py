"""Which RDMs an analysis is of: sets of images, all images, a recording, or what another analysis made.

What makes RDMs is made of RDMs itself, which its key `of` names, or of activity (`split_rdms`).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from repscape.core.errors import ConfigError, unknown
from repscape.plugin import schema
from repscape.plugin.registry import find
from repscape.rdms.labels import (
    COLUMNS,
    OF_FILE,
    OF_RECORDINGS,
    Where,
    as_list,
    indices_where,
    wanted_values,
)
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

ALL = "all_images"

# What an analysis is of: one name, or several
Of = str | list[str]


def inputs(study: Study, of: Of, where: Where | None = None) -> dict[str, list[str]]:
    """Name the files that hold the RDMs.

    Parameters
    ----------
    study : Study
    of : str or list of str
        A name in ``rdms.sets``, ``all_images`` (the RDMs of all images of each stimulus), a recording, the
        name of an analysis that makes RDMs, or several of these.
    where : mapping of label to a value or values, optional
        A label concerns those of several that have it: ``{population: random}`` leaves out no recording.

    Raises
    ------
    ConfigError
        The study has no RDMs of that name, or none with these labels.
    """
    known = labels(study, of)
    for label in where or {}:
        if label not in known:
            raise ConfigError(f"where: {unknown(label, known)}")
    names = as_list(of)
    files = [file for name in names for file in _files(study, name, where, alone=len(names) == 1)]
    return {"collection": list(dict.fromkeys(files))}


def _files(study: Study, of: str, where: Where | None, alone: bool) -> list[str]:
    """Name the files of RDMs of one name; one that is not alone may lack values that others have."""
    if of in made(study):
        return [study.path("analysis", analysis=of)]
    if of in study.given:
        return [study.path("recording", recording=of)]
    valid = known_values(study, of)
    wanted = wanted_values(where)
    for label, values in wanted.items():
        other = sorted(values - set(map(str, valid.get(label, values))))
        if other and (alone or len(other) == len(values)):
            has_rdms = label == "source" and other[0] in (*study.given, *made(study))
            hint = f" To include the RDMs of '{other[0]}', write of: [{of}, {other[0]}]." if has_rdms else ""
            raise ConfigError(f"where: {label}: {unknown(other[0], valid[label])}{hint}")
    files = [
        study.path("rdm", **keys)
        for keys in study.rdm_keys()
        if keys["stimulus"] in valid["stimulus"]
        and all(keys[label] in wanted.get(label, {keys[label]}) for label in OF_FILE)
    ]
    if not files:
        raise ConfigError("where: the study has no RDM with all these labels. Choose fewer of them.")
    return files


def known_values(study: Study, of: str) -> dict[str, Iterable[str]]:
    """Return the values that labels of networks' RDMs may have, as far as a study tells: {label: values}."""
    sets = _sets(study)
    return {
        "source": study.layers,
        "stimulus": [sets[of]["stimulus"]] if of in sets else study.stimuli,
        "population": study.samples,
        "layer": {layer for layers in study.layers.values() for layer in layers},
        "size": {size for sizes in study.samples.values() for size in sizes},
        "metric": study.metrics,
    }


def labels(study: Study, of: Of) -> list[str]:
    """Name the labels that RDMs of that name, or these names, have; meta-RDMs may lack some.

    Raises
    ------
    ConfigError
        The study has no RDMs of that name, or they are made from themselves.
    """
    return list(dict.fromkeys(label for name in as_list(of) for label in _labels(study, name, ())))


def _labels(study: Study, of: str, way: tuple[str, ...]) -> list[str]:
    """Name the labels of RDMs of one name; `way` are the analyses that led there."""
    if of in way:
        circle = " ← ".join([*way[way.index(of) :], of])
        raise ConfigError(f"of: RDMs cannot be made from themselves: {circle}. Remove one of these links.")
    if of in made(study):
        section = study.config["analyses"][of]
        lower = [
            label for name in as_list(section.get("of", [])) for label in _labels(study, name, (*way, of))
        ]
        return schema.make("analyses", section, of).rdm_labels(list(dict.fromkeys(lower)))
    if of in study.given:
        return [*OF_RECORDINGS, *schema.make("recordings", study.given[of]).labels()]
    sets = _sets(study)
    if of not in (ALL, *sets):
        raise ConfigError(f"of: {unknown(of, [ALL, *sets, *study.given, *made(study)])}")
    recordings = study.config.get("recordings", {}).values()
    lacking = set() if of in sets else {"set"}
    if not any(section.get("trials") == "each" for section in recordings):
        lacking.add("presentation")
    return [label for label in COLUMNS if label not in lacking] + (sets[of]["by"] if of in sets else [])


def stimuli(study: Study, of: Of, where: Where | None = None) -> list[str]:
    """Name the stimuli of whose images RDMs are, through the analyses that made them."""
    found: set[str] = set()
    for name in as_list(of):
        if name in made(study):
            section = study.config["analyses"][name]
            if "of" in section:
                found.update(stimuli(study, section["of"], section["where"]))
            else:  # made of activity
                found.update([section["stimulus"]] if section["stimulus"] else study.stimuli)
        elif name in study.given:
            found.add(study.given[name]["stimulus"])
        else:
            found.update([_sets(study)[name]["stimulus"]] if name in _sets(study) else study.stimuli)
    wanted = wanted_values(where).get("stimulus", found)
    return [name for name in study.stimuli if name in found and name in wanted]


def _sets(study: Study) -> Mapping:
    return study.config["rdms"].get("sets", {})


def made(study: Study) -> list[str]:
    """Name the analyses that make RDMs."""
    kinds = {name: study.config["analyses"][name][schema.KIND] for name in study.analyses}
    return [name for name, kind in kinds.items() if find("analyses", kind, name).makes_rdms]


def read(files: Mapping, of: Of, where: Where | None = None) -> "pd.DataFrame":
    """Read the RDMs as a table; see `repscape.rdms.table.table`.

    Parameters
    ----------
    files : what `inputs` named
    of, where : as in `inputs`

    Returns
    -------
    DataFrame
        Of several names, RDMs that lack a label of others have ``""`` or 0 there.
    """
    from repscape.io.netcdf import open_file
    from repscape.rdms.table import table

    first_order: list[str] = []
    others: list[str] = []
    for path in files["collection"]:
        with open_file(path) as file:
            (first_order if file.kind == "rdm" else others).append(path)
    sets = ["" if name == ALL else name for name in as_list(of)]
    if not others:
        return table.read(first_order, {**(where or {}), "set": sets})
    if len(others) == 1 and not first_order:
        return table.read(others, where)
    parts = [table.read(path) for path in others]
    if first_order:
        whole = table.read(first_order)
        parts.insert(0, whole[whole["set"].isin(sets)])
    return _joined(parts, where)


def _joined(parts: "list[pd.DataFrame]", where: Where | None) -> "pd.DataFrame":
    """Put tables together and choose from them by labels; what lacks a label is not concerned."""
    import pandas as pd

    from repscape.rdms.table import table

    names = list(dict.fromkeys(label for part in parts for label in table.labels(part)))
    whole = pd.concat([part[[*table.labels(part), "entries", "dissimilarity"]] for part in parts])
    whole = whole[[*names, "entries", "dissimilarity"]].reset_index(drop=True)
    lacking = {name: whole[name].isna().to_numpy() for name in names}
    for name in names:
        if lacking[name].any():
            numbers = pd.api.types.is_numeric_dtype(whole[name])
            whole[name] = whole[name].fillna(0).astype(int) if numbers else whole[name].fillna("")
    chosen = whole.iloc[indices_where(whole[names], where, lacking=lacking)].reset_index(drop=True)
    history = [part.attrs.get("history", {}) for part in parts]
    chosen.attrs["history"] = {"of": history, "where": dict(where or {})}
    return chosen

"""Which RDMs an analysis is of: sets of images, all images, a recording, or what another analysis made."""

import inspect
from collections.abc import Iterable, Mapping

from repscape.errors import ConfigError
from repscape.plugins import entry, section_arguments, unknown
from repscape.rdms.meta import labels_after
from repscape.study import Study

ALL = "all_images"
MAKERS = ("meta_rdm",)  # analyses whose files are tables of RDMs
_KEYS = ("source", "stimulus", "population", "layer", "size")
_OF_RECORDINGS = ("source", "stimulus", "layer", "layer_order", "metric", "measure")
_WITHIN = ("layer_order", "metric", "measure", "normalisation", "repeat", "n_drawn")

# Labels, and the values that they may have
Where = dict[str, str | int | list[str | int]]


def inputs(study: Study, of: str, where: Where | None = None) -> dict[str, list[str]]:
    """Name the files that hold the RDMs.

    Parameters
    ----------
    study : Study
    of : str
        A name in ``rdms.sets``, ``all_images`` (the RDMs of all images of each stimulus), a recording, or the
        name of an analysis that makes RDMs.
    where : mapping of label to a value or values, optional

    Raises
    ------
    ConfigError
        The study has no RDMs of that name, or none with these labels.
    """
    where = dict(where or {})
    known = labels(study, of)
    for label in where:
        if label not in known:
            raise ConfigError(f"where: {unknown(label, known)}")
    if of in _made(study):
        return {"collection": [study.path("analysis", analysis=of)]}
    if of in _recordings(study):
        return {"collection": [study.path("recording", recording=of)]}
    sets = _sets(study)
    valid: dict[str, Iterable[str]] = {
        "source": study.layers,
        "stimulus": [sets[of]["stimulus"]] if of in sets else study.stimuli,
        "population": study.samples,
        "layer": {layer for layers in study.layers.values() for layer in layers},
        "size": {size for sizes in study.samples.values() for size in sizes},
        "metric": study.metrics,
    }
    wanted: dict[str, set[str]] = {}
    for label, values in where.items():
        wanted[label] = {str(value) for value in (values if isinstance(values, list) else [values])}
        for value in sorted(wanted[label] - set(map(str, valid.get(label, wanted[label])))):
            raise ConfigError(f"where: {label}: {unknown(value, valid[label])}")
    files = [
        study.path("rdm", **keys)
        for keys in study.rdm_keys()
        if keys["stimulus"] in valid["stimulus"]
        and all(keys[label] in wanted.get(label, {keys[label]}) for label in _KEYS)
    ]
    if not files:
        raise ConfigError("where: the study has no RDM with all of these labels. Choose fewer of them.")
    return {"collection": files}


def labels(study: Study, of: str) -> list[str]:
    """Name the labels that RDMs of that name have; meta-RDMs may lack some.

    Raises
    ------
    ConfigError
        The study has no RDMs of that name, or they are made from themselves.
    """
    way: list[str] = []
    while of in _made(study):
        if of in way:
            circle = " ← ".join([*way[way.index(of) :], of])
            raise ConfigError(f"of: RDMs cannot be made from themselves: {circle}. Break the circle.")
        way.append(of)
        of = study.config["analyses"][of]["of"]
    sets = _sets(study)
    if of in _recordings(study):
        names = [*_OF_RECORDINGS, *_own_labels(_recordings(study)[of])]
    elif of in (ALL, *sets):
        names = [*_KEYS, *_WITHIN, *(["set", *sets[of]["by"]] if of in sets else [])]
    else:
        raise ConfigError(f"of: {unknown(of, [ALL, *sets, *_recordings(study), *_made(study)])}")
    for name in reversed(way):
        names = labels_after(names, study.config["analyses"][name]["entries"])
    return names


def _sets(study: Study) -> Mapping:
    return study.config["rdms"].get("sets", {})


def _recordings(study: Study) -> Mapping:
    return study.config.get("recordings", {})


def _own_labels(section: Mapping) -> list[str]:
    """Name the labels that tell a recording's RDMs apart, as its plugin knows them before the job."""
    function = entry("recordings", section["source"])
    tell = inspect.getmodule(function).labels
    return tell(**section_arguments(function, section, only=inspect.signature(tell).parameters))


def _made(study: Study) -> list[str]:
    """Name the analyses that make RDMs."""
    return [name for name in study.analyses if study.config["analyses"][name]["analysis"] in MAKERS]


def read(files: Mapping, of: str, where: Where | None = None):
    """Read the RDMs as a table; see `repscape.rdms.table`.

    Parameters
    ----------
    files : what `inputs` named
    of, where : as in `inputs`
    """
    from repscape.rdms import table
    from repscape.store import open_file

    with open_file(files["collection"][0]) as file:
        first_order = file.kind == "rdm"
    chosen = dict(where or {})
    if first_order:
        chosen["set"] = "" if of == ALL else of
    return table.read(files["collection"], chosen)

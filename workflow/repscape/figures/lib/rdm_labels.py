"""Labels of RDMs and of their entries, as far as a study tells them before its jobs run."""

from collections.abc import Iterable

from repscape.analyses.lib import select_rdms
from repscape.analyses.lib.select_rdms import Of, Where
from repscape.core.errors import ConfigError, unknown
from repscape.plugin import schema
from repscape.study.study import Study


def check_where(study: Study, analysis: str, where: Where | None, labels: Iterable[str]) -> None:
    """Check the labels by which RDMs of an analysis are chosen, and the values that the study knows.

    Raises
    ------
    ConfigError
        A label or value is unknown.
    """
    labels = list(labels)
    for label, wanted in (where or {}).items():
        if label not in labels:
            raise ConfigError(f"where: {unknown(label, labels)}")
        valid = values(study, analysis, label)
        for value in map(str, _listed(wanted)):
            if valid is not None and value not in valid:
                raise ConfigError(f"where: {label}: {unknown(value, valid)}")


def values(study: Study, of: Of, label: str) -> set[str] | None:
    """Tell the values that a label of RDMs may have; None where only their file can."""
    found: set[str] = set()
    for name in _listed(of):
        own = _own_values(study, name, label)
        if own is None:
            return None
        found |= own
    return found


def _own_values(study: Study, of: str, label: str) -> set[str] | None:
    if of in study.config.get("recordings", {}):
        return None
    section = study.config["analyses"].get(of, {})
    if section.get("analysis") == "meta_rdm" and label == "metric":
        return set(section["comparisons"])
    if section and "of" not in section:
        return None
    if section:
        lower = label.removesuffix("_sub") if section["analysis"] == "meta_rdm" else label
        chosen = (section.get("where") or {}).get(lower)
        return values(study, section["of"], lower) if chosen is None else set(map(str, _listed(chosen)))
    known = select_rdms.known_values(study, of)
    return set(map(str, known[label])) if label in known else None


def of_entries(study: Study, of: Of) -> list[str] | None:
    """Name the labels of the entries of RDMs; None where only their file can tell them."""
    found: list[str] = []
    for name in _listed(of):
        section = study.config["analyses"].get(name, {})
        definition = study.config["rdms"].get("sets", {}).get(name)
        own: list[str] | None
        if section.get("analysis") == "meta_rdm":
            own = section["entries"]
        elif name in select_rdms.made(study) and "of" in section:
            own = of_entries(study, section["of"])
        elif definition is None:
            own = ["image"]
        else:
            own = definition.get("entries") or _others(study, definition)
        if own is None:
            return None
        found += own
    return list(dict.fromkeys(found))


def _others(study: Study, definition: dict) -> list[str] | None:
    """Name the factors that are not of the sets, which tell entries apart where none are named."""
    factors = of_images(study, [definition["stimulus"]])
    return None if factors is None else [name for name in factors if name not in definition["by"]]


def of_images(study: Study, stimuli: Iterable[str]) -> list[str] | None:
    """Name the factors of stimuli's images; None where only their job can tell those of one."""
    found: list[str] = []
    for name in stimuli:
        factors = schema.factor_names(study.config["stimuli"][name])
        if factors is None:
            return None
        found += factors
    return list(dict.fromkeys(found))


def _listed(of) -> list:
    return of if isinstance(of, list) else [of]

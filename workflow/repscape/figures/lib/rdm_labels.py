"""Labels of RDMs and of their entries, as far as a study knows them before its jobs run."""

from collections.abc import Iterable

from repscape.analyses.lib import select_rdms
from repscape.analyses.lib.select_rdms import Of
from repscape.core.errors import ConfigError, unknown
from repscape.figures.lib.shown import OfAnalysis
from repscape.plugin import schema
from repscape.plugin.contract import parameter
from repscape.rdms.labels import REPEATED, Where, as_list, wanted_values
from repscape.rdms.labels import check_where as check_values
from repscape.rdms.sets import IMAGE
from repscape.study.study import Study


class OfRdmAnalysis(OfAnalysis, shared=True):
    """An analysis of RDMs is shown, of all or of some of them."""

    where: Where | None = parameter(
        "Which of its RDMs are shown, by their labels; if there is not enough room, evenly spaced ones.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file of the analysis, and check by what RDMs are chosen.

        Raises
        ------
        ConfigError
            No analysis of that name is of the kind, or a label or value is unknown.
        """
        files = super().inputs(study)
        check_where(study, self.analysis or self._kind, self.where, self._labels(study))
        return files

    def _labels(self, study: Study) -> list[str]:
        """Name the labels of the RDMs; repeated ones are averaged."""
        labels = select_rdms.labels(study, self._section(study)["of"])
        return [*(label for label in labels if label not in REPEATED), "draws"]

    def _stimuli(self, study: Study) -> list[str]:
        """Name the stimuli of whose images the RDMs are."""
        section = self._section(study)
        return select_rdms.stimuli(study, section["of"], section["where"])


def check_where(study: Study, analysis: str, where: Where | None, labels: Iterable[str]) -> None:
    """Check the labels by which RDMs of an analysis are chosen, and the values that the study knows.

    Raises
    ------
    ConfigError
        A label or value is unknown.
    """
    labels = list(labels)
    for label, wanted in wanted_values(where).items():
        if label not in labels:
            raise ConfigError(f"where: {unknown(label, labels)}")
        valid = values(study, analysis, label)
        if valid is not None:
            check_values({label: wanted}, {label: set(valid)})


def values(study: Study, of: Of, label: str) -> list[str] | None:
    """Return the values that a label of RDMs may have; None where only their file has them."""
    return _union(_values_of_one(study, name, label) for name in as_list(of))


def _values_of_one(study: Study, of: str, label: str) -> list[str] | None:
    if of in study.config.get("recordings", {}):
        return None
    section = study.config["analyses"].get(of)
    if section is None:
        known = select_rdms.known_values(study, of)
        return list(map(str, known[label])) if label in known else None
    if "of" not in section:
        return None

    def of_input(label: str) -> list[str] | None:
        chosen = (section.get("where") or {}).get(label)
        return values(study, section["of"], label) if chosen is None else list(map(str, as_list(chosen)))

    return schema.make("analyses", section, of).label_values(label, of_input)


def of_entries(study: Study, of: Of) -> list[str] | None:
    """Name the labels of the entries of RDMs; None where only their file has them."""
    return _union(_entries_of_one(study, name) for name in as_list(of))


def _entries_of_one(study: Study, of: str) -> list[str] | None:
    section = study.config["analyses"].get(of, {})
    definition = study.config["rdms"].get("sets", {}).get(of)
    if of in select_rdms.made(study) and "of" in section:
        return schema.make("analyses", section, of).entry_labels(of_entries(study, section["of"]))
    if definition is None:
        return [IMAGE]
    return definition.get("entries") or _factors_within_a_set(study, definition)


def _factors_within_a_set(study: Study, definition: dict) -> list[str] | None:
    """Name the factors that are the same for no set: they label entries where the config names none."""
    factors = of_images(study, [definition["stimulus"]])
    if factors is None:
        return None
    return [name for name in factors if name not in definition["by"]] or [IMAGE]


def of_images(study: Study, stimuli: Iterable[str]) -> list[str] | None:
    """Name the factors of stimuli's images; None where only the job of one knows them."""
    return _union(schema.factor_names(study.config["stimuli"][name]) for name in stimuli)


def _union(lists: Iterable[list[str] | None]) -> list[str] | None:
    """Return every name once; None where a list is unknown."""
    found: dict[str, None] = {}
    for names in lists:
        if names is None:
            return None
        found |= dict.fromkeys(names)
    return list(found)

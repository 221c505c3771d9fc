"""The config's recordings: those that give responses are sources like networks, others give RDMs."""

from collections.abc import Mapping
from typing import Any

from repscape.analyses.lib.select_rdms import ALL as ALL_IMAGES
from repscape.config.common_keys import RdmRecordingKeys, ResponseKeys
from repscape.config.names import check_name
from repscape.config.schema import Config, as_list
from repscape.config.sections import plugin_sections
from repscape.core.errors import unknown
from repscape.io import path_patterns
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes
from repscape.plugin.contract import RdmRecording
from repscape.plugin.registry import find


def check_sources(top: Config, given: Mapping, mistakes: Mistakes) -> None:
    """Ask for networks where there are no recordings, and for what units of either need."""
    wanted = [] if top.recordings else ["networks"]
    if top.networks or wanted or not all(gives_rdms(one.get(schema.KIND)) for one in top.recordings.values()):
        wanted += ["populations", "samples"]
    for key in wanted:
        if key not in given:
            alone = " Only recordings can do without it." if key == "networks" else ""
            mistakes.add((key,), f"this key is required.{alone}")
        elif not getattr(top, key):
            mistakes.add((key,), f"expected at least one, found {given[key]!r}.")


def check_recordings(top: Config, groups: Mapping, mistakes: Mistakes) -> dict[str, dict]:
    """Check the recordings; those that give responses have other keys than those that give RDMs."""
    checked: dict[str, dict] = {}
    for name, section in top.recordings.items():
        common = RdmRecordingKeys if gives_rdms(section.get(schema.KIND)) else ResponseKeys
        checked |= plugin_sections("recordings", {name: section}, mistakes, top, common)
        if name in checked and common is ResponseKeys:
            named = checked[name]["stimulus"]
            named = [stimulus for other in named for stimulus in groups.get(other, [other])]
            checked[name]["stimulus"] = list(dict.fromkeys(named))
    return checked


def gives_rdms(kind: Any) -> bool:
    """Whether recordings of a kind give RDMs, and no responses."""
    return kind in registry.names("recordings") and issubclass(find("recordings", kind), RdmRecording)


def name_areas(recordings: Mapping, mistakes: Mistakes) -> dict[str, dict[str, str]]:
    """Name the areas of recordings that give responses, as layers: {recording: {area: area}}."""
    areas = {}
    for name in sorted(recordings):
        section = recordings[name]
        if not gives_rdms(section[schema.KIND]):
            areas[name] = {area: area for area in section["area"]}
            for area in {"input", "predictions"} & set(section["area"]):
                mistakes.add(
                    ("recordings", name, "area"),
                    f"'{area}' is the name of a network's layer that others are compared with. Choose "
                    "another name.",
                )
            for area in areas[name]:
                check_name(mistakes, ("recordings", name, "area"), area)
    return areas


def check_shown(sections: Mapping, top: Config, mistakes: Mistakes) -> None:
    """Check what recordings are of, and that nothing else has their names."""
    taken = {ALL_IMAGES: "the RDMs of all images"} | dict.fromkeys(top.networks, "a network")
    taken |= dict.fromkeys(top.rdms.sets, "a set of RDMs")
    taken |= dict.fromkeys(sections["analyses"], "an analysis")
    stimuli = sections["stimuli"].keys() | {name for name in top.stimuli if not top.stimuli[name].get("each")}
    for name, section in sections["recordings"].items():
        keys = ("recordings", name)
        if name in taken:
            mistakes.add(keys, f"'{name}' is already the name of {taken[name]}. Choose another.")
        for stimulus in set(as_list(section["stimulus"])) - stimuli:
            mistakes.add((*keys, "stimulus"), unknown(stimulus, stimuli))
        if gives_rdms(section[schema.KIND]):
            check_name(mistakes, (*keys, "area"), section["area"])
        else:
            _check_trials(keys, section, sections["stimuli"], mistakes)


def _check_trials(keys: tuple, section: Mapping, stimuli: Mapping, mistakes: Mistakes) -> None:
    """Check what trials of a recording can be distinguished by: files of several stimuli, factors."""
    shown = as_list(section["stimulus"])
    path = section.get("path")
    if len(shown) > 1 and path is not None and not any(map(path_patterns.names, as_list(path))):
        example = as_list(path)[0].rpartition("/")[0] + "/{stimulus}.npy"
        mistakes.add(
            (*keys, "path"),
            f"expected one file for each of {len(shown)} stimuli. Write {{stimulus}} in place of the "
            f"stimulus's name, as in {example.lstrip('/')}.",
        )
    for name in shown if section.get("by") is not None else ():
        factors = schema.factor_names(stimuli[name]) if name in stimuli else None
        if factors is not None and section["by"] not in factors:
            mistakes.add((*keys, "by"), f"of the factors of '{name}', {unknown(section['by'], factors)}")

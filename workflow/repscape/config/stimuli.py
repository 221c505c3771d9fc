"""The config's stimuli, and the entries that stand for a stimulus a file."""

from collections.abc import Mapping
from pathlib import Path

from repscape.config.common_keys import StimulusKeys
from repscape.config.schema import Config, as_list
from repscape.config.sections import has_names, plugin_sections
from repscape.core.errors import AssetError
from repscape.io import assets
from repscape.plugin.config_errors import Mistakes


def check_stimuli(top: Config, mistakes: Mistakes) -> tuple[dict[str, dict], dict[str, list[str]]]:
    """Check the stimuli and expand the entries that stand for a stimulus a file: {entry: stimuli}."""
    expanded: dict[str, dict] = {}
    groups: dict[str, list[str]] = {}
    for name, section in top.stimuli.items():
        section = dict(section)
        each = section.pop("each", None)
        if each not in (None, True, False):
            mistakes.add(("stimuli", name, "each"), f"expected true or false; found {each!r}.")
        if each:
            one_each = _one_each(name, section, mistakes)
            groups[name] = list(one_each)
        else:
            one_each = {name: section}
        for stimulus, part in one_each.items():
            if stimulus in expanded:
                mistakes.add(
                    ("stimuli", name),
                    f"two stimuli would be named '{stimulus}'. Rename the entry or the file.",
                )
            expanded[stimulus] = part
    return plugin_sections("stimuli", expanded, mistakes, top, StimulusKeys), groups


def _one_each(name: str, section: Mapping, mistakes: Mistakes) -> dict[str, dict]:
    """Expand an entry into one stimulus for each of its files, named as the file."""
    where = f"stimuli.{name}.path"
    path = section.get("path")
    if path is None or not all(isinstance(one, str) for one in as_list(path)):
        return {name: dict(section)}  # its schema says what is expected
    if has_names(path):
        mistakes.add(
            ("stimuli", name, "path"),
            "names in braces are factors of the images of one stimulus. With 'each: true' write '*' instead.",
        )
        return {}
    try:
        found = assets.each(path, where)
    except AssetError as error:
        mistakes.add(("stimuli", name, "path"), str(error).removeprefix(f"{where}: "))
        return {}
    paths: dict[str, str] = {}
    for file_name, address in found:
        stimulus = Path(file_name).stem
        if stimulus in paths:
            mistakes.add(("stimuli", name), f"two files would become the stimulus '{stimulus}'. Rename one.")
        paths[stimulus] = address
    return {stimulus: {**section, "path": address} for stimulus, address in paths.items()}

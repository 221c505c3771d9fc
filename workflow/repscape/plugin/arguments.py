"""From a section of the config to a plugin that is ready to work: with local files in place of names."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repscape.io import assets, file_digests
from repscape.plugin import schema
from repscape.plugin.registry import find


def ready(step: str, section: Mapping, where: str, inputs: Mapping) -> Any:
    """Make the plugin that a section asks for, with local files in place of names and addresses.

    Parameters
    ----------
    step : str
    section : the validated section of the config
    where : str
        The section's key, for messages.
    inputs : mapping of parameter to path or list of paths
        The files of the study that stand for the names in the section (see `schema.made_parameters`).

    Raises
    ------
    AssetError
        A file cannot be had (see `assets.fetch`).
    """
    plugin = find(step, section[schema.KIND], where)
    values = schema.values(plugin, section)
    for name in schema.asset_parameters(plugin):
        if values.get(name) is not None:
            files = assets.fetch(values[name], f"{where}.{name}")
            values[name] = files if schema.takes_several(plugin, name) else files[0]
    made = plugin(**values | schema.made_arguments(plugin, inputs))
    if plugin.reads_path_labels:
        labels: dict[Path, dict[str, str]] = {}
        for name in schema.asset_parameters(plugin):
            if section[name] is not None:
                labels |= assets.in_braces(section[name], f"{where}.{name}")
        made.path_labels = labels
    return made


def named_files(step: str, section: Mapping) -> list[str]:
    """Return the local files that a section of the config names, and those that these name."""
    plugin = schema.make(step, section, step)
    named = [
        file
        for parameter in schema.asset_parameters(type(plugin))
        if section[parameter] is not None
        for file in assets.local_files(section[parameter], parameter)
    ]
    return [*map(str, named), *map(str, plugin.further_files())]


@contextmanager
def unchanged(step: str, section: Mapping, planned: file_digests.Contents) -> Iterator[None]:
    """Read files that a section names: fail if they are not those that the run was planned with.

    Parameters
    ----------
    step, section : as in `named_files`
    planned : what `file_digests.contents` returned for them when the run was planned

    Raises
    ------
    DataError
        After the block: one has changed.
    """
    yield
    file_digests.check_unchanged(named_files(step, section), planned)

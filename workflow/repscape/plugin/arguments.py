"""From a section of the config to the arguments of a plugin's entry function."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from pathlib import Path

from repscape.io import assets, file_digests
from repscape.plugin import registry, schema


def fetched(function: Callable, section: Mapping, where: str, inputs: Mapping) -> dict:
    """Pick a plugin's arguments from its section and put local files in place of names and addresses.

    Parameters
    ----------
    function : the plugin's entry function
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
    arguments = schema.arguments(function, section)
    for name in schema.asset_parameters(function):
        if arguments.get(name) is not None:
            files = assets.fetch(arguments[name], f"{where}.{name}")
            arguments[name] = files if schema.takes_several(function, name) else files[0]
    if schema.IN_PATH in signature(function).parameters:
        found: dict[Path, dict[str, str]] = {}
        for name in schema.asset_parameters(function):
            if section[name] is not None:
                found |= assets.in_braces(section[name], f"{where}.{name}")
        arguments[schema.IN_PATH] = found
    return arguments | schema.made_arguments(function, inputs)


def named_files(step: str, plugin: str, section: Mapping) -> list[str]:
    """Return the local files that a section of the config names, and those that these name."""
    function = registry.entry(step, plugin)
    named = [
        file
        for parameter in schema.asset_parameters(function)
        if section[parameter] is not None
        for file in assets.local_files(section[parameter], parameter)
    ]
    files_in = getattr(registry.find(step, plugin, step), "files_in", None)
    if files_in is not None:
        keys = signature(files_in).parameters
        named += files_in(**schema.arguments(function, section, only=keys))
    return list(map(str, named))


@contextmanager
def unchanged(step: str, plugin: str, section: Mapping, planned: file_digests.Contents) -> Iterator[None]:
    """Read files that a section names: fail if they are not those that the run was planned with.

    Parameters
    ----------
    step, plugin, section : as in `named_files`
    planned : what `file_digests.contents` returned for them when the run was planned

    Raises
    ------
    DataError
        After the block: one has changed.
    """
    yield
    file_digests.check_unchanged(named_files(step, plugin, section), planned)

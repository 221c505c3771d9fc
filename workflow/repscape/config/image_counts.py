"""How many images stimuli have, as far as their jobs are not needed to tell, and so in how many shards."""

import inspect
from collections.abc import Mapping

from repscape.core.errors import AssetError
from repscape.plugin import registry, schema


def estimate_images(stimuli: Mapping) -> dict[str, int]:
    """Say about how many images each stimulus has; 0 where only its job can."""
    return {name: _about_how_many(name, stimuli) for name in sorted(stimuli)}


def count_shards(images: Mapping[str, int], size: int) -> dict[str, int]:
    """Say into how many shards stimuli of many images are divided."""
    return {name: -(-count // size) for name, count in images.items() if count > size}


def count_images(section: Mapping) -> int | None:
    """Say how many images a stimulus has, where its plugin can tell before the job."""
    function = registry.entry("stimuli", section["source"])
    tell = getattr(inspect.getmodule(function), "how_many", None)
    if tell is None:
        return None
    try:
        return tell(**schema.arguments(function, section, only=inspect.signature(tell).parameters))
    except AssetError:  # told with the assets
        return None


def _about_how_many(name: str, stimuli: Mapping, seen: tuple = ()) -> int:
    """Estimate how many images a stimulus has, where its job alone can tell; 0 where nothing is known."""
    section = stimuli.get(name, {})
    if not section or name in seen:  # told as a mistake
        return 0
    if count := count_images(section):
        return count
    function = registry.entry("stimuli", section["source"])
    about = getattr(inspect.getmodule(function), "about_how_many", None)
    if about is not None:
        keys = inspect.signature(about).parameters
        return about(**schema.arguments(function, section, only=keys)) or 0
    return _about_how_many(section.get("of"), stimuli, (*seen, name))

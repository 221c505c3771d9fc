"""How many images stimuli have, where that is known before their jobs, and how many shards they make."""

from collections.abc import Mapping

from repscape.core.errors import AssetError
from repscape.plugin import schema
from repscape.plugin.contract import Stimulus


def estimate_images(stimuli: Mapping) -> dict[str, int]:
    """Return about how many images each stimulus has; 0 where nothing is known before its job."""
    return {name: _estimated_count(name, stimuli) for name in sorted(stimuli)}


def count_shards(images: Mapping[str, int], size: int) -> dict[str, int]:
    """Say into how many shards stimuli of many images are divided."""
    return {name: -(-count // size) for name, count in images.items() if count > size}


def count_images(section: Mapping) -> int | None:
    """Return how many images a stimulus has, where its plugin knows it before the job."""
    try:
        return schema.make("stimuli", section).image_count()
    except AssetError:  # reported with the assets
        return None


def _estimated_count(name: str | None, stimuli: Mapping, seen: tuple = ()) -> int:
    """Estimate how many images a stimulus has; 0 where nothing is known before its job."""
    section = stimuli.get(name, {})
    if not section or name in seen:  # reported as a mistake
        return 0
    if count := count_images(section):
        return count
    plugin = schema.make("stimuli", section)
    if type(plugin).estimated_image_count is not Stimulus.estimated_image_count:
        return plugin.estimated_image_count() or 0
    parents = [
        section[key] for key, kind in schema.made_parameters(type(plugin)).items() if kind == "stimulus"
    ]
    return _estimated_count(parents[0], stimuli, (*seen, name)) if parents else 0

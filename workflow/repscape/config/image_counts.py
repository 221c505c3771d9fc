"""How many images stimuli have, as far as their jobs are not needed to tell, and so in how many shards."""

from collections.abc import Mapping

from repscape.core.errors import AssetError
from repscape.plugin import schema
from repscape.plugin.contract import Stimulus


def estimate_images(stimuli: Mapping) -> dict[str, int]:
    """Say about how many images each stimulus has; 0 where only its job can."""
    return {name: _about_how_many(name, stimuli) for name in sorted(stimuli)}


def count_shards(images: Mapping[str, int], size: int) -> dict[str, int]:
    """Say into how many shards stimuli of many images are divided."""
    return {name: -(-count // size) for name, count in images.items() if count > size}


def count_images(section: Mapping) -> int | None:
    """Say how many images a stimulus has, where its plugin can tell before the job."""
    try:
        return schema.make("stimuli", section).image_count()
    except AssetError:  # told with the assets
        return None


def _about_how_many(name: str, stimuli: Mapping, seen: tuple = ()) -> int:
    """Estimate how many images a stimulus has, where its job alone can tell; 0 where nothing is known."""
    section = stimuli.get(name, {})
    if not section or name in seen:  # told as a mistake
        return 0
    if count := count_images(section):
        return count
    plugin = schema.make("stimuli", section)
    if type(plugin).estimated_image_count is not Stimulus.estimated_image_count:
        return plugin.estimated_image_count() or 0
    return _about_how_many(section.get("of"), stimuli, (*seen, name))

"""What `null` means in a config: of two files, the later one takes away what the earlier one has."""

from collections.abc import Container, Mapping
from typing import Any

from repscape.plugin.config_errors import Mistakes

# Here null is a value, over that of an earlier file as well: images are not resized, or not cropped.
VALUES = {("preprocess", "resize"), ("preprocess", "crop")}
# Sections whose entries need keys; of an analysis or a figure null means all defaults.
NEEDY = ("stimuli", "networks", "recordings", "populations")


def take_away(given: Mapping, repeated: Container[tuple], keys: tuple = ()) -> dict:
    """Leave out what is null now and was something in an earlier file.

    Parameters
    ----------
    given : the config, or the part of it at `keys`
    repeated : paths of keys that several files have
    """
    return {
        key: take_away(value, repeated, (*keys, key)) if isinstance(value, Mapping) else value
        for key, value in given.items()
        if value is not None or (*keys, key) not in repeated or (*keys, key)[-2:] in VALUES
    }


def check_empty(given: dict[str, Any], mistakes: Mistakes) -> None:
    """Note entries without keys, where no earlier file has one that null could take away; leave them out."""
    for step in NEEDY:
        entries = given.get(step)
        if isinstance(entries, Mapping):
            for name in [name for name, section in entries.items() if section is None]:
                mistakes.add(
                    (step, name),
                    "expected keys (kind: …), found none. null removes an entry of an earlier config "
                    "file, but no earlier file has this one.",
                )
            given[step] = {name: section for name, section in entries.items() if section is not None}

"""What is made from other parts of the study: stimuli from stimuli and networks, populations from stimuli."""

from collections.abc import Iterable, Mapping

from repscape.config.image_counts import count_images
from repscape.config.schema import Config, as_list
from repscape.core.errors import unknown
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes
from repscape.stimuli.lib.assemble import FEWEST


def check_made(sections: Mapping, top: Config, groups: Mapping, mistakes: Mistakes) -> None:
    """Check the names of stimuli and networks that others are made from; none may be made from itself.

    In lists of stimuli, an entry that stands for a stimulus a file is replaced by these.
    """
    # Those with mistakes are missing from the sections; they are known all the same.
    valid = {
        "stimulus": sections["stimuli"].keys() | top.stimuli.keys() - groups.keys(),
        "network": sections["networks"].keys() | top.networks.keys(),
    }
    images = {name: count_images(section) for name, section in sections["stimuli"].items()}
    for name, count in images.items():
        otherwise_wrong = any(keys[:2] == ("stimuli", name) for keys in mistakes.found)
        if count is not None and count < FEWEST and not otherwise_wrong:
            mistakes.add(("stimuli", name), f"expected at least {FEWEST} images, found {count}. Add images.")
    parents: dict[str, list[str]] = {}
    for step in ("stimuli", "populations"):
        for name, section in sections[step].items():
            plugin = registry.find(step, section[schema.KIND])
            how_many = {}
            for parameter, kind in schema.made_parameters(plugin).items():
                named = [] if section[parameter] is None else as_list(section[parameter])
                if kind == "stimulus" and schema.takes_several(plugin, parameter):
                    named = [stimulus for other in named for stimulus in groups.get(other, [other])]
                    section[parameter] = named
                for other in named:
                    if other not in valid[kind]:
                        mistakes.add((step, name, parameter), unknown(other, valid[kind]))
                if (step, kind) == ("stimuli", "network"):
                    parents.setdefault(name, []).extend(_trained_on(sections["networks"], named))
                if (step, kind) == ("stimuli", "stimulus"):
                    parents.setdefault(name, []).extend(named)
                    how_many[parameter] = images.get(named[0]) if named else None
            if step == "stimuli":
                mistakes.ask((step, name), schema.make(step, section).check_parents, how_many)
    for name in parents:
        path = _path(parents, name, name)
        if path:
            mistakes.add(
                ("stimuli", name),
                f"a stimulus cannot be made from itself: {' ← '.join([name, *path])}. Remove one of these "
                "links.",
            )


def _trained_on(networks: Mapping, names: Iterable[str]) -> list[str]:
    """Name the stimuli that networks are trained with: what such a network makes follows from them."""
    found = [networks[name]["training"] for name in names if name in networks]
    return [training[key] for training in found if training for key in ("stimulus", "held_out")]


def _path(
    parents: Mapping[str, list[str]], start: str, goal: str, seen: frozenset = frozenset()
) -> list[str]:
    """Find a path from a stimulus through those it is made from to one of them; empty if there is none."""
    for parent in parents.get(start, []):
        if parent == goal:
            return [parent]
        path = [] if parent in seen else _path(parents, parent, goal, seen | {parent})
        if path:
            return [parent, *path]
    return []

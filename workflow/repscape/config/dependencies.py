"""What is made from other parts of the study: stimuli from stimuli and networks, populations from stimuli."""

from collections.abc import Iterable, Mapping

from repscape.config.image_counts import count_images
from repscape.config.schema import Config, as_list
from repscape.config.sections import check_together
from repscape.core.errors import unknown
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes
from repscape.stimuli.lib.assemble import FEWEST


def check_made(sections: Mapping, top: Config, groups: Mapping, mistakes: Mistakes) -> None:
    """Check the names of stimuli and networks that others are made from; none may be made from itself.

    In lists of stimuli, an entry that stands for a stimulus a file is replaced by these.
    """
    # Those with mistakes of their own are missing from the sections; they are known all the same.
    valid = {
        "stimulus": sections["stimuli"].keys() | top.stimuli.keys() - groups.keys(),
        "network": sections["networks"].keys() | top.networks.keys(),
    }
    images = {name: count_images(section) for name, section in sections["stimuli"].items()}
    for name, count in images.items():
        otherwise_wrong = any(keys[:2] == ("stimuli", name) for keys in mistakes.found)
        if count is not None and count < FEWEST and not otherwise_wrong:
            mistakes.add(("stimuli", name), f"expected at least {FEWEST} images, found {count}. Add some.")
    mothers: dict[str, list[str]] = {}
    for step, selector in (("stimuli", "source"), ("populations", "select")):
        for name, section in sections[step].items():
            function = registry.entry(step, section[selector])
            how_many = {}
            for parameter, kind in schema.made_parameters(function).items():
                named = [] if section[parameter] is None else as_list(section[parameter])
                if kind == "stimulus" and schema.takes_several(function, parameter):
                    named = [stimulus for other in named for stimulus in groups.get(other, [other])]
                    section[parameter] = named
                for other in named:
                    if other not in valid[kind]:
                        mistakes.add((step, name, parameter), unknown(other, valid[kind]))
                if (step, kind) == ("stimuli", "network"):
                    mothers.setdefault(name, []).extend(_trained_on(sections["networks"], named))
                if (step, kind) == ("stimuli", "stimulus"):
                    mothers.setdefault(name, []).extend(named)
                    how_many[parameter] = images.get(named[0]) if named else None
            check_together(mistakes, (step, name), function, section, how_many)
    for name in mothers:
        way = _way(mothers, name, name)
        if way:
            mistakes.add(
                ("stimuli", name),
                f"a stimulus cannot be made from itself: {' ← '.join([name, *way])}. Break the circle.",
            )


def _trained_on(networks: Mapping, names: Iterable[str]) -> list[str]:
    """Name the stimuli that networks are trained with: what such a network makes follows from them."""
    found = [networks[name]["training"] for name in names if name in networks]
    return [training[key] for training in found if training for key in ("stimulus", "held_out")]


def _way(mothers: Mapping[str, list[str]], start: str, goal: str, seen: frozenset = frozenset()) -> list[str]:
    """Find a way from a stimulus through those it is made from to one of them; empty if there is none."""
    for mother in mothers.get(start, []):
        if mother == goal:
            return [mother]
        way = [] if mother in seen else _way(mothers, mother, goal, seen | {mother})
        if way:
            return [mother, *way]
    return []

"""The samples of each population, and the sources that are shown or sampled only in part."""

from collections.abc import Mapping

from repscape.config.recordings import gives_rdms
from repscape.config.schema import Config
from repscape.core.errors import unknown
from repscape.core.natural_order import natural
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes


def plan_samples(top: Config, mistakes: Mistakes) -> dict[str, dict]:
    """Turn the list of samples into {population: {draw: …, repeats: {size: number}}}, sizes ascending."""
    plans: dict[str, dict] = {}
    for index, entry in enumerate(top.samples):
        keys = ("samples", index)
        if entry.population not in top.populations:
            mistakes.add((*keys, "population"), unknown(entry.population, top.populations))
        if entry.population in plans:
            mistakes.add(
                (*keys, "population"),
                f"'{entry.population}' is sampled twice. Merge the two entries. For another draw, or other "
                "repeats of the same size, add a second population with the same units under another name.",
            )
        repeats = entry.repeats * len(entry.sizes) if len(entry.repeats) == 1 else entry.repeats
        if len(repeats) != len(entry.sizes):
            mistakes.add(
                (*keys, "repeats"),
                f"expected one number, or one for each of {len(entry.sizes)} sizes; found {len(repeats)}.",
            )
            continue
        if len(set(entry.sizes)) < len(entry.sizes):
            mistakes.add((*keys, "sizes"), "a size is listed twice. Remove one.")
        plan = dict(zip(map(str, entry.sizes), repeats, strict=True))
        if plan.get("all", 1) != 1:
            mistakes.add(
                (*keys, "repeats"),
                "size 'all' takes every unit, so all its repeats would be equal. Set its repeats to 1.",
            )
        most = top.populations.get(entry.population, {}).get("units")
        larger = [size for size in entry.sizes if type(most) is int and size != "all" and size > most]
        if larger:
            mistakes.add(
                (*keys, "sizes"),
                f"expected at most {most} units, as many as population '{entry.population}' has of a "
                f"layer; found {', '.join(map(str, larger))}. Use smaller sizes, or more units "
                f"(populations.{entry.population}.units).",
            )
        kind = top.populations.get(entry.population, {}).get(schema.KIND)
        if kind in registry.names("populations"):
            possible = registry.find("populations", kind).draw_kinds
            if entry.draw not in possible:
                mistakes.add(
                    (*keys, "draw"),
                    f"expected {' or '.join(possible)} for population '{entry.population}' (kind: {kind}), "
                    f"found {entry.draw}.",
                )
            elif entry.draw == "ranked" and max(repeats) > 1:
                mistakes.add(
                    (*keys, "repeats"),
                    "ranked samples are not random, so all their repeats would be equal. Set repeats to 1.",
                )
        in_order = {size: plan[size] for size in sorted(plan, key=natural)}
        plans[entry.population] = {"draw": entry.draw, "repeats": in_order}
    return plans


def find_parts(sections: Mapping, samples: Mapping, mistakes: Mistakes) -> dict[str, dict]:
    """Find the sources that are shown or sampled only in part; of recordings this is usual."""
    shown, drawn = {}, {}
    for name, section in sections["networks"].items():
        keys = ("networks", name)
        if section["stimuli"] is not None:
            for stimulus in set(section["stimuli"]) - sections["stimuli"].keys():
                mistakes.add((*keys, "stimuli"), unknown(stimulus, sections["stimuli"]))
            shown[name] = tuple(sorted(set(section["stimuli"]), key=natural))
        if section["samples"] is not None:
            drawn[name] = _selected_samples(section["samples"], samples, (*keys, "samples"), mistakes)
    possible = {name: plan for name, plan in samples.items() if _of_recordings(sections, name)}
    for name, section in sections["recordings"].items():
        if gives_rdms(section[schema.KIND]):
            continue
        keys = ("recordings", name)
        shown[name] = tuple(sorted(section["stimulus"], key=natural))
        if not possible:
            mistakes.add(
                keys,
                "none of the sampled populations can select neurons, which have no channels and no "
                "positions. Add a population {kind: all} (or random), and list it under samples.",
            )
        elif section["samples"] is None:
            drawn[name] = {population: tuple(plan["repeats"]) for population, plan in possible.items()}
        else:
            drawn[name] = _selected_samples(section["samples"], possible, (*keys, "samples"), mistakes)
    return {"shown": shown, "drawn": drawn}


def _of_recordings(sections: Mapping, population: str) -> bool:
    """Whether a population can be one of a recording's neurons."""
    kind = sections["populations"].get(population, {}).get(schema.KIND)
    return kind is not None and registry.find("populations", kind).of_recordings


def _selected_samples(
    selected: Mapping, samples: Mapping, keys: tuple, mistakes: Mistakes
) -> dict[str, tuple]:
    """Select from the samples of the study: {population: sizes}."""
    drawn = {}
    for population, sizes in selected.items():
        known = samples.get(population, {}).get("repeats")
        if known is None:
            mistakes.add(keys, unknown(population, samples))
            continue
        for size in set(map(str, sizes)) - known.keys():
            mistakes.add((*keys, population), unknown(size, known))
        drawn[population] = tuple(sorted(map(str, sizes), key=natural))
    return drawn

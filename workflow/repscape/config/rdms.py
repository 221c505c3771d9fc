"""The metrics of RDMs, and the sets of images that have separate RDMs."""

import re
from collections.abc import Mapping

from repscape.analyses.lib.select_rdms import ALL as ALL_IMAGES
from repscape.config.names import check_name
from repscape.config.schema import Config
from repscape.core.errors import ConfigError, unknown
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes
from repscape.rdms import sets as image_sets
from repscape.stimuli.lib import factors as factor_names


def name_metrics(top: Config, mistakes: Mistakes) -> list[dict[str, str]]:
    """Give every metric its name and normalisation."""
    metrics: list[dict[str, str]] = []
    for index, entry in enumerate(top.rdms.metrics):
        keys, name = ("rdms", "metrics", index), entry.name or entry.kind
        if entry.kind not in registry.names("metrics"):
            mistakes.add(keys, unknown_metric(entry.kind))
        else:
            mistakes.ask(keys, registry.find, "metrics", entry.kind)
        check_name(mistakes, keys, name)
        if name in registry.names("metrics") and name != entry.kind:
            mistakes.add(
                (*keys, "name"),
                f"'{name}' is already the name of a metric other than '{entry.kind}'. Choose another name.",
            )
        if name in (metric["name"] for metric in metrics):
            mistakes.add(keys, f"two metrics are named '{name}'. Give one of them another `name`.")
        normalisation = entry.normalisation or top.rdms.normalisation
        metrics.append({"name": name, "kind": entry.kind, "normalisation": normalisation})
    return metrics


def unknown_metric(name: str) -> str:
    """Say that there is no such metric, and which was probably meant."""
    metrics = registry.names("metrics")
    words = re.sub(r"distances?|similarity|dissimilarity|metric|[^a-z0-9]", "", name.lower())
    for metric in metrics:
        try:
            found = registry.find("metrics", metric)
        except ConfigError:  # a plugin of the user's that is broken, and that the config does not name
            continue
        if words in (metric.replace("_", ""), *found.synonyms):
            hint = f"; did you mean '{metric}' ({found.formula or found.caption})?"
            return f"'{name}' is unknown{hint} Valid: {', '.join(metrics)}."
    return unknown(name, metrics)


def check_sets(top: Config, sections: Mapping, mistakes: Mistakes) -> dict[str, dict]:
    """Check the sets of images that have separate RDMs, as far as the stimuli's factors are known."""
    for name, definition in top.rdms.sets.items():
        keys = ("rdms", "sets", name)
        check_name(mistakes, keys, name)
        taken = dict.fromkeys(factor_names.RESERVED, "something else in files")
        taken |= dict.fromkeys(top.analyses, "an analysis") | {ALL_IMAGES: "those of all images"}
        if name in taken:
            mistakes.add(keys, f"'{name}' is already the name of {taken[name]}. Choose another.")
        hows = {(*keys, "combine"): definition.combine} | {
            (*keys, "combinations", part, "kind"): combination.kind
            for part, combination in definition.combinations.items()
        }
        for where, how in hows.items():
            if how is not None:
                mistakes.ask(where, image_sets.check_combination, how, ".".join(where))
        if definition.stimulus not in sections["stimuli"]:
            if definition.stimulus not in top.stimuli or top.stimuli[definition.stimulus].get("each"):
                valid = sections["stimuli"]
                mistakes.add((*keys, "stimulus"), unknown(definition.stimulus, valid))
            continue
        factors = schema.factors(sections["stimuli"][definition.stimulus])
        if factors == {}:
            mistakes.add(
                (*keys, "stimulus"), f"the images of stimulus '{definition.stimulus}' have no factors."
            )
        elif factors is not None:
            parts = definition.model_dump(exclude={"stimulus"})
            images = list(map(str, range(len(next(iter(factors.values()))))))  # as good as their names
            mistakes.ask(keys, image_sets.groups, factors, images, **parts)
    return {name: definition.model_dump() for name, definition in top.rdms.sets.items()}

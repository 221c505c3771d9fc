"""The config's networks: weights, layers and trainings."""

import math
import re
from collections.abc import Iterable, Mapping

from repscape.config.common_keys import NetworkKeys
from repscape.config.names import check_name
from repscape.config.schema import Config, as_list
from repscape.config.sections import plugin_sections
from repscape.core.errors import ConfigError
from repscape.core.seeds import derive
from repscape.networks.lib import layer_table, layer_table_cache
from repscape.plugin import schema
from repscape.plugin.config_errors import Mistakes
from repscape.trainings.lib import config_section as trainings


def check_networks(top: Config, mistakes: Mistakes) -> dict[str, dict]:
    """Check the sections of networks."""
    sections = {name: _weights_as_file(section) for name, section in top.networks.items()}
    checked = plugin_sections("networks", sections, mistakes, top, NetworkKeys)
    for name, section in top.networks.items():
        _refuse_truths(("networks", name, "preprocess"), section.get("preprocess"), mistakes)
        _refuse_not_finite(("networks", name, "kwargs"), section.get("kwargs"), mistakes)
        if "file" not in section:  # what is wrong with the file is wrong with `weights`
            mistakes.rename(("networks", name, "file"), ("networks", name, "weights"))
    for name, section in checked.items():
        _show_twins_the_same(section, checked.values())
        if section["stochastic"]:
            section["noise_seed"] = derive(top.seed, "networks", name, "noise")
    return checked


def _refuse_truths(keys: tuple, preprocess, mistakes: Mistakes) -> None:
    """Refuse yes and no where numbers are expected: pydantic takes them for 1 and 0."""
    for key, value in (preprocess if isinstance(preprocess, Mapping) else {}).items():
        if key != "antialias" and any(isinstance(one, bool) for one in as_list(value)):
            mistakes.add((*keys, key), f"expected numbers, found {value!r}.")


def _refuse_not_finite(keys: tuple, value, mistakes: Mistakes) -> None:
    """Refuse NaN and infinity in what a function is called with: json, which hands it over, has none."""
    parts = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, part in parts:
        _refuse_not_finite((*keys, key), part, mistakes)
    if isinstance(value, float) and not math.isfinite(value):
        mistakes.add(keys, f"expected a finite number, found {value}.")


def _weights_as_file(section: Mapping) -> Mapping:
    """Let `weights` name a file as well: the file is then tracked as one."""
    weights = section.get("weights")
    is_file = isinstance(weights, str) and re.search(r"[/\\]|\.(pth?|safetensors)$", weights)
    return {**section, "weights": None, "file": weights} if is_file and "file" not in section else section


def _show_twins_the_same(section: dict, others: Iterable[Mapping]) -> None:
    """Let random weights have the transform of the trained ones of the same architecture, if these have one.

    Else an untrained twin could see images that are resized in another way, by the transform of the
    architecture's default weights, and what differs would not be due to training alone.
    """
    if "like" not in section or not _is_random(section):
        return
    if section["preprocess"] is not None or section["like"] is not None:
        return
    keys = (schema.KIND, "architecture")
    twins = [other for other in others if all(other.get(key) == section[key] for key in keys)]
    trained = [other for other in twins if not _is_random(other)]
    if len({(twin["weights"], str(twin["preprocess"])) for twin in trained}) == 1:
        section |= {"like": trained[0]["weights"], "preprocess": trained[0]["preprocess"]}


def _is_random(section: Mapping) -> bool:
    return schema.make("networks", section).has_random_weights()


def check_trainings(sections: Mapping, top: Config, groups: Mapping, mistakes: Mistakes) -> None:
    """Check the trainings of networks and fill in their defaults."""
    names = sections["stimuli"].keys() | top.stimuli.keys() - groups.keys()
    for name, section in sections["networks"].items():
        if section["training"] is not None:
            defaults = {
                "seed": derive(top.seed, "networks", name, "training"),
                "device": top.device,
                "threads": top.activations.threads,
            }
            where = ("networks", name, "training")
            given = top.networks[name]["training"]  # as it was written: json has no NaN
            section["training"] = trainings.resolve(
                given, where, defaults, sections["stimuli"], names, mistakes
            )


def check_outputs(sections: Mapping, mistakes: Mistakes) -> None:
    """Check that networks have the outputs that their config says and their trainings need."""
    for name, section in sections["networks"].items():
        training, classes = section["training"], section.get("classes")
        try:
            outputs = training and (classes or layer_table_cache.rows(section)[-1].units)
            predicted = layer_table_cache.predictions(section) if classes else None
        except ConfigError:  # reported with the layers
            continue
        if predicted not in (None, classes):
            mistakes.add(
                ("networks", name, "classes"),
                f"expected {predicted}, the number of the network's outputs (or 0 where these are no "
                f"classes); found {classes}.",
            )
        if training:
            count = trainings.classes(training, sections["stimuli"])
            mistakes.ask(("networks", name, "training"), trainings.check_outputs, training, outputs, count)


def name_layers(networks: Mapping, mistakes: Mistakes) -> dict[str, dict[str, str]]:
    """Choose and name the layers of each network, without loading it: {network: {name: label}}."""
    layers = {}
    known = [
        name
        for name in sorted(networks)
        if not any(
            ("networks", name, key) in mistakes.found for key in layer_table_cache.relevant(networks[name])
        )
    ]
    layer_table_cache.prepare(networks[name] for name in known)
    for name in known:
        section = networks[name]
        found = mistakes.ask_plugin(("networks", name), section, layer_table_cache.rows, section)
        if not found:
            continue
        try:
            layers[name] = layer_table.names(found, section["layers"], f"networks.{name}.layers")
        except ConfigError as error:
            key, _, said = str(error).removeprefix(f"networks.{name}.").partition(": ")
            mistakes.add(("networks", name, *key.split(".", 1)), said)
            continue
        for layer in layers[name]:
            check_name(mistakes, ("networks", name, "layers", layer), layer)
    return layers


def check_layers(sections: Mapping, layers: Mapping, mistakes: Mistakes) -> None:
    """Ask populations whether all layers of all networks have what they select."""
    for name, section in sections["populations"].items():
        population = schema.make("populations", section)
        for source, names in layers.items():
            network = sections["networks"][source]
            rows = layer_table_cache.rows(network)
            found = {layer: layer_table.find(rows, label)[1] for layer, label in names.items()}
            try:
                population.check_layers(found, layer_table.image_size(rows, network))
            except ConfigError as error:
                mistakes.add(("populations", name), f"network '{source}': {error}")

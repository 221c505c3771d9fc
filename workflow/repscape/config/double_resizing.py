"""What the plan knows of images that would be resized twice."""

from collections.abc import Mapping

from repscape.networks.lib import torchvision_weights
from repscape.plugin import registry
from repscape.study.study import Study
from repscape.traced.double_resizing import resized_twice
from repscape.traced.preprocess import Preprocess


def notes(study: Study) -> list[str]:
    """Say which stimuli have a `size` that networks resize again, with a line for each other size.

    Known are torchvision's transforms and those that the config sets.
    """
    found = []
    for stimulus in study.stimuli:
        section = study.config["stimuli"][stimulus]
        made = "size" in registry.find("stimuli", section["kind"]).parameters
        if made or section["size"] is None:  # made in this size
            continue
        told: dict[str, list[str]] = {}
        for name, network in study.config["networks"].items():
            if network["stimuli"] is not None and stimulus not in network["stimuli"]:
                continue
            preprocess = _known(network)
            if preprocess and (again := resized_twice(tuple(section["size"]), preprocess)):
                told.setdefault(again, []).append(name)
        for again, (name, *others) in told.items():
            more = f" (and {len(others)} more)" if others else ""
            found.append(
                f"stimuli.{stimulus}.size: for the network {name}{more}, images that are brought to "
                f"{section['size'][0]} x {section['size'][1]} {again}"
            )
    return found


def _known(network: Mapping) -> Preprocess | None:
    """Return the transform of a network of the config, without its libraries."""
    if network.get("preprocess") is not None:
        return Preprocess.of(network["preprocess"])
    if network["kind"] != "torchvision":
        return None
    known = torchvision_weights.resizing(network["architecture"])
    resize, interpolation = known.get(network["weights"]) or known[network["like"] or "DEFAULT"]
    return Preprocess(resize=resize, interpolation=interpolation)

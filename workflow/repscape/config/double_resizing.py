"""What the plan knows of images that would be resized twice."""

from repscape.plugin import registry, schema
from repscape.study.study import Study
from repscape.traced.double_resizing import resized_twice


def notes(study: Study) -> list[str]:
    """Say which stimuli have a `size` that networks resize again, with a line for each other size.

    Known are transforms that the config sets, and those that networks' plugins know without their libraries.
    """
    found = []
    for stimulus in study.stimuli:
        section = study.config["stimuli"][stimulus]
        made = "size" in registry.find("stimuli", section["kind"]).parameters
        if made or section["size"] is None:  # made in this size
            continue
        networks_by_note: dict[str, list[str]] = {}
        for name, network in study.config["networks"].items():
            if network["stimuli"] is not None and stimulus not in network["stimuli"]:
                continue
            preprocess = schema.make("networks", network).known_preprocess()
            if preprocess and (again := resized_twice(tuple(section["size"]), preprocess)):
                networks_by_note.setdefault(again, []).append(name)
        for again, (name, *others) in networks_by_note.items():
            more = f" (and {len(others)} more)" if others else ""
            found.append(
                f"stimuli.{stimulus}.size: for the network {name}{more}, images resized to "
                f"{section['size'][0]} x {section['size'][1]} {again}"
            )
    return found

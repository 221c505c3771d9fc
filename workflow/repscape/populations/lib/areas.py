"""The areas of a recording, from which a population is chosen as from the layers of a network."""

import json

from repscape.io import netcdf
from repscape.populations.lib.layer import Layer


def layers(path) -> list[Layer]:
    """Describe the areas of a recording as layers: a channel a neuron, its features side by side."""
    with netcdf.open_file(path, "responses") as file:
        return [
            Layer(area, neurons, 1, features, neurons * features, known_as=area)
            for area in json.loads(file.areas)
            for neurons, features in [(int(file[area].neurons), int(file[area].features))]
        ]

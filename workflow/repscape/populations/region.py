"""Units whose receptive fields are centred in a region of the image."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.plugin.contract import Population, parameter
from repscape.populations.lib.layer import Layer, Selection
from repscape.traced.layer_info import LayerInfo

Pixels = Annotated[float, Field(ge=0, le=1e6)]


class Region(Population):
    """Units whose receptive fields are centred in a region of the image."""

    records = "chosen_units"

    centre: tuple[Pixels, Pixels] = parameter(
        "The centre of the region, y and x in pixels of the network's input (after preprocessing)."
    )
    radius: Pixels = parameter("The radius of the region in the same pixels, including the edge.")

    def check_layers(self, layers: Mapping[str, LayerInfo], image: tuple[int, int] | None) -> None:
        """Refuse a centre outside the image, where its size is known."""
        if image is not None and _outside(self.centre, image):
            raise ConfigError(_outside(self.centre, image))

    def estimated_units(self, layer: str, units: int, channels: int) -> int:
        """Return 0: receptive fields are known from the network's file alone."""
        return 0

    def select(self, layer: Layer) -> Selection:
        """Take all channels at the positions whose receptive fields are centred within a circle.

        The centre of the receptive field of the unit at (y, x) is at offset + stride × (y, x) in pixels
        of the network's input, where the centre of the first pixel is 0 (Araujo, Norris & Sim, Computing
        receptive fields of convolutional neural networks, Distill 2019). A circle that is smaller than
        the stride may lie between all centres: then the position (or positions) closest to its centre
        is taken, with a warning. Layers of a single position see the whole image: all their units are taken.

        Raises
        ------
        DataError
            The centre lies outside the image, or the layer has several positions without a receptive
            field that depends on position (after attention or reshaping).
        """
        if _outside(self.centre, layer.image):
            raise DataError(_outside(self.centre, layer.image))
        positions = layer.height * layer.width
        if positions == 1:
            return Selection(np.arange(layer.channels, dtype=np.int32), "unit", layer.channels)
        if np.isnan(layer.stride):
            raise DataError(
                f"layer {layer.label}: the receptive fields of its {layer.height} x {layer.width} "
                "positions do not depend on position alone, so no region can be chosen. Leave the layer "
                "out."
            )
        y, x = (layer.offset + layer.stride * np.arange(length) for length in (layer.height, layer.width))
        squared = (y[:, np.newaxis] - self.centre[0]) ** 2 + (x - self.centre[1]) ** 2
        inside = np.flatnonzero(squared <= self.radius**2)
        if not inside.size:
            inside = np.flatnonzero(squared == squared.min())
            logger.warning(
                "region: no unit of %s is centred within %g pixels of (%g, %g); using the closest, %.1f "
                "pixels away",
                layer.label, self.radius, *self.centre, np.sqrt(squared.min()),
            )  # fmt: skip
        unit = (np.arange(layer.channels)[:, np.newaxis] * positions + inside).ravel()
        return Selection(unit.astype(np.int32), "unit", len(unit))

    def caption(self) -> str:
        """Say which units of each layer these are."""
        y, x = self.centre
        return (
            f"the units of each layer whose receptive fields are centred within {self.radius:g} pixels of "
            f"y = {y:g}, x = {x:g} in the network's input (or closest to it; of layers with one position, "
            "all)"
        )


def _outside(centre, image: tuple[int, int]) -> str:
    """Say that a point is not within an image; nothing if it is."""
    height, width = image
    if centre[0] <= height - 1 and centre[1] <= width - 1:
        return ""
    return (
        f"centre: expected a point within the network's input of {height} x {width} pixels, found "
        f"y = {centre[0]:g}, x = {centre[1]:g} (the last pixel is {height - 1}, {width - 1})."
    )

"""Units that look at a place in the image."""

from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.populations.lib.layer import Layer, Selection
from repscape.traced.layer_info import Row

Pixels = Annotated[float, Field(ge=0, le=1e6)]


def check_layers(
    layers: dict[str, Row], image: tuple[int, int] | None, *, centre: tuple[Pixels, Pixels]
) -> None:
    """Refuse a centre outside the image, where its size is known.

    Parameters
    ----------
    layers : dict of name to Row
        Not used: shipped tables have no receptive fields.
    image : (int, int) or None
        Height and width of the network's input.
    centre : as in `select`

    Raises
    ------
    ConfigError
    """
    if image is not None and _outside(centre, image):
        raise ConfigError(_outside(centre, image))


def about_units(layer: str, units: int, count: int) -> int:
    """Return 0: how many units look there, only the network's file tells."""
    return 0


def select(layer: Layer, *, centre: tuple[Pixels, Pixels], radius: Pixels) -> Selection:
    """Take all channels at the positions whose receptive fields are centred within a circle.

    The centre of the receptive field of the unit at (y, x) is at offset + stride × (y, x) in pixels
    of the network's input, where the centre of the first pixel is 0 (Araujo, Norris & Sim, Computing
    receptive fields of convolutional neural networks, Distill 2019). A circle that is smaller than
    the stride may lie between all centres: then the position (or positions) closest to its centre
    is taken, and told. Layers of a single position see the whole image: all their units are taken.

    Parameters
    ----------
    layer : Layer
    centre : (float, float)
        y and x, in pixels of the network's input (after preprocessing).
    radius : float
        In the same pixels; what lies on the circle belongs to it.

    Raises
    ------
    DataError
        The centre lies outside the image, or the layer has several positions without a receptive
        field of their own (after attention or reshaping).
    """
    if _outside(centre, layer.image):
        raise DataError(_outside(centre, layer.image))
    positions = layer.height * layer.width
    if positions == 1:
        return Selection(np.arange(layer.channels, dtype=np.int32), "unit", layer.channels)
    if np.isnan(layer.stride):
        raise DataError(
            f"layer {layer.label}: {layer.height} x {layer.width} positions have no receptive fields that "
            "depend on place alone, so no region can be chosen. Leave the layer out."
        )
    y, x = (layer.offset + layer.stride * np.arange(length) for length in (layer.height, layer.width))
    squared = (y[:, np.newaxis] - centre[0]) ** 2 + (x - centre[1]) ** 2
    inside = np.flatnonzero(squared <= radius**2)
    if not inside.size:
        inside = np.flatnonzero(squared == squared.min())
        logger.warning(
            "region: no unit of %s is centred within %g pixels of (%g, %g); the closest, %.1f away, is taken",
            layer.label, radius, *centre, np.sqrt(squared.min()),
        )  # fmt: skip
    unit = (np.arange(layer.channels)[:, np.newaxis] * positions + inside).ravel()
    return Selection(unit.astype(np.int32), "unit", len(unit))


def _outside(centre, image: tuple[int, int]) -> str:
    """Say that a place is not within an image; nothing if it is."""
    height, width = image
    if centre[0] <= height - 1 and centre[1] <= width - 1:
        return ""
    return (
        f"centre: expected a place within the network's input of {height} x {width} pixels, found "
        f"y = {centre[0]:g}, x = {centre[1]:g} (the last pixel is {height - 1}, {width - 1})."
    )

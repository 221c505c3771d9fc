"""Colours and sizes for the values of a label, by what kind of values they are."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from repscape.figures.style import COLOURS, RAMP, along
from repscape.labels import natural

# Around a circle, from red by yellow and blue to violet, through all lightnesses: up to 8 values, evenly
# spaced, are at least CIEDE2000 = 10 apart with any colour vision (as in `style.COLOURS`).
CYCLE = ("#C24A1A", "#E8D586", "#4A9BC0", "#2A1763")
ORDERED = ("layer", "layer_order")

Kind = Literal["categories", "circle", "order"]


class LabelSizes(NamedTuple):
    """How large each value of a label is, times the usual size: areas are evenly spaced."""

    label: str
    sizes: dict[str, float]


class LabelColours(NamedTuple):
    """The colour of each value of a label.

    Attributes
    ----------
    label : str
    kind : str
        ``circle``: numbers that go evenly once around 180 or 360 degrees; ``order``: other numbers,
        layers, and more values than there are colours for; else ``categories``.
    colours : dict of value to colour, in order
    """

    label: str
    kind: Kind
    colours: dict[str, str]


def label_colours(label: str, values: Iterable[str]) -> LabelColours:
    """Give each value of a label a colour.

    Parameters
    ----------
    label : str
    values : iterable of str
        Layers come in order of depth (`by_depth`); other values are put in natural order.
    """
    different = _in_order(label, values)
    kind = _kind(label, different)
    if kind == "circle":
        colours = _around(CYCLE, len(different))
    elif kind == "order":
        colours = along(RAMP[:-1], len(different))  # its palest end is too pale for points
    else:
        colours = COLOURS[: len(different)]
    return LabelColours(label, kind, dict(zip(different, colours, strict=True)))


def label_sizes(label: str, values: Iterable[str]) -> LabelSizes:
    """Give each value of a label a size, in the order that `label_colours` has."""
    different = _in_order(label, values)
    areas = np.linspace(0.4, 1.8, len(different)) if len(different) > 1 else [1.0]
    return LabelSizes(label, dict(zip(different, np.sqrt(areas).tolist(), strict=True)))


def by_depth(layers: Iterable[tuple[str, str]]) -> list[str]:
    """Put layers of several sources in one order of depth.

    How deep a layer is goes from 0, the first of a source's layers, to 1, the last; the mean over sources
    counts, without those that have one layer alone.

    Parameters
    ----------
    layers : iterable of (source, layer)
        Each source's in order of depth; a layer may come again.
    """
    sources: dict[str, dict[str, None]] = {}
    for source, layer in layers:
        sources.setdefault(str(source), {})[str(layer)] = None
    depths: dict[str, list[float]] = {}
    for own in sources.values():
        for rank, layer in enumerate(own):
            depths.setdefault(layer, []).extend([rank / (len(own) - 1)] if len(own) > 1 else [])

    def place(layer: str) -> tuple[bool, bool, float]:
        return layer != "input", layer == "predictions", float(np.mean(depths[layer] or 0.5))

    return sorted(depths, key=place)


def _in_order(label: str, values: Iterable[str]) -> list[str]:
    different = list(dict.fromkeys(map(str, values)))
    return different if label == "layer" else sorted(different, key=natural)


def _kind(label: str, values: list[str]) -> Kind:
    if label in ORDERED or len(values) > len(COLOURS):
        return "order"
    try:
        numbers = np.sort([float(value) for value in values])
    except ValueError:
        return "categories"
    steps = np.diff(numbers)
    even = len(steps) > 1 and np.allclose(steps, steps[0])
    if even and any(np.isclose(steps[0] * len(numbers), whole) for whole in (180, 360)):
        return "circle"
    return "order" if len(numbers) > 2 else "categories"


def _around(stops: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Take `count` evenly spaced colours from a circle, the first at its beginning."""
    return along((*stops, stops[0]), count + 1)[:-1]

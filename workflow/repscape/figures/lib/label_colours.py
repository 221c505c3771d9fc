"""Colours and sizes for the values of a label, by what kind of values they are."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from repscape.core.errors import ConfigError
from repscape.core.natural_order import natural
from repscape.figures.lib.style import COLOURS, RAMP, along

# Around a circle, from red by yellow and blue to violet, through all lightnesses: up to 8 values, evenly
# spaced, are at least CIEDE2000 = 10 apart with any colour vision (as in `style.COLOURS`).
CYCLE = ("#C24A1A", "#E8D586", "#4A9BC0", "#2A1763")
ORDERED = ("layer", "layer_order")
_FINE = 2520  # colours from one stop to the next: up to 10 values have exactly theirs

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
        ``circle``: numbers that go once around 180 or 360 degrees, or a period that is given; ``order``:
        other numbers, layers, and more values than there are colours for; else ``categories``.
    colours : dict of value to colour, in order
    """

    label: str
    kind: Kind
    colours: dict[str, str]


def label_colours(label: str, values: Iterable[str], period: float | None = None) -> LabelColours:
    """Give each value of a label a colour.

    Parameters
    ----------
    label : str
    values : iterable of str
        Layers come in order of depth (`by_depth`); numbers are put in order, other values in natural order.
    period : float, optional
        After which the values, which are numbers, repeat; by default `period_of` tells.

    Raises
    ------
    ConfigError
        A period is given, and values are no numbers.
    """
    different = _in_order(label, values)
    in_numbers = numbers(different)
    if period is not None and in_numbers is None:
        raise ConfigError(
            f"period: expected numbers as values of '{label}', found '{different[0]}'. Leave 'period' out."
        )
    period = period_of(label, different) if period is None else period
    kind: Kind = "circle" if period else _kind(label, different)
    if period and in_numbers is not None:
        colours = _around(CYCLE, in_numbers / period)
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


def numbers(values: Iterable[str]) -> np.ndarray | None:
    """Return values as numbers, float64 (value,); None if they are not all finite numbers."""
    try:
        found = np.array([float(value) for value in values])
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


def period_of(label: str, values: Iterable[str]) -> float | None:
    """Tell whether different values go once around 180 or 360 degrees; return which, or None.

    They do where they are evenly spaced, or where there are more of them than colours to tell apart
    and none is farther from the next than three times the mean: orientations of trials, in bins say.
    """
    found = None if label in ORDERED else numbers(values)
    if found is None or len(found) < 3:
        return None
    found = np.sort(found)
    for period in (180.0, 360.0):
        steps = np.diff(found, append=found[0] + period)
        widest = 3 if len(found) > len(COLOURS) else 1.001
        if (steps > 0).all() and steps.max() <= widest * period / len(found):
            return period
    return None


def _in_order(label: str, values: Iterable[str]) -> list[str]:
    different = list(dict.fromkeys(map(str, values)))
    if label == "layer":
        return different
    return sorted(different, key=float if numbers(different) is not None else natural)


def _kind(label: str, values: list[str]) -> Kind:
    if label in ORDERED or len(values) > len(COLOURS):
        return "order"
    return "order" if len(values) > 2 and numbers(values) is not None else "categories"


def _around(stops: tuple[str, ...], turns: np.ndarray) -> tuple[str, ...]:
    """Take colours from a circle, given how far around it they are, the first where it begins."""
    fine = along((*stops, stops[0]), _FINE * len(stops) + 1)
    at = np.rint(np.mod(turns - turns[0], 1) * (len(fine) - 1)).astype(int)
    return tuple(fine[number] for number in at)

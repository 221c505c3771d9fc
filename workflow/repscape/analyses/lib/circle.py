"""Numbers on a circle: orientations, which repeat after 180 degrees, hues and directions after 360."""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.plugin.contract import Plugin, parameter
from repscape.plugin.parameter_types import Period

_SAME = 1e-9  # of the circle: values closer than this are one


class OfFactorOnCircle(Plugin, shared=True):
    """Values of a factor lie on a circle."""

    factor: str = parameter("The circular factor; its values are numbers.", "orientation")
    period: Period = parameter(
        "The period after which the factor's values repeat: 180 for orientations in degrees, 360 for "
        "directions and hues.",
        180.0,
    )


class Circle(NamedTuple):
    """Where values lie on a circle.

    Attributes
    ----------
    period : float
        After which they repeat.
    begin : float
        Where the circle is cut to be a line from `begin` to `begin` + `period`: at −period/2 where some
        values are negative, as tilts are, else at 0.
    values : float64 array (value,)
        The different values, ascending from `begin`.
    of : int array (item,)
        The index in `values` of each item.
    """

    period: float
    begin: float
    values: np.ndarray
    of: np.ndarray

    @property
    def gaps(self) -> np.ndarray:
        """Return how far it is from each value to the next, from the last to the first: float64 (value,)."""
        return np.diff(self.values, append=self.values[0] + self.period)

    @property
    def arcs(self) -> np.ndarray:
        """Return the share of the circle that is nearer to each value than to others: float64 (value,).

        As weights of sums they are the trapezoid rule on the circle: where values lie closer, each counts
        less.
        """
        return (self.gaps + np.roll(self.gaps, 1)) / (2 * self.period)

    @property
    def middles(self) -> np.ndarray:
        """Return the middle of each of `gaps`, float64 (value,); the last is where the circle is cut."""
        return self.wrapped(self.values + self.gaps / 2)

    @property
    def phases(self) -> np.ndarray:
        """Return the values as angles of a whole turn: float64 (value,), in radians."""
        return 2 * np.pi * self.values / self.period

    def wrapped(self, values) -> np.ndarray:
        """Bring values into `begin` to below `begin` + `period`."""
        return _wrapped(values, self.period, self.begin)

    def parts(self, about: int) -> int:
        """Return into how many bins of equal width the circle is divided to hold equally many values each.

        The number next to `about` that does; `about` where none from half to twice as many does, or
        values are not evenly spaced. Fewer values than half of `about` have a bin each.
        """
        count = len(self.values)
        if np.ptp(self.gaps) > 1e-6 * self.period:
            return about
        found = [
            parts
            for parts in range(1, 2 * about + 1)
            if count % parts == 0 and (parts == count or 2 * parts >= about)
        ]
        return min(found, key=lambda parts: abs(parts - about), default=about)

    def shares(self, angles, parts: int) -> np.ndarray:
        """Return the share of angles by bin, float64 (bin,).

        Bins are centred on `begin` + k · `period` / `parts`. What lies between two bins, but for rounding,
        is in the upper one.
        """
        turned = np.mod(np.subtract(angles, self.begin), self.period) / self.period * parts
        bins = np.floor(np.round(turned, 4) + 0.5).astype(int) % parts
        return np.bincount(bins, minlength=parts) / (len(bins) or np.nan)


def apart(first, second, period: float) -> np.ndarray:
    """Return how far values are from each other on a circle, the shorter way: from 0 to half the period."""
    away = np.mod(np.subtract(first, second), period)
    return np.minimum(away, period - away)


def on_circle(texts: Iterable[str], period: float, factor: str, where: str) -> Circle:
    """Find where the values of a factor lie on a circle.

    Parameters
    ----------
    texts : iterable of str
        Numbers as text. Those that differ by whole periods are one value: orientations of −90 and 90.
    period : float
    factor, where : str
        Which factor, and of what, for messages.

    Raises
    ------
    DataError
        A value is no number; there are fewer than three different ones, or they leave half of the circle
        out, so that nothing can be said of the way around it.
    """
    numbers = as_numbers(texts, factor, where)
    begin = -period / 2 if (numbers < 0).any() else 0.0
    around = _wrapped(numbers, period, begin)
    around[begin + period - around < _SAME * period] -= period  # a rounding below the end is the beginning
    order = np.argsort(around, kind="stable")
    new = np.diff(around[order], prepend=-np.inf) > _SAME * period
    of = np.empty(len(order), np.intp)
    of[order] = np.cumsum(new) - 1
    circle = Circle(float(period), begin, around[order][new], of)
    if len(circle.values) < 3:
        raise DataError(
            f"{where}: expected at least 3 different values of '{factor}' on a circle of {period:g}, found "
            f"{len(circle.values)}. Show more values, or choose another factor."
        )
    widest = int(circle.gaps.argmax())
    if circle.gaps[widest] >= period / 2:
        after = circle.values[(widest + 1) % len(circle.values)]
        raise DataError(
            f"{where}: expected values of '{factor}' all around a circle of {period:g}, found none between "
            f"{circle.values[widest]:g} and {after:g}. Show values between them, or set 'period' to the "
            "value after which they repeat."
        )
    return circle


def as_numbers(texts: Iterable[str], factor: str, where: str) -> np.ndarray:
    """Read the values of a factor as finite numbers, float64 (item,).

    Raises
    ------
    DataError
        A value is none; the message names it.
    """
    found = []
    for text in map(str, texts):
        with suppress(ValueError):
            found.append(float(text))
            if np.isfinite(found[-1]):
                continue
        raise DataError(f"{where}: expected numbers as values of '{factor}', found '{text}'.")
    return np.array(found)


def _wrapped(values, period: float, begin: float) -> np.ndarray:
    found = np.mod(np.subtract(values, begin), period)
    return np.where(found >= period, 0.0, found) + begin  # of tiny negative numbers, mod is the period itself

"""Where the marks of a map go on a page: its scale, and marks that would cover each other."""

from typing import NamedTuple

import numpy as np

_STEPS = 400


class Window(NamedTuple):
    """What part of a map a panel shows, and how large.

    Attributes
    ----------
    centre : (x, y) in units of the map
    scale : float
        mm per unit, the same for x and y.
    """

    centre: tuple[float, float]
    scale: float

    def on_page(self, points: np.ndarray, middle: tuple[float, float]) -> np.ndarray:
        """Return where points (…, 2) are on a page, in mm from its upper left; y of the map goes up."""
        return np.asarray(middle) + (points - np.asarray(self.centre)) * self.scale * [1, -1]


def windows(
    maps: list[np.ndarray], width: float, tallest: float, *, shared: bool, together: bool
) -> tuple[list[Window], float]:
    """Fit maps into panels.

    Parameters
    ----------
    maps : list of float64 arrays (point, 2)
    width, tallest : float
        mm that a panel has for points.
    shared : bool
        Whether all panels have one scale.
    together : bool
        Whether they show the same part of the plane: aligned maps.

    Returns
    -------
    list of Window
    height : float
        mm that points need.
    """
    low, high = (np.array([edge(points, axis=0) for points in maps]) for edge in (np.min, np.max))
    if together:
        low[:], high[:] = low.min(0), high.max(0)
    centres, spans = (low + high) / 2, high - low
    if shared:
        spans[:] = spans.max(0)
    spans = np.maximum(spans, 1e-9 * max(1.0, float(np.abs(spans).max())))
    spans = np.where(spans.max() > 0, spans, 1.0)
    scales = np.minimum(width / spans[:, 0], tallest / spans[:, 1])
    height = float((spans[:, 1] * scales).max())
    found = [Window(tuple(centre), float(scale)) for centre, scale in zip(centres, scales, strict=True)]
    return found, max(height, 0.4 * width)


def spread(at: np.ndarray, sizes: np.ndarray, low: np.ndarray, high: np.ndarray, fixed=None) -> np.ndarray:
    """Move boxes apart until none covers another, or as far as there is room.

    Two that overlap are pushed apart, each by half of what is needed: along the axis on which they overlap
    less where one of them is twice as wide as high (words), else along the line between their centres,
    which keeps crowds round.

    Parameters
    ----------
    at, sizes : float64 arrays (box, 2)
        Centres, and widths and heights.
    low, high : float64 arrays (2,)
        The corners of the room.
    fixed : pair of float64 arrays (box, 2), optional
        Centres and sizes of boxes that stay, and are not to be covered either.

    Returns
    -------
    float64 array (box, 2)
        Centres; boxes in the room that overlap none stay where they are.
    """
    count = len(at)
    stay, stay_sizes = (np.empty((0, 2)), np.empty((0, 2))) if fixed is None else fixed
    boxes = np.concatenate([sizes, stay_sizes])
    edges = low + sizes / 2, np.maximum(high - sizes / 2, low + sizes / 2)
    moved = np.concatenate([at.clip(*edges), stay]).astype(np.float64)
    half = (boxes[:count, None] + boxes[None]) / 2
    order = np.subtract.outer(np.arange(count), np.arange(len(boxes)))[..., None]
    wide = boxes[:, 0] > 2 * boxes[:, 1]
    words = (wide[:count, None] | wide[None])[..., None]
    crowded = _touching(moved, half, order).any(1)
    # Boxes in nearly the same place go different ways: along a spiral, by their number.
    turn = 2.4 * np.arange(count)[crowded]
    moved[:count][crowded] += 0.1 * sizes[crowded] * np.stack([np.cos(turn), np.sin(turn)], 1)
    share = np.where(np.arange(len(boxes)) < count, 0.5, 1.0)[:, None]
    for _ in range(_STEPS):
        apart = moved[:count, None] - moved[None]
        over = half - np.abs(apart)
        touching = _touching(moved, half, order)
        if not touching.any():
            break
        way = np.where(apart == 0, np.where(order < 0, -1, 1), np.sign(apart))
        least = np.where(np.arange(2) == over.argmin(-1)[..., None], over * way, 0)
        between = np.where(apart == 0, 1e-3 * way, apart)
        away = between * (1 / np.abs(between / half).max(-1, keepdims=True) - 1)
        pushes = np.where(touching[..., None], share * np.where(words, least, away), 0)
        moved[:count] += pushes.sum(1) / np.maximum(touching.sum(1), 1)[:, None]
        moved[:count] = moved[:count].clip(*edges)
    return moved[:count]


def _touching(moved: np.ndarray, half: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Whether boxes cover each other: bool (box that may move, box)."""
    over = half - np.abs(moved[: len(half), None] - moved[None])
    return (over > 1e-3).all(-1) & (order[..., 0] != 0)


def round_length(longest: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is no longer."""
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9)))

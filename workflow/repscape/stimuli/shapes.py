"""Coloured shapes, each in every hue: objects × colours, and views of them where wanted."""

from collections import Counter
from collections.abc import Generator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from repscape.core.errors import ConfigError
from repscape.core.seeds import derive
from repscape.plugin.contract import Seeded, parameter
from repscape.plugin.parameter_types import Angles
from repscape.stimuli.lib import cieluv
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.synthetic import Synthetic

AREA = 0.24  # of the square on the image's shorter side
FARTHEST = 0.43  # from the centre, in shorter sides: leaves room for what views turn and shift
CANDIDATES = 400
HARMONICS = 6  # of a contour; more make it jagged
CONTOUR = 720  # points on it
SUBPIXELS = 8
TURN, SHIFT, SHRINK = 30.0, 0.05, 0.8  # the most that a view is turned, shifted, shrunk


class Shapes(Seeded, Synthetic):
    """Shapes of one colour each, in colours of equal lightness and chroma all around the hue circle.

    A contour is r(θ) = 1 + Σ_k a_k cos(kθ + φ_k), k = 1 … 6, with random amplitudes and phases. Of 400 such
    contours, objects are those that differ most: each next one has the largest distance to the nearest of
    those before it, where the distance of two contours is the root mean squared difference of their radii,
    one of them turned to where it is smallest. All have the same area, 0.24 of the square on the shorter
    side.

    Colours are of CIELUV, hue 0 is a red, 90 a yellow, 180 a green, 270 a blue, and lie in the gamut of sRGB:
    no value is clipped. Edges are antialiased (8 × 8 points a pixel) in linear light, so that on a background
    of equal lightness they are of that lightness too. Rounding to 8 bits moves lightness by up to 0.2 and
    chroma by up to 1.
    """

    objects: int = parameter(
        "How many shapes; a larger number keeps the first shapes as they were.", 4, ge=1, le=100
    )
    colors: Annotated[int, Field(ge=1, le=3600)] | Angles = parameter(
        "How many evenly spaced hues, or a list of hues in degrees.", 4
    )
    views: int = parameter(
        "How many views of each object, the same in each color. The first shows the shape unchanged, in "
        "the middle. Others are rotated by up to 30 degrees, shifted by up to 0.05 of the shorter side, "
        "and shrunk to at least 0.8, each uniformly at random. A larger number keeps the first views as "
        "they were.",
        1,
        ge=1,
        le=10_000,
    )
    lightness: float = parameter("The lightness L* of the shapes.", 70.0, gt=0, lt=100)
    chroma: PositiveFloat | None = parameter(
        "The chroma C* of the shapes; by default the largest that sRGB has at this lightness in all hues: "
        "55.1 for a lightness of 70.",
        None,
    )
    background: Literal["equal", "grey"] = parameter(
        "The background: grey of the same lightness as the shapes, or the middle of 8 bits (128).", "equal"
    )

    def images(self) -> Generator[Frame, None, dict]:
        """Draw each object in each of its views and colours.

        Returns
        -------
        attributes : dict
            After the last image: ``lightness`` and ``chroma``.
        """
        self.check()
        chroma = cieluv.largest_chroma(self.lightness) if self.chroma is None else self.chroma
        ground = cieluv.to_linear(self.lightness, 0.0, 0.0)
        if self.background == "grey":
            ground = cieluv.decoded(np.full(3, 128 / 255))
        hues = _hues(self.colors)
        paints = cieluv.to_linear(self.lightness, chroma, hues)
        contours = distinct_contours(self.objects, self.seed)
        for number, contour in enumerate(contours, start=1):
            for view in range(1, self.views + 1):
                inside = coverage(contour, self.size, *_pose(self.seed, number, view))[..., np.newaxis]
                for hue, paint in zip(hues, paints, strict=True):
                    linear = ground + inside * (paint - ground)
                    pixels = np.rint(255 * cieluv.encoded(linear.clip(0, 1))).astype(np.uint8)
                    factors = self._factors(number, hue, view)
                    yield Frame("_".join(factors.values()), pixels, factors=factors)
        return {"lightness": self.lightness, "chroma": chroma}

    def check(self) -> None:
        """Refuse a color that is listed twice, and a chroma that sRGB does not have in every hue."""
        counts = Counter(_degrees(hue) for hue in _hues(self.colors))
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise ConfigError(
                f"expected different colors, found some more than once: {', '.join(twice)} (degrees)."
            )
        largest = cieluv.largest_chroma(self.lightness)
        if self.chroma is not None and self.chroma > largest:
            raise ConfigError(
                f"expected a chroma of at most {largest:g}, the largest that sRGB has in all hues at "
                f"lightness {self.lightness:g}; found {self.chroma:g}. Lower 'chroma', leave it out, or "
                "choose another 'lightness' (76 allows the most, 59.9)."
            )

    def image_count(self) -> int:
        """Return the number of objects × colors × views."""
        return self.objects * len(_hues(self.colors)) * self.views

    def image_factors(self) -> dict[str, list[str]]:
        """Return object, color and, of several, view of each image."""
        images = [
            self._factors(number, hue, view)
            for number in range(1, self.objects + 1)
            for view in range(1, self.views + 1)
            for hue in _hues(self.colors)
        ]
        return {name: [factors[name] for factors in images] for name in images[0]}

    def _factors(self, number: int, hue: float, view: int) -> dict[str, str]:
        factors = {"obj": f"obj{number:03d}", "color": _degrees(hue)}
        return factors | {"view": str(view)} if self.views > 1 else factors


def distinct_contours(count: int, seed: int) -> np.ndarray:
    """Choose contours that differ, whichever way they are turned.

    Returns
    -------
    float64 array (contour, point)
        Radii at evenly spaced angles, in shorter sides of the image.
    """
    pool = _candidates(np.random.default_rng(seed))
    spectra = np.fft.rfft(pool)
    energy = np.square(pool).mean(axis=1)
    selected, nearest = [0], np.full(len(pool), np.inf)
    while len(selected) < count:
        # ‖a − b turned‖² is least where their correlation is largest
        agreement = np.fft.irfft(spectra * spectra[selected[-1]].conj(), CONTOUR).max(axis=1) / CONTOUR
        nearest = np.minimum(nearest, energy + energy[selected[-1]] - 2 * agreement)
        selected.append(int(nearest.argmax()))
    return pool[selected]


def _candidates(draw: np.random.Generator) -> np.ndarray:
    """Draw contours of equal area that stay inside the image and are not pinched."""
    angle = 2 * np.pi * np.arange(CONTOUR) / CONTOUR
    order = np.arange(1, HARMONICS + 1)[:, np.newaxis]
    waves = np.exp(1j * order * angle)
    contours: list[np.ndarray] = []
    while len(contours) < CANDIDATES:
        # few harmonics prevail in each, so that some are triangles, some stars, some blobs
        size = draw.gamma(0.35, size=HARMONICS)
        size *= 0.7 * draw.random() / size.sum()
        size[0] *= 0.3  # moves the shape more than it forms it
        radius = 1 + (size * np.exp(2j * np.pi * draw.random(HARMONICS)) @ waves).real
        radius *= np.sqrt(AREA / (np.pi * np.square(radius).mean()))
        if radius.min() > 0.2 * radius.max() and radius.max() < FARTHEST:
            contours.append(radius)
    return np.array(contours)


def coverage(
    contour: np.ndarray, size: tuple[int, int], turn: float, down: float, right: float, scale: float
) -> np.ndarray:
    """Return how much of each pixel a shape covers.

    Parameters
    ----------
    contour : float array (point,)
    size : (height, width) in pixels
    turn : float
        Counter-clockwise, in degrees.
    down, right : float
        Where its centre is from that of the image, in shorter sides.
    scale : float

    Returns
    -------
    float64 array (y, x), from 0 to 1
    """
    height, width = size
    shorter = min(size)
    y = np.arange(height) + 0.5 - height / 2 - down * shorter
    x = np.arange(width) + 0.5 - width / 2 - right * shorter
    radii = contour * scale * shorter
    edge = np.append(radii, radii[0])

    def within(dy, dx):
        at = (np.rad2deg(np.arctan2(-dy, dx)) - turn) % 360 / 360 * CONTOUR
        return np.interp(at, np.arange(CONTOUR + 1), edge) - np.hypot(dy, dx)

    distance = within(y[:, np.newaxis], x)
    covered = (distance > 0).astype(float)
    # Along a pixel of which the edge may cut a corner, the distance changes by no more than this.
    steepest = np.abs(np.diff(edge)).max() * CONTOUR / (2 * np.pi) / (radii.min() / 2)
    row, column = np.nonzero(np.abs(distance) < np.hypot(1, steepest))
    inner = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
    dy, dx = (part.ravel() for part in np.meshgrid(inner, inner, indexing="ij"))
    points = within(y[row][:, np.newaxis] + dy, x[column][:, np.newaxis] + dx)
    covered[row, column] = (points > 0).mean(axis=1)
    return covered


def _pose(seed: int, number: int, view: int) -> tuple[float, float, float, float]:
    """Draw how a view is turned, shifted and shrunk; the first is not."""
    if view == 1:
        return 0.0, 0.0, 0.0, 1.0
    turn, down, right, shrink = np.random.default_rng(derive(seed, "view", number, view)).random(4)
    return (
        TURN * (2 * turn - 1), SHIFT * (2 * down - 1), SHIFT * (2 * right - 1), SHRINK + (1 - SHRINK) * shrink
    )  # fmt: skip


def _hues(colors: int | list[float]) -> list[float]:
    return [360 * index / colors for index in range(colors)] if isinstance(colors, int) else colors


def _degrees(hue: float) -> str:
    """Write a hue with three digits before the point: 090, 051.43."""
    rounded = round(hue % 360, 2) % 360
    return f"{rounded:03.0f}" if rounded == int(rounded) else f"{rounded:06.2f}"

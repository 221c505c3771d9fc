"""CIELUV (CIE 15:2018) from and to sRGB (IEC 61966-2-1): lightness, chroma and hue as people see them.

White is that of sRGB, D65. Chroma is C* = √(u*² + v*²), hue h = atan2(v*, u*) in degrees.
"""

import numpy as np

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)


def to_linear(lightness: float, chroma, hue) -> np.ndarray:
    """Return linear sRGB; values outside [0, 1] are colours that sRGB does not have.

    Parameters
    ----------
    lightness : float
        L*, above 0, to 100.
    chroma, hue : float or array (…)
        C*; h in degrees.

    Returns
    -------
    float64 array (…, 3)
    """
    hue = np.deg2rad(np.asarray(hue, float))
    y = ((lightness + 16) / 116) ** 3 if lightness > 8 else lightness * (3 / 29) ** 3
    u0, v0 = _chromaticity(WHITE)
    u = chroma * np.cos(hue) / (13 * lightness) + u0
    v = chroma * np.sin(hue) / (13 * lightness) + v0
    xyz = np.stack([y * 9 * u / (4 * v), np.full_like(u, y), y * (12 - 3 * u - 20 * v) / (4 * v)], axis=-1)
    return xyz @ np.linalg.inv(TO_XYZ).T


def encoded(linear: np.ndarray) -> np.ndarray:
    """Return sRGB values of linear ones, both from 0 to 1."""
    return np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    )


def decoded(values: np.ndarray) -> np.ndarray:
    """Return linear values of sRGB ones, both from 0 to 1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def largest_chroma(lightness: float) -> float:
    """Return the largest chroma that sRGB has at a lightness in every hue, rounded down to 0.1.

    Colours of one lightness that sRGB has lie in a convex region around grey, so that in each hue all
    below the largest are in it.
    """
    hues = np.arange(0, 360, 0.1)
    low, high = np.zeros(len(hues)), np.full(len(hues), 300.0)
    for _ in range(40):
        middle = (low + high) / 2
        linear = to_linear(lightness, middle, hues)
        inside = ((linear >= 0) & (linear <= 1)).all(axis=-1)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return float(np.floor(low.min() * 10) / 10)


def _chromaticity(xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return u' and v'."""
    x, y, z = np.moveaxis(xyz, -1, 0)
    total = x + 15 * y + 3 * z
    return 4 * x / total, 9 * y / total

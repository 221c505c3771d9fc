"""Points that stand for the entries of an RDM: how well they do, and one set of points beside another."""

from typing import NamedTuple

import numpy as np


class Embedding(NamedTuple):
    """Points, and how well they do.

    Attributes
    ----------
    points : float64 array (entry, dim)
        Centred, along their principal axes; in each, the point farthest out is on the positive side.
    stress : float
        Raw stress, Σ_{i<j} (δ_ij − d_ij)²; NaN of t-SNE, whose points have no scale.
    stress_1 : float
        Kruskal's stress-1, √(Σ (δ_ij − d_ij)² / Σ d_ij²).
    eigenvalues : float64 array (entry,) or None
        Of the double-centred matrix, descending: classical MDS and PCA.
    divergence : float
        Kullback-Leibler divergence, which t-SNE minimises; NaN of other methods.
    """

    points: np.ndarray
    stress: float
    stress_1: float
    eigenvalues: np.ndarray | None = None
    divergence: float = np.nan

    @property
    def explained(self) -> np.ndarray | None:
        """The share of each dimension in the sum of all |eigenvalues|: float64 (dim,)."""
        if self.eigenvalues is None:
            return None
        total = np.abs(self.eigenvalues).sum()
        return self.eigenvalues[: self.points.shape[1]].clip(0) / (total or 1)

    @property
    def negative(self) -> float:
        """The share of negative eigenvalues in the sum of all |eigenvalues|: 0 of Euclidean distances."""
        if self.eigenvalues is None:
            return np.nan
        return float(-self.eigenvalues.clip(max=0).sum() / (np.abs(self.eigenvalues).sum() or 1))


def stress(points: np.ndarray, distances: np.ndarray) -> tuple[float, float]:
    """Return raw stress and stress-1 of points (Kruskal, Psychometrika 29:1, 1964).

    Parameters
    ----------
    points : float64 array (entry, dim)
    distances : float64 array (pair,)
        That the points should have.
    """
    first, second = np.triu_indices(len(points), 1)
    found = np.sqrt(((points[first] - points[second]) ** 2).sum(1))
    raw, total = ((distances - found) ** 2).sum(), (found**2).sum()
    if not raw:
        return 0.0, 0.0
    return float(raw), float(np.sqrt(raw / total)) if total else np.inf


def scaled(points: np.ndarray) -> np.ndarray:
    """Bring points to a root mean square distance of 1 from their centre; rows of NaN stay."""
    points = points - np.nanmean(points, axis=0)
    radius = np.sqrt(np.nanmean((points**2).sum(1)))
    return points / radius if radius else points


def aligned(points: np.ndarray, onto: np.ndarray) -> tuple[np.ndarray, float]:
    """Rotate, reflect and move points so that they lie as near to others as they can.

    Orthogonal Procrustes (Schönemann, Psychometrika 31:1, 1966); distances between points do not change.

    Parameters
    ----------
    points, onto : float64 arrays (entry, dim)
        The same entries in the same order. Those that are NaN in either do not count.

    Returns
    -------
    points : float64 array (entry, dim)
    disparity : float
        What is left of the squared distances if both are also scaled to fit best, between 0 (the same
        shape) and 1; NaN where one of them is a single point. As `scipy.spatial.procrustes` gives it.
    """
    both = np.isfinite(points).all(1) & np.isfinite(onto).all(1)
    if not both.any():
        return points, np.nan
    centre, onto_centre = points[both].mean(0), onto[both].mean(0)
    moving, fixed = points[both] - centre, onto[both] - onto_centre
    left, values, right = np.linalg.svd(moving.T @ fixed)
    norms = np.linalg.norm(moving) * np.linalg.norm(fixed)
    disparity = max(0.0, 1 - (values.sum() / norms) ** 2) if norms else np.nan
    return (points - centre) @ (left @ right) + onto_centre, float(disparity)


def principal(points: np.ndarray) -> np.ndarray:
    """Centre points and turn them so that their axes are the principal ones."""
    centred = points - points.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    return signed(left) * values


def signed(vectors: np.ndarray) -> np.ndarray:
    """Choose the sign of each column: its largest value is positive, of equally large ones the first."""
    sizes = np.abs(vectors)
    at = (sizes >= (1 - 1e-6) * sizes.max(0)).argmax(0)
    return vectors * np.where(vectors[at, np.arange(vectors.shape[1])] < 0, -1, 1)

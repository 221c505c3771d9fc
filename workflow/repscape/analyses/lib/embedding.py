"""Maps of RDMs: entries as points whose distances follow their dissimilarities.

Every method takes *distances*, the pairs i<j in row-major order. A dissimilarity that is a squared
distance must be square-rooted first (`squared_distances`): points in space cannot have squared distances
between them.
"""

from collections.abc import Callable
from typing import cast

import numpy as np

from repscape.analyses.lib.points import Embedding, principal, signed, stress
from repscape.core.errors import DataError
from repscape.rdms.condensed import entries_of

_EUCLIDEAN = 1e-5  # the largest negative eigenvalue that rounding to float32 explains, of the largest
# Of SMACOF
_FIRST_STEPS = 60  # from each start
_FOLLOWED = 4  # the best starts, from which it descends further
_MOST_STEPS = 1000
_CONVERGED = 1e-8  # of the sum of squared distances: a smaller step is the last
_NEARLY = 1e-6  # the same, after points were moved
_MOVED = 0.2  # the share of points that are moved elsewhere, …
_MOVES = 4  # … so many times for each random start, …
_MANY = 300  # … of up to so many entries
_WIDE = 2  # how far apart random points are, relative to the distances
_FEW = 500  # entries, up to which t-SNE's forces are computed without approximation


def classical(distances: np.ndarray, dims: int) -> Embedding:
    """Place entries by classical MDS (Torgerson, Psychometrika 17:401, 1952).

    With B = −½ J D² J (D² squared distances, J centring), the points are its eigenvectors times the
    roots of its largest eigenvalues. They reproduce Euclidean distances exactly where `dims` is large
    enough; distances that no points can have make eigenvalues negative, which are left out.

    Parameters
    ----------
    distances : float64 array (pair,)
    dims : int
    """
    count = _check(distances, dims)
    squares = np.square(_square(distances))
    gram = -0.5 * (squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean())
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    # Eigenvalues of dimensions that the points do not have are rounding
    values = np.where(np.abs(values) > count * np.finfo(float).eps * np.abs(values).max(), values, 0)
    points = signed(vectors[:, :dims]) * np.sqrt(values[:dims].clip(0))
    return Embedding(points, *stress(points, distances), eigenvalues=values)


def pca(distances: np.ndarray, dims: int) -> Embedding:
    """Place entries by the first principal components of their patterns.

    An RDM has no patterns, but where its dissimilarities are Euclidean distances of patterns, squared
    or not, it has all that PCA needs: the scores are those of classical MDS (Gower, Biometrika 53:325,
    1966), and the eigenvalues over their sum the shares of variance. The patterns are those that the
    metric compares: normalised activity for `sqeuclidean`, `rms` and `euclidean` (of `sqeuclidean` and
    `rms` divided by √n units); activity of mean 0 and length 1 for `correlation`, divided by √2. Other
    dissimilarities have no such patterns, and are refused.

    Parameters
    ----------
    distances : float64 array (pair,)
    dims : int

    Raises
    ------
    DataError
        No patterns have these distances.
    """
    embedding = classical(distances, dims)
    eigenvalues = cast(np.ndarray, embedding.eigenvalues)
    largest, least = eigenvalues[0], eigenvalues[-1]
    if least < -_EUCLIDEAN * largest:
        raise DataError(
            "PCA needs Euclidean distances, but no patterns can have these dissimilarities: the smallest "
            f"eigenvalue of their double-centred matrix is {least / largest:.2g} of the largest. Use "
            "`method: classical` or `smacof`, or another metric."
        )
    return embedding


def smacof(distances: np.ndarray, dims: int, *, n_init: int, seed: int) -> Embedding:
    """Place entries by metric MDS: the points of least raw stress, by SMACOF.

    The Guttman transform X ← B(X) X / n never raises stress (De Leeuw, in Recent Developments in Statistics,
    133, 1977; Borg & Groenen, Modern Multidimensional Scaling, ch. 8), but stress has local minima. So it is
    descended from the points of classical MDS and from `n_init` random ones, and the best few are followed.
    Of up to 300 entries a fifth of the best one's points are then moved elsewhere, 4 `n_init` times, and kept
    where that ends lower. The last descent ends where a step lowers stress by less than 1e-8 of the sum of
    squared distances.

    Parameters
    ----------
    distances : float64 array (pair,)
    dims : int
    n_init : int
        Random starts, and how often points are moved elsewhere; 0 descends from classical MDS alone.
    seed : int
    """
    start = classical(distances, dims)
    if not distances.any():
        return start._replace(eigenvalues=None)
    target = _square(distances)
    spread = np.sqrt(np.square(distances).mean() / (2 * dims))
    generator = np.random.default_rng(seed)
    random = generator.normal(scale=_WIDE * spread, size=(n_init, len(target), dims))
    found = [_descended(points, target, _FIRST_STEPS, 0) for points in (start.points, *random)]
    found = sorted(found, key=lambda points_stress: points_stress[1])[:_FOLLOWED]
    best, least = min(
        (_descended(points, target, _MOST_STEPS, _CONVERGED) for points, _ in found),
        key=lambda points_stress: points_stress[1],
    )
    for _ in range(_MOVES * n_init if len(target) <= _MANY else 0):
        moved = best.copy()
        some = generator.permutation(len(moved))[: max(1, round(_MOVED * len(moved)))]
        moved[some] = generator.normal(scale=_WIDE * spread, size=(len(some), dims))
        moved, now = _descended(moved, target, _MOST_STEPS, _NEARLY)
        best, least = (moved, now) if now < least else (best, least)
    best, _ = _descended(best, target, _MOST_STEPS, _CONVERGED)
    points = principal(best)
    return Embedding(points, *stress(points, distances))


def _descended(points: np.ndarray, target: np.ndarray, steps: int, least: float) -> tuple[np.ndarray, float]:
    """Lower stress by Guttman transforms; return points and their stress.

    Parameters
    ----------
    points : float64 array (entry, dim)
    target : float64 array (entry, entry)
    steps : int
        At most.
    least : float
        Of the sum of squared distances, by how much a step must lower stress for another one.
    """
    total = np.square(target).sum()
    before = np.inf
    for step in range(steps + 1):
        squares = np.square(points).sum(1)
        between = squares[:, np.newaxis] + squares - 2 * (points @ points.T)
        between = np.sqrt(between.clip(0), out=between)
        np.fill_diagonal(between, 0)
        now = np.square(target - between).sum()
        if step == steps or before - now < least * total:
            break
        before = now
        ratio = np.divide(target, between, out=np.zeros_like(target), where=between > 0)
        points = (ratio.sum(1)[:, np.newaxis] * points - ratio @ points) / len(points)
    return points, now


def tsne(
    distances: np.ndarray, dims: int, *, n_init: int, seed: int, perplexity: float | None = None
) -> Embedding:
    """Place entries by t-SNE, so that neighbours stay neighbours (through scikit-learn).

    Van der Maaten & Hinton, J Mach Learn Res 9:2579, 2008. It starts from the points of classical MDS,
    which keeps what is far apart apart (Kobak & Berens, Nat Commun 10:5416, 2019), and from `n_init`
    random ones; the one of least divergence is kept.
    Distances between points that are not neighbours, and the scale, mean nothing.

    Parameters
    ----------
    distances : float64 array (pair,)
    dims : int
    n_init : int
        Random starts; 0 starts from classical MDS alone.
    seed : int
    perplexity : float, optional
        How many neighbours count. By default 30, and at most a third of the other entries.

    Raises
    ------
    DataError
        There are fewer than 4 entries, or no more than `perplexity` + 1.
    """
    from sklearn.manifold import TSNE

    count = _check(distances, dims)
    if count < 4:
        raise DataError(f"t-SNE needs at least 4 entries, found {count}. Use `method: classical`.")
    if perplexity is None:
        perplexity = max(2.0, min(30.0, (count - 1) / 3))
    if not 1 < perplexity < count - 1:
        raise DataError(
            f"perplexity: expected more than 1 and less than the {count - 1} other entries, found "
            f"{perplexity:g}. A third of these ({(count - 1) / 3:.3g}) or less is usual."
        )
    start = classical(distances, dims).points
    spread = start[:, 0].std() or 1.0
    fits = [
        TSNE(
            n_components=dims,
            perplexity=perplexity,
            metric="precomputed",
            init=init,
            random_state=_state(seed, at),
            method="exact" if count <= _FEW or dims > 3 else "barnes_hut",
        )
        for at, init in enumerate([(start / spread * 1e-4).astype(np.float32), *["random"] * n_init])
    ]
    found = [(fit.fit_transform(_square(distances)), fit.kl_divergence_) for fit in fits]
    points, divergence = min(found, key=lambda points_divergence: points_divergence[1])
    return Embedding(principal(points.astype(np.float64)), np.nan, np.nan, divergence=float(divergence))


METHODS: dict[str, Callable[..., Embedding]] = {
    "classical": classical, "smacof": smacof, "tsne": tsne, "pca": pca,
}  # fmt: skip


def _check(distances: np.ndarray, dims: int) -> int:
    """Return the number of entries; refuse more dimensions than they can span."""
    count = entries_of(len(distances))
    if not 1 <= dims < count:
        raise DataError(f"dims: expected 1 to {count - 1} dimensions for {count} entries, found {dims}.")
    return count


def _square(values: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import squareform

    return squareform(values, checks=False)


def _state(seed: int, *which: int) -> int:
    """Return a seed that scikit-learn takes, below 2³²."""
    return int(np.random.SeedSequence([seed, *which]).generate_state(1)[0])

"""How alike RDMs are: the comparisons of their values.

`COMPARISONS` is the one list of them: what each is called, and what its function does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from repscape.metrics.lib.distances import pairs
from repscape.plugin import registry
from repscape.plugin.contract import Metric
from repscape.rdms.compare.kendall import tau_a
from repscape.rdms.compare.whitening import whitened
from repscape.rdms.condensed import ROUNDING, checked, defined_entries, entries_of

Similarity = Literal["pearson", "spearman", "kendall", "cosine", "whitened_pearson", "whitened_cosine"]
Comparison = Literal[Similarity, "euclidean"]


@dataclass(frozen=True)
class About:
    """What a comparison is.

    Attributes
    ----------
    words : str
        What captions call it: the similarity, or the distance.
    rsatoolbox : str
        What rsatoolbox calls it; nothing where it is no similarity.
    squared : bool
        Whether 1 − similarity is half the squared distance of vectors of length 1: of values (minus their
        mean), of ranks, and for τ-a without ties of the signs of differences.
    centred : bool
        Whether means are taken off, so that it is undefined for RDMs whose values are all equal.
    by_order : bool
        Whether the order of the values alone counts.
    whitened : bool
        Whether it takes account of the covariance of the values.
    largest : float or None
        The largest dissimilarity.
    """

    words: str
    rsatoolbox: str = ""
    squared: bool = True
    centred: bool = False
    by_order: bool = False
    whitened: bool = False
    largest: float | None = 2.0

    @property
    def dissimilarity(self) -> str:
        """What captions call the dissimilarity: ``1 − Pearson's r``."""
        return f"1 − {self.words}" if self.rsatoolbox else self.words

    @property
    def ranked(self) -> bool:
        """Whether it is Pearson's r of the values' ranks."""
        return self.by_order and self.centred

    @property
    def reliability_of_halves(self) -> bool:
        """Whether it is a correlation, so that the formula of Spearman and Brown holds."""
        return self.centred and not self.whitened


COMPARISONS: dict[str, About] = {
    "pearson": About("Pearson's r", "corr", centred=True),
    "spearman": About("Spearman's ρ", "spearman", centred=True, by_order=True),
    "kendall": About("Kendall's τ-a", "tau-a", by_order=True),
    "cosine": About("cosine similarity", "cosine"),
    "whitened_pearson": About("whitened Pearson's r", "corr_cov", centred=True, whitened=True),
    "whitened_cosine": About("whitened cosine similarity", "cosine_cov", whitened=True),
    "euclidean": About("Euclidean distance", squared=False, largest=None),
}


def measure_of(labels: Mapping) -> type[Metric] | About:
    """Return what the values of an RDM are, from its labels: ``squared``, and the ``largest`` that it can be.

    Of an RDM of images this is its metric's plugin; of a metric that a recording names and that is no plugin,
    nothing is known. Of meta-RDMs it is the comparison.
    """
    if labels.get("metric_sub"):
        return COMPARISONS[labels["metric"]]
    return registry.find_or_base("metrics", str(labels.get("measure") or labels.get("metric", "")))


def compare(vectors: np.ndarray, kind: Comparison) -> np.ndarray:
    """Return how dissimilar each two RDMs are.

    One minus a similarity, or the distance, of the two RDMs' values x and y:

    - ``pearson``: Pearson's r. NaN where an RDM's values are all equal, as they are with two entries.
    - ``spearman``: r of the ranks; ties get their average rank. Here as in ``kendall``, values that are but
      rounding beside the RDM's largest are ties (`condensed.flush_rounding`).
    - ``kendall``: Kendall's τ-a, (concordant − discordant) / all pairs of values. Ties are neither, so that
      an RDM with ties is not perfectly similar to itself, and one of equal values has τ-a = 0.
      τ-a does not favour models that predict ties (Nili et al., PLoS Comput. Biol. 10:e1003553, 2014).
    - ``cosine``: the cosine of the angle; NaN where all values are 0.
    - ``euclidean``: the distance √Σ (x − y)². Where pairs are left out, times √(all pairs / pairs used).
    - ``whitened_cosine``: x'V⁻¹y / √(x'V⁻¹x · y'V⁻¹y), with V the covariance of the values of an RDM of
      independent patterns, up to a factor: 4 for a pair with itself, 1 for pairs with a common entry, else 0
      (Diedrichsen et al., Neurons Behav. Data Anal. Theory 5(3), 2021). ``whitened_pearson``: the same of
      values minus their mean.

    Parameters
    ----------
    vectors : float array (rdm, pair)
        Values that are not finite are undefined; see `defined_entries`.
    kind : str

    Returns
    -------
    float64 array (pair of rdms,)
        NaN where fewer than two entries are defined in both.

    Raises
    ------
    DataError
        These are not RDMs.
    """
    vectors = checked(vectors)
    found = np.full((len(vectors), len(vectors)), np.nan)
    for some, others, used in blocks_of_same_entries(vectors):
        x = vectors[some][:, used]
        y = x if some is others else vectors[others][:, used]
        found[np.ix_(some, others)] = _dissimilarities(x, y, kind, vectors.shape[1])
    return found[pairs(len(vectors))]


def left_out(vectors: np.ndarray) -> np.ndarray:
    """Return which share of the pairs of entries is left out when each two RDMs are compared.

    Returns
    -------
    float64 array (pair of rdms,)
    """
    kept = defined_entries(vectors).astype(np.float64)
    common = kept @ kept.T
    used = common * (common - 1) / 2
    return 1 - used[pairs(len(vectors))] / vectors.shape[1]


def blocks_of_same_entries(vectors: np.ndarray) -> Iterator[tuple]:
    """Yield RDMs, RDMs to compare them with, and on which values; RDMs of the same entries together."""
    if not vectors.size:
        return
    first, second = pairs(entries_of(vectors.shape[1]))
    masks, which = np.unique(defined_entries(vectors), axis=0, return_inverse=True)
    members = [np.flatnonzero(which == mask) for mask in range(len(masks))]
    for a, b in np.ndindex(len(masks), len(masks)):
        some, others = members[a], members[b]
        common = masks[a] & masks[b]
        if some[0] <= others[-1] and common.sum() > 1:
            everything = common.all()
            yield some, others, slice(None) if everything else common[first] & common[second]


def _dissimilarities(x: np.ndarray, y: np.ndarray, kind: Comparison, length: int) -> np.ndarray:
    """Compare every row of x with every row of y."""
    if kind == "euclidean":
        from scipy.spatial.distance import cdist

        return cdist(x, y) * sqrt(length / x.shape[1])
    similarity = tau_a(x, y) if kind == "kendall" else standardised(x, kind)[0] @ standardised(y, kind)[1].T
    found = 1 - similarity.clip(-1, 1)
    found[found <= ROUNDING * sqrt(x.shape[1])] = 0  # rounding of a sum over pairs grows with its root
    return found


def standardised(vectors: np.ndarray, kind: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Return a and b such that a_i · b_j is the similarity of RDMs i and j."""
    values, about = vectors, COMPARISONS[kind]
    if about.ranked:
        from scipy.stats import rankdata

        values = rankdata(values, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = values / np.abs(values).max(1, keepdims=True)  # so that squares stay in range
        if about.centred:
            constant = values.max(1) == values.min(1)
            values = values - values.mean(1, keepdims=True)
            values[constant] = np.nan
        weighted = whitened(values) if about.whitened else values
        norm = np.sqrt(np.einsum("rp,rp->r", values, weighted))[:, np.newaxis]
        return values / norm, weighted / norm

"""Dissimilarities within and between categories of images: means, an index, a test and intervals.

Every pair of images counts once. So the mean within categories is over all pairs of images of one category,
whichever it is, and the mean between them over all pairs of images of different ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod
from typing import NamedTuple

import numpy as np

from repscape.core.seeds import derive

ROUNDING = 1e-10  # relative to the largest dissimilarity: arrangements closer than this are equally good
_BLOCK = 2**22  # values in memory at once


@dataclass(frozen=True)
class Means:
    """Means of an RDM: of all categories first, then of each by itself.

    Attributes
    ----------
    within : float64 array (1 + category, …)
        The mean over pairs within a category; NaN where there is no pair.
    between : float64 array (1 + category, …)
        The mean over pairs of images of different categories, of each category with all others.
    """

    within: np.ndarray
    between: np.ndarray

    @property
    def clustering(self) -> np.ndarray:
        """How much larger dissimilarities are between than within categories.

        The category clustering index of Mur et al., Front. Psychol. 4:128, 2013.
        """
        return self.between - self.within

    @property
    def index(self) -> np.ndarray:
        """(between − within) / (between + within), from −1 to 1; NaN where a mean is negative or both are 0.

        As Freedman et al. (J. Neurosci. 23:5235, 2003) compare differences of responses between and within
        categories.
        """
        total = self.between + self.within
        with np.errstate(invalid="ignore", divide="ignore"):
            usable = (self.between >= 0) & (self.within >= 0) & (total > 0)
            return np.where(usable, self.clustering / np.where(usable, total, 1), np.nan)


def counts_of(codes: np.ndarray, categories: int) -> np.ndarray:
    """Return whether each image is of each category, float64 (category, …, image), from codes (…, image)."""
    return np.equal(codes, np.arange(categories).reshape(-1, *[1] * codes.ndim)).astype(np.float64)


def means(square: np.ndarray, counts: np.ndarray) -> Means:
    """Average an RDM within and between categories.

    Parameters
    ----------
    square : float64 array (image, image)
        An RDM, zero on its diagonal, all values finite.
    counts : float64 array (category, …, image)
        How often each image is taken, of each category. A pair counts as often as the product of its two; a
        pair of an image and itself does not count, however often it is taken.
    """
    taken = counts.sum(-1)
    near = (counts.reshape(-1, counts.shape[-1]) @ square).reshape(counts.shape)
    sums_within = (near * counts).sum(-1) / 2
    pairs_within = (taken**2 - (counts**2).sum(-1)) / 2
    sums_between = (near * counts.sum(0)).sum(-1) - 2 * sums_within
    pairs_between = taken * (taken.sum(0) - taken)

    def mean(sums: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        sums, pairs = (np.concatenate([own.sum(0, keepdims=True), own]) for own in (sums, pairs))
        return np.where(pairs > 0, sums / np.where(pairs > 0, pairs, 1), np.nan)

    return Means(mean(sums_within, pairs_within), mean(sums_between, pairs_between))


class Permutation(NamedTuple):
    """Tests of categories against other divisions of the images.

    Attributes
    ----------
    p : float64 array (1 + category,)
        One-sided; NaN where there is no pair within.
    count : int
        How many permutations were taken.
    exact : bool
        Whether these are all that there are.
    """

    p: np.ndarray
    count: int  # type: ignore[assignment] # a tuple's method of this name is not used
    exact: bool


def permutation_test(
    square: np.ndarray, codes: np.ndarray, permutations: int, seed: int, *, block: int = _BLOCK
) -> Permutation:
    """Test whether images of a category are more alike than if categories were dealt out at random.

    Which image is of which category is permuted, so that categories keep their sizes. p = (1 + permutations
    whose `Means.clustering` is at least as large) / (1 + permutations). Where the images can be divided in
    no more than 1 + `permutations` ways, each is taken once, and p is exact. The mean over all pairs stays
    as it is, so that of all categories the test by `Means.index` is the same.

    Parameters
    ----------
    square : float64 array (image, image)
    codes : int array (image,)
        The category of each image, 0, 1, 2, …
    permutations, seed : int
        The permutations depend on the seed and the sizes of categories alone: all RDMs share them.
    block : int
        Values in memory at once.
    """
    categories = int(codes.max()) + 1
    scaled = square / (np.abs(square).max() or 1)
    actual = means(scaled, counts_of(codes, categories)).clustering
    larger, taken = np.zeros(len(actual), int), 0
    for other in arrangements(codes, permutations, seed, max(1, block // (categories * len(codes)))):
        null = means(scaled, counts_of(other, categories)).clustering
        larger += (null >= actual[:, None] - ROUNDING).sum(1)
        taken += len(other)
    p = np.where(np.isnan(actual), np.nan, (1 + larger) / (1 + taken))
    return Permutation(p, taken, taken == arrangements_of(codes) - 1)


def arrangements_of(codes: np.ndarray) -> int:
    """Return in how many ways the images can be divided into categories of these sizes."""
    return factorial(len(codes)) // prod(factorial(int(size)) for size in np.bincount(codes))


def arrangements(codes: np.ndarray, permutations: int, seed: int, step: int) -> Iterator[np.ndarray]:
    """Yield other categories of the images, int array (at most `step`, image): all, or random ones."""
    every = arrangements_of(codes)
    if every - 1 > permutations:
        generator = np.random.default_rng(derive(seed, "categories", *np.bincount(codes)))
        ordered = np.sort(codes)  # so that the order of images does not matter for which are drawn
        for start in range(0, permutations, step):
            yield np.array([generator.permutation(ordered) for _ in range(min(step, permutations - start))])
        return
    found: list[np.ndarray] = []
    for other in _all_arrangements(np.bincount(codes)):
        if (other != codes).any():
            found.append(other)
        if len(found) == step:
            yield np.array(found)
            found = []
    if found:
        yield np.array(found)


def _all_arrangements(sizes: np.ndarray) -> Iterator[np.ndarray]:
    """Yield every division of images into categories of these sizes once, int array (image,)."""
    if len(sizes) == 1:
        yield np.zeros(sizes[0], int)
        return
    for rest in _all_arrangements(sizes[:-1]):
        for places in combinations(range(len(rest) + int(sizes[-1])), int(sizes[-1])):
            found = np.full(len(rest) + len(places), len(sizes) - 1)
            found[np.setdiff1d(np.arange(len(found)), places)] = rest
            yield found


def image_draws(codes: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Draw the images of each category again with replacement: float64 array (category, resample, image).

    Categories keep their sizes: they are what was chosen, their images stand for others.
    """
    generator = np.random.default_rng(derive(seed, "images of categories", *np.bincount(codes)))
    counts = np.zeros((int(codes.max()) + 1, resamples, len(codes)))
    for category in range(len(counts)):
        own = np.flatnonzero(codes == category)
        counts[category][:, own] = generator.multinomial(len(own), np.full(len(own), 1 / len(own)), resamples)
    return counts


def resampled_means(square: np.ndarray, draws: np.ndarray, *, block: int = _BLOCK) -> Means:
    """Average an RDM of images drawn again; see `means`.

    Parameters
    ----------
    square : float64 array (image, image)
    draws : float64 array (category, resample, image)
        What `image_draws` gives.

    Returns
    -------
    Means
        Over (1 + category, resample). NaN where a sample has copies of one image alone.
    """
    step = max(1, block // (draws.shape[0] * draws.shape[2]))
    parts = [means(square, draws[:, start : start + step]) for start in range(0, draws.shape[1], step)]
    columns = ([part.within for part in parts], [part.between for part in parts])
    return Means(*(np.concatenate(column, axis=1) for column in columns))

"""Which models' RDMs are like measured ones: similarities with intervals, noise ceilings and tests.

Comparisons, variances from bootstraps and the tests are rsatoolbox's, noise ceilings the same as its (Schütt
et al., eLife 12:e82566, 2023). Resampling is done here, with a seed of its own (rsatoolbox draws from numpy's
global state) and for all models at once: the same samples give the same numbers in a small part of the
time. Three things differ:

- Similarities and ceilings are those of the data; rsatoolbox reports means over bootstrap samples.
- A sample that consists of copies of one RDM has no noise ceiling; rsatoolbox takes it for 1.
- With two factors, no variance is smaller than that of one factor alone; rsatoolbox's last step, a limit
  that lacks the correction for few of them, makes it so.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from repscape.errors import DataError

Bootstrap = Literal["entries", "sets", "repeats", "both"]

# What the comparisons of `repscape.rdms.comparison` are called in rsatoolbox
METHODS = {
    "pearson": "corr",
    "spearman": "spearman",
    "kendall": "tau-a",
    "cosine": "cosine",
    "whitened_pearson": "corr_cov",
    "whitened_cosine": "cosine_cov",
}
LEVEL = 0.95
FEWEST_ENTRIES = 3  # different ones in a bootstrap sample, as in rsatoolbox
_MOST_WHITENED = 99  # entries with which rsatoolbox 0.3.2 can whiten RDMs that lack pairs


class Inference(NamedTuple):
    """How like the data each model is.

    Attributes
    ----------
    similarity : float64 array (model,)
        Mean over sets and repeats of the data.
    sem, low, high : float64 arrays (model,)
        Standard error, and the limits of the 95% interval by Student's t.
    ceiling : float64 array (2,)
        Lower and upper noise ceiling; NaN with one RDM a set.
    p_zero : float64 array (model,)
        One-sided: more similar than 0.
    p_ceiling : float64 array (model,)
        Two-sided, against the lower ceiling; NaN where there is none.
    p_pair : float64 array (model, model)
        Two-sided, for a difference of two models; NaN on the diagonal.
    dof : int
        Degrees of freedom of the tests: the number of what is resampled (the smaller) − 1.
    each : float64 array (model, set, repeat)
        The similarities that `similarity` is the mean of.
    resampled : float64 array (resample, model)
        Of the samples (with both factors, those in which both are resampled); NaN where a sample
        had too few different entries.
    """

    similarity: np.ndarray
    sem: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ceiling: np.ndarray
    p_zero: np.ndarray
    p_ceiling: np.ndarray
    p_pair: np.ndarray
    dof: int
    each: np.ndarray
    resampled: np.ndarray


class Sample(NamedTuple):
    """What a bootstrap sample consists of; None: of everything, once.

    Attributes
    ----------
    sets, repeats : int array or None
    entries : list of int arrays, one a set, or None
    """

    sets: np.ndarray | None = None
    repeats: np.ndarray | None = None
    entries: list[np.ndarray] | None = None


def infer(
    data: Sequence[np.ndarray],
    models: Sequence[np.ndarray],
    *,
    comparison: str = "pearson",
    bootstrap: Bootstrap,
    resamples: int = 1000,
    seed: int = 0,
) -> Inference:
    """Compare models with data, and say how sure that is.

    What is resampled is what the result speaks about beyond these data: other entries (images) of the
    same kind, other sets of them, or other repeats (subjects, sessions, draws of units). `both`
    resamples entries, or where there are several sets these, and repeats; the variances of the
    three bootstraps are combined so that neither factor counts twice (Schütt et al. 2023, eq. 10-12).
    Pairs of two copies of one entry are left out. A set of which two copies were drawn counts twice.

    Parameters
    ----------
    data : sequence of float arrays (repeat, pair)
        One a set of entries, with the same repeats in the same order. All values finite.
    models : sequence of float arrays (model, pair)
        One a set, with the same models in the same order. All values finite.
    comparison : a key of `METHODS`
    bootstrap : {"entries", "sets", "repeats", "both"}
    resamples : int
    seed : int

    Returns
    -------
    Inference

    Raises
    ------
    DataError
        There are too few sets, repeats or entries to resample, or too many for rsatoolbox.
    """
    from rsatoolbox.inference import Result
    from rsatoolbox.model import ModelFixed
    from rsatoolbox.rdm import RDMs

    method = METHODS[comparison]
    factors = factors_of(bootstrap, len(data))
    sizes = _sizes(data)
    check(sizes, factors, comparison)
    repeats = sizes["repeats"]
    each = np.stack([_compared(m, d, method) for m, d in zip(models, data, strict=True)], axis=1)
    ceilings = np.array([_ceiling(d, np.arange(repeats), method) for d in data])
    similarity, ceiling = each.mean((1, 2)), ceilings.mean(0)

    drawn = samples(factors, [_entries(d) for d in data], repeats, resamples, seed)
    with_ceiling = repeats > 1
    found = np.array([_evaluated(together, data, models, each, ceilings, method) for together in drawn])
    resampled = found[:, 0, : len(similarity)]
    covariances = [_covariance(kind if with_ceiling else kind[:, :-2]) for kind in found.swapaxes(0, 1)]
    counts = _counts(factors, sizes)

    def result_of(variances: np.ndarray, **counts) -> Result:
        return Result(
            [ModelFixed(str(at), RDMs(models[0][at][None])) for at in range(len(similarity))],
            similarity[None],
            method=method,
            cv_method="bootstrap",
            noise_ceiling=ceiling,
            variances=variances,
            dof=min(count for count in counts.values() if count) - 1,
            **counts,
        )

    if len(covariances) == 1:
        result = result_of(covariances[0], **counts)
    else:
        result = result_of(np.array(covariances), **counts)
        alone = [
            result_of(covariance, **(counts | {other: None}))
            for covariance, other in zip(covariances[1:], ("n_pattern", "n_rdm"), strict=True)
        ]
        for name in ("model_var", "diff_var", "noise_ceil_var"):
            largest = np.maximum.reduce([getattr(one, name) for one in (result, *alone)])
            setattr(result, name, largest)
    low, high = result.get_ci(LEVEL, "t-test")
    p_pair = result.test_pairwise("t-test") if len(similarity) > 1 else np.ones((1, 1))
    np.fill_diagonal(p_pair, np.nan)
    p_ceiling = result.test_noise("t-test") if with_ceiling else np.full(len(similarity), np.nan)
    return Inference(
        similarity=similarity,
        sem=np.atleast_1d(result.get_sem()),
        low=np.atleast_1d(low),
        high=np.atleast_1d(high),
        ceiling=ceiling,
        p_zero=result.test_zero("t-test"),
        p_ceiling=p_ceiling,
        p_pair=p_pair,
        dof=int(result.dof),
        each=each,
        resampled=resampled,
    )


def factors_of(bootstrap: Bootstrap, sets: int) -> tuple[str, ...]:
    """Name what is resampled; of both, repeats and sets, or entries where there is one set."""
    if bootstrap == "both":
        return ("repeats", "sets" if sets > 1 else "entries")
    return (bootstrap,)


def check(sizes: dict[str, int], factors: Sequence[str], comparison: str) -> None:
    """Refuse what cannot be resampled.

    Parameters
    ----------
    sizes : dict
        How many ``sets``, ``repeats`` (of all sets) and ``entries`` (of the smallest set; ``most``, of the
        largest) there are.
    factors : what `factors_of` gives
    comparison : str

    Raises
    ------
    DataError
    """
    fewest = {"sets": 2, "repeats": 2, "entries": FEWEST_ENTRIES + 1}
    for factor in factors:
        if sizes[factor] < fewest[factor]:
            of = " in each set" if factor == "entries" else ""
            others = " or ".join(
                name for name, least in fewest.items() if name not in factors and sizes[name] >= least
            )
            raise DataError(
                f"bootstrap: to resample {factor}, expected at least {fewest[factor]} of them{of}, found "
                f"{sizes[factor]}. " + (f"Resample {others}." if others else "Give more data.")
            )
    if "entries" in factors and comparison.startswith("whitened") and sizes["most"] > _MOST_WHITENED:
        raise DataError(
            f"comparison: with more than {_MOST_WHITENED} entries (found {sizes['most']}) rsatoolbox cannot "
            "whiten the samples of a bootstrap over entries, which lack pairs. Resample sets or repeats, or "
            "compare by pearson, spearman or cosine."
        )


def samples(
    factors: Sequence[str], entries: Sequence[int], repeats: int, resamples: int, seed: int
) -> Iterator[tuple[Sample, ...]]:
    """Draw bootstrap samples.

    Yields
    ------
    tuple of Sample
        One factor: one sample. Two: of both, of repeats alone, of the other alone, with the same draws.
    """
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        of_repeats = generator.integers(0, repeats, repeats) if "repeats" in factors else None
        of_sets = generator.integers(0, len(entries), len(entries)) if "sets" in factors else None
        of_entries = [generator.integers(0, n, n) for n in entries] if "entries" in factors else None
        whole = Sample(of_sets, of_repeats, of_entries)
        if len(factors) == 1:
            yield (whole,)
        else:
            yield whole, Sample(repeats=of_repeats), Sample(sets=of_sets, entries=of_entries)


def corrected(p: np.ndarray, method: Literal["holm", "fdr"]) -> np.ndarray:
    """Correct p for how many tests there are; NaN are no tests.

    Parameters
    ----------
    p : float array of any shape
    method : {"holm", "fdr"}
        Holm's bound on the chance of any false positive (Scand. J. Statist. 6:65, 1979), under any
        dependence; or the expected share of false ones among the positives (Benjamini & Hochberg, J.
        R. Statist. Soc. B 57:289, 1995), for tests that are independent or positively dependent.
    """
    from scipy.stats import false_discovery_control

    found = np.full(p.shape, np.nan)
    tests = p[np.isfinite(p)]
    if not tests.size:
        return found
    if method == "fdr":
        found[np.isfinite(p)] = false_discovery_control(tests)
        return found
    order = np.argsort(tests, kind="stable")
    adjusted = np.maximum.accumulate(tests[order] * np.arange(len(tests), 0, -1))
    holm = np.empty_like(adjusted)
    holm[order] = np.minimum(adjusted, 1)
    found[np.isfinite(p)] = holm
    return found


def corrected_pairs(p: np.ndarray, method: Literal["holm", "fdr"]) -> np.ndarray:
    """Correct a symmetric matrix of p, each pair counted once."""
    first, second = np.triu_indices(len(p), 1)
    found = np.full(p.shape, np.nan)
    found[first, second] = found[second, first] = corrected(p[first, second], method)
    return found


def _sizes(data: Sequence[np.ndarray]) -> dict[str, int]:
    entries = [_entries(rdms) for rdms in data]
    return {"sets": len(data), "repeats": len(data[0]), "entries": min(entries), "most": max(entries)}


def _entries(rdms: np.ndarray) -> int:
    return (1 + int(np.sqrt(1 + 8 * rdms.shape[1]))) // 2


def _counts(factors: Sequence[str], sizes: dict[str, int]) -> dict[str, int | None]:
    """Return how many were resampled, as rsatoolbox's `Result` takes them to correct for small samples."""
    others = [sizes[factor] for factor in factors if factor != "repeats"]
    return {
        "n_rdm": sizes["repeats"] if "repeats" in factors else None,
        "n_pattern": others[0] if others else None,
    }


def _compared(models: np.ndarray, data: np.ndarray, method: str) -> np.ndarray:
    """Return the similarities (model, repeat); values that are NaN in all are left out."""
    from rsatoolbox.rdm import compare

    return compare(models, data, method)


def _ceiling(data: np.ndarray, numbers: np.ndarray, method: str) -> tuple[float, float]:
    """Return the noise ceiling of RDMs; copies of one have the same number.

    As rsatoolbox's `boot_noise_ceiling`, each RDM normalised or ranked once: how similar RDMs are to the mean
    of those with other numbers, and of all. For Kendall's τ the best common RDM is not known; mean ranks
    are near it.
    """
    different = np.unique(numbers)
    if len(different) < 2:
        return np.nan, np.nan
    used = np.isfinite(data).all(0)
    normalised = np.full(data.shape, np.nan)
    normalised[:, used] = _NORMALISED[method](data[:, used])
    groups = numbers == different[:, None]
    pooled = np.array([normalised[~group].mean(0) for group in groups] + [normalised.mean(0)])
    if method == "tau-a":  # slow: only what is needed
        similarities = np.full((len(pooled), len(data)), np.nan)
        for at, group in enumerate(groups):
            similarities[np.ix_([at, -1], group)] = _compared(pooled[[at, -1]], data[group], method)
    else:
        similarities = _compared(pooled, data, method)
    lower = np.mean([similarities[at, group].mean() for at, group in enumerate(groups)])
    upper = np.mean([similarities[-1, group].mean() for group in groups])
    return float(lower), float(upper)


def _root_mean_square_one(rows: np.ndarray) -> np.ndarray:
    return rows / np.sqrt((rows**2).mean(1, keepdims=True))


def _standard(rows: np.ndarray) -> np.ndarray:
    return _root_mean_square_one(rows - rows.mean(1, keepdims=True))


def _ranks(rows: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return rankdata(rows, axis=1)


# How rsatoolbox's `pool_rdm` brings RDMs together before it averages them
_NORMALISED = {
    "corr": _standard,
    "corr_cov": _standard,
    "cosine": _root_mean_square_one,
    "cosine_cov": _root_mean_square_one,
    "spearman": _ranks,
    "tau-a": _ranks,
}


def _evaluated(together: Sequence[Sample], data, models, each, ceilings, method: str) -> np.ndarray:
    """Return the similarity of each model in samples with the same entries, and their ceilings.

    Returns
    -------
    float64 array (sample, model + 2)
    """
    every = np.arange(each.shape[2])
    of_entries: dict[int, tuple | None] = {}  # what two samples share
    found = []
    for sample in together:
        repeats = every if sample.repeats is None else sample.repeats
        sets = range(len(data)) if sample.sets is None else sample.sets.tolist()
        by_set: dict[int, np.ndarray] = {}
        for at in set(sets):
            similarity, measured = each[:, at], data[at]
            if sample.entries is not None:
                if at not in of_entries:
                    of_entries[at] = _with_entries(sample.entries[at], data[at], models[at], method)
                if of_entries[at] is None:
                    by_set[at] = np.full(len(each) + 2, np.nan)
                    continue
                similarity, measured = of_entries[at]
            as_it_is = sample.entries is None and sample.repeats is None
            ceiling = ceilings[at] if as_it_is else _ceiling(measured[repeats], repeats, method)
            by_set[at] = np.append(similarity[:, repeats].mean(1), ceiling)
        found.append(np.mean([by_set[at] for at in sets], axis=0))
    return np.array(found)


def _with_entries(drawn: np.ndarray, data: np.ndarray, models: np.ndarray, method: str) -> tuple | None:
    """Return similarities (model, repeat) and data of the entries drawn; None where too few are different."""
    taken = _resampled(drawn)
    if taken is None:
        return None
    of_data, of_models = data[:, taken.places], models[:, taken.places]
    of_data[:, taken.copies] = of_models[:, taken.copies] = np.nan
    return _compared(of_models, of_data, method), of_data


class _Taken(NamedTuple):
    """Which pairs a sample of entries has, and which of them are of two copies of one entry."""

    places: np.ndarray
    copies: np.ndarray


def _resampled(drawn: np.ndarray) -> _Taken | None:
    """Find the pairs of entries drawn; None where too few are different."""
    n = len(drawn)
    drawn = np.sort(drawn)
    if len(np.unique(drawn)) < FEWEST_ENTRIES:
        return None
    first, second = np.triu_indices(n, 1)
    i, j = drawn[first], drawn[second]
    copies = i == j
    places = i * (2 * n - i - 1) // 2 + j - i - 1
    places[copies] = 0
    return _Taken(places, copies)


def _covariance(found: np.ndarray) -> np.ndarray:
    """Return the covariance over samples; ceilings that a sample does not have are as on average."""
    used = found[np.isfinite(found[:, 0])]
    if len(used) < 2:
        raise DataError(
            "bootstrap: hardly any sample had enough different entries. Resample sets or repeats instead."
        )
    there = np.isfinite(used)
    means = np.where(there, used, 0).sum(0) / np.maximum(there.sum(0), 1)
    return np.atleast_2d(np.cov(np.where(there, used, means).T))

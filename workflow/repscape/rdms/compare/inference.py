"""Which models' RDMs are like measured ones: similarities with intervals, noise ceilings and tests.

Similaritys, variances from bootstraps and the tests are rsatoolbox's, noise ceilings the same as its (Schütt
et al., eLife 12:e82566, 2023). Resampling is done here, with a seed of its own (rsatoolbox draws from numpy's
global state) and for all models at once: the same samples give the same numbers in a small part of the
time. Three things differ:

- Similarities and ceilings are those of the data; rsatoolbox reports means over bootstrap samples.
- A sample that consists of copies of one RDM has no noise ceiling; rsatoolbox takes it for 1.
- With two factors, no variance is smaller than that of one factor alone; rsatoolbox's last step, a limit
  that lacks the correction for few of them, makes it so.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, cast

import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.ranks import in_order
from repscape.rdms.compare.comparison import COMPARISONS, Similarity
from repscape.rdms.compare.noise_ceiling import noise_ceiling, similarities, split_half_ceiling
from repscape.rdms.compare.significance import student_interval
from repscape.rdms.condensed import condensed_index, entries_of, flush_rounding

Bootstrap = Literal["entries", "sets", "repeats", "units", "both"]

FEWEST_ENTRIES = 3  # different ones in a bootstrap sample, as in rsatoolbox


class Inference(NamedTuple):
    """How like the data each model is.

    Attributes
    ----------
    similarity : float64 array (model,)
        Mean over sets and repeats of the data.
    sem, low, high : float64 arrays (model,)
        Standard error, and the limits of the 95% interval by Student's t, within −1 and 1.
    ceiling : float64 array (2,)
        Lower and upper noise ceiling; NaN with one RDM a set.
    p_zero : float64 array (model,)
        One-sided: more similar than 0.
    p_ceiling : float64 array (model,)
        Two-sided, against the lower ceiling; NaN where there is none.
    p_pair : float64 array (model, model)
        Two-sided, for a difference of two models; NaN on the diagonal.
    sem_pair : float64 array (model, model)
        Standard errors of these differences.
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
    sem_pair: np.ndarray
    dof: int
    each: np.ndarray
    resampled: np.ndarray


class Sample(NamedTuple):
    """What a bootstrap sample consists of; None: of everything, once.

    Attributes
    ----------
    sets, repeats : int array or None
    entries : list of int arrays, one a set, or None
    units : int or None
        Which of the RDMs of samples of units.
    """

    sets: np.ndarray | None = None
    repeats: np.ndarray | None = None
    entries: list[np.ndarray] | None = None
    units: int | None = None


class Units(NamedTuple):
    """The data's units, and RDMs of bootstrap samples of them.

    Attributes
    ----------
    count : int
        How many there are.
    resampled : sequence of float arrays (sample, repeat, pair)
        One a set. In each sample units were drawn with replacement, as many as there are, the same for
        all sets and repeats.
    """

    count: int  # type: ignore[assignment] # a tuple's method of this name is not used
    resampled: Sequence[np.ndarray]


def infer(
    data: Sequence[np.ndarray],
    models: Sequence[np.ndarray],
    *,
    comparison: Similarity = "pearson",
    bootstrap: Bootstrap,
    resamples: int = 1000,
    seed: int = 0,
    units: Units | None = None,
    halves: bool = False,
) -> Inference:
    """Compare models with data, and say how sure that is.

    What is resampled is what the result speaks about beyond these data: other entries (images) of the
    same kind, other sets of them, other repeats (subjects, sessions, draws of units) or other units of
    the data. `both` resamples entries, or where there are several sets these, and units, or where RDMs
    of samples of these are not given, repeats; the variances of the three bootstraps are combined so that
    neither factor counts twice (Schütt et al. 2023, eq. 10-12). Pairs of two copies of one entry are left
    out. A set of which two copies were drawn counts twice. Samples of units serve one after the other, and
    again where there are fewer than resamples.

    Parameters
    ----------
    data : sequence of float arrays (repeat, pair)
        One a set of entries, with the same repeats in the same order. All values finite.
    models : sequence of float arrays (model, pair)
        One a set, with the same models in the same order. All values finite.
    comparison : a `Similarity`
    bootstrap : {"entries", "sets", "repeats", "units", "both"}
    resamples : int
    seed : int
    units : Units, optional
    halves : bool
        Whether the repeats are halves of the same trials, the two of each way to split them one after the
        other. Ways to split are not independent: the ceiling is the mean of theirs, and `repeats` cannot
        be resampled.

    Returns
    -------
    Inference

    Raises
    ------
    DataError
        There are too few sets, repeats, entries or units to resample.
    """
    from rsatoolbox.inference import Result
    from rsatoolbox.model import ModelFixed
    from rsatoolbox.rdm import RDMs

    data, models = ([flush_rounding(rows) for rows in sets] for sets in (data, models))
    factors = factors_of(bootstrap, len(data), units is not None)
    repeats = len(data[0])
    sizes = _sizes(data, units, halves)
    check(sizes, factors)
    each = np.stack([similarities(m, d, comparison) for m, d in zip(models, data, strict=True)], axis=1)
    ceilings = np.array([_ceiling(d, np.arange(repeats), comparison, halves) for d in data])
    similarity, ceiling = each.mean((1, 2)), ceilings.mean(0)

    of_units = len(units.resampled[0]) if units and "units" in factors else 0
    drawn = samples(factors, [entries_of(d.shape[1]) for d in data], repeats, resamples, seed, of_units)
    with_ceiling = repeats > 1
    evaluate = _Evaluation(data, models, each, ceilings, comparison, units, halves)
    found = np.array([evaluate(together) for together in drawn])
    resampled = found[:, 0, : len(similarity)]
    covariances = [_covariance(kind if with_ceiling else kind[:, :-2]) for kind in found.swapaxes(0, 1)]
    counts = _counts(factors, sizes)

    def result_of(variances: np.ndarray, **counts) -> Result:
        return Result(
            [ModelFixed(str(at), RDMs(models[0][at][None])) for at in range(len(similarity))],
            similarity[None],
            method=COMPARISONS[comparison].rsatoolbox,
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
    sem = np.atleast_1d(result.get_sem())
    low, high = student_interval(similarity, sem, int(result.dof))
    p_pair = result.test_pairwise("t-test") if len(similarity) > 1 else np.ones((1, 1))
    np.fill_diagonal(p_pair, np.nan)
    sem_pair = np.full(p_pair.shape, np.nan)
    if len(similarity) > 1:
        first, second = np.triu_indices(len(similarity), 1)
        sem_pair[first, second] = sem_pair[second, first] = np.sqrt(np.maximum(result.diff_var, 0))
    p_ceiling = result.test_noise("t-test") if with_ceiling else np.full(len(similarity), np.nan)
    return Inference(
        similarity=similarity,
        sem=sem,
        low=low,
        high=high,
        ceiling=ceiling,
        p_zero=result.test_zero("t-test"),
        p_ceiling=p_ceiling,
        p_pair=p_pair,
        sem_pair=sem_pair,
        dof=int(result.dof),
        each=each,
        resampled=resampled,
    )


def factors_of(bootstrap: Bootstrap, sets: int, units: bool = False) -> tuple[str, ...]:
    """Name what is resampled; of both, units (or repeats) and sets, or entries where there is one set."""
    if bootstrap == "both":
        return ("units" if units else "repeats", "sets" if sets > 1 else "entries")
    return (bootstrap,)


def check(sizes: dict[str, int], factors: Sequence[str]) -> None:
    """Refuse what cannot be resampled.

    Parameters
    ----------
    sizes : dict
        How many ``sets``, ``repeats`` (of all sets), ``entries`` (of the smallest set) and ``units`` there
        are.
    factors : what `factors_of` gives

    Raises
    ------
    DataError
    """
    fewest = {"sets": 2, "repeats": 2, "entries": FEWEST_ENTRIES + 1, "units": 2}
    for factor in factors:
        if sizes[factor] < fewest[factor]:
            of = {"entries": " in each set", "units": ", and RDMs of samples of them"}.get(factor, "")
            others = " or ".join(
                name for name, least in fewest.items() if name not in factors and sizes[name] >= least
            )
            raise DataError(
                f"bootstrap: to resample {factor}, expected at least {fewest[factor]} of them{of}, found "
                f"{sizes[factor]}. " + (f"Resample {others}." if others else "Give more data.")
            )


def samples(
    factors: Sequence[str], entries: Sequence[int], repeats: int, resamples: int, seed: int, of_units: int = 0
) -> Iterator[tuple[Sample, ...]]:
    """Draw bootstrap samples.

    Yields
    ------
    tuple of Sample
        One factor: one sample. Two: of both, of repeats or units alone, of the other alone, with the same
        draws.
    """
    generator = np.random.default_rng(seed)
    for number in range(resamples):
        of_repeats = generator.integers(0, repeats, repeats) if "repeats" in factors else None
        of_sets = generator.integers(0, len(entries), len(entries)) if "sets" in factors else None
        of_entries = [generator.integers(0, n, n) for n in entries] if "entries" in factors else None
        units = number % of_units if "units" in factors else None
        whole = Sample(of_sets, of_repeats, of_entries, units)
        if len(factors) == 1:
            yield (whole,)
        else:
            yield whole, Sample(repeats=of_repeats, units=units), Sample(sets=of_sets, entries=of_entries)


def _sizes(data: Sequence[np.ndarray], units: Units | None, halves: bool) -> dict[str, int]:
    return {
        "sets": len(data),
        "repeats": 1 if halves else len(data[0]),
        "entries": min(entries_of(d.shape[1]) for d in data),
        "units": units.count if units else 0,
    }


def _counts(factors: Sequence[str], sizes: dict[str, int]) -> dict[str, int | None]:
    """Return how many were resampled, as rsatoolbox's `Result` takes them to correct for small samples."""
    kinds = {"n_rdm": ("repeats", "units"), "n_pattern": ("sets", "entries")}
    return {
        name: next((sizes[factor] for factor in factors if factor in own), None)
        for name, own in kinds.items()
    }


def _ceiling(
    data: np.ndarray, numbers: np.ndarray, comparison: Similarity, halves: bool
) -> tuple[float, float]:
    return split_half_ceiling(data, comparison) if halves else noise_ceiling(data, numbers, comparison)


class _Evaluation:
    """The similarity of each model in bootstrap samples, and their ceilings."""

    def __init__(
        self, data, models, each, ceilings, comparison: Similarity, units: Units | None, halves: bool
    ):
        if comparison == "spearman":  # the order alone counts; sorting takes long, and is done once
            data, models = ([in_order(rows) for rows in sets] for sets in (data, models))
            units = units and Units(units.count, [in_order(rows) for rows in units.resampled])
        self.data, self.models, self.each, self.ceilings = data, models, each, ceilings
        self.comparison, self.units, self.halves = comparison, units, halves
        self.of_units: dict[tuple[int, int], tuple] = {}  # samples of units with all entries: found once

    def __call__(self, together: Sequence[Sample]) -> np.ndarray:
        """Evaluate samples with the same entries.

        Returns
        -------
        float64 array (sample, model + 2)
        """
        every = np.arange(self.each.shape[2])
        of_entries: dict[tuple, tuple | None] = {}  # what two samples share
        found = []
        for sample in together:
            repeats = every if sample.repeats is None else sample.repeats
            sets = range(len(self.data)) if sample.sets is None else sample.sets.tolist()
            by_set: dict[int, np.ndarray] = {}
            for at in set(sets):
                if sample.entries is None:
                    similarity, measured, ceiling = self._whole(at, sample.units)
                else:
                    key = at, sample.units
                    if key not in of_entries:
                        of_entries[key] = self._with_entries(at, sample.entries[at], sample.units)
                    both = of_entries[key]
                    if both is None:
                        by_set[at] = np.full(len(self.each) + 2, np.nan)
                        continue
                    similarity, measured = both
                    ceiling = None
                if ceiling is None or sample.repeats is not None:
                    ceiling = _ceiling(measured[repeats], repeats, self.comparison, self.halves)
                by_set[at] = np.append(similarity[:, repeats].mean(1), ceiling)
            found.append(np.mean([by_set[at] for at in sets], axis=0))
        return np.array(found)

    def _whole(self, at: int, units: int | None) -> tuple:
        """Return similarities (model, repeat), data and ceiling of all entries of a set."""
        if units is None:
            return self.each[:, at], self.data[at], self.ceilings[at]
        if (at, units) not in self.of_units:
            measured = self._of_units(at, units)
            similarity = similarities(self.models[at], measured, self.comparison)
            ceiling = _ceiling(measured, np.arange(len(measured)), self.comparison, self.halves)
            self.of_units[at, units] = similarity, measured, ceiling
        return self.of_units[at, units]

    def _of_units(self, at: int, units: int) -> np.ndarray:
        """Return a set's RDMs of one sample of units."""
        return cast(Units, self.units).resampled[at][units]

    def _with_entries(self, at: int, entries: np.ndarray, units: int | None) -> tuple | None:
        """Return similarities and data of the entries drawn; None where too few are different."""
        taken = _resampled(entries)
        if taken is None:
            return None
        measured = self.data[at] if units is None else self._of_units(at, units)
        of_data, of_models = measured[:, taken.places], self.models[at][:, taken.places]
        of_data[:, taken.copies] = of_models[:, taken.copies] = np.nan
        return similarities(of_models, of_data, self.comparison), of_data


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
    return _Taken(np.where(copies, 0, condensed_index(i, j, n)), copies)


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

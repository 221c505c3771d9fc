"""Which models' RDMs are like measured ones: similarities with intervals, noise ceilings and tests.

Comparisons, variances from bootstraps and the tests are rsatoolbox's, noise ceilings the same as its (Schütt
et al., eLife 12:e82566, 2023). Resampling is done here, with a seed (rsatoolbox draws from numpy's
global state) and for all models at once: the same samples give the same numbers in a small part of the
time. Three things differ:

- Similarities and ceilings are those of the data; rsatoolbox reports means over bootstrap samples.
- A sample that consists of copies of one RDM has no noise ceiling; rsatoolbox takes it for 1.
- With two factors, no variance is smaller than that of one factor alone; rsatoolbox's last step, a limit
  that lacks the correction for few of them, makes it so.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError
from repscape.rdms.compare.bootstrap import Bootstrap, Evaluation, Units, check_sizes, factors_of, samples
from repscape.rdms.compare.comparison import COMPARISONS, Similarity
from repscape.rdms.compare.significance import student_interval
from repscape.rdms.condensed import entries_of, flush_rounding


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
    data, models = ([flush_rounding(rows) for rows in sets] for sets in (data, models))
    factors = factors_of(bootstrap, len(data), units is not None)
    sizes = {
        "sets": len(data),
        "repeats": 1 if halves else len(data[0]),
        "entries": min(entries_of(d.shape[1]) for d in data),
        "units": units.count if units else 0,
    }
    check_sizes(sizes, factors)
    evaluate = Evaluation(data, models, comparison, units, halves)
    found = np.array([evaluate(together) for together in samples(factors, data, resamples, seed, units)])
    with_ceiling = len(data[0]) > 1
    covariances = [_covariance(kind if with_ceiling else kind[:, :-2]) for kind in found.swapaxes(0, 1)]
    result = _result(evaluate, models[0], comparison, covariances, _counts(factors, sizes))
    return _tested(result, evaluate, found[:, 0, : len(models[0])], with_ceiling)


def _counts(factors: Sequence[str], sizes: dict[str, int]) -> dict[str, int | None]:
    """Return how many were resampled, as rsatoolbox's `Result` takes them to correct for small samples."""
    kinds = {"n_rdm": ("repeats", "units"), "n_pattern": ("sets", "entries")}
    return {
        name: next((sizes[factor] for factor in factors if factor in of_kind), None)
        for name, of_kind in kinds.items()
    }


def _result(evaluate: Evaluation, models: np.ndarray, comparison, covariances: list[np.ndarray], counts):
    """Return rsatoolbox's `Result`, with variances that are no smaller than those of each factor alone."""
    from rsatoolbox.inference import Result
    from rsatoolbox.model import ModelFixed
    from rsatoolbox.rdm import RDMs

    def result_of(variances: np.ndarray, **counts) -> Result:
        return Result(
            [ModelFixed(str(at), RDMs(model[None])) for at, model in enumerate(models)],
            evaluate.similarity[None],
            method=COMPARISONS[comparison].rsatoolbox,
            cv_method="bootstrap",
            noise_ceiling=evaluate.ceiling,
            variances=variances,
            dof=min(count for count in counts.values() if count) - 1,
            **counts,
        )

    if len(covariances) == 1:
        return result_of(covariances[0], **counts)
    result = result_of(np.array(covariances), **counts)
    alone = [
        result_of(covariance, **(counts | {other: None}))
        for covariance, other in zip(covariances[1:], ("n_pattern", "n_rdm"), strict=True)
    ]
    for name in ("model_var", "diff_var", "noise_ceil_var"):
        setattr(result, name, np.maximum.reduce([getattr(one, name) for one in (result, *alone)]))
    return result


def _tested(result, evaluate: Evaluation, resampled: np.ndarray, with_ceiling: bool) -> Inference:
    """Take intervals and tests from rsatoolbox's `Result`."""
    similarity = evaluate.similarity
    models = len(similarity)
    sem = np.atleast_1d(result.get_sem())
    low, high = student_interval(similarity, sem, int(result.dof))
    p_pair = result.test_pairwise("t-test") if models > 1 else np.ones((1, 1))
    np.fill_diagonal(p_pair, np.nan)
    sem_pair = np.full(p_pair.shape, np.nan)
    if models > 1:
        first, second = np.triu_indices(models, 1)
        sem_pair[first, second] = sem_pair[second, first] = np.sqrt(np.maximum(result.diff_var, 0))
    return Inference(
        similarity=similarity,
        sem=sem,
        low=low,
        high=high,
        ceiling=evaluate.ceiling,
        p_zero=result.test_zero("t-test"),
        p_ceiling=result.test_noise("t-test") if with_ceiling else np.full(models, np.nan),
        p_pair=p_pair,
        sem_pair=sem_pair,
        dof=int(result.dof),
        each=evaluate.each,
        resampled=resampled,
    )


def _covariance(found: np.ndarray) -> np.ndarray:
    """Return the covariance over samples; ceilings that a sample does not have are as on average."""
    used = found[np.isfinite(found[:, 0])]
    if len(used) < 2:
        raise DataError(
            "bootstrap: too few samples had enough different entries. Resample sets or repeats instead."
        )
    there = np.isfinite(used)
    means = np.where(there, used, 0).sum(0) / np.maximum(there.sum(0), 1)
    return np.atleast_2d(np.cov(np.where(there, used, means).T))

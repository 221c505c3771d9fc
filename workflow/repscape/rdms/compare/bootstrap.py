"""Bootstrap samples of RDMs: what is resampled, and how like the data models are in each sample."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, cast

import numpy as np

from repscape.core.errors import DataError
from repscape.metrics.lib.ranks import in_order
from repscape.rdms.compare.comparison import COMPARISONS, Similarity
from repscape.rdms.compare.noise_ceiling import noise_ceiling, similarities, split_half_ceiling
from repscape.rdms.condensed import condensed_index, entries_of

Bootstrap = Literal["entries", "sets", "repeats", "units", "both"]

FEWEST_ENTRIES = 3  # different ones in a bootstrap sample, as in rsatoolbox


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


def factors_of(bootstrap: Bootstrap, sets: int, units: bool = False) -> tuple[str, ...]:
    """Name what is resampled; of both, units (or repeats) and sets, or entries where there is one set."""
    if bootstrap == "both":
        return ("units" if units else "repeats", "sets" if sets > 1 else "entries")
    return (bootstrap,)


def check_sizes(sizes: dict[str, int], factors: Sequence[str]) -> None:
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
                f"{sizes[factor]}. " + (f"Resample {others}." if others else "Add data.")
            )


def samples(
    factors: Sequence[str], data: Sequence[np.ndarray], resamples: int, seed: int, units: Units | None = None
) -> Iterator[tuple[Sample, ...]]:
    """Draw bootstrap samples of data, a sequence of float arrays (repeat, pair).

    Yields
    ------
    tuple of Sample
        One factor: one sample. Two: of both, of repeats or units alone, of the other alone, with the same
        draws.
    """
    generator = np.random.default_rng(seed)
    repeats, entries = len(data[0]), [entries_of(one.shape[1]) for one in data]
    for number in range(resamples):
        of_repeats = generator.integers(0, repeats, repeats) if "repeats" in factors else None
        of_sets = generator.integers(0, len(entries), len(entries)) if "sets" in factors else None
        of_entries = [generator.integers(0, n, n) for n in entries] if "entries" in factors else None
        of_units = number % len(units.resampled[0]) if units and "units" in factors else None
        whole = Sample(of_sets, of_repeats, of_entries, of_units)
        if len(factors) == 1:
            yield (whole,)
        else:
            yield whole, Sample(repeats=of_repeats, units=of_units), Sample(sets=of_sets, entries=of_entries)


def _ceiling(
    data: np.ndarray, numbers: np.ndarray, comparison: Similarity, halves: bool
) -> tuple[float, float]:
    return split_half_ceiling(data, comparison) if halves else noise_ceiling(data, numbers, comparison)


class Evaluation:
    """The similarity of each model in bootstrap samples, and their ceilings.

    Attributes
    ----------
    each : float64 array (model, set, repeat)
        Similarities in the data themselves.
    similarity : float64 array (model,)
        Their means.
    ceilings : float64 array (set, 2)
    ceiling : float64 array (2,)
        Lower and upper, mean over sets.
    """

    def __init__(
        self,
        data: Sequence[np.ndarray],
        models: Sequence[np.ndarray],
        comparison: Similarity,
        units: Units | None,
        halves: bool,
    ):
        """Evaluate the data themselves."""
        self.each = np.stack(
            [similarities(m, d, comparison) for m, d in zip(models, data, strict=True)], axis=1
        )
        self.ceilings = np.array([_ceiling(d, np.arange(len(d)), comparison, halves) for d in data])
        self.similarity, self.ceiling = self.each.mean((1, 2)), self.ceilings.mean(0)
        if COMPARISONS[comparison].ranked:  # the order alone counts; sorting takes long, and is done once
            data, models = ([in_order(rows) for rows in sets] for sets in (data, models))
            units = units and Units(units.count, [in_order(rows) for rows in units.resampled])
        self.data, self.models = data, models
        self.comparison, self.units, self.halves = comparison, units, halves
        self.of_units: dict[tuple[int, int], tuple] = {}  # samples of units with all entries: found once

    def __call__(self, together: Sequence[Sample]) -> np.ndarray:
        """Evaluate samples with the same entries.

        Returns
        -------
        float64 array (sample, model + 2)
        """
        of_entries: dict[tuple, tuple | None] = {}  # what two samples share
        return np.array([self._evaluate(sample, of_entries) for sample in together])

    def _evaluate(self, sample: Sample, of_entries: dict[tuple, tuple | None]) -> np.ndarray:
        """Return means over the sets and repeats of a sample, and ceilings: float64 array (model + 2,)."""
        repeats = np.arange(self.each.shape[2]) if sample.repeats is None else sample.repeats
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
        return np.mean([by_set[at] for at in sets], axis=0)

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
        of_data, of_models = measured[:, taken.pairs], self.models[at][:, taken.pairs]
        of_data[:, taken.copies] = of_models[:, taken.copies] = np.nan
        return similarities(of_models, of_data, self.comparison), of_data


class _Taken(NamedTuple):
    """Which pairs a sample of entries has, and which of them are of two copies of one entry."""

    pairs: np.ndarray
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

"""Inference against rsatoolbox's own, with the same samples, and against formulae."""

from typing import get_args

import numpy as np
import pytest
import rsatoolbox.inference as theirs
from rsatoolbox.inference import evaluate
from rsatoolbox.model import ModelFixed
from rsatoolbox.rdm import RDMs
from scipy import stats
from scipy.spatial.distance import pdist, squareform
from statsmodels.stats.multitest import multipletests

from repscape.core.errors import DataError
from repscape.rdms.compare.bootstrap import Units, samples
from repscape.rdms.compare.comparison import COMPARISONS, Similarity
from repscape.rdms.compare.inference import infer
from repscape.rdms.compare.noise_ceiling import reliability
from repscape.rdms.compare.significance import corrected, corrected_pairs, student_interval

pytestmark = pytest.mark.filterwarnings("ignore:Noise ceiling for tau")


def made(entries=12, repeats=8, models=3, seed=0, noise=0.4):
    """Data RDMs of one geometry with noise; models from close to it to unrelated."""
    generator = np.random.default_rng(seed)
    true = generator.normal(size=(entries, 6))
    data = [pdist(true + noise * generator.normal(size=true.shape)) for _ in range(repeats)]
    mixed = [
        pdist(true * (1 - share) + 1.5 * share * generator.normal(size=true.shape))
        for share in np.linspace(0.1, 1, models)
    ]
    return np.array(data), np.array(mixed)


class Legacy:
    """Draws as numpy's global state does after ``np.random.seed(seed)``, which rsatoolbox uses."""

    def __init__(self, seed):
        self.state = np.random.RandomState(seed)

    def integers(self, low, high, size):
        return self.state.randint(low, high, size=size)


BOOTSTRAPS = {
    "entries": theirs.eval_bootstrap_pattern,
    "repeats": theirs.eval_bootstrap_rdm,
    "both": theirs.eval_dual_bootstrap,
}


def same_samples(monkeypatch):
    """Yield what `bootstrap_sample` returns of RDMs, for the samples drawn here."""
    monkeypatch.setattr(np.random, "default_rng", Legacy)
    for both, _, _ in samples(("repeats", "entries"), [np.zeros((8, 66))], 12, seed=5):
        repeats, entries = both.repeats, both.entries[0]
        yield lambda rdms, repeats=repeats, entries=entries: (
            rdms.subsample("index", repeats).subsample_pattern("index", entries),
            repeats,
            entries,
        )


@pytest.mark.parametrize("comparison", get_args(Similarity))
@pytest.mark.parametrize("bootstrap", BOOTSTRAPS)
def test_as_rsatoolbox_with_the_same_samples(monkeypatch, capsys, comparison, bootstrap):
    data, models = made()
    monkeypatch.setattr(np.random, "default_rng", Legacy)
    ours = infer([data], [models], comparison=comparison, bootstrap=bootstrap, resamples=12, seed=5)
    monkeypatch.undo()
    np.random.seed(5)
    fixed = [ModelFixed(str(i), RDMs(model[None])) for i, model in enumerate(models)]
    if bootstrap == "both":  # its cross-validation of one fold draws random numbers as well
        drawn = iter(list(same_samples(monkeypatch)))
        monkeypatch.setattr(evaluate, "bootstrap_sample", lambda rdms, **_: next(drawn)(rdms))
    found = BOOTSTRAPS[bootstrap](fixed, RDMs(data), method=COMPARISONS[comparison].rsatoolbox, N=12)
    resampled = found.evaluations.reshape(12, 3, -1)[:, :, 0]
    np.testing.assert_allclose(ours.resampled, resampled, rtol=1e-9)
    if bootstrap == "both":
        for name in ("model_var", "diff_var", "noise_ceil_var"):
            alone = [
                getattr(
                    theirs.Result(fixed, found.evaluations[..., 0], "", "", 0, found.variances[kind], **n),
                    name,
                )
                for kind, n in ((1, {"n_rdm": 8}), (2, {"n_pattern": 12}))
            ]
            setattr(found, name, np.maximum.reduce([getattr(found, name), *alone]))
    np.testing.assert_allclose(ours.sem, found.get_sem(), rtol=1e-6)
    assert ours.dof == found.dof
    whole = theirs.eval_fixed(fixed, RDMs(data), method=COMPARISONS[comparison].rsatoolbox)
    np.testing.assert_allclose(ours.similarity, whole.get_means())
    np.testing.assert_allclose(ours.ceiling, whole.noise_ceiling)
    np.testing.assert_allclose(ours.each[:, 0], whole.evaluations[0])
    # Tests of the actual similarities with rsatoolbox's variances.
    t = stats.t(found.dof)
    np.testing.assert_allclose(ours.p_zero, t.sf(ours.similarity / np.sqrt(found.model_var)), atol=1e-9)
    differences = (ours.similarity[:, None] - ours.similarity)[np.triu_indices(3, 1)]
    p_pair = 2 * t.sf(np.abs(differences) / np.sqrt(found.diff_var))
    np.testing.assert_allclose(ours.p_pair[np.triu_indices(3, 1)], p_pair, atol=1e-9)
    np.testing.assert_allclose(ours.low, np.maximum(ours.similarity - t.ppf(0.975) * ours.sem, -1))
    np.testing.assert_allclose(ours.high, np.minimum(ours.similarity + t.ppf(0.975) * ours.sem, 1))
    if bootstrap != "repeats":  # there rsatoolbox takes the ceiling for fixed
        below = np.abs(ours.similarity - ours.ceiling[0]) / np.sqrt(found.noise_ceil_var[:, 0])
        np.testing.assert_allclose(ours.p_ceiling, 2 * t.sf(below), atol=1e-9)


def test_numpy_is_left_as_it_was_and_the_same_seed_gives_the_same():
    data, models = made()
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    first = infer([data], [models], bootstrap="both", resamples=50, seed=1)
    assert (np.random.get_state()[1] == before).all()
    again, other = (infer([data], [models], bootstrap="both", resamples=50, seed=seed) for seed in (1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not (first.sem == other.sem).any()


@pytest.mark.parametrize("comparison", ["pearson", "spearman", "cosine"])
def test_sets_are_weighed_alike(comparison):
    """Bootstrapping the mean over sets is bootstrapping a mean: its variance is known."""
    several = [made(entries=entries, repeats=1, seed=entries) for entries in (6, 7, 8, 9, 10, 6)]
    data, models = zip(*several, strict=True)
    found = infer(data, models, comparison=comparison, bootstrap="sets", resamples=4000)
    correlations = {
        "pearson": lambda x, y: stats.pearsonr(x, y)[0],
        "spearman": lambda x, y: stats.spearmanr(x, y)[0],
        "cosine": lambda x, y: x @ y / np.linalg.norm(x) / np.linalg.norm(y),
    }
    expected = np.array([[correlations[comparison](m[i], d[0]) for d, m in several] for i in range(3)])
    np.testing.assert_allclose(found.each[:, :, 0], expected)
    np.testing.assert_allclose(found.similarity, expected.mean(1))
    np.testing.assert_allclose(found.sem, expected.std(1, ddof=1) / np.sqrt(6), rtol=0.05)
    assert found.dof == 5
    assert np.isnan(found.ceiling).all()
    assert np.isnan(found.p_ceiling).all()
    p = stats.ttest_1samp(expected, 0, axis=1, alternative="greater").pvalue
    np.testing.assert_allclose(np.log(found.p_zero), np.log(p), atol=0.5)
    p_pair = stats.ttest_rel(expected[0], expected[1]).pvalue
    assert found.p_pair[0, 1] == pytest.approx(p_pair, abs=0.05)


def test_entries_of_several_sets_are_drawn_independently():
    one = [made(entries=10, repeats=2, seed=seed) for seed in range(2)]
    data, models = zip(*one, strict=True)
    both = infer(data, models, bootstrap="entries", resamples=600, seed=0)
    alone = [infer([d], [m], bootstrap="entries", resamples=600, seed=i) for i, (d, m) in enumerate(one)]
    np.testing.assert_allclose(both.similarity, np.mean([found.similarity for found in alone], axis=0))
    np.testing.assert_allclose(both.ceiling, np.mean([found.ceiling for found in alone], axis=0))
    variance = (alone[0].sem ** 2 + alone[1].sem ** 2) / 4
    np.testing.assert_allclose(both.sem, np.sqrt(variance), rtol=0.15)


def test_sets_and_repeats():
    several = [made(entries=8, repeats=5, seed=seed) for seed in range(4)]
    data, models = zip(*several, strict=True)
    found = infer(data, models, bootstrap="both", resamples=100)
    only = {kind: infer(data, models, bootstrap=kind, resamples=100) for kind in ("sets", "repeats")}
    assert found.dof == 3
    assert (found.sem > np.maximum(only["sets"].sem, only["repeats"].sem) * 0.8).all()
    assert found.ceiling[0] < found.ceiling[1] <= 1


def test_a_sample_of_one_repeat_has_no_ceiling():
    data, models = made(repeats=2)
    found = infer([data], [models], bootstrap="repeats", resamples=400)
    assert (found.sem > 0).all()
    assert np.isfinite(found.p_ceiling).all()
    # Of two repeats only one combination has a ceiling: it does not vary, and adds nothing.
    t = (found.similarity - found.ceiling[0]) / found.sem
    np.testing.assert_allclose(found.p_ceiling, 2 * stats.t(1).sf(np.abs(t)), atol=1e-6)


def test_one_model():
    data, models = made(models=1)
    found = infer([data], [models], bootstrap="entries", resamples=50)
    assert found.p_pair.shape == (1, 1)
    assert np.isfinite([found.similarity[0], found.sem[0], found.p_zero[0], found.p_ceiling[0]]).all()


def test_false_positives_are_as_rare_as_said():
    """Models unrelated to the data: p below 0.05 in about 5 of 100 cases."""
    p = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        data = np.array([pdist(generator.normal(size=(16, 6)))])
        models = np.array([pdist(generator.normal(size=(16, 6))) for _ in range(5)])
        p += list(infer([data], [models], bootstrap="entries", resamples=100, seed=seed).p_zero)
    assert 0.01 < np.mean(np.array(p) < 0.05) < 0.1


def test_samples():
    drawn = list(samples(("repeats", "entries"), [np.zeros((4, 36))], 20, seed=0))
    for both, repeats, entries in drawn:
        assert (both.repeats == repeats.repeats).all()
        assert (both.entries[0] == entries.entries[0]).all()
        assert repeats.entries is None
        assert entries.repeats is None
        assert len(both.entries[0]) == 9


@pytest.mark.parametrize("method", ["holm", "fdr"])
def test_corrections(method):
    generator = np.random.default_rng(0)
    for count in (1, 2, 7, 40):
        p = generator.random(count) ** 4
        p[::3] = p[0]  # ties
        expected = multipletests(p, method={"holm": "holm", "fdr": "fdr_bh"}[method])[1]
        np.testing.assert_allclose(corrected(p, method), expected)
        with_gaps = np.insert(p, 0, np.nan)
        np.testing.assert_allclose(corrected(with_gaps, method), np.insert(expected, 0, np.nan))
    square = generator.random((5, 5))
    square = square + square.T
    found = corrected_pairs(square / 2, method)
    first, second = np.triu_indices(5, 1)
    expected = multipletests(square[first, second] / 2, method={"holm": "holm", "fdr": "fdr_bh"}[method])[1]
    np.testing.assert_allclose(found[first, second], expected)
    np.testing.assert_array_equal(found, found.T)
    assert np.isnan(found.diagonal()).all()
    assert np.isnan(corrected(np.full(3, np.nan), method)).all()


@pytest.mark.parametrize(
    ("sizes", "keywords", "message"),
    [
        (
            {"repeats": 1},
            {"bootstrap": "repeats"},
            r"bootstrap: .* 2.* 1.*entries",
        ),
        ({}, {"bootstrap": "sets"}, r"bootstrap: .*sets"),
        ({"repeats": 1}, {"bootstrap": "both"}, r"bootstrap: .*repeats"),
        ({"entries": 3}, {"bootstrap": "entries"}, r"4.*set.* 3"),
        (
            {},
            {"bootstrap": "units"},
            r"bootstrap: .*units",
        ),
    ],
)
def test_bad_input(sizes, keywords, message):
    data, models = made(**{"entries": 8, "repeats": 4} | sizes)
    with pytest.raises(DataError, match=message):
        infer([data], [models], resamples=10, **keywords)


def test_whitening_many_entries_without_resampling_them():
    data, models = made(entries=110, repeats=3)
    found = infer([data], [models], comparison="whitened_pearson", bootstrap="repeats", resamples=20)
    assert (found.similarity[:2] > 0).all()


def units_of(data, models, samples=150, seed=0):
    """RDMs of samples of units, made up: the data with noise."""
    generator = np.random.default_rng(seed)
    resampled = data * (1 + 0.2 * generator.normal(size=(samples, *data.shape)))
    return Units(50, [resampled])


def test_units_are_resampled_by_the_rdms_of_their_samples():
    data, models = made(repeats=1)
    units = units_of(data, models)
    found = infer([data], [models], bootstrap="units", resamples=150, units=units)
    each = np.array([[stats.pearsonr(m, one[0])[0] for m in models] for one in units.resampled[0]])
    np.testing.assert_allclose(found.resampled, each)
    # Corrected for the number of units as rsatoolbox corrects for that of RDMs
    np.testing.assert_allclose(found.sem, each.std(0, ddof=1) * np.sqrt(50 / 49))
    first, second = np.triu_indices(3, 1)
    differences = (each[:, first] - each[:, second]).std(0, ddof=1) * np.sqrt(50 / 49)
    np.testing.assert_allclose(found.sem_pair[first, second], differences)
    assert found.dof == 49


def test_units_and_entries_are_combined_like_repeats_and_entries():
    """By the formula of Schütt et al. 2023 for small samples, and no smaller than either alone."""
    data, models = made(repeats=1)
    units = units_of(data, models)
    found = infer([data], [models], bootstrap="both", resamples=150, units=units, seed=2)
    drawn = list(samples(("units", "entries"), [data], 150, 2, units))
    assert [both.units for both, _, _ in drawn] == list(range(150))
    similarity = {"both": [], "units": [], "entries": []}
    first, second = np.triu_indices(12, 1)
    for at, (both, _, _) in enumerate(drawn):
        entries = both.entries[0]
        kept = entries[first] != entries[second]
        one, other, models_now = (
            np.array([squareform(r)[np.ix_(entries, entries)][first, second][kept] for r in rdms])
            for rdms in (units.resampled[0][at], data, models)
        )
        whole = units.resampled[0][at][0], models
        for kind, (x, ys) in {
            "both": (one[0], models_now), "entries": (other[0], models_now), "units": whole
        }.items():  # fmt: skip
            similarity[kind].append([stats.pearsonr(x, y)[0] for y in ys])
    np.testing.assert_allclose(found.resampled, similarity["both"])
    both, of_units, of_entries = (np.var(similarity[k], axis=0, ddof=1) for k in ("both", "units", "entries"))
    n, m = 12 / 11, 50 / 49
    expected = m * of_units + n * of_entries - m * n * (both - of_units - of_entries)
    alone = np.maximum(m * of_units, n * of_entries)
    np.testing.assert_allclose(found.sem**2, np.maximum(np.minimum(np.maximum(expected, alone), both), alone))
    assert found.dof == 11


@pytest.mark.parametrize("comparison", ["pearson", "whitened_cosine"])
def test_halves_are_no_repeats(comparison):
    """Each way to split has a ceiling of its own, and more of them make nothing surer."""
    data, models = made(repeats=6)
    found = infer([data], [models], comparison=comparison, bootstrap="entries", resamples=30, halves=True)
    alone = [
        infer([data[at : at + 2]], [models], comparison=comparison, bootstrap="entries", resamples=2)
        for at in (0, 2, 4)
    ]
    np.testing.assert_allclose(found.ceiling, np.mean([one.ceiling for one in alone], axis=0))
    np.testing.assert_allclose(found.similarity, np.mean([one.similarity for one in alone], axis=0))
    assert np.isfinite(found.p_ceiling).all()
    thrice = infer([np.tile(data, (3, 1))], [models], comparison=comparison, bootstrap="entries",
                   resamples=30, halves=True)  # fmt: skip
    np.testing.assert_allclose(thrice.sem, found.sem)
    np.testing.assert_allclose(thrice.p_ceiling, found.p_ceiling)
    with pytest.raises(DataError, match=r"bootstrap: .*repeats.* 1"):
        infer([data], [models], comparison=comparison, bootstrap="repeats", resamples=100, halves=True)


def test_spearman_and_brown():
    """Halves of a sum of many independent parts: what the wholes correlate by."""
    generator = np.random.default_rng(0)
    truth = generator.normal(size=20_000)
    a, b, c, d = (truth + generator.normal(size=truth.shape) for _ in range(4))
    half = np.corrcoef(a, b)[0, 1]
    assert reliability(half) == pytest.approx(np.corrcoef(a + b, c + d)[0, 1], abs=0.02)


def test_limits_are_those_of_the_similarities():
    data, models = made()
    found = infer([data], [models], bootstrap="both", resamples=50)
    for one, other in zip(
        student_interval(found.similarity, found.sem, found.dof), (found.low, found.high), strict=True
    ):
        np.testing.assert_allclose(one, other)


def test_whitened_comparisons_of_many_entries_are_resampled():
    data, models = made(entries=120, repeats=1)
    found = infer([data], [models], comparison="whitened_pearson", bootstrap="entries", resamples=20)
    assert (found.sem > 0).all()


def test_intervals_stay_where_similarities_can_be():
    """Three subjects have two degrees of freedom, and t is 4.3."""
    data, models = made(entries=8, repeats=3, seed=2)
    found = infer([data], [models], bootstrap="both", resamples=100, seed=0)
    reach = stats.t(2).ppf(0.975) * found.sem
    assert (np.abs(found.similarity) + reach > 1).any()
    np.testing.assert_allclose(found.low, np.maximum(found.similarity - reach, -1))
    np.testing.assert_allclose(found.high, np.minimum(found.similarity + reach, 1))

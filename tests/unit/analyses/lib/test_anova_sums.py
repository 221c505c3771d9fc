"""Analysis of variance, against statsmodels, SciPy and sums written out."""

import itertools

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from repscape.analyses.lib.anova_sums import Sums, effects
from repscape.analyses.lib.factorial_design import choose, contrasts, crossed
from repscape.core.errors import DataError
from repscape.rdms.compare.significance import corrected


def design_of(a=4, b=3, replicates=2, seed=0):
    """A design whose images are in no order."""
    pairs = [(f"o{i}", f"{j * 30:03d}") for i in range(a) for j in range(b) for _ in range(replicates)]
    order = np.random.default_rng(seed).permutation(len(pairs))
    first, second = zip(*(pairs[at] for at in order), strict=True)
    return crossed({"obj": first, "color": second}, "here")


def added(design, values, batch=5):
    """Add values (image, channel, y, x) batch by batch."""
    sums = Sums(design)
    for start in range(0, len(values), batch):
        part = range(start, min(start + batch, len(values)))
        sums.add(part, values[part.start : part.stop])
    return sums


def found(design, values, batch=5):
    sums = added(design, values, batch)
    return effects(design, *sums.of_channel(slice(0, sums.channels)))


def by_loops(design, values):
    """η² and F of one unit in a balanced design, from the definitions in float64."""
    values = np.asarray(values, np.float64)
    a, b = map(len, design.levels)
    i, j = np.unravel_index(design.cell, (a, b))
    mean = values.mean()
    total = sum((value - mean) ** 2 for value in values)
    main_a = sum((values[i == level].mean() - mean) ** 2 * (i == level).sum() for level in range(a))
    main_b = sum((values[j == level].mean() - mean) ** 2 * (j == level).sum() for level in range(b))
    between = sum(
        ((i == p) & (j == q)).sum() * (values[(i == p) & (j == q)].mean() - mean) ** 2
        for p in range(a)
        for q in range(b)
    )
    return np.array([main_a, main_b, between - main_a - main_b, total - between]) / total


def test_balanced_is_as_defined():
    design = design_of()
    values = np.random.default_rng(1).normal(size=(24, 5, 2, 3)).astype(np.float32)
    values += np.random.default_rng(2).normal(size=(4, 1, 1, 1))[design.cell // 3] * 2
    result = found(design, torch.from_numpy(values))
    for unit, own in enumerate(values.reshape(24, -1).T):
        np.testing.assert_allclose(result.eta2[:, unit], by_loops(design, own), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(result.eta2.sum(0), 1, rtol=1e-12)


@pytest.mark.parametrize("balanced", [True, False])
def test_replicates_against_statsmodels(balanced):
    design = design_of(3, 4, 3)
    keep = np.arange(36) if balanced else np.r_[0:20, 23:36]
    i, j = np.unravel_index(design.cell[keep], (3, 4))
    names = {"obj": [design.levels[0][k] for k in i], "color": [design.levels[1][k] for k in j]}
    design = crossed(names, "here")
    assert design.balanced == balanced
    assert design.replicated
    values = np.random.default_rng(3).normal(5, 2, size=(len(keep), 6, 1, 1)).astype(np.float32)
    values[:, 3:] += 2 * i[:, None, None, None] + 1.5 * ((i == 1) & (j == 2))[:, None, None, None]
    result = found(design, torch.from_numpy(values))
    for unit in range(6):
        frame = pd.DataFrame(names | {"y": values[:, unit, 0, 0].astype(float)})
        table = anova_lm(ols("y ~ C(obj) * C(color)", frame).fit(), typ=2)
        total = ((frame.y - frame.y.mean()) ** 2).sum()
        np.testing.assert_allclose(result.eta2[:, unit], table["sum_sq"] / total, rtol=1e-9)
        np.testing.assert_allclose(result.f[:, unit], table["F"][:3], rtol=1e-9)
        np.testing.assert_allclose(result.p[:, unit], table["PR(>F)"][:3], rtol=1e-8)
        np.testing.assert_array_equal(design.df, table["df"])


def test_without_replicates_the_interaction_is_the_error():
    design = design_of(4, 4, 1)
    assert design.effects == ("obj", "color", "obj:color + error")
    assert design.tested == ("obj", "color")
    np.testing.assert_array_equal(design.df, [3, 3, 9])
    values = np.random.default_rng(4).normal(size=(16, 3)).astype(np.float32)
    result = found(design, torch.from_numpy(values))
    i, j = np.unravel_index(design.cell, (4, 4))
    for unit in range(3):
        frame = pd.DataFrame({"obj": i, "color": j, "y": values[:, unit].astype(float)})
        table = anova_lm(ols("y ~ C(obj) + C(color)", frame).fit(), typ=2)
        np.testing.assert_allclose(result.eta2[:, unit], table["sum_sq"] / table["sum_sq"].sum(), rtol=1e-9)
        np.testing.assert_allclose(result.p[:, unit], table["PR(>F)"][:2], rtol=1e-9)


def test_p_is_that_of_scipy():
    design = design_of(2, 2, 5)
    values = torch.randn(20, 50, generator=torch.Generator().manual_seed(0))
    result = found(design, values)
    np.testing.assert_allclose(result.p, scipy.stats.f.sf(result.f, design.df[:3, None], 16), rtol=1e-12)


@pytest.mark.parametrize("mean", [0, 1e3, 1e6])
def test_large_means_do_not_cancel(mean):
    """Values that float32 holds exactly: the same η² and F whatever is added to them."""
    design = design_of(4, 3, 3)
    whole = np.random.default_rng(5).integers(-8, 8, size=(36, 200)).astype(np.float32)
    near, far = (
        found(design, torch.from_numpy(whole)),
        found(design, torch.from_numpy(whole + np.float32(mean))),
    )
    np.testing.assert_allclose(far.eta2, near.eta2, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(far.f, near.f, rtol=1e-11)


def test_an_extreme_first_image_costs_little():
    design = design_of(4, 3, 3)
    values = np.random.default_rng(6).normal(size=(36, 10)).astype(np.float32)
    values[0] = 1e6
    result = found(design, torch.from_numpy(values))
    expected = np.stack([by_loops(design, own) for own in values.T], 1)
    np.testing.assert_allclose(result.eta2, expected, rtol=1e-9, atol=1e-12)


def test_constant_units_are_nan():
    design = design_of()
    values = torch.randn(24, 5)
    values[:, 1] = 3.7
    values[:, 2] = 0
    values[:, 3] = 1000 + (torch.arange(24) % 2) * 6.1e-5  # the last bit of float32
    result = found(design, values)
    for array in result:
        np.testing.assert_array_equal(np.isnan(array).all(0), [False, True, True, True, False])


def test_no_error_at_all():
    """Replicates that are equal: infinite F where there is an effect, none where there is not."""
    design = design_of(4, 3, 2)
    obj = torch.from_numpy(design.cell // 3).float()
    result = found(design, (obj * 0.3 + 17)[:, None])
    np.testing.assert_allclose(result.eta2[:, 0], [1, 0, 0, 0], atol=1e-12)
    np.testing.assert_array_equal(result.f[:, 0], [np.inf, np.nan, np.nan])
    np.testing.assert_array_equal(result.p[:, 0], [0, np.nan, np.nan])


def test_layout_and_batches_make_no_difference():
    design = design_of(4, 4, 2)
    values = torch.randn(32, 6, 5, 7, generator=torch.Generator().manual_seed(1)) * 10 + 3
    first = found(design, values, 32)
    for other in (
        found(design, values, 3),
        found(design, values.to(memory_format=torch.channels_last), 8),
        found(design, values.flatten(1).clone(), 5),
    ):
        for one, two in zip(first, other, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-12)


def test_channels_one_by_one():
    design = design_of(2, 2, 3)
    values = torch.randn(12, 6, 3, 2).to(memory_format=torch.channels_last)
    sums = added(design, values)
    assert sums.channels == 6
    whole = effects(design, *sums.of_channel(slice(0, 6)))
    parts = [effects(design, *sums.of_channel(slice(at, at + 2))) for at in (0, 2, 4)]
    np.testing.assert_array_equal(whole.eta2, np.concatenate([part.eta2 for part in parts], 1))


@settings(deadline=None, max_examples=30)
@given(
    a=st.integers(2, 4),
    b=st.integers(2, 4),
    extra=st.lists(st.integers(0, 15), max_size=12),
    seed=st.integers(0, 99),
)
def test_properties(a, b, extra, seed):
    """Whatever the counts: parts are shares; scale, shift and the order of images change nothing."""
    pairs = list(itertools.product(range(a), range(b)))
    pairs += [pairs[at % len(pairs)] for at in extra]
    random = np.random.default_rng(seed)
    names = {"obj": [f"{i}" for i, _ in pairs], "color": [f"{j}" for _, j in pairs]}
    design = crossed(names, "here")
    for contrast in contrasts(design):
        np.testing.assert_allclose(contrast @ contrast.T, np.eye(len(contrast)), atol=1e-10)
        np.testing.assert_allclose(contrast @ np.sqrt(design.counts), 0, atol=1e-10)
    values = random.integers(-50, 50, (len(pairs), 4)).astype(np.float32)
    result = found(design, torch.from_numpy(values))
    there = ~np.isnan(result.eta2[0])
    assert (result.eta2[:, there] >= 0).all()
    assert (result.eta2[:, there] <= 1 + 1e-9).all()
    if design.balanced:
        np.testing.assert_allclose(result.eta2[:, there].sum(0), 1)
    moved = found(design, torch.from_numpy(values * 4 + 64))
    np.testing.assert_allclose(moved.eta2, result.eta2, atol=1e-10)
    order = random.permutation(len(pairs))
    mixed = crossed({name: [own[at] for at in order] for name, own in names.items()}, "here")
    np.testing.assert_allclose(found(mixed, torch.from_numpy(values[order])).eta2, result.eta2, atol=1e-10)


def test_few_false_discoveries_in_noise():
    """q < 0.05 almost nowhere; p < 0.05 in a twentieth."""
    design = design_of(4, 4, 3)
    values = torch.randn(48, 20000, generator=torch.Generator().manual_seed(2))
    result = found(design, values)
    np.testing.assert_allclose((result.p < 0.05).mean(1), 0.05, atol=0.005)
    q = np.array([corrected(p, "fdr") for p in result.p])
    assert (q < 0.05).mean() < 1e-3
    np.testing.assert_allclose(result.eta2.mean(1), design.df / design.df.sum(), atol=0.003)


def test_levels_are_in_natural_order():
    design = crossed({"a": ["x10", "x2", "x10", "x2"], "b": ["090", "000", "000", "090"]}, "here")
    assert design.levels == (["x2", "x10"], ["000", "090"])
    np.testing.assert_array_equal(design.cell, [3, 0, 2, 1])


def test_one_value_and_missing_combinations_are_refused():
    with pytest.raises(DataError, match=r"here:.*'b'.* 1 \('1'\)"):
        crossed({"a": ["x", "y"], "b": ["1", "1"]}, "here")
    with pytest.raises(DataError, match="none of a=y, b=2"):
        crossed({"a": ["x", "x", "y"], "b": ["1", "2", "1"]}, "here")


def test_choice_of_factors():
    values = {name: np.array(["1", "2"], object) for name in ("obj", "color", "view")}
    assert list(choose(values, ["view", "obj"], "here")) == ["view", "obj"]
    with pytest.raises(DataError, match=r"factors.*obj, color, view.*factors"):
        choose(values, None, "here")
    with pytest.raises(DataError, match=r"'colour'.*obj, color, view"):
        choose(values, ["obj", "colour"], "here")
    with pytest.raises(DataError, match=r"two factors.*none"):
        choose({}, None, "here")

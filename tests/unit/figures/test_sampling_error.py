"""The figure of sampling errors shows the coefficient of variation over draws, and what is expected."""

import numpy as np
import pytest
from legible import assert_legible, assert_mentions
from made_study import SMALL

from repscape.figures.sampling_error import factor, ratio_error


def test_sampling_error_is_the_coefficient_of_variation(results, draw, artists):
    made = results(layers=SMALL).differentiation().population()
    figure, _ = draw(made, "sampling_error")
    data = made.read("analysis", analysis="differentiation").differentiation.sel(
        source="mobilenet_v2", metric="sqeuclidean", population="random"
    )
    each = data.sel(stimulus="bikes", size="200").values
    expected = 100 * each.std(axis=1, ddof=1) / each.mean(axis=1)
    np.testing.assert_allclose(artists(figure, "lines")["mobilenet_v2/bikes/200"].get_ydata(), expected)
    assert "mobilenet_v2/bikes/100000" not in artists(figure, "lines")  # drawn once


def test_sampling_error_is_compared_with_what_sampling_theory_expects(results, draw, artists):
    made = results(layers=SMALL).differentiation().population()
    figure, caption = draw(made, "sampling_error")
    points = artists(figure, "lines")["bikes"]
    data = made.read("analysis", analysis="differentiation").differentiation.sel(
        source="mobilenet_v2", metric="sqeuclidean", population="random"
    )
    each = data.sel(stimulus="bikes", layer="input").values  # (size, repeat); 100,000 units were recorded
    n, cv = np.array([200, 10_000]), np.array([np.nanstd(row, ddof=1) / np.nanmean(row) for row in each[:2]])
    law = np.sqrt((1 - n / 100_000) / n)
    at = SMALL.index("input")
    assert points.get_xdata()[at] == pytest.approx(100 * cv[0] * law[1] / law[0])
    assert points.get_ydata()[at] == pytest.approx(100 * cv[1])
    assert "1,000 to 100,000" in caption


def test_sampling_error_leaves_out_what_is_a_percentage_of_nothing(results, draw, artists):
    made = (
        results(layers=SMALL).differentiation(zero=["bikes"], degenerate=[("pictures", "fc1")]).population()
    )
    figure, caption = draw(made, "sampling_error")
    drawn = artists(figure, "lines")
    assert not [gid for gid in drawn if gid and "bikes" in gid]
    assert "bikes" not in [text.get_text() for text in figure.legends[0].texts]
    assert_mentions(
        caption, "bikes", "every layer", "5 stimuli", "30 images", "pictures: 20", "fc1 (pictures)"
    )
    # By size, a layer is the root mean square over the stimuli that have a value there.
    data = made.read("analysis", analysis="differentiation").differentiation.sel(
        source="mobilenet_v2", metric="sqeuclidean", population="random"
    )
    each = data.sel(
        layer="fc1", size="200", stimulus=[s for s in made.stimuli if s not in ("bikes", "pictures")]
    )
    variation = [100 * np.std(row, ddof=1) / np.mean(row) for row in each.values]
    expected = np.sqrt(sum(v**2 for v in variation) / len(variation))
    assert drawn["fc1"].get_ydata()[0] == pytest.approx(expected)


def test_sampling_error_of_nothing_but_zeros_can_be_drawn(results, draw):
    made = results(layers=SMALL)
    figure, caption = draw(made.differentiation(zero=made.stimuli).population(), "sampling_error")
    assert_mentions(caption, "(all stimuli)")
    assert_nothing_varies(figure)


def test_sampling_error_of_layers_smaller_than_all_samples_can_be_drawn(results, draw, monkeypatch):
    made = results(layers=SMALL)
    monkeypatch.setattr(made, "units", lambda population="random": [100] * len(SMALL))
    figure, caption = draw(made.differentiation().population(), "sampling_error")
    assert_mentions(caption, "N = 100")
    assert_nothing_varies(figure)


def assert_nothing_varies(figure):
    """Whether a figure of sampling error says so, without an axis or a legend."""
    assert_legible(figure)
    (axes,) = figure.axes
    (text,) = axes.texts
    assert "nothing to show" in text.get_text()
    assert not figure.legends
    assert not len(axes.get_yticks())


def test_the_standard_error_of_a_sample_mean():
    units = np.random.default_rng(1).normal(size=50)
    draws = [np.random.default_rng(i).choice(units, 20, replace=False).mean() for i in range(20_000)]
    expected = np.std(units, ddof=1) * factor(np.array(20), np.array(50))
    assert np.std(draws) == pytest.approx(expected, rel=0.02)


def test_the_error_of_a_ratio_of_standard_deviations():
    random = np.random.default_rng(2)
    first = random.normal(size=(20_000, 100)).std(axis=1, ddof=1)
    second = random.normal(size=(20_000, 20)).std(axis=1, ddof=1)
    expected = ratio_error(np.array([100, 20]).reshape(1, 2, 1))
    assert np.log(first / second).std() == pytest.approx(expected, rel=0.03)

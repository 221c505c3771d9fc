"""Distributions of tuning are of the units that vary."""

import itertools

import numpy as np
import pytest
from legible import assert_legible, assert_mentions
from tuning_study import study, write_tuning


@pytest.mark.parametrize("tuned", [False, True])
def test_distributions(results, draw, tuned, artists):
    from matplotlib.patches import StepPatch

    made = study(results)
    found = write_tuning(made)
    figure, caption = draw(made, "tuning_distributions", tuned=tuned)
    assert_legible(figure)
    stairs = {p.get_gid(): p for axes in figure.axes for p in axes.patches if isinstance(p, StepPatch)}
    medians = artists(figure, "lines")
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    for name, own in found.items():
        keep = own["constant"] == 0
        if tuned and "q" in own:
            keep &= own["q"] < 0.05
        assert f"n = {keep.sum()}" in words
        for key, edges in (
            ("preferred", np.empty(0)),
            ("selectivity", np.linspace(0, 1, 19)),
            ("width", np.linspace(0, 90, 19)),
        ):
            values = own[key][keep].astype(float)
            if key == "preferred":  # bins around −90, −80, …; the first is there at both ends
                values, edges = np.where(values >= 85, values - 180, values), np.arange(-95, 86, 10)
            share = [((values >= a) & (values < b)).sum() / keep.sum() for a, b in itertools.pairwise(edges)]
            share += share[:1] if key == "preferred" else []
            np.testing.assert_allclose(stairs[f"{name}/{key}"].get_data().values, share)
            if key != "preferred":
                median = np.sort(values)[[(len(values) - 1) // 2, len(values) // 2]].mean()
                np.testing.assert_allclose(medians[f"{name}/{key}/median"].get_xdata(), median)
    share = 100 * (found["v1 · V1"]["q"] < 0.05).mean()
    assert_mentions(caption, f"v1 · V1 {share:.0f}%", *(["only these"] if tuned else []), "3 units")

"""Conditions of trials, against the exercise's own steps."""

import numpy as np
import pytest

from repscape.core.errors import DataError
from repscape.stimuli.lib.orientations import conditions


def as_the_exercise(resp, stimuli, bin_width):
    """Bin and sign as its `load_data` does, step by step."""
    if bin_width > 1:
        bins = np.digitize(stimuli, np.arange(0, 360 + bin_width, bin_width))
        binned = np.array([stimuli[bins == i].mean() for i in np.unique(bins)])
        resp = np.array([resp[bins == i, :].mean(0) for i in np.unique(bins)])
    else:
        binned = stimuli
    return resp[binned <= 180], binned[binned <= 180] - 90


@pytest.mark.parametrize("bin_width", [1, 6, 7.5, 30])
def test_conditions_are_the_exercises(bin_width):
    generator = np.random.default_rng(0)
    angles = np.arange(360) + generator.uniform(0, 1, 360)
    if bin_width > 1:
        angles = generator.permutation(angles)
    responses = generator.normal(size=(360, 5))
    found = conditions(angles, bin_width, "tilt")
    means = np.array([responses[found.of_trial == at].mean(0) for at in range(len(found.values))])
    expected, orientations = as_the_exercise(responses, angles, bin_width)
    np.testing.assert_allclose(found.values, orientations)
    np.testing.assert_allclose(means, expected)


def test_angles_are_kept_and_repeats_are_one_condition():
    found = conditions(np.array([90, 0, 90, 200]))
    assert found.values.tolist() == [0, 90, 200]
    assert found.of_trial.tolist() == [1, 0, 1, 2]
    assert conditions(np.array([90, 0, 90, 200]), convention="tilt").of_trial.tolist() == [1, 0, 1, -1]


@pytest.mark.parametrize(
    ("angles", "said"),
    [
        (["a", "b"], "one angle per trial"),
        ([[0.0, 1.0]], "one angle per trial"),
        ([0.0, np.nan], r"1.* 2 angles.*finite"),
        ([-5.0, 10.0], "found -5"),
        ([200.0, 300.0], "none is left as a tilt"),
    ],
)
def test_what_are_no_angles_is_refused(angles, said):
    with pytest.raises(DataError, match=said):
        conditions(np.array(angles), bin_width=6, convention="tilt")

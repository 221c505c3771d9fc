"""The figure of trainings shows the losses and accuracies of their files."""

import numpy as np
import pytest
from legible import assert_mentions
from trained_study import Trained

from repscape.core.errors import ConfigError


def test_curves_are_those_of_the_file(trained, draw, artists):
    first, second = trained.write("net"), trained.write("other", lengths=(4,), shared=3)
    figure, caption = draw(trained, "training_curves")
    lines = artists(figure, "lines")
    x, y = lines["net/loss"].get_data()
    np.testing.assert_array_equal(y, first["loss"])
    np.testing.assert_allclose(x, [1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2, 2.5, 3])
    means = [first["loss"][:3].mean(), first["loss"][3:6].mean(), first["loss"][6:].mean()]
    np.testing.assert_allclose(lines["net/mean_loss"].get_data(), [[0.5, 1.5, 2.5], means])
    for row, name in enumerate(("training", "held_out")):
        np.testing.assert_allclose(lines[f"net/{name}"].get_data(), [[0, 1, 2, 3], first["accuracy"][row]])
    np.testing.assert_allclose(lines["other/largest"].get_ydata(), 0.7)
    np.testing.assert_array_equal(lines["other/loss"].get_ydata(), second["loss"])
    assert_mentions(
        caption, "net, from random weights", "sgd", "2 classes", "label", "left and right", "1,000"
    )
    assert_mentions(caption, "other", "100 of pictures", "3 of these")
    assert caption.count("of these") == 1


def test_accuracy_that_was_not_measured_is_said(trained, draw, artists):
    trained.write("net", measured=False, low=-1)
    figure, _ = draw(trained, "training_curves", sources=["net"])
    assert "net/training" not in artists(figure, "lines")
    assert any("not measured" in text.get_text() for axes in figure.axes for text in axes.texts)
    assert figure.axes[0].get_yscale() == "linear"  # losses below 0 have no logarithm


def test_networks_that_are_not_trained_here(results, inputs):
    study = results().study
    for figure in ("training_curves", "first_filters"):
        with pytest.raises(ConfigError, match=r"network.*'training'"):
            inputs(study, figure)
    with pytest.raises(ConfigError, match=r"sources: 'nte'.*'net'"):
        inputs(Trained(results(), "net").study, "training_curves", sources=["nte"])

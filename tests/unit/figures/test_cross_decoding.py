"""Matrices of decoding show accuracy by training and test."""

import numpy as np
import pytest
from legible import assert_mentions
from unit_analyses import write_svm

from repscape.core.errors import ConfigError


def test_matrices_of_decoding_across(results, draw, inputs, artists):
    made = results(layers=("input", "conv1", "fc1"))
    accuracy, _ = write_svm(made)
    figure, caption = draw(made, "cross_decoding", layers=["fc1", "input"])
    images = artists(figure, "images")
    assert list(images) == ["input", "fc1"]
    np.testing.assert_allclose(images["fc1"].get_array(), accuracy[2])
    axes = images["fc1"].axes
    written = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axes.texts}
    assert written[0, 1] == f"{accuracy[2, 0, 1]:.2f}".removeprefix("0")
    assert [label.get_text() for label in images["input"].axes.get_yticklabels()] == ["000", "090", "180"]
    assert_mentions(caption, "another color")
    with pytest.raises(ConfigError, match="layers: 'conv9'"):
        inputs(made.study, "cross_decoding", layers=["conv9"])


def test_decoding_across_must_have_been_asked_for(results, inputs):
    study = results().study
    study.config["analyses"]["plain"] = {"kind": "svm", "across": None}
    with pytest.raises(ConfigError, match=r"analysis: 'plain'.*'across'"):
        inputs(study, "cross_decoding", analysis="plain")

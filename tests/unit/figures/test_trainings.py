"""Figures of trainings: curves and filters are those of the file."""

import dataclasses

import numpy as np
import pytest
from legible import assert_mentions

from repscape.core.errors import ConfigError, DataError
from repscape.figures import trained_untrained
from repscape.io import netcdf

TRAINING = {"kind": "sgd", "stimulus": "gratings", "held_out": "pictures"}


class Trained:
    """A study that trains networks, and the files of their trainings."""

    def __init__(self, made, *networks):
        self.made, self.root, self.style = made, made.root, made.style
        config = made.study.config
        alexnet = config["networks"]["mobilenet_v2"] | {"architecture": "alexnet", "weights": "random"}
        sections = {name: alexnet | {"training": TRAINING} for name in networks}
        self.study = dataclasses.replace(
            made.study, config=config | {"networks": config["networks"] | sections}
        )

    def write(self, network, *, lengths=(3, 3, 2), filters=(6, 1, 7, 7), measured=True, shared=0, low=0.01):
        random = np.random.default_rng(1)
        loss = np.geomspace(0.7, low, sum(lengths)) if low > 0 else np.linspace(1, low, sum(lengths))
        accuracy = np.clip(np.linspace(0.5, 1.02, len(lengths) + 1) * np.array([[1], [0.95]]), 0, 1)
        variables = {
            "loss": (("step",), loss * random.uniform(0.5, 2, sum(lengths))),
            "epoch_of_step": (("step",), np.repeat(np.arange(1, len(lengths) + 1), lengths).astype(np.int32)),
            "accuracy": (("set", "epoch"), accuracy if measured else accuracy * np.nan),
            "images": (("set", "class"), np.array([[600, 400], [70, 30]], np.int32)),
            "set": (("set",), ["training", "held_out"]),
            "class": (("class",), ["left", "right"]),
            "epoch": (("epoch",), np.arange(len(lengths) + 1, dtype=np.int32)),
        }
        if filters:
            before = random.normal(size=filters).astype(np.float32)
            after = before + random.normal(scale=0.1, size=filters).astype(np.float32)
            variables["filters"] = (("when", "filter", "channel", "y", "x"), np.stack([before, after]))
            variables["when"] = (("when",), ["before", "after"])
        attributes = {
            "plugin": "sgd", "stimulus": "gratings", "held_out": "pictures",
            "network": network, "target": "label", "shared_images": shared, "initial_weights": "random",
            "convolution": "conv" if filters else "",
        }  # fmt: skip
        path = self.root / self.study.path("training", source=network)
        netcdf.write(path, kind="training", variables=variables, attributes=attributes)
        return {name: values for name, (_, values) in variables.items()}


@pytest.fixture
def trained(results):
    return Trained(results(), "net", "other")


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


def test_filters_of_one_channel_share_a_diverging_scale(trained, draw, artists):
    weights = trained.write("net")["filters"]
    figure, caption = draw(trained, "first_filters")
    images = artists(figure, "images")
    assert len(images) == 18
    for when, kind in enumerate(("before", "after")):
        for number in range(6):
            np.testing.assert_array_equal(images[f"{kind}/{number}"].get_array(), weights[when, number, 0])
            limit = np.abs(weights).max()
            assert images[f"{kind}/{number}"].get_clim() == pytest.approx((-limit, limit))
    change = weights[1] - weights[0]
    np.testing.assert_allclose(images["change/3"].get_array(), change[3, 0])
    assert images["change/3"].get_clim()[1] == pytest.approx(np.abs(change).max())
    assert_mentions(caption, "6 filters", "7 × 7")


def test_filters_of_three_channels_are_coloured(trained, draw, artists):
    weights = trained.write("net", filters=(64, 3, 3, 3))["filters"]
    figure, caption = draw(trained, "first_filters")
    images = artists(figure, "images")
    assert len(images) == 3 * 24
    assert {"before/0", "after/63"} <= images.keys()
    expected = 0.5 + weights[0, 0].transpose(1, 2, 0) / (2 * np.abs(weights).max())
    np.testing.assert_allclose(images["before/0"].get_array(), expected, atol=1e-6)
    assert_mentions(caption, "24 of 64 filters", "grey is 0")
    figure, _ = draw(trained, "first_filters", filters=[5, 2])
    names = [name for name in artists(figure, "images") if name.startswith("before")]
    assert names == ["before/5", "before/2"]


def test_filters_that_cannot_be_shown(trained, draw, inputs):
    with pytest.raises(ConfigError, match=r"filters: .*'net'.* 64 filters.* 63.* 64"):
        inputs(trained.study, "first_filters", filters=[0, 64])
    trained.write("net", filters=(4, 2, 3, 3))
    with pytest.raises(DataError, match=r"net: .*conv.* 2"):
        draw(trained, "first_filters")
    trained.write("net", filters=None)
    with pytest.raises(DataError, match=r"net: .*torch\.nn\.Conv2d"):
        draw(trained, "first_filters")


def test_networks_that_are_not_trained_here(results, inputs):
    study = results().study
    for figure in ("training_curves", "first_filters"):
        with pytest.raises(ConfigError, match=r"no network.*'training'"):
            inputs(study, figure)
    with pytest.raises(ConfigError, match="sources: 'nte' is unknown; did you mean 'net'"):
        inputs(Trained(results(), "net").study, "training_curves", sources=["nte"])


def test_a_network_that_is_trained_here_has_its_twin():
    same = {"kind": "python", "factory": "net.py:make", "weights": "random"}
    networks = {"a": same, "b": same | {"training": TRAINING}}
    assert trained_untrained.twins(networks, None, None) == ("b", "a")
    with pytest.raises(ConfigError, match="no network has a twin"):
        trained_untrained.twins({"a": same, "b": same}, None, None)

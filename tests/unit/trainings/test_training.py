"""Trainings: examples, accuracy, what is told when one goes wrong, what is written."""

import json

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from repscape.core.errors import ConfigError, DataError
from repscape.networks.lib import trained_weights
from repscape.networks.lib.loaded import Loaded, weights_sha256
from repscape.plugin.contract import Training, parameter
from repscape.stimuli.lib.frame import Frame
from repscape.traced.preprocess import Preprocess
from repscape.trainings.lib import history, record
from repscape.trainings.sgd import Sgd

PLAIN = Preprocess(resize=None, crop=None, mean=(0, 0, 0), std=(1, 1, 1))
SECTION = {
    "kind": "sgd", "stimulus": "training", "held_out": "held_out", "target": "label", "seed": 3,
    "device": "cpu", "threads": 1,
}  # fmt: skip


def frames(count, kinds=("dark", "pale", "white"), seed=0, factor=None):
    """Images whose class is how bright they are."""
    random = np.random.default_rng(seed)
    found = []
    for index in range(count):
        kind = index % len(kinds)
        pixels = random.integers(80 * kind, 80 * kind + 60, (6, 8, 3), dtype=np.uint8)
        factors = None if factor is None else {factor: kinds[kind]}
        found.append(Frame(f"image_{index}", pixels, label=kinds[kind], factors=factors))
    return found


def classifier(outputs=3, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.1), nn.Linear(4, outputs),
    )  # fmt: skip


def test_batches_are_preprocessed_images_in_the_order_asked_for(examples):
    made = frames(7)
    process = Preprocess(resize=None, crop=(4, 4), mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
    given = examples(made, process)
    order = torch.tensor([6, 0, 5, 1, 4, 2, 3])
    batches = list(given.batches(3, order))
    assert [len(images) for images, _ in batches] == [3, 3, 1]
    images, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
    assert given.classes == ("dark", "pale", "white")
    assert [given.classes[target] for target in targets] == [made[place].label for place in order]
    for image, place in zip(images, order, strict=True):
        middle = made[place].pixels[1:5, 2:6].transpose(2, 0, 1) / 255
        expected = (middle - np.reshape([0.5, 0.4, 0.3], (3, 1, 1))) / np.reshape([0.2, 0.3, 0.4], (3, 1, 1))
        np.testing.assert_allclose(image, expected, rtol=1e-5, atol=1e-6)


def test_a_factor_is_a_target_and_classes_are_in_natural_order(examples):
    given = examples(frames(6, ("10", "9", "a"), factor="bars"), PLAIN, target="bars")
    assert given.classes == ("9", "10", "a")
    assert given.targets.tolist() == [1, 0, 2, 1, 0, 2]


def test_targets_that_there_are_not(examples):
    with pytest.raises(DataError, match=r"tilt.*bars, label\. Set"):
        examples(frames(4, factor="bars"), PLAIN, target="tilt")
    bare = [frame._replace(label=None) for frame in frames(4)]
    with pytest.raises(DataError, match=r"no label.*they have neither labels nor factors"):
        examples(bare, PLAIN)
    with pytest.raises(DataError, match="at least two classes of images, found one, with the label dark"):
        examples(frames(4, ["dark"]), PLAIN)
    with pytest.raises(DataError, match=r"not trained on: white. Those in training are dark, pale"):
        examples(frames(6), PLAIN, classes=("dark", "pale"))


def test_images_of_the_same_pixels_are_counted(examples):
    first, second = frames(6), frames(5, seed=1)
    second[1] = first[4]._replace(name="again")
    second[3] = first[4]._replace(name="and again")
    assert examples(second, PLAIN, "held_out").shared(examples(first, PLAIN)) == 2


class Fixed(nn.Module):
    """Says what it is told to, whatever it sees."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = torch.tensor(outputs)

    def forward(self, images):
        return self.outputs[: len(images)]


def test_accuracy(examples):
    three = examples(frames(3), PLAIN)
    assert history.accuracy(Fixed([[2.0, 1, 0], [0, 3, 4], [0, 0, 9]]), three) == 2 / 3
    two = examples(frames(4, ("left", "right")), PLAIN)
    assert history.accuracy(Fixed([[0.1], [0.9], [0.6], [0.4]]), two) == 0.5
    assert history.accuracy(Fixed([0.5, 0.51, 0.49, 1.0]), two) == 1
    assert np.isnan(history.accuracy(Fixed([[-1.0], [2], [1], [0]]), two))  # no probabilities
    assert np.isnan(history.accuracy(Fixed([[0.1, 0.2, 0.3]] * 4), two))
    assert np.isnan(history.accuracy(Fixed([[0.1]] * 3), three))


class Steps(Training):
    losses: tuple = parameter("What is yielded.", ((1.0, 2.0), (3.0,)))

    def train(self, network, training, held_out):
        assert network.training
        yield from self.losses


def test_a_course_follows_what_is_yielded(examples):
    given = examples(frames(6), PLAIN)
    network = classifier()
    followed = history.follow(network, Steps(), given, given, seed=0)
    assert followed.losses == [[1, 2], [3]]
    assert len(followed.accuracy) == 3
    assert followed.convolution == "0"
    np.testing.assert_array_equal(followed.before, followed.after)
    assert not network.training


def test_random_numbers_follow_from_the_seed_alone(examples):
    given = examples(frames(40), PLAIN)
    found = []
    for disturbed, seed in ((1, 4), (2, 4), (1, 5)):
        network = classifier()
        torch.manual_seed(disturbed)
        before = torch.random.get_rng_state()
        followed = history.follow(
            network, Sgd(epochs=2, batch=7, learning_rate=0.01), given, given, seed=seed
        )
        assert (torch.random.get_rng_state() == before).all()
        found.append((followed.losses, weights_sha256(network)))
    assert found[0] == found[1]
    assert found[0][0] != found[2][0]


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (
            [[1.0, 2.0], [1.0, float("nan")]],
            r"loss.*nan at step 4 \(step 2.*epoch 2\)\. Set.*smaller",
        ),
        ([[float("inf")]], r"loss.*inf at step 1 \(step 1.*epoch 1\)"),
        ([[1.0], []], r"loss.*step.*epoch 2"),
        ([], "at least one epoch"),
    ],
)
def test_losses_that_cannot_be_are_told_with_their_step(examples, losses, said):
    given = examples(frames(6), PLAIN)
    with pytest.raises(DataError, match=said):
        history.follow(classifier(), Steps(losses=losses), given, given, seed=0)


def test_a_learning_rate_that_is_too_large(examples):
    """The loss of a real training diverges."""
    given = examples(frames(30), PLAIN)
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    with pytest.raises(DataError, match=r"sgd:.*loss.* (nan|inf) at step \d+"):
        history.follow(network, Sgd(learning_rate=1e38, momentum=0.9), given, given, seed=0)


def test_outputs_that_are_no_longer_numbers(examples):
    """A probability that is NaN is refused by torch's loss; ours says so as of any loss."""
    given = examples(frames(30, ("left", "right")), PLAIN)
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())
    diverging = Sgd(loss="binary", learning_rate=1e38, batch=10)
    with pytest.raises(DataError, match=r"sgd:.*loss.*nan at step \d+ \(step \d+.*epoch \d+\)"):
        history.follow(network, diverging, given, given, seed=0)


def test_a_training_that_returns_its_losses(examples):
    class Returns(Training):
        def train(self, network, training, held_out):
            return [[1.0]]

    given = examples(frames(6), PLAIN)
    with pytest.raises(DataError, match=r"returns list\. Write: yield losses"):
        history.follow(classifier(), Returns(), given, given, seed=0)


@pytest.mark.parametrize(
    ("outputs", "classes", "loss", "said"),
    [
        (4, 2, "binary", r"binary.*output.*classes.* 4 outputs"),
        (1, 3, "binary", "target 3 classes"),
        (1, 2, "classes", r"2.*class.*target.*output.*loss: binary"),
        (1000, 4, "classes", r"4.*class.*target.* 1000 outputs"),
        (1, None, "classes", "more than one"),
    ],
)
def test_outputs_that_do_not_go_with_the_loss(outputs, classes, loss, said):
    with pytest.raises(ConfigError, match=said):
        Sgd(loss=loss).check_outputs(outputs, classes)


def test_outputs_that_do():
    Sgd(loss="binary").check_outputs(1, 2)
    Sgd(loss="binary").check_outputs(1, None)
    Sgd(loss="classes").check_outputs(5, 5)
    Sgd(loss="classes").check_outputs(5, None)


def test_one_output_without_a_sigmoid(examples):
    given = examples(frames(6, ("left", "right")), PLAIN)
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 1))
    nn.init.constant_(network[1].bias, 3.0)
    with pytest.raises(ConfigError, match=r"expects outputs that are probabilities, .* end in a sigmoid"):
        history.follow(network, Sgd(loss="binary"), given, given, seed=0)


def test_cross_entropy_is_its_formula(examples):
    """The first loss, before any step, in float64 from the outputs."""
    given = examples(frames(9), PLAIN)
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    images, targets = next(given.batches(9))
    outputs = network(images).detach().double().numpy()
    logarithms = np.log(np.exp(outputs).sum(axis=1)) - outputs[np.arange(9), targets]
    followed = history.follow(network, Sgd(epochs=1, batch=9), given, given, seed=0)
    np.testing.assert_allclose(followed.losses, [[logarithms.mean()]], rtol=1e-6)


@pytest.fixture
def recorded(write_frames, tmp_path):
    """Return a function that trains and writes as the rule does."""

    def recorded(network, training, held_out, **keys):
        files = {
            "training": write_frames(training, "training"), "held_out": write_frames(held_out, "held_out")
        }  # fmt: skip
        loaded = Loaded(network.eval(), PLAIN, "random", None)
        section = SECTION | keys
        classes = record.record(loaded, Sgd(**keys), section, files, tmp_path / "training.nc", network="net")
        trained_weights.save(
            network, tmp_path / "trained.safetensors", weights="trained by sgd", classes=classes
        )
        return xr.load_dataset(tmp_path / "training.nc")

    return recorded


def test_what_is_written(recorded, tmp_path):
    network, initial = classifier(), classifier()
    held_out = frames(5, ("dark", "pale"), seed=1)
    held_out[0] = frames(30)[0]._replace(name="seen")
    written = recorded(network, frames(30), held_out, epochs=3, batch=8, learning_rate=0.05, momentum=0.9)
    assert dict(written.sizes) == {
        "step": 12, "epoch": 4, "set": 2, "class": 3, "when": 2, "filter": 4, "channel": 3, "y": 3, "x": 3
    }  # fmt: skip
    assert written.epoch_of_step.values.tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert written.images.values.tolist() == [[10, 10, 10], [3, 2, 0]]
    np.testing.assert_array_equal(written.filters.sel(when="before"), initial[0].weight.detach())
    np.testing.assert_array_equal(written.filters.sel(when="after"), network[0].weight.detach())
    assert (written.filters.sel(when="before") != written.filters.sel(when="after")).any()
    assert written.attrs["shared_images"] == 1
    assert json.loads(written.attrs["parameters"])["learning_rate"] == 0.05
    assert written.attrs["initial_weights_sha256"] == weights_sha256(initial)
    assert written.attrs["weights_sha256"] == weights_sha256(network)

    twin = trained_weights.put_into(
        Loaded(classifier(seed=9), PLAIN, "random", None), tmp_path / "trained.safetensors"
    )
    assert weights_sha256(twin.module) == weights_sha256(network)
    assert twin.weights == "trained by sgd"
    assert twin.categories == ["dark", "pale", "white"]


def test_the_same_training_has_the_same_bytes(recorded, tmp_path):
    found = []
    for _ in range(2):
        recorded(classifier(), frames(20), frames(5, seed=1), epochs=1)
        found.append([(tmp_path / name).read_bytes() for name in ("training.nc", "trained.safetensors")])
    assert found[0] == found[1]


def test_a_network_without_convolution_has_no_filters(recorded):
    written = recorded(nn.Sequential(nn.Flatten(), nn.Linear(144, 3)), frames(6), frames(6, seed=1), epochs=1)
    assert "filters" not in written


def test_sizes_of_images_that_do_not_fit(recorded):
    network = nn.Sequential(nn.Flatten(), nn.Linear(100, 3))
    with pytest.raises(DataError, match=r"inputs.* 6 x 8 pixels.*process:.*preprocess"):
        recorded(network, frames(6), frames(6))
    larger = [frame._replace(pixels=np.zeros((9, 8, 3), np.uint8)) for frame in frames(6)]
    with pytest.raises(
        DataError, match=r"images of 9 x 8 pixels and those of .*, 6 x 8, give inputs of different"
    ):
        recorded(classifier(), frames(6), larger)


def test_the_first_convolution_is_the_one_that_runs_first():
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.second, self.first = nn.Conv2d(4, 5, 1), nn.Conv2d(3, 4, 1)

        def forward(self, images):
            return self.second(self.first(images))

    network = Backwards()
    assert history.first_convolution(network, torch.zeros(1, 3, 4, 4)) == "first"
    assert history.first_convolution(nn.Flatten(), torch.zeros(1, 3, 4, 4)) == ""

"""The exercise's network, its training and its hidden activity: ours against a plain transcription.

Neuromatch Academy, W1D5, `filters`, `CNN`, `train` and `get_hidden_activity`.
"""

import numpy as np
import pytest
import torch
from torch import nn, optim

from repscape.networks.lib import freeze, tilt_cnn
from repscape.networks.lib.loaded import Loaded
from repscape.stimuli import tilt_gratings
from repscape.traced.preprocess import Preprocess
from repscape.trainings.lib import history
from repscape.trainings.sgd import Sgd

PIXELS = Preprocess(resize=None, crop=(48, 64), mean=(0, 0, 0), std=(1, 1, 1))


def filters(out_channels=6, K=7):
    grid = np.linspace(-K / 2, K / 2, K).astype(np.float32)
    xx, yy = np.meshgrid(grid, grid, indexing="ij")
    sigma = 1.1
    gaussian = np.exp(-((xx**2 + yy**2) ** 0.5) / (2 * sigma**2))
    wide_gaussian = np.exp(-((xx**2 + yy**2) ** 0.5) / (2 * (sigma * 2) ** 2))
    center_surround = gaussian - 0.5 * wide_gaussian
    thetas = np.linspace(0, 180, out_channels - 2 + 1)[:-1] * np.pi / 180
    gabors = np.zeros((len(thetas), K, K), np.float32)
    lam, phi = 10, np.pi / 2
    gaussian = np.exp(-((xx**2 + yy**2) ** 0.5) / (2 * (sigma * 0.4) ** 2))
    for i, theta in enumerate(thetas):
        x = xx * np.cos(theta) + yy * np.sin(theta)
        gabors[i] = gaussian * np.cos(2 * np.pi * x / lam + phi)
    made = np.concatenate((center_surround[None], -1 * center_surround[None], gabors), axis=0)
    made /= np.abs(made).max(axis=(1, 2))[:, None, None]
    return torch.from_numpy(made).unsqueeze(1)


class CNN(nn.Module):
    def __init__(self, h_in, w_in):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, kernel_size=7, padding=7 // 2)
        self.pool = nn.MaxPool2d(8)
        self.dims = (6, h_in // 8, w_in // 8)
        self.fc = nn.Linear(int(np.prod(self.dims)), 10)
        self.out = nn.Linear(10, 1)
        self.conv.weight = nn.Parameter(filters(6, 7))
        self.conv.bias = nn.Parameter(torch.zeros((6,), dtype=torch.float32))

    def forward(self, x):
        x = x.unsqueeze(1)
        x = torch.relu(self.conv(x))
        x = self.pool(x)
        x = x.view(-1, int(np.prod(self.dims)))
        x = torch.relu(self.fc(x))
        return torch.sigmoid(self.out(x))


def train(net, data, labels, n_epochs=25, learning_rate=0.0005, batch_size=100, momentum=0.99):
    loss_fn = nn.BCELoss()
    optimizer = optim.SGD(net.parameters(), lr=learning_rate, momentum=momentum)
    track_loss = []
    for _ in range(n_epochs):
        ishuffle = torch.randperm(data.shape[0])
        for stimuli, tilt in zip(
            torch.split(data[ishuffle], batch_size), torch.split(labels[ishuffle], batch_size), strict=True
        ):
            loss = loss_fn(net(stimuli), tilt)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            track_loss.append(loss.item())
    return track_loss


@pytest.fixture
def twins():
    """The exercise's network and ours, of one seed."""
    torch.manual_seed(12)
    theirs = CNN(48, 64)
    torch.manual_seed(12)
    return theirs, tilt_cnn.make(48, 64)


@pytest.fixture(scope="module")
def frames():
    return list(tilt_gratings.TiltGratings(random=250, seed=12).images())


def as_exercise(frames):
    return torch.from_numpy(np.stack([frame.pixels for frame in frames])).float() / 255


def test_filters():
    assert tilt_cnn.filters().dtype == np.float32
    np.testing.assert_array_equal(tilt_cnn.filters(), filters()[:, 0].numpy())


def test_the_same_seed_gives_the_exercises_weights(twins):
    theirs, ours = (net.state_dict() for net in twins)
    assert list(theirs) == list(ours)
    for name, values in theirs.items():
        torch.testing.assert_close(ours[name], values, rtol=0, atol=0)


def test_outputs_and_hidden_activity_are_the_exercises(twins, frames):
    theirs, ours = twins
    hidden = {}
    for name in ("pool", "fc"):
        getattr(theirs, name).register_forward_hook(
            lambda _module, _args, output, name=name: hidden.update({name: output.detach().clone()})
        )
    with torch.inference_mode():
        expected = theirs(as_exercise(frames))
    frozen = freeze.freeze(Loaded(ours.eval(), PIXELS, "random", None, classifies=False), (48, 64))
    nodes = {row.label: row.node for row in frozen.rows}
    assert list(nodes) == [
        "input", "select1", "conv1", "relu1", "maxpool1", "flatten1", "fc1", "relu2", "fc2", "sigmoid1"
    ]  # fmt: skip
    found = {}
    wanted = {"maxpool1": "pool", "fc1": "fc", "sigmoid1": "output"}  # fc1 is taken before its ReLU
    callbacks = {
        nodes[label]: lambda output, name=name: found.update({name: output.clone()})
        for label, name in wanted.items()
    }
    images = torch.from_numpy(np.stack([frame.pixels for frame in frames]))
    with torch.inference_mode():
        frozen.run(PIXELS.apply(images[..., None].expand(-1, -1, -1, 3)), callbacks)
    for name, values in (hidden | {"output": expected}).items():
        torch.testing.assert_close(found[name], values, rtol=1e-5, atol=1e-5)


def test_training_has_the_exercises_losses(twins, frames, examples):
    """From the same weights, by the same shuffles: 250 images make batches of 100, 100 and 50."""
    theirs, ours = twins
    tilt = torch.tensor([[float(frame.label == "right")] for frame in frames])
    torch.manual_seed(5)
    expected = train(theirs, as_exercise(frames), tilt, n_epochs=4)
    training = examples(frames, PIXELS)
    followed = history.follow(ours, Sgd(loss="binary", epochs=4, batch=100), training, training, seed=5)
    assert [len(losses) for losses in followed.losses] == [3] * 4
    np.testing.assert_allclose(np.concatenate(followed.losses), expected, rtol=1e-6)
    for name, values in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], values, rtol=1e-5, atol=1e-6)


def test_settings_are_the_exercises():
    import inspect

    ours = vars(Sgd())
    theirs = inspect.signature(train).parameters
    for one, other in {"epochs": "n_epochs", "batch": "batch_size", "momentum": "momentum"}.items():
        assert ours[one] == theirs[other].default
    assert ours["learning_rate"] == theirs["learning_rate"].default


@pytest.mark.slow
def test_held_out_tilts_are_told_within_the_exercises_training(examples):
    """Trained as in the exercise, on 1,000 random tilts; tested on others, none of the same pixels."""
    torch.manual_seed(12)
    network = tilt_cnn.make(48, 64)
    training = examples(list(tilt_gratings.TiltGratings(random=1000, seed=12).images()), PIXELS, "training")
    known = {image.numpy().tobytes() for image in training.pixels[..., 0]}
    new = [
        f for f in tilt_gratings.TiltGratings(random=500, seed=13).images() if f.pixels.tobytes() not in known
    ]
    held_out = examples(new, PIXELS, "held_out")
    assert held_out.shared(training) == 0
    followed = history.follow(network, Sgd(loss="binary"), training, held_out, seed=0)
    before, after = followed.accuracy[0][1], followed.accuracy[-1][1]
    assert before < 0.7
    assert after > 0.95
    assert max(followed.losses[-1]) < min(followed.losses[0])

"""Small networks trained side by side, against torch's own layers and optimiser on the units themselves."""

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from repscape.analyses.lib import relu_decoder
from repscape.analyses.lib.principal_axes import principal
from repscape.core.errors import DataError

HOW = {"hidden": 6, "epochs": 40, "learning_rate": 0.1, "seed": 3}


def data(rows=24, units=50, sets=3, seed=0):
    random = np.random.default_rng(seed)
    activity = random.normal(size=(rows, units)) + random.normal(size=(rows, 1))
    return activity, random.normal(size=(sets, 16, 2)), np.arange(16)


def by_torch(activity, training, targets, decay, hidden, epochs, learning_rate, seed):
    """Train nn.Linear, ReLU, nn.Linear on standardised units with torch.optim.SGD."""
    scaled = StandardScaler().fit(activity[training]).transform(activity) / np.sqrt(activity.shape[1])
    axes = principal(activity, training)
    # The axes as directions in the space of units
    directions = np.linalg.lstsq(scaled[training], axes.coordinates[training], rcond=None)[0]
    np.testing.assert_allclose(scaled @ directions, axes.coordinates, atol=1e-9)
    random = np.random.default_rng(seed)
    first = random.normal(0, np.sqrt(1 / 3), (len(axes.variance), hidden))
    second = random.uniform(-1, 1, (hidden, 2)) / np.sqrt(hidden)
    network = torch.nn.Sequential(
        torch.nn.Linear(activity.shape[1], hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 2)
    ).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor((directions @ first).T))
        network[2].weight.copy_(torch.tensor(second.T))
        network[0].bias.zero_()
        network[2].bias.zero_()
    weights, biases = ([getattr(network[at], name) for at in (0, 2)] for name in ("weight", "bias"))
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0}]
    optimiser = torch.optim.SGD(groups, lr=learning_rate, momentum=0.9)
    inputs, aims = torch.tensor(scaled), torch.tensor(targets)
    for _ in range(epochs):
        optimiser.zero_grad()
        # The mean over rows and outputs, times the number of outputs
        (2 * torch.nn.functional.mse_loss(network(inputs[training]), aims)).backward()
        optimiser.step()
    return network(inputs).detach().numpy()


@pytest.mark.parametrize("units", [9, 50])
def test_many_networks_at_once_are_torchs_one_by_one(units):
    activity, targets, training = data(units=units)
    axes = principal(activity, training)
    decays = (0.0, 0.01, 0.1)
    found = relu_decoder.train(axes.coordinates, training, targets, decays=decays, after=[40], **HOW)[0]
    assert found.shape == (3, 3, 24, 2)
    for number, own in enumerate(targets):
        for place, decay in enumerate(decays):
            expected = by_torch(activity, training, own, decay, **HOW)
            np.testing.assert_allclose(found[number, place], expected, atol=2e-5)


def test_parts_of_the_sets_are_trained_as_all_together():
    activity, targets, training = data()
    coordinates = principal(activity, training).coordinates
    whole = relu_decoder.train(coordinates, training, targets, decays=(0, 0.1), after=[40], **HOW)
    parts = relu_decoder.train(coordinates, training, targets, decays=(0, 0.1), after=[40], block=1, **HOW)
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_earlier_epochs_are_those_of_shorter_trainings():
    activity, targets, training = data()
    coordinates = principal(activity, training).coordinates
    found = relu_decoder.train(coordinates, training, targets, decays=(0.01,), after=[0, 7, 40], **HOW)
    for place, epochs in enumerate((0, 7, 40)):
        alone = relu_decoder.train(
            coordinates, training, targets, decays=(0.01,), after=[epochs], **(HOW | {"epochs": epochs})
        )
        np.testing.assert_array_equal(found[place], alone[0])
    errors = ((found[:, :, 0, :16] - targets) ** 2).sum(-1).mean(-1)  # (after, set)
    assert (errors[2] < errors[1]).all()
    assert (errors[1] < errors[0]).all()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    activity, targets, training = data()
    coordinates = principal(activity, training).coordinates
    first, second, other = (
        relu_decoder.train(
            coordinates, training, targets, decays=(0.01,), after=[40], **(HOW | {"seed": seed})
        )
        for seed in (1, 1, 2)
    )
    assert first.tobytes() == second.tobytes()
    assert np.abs(first - other).max() > 0.01


def test_divergence_is_reported():
    activity, targets, training = data()
    coordinates = principal(activity, training).coordinates
    with pytest.raises(DataError, match="learning_rate 100"):
        relu_decoder.train(
            coordinates, training, targets, decays=(0.1,), after=[40], **(HOW | {"learning_rate": 100.0})
        )

"""Frozen networks and trained weights say what they are of, and are not used when damaged."""

import random
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from repscape.core import run
from repscape.core.errors import DataError
from repscape.networks.lib import freeze, trained_weights
from repscape.networks.lib.loaded import Loaded
from repscape.traced.network import open_network
from repscape.traced.preprocess import Preprocess

PLAIN = Preprocess(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), resize=None, crop=None)


def loaded(seed):
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    module(torch.zeros(1, 3, 16, 16))
    return Loaded(module.eval(), PLAIN, "random", ["a", "b"])


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Two networks and their weights, written by this process as a job."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "in_job", True)
    for seed, name in enumerate("ab"):
        freeze.save(freeze.freeze(loaded(seed), (16, 16)), f"results/small/networks/{name}/network.pt")
        path = f"results/small/networks/{name}/trained.safetensors"
        trained_weights.save(loaded(seed).module, path, weights="trained by sgd", classes=["a", "b"])
    return Path("results/small/networks")


READERS = {
    "network.pt": open_network,
    "trained.safetensors": lambda path: trained_weights.put_into(loaded(2), path),
}


@pytest.mark.parametrize("file", READERS)
def test_intact(study, file):
    for seed, name in enumerate("ab"):
        found = READERS[file](study / name / file).module.state_dict()
        for key, tensor in loaded(seed).module.state_dict().items():
            torch.testing.assert_close(found[key], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("file", READERS)
def test_flipped_and_cut(study, file):
    path = study / "a" / file
    whole, generator = path.read_bytes(), random.Random(0)
    for _ in range(25):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"a/{file}: not .*Delete it"):
            READERS[file](path)
    for length in (0, 7, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"a/{file}: not .*Delete it"):
            READERS[file](path)


@pytest.mark.parametrize("file", READERS)
def test_of_another_network(study, file):
    shutil.copy(study / "a" / file, study / "b" / file)
    with pytest.raises(DataError, match=f"b/{file}: expected .* found a copy of .*a/{file}"):
        READERS[file](study / "b" / file)


def test_a_network_of_an_earlier_version(study, monkeypatch):
    monkeypatch.setattr(run, "in_job", False)
    path = study / "a/network.pt"
    content = torch.load(path, weights_only=False)
    del content["left_out"], content["noise_seed"]
    torch.save(content, path)
    with pytest.raises(DataError, match=r"a/network\.pt:.*version"):
        open_network(path)

"""Small studies on disk: a frozen network, a stimulus, a population."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from repscape.activations.record import record
from repscape.io import netcdf
from repscape.networks.lib import freeze, layer_table
from repscape.networks.lib.loaded import Loaded
from repscape.populations.lib import file
from repscape.populations.lib.layer import Layer
from repscape.traced.preprocess import Preprocess


class Small(nn.Module):
    """In-place operations, a reused module and an addition, in a few hundred parameters."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.act = nn.ReLU(inplace=True)
        self.again = nn.Conv2d(8, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.act(self.bn(self.conv(x)))
        y = self.pool(self.act(self.again(x)))
        y += self.pool(x)
        return self.fc(y.mean((2, 3)))


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def study(tmp_path):
    """Return a function that writes the files for `record` and gives their paths."""

    def make(module=None, size=16, images=7, kind="random", layers="all", factors=None, **parameters):
        torch.manual_seed(5)
        module = (module or Small()).eval()
        preprocess = Preprocess(resize=None, crop=size)
        frozen = freeze.freeze(Loaded(module, preprocess, "random", None))
        freeze.save(frozen, tmp_path / "network.pt")
        labels = layer_table.select(frozen.rows, layers, "layers")
        shapes = []
        for label in labels:
            row = layer_table.find(frozen.rows, label)[1]
            shapes.append(Layer(label, row.channels, row.height, row.width, row.units))
        section = {"kind": kind, "seed": 1, **parameters}
        keys = {"section": section, "files": {}, "source": "net", "population": kind}
        file.write(tmp_path / "population.nc", shapes, **keys)
        pixels = np.random.default_rng(3).integers(0, 256, (images, size, size, 3), dtype=np.uint8)
        netcdf.write(
            tmp_path / "stimulus.nc",
            kind="stimulus",
            variables={
                "images": (("image", "y", "x", "channel"), pixels),
                "name": (("image",), [f"image {n:04d}" for n in range(images)]),
                **{name: (("image",), values) for name, values in (factors or {}).items()},
            },
            attributes={"stimulus": "pictures", "sha256": "abc", "factors": list(factors or []) or None},
        )
        inputs = [tmp_path / name for name in ("network.pt", "stimulus.nc", "population.nc")]

        def run(folder="out", **settings):
            outputs = {label: tmp_path / folder / f"{label}.nc" for label in labels}
            record(*inputs, outputs, **settings)
            return outputs

        return SimpleNamespace(
            module=module,
            frozen=frozen,
            labels=labels,
            pixels=pixels,
            inputs=inputs,
            run=run,
            folder=tmp_path,
        )

    return make

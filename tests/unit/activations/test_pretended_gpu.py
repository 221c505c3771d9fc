"""A GPU that is pretended: tensors have its device and shapes but no values, and devices do not mix.

It finds what would fail on a real one, such as a tensor left on the CPU, on machines without one.
"""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from repscape.activations import record
from repscape.analyses.lib.anova_sums import Sums
from repscape.analyses.lib.factorial_design import crossed
from repscape.networks import torchvision
from repscape.traced import runner

GPU = torch.device("cuda", 0)


class Carried:
    """Reads and writes as `IoThread` does, and looks at what it is given."""

    written: list

    def __init__(self, beside):
        assert beside, "a GPU need not wait for files"

    def __enter__(self):
        Carried.written = []
        return self

    def __exit__(self, *_):
        pass

    def read(self, images, parts):
        for part in parts:
            yield part, torch.from_numpy(images(part))

    def write(self, values, variable, place):
        assert isinstance(values, FakeTensor)
        assert (values.device, values.dtype) == (GPU, torch.float32)
        assert values.shape == (place.stop - place.start, variable.shape[1])
        assert values.is_contiguous()
        self.written.append((place.start, place.stop))


@contextmanager
def pretended_gpu():
    """Pretend that there is a GPU."""
    mode, from_numpy = FakeTensorMode(), torch.from_numpy

    def pretended(tensor, device):
        with mode:
            return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)

    def to(module, device, memory_format):
        for inner in module.modules():
            for name, own in list(inner.named_parameters(recurse=False)):
                setattr(inner, name, nn.Parameter(pretended(own.data, device), requires_grad=False))
            for name, own in list(inner.named_buffers(recurse=False)):
                setattr(inner, name, pretended(own, device))

    with pytest.MonkeyPatch.context() as patch, mode:
        patch.setattr(nn.Module, "to", to)
        patch.setattr(torch, "from_numpy", lambda array: pretended(from_numpy(array), "cpu"))
        patch.setattr(runner, "choose_device", lambda _: GPU)
        patch.setattr(runner, "IoThread", Carried)
        yield


@pytest.mark.parametrize("kind", ["all", "random", "filter_means", "position_means"])
def test_recording_leaves_no_tensor_behind(study, kind):
    small = study(kind=kind, **({"units": 40} if kind == "random" else {}))
    with pretended_gpu():
        small.run(cuda_batch=3, device="cuda")
    assert len(Carried.written) == 3 * len(small.labels)
    assert set(Carried.written) == {(0, 3), (3, 6), (6, 7)}


@pytest.mark.parametrize("architecture", ["squeezenet1_1", "swin_t"])
def test_recording_of_published_networks(study, architecture):
    loaded = torchvision.Torchvision(architecture=architecture, weights="random", seed=0).load()
    small = study(loaded.module, size=64, images=3, units=40)
    with pretended_gpu():
        small.run(cuda_batch=2, device="cuda")
    assert len(Carried.written) == 2 * len(small.labels)


def test_sums_are_kept_on_it(study):
    small = study(kind="all")
    values = {"a": np.array(list("xyxyxyx")), "b": np.array(list("uuvvuvv"))}
    sums = {row.node: Sums(crossed(values, "test")) for row in small.frozen.rows}
    watched = {node: own.add for node, own in sums.items()}
    with pretended_gpu():
        runner.Runner(small.inputs[0], "cuda").stream(
            small.inputs[1], watched, batch=3, threads=1, what="test"
        )
    for own in sums.values():
        assert {tensor.device for tensor in (own.first, own.cells, own.squares)} == {GPU}


def test_it_finds_what_is_left_behind(study, monkeypatch):
    """A gatherer that forgets to bring its indices along is found out."""
    pick = record.Gatherer._pick

    def forgetful(self, values, gathered):
        pick(self, values, gathered)
        self.index = torch.empty(len(self.selection.unit), dtype=torch.int64)

    monkeypatch.setattr(record.Gatherer, "_pick", forgetful)
    small = study(units=40)
    with pretended_gpu(), pytest.raises(RuntimeError, match="cpu"):
        small.run(cuda_batch=3, device="cuda")

"""State dicts as people have them: what is done right, what is refused and how it is said."""

import argparse

import numpy as np
import pytest
import torch
from torch import nn

from repscape.core.errors import DataError
from repscape.networks.lib.state_dicts import insert, read


def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.Linear(4, 2)))


@pytest.fixture
def state():
    torch.manual_seed(4)
    made = network()
    made[1].running_mean.uniform_()
    return made.state_dict()


def put(content, tmp_path, module=None):
    torch.save(content, tmp_path / "weights.pth")
    module = module or network()
    insert(module, read(tmp_path / "weights.pth"), tmp_path / "weights.pth", "it")
    return module.state_dict()


def same(found, state):
    return found.keys() == state.keys() and all(torch.equal(found[name], state[name]) for name in state)


WRAPPED = {
    "DataParallel": lambda name: f"module.{name}",
    "torch.compile": lambda name: f"_orig_mod.{name}",
    "both": lambda name: f"module._orig_mod.{name}",
    "of a part": lambda name: name.replace("2.0", "2.module.0"),
    "compiled part": lambda name: name.replace("2.0", "2._orig_mod.0"),
    "Lightning": lambda name: f"model.{name}",
    "two levels": lambda name: f"net.backbone.{name}",
    "Lightning, compiled": lambda name: f"model._orig_mod.{name}",
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_names_that_wrappers_leave(wrap, state, tmp_path):
    assert same(put({wrap(name): value for name, value in state.items()}, tmp_path), state)


class Holding(nn.Module):
    """Has a module that is called as wrappers are."""

    def __init__(self):
        super().__init__()
        self.module = nn.Linear(2, 2)


def test_a_module_that_is_called_module(tmp_path):
    own = Holding().state_dict()
    assert same(put(own, tmp_path, Holding()), own)
    assert same(put({f"_orig_mod.{name}": value for name, value in own.items()}, tmp_path, Holding()), own)


CHECKPOINTS = {
    "Lightning": lambda state: {
        "state_dict": state,
        "epoch": 3,
        "optimizer_states": [{}],
        "pytorch-lightning_version": "2",
    },
    "timm": lambda state: {
        "arch": "x",
        "state_dict": state,
        "state_dict_ema": state,
        "args": argparse.Namespace(lr=1),
    },
    "ImageNet example": lambda state: {
        "state_dict": state,
        "best_acc1": np.float64(71.2),
        "epoch": np.int64(3),
    },
    "DeiT": lambda state: {"model": state, "args": argparse.Namespace(lr=0.1)},
    "nested": lambda state: {"model": {"state_dict": state}},
    "another name": lambda state: {"net": state, "acc": 93.1, "epoch": 10},
}


@pytest.mark.parametrize("wrap", CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_checkpoints(wrap, state, tmp_path):
    assert same(put(wrap(state), tmp_path), state)


def test_which_of_several_was_taken_is_said(state, tmp_path, caplog):
    caplog.set_level("INFO")
    put(CHECKPOINTS["timm"](state), tmp_path)
    assert "took 'state_dict', not state_dict_ema" in caplog.text
    with pytest.raises(DataError, match=r"student \(OrderedDict\), teacher"):
        put({"student": state, "teacher": state}, tmp_path)


def changed(state, name, value):
    return state | {name: value}


ODD = {
    "meta": (lambda s: changed(s, "0.weight", s["0.weight"].to("meta")), r"no numbers.*0\.weight"),
    "NaN": (lambda s: changed(s, "0.bias", s["0.bias"] * torch.nan), r"not finite: 0\.bias"),
    "inf": (lambda s: changed(s, "0.weight", s["0.weight"] / 0), r"not finite: 0\.weight"),
    "NaN in statistics": (
        lambda s: changed(s, "1.running_var", s["1.running_var"] * torch.nan),
        "1.running_var",
    ),
    "int8": (
        lambda s: changed(s, "0.weight", (s["0.weight"] * 127).to(torch.int8)),
        r"of another type \(0\.weight int8 instead of float32\).*scales",
    ),
    "float8": (lambda s: changed(s, "0.weight", s["0.weight"].to(torch.float8_e4m3fn)), "float8_e4m3fn"),
    "quantised": (
        lambda s: changed(s, "0.weight", torch.quantize_per_tensor(s["0.weight"], 0.1, 0, torch.qint8)),
        r"quantised.*0\.weight",
    ),
    "sparse": (
        lambda s: changed(s, "2.0.weight", s["2.0.weight"].to_sparse()),
        r"sparse tensors: 2\.0\.weight",
    ),
    "complex": (lambda s: changed(s, "0.bias", s["0.bias"] + 0j), r"0\.bias complex64"),
    "a shape that would fit": (
        lambda s: changed(s, "0.bias", s["0.bias"][:1]),
        r"0\.bias \(1,\) instead of \(4,\)",
    ),
    "no running statistics": (
        lambda s: {name: value for name, value in s.items() if "running" not in name},
        r"2 missing \(1\.running_mean, 1\.running_var\)",
    ),
    "twice": (lambda s: changed(s, "module.0.bias", s["0.bias"]), r"several entries name the same.*0\.bias"),
    "one with a prefix": (lambda s: changed(s, "model.extra", s["0.bias"]), r"1 unexpected \(model\.extra\)"),
}


@pytest.mark.filterwarnings("ignore:.*[Qq]uantiz")
@pytest.mark.filterwarnings("ignore:Validating sparse", "ignore:Casting complex", "ignore:TypedStorage")
@pytest.mark.parametrize(("change", "said"), ODD.values(), ids=ODD)
def test_weights_that_are_refused(change, said, state, tmp_path):
    with pytest.raises(DataError, match=rf"weights\.pth.*{said}"):
        put(change(dict(state)), tmp_path)


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_other_precisions(kind, state, tmp_path, caplog):
    caplog.set_level("INFO")
    coarse = {name: v.to(getattr(torch, kind)) if v.is_floating_point() else v for name, v in state.items()}
    found = put(coarse, tmp_path)
    assert all(value.dtype == state[name].dtype for name, value in found.items())
    assert torch.equal(found["0.weight"], coarse["0.weight"].float())
    assert (kind in caplog.text) == (kind != "float64")


def test_masks_may_be_infinite(tmp_path):
    module = nn.Linear(2, 2)
    module.register_buffer("mask", torch.tensor([0.0, -torch.inf]))
    own = module.state_dict()
    assert same(put(own, tmp_path, module), own)


class Tied(nn.Module):
    """One tensor by two names, of which safetensors keeps one."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
        self.second.weight = self.first.weight


def test_shared_weights(tmp_path):
    one = {"first.weight": torch.eye(3)}
    assert torch.equal(put(one, tmp_path, Tied())["second.weight"], torch.eye(3))


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_scripts_are_not_run(tmp_path):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "script.pt")
    with pytest.raises(DataError, match=r"TorchScript archive.*code"):
        read(tmp_path / "script.pt")

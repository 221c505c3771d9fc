"""What a network does once: an operation, its kind and the shape of its output."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import nn

# Modules and functions whose kind is not their own name in lower case
KINDS = {
    "adaptive_avg_pool": "avgpool",
    "adaptive_max_pool": "maxpool",
    "adaptiveavgpool": "avgpool",
    "adaptivemaxpool": "maxpool",
    "avg_pool": "avgpool",
    "batch_norm": "bn",
    "batchnorm": "bn",
    "block": "module",  # block1, … are names of blocks
    "concat": "cat",
    "getitem": "select",
    "iadd": "add",
    "imul": "mul",
    "input": "module",
    "layer_norm": "layernorm",
    "linear": "fc",
    "max_pool": "maxpool",
    "multiheadattention": "attention",
    "predictions": "module",
    "relu6": "relu",
    "scaled_dot_product_attention": "attention",
    "shifted_window_attention": "attention",
    "truediv": "div",
}
# Modules of torch's that are made of layers worth recording, yet cannot be traced
TRANSFORMERS = (
    *(nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder),
    *(nn.TransformerEncoderLayer, nn.TransformerDecoderLayer),
)
POOLING = {"avgpool", "maxpool", "mean"}
ACTIVATION = {"relu", "gelu", "silu", "hardswish", "elu", "leakyrelu", "prelu", "mish", "tanh", "sigmoid"}


class Field(NamedTuple):
    """Receptive field along y and x: distance of units, first and last pixel of the first unit."""

    stride: tuple[float, float]
    first: tuple[float, float]
    last: tuple[float, float]


@dataclass
class Operation:
    """What a network does once: a call of a module or of a function."""

    path: str
    inside: str  # the module that is called, or that calls the function
    kind: str
    shape: tuple[int, ...]
    axis: int
    weighted: bool = False  # whether it has parameters, perhaps used before
    field: Field | None = None
    image: int = 0
    parameters: int = 0
    modules: tuple[str, ...] = ()


@dataclass
class Parameters:
    """Counts each parameter once: at the first layer that it reaches."""

    counted: set[int] = field(default_factory=set)

    def count(self, parameters: Iterable[nn.Parameter]) -> int:
        """Count the values of parameters that have not been counted before."""
        new = {id(one): one.numel() for one in parameters if id(one) not in self.counted}
        self.counted |= new.keys()
        return sum(new.values())


def kind_of(name: str) -> str:
    """Turn ``Conv2d``, ``max_pool2d`` or ``add_`` into a kind."""
    name = re.sub(r"[123]d$", "", name.strip("_").lower())
    return KINDS.get(name, name)


def extent(op: Operation) -> tuple[int, int, int]:
    """Channels, height and width of an output."""
    places = [length for axis, length in enumerate(op.shape) if axis not in (op.image, op.axis)]
    return op.shape[op.axis], places[0] if places else 1, math.prod(places[1:])


def is_innermost(module: nn.Module) -> bool:
    """Whether a module of torch's is taken as one operation, whatever it is made of."""
    theirs = type(module).__module__.startswith(("torch.nn", "torch.ao.nn"))
    return theirs and not is_container(module) and not isinstance(module, TRANSFORMERS)


def is_container(module: nn.Module) -> bool:
    """Whether a module is only a list of others, run one after another."""
    containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    return isinstance(module, containers) and any(type(module).forward is kind.forward for kind in containers)


def size(module: nn.Module) -> int:
    """Count a module's parameters."""
    return sum(parameter.numel() for parameter in module.parameters())

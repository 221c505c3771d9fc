"""What a plugin of this step returns: a network and what belongs to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from repscape.traced.preprocess import Preprocess

if TYPE_CHECKING:
    from torch import nn


class Loaded(NamedTuple):
    """A network as its makers meant it to be used.

    Attributes
    ----------
    module : torch.nn.Module
        In evaluation mode, float32, on the CPU; takes (image, 3, y, x).
    preprocess : Preprocess
        From uint8 pixels to what the network takes.
    weights : str
        The weights' name: of an enum, ``random``, or the file's name.
    categories : list of str or None
        The names of the outputs, where they are classes and known.
    blocks : mapping of node path to name
        Outputs of blocks, where the network has names for them; else they are found (see
        blocks.py).
    classifies : bool
        False where outputs (image, feature) are no classes.
    folder : str
        Where the module's code lies, if Python does not find it by itself.
    """

    module: "nn.Module"
    preprocess: Preprocess
    weights: str
    categories: list[str] | None
    blocks: Mapping[str, str] = {}
    classifies: bool = True
    folder: str = ""


def imagenet() -> list[str]:
    """Return the names of ImageNet's 1,000 classes, in the order that is usual for networks."""
    from torchvision.models import AlexNet_Weights

    return AlexNet_Weights.DEFAULT.meta["categories"]


def weights_sha256(module: "nn.Module") -> str:
    """Sum a network's parameters and buffers, see `sum_of`.

    The same numbers give the same sum whether they came from a .pth file, a .safetensors file or
    a seed.
    """
    return sum_of(module.state_dict())


def sum_of(state: Mapping) -> str:
    """Return the sha256 of tensors by their names: names, types, shapes and bytes, in order of name."""
    import hashlib

    total = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        values = tensor.detach().cpu().contiguous()
        total.update(f"{name} {values.dtype} {list(values.shape)}\n".encode())
        total.update(values.numpy().tobytes() if values.ndim == 0 else memoryview(values.numpy()).cast("B"))
    return total.hexdigest()

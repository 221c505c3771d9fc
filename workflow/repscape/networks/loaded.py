"""What a plugin of this step returns: a network and what belongs to it."""

from typing import TYPE_CHECKING, NamedTuple

from repscape.networks.preprocess import Preprocess

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
    """

    module: "nn.Module"
    preprocess: Preprocess
    weights: str
    categories: list[str] | None


def weights_sha256(module: "nn.Module") -> str:
    """Sum a network's parameters and buffers: names, types, shapes and bytes, in order of name.

    The same numbers give the same sum whether they came from a .pth file, a .safetensors file or
    a seed.
    """
    import hashlib

    total = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        total.update(f"{name} {values.dtype} {list(values.shape)}\n".encode())
        total.update(values.numpy().tobytes() if values.ndim == 0 else memoryview(values.numpy()).cast("B"))
    return total.hexdigest()

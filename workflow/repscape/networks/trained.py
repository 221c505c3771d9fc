"""Weights that a training of the study left: written beside the network, put into it before it is frozen."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repscape.networks.loaded import Loaded
from repscape.networks.weights import insert

if TYPE_CHECKING:
    from torch import nn


def save(module: "nn.Module", path: str | Path, *, weights: str, classes: Sequence[str]) -> None:
    """Write a network's state dict, whole or not at all.

    Parameters
    ----------
    module : torch.nn.Module
    path : of the .safetensors file
    weights : str
        What the weights are called.
    classes : sequence of str
        What the network was trained to tell apart.
    """
    from safetensors.torch import save_file

    from repscape.store import replacing

    # copies, for tensors may share memory, which the format refuses
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    # one entry: those of several would be written in any order
    about = {"repscape": json.dumps({"weights": weights, "classes": list(classes)}, sort_keys=True)}
    with replacing(path) as temporary:
        save_file(state, temporary, about)


def put_into(loaded: Loaded, path: str | Path) -> Loaded:
    """Give a network the weights that `save` wrote, and their name; a classifier's outputs get theirs."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["repscape"])
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    insert(loaded.module, state, Path(path), "the network that was trained")
    return loaded._replace(
        weights=about["weights"], categories=about["classes"] if loaded.classifies else None
    )

"""Weights that a training of the study left: written beside the network, put into it before it is frozen."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from repscape.core.errors import DataError
from repscape.io.netcdf import check_name, name_of, replacing
from repscape.networks.lib.loaded import Loaded, sum_of
from repscape.networks.lib.state_dicts import insert

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

    # copies, for tensors may share memory, which the format refuses
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    with replacing(path) as temporary:
        about = {"weights": weights, "classes": list(classes), "path": name_of(path)}
        about["checksum"] = _checksum(about, state)
        # one entry: those of several would be written in any order
        save_file(state, temporary, {"repscape": json.dumps(about, sort_keys=True)})


def put_into(loaded: Loaded, path: str | Path) -> Loaded:
    """Give a network the weights that `save` wrote, and their name; a classifier's outputs get theirs.

    Raises
    ------
    DataError
        The file is damaged, or those of another network of the study.
    """
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["repscape"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        if about.pop("checksum") != _checksum(about, state):
            raise ValueError("its checksum has changed")
    except Exception as error:  # safetensors has its own, and none names the file
        raise DataError(
            f"{path}: not the file that the workflow wrote ({type(error).__name__}: {error}). Delete it "
            "and run again."
        ) from error
    check_name(path, about["path"])
    insert(loaded.module, state, Path(path), "the network that was trained")
    return loaded._replace(
        weights=about["weights"], categories=about["classes"] if loaded.classifies else None
    )


def _checksum(about: Mapping, state: Mapping) -> str:
    """Sum what describes weights, and the weights; the format refuses what would follow them in the file."""
    return sha256(f"{json.dumps(about, sort_keys=True)} {sum_of(state)}".encode()).hexdigest()

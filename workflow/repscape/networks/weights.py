"""Weights: drawn from a seed, or read from a state dict and put into a network."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from repscape import bombs
from repscape.errors import DataError


@contextmanager
def drawn(seed: int) -> Iterator[None]:
    """Let what is built inside draw from a seed alone, and nothing else notice.

    Parameters
    ----------
    seed : int
        Of torch on the CPU, Python and numpy.
    """
    import torch

    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])


def check_is(path: Path, digits: str, whose: str) -> None:
    """Check that a file is the one that is meant by a name.

    Parameters
    ----------
    path : Path
    digits : str
        The first digits of its sha256.
    whose : str
        What the name means, for the message.

    Raises
    ------
    DataError
        It is another file.
    """
    from repscape.assets import checksum

    found = checksum(path)
    if not found.startswith(digits):
        raise DataError(
            f"{path}: expected {whose} (sha256 {digits}…), found sha256 {found}. "
            "Get the file again, or drop `weights` and rename the file if you mean your own weights."
        )


def read(path: Path) -> Mapping:
    """Read a state dict without running anything that the file may hold.

    Raises
    ------
    DataError
        The file is no state dict, or damaged.
    """
    import pickle

    import torch

    bombs.check_zip(path)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, pickle, zipfile and safetensors each have their own
        if isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error):
            why = "it holds objects that are not tensors, and loading those could run code"
        else:
            why = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise DataError(
            f"{path}: cannot be read as a state dict ({why}). Expected what "
            "torch.save(model.state_dict(), …) or safetensors writes; get it again if it is damaged."
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise DataError(f"{path}: expected a state dict (names and tensors), found {_described(state)}.")
    return state


def _described(state) -> str:
    if isinstance(state, Mapping):
        odd = {str(key): type(v).__name__ for key, v in state.items()}
        return "a mapping of " + ", ".join(f"{key} ({kind})" for key, kind in list(odd.items())[:5])
    return f"one {type(state).__name__}"


def insert(module, state: Mapping, path: Path, architecture: str, rename: Callable = str) -> None:
    """Load a state dict, or say once what does not fit.

    Parameters
    ----------
    module : torch.nn.Module
    state : mapping of name to tensor
        Prefixes that wrappers of modules leave behind are dropped.
    path, architecture : for the message
    rename : function of a name, optional
        Returns the name that the module has for an entry, or None where the module has none.

    Raises
    ------
    DataError
        Names are missing or too many, or shapes differ.
    """
    state = _renamed(module, state, rename)
    expected = module.state_dict()
    try:
        missing, unexpected = module.load_state_dict(state, strict=False)
    except (RuntimeError, ValueError):  # shapes, or a version that the module does not know
        missing, unexpected = sorted(expected.keys() - state), sorted(state.keys() - expected)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]  # old checkpoints
    expected = module.state_dict()
    shapes = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    wrong = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    if any(wrong.values()):
        detail = "; ".join(
            f"{len(names)} {what} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
            for what, names in wrong.items()
            if names
        )
        raise DataError(
            f"{path}: this state dict does not fit {architecture}: {detail}. Check `architecture`, and "
            "`classes` if the network was trained on another number of them."
        )


def _renamed(module, state: Mapping, rename: Callable) -> dict:
    """Drop wrappers' prefixes, rename old keys, keep the modules' versions."""
    from collections import OrderedDict

    prefixes = ("module.", "_orig_mod.")  # DataParallel, torch.compile

    def new(name: str) -> str | None:
        while name.startswith(prefixes):
            name = name.split(".", 1)[1]
        return rename(name)

    names = {name: new(name) for name in state}
    renamed = OrderedDict((names[name], tensor) for name, tensor in state.items() if names[name] is not None)
    # Modules rename old keys by the versions noted in the file; MNASNet cannot do without one
    noted = {new(f"{name}."): version for name, version in getattr(state, "_metadata", {}).items()}
    versions = {name[:-1]: version for name, version in noted.items() if name is not None}
    versions.setdefault("", {"version": module._version})
    renamed._metadata = OrderedDict(versions)  # type: ignore[attr-defined] # as torch does
    return renamed

"""State dicts: read from a file without running anything that it may hold, and put into a network."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.io import decompression

# Where checkpoints hold the state dict
NESTED = ("state_dict", "model_state_dict", "model")


def read(path: Path) -> Mapping:
    """Read a state dict without running anything that the file may hold.

    Raises
    ------
    DataError
        The file is no state dict, damaged, or holds weights that are not the numbers of a network.
    """
    decompression.check_zip(path)
    state, taken = _opened(path), ""
    for key in NESTED:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            others = [str(name) for name, value in state.items() if name != key and _holds_tensors(value)]
            state, taken = state[key], f"{taken}.{key}".lstrip(".")
            if others:
                logger.info("%s: took '%s', not %s", path, taken, some(others))
    if isinstance(state, Mapping) and not _is_state_dict(state):
        inner = [
            name for name, value in state.items() if isinstance(value, Mapping) and _is_state_dict(value)
        ]
        if len(inner) == 1:
            logger.info("%s: took '%s'", path, inner[0])
            state = state[inner[0]]
    if not isinstance(state, Mapping) or not _is_state_dict(state):
        raise DataError(f"{path}: expected a state dict (names and tensors), found {_described(state)}.")
    _check_numbers(state, path)
    return state


def _opened(path: Path):
    """Open a file of weights."""
    import argparse
    import pickle

    import torch

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        scalar = np.array(0.0)[()].__reduce__()[0]
        kinds = [type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "?")]
        old = (scalar, "numpy.core.multiarray.scalar")  # as numpy before version 2 called it
        with torch.serialization.safe_globals([argparse.Namespace, scalar, old, np.dtype, *kinds]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, pickle, zipfile and safetensors each have their own
        if "TorchScript" in str(error):
            why = "it is a TorchScript archive, which contains code"
        elif isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error):
            why = "it contains objects other than tensors, and loading these could run code"
        else:
            why = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise DataError(
            f"{path}: cannot be read as a state dict ({why}). Expected what torch.save(model.state_dict(), "
            "…) or safetensors writes. If the file is damaged, get it again."
        ) from error


def _is_state_dict(state: Mapping) -> bool:
    from torch import Tensor

    return all(isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()) and bool(
        state
    )


def _holds_tensors(value) -> bool:
    return isinstance(value, Mapping) and _is_state_dict(value)


def _check_numbers(state: Mapping, path: Path) -> None:
    """Refuse tensors without numbers, quantised ones and those that are not finite."""
    import torch

    meta = [name for name, value in state.items() if value.device.type == "meta"]
    if meta:
        raise DataError(
            f"{path}: {len(meta)} tensors have shapes but no numbers (torch's meta device): {some(meta)}. "
            "Save the state dict where the weights are loaded."
        )
    packed = [
        name for name, value in state.items() if value.layout is not torch.strided or value.is_quantized
    ]
    if packed:
        raise DataError(
            f"{path}: quantised or sparse tensors: {some(packed)}. Save the state dict of the network in "
            "float32 (dequantize(), to_dense())."
        )
    odd = [name for name, value in state.items() if _is_odd(name, value)]
    if odd:
        raise DataError(
            f"{path}: weights that are not finite: {some(odd)}. The training has probably diverged, or "
            "half precision has overflowed. Use an earlier checkpoint."
        )


def _is_odd(name: str, value) -> bool:
    import torch

    if not (value.is_floating_point() or value.is_complex()):
        return False
    if value.element_size() == 1:
        value = value.to(torch.float32)  # float8 cannot be asked
    # masks of attention are minus infinity where nothing is looked at
    return bool(value.isnan().any()) or (
        name.endswith(("weight", "bias", "running_var")) and bool(value.isinf().any())
    )


def _described(state) -> str:
    if isinstance(state, Mapping):
        odd = {str(key): type(v).__name__ for key, v in state.items()}
        return "a mapping of " + ", ".join(f"{key} ({kind})" for key, kind in list(odd.items())[:5])
    return f"one {type(state).__name__}"


def load_file(module, path: Path, architecture: str, rename: Callable = str) -> None:
    """Read a state dict and put it into a network; see `read` and `insert`."""
    insert(module, read(path), path, architecture, rename)


def insert(module, state: Mapping, path: Path, architecture: str, rename: Callable = str) -> None:
    """Load a state dict, or say once what does not fit.

    Parameters
    ----------
    module : torch.nn.Module
    state : mapping of name to tensor
        Prefixes that wrappers of modules leave behind are dropped, and one that all names have.
    path, architecture : for the message
    rename : function of a name, optional
        Returns the name that the module has for an entry, or None where the module has none.

    Raises
    ------
    DataError
        Names are missing or too many, shapes differ, or numbers are of another kind.
    """
    state = _renamed(module, state, path, rename)
    expected = module.state_dict()
    try:
        missing, unexpected = module.load_state_dict(state, strict=False)
    except (RuntimeError, ValueError):  # shapes, or a version that the module does not know
        missing, unexpected = sorted(expected.keys() - state), sorted(state.keys() - expected)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]  # old checkpoints
    expected = module.state_dict()
    # of tensors that two names share, safetensors keeps one name
    known = {expected[name].data_ptr() for name in state if name in expected}
    missing = [
        name for name in missing if expected[name].data_ptr() not in known or not expected[name].numel()
    ]
    wrong = {"missing": missing, "unexpected": unexpected, **_misfits(state, expected)}
    if any(wrong.values()):
        _refuse(wrong, path, architecture)
    coarser = {
        _kind(state[name])
        for name, tensor in expected.items()
        if name in state and _is_coarser(state, name, tensor)
    }
    if coarser:
        logger.info("%s: the weights were stored in the precision of %s", path, ", ".join(sorted(coarser)))


def _misfits(state: Mapping, expected: Mapping) -> dict[str, list[str]]:
    """List the tensors of other shapes and of other types than a network has."""
    shapes = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    types = [
        f"{name} {_kind(state[name])} instead of {_kind(tensor)}"
        for name, tensor in expected.items()
        if name in state and tensor.is_floating_point() and not _is_real(state[name])
    ]
    return {"of another shape": shapes, "of another type": types}


def _refuse(wrong: Mapping[str, list[str]], path: Path, architecture: str) -> None:
    """Say what of a state dict does not fit, and which keys to look at."""
    detail = "; ".join(
        f"{len(names)} {what} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
        for what, names in wrong.items()
        if names
    )
    keys = (
        "`factory` and its `kwargs`"
        if ":" in architecture  # a function of the user's
        else "`architecture`, and `classes` if the network was trained on another number of them"
    )
    quantised = " Quantised weights need their scales: save the weights in float32."
    raise DataError(
        f"{path}: this state dict does not fit {architecture}: {detail}. Check {keys}."
        f"{quantised if wrong['of another type'] else ''}"
    )


def _kind(tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _is_real(tensor) -> bool:
    """Whether it holds the numbers themselves: those of 8 bits need scales."""
    return tensor.is_floating_point() and tensor.element_size() > 1


def _is_coarser(state: Mapping, name: str, tensor) -> bool:
    return tensor.is_floating_point() and state[name].element_size() < tensor.element_size()


def _renamed(module, state: Mapping, path: Path, rename: Callable) -> dict:
    """Drop wrappers' prefixes, rename old keys, keep the modules' versions."""
    wrappers = {"module", "_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module"}
    expected = module.state_dict().keys()
    # DataParallel, torch.compile, …, of the whole network or of parts; not where a module is called so
    wrappers -= {part for name in expected for part in name.split(".")}

    def unwrapped(name: str) -> str:
        return ".".join(part for part in name.split(".") if part not in wrappers)

    def plain(name: str) -> str | None:
        return rename(unwrapped(name))

    prefix = _prefix({name: plain(name) for name in state}, expected)

    def new(name: str) -> str | None:
        return rename(unwrapped(name).removeprefix(prefix))

    names = {name: new(name) for name in state}
    counts = Counter(names.values())
    twice = [name for name, other in names.items() if other is not None and counts[other] > 1]
    if twice:
        raise DataError(f"{path}: several entries name the same weights: {some(twice)}. Keep one of each.")
    renamed = OrderedDict((names[name], tensor) for name, tensor in state.items() if names[name] is not None)
    # Modules rename old keys by the versions noted in the file; MNASNet cannot do without one
    noted = {new(f"{name}."): version for name, version in getattr(state, "_metadata", {}).items()}
    versions = {name[:-1]: version for name, version in noted.items() if name is not None}
    versions.setdefault("", {"version": module._version})
    renamed._metadata = OrderedDict(versions)  # type: ignore[attr-defined] # as torch does
    return renamed


def _prefix(names: Mapping[str, str | None], expected) -> str:
    """Return the prefix without which all names are the network's (``model.`` of Lightning), or nothing."""
    known = [name for name in names.values() if name is not None]
    if set(known) & set(expected) or not expected:
        return ""
    first = next(iter(expected))
    found = {name.removesuffix(first) for name in known if name.endswith(f".{first}")}
    fitting = [prefix for prefix in found if all(name.startswith(prefix) for name in known)]
    return fitting[0] if len(fitting) == 1 else ""

"""Networks for classification as torchvision builds them."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import PositiveInt

from repscape.errors import ConfigError, DataError
from repscape.networks import tables
from repscape.networks.loaded import Loaded
from repscape.networks.preprocess import Preprocess
from repscape.plugins import unknown
from repscape.types import File

# What torchvision itself sets when it builds these with weights: the pixels are scaled inside the
# network, and the auxiliary heads (for training alone) are dropped.
OPTIONS = {
    "googlenet": {"aux_logits": False, "transform_input": True, "init_weights": True},
    "inception_v3": {"aux_logits": False, "transform_input": True, "init_weights": True},
}
AUXILIARY = re.compile(r"(aux1|aux2|AuxLogits)\.")

# Checkpoints of DenseNet from before module names could not hold a dot
OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)")


def load(
    *,
    architecture: str,
    weights: str | None = None,
    file: File | None = None,
    classes: PositiveInt = 1000,
    preprocess: Preprocess | None = None,
    seed: int = 0,
) -> Loaded:
    """Build a network and give it its weights.

    Parameters
    ----------
    architecture : str
        One of ``torchvision.models.list_models(module=torchvision.models)``.
    weights : str, optional
        The name of torchvision's weights (``IMAGENET1K_V1``, ``DEFAULT``), or ``random`` (torch's
        initialisation, drawn from `seed`).
    file : path, optional
        The state dict (.pth, .pt or .safetensors). Beside a name in `weights` it says where these
        very weights are to be had, else torchvision's own address is used. In a config, a path or
        address given as `weights` arrives here.
    classes : int
        The number of outputs, where the weights are not torchvision's.
    preprocess : Preprocess, optional
        Replaces the whole transform that belongs to the weights; keys left out have the values
        that are usual for ImageNet. Random and own weights are taken to
        have the transform of the architecture's default weights, and their categories where
        there are 1000.
    seed : int

    Raises
    ------
    ConfigError
        The architecture or the weights' name is unknown.
    DataError
        The file is not a state dict or does not fit the architecture.
    """
    enum = weight_names(architecture)
    check(architecture=architecture, weights=weights, file=file)
    named = enum.__members__.get(weights or "")
    path = _find(architecture, enum, named, weights, file)
    if named is None and path is not None:
        named = next((entry for entry in enum if Path(entry.url).name == path.name), None)
    if named is not None:
        _check_is(named, path)
    standard = named or enum.DEFAULT
    categories = standard.meta["categories"]
    if named is None:
        # Random weights know no classes; a state dict of 1,000 outputs is taken to be ImageNet's.
        categories = categories if classes == 1000 and path is not None else None
    elif categories is not None:
        classes = len(categories)
    processing = preset(standard) if preprocess is None else Preprocess.of(preprocess)
    module = build(architecture, classes, image_size(architecture, named, processing), seed)
    if path is not None:
        _insert(module, _read(path), path, architecture)
    name = named.name if named else path.name if path else "random"
    return Loaded(module, processing, name, categories)


def check(*, architecture, weights, file) -> None:
    """Refuse weights that there are not; the config asks before a job does."""
    known = tables.weight_names().get(architecture, [])
    if weights is None and file is None:
        raise ConfigError(
            f"which weights? Set 'weights' to random, to a name ({', '.join(known)}), or to the path of a "
            "state dict."
        )
    if known and weights not in (None, "random", *known):
        choice = unknown(weights, ["random", *known])
        raise ConfigError(f"weights of {architecture}: {choice} Or give the path of a state dict.")


def weight_names(architecture: str):
    """Return torchvision's enum of an architecture's weights.

    Raises
    ------
    ConfigError
        There is no such architecture; the message has close matches.
    """
    from torchvision import models

    known = models.list_models(module=models)
    if architecture not in known:
        raise ConfigError(f"architecture: {unknown(architecture, known)}")
    return models.get_model_weights(architecture)


def preset(weights) -> Preprocess:
    """Translate the transform of an entry of torchvision's enums."""
    transform = weights.transforms()
    return Preprocess(
        resize=transform.resize_size[0],
        crop=transform.crop_size[0],
        interpolation=transform.interpolation.value,
        antialias=transform.antialias,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )


def build(architecture: str, classes: int = 1000, image_size: int | None = None, seed: int = 0):
    """Build a network with random weights, whatever the state of torch's generators.

    Parameters
    ----------
    architecture : str
    classes : int
        The number of outputs.
    image_size : int, optional
        The side of the input in pixels, for architectures that are built for one size.
    seed : int
    """
    import torch
    from torchvision import models

    options = dict(OPTIONS.get(architecture, {}))
    if image_size is not None:
        options |= {_SIZED[architecture.split("_")[0]]: image_size}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return models.get_model(architecture, weights=None, num_classes=classes, **options).eval()


_SIZED = {"vit": "image_size", "maxvit": "input_size"}


def image_size(architecture: str, named, preprocess: Preprocess) -> int | tuple[int, int] | None:
    """The size to build a network for, where that matters."""
    family = architecture.split("_")[0]
    if family not in _SIZED:
        return None
    crop = preprocess.crop
    if named is not None:
        height, width = named.meta["min_size"]
    elif isinstance(crop, int):
        height = width = crop
    else:
        raise ConfigError(
            f"{architecture}: takes square images of one size; set preprocess.crop to one number."
        )
    return (height, width) if family == "maxvit" else height


def _find(architecture: str, enum, named, weights: str | None, file: Path | None) -> Path | None:
    """Return the file of the state dict, None for random weights."""
    from repscape import assets

    if file is not None and named is None and weights is not None:
        raise ConfigError(
            f"{architecture}: weights are to be {weights}, yet a file is given: {file}. Drop one of the two."
        )
    if named is not None and file is None:
        return assets.fetch(f"{named.url}#sha256-prefix={_digits(named)}", f"weights of {architecture}")[0]
    return Path(file) if file else None


def _digits(named) -> str:
    """The first digits of the file's sha256, which torchvision writes into the file's name."""
    return re.search(r"-([0-9a-f]{8,})\.\w+$", named.url)[1]


def _check_is(named, path: Path) -> None:
    """Check that a file is the one that torchvision's name means."""
    from repscape.assets import checksum

    found = checksum(path)
    if not found.startswith(_digits(named)):
        raise DataError(
            f"{path}: expected torchvision's {named} (sha256 {_digits(named)}…), found sha256 {found}. "
            "Get the file again, or drop `weights` and rename the file if you mean your own weights."
        )


def _read(path: Path) -> dict:
    """Read a state dict without running anything that the file may hold."""
    import pickle

    import torch

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


def _insert(module, state: Mapping, path: Path, architecture: str) -> None:
    """Load a state dict, or say once what does not fit."""
    state = _renamed(module, state)
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


def _renamed(module, state: Mapping) -> dict:
    """Drop wrappers' prefixes and auxiliary heads, rename old keys, keep the modules' versions."""
    from collections import OrderedDict

    prefixes = ("module.", "_orig_mod.")  # DataParallel, torch.compile

    def new(name: str) -> str:
        while name.startswith(prefixes):
            name = name.split(".", 1)[1]
        return OLD_DENSENET.sub(r"\1\2", name)

    names = {name: new(name) for name in state}
    auxiliary = hasattr(module, "aux_logits")
    renamed = OrderedDict(
        (names[name], tensor)
        for name, tensor in state.items()
        if not (auxiliary and AUXILIARY.match(names[name]))
    )
    # Modules rename old keys by the versions noted in the file; MNASNet cannot do without one
    versions = {new(f"{name}.")[:-1]: v for name, v in getattr(state, "_metadata", {}).items()}
    versions.setdefault("", {"version": module._version})
    renamed._metadata = OrderedDict(versions)
    return renamed

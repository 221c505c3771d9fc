"""Networks for classification as torchvision builds them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from repscape.core.errors import ConfigError, unknown
from repscape.networks.lib import layer_table
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.weights import PRETRAINED, check_is, drawn, insert, read
from repscape.plugin.parameter_types import Classes, File
from repscape.traced.layer_info import Row
from repscape.traced.preprocess import Preprocess

if TYPE_CHECKING:
    from torch import nn
    from torchvision.models import WeightsEnum

# What torchvision itself sets when it builds these with weights: the pixels are scaled inside the
# network, and the auxiliary heads (for training alone) are dropped.
OPTIONS = {
    "googlenet": {"aux_logits": False, "transform_input": True, "init_weights": True},
    "inception_v3": {"aux_logits": False, "transform_input": True, "init_weights": True},
}
OF_CLIPS = ("r3d", "mc3", "r2plus1d", "mvit", "s3d", "swin3d")
AUXILIARY = re.compile(r"(aux1|aux2|AuxLogits)\.")

# Checkpoints of DenseNet from before module names could not hold a dot
OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)")


def load(
    *,
    architecture: str,
    weights: str | None = None,
    file: File | None = None,
    classes: Classes = 1000,
    preprocess: Preprocess | None = None,
    like: str | None = None,
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
        that are usual for ImageNet.
    like : str, optional
        The name of the weights whose transform random and own weights have, by default the
        architecture's default ones; own weights have their categories too where there are 1000.
    seed : int

    Raises
    ------
    ConfigError
        The architecture or the weights' name is unknown.
    DataError
        The file is not a state dict or does not fit the architecture.
    """
    enum = weight_names(architecture)
    check(architecture=architecture, weights=weights, file=file, like=like)
    named = enum.__members__.get(weights or "")
    path = _find(architecture, enum, named, weights, file)
    if named is None and path is not None:
        named = next((entry for entry in enum if Path(entry.url).name == path.name), None)
    if named is not None and path is not None:
        check_is(path, _digits(named), f"torchvision's {named}")
    standard = named or enum[like or "DEFAULT"]
    categories = standard.meta["categories"]
    if named is None:
        # Random weights know no classes; a state dict of 1,000 outputs is taken to be ImageNet's.
        categories = categories if classes == 1000 and path is not None else None
    elif categories is not None:
        classes = len(categories)
    processing = preset(standard) if preprocess is None else Preprocess.of(preprocess)
    module = build(architecture, classes, image_size(architecture, named, processing), seed)
    if path is not None:
        insert(module, read(path), path, architecture, _renaming(module))
    name = named.name if named else path.name if path else "random"
    return Loaded(module, processing, name, categories)


def check(*, architecture, weights, file, like) -> None:
    """Refuse weights that there are not; the config asks before a job does."""
    known = layer_table.weight_names().get(architecture, [])
    if known and like is not None and like not in known:
        raise ConfigError(f"like: {unknown(like, known)}")
    if like is not None and weights in known:
        raise ConfigError(f"like: the weights {weights} have a transform of their own. Leave 'like' out.")
    if weights is None and file is None:
        raise ConfigError(
            f"which weights? Set 'weights' to random, to a name ({', '.join(known)}), or to the path of a "
            "state dict."
        )
    if known and str(weights).lower() in PRETRAINED:
        names = ", ".join(name for name in known if name != "DEFAULT")
        raise ConfigError(
            f"weights of {architecture}: expected a name, found '{weights}'. Torchvision has {names}; "
            f"DEFAULT is {layer_table.default_weights(architecture)}. Write one of these, or random, or the "
            "path of a state dict."
        )
    if known and weights not in (None, "random", *known):
        choice = unknown(weights, ["random", *known])
        raise ConfigError(f"weights of {architecture}: {choice} Or give the path of a state dict.")


def rows(architecture: str) -> tuple[Row, ...]:
    """Return the table of layers that ships with the package.

    Raises
    ------
    ConfigError
        There is no such architecture; the message has close matches.
    """
    if architecture.startswith(OF_CLIPS):
        raise ConfigError(
            f"architecture: {architecture} takes clips; only networks of single images can be used, for "
            "stimuli are shown image by image. Choose one of these."
        )
    if architecture not in layer_table.architectures():
        raise ConfigError(f"architecture: {unknown(architecture, layer_table.architectures())}")
    return layer_table.read(architecture)


def weight_names(architecture: str) -> "type[WeightsEnum]":
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


def build(
    architecture: str, classes: int = 1000, image_size: int | tuple[int, int] | None = None, seed: int = 0
) -> "nn.Module":
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
    from torchvision import models

    options: dict[str, bool | int | tuple[int, int]] = dict(OPTIONS.get(architecture, {}))
    if image_size is not None:
        options |= {_SIZED[architecture.split("_")[0]]: image_size}
    with drawn(seed):
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
    from repscape.io import assets

    if file is not None and named is None and weights is not None:
        raise ConfigError(
            f"{architecture}: weights are to be {weights}, yet a file is given: {file}. Drop one of the two."
        )
    if named is not None and file is None:
        return assets.fetch(f"{named.url}#sha256-prefix={_digits(named)}", f"weights of {architecture}")[0]
    return Path(file) if file else None


def _digits(named) -> str:
    """The first digits of the file's sha256, which torchvision writes into the file's name."""
    (digits,) = re.findall(r"-([0-9a-f]{8,})\.\w+$", named.url)
    return digits


def _renaming(module) -> Callable[[str], str | None]:
    """Return the function that leaves out auxiliary heads and renames old keys."""
    auxiliary = hasattr(module, "aux_logits")

    def new(name: str) -> str | None:
        return None if auxiliary and AUXILIARY.match(name) else OLD_DENSENET.sub(r"\1\2", name)

    return new

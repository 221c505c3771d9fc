"""Networks for classification as torchvision builds them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repscape.core.errors import ConfigError, unknown
from repscape.networks.lib import torchvision_weights
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.state_dicts import load_file
from repscape.networks.lib.weights import PRETRAINED, WithWeights, check_sha256
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import Classes
from repscape.traced.generators import drawing_from
from repscape.traced.preprocess import Preprocess

if TYPE_CHECKING:
    from torch import nn
    from torchvision.models import WeightsEnum

# What torchvision itself sets when it builds these with weights: the pixels are scaled inside the
# network, and the auxiliary heads (for training alone) are dropped.
_WITHOUT_AUXILIARY = {"aux_logits": False, "transform_input": True, "init_weights": True}
OPTIONS: dict[str, dict[str, Any]] = {"googlenet": _WITHOUT_AUXILIARY, "inception_v3": _WITHOUT_AUXILIARY}
OF_CLIPS = ("r3d", "mc3", "r2plus1d", "mvit", "s3d", "swin3d")
AUXILIARY = re.compile(r"(aux1|aux2|AuxLogits)\.")
# Families that are built for images of one size, and what says it
SIZED = {"vit": "image_size", "maxvit": "input_size"}

# Checkpoints of DenseNet from before module names could not hold a dot
OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)")


class Torchvision(WithWeights):
    """A network for classification as torchvision builds it."""

    layers_depend_on = ("architecture",)

    architecture: str = parameter(
        "A name from ``torchvision.models.list_models(module=torchvision.models)``."
    )
    weights: str | None = parameter(
        "The name of torchvision's weights (``IMAGENET1K_V1``, ``DEFAULT``), or ``random`` (torch's "
        "initialisation, drawn from `seed`).",
        None,
    )
    classes: Classes = parameter("The number of outputs, if the weights are not torchvision's.", 1000)
    like: str | None = parameter(
        "For random weights and weights from your file: the name of the weights whose transform is used, "
        "by default the architecture's default weights. Weights from your file with 1000 classes also "
        "have the names of their classes.",
        None,
    )

    def load(self) -> Loaded:
        """Build a network and give it its weights.

        Raises
        ------
        ConfigError
            The architecture or the weights' name is unknown.
        DataError
            The file is not a state dict or does not fit the architecture.
        """
        classes, enum = self.classes, weights_of(self.architecture)
        self.check()
        named = enum.__members__.get(self.weights or "")
        path = self._find(named)
        if named is None and path is not None:
            named = next((entry for entry in enum if Path(entry.url).name == path.name), None)
        if named is not None and path is not None:
            check_sha256(path, _digits(named), f"torchvision's {named}")
        standard = named or enum[self.like or "DEFAULT"]
        categories = standard.meta["categories"]
        if named is None:
            # Random weights know no classes; a state dict of 1,000 outputs is taken to be ImageNet's.
            categories = categories if classes == 1000 and path is not None else None
        elif categories is not None:
            classes = len(categories)
        loaded = self._random(standard, named, classes)
        if path is not None:
            load_file(loaded.module, path, self.architecture, _renaming(loaded.module))
        name = named.name if named else path.name if path else "random"
        return loaded._replace(weights=name, categories=categories)

    def untrained(self) -> Loaded:
        """Build a network with random weights."""
        return self._random(weights_of(self.architecture)[self.like or "DEFAULT"], None, self.classes)

    def check(self) -> None:
        """Refuse architectures and weights that there are not."""
        names = torchvision_weights.names(self.architecture)
        if names is None:
            self._refuse_architecture()
            return
        if self.like is not None and self.like not in names:
            raise ConfigError(f"like: {unknown(self.like, names)}")
        if self.like is not None and self.weights in names:
            raise ConfigError(f"like: the weights {self.weights} already have a transform. Leave 'like' out.")
        if str(self.weights).lower() in PRETRAINED and self.weights not in names:
            raise ConfigError(
                f"weights of {self.architecture}: expected a name, found '{self.weights}'. Torchvision has "
                f"{', '.join(name for name in names if name != 'DEFAULT')}; DEFAULT is "
                f"{torchvision_weights.default(self.architecture)}. Write one of these, or random, or the "
                "path of a state dict."
            )
        if self.weights not in (None, "random", *names):
            choice = unknown(self.weights, ["random", *names])
            raise ConfigError(f"weights of {self.architecture}: {choice} Or give the path of a state dict.")
        self.check_weights(f"a name ({', '.join(names)})")

    def known_preprocess(self) -> Preprocess | None:
        """Return how images are resized, by the config or by torchvision's table of weights."""
        if self.preprocess is not None:
            return Preprocess.of(self.preprocess)
        known = torchvision_weights.resizing(self.architecture)
        resize, interpolation = known.get(self.weights or "") or known[self.like or "DEFAULT"]
        return Preprocess(resize=resize, interpolation=interpolation)

    def _refuse_architecture(self) -> None:
        if self.architecture.startswith(OF_CLIPS):
            raise ConfigError(
                f"architecture: {self.architecture} takes clips, but stimuli are shown image by image. "
                "Choose a network of single images."
            )
        known = torchvision_weights.architectures()
        raise ConfigError(f"architecture: {unknown(self.architecture, known)}")

    def _find(self, named) -> Path | None:
        """Return the file of the state dict, None for random weights."""
        from repscape.io import assets

        if named is not None and self.file is None:
            what = f"weights of {self.architecture}"
            return assets.fetch(f"{named.url}#sha256-prefix={_digits(named)}", what)[0]
        return Path(self.file) if self.file else None

    def _random(self, standard, named, classes: int) -> Loaded:
        """Build a network with random weights and the transform of some of torchvision's."""
        processing = preset(standard) if self.preprocess is None else Preprocess.of(self.preprocess)
        size = image_size(self.architecture, named, processing)
        return Loaded(build(self.architecture, classes, size, self.seed), processing, "random", None)


def weights_of(architecture: str) -> "type[WeightsEnum]":
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

    options = dict(OPTIONS.get(architecture, {}))
    if image_size is not None:
        options[SIZED[_family(architecture)]] = image_size
    with drawing_from(seed):
        return models.get_model(architecture, weights=None, num_classes=classes, **options).eval()


def image_size(architecture: str, named, preprocess: Preprocess) -> int | tuple[int, int] | None:
    """Return the size of images that a network is built for, None where that does not matter.

    Parameters
    ----------
    architecture : str
    named : entry of torchvision's enum, or None
    preprocess : Preprocess
        Says the size where the weights are not torchvision's.
    """
    family, crop = _family(architecture), preprocess.crop
    if family not in SIZED:
        return None
    if named is not None:
        height, width = named.meta["min_size"]
    elif isinstance(crop, int):
        height = width = crop
    else:
        raise ConfigError(
            f"{architecture}: takes square images of one size. Set preprocess.crop to one number."
        )
    return (height, width) if family == "maxvit" else height


def _family(architecture: str) -> str:
    return architecture.partition("_")[0]


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

"""Networks in the forms that people have them in: a module of torch, or a section as a config has it."""

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from repscape.api.errors import ArgumentError, ArgumentTypeError
from repscape.networks.lib.loaded import Loaded
from repscape.plugin import registry, schema
from repscape.plugin.arguments import ready
from repscape.plugin.contract import KIND
from repscape.traced.preprocess import Preprocess

if TYPE_CHECKING:
    import torch

IMAGENET = "imagenet"


class AsGiven(Preprocess):
    """Nothing is done: images are the network's input already."""

    def ready(self, images: "np.ndarray | Iterable[np.ndarray]", threads: int = 1) -> np.ndarray:
        """Return images (image, 3, y, x) as they are."""
        return np.stack(list(images))

    def normalised(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Return images as they are."""
        return pixels


def load(model: Any, preprocess: Any) -> Loaded:
    """Return a network that may be changed: a copy of a module, or what a section of a config asks for.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        It is neither, or cannot be copied.
    """
    import torch
    from torch import nn

    if isinstance(model, Mapping):
        loaded = _of_section(model)
        return loaded if preprocess == IMAGENET else loaded._replace(preprocess=_preprocess(preprocess))
    if not isinstance(model, nn.Module):
        hint = " A class is not a module: call it." if isinstance(model, type) else ""
        raise ArgumentTypeError(
            "model: expected a torch.nn.Module, or a mapping as under `networks` in a config, such as "
            "{'kind': 'torchvision', 'architecture': 'resnet50', 'weights': 'IMAGENET1K_V1'}; found "
            f"{model if isinstance(model, type | str) else type(model).__name__!r}.{hint}"
        )
    if isinstance(model, torch.jit.ScriptModule):
        raise ArgumentTypeError(
            "model: found a scripted module, which cannot be traced. Give the module itself."
        )
    if not any(True for _ in model.modules() if _ is not model):
        raise ArgumentError(
            "model: it has no modules inside, so it has no layers. Put it into torch.nn.Sequential."
        )
    try:
        own = copy.deepcopy(model)
    except Exception as error:
        raise ArgumentError(
            f"model: it cannot be copied ({type(error).__name__}: {error}), and would be changed. Save it "
            "and load it again, or remove weight normalisation (torch.nn.utils.remove_weight_norm) first."
        ) from None
    return Loaded(own.cpu().float().eval(), _preprocess(preprocess), type(model).__name__, None)


def _preprocess(given: Any) -> Preprocess:
    if given is None:
        return AsGiven(resize=None, crop=None)
    if given == IMAGENET:
        return Preprocess()
    try:
        return Preprocess.of(given)
    except (TypeError, ValueError, AttributeError) as error:
        raise ArgumentError(
            "preprocess: expected 'imagenet', a mapping of resize, crop, interpolation, antialias, mean, "
            f"std, border, or None for images that are the network's input already; found {given!r} "
            f"({error})."
        ) from None


def _of_section(section: Mapping) -> Loaded:
    """Load what a section of a config asks for."""
    if section and all(hasattr(value, "storage_offset") for value in section.values()):
        raise ArgumentTypeError(
            "model: found a state dict, which has weights and no network. Load it: model.load_state_dict(…)."
        )
    if KIND not in section:
        raise ArgumentError(
            f"model: expected a key '{KIND}', one of {', '.join(registry.names('networks'))}."
        )
    plugin = registry.find("networks", section[KIND], "model")
    try:
        checked = schema.model(plugin).model_validate(dict(section))
    except ValidationError as error:
        first = error.errors()[0]
        raise ArgumentError(f"model: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    return ready("networks", checked.model_dump(), "model", {}).load()

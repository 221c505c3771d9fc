"""Activity of a network's layers, recorded as each layer has run."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api import pictures
from repscape.api.errors import ArgumentError, ArgumentTypeError, for_users
from repscape.core.words import plural

if TYPE_CHECKING:
    import torch
    import xarray

    from repscape.activations.gather import Gatherer
    from repscape.api.pictures import Pictures
    from repscape.traced.network import Frozen
    from repscape.traced.runner import Runner


class Activations(dict[str, "xarray.DataArray"]):
    """Activity by layer: a dict of DataArrays (image, unit) that prints what it holds."""

    def __repr__(self) -> str:
        """Print a line a layer."""
        width = max((len(str(layer)) for layer in self), default=0)
        lines = [
            f"  {layer!s:{width}}  {array.sizes['image']} images × {array.sizes['unit']:,} units"
            for layer, array in self.items()
        ]
        return "\n".join([f"Activations of {plural(len(self), 'layer', 'layers')}", *lines])


@for_users
def activations(
    model: Any,
    images: Any,
    layers: str | Sequence[str] | Mapping[str, str] = "blocks",
    *,
    preprocess: "str | Mapping | None" = "imagenet",
    names: Sequence | None = None,
    units: int | None = None,
    batch: int = 10,
    device: str = "auto",
    seed: int = 0,
    stochastic: bool = False,
) -> Activations:
    """Show pictures to a network and return what its layers answer.

    Answers are copied at the moment a layer has run: what runs in place afterwards (ReLU, ``+=``) does not
    change them, as it does what forward hooks keep. The network runs in evaluation mode. The module itself is
    not changed: a copy of it runs.

    Parameters
    ----------
    model : torch.nn.Module or mapping
        A module that takes (image, 3, y, x); or a network as under `networks` in a config: ``{"kind":
        "torchvision", "architecture": "resnet50", "weights": "IMAGENET1K_V1"}``.
    images : files, array, tensor, list of pictures or DataArray
        A folder, a pattern (``"pictures/{category}/*.jpg"``: names in braces become labels), paths or
        addresses; uint8 pixels or values from 0 to 1, as array (image, y, x, 3) or (image, y, x), as tensor
        (image, 3, y, x); pictures of Pillow; what ``open_study(…).pictures`` returns.
    layers : str, list, or mapping of names to layers
        ``"blocks"``, ``"all"``, labels such as ``conv1``, paths of modules such as ``layer4.1``.
    preprocess : "imagenet", mapping or None
        ``"imagenet"``: the shorter side to 256 pixels, the middle 224 × 224, ImageNet's mean and SD; of a
        network by mapping its own. A mapping of ``resize``, ``crop``, ``mean``, ``std``, … says it otherwise.
        None: images are float values (image, 3, y, x) that the network takes as they are.
    names : sequence, optional
        What the images are called.
    units : int, optional
        So many units of each layer, drawn at random from `seed`; by default all.
    batch : int
        Images that the network sees at a time.
    device : {"auto", "cpu", "cuda"}
    seed : int
    stochastic : bool
        Let a network draw random numbers: from `seed` and each image.

    Returns
    -------
    Activations, a dict of layer to DataArray (image, unit)
        float32. Coordinates: ``image`` and other labels of images; ``unit``, its number in the layer, in C
        order over (channel, y, x), and ``channel``, ``y``, ``x``. Attributes: ``layer``,
        ``order`` (depth), ``node``, ``preprocess``.

    Raises
    ------
    ValueError
        What is given are no pictures; an unknown layer; a network whose answers to an image depend on other
        images.
    TypeError
        The model is no module.

    Examples
    --------
    >>> import numpy, repscape, torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(inplace=True))
    >>> images = numpy.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), "uint8")
    >>> repscape.activations(model, images, ["conv1", "relu1"], preprocess={"resize": None, "crop": None})
    Activations of 2 layers
      conv1  5 images × 3,600 units
      relu1  5 images × 3,600 units
    """
    import torch

    from repscape.api import networks
    from repscape.networks.lib.freeze import freeze
    from repscape.traced.generators import drawing_from
    from repscape.traced.runner import Runner

    _check_counts(units, batch, device, seed)
    as_given = preprocess is None
    shown = pictures.as_input(images, names) if as_given else pictures.read(images, names)
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with drawing_from(seed, list(gpus)):
        loaded = networks.load(model, preprocess)
        size = _size(shown, as_given)
        frozen = freeze(loaded, size, noise_seed=seed if stochastic else None)
        runner = Runner(frozen, device)
        if not as_given:
            runner.check_sizes(shown.sizes, "images")
            _warn_framed(frozen, shown)
        return _recorded(runner, shown, _chosen(frozen, layers, units, seed), batch)


def _check_counts(units: int | None, batch: int, device: str, seed: int) -> None:
    for name, value in (("units", units), ("batch", batch)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if value is not None and not (whole and value > 0):
            raise ArgumentError(f"{name}: expected a whole number from 1 on, found {value!r}.")
    if not isinstance(seed, int | np.integer):
        raise ArgumentError(f"seed: expected a whole number, found {seed!r}.")
    if device not in ("auto", "cpu", "cuda"):
        raise ArgumentError(f"device: expected auto, cpu or cuda, found {device!r}.")


def _size(shown: "Pictures", as_given: bool) -> tuple[int, int]:
    """Return the height and width that the network is prepared for."""
    height, width = shown.pixels[0].shape[1:] if as_given else shown.pixels[0].shape[:2]
    return int(height), int(width)


def _warn_framed(frozen: "Frozen", shown: "Pictures") -> None:
    if framed := frozen.preprocess.framed(shown.sizes):
        warnings.warn(
            f"{framed} of {len(shown.pixels)} images are smaller than 'crop' of preprocess, and get a black "
            "frame. Set its 'resize'.",
            stacklevel=4,
        )


def _chosen(frozen: "Frozen", layers: Any, units: int | None, seed: int) -> list[dict[str, Any]]:
    """Return of each layer its name, row in the table, gatherer and the labels of its units."""
    from repscape.activations.gather import Gatherer, coordinates
    from repscape.networks.lib import layer_table
    from repscape.populations.all import All
    from repscape.populations.lib.layer import Layer
    from repscape.populations.random import Random

    if not isinstance(layers, str | Sequence | Mapping):
        raise ArgumentTypeError(f"layers: expected a name, a list of names or a mapping, found {layers!r}.")
    chosen: Any = layers
    if not isinstance(layers, str):
        chosen = dict(layers) if isinstance(layers, Mapping) else list(layers)
    population = All() if units is None else Random(units=units, seed=seed)
    found = []
    for name, label in layer_table.names(frozen.rows, chosen, "layers").items():
        order, row = layer_table.find(frozen.rows, label)
        layer = Layer(name, row.channels, row.height, row.width, row.units, label)
        selection = population.select(layer)
        found.append(
            {
                "layer": name,
                "order": order,
                "node": row.node,
                "gatherer": Gatherer(selection, len(selection.unit) == row.units),
                "labels": coordinates(selection, row.channels, row.height, row.width),
            }
        )
    return found


def _recorded(runner: "Runner", shown: "Pictures", chosen: list[dict[str, Any]], batch: int) -> Activations:
    """Show the pictures and keep what is gathered of each layer."""
    import torch
    import xarray

    values = [np.empty((len(shown.pixels), len(one["labels"]["unit"])), np.float32) for one in chosen]

    def keep(of_node: list[tuple["Gatherer", np.ndarray]]) -> Callable[[range, "torch.Tensor"], None]:
        def take(part: range, answers: "torch.Tensor") -> None:
            for gatherer, array in of_node:
                array[part.start : part.stop] = gatherer(answers).cpu().numpy()

        return take

    by_node: dict[str, list] = {}
    for one, array in zip(chosen, values, strict=True):
        by_node.setdefault(one["node"], []).append((one["gatherer"], array))
    runner.show(
        lambda part: shown.pixels[part.start : part.stop],
        range(len(shown.pixels)),
        {node: keep(several) for node, several in by_node.items()},
        batch=batch,
        threads=torch.get_num_threads(),
        what="recording",
    )
    known = {"preprocess": json.dumps(runner.frozen.preprocess.to_dict())}
    images = {name: ("image", labels) for name, labels in shown.labels.items()}
    return Activations(
        {
            one["layer"]: xarray.DataArray(
                array,
                images | {name: ("unit", labels) for name, labels in one["labels"].items()},
                ("image", "unit"),
                "activation",
                {name: one[name] for name in ("layer", "order", "node")} | known,
            )
            for one, array in zip(chosen, values, strict=True)
        }
    )

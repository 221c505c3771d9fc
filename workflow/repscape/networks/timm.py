"""Networks as timm (PyTorch Image Models) builds them."""

import re
from pathlib import Path

from repscape.core.errors import AssetError, ConfigError, DataError, some, unknown
from repscape.networks.lib.loaded import Loaded, imagenet
from repscape.networks.lib.state_dicts import load_file, read
from repscape.networks.lib.weights import PRETRAINED, WithWeights, check_sha256
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import ClassesOrNone, File
from repscape.traced.generators import drawing_from
from repscape.traced.preprocess import Preprocess


class Timm(WithWeights):
    """A network as timm (PyTorch Image Models) builds it."""

    libraries = ("timm",)
    layers_depend_on = ("architecture", "weights", "classes", "preprocess")

    architecture: str = parameter(
        "A name from ``timm.list_models()``: ``vit_base_patch16_224``, ``convnext_tiny``, …."
    )
    weights: str | None = parameter(
        "The name of timm's weights, written after a dot in timm (``augreg_in21k_ft_in1k``), ``DEFAULT``, "
        "or ``random`` (timm's initialisation, drawn from `seed`).",
        None,
    )
    file: File | None = parameter(
        "The file of the weights, a state dict (.pth, .pt or .safetensors; .npz where timm reads these). "
        "With a name in `weights`, it must be the file of these weights; by default it is downloaded from "
        "timm's address. To use other weights, give their path or address as `weights`.",
        None,
    )
    classes: ClassesOrNone | None = parameter(
        "The number of outputs, if the weights are not timm's; 0 for none, so that the network outputs "
        "its last features.",
        None,
    )
    preprocess: Preprocess | None = parameter(
        "Replaces the whole transform of the weights. Random weights and weights from your file have the "
        "transform of the architecture's default weights.",
        None,
    )

    def load(self) -> Loaded:
        """Build a network and give it its weights.

        Raises
        ------
        ConfigError
            The architecture or the weights' name is unknown, or it takes other images than RGB.
        DataError
            The file is not a state dict or does not fit the architecture.
        """
        self.check()
        path = Path(self.file) if self.file else None
        if self.weights in (None, "random"):
            loaded = self.untrained()
            if path is None:
                return loaded
            load_file(loaded.module, path, self.architecture)
            own = loaded.module.num_classes
            return loaded._replace(weights=path.name, categories=imagenet() if own == 1000 else None)
        config = _configuration(self.architecture, self.weights)
        module = _with_weights(self.architecture, config, _find(config, path))
        categories = _categories(module.num_classes)
        return self._loaded(module, config)._replace(weights=config.tag, categories=categories)

    def untrained(self) -> Loaded:
        """Build a network as some weights need it (size of the images, outputs), with random ones."""
        import timm

        config = _configuration(self.architecture, self.weights)
        if config.input_size[0] != 3:
            raise ConfigError(
                f"architecture: {self.architecture} takes images with {config.input_size[0]} channels, but "
                "stimuli have 3 (R, G and B). Choose another network."
            )
        classes = self.classes if self.weights in (None, "random") else None
        with drawing_from(self.seed):
            module = timm.create_model(self.architecture, pretrained_cfg=config, num_classes=classes)
        return self._loaded(_bare(module), config)

    def _loaded(self, module, config) -> Loaded:
        """Return a network with its transform, as one with random weights."""
        own = self.preprocess
        processing = _preset(self.architecture, config) if own is None else Preprocess.of(own)
        return Loaded(module, processing, "random", None, classifies=module.num_classes > 0)

    def check(self) -> None:
        """Refuse what can be seen without timm; what cannot, when the table of layers is made."""
        if "." in self.architecture:
            base, _, tag = self.architecture.partition(".")
            raise ConfigError(
                f"architecture: expected a name without weights, found '{self.architecture}'. Write "
                f"architecture: {base} and weights: {tag}."
            )
        listed = f"timm.list_pretrained('{self.architecture}*')"
        self.check_weights(f"DEFAULT or another of timm's names (what is after the dot in `{listed}`)")


def _configuration(architecture: str, weights: str | None):
    """Return what timm knows about weights: those named, or the architecture's default."""
    import timm

    if not timm.is_model(architecture):
        raise ConfigError(f"architecture: {_close(architecture, timm.list_models())}")
    if weights in (None, "random", "DEFAULT"):
        found = timm.get_pretrained_cfg(architecture, allow_unregistered=True)
    else:
        named = timm.list_models(f"{architecture}.*", pretrained=True)
        tags = [name.partition(".")[2] for name in named]
        if weights.lower() in PRETRAINED:
            default = timm.get_pretrained_cfg(architecture, allow_unregistered=True)
            said = f"DEFAULT is {default.tag}" if default and default.tag else "there is no default"
            raise ConfigError(
                f"weights: expected a name, found '{weights}'. For {architecture}, timm has "
                f"{some(tags) or 'none'}; {said}. Write one of these, or random, or the path of a state "
                "dict."
            )
        if weights not in tags:
            raise ConfigError(f"weights: {_close(weights, ['random', 'DEFAULT', *tags])}")
        found = timm.get_pretrained_cfg(f"{architecture}.{weights}")
    if weights == "DEFAULT" and not (found and (found.url or found.hf_hub_id)):
        raise ConfigError(
            f"weights: timm has none for {architecture}. Set random, or the path of a state dict."
        )
    return found or timm.models.PretrainedCfg()


def _close(name: str, known: list[str]) -> str:
    """Say that a name is unknown, without listing a thousand."""
    from difflib import get_close_matches

    if len(known) < 30:
        return unknown(name, known)
    close = get_close_matches(name, known, n=5)
    return (
        f"'{name}' is unknown; {'did you mean ' + ', '.join(close) + '? ' if close else ''}"
        "`timm.list_models()` lists all."
    )


def _preset(architecture: str, config) -> Preprocess:
    """Translate timm's transform for evaluation (timm.data.create_transform)."""
    import math

    from timm.data import resolve_data_config

    found = resolve_data_config(pretrained_cfg=config.to_dict())
    _, height, width = found["input_size"]
    resized = tuple(math.floor(side / found["crop_pct"]) for side in (height, width))
    if found["crop_mode"] == "center" and height != width:
        raise ConfigError(
            f"preprocess: the transform of these weights of {architecture} (crop_mode center, {height} x "
            f"{width}) cannot be expressed by resize and crop. Set preprocess to the closest transform, "
            f"such as {{resize: [{height}, {width}], crop: null}}."
        )
    return Preprocess(
        resize=resized[0] if found["crop_mode"] == "center" else resized,
        crop=height if height == width else (height, width),
        interpolation=found["interpolation"],
        mean=tuple(found["mean"]),
        std=tuple(found["std"]),
        border=found["crop_mode"] == "border",
    )


def _find(config, file: Path | None) -> Path:
    """Return the file of timm's weights."""
    from repscape.io import assets

    what, digits = f"weights {config.tag} of {config.architecture}", _digits(config)
    if file is not None:
        if digits and file.name == config.url.rpartition("/")[2]:
            check_sha256(file, digits, f"timm's {what}")
        return file
    if digits:
        return assets.fetch(f"{config.url}#sha256-prefix={digits}", what)[0]
    return _from_hub(config, what)


def _digits(config) -> str | None:
    """Return the first digits of the file's sha256, where timm writes them into the file's name."""
    match = re.search(r"-([0-9a-f]{8,64})\.\w+$", config.url or "")
    return match and match[1]


def _from_hub(config, what: str) -> Path:
    """Download from the Hugging Face hub, once. It says no checksums in advance; layers.nc has them."""
    from huggingface_hub import hf_hub_download

    from repscape.io import asset_store

    if not config.hf_hub_id:
        raise AssetError(
            f"{what}: timm's address {config.url} has no checksum. Download the file and give its path as "
            "'file'."
        )
    name = config.hf_hub_filename or "model.safetensors"
    try:
        return Path(
            hf_hub_download(config.hf_hub_id, name, cache_dir=asset_store.cache_folder() / "huggingface")
        )
    except Exception as error:  # of the hub's client, of its HTTP library and of the system
        raise AssetError(
            f"{what}: {name} of https://huggingface.co/{config.hf_hub_id} cannot be downloaded "
            f"({type(error).__name__}: {str(error).splitlines()[0]}). Check the internet connection; "
            "without a connection, download the file elsewhere and give its path as 'file', besides "
            "'weights'."
        ) from error


def _with_weights(architecture: str, config, path: Path):
    """Build a network with timm's weights, as timm does: names of original files are translated."""
    import timm

    config.source, config.custom_load = None, path.suffix == ".npz"
    if config.custom_load:
        config.file = str(path)
    else:
        config.state_dict = dict(read(path))
    try:
        with drawing_from(0):
            return _bare(timm.create_model(architecture, pretrained=True, pretrained_cfg=config))
    except Exception as error:  # each architecture translates in its own way
        raise DataError(
            f"{path}: cannot be loaded as weights {config.tag} of {architecture}: {type(error).__name__}: "
            f"{' '.join(str(error).split())[:300]}. Check that it is the file of these weights."
        ) from error


def _bare(module):
    """Drop what timm notes about a network: it may hold the weights once more."""
    module.pretrained_cfg = module.default_cfg = {}
    return module.eval()


def _categories(classes: int) -> list[str] | None:
    """Return the names of the outputs, where they are classes of ImageNet."""
    from timm.data import ImageNetInfo, infer_imagenet_subset

    if classes == 1000:
        return imagenet()
    subset = infer_imagenet_subset({"num_classes": classes})
    return ImageNetInfo(subset).label_descriptions() if subset else None

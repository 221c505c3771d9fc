"""What happens to the pixels before a network sees them: an image of each stimulus, step by step."""

import json

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.plugin import schema
from repscape.study.study import Study


def inputs(study: Study, *, images: dict[str, str] | None = None) -> dict:
    """Name the stimuli and the tables of the networks, which say how each prepares its input.

    Raises
    ------
    ConfigError
        An image is chosen for something that is no stimulus of the study.
    """
    for stimulus in images or {}:
        if stimulus not in study.stimuli:
            raise ConfigError(f"analyses.preprocessing.images: {unknown(stimulus, study.stimuli)}")
    return {
        "stimuli": [study.path("stimulus", stimulus=stimulus) for stimulus in study.stimuli],
        "layers": [study.path("layers", source=source) for source in study.config["networks"]],
    }


def compute(files: dict, *, images: dict[str, str] | None = None) -> Result:
    """Follow one image of each stimulus from its file to each network's input.

    Parameters
    ----------
    files : ``{"stimuli": paths, "layers": paths}``
    images : dict of stimulus to image name, optional
        By default a stimulus's first image.

    Returns
    -------
    Result
        A group ``{network}/{stimulus}`` each, with the attribute `name` of the image and

        - ``original`` uint8 (y, x, channel): as decoded or generated, before it got the stimulus's
          size; its attribute `grey` is 1 where R, G and B were one.
        - ``resized`` uint8 (y_resized, x_resized, channel): at the stimulus's size, then resized
          for the network
        - ``rgb`` uint8 (y_in, x_in, channel): what is cropped from it
        - ``normalised`` float32 (channel, y_in, x_in): what the network sees

        The group of a network has its `preprocess` as an attribute (json).

    Raises
    ------
    DataError
        A stimulus has no image of the name given.
    """
    from repscape.io import netcdf
    from repscape.traced.preprocess import Preprocess

    chosen = [_example(path, images or {}) for path in files["stimuli"]]
    groups: dict[str, tuple[dict, dict]] = {}
    for path in files["layers"]:
        with netcdf.open_file(path, "layers") as table:
            network, described = table.network, table.preprocess
        preprocess = Preprocess.of(json.loads(described))
        groups[network] = {}, {"preprocess": described}
        for stimulus, name, original, shown in chosen:
            resized, rgb, normalised = preprocess.stages(shown)
            groups[f"{network}/{stimulus}"] = (
                {
                    "original": original,
                    "resized": (("y_resized", "x_resized", "channel"), resized),
                    "rgb": (("y_in", "x_in", "channel"), rgb),
                    "normalised": (("channel", "y_in", "x_in"), normalised),
                },
                {"name": name},
            )
    return Result(variables={"channel": (("channel",), ["R", "G", "B"])}, groups=groups)


def _example(path, images: dict[str, str]) -> tuple[str, str, tuple, np.ndarray]:
    """Return a stimulus's name, its image's name, the original as a variable, and the image."""
    from repscape.io import netcdf, stored_images
    from repscape.plugin import registry
    from repscape.plugin.arguments import fetched
    from repscape.stimuli.lib import names

    with netcdf.open_file(path, "stimulus") as file:
        stimulus, section = file.stimulus, json.loads(file.parameters)
        given = list(file["name"][:])
        chosen = images.get(stimulus, given[0])
        (at,) = names.find([chosen], given)
        if at == names.NONE:
            raise DataError(f"analyses.preprocessing.images.{stimulus}: {path}: {unknown(chosen, given)}")
        name, shown = given[at], stored_images.image(file, at)
    function = registry.entry("stimuli", section["source"])
    if schema.made_parameters(function):  # made of decoded images: nothing comes before it
        original = shown
    else:
        frames = function(**fetched(function, section, f"stimuli.{stimulus}", {}))
        original = next(frame.pixels for frame in frames if frame.name == name)
    grey = original.ndim == 2
    if grey:
        original = np.repeat(original[..., np.newaxis], 3, axis=2)
    return stimulus, name, (("y", "x", "channel"), original, {"grey": grey}), shown

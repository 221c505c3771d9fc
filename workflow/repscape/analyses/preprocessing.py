"""How pixels are preprocessed for a network: one image of each stimulus, step by step."""

import json
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.plugin import schema
from repscape.plugin.contract import Analysis, parameter
from repscape.study.study import Study


class Preprocessing(Analysis):
    """How pixels are preprocessed for a network: one image of each stimulus, step by step."""

    images: dict[str, str] | None = parameter(
        "The image of each stimulus, by name: `{pictures: camera.png}`. By default its first.", None
    )

    def inputs(self, study: Study) -> dict:
        """Name the stimuli and the tables of the networks, which say how each prepares its input.

        Raises
        ------
        ConfigError
            An image is chosen for something that is no stimulus of the study.
        """
        for stimulus in self.images or {}:
            if stimulus not in study.stimuli:
                raise ConfigError(f"analyses.preprocessing.images: {unknown(stimulus, study.stimuli)}")
        return {
            "stimuli": [study.path("stimulus", stimulus=stimulus) for stimulus in study.stimuli],
            "layers": [study.path("layers", source=source) for source in study.config["networks"]],
        }

    def compute(self, files: Mapping) -> Result:
        """Follow one image of each stimulus from its file to each network's input.

        Parameters
        ----------
        files : ``{"stimuli": paths, "layers": paths}``

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

        examples = [_example(path, self.images or {}) for path in files["stimuli"]]
        groups: dict[str, tuple[dict, dict]] = {}
        for path in files["layers"]:
            with netcdf.open_file(path, "layers") as table:
                network, described = table.network, table.preprocess
            preprocess = Preprocess.of(json.loads(described))
            groups[network] = {}, {"preprocess": described}
            for example in examples:
                resized, rgb, normalised = preprocess.stages(example.shown)
                variables = {
                    "original": (("y", "x", "channel"), example.original, {"grey": example.grey}),
                    "resized": (("y_resized", "x_resized", "channel"), resized),
                    "rgb": (("y_in", "x_in", "channel"), rgb),
                    "normalised": (("channel", "y_in", "x_in"), normalised),
                }
                groups[f"{network}/{example.stimulus}"] = variables, {"name": example.name}
        return Result(variables={"channel": (("channel",), ["R", "G", "B"])}, groups=groups)


class _Example(NamedTuple):
    """An image of a stimulus: as decoded or generated, RGB, and as the stimulus's file has it."""

    stimulus: str
    name: str
    original: np.ndarray
    grey: bool
    shown: np.ndarray


def _example(path, images: Mapping[str, str]) -> _Example:
    """Read an image of a stimulus, the first or the one named in `images`.

    Raises
    ------
    DataError
        The stimulus has no image of that name.
    """
    from repscape.io import netcdf, stored_images
    from repscape.plugin.arguments import ready
    from repscape.plugin.registry import find
    from repscape.stimuli.lib import names

    with netcdf.open_file(path, "stimulus") as file:
        stimulus, section = file.stimulus, json.loads(file.parameters)
        known = list(file["name"][:])
        chosen = images.get(stimulus, known[0])
        (at,) = names.find([chosen], known)
        if at == names.NONE:
            raise DataError(f"analyses.preprocessing.images.{stimulus}: {path}: {unknown(chosen, known)}")
        name, shown = known[at], stored_images.image(file, at)
    if schema.made_parameters(find("stimuli", section[schema.KIND])):
        original = shown  # made from decoded images: nothing comes before it
    else:
        frames = ready("stimuli", section, f"stimuli.{stimulus}", {}).images()
        original = next(frame.pixels for frame in frames if frame.name == name)
    grey = original.ndim == 2
    rgb = np.repeat(original[..., np.newaxis], 3, axis=2) if grey else original
    return _Example(stimulus, name, rgb, grey, shown)

"""Views of one picture: crops, mirror images and lightings, a set of one category."""

from collections.abc import Generator
from pathlib import Path
from typing import Annotated, cast

import numpy as np
from pydantic import AfterValidator, Field

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import File, StimulusFile
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.synthetic import RandomSeries


def _ascending(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("expected the smaller value first")
    return value


Part = Annotated[float, Field(gt=0, le=1)]


class Views(RandomSeries):
    """One picture seen again and again, from nearer or farther, mirrored and lit at random.

    A view is a part of the picture of the ratio of sides that `size` has, drawn uniformly among those that
    fit, in size and in position; resized to `size`, antialiased; mirrored with probability one half; and its
    values are multiplied by 2 to a power drawn uniformly from -`lighting` to `lighting`.
    """

    path: File | None = parameter("The file of a picture.", None)
    of: StimulusFile | None = parameter("Instead of a file: the stimulus with the picture.", None)
    image: str | None = parameter(
        "The name of the picture among the images of `of`; by default its first.", None
    )
    scale: Annotated[tuple[Part, Part], AfterValidator(_ascending)] = parameter(
        "The smallest and the largest size of a view, as a share of the sides of the largest view that fits.",
        (0.5, 1.0),
    )
    flip: bool = parameter("Whether views are mirrored left to right, at random.", True)
    lighting: float = parameter(
        "The largest change of brightness, in stops; 0 keeps the values unchanged.", 0.5, ge=0, le=8
    )

    def images(self) -> Generator[Frame, None, dict]:
        """Draw the views.

        Returns
        -------
        attributes : dict
            After the last image: ``clipped_share``.

        Raises
        ------
        DataError
            The stimulus has no image of that name; the file is no picture.
        """
        from PIL import Image

        from repscape.stimuli.lib.quantize import Clipping

        self.check()
        picture = self._picture()
        random, clipping = np.random.default_rng(self.seed), Clipping()
        height, width = picture.pixels.shape[:2]
        largest = min(height / self.size[0], width / self.size[1])
        canvas = Image.fromarray(picture.pixels)
        for index in range(self.count):
            part, down, right, mirrored, stops = random.random(5)
            zoom = largest * (self.scale[0] + part * (self.scale[1] - self.scale[0]))
            tall, wide = min(zoom * self.size[0], height), min(zoom * self.size[1], width)
            top, left = down * (height - tall), right * (width - wide)
            box = (left, top, min(left + wide, width), min(top + tall, height))
            view = canvas.resize((self.size[1], self.size[0]), Image.Resampling.BILINEAR, box=box)
            pixels = np.asarray(view)
            if self.flip and mirrored < 0.5:
                pixels = pixels[:, ::-1]
            if self.lighting:
                pixels = clipping.to_uint8(pixels * 2 ** (self.lighting * (2 * stops - 1)))
            yield Frame(f"view_{index:06d}", pixels, label=picture.label, factors=picture.factors)
        return clipping.attributes

    def check(self) -> None:
        """Refuse a picture that is given twice, or not at all."""
        if (self.path is None) == (self.of is None):
            found = "none" if self.path is None else "both"
            raise ConfigError(
                f"expected either 'path' (a picture) or 'of' (a stimulus of the study), found {found}."
            )
        if self.image is not None and self.of is None:
            raise ConfigError(
                "'image' names an image of the stimulus 'of', which is missing. Add 'of', or remove 'image'."
            )

    def _picture(self) -> Frame:
        """Read the picture of which these are views."""
        from repscape.io import netcdf
        from repscape.stimuli.lib import names, parent_stimulus, picture

        if self.path is not None:
            found, depth = picture.read(self.path), picture.Depth()
            depth.add(found)
            depth.check(str(self.path))
            return Frame(self.path.name, found.pixels)
        of = cast(Path, self.of)
        with netcdf.open_file(of, "stimulus") as file:
            stored = list(map(str, file["name"][:]))
        index = 0 if self.image is None else names.find([self.image], stored)[0]
        if index == names.NONE:
            raise DataError(f"{of}: image {unknown(self.image or '', stored)}")
        return parent_stimulus.read(of, [index])[0]

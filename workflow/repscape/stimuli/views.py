"""Views of one picture: crops, flips and lighting, a set of one category."""

from collections.abc import Generator
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.plugin.parameter_types import Count, File, Size, StimulusFile
from repscape.stimuli.lib.frame import Frame


def _ascending(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("expected the smaller of the two first")
    return value


Part = Annotated[float, Field(gt=0, le=1)]


def frames(
    *,
    path: File | None = None,
    of: StimulusFile | None = None,
    image: str | None = None,
    count: Count = 30,
    size: Size = (256, 256),
    scale: Annotated[tuple[Part, Part], AfterValidator(_ascending)] = (0.5, 1.0),
    flip: bool = True,
    lighting: Annotated[float, Field(ge=0, le=8)] = 0.5,
    seed: int,
) -> Generator[Frame, None, dict]:
    """Look at one picture again and again, from nearer or farther, turned and lit at random.

    A view is a part of the picture of the ratio of sides that `size` has, drawn uniformly among those
    that fit, in size and in place; resized to `size`, antialiased; mirrored with probability one
    half; and its values are multiplied by 2 to a power drawn uniformly from -`lighting` to
    `lighting`.

    Parameters
    ----------
    path : file with a picture
    of : stimulus
        Instead of a file: an image of another stimulus.
    image : str, optional
        The name of that image; by default the first.
    count : int
        How many views. More views leave the first ones as they were.
    size : (height, width) in pixels
    scale : (float, float)
        The smallest and the largest part, as a share of the length of the largest that fits.
    flip : bool
        Whether views are mirrored, left to right.
    lighting : float
        In stops; 0 leaves the values as they are.
    seed : int

    Returns
    -------
    attributes : dict
        At the end of the frames: ``clipped_share``.

    Raises
    ------
    ConfigError
        Not exactly one of `path` and `of` is given, or `image` without `of`.
    DataError
        The stimulus has no image of that name; the file is no picture.
    """
    from PIL import Image

    from repscape.stimuli.lib.quantize import Clipping

    check(path=path, of=of, image=image)
    picture = _picture(path, of, image)
    draw, clipping = np.random.default_rng(seed), Clipping()
    height, width = picture.pixels.shape[:2]
    largest = min(height / size[0], width / size[1])
    canvas = Image.fromarray(picture.pixels)
    for index in range(count):
        part, down, right, mirrored, stops = draw.random(5)
        zoom = largest * (scale[0] + part * (scale[1] - scale[0]))
        tall, wide = min(zoom * size[0], height), min(zoom * size[1], width)
        top, left = down * (height - tall), right * (width - wide)
        box = (left, top, min(left + wide, width), min(top + tall, height))
        pixels = np.asarray(canvas.resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box))
        if flip and mirrored < 0.5:
            pixels = pixels[:, ::-1]
        if lighting:
            pixels = clipping.to_uint8(pixels * 2 ** (lighting * (2 * stops - 1)))
        yield Frame(f"view_{index:06d}", pixels, label=picture.label, factors=picture.factors)
    return clipping.attributes


def check(*, path, of, image) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    if (path is None) == (of is None):
        found = "none" if path is None else "both"
        raise ConfigError(f"expected 'path' (of a picture) or 'of' (a stimulus of the study), found {found}.")
    if image is not None and of is None:
        raise ConfigError("'image' names an image of the stimulus 'of', which is not given. Remove 'image'.")


def how_many(*, count) -> int:
    """Say how many images there will be."""
    return count


def _picture(path, of, image) -> Frame:
    """Read the picture that is looked at."""
    from repscape.io import netcdf
    from repscape.stimuli.lib import names, parent_stimulus, picture

    if path is not None:
        found, depth = picture.read(path), picture.Depth()
        depth.add(found)
        depth.check(str(path))
        return Frame(path.name, found.pixels)
    with netcdf.open_file(of, "stimulus") as file:
        given = list(map(str, file["name"][:]))
    at = 0 if image is None else names.find([image], given)[0]
    if at == names.NONE:
        raise DataError(f"{of}: image {unknown(image, given)}")
    return parent_stimulus.read(of, [at])[0]

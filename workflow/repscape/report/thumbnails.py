"""Small pictures of a stimulus's images, to be put into a page as they are."""

import base64
import io
from typing import NamedTuple

import numpy as np

from repscape.core.evenly_spaced import evenly_spaced
from repscape.core.words import plural
from repscape.io import netcdf, stored_images

SIDE = 112  # pixels, of the longer side: sharp at 72 pixels of a page on a screen of fine pixels
LOSSLESS = 40  # pixels: what is so small is kept as it is
MOST, IN_ALL, FEWEST = 40, 240, 4  # thumbnails of a stimulus, of a page, of a stimulus among many


class Thumbnail(NamedTuple):
    """A small picture.

    Attributes
    ----------
    number : int
        Of the image in its stimulus, from 1, as figures number it.
    name : str
        Of the image.
    time, label : str
        When it is shown in its movie; its class. "" where there is none.
    address : str
        The picture itself: ``data:image/…``.
    width, height : int
        In pixels.
    """

    number: int
    name: str
    time: str
    label: str
    address: str
    width: int
    height: int


class Shown(NamedTuple):
    """What a page shows of a stimulus.

    Attributes
    ----------
    images : int
        How many there are, shown or not.
    size : str
        In words.
    thumbnails : list of Thumbnail
        Of all images, or of evenly spaced ones.
    """

    images: int
    size: str
    thumbnails: list[Thumbnail]


def most_of_each(stimuli: int) -> int:
    """Return how many thumbnails each of several stimuli has on one page."""
    return int(np.clip(IN_ALL // max(stimuli, 1), FEWEST, MOST))


def thumbnails(path, most: int = MOST) -> Shown:
    """Read small pictures of a stimulus's images; of more than `most`, evenly spaced ones.

    Parameters
    ----------
    path : str or Path
        A stimulus's file. Of images, only those that are shown are read and checked.
    most : int

    Raises
    ------
    DataError
        The file is missing or damaged.
    """
    with netcdf.open_file(path, "stimulus", rows=range(0)) as stimulus:
        images, sizes = stored_images.count(stimulus), stored_images.sizes(stimulus)
        chosen = evenly_spaced(images, most)
        names, times, labels = (
            list(stimulus.variables[key][:]) if key in stimulus.variables else [""] * images
            for key in ("name", "time", "label")
        )
        for index in chosen:
            netcdf.check(path, stored_images.rows(stimulus, range(index, index + 1)))
        return Shown(
            images,
            _size(sizes),
            [
                Thumbnail(
                    index + 1,
                    str(names[index]),
                    "" if times[index] == "" else f"{times[index]:.2f} s",
                    str(labels[index]),
                    *_picture(stored_images.image(stimulus, index)),
                )
                for index in chosen
            ],
        )


def _size(sizes: np.ndarray) -> str:
    """Say which size images have: width × height."""
    different = {(int(width), int(height)) for height, width in sizes}
    if len(different) == 1:
        ((width, height),) = different
        return f"{width} × {height} pixels"
    return f"{plural(len(different), 'size', 'sizes')}, sides of {sizes.min()} to {sizes.max()} pixels"


def _picture(pixels: np.ndarray) -> tuple[str, int, int]:
    """Return an image as a small picture: its address, width and height."""
    from PIL import Image

    picture = Image.fromarray(pixels[..., 0] if _is_grey(pixels) else pixels)
    if max(picture.size) > SIDE:
        picture = picture.resize(
            [max(1, round(side * SIDE / max(picture.size))) for side in picture.size],
            Image.Resampling.LANCZOS,
        )
    how = {"format": "PNG"} if max(picture.size) <= LOSSLESS else {"format": "JPEG", "quality": 78}
    stream = io.BytesIO()
    picture.save(stream, optimize=True, **how)
    code = base64.b64encode(stream.getvalue()).decode("ascii")
    return f"data:image/{str(how['format']).lower()};base64,{code}", *picture.size


def _is_grey(pixels: np.ndarray) -> bool:
    return bool((pixels[..., :1] == pixels).all())

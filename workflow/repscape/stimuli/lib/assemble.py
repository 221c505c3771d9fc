"""The images of a stimulus from the frames that a plugin yields."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np

from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.io.stored_images import OF_OWN_SIZES
from repscape.stimuli.lib import factors
from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.image_buffer import ImageBuffer

# What a stimulus's file has beside factors.
_NO_FACTORS = ("images", *OF_OWN_SIZES, "name", "channel", "time", "label")
FEWEST = 3  # fewer images have no distribution of dissimilarities


def assemble(
    frames: Iterable[Frame],
    size: tuple[int, int] | None = None,
    fit: Literal["squash", "crop"] = "squash",
    buffer: ImageBuffer | None = None,
) -> dict[str, tuple]:
    """Bring frames to RGB and, if a size is given, to that; and label them.

    Parameters
    ----------
    frames : iterable of Frame
    size : (height, width) in pixels, optional
        Without it, images keep their sizes.
    fit : {'squash', 'crop'}
        See `resize`.
    buffer : ImageBuffer, optional
        Empty; keeps the images until the last one is read.

    Returns
    -------
    dict of name to (dims, values) or (dims, values, attributes), as `netcdf.write` takes it
        ``images`` uint8 (image, y, x, channel), an array or, of many, an `ImageBuffer`, or, if sizes differ,
        what `repscape.io.stored_images` says; ``name`` (image); ``time`` (image) in s and ``label`` (image)
        where the frames have them; each factor (image); ``channel``: R, G, B.

    Raises
    ------
    DataError
        Fewer than 3 images, a name given twice, images of different factors or of a factor that cannot
        have its name; a plugin gives something else than 8-bit pixels.
    """
    images, resized = ImageBuffer() if buffer is None else buffer, 0
    without_pixels: list[Frame] = []
    for frame in frames:
        _check_pixels(frame)
        pixels = frame.pixels if size is None else resize(frame.pixels, size, fit)
        resized += pixels.shape[:2] != frame.pixels.shape[:2]
        images.add(np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels)
        without_pixels.append(frame._replace(pixels=np.empty(0, np.uint8)))
    _check(without_pixels)
    names = [frame.name for frame in without_pixels]
    logger.info("%d images: %s, %s … %s", len(names), *names[:2], names[-1])
    _log_sizes(images.sizes, resized, fit)
    variables = _coordinates(without_pixels)
    # without this, xarray would take them for data
    coordinates = {"coordinates": " ".join(name for name in variables if name != "channel")}
    return _pixels(images, coordinates | {"resized": resized}) | variables


def _coordinates(frames: list[Frame]) -> dict[str, tuple]:
    """Lay out names, times, labels and factors of images."""
    variables: dict[str, tuple] = {
        "name": (("image",), [frame.name for frame in frames]),
        "channel": (("channel",), ["R", "G", "B"]),
    }
    if all(frame.time is not None for frame in frames):
        times = np.array([frame.time for frame in frames], np.float64)
        variables["time"] = (("image",), times, {"units": "s"})
    if all(frame.label is not None for frame in frames):
        variables["label"] = (("image",), [frame.label for frame in frames])
    for name in frames[0].factors or {}:
        variables[name] = (("image",), [(frame.factors or {})[name] for frame in frames])
    return variables


def _log_sizes(sizes: list[tuple[int, int]], resized: int, fit: str) -> None:
    """Log which sizes images have, and how many were resized."""
    least, most = min(sizes, key=math.prod), max(sizes, key=math.prod)
    if resized:
        logger.info("%d of %d images were resized to %d x %d pixels (%s)", resized, len(sizes), *most, fit)
    elif len(set(sizes)) > 1:
        logger.info(
            "images keep their %d different sizes, from %d x %d to %d x %d pixels (height x width)",
            len(set(sizes)), *least, *most,
        )  # fmt: skip
    else:
        logger.info("all images have %d x %d pixels (height x width)", *most)


def _pixels(images: ImageBuffer, attributes: dict) -> dict[str, tuple]:
    """Lay out images as `repscape.io.stored_images` reads them."""
    if images.alike:
        return {"images": (("image", "y", "x", "channel"), images.images(), attributes)}
    height, width = np.array(images.sizes, np.int32).T
    return {
        "pixels": (("pixel", "channel"), images.images(), {"long_name": "images, one after another"}),
        "first_pixel": (("image",), images.first_pixels, attributes),
        "image_height": (("image",), height, {"units": "pixels"}),
        "image_width": (("image",), width, {"units": "pixels"}),
    }


def factors_of(variables: Mapping) -> list[str]:
    """Name the factors among what `assemble` returned."""
    return [name for name in variables if name not in _NO_FACTORS]


def resize(pixels: np.ndarray, size: tuple[int, int], fit: Literal["squash", "crop"]) -> np.ndarray:
    """Resize an image, antialiased.

    The filter is Pillow's bilinear one, a triangle as wide as the reduction asks: it blurs away
    what the new grid cannot hold, adds no ringing and leaves no pixel outside the old range. An
    image that has the size already is not changed.

    Parameters
    ----------
    pixels : uint8 array (y, x) or (y, x, 3)
    size : (height, width)
    fit : {'squash', 'crop'}
        ``squash`` changes the aspect ratio; ``crop`` keeps it, but for what whole pixels ask, and cuts off
        what is left over of the longer side, half at each end: as torchvision's
        ``Resize(side)`` and ``CenterCrop(side)`` do.
    """
    from PIL import Image

    height, width = covering(pixels.shape[:2], size) if fit == "crop" else size
    image = pixels
    if (height, width) != pixels.shape[:2]:
        image = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))
    top, left = round((height - size[0]) / 2), round((width - size[1]) / 2)
    return image[top : top + size[0], left : left + size[1]]


def covering(old: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
    """Return the smallest height and width that cover `size` in the ratio of the old ones.

    What is longer than `size` is cut to a whole number, not rounded, as torchvision does.
    """
    height, width = old
    if size[0] * width >= size[1] * height:
        return size[0], max(size[1], int(size[0] * width / height))
    return max(size[0], int(size[1] * height / width)), size[1]


def pixels_of(variables: Mapping) -> str:
    """Return the checksum of the images that `assemble` returned."""
    if "images" in variables:
        return pixels_sha256(variables["images"][1])
    sizes = zip(variables["image_height"][1].tolist(), variables["image_width"][1].tolist(), strict=True)
    return pixels_sha256(variables["pixels"][1], tuple(sizes))


def pixels_sha256(images: np.ndarray | ImageBuffer, shape: tuple | None = None) -> str:
    """Return the checksum of images: of their shape, or of all their sizes, and of their bytes in C order."""
    digest = hashlib.sha256(str(shape or tuple(map(int, images.shape))).encode())
    for block in images.blocks() if isinstance(images, ImageBuffer) else [images]:
        digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()


def _check_pixels(frame: Frame) -> None:
    pixels = np.asarray(frame.pixels)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise DataError(
            f"{frame.name}: expected uint8 pixels (y, x) or (y, x, 3) from the stimulus's plugin, found "
            f"{pixels.dtype} {pixels.shape}. Correct the plugin."
        )


def _check(frames: list[Frame]) -> None:
    if len(frames) < FEWEST:
        named = ", ".join(frame.name for frame in frames) or "none"
        raise DataError(
            f"expected at least {FEWEST} images, since an RDM compares pairs of images; found "
            f"{len(frames)} ({named}). Add images, or choose more frames."
        )
    repeated = [name for name, count in Counter(frame.name for frame in frames).items() if count > 1]
    if repeated:
        raise DataError(
            f"expected images with different names, found several named {', '.join(repeated)}. Rename the "
            "files, or list each once."
        )
    _check_factors(frames)


def _check_factors(frames: list[Frame]) -> None:
    names = set(frames[0].factors or {})
    for name in sorted(names):
        if mistake := factors.name_mistake(name):
            raise DataError(f"factor {mistake}")
    for frame in frames:
        found = frame.factors or {}
        if set(found) != names:
            first, second = (", ".join(sorted(some)) or "none" for some in (names, found))
            raise DataError(
                f"expected images of the same factors; {frames[0].name} has {first}, "
                f"{frame.name} has {second}."
            )
        if "" in found.values():
            empty = next(name for name, value in found.items() if value == "")
            raise DataError(f"{frame.name}: expected a value of the factor '{empty}', found none.")

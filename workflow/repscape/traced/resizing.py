"""Resizing and cropping of pixels, as torchvision and timm do it on Pillow images: functions of arrays."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

SMOOTH = ("bilinear", "bicubic")


def resize(image: np.ndarray, size: tuple[int, int], interpolation: str, antialias: bool) -> np.ndarray:
    """Resize an image: by Pillow, which averages over the pixels that it leaves out, or else by torch.

    Parameters
    ----------
    image : uint8 (y, x, 3)
    size : (height, width)
    interpolation : str
        Of `Preprocess`.
    antialias : bool

    Returns
    -------
    uint8 (y, x, 3)
    """
    if size == image.shape[:2]:
        return image
    if not antialias and interpolation in SMOOTH:
        import torch

        images = torch.tensor(image).permute(2, 0, 1)[None].float()
        resized = interpolate(images, size, interpolation, antialias)
        return resized.round().to(torch.uint8)[0].permute(1, 2, 0).numpy()
    from PIL import Image

    resampling = Image.Resampling[interpolation.partition("-")[0].upper()]
    return np.asarray(Image.fromarray(image).resize(size[::-1], resampling))


def interpolate(
    images: "torch.Tensor", size: tuple[int, int], interpolation: str, antialias: bool
) -> "torch.Tensor":
    """Resize images by torch, without rounding to 8 bits.

    Parameters
    ----------
    images : float32 tensor (image, 3, y, x), 0 … 255
    size, interpolation, antialias : as in `resize`

    Returns
    -------
    float32 tensor (image, 3, y, x)
    """
    from torch.nn import functional

    if size == tuple(images.shape[-2:]):
        return images
    smooth = interpolation in SMOOTH
    resized = functional.interpolate(
        images,
        size=size,
        mode=interpolation if smooth else "nearest-exact",
        align_corners=False if smooth else None,
        antialias=antialias and smooth,
    )
    return resized.clamp(min=0, max=255) if interpolation == "bicubic" else resized  # bicubic overshoots


def frame(
    size: tuple[int, ...], crop: int | tuple[int, int] | None
) -> tuple[tuple[int, int], list[slice], list[slice]]:
    """Return where a crop at the centre of an image lies, which gets a frame where it is smaller.

    Parameters
    ----------
    size : (height, width)
        Of the image.
    crop : int, (int, int) or None

    Returns
    -------
    size : (height, width)
        Of the image with its frame.
    inside : two slices
        Where the image lies in that.
    cut : two slices
        What is cut out.
    """
    framed, inside, cut = [], [], []
    for side, wanted in zip(size, pair(crop or (size[0], size[1])), strict=True):
        whole = max(side, wanted)
        before, first = (whole - side) // 2, round((whole - wanted) / 2)
        framed.append(whole)
        inside.append(slice(before, before + side))
        cut.append(slice(first, first + wanted))
    return (framed[0], framed[1]), inside, cut


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return height and width of a size that may be the side of a square."""
    return (size, size) if isinstance(size, int) else size

"""From pixels to what a network takes.

The same steps, on the same types, as the transforms of torchvision
(``torchvision.transforms._presets.ImageClassification``) and of timm
(``timm.data.create_transform(…, is_training=False)``) on a Pillow image: equal bit for bit (tests compare
them), without importing either. Pillow resizes 8-bit pixels; torch's resizing of tensors differs from it by
some levels.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from repscape.core.errors import DataError
from repscape.traced import resizing
from repscape.traced.preprocess_bounds import check

if TYPE_CHECKING:
    import torch

# What an image may be resized to: as much as Pillow opens.
MOST_PIXELS = 178_956_970


@dataclass(frozen=True)
class Preprocess:
    """Resize, crop at the centre, scale to 0…1, subtract the mean and divide by the SD."""

    # pydantic reads this where a config gives these keys: unknown ones are refused, and sentences are shown
    __pydantic_config__: ClassVar[dict] = {"extra": "forbid", "use_attribute_docstrings": True}

    resize: int | tuple[int, int] | None = 256
    """Length of the shorter side (the ratio of the sides is kept), or [height, width], in pixels."""

    crop: int | tuple[int, int] | None = 224
    """Side of the square, or [height, width], cut out at the centre, in pixels. A smaller image gets a black
    frame."""

    interpolation: Literal["bilinear", "bicubic", "nearest", "nearest-exact"] = "bilinear"
    """As Pillow does it, which has one ``nearest``."""

    antialias: bool = True
    """Whether `resize` averages over the pixels that it leaves out (bilinear and bicubic only). Pillow always
    does; without it torch resizes."""

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """What is subtracted from R, G, B on the scale 0…1."""

    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """What R, G, B are then divided by."""

    border: bool = False
    """Nothing is cut off: `resize` is what the whole image must fit into, its ratio of sides kept, and the
    frame that fills `crop` has the colour `mean`. timm calls it so."""

    def __post_init__(self):
        """Refuse numbers that no preprocessing has; ValueError, which pydantic tells with the key."""
        check(self)

    @classmethod
    def of(cls, values: "Mapping | Preprocess") -> "Preprocess":
        """Make it from a config's or a file's mapping (whose tuples may have become lists)."""
        if isinstance(values, Preprocess):
            return values
        arguments: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in values.items()
        }
        return cls(**arguments)

    def to_dict(self) -> dict:
        """Return the keys and values, fit for json."""
        return asdict(self)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of the network's input for an image of the given size."""
        return resizing.pair(self.crop) if self.crop is not None else self.resized_size(height, width)

    def output_sizes(self, sizes: np.ndarray) -> dict[tuple[int, int], tuple[int, int]]:
        """Return the size of the network's input for images of each size that there is.

        Parameters
        ----------
        sizes : int array (image, 2)
            Height and width of each image.

        Raises
        ------
        DataError
            They differ; names two.
        """
        found = {size: self.output_size(*size) for size in sorted(set(map(tuple, sizes.tolist())))}
        example = {shape: size for size, shape in found.items()}
        if len(example) > 1:
            words = [f"{a} x {b} pixels become {c} x {d}" for (c, d), (a, b) in list(example.items())[:2]]
            raise DataError(
                f"its images have different sizes and give inputs of different shapes: {', '.join(words)} "
                "(height x width). Set preprocess.crop of the network, or 'size: [height, width]' of the "
                "stimulus."
            )
        return found

    def framed(self, sizes: np.ndarray) -> int:
        """Count images that do not fill `crop`, and get a black frame.

        Parameters
        ----------
        sizes : int array (image, 2)
            Height and width of each image.
        """
        if self.crop is None or self.border:
            return 0
        height, width = resizing.pair(self.crop)
        resized = {size: self.resized_size(*size) for size in set(map(tuple, sizes.tolist()))}
        small = {size for size, (high, wide) in resized.items() if high < height or wide < width}
        return sum(size in small for size in map(tuple, sizes.tolist()))

    def resized_size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of an image of the given size after `resize`.

        As torchvision does, the longer side is cut to a whole number, not rounded; for `border` it is
        rounded, as timm does.
        """
        if self.resize is None:
            return height, width
        if self.border:
            ratio = max(
                side / whole for side, whole in zip((height, width), resizing.pair(self.resize), strict=True)
            )
            return round(height / ratio), round(width / ratio)
        if not isinstance(self.resize, int):
            return self.resize
        longer = int(self.resize * max(height, width) / min(height, width))
        return (self.resize, longer) if height <= width else (longer, self.resize)

    def apply(self, images: "torch.Tensor") -> "torch.Tensor":
        """Turn pixels into the network's input, where the pixels are.

        Parameters
        ----------
        images : uint8 tensor (image, y, x, 3)

        Returns
        -------
        float32 tensor (image, 3, y, x), contiguous
        """
        import torch

        ready = torch.as_tensor(self.ready(images.cpu().numpy()))
        return self.normalised(ready.to(images.device)).contiguous()

    def stages(self, image: np.ndarray) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """Return what becomes of an image on its way to the network.

        Parameters
        ----------
        image : uint8 (y, x, 3)

        Returns
        -------
        resized : uint8 (y, x, 3)
        cropped : uint8 (y, x, 3)
        normalised : float32 (3, y, x)
        """
        import torch

        resized = self._resize(image)
        cropped = self._crop(resized)
        return resized, cropped, self.normalised(torch.tensor(cropped)[None])[0].numpy()

    def ready(self, images: "np.ndarray | Iterable[np.ndarray]", threads: int = 1) -> np.ndarray:
        """Resize and crop images: what remains to be done, `normalised`, is quick where the network runs.

        Parameters
        ----------
        images : uint8 (image, y, x, 3), or images (y, x, 3), which may have different sizes
            The latter are taken few at a time: memory is that of these and of the result.
        threads : int
            How many images are resized at once.

        Returns
        -------
        uint8 (image, y, x, 3)

        Raises
        ------
        DataError
            An image would become too large.
        """
        if isinstance(images, np.ndarray) and self.resized_size(*images.shape[1:3]) == images.shape[1:3]:
            return self._crop(images)
        if threads == 1:
            return np.stack([self._fitted(image) for image in images])
        left = iter(images)
        done: list[np.ndarray] = []
        with ThreadPoolExecutor(threads) as pool:  # Pillow lets other threads run
            while few := list(islice(left, 2 * threads)):
                done += pool.map(self._fitted, few)
        return np.stack(done)

    def normalised(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Scale pixels to 0…1, subtract the mean and divide by the SD.

        Parameters
        ----------
        pixels : uint8 tensor (image, y, x, 3)

        Returns
        -------
        float32 tensor (image, 3, y, x), in memory in the order of `pixels`
        """
        return self._normalise(pixels.permute(0, 3, 1, 2).float())

    def differentiable(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Do about the same without rounding to 8 bits after `resize`, so that gradients pass.

        Parameters
        ----------
        pixels : float32 tensor (image, 3, y, x), 0 … 255

        Returns
        -------
        float32 tensor (image, 3, y, x)
        """
        import torch

        size = self.resized_size(*pixels.shape[-2:])
        resized = resizing.interpolate(pixels, size, self.interpolation, self.antialias)
        size, inside, cut = resizing.frame(resized.shape[-2:], self.crop)
        if size != resized.shape[-2:]:
            fill = torch.tensor(self._fill(), dtype=resized.dtype, device=resized.device)
            framed = fill.view(-1, 1, 1).expand(len(resized), -1, *size).clone()
            framed[..., inside[0], inside[1]] = resized
            resized = framed
        return self._normalise(resized[..., cut[0], cut[1]].clone())

    def _fitted(self, image: np.ndarray) -> np.ndarray:
        return self._crop(self._resize(image))

    def _resize(self, image: np.ndarray) -> np.ndarray:
        height, width = self.resized_size(*image.shape[:2])
        if (height, width) != image.shape[:2] and height * width > MOST_PIXELS:
            raise DataError(
                f"an image of {image.shape[0]} x {image.shape[1]} pixels (height x width) would be resized "
                f"to {height} x {width}, which is too large. Leave the image out, or set 'size' of the "
                "stimulus."
            )
        return resizing.resize(image, (height, width), self.interpolation, self.antialias)

    def _crop(self, images: np.ndarray) -> np.ndarray:
        """Crop uint8 (…, y, x, 3)."""
        size, inside, cut = resizing.frame(images.shape[-3:-1], self.crop)
        if size != images.shape[-3:-1]:
            framed = np.empty((*images.shape[:-3], *size, 3), np.uint8)
            framed[:] = self._fill()
            framed[..., inside[0], inside[1], :] = images
            images = framed
        return images[..., cut[0], cut[1], :]

    def _fill(self) -> list[int]:
        return [round(255 * value) if self.border else 0 for value in self.mean]

    def _normalise(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Scale float32 pixels (image, 3, y, x) to 0…1, subtract the mean and divide by the SD, in place."""
        import torch

        def channels(values):
            return torch.tensor(values, dtype=torch.float32, device=pixels.device).view(-1, 1, 1)

        # by tensors, for a GPU divides by a number as it multiplies by its inverse
        return pixels.div_(channels([255.0] * 3)).sub_(channels(self.mean)).div_(channels(self.std))

"""From pixels to what a network takes, in torch alone.

The same steps, on the same types, as torchvision's transform for classification
(``torchvision.transforms._presets.ImageClassification``) on a uint8 tensor: equal bit for bit
(a test compares them), without importing torchvision.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Preprocess:
    """Resize, crop at the centre, scale to 0…1, subtract the mean and divide by the SD.

    Attributes
    ----------
    resize : int, (int, int) or None
        Length of the shorter side (the ratio of the sides is kept), or height and width, in
        pixels.
    crop : int, (int, int) or None
        Side of the square, or height and width, cut out at the centre, in pixels; a smaller image
        gets a black frame.
    interpolation : {"bilinear", "bicubic", "nearest", "nearest-exact"}
    antialias : bool
        Whether `resize` averages over the pixels that it leaves out (bilinear and bicubic only).
    mean, std : tuple of 3 floats
        Of R, G, B on the scale 0…1.
    """

    # pydantic reads this where a config gives these keys: unknown ones are refused
    __pydantic_config__: ClassVar[dict] = {"extra": "forbid"}

    resize: int | tuple[int, int] | None = 256
    crop: int | tuple[int, int] | None = 224
    interpolation: Literal["bilinear", "bicubic", "nearest", "nearest-exact"] = "bilinear"
    antialias: bool = True
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

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
        return _pair(self.crop) if self.crop is not None else self._resized(height, width)

    def apply(self, images: "torch.Tensor") -> "torch.Tensor":
        """Turn pixels into the network's input.

        Parameters
        ----------
        images : uint8 tensor (image, y, x, 3)

        Returns
        -------
        float32 tensor (image, 3, y, x), contiguous
        """
        return self.stages(images)[-1]

    def stages(self, images: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
        """Return what becomes of pixels on their way to the network.

        Parameters
        ----------
        images : uint8 tensor (image, y, x, 3)

        Returns
        -------
        resized : uint8 tensor (image, 3, y, x)
        cropped : uint8 tensor (image, 3, y, x)
        normalised : float32 tensor (image, 3, y, x), contiguous
        """
        resized = self._interpolate(images.permute(0, 3, 1, 2).contiguous().float()).round().to(images.dtype)
        cropped = self._crop(resized)
        return resized, cropped, self._normalised(cropped)

    def differentiable(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Do the same without rounding to 8 bits after `resize`, so that gradients pass.

        Parameters
        ----------
        pixels : float32 tensor (image, 3, y, x), 0 … 255

        Returns
        -------
        float32 tensor (image, 3, y, x)
        """
        return self._normalised(self._crop(self._interpolate(pixels)).clone())

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if self.resize is None:
            return height, width
        if not isinstance(self.resize, int):
            return self.resize
        longer = int(self.resize * max(height, width) / min(height, width))
        return (self.resize, longer) if height <= width else (longer, self.resize)

    def _interpolate(self, images: "torch.Tensor") -> "torch.Tensor":
        from torch.nn import functional

        size = self._resized(*images.shape[-2:])
        if size == tuple(images.shape[-2:]):
            return images
        smooth = self.interpolation in ("bilinear", "bicubic")
        resized = functional.interpolate(
            images,
            size=size,
            mode=self.interpolation,
            align_corners=False if smooth else None,
            antialias=self.antialias and smooth,
        )
        if self.interpolation == "bicubic":  # which overshoots
            resized = resized.clamp(min=0, max=255)
        return resized

    def _crop(self, images: "torch.Tensor") -> "torch.Tensor":
        from torch.nn import functional

        if self.crop is None:
            return images
        height, width = _pair(self.crop)
        down, across = max(0, height - images.shape[-2]), max(0, width - images.shape[-1])
        if down or across:
            frame = (across // 2, (across + 1) // 2, down // 2, (down + 1) // 2)
            images = functional.pad(images, frame)
        top = round((images.shape[-2] - height) / 2)
        left = round((images.shape[-1] - width) / 2)
        return images[..., top : top + height, left : left + width]

    def _normalised(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Scale pixels (image, 3, y, x) to 0…1, subtract the mean and divide by the SD.

        Floating-point pixels are overwritten.
        """
        import torch

        mean = torch.tensor(self.mean, dtype=torch.float32, device=pixels.device).view(-1, 1, 1)
        std = torch.tensor(self.std, dtype=torch.float32, device=pixels.device).view(-1, 1, 1)
        return pixels.to(torch.float32).div_(255.0).sub_(mean).div_(std)


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size

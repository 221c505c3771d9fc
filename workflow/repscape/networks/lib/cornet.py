"""CORnet-S, written from its paper.

Kubilius, Schrimpf et al., Brain-like object recognition with high-performing shallow recurrent ANNs,
NeurIPS 2019: four areas and a decoder. V1 is a convolution, a pooling and a convolution. V2, V4 and IT are
bottlenecks of three convolutions whose output is their own input at the next time step, while each
step has batch normalisations of its own. Parameters have the names of the published state dict.
"""

import torch
from torch import nn
from torch.nn import functional

# Area: channels, time steps
RECURRENT = {"V2": (128, 2), "V4": (256, 4), "IT": (512, 2)}
EXPANSION = 4


class CORnetS(nn.Module):
    """Takes images (image, 3, y, x), returns (image, class)."""

    def __init__(self, classes: int = 1000):  # noqa: D107
        super().__init__()
        self.V1 = _V1(64)
        channels = 64
        for area, (wider, steps) in RECURRENT.items():
            self.add_module(area, _Area(channels, wider, steps))
            channels = wider
        self.decoder = _Decoder(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Run all areas, one after another, each for all of its time steps."""
        return self.decoder(self.IT(self.V4(self.V2(self.V1(images)))))


def steps() -> dict[str, str]:
    """Map the path of each area's output at each time step to its name, ``V2.t0``, ``V2.t1``, …"""
    named = {"V1.output": "V1.t0"}
    for area, (_, count) in RECURRENT.items():
        for step in range(count):
            named[f"{area}.output{f'_{step}' * bool(step)}"] = f"{area}.t{step}"
    return named


class _V1(nn.Module):
    """7 x 7 convolution and pooling, each in steps of two, then a 3 x 3 convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.nonlin1 = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.nonlin2 = nn.ReLU(inplace=True)
        self.output = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.nonlin1(self.norm1(self.conv1(images))))
        return self.output(self.nonlin2(self.norm2(self.conv2(x))))


class _Strided(nn.Conv2d):
    """A convolution whose stride is said at each call: the first time step halves the image."""

    def forward(self, x: torch.Tensor, stride: int) -> torch.Tensor:
        return functional.conv2d(x, self.weight, None, stride, self.padding)


class _Area(nn.Module):
    """A recurrent area: what it gives at a time step, it takes at the next."""

    def __init__(self, narrow: int, channels: int, steps: int):
        super().__init__()
        self.steps, wide = steps, EXPANSION * channels
        self.conv_input = nn.Conv2d(narrow, channels, 1, bias=False)
        self.skip = nn.Conv2d(channels, channels, 1, stride=2, bias=False)
        self.norm_skip = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, wide, 1, bias=False)
        self.nonlin1 = nn.ReLU(inplace=True)
        self.conv2 = _Strided(wide, wide, 3, padding=1, bias=False)
        self.nonlin2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(wide, channels, 1, bias=False)
        self.nonlin3 = nn.ReLU(inplace=True)
        self.output = nn.Identity()
        for step in range(steps):
            self.add_module(f"norm1_{step}", nn.BatchNorm2d(wide))
            self.add_module(f"norm2_{step}", nn.BatchNorm2d(wide))
            self.add_module(f"norm3_{step}", nn.BatchNorm2d(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv_input(x)
        for step in range(self.steps):
            kept = self.norm_skip(self.skip(x)) if step == 0 else x
            x = self.nonlin1(self.get_submodule(f"norm1_{step}")(self.conv1(x)))
            x = self.conv2(x, 2 if step == 0 else 1)
            x = self.nonlin2(self.get_submodule(f"norm2_{step}")(x))
            x = self.get_submodule(f"norm3_{step}")(self.conv3(x))
            x = self.output(self.nonlin3(x + kept))
        return x


class _Decoder(nn.Module):
    """Mean over places, then a linear readout."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(channels, classes)
        self.output = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output(self.linear(self.flatten(self.avgpool(x))))

"""A small network that says whether a grating is tilted right: that of an exercise on mouse V1.

Neuromatch Academy, W1D5 (https://compneuro.neuromatch.io), its class `CNN`: one convolution that begins
with centre-surround and Gabor filters, pooling, ten hidden units, one output. In a config:
``{source: python, factory: "repscape.networks.lib.tilt_cnn:make", kwargs: {height: 48, width: 64},
classes: 0}``.
"""

import math

import numpy as np
import torch
from torch import nn

FILTERS, SIDE, POOLED, HIDDEN = 6, 7, 8, 10
SIGMA, WAVELENGTH = 1.1, 10  # pixels


class TiltCNN(nn.Module):
    """Convolution, ReLU, max pooling, fully connected layer, ReLU, output, sigmoid.

    Parts have the exercise's names (``conv``, ``pool``, ``fc``, ``out``), so that its state dicts fit.
    """

    def __init__(self, height: int, width: int):
        """Make it for images of one size, in pixels."""
        super().__init__()
        # in the exercise's order, so that torch's seed gives its weights
        self.conv = nn.Conv2d(1, FILTERS, SIDE, padding=SIDE // 2)
        self.relu_conv = nn.ReLU()
        self.pool = nn.MaxPool2d(POOLED)
        self.fc = nn.Linear(FILTERS * (height // POOLED) * (width // POOLED), HIDDEN)
        self.relu_fc = nn.ReLU()
        self.out = nn.Linear(HIDDEN, 1)
        self.sigmoid = nn.Sigmoid()
        self.conv.weight = nn.Parameter(torch.from_numpy(filters()).unsqueeze(1))
        nn.init.zeros_(self.conv.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the probability that each image is tilted right.

        Parameters
        ----------
        images : float32 tensor (image, 3, y, x)
            Grey, from 0 to 1; the first channel is used.

        Returns
        -------
        float32 tensor (image, 1)
        """
        x = self.pool(self.relu_conv(self.conv(images[:, :1])))
        return self.sigmoid(self.out(self.relu_fc(self.fc(x.flatten(1)))))


def make(height: int, width: int) -> TiltCNN:
    """Make the network for images of one size, in pixels."""
    return TiltCNN(height, width)


def filters() -> np.ndarray:
    """Return the filters that the convolution begins with, as the exercise's `filters` makes them.

    Two are centre-surround, g(σ) - g(2σ)/2 with g(s) = exp(-r / 2s²), and its negative. Four are Gabor
    filters of orientations 0, 45, 90 and 135 degrees, g(0.4 σ) cos(2π u / 10 + π/2) with u the distance
    along the orientation. (The exercise takes r, not r², in its g.) The largest value of each is 1 or -1.

    Returns
    -------
    float32 array (filter, 7, 7)
    """
    at = np.linspace(-SIDE / 2, SIDE / 2, SIDE).astype(np.float32)
    x, y = np.meshgrid(at, at, indexing="ij")

    def bell(sigma: float) -> np.ndarray:
        return np.exp(-((x**2 + y**2) ** 0.5) / (2 * sigma**2))

    surround = bell(SIGMA) - 0.5 * bell(2 * SIGMA)
    kinds = [surround, -surround]
    for theta in np.linspace(0, 180, FILTERS - 1)[:-1] * math.pi / 180:
        along = x * np.cos(theta) + y * np.sin(theta)
        kinds.append(bell(0.4 * SIGMA) * np.cos(2 * np.pi * along / WAVELENGTH + np.pi / 2))
    made = np.array(kinds, np.float32)
    return made / np.abs(made).max(axis=(1, 2), keepdims=True)

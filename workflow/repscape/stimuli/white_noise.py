"""Independent uniform noise, a value a pixel."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from repscape.plugin.contract import Seeded, Stimulus, parameter
from repscape.plugin.parameter_types import Count, Size
from repscape.stimuli.lib.frame import Frame


class WhiteNoise(Seeded, Stimulus):
    """Independent uniform noise, a value a pixel."""

    count: Count = parameter("How many images. More images leave the first ones as they were.", 30)
    size: Size = parameter("(height.", (256, 256))
    colour: Literal["rgb", "grey"] = parameter("Whether each channel of a pixel is drawn for itself.", "rgb")

    def images(self) -> Iterator[Frame]:
        """Draw images whose pixels are independent and uniform over 0 … 255."""
        draw = np.random.default_rng(self.seed)
        shape = (*self.size, 3) if self.colour == "rgb" else tuple(self.size)
        for index in range(self.count):
            yield Frame(f"noise_{index:06d}", draw.integers(0, 256, shape, np.uint8))

    def image_count(self) -> int:
        """Say how many images there will be."""
        return self.count

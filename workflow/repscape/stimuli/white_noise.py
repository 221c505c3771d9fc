"""Independent uniform noise, a value a pixel."""

from collections.abc import Iterator

import numpy as np

from repscape.stimuli.lib.frame import Frame
from repscape.stimuli.lib.synthetic import Noise


class WhiteNoise(Noise):
    """Images whose values are independent and uniform over 0 … 255."""

    def images(self) -> Iterator[Frame]:
        """Draw the images."""
        random = np.random.default_rng(self.seed)
        shape = (*self.size, 3) if self.colour == "rgb" else tuple(self.size)
        for index in range(self.count):
            yield Frame(f"noise_{index:06d}", random.integers(0, 256, shape, np.uint8))

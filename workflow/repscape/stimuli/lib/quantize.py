"""From computed luminance to 8-bit pixels, and what is lost on the way."""

import numpy as np

from repscape.core.logs import logger

MANY = 0.01  # of the values, from which on it is worth a warning


class Clipping:
    """Rounds values to 8 bits and keeps count of those beyond what 8 bits hold."""

    def __init__(self):
        """Begin to count."""
        self._clipped = self._seen = 0

    def to_uint8(self, values: np.ndarray) -> np.ndarray:
        """Round values; those that would be below 0 or above 255 become 0 or 255 and are counted."""
        rounded = np.rint(values)
        self._clipped += int(np.count_nonzero((rounded < 0) | (rounded > 255)))
        self._seen += rounded.size
        return rounded.clip(0, 255).astype(np.uint8)

    @property
    def attributes(self) -> dict[str, float]:
        """``clipped_share``: the share of values that were clipped; the log warns if it is large."""
        share = self._clipped / max(self._seen, 1)
        if share > MANY:
            logger.warning(
                "%.1f%% of the values were beyond the range of 8 bits and were clipped", 100 * share
            )
        return {"clipped_share": share}

"""What the numbers of a network's preprocessing can be."""

import math

MOST_PIXELS = 10_000  # along a side
SMALLEST_SD, LARGEST_SD = 1e-4, 10.0  # 1/255 leaves pixels on the scale 0 … 255
LARGEST_MEAN = 1.0


def check(preprocess) -> None:
    """Refuse sides, means and SDs that pixels cannot have.

    Parameters
    ----------
    preprocess : Preprocess

    Raises
    ------
    ValueError
        Says the key, the value and what was probably meant.
    """
    for key in ("resize", "crop"):
        value = getattr(preprocess, key)
        for side in value if isinstance(value, tuple | list) else () if value is None else (value,):
            if isinstance(side, bool) or not 1 <= side <= MOST_PIXELS or side != int(side):
                hint = f"; to switch it off, write {key}: null" if not side or isinstance(side, bool) else ""
                raise ValueError(
                    f"{key}: expected whole numbers of pixels from 1 to {MOST_PIXELS}, found {side}{hint}"
                )
    mean, std = preprocess.mean, preprocess.std
    for key, values in (("mean", mean), ("std", std)):
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{key}: expected finite numbers, found {list(values)}")
    for key, values, least, most in (
        ("mean", mean, 0.0, LARGEST_MEAN),
        ("std", std, SMALLEST_SD, LARGEST_SD),
    ):
        if least <= min(values) and max(values) <= most:
            continue
        hint = ""
        if max(values) > LARGEST_SD and max(*mean, *std) <= 255:
            hint = "; these look like values for pixels of 0 … 255: divide mean and std by 255"
        elif key == "std" and min(values) < least:
            hint = "; to switch it off, write std: [1, 1, 1]"
        raise ValueError(
            f"{key}: expected numbers from {least:g} to {most:g}, for pixels on the scale 0 … 1, found "
            f"{list(values)}{hint}"
        )

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
                hint = f"; for none write {key}: null" if not side or isinstance(side, bool) else ""
                raise ValueError(
                    f"{key}: expected whole numbers of pixels from 1 to {MOST_PIXELS}, found {side}{hint}"
                )
    mean, std = preprocess.mean, preprocess.std
    for key, values in (("mean", mean), ("std", std)):
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{key}: expected finite numbers, found {list(values)}")
    of_bytes = max(map(abs, mean)) > LARGEST_MEAN or max(std) > LARGEST_SD
    if of_bytes:
        key, values = ("mean", mean) if max(map(abs, mean)) > LARGEST_MEAN else ("std", std)
        looks = max(map(abs, (*mean, *std))) <= 255 and max(values) > LARGEST_SD
        hint = "; these look like values of 0 … 255: divide mean and std by 255" if looks else ""
        most = (
            f"-{LARGEST_MEAN:g} to {LARGEST_MEAN:g}"
            if key == "mean"
            else f"{SMALLEST_SD:g} to {LARGEST_SD:g}"
        )
        raise ValueError(
            f"{key}: expected numbers from {most}, for pixels on the scale 0 … 1, found {list(values)}{hint}"
        )
    if min(std) < SMALLEST_SD:
        raise ValueError(
            f"std: expected numbers from {SMALLEST_SD:g} to {LARGEST_SD:g}, by which pixels are divided, "
            "found "
            f"{list(std)}; for none write std: [1, 1, 1]"
        )

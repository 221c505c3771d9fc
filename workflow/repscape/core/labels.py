"""Labels: checks made before two labelled files are joined."""

from collections.abc import Sequence

import numpy as np

from repscape.core.errors import DataError


def check_equal(
    what: str, first: Sequence | np.ndarray, first_file, second: Sequence | np.ndarray, second_file
) -> None:
    """Refuse to join two files whose labels differ.

    Parameters
    ----------
    what : str
        What the labels name, in the singular: ``"image"``, ``"unit"``.
    first, second : sequences of labels, in the files' order
    first_file, second_file : str or Path
        Where they come from, for the message.

    Raises
    ------
    DataError
        Names both files and the first difference in length, label or order.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape == second.shape and (first == second).all():
        return
    shared = min(len(first), len(second))
    different = np.flatnonzero(first[:shared] != second[:shared])
    if different.size:
        at = different[0]
        detail = f"{what} {at} is {first[at]!s} in the first and {second[at]!s} in the second"
    else:
        detail = f"the first has {len(first)} {what}s, the second {len(second)}"
    raise DataError(
        f"{first_file} and {second_file} do not describe the same {what}s: {detail}. Make both from the "
        "same stimulus and population, or delete the outdated file."
    )

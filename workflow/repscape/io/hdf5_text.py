"""Text as HDF5, NetCDF and MATLAB have it: code units, single characters, bytes."""

import numpy as np


def text(value) -> str:
    """Return an attribute as text; "" for none."""
    return value.decode() if isinstance(value, bytes) else str(value or "")


def rows_of_text(codes: np.ndarray) -> np.ndarray:
    """Return the rows of a matrix of UTF-16 code units as text, without the blanks that fill them up."""
    codes = np.atleast_2d(codes).astype("<u2")
    return np.array([row.tobytes().decode("utf-16-le", "replace").rstrip("\0 ") for row in codes], str)


def joined(letters: np.ndarray) -> np.ndarray:
    """Join the last axis of an array of single characters, as NetCDF has text."""
    letters = np.asarray(letters)
    rows = letters.reshape(-1, letters.shape[-1]) if letters.ndim else letters.reshape(1, 1)
    found = []
    for row in rows.tolist():
        whole = b"".join(one if isinstance(one, bytes) else one.encode("latin-1") for one in row)
        try:
            found.append(whole.decode().rstrip("\0 "))
        except UnicodeDecodeError:
            found.append(whole.decode("latin-1").rstrip("\0 "))
    return np.array(found, str).reshape(letters.shape[:-1])

"""Factors: what each image of a stimulus varies in, as text (``obj``: ``obj001``, ``color``: ``090``).

A file has each factor as a coordinate of its own name over images, and their names in the attribute
``factors``.
"""

import re
from collections.abc import Iterable

import numpy as np

# Names that a file or a table of RDMs uses for something else
_TAKEN = """
    activation averaged channel comparison definition dim dimension dissimilarity draw drawn entries
    entry entry_i entry_j factors first_pixel frequency image image_height image_i image_j image_width
    images label layer layer_order measure metric n_drawn name name_i name_j network neuron
    normalisation p pair pixel pixels population presentation presentations rdm repeat response sample
    set size source squared stimulus time trial trial_image trial_repeat unit x y
"""
RESERVED = frozenset(_TAKEN.split())
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def name_mistake(name: str) -> str | None:
    """Say why a factor cannot have this name, if it cannot."""
    if not NAME.fullmatch(name):
        return (
            f"expected as a factor's name a letter, then letters, digits and '_'; found '{name}'. Rename it."
        )
    if name in RESERVED or name.endswith("_sub"):
        return (
            f"'{name}' cannot name a factor, since files and tables use this name already. Rename the factor."
        )
    return None


def read(file) -> dict[str, np.ndarray]:
    """Read the factors of an open file.

    Parameters
    ----------
    file : netCDF4.Dataset
        Of a stimulus or of activations.

    Returns
    -------
    dict of factor to str object array (image,), empty if the images have none
    """
    names = getattr(file, "factors", [])
    # NetCDF gives a list of one as its only member.
    return {str(name): file[name][:] for name in ([names] if isinstance(names, str) else names)}


def attributes(names: Iterable[str]) -> dict[str, list[str] | None]:
    """Return the attribute that names them; none where there are none."""
    return {"factors": list(names) or None}

"""The entries of RDMs: the same ones must be compared, in one order."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from repscape.core.errors import DataError, some
from repscape.core.natural_order import natural
from repscape.metrics.lib.distances import pairs


class Space(NamedTuple):
    """The entries of an RDM in natural order, and its pairs in this order.

    Attributes
    ----------
    names : tuple of str
        What the entries are labelled by, sorted.
    labels : tuple of tuples of str
        Each entry's labels.
    pairs : int array (pair,)
        ``values[pairs]`` are an RDM's values for the pairs of entries in this order.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    pairs: np.ndarray


def space(index) -> Space:
    """Describe the entries of an RDM.

    Parameters
    ----------
    index : pandas Index or MultiIndex

    Raises
    ------
    DataError
        Two entries have the same labels.
    """
    names = sorted(map(str, index.names))
    levels = [[str(value) for value in index.get_level_values(name)] for name in names]
    labels = list(zip(*levels, strict=True))
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise DataError(
            f"an RDM has two entries with the labels {written(names, twice)}. Give them different names or "
            "different factors."
        )
    order = sorted(range(len(labels)), key=lambda at: [natural(value) for value in labels[at]])
    first, second = pairs(len(labels))
    square = np.zeros((len(labels),) * 2, np.intp)
    square[first, second] = square[second, first] = np.arange(len(first))
    in_order = square[np.ix_(order, order)][first, second]
    return Space(tuple(names), tuple(labels[at] for at in order), in_order)


def spaces_of(indices: Iterable) -> list[Space]:
    """Describe the entries of several RDMs, of which many share theirs."""
    indices = list(indices)  # kept, so that no identity is given twice
    known = {id(index): space(index) for index in {id(index): index for index in indices}.values()}
    return [known[id(index)] for index in indices]


def check_same(spaces: Sequence[Space], name: Callable[[int], str]) -> None:
    """Refuse to compare RDMs of different entries.

    Parameters
    ----------
    spaces : sequence of Space
    name : callable
        Names one of the RDMs, given its index in the sequence.

    Raises
    ------
    DataError
        Names two RDMs and what only one of them has.
    """
    one = spaces[0]
    for at, other in enumerate(spaces):
        if other is one or (other.names, other.labels) == (one.names, one.labels):
            continue
        if other.names != one.names:
            raise DataError(
                f"RDMs with different kinds of entries cannot be compared: those of {name(0)} are labelled "
                f"by {', '.join(one.names)}, those of {name(at)} by {', '.join(other.names)}."
            )
        differences = [
            f"only the RDM of {name(rdm)} has {some([written(one.names, label) for label in extra])}"
            for rdm, extra in (
                (0, [label for label in one.labels if label not in set(other.labels)]),
                (at, [label for label in other.labels if label not in set(one.labels)]),
            )
            if extra
        ]
        raise DataError(
            f"RDMs with different entries cannot be compared: {'; '.join(differences)}. Compare sets of "
            "images with the same entries, or leave out entries that only some of them have."
        )


def written(names: Iterable[str], labels: Iterable[str]) -> str:
    """Write an entry's labels: ``obj cup, color 090``."""
    return ", ".join(f"{name} {label}" for name, label in zip(names, labels, strict=True))

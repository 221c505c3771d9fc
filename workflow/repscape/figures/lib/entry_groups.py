"""Entries of RDMs in groups, such as categories of images: their order, and how they are marked."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.entry_categories import CATEGORY
from repscape.analyses.lib.stimulus_factors import LABEL
from repscape.figures.lib.label_colours import label_colours, numbers
from repscape.rdms.sets import IMAGE

FEWEST, MOST = 2, 15  # groups that are marked by default
BAR = 1.0  # mm, the width of the bars
APART = 0.5  # mm, from bars to the matrix


class Block(NamedTuple):
    """Entries of one group, which lie together."""

    group: str
    first: int
    count: int  # type: ignore[assignment] # a tuple's method of this name is not used


class Groups(NamedTuple):
    """Entries in groups.

    Attributes
    ----------
    order : int array (entry,)
        Entries as they are shown: those of a group together, groups and entries as they come.
    blocks : list of Block
        In this order.
    """

    order: np.ndarray
    blocks: list[Block]


def grouped(values: Sequence[str] | None, entries: int) -> Groups:
    """Put entries of one value together; without values each stays at its place."""
    if values is None:
        return Groups(np.arange(entries), [])
    values = list(map(str, values))
    rank = {group: at for at, group in enumerate(dict.fromkeys(values))}
    blocks, first = [], 0
    for group in rank:
        blocks.append(Block(group, first, values.count(group)))
        first += blocks[-1].count
    return Groups(np.argsort([rank[value] for value in values], kind="stable"), blocks)


def category_label(values: Mapping[str, Sequence[str] | np.ndarray]) -> str | None:
    """Choose what groups images where nobody says it; None where nothing does.

    It is ``category``, else ``label``, if it has 2 to 15 values; else their only factor, if its values are
    no numbers and some image shares one with another.

    Parameters
    ----------
    values : mapping of label to its value for each image
    """
    different = {label: len(set(own)) for label, own in values.items() if label != IMAGE}
    for label in (CATEGORY, LABEL):
        if FEWEST <= different.get(label, 0) <= MOST:
            return label
    factors = [label for label in different if label != LABEL]
    if len(factors) != 1:
        return None
    own = list(map(str, values[factors[0]]))
    few = FEWEST <= different[factors[0]] <= min(MOST, len(own) - 1)
    return factors[0] if few and numbers(dict.fromkeys(own)) is None else None


def colours_of(by: str, values: Sequence[str]) -> Mapping[str, str]:
    """Return the colour of each group."""
    return label_colours(by, values).colours


def mark(axes, blocks: Sequence[Block], colours: Mapping[str, str], x: float, y: float, side: float) -> None:
    """Draw bars of the groups' colours at the left of a matrix on a page, and lines between groups."""
    from matplotlib.patches import Rectangle

    step = side / max(1, sum(block.count for block in blocks))
    for group, first, count in blocks:
        corner = (x - APART - BAR, y + first * step)
        axes.add_patch(Rectangle(corner, BAR, count * step, facecolor=colours[group], linewidth=0))
        if first:
            axes.plot([x, x + side], [y + first * step] * 2, color="white", linewidth=0.4)
            axes.plot([x + first * step] * 2, [y, y + side], color="white", linewidth=0.4)

"""Lines of values by depth: their markers, what chance makes beside them, and labels."""

from collections.abc import Collection, Mapping

import numpy as np

from repscape.figures.lib.source_panels import source_panels

DEPTH = "layer, from input to output"
PERMUTED = 0.05, 0.95  # quantiles of what permutations make, between which bands lie


def markers(axes, x, values, full, colour: str, gid: str) -> None:
    """Draw full markers where something is significant, and open ones elsewhere.

    Parameters
    ----------
    axes : matplotlib Axes
    x, values : arrays (layer,)
    full : bool array (layer,)
    colour, gid : str
    """
    face = np.where(full, colour, "white")
    axes.scatter(x, values, 12, face, edgecolors=colour, lw=0.8, zorder=3, clip_on=False, gid=gid)


def chance_band(axes, x: np.ndarray, null, gid: str, beyond: float = 0.0, **style) -> None:
    """Draw between which values the middle 90% of what permutations make lie.

    Parameters
    ----------
    axes : matplotlib Axes
    x : array (layer,)
    null : array (layer, permutation)
    gid : str
    beyond : float
        How far the band reaches beyond the first and the last layer.
    **style
        As `fill_between` takes it.
    """
    low, high = np.pad(np.quantile(null, PERMUTED, axis=-1), [(0, 0), (1, 1)], mode="edge")
    wide = np.concatenate([[x[0] - beyond], x, [x[-1] + beyond]])
    axes.fill_between(wide, low, high, lw=0, gid=gid, **style)


def labelled_panels(layers: Mapping[str, list[str]], words: str, wide: Collection[str] = ()):
    """Make a figure with a panel for each source's layers, and label their axes.

    Parameters
    ----------
    layers : mapping of source to its layers, from input to output
    words : str
        Of the y axis.
    wide : names of sources
        Whose layers have more room.

    Returns
    -------
    Figure, dict of source to Axes
    """
    fig, panels = source_panels(layers, wide=wide)
    first = {axes.get_subplotspec().get_gridspec(): axes for axes in reversed(panels.values())}
    for axes in first.values():
        axes.set_ylabel(words)
    fig.supxlabel(DEPTH, fontsize=7)
    return fig, panels

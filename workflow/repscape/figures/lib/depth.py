"""An axis of layers, from input to output."""

from collections.abc import Mapping, Sequence

import numpy as np

from repscape.figures.lib.captions import shorten
from repscape.figures.lib.style import along

WIDTH = 135  # mm, about how wide an axis beside a legend is
ROOM = 2.9  # mm, the least distance between upright labels
LONGEST = 24  # characters of a label


def shown(count: int, width: float = WIDTH) -> np.ndarray:
    """Choose which of `count` layers are labelled: evenly spaced, always the first and the last."""
    step = -(-count * ROOM // width)
    at = np.arange(0, count, max(1, int(step)))
    if at[-1] != count - 1:
        at[-1] = count - 1  # the last gap is the widest, so that neighbours never crowd
    return at


def fits_slanted(count: int, width: float = WIDTH) -> bool:
    """Whether all labels can be set at 45 degrees."""
    return count * ROOM * 1.5 <= width


def label_height(layers: Sequence[str], width: float = WIDTH) -> float:
    """About how much the labels and the axis's title need below the axis, in mm."""
    longest = max(len(shorten(layers[index], LONGEST)) for index in shown(len(layers), width))
    return 8 + 1.3 * longest * (0.71 if fits_slanted(len(layers), width) else 1)


def depth_axis(axes, layers: Sequence[str], width: float = WIDTH) -> None:
    """Label the x axis with the layers at 0, 1, 2, …; every layer has a tick.

    Parameters
    ----------
    axes : matplotlib Axes
    layers : sequence of str
    width : float
        About how wide the axes will be, in mm.
    """
    at, slanted = shown(len(layers), width), fits_slanted(len(layers), width)
    axes.set_xticks(at)
    axes.set_xticklabels(
        [shorten(layers[index], LONGEST) for index in at],
        rotation=45 if slanted else 90,
        ha="right" if slanted else "center",
        va="center" if slanted else "top",
        rotation_mode="anchor" if slanted else "default",
    )
    axes.set_xticks(np.arange(len(layers)), minor=True)
    axes.set_xlim(-0.5, len(layers) - 0.5)


def labelled(layers: Mapping[str, Sequence[str]], width: float = WIDTH) -> str:
    """Say for a caption that not every layer is labelled, where that is so."""
    if all(len(shown(len(names), width)) == len(names) for names in layers.values()):
        return ""
    return "Every layer has a tick, evenly spaced layers have a label."


def depth_bar(
    fig, axes, layers: Sequence[str], ramp: tuple[str, ...], label: str | None = "layer", aspect: float = 40
) -> None:
    """Explain colours that run from the first layer to the last, beside some axes."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap

    colours = ScalarMappable(cmap=ListedColormap(along(ramp, len(layers))))
    bar = fig.colorbar(colours, ax=axes, pad=0.02, aspect=aspect)
    bar.set_ticks([0.5 / len(layers), 1 - 0.5 / len(layers)])
    bar.set_ticklabels([shorten(layers[0], 12), shorten(layers[-1], 12)], rotation=90)
    if label:
        bar.set_label(label, labelpad=-6)
    bar.outline.set_linewidth(0.4)
    for text, va in zip(bar.ax.get_yticklabels(), ("bottom", "top"), strict=True):
        text.set_va(va)


def layers_of(table, source: str) -> list[str]:
    """Return a source's layers from input to output, by the variable ``order`` (source, layer)."""
    ranks = table["order"].sel(source=source).values
    return [str(table["layer"].values[i]) for i in np.argsort(ranks, kind="stable") if ranks[i] >= 0]

"""Does what is learnt in one condition hold in another? Accuracy by training and test condition."""

from collections.abc import Mapping

import numpy as np

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.figures.lib.millimetre_page import colour_scale, inset, page, write
from repscape.figures.lib.shown import OfLayers
from repscape.figures.lib.style import WIDTH
from repscape.figures.lib.svm_caption import chance, procedure
from repscape.plugin.contract import Figure
from repscape.rdms.compare.significance import ALPHA
from repscape.study.study import Study

COLUMNS = 6
LEFT, TOP, BOTTOM, GAP, LARGEST = 16.0, 6.0, 12.0, 3.0, 40.0  # mm
NUMBERED = 6  # conditions; more have no room for numbers


class CrossDecoding(OfLayers, Figure):
    """How well decoding generalises from one condition to another (analysis `svm` with `across`)."""

    category = "Units"
    _kind = "svm"

    def inputs(self, study: Study) -> dict:
        """Name the file and check the analysis and the layers.

        Raises
        ------
        ConfigError
            The analysis does not decode across the values of a factor, or has no such layer.
        """
        files = super().inputs(study)
        if self._section(study).get("across") is None:
            name = self.analysis or self._kind
            raise ConfigError(
                f"analysis: '{name}' has no key 'across', so it does not decode across conditions. Add it, "
                f"{{{name}: {{across: FACTOR}}}}, or name an analysis that has it."
            )
        return files

    def draw(self, data: Mapping):
        """Draw a matrix a layer: accuracy by the condition of training (rows) and of test (columns)."""
        table = data["svm"].load()
        layers = self._shown([str(layer) for layer in table["layer"].values], COLUMNS)
        conditions = [str(value) for value in table["train"].values]
        across = table.attrs["across"]
        side = min((WIDTH - LEFT) / min(len(layers), COLUMNS) - GAP, LARGEST)
        below = 3 + 1.3 * max(map(len, conditions)) if turned(conditions, side) else 4
        pitch = TOP + side + below + 2
        bottom = -(-len(layers) // COLUMNS) * pitch
        fig, axes = page(bottom + BOTTOM)
        for at, layer in enumerate(layers):
            row, column = divmod(at, COLUMNS)
            left, top = LEFT + column * (side + GAP), TOP + row * pitch
            write(axes, left, top - TOP + 1.5, captions.shorten(layer, int(side / 1.4)), fontsize=6.5)
            panel = inset(axes, left, top, side, side)
            matrix(panel, table.sel(layer=layer), conditions, first=column == 0, size=side)
            if column == 0:
                words, middle = f"trained at {across}", top + side / 2
                axes.text(2.5, middle, words, rotation=90, ha="center", va="center", fontsize=6.5)
        write(axes, LEFT, bottom - 2, f"tested at {across}", fontsize=6.5)
        scale = colour_scale(axes, WIDTH - 62, bottom, 60.0, "viridis", 0, 1, 5)
        scale.axvline(table.attrs["chance"], color="white", lw=1)
        write(axes, WIDTH - 62, bottom + 6, "accuracy (white line: 1 / number of classes)", fontsize=6.5)
        return fig, caption(table, len(conditions))


def turned(conditions: list[str], size: float) -> bool:
    """Whether the names of conditions have no room side by side below a matrix of this size in mm."""
    return max(map(len, conditions)) * 1.3 > size / len(conditions) - 0.5


def matrix(axes, table, conditions: list[str], first: bool, size: float) -> None:
    """Draw one layer's accuracies (train, test)."""
    accuracy, p = table["accuracy"].values, table["p"].values
    axes.imshow(accuracy, cmap="viridis", vmin=0, vmax=1, gid=str(table["layer"].values), aspect="auto")
    axes.set_facecolor("0.88")
    for spine in axes.spines.values():
        spine.set_visible(False)
    ticks = np.arange(len(conditions))
    axes.set_xticks(ticks, conditions, rotation=90 if turned(conditions, size) else 0, fontsize=6)
    axes.set_yticks(ticks, conditions if first else [""] * len(ticks), fontsize=6)
    axes.tick_params(length=0, pad=1.5)
    if len(conditions) > NUMBERED:
        return
    for (train, test), value in np.ndenumerate(accuracy):
        if np.isfinite(value):
            number = f"{value:.2f}".removeprefix("0").replace(".00", "") or "0"
            axes.text(
                test, train, number, ha="center", va="center", fontsize=6,
                color="black" if value > 0.6 else "white",
                fontweight="bold" if p[train, test] < ALPHA else "normal",
            )  # fmt: skip


def caption(table, conditions: int) -> str:
    """Say what was measured and how."""
    bold = conditions <= NUMBERED and table.sizes["permutation"]
    text = [
        procedure(table),
        "Colours: accuracy; diagonal: averaged over folds."
        if table.attrs["folds"] > 1
        else "Colours: accuracy.",
        "Grey: too few images to hold some out." if table["accuracy"].isnull().any() else "",
        chance(table) + (f"; bold: p < {ALPHA:g}, for each training and test by itself." if bold else "."),
    ]
    return " ".join(filter(None, text))

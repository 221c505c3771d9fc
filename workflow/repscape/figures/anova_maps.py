"""Where in the image units respond to a factor: maps of shares of variance, layer by layer."""

from collections.abc import Mapping

import numpy as np

from repscape.core.errors import DataError
from repscape.figures.lib import captions
from repscape.figures.lib.anova_caption import design, words
from repscape.figures.lib.millimetre_page import colour_scale, page, picture, write
from repscape.figures.lib.shown import OfLayers
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.plugin.contract import Figure

COLUMNS = 7
LEFT, TOP, BOTTOM, GAP = 24.0, 9.0, 12.0, 1.4  # mm
SILENT = "0.88"


class AnovaMaps(OfLayers, Figure):
    """Where in the image units respond to a factor (analysis `anova`): maps of shares of variance."""

    category = "Units"
    _kind = "anova"

    def draw(self, data: Mapping):
        """Draw η² of each effect (rows) at each place of a layer (columns), averaged over channels.

        Raises
        ------
        DataError
            No layer has positions.
        """
        tree = data["anova"]
        effects = [str(effect) for effect in tree["effect"].values]
        eta2 = {str(layer): tree[f"layers/{layer}/eta2"] for layer in tree["layer"].values}
        spatial = [layer for layer, maps in eta2.items() if max(maps.sizes["y"], maps.sizes["x"]) > 1]
        layers = self._shown(spatial if self.layers is None else list(eta2), COLUMNS)
        if not layers or not spatial:
            raise DataError(
                "anova_maps: no layer has more than one position, so there is nothing to map. Leave this "
                "figure out."
            )
        maps = {layer: over_channels(eta2[layer].values) for layer in layers}
        side = min((WIDTH - LEFT) / len(layers), (PAGE - TOP - BOTTOM) / len(effects), 30.0)
        bottom = TOP + side * len(effects)
        fig, axes = page(bottom + BOTTOM)
        highest = max(float(np.nanmax(found, initial=0)) for found in maps.values()) or 1.0
        for column, (layer, found) in enumerate(maps.items()):
            _column(axes, layer, dict(zip(effects, found, strict=True)), LEFT + column * side, side, highest)
        for row, effect in enumerate(effects):
            middle = TOP + row * side + (side - GAP) / 2
            name = words(effect).replace(" + ", "\n+ ")
            axes.text(LEFT - 2, middle, name, ha="right", va="center", fontsize=6.5)
        colour_scale(axes, LEFT, bottom + 1, min(60.0, side * len(layers)), palette(), 0, highest, 4)
        write(axes, LEFT, bottom + 7, "η², mean over the channels of a position", fontsize=6.5)
        return fig, caption(tree, maps)


def _column(axes, layer: str, maps: Mapping, left: float, side: float, highest: float) -> None:
    """Draw a layer's maps (y, x) by effect, below each other."""
    height, width = next(iter(maps.values())).shape
    write(axes, left, 1, captions.shorten(layer, max(6, int(side / 1.5))), fontsize=6.5)
    write(axes, left, 5, f"{width} × {height}", fontsize=6, color="0.35")
    for row, (effect, values) in enumerate(maps.items()):
        place = left, TOP + row * side, side - GAP, side - GAP
        picture(axes, values, *place, gid=f"{layer}/{effect}", cmap=palette(), vmin=0, vmax=highest)


def over_channels(eta2: np.ndarray) -> np.ndarray:
    """Average η² (effect, channel, y, x) over the channels that vary: (effect, y, x), NaN where none."""
    varies = np.isfinite(eta2)
    count = varies.sum(1)
    return np.where(varies, eta2, 0).sum(1, dtype=np.float64) / np.where(count, count, np.nan)


def palette():
    """Return the colours, with grey for places where no unit varies."""
    from matplotlib import colormaps

    return colormaps["viridis"].with_extremes(bad=SILENT)


def caption(tree, maps: dict) -> str:
    """Say what was measured and how."""
    table = tree.to_dataset()
    silent = any(np.isnan(found).any() for found in maps.values())
    expected = captions.listing(
        f"{captions.escape(words(str(effect)))} {value:.2g}"
        for effect, value in zip(table["effect"].values, table["expected"].values, strict=True)
    )
    text = [
        design(table),
        "Columns: layers, with the width × height of their maps. Rows: the share of the variance "
        "explained by each factor, their interaction and the error, averaged over the channels of a "
        f"position, on one colour scale. By chance alone η² would be on average: {expected}.",
        "Grey: no unit at this position varies." if silent else "",
    ]
    return " ".join(filter(None, text))

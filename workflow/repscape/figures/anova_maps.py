"""Where in the image units answer to a factor: maps of shares of variance, layer by layer."""

import numpy as np

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.figures.anova_by_depth import design, words
from repscape.figures.lib import captions
from repscape.figures.lib.millimetre_page import colour_scale, page, picture, write
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Units"
COLUMNS = 7
LEFT, TOP, BOTTOM, GAP = 24.0, 9.0, 12.0, 1.4  # mm
SILENT = "0.88"


def inputs(study: Study, *, analysis: str | None = None, layers: list[str] | None = None) -> dict:
    """Name the file and check the layers.

    Raises
    ------
    ConfigError
        The analysis has no such layer.
    """
    path = defaults.analysis(study, analysis, "anova")
    section = study.config["analyses"][analysis or "anova"]
    if layers is not None:
        own = section.get("layers") or study.layers[section.get("source") or next(iter(study.layers))]
        for layer in layers:
            if layer not in own:
                raise ConfigError(f"layers: {unknown(layer, own)}")
    return {"anova": path}


def draw(data: dict, *, analysis: str | None = None, layers: list[str] | None = None):
    """Draw η² of each effect (rows) at each place of a layer (columns), averaged over channels.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `anova`, by default that of its name.
    layers : list of str, optional
        By default seven evenly spaced ones of those with more than one position.

    Returns
    -------
    Figure, str
        The figure and its caption.

    Raises
    ------
    DataError
        No layer has positions.
    """
    tree = data["anova"]
    effects = [str(effect) for effect in tree["effect"].values]
    order = [str(layer) for layer in tree["layer"].values]
    spatial = [
        name for name in order if max(tree[f"layers/{name}/eta2"].sizes[axis] for axis in ("y", "x")) > 1
    ]
    chosen = [spatial[at] for at in evenly_spaced(len(spatial), COLUMNS)] if layers is None else layers
    chosen = [name for name in order if name in chosen]
    if not chosen or not spatial:
        raise DataError("anova_maps: no layer has more than one position, so that there is nothing to map.")
    maps = {name: over_channels(tree[f"layers/{name}/eta2"].values) for name in chosen}

    side = min((WIDTH - LEFT) / len(chosen), (PAGE - TOP - BOTTOM) / len(effects), 30.0)
    fig, axes = page(TOP + side * len(effects) + BOTTOM)
    highest = max(float(np.nanmax(found, initial=0)) for found in maps.values()) or 1.0
    style = {"cmap": palette(), "vmin": 0, "vmax": highest}
    for column, (name, found) in enumerate(maps.items()):
        left = LEFT + column * side
        write(axes, left, 1, captions.shorten(name, max(6, int(side / 1.5))), fontsize=6.5)
        write(axes, left, 5, f"{found.shape[2]} × {found.shape[1]}", fontsize=6, color="0.35")
        for row, (effect, values) in enumerate(zip(effects, found, strict=True)):
            at = {"left": left, "top": TOP + row * side, "width": side - GAP, "height": side - GAP}
            picture(axes, values, **at, gid=f"{name}/{effect}", **style)
    for row, effect in enumerate(effects):
        middle = TOP + row * side + (side - GAP) / 2
        axes.text(
            LEFT - 2, middle, words(effect).replace(" + ", "\n+ "), ha="right", va="center", fontsize=6.5
        )
    bottom = TOP + side * len(effects) + 1
    colour_scale(axes, LEFT, bottom, min(60.0, side * len(chosen)), style["cmap"], 0, highest, 4)
    write(axes, LEFT, bottom + 6, "η², mean over the channels of a place", fontsize=6.5)
    return fig, caption(tree, maps)


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
        "Columns: layers, with the width × height of their maps. Rows: the part of the variance that each "
        "factor, their interaction and the error explain, averaged over the channels of a place, on one "
        f"colour scale. Without any effect η² would be on average: {expected}.",
        "Grey: no unit of the place varies." if silent else "",
    ]
    return " ".join(filter(None, text))

"""Does what is learnt in one condition hold in another? Accuracy by training and test condition."""

import numpy as np

from repscape.core.errors import ConfigError, unknown
from repscape.figures.lib import captions
from repscape.figures.lib.millimetre_page import colour_scale, inset, page, write
from repscape.figures.lib.style import WIDTH
from repscape.figures.svm_by_depth import SIGNIFICANT, chance, procedure
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Units"
COLUMNS = 6
LEFT, TOP, BOTTOM, GAP, LARGEST = 16.0, 6.0, 12.0, 3.0, 40.0  # mm
NUMBERED = 6  # conditions; more have no room for numbers


def inputs(study: Study, *, analysis: str | None = None, layers: list[str] | None = None) -> dict:
    """Name the file and check the analysis and the layers.

    Raises
    ------
    ConfigError
        The analysis does not decode across the values of a factor, or has no such layer.
    """
    path = defaults.analysis(study, analysis, "svm")
    section = study.config["analyses"][analysis or "svm"]
    if section.get("across") is None:
        raise ConfigError(
            f"analysis: '{analysis or 'svm'}' decodes within images of one kind. Give it the key 'across', "
            f"{{{analysis or 'svm'}: {{across: FACTOR}}}}, or name an analysis that has it."
        )
    if layers is not None:
        own = section.get("layers") or study.layers[section.get("source") or next(iter(study.layers))]
        for layer in layers:
            if layer not in own:
                raise ConfigError(f"layers: {unknown(layer, own)}")
    return {"svm": path}


def draw(data: dict, *, analysis: str | None = None, layers: list[str] | None = None):
    """Draw a matrix a layer: the accuracy of machines trained in one condition (rows) in another (columns).

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `svm` with `across`, by default that of its name.
    layers : list of str, optional
        By default six evenly spaced ones.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    table = data["svm"].load()
    order = [str(layer) for layer in table["layer"].values]
    chosen = [order[at] for at in evenly_spaced(len(order), COLUMNS)] if layers is None else layers
    chosen = [layer for layer in order if layer in chosen]
    conditions = [str(value) for value in table["train"].values]
    columns = min(len(chosen), COLUMNS)
    side = min((WIDTH - LEFT) / columns - GAP, LARGEST)
    below = 3 + 1.3 * max(map(len, conditions)) if turned(conditions, side) else 4
    rows = -(-len(chosen) // COLUMNS)
    pitch = TOP + side + below + 2
    fig, axes = page(rows * pitch + BOTTOM)
    for at, layer in enumerate(chosen):
        row, column = divmod(at, COLUMNS)
        left, top = LEFT + column * (side + GAP), TOP + row * pitch
        write(axes, left, top - TOP + 1.5, captions.shorten(layer, int(side / 1.4)), fontsize=6.5)
        here = table.sel(layer=layer)
        matrix(inset(axes, left, top, side, side), here, conditions, first=column == 0, size=side)
    across = table.attrs["across"]
    for row in range(rows):
        middle = TOP + row * pitch + side / 2
        axes.text(2.5, middle, f"trained at {across}", rotation=90, ha="center", va="center", fontsize=6.5)
    bottom = rows * pitch
    write(axes, LEFT, bottom - 2, f"tested at {across}", fontsize=6.5)
    place = colour_scale(axes, WIDTH - 62, bottom, 60.0, "viridis", 0, 1, 5)
    place.axvline(table.attrs["chance"], color="white", lw=1)
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
    places = np.arange(len(conditions))
    axes.set_xticks(places, conditions, rotation=90 if turned(conditions, size) else 0, fontsize=6)
    axes.set_yticks(places, conditions if first else [""] * len(places), fontsize=6)
    axes.tick_params(length=0, pad=1.5)
    if len(conditions) > NUMBERED:
        return
    for (train, test), value in np.ndenumerate(accuracy):
        if np.isfinite(value):
            number = f"{value:.2f}".removeprefix("0").replace(".00", "") or "0"
            axes.text(
                test, train, number, ha="center", va="center", fontsize=6,
                color="black" if value > 0.6 else "white",
                fontweight="bold" if p[train, test] < SIGNIFICANT else "normal",
            )  # fmt: skip


def caption(table, conditions: int) -> str:
    """Say what was measured and how."""
    bold = conditions <= NUMBERED and table.sizes["permutation"]
    text = [
        procedure(table),
        "Colours: accuracy; diagonal: averaged over folds."
        if table.attrs["folds"] > 1
        else "Colours: accuracy.",
        "Grey: too few images to leave some out." if table["accuracy"].isnull().any() else "",
        chance(table) + ("; bold: p < 0.05, for each training and test by itself." if bold else "."),
    ]
    return " ".join(filter(None, text))

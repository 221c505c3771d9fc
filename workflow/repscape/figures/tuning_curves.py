"""Tuning curves of a few units of each layer and recording."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions, tuning_rows
from repscape.figures.lib.axes import DOTTED, plain_ticks
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.figures.lib.tuning_rows import OfTuning
from repscape.plugin.contract import Figure, parameter

LEFT, RIGHT, GAP = 14.0, 3.0, 11.0  # mm
TITLE, NAMES, BELOW, FOOT = 4.6, 3.2, 4.4, 6.0  # mm: a layer's name, a unit's, ticks, the axis's name
MOST = 8  # layers
BEST = 0.25  # the share of units from which examples are taken
SCORES = {
    "reliability": "the most reliable (split-half correlation of the curve)",
    "selectivity": "the most selective (1 − circular variance)",
}

# How many units, or which by their numbers
Units = (
    Annotated[int, Field(ge=1, le=8)]
    | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=8)]
)


class TuningCurves(OfTuning, Figure):
    """Tuning curves of a few units of each layer and recording (analysis `tuning`)."""

    category = "Units"

    units: Units = parameter(
        "How many example units of each layer, or the numbers of units (if a layer has them). The circle "
        "of preferred values is divided into equal parts, and the best unit of each part is shown: the "
        "most reliable if there are repeats, else the most selective; from the best quarter of all units, "
        "if the part has any.",
        5,
    )

    def draw(self, data: Mapping):
        """Draw tuning curves, a row a layer.

        Raises
        ------
        ConfigError
            A label or value is unknown, or no layer has the units.
        """
        tree = data["tuning"]
        layers = tuning_rows.shown(tuning_rows.layers(tree), self.where, MOST)
        groups = {at: tuning_rows.group(tree, at) for at in layers}
        shown = {at: examples(layer, tree.attrs, self.units) for at, layer in groups.items()}
        if not any(unit is not None for units in shown.values() for unit in units):
            raise ConfigError("units: no layer has a unit with these numbers that varies. Choose others.")
        columns = len(shown[layers[0]])
        # In each column the last layer that has a unit in it: its axis has numbers.
        lowest = [[at for at in layers if shown[at][column] is not None][-1:] for column in range(columns)]
        pitch = min(24.0, (PAGE - FOOT) / len(layers))
        side = (WIDTH - LEFT - RIGHT - (columns - 1) * GAP) / columns
        bottom = pitch * len(layers)
        fig, axes = page(bottom + FOOT)
        colours = tuning_rows.colours(tree)
        for row, at in enumerate(layers):
            name, colour = tuning_rows.name(tree, at), colours[str(tree["source"].values[at])]
            write(axes, LEFT, row * pitch + 0.8, name, fontsize=7.5, color=colour)
            of = captions.plural(groups[at].sizes["unit"], "unit", "units")
            write(axes, WIDTH - RIGHT, row * pitch + 1, of, fontsize=6, color="0.35", ha="right")
            for column, unit in enumerate(shown[at]):
                if unit is not None:
                    number = int(groups[at]["unit"][unit])
                    left, top = LEFT + column * (side + GAP), row * pitch + TITLE
                    write(axes, left, top, f"unit {captions.number(number)}", fontsize=6)
                    panel = inset(axes, left, top + NAMES, side, pitch - TITLE - NAMES - BELOW)
                    _curve(panel, groups[at], unit, tree.attrs, colour, f"{name}/{number}")
                    if lowest[column] != [at]:
                        panel.set_xticklabels([])
        factor = f"{tree.attrs['factor']}{tuning_rows.unit(tree.attrs)}"
        write(axes, (LEFT + WIDTH - RIGHT) / 2, bottom + 0.5, factor, fontsize=7, ha="center")
        axes.text(1.2, bottom / 2, "mean response", rotation=90, ha="left", va="center", fontsize=7)
        return fig, caption(tree, groups, shown, self.units)


def examples(layer, attributes: Mapping, units: int | list[int]) -> list[int | None]:
    """Choose units of a layer.

    Parameters
    ----------
    layer : Dataset of a layer's units
    attributes : of the analysis
    units : how many, or their numbers

    Returns
    -------
    list
        Their indices in the layer's file, None where it has none for a column.
    """
    varies = layer["constant"].values == 0
    if not isinstance(units, int):
        indices = {number: at for at, number in enumerate(layer["unit"].values.tolist()) if varies[at]}
        return [indices.get(number) for number in units]
    score = np.nan_to_num(layer[_score(layer)].values.astype(float), nan=-2.0)
    score[~varies] = -3.0
    part = (layer["preferred"].values - attributes["begin"]) / attributes["period"] * units
    part = np.where(varies, np.floor(np.nan_to_num(part)), -1).clip(max=units - 1)
    best = np.quantile(score[varies], 1 - BEST) if varies.any() else 0.0
    found: list[int | None] = []
    for number in range(units):
        within = np.flatnonzero(part == number)
        good = within[score[within] >= best]
        within = good if len(good) else within
        found.append(int(within[score[within].argmax()]) if len(within) else None)
    return found


def _score(layer) -> str:
    return "reliability" if "reliability" in layer else "selectivity"


def _curve(panel, layer, unit: int, attributes: Mapping, colour: str, gid: str) -> None:
    """Draw the curve of a unit, from one end of the circle to the other, with its standard error."""
    values, period = layer["value"].values, attributes["period"]
    x = np.concatenate([[values[-1] - period], values, [values[0] + period]])

    def around(name):
        curve = layer[name].values[:, unit].astype(float)
        return np.concatenate([curve[-1:], curve, curve[:1]])

    y = around("curve")
    low, high = float(y.min()), float(y.max())
    if "sem" in layer:
        sem = np.nan_to_num(around("sem"))
        low, high = float((y - sem).min()), float((y + sem).max())
        panel.fill_between(x, y - sem, y + sem, color=colour, alpha=0.25, lw=0, gid=f"{gid}/sem")
    few = {"marker": "o", "markersize": 2} if len(values) <= 36 else {}
    panel.plot(x, y, color=colour, lw=0.9, gid=gid, **few)
    panel.axvline(float(layer["preferred"][unit]), color="0.4", lw=0.6, ls=DOTTED, zorder=0)
    tuning_rows.angle_axis(panel, attributes, every=2)
    panel.set_ylim(low - 0.12 * (high - low), high + 0.15 * (high - low))
    plain_ticks(panel.yaxis, 2)
    panel.tick_params(labelsize=5.8, pad=1.5)


def caption(tree, groups: dict, shown: dict, units: int | list[int]) -> str:
    """Say what was measured and how units were chosen."""
    text = [f"Tuning curves: {tuning_rows.measured(tree)}."]
    if isinstance(units, int):
        scores = {_score(layer) for layer in groups.values()}
        by = " where there are single trials, else ".join(SCORES[name] for name in SCORES if name in scores)
        fewer = any(None in layer for layer in shown.values())
        text.append(
            f"The circle is divided into {captions.plural(units, 'equal part', 'equal parts')}; of the "
            f"units with preferred values in each part, one of {by} is shown, so these units are not "
            "typical" + ("; if a part is missing, no unit prefers its values." if fewer else ".")
        )
    text.append(
        "Dotted: preferred value, the vector average of the curve above its smallest value. Axes of "
        "responses differ between units and do not begin at 0."
    )
    if any("sem" in layer for layer in groups.values()):
        over = "trials" if int(tree["trials"].max()) else "images with the same value"
        text.append(f"Bands: ± 1 standard error of the mean over {over}.")
    return " ".join(filter(None, [*text, tuning_rows.of_layers(tree, groups)]))

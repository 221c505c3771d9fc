"""Tuning curves of a few units of each layer and recording."""

from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.lib.select_rdms import Where
from repscape.core.errors import ConfigError
from repscape.figures.lib import captions, tuning_rows
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.figures.lib.tuning_rows import inputs as inputs

CATEGORY = "Units"
LEFT, RIGHT, GAP = 14.0, 3.0, 11.0  # mm
TITLE, NAMES, BELOW, FOOT = 4.6, 3.2, 4.4, 6.0  # mm: a layer's name, a unit's, ticks, the axis's name
MOST = 8  # layers
BEST = 0.25  # the share of units from which examples are taken

# How many units, or which by their numbers
Units = (
    Annotated[int, Field(ge=1, le=8)]
    | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=8)]
)


def draw(data: dict, *, analysis: str | None = None, where: Where | None = None, units: Units = 5):
    """Draw tuning curves, a row a layer.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `tuning`, by default that of its name.
    where : mapping of label to a value or values, optional
        Which layers, by their `source` and `layer`; by default all, of more than 8 evenly spaced ones.
    units : int or list of int
        How many examples of each layer, or which units by their numbers (where a layer has them).
        Examples are the best of each equal part of the circle by preferred value: the most reliable where
        there are repeats, else the most selective; of the best quarter of all units, where the part has
        any of them.

    Returns
    -------
    Figure, str
        The figure and its caption.

    Raises
    ------
    ConfigError
        A label or value is unknown, or no layer has the units.
    """
    tree = data["tuning"]
    places = tuning_rows.shown(tuning_rows.layers(tree), where, MOST)
    groups = {at: tuning_rows.group(tree, at) for at in places}
    chosen = {at: examples(own, tree.attrs, units) for at, own in groups.items()}
    lowest = [
        max((at for at in places if chosen[at][column] is not None), key=places.index, default=None)
        for column in range(units if isinstance(units, int) else len(units))
    ]
    if not any(at is not None for at in lowest):
        raise ConfigError("units: no layer has a unit of these numbers that varies. Choose others.")
    columns = len(lowest)
    pitch = min(24.0, (PAGE - FOOT) / len(places))
    high = pitch - TITLE - NAMES - BELOW
    side = (WIDTH - LEFT - RIGHT - (columns - 1) * GAP) / columns
    fig, axes = page(pitch * len(places) + FOOT)
    colours = tuning_rows.colours(tree)
    for row, at in enumerate(places):
        top, own = row * pitch, groups[at]
        colour = colours[str(tree["source"].values[at])]
        write(axes, LEFT, top + 0.8, tuning_rows.name(tree, at), fontsize=7.5, color=colour)
        of = captions.plural(own.sizes["unit"], "unit", "units")
        write(axes, WIDTH - RIGHT, top + 1, of, fontsize=6, color="0.35", ha="right")
        for column, place in enumerate(chosen[at]):
            if place is None:
                continue
            left = LEFT + column * (side + GAP)
            panel = inset(axes, left, top + TITLE + NAMES, side, high)
            _curve(
                panel,
                own,
                place,
                tree.attrs,
                colour,
                f"{tuning_rows.name(tree, at)}/{int(own['unit'][place])}",
            )
            if lowest[column] != at:
                panel.set_xticklabels([])
            number = captions.number(int(own["unit"][place]))
            write(axes, left, top + TITLE, f"unit {number}", fontsize=6)
    factor = f"{tree.attrs['factor']}{tuning_rows.unit(tree.attrs)}"
    middle = (LEFT + WIDTH - RIGHT) / 2
    write(axes, middle, pitch * len(places) + 0.5, factor, fontsize=7, ha="center")
    axes.text(1.2, pitch * len(places) / 2, "mean answer", rotation=90, ha="left", va="center", fontsize=7)
    return fig, caption(tree, groups, chosen, units)


def examples(own, attributes, units: int | list[int]) -> list[int | None]:
    """Choose units of a layer: their places in its file, None where it has none for a column.

    Parameters
    ----------
    own : Dataset of a layer's units
    attributes : of the analysis
    units : as in `draw`
    """
    varies = own["constant"].values == 0
    if not isinstance(units, int):
        places = {number: at for at, number in enumerate(own["unit"].values.tolist()) if varies[at]}
        return [places.get(number) for number in units]
    score = np.nan_to_num(own[_score(own)].values.astype(float), nan=-2.0)
    score[~varies] = -3.0
    part = (own["preferred"].values - attributes["begin"]) / attributes["period"] * units
    part = np.where(varies, np.floor(np.nan_to_num(part)), -1).clip(max=units - 1)
    best = np.quantile(score[varies], 1 - BEST) if varies.any() else 0.0
    chosen: list[int | None] = []
    for number in range(units):
        there = np.flatnonzero(part == number)
        good = there[score[there] >= best]
        within = good if len(good) else there
        chosen.append(int(within[score[within].argmax()]) if len(within) else None)
    return chosen


def _score(own) -> str:
    return "reliability" if "reliability" in own else "selectivity"


def _curve(panel, own, place: int, attributes, colour: str, gid: str) -> None:
    """Draw the curve of a unit, from one end of the circle to the other, with its standard error."""
    values, period = own["value"].values, attributes["period"]
    x = np.concatenate([[values[-1] - period], values, [values[0] + period]])

    def around(name):
        curve = own[name].values[:, place].astype(float)
        return np.concatenate([curve[-1:], curve, curve[:1]])

    y = around("curve")
    low, high = float(y.min()), float(y.max())
    if "sem" in own:
        sem = np.nan_to_num(around("sem"))
        low, high = float((y - sem).min()), float((y + sem).max())
        panel.fill_between(x, y - sem, y + sem, color=colour, alpha=0.25, lw=0, gid=f"{gid}/sem")
    few = {"marker": "o", "markersize": 2} if len(values) <= 36 else {}
    panel.plot(x, y, color=colour, lw=0.9, gid=gid, **few)
    panel.axvline(float(own["preferred"][place]), color="0.4", lw=0.6, ls=(0, (1, 1.5)), zorder=0)
    tuning_rows.angle_axis(panel, attributes, every=2)
    panel.set_ylim(low - 0.12 * (high - low), high + 0.15 * (high - low))
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    panel.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: captions.plain(value)))
    panel.tick_params(labelsize=5.8, pad=1.5)


def caption(tree, groups: dict, chosen: dict, units) -> str:
    """Say what was measured and how units were chosen."""
    scores = dict.fromkeys(_score(own) for own in groups.values())
    words = {
        "reliability": "the most reliable (split-half correlation of the curve)",
        "selectivity": "the most selective (1 − circular variance)",
    }
    by = captions.listing(words[score] for score in scores)
    where = " where there are single trials, else" if len(scores) > 1 else ""
    by = f"{words['reliability']}{where} {words['selectivity']}" if where else by
    text = [f"Tuning curves: {tuning_rows.said(tree)}."]
    if isinstance(units, int):
        fewer = any(None in own for own in chosen.values())
        text.append(
            f"The circle is divided into {captions.plural(units, 'equal part', 'equal parts')}; of the units "
            f"that prefer a value in each, one of {by} is shown, so that these are no typical units"
            + ("; where a part is missing, no unit prefers it." if fewer else ".")
        )
    text.append(
        "Dotted: preferred value, the vector average of the curve above its least value. Axes of answers are "
        "each unit's own and do not begin at 0."
    )
    if any("sem" in own for own in groups.values()):
        over = "trials" if int(tree["trials"].max()) else "images that share the value"
        text.append(f"Bands: ± 1 standard error of the mean over {over}.")
    count = len(tree["layer"])
    if len(groups) < count:
        text.append(f"Of {count} layers {len(groups)} are shown.")
    return " ".join(text)

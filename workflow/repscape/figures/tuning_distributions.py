"""What units prefer and how selectively: distributions of layers and recordings side by side."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib.circle import Circle
from repscape.core.errors import ConfigError
from repscape.figures.lib import captions, tuning_rows
from repscape.figures.lib.axes import DOTTED, plain_ticks
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.figures.lib.tuning_rows import OfTuning
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.significance import ALPHA

LEFT, RIGHT, GAP, TOP, FOOT = 34.0, 3.0, 9.0, 6.0, 8.5  # mm
ROW, BETWEEN = 13.0, 2.5
MOST = 16  # layers
BINS = 18  # of preferred values about


class TuningDistributions(OfTuning, Figure):
    """What units prefer and how selectively (analysis `tuning`): distributions of layers side by side."""

    category = "Units"

    tuned: bool = parameter(
        "Whether only units with q < 0.05 are shown for recordings; for networks, all units that vary.", False
    )

    def draw(self, data: Mapping):
        """Draw histograms of preferred values, selectivity and width, a row a layer."""
        tree = data["tuning"]
        layers = tuning_rows.shown(tuning_rows.layers(tree), self.where, MOST)
        units = {at: _selected(tuning_rows.group(tree, at), self.tuned) for at in layers}
        if not any(layer.sizes["unit"] for layer in units.values()):
            raise ConfigError("where: no unit of these layers varies. Choose others.")
        pitch = min(ROW, (PAGE - TOP - FOOT) / len(layers))
        side = (WIDTH - LEFT - RIGHT - 2 * GAP) / 3
        fig, axes = page(TOP + pitch * len(layers) + FOOT)
        colours = tuning_rows.colours(tree)
        values = next(iter(units.values()))["value"].values
        circle = Circle(tree.attrs["period"], tree.attrs["begin"], values, np.arange(len(values)))
        for column, (measure, words) in enumerate(_measures(tree.attrs).items()):
            left = LEFT + column * (side + GAP)
            for row, (at, layer) in enumerate(units.items()):
                panel = inset(axes, left, TOP + row * pitch, side, pitch - BETWEEN)
                look = {"color": colours[str(tree["source"].values[at])]}
                look["gid"] = f"{tuning_rows.name(tree, at)}/{measure}"
                if measure == "preferred":
                    _preferred(panel, layer[measure].values.astype(float), circle, tree.attrs, look)
                else:
                    most = 1 if measure == "selectivity" else tree.attrs["period"] / 2
                    _distribution(panel, layer[measure].values.astype(float), most, look)
                if measure == "width":
                    ticks = tree.attrs["period"] / 2 * np.arange(4) / 3
                    panel.set_xticks(ticks, labels=[captions.plain(value) for value in ticks])
                if row < len(layers) - 1:
                    panel.set_xticklabels([])
            bottom = TOP + pitch * len(layers) - BETWEEN + 5
            write(axes, left + side / 2, bottom, words, fontsize=7, ha="center")
        for row, (at, layer) in enumerate(units.items()):
            middle = TOP + row * pitch + (pitch - BETWEEN) / 2
            _row_name(axes, tree, at, layer.sizes["unit"], middle, colours[str(tree["source"].values[at])])
        write(axes, LEFT, 1, "share of units", fontsize=6.5)
        return fig, caption(tree, units, self.tuned)


def _measures(attributes: Mapping) -> dict[str, str]:
    """Return what is shown of units, with the words of its axis."""
    degrees = tuning_rows.unit(attributes)
    return {
        "preferred": f"preferred {attributes['factor']}{degrees}",
        "selectivity": "selectivity (1 − circular variance)",
        "width": f"half width at half height{degrees}",
    }


def _selected(layer, tuned: bool):
    """Return the units that vary, and of recordings, if asked for, only those that are tuned."""
    keep = layer["constant"].values == 0
    if tuned and "q" in layer:
        keep &= layer["q"].values < ALPHA
    return layer.isel(unit=np.flatnonzero(keep))


def _preferred(panel, values: np.ndarray, circle: Circle, attributes: Mapping, look: dict) -> None:
    """Draw shares of values around the circle; the first bin, which the axis cuts, is drawn at both ends."""
    parts = circle.parts(BINS)
    share = circle.shares(values, parts)
    edges = circle.begin + circle.period / parts * (np.arange(parts + 2) - 0.5)
    _histogram(panel, np.append(share, share[:1]), edges, look)
    panel.axhline(1 / parts, color="0.4", lw=0.6, ls=DOTTED)
    tuning_rows.angle_axis(panel, attributes)


def _distribution(panel, values: np.ndarray, most: float, look: dict) -> None:
    """Draw shares of values from 0 to `most`, and their median."""
    edges = np.linspace(0, most, BINS + 1)
    _histogram(panel, np.histogram(values, edges)[0] / max(len(values), 1), edges, look)
    if len(values):
        panel.axvline(float(np.median(values)), color="black", lw=1, gid=f"{look['gid']}/median")
    panel.set_xlim(0, most)


def _histogram(panel, share: np.ndarray, edges: np.ndarray, look: dict) -> None:
    """Draw shares of values by bin."""
    panel.stairs(share, edges, fill=True, alpha=0.55, lw=0, **look)
    panel.set_ylim(0, 1.15 * max(share.max(initial=0), 1e-9))
    plain_ticks(panel.yaxis, 1)
    panel.tick_params(labelsize=5.8, pad=1.5)


def _row_name(axes, tree, at: int, units: int, middle: float, colour: str) -> None:
    """Write a layer's name beside its row, and how many units are shown."""
    lines = captions.wrapped(captions.shorten(tuning_rows.name(tree, at), 34), 18)
    axes.text(1, middle - 1.2, "\n".join(lines), va="center", fontsize=6.8, color=colour)
    below = middle + 1.3 * len(lines) + 0.4
    write(axes, 1, below, f"n = {captions.number(units)}", fontsize=6, color="0.35")


def caption(tree, units: dict, tuned: bool) -> str:
    """Say what was measured, of which units, and how many are left out."""
    constant = sum(int(tree["constant"].values[at]) for at in units)
    shares = captions.listing(
        f"{captions.escape(tuning_rows.name(tree, at))} {100 * tree['tuned'].values[at]:.0f}%"
        for at in units
        if np.isfinite(tree["tuned"].values[at])
    )
    text = [
        f"Single units' tuning: {tuning_rows.measured(tree)}.",
        "Preferred value and selectivity are the direction and the length of the vector average of the "
        "curve above its smallest value; selectivity is 0 for equal responses to all values and 1 for "
        "responses to a single value. Width is half the width at half height of the highest peak. Lines: "
        "medians; dotted: expected for preferred values evenly spread around the circle.",
        "Heights are shares of the n units shown; vertical axes of panels differ.",
        f"Tuned units of recordings (permutation of values, false discovery rate 5%): {shares}"
        + ("; only these are shown." if tuned else ".")
        if shares
        else "",
        f"{captions.plural(constant, 'unit does', 'units do')} not vary and "
        f"{'is' if constant == 1 else 'are'} not included."
        if constant
        else "",
        tuning_rows.of_layers(tree, units),
    ]
    return " ".join(filter(None, text))

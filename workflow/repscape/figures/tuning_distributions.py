"""What units prefer and how selectively: distributions of layers and recordings side by side."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib.circle import Circle
from repscape.core.errors import ConfigError
from repscape.figures.lib import captions, tuning_rows
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
    """What units prefer and how selectively: distributions of layers and recordings side by side."""

    category = "Units"

    tuned: bool = parameter(
        "Whether only units with q < 0.05 are shown of recordings; of networks, all that vary.",
        False,
    )

    def draw(self, data: Mapping):
        """Draw histograms of preferred values, selectivity and width, a row a layer.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        tree = data["tuning"]
        attributes = tree.attrs
        places = tuning_rows.shown(tuning_rows.layers(tree), self.where, MOST)
        kept = {at: _kept(tuning_rows.group(tree, at), self.tuned) for at in places}
        if not any(own.sizes["unit"] for own in kept.values()):
            raise ConfigError("where: no unit of these layers varies. Choose others.")
        pitch = min(ROW, (PAGE - TOP - FOOT) / len(places))
        side = (WIDTH - LEFT - RIGHT - 2 * GAP) / 3
        fig, axes = page(TOP + pitch * len(places) + FOOT)
        colours = tuning_rows.colours(tree)
        degrees = tuning_rows.unit(attributes)
        values = next(iter(kept.values()))["value"].values
        circle = Circle(attributes["period"], attributes["begin"], values, np.arange(len(values)))
        columns = {
            "preferred": (f"preferred {attributes['factor']}{degrees}", _around(circle)),
            "selectivity": ("selectivity (1 − circular variance)", np.linspace(0, 1, BINS + 1)),
            "width": (
                f"half width at half height{degrees}",
                np.linspace(0, attributes["period"] / 2, BINS + 1),
            ),
        }
        for column, (name, (words, edges)) in enumerate(columns.items()):
            left = LEFT + column * (side + GAP)
            for row, (at, own) in enumerate(kept.items()):
                panel = inset(axes, left, TOP + row * pitch, side, pitch - BETWEEN)
                colour = colours[str(tree["source"].values[at])]
                gid = f"{tuning_rows.name(tree, at)}/{name}"
                values = own[name].values.astype(float)
                if name == "preferred":
                    parts = len(edges) - 2
                    share = circle.shares(values, parts)
                    _histogram(panel, np.append(share, share[:1]), edges, colour, gid)
                    panel.axhline(1 / parts, color="0.4", lw=0.6, ls=(0, (1, 1.5)))
                    tuning_rows.angle_axis(panel, attributes)
                else:
                    _histogram(
                        panel, np.histogram(values, edges)[0] / max(len(values), 1), edges, colour, gid
                    )
                    if len(values):
                        panel.axvline(float(np.median(values)), color="black", lw=1, gid=f"{gid}/median")
                    panel.set_xlim(edges[0], edges[-1])
                if name == "width":
                    at_ticks = attributes["period"] / 2 * np.arange(4) / 3
                    panel.set_xticks(at_ticks, labels=[captions.plain(value) for value in at_ticks])
                if row < len(places) - 1:
                    panel.set_xticklabels([])
            bottom = TOP + pitch * len(places) - BETWEEN + 5
            write(axes, left + side / 2, bottom, words, fontsize=7, ha="center")
        for row, (at, own) in enumerate(kept.items()):
            middle = TOP + row * pitch + (pitch - BETWEEN) / 2
            lines = captions.wrapped(captions.shorten(tuning_rows.name(tree, at), 34), 18)
            colour = colours[str(tree["source"].values[at])]
            axes.text(1, middle - 1.2, "\n".join(lines), va="center", fontsize=6.8, color=colour)
            below = middle + 1.3 * len(lines) + 0.4
            write(axes, 1, below, f"n = {captions.number(own.sizes['unit'])}", fontsize=6, color="0.35")
        write(axes, LEFT, 1, "share of units", fontsize=6.5)
        return fig, caption(tree, kept, self.tuned)


def _kept(own, tuned: bool):
    """Return the units that vary, and of recordings, if asked for, only those that are tuned."""
    keep = own["constant"].values == 0
    if tuned and "q" in own:
        keep &= own["q"].values < ALPHA
    return own.isel(unit=np.flatnonzero(keep))


def _around(circle: Circle) -> np.ndarray:
    """Return edges of bins around the circle; the first bin, which the axis cuts, is there at both ends."""
    parts = circle.parts(BINS)
    return circle.begin + circle.period / parts * (np.arange(parts + 2) - 0.5)


def _histogram(panel, share: np.ndarray, edges: np.ndarray, colour: str, gid: str) -> None:
    """Draw shares of values by bin."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    panel.stairs(share, edges, fill=True, color=colour, alpha=0.55, lw=0, gid=gid)
    panel.set_ylim(0, 1.15 * max(share.max(initial=0), 1e-9))
    panel.yaxis.set_major_locator(MaxNLocator(1, steps=[1, 2, 5, 10]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: captions.plain(value)))
    panel.tick_params(labelsize=5.8, pad=1.5)


def caption(tree, kept: dict, tuned: bool) -> str:
    """Say what was measured, of which units, and how many are left out."""
    constant = sum(int(tree["constant"].values[at]) for at in kept)
    tests = [at for at in kept if np.isfinite(tree["tuned"].values[at])]
    shares = captions.listing(
        f"{captions.escape(tuning_rows.name(tree, at))} {100 * tree['tuned'].values[at]:.0f}%" for at in tests
    )
    text = [
        f"Single units' tuning: {tuning_rows.said(tree)}.",
        "Preferred value and selectivity are the direction and the length of the vector average of the curve "
        "above its least value; selectivity is 0 where all values are answered alike, 1 where one alone is. "
        "Width is half the width at half height of the highest peak. Lines: medians; dotted: what is "
        "expected if preferred values lie evenly around the circle.",
        "Heights are shares of the units shown, n, on an axis of each panel's own.",
        f"Units of recordings that are tuned (permutation of values, false discovery rate 5%): {shares}"
        + ("; these alone are shown." if tuned else ".")
        if tests
        else "",
        f"{captions.plural(constant, 'unit does', 'units do')} not vary and "
        f"{'is' if constant == 1 else 'are'} left out."
        if constant
        else "",
        f"Of {len(tree['layer'])} layers {len(kept)} are shown." if len(kept) < len(tree["layer"]) else "",
    ]
    return " ".join(filter(None, text))

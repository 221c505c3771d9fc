"""How a circle in the stimuli lies in representations: whether it closes, and where it is stretched."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.circle_fit import NUMBERS
from repscape.figures.lib import captions, legends, rdm_names, tuning_rows
from repscape.figures.lib.axes import round_axis
from repscape.figures.lib.depth import depth_axis, label_height
from repscape.figures.lib.rdm_labels import OfRdmAnalysis
from repscape.figures.lib.style import COLOURS, DASHES, RAMP, along, figure
from repscape.plugin.contract import Figure
from repscape.rdms.labels import FOLLOWING, Where

MOST = len(COLOURS)  # RDMs, so that each has a different colour
BANDED = 4  # with more, standard deviations would cover each other
ORDERED = 6  # with more layers of one source, colours run along them
HALF = 62.0  # mm, the width of a panel
# Of correlations: their markers, and the distance that dissimilarity is correlated with
FITS = {
    "r_circle": ("o", "on the circle"),
    "r_line": ("_", "on the line between\nthe ends"),
    "r_opened": ("|", "on the line that fits best"),
}


class Rings(OfRdmAnalysis, Figure):
    """Whether a circular factor is a circle in the RDMs, and where it is stretched (analysis `ring`)."""

    category = "RDMs"
    _kind = "ring"

    def draw(self, data: Mapping):
        """Draw dissimilarity by angular difference, stretch around the circle, closing and correlations."""
        table = data["ring"].load()
        shown = _shown(table, self.where)
        fig = figure(112 + label_height(shown.short, HALF))
        (by_lag, around), (closing, fits) = fig.subplots(2, 2, height_ratios=[1, 0.85])
        _by_lag(by_lag, table, shown)
        _around(around, table, shown)
        _closing(closing, table["closing"].values[shown.rdms], shown.colours)
        _fits(fits, table, shown)
        for panel in (closing, fits):
            depth_axis(panel, shown.short, HALF)
        _legend(fig, shown)
        return fig, caption(table, shown)


class Shown(NamedTuple):
    """The RDMs that are shown, and how.

    Attributes
    ----------
    labels : mapping of label to array (rdm,)
        Of all RDMs of the analysis.
    rdms : list of int
        Those that are shown.
    different : list of str
        The labels that name them.
    names : list of str
    colours, dashes : sequences, one an RDM
    ordered : bool
        Whether colours run along the layers.
    """

    labels: Mapping[str, np.ndarray]
    rdms: list[int]
    different: list[str]
    names: list[str]
    colours: Sequence[str]
    dashes: list
    ordered: bool

    @property
    def short(self) -> list[str]:
        """The names, as axes and legends have room for them."""
        return [captions.shorten(name, 24) for name in self.names]


def _shown(table, where: Where | None) -> Shown:
    labels = rdm_names.labels_of(table, without=(*NUMBERS, "rooted"))
    rdms = tuning_rows.shown(labels, where, MOST, "RDM")
    different = rdm_names.naming_labels(
        {name: own[rdms] for name, own in labels.items() if name not in FOLLOWING}
    )
    different = different or sorted(labels.keys() & {"layer", "source"})[:1]
    names = [rdm_names.name(labels, at, different) for at in rdms]
    # Many layers of one source are distinguished by their order, dark to light, rather than by 15 colours.
    ordered = different == ["layer"] and len(rdms) > ORDERED
    colours = along(RAMP[:-1], len(rdms)) if ordered else COLOURS[: len(rdms)]
    return Shown(labels, rdms, different, names, colours, _dashes(labels, rdms), ordered)


def _dashes(labels: Mapping, rdms: list[int]) -> list:
    """Give each RDM the line style of its source; the first source's is solid."""
    if "source" not in labels:
        return ["-"] * len(rdms)
    of_rdms = labels["source"][rdms].tolist()
    sources = list(dict.fromkeys(of_rdms))
    styles = ["-", *((0, DASHES[number % 5]) for number in range(len(sources)))]
    return [styles[sources.index(source)] for source in of_rdms]


def _by_lag(axes, table, shown: Shown) -> None:
    """Draw mean dissimilarity by how far apart entries are, with standard deviations of few RDMs."""
    for at, name, colour, dash in zip(shown.rdms, shown.names, shown.colours, shown.dashes, strict=True):
        one = table.isel(rdm=at)
        measured = one["pairs"].values > 0
        lag, mean, sd = (one[key].values[measured] for key in ("lag_at", "mean", "sd"))
        scale = (one["mean"] * one["pairs"]).sum().item() / one["pairs"].sum().item() or np.nan
        axes.plot(lag, mean / scale, gid=name, color=colour, ls=dash)
        if len(shown.rdms) <= BANDED:
            low, high = (mean - sd) / scale, (mean + sd) / scale
            axes.fill_between(lag, low, high, color=colour, alpha=0.15, lw=0, gid=f"{name}/sd")
    half = table.attrs["period"] / 2
    axes.set_xlim(0, half)
    thirds = half * np.arange(4) / 3
    axes.set_xticks(thirds, labels=[captions.plain(value) for value in thirds])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"difference of {table.attrs['factor']}{tuning_rows.unit(table.attrs)}")
    axes.set_ylabel("dissimilarity / mean of the RDM")


def _around(axes, table, shown: Shown) -> None:
    """Draw the stretch around the circle, on a logarithmic axis."""
    for at, name, colour, dash in zip(shown.rdms, shown.names, shown.colours, shown.dashes, strict=True):
        place, stretch = (table[key].values[at] for key in ("gap_at", "stretch"))
        order = np.argsort(place)
        order = order[np.isfinite(stretch[order])]
        axes.plot(place[order], stretch[order], color=colour, ls=dash, gid=f"{name}/stretch")
    axes.axhline(1, color="0.4", lw=0.6, ls=(0, (1, 1.5)), zorder=0)
    axes.set_yscale("log")
    round_axis(axes.yaxis)
    tuning_rows.angle_axis(axes, table.attrs)
    axes.set_xlabel(f"{table.attrs['factor']}{tuning_rows.unit(table.attrs)}")
    axes.set_ylabel("stretch (1: as elsewhere)")


def _closing(axes, closing: np.ndarray, colours: Sequence[str]) -> None:
    axes.axhline(1, color="0.4", lw=0.6, ls=(0, (1, 1.5)), zorder=0)
    axes.scatter(np.arange(len(closing)), closing, 18, colours, gid="closing")
    axes.set_ylim(0, max(1.1, 1.05 * np.nanmax(closing, initial=0)))
    axes.set_ylabel("closing index (1: closed)")


def _fits(axes, table, shown: Shown) -> None:
    """Draw how well distances on a circle, a line and the best line explain dissimilarities."""
    x = np.arange(len(shown.rdms))
    lowest = 0.0
    for key, (marker, _) in FITS.items():
        values = table[key].values[shown.rdms]
        look: dict = {"c": shown.colours}
        if marker == "o":
            look = {"facecolors": "none", "edgecolors": shown.colours}
        axes.scatter(x, values, 26, marker=marker, linewidths=1.2, gid=key, clip_on=False, **look)
        lowest = np.nanmin(values, initial=lowest)
    axes.axhline(0, color="0.4", lw=0.6, zorder=0)
    axes.set_ylim(lowest - 0.05, 1.02)
    axes.set_ylabel("Spearman's ρ with distance")


def _legend(fig, shown: Shown) -> None:
    from matplotlib.lines import Line2D

    rows: list[tuple] = [
        (Line2D([], [], color=colour, ls=dash), name)
        for name, colour, dash in zip(shown.short, shown.colours, shown.dashes, strict=True)
    ]
    rows += [("", ""), ("ρ with distance", "")]
    for marker, words in FITS.values():
        face = {"markerfacecolor": "none"} if marker == "o" else {}
        rows.append((Line2D([], [], color="0.2", ls="", ms=5, mew=1.2, marker=marker, **face), words))
    legends.legend(fig, rows)


def caption(table, shown: Shown) -> str:
    """Say what was measured and how."""
    attributes, rdms = table.attrs, shown.rdms
    factor = captions.escape(attributes["factor"])
    degrees = "°" if tuning_rows.unit(attributes) else ""
    begin, end = (captions.plain(attributes["begin"] + more) + degrees for more in (0, attributes["period"]))
    near = captions.plain(attributes["period"] / 12) + degrees
    shared = [
        f"{name} {captions.escape(values[rdms[0]])}"
        for name, values in shown.labels.items()
        if name not in (*FOLLOWING, *shown.different) and values[rdms[0]]
    ]
    shared += captions.averaged(table, rdms)
    text = [
        f"How RDMs depend on the circular {factor} of their entries (period "
        f"{captions.plain(attributes['period'])}{degrees}).",
        "Square roots of the dissimilarities are used, because these are squared distances up to a factor."
        if table["rooted"].values[rdms].any()
        else "",
        "Above left: mean dissimilarity by distance on the circle (the shorter way), relative to the mean "
        "of all pairs" + (" (bands: ± 1 SD over pairs)." if len(rdms) <= BANDED else "."),
        f"Above right: stretch, the dissimilarity of pairs at most {near} (or one step) apart across each "
        f"{factor}, relative to that of all pairs at this distance; above 1 the representation is "
        f"stretched at this {factor}.",
        "Below left: closing index, the dissimilarity of such pairs elsewhere relative to that across the "
        f"ends of the range, {begin} and {end}; at 1 the circle is closed, towards 0 it is open between "
        "the ends.",
        "Below right: Spearman's ρ of dissimilarity with distance on the circle, with distance on the line "
        "between the ends, and on the line that fits best if the circle is cut anywhere: "
        f"{_cuts(table, shown, degrees)}.",
        "Colours: layers, from the first (dark) to the last (light)." if shown.ordered else "",
        f"All RDMs: {', '.join(shared)}." if shared else "",
        f"{len(rdms)} of {table.sizes['rdm']} RDMs are shown." if len(rdms) < table.sizes["rdm"] else "",
    ]
    return " ".join(filter(None, text))


def _cuts(table, shown: Shown, degrees: str) -> str:
    """Say where each circle is cut for the line that fits best."""
    return captions.listing(
        f"{captions.escape(name)} at {captions.plain(round(float(table['opened_at'].values[at])))}{degrees}"
        for name, at in zip(shown.names, shown.rdms, strict=True)
    )

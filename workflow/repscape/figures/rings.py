"""How a circle in the stimuli lies in representations: whether it closes, and where it is stretched."""

from collections.abc import Mapping, Sequence

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.analyses.ring import NUMBERS
from repscape.figures.lib import captions, legends, rdm_labels, tuning_rows
from repscape.figures.lib.depth import depth_axis, label_height
from repscape.figures.lib.rdm_names import telling
from repscape.figures.lib.style import COLOURS, DASHES, RAMP, along, figure
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.labels import FOLLOWING, Where
from repscape.study import defaults
from repscape.study.study import Study

MOST = len(COLOURS)  # RDMs, so that each has a colour of its own
BANDED = 4  # with more, standard deviations would cover each other
ORDERED = 6  # with more layers of one source, colours run along them
HALF = 62.0  # mm, the width of a panel


class Rings(Figure):
    """How a circle in the stimuli lies in representations: whether it closes, and where it is stretched."""

    category = "RDMs"

    analysis: str | None = parameter("An analysis made by `ring`, by default that of its name.", None)
    where: Where | None = parameter(
        "Which of its RDMs; of more than 15, evenly spaced layers of each source are shown.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file, and check by what RDMs are chosen.

        Raises
        ------
        ConfigError
            No analysis of that name describes rings, or a label or value is unknown.
        """
        path = defaults.analysis_file(study, self.analysis, "ring")
        if self.where:
            known = select_rdms.labels(study, study.config["analyses"][self.analysis or "ring"]["of"])
            rdm_labels.check_where(study, self.analysis or "ring", self.where, [*known, "draws"])
        return {"ring": path}

    def draw(self, data: Mapping):
        """Draw dissimilarity by angular difference, stretch around the circle, closing and correlations.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        table = data["ring"].load()
        labels = {
            str(name): table[name].values.astype(str)
            for name in table.variables
            if table[name].dims == ("rdm",) and name not in (*NUMBERS, "rooted")
        }
        places = tuning_rows.shown(labels, self.where, MOST, "RDM")
        told = telling({name: own[places] for name, own in labels.items() if name not in FOLLOWING})
        told = told or list(filter(labels.__contains__, ("layer", "source")))[:1]
        names = [" · ".join(filter(None, (labels[name][at] for name in told))) for at in places]
        sources = list(dict.fromkeys(labels["source"][places])) if "source" in labels else []
        dashes = [
            "-"
            if not sources.index(labels["source"][at])
            else (0, DASHES[(sources.index(labels["source"][at]) - 1) % 5])
            if sources
            else "-"
            for at in places
        ]
        short = [captions.shorten(name, 24) for name in names]
        # Many layers of one source are told apart by their order, dark to light, rather than by 15 colours.
        ordered = told == ["layer"] and len(places) > ORDERED
        colours = along(RAMP[:-1], len(places)) if ordered else COLOURS[: len(places)]
        fig = figure(112 + label_height(short, HALF))
        (by_lag, around), (closing, fits) = fig.subplots(2, 2, height_ratios=[1, 0.85])
        attributes = table.attrs
        unit = tuning_rows.unit(attributes)
        for at, name, colour, dash in zip(places, names, colours, dashes, strict=True):
            one = table.isel(rdm=at)
            _by_lag(by_lag, one, name, {"color": colour, "ls": dash}, banded=len(places) <= BANDED)
            order = np.argsort(one["gap_at"].values)
            order = order[np.isfinite(one["stretch"].values[order])]
            around.plot(
                one["gap_at"].values[order],
                one["stretch"].values[order],
                color=colour,
                ls=dash,
                gid=f"{name}/stretch",
            )
        by_lag.set_xlim(0, attributes["period"] / 2)
        quarters = attributes["period"] / 2 * np.arange(4) / 3
        by_lag.set_xticks(quarters, labels=[captions.plain(value) for value in quarters])
        by_lag.set_ylim(bottom=0)
        by_lag.set_xlabel(f"difference of {attributes['factor']}{unit}")
        by_lag.set_ylabel("dissimilarity / mean of the RDM")
        around.axhline(1, color="0.4", lw=0.6, ls=(0, (1, 1.5)), zorder=0)
        around.set_yscale("log")
        _plain_log(around.yaxis)
        tuning_rows.angle_axis(around, attributes)
        around.set_xlabel(f"{attributes['factor']}{unit}")
        around.set_ylabel("stretch (1: as elsewhere)")
        x = np.arange(len(places))
        closing.axhline(1, color="0.4", lw=0.6, ls=(0, (1, 1.5)), zorder=0)
        closing.scatter(x, table["closing"].values[places], 18, colours, gid="closing")
        closing.set_ylim(0, max(1.1, 1.05 * np.nanmax(table["closing"].values[places], initial=0)))
        closing.set_ylabel("closing index (1: closed)")
        marks = {"r_circle": "o", "r_line": "_", "r_opened": "|"}
        for key, marker in marks.items():
            face = {} if marker != "o" else {"facecolors": "none", "edgecolors": colours}
            face = face or {"c": colours}
            fits.scatter(
                x,
                table[key].values[places],
                26,
                marker=marker,
                linewidths=1.2,
                gid=key,
                clip_on=False,
                **face,
            )
        lowest = min(np.nanmin(table[key].values[places], initial=0) for key in marks)
        fits.axhline(0, color="0.4", lw=0.6, zorder=0)
        fits.set_ylim(lowest - 0.05, 1.02)
        fits.set_ylabel("Spearman's ρ with distance")
        for panel in (closing, fits):
            depth_axis(panel, short, HALF)
        _legend(fig, short, colours, dashes)
        return fig, caption(table, labels, places, told, ordered)


def _by_lag(axes, one, name: str, look: dict, banded: bool) -> None:
    there = one["pairs"].values > 0
    lag, mean, sd = (one[key].values[there] for key in ("lag_at", "mean", "sd"))
    scale = (one["mean"] * one["pairs"]).sum().item() / one["pairs"].sum().item()
    scale = scale or np.nan
    axes.plot(lag, mean / scale, gid=name, **look)
    if banded:
        low, high = (mean - sd) / scale, (mean + sd) / scale
        axes.fill_between(lag, low, high, color=look["color"], alpha=0.15, lw=0, gid=f"{name}/sd")


def _plain_log(axis) -> None:
    """Put round ticks on a logarithmic axis, at 1 always, so many that there is room for."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    low, high = axis.get_view_interval()
    low, high = min(low, 0.8), max(high, 1.25)
    for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,)):
        at = [step * 10.0**power for power in range(-9, 9) for step in steps]
        at = [value for value in at if low <= value <= high]
        if len(at) <= 7:
            break
    axis.axes.set_ylim(low, high)
    axis.set_major_locator(FixedLocator(at))
    axis.set_major_formatter(FixedFormatter([captions.plain(value) for value in at]))
    axis.set_minor_locator(NullLocator())


def _legend(fig, names: list[str], colours: Sequence[str], dashes: list) -> None:
    from matplotlib.lines import Line2D

    kinds = {
        "on the circle": {"marker": "o", "markerfacecolor": "none"},
        "on the line between\nthe ends": {"marker": "_"},
        "on the line that fits best": {"marker": "|"},
    }
    rows: list[tuple] = [
        (Line2D([], [], color=c, ls=dash), name) for name, c, dash in zip(names, colours, dashes, strict=True)
    ]
    rows += [("", ""), ("ρ with distance", "")]
    rows += [
        (Line2D([], [], color="0.2", ls="", ms=5, mew=1.2, **look), words) for words, look in kinds.items()
    ]
    legends.legend(fig, rows)


def caption(table, labels: dict, places: list[int], told: list[str], ordered: bool) -> str:
    """Say what was measured and how."""
    attributes = table.attrs
    factor = captions.escape(attributes["factor"])
    degrees = "°" if tuning_rows.unit(attributes) else ""
    begin, end = (captions.plain(attributes["begin"] + more) + degrees for more in (0, attributes["period"]))
    near = captions.plain(attributes["period"] / 12) + degrees
    shared = [
        f"{name} {captions.escape(labels[name][places[0]])}"
        for name in labels
        if name not in (*FOLLOWING, *told) and labels[name][places[0]]
    ]
    shared += captions.averaged(table, places)
    text = [
        f"How RDMs depend on the {factor} of their entries, which is a circle of "
        f"{captions.plain(attributes['period'])}{degrees}.",
        "Square roots of the dissimilarities, because these are squared distances up to a factor."
        if table["rooted"].values[places].any()
        else "",
        "Above left: mean dissimilarity by how far apart entries are, the shorter way, relative to the mean "
        "of all pairs" + (" (bands: ± 1 SD over pairs)." if len(places) <= BANDED else "."),
        f"Above right: dissimilarity of pairs at most {near} (or one step) apart across each {factor}, "
        "relative to that of all pairs equally far apart; above 1 the representation is stretched there.",
        f"Below left: closing index, the dissimilarity of such pairs elsewhere relative to that across the "
        f"ends of the range, {begin} and {end}: at 1 the circle closes, towards 0 it is open there.",
        "Below right: Spearman's ρ of dissimilarity with distance on the circle, with distance on the line "
        "between the ends, and on the line that fits best if the circle is cut anywhere: "
        f"{_cuts(table, labels, places, told, degrees)}.",
        "Colours: layers, from the first (dark) to the last (light)." if ordered else "",
        f"All RDMs: {', '.join(shared)}." if shared else "",
        f"Of {table.sizes['rdm']} RDMs {len(places)} are shown." if len(places) < table.sizes["rdm"] else "",
    ]
    return " ".join(filter(None, text))


def _cuts(table, labels: dict, places: list[int], told: list[str], degrees: str) -> str:
    """Say where each circle is cut for the line that fits best."""
    return captions.listing(
        f"{captions.escape(' · '.join(filter(None, (labels[name][at] for name in told))))} at "
        f"{captions.plain(round(float(table['opened_at'].values[at])))}{degrees}"
        for at in places
    )

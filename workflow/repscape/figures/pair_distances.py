"""Every pair's distance along the layers, and their median."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import DataError
from repscape.figures.lib import captions, rdm_data
from repscape.figures.lib.depth import depth_axis, label_height
from repscape.figures.lib.shown import OfRdms
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure
from repscape.rdms.read import presentations
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS, PANEL, ACROSS = 2, 42.0, 74.0  # panels in a row, and their height and width in mm


class PairDistances(OfRdms, Figure):
    """The distance of every pair of images along the layers, and their median, for the first draw."""

    category = "RDMs"
    saves_data = True
    streams = True
    shows_stimuli = True

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        source = defaults.one_or_default(self.source, study.layers, "source")
        return {"rdms": self._files(study, source, study.layers[source])}

    def draw(self, data: Mapping):
        """Draw a thin line a pair of images and a thick one for their median, a panel a stimulus.

        Raises
        ------
        DataError
            A stimulus has so many images that its pairs have no labels.
        """
        unlabelled = [rdm.attrs["stimulus"] for rdm in data["rdms"] if "image_i" not in rdm]
        if unlabelled:
            raise DataError(
                f"figures.pair_distances: {unlabelled[0]} has too many images to draw a line for each "
                "pair. Leave it out of 'stimuli'."
            )
        metric = self._metric(data["rdms"])
        stimuli = list(dict.fromkeys(rdm.attrs["stimulus"] for rdm in data["rdms"]))
        rdms = sorted(data["rdms"], key=lambda rdm: int(rdm.attrs["order"]))
        of_stimulus = {name: [rdm for rdm in rdms if rdm.attrs["stimulus"] == name] for name in stimuli}
        layers = list(dict.fromkeys(rdm.attrs["layer"] for rdm in rdms))
        distances = {
            name: np.array(
                [rdm["dissimilarity"].sel(metric=metric).isel(repeat=0).values for rdm in own]
            )  # (layer, pair)
            for name, own in of_stimulus.items()
        }
        fig = self._draw(distances, layers, captions.axis(captions.metric_of(rdms[0], metric)))
        groups = {
            name: (rdm_data.variables(own, distances[name]) | _median(distances[name]), {"stimulus": name})
            for name, own in of_stimulus.items()
        }
        result = Result({}, rdm_data.attributes(rdms, metric) | {"repeat": 0}, groups)
        return fig, caption(data["rdms"], metric, layers, distances), result

    def _draw(self, distances: dict[str, np.ndarray], layers: list[str], words: str):
        """Draw the panels and the legend; an odd number leaves the second panel's place to the legend."""
        from matplotlib.lines import Line2D

        columns = min(COLUMNS, len(distances))
        rows = -(-len(distances) // columns)
        width = ACROSS if columns > 1 else 2 * ACROSS
        fig = figure(PANEL * rows + label_height(layers, width) + 12)
        panels = list(fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel())
        # Not the last place, for the labels of its axis would part the rows.
        empty = panels.pop(1) if len(panels) > len(distances) else None
        for axes, (stimulus, values) in zip(panels, distances.items(), strict=True):
            _panel(axes, stimulus, values, self.style.colour(stimulus))
        for axes in panels[len(distances) - columns :]:
            depth_axis(axes, layers, width)
            axes.tick_params(labelbottom=True)
        if not any((values < 0).any() for values in distances.values()):
            panels[0].set_ylim(bottom=0)
        fig.supxlabel("layer, from input to output", fontsize=7)
        fig.supylabel(words, fontsize=7)
        keys = (
            [Line2D([], [], color="0.5", lw=0.5), Line2D([], [], color="black", lw=1.3)],
            ["one pair of images", "median: differentiation D"],
        )
        if empty is None:
            fig.legend(*keys, loc="outside upper right", ncols=2)
        else:
            empty.set_axis_off()
            empty.legend(*keys, loc="center")
        return fig


def _panel(axes, stimulus: str, distances: np.ndarray, colour: str) -> None:
    """Draw distances (layer, pair) of one stimulus."""
    from matplotlib.collections import LineCollection

    x = np.arange(len(distances))
    each = [np.column_stack([x, pair]) for pair in distances.T]
    alpha = float(np.clip(20 / len(each), 0.06, 0.6))
    lines = LineCollection(each, colors=colour, alpha=alpha, linewidths=0.5, gid=f"{stimulus}/pairs")
    lines.set_rasterized(True)  # hundreds of lines would make the SVG slow to show
    axes.add_collection(lines)
    median = np.median(distances, axis=1)
    axes.plot(x, median, color="white", linewidth=2.2)
    axes.plot(x, median, color="black", linewidth=1.2, gid=f"{stimulus}/median")
    axes.set_title(captions.shorten(stimulus, 32), color=colour, fontweight="bold")
    axes.text(
        1, 1.02, captions.plural(len(each), "pair", "pairs"), transform=axes.transAxes, ha="right",
        va="bottom", fontsize=6, color="0.35",
    )  # fmt: skip


def _median(distances: np.ndarray) -> dict:
    """Describe the median as a variable of the figure's file."""
    attributes = {"long_name": "median over pairs, differentiation", "units": "1"}
    return {"median": (("layer",), np.median(distances, axis=1), attributes)}


def caption(rdms, metric: str, layers: list[str], distances: dict) -> str:
    """Say what was measured and how."""
    undefined = {
        name: [layer for layer, row in zip(layers, values, strict=True) if np.isnan(row).any()]
        for name, values in distances.items()
    }
    gaps = [
        f"{captions.listing(map(captions.escape, where))} ({captions.escape(name)})"
        for name, where in undefined.items()
        if where
    ]
    text = [
        f"Distances between images along the layers of {captions.escape(rdms[0].attrs['source'])}: the "
        f"{captions.escape(captions.metric_of(rdms[0], metric))} of each pair of different images of a "
        "stimulus (thin lines) and their median (black), the differentiation D.",
        f"Activity was {captions.normalised(rdms[0], metric)}.",
        captions.units_of_rdms(rdms),
        _first_of_several(rdms),
        "All panels have the same axes." if len(distances) > 1 else "",
        f"Gaps, where a distance is undefined because activity is constant: {'; '.join(gaps)}."
        if gaps
        else "",
    ]
    return " ".join(filter(None, text))


def _first_of_several(rdms: list) -> str:
    """Say which of several RDMs of the same is shown."""
    several = max(presentations(rdm.attrs) for rdm in rdms)
    of_draw = ["draw"] if any(rdm.sizes["repeat"] > several for rdm in rdms) else []
    of_image = ["presentation of each image"] if several > 1 else []
    words = captions.listing([f"the first {what}" for what in (*of_draw, *of_image)])
    return f"{words[0].upper()}{words[1:]} is shown." if words else ""

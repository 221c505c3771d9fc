"""Every pair's distance along the layers, and their median."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import DataError
from repscape.figures.lib import captions, rdm_data
from repscape.figures.lib.depth import depth_axis, label_height
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.file import presentations
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS, PANEL, ACROSS = 2, 42.0, 74.0  # panels in a row, and their height and width in mm


class PairDistances(Figure):
    """Every pair's distance along the layers, and their median."""

    category = "RDMs"
    saves_data = True
    streams = True
    shows_stimuli = True

    source: str | None = parameter("By default the first.", None)
    stimuli: list[str] | None = parameter("By default all.", None)
    population: str | None = parameter("By default the first that is sampled by size.", None)
    size: int | str | None = parameter("By default the largest. The first draw is shown.", None)
    metric: str | None = parameter("By default the study's first.", None)

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        source = self.source
        population = self.population
        size = self.size
        source = defaults.one_or_default(source, study.layers, "source")
        samples = study.samples_of(source)
        population = defaults.population_or_default(samples, population)
        sizes = samples[population]
        size = defaults.one_or_default(sizes[-1] if size is None else str(size), sizes, "size")
        defaults.one_or_default(self.metric, study.metrics, "metric")
        return {
            "rdms": [
                study.path(
                    "rdm", source=source, stimulus=stimulus, population=population, layer=layer, size=size
                )
                for stimulus in defaults.many_or_all(self.stimuli, study.stimuli_of(source), "stimuli")
                for layer in study.layers[source]
            ]
        }

    def draw(self, data: Mapping):
        """Draw a thin line a pair of images and a thick one for their median, a panel a stimulus.

        Returns
        -------
        Figure, str, Result
            The figure, its caption and the data that it shows.
        """
        metric = self.metric
        from matplotlib.collections import LineCollection
        from matplotlib.lines import Line2D

        large = next((rdm.attrs["stimulus"] for rdm in data["rdms"] if "image_i" not in rdm), None)
        if large:
            raise DataError(
                f"figures.pair_distances: {large} has too many images for a line a pair. Leave it "
                "out of 'stimuli'."
            )
        rdms = sorted(data["rdms"], key=lambda rdm: int(rdm.attrs["order"]))
        layers = list(dict.fromkeys(rdm.attrs["layer"] for rdm in rdms))
        metric = metric or str(rdms[0]["metric"].values[0])
        names = list(dict.fromkeys(rdm.attrs["stimulus"] for rdm in data["rdms"]))
        # (layer, pair)
        distances = {
            name: np.array(
                [
                    rdm["dissimilarity"].sel(metric=metric).isel(repeat=0).values
                    for rdm in rdms
                    if rdm.attrs["stimulus"] == name
                ]
            )
            for name in names
        }
        medians = {name: np.median(values, axis=1) for name, values in distances.items()}
        columns = min(COLUMNS, len(names))
        rows = -(-len(names) // columns)
        width = ACROSS if columns > 1 else 2 * ACROSS
        fig = figure(PANEL * rows + label_height(layers, width) + 12)
        panels = list(fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel())
        # Of an odd number the second place is left empty, not the last, whose labels would part the rows.
        empty = panels.pop(1) if len(panels) > len(names) else None
        for index, (axes, name) in enumerate(zip(panels, names, strict=False)):
            values, colour = distances[name], self.style.colour(name)
            x = np.arange(len(layers))
            each = [np.column_stack([x, pair]) for pair in values.T]
            alpha = float(np.clip(20 / len(each), 0.06, 0.6))
            lines = LineCollection(each, colors=colour, alpha=alpha, linewidths=0.5, gid=f"{name}/pairs")
            lines.set_rasterized(True)  # hundreds of lines would make the SVG slow to show
            axes.add_collection(lines)
            for line, over in ((2.2, "white"), (1.2, "black")):
                gid = f"{name}/median" if over == "black" else None
                axes.plot(x, medians[name], color=over, linewidth=line, gid=gid)
            axes.set_title(captions.shorten(name, 32), color=colour, fontweight="bold")
            axes.text(
                1, 1.02, captions.plural(len(each), "pair", "pairs"), transform=axes.transAxes, ha="right",
                va="bottom", fontsize=6, color="0.35",
            )  # fmt: skip
            if index >= len(names) - columns:
                depth_axis(axes, layers, width)
                axes.tick_params(labelbottom=True)
        axes = panels[0]
        if not any((values < 0).any() for values in distances.values()):
            axes.set_ylim(bottom=0)
        fig.supxlabel("layer, from input to output", fontsize=7)
        fig.supylabel(captions.axis(captions.metric_of(rdms[0], metric)), fontsize=7)
        keys = (
            [Line2D([], [], color="0.5", lw=0.5), Line2D([], [], color="black", lw=1.3)],
            ["a pair of images", "median: differentiation D"],
        )
        if empty is None:
            fig.legend(*keys, loc="outside upper right", ncols=2)
        else:
            empty.set_axis_off()
            empty.legend(*keys, loc="center")
        groups = {}
        for name in names:
            own = [rdm for rdm in rdms if rdm.attrs["stimulus"] == name]
            median = (
                ("layer",),
                medians[name],
                {"long_name": "median over pairs, differentiation", "units": "1"},
            )
            groups[name] = (
                rdm_data.variables(own, distances[name]) | {"median": median},
                {"stimulus": name},
            )
        result = Result({}, rdm_data.attributes(rdms, metric) | {"repeat": 0}, groups)
        return fig, caption(data["rdms"], metric, layers, distances), result


def caption(rdms, metric: str, layers: list[str], distances: dict) -> str:
    """Say what was measured and how."""
    first = rdms[0].attrs
    gaps = {
        name: [layer for layer, row in zip(layers, values, strict=True) if np.isnan(row).any()]
        for name, values in distances.items()
    }
    broken = [
        f"{captions.listing(map(captions.escape, where))} ({captions.escape(name)})"
        for name, where in gaps.items()
        if where
    ]
    text = [
        f"Distances between images along the layers of {captions.escape(first['source'])}: the "
        f"{captions.escape(captions.metric_of(rdms[0], metric))} of each pair of images of a stimulus (thin "
        "lines) and their median (black), which is the differentiation D; each pair counts once, an image is "
        "not paired with itself.",
        f"Activity was {captions.normalised(rdms[0], metric)}.",
        captions.units_of_rdms(rdms),
        _shown(rdms),
        "All panels have the same axes." if len(distances) > 1 else "",
        f"Gaps, where a distance is undefined because activity was constant: {'; '.join(broken)}."
        if broken
        else "",
    ]
    return " ".join(filter(None, text))


def _shown(rdms: list) -> str:
    """Say which of several RDMs of the same is shown."""
    apart = max(presentations(rdm.attrs) for rdm in rdms)
    of_draw = ["draw"] if any(rdm.sizes["repeat"] > apart for rdm in rdms) else []
    of_image = ["presentation of each image"] if apart > 1 else []
    told = captions.listing([f"the first {what}" for what in (*of_draw, *of_image)])
    return f"{told[0].upper()}{told[1:]} is shown." if told else ""

"""Figures of an analysis made by `distances`: what is selected, scatter plots of its pairs, and captions."""

from collections.abc import Mapping, Sequence

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.shown import OfAnalysis, OfMetric, OfSource, OfStimuli
from repscape.figures.lib.style import figure
from repscape.rdms.compare.permutation import orders_used
from repscape.study import defaults
from repscape.study.study import Study


class OfDistances(OfAnalysis, OfSource, OfStimuli, OfMetric, shared=True):
    """A figure of an analysis made by `distances`."""

    _kind = "distances"

    def inputs(self, study: Study) -> dict:
        """Name the file of the analysis and check what is shown of it."""
        files = super().inputs(study)
        source = defaults.one_or_default(self.source, study.layers, "source")
        defaults.one_or_default(self.metric, study.metrics, "metric")
        of = self._section(study).get("stimuli") or study.stimuli
        valid = [name for name in study.stimuli_of(source) if name in of]
        defaults.many_or_all(self.stimuli, valid, "stimuli")
        return files

    def _table(self, data: Mapping):
        """Select one source and metric of the analysis, and the stimuli that the source was shown."""
        table = data["distances"].load()
        table = table.sel(
            source=defaults.one_or_default(self.source, table["source"].values, "source"),
            metric=defaults.one_or_default(self.metric, table["metric"].values, "metric"),
        )
        return table.isel(stimulus=table["shown"].values > 0)


def scatter_panels(names: Sequence[str], columns: int, height: float, table, **shared):
    """Make a figure of scatter plots, with labels of both axes.

    Parameters
    ----------
    names : of the panels
    columns : int
        How many panels are in a row.
    height : float
        Of the figure, in mm.
    table : Dataset
        What `OfDistances` selected.
    **shared
        ``sharex`` and ``sharey``, as matplotlib takes them.

    Returns
    -------
    Figure, list of Axes
    """
    fig = figure(height)
    panels = fig.subplots(-(-len(names) // columns), columns, squeeze=False, **shared)
    for axes in panels.flat[len(names) :]:
        axes.remove()
    for column in range(columns):  # ticks are labelled below the last panel of each column
        panels[(len(names) - 1 - column) // columns, column].xaxis.set_tick_params(labelbottom=True)
    fig.supxlabel(f"distance between images (layer {table.attrs['against']})", fontsize=7)
    words = captions.axis(f"({metric_words(table)})")
    fig.supylabel(f"distance between activity patterns\n{words}", fontsize=7)
    return fig, list(panels.flat[: len(names)])


def metric_words(table) -> str:
    """Say what the distances of one metric are."""
    return captions.metric_of(table, str(table["metric"].values))


def thinned(x: np.ndarray, y: np.ndarray, *others: np.ndarray, most: int) -> tuple[np.ndarray, ...]:
    """Return the finite points in an order that hides none, and at most so many of them."""
    points = [values.ravel() for values in np.broadcast_arrays(x, y, *others)]
    finite = np.flatnonzero(np.isfinite(points[0]) & np.isfinite(points[1]))
    # Always the same order: a figure must have the same bytes every time.
    shown = np.random.default_rng(0).permutation(finite)[:most]
    return tuple(values[shown] for values in points)


def area(points: np.ndarray) -> float:
    """Return how large a point is drawn, in square points: the fewer there are, the larger."""
    return float(np.clip(3500 / max(len(points), 1), 1.3, 8))


def beyond(values, factor: float) -> tuple[float, float]:
    """Return limits of an axis from 0, or below what is negative, to `factor` times the largest value.

    Estimates without bias may be negative. The end is 1 where all values are 0 or undefined.
    """
    finite = np.asarray(values)[np.isfinite(values)]
    return factor * finite.min(initial=0), factor * finite.max(initial=0) or 1


def measured(table) -> str:
    """Say for a caption what the distances are."""
    metric, population, size = str(table["metric"].values), table.attrs["population"], table.attrs["size"]
    mean = " RDMs were averaged over draws of units." if int(table["draws"].max()) > 1 else ""
    return (
        f"Distances are the {captions.escape(metric_words(table))}; activity was "
        f"{captions.normalised(table, metric)}. {captions.units_of(table, population, [size])}{mean}"
    )


def tested(table) -> str:
    """Say for a caption how p was found."""
    permutations = int(table.attrs["permutations"])
    few = any(orders_used(int(images), permutations) < permutations for images in table["images"].values)
    orders = " (if there are few images, each order once)" if few else ""
    return (
        f"p: {captions.number(permutations)} permutations of images{orders}, corrected for all layers by "
        "their largest \\|r\\|. For movies p is too small, since successive frames are alike and not "
        "exchangeable."
    )

"""RDMs side by side: stimuli down, layers across."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.entry_categories import may_have, stimuli_with
from repscape.core.errors import ConfigError
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import (
    captions,
    entry_groups,
    gallery_caption,
    gallery_rdms,
    legend_items,
    rdm_matrix,
)
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.gallery_rdms import Limits, Scale, Shown
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, page, row_label
from repscape.figures.lib.shown import OfRdms
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS = 6
IMAGES = 500  # shown of a stimulus of thousands: more than the matrix has pixels would not be seen
TOP, BOTTOM, GAP = 5.0, 10.0, 2.2  # mm: column titles, colour scales, between matrices
LETTER, LINE = 1.35, 3.2  # mm, of 7 points
OWN_SCALE, BAR = 5.5, 40.0  # mm: the height of a panel's colour scale; the width of that of ranks
LONGEST = 24  # letters of an upright column title
BELOW: dict[Scale, float] = {"layer": BOTTOM, "panel": 5.0, "ranks": 7.0}  # mm, below the matrices
WORDS: dict[Scale, str] = {
    "layer": ", a scale for each layer",
    "panel": ", a scale for each matrix",
    "ranks": ": rank among the pairs of each matrix, percent",
}


class Layout(NamedTuple):
    """Where matrices are, in mm."""

    top: float
    across: float
    down: float
    side: float
    names: list[str]
    upright: bool


class RdmGallery(OfRdms, Figure):
    """RDMs side by side: stimuli down, layers across."""

    category = "RDMs"
    saves_data = True
    streams = True
    shows_stimuli = True

    layers: list[str] | None = parameter(
        "Which layers are shown; by default six, evenly spaced from the first to the last.", None
    )

    by: str | bool | None = parameter(
        "What groups images: a factor of theirs or ``label``, their class. By default their factor "
        "``category``, else their class, if it has 2 to 15 values, else their only factor, if its values are "
        "no numbers. ``false``: images come in the stimulus's order.",
        None,
    )
    scale: Scale = parameter(
        "What has a separate colour scale: each `layer`, so that stimuli can be compared within it; or "
        "each `panel`. Or colours are `ranks` of dissimilarities among the pairs of each RDM, in percent, as "
        "Kriegeskorte et al. (Neuron 60:1126, 2008) draw them.",
        "layer",
    )

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        if self.by is True:
            raise ConfigError("by: expected the name of a factor, or false; found true.")
        source = defaults.one_or_default(self.source, study.layers, "source")
        own = study.layers[source]
        layers = self.layers
        if layers is None:
            layers = [own[i] for i in evenly_spaced(len(own), COLUMNS)]
        files = {"rdms": self._files(study, source, defaults.layers_of(study, source, layers))}
        stimuli = defaults.many_or_all(self.stimuli, study.stimuli_of(source), "stimuli")
        if isinstance(self.by, str):
            stimuli = stimuli_with(study, stimuli, self.by, "by")
        else:
            stimuli = [name for name in stimuli if self.by is None and may_have(study, name, None)]
        return files | {"stimuli": [study.path("stimulus", stimulus=name) for name in stimuli]}

    def draw(self, data: Mapping):
        """Draw an RDM for each stimulus (row) and layer (column), averaged over draws.

        Of a stimulus of more than 2,000 images, 500 evenly spaced ones are shown.

        By default each layer has its own colour scale, from 0 to the largest dissimilarity of any
        stimulus: stimuli can be compared within a layer, where they were measured with the same units. A
        scale for all layers would hide the structure of deep layers, where noise hardly differs, behind
        that of others.
        """
        metric, finder = self._metric(data["rdms"]), EntryPictures(data["stimuli"])
        shown = gallery_rdms.read(data["rdms"], metric, IMAGES, finder, self.by, self.scale)
        limits = gallery_rdms.limits(shown, self.scale)
        fig = self._draw(shown, limits)
        text = gallery_caption.caption(shown, self.scale, self.layers, COLUMNS)
        return fig, text, gallery_rdms.result(shown, limits, self.scale)

    def _layout(self, shown: Shown) -> Layout:
        """Choose how large matrices are, and how columns are named."""
        stimuli, layers, top = shown.stimuli, shown.layers, TOP
        own = OWN_SCALE if self.scale == "panel" else 0.0
        across = min((WIDTH - LEFT) / len(layers), (PAGE - top - BOTTOM) / len(stimuli) - own, 36)
        names, room = [captions.shorten(layer, LONGEST) for layer in layers], int(across / 1.55)
        upright = room < 10 and max(map(len, names)) > room
        if upright:
            top = 3 + LETTER * max(map(len, names))
            across = min(across, (PAGE - top - BOTTOM) / len(stimuli) - own)
        else:
            names = [captions.shorten(layer, max(6, room)) for layer in layers]
        return Layout(top, across, across + own, across - GAP, names, upright)

    def _draw(self, shown: Shown, limits: Limits):
        """Draw the matrices, their names, scales and groups."""
        lay, several = self._layout(shown), len(shown.rdms) > 1
        width = max(LEFT + lay.across * len(shown.layers), 90)
        measured = captions.metric_of(next(iter(shown.rdms.values())), shown.metric)
        room = width if self.scale != "ranks" else width - LEFT - BAR - 2
        words = captions.axis(f"{measured}{WORDS[self.scale] if several else ''}", int(room / LETTER))
        key = [] if shown.colours is None else [legend_items.colour_key(shown.colours)]
        placed = legend_items.rows(key, width)
        below = lay.top + lay.down * len(shown.stimuli)
        height = below + BELOW[self.scale] + LINE * words.count("\n")
        fig, axes = page(height + len(placed) * legend_items.ROW, width)
        for row, stimulus in enumerate(shown.stimuli):
            self._row(axes, shown, limits, stimulus, lay, lay.top + row * lay.down)
        for column, name in enumerate(lay.names):
            turned = {"rotation": 90, "va": "bottom"} if lay.upright else {}
            middle = LEFT + column * lay.across + lay.side / 2
            axes.text(middle, lay.top - 1.5, name, ha="center", **turned)
        if self.scale == "layer":
            for column, layer in enumerate(shown.layers):
                self._scale(
                    axes, limits[shown.stimuli[0], layer], LEFT + column * lay.across, below, lay.side
                )
        if self.scale == "ranks":
            colour_scale(axes, LEFT, below, BAR, rdm_matrix.colours(), 0, 100, 5)
            axes.text(LEFT + BAR + 2, below + 1, words, va="center")
        else:  # in the middle below the matrices, or as near to it as there is room
            half = LETTER / 2 * max(map(len, words.split("\n")))
            middle = max(min(LEFT + (lay.across * len(shown.layers) - GAP) / 2, width - half), width / 2)
            axes.text(middle, below + BELOW[self.scale] - 4, words, ha="center", va="top")
        legend_items.put(axes, placed, 1.0, height)
        return fig

    def _row(self, axes, shown: Shown, limits: Limits, stimulus: str, lay: Layout, top: float) -> None:
        """Draw a stimulus's matrices, with bars of their groups and scales of their own."""
        blocks = shown.groups[stimulus].blocks
        self._row_labels(axes, shown, stimulus, top, lay.side)
        for column, layer in enumerate(shown.layers):
            left, (low, high) = LEFT + column * lay.across, limits[stimulus, layer]
            defined, gid = bool(np.isfinite([low, high]).all()), f"{stimulus}/{layer}"
            matrix = shown.matrices[stimulus, layer]
            low, high = (low, high) if defined else (0, 1)
            rdm_matrix.draw(axes, matrix, left, top, lay.side, low, high, gid=gid)
            if blocks and shown.colours is not None:
                entry_groups.mark(axes, blocks, shown.colours.colours, left, top, lay.side)
            if self.scale == "panel":
                self._scale(axes, limits[stimulus, layer], left, top + lay.side + 0.8, lay.side)

    def _scale(self, axes, limits: tuple[float, float], left: float, top: float, side: float) -> None:
        """Draw a colour scale, if anything is defined."""
        if np.isfinite(limits).all():
            colour_scale(axes, left, top, side, rdm_matrix.colours(), *limits, 3 if side > 18 else 2)

    def _row_labels(self, axes, shown: Shown, stimulus: str, top: float, side: float) -> None:
        """Name a row, and number its first and last image, where they come in the stimulus's order."""
        count = str(shown.images[stimulus])
        away = max(5, 1.2 + 1.25 * len(count))
        row_label(axes, self.style, stimulus, top, side, away, bar=shown.colours is None)
        if not shown.groups[stimulus].blocks:
            look = {"fontsize": 5.5, "ha": "right", "color": "0.35"}
            axes.text(LEFT - 0.8, top, "1", va="top", **look)
            axes.text(LEFT - 0.8, top + side, count, va="bottom", **look)

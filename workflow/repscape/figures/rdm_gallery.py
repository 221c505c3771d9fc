"""RDMs side by side: stimuli down, layers across."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.figures.lib import captions, rdm_data, rdm_matrix
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, page, row_label
from repscape.figures.lib.shown import OfRdms
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.read import presentations
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS = 6
IMAGES = 500  # shown of a stimulus of thousands: more than the matrix has pixels would not be seen
TOP, BOTTOM, GAP = 5.0, 10.0, 2.2  # mm: column titles, colour scales, between matrices
LETTER, LINE = 1.35, 3.2  # mm, of 7 points
LONGEST = 24  # letters of an upright column title


class Shown(NamedTuple):
    """The RDMs that are drawn.

    Attributes
    ----------
    rdms : dict of (stimulus, layer) to Dataset
        With labelled pairs, of fewer images where there are thousands.
    metric : str
    means : dict of (stimulus, layer) to array (pair,)
        Means over draws and presentations.
    matrices : dict of (stimulus, layer) to array (image, image)
    images : dict of stimulus to its number of images, shown or not
    """

    rdms: dict[tuple[str, str], Any]
    metric: str
    means: dict[tuple[str, str], np.ndarray]
    matrices: dict[tuple[str, str], np.ndarray]
    images: dict[str, int]

    @property
    def stimuli(self) -> list[str]:
        """The stimuli, in the order of rows."""
        return list(dict.fromkeys(stimulus for stimulus, _ in self.rdms))

    @property
    def layers(self) -> list[str]:
        """The layers, in the order of columns."""
        return list(dict.fromkeys(layer for _, layer in self.rdms))


class RdmGallery(OfRdms, Figure):
    """RDMs side by side: stimuli down, layers across."""

    category = "RDMs"
    saves_data = True
    streams = True
    shows_stimuli = True

    layers: list[str] | None = parameter(
        "Which layers are shown; by default six, evenly spaced from the first to the last.", None
    )

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        source = defaults.one_or_default(self.source, study.layers, "source")
        own = study.layers[source]
        layers = self.layers
        if layers is None:
            layers = [own[i] for i in evenly_spaced(len(own), COLUMNS)]
        return {"rdms": self._files(study, source, defaults.layers_of(study, source, layers))}

    def draw(self, data: Mapping):
        """Draw an RDM for each stimulus (row) and layer (column), averaged over draws.

        Of a stimulus of more than 2,000 images, 500 evenly spaced ones are shown.

        Each layer has its own colour scale, from 0 to the largest dissimilarity of any stimulus:
        stimuli can be compared within a layer, where they were measured with the same units. A scale
        for all layers would hide the structure of deep layers, where noise hardly differs, behind
        that of others.
        """
        shown = _shown(data["rdms"], self._metric(data["rdms"]))
        limits = {layer: _limits(shown, layer) for layer in shown.layers}
        fig = self._draw(shown, limits)
        return fig, caption(shown, self.layers), _result(shown, limits)

    def _draw(self, shown: Shown, limits: dict[str, tuple[float, float]]):
        stimuli, layers = shown.stimuli, shown.layers
        top, pitch = TOP, min((WIDTH - LEFT) / len(layers), (PAGE - TOP - BOTTOM) / len(stimuli), 36)
        names, room = [captions.shorten(layer, LONGEST) for layer in layers], int(pitch / 1.55)
        upright = room < 10 and max(map(len, names)) > room
        if upright:
            top = 3 + LETTER * max(map(len, names))
            pitch = min(pitch, (PAGE - top - BOTTOM) / len(stimuli))
        else:
            names = [captions.shorten(layer, max(6, room)) for layer in layers]
        side, width = pitch - GAP, max(LEFT + pitch * len(layers), 90)
        first = next(iter(shown.rdms.values()))
        each = ", a scale for each layer" if len(layers) > 1 else ""
        words = captions.axis(f"{captions.metric_of(first, shown.metric)}{each}", int(width / LETTER))
        below = top + pitch * len(stimuli)
        fig, axes = page(below + BOTTOM + LINE * words.count("\n"), width)
        for row, stimulus in enumerate(stimuli):
            self._row_labels(axes, stimulus, top + row * pitch, side, shown.images[stimulus])
        for column, (layer, name) in enumerate(zip(layers, names, strict=True)):
            left = LEFT + column * pitch
            defined = bool(np.isfinite(limits[layer]).all())
            low, high = limits[layer] if defined else (0, 1)
            for row, stimulus in enumerate(stimuli):
                matrix, upper = shown.matrices[stimulus, layer], top + row * pitch
                rdm_matrix.draw(axes, matrix, left, upper, side, low, high, gid=f"{stimulus}/{layer}")
            turned = {"rotation": 90, "va": "bottom"} if upright else {}
            axes.text(left + side / 2, top - 1.5, name, ha="center", **turned)
            if defined:
                colour_scale(axes, left, below, side, rdm_matrix.colours(), low, high, 3 if side > 18 else 2)
        # in the middle below the matrices, or as near to it as there is room
        half = LETTER / 2 * max(map(len, words.split("\n")))
        middle = max(min(LEFT + (pitch * len(layers) - GAP) / 2, width - half), width / 2)
        axes.text(middle, below + BOTTOM - 4, words, ha="center", va="top")
        return fig

    def _row_labels(self, axes, stimulus: str, top: float, side: float, images: int) -> None:
        """Name a row, and number its first and last image."""
        row_label(axes, self.style, stimulus, top, side, away=max(5, 1.2 + 1.25 * len(str(images))))
        look = {"fontsize": 5.5, "ha": "right", "color": "0.35"}
        axes.text(LEFT - 0.8, top, "1", va="top", **look)
        axes.text(LEFT - 0.8, top + side, str(images), va="bottom", **look)


def _shown(opened: list, metric: str) -> Shown:
    rdms = {(rdm.attrs["stimulus"], rdm.attrs["layer"]): rdm_data.of_fewer(rdm, IMAGES) for rdm in opened}
    means = {key: rdm["dissimilarity"].sel(metric=metric).mean("repeat").values for key, rdm in rdms.items()}
    matrices = {key: square(rdm, means[key]) for key, rdm in rdms.items()}
    images = {stimulus: len(matrix) for (stimulus, _), matrix in matrices.items()}
    images |= {rdm.attrs["stimulus"]: rdm.sizes["image"] for rdm in opened if "image" in rdm.sizes}
    return Shown(rdms, metric, means, matrices, images)


def _limits(shown: Shown, layer: str) -> tuple[float, float]:
    """Return the limits of a layer's colours; NaN where nothing is defined."""
    values = np.concatenate([shown.matrices[stimulus, layer].ravel() for stimulus in shown.stimuli])
    return rdm_matrix.limits(values) if np.isfinite(values).any() else (np.nan, np.nan)


def _result(shown: Shown, limits: dict[str, tuple[float, float]]) -> Result:
    """Describe what is shown, for the figure's file."""
    low, high = np.array(list(limits.values())).T
    variables = {
        "layer": (("layer",), shown.layers),
        "low": (("layer",), low, {"long_name": "dissimilarity at which colours begin"}),
        "high": (("layer",), high, {"long_name": "dissimilarity at which colours end"}),
    }
    groups = {
        stimulus: (
            rdm_data.variables(
                [shown.rdms[stimulus, layer] for layer in shown.layers],
                [shown.means[stimulus, layer] for layer in shown.layers],
            ),
            {"stimulus": stimulus},
        )
        for stimulus in shown.stimuli
    }
    return Result(variables, rdm_data.attributes(list(shown.rdms.values()), shown.metric), groups)


def square(rdm, values: np.ndarray) -> np.ndarray:
    """Return an RDM's values (pair,) as a symmetric (image, image) matrix with a zero diagonal.

    What is undefined is NaN.
    """
    images = np.unique([rdm["image_i"].values, rdm["image_j"].values])
    first, second = (np.searchsorted(images, rdm[name].values) for name in ("image_i", "image_j"))
    matrix = np.full((len(images),) * 2, np.nan)
    if np.isfinite(values).any():
        np.fill_diagonal(matrix, 0)
    matrix[first, second] = matrix[second, first] = values
    return matrix


def caption(shown: Shown, chosen: list[str] | None) -> str:
    """Say what was measured and how; `chosen` are the layers that the config names."""
    rdms, stimuli, layers = list(shown.rdms.values()), shown.stimuli, shown.layers
    words = captions.escape(captions.metric_of(rdms[0], shown.metric))
    counts = captions.counts(stimuli, [shown.images[name] for name in stimuli], "images")
    text = [
        "Representational dissimilarity matrices of "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} (rows) in "
        f"{captions.layers(layers, chosen, COLUMNS)} of {captions.escape(rdms[0].attrs['source'])} "
        f"(columns): the {words} between the activity patterns of any two images, images in the "
        f"stimulus's order ({counts}).",
        f"Activity was {captions.normalised(rdms[0], shown.metric)}.",
        captions.units_of_rdms(rdms),
    ]
    thinned = [name for name in stimuli if shown.images[name] > len(shown.matrices[name, layers[0]])]
    if thinned:
        text.append(
            f"Of {captions.listing([captions.escape(name) for name in thinned])}, {IMAGES} images at equal "
            "distances are shown, the first and the last among them."
        )
    several = max(presentations(rdm.attrs) for rdm in rdms)
    averaged = ["all draws"] if any(rdm.sizes["repeat"] > several for rdm in rdms) else []
    averaged += [f"the {several} presentations of each image"] if several > 1 else []
    if averaged:
        text.append(f"The RDMs of {captions.listing(averaged)} were averaged.")
    text.append(
        "Colours: one scale for each layer, from 0 to the largest dissimilarity of any stimulus; they "
        "compare stimuli within a layer, not layers."
    )
    undefined = _undefined(shown)
    if undefined:
        text.append(f"Grey: undefined, because activity was constant: {captions.listing(undefined)}.")
    return " ".join(text)


def _undefined(shown: Shown) -> list[str]:
    """Say of which layers, and of which stimuli, dissimilarities are undefined."""
    found = []
    for layer in shown.layers:
        where = [name for name in shown.stimuli if np.isnan(shown.matrices[name, layer]).any()]
        every = len(where) == len(shown.stimuli) > 1
        whose = "all stimuli" if every else captions.listing(map(captions.escape, where))
        found += [f"{captions.escape(layer)} ({whose})"] if where else []
    return found

"""RDMs side by side: stimuli down, layers across."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.figures.lib import captions, rdm_data
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, page, row_label
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.file import presentations
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS = 6
IMAGES = 500  # shown of a stimulus of thousands: more than the matrix has pixels would not be seen
UNDEFINED = "#D9D9D9"
TOP, BOTTOM, GAP = 5.0, 10.0, 2.2  # mm: column titles, colour scales, between matrices
LETTER, LINE = 1.35, 3.2  # mm, of 7 points
LONGEST = 24  # letters of an upright column title


class RdmGallery(Figure):
    """RDMs side by side: stimuli down, layers across."""

    category = "RDMs"
    saves_data = True
    streams = True
    shows_stimuli = True

    source: str | None = parameter("By default the first.", None)
    layers: list[str] | None = parameter("By default six, evenly spaced from the first to the last.", None)
    stimuli: list[str] | None = parameter("By default all.", None)
    population: str | None = parameter("By default the first that is sampled by size.", None)
    size: int | str | None = parameter("By default the largest.", None)
    metric: str | None = parameter("By default the study's first.", None)

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        source = self.source
        layers = self.layers
        population = self.population
        size = self.size
        source = defaults.one_or_default(source, study.layers, "source")
        own = study.layers[source]
        if layers is None:
            layers = [own[i] for i in evenly_spaced(len(own), COLUMNS)]
        layers = defaults.layers_of(study, source, layers)
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
                for layer in layers
            ]
        }

    def draw(self, data: Mapping):
        """Draw an RDM for each stimulus (row) and layer (column), averaged over draws.

        Of a stimulus of more than 2,000 images, 500 evenly spaced ones are shown.

        Each layer has its own colour scale, from 0 to the largest dissimilarity of any stimulus:
        stimuli can be compared within a layer, where they were measured with the same units. A scale
        for all layers would hide the structure of deep layers, where noise hardly differs, behind
        that of others.

        Returns
        -------
        Figure, str, Result
            The figure, its caption and the data that it shows.
        """
        layers = self.layers
        stimuli = self.stimuli
        metric = self.metric
        import matplotlib

        many = {rdm.attrs["stimulus"]: rdm.sizes["image"] for rdm in data["rdms"] if "image" in rdm.sizes}
        fewer = [rdm_data.of_fewer(rdm, IMAGES) for rdm in data["rdms"]]
        rdms = {(rdm.attrs["stimulus"], rdm.attrs["layer"]): rdm for rdm in fewer}
        stimuli = list(dict.fromkeys(stimulus for stimulus, _ in rdms))
        chosen, layers = layers, list(dict.fromkeys(layer for _, layer in rdms))
        metric = metric or str(data["rdms"][0]["metric"].values[0])
        means = {
            key: rdm["dissimilarity"].sel(metric=metric).mean("repeat").values for key, rdm in rdms.items()
        }
        matrices = {key: square(rdm, means[key]) for key, rdm in rdms.items()}
        images = {stimulus: len(matrices[stimulus, layers[0]]) for stimulus in stimuli}

        top, pitch = TOP, min((WIDTH - LEFT) / len(layers), (PAGE - TOP - BOTTOM) / len(stimuli), 36)
        names, room = [captions.shorten(layer, LONGEST) for layer in layers], int(pitch / 1.55)
        upright = room < 10 and max(map(len, names)) > room
        if upright:
            top = 3 + LETTER * max(map(len, names))
            pitch = min(pitch, (PAGE - top - BOTTOM) / len(stimuli))
        side, width = pitch - GAP, max(LEFT + pitch * len(layers), 90)
        each = ", a scale for each layer" if len(layers) > 1 else ""
        words = captions.axis(f"{captions.metric_of(data['rdms'][0], metric)}{each}", int(width / LETTER))
        below = top + pitch * len(stimuli)
        fig, axes = page(below + BOTTOM + LINE * words.count("\n"), width)
        for row, stimulus in enumerate(stimuli):
            upper = top + row * pitch
            digits = len(str(many.get(stimulus, images[stimulus])))
            row_label(axes, self.style, stimulus, upper, side, away=max(5, 1.2 + 1.25 * digits))
            for place, image in ((0, 1), (1, many.get(stimulus, images[stimulus]))):
                va = "bottom" if place else "top"
                axes.text(
                    LEFT - 0.8,
                    upper + place * side,
                    str(image),
                    fontsize=5.5,
                    ha="right",
                    va=va,
                    color="0.35",
                )
        colours = matplotlib.colormaps["viridis"].with_extremes(bad=UNDEFINED)
        limits = []
        for column, layer in enumerate(layers):
            left = LEFT + column * pitch
            shown = np.concatenate([matrices[stimulus, layer].ravel() for stimulus in stimuli])
            shown = shown[np.isfinite(shown)]
            low, high = min(0, shown.min(initial=0)), shown.max(initial=0) or 1
            limits.append((low, high) if shown.size else (np.nan, np.nan))
            for row, stimulus in enumerate(stimuli):
                extent = (left, left + side, top + row * pitch + side, top + row * pitch)
                axes.imshow(
                    matrices[stimulus, layer],
                    vmin=low,
                    vmax=high,
                    cmap=colours,
                    extent=extent,
                    aspect="auto",
                    interpolation="none",
                    gid=f"{stimulus}/{layer}",
                )
            name = names[column] if upright else captions.shorten(layer, max(6, room))
            turned = {"rotation": 90, "va": "bottom"} if upright else {}
            axes.text(left + side / 2, top - 1.5, name, ha="center", **turned)
            if shown.size:
                colour_scale(axes, left, below, side, colours, low, high, 3 if side > 18 else 2)
        # in the middle below the matrices, or as near to it as there is room
        half = LETTER / 2 * max(map(len, words.split("\n")))
        middle = max(min(LEFT + (pitch * len(layers) - GAP) / 2, width - half), width / 2)
        axes.text(middle, below + BOTTOM - 4, words, ha="center", va="top")
        variables = {
            "layer": (("layer",), layers),
            "low": (
                ("layer",),
                np.array(limits)[:, 0],
                {"long_name": "dissimilarity at which colours begin"},
            ),
            "high": (("layer",), np.array(limits)[:, 1], {"long_name": "dissimilarity at which colours end"}),
        }
        groups = {
            name: (
                rdm_data.variables(
                    [rdms[name, layer] for layer in layers], [means[name, layer] for layer in layers]
                ),
                {"stimulus": name},
            )
            for name in stimuli
        }
        result = Result(variables, rdm_data.attributes(data["rdms"], metric), groups)
        return fig, caption(rdms, metric, stimuli, layers, chosen, images | many, matrices), result


def square(rdm, values: np.ndarray) -> np.ndarray:
    """Return an RDM's values (pair,) as a symmetric (image, image) matrix with a zero diagonal.

    What is undefined is NaN.
    """
    places = np.unique([rdm["image_i"].values, rdm["image_j"].values])
    first, second = (np.searchsorted(places, rdm[name].values) for name in ("image_i", "image_j"))
    matrix = np.full((len(places),) * 2, np.nan)
    if np.isfinite(values).any():
        np.fill_diagonal(matrix, 0)
    matrix[first, second] = matrix[second, first] = values
    return matrix


def caption(rdms: dict, metric: str, stimuli, layers, chosen, images, matrices) -> str:
    """Say what was measured and how."""
    first = next(iter(rdms.values()))
    words = captions.escape(captions.metric_of(first, metric))
    text = [
        "Representational dissimilarity matrices of "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} (rows) in "
        f"{captions.layers(layers, chosen, COLUMNS)} of {captions.escape(first.attrs['source'])} "
        f"(columns): the {words} between the activity patterns of any two images, images in the "
        f"stimulus's order ({captions.counts(stimuli, list(images.values()), 'images')}).",
        f"Activity was {captions.normalised(first, metric)}.",
        captions.units_of_rdms(rdms.values()),
    ]
    thinned = [name for name in stimuli if images[name] > len(matrices[name, layers[0]])]
    if thinned:
        text.append(
            f"Of {captions.listing([captions.escape(name) for name in thinned])}, {IMAGES} images at equal "
            "distances are shown, the first and the last among them."
        )
    apart = max(presentations(rdm.attrs) for rdm in rdms.values())
    drawn = "all draws" if any(rdm.sizes["repeat"] > apart for rdm in rdms.values()) else ""
    shown = f"the {apart} presentations of each image" if apart > 1 else ""
    if drawn or shown:
        text.append(f"The RDMs of {' and '.join(filter(None, (drawn, shown)))} were averaged.")
    text.append(
        "Colours: one scale for each layer, from 0 to the largest dissimilarity of any stimulus; they "
        "compare stimuli within a layer, not layers."
    )
    undefined = []
    for layer in layers:
        where = [name for name in stimuli if np.isnan(matrices[name, layer]).any()]
        every = len(where) == len(stimuli) > 1
        whose = "all stimuli" if every else captions.listing(map(captions.escape, where))
        undefined += [f"{captions.escape(layer)} ({whose})"] if where else []
    if undefined:
        text.append(f"Grey: undefined, because activity was constant: {captions.listing(undefined)}.")
    return " ".join(text)

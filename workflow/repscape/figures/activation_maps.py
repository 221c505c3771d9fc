"""Maps of single filters: where in an image they answer."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, fit, page, picture, row_label, write
from repscape.figures.lib.style import PAGE, WIDTH
from repscape.io import stored_images
from repscape.networks.lib import layer_table, layer_table_cache
from repscape.plugin.contract import Figure, parameter
from repscape.populations.lib.channels import covers
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS, MOST, IMAGES = 7, 9, 3
TOP, BOTTOM, GAP, BETWEEN, WIDEST = 9.0, 10.0, 1.2, 2.5, 22.0  # mm
WORDS = 48.0  # mm, of what stands below
NARROWEST = 10.0  # mm, a colour scale whose numbers do not touch, and the least height of a row

Filters = Annotated[
    dict[str, Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]], Field(min_length=1)
]
Few = (
    Annotated[int, Field(ge=1, le=4)]
    | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=4)]
)


class ActivationMaps(Figure):
    """Maps of single filters: where in an image they answer."""

    category = "Activations"
    saves_data = True
    shows_stimuli = True

    source: str | None = parameter("By default the first.", None)
    filters: Filters | None = parameter(
        "At most 9 in all. By default the filter of the largest SD over the images shown, in each of "
        "seven evenly spaced layers after the input, without those that have but one position.",
        None,
    )
    stimuli: list[str] | None = parameter("By default all.", None)
    images: Few | None = parameter(
        "How many evenly spaced images of each stimulus, or which, counted from 0; at most 4. By default "
        "three, or fewer of many stimuli.",
        None,
    )
    population: str | None = parameter("By default the first that records filters or all units.", None)

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters.

        Raises
        ------
        ConfigError
            A name is unknown, no population records whole maps, or there are too many filters.
        """
        source = self.source
        stimuli = self.stimuli
        population = self.population
        source = defaults.one_or_default(source, study.layers, "source")
        population = activation_panels.population(
            study,
            population,
            ["filters", "all"],
            "whole maps of filters",
            "{maps: {kind: filters, channels: [0, 1]}}, or {all: {kind: all}}",
        )
        own = study.layers[source]
        if self.filters is not None:
            defaults.layers_of(study, source, self.filters, "filters")
            counts = _counts(study, source, self.filters)
            _check_recorded(study.config["populations"][population], population, self.filters, counts)
            count = sum(map(len, self.filters.values()))
            if count > MOST:
                raise ConfigError(
                    f"filters: expected at most {MOST}, found {count}; draw the others in another figure."
                )
        if self.filters is None:
            hidden = [layer for layer in own if layer != "input"] or own
            layers = [hidden[i] for i in evenly_spaced(len(hidden), COLUMNS)]
        else:
            layers = list(self.filters)
        stimuli = defaults.many_or_all(stimuli, study.stimuli_of(source), "stimuli")
        return {
            "stimuli": [study.path("stimulus", stimulus=stimulus) for stimulus in stimuli],
            "activations": activation_panels.activations(study, source, stimuli, population, layers),
        }

    def draw(self, data: Mapping):
        """Draw the maps of chosen filters (columns) for chosen images of each stimulus (rows).

        Returns
        -------
        Figure, str, Result
            The figure, its caption and the data that it shows.

        Raises
        ------
        DataError
            A stimulus has no such image, the population lacks a filter, or no layer has maps.
        """
        images = self.images
        pictures = {stimulus.attrs["stimulus"]: stimulus for stimulus in data["stimuli"]}
        images = how_many(len(pictures)) if images is None else images
        shown = {name: activation_panels.chosen(stimulus, images) for name, stimulus in pictures.items()}
        recordings = activation_panels.by_layer(data["activations"])
        maps: dict[tuple[str, int], dict[str, np.ndarray]] = {}
        for layer in next(iter(recordings.values())):
            here = {name: recordings[name][layer] for name in pictures}
            for name, recording in here.items():
                activation_panels.check_images(pictures[name], recording)
            maps |= maps_of(here, shown, None if self.filters is None else self.filters[layer])
        if not maps:
            raise DataError(
                "activation_maps: no layer has more than one position. Name layers under 'filters'."
            )

        columns = len(maps) + 1
        pitch = min((WIDTH - LEFT) / columns, WIDEST)
        rows = sum(map(len, shown.values()))
        # Of very many images the page grows rather than that they are too small to see.
        height = min(pitch, max(NARROWEST, room(len(shown)) / rows))
        side, tall = pitch - GAP, height - GAP
        width = (
            LEFT + pitch + max(pitch * len(maps), WORDS)
        )  # of few filters no more than they and words need
        fig, axes = page(TOP + height * rows + BETWEEN * len(shown) + BOTTOM, width)
        preprocess = data["activations"][0].attrs["preprocess"]
        top, places = TOP, {}
        for name, chosen in shown.items():
            row_label(axes, self.style, name, top, height * len(chosen) - GAP)
            for image in chosen:
                pixels = activation_panels.seen(stored_images.image(pictures[name], image), preprocess)
                picture(axes, pixels, LEFT, top, side, tall, gid=f"{name}/{image}")
                places[name, image] = top
                top += height
            top += BETWEEN
        write(axes, LEFT, 5, "image", fontsize=6.5)
        for column, ((layer, channel), by_stimulus) in enumerate(maps.items(), start=1):
            left = LEFT + column * pitch
            low, high = limits(by_stimulus.values())
            for name, chosen in shown.items():
                for image, values in zip(chosen, by_stimulus[name], strict=True):
                    gid = f"{name}/{image}/{layer}/{channel}"
                    at = {"left": left, "top": places[name, image], "width": side, "height": tall}
                    picture(axes, values, **at, gid=gid, cmap="viridis", vmin=low, vmax=high)
            write(axes, left, 1, captions.shorten(layer, max(6, int(pitch / 1.5))), fontsize=6.5)
            write(axes, left, 5, f"filter {channel}", fontsize=6, color="0.35")
            widths = [fit(values.shape[1:], side, tall)[0] for values in by_stimulus.values()]
            wide = max(*widths, min(side, NARROWEST))
            colour_scale(axes, left, top - 1, wide, "viridis", low, high, 2)
        write(axes, LEFT + pitch, top + 5, "activation, a scale for each filter", fontsize=6.5)
        result = Result({}, activation_panels.keys(data["activations"][0]), data_of(pictures, shown, maps))
        return fig, caption(recordings, shown, maps, self.filters is None), result


def _counts(study: Study, source: str, filters: dict[str, list[int]]) -> dict[str, int]:
    """Return how many filters layers have, where that is known; refuse those that they do not have."""
    labels = study.labels.get(source)
    if labels is None:
        return {}
    rows, counts = layer_table_cache.rows(study.config["networks"][source]), {}
    for layer, wanted in filters.items():
        counts[layer] = channels = layer_table.find(rows, labels[layer])[1].channels
        if max(wanted) >= channels:
            raise ConfigError(
                f"filters: '{layer}' of '{source}' has {channels} filters, numbered 0 to {channels - 1}; "
                f"there is no filter {max(wanted)}."
            )
    return counts


def _check_recorded(
    section: dict, population: str, filters: dict[str, list[int]], counts: dict[str, int]
) -> None:
    """Refuse filters that a population of chosen channels leaves out."""
    channels = section.get("channels")
    if channels is None:
        return
    for layer, wanted in filters.items():
        count = counts.get(layer, 1 << 20)
        lacking = [channel for channel in wanted if not covers(channels, layer, channel, count)]
        if lacking:
            raise ConfigError(
                f"filters: the population '{population}' does not record filter {min(lacking)} of '{layer}'. "
                f"Add it under populations.{population}.channels."
            )


def room(stimuli: int) -> float:
    """Return how much of a page rows of pictures of so many stimuli can fill, in mm."""
    return PAGE - TOP - BOTTOM - BETWEEN * stimuli


def how_many(stimuli: int) -> int:
    """Return how many images of each stimulus are shown by default: three, or fewer that fit a page."""
    return max(1, min(IMAGES, int(room(stimuli) / NARROWEST / stimuli)))


def data_of(pictures: dict, shown: dict, maps: dict) -> dict:
    """Describe the maps of each layer as a group of the figure's file."""
    layers: dict[str, list[int]] = {}
    for layer, channel in maps:
        layers.setdefault(layer, []).append(channel)
    groups, rows = {}, activation_panels.rows(pictures, shown)
    for layer, channels in layers.items():
        values = [np.concatenate([maps[layer, channel][name] for name in shown]) for channel in channels]
        limit = np.array([limits(maps[layer, channel].values()) for channel in channels])
        variables = {
            "activation": activation_panels.variable(
                ("filter", "row", "y", "x"), np.array(values), "activation", rows
            ),
            "low": (("filter",), limit[:, 0], {"long_name": "activation at which colours begin"}),
            "high": (("filter",), limit[:, 1], {"long_name": "activation at which colours end"}),
            "filter": (("filter",), np.array(channels, np.int32)),
            **rows,
        }
        groups[layer] = variables, {"layer": layer}
    return groups


def maps_of(recordings: dict, shown: dict, channels: list[int] | None) -> dict:
    """Return the maps of a layer's filters: {(layer, channel): {stimulus: (image, y, x) array}}.

    Parameters
    ----------
    recordings : mapping of stimulus to activations of the same layer
    shown : mapping of stimulus to its images
    channels : list of int, or None
        None: the one of the largest SD, or none if the layer has one position.

    Raises
    ------
    DataError
        The recording lacks a filter, or some positions of it.
    """
    first = next(iter(recordings.values()))
    layer = first.attrs["layer"]
    if "y" not in first and channels is not None:
        raise DataError(
            f"filters: the units of '{layer}' have no positions in the image; choose another layer."
        )
    if channels is None and ("y" not in first or first["y"].values.max() == first["x"].values.max() == 0):
        return {}
    channel, y, x = (first[axis].values for axis in ("channel", "y", "x"))
    height, width = y.max() + 1, x.max() + 1
    answers = {
        name: recording["activation"].isel(image=shown[name]).values for name, recording in recordings.items()
    }
    if channels is None:
        every = np.concatenate(list(answers.values())).astype(float)
        starts = np.flatnonzero(np.diff(channel, prepend=-1))  # units are in the order of channels
        count = np.diff(starts, append=len(channel)) * len(every)
        mean = np.add.reduceat(every, starts, axis=1).sum(0) / count
        variance = np.add.reduceat(every**2, starts, axis=1).sum(0) / count - mean**2
        channels = [int(channel[starts[np.argmax(variance)]])]
    found = {}
    for number in channels:
        here = np.flatnonzero(channel == number)
        if len(here) != height * width:
            raise DataError(
                f"filters: {first.encoding['source']} holds {len(here)} of the {height * width} positions of "
                f"filter {number} of '{layer}'. Record it whole: add it to the 'channels' of the population "
                f"'{first.attrs['population']}', or use a population with 'kind: all'."
            )
        order = here[np.lexsort((x[here], y[here]))]
        found[layer, number] = {
            name: values[:, order].reshape(-1, height, width) for name, values in answers.items()
        }
    return found


def limits(maps) -> tuple[float, float]:
    """Return the limits of a filter's colour scale: all values, and 0 if they are all above."""
    low, high = min(float(m.min()) for m in maps), max(float(m.max()) for m in maps)
    low = min(low, 0.0)
    return (low, high) if high > low else (low, low + 1)


def caption(recordings: dict, shown: dict, maps: dict, by_default: bool) -> str:
    """Say what was measured and how."""
    first = next(iter(next(iter(recordings.values())).values()))
    sizes = {layer: next(iter(found.values())).shape[1:] for (layer, _), found in maps.items()}
    shapes = captions.listing(f"{captions.escape(layer)}: {w} × {h}" for layer, (h, w) in sizes.items())
    text = [
        f"Activation maps of {captions.plural(len(maps), 'filter', 'filters')} (columns) of "
        f"{captions.escape(first.attrs['source'])} for images of "
        f"{captions.plural(len(shown), 'stimulus', 'stimuli')} (rows): where in an image a filter answers, "
        f"and how much (width × height of the maps, {shapes}).",
        "At the left, the part of each image that the network was shown.",
        f"Of {captions.recorded(first.attrs['population'], first.attrs['selected'])}, in evenly spaced "
        "layers the filter was chosen whose activation varies most over the positions and images "
        "shown (largest SD)."
        if by_default
        else "",
        "Colours: activation, not normalised, on one scale for each filter, the same for all its images and "
        "stimuli: they compare images, not filters. A scale for each map would make silence look like an "
        "answer.",
    ]
    return " ".join(filter(None, text))

"""Maps of single filters: where in an image they respond."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, fit, page, picture, row_label, write
from repscape.figures.lib.style import PAGE, WIDTH, Style
from repscape.io import stored_images
from repscape.networks.lib import layer_table, layer_table_cache
from repscape.populations.lib.channels import covers
from repscape.study.study import Study

COLUMNS, MOST, IMAGES = 7, 9, 3
TOP, BOTTOM, GAP, BETWEEN, WIDEST = 9.0, 10.0, 1.2, 2.5, 22.0  # mm
WORDS = 48.0  # mm, of what stands below
NARROWEST = 10.0  # mm, a colour scale whose numbers do not touch, and the least height of a row

Filters = Annotated[
    dict[str, Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]], Field(min_length=1)
]
Maps = dict[tuple[str, int], dict[str, np.ndarray]]
"""Arrays (image, y, x) by layer and filter, and by stimulus."""


def check_filters(study: Study, source: str, population: str, filters: Mapping[str, list[int]]) -> None:
    """Refuse filters that a layer does not have, or that the population leaves out.

    Raises
    ------
    ConfigError
    """
    labels = study.labels.get(source)
    counts = {}
    if labels is not None:
        rows = layer_table_cache.rows(study.config["networks"][source])
        counts = {layer: layer_table.find(rows, labels[layer])[1].channels for layer in filters}
    channels = study.config["populations"][population].get("channels")
    for layer, wanted in filters.items():
        count = counts.get(layer, 1 << 20)
        if max(wanted) >= count:
            raise ConfigError(
                f"filters: expected 0 to {count - 1}, the filters of '{layer}' of '{source}', found "
                f"{max(wanted)}."
            )
        lacking = [one for one in wanted if channels is not None and not covers(channels, layer, one, count)]
        if lacking:
            raise ConfigError(
                f"filters: the population '{population}' does not record filter {min(lacking)} of '{layer}'. "
                f"Add it under populations.{population}.channels."
            )


def draw(
    data,
    style: Style,
    images: int | Sequence[int] | None,
    filters: Mapping[str, list[int]] | None,
    layers: Sequence[str] | None,
) -> tuple:
    """Draw the maps of some filters (columns) for some images of each stimulus (rows).

    Raises
    ------
    DataError
        A stimulus has no such image, the population lacks a filter, or no layer has maps.
    """
    pictures = {stimulus.attrs["stimulus"]: stimulus for stimulus in data["stimuli"]}
    images = images or how_many(len(pictures))
    shown = {name: activation_panels.image_numbers(stimulus, images) for name, stimulus in pictures.items()}
    recordings = activation_panels.by_layer(data["activations"])
    maps: Maps = {}
    for layer in next(iter(recordings.values())):
        of_layer = {name: recordings[name][layer] for name in pictures}
        for name, recording in of_layer.items():
            activation_panels.check_images(pictures[name], recording)
        maps |= maps_of(of_layer, shown, None if filters is None else filters[layer])
    if not maps:
        raise DataError("layers: none of them has more than one position. Choose others.")

    pitch = min((WIDTH - LEFT) / (len(maps) + 1), WIDEST)
    # Of very many images the page grows rather than that they are too small to see.
    height = min(pitch, max(NARROWEST, room(len(shown)) / sum(map(len, shown.values()))))
    bottom = TOP + height * sum(map(len, shown.values())) + BETWEEN * len(shown)
    # Of few filters the page is no wider than they and the words below need.
    fig, axes = page(bottom + BOTTOM, LEFT + pitch + max(pitch * len(maps), WORDS))
    preprocess = data["activations"][0].attrs["preprocess"]
    tops = rows(axes, style, pictures, shown, preprocess, (pitch - GAP, height - GAP))
    for column, ((layer, channel), by_stimulus) in enumerate(maps.items(), start=1):
        left = LEFT + column * pitch
        write(axes, left, 1, captions.shorten(layer, max(6, int(pitch / 1.5))), fontsize=6.5)
        write(axes, left, 5, f"filter {channel}", fontsize=6, color="0.35")
        placed = {
            f"{name}/{image}/{layer}/{channel}": (tops[name, image], values)
            for name, numbers in shown.items()
            for image, values in zip(numbers, by_stimulus[name], strict=True)
        }
        map_column(axes, placed, limits(by_stimulus.values()), left, (pitch - GAP, height - GAP), bottom)
    write(axes, LEFT + pitch, bottom + 5, "activation, a scale for each filter", fontsize=6.5)
    result = Result({}, activation_panels.keys(data["activations"][0]), data_of(pictures, shown, maps))
    return fig, caption(recordings, shown, maps, filters, layers), result


def rows(axes, style: Style, pictures: dict, shown: dict, preprocess: str, size: tuple[float, float]) -> dict:
    """Draw the images as the network saw them, a row each; return where rows begin, by stimulus and image."""
    top, tops = TOP, {}
    height = size[1] + GAP
    for name, images in shown.items():
        row_label(axes, style, name, top, height * len(images) - GAP)
        for image in images:
            pixels = activation_panels.seen(stored_images.image(pictures[name], image), preprocess)
            picture(axes, pixels, LEFT, top, *size, gid=f"{name}/{image}")
            tops[name, image] = top
            top += height
        top += BETWEEN
    write(axes, LEFT, 5, "image", fontsize=6.5)
    return tops


def map_column(
    axes, maps: dict[str, tuple], scale: tuple[float, float], left: float, size: tuple[float, float], bottom
) -> None:
    """Draw the maps of a filter below each other, with their colour scale.

    Parameters
    ----------
    maps : by identifier, where the row begins and the map
    scale : the ends of the colours
    left, bottom : float
        In mm.
    size : the most that a map takes
    """
    low, high = scale
    for gid, (top, values) in maps.items():
        picture(axes, values, left, top, *size, gid=gid, cmap="viridis", vmin=low, vmax=high)
    widest = max(fit(values.shape, *size)[0] for _, values in maps.values())
    colour_scale(axes, left, bottom - 1, max(widest, min(size[0], NARROWEST)), "viridis", low, high, 2)


def room(stimuli: int) -> float:
    """Return how much of a page rows of pictures of so many stimuli can fill, in mm."""
    return PAGE - TOP - BOTTOM - BETWEEN * stimuli


def how_many(stimuli: int) -> int:
    """Return how many images of each stimulus are shown by default: three, or fewer that fit a page."""
    return max(1, min(IMAGES, int(room(stimuli) / NARROWEST / stimuli)))


def maps_of(recordings: dict, shown: dict, channels: list[int] | None) -> Maps:
    """Return the maps of a layer's filters.

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
    activity = {
        name: recording["activation"].isel(image=shown[name]).values for name, recording in recordings.items()
    }
    if channels is None:
        channels = [most_variable(np.concatenate(list(activity.values())), channel)]
    found = {}
    for number in channels:
        units = np.flatnonzero(channel == number)
        if len(units) != height * width:
            raise DataError(
                f"filters: expected all {height * width} positions of filter {number} of '{layer}', found "
                f"{len(units)} in {first.encoding['source']}. Add the filter to the 'channels' of the "
                f"population '{first.attrs['population']}', or use a population with 'kind: all'."
            )
        order = units[np.lexsort((x[units], y[units]))]
        found[layer, number] = {
            name: values[:, order].reshape(-1, height, width) for name, values in activity.items()
        }
    return found


def most_variable(activity: np.ndarray, channel: np.ndarray) -> int:
    """Return the channel of the largest variance over images and positions.

    Parameters
    ----------
    activity : array (image, unit)
    channel : array of int (unit,)
        Ascending.
    """
    activity = activity.astype(float)
    starts = np.flatnonzero(np.diff(channel, prepend=-1))
    count = np.diff(starts, append=len(channel)) * len(activity)
    mean = np.add.reduceat(activity, starts, axis=1).sum(0) / count
    variance = np.add.reduceat(activity**2, starts, axis=1).sum(0) / count - mean**2
    return int(channel[starts[np.argmax(variance)]])


def limits(maps) -> tuple[float, float]:
    """Return the limits of a filter's colour scale: all values, and 0 if they are all above."""
    low, high = min(float(m.min()) for m in maps), max(float(m.max()) for m in maps)
    low = min(low, 0.0)
    return (low, high) if high > low else (low, low + 1)


def data_of(pictures: dict, shown: dict, maps: Maps) -> dict:
    """Describe the maps of each layer as a group of the figure's file."""
    layers: dict[str, list[int]] = {}
    for layer, channel in maps:
        layers.setdefault(layer, []).append(channel)
    groups, labels = {}, activation_panels.rows(pictures, shown)
    for layer, channels in layers.items():
        values = [np.concatenate([maps[layer, channel][name] for name in shown]) for channel in channels]
        limit = np.array([limits(maps[layer, channel].values()) for channel in channels])
        variables = {
            "activation": activation_panels.variable(
                ("filter", "row", "y", "x"), np.array(values), "activation", labels
            ),
            "low": (("filter",), limit[:, 0], {"long_name": "activation at which colours begin"}),
            "high": (("filter",), limit[:, 1], {"long_name": "activation at which colours end"}),
            "filter": (("filter",), np.array(channels, np.int32)),
            **labels,
        }
        groups[layer] = variables, {"layer": layer}
    return groups


def caption(recordings: dict, shown: dict, maps: Maps, filters, layers) -> str:
    """Say what was measured and how."""
    first = next(iter(next(iter(recordings.values())).values())).attrs
    sizes = {layer: next(iter(found.values())).shape[1:] for (layer, _), found in maps.items()}
    shapes = captions.listing(f"{captions.escape(layer)}: {w} × {h}" for layer, (h, w) in sizes.items())
    text = [
        f"Activation maps of {captions.plural(len(maps), 'filter', 'filters')} (columns) of "
        f"{captions.escape(first['source'])} for images of "
        f"{captions.plural(len(shown), 'stimulus', 'stimuli')} (rows), with width × height of the maps: "
        f"{shapes}.",
        "At the left: the part of each image that the network was shown.",
        f"Of {captions.recorded(first['population'], first['selected'])}, in "
        f"{'evenly spaced layers' if layers is None else 'each layer'} the filter whose activation varies "
        "most over the positions and images shown (largest SD) is drawn."
        if filters is None
        else "",
        "Colours: activation, not normalised, on one scale for each filter. They can be compared between "
        "images and stimuli, not between filters.",
    ]
    return " ".join(filter(None, text))

"""What figures of single images, units and filters have in common: what they read, and pictures beside it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.evenly_spaced import evenly_spaced
from repscape.core.labels import check_equal
from repscape.figures.lib import captions
from repscape.figures.lib.axes import plain_ticks
from repscape.figures.lib.millimetre_page import inset, picture, write
from repscape.figures.lib.style import RAMP, along, printable
from repscape.io import stored_images
from repscape.plugin import registry
from repscape.study.study import Study

NUMBER = "number of the image in its stimulus, from 0"
MEAN = "activation of a filter, mean over positions"
# How many evenly spaced images, or which, counted from 0.
Images = (
    Annotated[int, Field(ge=1, le=6)]
    | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=6)]
)


def population(
    study: Study,
    wanted: str | None,
    records: Sequence[str],
    what: str,
    example: str,
    whole: bool = False,
) -> str:
    """Return the population that is asked for, or the one of the study that does best.

    Parameters
    ----------
    study : Study
    wanted : str or None
    records : what the populations that will do record (see the contract), the best first
    what : str
        What these record, for the message: ``"filter means"``.
    example : str
        A population to add, as in the config.
    whole : bool
        Whether maps of some channels alone will not do.

    Raises
    ------
    ConfigError
        The population is unknown or records something else, or there is none that will do.
    """
    sections = study.config["populations"]
    kinds = {
        name: registry.find("populations", section["kind"]).records for name, section in sections.items()
    }
    some_maps = {name for name in kinds if kinds[name] == "maps" and sections[name].get("channels")}
    valid = [name for name in kinds if kinds[name] in records and not (whole and name in some_maps)]

    def rank(name):
        section = sections[name]  # one of some channels goes behind one of all, but for what maps take
        some = bool(section.get("channels")) != (records[0] == "maps")
        return records.index(kinds[name]), some, -section.get("units", 0)

    valid.sort(key=rank)
    if wanted is not None and wanted not in sections:
        raise ConfigError(f"population: {unknown(wanted, sections)}")
    if wanted is None and valid:
        return valid[0]
    if wanted is None or wanted not in valid:
        found = (
            "no population of the study records"
            if wanted is None
            else f"'{wanted}' (kind: {sections[wanted]['kind']}) does not record"
        )
        hint = f"Choose {captions.listing(valid)}" if valid else f"Add one under 'populations': {example}"
        raise ConfigError(f"population: {found} {what}. {hint}.")
    return wanted


def activations(study: Study, source: str, stimuli, population: str, layers) -> list[str]:
    """Name the files of activations, layer by layer for each stimulus."""
    return [
        study.path("activations", source=source, stimulus=stimulus, population=population, layer=layer)
        for stimulus in stimuli
        for layer in layers
    ]


def by_layer(datasets: Iterable) -> dict:
    """Arrange opened activations: {stimulus: {layer: Dataset}}, layers from input to output."""
    found: dict[str, dict] = {}
    for dataset in sorted(datasets, key=lambda dataset: int(dataset.attrs["order"])):
        found.setdefault(dataset.attrs["stimulus"], {})[dataset.attrs["layer"]] = dataset
    return found


def image_numbers(stimulus, images: int | Sequence[int]) -> list[int]:
    """Return the numbers of images of a stimulus: of evenly spaced ones, or those listed.

    Raises
    ------
    DataError
        The stimulus has no such image.
    """
    count = stimulus.sizes["image"]
    if isinstance(images, int):
        return evenly_spaced(count, images)
    if max(images) >= count:
        raise DataError(
            f"images: expected 0 to {count - 1}, the images of the stimulus "
            f"'{stimulus.attrs['stimulus']}', found {max(images)}."
        )
    return list(dict.fromkeys(images))


def check_images(stimulus, recording) -> None:
    """Refuse activations that are not those of the images of a stimulus."""
    (names, path), (others, other_path) = (
        (dataset["name"].values, dataset.encoding["source"]) for dataset in (stimulus, recording)
    )
    check_equal("image", names, path, others, other_path)


def keys(recording, *names: str) -> dict:
    """Return attributes of a recording that say what a figure shows, for the figure's file."""
    return {name: recording.attrs[name] for name in ("source", *names, "population", "selected")}


def variable(dims: tuple[str, ...], values, words: str, labels: Iterable[str] = ()) -> tuple:
    """Describe numbers as a variable of a figure's file, with the names of what labels them.

    They have no unit, or that of the layer.
    """
    attributes = {"long_name": words, "units": "1"}
    labels = [name for name in labels if name not in dims]
    return dims, values, attributes | ({"coordinates": " ".join(labels)} if labels else {})


def labels(stimulus, images: Sequence[int]) -> dict:
    """Label images of one stimulus as variables (image) of a figure's file."""
    found = {"image": (("image",), np.array(images, np.int32), {"long_name": NUMBER})}
    for name in ("name", "time"):
        if name in stimulus:
            found[name] = (("image",), stimulus[name].values[images], dict(stimulus[name].attrs))
    return found


def rows(recordings: Mapping, images: Mapping[str, Sequence[int]]) -> dict:
    """Label images of several stimuli, one below the other, as variables (row) of a figure's file."""
    counts = [len(images[name]) for name in recordings]
    names = [recording["name"].values[images[name]] for name, recording in recordings.items()]
    numbers = np.concatenate([np.asarray(images[name], np.int32) for name in recordings])
    return {
        "stimulus": (("row",), np.repeat(np.array(list(recordings), object), counts)),
        "image": (("row",), numbers, {"long_name": NUMBER}),
        "name": (("row",), np.concatenate(names)),
    }


def title(stimulus, image: int) -> str:
    """Name an image: by its time in the movie, or its name; by its number where no font has that."""
    if "time" in stimulus:
        return f"{float(stimulus['time'][image]):.2f} s"
    name = str(stimulus["name"].values[image])
    return name if printable(name) else f"image {image}"


def titles(stimulus, images: Iterable[int]) -> str:
    """Name the images for a caption."""
    return captions.listing(captions.escape(title(stimulus, image)) for image in images)


def parts(recording) -> str:
    """Say what the filter means of a layer are of: filters, or units where it has one position."""
    return "units" if int(recording.attrs["positions"]) == 1 else "filters"


def single_units(recordings: Iterable) -> str:
    """Say for a caption in which layers a filter mean is a single unit."""
    names = [recording.attrs["layer"] for recording in recordings if parts(recording) == "units"]
    has = "has one position, where" if len(names) == 1 else "have one position, where"
    return (
        f"{captions.listing(map(captions.escape, names))} {has} a filter is a single unit." if names else ""
    )


def image_colours(count: int) -> tuple[str, ...]:
    """Give images colours from dark to light, unlike those of stimuli."""
    return along(RAMP[:9], count)


def thumbnail(axes, stimulus, image: int, left: float, top: float, width: float, height: float) -> None:
    """Draw an image of a stimulus on a page, as large as there is room, by its middle."""
    pixels = stored_images.image(stimulus, image)
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    across, down = pixels.shape[1] * scale, pixels.shape[0] * scale
    gid = f"{stimulus.attrs['stimulus']}/{image}"
    picture(axes, pixels, left + (width - across) / 2, top + (height - down) / 2, across, down, gid=gid)


def bar_strip(axes, place: tuple[float, float, float, float], values, colour, limits, gid: str):
    """Draw bars in a strip of the page, at left, top, width and height in mm; return its axes."""
    panel = inset(axes, *place)
    panel.stairs(values, fill=True, color=colour, linewidth=0, baseline=0, gid=gid)
    panel.axhline(0, color="0.35", linewidth=0.4)
    panel.set(xlim=(0, len(values)), ylim=limits)
    panel.spines["bottom"].set_visible(False)
    panel.set_xticks([])
    plain_ticks(panel.yaxis)
    return panel


def key(axes, stimulus, images: Sequence[int], top: float, left: float, pitch: float, side: float) -> None:
    """Draw images side by side as a legend, each with its colour, letter and name beneath."""
    for index, (image, colour) in enumerate(zip(images, image_colours(len(images)), strict=True)):
        at = left + index * pitch
        thumbnail(axes, stimulus, image, at, top, side, side)
        axes.plot([at, at + side], [top + side + 1] * 2, color=colour, linewidth=2, solid_capstyle="butt")
        name = captions.shorten(title(stimulus, image), int(pitch / 1.3))
        write(axes, at, top + side + 2, name, fontsize=6)


def seen(pixels: np.ndarray, preprocess: str) -> np.ndarray:
    """Cut out of an image (y, x, …) what a network with this preprocessing (json) is shown of it."""
    steps = json.loads(preprocess)
    resize, crop = steps["resize"], steps["crop"]
    if crop is None or steps.get("border"):
        return pixels
    size = np.array(pixels.shape[:2], float)
    resized = size if resize is None else size / size.min() * resize if isinstance(resize, int) else resize
    kept = np.minimum(1, np.broadcast_to(crop, 2) / np.asarray(resized))
    edge = np.rint(size * (1 - kept) / 2).astype(int)
    return pixels[edge[0] : pixels.shape[0] - edge[0], edge[1] : pixels.shape[1] - edge[1]]

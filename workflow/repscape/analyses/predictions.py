"""What a network takes each image for: its most probable classes."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.labels import check_equal
from repscape.study.study import Study

TABLE = True
LAYER = "predictions"
FEWEST = 1000  # a random population of fewer units is not taken for one that has all classes

Count = Annotated[int, Field(ge=1)]


def inputs(study: Study, *, top: Count = 5, population: str | None = None) -> dict:
    """Name the activations of the `predictions` layer of every network that records it.

    Raises
    ------
    ConfigError
        No network records the layer; the population is unknown or none can have all units.
    """
    sources = [source for source, layers in study.layers.items() if LAYER in layers]
    if not sources:
        raise ConfigError(
            f"analyses.predictions: no network records its layer '{LAYER}'. Add it to the 'layers' of a "
            "network that classifies."
        )
    if population is not None and population not in study.config["populations"]:
        raise ConfigError(
            f"analyses.predictions.population: {unknown(population, study.config['populations'])}"
        )
    by_source = {source: population or _population(study, source) for source in sources}
    return {
        "activations": [
            study.path(
                "activations", source=source, stimulus=stimulus, population=by_source[source], layer=LAYER
            )
            for source in sources
            for stimulus in study.stimuli_of(source)
        ],
        "layers": [study.path("layers", source=source) for source in sources],
    }


def _population(study: Study, source: str) -> str:
    """Find a population that has all units of a small layer; one that is sampled is recorded anyway."""
    sections = study.config["populations"]
    # One position: the mean over positions is the unit itself.
    whole = {
        name: float("inf")
        for name, section in sections.items()
        if section["select"] == "all"
        or (section["select"] == "filter_means" and section.get("channels") is None)
    }
    drawn = {name: sections[name]["units"] for name in sections if sections[name]["select"] == "random"}
    sizes = {name: size for name, size in (whole | drawn).items() if size >= FEWEST}
    if not sizes:
        raise ConfigError(
            f"analyses.predictions: no population records all units of the layer '{LAYER}'. Add one, for "
            "example {filter_means: {select: filter_means}}, or name it with the key 'population'."
        )
    return max(sizes, key=lambda name: (name in study.samples_of(source), sizes[name]))


def compute(files: dict, *, top: Count = 5, population: str | None = None) -> Result:
    """Rank the classes of each image by probability.

    Parameters
    ----------
    files : ``{"activations": paths, "layers": paths}``
    top : int
        How many classes to keep.
    population : str, optional
        One that has all units of the layer; by default one is found.

    Returns
    -------
    Result
        ``label`` str and ``probability`` float64 (source, stimulus, image, rank); ``name``
        (stimulus, image). Stimuli with fewer images end in empty text and NaN,
        as do those that a network is not shown. Without known
        categories a class goes by its number.

    Raises
    ------
    DataError
        The population lacks units of the layer; two networks saw different images.
    """
    from repscape.io import netcdf

    categories, units = {}, {}
    for path in files["layers"]:
        with netcdf.open_file(path, "layers") as table:
            units[table.network] = int(table["units"][:][list(table["layer"][:]).index(LAYER)])
            if "category" in table.variables:
                categories[table.network] = table["category"][:].astype(str)

    ranked: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    names: dict[str, tuple] = {}
    for path in files["activations"]:
        with netcdf.open_file(path, "activations") as file:
            source, stimulus = file.source, file.stimulus
            if len(file.dimensions["unit"]) < units[source]:
                raise DataError(
                    f"{path}: expected all {units[source]} units of the layer '{LAYER}', found "
                    f"{len(file.dimensions['unit'])}. Set analyses.predictions.population to a population "
                    "that records all of them (filter_means, all, or random with as many units)."
                )
            probability = file["activation"][:].astype(np.float64)
            images = file["name"][:].astype(str)
        other, other_path = names.setdefault(stimulus, (images, path))
        check_equal("image", other, other_path, images, path)
        rank = np.argsort(-probability, axis=1, kind="stable")[:, :top]
        classes = categories.get(source, np.arange(units[source]).astype(str))
        ranked[source, stimulus] = classes[rank], np.take_along_axis(probability, rank, axis=1)

    sources = list(dict.fromkeys(source for source, _ in ranked))
    most = max(len(images) for images, _ in names.values())
    shape = (len(sources), len(names), most, min(top, max(units.values())))
    label = np.full(shape, "", object)
    probability = np.full(shape, np.nan)
    name = np.full((len(names), most), "", object)
    for at, (stimulus, (images, _)) in enumerate(names.items()):
        name[at, : len(images)] = images
        for network, source in enumerate(sources):
            if (source, stimulus) not in ranked:  # not shown to this network
                continue
            labels, probabilities = ranked[source, stimulus]
            here = network, at, slice(len(images)), slice(labels.shape[1])
            label[here], probability[here] = labels, probabilities
    dims = ("source", "stimulus", "image", "rank")
    return Result(
        variables={
            "label": (dims, label),
            "probability": (dims, probability),
            "name": (dims[1:3], name),
            "source": (dims[:1], sources),
            "stimulus": (dims[1:2], list(names)),
            "rank": (dims[3:], np.arange(1, shape[3] + 1, dtype=np.int32)),
        }
    )


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table: a class of an image each."""
    sources, stimuli, ranks = (variables[dim][1] for dim in ("source", "stimulus", "rank"))
    label, probability, name = (variables[key][1] for key in ("label", "probability", "name"))
    yield ("source", "stimulus", "image", "rank", "label", "probability")
    for source, stimulus, image, rank in np.ndindex(label.shape):
        if not np.isnan(probability[source, stimulus, image, rank]):
            yield (
                sources[source],
                stimuli[stimulus],
                name[stimulus, image],
                int(ranks[rank]),
                label[source, stimulus, image, rank],
                float(probability[source, stimulus, image, rank]),
            )

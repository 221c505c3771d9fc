"""The class that a network gives each image: the most probable ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.result import Result, long_table
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.labels import check_equal
from repscape.plugin import schema
from repscape.plugin.contract import Analysis, parameter
from repscape.study.defaults import PREDICTIONS, classifiers
from repscape.study.study import Study

FEWEST = 1000  # a population of fewer units is not taken for one that has all classes
MANY = 100_000  # more classes than networks have


class Classified(NamedTuple):
    """The images of a stimulus (image,), their classes and probabilities (image, rank), by a network."""

    source: str
    stimulus: str
    names: np.ndarray
    label: np.ndarray
    probability: np.ndarray


class Predictions(Analysis):
    """The most probable classes of each image, by a network."""

    top: int = parameter("How many of the most probable classes are kept for each image.", 5, ge=1)
    population: str | None = parameter(
        "A population with all units of the layer `predictions`. By default the first suitable one.", None
    )

    def inputs(self, study: Study) -> dict:
        """Name the activations of the `predictions` layer of every network that records it.

        Raises
        ------
        ConfigError
            No network records the layer; the population is unknown or none can have all units.
        """
        sources = classifiers(study, "analyses.predictions")
        populations = study.config["populations"]
        if self.population is not None and self.population not in populations:
            raise ConfigError(f"analyses.predictions.population: {unknown(self.population, populations)}")
        return {
            "activations": [
                study.path(
                    "activations", source=source, stimulus=stimulus, population=population, layer=PREDICTIONS
                )
                for source in sources
                for population in [self.population or _population(study, source)]
                for stimulus in study.stimuli_of(source)
            ],
            "layers": [study.path("layers", source=source) for source in sources],
        }

    def compute(self, files: Mapping) -> Result:
        """Rank the classes of each image by probability.

        Parameters
        ----------
        files : ``{"activations": paths, "layers": paths}``

        Returns
        -------
        Result
            ``label`` str and ``probability`` float64 (source, stimulus, image, rank); ``name`` (stimulus,
            image). Stimuli with fewer images end in empty text and NaN, as do those that a network is not
            shown. Without known categories the label of a class is its number.

        Raises
        ------
        DataError
            The population lacks units of the layer; two networks saw different images.
        """
        classes = dict(map(_classes, files["layers"]))
        found: list[Classified] = []
        first: dict[str, tuple] = {}
        for path in files["activations"]:
            own = _classify(path, classes, self.top)
            names, named_by = first.setdefault(own.stimulus, (own.names, path))
            check_equal("image", names, named_by, own.names, path)
            found.append(own)
        return Result(_arranged(found))

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a class of an image each."""
        variables = result.variables | {"image": result.variables["name"]}
        dims, probability = variables["probability"]
        return long_table(variables, dims, (*dims, "label", "probability"), ~np.isnan(probability))


def _classes(path) -> tuple[str, np.ndarray]:
    """Return a network and its classes, str (class,), from its table of layers."""
    from repscape.io import netcdf

    with netcdf.open_file(path, "layers") as table:
        if "category" in table.variables:
            return table.network, table["category"][:].astype(str)
        units = int(table["units"][:][list(table["layer"][:]).index(PREDICTIONS)])
        return table.network, np.arange(units).astype(str)


def _classify(path, classes: Mapping[str, np.ndarray], top: int) -> Classified:
    """Rank the classes of a stimulus's images.

    Raises
    ------
    DataError
        The file lacks units of the layer.
    """
    from repscape.io import netcdf

    with netcdf.open_file(path, "activations") as file:
        own = classes[file.source]
        if len(file.dimensions["unit"]) < len(own):
            raise DataError(
                f"{path}: expected all {len(own)} units of the layer '{PREDICTIONS}', found "
                f"{len(file.dimensions['unit'])}. Set analyses.predictions.population to a population that "
                "records all (filter_means, all, or random with as many units)."
            )
        probability = file["activation"][:].astype(np.float64)
        rank = np.argsort(-probability, axis=1, kind="stable")[:, :top]
        probability = np.take_along_axis(probability, rank, axis=1)
        return Classified(file.source, file.stimulus, file["name"][:].astype(str), own[rank], probability)


def _arranged(found: Sequence[Classified]) -> dict[str, tuple]:
    """Return the variables of the result, as `Predictions.compute` has them."""
    names = {own.stimulus: own.names for own in found}
    sources, stimuli = list(dict.fromkeys(own.source for own in found)), list(names)
    ranks = max(own.label.shape[1] for own in found)
    shape = (len(sources), len(stimuli), max(map(len, names.values())), ranks)
    label, probability = np.full(shape, "", object), np.full(shape, np.nan)
    name = np.full(shape[1:3], "", object)
    for own in found:
        source, stimulus = sources.index(own.source), stimuli.index(own.stimulus)
        images, count = own.label.shape
        label[source, stimulus, :images, :count] = own.label
        probability[source, stimulus, :images, :count] = own.probability
        name[stimulus, :images] = own.names
    dims = ("source", "stimulus", "image", "rank")
    return {
        "label": (dims, label),
        "probability": (dims, probability),
        "name": (dims[1:3], name),
        "source": (dims[:1], sources),
        "stimulus": (dims[1:2], stimuli),
        "rank": (dims[3:], np.arange(1, ranks + 1, dtype=np.int32)),
    }


def _population(study: Study, source: str) -> str:
    """Find a population that has all units of a small layer; one that is sampled is recorded anyway."""
    sections = study.config["populations"]
    plugins = {name: schema.make("populations", section) for name, section in sections.items()}
    # One position: the mean over positions is the unit itself.
    sizes = {name: one.estimated_units(PREDICTIONS, MANY, MANY) for name, one in plugins.items()}
    sizes = {name: size for name, size in sizes.items() if size >= FEWEST}
    if not sizes:
        raise ConfigError(
            f"analyses.predictions: no population records all units of the layer '{PREDICTIONS}'. Add one, "
            "for example {filter_means: {kind: filter_means}}, or name it with the key 'population'."
        )
    drawn = {name: "seed" in one.parameters for name, one in plugins.items()}
    return max(sizes, key=lambda name: (name in study.samples_of(source), sizes[name], not drawn[name]))

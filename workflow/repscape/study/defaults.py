"""What an analysis or a figure may be asked for: checked when the plan is made, found again in the data."""

from collections.abc import Iterable

from repscape.core.errors import ConfigError, unknown
from repscape.study.study import Study

PREDICTIONS = "predictions"  # the layer of a network's probabilities


def one_or_default(name: str | None, valid: Iterable[str], key: str) -> str:
    """Return `name` if it is valid, the first valid name if it is None.

    Raises
    ------
    ConfigError
        The name is unknown; the message names the key and lists the valid names.
    """
    valid = list(map(str, valid))
    if name is None and valid:
        return valid[0]
    if str(name) not in valid:
        raise ConfigError(f"{key}: {unknown(str(name), valid)}")
    return str(name)


def many_or_all(names: Iterable | None, valid: Iterable[str], key: str) -> list[str]:
    """Return `names` as text if all are valid, every valid name if None; like `one_or_default`."""
    valid = list(map(str, valid))
    if names is None:
        return valid
    chosen = list(dict.fromkeys(one_or_default(str(name), valid, key) for name in names))
    if not chosen:
        raise ConfigError(
            f"{key}: the list is empty. Leave the key out for all, or choose from {', '.join(valid)}."
        )
    return chosen


def layers_of(study: Study, source: str, names: Iterable | None, key: str = "layers") -> list[str]:
    """Return layers of a source, like `many_or_all`; the message names the source, often the default one."""
    try:
        return many_or_all(names, study.layers[source], key)
    except ConfigError as error:
        raise ConfigError(
            f"{error} These are layers of '{source}'; the key 'source' chooses another."
        ) from None


def classifiers(study: Study, key: str) -> list[str]:
    """Return the sources that record the layer of a network's probabilities.

    Raises
    ------
    ConfigError
        None does; it names the key.
    """
    found = [source for source, layers in study.layers.items() if PREDICTIONS in layers]
    if not found:
        raise ConfigError(
            f"{key}: no network records its layer '{PREDICTIONS}'. Add it to the 'layers' of a network that "
            "classifies."
        )
    return found


def population_or_default(samples: dict[str, tuple[str, ...]], population: str | None) -> str:
    """Return a population of the study; by default the first that is sampled by size."""
    by_size = [name for name, sizes in samples.items() if tuple(sizes) != ("all",)]
    return one_or_default(
        population, [*by_size, *(name for name in samples if name not in by_size)], "population"
    )


def metric_population_sizes(
    study: Study, *, metric: str | None, population: str | None, sizes: Iterable | None
) -> tuple[str, str, list[str]]:
    """Check metric, population and sizes against the study and return those meant."""
    population = population_or_default(study.samples, population)
    return (
        one_or_default(metric, study.metrics, "metric"),
        population,
        many_or_all(sizes, study.samples[population], "sizes"),
    )


def size_or_default(samples: dict[str, tuple[str, ...]], population: str | None, size) -> tuple[str, str]:
    """Return a population and one of its sizes; by default the first sampled by size, and the largest."""
    population = population_or_default(samples, population)
    return population, one_or_default(
        samples[population][-1] if size is None else size, samples[population], "size"
    )


def sampled_sizes(table) -> dict[str, tuple[str, ...]]:
    """Return the populations that some source of an analysis was sampled of, and for each its sizes."""
    sampled = table["n_drawn"] > 0
    sampled = sampled.any([dim for dim in sampled.dims if dim not in ("population", "size")])
    return {
        str(name): tuple(
            str(size) for size in sampled["size"].values if sampled.sel(population=name, size=size)
        )
        for name in sampled["population"].values
        if sampled.sel(population=name).any()
    }


def analysis_file(study: Study, name: str | None, plugin: str) -> str:
    """Return the path of an analysis made by a plugin; by default the one of the plugin's name.

    Raises
    ------
    ConfigError
        No analysis of that name is made by the plugin.
    """
    return study.path(
        "analysis", analysis=one_or_default(name or plugin, analyses_of(study, plugin), "analysis")
    )


def analyses_of(study: Study, plugin: str) -> list[str]:
    """Name the analyses that a plugin makes."""
    return [name for name, section in study.config["analyses"].items() if section.get("kind") == plugin]

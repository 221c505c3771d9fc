"""Population files: for each layer the units that are recorded."""

import inspect
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.io import netcdf
from repscape.plugin import registry
from repscape.populations.lib.layer import Layer, Selection


def write(
    path,
    layers: Iterable[Layer],
    *,
    section: Mapping,
    files: Mapping[str, Path | list[Path]],
    source: str,
    population: str,
    network: Path | None = None,
    simulated: int | None = None,
) -> None:
    """Select units of each layer and write them, a group a layer.

    Layers with fewer units than requested are named in one warning.

    Parameters
    ----------
    path : str or Path
    layers : iterable of Layer
    section : mapping
        The validated section of the config: the plugin (``select``) and its keys.
    files : mapping of parameter to path or list of paths
        The files of the study that stand for names in the section (see `schema.made_arguments`).
    source, population : str
        The names of the network and of the population.
    network : path, optional
        The frozen network, where the plugin has `measure`: a function that takes it, the layers and
        some of the plugin's parameters, and returns for each layer's label what `select` then takes
        after the layer.
    simulated : int, optional
        1 where the units are simulated neurons.
    """
    from repscape.plugin import schema  # which reading needs not

    plugin = registry.find("populations", section["select"], "populations")
    function, layers = plugin.select, list(layers)
    arguments = {**schema.arguments(function, section), **files}
    parameters = {key: value for key, value in section.items() if key not in ("select", "seed")}
    attributes = {
        "source": source,
        "population": population,
        "select": section["select"],
        "parameters": json.dumps(parameters, sort_keys=True),
        "seed": section.get("seed", 0),
        "simulated": simulated,
        **{f"{name}_sha256": _checksums(paths) for name, paths in files.items()},
    }
    measured = {}
    if network is not None:
        taken = inspect.signature(plugin.measure).parameters.keys() & arguments.keys()
        measured = plugin.measure(network, layers, **{name: arguments[name] for name in taken})
    smaller = []
    with netcdf.create(path, kind="population", attributes=attributes) as dataset:
        for layer in layers:
            found = [measured[layer.label]] if network is not None else []
            selection = function(layer, *found, **arguments)
            group = dataset.createGroup(layer.label)
            netcdf.add_variable(group, "unit", ("unit",), selection.unit)
            if selection.rank is not None:
                netcdf.add_variable(group, "rank", ("unit",), selection.rank)
            counts = {"n_requested": selection.requested, "n_recorded": len(selection.unit)}
            shape = {"channels": layer.channels, "height": layer.height, "width": layer.width}
            known = {"statistic": selection.statistic, "layer": layer.known_as or layer.label}
            netcdf.set_attributes(group, counts | known | shape)
            if len(selection.unit) < selection.requested:
                smaller.append(f"{layer.label} ({len(selection.unit)})")
    if smaller:
        logger.info(
            "population %s of %s: fewer units than the %d requested, all of them are recorded: %s",
            population,
            source,
            selection.requested,
            ", ".join(smaller),
        )


def read(dataset, label: str) -> Selection:
    """Read the selection of a layer from an open population file.

    Raises
    ------
    DataError
        The file has no such layer.
    """
    if label not in dataset.groups:
        raise DataError(
            f"{dataset.filepath()}: expected a group for layer {label}, found "
            f"{', '.join(dataset.groups) or 'none'}. Delete the file and run again."
        )
    group = dataset[label]
    return Selection(group["unit"][:], group.statistic, int(group.n_requested))


def known_as(dataset, label: str) -> str:
    """Return the label, in the network's table, of a layer of an open population file."""
    return dataset[label].layer


def _checksums(stimuli: Path | list[Path]) -> list[str]:
    """Return the sha256 of the pixels of stimuli."""
    found = []
    for path in stimuli if isinstance(stimuli, list) else [stimuli]:
        with netcdf.open_file(path, "stimulus", rows=range(0)) as stimulus:
            found.append(stimulus.sha256)
    return found

"""Population files: for each layer the units that are recorded."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from repscape.core.errors import DataError, unknown
from repscape.core.logs import logger
from repscape.io import netcdf
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
        The validated section of the config: the plugin (``kind``) and its keys.
    files : mapping of parameter to path or list of paths
        The files of the study that stand for names in the section (see `schema.made_arguments`).
    source, population : str
        The names of the network and of the population.
    network : path, optional
        The frozen network, where the plugin has `measure`.
    simulated : int, optional
        1 where the units are simulated neurons.
    """
    from repscape.plugin import schema  # which reading needs not

    plugin, layers = schema.make("populations", {**section, **files}), list(layers)
    parameters = {key: value for key, value in section.items() if key not in (schema.KIND, "seed")}
    attributes = {
        "source": source,
        "population": population,
        "plugin": section[schema.KIND],
        "parameters": json.dumps(parameters, sort_keys=True),
        "seed": section.get("seed", 0),
        "simulated": simulated,
        **{f"{name}_sha256": _checksums(paths) for name, paths in files.items()},
    }
    measured = {}
    if network is not None:
        measured = plugin.measure(network, layers)
    smaller = []
    with netcdf.create(path, kind="population", attributes=attributes) as dataset:
        for layer in layers:
            selection = plugin.select(layer._replace(measured=measured.get(layer.label)))
            check(selection, layer, section[schema.KIND])
            group = dataset.createGroup(layer.label)
            netcdf.add_variable(group, "unit", ("unit",), selection.unit)
            if selection.rank is not None:
                netcdf.add_variable(group, "rank", ("unit",), selection.rank)
            counts = {"n_requested": selection.requested, "n_recorded": len(selection.unit)}
            shape = {"channels": layer.channels, "height": layer.height, "width": layer.width}
            known = {"statistic": selection.statistic, "layer": layer.layer_label or layer.label}
            netcdf.set_attributes(group, counts | known | shape)
            if len(selection.unit) < selection.requested:
                smaller.append(f"{layer.label} ({len(selection.unit)})")
    if smaller:
        logger.info(
            "population %s of %s: these layers have fewer than the %d units requested, and all are "
            "recorded: %s",
            population,
            source,
            selection.requested,
            ", ".join(smaller),
        )


def check(selection: Selection, layer: Layer, kind: str) -> None:
    """Refuse what a plugin selected, if it is no `Selection` of units of the layer.

    Raises
    ------
    DataError
    """
    where = f"population '{kind}', layer {layer.label}"
    if not isinstance(selection, Selection):
        raise DataError(
            f"{where}: expected a Selection, found {type(selection).__name__}. Correct the plugin."
        )
    sizes = {
        "unit": layer.units,
        "channel_mean": layer.channels,
        "position_mean": layer.height * layer.width,
    }
    if selection.statistic not in sizes:
        raise DataError(f"{where}: statistic: {unknown(selection.statistic, sizes)} Correct the plugin.")
    unit, size = np.asarray(selection.unit), sizes[selection.statistic]
    whole = unit.ndim == 1 and len(unit) and unit.dtype.kind in "iu"
    if not whole or unit[0] < 0 or unit[-1] >= size or (np.diff(unit.astype(np.int64)) <= 0).any():
        raise DataError(
            f"{where}: expected whole numbers from 0 to {size - 1} in ascending order, each once, found "
            f"{unit.dtype} {np.array2string(unit, threshold=6, edgeitems=2)}. Correct the plugin."
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


def layer_label(dataset, label: str) -> str:
    """Return the label, in the network's table, of a layer of an open population file."""
    return dataset[label].layer


def _checksums(stimuli: Path | list[Path]) -> list[str]:
    """Return the sha256 of the pixels of stimuli."""
    found = []
    for path in stimuli if isinstance(stimuli, list) else [stimuli]:
        with netcdf.open_file(path, "stimulus", rows=range(0)) as stimulus:
            found.append(stimulus.sha256)
    return found

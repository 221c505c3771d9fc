"""Samples of the recorded units: drawn without replacement, with repeats, or the first by rank."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.core.seeds import derive

Draw = Literal["random", "equal", "ranked"]
Size = int | Literal["all"]


def draw(units: np.ndarray, size: Size, repeats: int, seed: int) -> np.ndarray:
    """Draw units uniformly without replacement.

    Each repeat is drawn independently; a draw with more repeats begins with those of a draw with
    fewer. Where `size` reaches the number of units, or is ``"all"``, there is one draw: all units.

    Parameters
    ----------
    units : int array (unit,)
        The recorded units, as flat indices in the layer.
    size : int or "all"
    repeats : int
    seed : int

    Returns
    -------
    int32 array (repeat, draw)
        In the order of `units` within a draw.
    """
    units = np.asarray(units, dtype=np.int32)
    if size == "all" or size >= len(units):
        return units[np.newaxis]
    generator = np.random.default_rng(seed)
    chosen = [generator.choice(len(units), size, replace=False, shuffle=False) for _ in range(repeats)]
    return units[np.sort(chosen, axis=1)]


def draw_equal(units: np.ndarray, channel: np.ndarray, size: Size, repeats: int, seed: int) -> np.ndarray:
    """Draw equally many units from each channel, uniformly without replacement within a channel.

    Channels with fewer recorded units than their share give all they have, and the others make up
    for them. The remainder of the division goes to one channel each, in an order drawn anew for
    each repeat; fewer units than channels leave channels without any.

    Parameters
    ----------
    units, size, repeats, seed : as in `draw`
    channel : int array (unit,)
        The channel of each recorded unit.

    Returns
    -------
    int32 array (repeat, draw)
        In the order of `units` within a draw.
    """
    units = np.asarray(units, dtype=np.int32)
    if size == "all" or size >= len(units):
        return units[np.newaxis]
    generator = np.random.default_rng(seed)
    _, channel, available = np.unique(channel, return_inverse=True, return_counts=True)
    return units[[_equal(generator, channel, available, size) for _ in range(repeats)]]


def _equal(generator, channel: np.ndarray, available: np.ndarray, size: int) -> np.ndarray:
    """Return the indices of one draw, ascending."""
    level = 0  # as many from each channel as all of them can give without exceeding the size
    while np.minimum(available, level + 1).sum() <= size:
        level += 1
    wanted = np.minimum(available, level)
    order = generator.permutation(len(available))
    more = order[available[order] > level][: size - wanted.sum()]
    wanted[more] += 1
    # In a random order of all units, the first ones of each channel are a draw from it.
    shuffled = generator.permutation(len(channel))
    shuffled = shuffled[np.argsort(channel[shuffled], kind="stable")]
    rank_in_channel = np.arange(len(channel)) - np.repeat(np.cumsum(available) - available, available)
    return np.sort(shuffled[rank_in_channel < np.repeat(wanted, available)])


def first(units: np.ndarray, rank: np.ndarray, size: Size) -> np.ndarray:
    """Take the first units in order of rank: a larger size has all units of a smaller one.

    Parameters
    ----------
    units, size : as in `draw`
    rank : int array (unit,)
        0 for the first.

    Returns
    -------
    int32 array (1, draw)
        In the order of `units`.
    """
    units = np.asarray(units, dtype=np.int32)
    count = len(units) if size == "all" else size
    return units[np.sort(np.argsort(rank, kind="stable")[:count])][np.newaxis]


def write_samples(
    population_path, outputs: Mapping, *, size: Size, repeats: int, seed: int, how: Draw = "random"
) -> None:
    """Draw from every layer of a population and write one sample file a layer.

    Parameters
    ----------
    population_path : path of the population file (a group a layer)
    outputs : mapping of layer to the path of its sample file
    size, repeats : as in `draw`
    seed : int
        The study's seed; each layer's follows from it and from the sample.
    how : {"random", "equal", "ranked"}
        `draw`, `draw_equal` or `first`.

    Raises
    ------
    DataError
        A layer is missing from the population file, or the population has no channels or ranks.
    """
    from repscape.io import netcdf

    with netcdf.open_file(population_path, "population") as population:
        missing = [layer for layer in outputs if layer not in population.groups]
        if missing:
            raise DataError(
                f"{population_path}: expected the layers {', '.join(outputs)}, found none named "
                f"{', '.join(missing)}. Delete the file and run again."
            )
        source, name = population.source, population.population
        simulated = getattr(population, "simulated", None)
        units = {layer: population[layer]["unit"][:] for layer in outputs}
        further: dict[str, np.ndarray] = {}  # the channel or rank of each unit
        if how != "random":
            read = _channels if how == "equal" else _ranks
            further = {layer: read(population_path, population[layer], layer) for layer in outputs}
    _log_smaller(name, source, units, size)
    if how == "equal":
        _log_unequal(name, source, further, size)
    for layer, path in outputs.items():
        layer_seed = derive(seed, "samples", source, name, layer, size)
        if how == "equal":
            drawn = draw_equal(units[layer], further[layer], size, repeats, layer_seed)
        elif how == "ranked":
            drawn = first(units[layer], further[layer], size)
        else:
            drawn = draw(units[layer], size, repeats, layer_seed)
        netcdf.write(
            path,
            kind="sample",
            variables={
                "unit": (("repeat", "draw"), drawn, {"long_name": "flat index in the layer"}),
                "repeat": (("repeat",), np.arange(drawn.shape[0], dtype=np.int32)),
                "draw": (("draw",), np.arange(drawn.shape[1], dtype=np.int32)),
            },
            attributes={
                "source": source,
                "population": name,
                "simulated": simulated,
                "layer": layer,
                "size": str(size),
                "drawn": how,
                "n_requested": len(units[layer]) if size == "all" else size,
                "n_drawn": drawn.shape[1],
                "seed": layer_seed,
            },
        )


def _channels(path, group, layer: str) -> np.ndarray:
    """Return the channel of each recorded unit of a layer."""
    if group.statistic == "position_mean":
        raise DataError(
            f"{path}: layer {layer}: draw: equal takes equally many units from each channel, but these "
            "units are means over channels. Set draw: random."
        )
    unit = group["unit"][:]
    return unit if group.statistic == "channel_mean" else unit // (group.height * group.width)


def _ranks(path, group, layer: str) -> np.ndarray:
    """Return the rank of each recorded unit of a layer."""
    if "rank" not in group.variables:
        raise DataError(
            f"{path}: layer {layer}: draw: ranked takes units in order of their rank, but these units have "
            "no ranks. Sample a population of kind: top, or set draw: random."
        )
    return group["rank"][:]


def _log_smaller(population: str, source: str, units: Mapping[str, np.ndarray], size: Size) -> None:
    """Log which layers have fewer units than are drawn."""
    few = [f"{layer} ({len(own)})" for layer, own in units.items() if size != "all" and len(own) < size]
    if few:
        note = (
            "samples of %s units of population '%s' of %s: these layers have fewer units, so all are "
            "drawn once: %s"
        )
        logger.info(note, size, population, source, ", ".join(few))


def _log_unequal(population: str, source: str, channels: Mapping[str, np.ndarray], size: Size) -> None:
    """Log in which layers channels cannot all give equally many units."""
    without, short = [], []
    for layer, channel in channels.items():
        _, available = np.unique(channel, return_counts=True)
        if size == "all" or size >= len(channel):
            continue
        if size < len(available):
            without.append(f"{layer} ({len(available) - size} of {len(available)})")
        elif (available < size // len(available)).any():
            short.append(layer)
    notes = (
        (without, "there are more channels than units, so some channels have none"),
        (short, "some channels have fewer recorded units than their share, so all of these are drawn"),
    )
    for layers, why in notes:
        if layers:
            logger.info(
                "equal samples of %s units of population '%s' of %s: %s: %s",
                size, population, source, why, ", ".join(layers),
            )  # fmt: skip

"""Which of the recorded units to listen to: samples without replacement, with repeats."""

from collections.abc import Mapping

import numpy as np

from repscape.errors import DataError
from repscape.logs import logger
from repscape.seeds import derive


def draw(units: np.ndarray, size: int | str, repeats: int, seed: int) -> np.ndarray:
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


def write_samples(population_path, outputs: Mapping, *, size: int | str, repeats: int, seed: int) -> None:
    """Draw from every layer of a population and write one sample file a layer.

    Parameters
    ----------
    population_path : path of the population file (a group a layer)
    outputs : mapping of layer to the path of its sample file
    size, repeats : as in `draw`
    seed : int
        The study's seed; each layer's own follows from it and from what is drawn.

    Raises
    ------
    DataError
        A layer is missing from the population file.
    """
    from repscape import store

    with store.open_file(population_path, "population") as population:
        missing = [layer for layer in outputs if layer not in population.groups]
        if missing:
            raise DataError(
                f"{population_path}: expected the layers {', '.join(outputs)}, found none named "
                f"{', '.join(missing)}. Delete the file and run again."
            )
        source, name = population.source, population.population
        units = {layer: population[layer]["unit"][:] for layer in outputs}

    few = [
        f"{layer} ({len(units[layer])})" for layer in outputs if size != "all" and len(units[layer]) < size
    ]
    if few:
        logger.warning(
            "samples of %s units of population '%s' of %s: these layers have fewer, all of which are "
            "taken, once: %s",
            size, name, source, ", ".join(few),
        )  # fmt: skip
    for layer, path in outputs.items():
        layer_seed = derive(seed, "samples", source, name, layer, size)
        drawn = draw(units[layer], size, repeats, layer_seed)
        store.write(
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
                "layer": layer,
                "size": str(size),
                "n_requested": len(units[layer]) if size == "all" else size,
                "n_drawn": drawn.shape[1],
                "seed": layer_seed,
            },
        )

"""Shows a stimulus to a network and records a population of every layer.

Images stream from the stimulus's file through the network into one file a layer; values are
gathered at the moment a layer has run, on the device where it ran.

Memory stays below the sum of: what it takes to show a network its images (see traced/runner.py); one batch
of the largest layer's gathered values; 12 bytes of indices for each recorded unit. None of these grows with
the number of images.
"""

import json
import resource
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from netCDF4 import Dataset

from repscape.activations.file import define
from repscape.activations.gather import Gatherer, Room, coordinates
from repscape.core.errors import DeviceError
from repscape.io import netcdf, stored_images
from repscape.networks.lib import layer_table
from repscape.plugin.base import BATCH, CUDA_BATCH
from repscape.populations.lib import file as population_file
from repscape.stimuli.lib import factors
from repscape.traced.runner import Runner


def record(
    network: str | Path,
    stimulus: str | Path,
    population: str | Path,
    outputs: Mapping[str, str | Path],
    *,
    batch: int = BATCH,
    cuda_batch: int = CUDA_BATCH,
    threads: int = 1,
    precision: str = "float32",
    device: str = "auto",
    shard: tuple[int, int] = (0, 1),
) -> None:
    """Record the layers named in `outputs`, each into its file.

    Of many images, each shard is recorded by itself, perhaps at the same time as others; `merge` makes one of
    them. Shards consist of whole batches, so that what they are together does not depend on their number.

    On a CPU the batch is constant and the last one is padded, since results depend in their last
    digits on the size of a batch and on the number of threads. On a GPU the batch is halved when
    memory runs out; the smallest one used is in the files.

    Parameters
    ----------
    network, stimulus, population : str or Path
        Files of the earlier steps.
    outputs : mapping of layer label to path
    batch, cuda_batch : int
        Images at a time on a CPU and, to begin with, on a GPU.
    threads : int
        Of torch, on a CPU.
    precision : {"float32", "tf32", "float16", "bfloat16"}
        What the network computes in; values are written as float32.
    device : {"auto", "cpu", "cuda"}
        ``auto`` takes a GPU where there is one; ``cuda`` fails without.
    shard : (number, of how many)
        Which part of the images, from 0. There may be fewer batches than shards: some are then empty, and
        their files have no ``activation``.

    Raises
    ------
    DeviceError
        There is no usable GPU where one is required, or one image does not fit into its memory.
    DataError
        The files do not belong together.
    """
    runner = Runner(network, device)
    if precision == "tf32" and runner.on_cpu:
        raise DeviceError(
            "activations.precision: tf32 needs a GPU, found none. Set float32, or run on a machine with one."
        )
    with ExitStack() as stack:
        # its images are read, and checked, when they are shown
        shown = stack.enter_context(netcdf.open_file(stimulus, "stimulus", rows=range(0)))
        units = stack.enter_context(netcdf.open_file(population, "population"))
        runner.check_sizes(stored_images.sizes(shown), stimulus)
        size = batch if runner.on_cpu else cuda_batch
        images = part_of(stored_images.count(shown), size, *shard)
        varied = {name: values[images.start : images.stop] for name, values in factors.read(shown).items()}
        attributes = _attributes(runner, shown, units) | factors.attributes(varied) | {"precision": precision}
        attributes["threads"] = threads if runner.on_cpu else None
        _allow_open_files(len(outputs))
        layers: dict[str, list[tuple[Gatherer, Dataset]]] = {}  # by node
        for label, path in outputs.items():
            node, gatherer, labels, own = _layer(runner.frozen, units, label)
            kind = "activations" if shard[1] == 1 else "shard"
            file = stack.enter_context(netcdf.create(path, kind=kind, attributes=attributes | own))
            if images:
                define(file, shown["name"][images.start : images.stop], varied, labels)
            layers.setdefault(node, []).append((gatherer, file))
        most = max(len(gatherer.selection.unit) for node in layers.values() for gatherer, _ in node)
        room = Room(most, runner.device)

        def write(node: str) -> Callable[[range, torch.Tensor], None]:
            def take(part: range, answers: torch.Tensor) -> None:
                rows = slice(part.start - images.start, part.stop - images.start)
                for gatherer, file in layers[node]:
                    values = gatherer(answers, room.of(len(part)))
                    runner.io_thread.write(values, file["activation"], rows)

            return take

        used = runner.stream(
            stimulus,
            {node: write(node) for node in layers},
            batch=size,
            threads=threads,
            what=f"recording {units.source}, {shown.stimulus}, {units.population}",
            precision=precision,
            images=images,
        )
        for _, file in (own for node in layers.values() for own in node):
            netcdf.set_attributes(file, {"batch": used})


def _attributes(runner: Runner, shown: Dataset, units: Dataset) -> dict[str, Any]:
    """Return what a layer's file says of the network, the stimulus and the population."""
    frozen = runner.frozen
    return {
        "source": units.source,
        "stimulus": shown.stimulus,
        "stimulus_sha256": shown.sha256,
        "population": units.population,
        "selected": json.dumps({"kind": units.plugin, **json.loads(units.parameters)}),
        "weights_sha256": frozen.weights_sha256,
        "stochastic": None if frozen.noise_seed is None else "seeded",
        "noise_seed": frozen.noise_seed,
        "preprocess": json.dumps(frozen.preprocess.to_dict()),
        "device": runner.device.type,
    }


def _layer(frozen, units: Dataset, label: str) -> tuple[str, Gatherer, dict[str, np.ndarray], dict[str, Any]]:
    """Return a layer's node, what gathers its units, the coordinates of these, and the layer's attributes."""
    selection = population_file.read(units, label)
    order, row = layer_table.find(frozen.rows, population_file.layer_label(units, label))
    values = {"channel_mean": row.channels, "position_mean": row.height * row.width}
    whole = len(selection.unit) == values.get(selection.statistic, row.units)
    attributes = {"layer": label, "order": order, "statistic": selection.statistic}
    attributes["positions"] = row.height * row.width
    labels = coordinates(selection, row.channels, row.height, row.width)
    return row.node, Gatherer(selection, whole), labels, attributes


def part_of(total: int, batch: int, shard: int, shards: int) -> range:
    """Say which images a shard has: consecutive whole batches, about as many as another shard."""
    batches = -(-total // batch)
    first, stop = (number * batches // shards * batch for number in (shard, shard + 1))
    return range(first, min(stop, total))


def _allow_open_files(count: int) -> None:
    """Raise this process's limit on open files where a network has very many layers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + 100
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard < 0 else min(needed, hard), hard))

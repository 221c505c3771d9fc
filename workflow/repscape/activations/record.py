"""Shows a stimulus to a network and records a population of every layer.

Images stream from the stimulus's file through the network into one file a layer; values are
gathered at the moment a layer has run, on the device where it ran.

Memory stays below the sum of: the network's weights; two batches of images; the outputs that are
alive at once within one batch (on a CPU up to twice that, see `repscape.memory`); one batch of the
largest layer's gathered values; 12 bytes of indices for each recorded unit. With a GPU, the host also
holds what waits to be written (see `traffic`). None of these grows with the number of images.
"""

import json
import resource
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import torch

from repscape import store
from repscape.activations.file import define
from repscape.activations.gather import Gatherer, coordinates
from repscape.activations.traffic import Traffic
from repscape.errors import DeviceError
from repscape.frozen.network import thaw
from repscape.frozen.row import Row
from repscape.frozen.running import check_size, choose_device, settings
from repscape.logs import logger, progress
from repscape.networks import tables
from repscape.populations import file as population_file
from repscape.stimuli import factors

REDUCED = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def record(
    network: str | Path,
    stimulus: str | Path,
    population: str | Path,
    outputs: Mapping[str, str | Path],
    *,
    batch: int = 10,
    cuda_batch: int = 256,
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
    place = choose_device(device)
    if precision == "tf32" and place.type != "cuda":
        raise DeviceError(
            "activations.precision: tf32 needs a GPU, found none. Use float32, or a machine with one."
        )
    frozen = thaw(network)
    on_cpu = place.type == "cpu"
    with ExitStack() as stack:
        stack.enter_context(settings(threads if on_cpu else None, precision))
        shown = stack.enter_context(store.open_file(stimulus, "stimulus"))
        units = stack.enter_context(store.open_file(population, "population"))
        images = shown["images"]
        check_size(frozen, images.shape, stimulus, network)
        size = batch if on_cpu else cuda_batch
        here = part_of(len(images), size, *shard)
        varied = {name: values[here.start : here.stop] for name, values in factors.read(shown).items()}
        attributes = {
            **factors.attributes(varied),
            "source": units.source,
            "stimulus": shown.stimulus,
            "stimulus_sha256": shown.sha256,
            "population": units.population,
            "selected": json.dumps({"select": units.select, **json.loads(units.parameters)}),
            "weights_sha256": frozen.weights_sha256,
            "preprocess": json.dumps(frozen.preprocess.to_dict()),
            "precision": precision,
            "device": place.type,
            "threads": threads if on_cpu else None,
        }
        _allow_open_files(len(outputs))
        gatherers: dict[str, dict[str, Gatherer]] = {}
        files, most = {}, 0
        for label, path in outputs.items():
            selection = population_file.read(units, label)
            order, row = tables.find(frozen.rows, population_file.known_as(units, label))
            labels = coordinates(selection, row.channels, row.height, row.width)
            whole = len(selection.unit) == _count(row, selection.statistic)
            gatherers.setdefault(row.node, {})[label] = Gatherer(selection, frozen.axes[row.node], whole)
            most = max(most, len(selection.unit))
            layer = {"layer": label, "order": order, "statistic": selection.statistic}
            layer["positions"] = row.height * row.width
            files[label] = stack.enter_context(
                store.create(
                    path, kind="activations" if shard[1] == 1 else "shard", attributes=attributes | layer
                )
            )
            if here:
                define(files[label], shown["name"][here.start : here.stop], varied, labels)
        layout = torch.channels_last if on_cpu and frozen.channels_last else torch.contiguous_format
        frozen.module.to(place, memory_format=layout)

        def run(pixels: torch.Tensor, first: int, size: int) -> None:
            count = len(pixels)
            if on_cpu and count < size:
                pixels = torch.cat([pixels, pixels[-1:].expand(size - count, -1, -1, -1)])
            room = torch.empty(count * most, device=place)
            there = pixels.to(place, non_blocking=True)
            shown_to = frozen.preprocess.apply(there).contiguous(memory_format=layout)
            rows = slice(first - here.start, first - here.start + count)

            def write(node: str):
                def take(output: torch.Tensor) -> None:
                    for label, gather in gatherers[node].items():
                        traffic.write(gather(output[:count], room), files[label]["activation"], rows)

                return take

            frozen.run(shown_to, {node: write(node) for node in gatherers})

        what = f"recording {units.source}, {shown.stimulus}, {units.population}"
        ranges = [range(first, min(first + size, here.stop)) for first in here[::size]]
        with torch.inference_mode(), _reduced(place, precision), Traffic(beside=not on_cpu) as traffic:
            parts = traffic.read(images, ranges)
            used = _in_batches(run, progress(parts, what, "images", len(here), _length), size, what)
        for file in files.values():
            store.set_attributes(file, {"batch": used})


def part_of(total: int, batch: int, shard: int, shards: int) -> range:
    """Say which images a shard has: consecutive whole batches, about as many as another shard."""
    batches = -(-total // batch)
    first, stop = (number * batches // shards * batch for number in (shard, shard + 1))
    return range(first, min(stop, total))


def _in_batches(run, parts: Iterable[tuple[range, torch.Tensor]], batch: int, what: str) -> int:
    """Call `run` on each part, in batches halved while memory runs out; return the smallest used."""
    size = batch
    for part, pixels in parts:
        first = part.start
        while first < part.stop:
            stop = min(first + size, part.stop)
            try:
                run(pixels[first - part.start : stop - part.start], first, size)
            except torch.cuda.OutOfMemoryError as error:
                if size == 1:
                    raise DeviceError(
                        f"{what}: one image does not fit into the GPU's memory "
                        f"({str(error).splitlines()[0]}). Free memory on it, take a smaller "
                        "network or smaller images, or set device: cpu."
                    ) from error
                size = max(1, size // 2)
                failed = True
            else:
                first, failed = stop, False
            if failed:  # outside the handler, which keeps the tensors alive
                logger.warning("%s: out of GPU memory, going on with batches of %d", what, size)
                torch.cuda.empty_cache()
    return size


def _length(part: tuple[range, torch.Tensor]) -> int:
    return len(part[0])


def _reduced(place: torch.device, precision: str) -> torch.autocast:
    return torch.autocast(place.type, REDUCED.get(precision), enabled=precision in REDUCED)


def _count(row: Row, statistic: str) -> int:
    means = {"channel_mean": row.channels, "position_mean": row.height * row.width}
    return means.get(statistic, row.units)


def _allow_open_files(count: int) -> None:
    """Raise this process's limit on open files where a network has very many layers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + 100
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard < 0 else min(needed, hard), hard))

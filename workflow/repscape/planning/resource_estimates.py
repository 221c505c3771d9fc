"""How much memory the larger jobs need at most, from the sizes of files and layers.

Upper bounds in megabytes for what asks before it runs: a cluster, or the jobs that share one GPU.
Nothing that is computed depends on them. The constants were measured (see workflow/docs/cluster.md).
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from repscape.networks.lib.layer_table import LayerInfo, enlarged
from repscape.rdms.read import LABELLED
from repscape.traced import WAITING

PYTHON = 300  # Python, NumPy and netCDF4
FIGURE = 1000  # and matplotlib, pandas, scikit-learn or rsatoolbox
TORCH = 1000  # and torch, with a network traced or opened
CUDA_HOST = 3000  # what CUDA's libraries take of the host's memory
CUDA_DEVICE = 1000  # and of the GPU's, with cuDNN
RUNNING_ON_GPU = 4000  # and of jobs that run a network on a few images at a time
BATCH = 2000  # ten images, in all layers of a large network, and their gradients
# Outputs as large as the largest layer that are there at once: the input and the output of an
# operation, a skip connection, and what the operation needs to work in. On a CPU, freed memory is kept
# for its next use, in pieces that do not always fit: ten is above all that was found
# (tests/benchmarks/recording_memory.py).
ALIVE, ALIVE_ON_CPU = 4, 10
# Of the pixels of a batch, in bytes: read ahead, moved, as float32, resized.
PIXELS = 8
# Of the outputs of all layers, for a batch that is learned from: kept for gradients, and these.
ALIVE_IN_TRAINING = 1.25
FLOAT = 4
# Of a pair of images: its labels, and one RDM in float64 on the way.
PAIR = 100
# Of a unit that is recorded: 4 bytes in the population's file, 12 in memory, at first twice that.
INDICES = 6


class Outputs(NamedTuple):
    """How many values the layers of a network have, for one image: the largest, and all."""

    largest: int
    all: int


def outputs(rows: Sequence[LayerInfo], section: Mapping) -> Outputs:
    """Return how many values the layers of a network have, for one image.

    Parameters
    ----------
    rows : the network's table of layers, at its usual size of the input
    section : mapping
        Its section of the config, which may say another size. Where the size is only known from
        the stimulus, the usual one is taken.
    """
    units, larger = [row.units for row in rows], enlarged(rows, section)
    return Outputs(math.ceil(max(units) * larger), math.ceil(sum(units) * larger))


def image(stimulus: str, images: int) -> int:
    """Return the bytes of the pixels of an image.

    Parameters
    ----------
    stimulus : path
    images : int
        About how many it has; 0: not known, taken for a hundred.
    """
    return math.ceil(os.path.getsize(stimulus) / (images or 100))


def recording(
    network: str,
    population: str,
    *,
    pixels: int,
    largest: int,
    recorded: int | None,
    batch: int,
    on_gpu: bool,
) -> int:
    """Return the megabytes of host memory of a job that records a network (see activations/record.py).

    Parameters
    ----------
    network, population : paths
        Whose sizes count: weights, and indices of units.
    pixels : int
        What `image` returns.
    largest : int
        The values of the largest layer, for one image (see `outputs`).
    recorded : int or None
        How many units of a layer are recorded at most; None: all.
    batch : int
        Images at a time, on the device where the network runs.
    on_gpu : bool
        Its layers are then on the GPU, and only what is recorded comes to the host and waits there, in
        page-locked memory, which is taken in powers of two.
    """
    files = 2 * os.path.getsize(network) + INDICES * os.path.getsize(population)
    return recording_of(files, pixels=pixels, largest=largest, recorded=recorded, batch=batch, on_gpu=on_gpu)


def recording_of(
    files: int, *, pixels: int, largest: int, recorded: int | None, batch: int, on_gpu: bool
) -> int:
    """Do the same, given the bytes that files take in memory."""
    gathered = FLOAT * batch * min(largest, recorded or largest)
    values = 2 * (WAITING + gathered) if on_gpu else FLOAT * batch * ALIVE_ON_CPU * largest + gathered
    fixed = TORCH + (CUDA_HOST if on_gpu else 0)
    return fixed + _megabytes(files + values + PIXELS * batch * pixels)


def on_device(network: str, *, pixels: int, largest: int, recorded: int | None, batch: int) -> int:
    """Return the megabytes of a GPU's memory of such a job; parameters are those of `recording`."""
    gathered = min(largest, recorded or largest)
    values = FLOAT * batch * (ALIVE * largest + gathered)
    return CUDA_DEVICE + _megabytes(os.path.getsize(network) + values + PIXELS * batch * pixels)


def training(outputs: int, batch: int) -> int:
    """Return the megabytes, where the network runs, of what is kept of a batch for gradients.

    Parameters
    ----------
    outputs : int
        The values of all layers, for one image.
    batch : int
        Images at a time.
    """
    return _megabytes(ALIVE_IN_TRAINING * FLOAT * batch * outputs)


def dissimilarities(activations: Iterable[str], share: float, *, images: int, rdms: int) -> int:
    """Return the megabytes of a job that computes RDMs, a layer at a time.

    Parameters
    ----------
    activations : paths
        Recordings (float32); the largest counts, twice.
    share : float
        How much of it is drawn, at most. Spearman's ranks of that, and what they are made of, take six
        times as much in float64; other metrics less.
    images : int
        Of so many images; of more than have labels (0: perhaps) they are written as they come.
    rdms : int
        How many, of all draws and metrics, are held until they are written.
    """
    return dissimilarities_of(max(map(os.path.getsize, activations)), share, images=images, rdms=rdms)


def dissimilarities_of(activations: int, share: float, *, images: int, rdms: int) -> int:
    """Do the same of the bytes of the largest recording."""
    images = min(images or LABELLED, LABELLED)
    pairs = images * (images - 1) // 2
    values = (2 + 12 * share) * activations
    return PYTHON + _megabytes(values + (FLOAT * rdms + PAIR) * pairs)


def reading(files: Iterable[str], *, streams: bool = False) -> int:
    """Return the megabytes of an analysis or a figure that holds what it reads, and copies of it.

    One that `streams` holds a file at a time.
    """
    sizes = [os.path.getsize(file) for file in files]
    return FIGURE + _megabytes(3 * (max(sizes, default=0) if streams else sum(sizes)))


def running(files: Iterable[str], *, on_gpu: bool) -> int:
    """Return the megabytes of host memory of a job that runs a network on a few images at a time."""
    return reading(files) + TORCH + BATCH + (CUDA_HOST if on_gpu else 0)


def _megabytes(size: float) -> int:
    return math.ceil(size / 1e6)

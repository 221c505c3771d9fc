"""The units that answer most to some stimuli."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import PositiveInt

from repscape.plugin.parameter_types import Batch, StimulusFiles, Threads
from repscape.populations.lib.layer import Layer, Selection

DRAWS = ("random", "equal", "ranked")


def measure(
    network: Path,
    layers: Sequence[Layer],
    *,
    reference: StimulusFiles,
    batch: Batch = 10,
    threads: Threads = 1,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> dict[str, np.ndarray]:
    """Return each unit's mean response over all images of the reference stimuli.

    Parameters
    ----------
    network : Path
        The frozen network.
    layers : sequence of Layer
    reference : list of Path
        The files of the stimuli.
    batch, threads, device
        As in the config's section `activations`.

    Returns
    -------
    dict of label to float64 (unit,)
    """
    from repscape.populations.lib.mean_responses import mean_responses

    return mean_responses(network, layers, reference, batch=batch, threads=threads, device=device)


def select(
    layer: Layer,
    measured: np.ndarray,
    *,
    units: PositiveInt,
    reference: StimulusFiles,
    batch: Batch = 10,
    threads: Threads = 1,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Selection:
    """Take the units of largest mean response to the reference stimuli; all where a layer is smaller.

    The whole layer is searched. Of units with equal responses, such as the many zeros after a ReLU,
    those with the smaller index come first.

    Parameters
    ----------
    layer : Layer
    measured : float64 (unit,)
        What `measure` returned for the layer.
    units : int
        How many.
    reference : stimulus or list of stimuli
        By name; every image counts the same.
    batch, threads, device
        See `measure`.
    """
    order = np.argsort(-measured, kind="stable")[:units]
    unit = np.sort(order)
    rank = np.empty(len(unit), dtype=np.int32)
    rank[np.searchsorted(unit, order)] = np.arange(len(unit))
    return Selection(unit.astype(np.int32), "unit", units, rank)

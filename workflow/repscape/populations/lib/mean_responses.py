"""How strongly the units of a network respond to some stimuli."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from repscape.io import netcdf
from repscape.networks.lib import layer_table
from repscape.populations.lib.layer import Layer
from repscape.traced.runner import Runner


def mean_responses(
    network: Path, layers: Sequence[Layer], stimuli: Sequence[Path], *, batch: int, threads: int, device: str
) -> dict[str, np.ndarray]:
    """Return each unit's mean response over all images of all stimuli.

    One pass, whatever the number of images: sums are kept in float64, image by image, 8 bytes a unit.
    Batches are those of a recording (see traced/runner.py), so that on a CPU the responses are the same.

    Parameters
    ----------
    network : Path
        The frozen network.
    layers : sequence of Layer
    stimuli : sequence of Path
        Files of stimuli.
    batch, threads, device : as in `record`

    Returns
    -------
    dict of label to float64 (unit,)

    Raises
    ------
    DataError
        A stimulus does not have the size that the network was frozen for.
    DeviceError
        One image does not fit into the GPU's memory.
    """
    runner = Runner(network, device)
    totals: dict[str, np.ndarray] = {}
    nodes: dict[str, np.ndarray] = {}  # two names of one layer share its sums
    for layer in layers:
        node = layer_table.find(runner.frozen.rows, layer.layer_label)[1].node
        totals[layer.label] = nodes.setdefault(node, np.zeros(layer.units))
    shown = 0

    def add(node: str):
        def take(part: range, responses: torch.Tensor) -> None:
            for image in responses.flatten(1).cpu().float().numpy():
                nodes[node] += image

        return take

    for path in stimuli:
        with netcdf.open_file(path, "stimulus") as stimulus:
            name, count = stimulus.stimulus, len(stimulus.dimensions["image"])
        watched = {node: add(node) for node in nodes}
        runner.stream(path, watched, batch=batch, threads=threads, what=f"responses to {name}")
        shown += count
    for total in nodes.values():
        total /= shown
    return totals

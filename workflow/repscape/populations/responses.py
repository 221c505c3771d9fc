"""How strongly the units of a network answer to some stimuli."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from repscape import store
from repscape.logs import progress
from repscape.networks import tables
from repscape.networks.frozen import thaw
from repscape.networks.running import check_size, choose_device, settings
from repscape.populations.layer import Layer


def mean_responses(
    network: Path, layers: Sequence[Layer], stimuli: Sequence[Path], *, batch: int, threads: int, device: str
) -> dict[str, np.ndarray]:
    """Return each unit's mean response over all images of all stimuli.

    One pass, whatever the number of images: sums are kept in float64, image by image, 8 bytes a unit.
    Batches are those of a recording (see record.py), so that on a CPU the answers are the same.

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
    """
    place = choose_device(device)
    on_cpu = place.type == "cpu"
    frozen = thaw(network)
    layout = torch.channels_last if on_cpu and frozen.channels_last else torch.contiguous_format
    frozen.module.to(place, memory_format=layout)
    totals: dict[str, np.ndarray] = {}
    nodes: dict[str, np.ndarray] = {}  # two names of one layer share its sums
    for layer in layers:
        node = tables.find(frozen.rows, layer.known_as)[1].node
        totals[layer.label] = nodes.setdefault(node, np.zeros(layer.units))
    shown = 0

    def add(node: str, count: int):
        def take(output: torch.Tensor) -> None:
            values = output[:count].movedim(frozen.axes[node], 1).flatten(1).float().cpu().numpy()
            for answers in values:
                nodes[node] += answers

        return take

    with settings(threads if on_cpu else None, "float32"), torch.inference_mode():
        for path in stimuli:
            with store.open_file(path, "stimulus") as stimulus:
                images = stimulus["images"]
                check_size(frozen, images.shape, path, network)
                ranges = [range(at, min(at + batch, len(images))) for at in range(0, len(images), batch)]
                for part in progress(ranges, f"responses to {stimulus.stimulus}", "images", len(images)):
                    pixels, count = torch.from_numpy(images[part.start : part.stop]), len(part)
                    if on_cpu and count < batch:
                        pixels = torch.cat([pixels, pixels[-1:].expand(batch - count, -1, -1, -1)])
                    inputs = frozen.preprocess.apply(pixels.to(place)).contiguous(memory_format=layout)
                    frozen.run(inputs, {node: add(node, count) for node in nodes})
                shown += len(images)
    for total in nodes.values():
        total /= shown
    return totals

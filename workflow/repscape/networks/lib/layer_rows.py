"""From a network's operations to the rows of its table of layers."""

from collections.abc import Container, Sequence

from repscape.networks.lib.blocks import name_blocks
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.operation import Operation, extent, is_innermost, size
from repscape.networks.lib.probe import Seen
from repscape.networks.lib.receptive_fields import columns
from repscape.traced.layer_info import LayerInfo
from repscape.traced.network import INPUT, PREDICTIONS, Frozen


def fill(frozen: Frozen, loaded: Loaded, operations: Sequence[Operation]) -> None:
    """Label the operations, find the blocks, and fill in the rows and axes of a network."""
    counts: dict[str, int] = {}
    labels = []
    for op in operations:
        counts[op.kind] = counts.get(op.kind, 0) + 1
        labels.append(op.kind if op.kind in (INPUT, PREDICTIONS) else f"{op.kind}{counts[op.kind]}")
    blocks = name_blocks(loaded, operations)
    for op, label, block in zip(operations, labels, blocks, strict=True):
        channels, height, width = extent(op)
        row = LayerInfo(
            label=label,
            node=op.path,
            kind=op.kind,
            block=label if block == "" else (block or ""),
            units=channels * height * width,
            channels=channels,
            height=height,
            width=width,
            parameters=op.parameters,
            modules=" ".join(op.modules),
        )
        frozen.rows.append(row._replace(**columns(op.field)))
        frozen.axes[op.path] = op.image, op.axis


def leave_out_what_does_not_run(frozen: Frozen, loaded: Loaded, ran: Container[str]) -> None:
    """Name modules with parameters that are not called: their weights may be used elsewhere."""
    parts = dict(loaded.module.named_modules())
    for path, part in parts.items():
        above = [path[:at] for at, letter in enumerate(path) if letter == "."]
        inside = any(is_innermost(parts[other]) for other in above)
        if path and not any(part.children()) and size(part) and path not in ran and not inside:
            frozen.left_out[path] = "is not called"


def are_logits(entry: Seen) -> bool:
    """Whether an output is (image, class)."""
    return isinstance(entry.shape, tuple) and len(entry.shape) == 2 and not entry.left_out and not entry.image

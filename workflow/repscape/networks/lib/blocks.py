"""Blocks of a network, found by a rule that knows no architecture, unless a network names its own.

1. Containers (Sequential, ModuleList) are opened, and so is a module that holds more than half of
   the network's parameters and has no sibling of its type (the trunk).
2. A module made of modules, with parameters, is a block.
3. What runs between blocks is a block too, cut after each pooling; without parameters it belongs
   to the block before.
4. A module made of modules whose output (image, feature) is the network's is opened with all in it.
   The head begins at the last average pooling before the first fully connected layer (or else at
   what enters that layer). It contributes the pooled features, each fully connected layer (after
   its activation function, if it has one) and the predictions.
"""

from collections.abc import Sequence
from itertools import groupby

from torch import nn

from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.operation import ACTIVATION, POOLING, Operation, is_container, size
from repscape.traced.network import PREDICTIONS

SKIPPED_BEFORE_HEAD = {"dropout", "flatten", "identity", "view", "reshape"}


def name_blocks(loaded: Loaded, operations: Sequence[Operation]) -> list[str | None]:
    """Return for each operation the block it is the output of, '' in the head and input, else None."""
    parts = dict(loaded.module.named_modules())
    opened = {""}
    _open(loaded.module, "", size(loaded.module), opened)

    def composite(op: Operation) -> str | None:
        names = op.inside.split(".")
        for length in range(1, len(names) + 1):
            path = ".".join(names[:length])
            if path not in opened:
                return path if any(parts[path].children()) and size(parts[path]) else None
        return None

    blocks: list[str | None] = [loaded.blocks.get(op.path) for op in operations]
    end = len(operations) - (operations[-1].kind == PREDICTIONS)
    last = composite(operations[end - 1])
    if last is not None and len(operations[end - 1].shape) == 2:
        opened |= {path for path in parts if f"{path}.".startswith(f"{last}.")}
    owners = [composite(op) for op in operations]
    tail = max((at for at in range(end) if (blocks if loaded.blocks else owners)[at]), default=0) + 1
    head = _head(operations, tail, end)
    for at in [0, *head, *range(end, len(operations))]:
        blocks[at] = ""
    if loaded.blocks:
        return blocks
    runs = groupby(_cut(operations, owners, min(head, default=end)), key=lambda item: item[1])
    number = 0
    output = None
    for (owner, _), run in runs:
        places = [at for at, _ in run]
        if owner or any(operations[at].weighted for at in places):
            number += 1
        elif output is not None:
            blocks[output] = None
        else:
            continue
        output = places[-1]
        blocks[output] = f"block{number}"
    return blocks


def _cut(operations, owners, end: int):
    """Yield the places before the head with a key that changes where a block ends."""
    poolings = 0
    for at in range(1, end):
        yield at, (owners[at], poolings)
        poolings += owners[at] is None and operations[at].kind in POOLING


def _head(operations: Sequence[Operation], tail: int, end: int) -> list[int]:
    """Places of the pooled features and of the fully connected layers (or their activation)."""
    full = [at for at in range(tail, end) if operations[at].kind == "fc"]
    first = full[0] if full else end
    pooled = [at for at in range(tail, first) if operations[at].kind in ("avgpool", "mean")]
    before = first - 1
    while before >= tail and operations[before].kind in SKIPPED_BEFORE_HEAD:
        before -= 1
    chosen = pooled[-1:]
    if not pooled and before >= tail and operations[before].kind == "select":
        chosen = [before]  # the class token
    followed = [at + 1 < end and operations[at + 1].kind in ACTIVATION for at in full]
    return chosen + [at + moved for at, moved in zip(full, followed, strict=True)]


def _open(module: nn.Module, path: str, total: int, opened: set[str]) -> None:
    """Add the paths of the containers and of the trunk below a module."""
    children = list(module.named_children())
    types = [type(child) for _, child in children]
    for name, child in children:
        trunk = any(child.children()) and size(child) > total / 2 and types.count(type(child)) == 1
        if trunk or is_container(child):
            inner = f"{path}.{name}".lstrip(".")
            opened.add(inner)
            _open(child, inner, total, opened)

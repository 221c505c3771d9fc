"""The layers of a network that cannot be traced: the outputs of its modules, from hooks on these."""

import weakref
from typing import cast

import torch

from repscape.networks.lib.channel_axes import apart_from_images, axis_without_graph
from repscape.networks.lib.layer_rows import are_logits, fill, leave_out_what_does_not_run
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.operation import Operation, Parameters, kind_of
from repscape.networks.lib.probe import Batches, Note, Seen, look
from repscape.traced.network import INPUT, PREDICTIONS, Frozen, first_of, hooks


def build_from_hooks(frozen: Frozen, loaded: Loaded, batches: Batches) -> dict[str, Seen]:
    """Fill in the rows and axes of a network that runs with hooks; see `build`."""
    images = batches[0]
    parts = dict(loaded.module.named_modules())
    first = [Operation(INPUT, "", INPUT, tuple(images.shape), 1)]
    found: dict[str, Operation] = {}
    tensors: dict[str, tuple[weakref.ref, int]] = {}  # the output of each, and how often it had been written
    same: dict[str, str] = {}
    parameters = Parameters()

    def module_of(path: str) -> str:
        return path if path in parts else path.rpartition("_")[0]

    def run(images: torch.Tensor, note: Note) -> None:
        def take(path: str, value) -> None:
            value = first_of(value)
            note(path, value)
            if isinstance(value, torch.Tensor) and len(images) == 2:
                version = value._version
                before = (other for other, (ref, at) in tensors.items() if ref() is value and at == version)
                same[path] = next(before, path) if any(parts[module_of(path)].children()) else path
                tensors.setdefault(same[path], (weakref.ref(value), version))

        with hooks(loaded.module, take):
            output = loaded.module(images)
        note(PREDICTIONS, output)

    seen = look(run, *batches, values=images.device.type != "meta")
    output = seen.pop(PREDICTIONS)
    for path, entry in seen.items():
        name = module_of(path)
        if entry.left_out:
            frozen.left_out[path] = entry.left_out
            continue
        row = found.get(same[path])
        if row is None:
            kind = kind_of(type(parts[name]).__name__)
            before = [*first, *found.values()][-1]
            weighted = any(True for _ in parts[name].parameters())
            row = found[path] = Operation(path, name, kind, cast(tuple, entry.shape), 0, weighted)
            row.image = entry.image
            row.axis = apart_from_images(axis_without_graph(row, before), row)
        else:
            row.modules += (path,)
        row.parameters += parameters.count(parts[name].parameters())
    operations = [*first, *found.values()]
    operations[-1].parameters += parameters.count(loaded.module.parameters())
    if loaded.classifies and are_logits(output):
        operations.append(Operation(PREDICTIONS, "", PREDICTIONS, cast(tuple, output.shape), 1))
        frozen.softmax = True
    leave_out_what_does_not_run(frozen, loaded, seen)
    fill(frozen, loaded, operations)
    return {**seen, PREDICTIONS: output}

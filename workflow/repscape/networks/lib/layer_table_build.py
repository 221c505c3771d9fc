"""The table of a network's layers: names, shapes and receptive fields, from one pass.

Blocks are found by a rule that knows no architecture, unless a network names its own:

1. Containers (Sequential, ModuleList) are opened, and so is a module that holds more than half of
   the network's parameters and has no sibling of its type (the trunk).
2. A module made of modules, with parameters, is a block.
3. What runs between blocks is a block too, cut after each pooling; without parameters it belongs
   to the block before.
4. A module made of modules whose output (image, feature) is the network's is opened with all in it.
   The head begins at the last average pooling before the first fully connected layer (or else at
   what enters that layer). It contributes the pooled features, each fully connected layer (after
   its activation function, if it has one) and the predictions.

Receptive fields follow Araujo, Norris & Sim, Computing receptive fields of convolutional neural
networks, Distill 2019: with s the distance between units in pixels of the input, a convolution or
pooling with kernel k, padding p, dilation d and stride t moves the first unit's first pixel by
-p s and its last by ((k - 1) d - p) s, and makes the distance t s.
"""

import dataclasses
import math
import re
import weakref
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple, cast

import torch
from torch import fx, nn
from torch.nn import functional

from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.module_outputs import Aliases, Output
from repscape.networks.lib.probe import Note, Seen, look
from repscape.traced.layer_info import Row
from repscape.traced.network import INPUT, PREDICTIONS, Frozen, Watcher, first_of, hooks

Batches = tuple[torch.Tensor, torch.Tensor]

# Modules and functions whose kind is not their own name in lower case
KINDS = {
    "adaptive_avg_pool": "avgpool",
    "adaptive_max_pool": "maxpool",
    "adaptiveavgpool": "avgpool",
    "adaptivemaxpool": "maxpool",
    "avg_pool": "avgpool",
    "batch_norm": "bn",
    "batchnorm": "bn",
    "block": "module",  # block1, … are names of blocks
    "concat": "cat",
    "getitem": "select",
    "iadd": "add",
    "imul": "mul",
    "input": "module",
    "layer_norm": "layernorm",
    "linear": "fc",
    "max_pool": "maxpool",
    "multiheadattention": "attention",
    "predictions": "module",
    "relu6": "relu",
    "scaled_dot_product_attention": "attention",
    "shifted_window_attention": "attention",
    "truediv": "div",
}
# Modules of torch's that are made of layers worth recording, yet cannot be traced
TRANSFORMERS = (
    *(nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder),
    *(nn.TransformerEncoderLayer, nn.TransformerDecoderLayer),
)
POOLING = {"avgpool", "maxpool", "mean"}
ACTIVATION = {"relu", "gelu", "silu", "hardswish", "elu", "leakyrelu", "prelu", "mish", "tanh", "sigmoid"}
# These act on each place alone
POINTWISE = ACTIVATION | {
    *("bn", "layernorm", "groupnorm", "instancenorm", "dropout", "identity", "fc", "hardsigmoid", "clone"),
    *("add", "sub", "mul", "div", "cat", "stack", "contiguous", "permute"),
}
# These act on other axes than y and x where the last two keep their lengths
REARRANGING = {"select", "unsqueeze", "chunk", "split", "view", "reshape", "transpose"}
SKIPPED_BEFORE_HEAD = {"dropout", "flatten", "identity", "view", "reshape"}


class _Field(NamedTuple):
    """Receptive field along y and x: distance of units, first and last pixel of the first unit."""

    stride: tuple[float, float]
    first: tuple[float, float]
    last: tuple[float, float]


@dataclass
class _Operation:
    """What a network does once: a call of a module or of a function."""

    path: str
    inside: str  # the module that is called, or that calls the function
    kind: str
    shape: tuple[int, ...]
    axis: int
    weighted: bool = False  # whether it has parameters, perhaps used before
    field: _Field | None = None
    image: int = 0
    parameters: int = 0
    modules: tuple[str, ...] = ()


@dataclass
class _Parameters:
    """Counts each parameter once: at the first layer that it reaches."""

    counted: set[int] = dataclasses.field(default_factory=set)

    def count(self, parameters: Iterable[nn.Parameter]) -> int:
        new = {id(one): one.numel() for one in parameters if id(one) not in self.counted}
        self.counted |= new.keys()
        return sum(new.values())


def build(
    frozen: Frozen, loaded: Loaded, batches: Batches, outputs: Iterable[Output] = ()
) -> dict[str, Seen]:
    """Fill in the rows and axes of a traced network; append the softmax where it classifies.

    Parameters
    ----------
    frozen : Frozen
    loaded : Loaded
        The network before it was traced, for the types of its parts.
    batches : float32 tensors (2, 3, y, x) and (3, 3, y, x)
        See probe.py.
    outputs : iterable of Output
        Where the outputs of modules made of modules are in the graph.

    Returns
    -------
    mapping of path to what its output looks like
    """
    graph: fx.Graph = frozen.module.graph
    nodes = dict(zip(frozen.paths, graph.nodes, strict=True))
    aliases = Aliases(outputs)

    def run(images: torch.Tensor, note: Note) -> None:
        def take(path: str) -> Callable:
            def both(value) -> None:
                note(path, value)
                aliases.note(path, value)

            return both

        watched = {node: take(path) for path, node in nodes.items()}
        Watcher(frozen.module).run_until(nodes[frozen.paths[-1]], images, watched)

    seen = look(run, *batches, values=batches[0].device.type != "meta")
    *_, last = nodes.values()
    logits = last.args[0]
    logits_path = next((path for path, node in nodes.items() if node is logits), "")
    if loaded.classifies and logits_path and _are_logits(seen[logits_path]):
        append_softmax(frozen)
    parts = dict(frozen.module.named_modules())
    active: dict[fx.Node, _Operation] = {}
    waiting: dict[fx.Node, list[nn.Parameter]] = {}
    parameters = _Parameters()
    operations = []
    for path, node in nodes.items():
        if node.op == "placeholder":
            one = (1.0, 1.0)
            start = _Field(one, (0.0, 0.0), (0.0, 0.0))
            active[node] = _Operation(path, "", INPUT, tuple(batches[0].shape), 1, field=start)
            operations.append(active[node])
            continue
        if node.op == "output":
            continue
        part, entry = parts.get(str(node.target)), seen[path]
        used = [one for source in node.all_input_nodes for one in waiting.get(source, ())]
        used += _used(node, part, frozen.module)
        inputs = [active[source] for source in node.all_input_nodes if source in active]
        # sizes and functions of the weights alone are no activity
        if inputs and entry.shape:
            op = active[node] = _operation(node, path, entry, inputs, part, frozen.module)
            if not entry.left_out:
                op.parameters, used = parameters.count(used), []
                operations.append(op)
            elif isinstance(entry.shape, tuple) or not _is_taken_apart(node):
                frozen.left_out[path] = entry.left_out
        waiting[node] = used
    if frozen.softmax:
        operations.append(
            _Operation(PREDICTIONS, "", PREDICTIONS, cast(tuple, seen[logits_path].shape), 1, image=0)
        )
    _add_modules(frozen, operations, aliases, nodes)
    called = {str(node.target) for node in nodes.values()} | aliases.found.keys() | aliases.refused.keys()
    _leave_out_what_does_not_run(frozen, loaded, called)
    _fill(frozen, loaded, operations)
    return seen


def build_from_hooks(frozen: Frozen, loaded: Loaded, batches: Batches) -> dict[str, Seen]:
    """Fill in the rows and axes of a network that runs with hooks; see `build`."""
    images = batches[0]
    parts = dict(loaded.module.named_modules())
    first = [_Operation(INPUT, "", INPUT, tuple(images.shape), 1)]
    found: dict[str, _Operation] = {}
    tensors: dict[str, tuple[weakref.ref, int]] = {}  # the output of each, and how often it had been written
    same: dict[str, str] = {}
    parameters = _Parameters()

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
            kind = _kind(type(parts[name]).__name__)
            before = [*first, *found.values()][-1]
            weighted = any(True for _ in parts[name].parameters())
            row = found[path] = _Operation(path, name, kind, cast(tuple, entry.shape), 0, weighted)
            row.image = entry.image
            row.axis = _apart(_axis_beside(row, before), row)
        else:
            row.modules += (path,)
        row.parameters += parameters.count(parts[name].parameters())
    operations = [*first, *found.values()]
    operations[-1].parameters += parameters.count(loaded.module.parameters())
    if loaded.classifies and _are_logits(output):
        operations.append(_Operation(PREDICTIONS, "", PREDICTIONS, cast(tuple, output.shape), 1))
        frozen.softmax = True
    _leave_out_what_does_not_run(frozen, loaded, seen)
    _fill(frozen, loaded, operations)
    return {**seen, PREDICTIONS: output}


def _are_logits(entry: Seen) -> bool:
    """Whether an output is (image, class)."""
    return isinstance(entry.shape, tuple) and len(entry.shape) == 2 and not entry.left_out and not entry.image


def _used(node: fx.Node, part: nn.Module | None, root: nn.Module) -> list[nn.Parameter]:
    """List the parameters that a node has by itself."""
    if node.op == "call_module" and part is not None:
        return list(part.parameters())
    if node.op == "get_attr" and _is_parameter(root, str(node.target)):
        return [root.get_parameter(str(node.target))]
    return []


def _is_taken_apart(node: fx.Node) -> bool:
    """Whether a network takes single ones of a node's several outputs, which are nodes by themselves."""
    return any(getattr(user.target, "__name__", "") == "getitem" for user in node.users)


def _add_modules(frozen: Frozen, operations, aliases: Aliases, nodes: Mapping[str, fx.Node]) -> None:
    """Note at each layer the modules whose output it is; leave out those that have no layer, and say why."""
    layers = {op.path: op for op in operations}
    for module, path in aliases.found.items():
        if path in layers:
            layers[path].modules += (module,)
        else:
            frozen.left_out[module] = frozen.left_out.get(path, "does not depend on the image")
    frozen.left_out |= aliases.refused
    # several outputs of an innermost module: as of other modules the first counts
    for path, node in nodes.items():
        if node.op == "call_module" and path not in layers:
            for user in node.users:
                first = getattr(user.target, "__name__", "") == "getitem" and user.args[1] == 0
                taken = next((name for name, other in nodes.items() if first and other is user), "")
                if taken in layers:
                    layers[taken].modules += (path,)


def _leave_out_what_does_not_run(frozen: Frozen, loaded: Loaded, ran: Container[str]) -> None:
    """Name modules with parameters that are not called: their weights may be used elsewhere."""
    parts = dict(loaded.module.named_modules())
    for path, part in parts.items():
        above = [path[:at] for at, letter in enumerate(path) if letter == "."]
        inside = any(is_innermost(parts[other]) for other in above)
        if path and not any(part.children()) and _size(part) and path not in ran and not inside:
            frozen.left_out[path] = "is not called"


def append_softmax(frozen: Frozen) -> None:
    """Add the predictions to a graph whose output is (image, class)."""
    graph = frozen.module.graph
    output = next(node for node in reversed(graph.nodes) if node.op == "output")
    with graph.inserting_before(output):
        softmax = graph.call_function(nn.functional.softmax, (output.args[0],), {"dim": 1})
    output.args = (softmax,)
    frozen.module.recompile()
    frozen.paths.insert(-1, PREDICTIONS)
    frozen.softmax = True


def _fill(frozen: Frozen, loaded: Loaded, operations: Sequence[_Operation]) -> None:
    """Label the operations and find the blocks."""
    counts: dict[str, int] = {}
    labels = []
    for op in operations:
        counts[op.kind] = counts.get(op.kind, 0) + 1
        labels.append(op.kind if op.kind in (INPUT, PREDICTIONS) else f"{op.kind}{counts[op.kind]}")
    blocks = _blocks(loaded, operations)
    for op, label, block in zip(operations, labels, blocks, strict=True):
        channels, height, width = _extent(op)
        row = Row(
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
        frozen.rows.append(row._replace(**_field_columns(op.field)))
        frozen.axes[op.path] = op.image, op.axis


def _blocks(loaded: Loaded, operations: Sequence[_Operation]) -> list[str | None]:
    """For each operation: the block it is the output of, '' in the head and input, else None."""
    parts = dict(loaded.module.named_modules())
    opened = {""}
    _open(loaded.module, "", _size(loaded.module), opened)

    def composite(op: _Operation) -> str | None:
        names = op.inside.split(".")
        for length in range(1, len(names) + 1):
            path = ".".join(names[:length])
            if path not in opened:
                return path if any(parts[path].children()) and _size(parts[path]) else None
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


def _head(operations: Sequence[_Operation], tail: int, end: int) -> list[int]:
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
        trunk = any(child.children()) and _size(child) > total / 2 and types.count(type(child)) == 1
        if trunk or _is_container(child):
            inner = f"{path}.{name}".lstrip(".")
            opened.add(inner)
            _open(child, inner, total, opened)


def _is_container(module: nn.Module) -> bool:
    """Whether a module is only a list of others, run one after another."""
    containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    return isinstance(module, containers) and any(type(module).forward is kind.forward for kind in containers)


def _operation(node: fx.Node, path: str, entry: Seen, inputs: list[_Operation], part, root) -> _Operation:
    """Describe a node whose inputs are described."""
    source = inputs[0]
    if node.op == "call_module":
        kind, weighted, inside = _kind(type(part).__name__), _size(part) > 0, str(node.target)
    else:
        name = node.target if node.op == "call_method" else node.target.__name__
        kind, inside = _kind(str(name)), path.rpartition(".")[0]
        weights = [n for n in node.all_input_nodes if n.op == "get_attr"]
        weighted = any(_is_parameter(root, str(n.target)) for n in weights)
    if kind == "select" and isinstance(source.shape, list):
        kind = source.kind  # one of several outputs
    op = _Operation(path, inside, kind, cast(tuple, entry.shape), 0, weighted, image=entry.image)
    op.axis = _axis(node, op, inputs)
    if isinstance(op.shape, tuple):
        op.axis = _apart(op.axis, op)
    op.field = _field(node, op, inputs, part, root)
    return op


def _apart(axis: int, op: _Operation) -> int:
    """Return the axis of the channel, which is another than that of the image."""
    ndim = len(op.shape)
    return axis if axis != op.image else ndim - 1 if op.image < ndim - 1 else 0


def _axis(node: fx.Node, op: _Operation, inputs: list[_Operation]) -> int:
    """Which axis of an output is the channel."""
    source = inputs[0]
    if isinstance(op.shape, list):
        gone = op.kind == "unbind" and source.axis > (node.args[1:2] or (node.kwargs.get("dim", 0),))[0]
        return source.axis - gone
    ndim = len(op.shape)
    if op.kind == "select" and ndim < len(source.shape):
        # x[0] takes the first axis away; of others the rest keeps its order
        return max(0 if op.image else 1, source.axis - 1) if isinstance(node.args[1], int) else 1
    if op.kind == "permute":
        dims = node.args[1] if isinstance(node.args[1], tuple | list) else node.args[1:]
        return [dim % ndim for dim in dims].index(source.axis)
    if op.kind in ("transpose", "swapaxes"):
        one, other = (dim % ndim for dim in node.args[1:3])
        return {one: other, other: one}.get(source.axis, source.axis)
    if op.kind in ("reshape", "view", "flatten") and ndim > 2:
        length, after = source.shape[source.axis], math.prod(source.shape[source.axis + 1 :])
        for axis in range(ndim):
            if axis != op.image and op.shape[axis] == length and math.prod(op.shape[axis + 1 :]) == after:
                return axis
        if source.axis == len(source.shape) - 1:
            return ndim - 1  # channels split into heads and their features, or joined again
    elif op.kind == "fc" and ndim == len(source.shape) == 3:
        return source.axis  # mixes either channels or, where these are not the last axis, places
    elif op.kind not in ("fc", "layernorm", "conv", "bn"):
        for candidate in inputs:
            if isinstance(candidate.shape, list) or len(candidate.shape) == ndim:
                return candidate.axis
    return _default_axis(op.kind, ndim)


def _default_axis(kind: str, ndim: int) -> int:
    if kind in ("conv", "bn"):
        return 1
    return ndim - 1 if kind in ("fc", "layernorm", "attention") or ndim == 3 else 1


def _axis_beside(op: _Operation, before: _Operation) -> int:
    """Which axis of a module's output is the channel, as far as the output before it tells."""
    if op.shape == before.shape and op.kind not in ("fc", "layernorm", "conv", "bn", "attention"):
        return before.axis
    return _default_axis(op.kind, len(op.shape))


def _field(node: fx.Node, op: _Operation, inputs: list[_Operation], part, root) -> _Field | None:
    """The receptive field of an output; None where it is not the same for all places."""
    source = inputs[0]
    fields = [entry.field for entry in inputs if entry.field is not None]
    if len(fields) < len(inputs) or op.image or any(entry.image for entry in inputs):
        return None
    if op.kind in ("conv", "maxpool", "avgpool"):
        window = _window(node, part, root)
        if window is None or source.field is None or source.axis != 1 or len(op.shape) != 4:
            return None
        return _Field(
            *zip(
                *(
                    (s * t, first - p * s, last + ((k - 1) * d - p) * s)
                    for s, first, last, k, t, p, d in zip(*source.field, *window, strict=True)
                ),
                strict=True,
            )
        )
    if op.kind in REARRANGING:
        before = source.shape if isinstance(source.shape, tuple) else source.shape[0]
        after = op.shape if isinstance(op.shape, tuple) else op.shape[0]
        kept = before[-2:] == after[-2:] and (source.axis < len(before) - 2 or len(before) == 3)
        return source.field if kept else None
    if op.kind not in POINTWISE or len(op.shape) < 3:
        return None
    if op.kind in ("fc", "layernorm") and op.axis != source.axis:
        return None
    places = _extent(op)[1:]
    if any(_extent(e)[1:] != places for e in inputs if len(e.shape) == 4):
        return None
    if any(field.stride != fields[0].stride for field in fields):
        return None
    first, last = (
        tuple(function(getattr(field, end)[side] for field in fields) for side in (0, 1))
        for function, end in ((min, "first"), (max, "last"))
    )
    return _Field(fields[0].stride, first, last)


def _window(node: fx.Node, part, root) -> tuple | None:
    """Kernel, stride, padding and dilation of a convolution or pooling, each along y and x."""
    names = ("kernel_size", "stride", "padding", "dilation")
    if "adaptive" in str(node.target):
        return None  # its first argument is the size of the output
    if part is not None:
        values = [getattr(part, name, None) for name in names]
    elif node.target is functional.conv2d:
        given = dict(zip(("input", "weight", "bias", *names[1:]), node.args, strict=False)) | node.kwargs
        weight = given["weight"]
        held = isinstance(weight, fx.Node) and weight.op == "get_attr"
        kernel = tuple(root.get_parameter(weight.target).shape[2:]) if held else None
        values = [kernel, *(given.get(name) for name in names[1:])]
    else:
        given = dict(zip(names, node.args[1:], strict=False)) | node.kwargs
        values = [given.get(name) for name in names]
    kernel, stride, padding, dilation = values
    if not isinstance(kernel, int | tuple | list) or isinstance(padding, str):
        return None  # adaptive pooling, computed weights
    stride = (1 if node.target is functional.conv2d else kernel) if stride is None else stride
    values = (kernel, stride, padding or 0, dilation or 1)
    return tuple((value, value) if isinstance(value, int) else tuple(value) for value in values)


def _field_columns(field: _Field | None) -> dict[str, Any]:
    if field is None:
        return {}
    size = max(last - first + 1 for first, last in zip(field.first, field.last, strict=True))
    centres = {(first + last) / 2 for first, last in zip(field.first, field.last, strict=True)}
    if len(set(field.stride)) > 1 or len(centres) > 1:
        return {}
    names = ("receptive_field_size", "receptive_field_stride", "receptive_field_offset")
    return dict(zip(names, (size, field.stride[0], centres.pop()), strict=True))


def _kind(name: str) -> str:
    """Turn ``Conv2d``, ``max_pool2d`` or ``add_`` into a kind."""
    name = re.sub(r"[123]d$", "", name.strip("_").lower())
    return KINDS.get(name, name)


def _extent(op: _Operation) -> tuple[int, int, int]:
    """Channels, height and width of an output."""
    places = [length for axis, length in enumerate(op.shape) if axis not in (op.image, op.axis)]
    return op.shape[op.axis], places[0] if places else 1, math.prod(places[1:])


def is_innermost(module: nn.Module) -> bool:
    """Whether a module of torch's is taken as one operation, whatever it is made of."""
    theirs = type(module).__module__.startswith(("torch.nn", "torch.ao.nn"))
    return theirs and not _is_container(module) and not isinstance(module, TRANSFORMERS)


def _is_parameter(root: nn.Module, name: str) -> bool:
    holder, _, last = name.rpartition(".")
    return last in root.get_submodule(holder)._parameters


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())

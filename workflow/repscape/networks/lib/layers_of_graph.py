"""The layers of a network that is traced: names, shapes, receptive fields, from running its graph twice."""

from collections.abc import Callable, Iterable, Mapping
from typing import cast

import torch
from torch import fx, nn

from repscape.networks.lib.channel_axes import apart_from_images, axis_of
from repscape.networks.lib.layer_rows import are_logits, fill, leave_out_what_does_not_run
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.module_outputs import Aliases, Output
from repscape.networks.lib.operation import Field, Operation, Parameters, kind_of, size
from repscape.networks.lib.probe import Batches, Note, Seen, look
from repscape.networks.lib.receptive_fields import field_of
from repscape.traced.network import INPUT, PREDICTIONS, Frozen, Watcher


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
    nodes = dict(zip(frozen.paths, frozen.module.graph.nodes, strict=True))
    aliases = Aliases(outputs)
    seen = _run(frozen, nodes, aliases, batches)
    *_, last = nodes.values()
    logits = last.args[0]
    logits_path = next((path for path, node in nodes.items() if node is logits), "")
    if loaded.classifies and logits_path and are_logits(seen[logits_path]):
        append_softmax(frozen)
    operations = _operations(frozen, nodes, seen, tuple(batches[0].shape))
    if frozen.softmax:
        operations.append(Operation(PREDICTIONS, "", PREDICTIONS, cast(tuple, seen[logits_path].shape), 1))
    _add_modules(frozen, operations, aliases, nodes)
    called = {str(node.target) for node in nodes.values()} | aliases.found.keys() | aliases.refused.keys()
    leave_out_what_does_not_run(frozen, loaded, called)
    fill(frozen, loaded, operations)
    return seen


def _run(frozen: Frozen, nodes: Mapping[str, fx.Node], aliases: Aliases, batches: Batches) -> dict[str, Seen]:
    """Run the graph, look at the outputs of its nodes, and find those of modules among them."""

    def run(images: torch.Tensor, note: Note) -> None:
        def take(path: str) -> Callable:
            def both(value) -> None:
                note(path, value)
                aliases.note(path, value)

            return both

        watched = {node: take(path) for path, node in nodes.items()}
        Watcher(frozen.module).run_until(nodes[frozen.paths[-1]], images, watched)

    return look(run, *batches, values=batches[0].device.type != "meta")


def _operations(
    frozen: Frozen, nodes: Mapping[str, fx.Node], seen: Mapping[str, Seen], images: tuple[int, ...]
) -> list[Operation]:
    """Describe what the nodes of a graph do; leave out those whose output is no layer, and say why.

    Parameters
    ----------
    frozen : Frozen
    nodes : mapping of path to node
    seen : mapping of path to what its output looks like
    images : (2, 3, height, width)
    """
    parts = dict(frozen.module.named_modules())
    active: dict[fx.Node, Operation] = {}
    waiting: dict[fx.Node, list[nn.Parameter]] = {}
    parameters = Parameters()
    operations = []
    for path, node in nodes.items():
        if node.op == "placeholder":
            pixel = Field((1.0, 1.0), (0.0, 0.0), (0.0, 0.0))
            active[node] = Operation(path, "", INPUT, images, 1, field=pixel)
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
    return operations


def _operation(node: fx.Node, path: str, entry: Seen, inputs: list[Operation], part, root) -> Operation:
    """Describe a node whose inputs are described."""
    source = inputs[0]
    if node.op == "call_module":
        kind, weighted, inside = kind_of(type(part).__name__), size(part) > 0, str(node.target)
    else:
        name = node.target if node.op == "call_method" else node.target.__name__
        kind, inside = kind_of(str(name)), path.rpartition(".")[0]
        weights = [n for n in node.all_input_nodes if n.op == "get_attr"]
        weighted = any(_is_parameter(root, str(n.target)) for n in weights)
    if kind == "select" and isinstance(source.shape, list):
        kind = source.kind  # one of several outputs
    op = Operation(path, inside, kind, cast(tuple, entry.shape), 0, weighted, image=entry.image)
    op.axis = axis_of(node, op, inputs)
    if isinstance(op.shape, tuple):
        op.axis = apart_from_images(op.axis, op)
    op.field = field_of(node, op, inputs, part, root)
    return op


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


def _is_parameter(root: nn.Module, name: str) -> bool:
    holder, _, last = name.rpartition(".")
    return last in root.get_submodule(holder)._parameters

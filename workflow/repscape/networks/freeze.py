"""Networks as lists of operations whose outputs can be taken at the moment they are made.

torch.fx writes a network down as a graph: every call of a module or a function is a node. A frozen
network is that graph with its weights, in one file that opens without the code that built the
network. Nodes are named by paths as torchvision's feature extraction names them: ``layer1.0.conv1``
for a module, ``layer1.0.relu_1`` for its second call, ``layer1.0.add`` for a function called inside
``layer1.0``.

Outputs must be taken when their node has run: in-place operations (ReLU, ``+=``) overwrite what
hooks and feature extractors hand over at the end.

Networks that cannot be traced (whose course depends on the data) run as they are, with hooks on
their innermost modules; of functions between modules nothing is then recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from repscape.errors import DataError
from repscape.logs import logger
from repscape.networks.loaded import Loaded, weights_sha256
from repscape.networks.preprocess import Preprocess
from repscape.networks.tables import Row

INPUT, PREDICTIONS = "input", "predictions"

Callbacks = Mapping[str, Callable[[torch.Tensor], None]]


@dataclass
class Frozen:
    """A network that can be run and watched.

    Attributes
    ----------
    module : torch.fx.GraphModule, or torch.nn.Module where it cannot be traced
    paths : list of str
        The path of each node of the graph, in order; empty without a graph.
    rows : list of Row
        The table of layers (see table.py).
    axes : dict of str to int
        For each path in the table, which axis of the node's output is the channel.
    preprocess : Preprocess
    weights_sha256 : str
    softmax : bool
        Whether the outputs are classes, so that there is a layer of predictions.
    channels_last : bool
        Whether the network runs with each pixel's channels side by side in memory; some networks
        demand the usual order.
    """

    module: nn.Module
    paths: list[str]
    rows: list[Row]
    axes: dict[str, int]
    preprocess: Preprocess
    weights_sha256: str
    softmax: bool = False
    channels_last: bool = True

    def run(self, images: torch.Tensor, callbacks: Callbacks) -> None:
        """Run the network and hand over the outputs of nodes as they are made.

        A callback must not keep the tensor: what runs next may overwrite it. Nothing is computed
        after the last node that is asked for, where there is a graph.

        Parameters
        ----------
        images : float32 tensor (image, 3, y, x)
            Preprocessed.
        callbacks : mapping of node path to function
        """
        if self.paths:
            _run_graph(self.module, self.paths, images, callbacks)
        else:
            _run_with_hooks(self.module, images, callbacks, self.softmax)


def freeze(loaded: Loaded, image_size: tuple[int, int] = (256, 256)) -> Frozen:
    """Write a network down as a graph, with the table of its layers.

    Classifiers, whose output is (image, class), get one more node, `PREDICTIONS`, the softmax.

    Parameters
    ----------
    loaded : Loaded
    image_size : (int, int)
        Height and width of the stimuli in pixels; matters where the preprocessing has no crop.

    Raises
    ------
    DataError
        The network cannot process images of this size.
    """
    from repscape.networks.table import build, build_from_hooks

    size = loaded.preprocess.output_size(*image_size)
    images = torch.zeros(2, 3, *size)  # two images tell the axis of images from axes of length one
    total = weights_sha256(loaded.module)
    module, paths = _traced(loaded.module.eval().requires_grad_(False))
    frozen = Frozen(module, paths, [], {}, loaded.preprocess, total)

    def fill(layout: torch.memory_format) -> None:
        frozen.channels_last = layout is torch.channels_last
        module.to(memory_format=layout)
        with torch.inference_mode():
            complete = build if paths else build_from_hooks
            complete(frozen, loaded.module, images.contiguous(memory_format=layout))

    try:
        try:
            fill(torch.channels_last)  # about twice as fast on a CPU
        except RuntimeError as error:
            if "view" not in str(error):
                raise
            fill(torch.contiguous_format)
    except (RuntimeError, AssertionError) as error:
        raise DataError(
            f"The network cannot process an input of {size[0]} x {size[1]} pixels: "
            f"{str(error).splitlines()[0]}. Set preprocess (resize, crop) to what it takes."
        ) from error
    return frozen


def _traced(module: nn.Module) -> tuple[nn.Module, list[str]]:
    """Return the graph and its paths, or the module itself and no paths."""
    try:
        return trace(module)
    except Exception as error:
        # fx raises TraceError, but also whatever the traced code makes of a placeholder for a tensor
        logger.warning(
            "This network cannot be traced (%s: %s): the outputs of its innermost modules can be "
            "recorded, those of functions between them cannot.",
            type(error).__name__,
            " ".join(str(error).split())[:200],
        )
        return module, []


def trace(module: nn.Module) -> tuple[fx.GraphModule, list[str]]:
    """Return a network's graph in evaluation mode and the paths of its nodes."""
    tracer = _Tracer()
    graph = tracer.trace(module.eval())
    graph._tracer_cls = None  # so that the file needs no class of ours to open
    for node in list(graph.nodes):
        # without effect in evaluation, and torchvision would have to be imported for it
        if node.op == "call_function" and node.target.__name__ == "stochastic_depth":
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
            tracer.paths.pop(node)
    paths = [tracer.paths.get(node, node.name) for node in graph.nodes]
    return fx.GraphModule(module, graph, type(module).__name__), paths


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


def save(frozen: Frozen, path: str | Path) -> None:
    """Write a frozen network, whole or not at all."""
    from repscape.store import replacing

    content = {
        "module": frozen.module,
        "nodes": _order(frozen.module) if frozen.paths else [],
        "paths": frozen.paths,
        "rows": [tuple(row) for row in frozen.rows],
        "axes": frozen.axes,
        "preprocess": frozen.preprocess.to_dict(),
        "weights_sha256": frozen.weights_sha256,
        "softmax": frozen.softmax,
        "channels_last": frozen.channels_last,
    }
    with replacing(path) as temporary, open(temporary, "wb") as stream:  # a name would get into the bytes
        torch.save(content, stream)


def thaw(path: str | Path) -> Frozen:
    """Open a frozen network; its weights are read as they are used.

    Raises
    ------
    DataError
        The file is missing, truncated or not what `save` wrote.
    """
    try:
        content: dict[str, Any] = torch.load(path, mmap=True, weights_only=False)  # our own file
        module, paths = content["module"], content["paths"]
        # torch traces the graph anew when it opens it: names may change, the order may not
        if paths and _order(module) != content["nodes"]:
            raise ValueError("its nodes are not in the order in which they were written")
    except Exception as error:
        raise DataError(
            f"{path}: not a network as the workflow writes it ({error}). Delete it and run again."
        ) from error
    return Frozen(
        module,
        paths,
        [Row(*row) for row in content["rows"]],
        content["axes"],
        Preprocess.of(content["preprocess"]),
        content["weights_sha256"],
        content["softmax"],
        content["channels_last"],
    )


def _order(module: fx.GraphModule) -> list[tuple[str, str]]:
    """What a graph calls, in order."""
    return [(node.op, getattr(node.target, "__name__", node.target)) for node in module.graph.nodes]


class _Tracer(fx.Tracer):
    """Notes the path of each node.

    torchvision's own NodePathTracer does the same but cuts the number off modules named like
    ``ln_2`` and treats its blocks as innermost modules.
    """

    def __init__(self):
        super().__init__()
        self.paths: dict[fx.Node, str] = {}
        self.inside = [""]

    def call_module(self, m, forward, args, kwargs):
        self.inside.append(self.path_of_module(m))
        try:
            return super().call_module(m, forward, args, kwargs)
        finally:
            self.inside.pop()

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None):
        node = super().create_node(kind, target, args, kwargs, name, type_expr)
        if kind == "call_module":
            path = target
        elif kind == "placeholder":
            path = INPUT
        else:
            stem, _, number = node.name.rpartition("_")
            stem = stem if stem and number.isdigit() else node.name
            path = f"{self.inside[-1]}.{stem}".lstrip(".")
        self.paths[node] = _numbered(path, self.paths.values())
        return node


def _numbered(path: str, taken) -> str:
    """Return the path, or ``path_1`` where it is taken, or ``path_2``, …"""
    taken = set(taken)
    number, found = 0, path
    while found in taken:
        number += 1
        found = f"{path}_{number}"
    return found


class Watcher(fx.Interpreter):
    """Runs a graph up to a node, frees values early and hands over outputs as they are made."""

    def run_until(self, last: fx.Node, images: torch.Tensor, watched: Mapping[fx.Node, Callable]) -> None:
        """Run with `images` and call what is watched."""
        self.env, self.args_iter = {}, iter((images,))
        for node in self.graph.nodes:
            self.env[node] = self.run_node(node)
            if node in watched:
                watched[node](self.env[node])
            if node is last:
                return
            for used in self.user_to_last_uses.get(node, ()):
                del self.env[used]


def _run_graph(module: fx.GraphModule, paths: list[str], images: torch.Tensor, callbacks: Callbacks) -> None:
    watched = {
        node: callbacks[path]
        for node, path in zip(module.graph.nodes, paths, strict=True)
        if path in callbacks
    }
    Watcher(module).run_until(next(reversed(watched)), images, watched)


def _run_with_hooks(module: nn.Module, images, callbacks: Callbacks, softmax: bool) -> None:
    calls: set[str] = set()
    handles = []

    def watch(path):
        def hook(_module, _args, output):
            found = _numbered(path, calls)
            calls.add(found)
            if found in callbacks:
                callbacks[found](output)

        return hook

    for path, inner in module.named_modules():
        if path and not any(inner.children()):
            handles.append(inner.register_forward_hook(watch(path)))
    try:
        if INPUT in callbacks:
            callbacks[INPUT](images)
        output = module(images)
        if softmax and PREDICTIONS in callbacks:
            callbacks[PREDICTIONS](output.softmax(dim=1))
    finally:
        for handle in handles:
            handle.remove()

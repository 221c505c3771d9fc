"""Networks as lists of operations whose outputs can be taken at the moment they are made.

torch.fx writes a network down as a graph: every call of a module or a function is a node. A frozen
network is that graph with its weights, in one file that opens without the code that built the
network. Nodes are named by paths as torchvision's feature extraction names them: ``layer1.0.conv1``
for a module, ``layer1.0.relu_1`` for its second call, ``layer1.0.add`` for a function called inside
``layer1.0``.

Networks that cannot be traced (whose course depends on the data) run as they are, with hooks on
their modules; of functions between modules nothing is then recorded.
"""

from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import fx, nn

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.networks.lib.loaded import Loaded, weights_sha256
from repscape.networks.lib.module_outputs import Output
from repscape.traced import generators
from repscape.traced.network import INPUT, Folder, Frozen, Names, first_of, order

if TYPE_CHECKING:
    from repscape.networks.lib.probe import Seen


def freeze(loaded: Loaded, image_size: tuple[int, int] = (256, 256), noise_seed: int | None = None) -> Frozen:
    """Write a network down as a graph, with the table of its layers.

    Classifiers, whose output is (image, class), get one more node, `PREDICTIONS`, the softmax.

    Parameters
    ----------
    loaded : Loaded
    image_size : (int, int)
        Height and width of the stimuli in pixels; matters where the preprocessing has no crop.
    noise_seed : int, optional
        Lets a network draw random numbers, from this seed (see `Frozen`).

    Raises
    ------
    DataError
        The network cannot process images of this size, or what it answers to an image depends on other
        images or on random numbers.
    """
    from repscape.networks.lib.probe import examples
    from repscape.networks.lib.stability import check, check_graph, check_numbers

    shown = examples(loaded.preprocess, *loaded.preprocess.output_size(*image_size))
    check_numbers(loaded.module)
    frozen, seen = write_down(loaded, shown)
    frozen.noise_seed = noise_seed
    check(frozen, seen, shown)
    if frozen.paths and noise_seed is None:
        check_graph(frozen, loaded.module, shown)
    _report(frozen)
    if loaded.classifies and not frozen.softmax:
        logger.info("no layer 'predictions', since the network's output is not (image, class)")
    return frozen


def write_down(loaded: Loaded, shown: torch.Tensor) -> "tuple[Frozen, dict[str, Seen]]":
    """Write a network down without asking what its answers depend on; see `freeze`.

    Parameters
    ----------
    loaded : Loaded
    shown : float32 tensor (3, 3, y, x)
        Images; see probe.py.
    """
    from repscape.networks.lib.layers_of_graph import build
    from repscape.networks.lib.layers_of_hooks import build_from_hooks
    from repscape.networks.lib.probe import BATCHES

    size = tuple(shown.shape[2:])
    total = weights_sha256(loaded.module)
    traced = _traced(loaded.module.eval().requires_grad_(False))
    module = traced.module
    frozen = Frozen(module, traced.paths, [], {}, loaded.preprocess, total, folder=loaded.folder)

    def fill(layout: torch.memory_format) -> "dict[str, Seen]":
        frozen.channels_last = layout is torch.channels_last
        module.to(memory_format=layout)
        batches = tuple(shown[places].contiguous(memory_format=layout) for places in BATCHES)
        with torch.no_grad():  # not torch.inference_mode, in which tensors do not count what is written over
            if traced.paths:
                return build(frozen, loaded, batches, traced.outputs)
            return build_from_hooks(frozen, loaded, batches)

    try:
        try:
            seen = fill(torch.channels_last)  # about twice as fast on a CPU
        except RuntimeError:  # some demand the usual order, or hold what has none
            seen = fill(torch.contiguous_format)
    except (RuntimeError, AssertionError) as error:
        first = _first_convolution(loaded.module)
        if isinstance(first, nn.Conv3d):
            raise DataError(
                "The network takes clips (image, 3, time, y, x). Stimuli are shown image by image, so "
                "only networks of single images can be used."
            ) from error
        if isinstance(first, nn.Conv2d) and first.in_channels != 3:
            raise DataError(
                f"The network takes images with {first.in_channels} channels, but stimuli have 3 (RGB). "
                "Let the 'factory' return a module that converts them, as by x.mean(1, keepdim=True), and "
                "then calls the network."
            ) from error
        raise DataError(
            f"The network cannot process an input of {size[0]} x {size[1]} pixels: "
            f"{str(error).splitlines()[0]}. Set preprocess (resize, crop) to a size that it takes."
        ) from error
    return frozen, seen


def _first_convolution(module: nn.Module) -> nn.Module | None:
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    return next((part for part in module.modules() if isinstance(part, kinds)), None)


def _report(frozen: Frozen) -> None:
    """Say which outputs are no layers, and why."""
    reasons: dict[str, list[str]] = {}
    for path, reason in frozen.left_out.items():
        reasons.setdefault(reason, []).append(path)
    for reason, paths in reasons.items():
        logger.info("not in the table of layers, because it %s: %s", reason, some(paths))


class Traced(NamedTuple):
    """A network's graph.

    Attributes
    ----------
    module : torch.fx.GraphModule, or the network itself where it cannot be traced
    paths : list of str
        Of its nodes, in order; empty without a graph.
    outputs : list of Output
        Where the outputs of modules made of modules are.
    """

    module: nn.Module
    paths: list[str]
    outputs: list[Output]


def _traced(module: nn.Module) -> Traced:
    """Return the graph, or the module itself without paths."""
    try:
        return trace(module)
    except Exception as error:
        # fx raises TraceError, but also whatever the traced code makes of a placeholder for a tensor
        logger.warning(
            "This network cannot be traced (%s: %s). The outputs of its modules can be recorded, but not "
            "those of functions between them.",
            type(error).__name__,
            " ".join(str(error).split())[:200],
        )
        return Traced(module, [], [])


def trace(module: nn.Module) -> Traced:
    """Return a network's graph in evaluation mode.

    Raises
    ------
    Exception
        It cannot be traced.
    """
    from repscape.networks.lib.operation import TRANSFORMERS

    if any(isinstance(part, TRANSFORMERS) for part in module.modules()):
        raise RuntimeError("torch's Transformer modules choose what they run by the data")
    tracer, before = _Tracer(module), generators.states()
    graph = tracer.trace(module.eval())
    if generators.states() != before:
        raise RuntimeError("it draws random numbers, which a graph would freeze")
    graph._tracer_cls = None  # so that the file needs no class of ours to open
    order, gone = list(graph.nodes), {}
    for node in reversed(order):
        name = node.target.__name__ if node.op == "call_function" else ""
        # The first is without effect in evaluation, and torchvision would have to be imported for it;
        # attributes that nobody uses (a device, a type) are lost when the file is opened.
        if name == "stochastic_depth":
            node.replace_all_uses_with(node.args[0])
            gone[node] = node.args[0]
        elif name != "getattr" or node.users:
            continue
        else:
            gone[node] = None
        graph.erase_node(node)
        tracer.paths.pop(node)
    paths = [tracer.paths.get(node, node.name) for node in graph.nodes]
    named = dict(zip(graph.nodes, paths, strict=True))
    outputs = []
    for module_path, made, last in tracer.outputs:
        while made in gone:
            made = gone[made]
        while last in gone:
            last = order[order.index(last) - 1]
        if made is not None:
            outputs.append(Output(module_path, named[made], named[last]))
    return Traced(fx.GraphModule(module, graph, type(module).__name__), paths, outputs)


def save(frozen: Frozen, path: str | Path) -> None:
    """Write a frozen network, whole or not at all."""
    from repscape.io.netcdf import replacing

    content = {
        "folder": Folder(frozen.folder),  # first, for what follows may need it
        "module": frozen.module,
        "nodes": order(frozen.module) if frozen.paths else [],
        "paths": frozen.paths,
        "rows": [tuple(row) for row in frozen.rows],
        "axes": frozen.axes,
        "preprocess": frozen.preprocess.to_dict(),
        "weights_sha256": frozen.weights_sha256,
        "softmax": frozen.softmax,
        "channels_last": frozen.channels_last,
        "left_out": frozen.left_out,
        "noise_seed": frozen.noise_seed,
    }
    with (
        replacing(path, with_checksums=True) as temporary,
        open(temporary, "wb") as stream,  # a name would get into the bytes
    ):
        torch.save(content, stream)


class _Tracer(fx.Tracer):
    """Notes the path of each node.

    torchvision's NodePathTracer does the same but cuts the number off modules named like
    ``ln_2`` and treats its blocks as innermost modules.
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        self.paths: dict[fx.Node, str] = {}
        self.outputs: list[tuple[str, fx.Node, fx.Node]] = []  # of modules made of modules; see Output
        self.inside = [""]
        self.names = Names(path for path, _ in module.named_modules() if path)

    def create_args_for_root(self, root_fn, is_module, concrete_args=None):
        """Take the images alone: further arguments have the values that they have by default."""
        name = next(name for name in signature(root_fn).parameters if name != "self")
        return root_fn, [self.root, self.create_proxy("placeholder", name, (), {})]

    def call_module(self, m, forward, args, kwargs):
        path = self.path_of_module(m)
        self.inside.append(path)
        try:
            output = super().call_module(m, forward, args, kwargs)
        finally:
            self.inside.pop()
        if not self.is_leaf_module(m, path):
            name, made = self.names.of_call(path), first_of(output)
            if isinstance(made, fx.Proxy):
                self.outputs.append((name, made.node, next(iter(reversed(self.graph.nodes)))))
        return output

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None):
        node = super().create_node(kind, target, args, kwargs, name, type_expr)
        if kind == "call_module":
            self.paths[node] = self.names.of_call(target)
        elif kind == "placeholder":
            self.paths[node] = self.names.of_function(INPUT)
        else:
            stem, _, number = node.name.rpartition("_")
            stem = stem if stem and number.isdigit() else node.name
            self.paths[node] = self.names.of_function(f"{self.inside[-1]}.{stem}".lstrip("."))
        return node

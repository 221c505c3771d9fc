"""Networks as lists of operations whose outputs can be taken at the moment they are made.

torch.fx writes a network down as a graph: every call of a module or a function is a node. A frozen
network is that graph with its weights, in one file that opens without the code that built the
network. Nodes are named by paths as torchvision's feature extraction names them: ``layer1.0.conv1``
for a module, ``layer1.0.relu_1`` for its second call, ``layer1.0.add`` for a function called inside
``layer1.0``.

Networks that cannot be traced (whose course depends on the data) run as they are, with hooks on
their innermost modules; of functions between modules nothing is then recorded.
"""

from inspect import signature
from pathlib import Path

import torch
from torch import fx, nn

from repscape.errors import DataError
from repscape.frozen.network import INPUT, Folder, Frozen, numbered, order
from repscape.logs import logger
from repscape.networks.loaded import Loaded, weights_sha256


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
    frozen = Frozen(module, paths, [], {}, loaded.preprocess, total, folder=loaded.folder)

    def fill(layout: torch.memory_format) -> None:
        frozen.channels_last = layout is torch.channels_last
        module.to(memory_format=layout)
        with torch.inference_mode():
            complete = build if paths else build_from_hooks
            complete(frozen, loaded, images.contiguous(memory_format=layout))

    try:
        try:
            fill(torch.channels_last)  # about twice as fast on a CPU
        except RuntimeError:  # some demand the usual order, or hold what has none
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
    for node in reversed(list(graph.nodes)):
        name = node.target.__name__ if node.op == "call_function" else ""
        # The first is without effect in evaluation, and torchvision would have to be imported for it;
        # attributes that nobody uses (a device, a type) are lost when the file is opened.
        if name == "stochastic_depth":
            node.replace_all_uses_with(node.args[0])
        elif name != "getattr" or node.users:
            continue
        graph.erase_node(node)
        tracer.paths.pop(node)
    paths = [tracer.paths.get(node, node.name) for node in graph.nodes]
    return fx.GraphModule(module, graph, type(module).__name__), paths


def save(frozen: Frozen, path: str | Path) -> None:
    """Write a frozen network, whole or not at all."""
    from repscape.store import replacing

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
    }
    with (
        replacing(path, with_checksums=True) as temporary,
        open(temporary, "wb") as stream,  # a name would get into the bytes
    ):
        torch.save(content, stream)


class _Tracer(fx.Tracer):
    """Notes the path of each node.

    torchvision's own NodePathTracer does the same but cuts the number off modules named like
    ``ln_2`` and treats its blocks as innermost modules.
    """

    def __init__(self):
        super().__init__()
        self.paths: dict[fx.Node, str] = {}
        self.inside = [""]

    def create_args_for_root(self, root_fn, is_module, concrete_args=None):
        """Take the images alone: further arguments have the values that they have by default."""
        name = next(name for name in signature(root_fn).parameters if name != "self")
        return root_fn, [self.root, self.create_proxy("placeholder", name, (), {})]

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
        self.paths[node] = numbered(path, self.paths.values())
        return node

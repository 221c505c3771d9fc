"""Frozen networks: opened, run and watched.

A frozen network is a graph of operations with its weights, in one file that opens without the
code that built the network (networks/lib/freeze.py writes it). Its outputs are taken at the moment they are
made: in-place operations (ReLU, ``+=``) overwrite what hooks and feature extractors hand over at
the end.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.plugin.user_functions import look_in
from repscape.traced.generators import drawing_from
from repscape.traced.layer_info import LayerInfo
from repscape.traced.preprocess import Preprocess

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
    rows : list of LayerInfo
        The table of layers (see networks/lib/layers_of_graph.py).
    axes : dict of str to (int, int)
        For each path in the table, which axis of the node's output is the image's, and which the channel's.
    preprocess : Preprocess
    weights_sha256 : str
    softmax : bool
        Whether the outputs are classes, so that there is a layer of predictions.
    channels_last : bool
        Whether the network runs with each pixel's channels side by side in memory; some networks
        demand the usual order.
    folder : str
        Where a user's code lies that the file needs to open: that of a network without a graph.
    left_out : dict of str to str
        Outputs that are no layers, by path, and why.
    noise_seed : int or None
        Of a network that draws random numbers: each image is then shown alone, with numbers drawn from this
        seed and the image.
    """

    module: nn.Module
    paths: list[str]
    rows: list[LayerInfo]
    axes: dict[str, tuple[int, int]]
    preprocess: Preprocess
    weights_sha256: str
    softmax: bool = False
    channels_last: bool = True
    folder: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
    noise_seed: int | None = None

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
        if self.noise_seed is None:
            self._run(images, callbacks)
        elif len(images) == 1:
            with _drawing_for(images[0], self.noise_seed):
                self._run(images, callbacks)
        else:
            self._run_one_by_one(images, callbacks)

    def _run(self, images: torch.Tensor, callbacks: Callbacks) -> None:
        if self.paths:
            _run_graph(self.module, self.paths, images, callbacks)
        else:
            _run_with_hooks(self.module, images, callbacks, self.softmax)

    def _run_one_by_one(self, images: torch.Tensor, callbacks: Callbacks) -> None:
        answers: dict[str, list[torch.Tensor]] = {path: [] for path in callbacks}

        def keep(path: str) -> Callable[[torch.Tensor], None]:
            return lambda output: answers[path].append(output.clone())

        for image in images.split(1):
            self.run(image, {path: keep(path) for path in callbacks})
        for path, callback in callbacks.items():
            callback(torch.cat(answers[path], dim=self.axes[path][0]))


def _drawing_for(image: torch.Tensor, seed: int) -> AbstractContextManager:
    """Let what runs inside draw random numbers that depend on a seed and an image alone."""
    content = image.detach().cpu().numpy()
    digest = hashlib.blake2b(content.tobytes(), key=str(seed).encode(), digest_size=8).digest()
    return drawing_from(int.from_bytes(digest, "little") >> 1, [image.device] if image.is_cuda else [])


def open_network(path: str | Path) -> Frozen:
    """Open a frozen network; its weights are read as they are used.

    Raises
    ------
    DataError
        The file is missing, truncated, damaged or not what `save` wrote.
    """
    try:
        netcdf.check(path)
        content: dict[str, Any] = torch.load(path, mmap=True, weights_only=False)  # our own file
        module, paths = content["module"], content["paths"]
        # torch traces the graph anew when it opens it: names may change, the order may not
        if paths and order(module) != content["nodes"]:
            raise ValueError("its nodes are not in the order in which they were saved")
        if "noise_seed" not in content:
            raise ValueError("an earlier version of repscape wrote it")
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            f"{path}: expected a network written by the workflow ({error}). Delete it and run again."
        ) from error
    return Frozen(
        module,
        paths,
        [LayerInfo(*row) for row in content["rows"]],
        content["axes"],
        Preprocess.of(content["preprocess"]),
        content["weights_sha256"],
        content["softmax"],
        content["channels_last"],
        content["folder"],
        content["left_out"],
        content["noise_seed"],
    )


class Folder(str):
    """A folder in which Python looks for modules from when the file that says so is opened."""

    def __reduce__(self):  # noqa: D105
        return _opened, (str(self),)


def _opened(folder: str) -> "Folder":
    if folder:
        look_in(folder)
    return Folder(folder)


def order(module: fx.GraphModule) -> list[tuple[str, str]]:
    """What a graph calls, in order."""
    return [(node.op, getattr(node.target, "__name__", node.target)) for node in module.graph.nodes]


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
    ran = {INPUT, PREDICTIONS}

    def hand_over(path: str, value) -> None:
        ran.add(path)
        if path in callbacks:
            callbacks[path](first_of(value))

    if INPUT in callbacks:
        callbacks[INPUT](images)
    with hooks(module, hand_over):
        output = module(images)
    if softmax and PREDICTIONS in callbacks:
        callbacks[PREDICTIONS](output.softmax(dim=1))
    silent = [path for path in callbacks if path not in ran]
    if silent:
        raise DataError(
            f"The network did not run {', '.join(silent)} for some images, since what it runs depends on "
            "the data. Leave these layers out."
        )


@contextmanager
def hooks(module: nn.Module, note: Callable[[str, Any], None]) -> Iterator[None]:
    """Call a function with the path and the output of each module inside another, whenever it has run."""
    inner = [(path, part) for path, part in module.named_modules() if path]
    names = Names(path for path, _ in inner)

    def watch(path: str) -> Callable:
        return lambda _module, _args, output: note(names.of_call(path), output)

    handles = [part.register_forward_hook(watch(path)) for path, part in inner]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def first_of(value: Any) -> Any:
    """Return the first of several outputs, which is the activity of attention and recurrent modules."""
    while isinstance(value, tuple | list) and len(value):
        value = value[0]
    return value


class Names:
    """Gives names to calls: the path of what is called, or ``path_1`` where that is taken, or ``path_2``, …

    The first call of a module has the module's path, whatever was called before.
    """

    def __init__(self, modules: Iterable[str]):
        """Take the paths of all modules."""
        self._modules, self._taken = set(modules), set[str]()

    def of_call(self, path: str) -> str:
        """Name a call of a module."""
        return self._new(path, path)

    def of_function(self, path: str) -> str:
        """Name a call of a function."""
        return self._new(path, None)

    def _new(self, path: str, own: str | None) -> str:
        number, found = 0, path
        while found in self._taken or (found in self._modules and found != own):
            number += 1
            found = f"{path}_{number}"
        self._taken.add(found)
        return found

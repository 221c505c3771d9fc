"""Frozen networks: opened, run and watched.

A frozen network is a graph of operations with its weights, in one file that opens without the
code that built the network (networks/freeze.py writes it). Its outputs are taken at the moment they are
made: in-place operations (ReLU, ``+=``) overwrite what hooks and feature extractors hand over at
the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from repscape import store
from repscape.errors import DataError
from repscape.frozen.preprocess import Preprocess
from repscape.frozen.row import Row
from repscape.own import look_in

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
        The table of layers (see networks/table.py).
    axes : dict of str to int
        For each path in the table, which axis of the node's output is the channel.
    preprocess : Preprocess
    weights_sha256 : str
    softmax : bool
        Whether the outputs are classes, so that there is a layer of predictions.
    channels_last : bool
        Whether the network runs with each pixel's channels side by side in memory; some networks
        demand the usual order.
    folder : str
        Where a user's own code lies that the file needs to open: that of a network without a graph.
    """

    module: nn.Module
    paths: list[str]
    rows: list[Row]
    axes: dict[str, int]
    preprocess: Preprocess
    weights_sha256: str
    softmax: bool = False
    channels_last: bool = True
    folder: str = ""

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


def thaw(path: str | Path) -> Frozen:
    """Open a frozen network; its weights are read as they are used.

    Raises
    ------
    DataError
        The file is missing, truncated, damaged or not what `save` wrote.
    """
    try:
        store.check(path)
        content: dict[str, Any] = torch.load(path, mmap=True, weights_only=False)  # our own file
        module, paths = content["module"], content["paths"]
        # torch traces the graph anew when it opens it: names may change, the order may not
        if paths and order(module) != content["nodes"]:
            raise ValueError("its nodes are not in the order in which they were written")
    except DataError:
        raise
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
        content["folder"],
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
    calls: set[str] = set()
    handles = []

    def watch(path):
        def hook(_module, _args, output):
            found = numbered(path, calls)
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
    silent = [path for path in callbacks if path not in calls and path not in (INPUT, PREDICTIONS)]
    if silent:
        raise DataError(
            f"For some images the network did not run {', '.join(silent)}: what it runs depends on the data. "
            "Leave these layers out."
        )


def numbered(path: str, taken) -> str:
    """Return the path, or ``path_1`` where it is taken, or ``path_2``, …"""
    taken = set(taken)
    number, found = 0, path
    while found in taken:
        number += 1
        found = f"{path}_{number}"
    return found

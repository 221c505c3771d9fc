"""Which node of a graph gives the output of a module that is made of modules: what a hook on it sees.

The tensor that a module returns may be written over, in place, after the node that made it and before the
module returns. Then the output is that of the node that wrote last.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch


class Output(NamedTuple):
    """What a module returned.

    Attributes
    ----------
    module : str
        Its path; of a later call with a number.
    node : str
        The path of the node that made it.
    last : str
        The path of the last node before the module returned.
    """

    module: str
    node: str
    last: str


class Aliases:
    """Finds the nodes while a graph runs.

    Attributes
    ----------
    found : dict of module to node, by paths
    refused : dict of module to why it has none
    """

    def __init__(self, outputs: Iterable[Output]):
        """Take the outputs of all modules."""
        self.found: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self._begins: dict[str, list[Output]] = {}
        self._ends: dict[str, list[Output]] = {}
        for output in outputs:
            self._begins.setdefault(output.node, []).append(output)
            self._ends.setdefault(output.last, []).append(output)
        self._open: dict[Output, tuple[torch.Tensor, list[tuple[str, int]]]] = {}
        self._seen: set[str] = set()

    def note(self, path: str, value) -> None:
        """Take the output of a node; of a second run nothing is taken."""
        if path in self._seen:
            return
        self._seen.add(path)
        if isinstance(value, torch.Tensor):
            written = value._version  # counts what is written in place
            for tensor, names in self._open.values():
                if value is tensor:
                    names.append((path, written))
            for output in self._begins.get(path, ()):
                self._open[output] = value, [(path, written)]
        for output in self._ends.get(path, ()):
            tensor, names = self._open.pop(output, (None, []))
            same = [name for name, written in names if tensor is not None and written == tensor._version]
            if same:
                self.found[output.module] = same[0]
            elif tensor is None:
                self.refused[output.module] = "gives several tensors"
            else:
                self.refused[output.module] = (
                    "gives an output that is then overwritten in place outside of any layer"
                )

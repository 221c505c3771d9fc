"""repscape: the representational landscape of neural networks, layer by layer.

From a notebook: activity of the layers of a network, RDMs of activity, RDMs compared, tested and placed in a
map, and the results of a study. Arrays go in as NumPy, torch, pandas or xarray have them, and come out
labelled. Mistakes are answered in words, as ValueError or TypeError.

>>> import repscape
>>> found = repscape.rdm([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], metric="euclidean", normalisation="none")
>>> print(found.values.round(2))
[[0.   1.41 1.  ]
 [1.41 0.   1.  ]
 [1.   1.   0.  ]]
"""

import sys as _sys
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repscape.api.comparisons import compare
    from repscape.api.conversions import to_rsatoolbox, to_xarray
    from repscape.api.differentiation import differentiation
    from repscape.api.inference import infer
    from repscape.api.maps import embed
    from repscape.api.plugins import list_plugins
    from repscape.api.rdms import rdm, rdms
    from repscape.api.recording import activations
    from repscape.api.study import open_study

__version__ = "0.1.0"

# The functions and the modules that they are in, which are imported when they are first asked for.
_WHERE = {
    "activations": "recording",
    "compare": "comparisons",
    "differentiation": "differentiation",
    "embed": "maps",
    "infer": "inference",
    "list_plugins": "plugins",
    "open_study": "study",
    "rdm": "rdms",
    "rdms": "rdms",
    "to_rsatoolbox": "conversions",
    "to_xarray": "conversions",
}

__all__ = [
    "activations",
    "compare",
    "differentiation",
    "embed",
    "infer",
    "list_plugins",
    "open_study",
    "rdm",
    "rdms",
    "to_rsatoolbox",
    "to_xarray",
]


class _Package(_ModuleType):
    """Keeps the names of functions for these, where a folder of the package has the same name."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _WHERE and isinstance(value, _ModuleType)):  # which the import system would set
            super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    """Import a function when it is asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module 'repscape' has no attribute {name!r}. It has {', '.join(__all__)}.")
    from importlib import import_module

    found = getattr(import_module(f"repscape.api.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


_sys.modules[__name__].__class__ = _Package

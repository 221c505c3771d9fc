"""Tables of layers for plans: ``python -m repscape.networks.lib.layer_table_export`` writes those that ship.

Needs neither weights nor memory: networks are built and run on torch's meta device, which knows
shapes only.
"""

import csv
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import torch
from torch.overrides import TorchFunctionMode

from repscape.networks.lib import layer_table
from repscape.networks.lib.freeze import Traced, trace, write_down
from repscape.networks.lib.layer_table_build import build, build_from_hooks
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.probe import examples
from repscape.traced.layer_info import Row
from repscape.traced.network import Frozen

# What is recorded of a network without a crop depends on the stimuli; a plan is made with this
IMAGE = (256, 256)


class _WithoutMemory(TorchFunctionMode):
    """Makes parameters on the meta device, and nothing else there: builders compute with tensors."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (torch.empty, torch.zeros, torch.ones):
            kwargs = (kwargs or {}) | {"device": "meta"}
        return function(*args, **(kwargs or {}))


def shapes(make: Callable[[], Loaded]) -> list[Row]:
    """Return the table of a network.

    Parameters
    ----------
    make : function
        Builds it. Its weights do not matter.
    """
    with _WithoutMemory():
        loaded = make()
    module = loaded.module.to("meta")
    size = loaded.preprocess.output_size(*IMAGE)
    batches = tuple(torch.empty(count, 3, *size, device="meta") for count in (2, 3))
    try:
        traced = trace(module)
    except Exception:  # whatever the traced code makes of a placeholder for a tensor; see freeze.py
        traced = Traced(module, [], [])
    frozen = Frozen(traced.module, traced.paths, [], {}, loaded.preprocess, "")
    with torch.no_grad():
        if traced.paths:
            build(frozen, loaded, batches, traced.outputs)
        else:
            build_from_hooks(frozen, loaded, batches)
    return frozen.rows


def shapes_of_any(make: Callable[[], Loaded]) -> list[Row]:
    """Return the table of a network that may need numbers to be built or run."""
    try:
        return shapes(make)
    except Exception:  # the meta device has no numbers, and each network asks for them in its own way
        loaded = make()
        shown = examples(loaded.preprocess, *loaded.preprocess.output_size(*IMAGE))
        return write_down(loaded, shown)[0].rows


def write(rows: Iterable[Row], path: Path) -> None:
    """Write the columns that are needed to choose layers and to know their size."""
    columns = ("label", "node", "kind", "block", "units", "channels", "modules")
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([getattr(row, name) for name in columns] for row in rows)


def main() -> None:
    """Write all tables."""
    from torchvision import models

    from repscape.networks import cornet_s, torchvision

    layer_table.FOLDER.mkdir(exist_ok=True)
    named = {name: models.get_model_weights(name).__members__ for name in models.list_models(module=models)}
    lines = ["architecture,weights,resize,interpolation,default"]
    for name, members in named.items():
        presets = list(map(torchvision.preset, members.values()))
        columns = members, [str(preset.resize) for preset in presets], [one.interpolation for one in presets]
        lines.append(",".join([name, *map(" ".join, columns), members["DEFAULT"].name]))
    layer_table.WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    makers: dict[str, Callable[[], Loaded]] = {
        name: partial(torchvision.load, architecture=name, weights="random") for name in named
    }
    makers["cornet_s"] = lambda: cornet_s.load(weights="random")
    for name, make in makers.items():
        rows = shapes(make)
        write(rows, layer_table.FOLDER / f"{name}.tsv")
        print(f"{name}: {len(rows)} layers, {sum(bool(row.block) for row in rows)} in blocks")


if __name__ == "__main__":
    main()

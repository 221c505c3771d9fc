"""Makes tables of layers of networks that are built without weights: those of a plan, and those that ship.

``python -m repscape.networks.lib.layer_table_build`` writes layer_tables.zip and torchvision_weights.csv.
Networks are built and run on torch's meta device, which knows shapes only: that takes neither time nor
memory.
"""

import csv
import io
import json
import multiprocessing
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from repscape.core.errors import RepscapeError
from repscape.networks.lib import layer_table_cache, torchvision_weights
from repscape.networks.lib.freeze import Traced, trace, write_down
from repscape.networks.lib.layers_of_graph import build
from repscape.networks.lib.layers_of_hooks import build_from_hooks
from repscape.networks.lib.loaded import Loaded
from repscape.networks.lib.probe import examples
from repscape.plugin import schema
from repscape.plugin.user_functions import describe
from repscape.traced.layer_info import LayerInfo
from repscape.traced.network import Frozen

# What is recorded of a network without a crop depends on the stimuli; a plan is made with this
IMAGE = (256, 256)
COLUMNS = ("label", "node", "kind", "block", "units", "channels", "modules")


class _WithoutMemory(TorchFunctionMode):
    """Makes parameters on the meta device, and nothing else there: builders compute with tensors."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (torch.empty, torch.zeros, torch.ones):
            kwargs = (kwargs or {}) | {"device": "meta"}
        return function(*args, **(kwargs or {}))


def table(make: Callable[[], Loaded]) -> list[LayerInfo]:
    """Return the layers of a network.

    Parameters
    ----------
    make : function
        Builds it. Its weights do not matter.
    """
    try:
        return table_without_numbers(make)
    except Exception:  # the meta device has no numbers, and each network asks for them in its own way
        loaded = make()
        shown = examples(loaded.preprocess, *loaded.preprocess.output_size(*IMAGE))
        return write_down(loaded, shown)[0].rows


def table_without_numbers(make: Callable[[], Loaded]) -> list[LayerInfo]:
    """Return the layers of a network that needs no numbers to be built and run."""
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


def text(rows: Iterable[LayerInfo]) -> str:
    """Write the columns that are needed to choose layers and to know their size."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(row, name) for name in COLUMNS] for row in rows)
    return stream.getvalue()


def write(section: Mapping, files: str) -> None:
    """Write the table of a network, or what is wrong with it.

    Parameters
    ----------
    section : mapping
        Of the config.
    files : str
        The path of the table, of the error, or of what the network's code prints, but for the suffix.
    """
    with open(f"{files}.log", "wb", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    error_file = Path(f"{files}.error")
    try:
        found = text(table(schema.make("networks", section).untrained))
        Path(f"{files}.tsv").write_text(found, encoding="utf-8", newline="")
    except RepscapeError as error:
        error_file.write_text(str(error), encoding="utf-8")
    except Exception as error:
        error_file.write_text(f"the network cannot be built or run: {describe(error)}.", encoding="utf-8")


def write_several(tasks: Iterable[Mapping]) -> None:
    """Write tables, each in a separate process: modules of different networks may have the same name.

    Parameters
    ----------
    tasks : arguments of `write`
    """
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    for task in tasks:
        process = context.Process(target=write, kwargs=dict(task))
        process.start()
        process.join()
        if process.exitcode:
            with open(f"{task['files']}.log", "a", encoding="utf-8") as log:
                log.write(f"\nexit status {process.exitcode}")


def write_shipped(file: Path = layer_table_cache.SHIPPED) -> None:
    """Write the tables of torchvision's architectures and of CORnet-S."""
    sections = [{"kind": "torchvision", "architecture": name} for name in torchvision_weights.architectures()]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for section in [{"kind": "cornet_s"}, *sections]:
            rows = table(schema.make("networks", section).untrained)
            name = layer_table_cache.shipped_name(section)
            archive.writestr(zipfile.ZipInfo(name), text(rows), zipfile.ZIP_DEFLATED, 9)
            print(f"{name}: {len(rows)} layers, {sum(bool(row.block) for row in rows)} of them in blocks")


def write_weights(file: Path = torchvision_weights.FILE) -> None:
    """Write the names of torchvision's weights, and how their transforms resize."""
    from torchvision import models

    from repscape.networks import torchvision

    lines = [",".join(torchvision_weights.COLUMNS)]
    for name in models.list_models(module=models):
        members = models.get_model_weights(name).__members__
        presets = [torchvision.preset(weights) for weights in members.values()]
        columns = members, [str(one.resize) for one in presets], [one.interpolation for one in presets]
        lines.append(",".join([name, *map(" ".join, columns), members["DEFAULT"].name]))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:]:
        write_several(json.loads(sys.argv[1]))
    else:
        write_weights()
        write_shipped()

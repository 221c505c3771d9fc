"""Writes the tables of layers that ship with the package: ``python -m repscape.networks.generate``.

Needs neither weights nor memory: networks are built and run on torch's meta device, which knows
shapes only.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import torch
from torch.overrides import TorchFunctionMode

from repscape.networks import tables
from repscape.networks.freeze import trace
from repscape.networks.frozen import Frozen
from repscape.networks.preprocess import Preprocess
from repscape.networks.table import build
from repscape.networks.tables import Row


class _WithoutMemory(TorchFunctionMode):
    """Makes parameters on the meta device, and nothing else there: builders compute with tensors."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (torch.empty, torch.zeros, torch.ones):
            kwargs = (kwargs or {}) | {"device": "meta"}
        return function(*args, **(kwargs or {}))


def shapes(architecture: str) -> list[Row]:
    """Return the table of one of torchvision's architectures, at its usual input size."""
    from repscape.networks import torchvision

    default = torchvision.weight_names(architecture).DEFAULT
    preset = torchvision.preset(default)
    with _WithoutMemory():
        module = torchvision.build(
            architecture, image_size=torchvision.image_size(architecture, None, preset)
        )
    module.to("meta")
    frozen = Frozen(*trace(module), [], {}, Preprocess(), "")
    images = torch.empty(2, 3, *preset.output_size(256, 256), device="meta")
    with torch.inference_mode():
        build(frozen, module, images)
    return frozen.rows


def write(rows: Iterable[Row], path: Path) -> None:
    """Write the columns that are needed to choose layers and to know their size."""
    columns = ("label", "node", "kind", "block", "units", "channels")
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([getattr(row, name) for name in columns] for row in rows)


def main() -> None:
    """Write all tables."""
    from torchvision import models

    tables.FOLDER.mkdir(exist_ok=True)
    named = {name: models.get_model_weights(name).__members__ for name in models.list_models(module=models)}
    lines = [f"{name},{' '.join(members)}" for name, members in named.items()]
    tables.WEIGHTS.write_text("\n".join(["architecture,weights", *lines]) + "\n", encoding="utf-8")
    for architecture in models.list_models(module=models):
        rows = shapes(architecture)
        write(rows, tables.FOLDER / f"{architecture}.tsv")
        print(f"{architecture}: {len(rows)} layers, {sum(bool(row.block) for row in rows)} in blocks")


if __name__ == "__main__":
    main()

"""Tables of layers: choosing and naming layers, without torch.

A layer is the output of one operation of a network. Its label counts operations of a kind in the
order of execution (``conv1``, ``relu1``, …); `input` are the pixels after preprocessing,
`predictions` the softmax. Some layers are also the output of a block (``block1``, …): the layer
set ``blocks`` is made of these, of the input and of the head (see blocks.py for the rule).
"""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from repscape.core.errors import ConfigError
from repscape.traced.layer_info import LayerInfo

if TYPE_CHECKING:
    from repscape.plugin.parameter_types import Layers

LAYER_SETS = ("blocks", "all")
NONE = "expected at least one layer, found none. Try layers: blocks."
KEEP_THEIR_NAMES = ("input", "predictions")

Numbered = tuple[str, int]


def parse(lines: Iterable[str]) -> tuple[LayerInfo, ...]:
    """Read the lines of a table."""
    return tuple(
        LayerInfo(
            row["label"],
            row["node"],
            row["kind"],
            row["block"],
            int(row["units"]),
            int(row["channels"]),
            modules=row["modules"],
        )
        for row in csv.DictReader(lines, delimiter="\t")
    )


def names(rows: Sequence[LayerInfo], layers: "Layers", where: str) -> dict[str, str]:
    """Choose layers and name them.

    Parameters
    ----------
    rows, where : as in `select`
    layers : as in `select`, or a mapping of name to one layer
        Layers go by the names given. The input and the predictions keep theirs, by which
        analyses know them.

    Returns
    -------
    dict of name to label
        In the order of execution; without a mapping names are labels.

    Raises
    ------
    ConfigError
        A layer is unknown, or a name says what the layer is not.
    """
    if not isinstance(layers, Mapping):
        return {label: label for label in select(rows, layers, where)}
    labels = {}
    for name, layer in layers.items():
        if layer in LAYER_SETS:
            raise ConfigError(f"{where}.{name}: expected one layer, found the layer set {layer}.")
        (labels[name],) = select(rows, [layer], f"{where}.{name}")
        for kept in KEEP_THEIR_NAMES:
            if (name == kept) != (labels[name] == kept):
                raise ConfigError(
                    f"{where}.{name}: the layer '{kept}' keeps its name, and no other layer can have it. "
                    "Choose another name or layer."
                )
    if not labels:
        raise ConfigError(f"{where}: {NONE}")
    order = [name for row in rows for name in (row.block, row.label)]
    return dict(sorted(labels.items(), key=lambda item: (order.index(item[1]), item[0])))


def select(rows: Iterable[LayerInfo], layers: str | Sequence[str | Numbered], where: str) -> tuple[str, ...]:
    """Choose layers of a table by label, number, path or layer set.

    Parameters
    ----------
    rows : rows of a table
    layers : str or list
        ``blocks``, ``all``, a label, a block, a label with its number in the table (``[conv1, 1]``; the
        input is 0), a node's path, a module's path, or several of these. A module stands for what a
        forward hook on it gets: its output (``layer1``, ``layer4.1``), of several outputs the first; of
        later calls with a number (``act_1``).
    where : str
        The config key that asks, for messages.

    Returns
    -------
    tuple of str
        Labels in the order of execution, each once. A block's output that is chosen as a block
        goes by the block's label, one that is chosen by label or path by its own.

    Raises
    ------
    ConfigError
        A layer is unknown, has another number, or its name is the label of one and the path of another.
    """
    rows = list(rows)
    by_path = {path: (order, row.label) for order, row in enumerate(rows) for path in row.modules.split()}
    by_path |= {row.node: (order, row.label) for order, row in enumerate(rows)}
    by_label = {row.block: (order, row.block) for order, row in enumerate(rows) if row.block}
    by_label |= {row.label: (order, row.label) for order, row in enumerate(rows)}
    layer_of = by_path | by_label  # (order, label) by name
    sets = {
        "blocks": [layer_of[row.block] for row in rows if row.block],
        "all": [layer_of[row.label] for row in rows],
    }
    found: set[tuple[int, str]] = set()
    for given in [layers] if isinstance(layers, str) else layers:
        name, number = (given, None) if isinstance(given, str) else given
        if name in sets and number is None:
            found.update(sets[name])
        elif name in layer_of:
            if number is None and by_path.get(name, layer_of[name])[0] != layer_of[name][0]:
                raise ConfigError(f"{where}: {_ambiguous(name, by_label[name], by_path[name], rows)}")
            if number not in (None, layer_of[name][0]):
                raise ConfigError(f"{where}: {_misnumbered(name, number, rows, layer_of[name][0])}")
            found.add(layer_of[name])
        else:
            raise ConfigError(f"{where}: {_unknown_layer(name, rows, layer_of)}")
    if not found:
        raise ConfigError(f"{where}: {NONE}")
    return tuple(label for _, label in sorted(found))


def image_size(rows: Sequence[LayerInfo], section: Mapping) -> tuple[int, int] | None:
    """Return height and width of a network's input, from its table of layers and its config.

    None where they depend on more: on the stimulus, or on weights that take another size than usual.
    """
    preprocess = section.get("preprocess")
    if preprocess is not None:
        crop = preprocess["crop"]
        return (crop, crop) if isinstance(crop, int) else crop and tuple(crop)
    side = math.isqrt(rows[0].units // 3)
    names = (section.get("weights") or "") + (section.get("like") or "")
    return None if "SWAG" in names else (side, side)


def enlarged(rows: Sequence[LayerInfo], section: Mapping) -> float:
    """Return how much larger a network's input is than in its table of layers; 1 where that is not known."""
    height_width = image_size(rows, section)
    return 3 * math.prod(height_width) / rows[0].units if height_width else 1


def find(rows: Iterable[LayerInfo], label: str) -> tuple[int, LayerInfo]:
    """Return the order (0 is the input) and the row of a layer, by its label or its block's.

    Raises
    ------
    ConfigError
        The table has no such layer.
    """
    rows = list(rows)
    for order, row in enumerate(rows):
        if label in (row.label, row.block):
            return order, row
    names = [name for row in rows for name in (row.label, row.block) if name]
    raise ConfigError(f"layer {_unknown_layer(label, rows, names)}")


def _ambiguous(name: str, by_label: tuple[int, str], by_path: tuple[int, str], rows: list[LayerInfo]) -> str:
    """Say that a name is a label, and the path of another layer, and how to say either."""
    (number, label), (other, meant) = by_label, by_path
    return (
        f"'{name}' is both the label of the output of {rows[number].node} and the path of a module, whose "
        f"output is {meant}. Write [{label}, {number}] for the label, or [{meant}, {other}] for the module."
    )


def _misnumbered(name: str, number: int, rows: list[LayerInfo], found: int) -> str:
    """Say which number a layer has and which layer has the number."""
    other = f"; number {number} is {rows[number].label}" if 0 <= number < len(rows) else ""
    return (
        f"'{name}' is number {found} of this network, not {number}{other}. All operations are counted, "
        f"including functions between modules; the input is 0. Write {name} alone, or [{name}, {found}]."
    )


def _unknown_layer(name: str, rows: list[LayerInfo], names: Iterable[str]) -> str:
    """Say what was probably meant and what there is, without listing hundreds of layers."""
    from difflib import get_close_matches

    close = get_close_matches(str(name), list(names), n=3)
    hint = f"; did you mean {' or '.join(repr(match) for match in close)}?" if close else "."
    blocks = ", ".join(row.block for row in rows if row.block)
    return (
        f"'{name}' is unknown{hint} Valid: the layer sets blocks and all; of these, {blocks}; any of the "
        f"labels {rows[1].label} … {rows[-1].label}; or the path of a module or another node, such as "
        f"{rows[1].node}."
    )

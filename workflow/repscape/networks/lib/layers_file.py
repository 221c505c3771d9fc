"""The file of a network's table of layers, layers.nc, and the table as text."""

import math
from collections.abc import Iterable, Mapping

from repscape.traced.layer_info import LayerInfo

COLUMNS = LayerInfo._fields[1:]


def write(
    path,
    rows: Iterable[LayerInfo],
    *,
    network: str,
    architecture: str,
    weights: str,
    weights_sha256: str,
    preprocess: str,
    categories: list[str] | None,
    left_out: Mapping[str, str] | None = None,
    noise_seed: int | None = None,
) -> None:
    """Write a network's table of layers as NetCDF.

    Parameters
    ----------
    path : str or Path
    rows : iterable of LayerInfo
    network, architecture, weights, weights_sha256 : str
    preprocess : str
        As json.
    categories : list of str or None
        Names of the outputs.
    left_out : mapping of str to str, optional
        Outputs that are no layers, by path, and why.
    noise_seed : int, optional
        Of random numbers that the network draws.
    """
    from repscape.io import netcdf

    rows = list(rows)
    variables: dict = {
        "layer": (("layer",), [row.label for row in rows]),
        "order": (("layer",), list(range(len(rows)))),
    }
    for name in COLUMNS:
        attributes = {"units": "pixels"} if name.startswith("receptive_field") else {}
        variables[name] = (("layer",), [getattr(row, name) for row in rows], attributes)
    if categories:
        variables["category"] = (("category",), categories)
    if left_out:
        variables["left_out"] = (("left_out",), list(left_out))
        variables["left_out_for_it"] = (("left_out",), list(left_out.values()))
    attributes = {
        "network": network,
        "architecture": architecture,
        "weights": weights,
        "weights_sha256": weights_sha256,
        "preprocess": preprocess,
        "input_size": [rows[0].height, rows[0].width],
        "noise_seed": noise_seed,
    }
    netcdf.write(path, kind="layers", variables=variables, attributes=attributes)


def read(path) -> list[LayerInfo]:
    """Read the table of layers that `write` wrote."""
    from repscape.io import netcdf

    with netcdf.open_file(path, "layers") as dataset:
        columns = [dataset["layer"][:], *(dataset[name][:] for name in COLUMNS)]
        return [
            LayerInfo(*(getattr(cell, "item", lambda cell=cell: cell)() for cell in cells))
            for cells in zip(*columns, strict=True)
        ]


def read_left_out(path) -> dict[str, str]:
    """Read which outputs are no layers, and why, from what `write` wrote."""
    from repscape.io import netcdf

    with netcdf.open_file(path, "layers") as dataset:
        if "left_out" not in dataset.variables:
            return {}
        return dict(zip(dataset["left_out"][:], dataset["left_out_for_it"][:], strict=True))


def format_left_out(left_out: Mapping[str, str]) -> str:
    """Print which outputs are no layers, and why, a reason a line."""
    paths: dict[str, list[str]] = {}
    for path, reason in left_out.items():
        paths.setdefault(reason, []).append(path)
    return "".join(
        f"\nnot in the table, because it {reason}: {', '.join(found)}" for reason, found in paths.items()
    )


def format_table(rows: Iterable[LayerInfo]) -> str:
    """Print a table of layers as aligned text, for copying labels into a config."""
    numbers = ("channels", "height", "width", "units", "parameters", "field")
    header = ("layer", "block", "node", "kind", *numbers, "modules")
    lines: list[tuple[str, ...]] = [header]
    for row in rows:
        field = "" if math.isnan(row.receptive_field_size) else f"{row.receptive_field_size:g}"
        cells = (row.label, row.block, row.node, row.kind, row.channels, row.height, row.width)
        lines.append((*map(str, cells), str(row.units), str(row.parameters), field, row.modules))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if header[at] in numbers else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )

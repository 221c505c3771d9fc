"""The address book of a network: its recorded layers, as a table."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.millimetre_page import page
from repscape.figures.lib.style import WIDTH
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Network"
ROW, EM, EDGE = 4.0, 1.33, 1.5  # mm: height of a row, usual width of a character, margin
LONGEST = 34  # characters of a node's path


def inputs(study: Study, *, source: str | None = None, population: str | None = None) -> dict:
    """Name the files and check the parameters."""
    network = defaults.one(source, study.config["networks"], "source")
    population = defaults.sampled(study.samples_of(network), population)
    return {
        "layers": study.path("layers", source=network),
        "population": study.path("population", source=network, population=population),
    }


def draw(data: dict, *, source: str | None = None, population: str | None = None):
    """Draw the table of the layers that a study records from a network.

    Parameters
    ----------
    source : str, optional
        By default the first.
    population : str, optional
        Whose numbers of recorded units are shown; by default the first that is sampled by size.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    table, recorded = data["layers"].load(), data["population"]
    rows = cells(
        table,
        {layer: (group.attrs["layer"], group.sizes["unit"]) for layer, group in recorded.children.items()},
    )
    header = ("layer", "node", "kind", "shape", "units", "recorded", "parameters", "size", "stride")
    left = (True, True, True, False, False, False, False, False, False)
    widths = (
        np.array([max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]) * EM
    )
    gaps = (WIDTH - 2 * EDGE - widths.sum()) / (len(header) - 1)
    starts = EDGE + np.concatenate([[0], np.cumsum(widths + gaps)[:-1]])

    fig, axes = page(ROW * (len(rows) + 2.4))

    def write(row, y, **options):
        for text, start, width, flush in zip(row, starts, widths, left, strict=True):
            axes.text(
                start if flush else start + width,
                y,
                text,
                ha="left" if flush else "right",
                va="center",
                **options,
            )

    axes.text(
        WIDTH - EDGE, 0.6 * ROW, "receptive field", ha="right", va="center", fontweight="bold", fontsize=6.5
    )
    write(header, 1.6 * ROW, fontweight="bold", fontsize=6.5)
    axes.axhline(2.2 * ROW, color="black", linewidth=0.6)
    for index, row in enumerate(rows):
        if index % 2:
            axes.axhspan((2.2 + index) * ROW, (3.2 + index) * ROW, color="0.95", linewidth=0)
        write(row, (2.7 + index) * ROW, fontsize=6.5)
    return fig, caption(table, rows, recorded.attrs["population"])


def cells(table, recorded: dict[str, tuple[str, int]]) -> list[tuple[str, ...]]:
    """Return the rows of the layers in `recorded`, as text, in the order of execution.

    `recorded` maps what the study calls a layer to its label in the table, its own or that of the
    block whose output it is, and to the number of recorded units. A layer's parameters are counted
    from the layer of the row above.
    """
    places = {}
    for name, (label, _) in recorded.items():
        found = (table["layer"].values == label) | (table["block"].values == label)
        places[name] = int(np.flatnonzero(found)[0])
    rows: list[tuple[str, ...]] = []
    done = 0
    for label in sorted(recorded, key=places.__getitem__):
        row = table.isel(layer=places[label])
        field, stride = float(row["receptive_field_size"]), float(row["receptive_field_stride"])
        parameters = int(table["parameters"].values[done : places[label] + 1].sum())
        done = places[label] + 1
        rows.append(
            (
                captions.shorten(label, LONGEST),
                captions.shorten(str(row["node"].values), LONGEST),
                str(row["kind"].values),
                " × ".join(str(int(row[axis])) for axis in ("channels", "height", "width")),
                captions.number(int(row["units"])),
                captions.number(recorded[label][1]),
                captions.number(parameters) if parameters else "–",
                f"{field:g}" if np.isfinite(field) else "–",
                f"{stride:g}" if np.isfinite(stride) else "–",
            )
        )
    return rows


def caption(table, rows, population: str) -> str:
    """Say what the table holds."""
    shape = " × ".join(map(str, np.atleast_1d(table.attrs["input_size"])))
    network, architecture, weights = (
        captions.escape(table.attrs[key]) for key in ("network", "architecture", "weights")
    )
    return (
        f"The layers of {network} ({architecture}, weights {weights}) that are recorded: {len(rows)} of the "
        f"{table.sizes['layer']} in the network, in the order of execution, for an input of {shape} pixels. "
        "Node: path of the operation in the network. Shape: channels × height × width. Recorded: units in "
        f"the population ``{population}``. Parameters: of all operations since the row above. Receptive "
        "field: side and stride in input pixels, not clipped at the border; –: where it does not depend on "
        "a unit's place alone."
    )

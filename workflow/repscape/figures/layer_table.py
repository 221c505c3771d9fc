"""A table of the recorded layers of a network."""

from collections.abc import Mapping, Sequence

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.millimetre_page import page
from repscape.figures.lib.shown import OfPopulation, OfSource
from repscape.figures.lib.style import WIDTH
from repscape.plugin.contract import Figure
from repscape.study import defaults
from repscape.study.study import Study

ROW, EM, EDGE = 4.0, 1.33, 1.5  # mm: height of a row, usual width of a character, margin
LONGEST = 34  # characters of a node's path
HEADER = ("layer", "node", "kind", "shape", "units", "recorded", "parameters", "size", "stride")
WORDS = 3  # columns of words; the others are numbers


class LayerTable(OfSource, OfPopulation, Figure):
    """A table of the recorded layers of a network."""

    category = "Network"

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        network = defaults.one_or_default(self.source, study.config["networks"], "source")
        population = defaults.population_or_default(study.samples_of(network), self.population)
        return {
            "layers": study.path("layers", source=network),
            "population": study.path("population", source=network, population=population),
        }

    def draw(self, data: Mapping):
        """Draw the table of the layers that a study records from a network."""
        table, recorded = data["layers"].load(), data["population"]
        units = {
            name: (group.attrs["layer"], group.sizes["unit"]) for name, group in recorded.children.items()
        }
        rows = cells(table, units)
        longest = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
        widths = np.array(longest) * EM
        gap = (WIDTH - 2 * EDGE - widths.sum()) / (len(HEADER) - 1)
        starts = EDGE + np.concatenate([[0], np.cumsum(widths + gap)[:-1]])

        fig, axes = page(ROW * (len(rows) + 2.4))
        bold = {"va": "center", "fontweight": "bold", "fontsize": 6.5}
        axes.text(WIDTH - EDGE, 0.6 * ROW, "receptive field", ha="right", **bold)
        _write(axes, HEADER, 1.6 * ROW, starts, widths, **bold)
        axes.axhline(2.2 * ROW, color="black", linewidth=0.6)
        for index, row in enumerate(rows):
            if index % 2:
                axes.axhspan((2.2 + index) * ROW, (3.2 + index) * ROW, color="0.95", linewidth=0)
            _write(axes, row, (2.7 + index) * ROW, starts, widths, va="center", fontsize=6.5)
        return fig, caption(table, rows, recorded.attrs["population"])


def _write(axes, row: Sequence[str], y: float, starts: np.ndarray, widths: np.ndarray, **style) -> None:
    """Write a row: words flush left, numbers flush right."""
    for column, text in enumerate(row):
        if column < WORDS:
            axes.text(starts[column], y, text, ha="left", **style)
        else:
            axes.text(starts[column] + widths[column], y, text, ha="right", **style)


def cells(table, recorded: dict[str, tuple[str, int]]) -> list[tuple[str, ...]]:
    """Return the rows of the layers in `recorded`, as text, in the order of execution.

    `recorded` maps what the study calls a layer to its label in the table, its own or that of the
    block whose output it is, and to the number of recorded units. A layer's parameters are counted
    from the layer of the row above.
    """
    at: dict[str, int] = {}
    for name, (label, _) in recorded.items():
        found = (table["layer"].values == label) | (table["block"].values == label)
        at[name] = int(np.flatnonzero(found)[0])
    rows: list[tuple[str, ...]] = []
    done = 0
    for label in sorted(recorded, key=at.__getitem__):
        row = table.isel(layer=at[label])
        field, stride = float(row["receptive_field_size"]), float(row["receptive_field_stride"])
        parameters = int(table["parameters"].values[done : at[label] + 1].sum())
        done = at[label] + 1
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
        f"The recorded layers of {network} ({architecture}, weights {weights}): {len(rows)} of "
        f"{table.sizes['layer']}, in the order of execution, for an input of {shape} pixels. Node: path of "
        "the operation in the network. Shape: channels × height × width. Recorded: units in the "
        f"population ``{population}``. Parameters: of all operations since the row above. Receptive field: "
        "side and stride in input pixels, not clipped at the border (–: it does not depend on position "
        "alone)."
    )

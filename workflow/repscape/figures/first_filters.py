"""The filters of a network's first convolution, before and after it was trained by the study."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import training_captions
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, page, picture, write
from repscape.figures.lib.style import WIDTH
from repscape.networks.lib import layer_table_cache
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults
from repscape.study.study import Study

COLUMNS, SHOWN = 12, 24
WIDEST, GAP, BETWEEN, TOP, BOTTOM = 20.0, 1.2, 5.0, 5.0, 7.5  # mm
ROWS = "before training", "after training", "change"

Filters = (
    Annotated[int, Field(ge=1, le=60)]
    | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=60)]
)


class FirstFilters(Figure):
    """The filters of a network's first convolution, before and after it was trained by the study."""

    category = "Network"

    source: str | None = parameter(
        "The network that is shown, which the study trains; by default the first.", None
    )
    filters: Filters = parameter(
        "The largest number of evenly spaced filters, or a list of filters, counted from 0.", SHOWN
    )

    def inputs(self, study: Study) -> dict:
        """Name the file and check the parameters.

        Raises
        ------
        ConfigError
            The network is not trained by the study, has no convolution, or no such filter.
        """
        name = defaults.one_or_default(self.source, training_captions.networks(study), "source")
        rows = layer_table_cache.rows(study.config["networks"][name])
        count = next((row.channels for row in rows if row.kind == "conv"), None)
        if count is None:
            raise ConfigError(
                f"source: '{name}' has no convolution, so it has no filters. Choose another network."
            )
        if isinstance(self.filters, list) and max(self.filters) >= count:
            raise ConfigError(
                f"filters: expected 0 to {count - 1}, the filters of the first convolution of '{name}', "
                f"found {max(self.filters)}."
            )
        return {"training": study.path("training", source=name)}

    def draw(self, data: Mapping):
        """Draw filters (columns) before and after training, and what changed (rows).

        Filters of one channel are coloured by weight, on one scale before and after and another one for the
        change. Those of three are shown in the colours that they are weights of, mid grey for 0.

        Raises
        ------
        DataError
            The network has filters of another number of channels, or those that it has are no modules.
        """
        training = data["training"].load()
        weights = _weights(training)
        numbers = self.filters
        if isinstance(numbers, int):
            numbers = evenly_spaced(weights.shape[1], numbers)
        kinds = {"before": weights[0], "after": weights[1], "change": weights[1] - weights[0]}
        both, change = (float(np.abs(values).max()) or 1.0 for values in (weights, kinds["change"]))
        grey = weights.shape[2] == 1
        side = min(WIDEST, (WIDTH - LEFT) / min(len(numbers), COLUMNS) - GAP)
        height = side * weights.shape[3] / weights.shape[4]
        tall = len(ROWS) * (height + GAP) + BETWEEN
        blocks = -(-len(numbers) // COLUMNS)
        fig, axes = page(TOP + tall * blocks + (BOTTOM if grey else -BETWEEN + GAP))
        for at, number in enumerate(numbers):
            left, top = LEFT + at % COLUMNS * (side + GAP), TOP + at // COLUMNS * tall
            write(axes, left, top - 3.4, f"filter {number}", fontsize=6.5)
            for row, (kind, values) in enumerate(kinds.items()):
                place = left, top + row * (height + GAP), side, height
                _filter(axes, values[number], change if kind == "change" else both, place, f"{kind}/{number}")
        for block in range(blocks):
            for row, words in enumerate(ROWS):
                middle = TOP + block * tall + row * (height + GAP) + height / 2
                axes.text(LEFT - 2, middle, words, ha="right", va="center", fontsize=6.5)
        if grey:
            _scales(axes, TOP + tall * blocks - BETWEEN + 2.5, both, change)
        return fig, caption(training, numbers, weights.shape, both, change)


def _filter(axes, weights: np.ndarray, limit: float, place: tuple[float, ...], gid: str) -> None:
    """Draw a filter (channel, y, x), framed, with the ends of its colours at −`limit` and `limit`.

    One of three channels is drawn in the colours that it has weights of.
    """
    from matplotlib.patches import Rectangle

    left, top, width, height = place
    if len(weights) == 1:
        scale: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
        picture(axes, weights[0], *place, gid=gid, **scale)
    else:
        picture(axes, 0.5 + weights.transpose(1, 2, 0) / (2 * limit), *place, gid=gid)
    # Where weights are 0 the frame shows where the filter ends.
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor="0.6", linewidth=0.4))


def _weights(training) -> np.ndarray:
    """Return the filters (when, filter, channel, y, x)."""
    if "filters" not in training:
        raise DataError(
            f"{training.attrs['network']}: expected a torch.nn.Conv2d whose filters can be shown, found none."
        )
    weights = training["filters"].values
    if weights.shape[2] not in (1, 3):
        raise DataError(
            f"{training.attrs['network']}: expected filters of one channel or of three, which can be shown; "
            f"those of {training.attrs['convolution']} have {weights.shape[2]}."
        )
    return weights


def _scales(axes, top: float, both: float, change: float) -> None:
    """Draw the two colour scales side by side."""
    for at, (words, limit) in enumerate({"weight": both, "change of weight": change}.items()):
        bar = colour_scale(axes, LEFT + 55 * at, top, 45, "RdBu_r", -limit, limit, 5)
        bar.set_xlabel(words, labelpad=1, fontsize=6.5)


def caption(training, numbers: list[int], shape: tuple[int, ...], both: float, change: float) -> str:
    """Say whose filters these are, and what colours mean."""
    about, size = training.attrs, f"{shape[4]} × {shape[3]}"
    some = f"{len(numbers)} of " if len(numbers) < shape[1] else ""
    colours = (
        "Colours: weights, on one scale before and after training, and on another scale for the change."
        if shape[2] == 1
        else f"Weights for R, G and B are shown as these colours: mid grey is 0; full colour is {both:.3g} "
        f"before and after training, {change:.3g} in the change."
    )
    return (
        f"Filters of the first convolution (``{about['convolution']}``; {some}{shape[1]} filters of {size} "
        f"pixels) of {training_captions.sentence(training)}. {colours}"
    )

"""The filters of a network's first convolution, before and after it was trained by the study."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from repscape.core.errors import ConfigError, DataError
from repscape.figures.lib import training_captions
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, page, picture, write
from repscape.figures.lib.style import WIDTH
from repscape.networks.lib import layer_table_cache
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Network"
COLUMNS, SHOWN = 12, 24
WIDEST, GAP, BETWEEN, TOP, BOTTOM = 20.0, 1.2, 5.0, 5.0, 7.5  # mm
ROWS = {"before": "before training", "after": "after training", "change": "change"}

Chosen = (
    Annotated[int, Field(ge=1, le=60)]
    | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=60)]
)


def inputs(study: Study, *, source: str | None = None, filters: Chosen = SHOWN) -> dict:
    """Name the file and check the parameters.

    Raises
    ------
    ConfigError
        The network is not trained by the study, has no convolution, or no such filter.
    """
    name = defaults.one(source, training_captions.networks(study), "source")
    rows = layer_table_cache.rows(study.config["networks"][name])
    count = next((row.channels for row in rows if row.kind == "conv"), None)
    if count is None:
        raise ConfigError(f"source: '{name}' has no convolution, so it has no filters. Name another network.")
    if isinstance(filters, list) and max(filters) >= count:
        raise ConfigError(
            f"filters: the first convolution of '{name}' has {count} filters, numbered 0 to {count - 1}; "
            f"there is no filter {max(filters)}."
        )
    return {"training": study.path("training", source=name)}


def draw(data: dict, *, source: str | None = None, filters: Chosen = SHOWN):
    """Draw filters (columns) before and after training, and what changed (rows).

    Filters of one channel are coloured by weight, on one scale before and after and another one for the
    change. Those of three are shown in the colours that they are weights of, mid grey for 0.

    Parameters
    ----------
    source : str, optional
        A network that the study trains; by default the first.
    filters : int or list of int
        How many evenly spaced filters at most, or which, counted from 0.

    Returns
    -------
    Figure, str
        The figure and its caption.

    Raises
    ------
    DataError
        The network has filters of another number of channels, or those that it has are no modules.
    """
    training = data["training"].load()
    weights = _weights(training)
    numbers = evenly_spaced(weights.shape[1], filters) if isinstance(filters, int) else filters
    kinds = {"before": weights[0], "after": weights[1], "change": weights[1] - weights[0]}
    both, change = np.abs(weights).max() or 1.0, np.abs(kinds["change"]).max() or 1.0
    limits = {"before": both, "after": both, "change": change}
    grey = weights.shape[2] == 1
    side = min(WIDEST, (WIDTH - LEFT) / min(len(numbers), COLUMNS) - GAP)
    height = side * weights.shape[3] / weights.shape[4]
    blocks = [numbers[at : at + COLUMNS] for at in range(0, len(numbers), COLUMNS)]
    tall = len(ROWS) * (height + GAP) + BETWEEN
    fig, axes = page(TOP + tall * len(blocks) + (BOTTOM if grey else -BETWEEN + GAP))
    for block, chosen in enumerate(blocks):
        top = TOP + block * tall
        for column, number in enumerate(chosen):
            write(axes, LEFT + column * (side + GAP), top - 3.4, f"filter {number}", fontsize=6.5)
        for row, (kind, words) in enumerate(ROWS.items()):
            down = top + row * (height + GAP)
            axes.text(LEFT - 2, down + height / 2, words, ha="right", va="center", fontsize=6.5)
            for column, number in enumerate(chosen):
                limit = limits[kind]
                scale: dict[str, Any]
                drawn, scale = (
                    (kinds[kind][number, 0], {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit})
                    if grey
                    else (0.5 + kinds[kind][number].transpose(1, 2, 0) / (2 * limit), {})
                )
                at = (LEFT + column * (side + GAP), down, side, height)
                picture(axes, drawn, *at, gid=f"{kind}/{number}", **scale)
                _frame(axes, *at)
    if grey:
        _scales(axes, TOP + tall * len(blocks) - BETWEEN + 2.5, both, change)
    return fig, caption(training, numbers, weights.shape, both, change)


def _weights(training) -> np.ndarray:
    """Return the filters (when, filter, channel, y, x)."""
    if "filters" not in training:
        raise DataError(
            f"{training.attrs['network']}: expected a torch.nn.Conv2d whose filters can be shown; the "
            "network has none."
        )
    weights = training["filters"].values
    if weights.shape[2] not in (1, 3):
        raise DataError(
            f"{training.attrs['network']}: expected filters of one channel or of three, which can be shown; "
            f"those of {training.attrs['convolution']} have {weights.shape[2]}."
        )
    return weights


def _frame(axes, left: float, top: float, width: float, height: float) -> None:
    """Show where a filter ends whose weights there are 0."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor="0.6", linewidth=0.4))


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
        "Colours: weight, on one scale before and after, and on one of its own for the change."
        if shape[2] == 1
        else f"Weights of R, G and B are shown as these: mid grey is 0, full colour {both:.3g} before and "
        f"after, {change:.3g} in the change."
    )
    return (
        f"Filters of the first convolution (``{about['convolution']}``; {some}{shape[1]} filters of {size} "
        f"pixels) of {training_captions.sentence(training)}. {colours}"
    )

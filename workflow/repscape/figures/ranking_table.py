"""Which stimulus a layer differentiates most: a table of ranks with intervals."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import own
from repscape.figures.lib.differentiation_curves import averaged, definition
from repscape.figures.lib.millimetre_page import page
from repscape.figures.lib.style import WIDTH, Style
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Differentiation"
COLUMNS = 6
ROW, TOP, LEFT, EM = 7.0, 8.0, 7.0, 1.22  # mm: a row, titles, ranks, width of a character
SURE = 0.975  # share of resamples in which one stimulus must be above the next


def inputs(
    study: Study,
    *,
    analysis: str | None = None,
    source: str | None = None,
    layers: list[str] | None = None,
    metric: str | None = None,
    population: str | None = None,
    size: int | str | None = None,
) -> dict:
    """Name the file and check the parameters."""
    source = defaults.one(source, study.layers, "source")
    defaults.layers_of(study, source, layers)
    defaults.one(metric, study.metrics, "metric")
    defaults.one_size(study.samples_of(source), population, size)
    return {"ranking": defaults.analysis(study, analysis, "ranking")}


def draw(
    data: dict,
    style: Style,
    *,
    analysis: str | None = None,
    source: str | None = None,
    layers: list[str] | None = None,
    metric: str | None = None,
    population: str | None = None,
    size: int | str | None = None,
):
    """Write stimuli by rank (rows) in some layers (columns), with D and its interval.

    All layers are in the analysis's table (``.csv``).

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `ranking`, by default that of its name.
    source : str, optional
        By default the first.
    layers : list of str, optional
        By default six, evenly spaced from the first to the last.
    metric : str, optional
        By default the study's first.
    population : str, optional
        By default the first that is sampled by size.
    size : int or "all", optional
        By default the largest.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    from matplotlib.patches import Rectangle

    table = data["ranking"].load()
    source, metric = str(source or table["source"].values[0]), str(metric or table["metric"].values[0])
    made = defaults.drawn(table.sel(source=source))
    population, size = defaults.one_size(made, population, size)
    every, chosen = own(table, source), layers
    if layers is None:
        layers = [every[i] for i in evenly_spaced(len(every), COLUMNS)]
    table = table.sel(source=source, metric=metric, population=population, size=size, layer=layers)
    ranks = int((table["stimulus"] != "").sum("rank").max())

    pitch = (WIDTH - LEFT - 1) / len(layers)
    fits = int((pitch - 6) / EM)
    names = {
        str(name): captions.wrapped(captions.shorten(str(name), 2 * fits - 4), fits)
        for name in np.unique(table["stimulus"].values)
        if name
    }
    line, height = 2.4, ROW + 2.4 * (max(map(len, names.values())) - 1)
    fig, axes = page(TOP + height * ranks + 1)
    axes.text(1, TOP - 3, "rank", fontsize=6.5, va="center", fontweight="bold")
    axes.axhline(TOP - 0.8, color="black", linewidth=0.6)
    for rank in range(ranks):
        if rank % 2:
            axes.axhspan(TOP + rank * height, TOP + (rank + 1) * height, color="0.96", linewidth=0)
        axes.text(2.5, TOP + (rank + 0.5) * height, str(rank + 1), ha="center", va="center", fontsize=6.5)
    for column, layer in enumerate(layers):
        left = LEFT + column * pitch + 1.5
        here = table.sel(layer=layer)
        tens = power(here)
        here = here.assign({name: here[name] / 10.0**tens for name in ("differentiation", "low", "high")})
        digits, unit = decimals(here), f" ({captions.ten(tens)})" if tens else ""
        axes.text(
            left,
            TOP - 3,
            captions.shorten(layer, fits - len(unit)) + unit,
            va="center",
            fontsize=6.5,
            fontweight="bold",
        )
        for rank in range(ranks):
            cell = here.isel(rank=rank)
            stimulus = str(cell["stimulus"].values)
            if not stimulus:
                continue
            top = TOP + rank * height
            axes.add_patch(Rectangle((left, top + 1), 1, height - 2, facecolor=style.colour(stimulus), lw=0))
            for words in names[stimulus]:
                gid = f"{layer}/{rank + 1}" if words is names[stimulus][0] else None
                axes.text(left + 1.8, top + 2.3, words, va="center", fontsize=6, gid=gid)
                top += line
            axes.text(left + 1.8, top + 2.5, interval(cell, digits), va="center", fontsize=5.5, color="0.3")
            last = rank + 1 == ranks or not str(here["stimulus"].values[rank + 1])
            if not last and not float(cell["above_next"]) >= SURE:  # nor where it is undefined
                at = left - 1, TOP + (rank + 1) * height
                axes.plot([at[0]] * 2, [at[1] - 2.5, at[1] + 2.5], color="black", lw=1, solid_capstyle="butt")
    return fig, caption(table, source, metric, population, size, layers, chosen)


def power(column) -> int:
    """Return the power of ten that a layer's numbers are in: 0, but where all are small or some large."""
    largest = column["differentiation"].values.max(initial=0)
    return 0 if largest == 0 or 1e-2 <= largest < 1e5 else int(np.floor(np.log10(largest)))


def decimals(column) -> int:
    """Return how many decimals all numbers of a layer have, the same for all, so that they show the order.

    As many as the least D and the narrowest interval need for two significant digits, at most four.
    """
    values = column["differentiation"].values
    widths = (column["high"] - column["low"]).values
    finest = min(part[part > 0].min(initial=np.inf) for part in (values, widths))
    return int(np.clip(1 - np.floor(np.log10(finest)), 0, 4)) if np.isfinite(finest) else 0


def interval(cell, digits: int) -> str:
    """Write D and its interval with so many decimals."""
    value, low, high = (float(cell[name]) for name in ("differentiation", "low", "high"))
    if not np.isfinite([low, high]).all() or high <= low:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def caption(table, source, metric, population, size, layers, chosen) -> str:
    """Say what was measured and how."""
    level = f"{100 * float(table.attrs['level']):g}%"
    return (
        f"Stimuli by differentiation D in {captions.layers(layers, chosen, COLUMNS)} of "
        f"{captions.escape(source)}, the most differentiated first, with D and its {level} interval (times "
        "a power of ten where the head of a column has one). "
        f"D is {definition(table, metric)}; activity was "
        f"{captions.normalised(table, metric)}. {averaged(table, population, size)} Intervals: "
        f"{captions.number(table.attrs['resamples'])} resamples of each stimulus's images with replacement, "
        "pairs of copies of one image left out, and resamples that have nothing else; they say how D would "
        "vary with other images of the same kind, drawn independently, and are too narrow for the frames of "
        "a movie, which are alike. A bar on the left joins neighbours whose order is not sure: it holds in "
        f"fewer than {100 * SURE:g}% of resamples."
    )

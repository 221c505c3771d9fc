"""Differentiation as curves: selected from the table, summarised over draws, explained."""

from typing import NamedTuple

import numpy as np

from repscape.figures import captions, choices
from repscape.figures.style import Style, dashes

DEFINITIONS = {
    "pairs": "the median {} over all pairs of images of a stimulus",
    "full_matrix": "the median of the square matrix of the {} between the images of a stimulus, with every "
    "pair twice and the zeros of its diagonal",
}


class Curves(NamedTuple):
    """What a figure shows of ``analyses/differentiation.nc``.

    Attributes
    ----------
    values : DataArray (source, stimulus, layer, size, repeat)
    layers : dict of source to list of its layers, from input to output
    metric, population, drawn, normalisation, reference, reference_size : str
    definition : str
        What D is, in words.
    sizes : list of str, ascending
    images : dict of stimulus to its number of images
    """

    values: object
    layers: dict[str, list[str]]
    metric: str
    population: str
    drawn: str
    normalisation: str
    definition: str
    reference: str
    reference_size: str
    sizes: list[str]
    images: dict[str, int]


def select(table, variable: str, metric: str | None, population: str | None, sizes, sources=None) -> Curves:
    """Take one metric, population, some sizes and sources out of the table (defaults as in `choices`)."""
    table = table.sel(source=choices.several(sources, table["source"].values, "sources"))
    exists = (table["n_drawn"] > 0).any(("source", "layer"))
    samples = {
        str(name): tuple(str(size) for size in table["size"].values if exists.sel(population=name, size=size))
        for name in table["population"].values
    }
    metric = choices.one(metric, table["metric"].values, "metric")
    population = choices.sampled(samples, population)
    sizes = [
        size for size in samples[population] if size in choices.several(sizes, samples[population], "sizes")
    ]
    values = table[variable].sel(metric=metric, population=population, size=sizes)
    order = table["order"]
    layers = {}
    for source in map(str, table["source"].values):
        ranks = order.sel(source=source).values
        layers[source] = [
            str(table["layer"].values[i]) for i in np.argsort(ranks, kind="stable") if ranks[i] >= 0
        ]
    return Curves(
        values=values.transpose("source", "stimulus", "layer", "size", "repeat"),
        layers=layers,
        metric=metric,
        population=population,
        drawn=captions.drawn(table, population),
        normalisation=str(table["normalisation"].sel(metric=metric).values),
        definition=definition(table, metric),
        reference=table.attrs.get("reference", ""),
        reference_size=table.attrs.get("reference_size", "same"),
        sizes=sizes,
        images=dict(zip(map(str, table["stimulus"].values), map(int, table["images"].values), strict=True)),
    )


def definition(table, metric: str) -> str:
    """Say what differentiation is, of an analysis opened with xarray."""
    return DEFINITIONS[table.attrs["median"]].format(captions.metric(metric))


def summary(values):
    """Summarise draws.

    Returns
    -------
    mean, sd, draws : DataArrays without ``repeat``
        The sample SD (n − 1) is NaN where fewer than two draws were made.
    """
    draws = values.count("repeat")
    return values.mean("repeat"), values.std("repeat", ddof=1).where(draws > 1), draws


def legend(fig, style: Style, stimuli, sizes, reference: str | None = None) -> None:
    """Explain colours, and below them line styles, to the right of the panels."""
    from matplotlib.legend_handler import HandlerBase
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    class Heading(Text):
        """Stands where a handle would, so that headings begin where handles begin."""

    class HeadingHandler(HandlerBase):
        def create_artists(self, legend, handle, x, y, width, height, fontsize, trans):
            return [Text(x, y, handle.get_text(), fontsize=fontsize, transform=trans)]

    styles = dashes(sizes)
    rows = [(Heading(text="stimulus"), "")]
    rows += [(Line2D([], [], color=style.colour(name), lw=1.4), name) for name in stimuli]
    if reference:
        rows.append((Line2D([], [], color=style.colour(reference), lw=0.8), f"{reference} = 1"))
    columns = -(-len(rows) // 50)
    rows += [(Heading(), ""), (Heading(text="units drawn"), "")]
    rows += [(Line2D([], [], color="0.2", ls=styles[size]), captions.number(size)) for size in sizes]
    fig.legend(
        [handle for handle, _ in rows],
        [captions.shorten(captions.readable(label), 24) for _, label in rows],
        loc="outside right upper",
        ncols=columns,
        handlelength=3,
        handler_map={Heading: HeadingHandler()},
    )


def drawn(sizes, draws, population: str, how: str) -> str:
    """Say how many units were drawn, how, and how often; `draws` counts repeats by size."""
    of = f"In each layer, of the units recorded (population ``{population}``),"
    if how == "ranked":
        return f"{of} {captions.listing(map(captions.number, sizes))} were taken {captions.DRAWN[how]}."
    parts, were = [], f" were drawn {captions.DRAWN[how]}"
    for size in sizes:
        repeats = int(draws.sel(size=size).max())
        times = "once" if repeats == 1 else f"{captions.number(repeats)} times"
        what = "all were taken" if size == "all" else f"{captions.number(size)}{were} {times}"
        parts.append(what if not parts else what.replace(were, ""))
    return f"{of} {captions.listing(parts)}."


def gaps(mean, layers: dict[str, list[str]], why: str) -> str:
    """Say where nothing could be measured, in a sentence; nothing where all could."""
    where = []
    for source, own in layers.items():
        missing = mean.sel(source=source, layer=own).isnull().all("size").transpose("layer", "stimulus")
        alike: dict[tuple, list[str]] = {}
        for layer, row in zip(own, missing.values, strict=True):
            if row.any():
                stimuli = tuple(map(str, mean["stimulus"].values[row]))
                alike.setdefault(stimuli, []).append(layer)
        for stimuli, found in alike.items():
            every = len(stimuli) == mean.sizes["stimulus"]
            names = (
                "all stimuli"
                if every
                else captions.listing(captions.escape(captions.readable(s)) for s in stimuli)
            )
            of = f" of {captions.escape(source)}" if len(layers) > 1 else ""
            where.append(f"{captions.listing(map(captions.escape, found))}{of} ({names})")
    return f"Gaps: {'; '.join(where)}, where {why}." if where else ""

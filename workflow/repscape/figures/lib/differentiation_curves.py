"""Differentiation as curves: selected from the table, summarised over draws, explained."""

from typing import Any, NamedTuple

import numpy as np

from repscape.figures.lib import captions, legends
from repscape.figures.lib.depth import layers_of
from repscape.figures.lib.style import Style, dashes
from repscape.study import defaults

DEFINITIONS = {
    "pairs": "the median {} over all pairs of images of a stimulus",
    "full_matrix": "the median of the whole square matrix of the {} between images of a stimulus, which has "
    "every pair twice and the zeros of the diagonal",
}


class Curves(NamedTuple):
    """What a figure shows of ``analyses/differentiation.nc``.

    Attributes
    ----------
    values : DataArray (source, stimulus, layer, size, repeat)
    layers : dict of source to list of its layers, from input to output
    shown : dict of source to list of the stimuli that it was shown
    metric : str
        What it measures, in words.
    population, drawn, normalisation, reference, reference_size : str
    definition : str
        What D is, in words.
    units : str
        Which units were used, in a sentence.
    sizes : list of str, ascending
    left_out : list of str
        Sources that have nothing of this.
    images : dict of stimulus to its number of images
    recordings : list of str
        The sources that are recordings.
    presentations : dict of str to int
        Of recordings whose trials were taken each by itself, how often images were shown.
    """

    values: Any
    layers: dict[str, list[str]]
    shown: dict[str, list[str]]
    metric: str
    population: str
    drawn: str
    normalisation: str
    definition: str
    units: str
    reference: str
    reference_size: str
    sizes: list[str]
    left_out: list[str]
    images: dict[str, int]
    recordings: list[str]
    presentations: dict[str, int]


def select(
    table, variable: str, metric: str | None, population: str | None, sizes, sources=None, stimuli=None
) -> Curves:
    """Take one metric, population, some sizes, sources and stimuli out of the table.

    Defaults are as in `defaults`. Sources that were not sampled so, or shown none of the stimuli, are left
    out, as are stimuli that no source was shown. Normalised values keep the reference beside the stimuli
    chosen, and need a source to be shown it.
    """
    table = table.sel(source=defaults.many_or_all(sources, table["source"].values, "sources"))
    reference = table.attrs["reference"] if variable == "normalised" else None
    if stimuli is not None:
        kept = [str(name) for name in table["stimulus"].values if name in (*stimuli, reference)]
        table = table.sel(stimulus=kept)
    chosen = list(map(str, table["source"].values))
    samples = defaults.sampled_sizes(table)
    metric = defaults.one_or_default(metric, table["metric"].values, "metric")
    population = defaults.population_or_default(samples, population)
    sizes = [
        size
        for size in samples[population]
        if size in defaults.many_or_all(sizes, samples[population], "sizes")
    ]
    drawn = (table["n_drawn"].sel(population=population, size=sizes) > 0).any(("layer", "size"))
    seen = (table["shown"] > 0).sel(stimulus=reference or table["stimulus"])
    table = table.isel(source=(drawn & (seen if reference else seen.any("stimulus"))).values)
    table = table.isel(stimulus=(table["shown"] > 0).any("source").values)
    values = table[variable].sel(metric=metric, population=population, size=sizes)
    layers, shown = {}, {}
    for source in map(str, table["source"].values):
        layers[source] = layers_of(table, source)
        here = table["shown"].sel(source=source).values > 0
        shown[source] = list(map(str, table["stimulus"].values[here]))
    return Curves(
        values=values.transpose("source", "stimulus", "layer", "size", "repeat"),
        layers=layers,
        shown=shown,
        metric=captions.metric_of(table, metric),
        population=population,
        drawn=str(table["drawn"].sel(population=population).values),
        normalisation=captions.normalised(table, metric),
        definition=definition(table, metric),
        units=captions.units_of(table, population, sizes),
        reference=table.attrs.get("reference", ""),
        reference_size=table.attrs.get("reference_size", "same"),
        sizes=sizes,
        left_out=[name for name in chosen if name not in layers],
        images=captions.images_of(table),
        recordings=list(map(str, table["source"].values[table["recording"].values > 0])),
        presentations={
            str(name): int(count)
            for name, count in zip(table["source"].values, table["presentations"].values, strict=True)
            if count
        },
    )


def definition(table, metric: str) -> str:
    """Say what differentiation is, of an analysis opened with xarray."""
    return DEFINITIONS[table.attrs["median"]].format(captions.escape(captions.metric_of(table, metric)))


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
    from matplotlib.lines import Line2D

    styles = dashes(sizes)
    rows = [("stimulus", "")]
    rows += [(style.key(name), name) for name in stimuli]
    if reference:
        rows.append((Line2D([], [], color=style.colour(reference), lw=0.8), f"{reference} = 1"))
    columns = -(-len(rows) // 50)
    rows += [("", ""), ("units drawn", "")]
    rows += [(Line2D([], [], color="0.2", ls=styles[size]), captions.number(size)) for size in sizes]
    shortened = [(mark, captions.shorten(words, 24)) for mark, words in rows]
    legends.legend(fig, shortened, ncols=columns, handlelength=3)


def not_shown(curves: Curves, stimuli: list[str]) -> str:
    """Say which sources were not shown which stimuli, in a sentence."""
    lacking = {
        source: [name for name in stimuli if name not in shown] for source, shown in curves.shown.items()
    }
    parts = [
        f"{captions.escape(source)} was not shown {captions.listing(map(captions.escape, names))}"
        for source, names in lacking.items()
        if names
    ]
    return f"{captions.listing(parts)}." if parts else ""


def measured(table) -> str:
    """Say what D is, of an analysis of which one metric, population and size were selected."""
    metric, population, size = (str(table[name].values) for name in ("metric", "population", "size"))
    mean = " D is the mean over draws of units." * (int(table["draws"].max()) > 1)
    return (
        f"D is {definition(table, metric)}; activity was {captions.normalised(table, metric)}. "
        f"{captions.units_of(table, population, [size])}{mean}"
    )


def same_pixels(table) -> str:
    """Say which stimuli of an analysis made by `sd_cd` have the same pixels."""
    twins = [captions.escape(names) for names in np.atleast_1d(table.attrs["same_pixels"]) if names]
    return f"Stimuli with the same pixels, which count several times: {'; '.join(twins)}." if twins else ""


def gaps(mean, curves: Curves, why: str) -> str:
    """Say where nothing could be measured of what was shown, in a sentence; nothing where all could."""
    where, layers = [], {source: curves.layers[source] for source in map(str, mean["source"].values)}
    for source, names in layers.items():
        stimuli = [name for name in map(str, mean["stimulus"].values) if name in curves.shown[source]]
        here = mean.sel(source=source, layer=names, stimulus=stimuli)
        missing = here.isnull().all("size").transpose("layer", "stimulus")
        alike: dict[tuple, list[str]] = {}
        for layer, row in zip(names, missing.values, strict=True):
            if row.any():
                alike.setdefault(tuple(here["stimulus"].values[row]), []).append(layer)
        for undefined, found in alike.items():
            every = len(undefined) == len(stimuli)
            whose = "all stimuli" if every else captions.listing(map(captions.escape, undefined))
            of = f" of {captions.escape(source)}" if len(curves.layers) > 1 else ""
            where.append(f"{captions.listing(map(captions.escape, found))}{of} ({whose})")
    return f"Gaps: {'; '.join(where)}, where {why}." if where else ""

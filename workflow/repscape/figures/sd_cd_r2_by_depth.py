"""How well the differentiation of images (SD) predicts that of each layer (CD): R² by depth."""

import numpy as np

from repscape.core.errors import DataError
from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled, own
from repscape.figures.lib.differentiation_curves import averaged, definition, same_pixels
from repscape.figures.lib.style import figure
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Differentiation"
PANEL = 80  # mm, about how wide one of two panels is


def inputs(
    study: Study,
    *,
    analysis: str | None = None,
    metric: str | None = None,
    population: str | None = None,
    size: int | str | None = None,
) -> dict:
    """Name the file and check the parameters."""
    defaults.one(metric, study.metrics, "metric")
    defaults.one_size(study.samples, population, size)
    return {"sd_cd": defaults.analysis(study, analysis, "sd_cd")}


def draw(
    data: dict,
    *,
    analysis: str | None = None,
    metric: str | None = None,
    population: str | None = None,
    size: int | str | None = None,
):
    """Draw R² of SD and CD over stimuli by layer, a row a source; beside it, without the reference.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `sd_cd`, by default that of its name.
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
    table = data["sd_cd"].load()
    population, size = defaults.one_size(defaults.drawn(table), population, size)
    metric = str(metric or table["metric"].values[0])
    shown = table.sel(metric=metric, population=population, size=size)
    # A source that was shown too few stimuli has no R².
    layers = {
        source: own(table, source)
        for source in map(str, table["source"].values)
        if shown["r2"].sel(source=source).notnull().any()
    }
    if not layers:
        raise DataError("sd_cd_r2_by_depth: no source has an R²: differentiation does not vary over stimuli.")
    overs = list(map(str, table["over"].values))
    fig = figure(sum(48 + label_height(names, PANEL) for names in layers.values()))
    panels = fig.subplots(len(layers), len(overs), squeeze=False, sharey=True)
    for row, (source, names) in zip(panels, layers.items(), strict=True):
        for axes, over in zip(row, overs, strict=True):
            here = shown.sel(source=source, over=over, layer=names)
            x = np.arange(len(names))
            axes.fill_between(
                x, here["r2_low"], here["r2_high"], color="0.85", lw=0, gid=f"{source}/{over}/range"
            )
            axes.plot(
                x,
                here["r2"],
                color="black",
                marker=".",
                markersize=3 if len(names) <= 60 else 1,
                gid=f"{source}/{over}",
            )
            depth_axis(axes, names, PANEL)
            axes.set_ylim(0, 1.02)
            used = int(here["stimuli"].max())
            title = "all stimuli" if over == "all" else f"without {table.attrs['reference']}"
            of = f"{source}: " if len(layers) > 1 else ""
            axes.set_title(f"{of}{title} ({used})")
        row[0].set_ylabel(f"R² of D over stimuli,\nlayer and {table.attrs['against']}")
    for axes in panels[-1]:
        axes.set_xlabel("layer, from input to output")
    shown = shown.sel(source=list(layers))
    shown = shown.isel(stimulus=(shown["shown"] > 0).any("source").values)
    return fig, caption(shown, layers, metric, population, size)


def caption(table, layers, metric, population, size) -> str:
    """Say what was measured and how."""
    against = captions.escape(table.attrs["against"])
    stimuli, images = list(map(str, table["stimulus"].values)), table["images"].values.tolist()
    text = [
        f"How well differentiation in the layer {against} (SD) predicts that in the other layers (CD) of "
        f"{captions.listing(map(captions.escape, layers))}: R² of a least-squares line over "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} "
        f"({captions.counts(stimuli, images, 'images')}), in {against} itself 1 by construction.",
        "Grey: the range of R² when any one stimulus is left out; where it is wide, R² rests on one "
        "stimulus.",
    ]
    if table.sizes["over"] > 1:
        reference = captions.escape(table.attrs["reference"])
        text.append(f"Right: without {reference}, which is unlike the other stimuli.")
    text += [
        f"Differentiation D is {definition(table, metric)}; activity was "
        f"{captions.normalised(table, metric)}.",
        averaged(table, population, size),
        same_pixels(table),
        "Dividing D by that of a reference in the same layer would not change R²: it divides all stimuli by "
        "the same number.",
    ]
    return " ".join(filter(None, [*text, labelled(layers, PANEL)]))

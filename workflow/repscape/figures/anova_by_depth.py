"""What the units of each layer answer to: shares of variance by depth, and how many units are significant."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.style import COLOURS, REFERENCE, figure
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Units"
UPPER, LOWER = 52, 30  # mm, the panels' heights


def inputs(study: Study, *, analysis: str | None = None) -> dict:
    """Name the file."""
    return {"anova": defaults.analysis(study, analysis, "anova")}


def draw(data: dict, *, analysis: str | None = None):
    """Draw η² of each effect by layer, and below it the share of units with a significant effect.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `anova`, by default that of its name.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    table = data["anova"].to_dataset().load()
    layers = [str(layer) for layer in table["layer"].values]
    x = np.arange(len(layers))
    fig = figure(UPPER + LOWER + label_height(layers) + 6)
    upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=[UPPER, LOWER])
    marker = {"marker": ".", "markersize": 3 if len(layers) <= 60 else 1}
    for effect, colour in colours(table).items():
        of = table.sel(effect=effect)
        upper.fill_between(
            x, of["lower_quartile"], of["upper_quartile"], color=colour, alpha=0.2, lw=0, gid=f"{effect}/band"
        )
        upper.plot(x, of["median"], color=colour, label=words(effect), gid=f"{effect}/median", **marker)
        upper.axhline(float(of["expected"]), color=colour, lw=0.8, ls=(0, (1, 1.5)), gid=f"{effect}/expected")
        if effect in table["tested"].values:
            significant = table["significant"].sel(tested=effect)
            lower.plot(x, significant, color=colour, gid=f"{effect}/significant", **marker)
    upper.set_ylim(0, 1.02)
    lower.set_ylim(0, 1.02)
    upper.set_ylabel("η², share of a unit's variance\n(median, quartiles)")
    lower.set_ylabel("share of units\nwith q < 0.05")
    depth_axis(lower, layers)
    lower.set_xlabel("layer, from input to output")
    from matplotlib.lines import Line2D

    handles, names = upper.get_legend_handles_labels()
    handles.append(Line2D([], [], color="0.3", lw=0.8, ls=(0, (1, 1.5))))
    fig.legend(
        handles, [*names, "expected without\nany effect"], loc="outside right upper", title="explained by"
    )
    return fig, caption(table, layers)


def colours(table) -> dict[str, str]:
    """Give each effect its colour: the factors and their interaction, and grey to the error."""
    effects = [str(effect) for effect in table["effect"].values]
    return dict(zip(effects, COLOURS, strict=False)) | {e: REFERENCE for e in effects if e == "error"}


def words(effect: str) -> str:
    """Write an effect's name: ``obj × color``."""
    return effect.replace(":", " × ")


def design(table) -> str:
    """Say for a caption what was analysed, and how."""
    attributes = table.attrs
    first, second = (captions.escape(name) for name in attributes["factors"])
    counts = table["images"].values
    images = (
        f"{counts.min()} each" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()} each"
    )
    stimulus = captions.escape(attributes["stimulus"])
    return (
        f"Two-way analysis of variance of the answers of every unit of "
        f"{captions.escape(attributes['source'])} to {captions.number(counts.sum())} images of {stimulus}, "
        f"with the factors {first} ({counts.shape[0]} values) and {second} ({counts.shape[1]} values; "
        f"{captions.plural(counts.size, 'combination', 'combinations')}, {images}). "
        "η² is an effect's share of the total sum of squares"
        + (
            "."
            if attributes["balanced"]
            else " (type II, since the combinations have not equally many images)."
        )
    )


def caption(table, layers: list[str]) -> str:
    """Say what was measured and how."""
    constant, units = int(table["constant"].sum()), int(table["units"].sum())
    error = str(table.attrs["error_term"])
    against = (
        "the variance between images that share both values"
        if error == "error"
        else "the interaction, which without replicates cannot be told from the error, so that the tests are "
        "too strict where there is an interaction"
    )
    text = [
        design(table),
        "Above: lines, medians over a layer's units; bands, quartiles; dotted, the η² that a unit has on "
        "average if nothing but chance tells images apart (degrees of freedom of the effect / of all).",
        f"Below: the share of units in which an effect is significant by F against {against}, corrected for "
        "the units of the layer (false discovery rate, Benjamini-Hochberg, q < 0.05).",
        f"{captions.plural(constant, 'unit', 'units')} of {captions.number(units)} did not vary and "
        f"{'is' if constant == 1 else 'are'} left out."
        if constant
        else "",
        labelled({"": layers}),
    ]
    return " ".join(filter(None, text))

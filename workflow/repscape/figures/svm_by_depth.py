"""What can be decoded from each layer: accuracy by depth, against chance."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.style import COLOURS, figure
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Units"
SIGNIFICANT = 0.05
MARKED = 60  # layers; more have no room for markers


def inputs(study: Study, *, analysis: str | None = None) -> dict:
    """Name the file."""
    return {"svm": defaults.analysis(study, analysis, "svm")}


def draw(data: dict, *, analysis: str | None = None):
    """Draw the accuracy of decoders by layer, within conditions and across, with what chance makes.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `svm`, by default that of its name.

    Returns
    -------
    Figure, str
        The figure and its caption.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    table = data["svm"].load()
    layers = [str(layer) for layer in table["layer"].values]
    x = np.arange(len(layers))
    fig = figure(58 + label_height(layers))
    axes = fig.subplots()
    handles = []
    for kind, colour in zip(map(str, table["kind"].values), COLOURS, strict=False):
        of = table.sel(kind=kind)
        if of["mean_accuracy"].isnull().all():
            continue
        name = words(table.attrs, kind)
        if table.sizes["permutation"]:
            low, high = np.quantile(of["mean_null"], [0.05, 0.95], axis=-1)
            axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0, gid=f"{kind}/chance")
        axes.plot(x, of["mean_accuracy"], color=colour, gid=kind)
        if len(layers) <= MARKED:
            significant = (of["mean_p"] < SIGNIFICANT).values
            axes.scatter(
                x, of["mean_accuracy"], 12, np.where(significant, colour, "white"), edgecolors=colour, lw=0.8,
                zorder=3, clip_on=False, gid=f"{kind}/markers",
            )  # fmt: skip
        handles.append(Line2D([], [], color=colour, marker="o", markersize=3.5, label=name))
    axes.axhline(table.attrs["chance"], color="0.3", lw=0.8, ls=(0, (1, 1.5)), gid="chance")
    handles.append(Line2D([], [], color="0.3", lw=0.8, ls=(0, (1, 1.5)), label="1 / number of classes"))
    if table.sizes["permutation"]:
        handles.append(Patch(facecolor="0.85", label="permuted labels, 5% to 95%"))
        if len(layers) <= MARKED:
            open_marker = {"marker": "o", "markersize": 3.5, "markerfacecolor": "white", "ls": ""}
            handles.append(Line2D([], [], color="0.3", label="p ≥ 0.05", **open_marker))
    axes.set_ylim(0, 1.02)
    axes.set_ylabel(f"accuracy of decoding {table.attrs['target']}")
    depth_axis(axes, layers)
    axes.set_xlabel("layer, from input to output")
    fig.legend(handles=handles, loc="outside right upper")
    return fig, caption(table, layers)


def words(attributes, kind: str) -> str:
    """Say what a kind of decoding is."""
    across = attributes.get("across")
    if across is None:
        return f"held-out {attributes.get('groups', 'images')}"
    return f"same {across}" if kind == "within" else f"another {across}"


def procedure(table) -> str:
    """Say for a caption what was decoded, of which images and units, and how."""
    attributes = table.attrs
    named = {
        name: captions.escape(attributes[name])
        for name in ("target", "across", "groups", "stimulus")
        if name in attributes
    }
    counts = table["images"].values
    few = captions.plural(int(counts.max()), "image", "images")
    few = few if counts.min() == counts.max() else f"{counts.min()} to {few}"
    units = table["units"].values
    number = " to ".join(captions.number(int(n)) for n in sorted({units.min(), units.max()}))
    grid = captions.listing(f"{c:g}" for c in np.atleast_1d(attributes["grid"]))
    choice = (
        f"C chosen from {grid} within the training images"
        if np.size(attributes["grid"]) > 1
        else f"C = {grid}"
    )
    folds = int(attributes["folds"])
    text = [
        f"How well {named['target']} ({counts.shape[1]} classes) is decoded from the answers of "
        f"{captions.escape(attributes['source'])} to images of {named['stimulus']} by linear support "
        f"vector machines ({number} units a layer, population ``{attributes['population']}``, standardised "
        f"by the training images; {choice}).",
    ]
    if "across" in attributes:
        text.append(
            f"Machines are trained on the images of one {named['across']} ({counts.shape[0]} values, "
            f"{few} of each class)"
            + (f" and tested within it, {folds} folds left out in turn," if folds > 1 else "")
            + (" and" if folds > 1 else " and tested")
            + f" on the images of another {named['across']}."
        )
    else:
        text.append(f"{folds} folds are left out in turn ({few} of each class).")
    if "across" in attributes and "groups" not in attributes:
        text.append(
            f"An image of another {named['across']} may differ in nothing else from one of the training."
        )
    if "groups" in attributes:
        text.append(f"No value of {named['groups']} is both in training and in test.")
    return " ".join(text)


def chance(table) -> str:
    """Say for a caption what chance is."""
    if not table.sizes["permutation"]:
        return "Labels were not permuted: there are no p-values."
    return (
        f"Chance is what the same procedure makes of {captions.number(table.sizes['permutation'])} "
        "permutations of the labels"
    )


def caption(table, layers: list[str]) -> str:
    """Say what was measured and how."""
    marked = len(layers) <= MARKED and table.sizes["permutation"]
    text = [
        procedure(table),
        "Lines: accuracy, averaged over folds" + (" and over values." if "across" in table.attrs else "."),
        chance(table)
        + (" (bands: the middle 90% of their accuracies)." if table.sizes["permutation"] else ""),
        "Full markers: p < 0.05, for each layer by itself." if marked else "",
        labelled({"": layers}),
    ]
    return " ".join(filter(None, text))

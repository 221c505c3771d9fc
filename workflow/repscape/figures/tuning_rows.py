"""What figures of tuning have in common: which layers they show, and how an axis of angles looks."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.collection import Where
from repscape.figures import captions, choices
from repscape.figures.style import COLOURS, REFERENCE

DEGREES = (180.0, 360.0)  # periods of angles


def shown(tree, where: Where | None, most: int) -> list[int]:
    """Return the places of the layers that are shown: those chosen, or evenly spaced ones of many.

    Parameters
    ----------
    tree : DataTree
        Of an analysis ``tuning``.
    where : mapping of label to a value or values, optional
        Of the labels ``source`` and ``layer``.
    most : int
        Of each source as many are left out until there are no more than these; none that were named.

    Raises
    ------
    ConfigError
        A label or value is unknown, or more are named than there is room for.
    """
    labels = {name: tree[name].values.astype(str) for name in ("source", "layer")}
    places = choices.places(labels, where, "layer")
    own: dict[str, list[int]] = {}
    for at in places:
        own.setdefault(labels["source"][at], []).append(at)
    count = max(map(len, own.values()))
    while count > 1 and sum(min(count, len(every)) for every in own.values()) > most:
        count -= 1
    return [every[at] for every in own.values() for at in choices.evenly(len(every), count)][:most]


def name(tree, at: int) -> str:
    """Name a layer: with its source, where there are several."""
    source, layer = (str(tree[label].values[at]) for label in ("source", "layer"))
    several = len(set(tree["source"].values.astype(str))) > 1
    return f"{source} · {layer}" if several else layer


def colours(tree) -> dict[str, str]:
    """Give each source a colour."""
    sources = list(dict.fromkeys(tree["source"].values.astype(str)))
    return dict(zip(sources, [*COLOURS, *[REFERENCE] * len(sources)], strict=False))


def group(tree, at: int):
    """Return what is known of a layer's units, as a Dataset."""
    return tree[f"layers/{tree['source'].values[at]}/{tree['layer'].values[at]}"].to_dataset().load()


def ticks(attributes: Mapping) -> np.ndarray:
    """Return where an axis around the circle has ticks: quarters of it, both ends with them."""
    return attributes["begin"] + attributes["period"] * np.arange(5) / 4


def angle_axis(axis, attributes: Mapping, every: int = 1) -> None:
    """Put ticks around the circle on an axis; with ``every=2`` its ends and its middle alone."""
    at = ticks(attributes)[::every]
    axis.set_ticks(at, labels=[captions.plain(value) for value in at])
    axis.axes.set_xlim(at[0], at[-1])


def unit(attributes: Mapping) -> str:
    """Name the unit of the factor for an axis: degrees, where its period is that of angles."""
    return " (°)" if attributes["period"] in DEGREES else ""


def said(tree) -> str:
    """Say for a caption of which units tuning was measured, and to what."""
    attributes = tree.attrs
    smoothed = (
        f", smoothed around the circle by a Gaussian of SD {captions.plain(attributes['smooth'])}"
        f"{'°' if unit(attributes) else ''}"
        if attributes["smooth"]
        else ""
    )
    return (
        f"mean answers to images of {captions.escape(attributes['stimulus'])} by their "
        f"{captions.escape(attributes['factor'])} (period {captions.plain(attributes['period'])}"
        f"{'°' if unit(attributes) else ''}){smoothed}; of networks, units are "
        f"{captions.recorded(attributes['population'], attributes['selected'])}"
    )

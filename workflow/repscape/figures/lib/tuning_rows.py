"""What figures of tuning have in common: which layers they show, and how an axis of angles looks."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from repscape.core.errors import ConfigError, unknown
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import captions
from repscape.figures.lib.shown import OfAnalysis
from repscape.figures.lib.style import COLOURS, REFERENCE
from repscape.plugin.contract import parameter
from repscape.rdms.labels import Where, indices_where
from repscape.study import defaults
from repscape.study.study import Study

DEGREES = (180.0, 360.0)  # periods of angles


class OfTuning(OfAnalysis, shared=True):
    """A figure of an analysis `tuning`."""

    _kind = "tuning"

    where: Where | None = parameter(
        "Which layers are shown, by their `source` and `layer`; by default all, or evenly spaced layers "
        "of each source if there is not enough room.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the file of the analysis, and check by what its layers are chosen.

        Raises
        ------
        ConfigError
            No analysis of that name measures tuning, or a label or value is unknown.
        """
        valid: dict[str, Iterable[str]] = {
            "source": study.layers,
            "layer": dict.fromkeys(layer for layers in study.layers.values() for layer in layers),
        }
        for label, wanted in (self.where or {}).items():
            if label not in valid:
                raise ConfigError(f"where: {unknown(label, valid)}")
            defaults.many_or_all(
                wanted if isinstance(wanted, list) else [wanted], valid[label], f"where: {label}"
            )
        return super().inputs(study)


def shown(
    labels: Mapping[str, Sequence[str] | np.ndarray], where: Where | None, most: int, what: str = "layer"
) -> list[int]:
    """Return the indices of the layers that are shown: of more than have room, evenly spaced ones.

    Parameters
    ----------
    labels : mapping of label to its values, one a layer; ``source`` among them, or none are left out evenly
    where : mapping of label to a value or values, optional
    most : int
        How many have room. Each source shows as many, if it has them.
    what : str
        What has the labels, for messages.

    Raises
    ------
    ConfigError
        A label or value is unknown, nothing has all of them, or there are more sources than room.
    """
    by_source: dict[str, list[int]] = {}
    for at in indices_where(labels, where, what=what):
        by_source.setdefault(str(labels["source"][at]) if "source" in labels else "", []).append(at)
    if len(by_source) > most:
        raise ConfigError(
            f"where: there is room for {most}, found {len(by_source)} sources. Choose some of them."
        )
    count = max(map(len, by_source.values()))
    while sum(min(count, len(every)) for every in by_source.values()) > most:
        count -= 1
    return [every[at] for every in by_source.values() for at in evenly_spaced(len(every), count)]


def layers(tree) -> dict[str, np.ndarray]:
    """Return the labels of layers of an analysis ``tuning``."""
    return {label: tree[label].values.astype(str) for label in ("source", "layer")}


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


def angle_axis(axes, attributes: Mapping, every: int = 1) -> None:
    """Let x go once around the circle, with ticks at quarters; with ``every=2`` at its ends and middle."""
    at = (attributes["begin"] + attributes["period"] * np.arange(5) / 4)[::every]
    axes.set_xticks(at, labels=[captions.plain(value) for value in at])
    axes.set_xlim(at[0], at[-1])


def unit(attributes: Mapping) -> str:
    """Name the unit of the factor for an axis: degrees, where its period is that of angles."""
    return " (°)" if attributes["period"] in DEGREES else ""


def measured(tree) -> str:
    """Say for a caption of which units tuning was measured, and to what."""
    of, degrees = tree.attrs, "°" if unit(tree.attrs) else ""
    smoothed = f", smoothed around the circle by a Gaussian of SD {captions.plain(of['smooth'])}{degrees}"
    return (
        f"mean responses to images of {captions.escape(of['stimulus'])} by their "
        f"{captions.escape(of['factor'])} (period "
        f"{captions.plain(of['period'])}{degrees}){smoothed if of['smooth'] else ''}; the units of "
        f"networks are {captions.recorded(of['population'], of['selected'])}"
    )


def of_layers(tree, shown: Collection) -> str:
    """Say for a caption how many layers are shown, where these are not all."""
    count = len(tree["layer"])
    return f"{len(shown)} of {count} layers are shown." if len(shown) < count else ""

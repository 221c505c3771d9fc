"""Tuning curves of single units, of networks and recordings alike: what they prefer, how selectively."""

from collections.abc import Iterator, Mapping

import numpy as np

from repscape.analyses.lib import tuning_measures as measures
from repscape.analyses.lib.circle import Circle, on_circle
from repscape.analyses.lib.of_activity import OfPopulation, OnCircle
from repscape.analyses.lib.responses import each_layer
from repscape.analyses.lib.result import Result, long_table, stacked
from repscape.analyses.lib.stimulus_factors import stimulus_with, values_of
from repscape.plugin.contract import Seeded, parameter
from repscape.plugin.parameter_types import Names
from repscape.rdms.compare.significance import ALPHA, corrected
from repscape.study.defaults import many_or_all
from repscape.study.study import Study

BINS = 12  # of preferred values, about
MEASURES = ("selectivity", "width", "harmonic", "reliability")
QUARTILES = ("lower_quartile", "median", "upper_quartile")
COUNTS = ("units", "constant", "order", "trials")
DIMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(QUARTILES, ("measure",)),
    "preferred_share": ("bin",),
    **dict.fromkeys(("source", "layer", "tuned", *COUNTS), ()),
}
WORDS = {
    "median": "median over the units that vary",
    "tuned": f"share of units with q < {ALPHA}",
    "preferred_share": "share of the units that vary",
    "constant": "units that do not vary",
}
WORDS_OF_UNITS = {
    "curve": "mean response",
    "sem": "standard error of the mean response",
    "preferred": "preferred value (vector average)",
    "selectivity": "1 - circular variance of the curve above its least value",
    "width": "half width at half height above the least value",
    "harmonic": "share of the curve's variance in one cycle around the circle",
    "reliability": "split-half correlation of the curve, Spearman-Brown corrected",
    "p": "p of being tuned, by permutation",
    "q": "p corrected for the units of the layer (false discovery rate)",
    "constant": "1: the unit does not vary",
}


class Tuning(Seeded, OnCircle, OfPopulation):
    """Tuning curves of single units, of networks and recordings alike: what they prefer, how selectively."""

    layers: Names | None = parameter(
        "The layers and areas; a name is used in all sources that have it. By default all.", None
    )
    smooth: float = parameter(
        "The SD, in units of the factor, of a Gaussian that smooths tuning curves around the circle "
        "before they are measured. Use it if values were shown only a few times, since peaks of "
        "unsmoothed curves are then mostly noise. Smoothing widens curves.",
        0.0,
        ge=0,
        le=1e6,
    )
    splits: int = parameter(
        "The number of random splits into halves of trials over which `reliability` is averaged; 0: none.",
        20,
        ge=0,
        le=1_000_000,
    )
    permutations: int = parameter(  # 19 are the fewest with which p can be 0.05
        "The number of permutations of the values of trials, for p.", 1000, ge=19, le=1_000_000
    )

    def inputs(self, study: Study) -> dict:
        """Name the activations of each layer.

        Raises
        ------
        ConfigError
            A name is unknown, a source is not shown the stimulus, or no stimulus has the factor.
        """
        stimulus = stimulus_with(study, self.stimulus, self.factor)
        layers = [
            (source, layer) for source in self.sources_of(study, stimulus) for layer in study.layers[source]
        ]
        chosen = many_or_all(self.layers, dict.fromkeys(layer for _, layer in layers), "layers")
        layers = [(source, layer) for source, layer in layers if layer in chosen]
        return {"activations": self.activation_files(study, stimulus, layers)}

    def compute(self, files: Mapping) -> Result:
        """Measure the tuning of each recorded unit to a factor whose values lie on a circle.

        A tuning curve is the mean answer to each value of the factor: over trials where a recording has
        single ones, else over images. For the measures see `repscape.analyses.lib.tuning_measures`.

        Parameters
        ----------
        files : ``{"activations": paths}``

        Returns
        -------
        Result
            In a group ``layers/{source}/{layer}``: ``curve`` float32 (value, unit), smoothed if asked for;
            ``sem`` (value, unit) where values were shown repeatedly, of smoothed means that of their weighted
            sum; float32 (unit): ``preferred``, ``selectivity``, ``width``, ``harmonic`` and, of recordings,
            ``p``, ``q`` (p corrected for the layer's units, Benjamini–Hochberg), and ``reliability`` where
            single trials are there; ``constant`` int8 (unit). NaN where a unit is constant. A network without
            noise has no p: any difference between its answers is one.
            Of each layer, in the order of sources and depth: ``source``, ``layer``, ``order``, ``units``,
            ``constant`` (how many do not vary), ``trials`` (how many; 0 where there are none),
            ``lower_quartile``, ``median``, ``upper_quartile`` (group, measure) over units that vary,
            ``tuned`` (share of all units with q < 0.05, NaN of networks), ``preferred_share`` (group, bin)
            of the units that vary, bins being centred on `begin` + k · period / bins: about 12 bins, which
            hold equally many of the values shown.

        Raises
        ------
        DataError
            Images lack the factor, its values are no numbers or do not go around the circle, or files are of
            different images.
        """
        layers, groups = [], {}
        selected = None
        for layer in each_layer(files["activations"], "tuning", single=True, finite=False):
            recording = "weights_sha256" not in layer.attributes
            if selected is None or not recording:  # how a network's units were selected comes first
                selected = layer.attributes["selected"]
            texts = values_of(layer.factors, self.factor, layer.path)
            circle = on_circle(texts, self.period, self.factor, str(layer.path))
            units = measured(
                layer.activity,
                circle._replace(of=circle.of[layer.image]),
                smooth=self.smooth,
                splits=self.splits if layer.repeated else 0,
                permutations=self.permutations if recording else 0,
                seed=self.seed,
            )
            about = {name: getattr(layer, name) for name in ("source", "layer", "order")}
            about["trials"] = len(layer.activity) if layer.repeated else 0
            layers.append(about | summary(units, circle))
            groups[f"layers/{layer.source}/{layer.layer}"] = (
                _group(units, circle, layer.unit, self.factor),
                about,
            )
        keys = ("factor", "period", "smooth", "splits", "permutations", "seed")
        return Result(
            variables=_summaries(layers, circle),
            attributes={
                **{name: layer.attributes[name] for name in ("stimulus", "stimulus_sha256", "population")},
                "selected": selected,
                "begin": circle.begin,
                **{name: getattr(self, name) for name in keys},
            },
            groups=groups,
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a measure in a layer each, units left out."""
        columns = ("source", "layer", "measure", *QUARTILES, "units", "constant", "tuned", "trials")
        return long_table(result.variables, ("group", "measure"), columns)


def measured(
    answers: np.ndarray, circle: Circle, *, smooth: float, splits: int, permutations: int, seed: int
) -> dict[str, np.ndarray]:
    """Measure each unit of a layer.

    Parameters
    ----------
    answers : float array (item, unit)
        To images or in trials whose values are ``circle.of``.
    circle : Circle
    smooth : float
        SD of the Gaussian, in units of the circle's values.
    splits, permutations : int
        0 leaves out ``reliability``, or ``p`` and ``q``.
    seed : int

    Returns
    -------
    dict of name to float64 (unit,) or (value, unit), and bool ``constant`` (unit,)
    """
    curve, sem = measures.curves(answers, circle)
    weights = measures.kernel(circle, smooth)
    curve = weights @ curve
    found = {"curve": curve} | measures.shape(curve, circle)._asdict()
    if np.isfinite(sem).all():
        found["sem"] = np.sqrt(weights**2 @ sem**2)
    elif np.isfinite(sem).any() and not smooth:
        found["sem"] = sem
    constant = np.isnan(found["selectivity"])
    if splits:
        found["reliability"] = measures.reliability(answers, circle.of, splits, seed)
    if permutations:
        found["p"] = np.where(constant, np.nan, measures.p_values(answers, circle, permutations, seed))
        found["q"] = corrected(found["p"], "fdr")
    return found | {"constant": constant}


def summary(found: Mapping[str, np.ndarray], circle: Circle) -> dict:
    """Summarise the units of a layer.

    Parameters
    ----------
    found : of each unit, as `Tuning.compute` has it in a layer's group
    circle : Circle

    Returns
    -------
    dict
        ``units``, ``constant``, ``tuned``, and float64 arrays: quartiles (measure,) and
        ``preferred_share`` (bin,).
    """
    varies = ~np.asarray(found["constant"], bool)
    quartiles = np.full((3, len(MEASURES)), np.nan)
    for at, name in enumerate(MEASURES):
        own = found[name][varies] if name in found else np.empty(0)
        own = own[np.isfinite(own)].astype(np.float64)
        if own.size:
            quartiles[:, at] = np.quantile(own, [0.25, 0.5, 0.75])
    return {
        "units": len(varies),
        "constant": int((~varies).sum()),
        "tuned": (np.nan_to_num(found["q"], nan=1.0) < ALPHA).mean() if "q" in found else np.nan,
        **dict(zip(QUARTILES, quartiles, strict=True)),
        "preferred_share": circle.shares(found["preferred"][varies], circle.parts(BINS)),
    }


def _summaries(layers: list[dict], circle: Circle) -> dict:
    layers = [layer | {name: np.int32(layer[name]) for name in COUNTS} for layer in layers]
    bins = circle.parts(BINS)
    centres = circle.begin + circle.period * np.arange(bins) / bins
    return {
        **stacked(layers, "group", DIMS, WORDS),
        "measure": (("measure",), list(MEASURES)),
        "bin": (("bin",), centres, {"long_name": "middle of a bin of preferred values"}),
    }


def _group(found: Mapping[str, np.ndarray], circle: Circle, unit: np.ndarray, factor: str) -> dict:
    variables: dict = {
        name: (
            ("value", "unit") if values.ndim == 2 else ("unit",),
            values.astype(np.int8 if name == "constant" else np.float32),
            {"long_name": WORDS_OF_UNITS[name]},
        )
        for name, values in found.items()
    }
    return variables | {
        "value": (("value",), circle.values, {"long_name": factor}),
        "unit": (("unit",), unit.astype(np.int32)),
    }

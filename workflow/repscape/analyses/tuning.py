"""Tuning curves of single units, of networks and recordings alike: what they prefer, how selectively."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.lib.factorial_design import varying
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError
from repscape.core.labels import check_equal
from repscape.core.logs import progress
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.plugin.parameter_types import Names, Period, Resamples
from repscape.study.defaults import many_or_all, one_or_default, population_or_default
from repscape.study.study import Study

if TYPE_CHECKING:
    from repscape.analyses.lib.circle import Circle

SIGNIFICANT = 0.05
BINS = 12  # of preferred values, about
MEASURES = ("selectivity", "width", "harmonic", "reliability")
QUARTILES = ("lower_quartile", "median", "upper_quartile")

Permutations = Annotated[int, Field(ge=19, le=1_000_000)]  # the fewest with which p can be 0.05


class Tuning(Seeded, Analysis):
    """Tuning curves of single units, of networks and recordings alike: what they prefer, how selectively."""

    sources: Names | None = parameter("Names of networks and recordings.", None)
    stimulus: str | None = parameter("By default the first that has the factor.", None)
    population: str | None = parameter(
        "By default the first that is sampled by size. All its recorded units count.", None
    )
    layers: Names | None = parameter(
        "By default all. A name that several sources have chooses it in all of them.", None
    )
    factor: str = parameter("Its values are numbers.", "orientation")
    period: Period = parameter(
        "After which they repeat: 180 of orientations in degrees, 360 of directions and hues.",
        180.0,
    )
    smooth: Annotated[float, Field(ge=0, le=1e6)] = parameter(
        "SD, in units of the factor, of a Gaussian by which curves are smoothed around the circle before "
        "they are measured: where a value was shown a few times, the peak of a curve is a peak of noise. "
        "Curves become wider by it.",
        0.0,
    )
    splits: Resamples = parameter("Random halves of the trials, for `reliability`; 0 leaves it out.", 20)
    permutations: Permutations = parameter("Of the trials' values, for p.", 1000)

    def inputs(self, study: Study) -> dict:
        """Name the activations of each layer.

        Raises
        ------
        ConfigError
            A name is unknown, a source is not shown the stimulus, or no stimulus has the factor.
        """
        sources = self.sources
        stimulus = self.stimulus
        population = self.population
        stimulus = varying(study, stimulus, self.factor)
        shown = [source for source in study.layers if stimulus in study.stimuli_of(source)]
        sources = many_or_all(sources, study.layers, "sources") if sources is not None else shown
        for source in sources:
            if source not in shown:
                raise ConfigError(
                    f"sources: '{source}' is not shown the stimulus '{stimulus}'. Leave it out."
                )
        population = (
            population_or_default(study.samples, None)
            if population is None
            else one_or_default(population, study.config["populations"], "population")
        )
        every = dict.fromkeys(layer for source in sources for layer in study.layers[source])
        chosen = many_or_all(self.layers, every, "layers")
        return {
            "activations": [
                study.path(
                    "activations", source=source, stimulus=stimulus, population=population, layer=layer
                )
                for source in sources
                for layer in study.layers[source]
                if layer in chosen
            ]
        }

    def compute(self, files: Mapping) -> Result:
        """Measure the tuning of each recorded unit to a factor whose values lie on a circle.

        A tuning curve is the mean answer to each value of the factor: over trials where a recording has
        single ones, else over images. What is measured of it: `repscape.analyses.lib.tuning_measures`.

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
            ``lower_quartile``, ``median``, ``upper_quartile`` (group, measure) over units that vary, ``tuned``
            (share of all units with q < 0.05, NaN of networks), ``preferred_share`` (group, bin) of the units
            that vary, bins being centred on `begin` + k · period / bins: about 12 bins, which hold equally
            many of the values shown.

        Raises
        ------
        DataError
            Images lack the factor, its values are no numbers or do not go around the circle, or files are of
            different images.
        """
        from repscape.analyses.lib.circle import on_circle
        from repscape.io import netcdf
        from repscape.stimuli.lib import factors

        groups, rows, first = {}, [], None
        keys: dict[str, str] = {}
        paths = files["activations"]
        for path in progress(paths, "tuning", "layers", len(paths), lambda _: 1):
            with netcdf.open_file(path, "activations") as file:
                first = first or (file["name"][:], path)
                check_equal("image", *first, file["name"][:], path)
                texts = factors.read(file)
                if self.factor not in texts:
                    listed = ", ".join(texts) or "none"
                    raise DataError(
                        f"{path}: its images have no factor '{self.factor}'; their factors: {listed}."
                    )
                circle = on_circle(texts[self.factor], self.period, self.factor, str(path))
                keys |= {name: getattr(file, name) for name in ("stimulus", "stimulus_sha256", "population")}
                answers, of_answer = _answers(file)
                trials = len(answers) if "response" in file.variables else 0
                noisy = "weights_sha256" not in file.ncattrs()  # a recording
                if not noisy or "selected" not in keys:  # how a network's units were selected comes first
                    keys["selected"] = file.selected
                own = {"source": file.source, "layer": file.layer, "order": int(file.order), "trials": trials}
                unit = file["unit"][:]
            circle = circle._replace(of=circle.of[of_answer])
            found = _measured(
                answers,
                circle,
                smooth=self.smooth,
                splits=self.splits if trials else 0,
                permutations=self.permutations if noisy else 0,
                seed=self.seed,
            )
            rows.append(own | summary(found, circle))
            groups[f"layers/{own['source']}/{own['layer']}"] = _group(found, circle, unit, self.factor), own
        return Result(
            variables=_summaries(rows, circle),
            attributes={
                **keys,
                "factor": self.factor,
                "period": self.period,
                "begin": circle.begin,
                "smooth": self.smooth,
                "splits": self.splits,
                "permutations": self.permutations,
                "seed": self.seed,
            },
            groups=groups,
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a measure in a layer each, units left out."""
        variables = result.variables
        counts = ("units", "constant", "tuned", "trials")
        yield ("source", "layer", "measure", *QUARTILES, *counts)
        for at, place in np.ndindex(variables["median"][1].shape):
            yield (
                variables["source"][1][at],
                variables["layer"][1][at],
                MEASURES[place],
                *(variables[name][1][at, place] for name in QUARTILES),
                *(variables[name][1][at] for name in counts),
            )


def _answers(file) -> tuple[np.ndarray, np.ndarray]:
    """Return single trials, or images where there are none: float32 (item, unit), and each one's image."""
    if "response" in file.variables:
        return file["response"][:], file["trial_image"][:].astype(np.intp)
    activity = file["activation"][:]
    return activity, np.arange(len(activity))


def _measured(answers, circle, *, smooth, splits, permutations, seed) -> dict[str, np.ndarray]:
    """Return what is measured of each unit, float64 (unit,) or (value, unit)."""
    from repscape.analyses.lib import tuning_measures as measures
    from repscape.analyses.lib.anova_sums import discovery_rate

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
        found["q"] = discovery_rate(found["p"][None])[0]
    return found | {"constant": constant}


def summary(found: Mapping[str, np.ndarray], circle: "Circle") -> dict:
    """Summarise the units of a layer.

    Parameters
    ----------
    found : of each unit, as `compute` has it in a layer's group
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
    tuned = (np.nan_to_num(found["q"], nan=1.0) < SIGNIFICANT).mean() if "q" in found else np.nan
    return {
        "units": len(varies),
        "constant": int((~varies).sum()),
        "tuned": tuned,
        **dict(zip(QUARTILES, quartiles, strict=True)),
        "preferred_share": circle.shares(found["preferred"][varies], circle.parts(BINS)),
    }


def _summaries(rows: list[dict], circle: "Circle") -> dict:
    dims = {
        **dict.fromkeys(QUARTILES, ("measure",)), "tuned": (), "preferred_share": ("bin",),
        "units": (), "constant": (), "order": (), "trials": (),
    }  # fmt: skip
    words = {
        "median": "median of the units that vary",
        "tuned": f"share of units with q < {SIGNIFICANT}",
        "preferred_share": "share of the units that vary",
        "constant": "units that do not vary",
    }
    counts = ("units", "constant", "order", "trials")
    variables = {
        name: (
            ("group", *own),
            np.array([row[name] for row in rows], np.int32 if name in counts else np.float64),
            {"long_name": words[name]} if name in words else {},
        )
        for name, own in dims.items()
    }
    bins = circle.parts(BINS)
    centres = circle.begin + circle.period * np.arange(bins) / bins
    return variables | {
        "source": (("group",), [row["source"] for row in rows]),
        "layer": (("group",), [row["layer"] for row in rows]),
        "measure": (("measure",), list(MEASURES)),
        "bin": (("bin",), centres, {"long_name": "middle of a bin of preferred values"}),
    }


WORDS = {
    "curve": "mean answer",
    "sem": "standard error of the mean answer",
    "preferred": "preferred value (vector average)",
    "selectivity": "1 - circular variance of the curve above its least value",
    "width": "half width at half height above the least value",
    "harmonic": "share of the curve's variance in one cycle around the circle",
    "reliability": "split-half correlation of the curve, Spearman-Brown corrected",
    "p": "p of being tuned, by permutation",
    "q": "p corrected for the units of the layer (false discovery rate)",
    "constant": "1: the unit does not vary",
}


def _group(found: Mapping[str, np.ndarray], circle, unit: np.ndarray, factor: str) -> dict:
    variables: dict = {
        name: (
            ("value", "unit") if values.ndim == 2 else ("unit",),
            values.astype(np.int8 if name == "constant" else np.float32),
            {"long_name": WORDS[name]},
        )
        for name, values in found.items()
    }
    return variables | {
        "value": (("value",), circle.values, {"long_name": factor}),
        "unit": (("unit",), unit.astype(np.int32)),
    }

"""Two-way analysis of variance in every unit of every layer, while images stream through a network."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from repscape.analyses.lib.factorial_design import Design, choose, crossed
from repscape.analyses.lib.of_activity import OfVariedImages
from repscape.analyses.lib.result import Result, long_table, stacked
from repscape.analyses.lib.stimulus_factors import stimulus_of
from repscape.core.errors import ConfigError, DataError
from repscape.plugin import schema
from repscape.plugin.contract import OnDevice, parameter
from repscape.rdms.compare.significance import ALPHA, corrected
from repscape.study.defaults import layers_of, one_or_default
from repscape.study.study import Study

CELLS = 100  # combinations of values, where they are not known before the stimulus is made
BLOCK = 200_000  # units whose sums of squares are made at once
UNIT = ("channel", "y", "x")
EFFECT = ("effect",)
DIMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("mean", "lower_quartile", "median", "upper_quartile", "largest"), EFFECT),
    "significant": ("tested",),
    "units": (),
    "constant": (),
}
WORDS = {
    "mean": "mean eta squared over the units that vary",
    "largest": "share of units in which this explains most",
    "significant": f"share of units with q < {ALPHA}",
}


class Anova(OfVariedImages, OnDevice):
    """Two-way analysis of variance in every unit of every layer, while images stream through a network."""

    source: str | None = parameter("The network. By default the first.", None)
    factors: list[str] | None = parameter(
        "Two factors. There must be images for all combinations of their values; images with the same "
        "combination are replicates, whatever their other factors. By default the factors of a stimulus "
        "that has two.",
        None,
        min_length=2,
        max_length=2,
    )
    layers: list[str] | dict[str, str] | None = parameter("Layers of the network. By default all.", None)

    def inputs(self, study: Study) -> dict:
        """Name the network and the stimulus.

        Raises
        ------
        ConfigError
            A name is unknown, the source is not a network, one factor is named twice, or the factors are not
            crossed.
        """
        source, stimulus = self._source(study), self._stimulus(study)
        layers_of(study, source, self.layers)
        if self.factors is not None and len(set(self.factors)) < len(self.factors):
            raise ConfigError(
                f"factors: expected two different factors, found '{self.factors[0]}' twice. Replace one."
            )
        try:
            self._design(study)
        except DataError as error:
            raise ConfigError(f"factors: {error}") from error
        return {
            "network": study.path("network", source=source),
            "stimulus": study.path("stimulus", stimulus=stimulus),
        }

    def from_study(self, study: Study) -> dict:
        """Return which network it is, and the labels of its layers in the network's table, by name."""
        source = self._source(study)
        labels = study.labels[source]
        layers = {layer: labels[layer] for layer in layers_of(study, source, self.layers)}
        return {"source": source, "layers": layers}

    def megabytes_kept(self, study: Study) -> int:
        """Return the megabytes of the sums of all units, kept on the network's device (see `Sums`)."""
        from repscape.networks.lib import layer_table, layer_table_cache

        design = self._design(study)
        cells = CELLS if design is None else len(design.counts)
        section = study.config["networks"][self._source(study)]
        rows = layer_table_cache.rows(section)
        labels = self.from_study(study)["layers"].values()
        units = {row.node: row.units for row in (layer_table.find(rows, label)[1] for label in labels)}
        enlarged = layer_table.enlarged(rows, section)
        return math.ceil(8 * (cells + 2) * sum(units.values()) * enlarged / 1e6)

    def _source(self, study: Study) -> str:
        return one_or_default(self.source, study.networks, "source")

    def _stimulus(self, study: Study) -> str:
        return stimulus_of(study, self._source(study), self.stimulus, self.factors or (), least=2)

    def _design(self, study: Study) -> Design | None:
        """Return the design where the values of the stimulus's factors are known before it is made."""
        stimulus = self._stimulus(study)
        values, where = schema.factors(study.config["stimuli"][stimulus]), f"stimulus '{stimulus}'"
        return None if values is None else crossed(choose(values, self.factors, where), where)

    def compute(self, files: Mapping) -> Result:
        """Divide the variance of every unit's answers between two factors of the images.

        Nothing is recorded: of each unit, sums by combination of values are kept while images stream
        through the network, once, in float64 × (combinations + 2).

        Parameters
        ----------
        files : ``{"network": path, "stimulus": path}``

        Returns
        -------
        Result
            In a group ``layers/{layer}``: ``eta2`` float32 (effect, channel, y, x), shares of the sum of
            squares; ``F``, ``p``, ``q`` float32 (tested, channel, y, x), q being p corrected for the
            layer's units (Benjamini–Hochberg). NaN where a unit is constant. In an unbalanced design sums
            of squares are those of type II, which need not add up to the total.
            Of each layer: ``mean``, ``lower_quartile``, ``median``, ``upper_quartile`` of η² over the
            units that vary, and ``largest``, the share of them in which no other effect has a larger η²,
            float64 (layer, effect); ``significant``, the share of them with q < 0.05 (layer, tested);
            ``units`` and ``constant``, how many there are and how many do not vary; ``order`` in the
            network. ``df`` and ``expected`` (effect): degrees of freedom, and the mean η² of a unit to
            which the factors make no difference. ``images`` (first_level, second_level): how many.

        Raises
        ------
        DataError
            The stimulus lacks a factor, a factor has one value, or a combination has no images.
        """
        from repscape.analyses.lib.anova_sums import Sums
        from repscape.io import netcdf
        from repscape.networks.lib import layer_table
        from repscape.stimuli.lib import factors
        from repscape.traced.runner import Runner

        with netcdf.open_file(files["stimulus"], "stimulus") as file:
            stimulus, stimulus_sha256 = file.stimulus, file.sha256
            where = str(files["stimulus"])
            design = crossed(choose(factors.read(file), self.factors, where), where)
        runner = Runner(files["network"], self.device)
        rows = {
            name: layer_table.find(runner.frozen.rows, label)
            for name, label in cast(dict, self.layers).items()
        }
        sums = {row.node: Sums(design) for _, row in rows.values()}
        watched = {node: own.add for node, own in sums.items()}
        what = f"analysis of variance, {self.source}, {stimulus}"
        used = runner.stream(files["stimulus"], watched, batch=self.batch, threads=self.threads, what=what)
        found, groups = _of_layers(design, rows, sums)
        return Result(
            variables={
                **stacked(found, "layer", DIMS, WORDS),
                **_design_variables(design),
                "order": (("layer",), np.array([order for order, _ in rows.values()], np.int32)),
                "layer": (("layer",), list(rows)),
            },
            attributes={
                "source": self.source,
                "stimulus": stimulus,
                "stimulus_sha256": stimulus_sha256,
                "weights_sha256": runner.frozen.weights_sha256,
                "factors": list(design.factors),
                "error_term": design.effects[-1],
                "balanced": design.balanced,
                "device": runner.device.type,
                "batch": used,
                "threads": self.threads if runner.on_cpu else None,
            },
            groups=groups,
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: an effect in a layer each, units left out."""
        dims = ("layer", "effect")
        columns = ("mean", "lower_quartile", "median", "upper_quartile", "largest", "significant")
        significant = np.full(result.variables["mean"][1].shape, np.nan)  # the last effect is not tested
        significant[:, :-1] = result.variables["significant"][1]
        variables = result.variables | {"significant": (dims, significant)}
        return long_table(variables, dims, (*dims, "df", *columns, "units", "constant"))


def _of_layers(design: Design, rows: Mapping[str, tuple[int, Any]], sums: dict) -> tuple[list[dict], dict]:
    """Return the summary and the group of each layer, from the sums by node, which are used up."""
    found, groups = [], {}
    for at, (name, (_, row)) in enumerate(rows.items()):
        # Two names of one layer share its sums, which are freed after the last.
        needed = any(row.node == other.node for _, other in list(rows.values())[at + 1 :])
        own = sums[row.node] if needed else sums.pop(row.node)
        units = of_units(design, own, (row.channels, row.height, row.width))
        found.append(summary(units))
        groups[f"layers/{name}"] = group(design, units), {"layer": name}
    return found, groups


def _design_variables(design: Design) -> dict[str, tuple]:
    df, (first, second) = design.df, design.levels
    counts = design.counts.reshape(len(first), len(second)).astype(np.int32)
    return {
        "df": (EFFECT, df.astype(np.int32)),
        "expected": (EFFECT, df / df.sum(), {"long_name": "mean eta squared without effects"}),
        "images": (("first_level", "second_level"), counts),
        "effect": (EFFECT, list(design.effects)),
        "tested": (("tested",), list(design.tested)),
        "first_level": (("first_level",), first),
        "second_level": (("second_level",), second),
    }


def of_units(design: Design, sums, shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
    """Return ``eta2``, ``F``, ``p`` and ``q`` of the units of a layer, float32 (effect, channel, y, x).

    Parameters
    ----------
    design : Design
    sums : Sums
    shape : (channels, height, width)
    """
    from repscape.analyses.lib.anova_sums import effects

    count = len(design.tested)
    units = math.prod(shape)
    eta2 = np.empty((len(design.effects), units), np.float32)
    f, p = np.empty((count, units), np.float32), np.empty((count, units))
    a_channel = units // sums.channels
    step = max(1, BLOCK // a_channel)
    for start in range(0, sums.channels, step):
        channels = slice(start, min(start + step, sums.channels))
        here = slice(channels.start * a_channel, channels.stop * a_channel)
        eta2[:, here], f[:, here], p[:, here] = effects(design, *sums.of_channel(channels))
    q = np.stack([corrected(own, "fdr") for own in p])
    found: dict[str, np.ndarray] = {"eta2": eta2, "F": f, "p": p, "q": q}
    return {name: values.astype(np.float32).reshape(-1, *shape) for name, values in found.items()}


def group(design: Design, units: Mapping[str, np.ndarray]) -> dict[str, tuple]:
    """Return the variables of a layer's group, of what `of_units` returned."""
    words = {
        "eta2": "eta squared, share of the sum of squares",
        "F": f"F against {design.effects[-1]}",
        "p": "p of F",
        "q": "p corrected for the units of the layer (false discovery rate)",
    }
    return {
        **{
            name: (("effect" if name == "eta2" else "tested", *UNIT), values, {"long_name": words[name]})
            for name, values in units.items()
        },
        "effect": (EFFECT, list(design.effects)),
        "tested": (("tested",), list(design.tested)),
    }


def summary(units: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Summarise the units of a layer that vary.

    Parameters
    ----------
    units : ``eta2`` (effect, …) and ``q`` (tested, …), NaN where a unit is constant
    """
    eta2, q = (units[name].reshape(len(units[name]), -1) for name in ("eta2", "q"))
    varies = np.isfinite(eta2[0])
    eta2, q = eta2[:, varies].astype(np.float64), q[:, varies]
    some = eta2.shape[1] > 0
    undefined = np.full(len(eta2), np.nan)
    quartiles = np.quantile(eta2, [0.25, 0.5, 0.75], axis=1) if some else [undefined] * 3
    most = np.bincount(eta2.argmax(0), minlength=len(eta2)) / eta2.shape[1] if some else undefined
    return {
        "mean": eta2.mean(1) if some else undefined,
        **dict(zip(("lower_quartile", "median", "upper_quartile"), quartiles, strict=True)),
        "largest": most,
        "significant": (q < ALPHA).mean(1) if some else np.full(len(q), np.nan),
        "units": np.int32(len(varies)),
        "constant": np.int32(len(varies) - varies.sum()),
    }

"""Two-way analysis of variance in every unit of every layer, while images stream through a network."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, cast

import numpy as np
from pydantic import Field

from repscape.analyses.lib.factorial_design import choose, crossed, known, stimulus_of
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, DataError
from repscape.plugin.parameter_types import Batch, Threads
from repscape.study.defaults import layers_of, one
from repscape.study.study import Study

TABLE = True
SIGNIFICANT = 0.05
CELLS = 100  # combinations of values, where only the stimulus's job can tell
BLOCK = 200_000  # units whose sums of squares are made at once
UNIT = ("channel", "y", "x")

Factors = Annotated[list[str], Field(min_length=2, max_length=2)]


def inputs(
    study: Study,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    factors: Factors | None = None,
    layers: list[str] | None = None,
) -> dict:
    """Name the network and the stimulus.

    Raises
    ------
    ConfigError
        A name is unknown, the source is not a network, one factor is named twice, or the factors are not
        crossed.
    """
    source = one(source, study.networks, "source")
    stimulus = stimulus_of(study, source, stimulus, factors or (), several=True)
    layers_of(study, source, layers)
    varied, where = known(study, stimulus), f"stimulus '{stimulus}'"
    if factors is not None and len(set(factors)) < len(factors):
        raise ConfigError(f"factors: expected two different factors, found '{factors[0]}' twice.")
    if varied is not None:
        try:
            crossed(choose(varied, factors, where), where)
        except DataError as error:
            raise ConfigError(f"factors: {error}") from error
    return {
        "network": study.path("network", source=source),
        "stimulus": study.path("stimulus", stimulus=stimulus),
    }


def complete(
    study: Study,
    *,
    source: str | None = None,
    layers: list[str] | None = None,
) -> dict:
    """Return what the study says about the network: which it is, and the labels of its layers by name."""
    source = one(source, study.networks, "source")
    layers = layers_of(study, source, layers)
    return {"source": source, "layers": {layer: study.labels[source][layer] for layer in layers}}


def kept(
    study: Study,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    factors: Factors | None = None,
    layers: list[str] | None = None,
) -> int:
    """Return the megabytes of the sums of all units, which are kept where the network runs (see `Sums`)."""
    from repscape.networks.lib import layer_table, layer_table_cache

    source = one(source, study.networks, "source")
    stimulus = stimulus_of(study, source, stimulus, factors or (), several=True)
    varied = known(study, stimulus)
    cells = CELLS
    if varied is not None:
        cells = len(crossed(choose(varied, factors, f"stimulus '{stimulus}'"), "").counts)
    section = study.config["networks"][source]
    chosen = [study.labels[source][name] for name in layers_of(study, source, layers)]
    rows = layer_table_cache.rows(section)
    units = sum(
        {row.node: row.units for row in (layer_table.find(rows, label)[1] for label in chosen)}.values()
    )
    return math.ceil(8 * (cells + 2) * units * layer_table.enlarged(rows, section) / 1e6)


def compute(
    files: dict,
    *,
    source: str | None = None,
    stimulus: str | None = None,
    factors: Factors | None = None,
    layers: list[str] | dict[str, str] | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    batch: Batch = 10,
    threads: Threads = 1,
) -> Result:
    """Divide the variance of every unit's answers between two factors of the images.

    Nothing is recorded: of each unit, sums by combination of values are kept while images stream
    through the network, once, in float64 × (combinations + 2).

    Parameters
    ----------
    files : ``{"network": path, "stimulus": path}``
    source : network of the study, by default the first
    stimulus : str
        All combinations of its factors have images; by default the first that has them, two at least.
    factors : two names
        By default the stimulus's, where it has two. Images that share their values of both are
        replicates, whatever the other factors are.
    layers : names of layers, by default all that are recorded of the network
        The workflow puts their labels in the network's table in their place, by name.
    device, batch, threads
        As in the config's section `activations`.

    Returns
    -------
    Result
        In a group ``layers/{layer}``: ``eta2`` float32 (effect, channel, y, x), shares of the sum of
        squares; ``F``, ``p``, ``q`` float32 (tested, channel, y, x), q being p corrected for the
        layer's units (Benjamini–Hochberg). NaN where a unit is constant. In an unbalanced design sums
        of squares are those of type II, which need not add up to the total.
        Of each layer: ``mean``, ``lower_quartile``, ``median``, ``upper_quartile`` of η² over the
        units that vary, and ``largest``, the share of them in which no other effect has a larger η², float64
        (layer, effect); ``significant``, the share of them with q < 0.05 (layer, tested); ``units``
        and ``constant``, how many there are and how many do not vary; ``order`` in the network. ``df``
        and ``expected`` (effect): degrees of freedom, and the mean η² of a unit to which the factors
        make no difference. ``images`` (first_level, second_level): how many.

    Raises
    ------
    DataError
        The stimulus lacks a factor, a factor has one value, or a combination has no images.
    """
    from repscape.analyses.lib.anova_sums import Sums
    from repscape.io import netcdf
    from repscape.networks.lib import layer_table
    from repscape.stimuli.lib import factors as varied
    from repscape.traced.runner import Viewer

    with netcdf.open_file(files["stimulus"], "stimulus") as file:
        known_as, stimulus_sha256 = file.stimulus, file.sha256
        where = str(files["stimulus"])
        design = crossed(choose(varied.read(file), factors, where), where)
    viewer = Viewer(files["network"], device)
    rows = {name: layer_table.find(viewer.frozen.rows, label) for name, label in cast(dict, layers).items()}
    sums = {row.node: Sums(design) for _, row in rows.values()}
    watched = {node: own.add for node, own in sums.items()}
    what = f"analysis of variance, {source}, {known_as}"
    used = viewer.stream(files["stimulus"], watched, batch=batch, threads=threads, what=what)

    groups, found = {}, []
    for at, (name, (_, row)) in enumerate(rows.items()):
        # Two names of one layer share its sums, which go as soon as they have served.
        needed = any(row.node == other.node for _, other in list(rows.values())[at + 1 :])
        own = sums[row.node] if needed else sums.pop(row.node)
        units = _units(design, own, (row.channels, row.height, row.width))
        found.append(summary(units))
        groups[f"layers/{name}"] = _group(design, units), {"layer": name}
    variables = {
        name: (("layer", *dims), np.stack([one[name] for one in found]), *attributes)
        for name, dims, *attributes in SUMMARY
    }
    df = design.df
    shape = tuple(map(len, design.levels))
    return Result(
        variables={
            **variables,
            "df": (("effect",), df.astype(np.int32)),
            "expected": (("effect",), df / df.sum(), {"long_name": "mean eta squared without effects"}),
            "images": (("first_level", "second_level"), design.counts.reshape(shape).astype(np.int32)),
            "order": (("layer",), np.array([order for order, _ in rows.values()], np.int32)),
            "layer": (("layer",), list(rows)),
            "effect": (("effect",), list(design.effects)),
            "tested": (("tested",), list(design.tested)),
            "first_level": (("first_level",), design.levels[0]),
            "second_level": (("second_level",), design.levels[1]),
        },
        attributes={
            "source": source,
            "stimulus": known_as,
            "stimulus_sha256": stimulus_sha256,
            "weights_sha256": viewer.frozen.weights_sha256,
            "factors": list(design.factors),
            "error_term": design.effects[-1],
            "balanced": design.balanced,
            "device": viewer.place.type,
            "batch": used,
            "threads": threads if viewer.on_cpu else None,
        },
        groups=groups,
    )


SUMMARY = (
    ("mean", ("effect",), {"long_name": "mean eta squared of the units that vary"}),
    ("lower_quartile", ("effect",)),
    ("median", ("effect",)),
    ("upper_quartile", ("effect",)),
    ("largest", ("effect",), {"long_name": "share of units of which this explains most"}),
    ("significant", ("tested",), {"long_name": f"share of units with q < {SIGNIFICANT}"}),
    ("units", ()),
    ("constant", ()),
)


def _units(design, sums, shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
    """Return ``eta2``, ``F``, ``p`` and ``q`` of a layer, float32 (effect, channel, y, x)."""
    from repscape.analyses.lib.anova_sums import discovery_rate, effects

    count = len(design.tested)
    units = int(np.prod(shape))
    eta2 = np.empty((len(design.effects), units), np.float32)
    f, p = np.empty((count, units), np.float32), np.empty((count, units))
    a_channel = units // sums.channels
    step = max(1, BLOCK // a_channel)
    for start in range(0, sums.channels, step):
        channels = slice(start, min(start + step, sums.channels))
        here = slice(channels.start * a_channel, channels.stop * a_channel)
        eta2[:, here], f[:, here], p[:, here] = effects(design, *sums.of_channel(channels))
    found: dict[str, np.ndarray] = {"eta2": eta2, "F": f, "p": p, "q": discovery_rate(p)}
    return {name: values.astype(np.float32).reshape(-1, *shape) for name, values in found.items()}


def _group(design, units: Mapping[str, np.ndarray]) -> dict:
    words = {
        "eta2": "eta squared, share of the sum of squares",
        "F": f"F against {design.effects[-1]}",
        "p": "p of F",
        "q": "p corrected for the units of the layer (false discovery rate)",
    }
    variables: dict = {
        name: (("effect" if name == "eta2" else "tested", *UNIT), values, {"long_name": words[name]})
        for name, values in units.items()
    }
    return variables | {
        "effect": (("effect",), list(design.effects)),
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
    there = eta2.shape[1] > 0
    undefined = np.full(len(eta2), np.nan)
    quartiles = np.quantile(eta2, [0.25, 0.5, 0.75], axis=1) if there else [undefined] * 3
    most = np.bincount(eta2.argmax(0), minlength=len(eta2)) / eta2.shape[1] if there else undefined
    return {
        "mean": eta2.mean(1) if there else undefined,
        **dict(zip(("lower_quartile", "median", "upper_quartile"), quartiles, strict=True)),
        "largest": most,
        "significant": (q < SIGNIFICANT).mean(1) if there else np.full(len(q), np.nan),
        "units": np.int32(len(varies)),
        "constant": np.int32(len(varies) - varies.sum()),
    }


def rows(variables: Mapping, groups: Mapping | None = None) -> Iterator[tuple]:
    """Yield the header and the rows of the long table: an effect in a layer each, units left out."""
    columns = ("mean", "lower_quartile", "median", "upper_quartile", "largest", "significant")
    layers, effects = (variables[dim][1] for dim in ("layer", "effect"))
    values = {name: variables[name][1] for name in (*columns, "units", "constant", "df")}
    yield ("layer", "effect", "df", *columns, "units", "constant")
    for at, layer in enumerate(layers):
        for place, effect in enumerate(effects):
            cells = (
                values[name][at, place] if place < values[name].shape[1] else float("nan") for name in columns
            )
            counts = values["units"][at], values["constant"][at]
            yield (layer, effect, values["df"][place], *cells, *counts)

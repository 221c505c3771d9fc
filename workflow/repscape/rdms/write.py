"""RDM files of one stimulus, population and sample size: all layers, metrics, repeats and sets of images."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from repscape.core.chunks import slices
from repscape.core.errors import DataError
from repscape.core.labels import check_equal
from repscape.core.logs import NO_VALUE, logger
from repscape.io import netcdf
from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.streamed_rows import BLOCK, Rows
from repscape.rdms import blockwise
from repscape.rdms import read as rdm_file
from repscape.rdms import sets as sets_of_images
from repscape.rdms.compute import NamedMetric, dissimilarities, scalings_of, take_columns
from repscape.rdms.layer import Layer, check_same_layer, divide, read_layer, read_names
from repscape.stimuli.lib import factors


def write_rdms(
    activations: Mapping,
    samples: Mapping,
    outputs: Mapping,
    *,
    metrics: Sequence[Mapping[str, Any]],
    sets: Mapping[str, Mapping] | None = None,
    memory: int = 2**32,
    labelled: int = rdm_file.LABELLED,
    block: int = BLOCK,
) -> None:
    """Write one RDM file a layer.

    The RDMs of sets of images are normalised as that of all images is, by the same shift and scale: where
    no entry combines images, a set's RDM is part of it. A metric that defines `of_trials` gets a recording's
    single trials of the drawn units. A recording whose trials are taken each by itself has an RDM of each
    presentation in each draw: ``draw`` and ``presentation`` (repeat) say which a repeat is.

    RDMs of more than `labelled` images are computed in blocks and written as they come; see
    `repscape.rdms.read` for what their files lack. The values do not depend on `memory`.

    Parameters
    ----------
    activations, samples, outputs : mappings of layer to path
    metrics : sequence of mappings
        Of each metric its ``name``, plugin (``kind``) and ``normalisation``.
    sets : mapping of name to definition, optional
        What `repscape.rdms.sets.groups` takes.
    memory : int
        In bytes: activity of many images that fits into it is kept, other is read again for each block.
    labelled : int
    block : int
        Values in a block (see `Rows`).

    Raises
    ------
    DataError
        Files that do not belong together, fewer than 3 images, too few trials for a metric, or too many
        images for one.
    ConfigError
        The stimulus cannot be divided into these sets.
    """
    named = [NamedMetric.of(one["name"], one["kind"], one["normalisation"]) for one in metrics]
    names = names_file = trials = source = None
    for layer in outputs:
        with (
            netcdf.open_file(activations[layer], "activations") as recording,
            netcdf.open_file(samples[layer], "sample") as sample,
        ):
            check_same_layer(recording, sample)
            if names is None:
                names, names_file = read_names(recording), activations[layer]
                varied = factors.read(recording)
                groups = divide(sets or {}, varied, names, names_file)
            check_equal("image", names, names_file, recording["name"][:], activations[layer])
            many = len(names) > labelled
            one = read_layer(recording, sample, names, varied, groups, named, many)
            trials, source = one.trials, recording.source
            try:
                if many:
                    _write_in_blocks(outputs[layer], one, memory, block)
                else:
                    _write_whole(outputs[layer], one)
            except DataError as error:
                raise DataError(f"{activations[layer]}: {error}") from error
    wanted = [metric.name for metric in named if metric.metric.uses_trials]
    if outputs and wanted and trials is None:
        logger.info(
            "%s has no single trials: %s computed without them (mahalanobis and crossnobis as sqeuclidean)",
            source, ", ".join(wanted),
        )  # fmt: skip


def _definitions(metrics: Sequence[NamedMetric]) -> dict[str, tuple]:
    """Describe metrics as variables: ``squared`` is -1 where it is not known."""
    squared = [-1 if metric.metric.squared is None else metric.metric.squared for metric in metrics]
    definition = [metric.metric.formula or metric.metric.caption for metric in metrics]
    return {"squared": (("metric",), np.array(squared, np.int8)), "definition": (("metric",), definition)}


def _factors(layer: Layer) -> dict[str, tuple]:
    """Return what the images vary in as variables."""
    return {name: (("image",), values) for name, values in layer.factors.items()}


def _write_whole(path, layer: Layer) -> None:
    """Write the RDM file of a layer whose pairs are labelled one by one."""
    first, second = pairs(len(layer.names))
    values = np.empty((len(layer.metrics), len(layer.repeats), len(first)), np.float32)
    scalings = []
    for repeat, (activity, columns) in enumerate(layer.repeats):
        of_units = take_columns(activity, columns)
        scalings.append(scalings_of(of_units, layer.metrics))
        trials = layer.trials and layer.trials.of_units(columns)
        values[:, repeat] = dissimilarities(of_units, layer.metrics, scalings[repeat], trials)
    degenerate = bool(np.isnan(values).any())
    if degenerate:
        _report_nan(layer.called, layer.metrics, np.isnan(values).mean(axis=(1, 2)), layer.activity)
    coordinates = "image_i image_j name_i name_j measure normalisation definition squared"
    netcdf.write(
        path,
        kind="rdm",
        variables={
            "dissimilarity": (("metric", "repeat", "pair"), values, {"coordinates": coordinates}),
            **layer.labels,
            **_definitions(layer.metrics),
            "image_i": (("pair",), first.astype(np.int32)),
            "image_j": (("pair",), second.astype(np.int32)),
            "name_i": (("pair",), layer.names[first]),
            "name_j": (("pair",), layer.names[second]),
            **_factors(layer),
        },
        attributes=layer.attributes | {"degenerate": degenerate},
        groups={name: _of_sets(layer, name, group, values, scalings) for name, group in layer.groups.items()},
    )


def _write_in_blocks(path, layer: Layer, memory: int, block: int) -> None:
    """Write the RDM file of a layer with many images, as the values come."""
    undefined, scalings = np.zeros(len(layer.metrics), np.int64), []
    with netcdf.create(path, kind="rdm", attributes=layer.attributes) as file:
        values = blockwise.define(file, layer.names, len(layer.metrics), len(layer.repeats))
        for name, (dims, labels) in (layer.labels | _definitions(layer.metrics) | _factors(layer)).items():
            netcdf.add_variable(file, name, dims, labels)
        for repeat, (activity, columns) in enumerate(layer.repeats):
            rows = Rows.of(activity, columns, memory - blockwise.BLOCKS, block)
            scalings.append(scalings_of(rows, layer.metrics))
            trials = layer.trials and layer.trials.of_units(columns)
            undefined += blockwise.fill(values, repeat, rows, layer.metrics, scalings[repeat], trials)
        if undefined.any():
            _report_nan(layer.called, layer.metrics, undefined / values[0].size, layer.activity)
        netcdf.set_attributes(file, {"degenerate": bool(undefined.any())})
        for name, group in layer.groups.items():
            _check_size(name, group)
            variables, attributes = _of_sets(layer, name, group, values, scalings)
            netcdf.fill(file.createGroup(name), variables, attributes)


def _check_size(name: str, group: sets_of_images.Group) -> None:
    if len(group.members[0]) > rdm_file.WHOLE:
        raise DataError(
            f"rdms.sets.{name.rpartition('/')[0]}: expected at most {rdm_file.WHOLE:,} entries in a set, "
            f"found {len(group.members[0]):,}. Combine images, or name more factors in 'by'."
        )


def _of_sets(
    layer: Layer, name: str, group: sets_of_images.Group, whole, scalings: Sequence[Mapping[str, Scaling]]
) -> tuple[dict, dict]:
    """Return the variables and attributes of sets with the same entries.

    They are part of the RDMs of all images, `whole` (an array or a file's variable); where entries combine
    images, they are computed from the images' activity.
    """
    first, second = pairs(len(group.members[0]))
    values = np.empty((len(group.sets), len(layer.metrics), len(layer.repeats), len(first)), np.float32)
    for at, members in enumerate(group.members):
        if group.combines:
            combined: dict[int, np.ndarray] = {}  # many draws are of one recording
            for repeat, (activity, columns) in enumerate(layer.repeats):
                if id(activity) not in combined:
                    combined[id(activity)] = sets_of_images.activity_of(members, activity)
                of_units = take_columns(combined[id(activity)], columns)
                values[at, :, repeat] = dissimilarities(of_units, layer.metrics, scalings[repeat])
        else:
            images = np.array(members)
            values[at] = rdm_file.of_pairs(whole, images[first], images[second], len(layer.names))
    degenerate = bool(np.isnan(values).any())
    if degenerate and group.combines:  # else it is reported of all images
        shares = np.isnan(values).mean(axis=(0, 2, 3))
        _report_nan(f"{layer.called}, {name}", layer.metrics, shares, layer.activity)
    coordinates = " ".join([*group.sets[0], "entry_i", "entry_j", "measure", "normalisation"])
    variables = {
        "dissimilarity": (("set", "metric", "repeat", "entry_pair"), values, {"coordinates": coordinates}),
        **layer.labels,
        **{factor: (("set",), [labels[factor] for labels in group.sets]) for factor in group.sets[0]},
        **{factor: (("entry",), values) for factor, values in group.entries.items()},
        "entry_i": (("entry_pair",), first.astype(np.int32)),
        "entry_j": (("entry_pair",), second.astype(np.int32)),
    }
    attributes = {
        "set": name.rpartition("/")[0],
        "by": list(group.sets[0]) or "",
        "entries": list(group.entries),
        "degenerate": degenerate,
    }
    return variables, attributes


def _report_nan(called: str, metrics: Sequence[NamedMetric], shares: np.ndarray, activity) -> None:
    """Say which metrics are NaN, in which share of pairs, and why."""
    named = zip(metrics, shares, strict=True)
    which = ", ".join(f"{metric.name} {share:.0%}" for metric, share in named if share)
    blocks = (activity[block] for block in slices(activity.shape[0], 1000))
    low, high = np.array([(block.min(), block.max()) for block in blocks]).T  # NaN where one is
    finite = np.isfinite([low, high]).all()
    same = f"every unit responds with {low[0]:g} to every image" if low.min() == high.max() else None
    why = (same or "some drawn activity is constant") if finite else "the activity is not finite"
    level = NO_VALUE if finite else logging.WARNING
    logger.log(level, "%s: %s, so these dissimilarities are NaN: %s", called, why, which)

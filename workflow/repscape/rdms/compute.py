"""RDMs of one stimulus, population and sample size: all layers, metrics and repeats."""

from collections.abc import Mapping, Sequence

import netCDF4
import numpy as np

from repscape import store
from repscape.errors import DataError
from repscape.labels import check_equal
from repscape.logs import logger
from repscape.plugins import entry
from repscape.rdms.distances import pairs
from repscape.rdms.normalisation import scaling

# What an RDM file takes over from the activations it was made of.
_KEYS = ("source", "stimulus", "population", "layer", "order", "stimulus_sha256", "weights_sha256")


def write_rdms(
    activations: Mapping, samples: Mapping, outputs: Mapping, *, metrics: Sequence[Mapping[str, str]]
) -> None:
    """Write one RDM file a layer.

    Parameters
    ----------
    activations, samples, outputs : mappings of layer to path
    metrics : sequence of mappings
        Of each metric its ``name``, the plugin (``metric``) and the ``normalisation``.

    Raises
    ------
    DataError
        Files that do not belong together, or fewer than 3 images.
    """
    labels = [metric["name"] for metric in metrics]
    dissimilarities = [entry("rdms", metric["metric"], "rdms.metrics") for metric in metrics]
    normalisations = [metric["normalisation"] for metric in metrics]
    names = names_file = None
    for layer in outputs:
        with (
            store.open_file(activations[layer], "activations") as recording,
            store.open_file(samples[layer], "sample") as sample,
        ):
            _check_keys(recording, sample)
            if names is None:
                names, names_file = recording["name"][:], activations[layer]
                if len(names) < 3:
                    raise DataError(
                        f"{names_file}: expected at least 3 images, found {len(names)}. A stimulus "
                        "needs 3 images for an RDM with more than one distance; add some."
                    )
            check_equal("image", names, names_file, recording["name"][:], activations[layer])
            keys = {key: getattr(recording, key, None) for key in _KEYS}
            keys |= {key: sample.getncattr(key) for key in ("size", "n_drawn", "drawn")}
            columns = _columns(recording, sample)
            activity = recording["activation"][:]
        values = np.empty((len(metrics), len(columns), len(names) * (len(names) - 1) // 2), np.float32)
        for repeat, drawn in enumerate(columns):
            everything = len(drawn) == activity.shape[1]
            answers = activity if everything else activity.take(drawn, axis=1)
            with np.errstate(invalid="ignore", over="ignore"):  # told once a layer, below
                scalings = {kind: scaling(answers, kind) for kind in set(normalisations)}
                for at, (dissimilarity, kind) in enumerate(zip(dissimilarities, normalisations, strict=True)):
                    values[at, repeat] = dissimilarity(answers, scalings[kind])
        degenerate = bool(np.isnan(values).any())
        if degenerate:
            _warn(outputs[layer], labels, values, activity)
        first, second = pairs(len(names))
        store.write(
            outputs[layer],
            kind="rdm",
            variables={
                "dissimilarity": (
                    ("metric", "repeat", "pair"),
                    values,
                    {"coordinates": "image_i image_j name_i name_j normalisation"},
                ),
                "metric": (("metric",), labels),
                "normalisation": (("metric",), normalisations),
                "repeat": (("repeat",), np.arange(len(columns), dtype=np.int32)),
                "image_i": (("pair",), first.astype(np.int32)),
                "image_j": (("pair",), second.astype(np.int32)),
                "name_i": (("pair",), names[first]),
                "name_j": (("pair",), names[second]),
            },
            attributes=keys | {"degenerate": degenerate},
        )


def _check_keys(recording: netCDF4.Dataset, sample: netCDF4.Dataset) -> None:
    """Refuse a sample that was drawn for another layer."""
    for key in ("source", "population", "layer"):
        if getattr(recording, key) != getattr(sample, key):
            raise DataError(
                f"{recording.filepath()} and {sample.filepath()} do not belong together: {key} is "
                f"'{getattr(recording, key)}' in the first and '{getattr(sample, key)}' in the second. "
                "Delete the one that is misplaced and run again."
            )


def _columns(recording: netCDF4.Dataset, sample: netCDF4.Dataset) -> np.ndarray:
    """Return where in the recording the drawn units are: int array (repeat, draw)."""
    recorded, drawn = recording["unit"][:], sample["unit"][:]
    order = np.argsort(recorded, kind="stable")
    columns = order[np.searchsorted(recorded, drawn, sorter=order).clip(max=len(recorded) - 1)]
    absent = drawn[recorded[columns] != drawn]
    if absent.size:
        raise DataError(
            f"{recording.filepath()} lacks {absent.size} of the units that {sample.filepath()} draws, "
            f"the first being unit {absent[0]}. Delete the sample and run again, so that it is drawn "
            "from the population that was recorded."
        )
    return columns


def _warn(path, metrics: Sequence[str], values: np.ndarray, activity: np.ndarray) -> None:
    """Say which metrics are NaN and why."""
    shares = np.isnan(values).mean(axis=(1, 2))
    which = ", ".join(f"{metric} {share:.0%}" for metric, share in zip(metrics, shares, strict=True) if share)
    finite = np.isfinite(activity).all()
    why = "some drawn activity is constant" if finite else "the activity is not finite"
    logger.warning("%s: %s, so these dissimilarities are NaN: %s", path, why, which)

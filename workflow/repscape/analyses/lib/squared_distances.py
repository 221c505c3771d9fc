"""Distances between entries of RDMs: the roots of dissimilarities that are squared distances."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from repscape.analyses.lib.of_rdms import OfRdms
from repscape.analyses.lib.select_rdms import ALL
from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.plugin import registry
from repscape.plugin.contract import parameter
from repscape.rdms.compare.comparison import measure_of
from repscape.rdms.condensed import entries_of
from repscape.rdms.labels import as_list
from repscape.study.study import Study


class OfDistances(OfRdms, shared=True):
    """An analysis of the distances between entries of RDMs."""

    root: bool | None = parameter(
        "Whether dissimilarities are squared distances, of which square roots are taken: √(1 − r) is a "
        "distance in space, 1 − r is not. By default as their metrics declare (`squared`).",
        None,
    )

    def inputs(self, study: Study) -> dict[str, Any]:
        """Name the files that hold the RDMs.

        Raises
        ------
        ConfigError
            The study has no such RDMs, or one of its metrics does not say whether it is a squared distance.
        """
        sets = {ALL, *study.config.get("rdms", {}).get("sets", {})}
        if self.root is None and sets & set(as_list(self.of)):
            wanted = as_list((self.where or {}).get("metric", list(study.metrics)))
            for section in study.config.get("rdms", {}).get("metrics", []):
                kind = section["kind"]
                if section["name"] in wanted and registry.find("metrics", kind).squared is None:
                    raise ConfigError(
                        f"root: {registry.file('metrics', kind)} does not declare whether the metric "
                        f"'{kind}' is a squared distance, of which square roots are taken. Write `squared "
                        "= True` or `squared = False` in its class, or set `root: true` or `root: false` "
                        "here."
                    )
        return super().inputs(study)


def is_squared(labels: Mapping, root: bool | None) -> bool:
    """Say whether an RDM's dissimilarities are squared distances.

    Parameters
    ----------
    labels : mapping of label to value
        Of the RDM; with a label ``metric_sub`` it is a meta-RDM, and its metric a comparison of RDMs.
    root : bool or None
        What the config says.

    Raises
    ------
    DataError
        A metric of the package or of a user's file does not say it.
    """
    if root is not None:
        return root
    squared = measure_of(labels).squared
    if squared is not None:
        return squared
    metric = str(labels["metric"])
    measure = str(labels.get("measure") or metric)
    if measure in registry.names("metrics"):
        raise DataError(
            f"metric '{metric}': {measure} does not declare whether it is a squared distance. Write "
            "`squared = True` or `squared = False` in its class, or set `root: true` or `root: false`."
        )
    _warn_unknown(measure)
    return False


@cache
def _warn_unknown(measure: str) -> None:
    """Warn once a job of what a recording calls its metric."""
    logger.warning(
        "metric '%s' of a recording: unknown whether it is a squared distance; its dissimilarities are "
        "used as distances, without taking roots. Set `root: true` or `root: false`, or a known `metric` "
        "of the recording, such as correlation.",
        measure,
    )


def distances(dissimilarity: np.ndarray, squared: bool) -> np.ndarray:
    """Turn dissimilarities into distances that points can have.

    Parameters
    ----------
    dissimilarity : float array (pair,)
    squared : bool
        Whether they are squared distances, so that the root is taken.

    Returns
    -------
    float64 array (pair,)

    Raises
    ------
    DataError
        Some are NaN, infinite or negative (beyond rounding, which becomes 0).
    """
    values = np.asarray(dissimilarity, np.float64)
    undefined = np.flatnonzero(~np.isfinite(values))
    if undefined.size:
        i, j = _entries(len(values), undefined[0])
        raise DataError(
            f"{undefined.size} of {len(values)} dissimilarities are not finite, the first between entries "
            f"{i} and {j} (from 0): {values[undefined[0]]}. Points cannot be placed by these. Leave out "
            "entries whose activity is constant."
        )
    if (values < -1e-6 * np.abs(values).max(initial=0)).any():
        i, j = _entries(len(values), int(values.argmin()))
        raise DataError(
            f"{(values < 0).sum()} of {len(values)} dissimilarities are negative, the least between "
            f"entries {i} and {j} (from 0): {values.min():.4g}. Distances between points are never "
            "negative. Choose a metric without negative values."
        )
    values = values.clip(0)
    return np.sqrt(values) if squared else values


def _entries(pairs: int, pair: int) -> tuple[int, int]:
    first, second = np.triu_indices(entries_of(pairs), 1)
    return int(first[pair]), int(second[pair])

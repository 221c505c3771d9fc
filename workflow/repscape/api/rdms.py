"""RDMs of activity."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api import activity
from repscape.api.activity import Activity
from repscape.api.errors import ArgumentError, ArgumentTypeError, for_users
from repscape.core.errors import unknown
from repscape.metrics.lib.normalisation import NORMALISATIONS, Kind
from repscape.metrics.lib.single_trials import Trials
from repscape.plugin import registry
from repscape.rdms.compute import NamedMetric, dissimilarities, scalings_of
from repscape.rdms.labels import as_list
from repscape.rdms.table.cells import frame, index, ordered

if TYPE_CHECKING:
    import pandas as pd
    import xarray

_SMALLEST, _LARGEST = 1e-100, 1e100  # of activity: squares and sums of these are finite


@for_users
def rdm(
    array: Any, metric: str = "sqeuclidean", *, normalisation: Kind = "zscore", square: bool = True
) -> "xarray.DataArray":
    """Return the RDM of activity: how dissimilar the responses to each two images are.

    Parameters
    ----------
    array : array, torch tensor, nested list, DataFrame or DataArray (image, unit)
        Activity, in any unit of measurement. Names of images are kept: the index of a DataFrame; of a
        DataArray the coordinate ``image`` (or ``name``) and all others along it. For metrics that take single
        trials (`crossnobis`, `mahalanobis`, …): (repeat, image, unit).
    metric : str
        One of ``list_plugins("metrics")``: ``sqeuclidean``, ``correlation``, ``euclidean``, …
    normalisation : {"zscore", "mean", "max", "none"}
        What is done to the activity before, with one number for all images and units. It does not change
        ``correlation``, ``spearman`` and, but for ``zscore``, ``cosine``.
    square : bool
        A matrix, or the vector of all pairs.

    Returns
    -------
    DataArray (image, image_other), or (pair,)
        Float64, in the metric's unit. Attributes: ``metric``, ``formula``, ``normalisation``, ``units`` (how
        many). NaN, with a warning, where activity is constant and the metric has no value then. The same
        numbers as a study's.

    Raises
    ------
    ValueError
        Wrong dimensions, fewer than two images, no units, NaN or infinite values; an unknown metric or
        normalisation.
    TypeError
        There are no numbers in it.

    Examples
    --------
    >>> import repscape
    >>> activity = [[0.0, 1.0, 2.0], [0.0, 1.0, 2.5], [3.0, 0.0, 1.0]]
    >>> found = repscape.rdm(activity, metric="correlation")
    >>> found.dims, found.shape
    (('image', 'image_other'), (3, 3))
    >>> print(found.values.round(2))
    [[0.   0.01 1.65]
     [0.01 0.   1.56]
     [1.65 1.56 0.  ]]
    """
    import xarray

    named = _named(metric, normalisation)
    found = activity.read(array, repeats=named.metric.uses_trials)
    _warn_odd(found, named)
    vector = _vector(found, named, f"metric '{metric}'")
    attributes = found.attributes | {
        "metric": metric,
        "formula": named.metric.formula,
        "normalisation": normalisation,
        "units": found.values.shape[-1],
    }
    condensed = xarray.DataArray(vector, dims=("pair",), name="dissimilarity", attrs=attributes)
    return arranged(condensed, found.labels, square)


@for_users
def rdms(
    activations: Any, metric: str | Sequence[str] = "sqeuclidean", *, normalisation: Kind = "zscore"
) -> "pd.DataFrame":
    """Return a table of RDMs: of each layer, and of each repeat.

    Parameters
    ----------
    activations : mapping of layer to activity, or activity
        What `activations` returns, or other arrays. Activity is (image, unit), as `rdm` takes it, or
        (repeat, image, unit): each repeat (subject, session, presentation) then has its RDM.
    metric : str or list of str
    normalisation : {"zscore", "mean", "max", "none"}
        See `rdm`.

    Returns
    -------
    DataFrame, a row an RDM
        Labels: ``layer``, ``layer_order``, ``metric``, ``normalisation``, ``repeat``, ``n_drawn`` (how many
        units); ``entries``, a pandas Index of the images; ``dissimilarity``, float64 (pair,), the pairs i < j
        row by row, as `scipy.spatial.distance.squareform` takes them. `to_xarray` and `to_rsatoolbox` turn it
        into theirs.

    Raises
    ------
    ValueError, TypeError
        As `rdm`; the message names the layer.

    Examples
    --------
    >>> import numpy, repscape
    >>> activity = {"V1": numpy.eye(3), "IT": numpy.ones((3, 4)) + numpy.eye(3, 4)}
    >>> table = repscape.rdms(activity, metric=["euclidean", "cosine"])
    >>> table[["layer", "metric", "n_drawn"]]
      layer     metric  n_drawn
    0    V1  euclidean        3
    1    V1     cosine        3
    2    IT  euclidean        4
    3    IT     cosine        4
    """
    given = activations if isinstance(activations, Mapping) else {None: activations}
    if not given:
        raise ArgumentError("activations: expected at least one layer, found none.")
    metrics = [_named(name, normalisation) for name in as_list(metric)]
    if not metrics:
        raise ArgumentError("metric: expected at least one, found none.")
    rows: list[dict] = []
    for layer, array in given.items():
        what = "activations" if layer is None else f"activations[{layer!r}]"
        rows += _rows(activity.read(array, what, repeats=True), metrics, layer, what)
    columns = ordered(list(dict.fromkeys(name for row in rows for name in row)))
    from repscape.api.readable import RdmTable

    return RdmTable(frame({name: [row.get(name, "") for row in rows] for name in columns}))


def _rows(found: Activity, metrics: list[NamedMetric], layer: Any, what: str) -> list[dict]:
    """Return an RDM a metric and repeat, with its labels."""
    labels = {name: value for name, value in found.attributes.items() if name != "order"}
    if "order" in found.attributes:
        labels["layer_order"] = int(found.attributes["order"])
    if layer is not None:
        labels["layer"] = layer
    entries = index({"image": found.images})
    rows = []
    for named in metrics:
        about = {
            "metric": named.name,
            "normalisation": named.normalisation,
            "n_drawn": found.values.shape[-1],
        }
        repeats = [({}, found)] if not found.repeats or named.metric.uses_trials else [
            ({"repeat": label}, found._replace(values=values, repeats=[]))
            for label, values in zip(found.repeats, found.values, strict=True)
        ]  # fmt: skip
        for repeat, one in repeats:
            vector = _vector(one, named, f"{what}, metric '{named.name}'")
            rows.append(labels | about | repeat | {"entries": entries, "dissimilarity": vector})
    return rows


def _named(metric: str, normalisation: str) -> NamedMetric:
    if not isinstance(metric, str):
        raise ArgumentTypeError(f"metric: expected a name, found {metric!r}.")
    if not isinstance(normalisation, str) or normalisation not in NORMALISATIONS:
        raise ArgumentError(f"normalisation: {unknown(str(normalisation), NORMALISATIONS)}")
    plugin = registry.find("metrics", metric, "metric")
    return NamedMetric(metric, plugin(), normalisation, metric)  # type: ignore[arg-type] # looked up above


def _warn_odd(found: Activity, named: NamedMetric) -> None:
    """Warn of what is probably not meant."""
    values = found.values
    if named.metric.uses_trials and not found.repeats:
        warnings.warn(
            f"metric '{named.name}' takes noise into account, and needs repeats: (repeat, image, unit). "
            "Its values are those of activity without noise.",
            stacklevel=4,
        )
    if values.ndim == 2 and len(values) == values.shape[1] and np.allclose(values, values.T):
        warnings.warn("array: a symmetric matrix, as an RDM is; it is taken for activity.", stacklevel=4)


def _vector(found: Activity, named: NamedMetric, what: str) -> np.ndarray:
    """Return the dissimilarities of all pairs, float64 (pair,)."""
    values, trials = found.values, None
    largest = float(np.abs(values).max())
    if largest and not _SMALLEST < largest < _LARGEST:
        raise ArgumentError(
            f"{what}: the largest value is {largest:.3g}, whose square is lost. Scale the activity."
        )
    if values.ndim == 3:
        repeats, images, units = values.shape
        trials = Trials(
            values.reshape(-1, units),
            np.tile(np.arange(images), repeats),
            np.repeat(np.arange(repeats), images),
        )
        values = values.mean(0)
    vector = dissimilarities(values, [named], scalings_of(values, [named]), trials)[0].astype(np.float64)
    if np.isinf(vector).any():
        raise ArgumentError(
            f"{what}: dissimilarities are too large for single precision. Scale the activity."
        )
    if np.isnan(vector).any():
        warnings.warn(
            f"{what}: {np.isnan(vector).sum()} of {len(vector)} dissimilarities are undefined (NaN), because "
            f"activity is constant{', or the same in all repeats' * named.metric.uses_trials}.",
            stacklevel=4,
        )
    return vector


def arranged(
    condensed: "xarray.DataArray", labels: Mapping[str, Sequence], square: bool
) -> "xarray.DataArray":
    """Label the pairs of RDMs (…, pair), or make square matrices of them.

    Parameters
    ----------
    condensed : DataArray (…, pair)
    labels : mapping of name to values of the images
        ``image`` names them.
    square : bool

    Returns
    -------
    DataArray (…, image, image_other), with 0 on the diagonal, or (…, pair)
        Each label is a coordinate, with ``_other`` for the second image; of pairs with ``_i`` and ``_j``.
    """
    import xarray

    count = len(labels["image"])
    first, second = np.triu_indices(count, 1)
    if not square:
        return condensed.assign_coords(
            {
                f"{name}_{end}": ("pair", np.asarray(values)[at])
                for name, values in labels.items()
                for end, at in (("i", first), ("j", second))
            }
        )
    vectors = condensed.transpose(..., "pair")
    matrices = np.zeros((*vectors.shape[:-1], count, count))
    matrices[..., first, second] = matrices[..., second, first] = vectors.values
    coordinates = {name: one for name, one in vectors.coords.items() if "pair" not in one.dims}
    for end in ("", "_other"):
        coordinates |= {f"{name}{end}": (f"image{end}", list(values)) for name, values in labels.items()}
    return xarray.DataArray(
        matrices, coordinates, (*vectors.dims[:-1], "image", "image_other"), "dissimilarity", condensed.attrs
    )

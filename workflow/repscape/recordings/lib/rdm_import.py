"""RDMs as a recording gives them: checked, and put on a stimulus's images."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.io.array_files import ends
from repscape.plugin import registry
from repscape.recordings.lib.given_rdm import GivenRdm, Pairs
from repscape.recordings.lib.order import UNORDERED, image_of_rows, order_in_words, text
from repscape.stimuli.lib import names

if TYPE_CHECKING:
    import pandas as pd

# Of the largest dissimilarity: 1 − r of single precision, about 3e-7 off, may be of a few thousandths.
TOLERANCE = 1e-4


def to_table(
    rdms: Iterable[GivenRdm],
    images: Sequence[str],
    *,
    source: str,
    stimulus: str,
    area: str,
    metric: str,
    order: str | Sequence[str] | None = None,
) -> "pd.DataFrame":
    """Check RDMs and put them into a table, entries in the stimulus's order.

    Parameters
    ----------
    rdms : iterable of GivenRdm
    images : names of the stimulus's images
    source, stimulus, area, metric : str
        The recording, the stimulus, and what become the labels ``layer`` and ``metric``.
    order :
        In which order RDMs without names have the images; see `repscape.recordings.lib.order.image_of_rows`.

    Returns
    -------
    DataFrame
        See `repscape.rdms.table.table`; labels ``source``, ``stimulus``, ``layer``, ``layer_order`` (0),
        ``metric``, ``measure`` (the same) and those of the RDMs.

    Raises
    ------
    DataError
        Names all RDMs that are no RDMs of these images (`condensed`), or have the labels of another.
    """
    import pandas as pd

    entries = pd.Index(list(images), name="image")
    shared = {"source": source, "stimulus": stimulus, "layer": area, "layer_order": 0}
    shared |= {"metric": metric, "measure": metric}
    cases: list[dict] = []
    read: list[GivenRdm] = []
    bad: list[str] = []
    seen: dict[tuple, str] = {}
    for rdm in rdms:
        try:
            values = condensed(rdm.values, images, stimulus, rdm.images, order, rdm.pairs)
        except DataError as error:
            if UNORDERED not in str(error) or not any(UNORDERED in line for line in bad):
                bad.append(f"{rdm.where}: {error}")
            continue
        key = tuple(rdm.labels.items())
        if key in seen:
            labels = ", ".join(f"{name} {value}" for name, value in key) or "none"
            bad.append(
                f"{rdm.where}: has the same labels as {seen[key]} ({labels}); give them different names"
            )
        seen.setdefault(key, rdm.where)
        read.append(rdm)
        cases.append({**shared, **rdm.labels, "entries": entries, "dissimilarity": values})
    if bad:
        raise DataError(
            f"expected RDMs of the images of '{stimulus}', each with different labels:\n"
            + "\n".join(f"  {line}" for line in bad)
        )
    # object cells, or pandas would take arrays and indices for rows
    _report(read, np.stack([case["dissimilarity"] for case in cases]), images, order, metric)
    columns = {name: [case[name] for case in cases] for name in cases[0]}
    odd = ("entries", "dissimilarity")
    return pd.DataFrame(
        {name: pd.Series(cells, dtype=object if name in odd else None) for name, cells in columns.items()}
    )


def _report(
    rdms: Sequence[GivenRdm],
    values: np.ndarray,
    images: Sequence[str],
    order: str | Sequence[str] | None,
    metric: str,
) -> None:
    """Say in the log which row is which image, and of values that distances do not have."""
    for named in (True, False):
        at = [index for index, rdm in enumerate(rdms) if (rdm.images is not None) == named]
        if not at:
            continue
        these = [rdms[index] for index in at]
        of_rdm = list(map(text, these[0].images or ()))
        shown = (
            f"rows have names: {ends(of_rdm)}"
            if named
            else order_in_words(images, image_of_rows(images, order, ""), order)
        )
        vectors = [rdm.pairs for rdm in these if np.size(rdm.values) == values.shape[1] != 1]
        if vectors:
            shown += f"; {len(vectors)} are vectors of the pairs above the diagonal, by {vectors[0]}"
        where = these[0].where + (f" to {these[-1].where} ({len(these)} RDMs)" if len(these) > 1 else "")
        low, high = values[at].min(initial=np.inf), values[at].max(initial=-np.inf)
        logger.info("%s: %d images, %s; dissimilarities %.6g to %.6g", where, len(images), shown, low, high)
    low, high = values.min(initial=0), values.max(initial=0)
    signed = registry.find_or_base("metrics", metric).signed or "cross" in metric.lower()
    if low < -TOLERANCE * max(high, -low) and not signed:
        worst = int(values.min(1).argmin())
        logger.warning(
            "%s: %d of %d dissimilarities are negative, down to %.3g, but those of '%s' cannot be. If "
            "they are similarities, save 1 minus them. If they are cross-validated, set 'metric: "
            "crossnobis'",
            *(rdms[worst].where, (values[worst] < 0).sum(), values.shape[1], low, metric),
        )


def condensed(
    values: np.ndarray,
    images: Sequence[str],
    stimulus: str,
    of_rdm: Sequence[str] | None = None,
    order: str | Sequence[str] | None = None,
    pairs: Pairs = "rows",
) -> np.ndarray:
    """Return the dissimilarities of all pairs of images, in the stimulus's order.

    A matrix may have NaN, or nothing, on its diagonal; and NaN, or 0, in all of its upper or lower triangle.

    Parameters
    ----------
    values : number array (image, image) or (pair,)
        As `GivenRdm` has it. A vector of MATLAB's, (1, pair) or (pair, 1), is one too.
    images : names of the stimulus's images
    stimulus : str
        Its name, for messages.
    of_rdm : names of the RDM's images, optional
        In any order; they must be the stimulus's.
    order : in which order the images are where they have no names; see `order.image_of_rows`
    pairs : see `GivenRdm`

    Returns
    -------
    float64 array (pair,)

    Raises
    ------
    DataError
        The values are not numbers or not finite, not square, for another number of images or other ones;
        asymmetric, or the diagonal not 0, by more than 1e-4 of the largest value.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "buif":
        raise DataError(f"expected numbers, found {values.dtype}")
    if values.ndim == 2 and 1 in values.shape and values.size > 1:
        values = values.ravel()
    count = values.shape[0] if values.ndim == 2 else (1 + np.sqrt(1 + 8 * values.size)) / 2
    if values.ndim not in (1, 2) or values.shape[1:] not in ((), (count,)) or count != int(count):
        raise DataError(
            f"expected a square matrix or a vector of all pairs, found an array of shape {values.shape}"
        )
    if count != len(images):
        raise DataError(f"has {int(count)} images, but the stimulus '{stimulus}' has {len(images)}")
    values = values.astype(np.float64)
    # before anything is said of rows by their images
    at = (
        image_of_rows(images, order, "")
        if of_rdm is None
        else np.array(_index_in_rdm(of_rdm, images, stimulus), int)
    )
    if of_rdm is None:
        at = np.argsort(at)  # the row of each image
    upper = np.triu_indices(len(images), 1)
    if values.ndim == 1:
        matrix = np.zeros((len(images),) * 2)
        matrix[upper if pairs == "rows" else np.tril_indices(len(images), -1)] = values
        matrix += matrix.T
    else:
        matrix = _whole(values)
    if not np.isfinite(matrix).all():
        raise DataError(f"has {np.sum(~np.isfinite(values))} values that are not finite (NaN or inf)")
    matrix = matrix[np.ix_(at, at)]
    if values.ndim == 2:
        _check_matrix(matrix, images)
    return matrix[upper]


def _whole(matrix: np.ndarray) -> np.ndarray:
    """Fill in what a matrix may leave out: its diagonal, and one of its triangles."""
    matrix = matrix.copy()
    if np.isnan(np.diag(matrix)).all():
        np.fill_diagonal(matrix, 0)
    above, below = (half(np.ones(matrix.shape, bool), side) for half, side in ((np.triu, 1), (np.tril, -1)))
    for empty, full in ((above, below), (below, above)):
        nothing = np.isnan(matrix[empty]).all() or (matrix[empty] == 0).all()
        if empty.any() and nothing and np.isfinite(matrix[full]).all() and matrix[full].any():
            matrix[empty] = matrix.T[empty]
            break
    return matrix


def _check_matrix(matrix: np.ndarray, images: Sequence[str]) -> None:
    limit = TOLERANCE * np.abs(matrix).max()
    diagonal = np.diag(matrix)
    worst = np.abs(diagonal).argmax()
    if abs(diagonal[worst]) > limit:
        similar = np.ptp(diagonal) <= limit and diagonal[worst] >= matrix.max() - limit
        hint = (
            f" Is it a matrix of similarities? Then save {diagonal[worst]:g} minus the matrix."
            if similar
            else ""
        )
        raise DataError(
            f"expected a diagonal of 0, found {matrix[worst, worst]:g} at image {images[int(worst)]}.{hint}"
        )
    first, second = np.unravel_index(np.abs(matrix - matrix.T).argmax(), matrix.shape)
    if abs(matrix[first, second] - matrix[second, first]) > limit:
        raise DataError(
            f"expected a symmetric matrix, found {matrix[first, second]:g} from {images[first]} to "
            f"{images[second]} and {matrix[second, first]:g} back"
        )


def _index_in_rdm(of_rdm: Sequence[str], images: Sequence[str], stimulus: str) -> list[int]:
    """Return the index of each of the stimulus's images among those of the RDM."""
    of_rdm = list(map(text, of_rdm))
    found = names.find(of_rdm, images)
    if len(set(of_rdm)) < len(of_rdm):
        twice = next(name for name in of_rdm if list(of_rdm).count(name) > 1)
        raise DataError(f"has the image '{twice}' twice")
    index = {images[image]: at for at, image in enumerate(found) if image != names.NONE}
    lacking = [name for name in images if name not in index]
    other = [name for name, image in zip(of_rdm, found, strict=True) if image == names.NONE]
    if lacking:
        raise DataError(
            f"does not have the images of '{stimulus}': it lacks {some(lacking)} and has {some(other)} "
            "instead"
        )
    return [index[name] for name in images]

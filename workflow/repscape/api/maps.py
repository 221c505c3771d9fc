"""Maps of RDMs: images as points."""

from typing import TYPE_CHECKING, Any

from repscape.analyses.lib.embedding import METHODS
from repscape.analyses.lib.of_rdms import averaged
from repscape.api.errors import ArgumentError, for_users
from repscape.api.rdm_table import as_table, matched
from repscape.api.results import as_dataset, by_label
from repscape.core.errors import unknown
from repscape.rdms.labels import FOLLOWING
from repscape.rdms.table import table as tables

if TYPE_CHECKING:
    import xarray


@for_users
def embed(
    rdms: Any,
    method: str = "smacof",
    dims: int = 2,
    *,
    align: str | None = None,
    scale: bool = False,
    root: bool | None = None,
    n_init: int | None = None,
    perplexity: float | None = None,
    seed: int = 0,
) -> "xarray.Dataset":
    """Place the images of RDMs as points whose distances are like the dissimilarities.

    Where a metric is a squared distance (``sqeuclidean``, ``correlation``), roots are taken first. RDMs of
    several repeats are averaged.

    Parameters
    ----------
    rdms : RDMs
        As `compare` takes them.
    method : {"smacof", "classical", "tsne", "pca"}
        Metric MDS of least stress; classical MDS; t-SNE; principal components of the patterns.
    dims : int
    align : str, optional
        A label, such as ``layer``: each map is rotated, reflected and moved onto the one before.
    scale : bool
        Bring each map to a root mean square distance of 1 from its centre.
    root : bool, optional
        Whether dissimilarities are squared distances; by default as the metric says. RDMs without a metric
        need it.
    n_init : int, optional
        Random starts of smacof (16) and tsne (4).
    perplexity : float, optional
        Of t-SNE.
    seed : int
        Of random starts.

    Returns
    -------
    Dataset
        ``position`` float64 (image, dim), of several RDMs (layer, image, dim), in the root of the metric's
        unit; NaN of images that have undefined dissimilarities. ``stress_1`` (Kruskal), 0 for perfect maps;
        of classical and pca ``explained`` (dim); of tsne ``divergence``; of aligned maps ``disparity``.

    Raises
    ------
    ValueError
        An unknown method; more dimensions than images span; negative dissimilarities; it is not known whether
        they are squared distances.

    Examples
    --------
    >>> import repscape
    >>> corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    >>> square = repscape.rdm(corners, "euclidean", normalisation="none")
    >>> found = repscape.embed(square, "classical")
    >>> dict(found["position"].sizes), round(float(found["stress_1"]), 6)
    ({'image': 4, 'dim': 2}, 0.0)
    """
    from repscape.analyses.mds import NUMBERS, Mds, placed

    if not isinstance(method, str) or method not in METHODS:
        raise ArgumentError(f"method: {unknown(str(method), METHODS)}")
    for name, number, least in (
        ("dims", dims, 1),
        ("n_init", 0 if n_init is None else n_init, 0),
        ("seed", seed, 0),
    ):
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise ArgumentError(f"{name}: expected a whole number from {least} on, found {number!r}.")
    (table,) = matched([as_table(rdms)])
    if root is None and ("metric" not in table or (table["metric"] == "").any()):
        raise ArgumentError(
            "root: these RDMs have no metric. Say root=True where dissimilarities are squared distances "
            "(1 − r, squared Euclidean), so that roots are taken, or root=False where they are distances."
        )
    most = max(map(len, table["entries"])) - 1
    if dims > most:
        raise ArgumentError(f"dims: {most + 1} images span 1 to {most} dimensions, found {dims}.")
    settings = Mds(
        method=method,
        dims=dims,
        align=align,
        scale=scale,
        root=root,
        n_init=n_init,
        perplexity=perplexity,
        seed=seed,
    )
    settings.check()
    table = averaged(table)
    found = as_dataset(placed(settings, table), [*tables.labels(table), *table["entries"].iloc[0].names])
    kept = [name for name in ("position", *NUMBERS, "explained", "eigenvalue") if name in found]
    attributes = {"method": method, "roots_taken": found["rooted"].values.astype(bool).tolist()}
    found = found[kept].assign_attrs({**found.attrs, **attributes})
    for name in ("of", "history", "align", "n_init", "seed", "perplexity", "scale"):
        found.attrs.pop(name, None)
    if found.coords.get("image") is not None and found["image"].dims == ("entry",):
        found = found.swap_dims(entry="image")
    if found.sizes["rdm"] == 1:
        return found.isel(rdm=0)
    return by_label(found, "rdm", [name for name in tables.labels(table) if name not in FOLLOWING])

"""Distances of pairs of images, as scatter plots show them: chosen, thinned out, explained."""

import numpy as np

from repscape.figures.lib import captions
from repscape.rdms.compare.comparison import orders_used
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

MOST = 20_000  # points of a panel; more would only hide each other


def inputs(
    study: Study,
    *,
    analysis: str | None = None,
    source: str | None = None,
    metric: str | None = None,
    stimuli: list[str] | None = None,
) -> dict:
    """Name the file of an analysis made by `distances` and check what is chosen of it."""
    source = defaults.one(source, study.layers, "source")
    defaults.one(metric, study.metrics, "metric")
    file = defaults.analysis(study, analysis, "distances")
    of = study.config["analyses"][analysis or "distances"].get("stimuli") or study.stimuli
    defaults.several(stimuli, [name for name in study.stimuli_of(source) if name in of], "stimuli")
    return {"distances": file}


def chosen(table, source: str | None, metric: str | None):
    """Return what one source and metric have of an analysis made by `distances`.

    Stimuli that the source was not shown are left out.
    """
    table = table.sel(
        source=defaults.one(source, table["source"].values, "source"),
        metric=defaults.one(metric, table["metric"].values, "metric"),
    )
    return table.isel(stimulus=table["shown"].values > 0)


def label(table) -> str:
    """Say for an axis what the distances between activities are."""
    return "distance between activities\n" + captions.axis(f"({words(table)})")


def words(table) -> str:
    """Say what the distances of one metric are."""
    return captions.metric_of(table, str(table["metric"].values))


def thinned(x: np.ndarray, y: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the finite points in an order that hides none, and at most `MOST` of them."""
    points = [values.ravel() for values in np.broadcast_arrays(x, y, *others)]
    there = np.flatnonzero(np.isfinite(points[0]) & np.isfinite(points[1]))
    # Always the same order: a figure must have the same bytes every time.
    there = np.random.default_rng(0).permutation(there)[:MOST]
    return tuple(values[there] for values in points)


def of_fewer(rdm, most: int):
    """Return an opened RDM whose pairs are labelled as it is; of many images, of evenly spaced ones alone.

    Parameters
    ----------
    rdm : Dataset
        A file of RDMs, see `repscape.rdms.file`.
    most : int
        So many images, where pairs are not labelled.

    Returns
    -------
    Dataset
        With ``image_i``, ``image_j``, places among all images, ``name_i`` and ``name_j`` (pair).
    """
    if "image_i" in rdm:
        return rdm
    import xarray

    from repscape.rdms.condensed import places

    images = np.array(evenly_spaced(rdm.sizes["image"], most))
    names = rdm["name"].values
    rows = []
    for place, i in enumerate(images[:-1]):  # of row i, all pairs lie together: read at once
        begin = int(places(i, i + 1, rdm.sizes["image"]))
        row = rdm["dissimilarity"].isel(pair=slice(begin, begin + rdm.sizes["image"] - 1 - i)).values
        rows.append(row[..., images[place + 1 :] - i - 1])
    first, second = np.triu_indices(len(images), 1)
    labels = {"image_i": images[first].astype(np.int32), "image_j": images[second].astype(np.int32)}
    labels |= {"name_i": names[images[first]], "name_j": names[images[second]]}
    fewer = rdm.drop_dims(["image", "pair"])
    values = xarray.DataArray(np.concatenate(rows, axis=-1), dims=("metric", "repeat", "pair"))
    return fewer.assign(dissimilarity=values).assign_coords(
        {name: ("pair", own) for name, own in labels.items()}
    )


def variables(rdms: list, values) -> dict:
    """Describe one stimulus's distances in some layers as variables of a figure's file.

    Parameters
    ----------
    rdms : opened RDMs, one a layer
    values : arrays (pair,), one a layer
    """
    own = ("image_i", "image_j", "name_i", "name_j")
    return {
        "dissimilarity": (
            ("layer", "pair"),
            np.array(values),
            {"long_name": "dissimilarity, as drawn", "units": "1", "coordinates": " ".join(own)},
        ),
        "layer": (("layer",), [rdm.attrs["layer"] for rdm in rdms]),
        **{name: (("pair",), rdms[0][name].values) for name in own},
    }


def attributes(rdms: list, metric: str) -> dict:
    """Say which RDMs a figure shows, as attributes of its file."""
    names = ("source", "population", "selected", "size", "drawn")
    of_metric = {name: str(rdms[0][name].sel(metric=metric).values) for name in ("measure", "normalisation")}
    return {name: rdms[0].attrs[name] for name in names} | {"metric": metric} | of_metric


def area(points: np.ndarray) -> float:
    """Return how large a point is drawn, in square points: the fewer there are, the larger."""
    return float(np.clip(3500 / max(len(points), 1), 1.3, 8))


def beyond(values, factor: float) -> tuple[float, float]:
    """Return limits of an axis from 0, or below what is negative, to `factor` times the largest value.

    Estimates without bias may be negative. The end is 1 where all values are 0 or undefined.
    """
    finite = np.asarray(values)[np.isfinite(values)]
    return factor * finite.min(initial=0), factor * finite.max(initial=0) or 1


def measured(table) -> str:
    """Say for a caption what the distances are."""
    metric, population, size = str(table["metric"].values), table.attrs["population"], table.attrs["size"]
    mean = " RDMs were averaged over draws." if int(table["draws"].max()) > 1 else ""
    return (
        f"Distances are the {captions.escape(words(table))}; activity was "
        f"{captions.normalised(table, metric)}. {captions.units_of(table, population, [size])}{mean}"
    )


def tested(table) -> str:
    """Say for a caption how p was found."""
    permutations = int(table.attrs["permutations"])
    few = any(orders_used(int(images), permutations) < permutations for images in table["images"].values)
    return (
        f"p: {captions.number(permutations)} permutations of images"
        f"{' (of few images, each order once)' if few else ''}, corrected for all "
        "layers by their largest \\|r\\|. Successive frames of a movie are alike, not exchangeable: for "
        "movies p is too small."
    )

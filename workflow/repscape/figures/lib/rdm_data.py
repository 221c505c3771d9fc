"""RDMs of all images, as figures read them, and the files that hold what figures show of them."""

import numpy as np

from repscape.core.evenly_spaced import evenly_spaced

PAIRS = ("image_i", "image_j", "name_i", "name_j")  # labels of pairs


def of_fewer(rdm, most: int):
    """Return an opened RDM whose pairs are labelled as it is; of many images, of evenly spaced ones alone.

    Parameters
    ----------
    rdm : Dataset
        A file of RDMs, see `repscape.rdms.read`.
    most : int
        So many images, where pairs are not labelled.

    Returns
    -------
    Dataset
        With ``image_i``, ``image_j``, numbers among all images, ``name_i`` and ``name_j`` (pair).
    """
    if "image_i" in rdm:
        return rdm
    import xarray

    from repscape.rdms.condensed import condensed_index

    images = np.array(evenly_spaced(rdm.sizes["image"], most))
    names = rdm["name"].values
    rows = []
    for place, i in enumerate(images[:-1]):  # of row i, all pairs lie together: read at once
        begin = int(condensed_index(i, i + 1, rdm.sizes["image"]))
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
    return {
        "dissimilarity": (
            ("layer", "pair"),
            np.array(values),
            {"long_name": "dissimilarity, as drawn", "units": "1", "coordinates": " ".join(PAIRS)},
        ),
        "layer": (("layer",), [rdm.attrs["layer"] for rdm in rdms]),
        **{name: (("pair",), rdms[0][name].values) for name in PAIRS},
    }


def attributes(rdms: list, metric: str) -> dict:
    """Say which RDMs a figure shows, as attributes of its file."""
    names = ("source", "population", "selected", "size", "drawn")
    of_metric = {name: str(rdms[0][name].sel(metric=metric).values) for name in ("measure", "normalisation")}
    return {name: rdms[0].attrs[name] for name in names} | {"metric": metric} | of_metric

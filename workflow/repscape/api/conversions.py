"""RDMs as xarray and rsatoolbox have them."""

from typing import TYPE_CHECKING, Any

from repscape.api.errors import for_users
from repscape.api.rdm_table import as_table, matched

if TYPE_CHECKING:
    import xarray
    from rsatoolbox.rdm import RDMs


@for_users
def to_xarray(rdms: Any) -> "xarray.Dataset":
    """Return RDMs of the same images as labelled arrays of xarray.

    Parameters
    ----------
    rdms : RDMs
        As `compare` takes them: a table of `rdms`, arrays, RDMs of rsatoolbox, …

    Returns
    -------
    Dataset
        ``dissimilarity``, float64 (…, image, image_other), with a dimension for each label in which RDMs
        differ; NaN where there is no RDM. Labels that are the same for all are scalar coordinates.

    Raises
    ------
    ValueError
        RDMs of different images, or two with the same labels.

    Examples
    --------
    >>> import numpy, repscape
    >>> table = repscape.rdms({"V1": numpy.eye(3), "IT": numpy.eye(3, 5)})
    >>> dict(repscape.to_xarray(table).sizes)
    {'layer': 2, 'image': 3, 'image_other': 3}
    """
    from repscape.rdms.table.arrays import to_xarray as convert

    return convert(matched([as_table(rdms)])[0])


@for_users
def to_rsatoolbox(rdms: Any) -> "RDMs":
    """Return RDMs of the same images as RDMs of rsatoolbox.

    Parameters
    ----------
    rdms : RDMs
        As `compare` takes them.

    Returns
    -------
    rsatoolbox.rdm.RDMs
        Labels become `rdm_descriptors` and `pattern_descriptors`; nothing is lost.

    Raises
    ------
    ValueError
        RDMs of different images.

    Examples
    --------
    >>> import numpy, repscape
    >>> found = repscape.to_rsatoolbox(repscape.rdms({"V1": numpy.eye(3), "IT": numpy.eye(3, 5)}))
    >>> found.n_rdm, found.n_cond, found.rdm_descriptors["layer"]
    (2, 3, ['V1', 'IT'])
    """
    from repscape.rdms.table.rsatoolbox_bridge import to_rsatoolbox as convert

    return convert(matched([as_table(rdms)])[0])

"""Files of activations: their variables."""

from collections.abc import Mapping

from repscape.io import netcdf


def define(file, names, varied: Mapping, labels: Mapping) -> None:
    """Add the coordinates, and the activity to be written image by image.

    Parameters
    ----------
    file : netCDF4.Dataset, empty
    names : str array (image,)
    varied : mapping of factor to str array (image,)
    labels : mapping of coordinate to int array (unit,)
    """
    netcdf.add_variable(file, "name", ("image",), names)
    for name, values in varied.items():
        netcdf.add_variable(file, name, ("image",), values)
    for name, values in labels.items():
        netcdf.add_variable(file, name, ("unit",), values)
    # fixed dimensions, contiguous, not filled beforehand: by far the fastest to write
    activation = file.createVariable("activation", "f4", ("image", "unit"), contiguous=True, fill_value=False)
    activation.coordinates = " ".join(["name", *varied, *(name for name in labels if name != "unit")])
    if len(names):
        # HDF5 takes memory for a variable at its first value. Once a network runs, that would lie among what
        # the network gives back, which then could not be used again: an output a layer would be lost.
        activation[:1, :1] = 0

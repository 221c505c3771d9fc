"""Reading what a figure shows."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager


@contextmanager
def opened(files: Mapping[str, list[str] | str]) -> Iterator[dict]:
    """Open a figure's files lazily, for as long as the block lasts.

    Returns
    -------
    dict
        For each key an `xarray.Dataset`, or a list of them; an `xarray.DataTree` for a file with
        groups.

    Raises
    ------
    DataError
        A file is missing, truncated or not NetCDF.
    """
    import xarray

    from repscape.io.netcdf import open_file

    with ExitStack() as stack:

        def read(path):
            with open_file(path) as dataset:
                grouped = bool(dataset.groups)
            open_ = xarray.open_datatree if grouped else xarray.open_dataset
            return stack.enter_context(open_(path, engine="netcdf4", decode_times=False, cache=False))

        yield {
            key: [read(path) for path in paths] if isinstance(paths, list | tuple) else read(paths)
            for key, paths in files.items()
        }

"""What an analysis returns, as xarray has it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from repscape.analyses.lib.result import Result

if TYPE_CHECKING:
    import xarray


def as_dataset(result: Result, labels: Iterable[str] = ()) -> "xarray.Dataset":
    """Return a result's variables and attributes.

    Parameters
    ----------
    result : Result
    labels : names of variables that label others
    """
    import xarray

    variables = {
        name: (
            list(dims),
            values,
            {key: one for key, one in (rest[0] if rest else {}).items() if key != "coordinates"},
        )
        for name, (dims, values, *rest) in result.variables.items()
    }
    attributes = {name: value for name, value in result.attributes.items() if value is not None}
    found = xarray.Dataset(variables, attrs=attributes)
    return found.set_coords([name for name in labels if name in found.variables])


def by_label(found: "xarray.Dataset", dim: str, names: Iterable[str]) -> "xarray.Dataset":
    """Let a dimension go by the one label in which its members differ, if there is one."""
    along = [name for name in names if name in found and found[name].dims == (dim,)]
    differing = [name for name in along if len(set(found[name].values.tolist())) > 1]
    if len(differing) == 1 and len(set(found[differing[0]].values.tolist())) == found.sizes[dim]:
        return found.swap_dims({dim: differing[0]})
    return found

"""Values as NetCDF files pack them: scaled, shifted, unsigned, and with values that stand for none."""

from collections.abc import Mapping
from typing import Any

import numpy as np

# What the NetCDF library writes where nothing was written, by type; of bytes any value may be data.
DEFAULT_FILL = {
    "S1": b"\0",
    "i2": -32767,
    "u2": 65535,
    "i4": -2147483647,
    "u4": 4294967295,
    "i8": -9223372036854775806,
    "u8": 18446744073709551614,
    "f4": 9.969209968386869e36,
    "f8": 9.969209968386869e36,
}


# What a variable may say of how it is packed
ATTRIBUTES = (
    *("_FillValue", "missing_value", "valid_range", "valid_min", "valid_max"),
    *("_Unsigned", "scale_factor", "add_offset"),
)


def unpacked(values: np.ndarray, attributes: Mapping[str, Any], fill: Any = None) -> np.ndarray:
    """Return what packed values stand for, with NaN where there is none.

    The conventions are those of the NetCDF User's Guide and of CF: missing are `_FillValue`,
    `missing_value` (one or several) and what is outside `valid_range`, `valid_min` or `valid_max`;
    `_Unsigned` says that signed integers are unsigned; the rest is multiplied by `scale_factor` and
    shifted by `add_offset`. A valid range is of packed values, unless these are integers and the range is
    of floating-point numbers.

    Parameters
    ----------
    values : number array
    attributes : mapping
        Of the variable; others than these are ignored.
    fill : number, optional
        What stands for none if no `_FillValue` says it.

    Returns
    -------
    number array
        Of the same type where nothing is scaled or missing; else of floating-point numbers.
    """
    if values.dtype.kind not in "iuf":
        return values
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    signs = {"true": "u", "false": "i"}.get(str(_one(attributes.get("_Unsigned"))).lower())
    kind = values.dtype
    if signs and kind.kind in "iu":
        kind = np.dtype(f"{signs}{kind.itemsize}")
        values = values.view(kind)
    scaled = {"scale_factor", "add_offset"} & set(attributes)
    missing = np.zeros(values.shape, bool)
    for name in ("_FillValue", "missing_value"):
        for value in _several(attributes, name, kind):
            missing |= _equal(values, value)
    if fill is not None and "_FillValue" not in attributes:
        missing |= _equal(values, np.asarray(fill))
    scale, offset = (_one(attributes.get(key, neutral)) for key, neutral in _NEUTRAL.items())
    found = values * np.float64(scale) + np.float64(offset) if scaled else values
    low, high = _valid(attributes, kind)
    for limit, outside in ((low, np.less), (high, np.greater)):
        if limit is not None:
            of_found = scaled and kind.kind in "iu" and limit.dtype.kind == "f"
            missing |= outside(found if of_found else values, limit)
    if not missing.any():
        return found
    found = found.astype(found.dtype if found.dtype.kind == "f" else np.float64)
    found[missing] = np.nan
    return found


_NEUTRAL = {"scale_factor": 1.0, "add_offset": 0.0}


def _one(value: Any) -> Any:
    """Return the only element of what may be an array of one, as text if it is bytes."""
    value = value.item() if isinstance(value, np.ndarray | np.generic) and value.size == 1 else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _several(attributes: Mapping[str, Any], name: str, kind: np.dtype) -> np.ndarray:
    """Return an attribute's numbers, in the type in which the variable's values are to be seen."""
    found = np.atleast_1d(np.asarray(attributes.get(name, ())))
    if found.dtype.kind not in "iuf":
        return np.empty(0)
    found = found.astype(found.dtype.newbyteorder("="), copy=False)
    same_width = found.dtype.kind in "iu" and kind.kind in "iu" and found.dtype.itemsize == kind.itemsize
    if same_width:
        return found.view(kind)
    return found.astype(kind) if kind.kind == "f" else found


def _valid(attributes: Mapping[str, Any], kind: np.dtype) -> list[np.ndarray | None]:
    both = _several(attributes, "valid_range", kind)
    if both.size == 2:
        return [both[0], both[1]]
    ends = [_several(attributes, name, kind) for name in ("valid_min", "valid_max")]
    return [end[0] if end.size == 1 else None for end in ends]


def _equal(values: np.ndarray, value: np.ndarray) -> np.ndarray:
    if value.dtype.kind == "f" and np.isnan(value):
        return np.isnan(values)
    return values == value

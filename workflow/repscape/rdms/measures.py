"""What a metric is beside its values: said in its module, or in the user's file, and nowhere else.

A metric's module may define

- ``SQUARED``: whether it is a squared distance between patterns, up to a factor. Maps and rings take roots
  of it, since points in space cannot have squared distances between them;
- ``CAPTION``: what figures call it;
- ``FORMULA``: its definition, for the RDM's file;
- ``LARGEST``: the largest value that it can have, where there is one;
- ``SYNONYMS``: what else it is called, in small letters and digits alone, for who writes that in a config.

and functions ``in_blocks(activity, scaling)``, which yields what ``dissimilarity`` returns in parts, and
``squared_rounding(activity, scaling)``, float64 (image,), what rounding may add to squared distances from
each image: what is no larger becomes 0.

In a user's file of several metrics, each may also be a mapping of function to value.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repscape.core import errors
from repscape.core.errors import ConfigError
from repscape.plugin import registry, user_functions
from repscape.rdms.compare.comparison import NOT_SQUARED

KINDS = {"SQUARED": bool, "CAPTION": str, "FORMULA": str, "SYNONYMS": tuple, "LARGEST": float}
_FUNCTION = 'or a function of the user\'s file, "FILE.py:FUNCTION".'


class Measure(NamedTuple):
    """A metric's properties; None where they are not said."""

    squared: bool | None = None
    caption: str | None = None
    formula: str | None = None
    synonyms: tuple[str, ...] | None = None
    largest: float | None = None


@cache
def described(measure: str) -> Measure:
    """Return the properties of a metric.

    Parameters
    ----------
    measure : str
        A metric of the package, ``FILE.py:FUNCTION``, or what a recording calls the metric of its RDMs; of
        one that is neither of the first two nothing is known.

    Raises
    ------
    ConfigError
        A property is not of the expected type.
    """
    if user_functions.is_own(measure):
        try:
            module = user_functions.module(measure)
        except ConfigError:  # a file that is gone tells nothing
            return Measure()
    elif measure in registry.names("metrics"):
        module = import_module(f"repscape.metrics.{measure}")
    else:
        return Measure()
    return Measure(*(_value(vars(module), name, measure) for name in KINDS))


def variables(measures: Iterable[str]) -> dict[str, tuple]:
    """Return properties of metrics as variables over ``metric``; ``squared`` is -1 where it is not said."""
    found = [described(measure) for measure in measures]
    return {
        "squared": (
            ("metric",),
            np.array([-1 if one.squared is None else one.squared for one in found], np.int8),
        ),
        "definition": (("metric",), [one.formula or one.caption or "" for one in found]),
    }


def unknown(name: str) -> str:
    """Say that there is no such metric, and which was probably meant."""
    words = re.sub(r"distances?|similarity|dissimilarity|metric|[^a-z0-9]", "", name.lower())
    for metric in registry.names("metrics"):
        found = described(metric)
        if words in (metric.replace("_", ""), *(found.synonyms or ())):
            hint = f"; did you mean '{metric}' ({found.formula or found.caption})?"
            return f"'{name}' is unknown{hint} Valid: {', '.join(registry.names('metrics'))}, {_FUNCTION}"
    return f"{errors.unknown(name, registry.names('metrics')).rstrip('.')}, {_FUNCTION}"


def check(measure: str, where: str) -> None:
    """Refuse a property that is misspelt, without running the file.

    Raises
    ------
    ConfigError
    """
    for name in _constants(measure):
        near = get_close_matches(name, KINDS, 1, 0.75)
        if name not in KINDS and near:
            raise ConfigError(
                f"{where}: {measure}: `{name}` is no property of a metric; did you mean `{near[0]}`?"
            )


def check_squared(measure: str, where: str) -> None:
    """Refuse a metric that does not say whether it is a squared distance, without running the file.

    Raises
    ------
    ConfigError
    """
    if "SQUARED" not in _constants(measure):
        file = user_functions.file(measure) if user_functions.is_own(measure) else f"metrics/{measure}.py"
        raise ConfigError(
            f"{where}: {file} does not say whether the metric '{measure.rpartition(':')[2]}' is a squared "
            "distance, of which roots are taken here. Write `SQUARED = True` or `SQUARED = False` in it, or "
            "`root: true` or `root: false` here."
        )


def scale_of(labels: Mapping) -> float:
    """Say how large an RDM's values are, from its labels: 1, or 0 where only they themselves tell.

    Those of a bounded metric or comparison and those of z-scored activity are of the size of 1, so that what
    is 10⁻¹⁶ is rounding, even where all values are.
    """
    if labels.get("metric_sub"):
        return 0.0 if labels["metric"] in NOT_SQUARED else 1.0
    bounded = described(str(labels.get("measure") or labels.get("metric", ""))).largest is not None
    return 1.0 if bounded or labels.get("normalisation") == "zscore" else 0.0


def settled(values: np.ndarray, first: np.ndarray, second: np.ndarray, squared: bool | None) -> np.ndarray:
    """Return dissimilarities, those that rounding may have made alone as 0: they are ties.

    Parameters
    ----------
    values : float array (pair,)
    first, second : float arrays (pair,)
        What the rounding of each of the two images' answers adds to their squared distance, as a metric's
        ``squared_rounding(activity, scaling)`` tells it.
    squared : bool or None
        Whether the values are squared distances.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(values) if squared else np.square(values)
        return np.where(size <= first + second, 0, values)


def _constants(measure: str) -> set[str]:
    """Return the names in capitals that a metric's file defines; of what is no metric, those expected."""
    if user_functions.is_own(measure):
        path = user_functions.file(measure)
    elif measure in registry.names("metrics"):
        path = Path(__file__).parents[1] / f"metrics/{measure}.py"
    else:
        return set(KINDS)
    names: set[str] = set()
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return {name for name in names if name.isupper()}


def _value(defined: dict, name: str, measure: str):
    """Return a property of the expected type."""
    value = defined.get(name)
    if isinstance(value, dict):
        value = value.get(measure.rpartition(":")[2])
    if value is not None and not isinstance(value, KINDS[name]):
        raise ConfigError(
            f"{measure}: `{name}`: expected {KINDS[name].__name__}, or a mapping of function to it, found "
            f"{value!r}."
        )
    return value

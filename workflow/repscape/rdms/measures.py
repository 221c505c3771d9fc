"""What the metric of an RDM is, beside its values: asked of its plugin."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from repscape.core import errors
from repscape.core.errors import ConfigError
from repscape.plugin import registry
from repscape.plugin.contract import Metric
from repscape.rdms.compare.comparison import NOT_SQUARED


def described(measure: str) -> type[Metric]:
    """Return the plugin of a metric.

    Parameters
    ----------
    measure : str
        A metric, or what a recording calls the metric of its RDMs: of one that is no plugin nothing is known.
    """
    return registry.find("metrics", measure) if measure in registry.names("metrics") else Metric


def variables(measures: Iterable[str]) -> dict[str, tuple]:
    """Return properties of metrics as variables over ``metric``; ``squared`` is -1 where it is not said."""
    found = [described(measure) for measure in measures]
    return {
        "squared": (
            ("metric",),
            np.array([-1 if one.squared is None else one.squared for one in found], np.int8),
        ),
        "definition": (("metric",), [one.formula or one.caption for one in found]),
    }


def unknown(name: str) -> str:
    """Say that there is no such metric, and which was probably meant."""
    words = re.sub(r"distances?|similarity|dissimilarity|metric|[^a-z0-9]", "", name.lower())
    for metric in registry.names("metrics"):
        found = described(metric)
        if words in (metric.replace("_", ""), *found.synonyms):
            hint = f"; did you mean '{metric}' ({found.formula or found.caption})?"
            return f"'{name}' is unknown{hint} Valid: {', '.join(registry.names('metrics'))}."
    return errors.unknown(name, registry.names("metrics"))


def check_squared(measure: str, where: str) -> None:
    """Refuse a metric that does not say whether it is a squared distance.

    Raises
    ------
    ConfigError
    """
    if measure in registry.names("metrics") and described(measure).squared is None:
        raise ConfigError(
            f"{where}: {registry.file('metrics', measure)} does not say whether the metric '{measure}' is a "
            "squared distance, of which roots are taken here. Write `squared = True` or `squared = False` in "
            "its class, or `root: true` or `root: false` here."
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

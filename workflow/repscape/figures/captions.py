"""Words that several figures use: names made readable, and sentences for captions.

Captions are plain reStructuredText: whatever comes from data goes through `escape`.
"""

import re
from collections.abc import Iterable, Sequence

METRICS = {
    "sqeuclidean": "squared Euclidean distance per unit",
    "rms": "root mean squared difference",
    "euclidean": "Euclidean distance",
    "correlation": "correlation distance (1 − r)",
    "cosine": "cosine distance",
    "spearman": "rank correlation distance (1 − ρ)",
    "mahalanobis": "Mahalanobis distance",
    "crossnobis": "cross-validated Mahalanobis distance",
}
DRAWN = {
    "random": "at random",
    "equal": "at random, equally many from each channel,",
    "ranked": "in their order of rank",
}
NORMALISATIONS = {
    "zscore": "z-scored with one mean and one SD per layer and stimulus (over its images and units)",
    "mean": "divided by the mean per layer and stimulus (over its images and units)",
    "max": "divided by the maximum per layer and stimulus (over its images and units)",
    "none": "not normalised",
}


def readable(name: str) -> str:
    """Turn a config name into words."""
    return str(name).replace("_", " ").strip() or str(name)


def metric(name: str) -> str:
    """Say what a metric measures; an unknown one keeps its name."""
    return METRICS.get(name, readable(name))


def normalisation(name: str) -> str:
    """Say how activity was normalised before the metric."""
    return NORMALISATIONS.get(name, f"normalised by {escape(name)}")


def normalised(table, metric: str) -> str:
    """Say how activity was normalised, of an analysis or an RDM opened with xarray."""
    kinds = table["normalisation"]
    return normalisation(str((kinds.sel(metric=metric) if "metric" in kinds.dims else kinds).values))


def drawn(table, population: str) -> str:
    """Return how units of a population were drawn, of an analysis opened with xarray."""
    kinds = table["drawn"]
    return str((kinds.sel(population=population) if "population" in kinds.dims else kinds).values)


def units(size: str, population: str, drawn: str) -> str:
    """Say which units were used, of one sample size; RDMs or D are averaged over draws."""
    of = f"those recorded (population ``{population}``)"
    how = f"of {number(size)} units a layer drawn {DRAWN[drawn]} from {of}"
    return f"of all units of {of}" if size == "all" else how


def escape(text) -> str:
    """Make text mean itself in reStructuredText."""
    return re.sub(r"([\\`*|])|_(?!\w)", lambda match: "\\" + match[0], " ".join(str(text).split()))


def number(value) -> str:
    """Write a number with thin thousands: 10,000; other text stays."""
    return f"{int(value):,}" if str(value).isdigit() else str(value)


def listing(items: Iterable) -> str:
    """Join words: a, b and c."""
    items = [str(item) for item in items]
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def plural(count: int, one: str, several: str) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {one if count == 1 else several}"


def counts(names: Sequence[str], numbers: Sequence[int], what: str) -> str:
    """Say how many of something each name has, briefly: ``30 images each; pictures: 20``."""
    usual = max(sorted(set(numbers)), key=list(numbers).count)
    others = [
        f"{escape(readable(n))}: {number(k)}" for n, k in zip(names, numbers, strict=True) if k != usual
    ]
    each = f"{number(usual)} {what}" + (" each" if len(names) > 1 else "")
    return "; ".join([each, *others])


def shorten(text: str, length: int) -> str:
    """Cut the middle out of text longer than `length` characters."""
    head = length // 3
    return text if len(text) <= length else f"{text[:head]}…{text[len(text) - (length - head - 1) :]}"

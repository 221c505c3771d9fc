"""Words that several figures use: sentences for captions, and names that fit.

Captions are plain reStructuredText: whatever comes from data goes through `escape`.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import wrap
from typing import NamedTuple

from pydantic import ValidationError

from repscape.core.errors import ConfigError
from repscape.core.words import listing, number, plural
from repscape.metrics.lib.normalisation import NORMALISATIONS
from repscape.plugin import registry, schema
from repscape.rdms.compare.significance import ALPHA, CORRECTIONS, Correction
from repscape.rdms.read import presentations

DRAWN = {
    "random": "at random",
    "equal": "at random, equally many from each channel,",
    "ranked": "in order of rank, the largest response first",
}


NUMBERED_CLASSES = "Classes without names are numbered by the network's output, from 0."


class Draws(NamedTuple):
    """How often units were drawn, of one sample size.

    Attributes
    ----------
    size : str
    times : int
        In layers with more units.
    fewer : bool
        Whether some layer has fewer units than that.
    """

    size: str
    times: int
    fewer: bool


def metric(measure: str, name: str | None = None) -> str:
    """Say what a metric measures, and its name where a study calls it otherwise."""
    words = registry.find_or_base("metrics", measure).caption or f"dissimilarity by {measure}"
    return words if name in (None, measure, measure.rpartition(":")[2]) else f"{words} ({name})"


def metric_of(table, name: str) -> str:
    """Say what a metric measures, of an analysis or an RDM opened with xarray."""
    return metric(_at(table["measure"], metric=name), name)


def normalisation(name: str) -> str:
    """Say how activity was normalised before the metric."""
    return NORMALISATIONS.get(name, f"normalised by {escape(name)}")


def normalised(table, metric: str) -> str:
    """Say how activity was normalised, of an analysis or an RDM opened with xarray."""
    return normalisation(_at(table["normalisation"], metric=metric))


def recorded(population: str, selected: str) -> str:
    """Say which units a population is.

    Parameters
    ----------
    population : str
        Its name.
    selected : str
        How it was selected, as recordings have it: json of the plugin (``kind``) and its keys.
    """
    section = json.loads(selected)
    try:
        words = schema.make("populations", section).caption()
    except (ConfigError, ValidationError):  # the plugin is gone, or has other keys now
        words = ""
    words = words or f"the units of each layer selected by {section['kind']}"
    return f"{escape(words)} (population ``{population}``)"


def units(population: str, selected: str, how: str, draws: Iterable[Draws]) -> str:
    """Say, in a sentence, which units were used.

    Parameters
    ----------
    population, selected : as in `recorded`
    how : {"random", "equal", "ranked"}
        How they were drawn.
    draws : for each sample size
    """
    draws, parts, which = list(draws), [], recorded(population, selected)
    if all(draw.size == "all" for draw in draws):
        comma = "," if ", " in which else ""
        return f"{which[0].upper()}{which[1:]}{comma} were used."
    for size, times, _ in draws:
        if size == "all":
            parts.append("all were used")
            continue
        were = f" {'was' if size == '1' else 'were'} {'taken' if how == 'ranked' else 'drawn'} {DRAWN[how]}"
        often = "" if how == "ranked" else " once" if times == 1 else f" {number(times)} times"
        parts.append(f"{plural(int(size), 'unit', 'units')}{'' if parts else were}{often}")
    fewer = "; in layers with fewer, all units were used once" if any(draw.fewer for draw in draws) else ""
    return f"From {which}, {listing(parts)}{fewer}."


def units_of(table, population: str, sizes: Iterable[str]) -> str:
    """Say which units were used, of an analysis opened with xarray, in all its sources and layers.

    Where it is of one population or size, these need not be selected.
    """
    how, selected = (
        table.attrs[name] if name in table.attrs else _at(table[name], population=population)
        for name in ("drawn", "selected")
    )
    draws = []
    for size in sizes:
        n_drawn, times = (
            _where(table[name], population=population, size=size) for name in ("n_drawn", "draws")
        )
        fewer = size != "all" and bool(((n_drawn > 0) & (n_drawn < int(size))).any())
        draws.append(Draws(size, int(times.max()), fewer))
    return units(population, selected, how, draws)


def units_of_rdms(rdms: Iterable) -> str:
    """Say which units were used, of RDMs of one population and size opened with xarray."""
    rdms = list(rdms)
    first = rdms[0].attrs
    size, times = first["size"], max(rdm.sizes["repeat"] // presentations(rdm.attrs) for rdm in rdms)
    fewer = size != "all" and any(int(rdm.attrs["n_drawn"]) < int(size) for rdm in rdms)
    return units(first["population"], first["selected"], first["drawn"], [Draws(size, times, fewer)])


def corrected(tests: int, what: str, correction: Correction) -> str:
    """Say how p was corrected, behind ``p < 0.05``; nothing where there is one test."""
    if tests == 1:
        return ""
    about = CORRECTIONS[correction]
    return (
        f" after correction for all {number(tests)} {what}, so that {about.bound} is at most "
        f"{100 * ALPHA:g}% ({about.authors})"
    )


def _where(values, **labels):
    return values.sel({dim: label for dim, label in labels.items() if dim in values.dims})


def _at(values, **labels) -> str:
    return str(_where(values, **labels).values)


def escape(text) -> str:
    """Make text mean itself in reStructuredText."""
    return re.sub(r"([\\`*|])|_(?!\w)", lambda match: "\\" + match[0], " ".join(str(text).split()))


def span(values: Iterable) -> str:
    """Say from which whole number to which some are: ``10 to 2,000``, or ``10`` where they are equal."""
    values = [int(value) for value in values]
    return " to ".join(number(value) for value in sorted({min(values), max(values)}))


def ten(power: int) -> str:
    """Write a power of ten: 10⁻⁶."""
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def plain(value: float) -> str:
    """Write a number with a true minus, and small or large ones with a power of ten: 4·10⁻⁶."""
    text, _, power = f"{value:g}".partition("e")
    if power:
        text = ten(int(power)) if text == "1" else f"{text}·{ten(int(power))}"
    return text.replace("-", "−")


def alike(values: Iterable[float]) -> list[str]:
    """Write the numbers of one axis: all fractions with a power of ten where one of them needs it."""
    values = [float(value) for value in values]
    if not any("e-" in f"{value:g}" for value in values):
        return [plain(value) for value in values]
    return [plain(value) if value == 0 or abs(value) >= 1 else _scientific(value) for value in values]


def _scientific(value: float) -> str:
    digits, _, power = f"{value:.5e}".partition("e")
    digits = digits.rstrip("0").rstrip(".").replace("-", "−")
    return {"1": "", "−1": "−"}.get(digits, f"{digits}·") + ten(int(power))


def axis(words: str, length: int = 40) -> str:
    """Break words into lines that fit along an axis."""
    return "\n".join(wrap(words, length))


def layers(shown: Collection, chosen: Sequence | None, most: int) -> str:
    """Say how many layers are shown; where `most` are by default, that others may be left out."""
    some = " (evenly spaced)" if chosen is None and len(shown) == most else ""
    return plural(len(shown), "layer", "layers") + some


def counts(names: Sequence[str], numbers: Sequence[int], what: str) -> str:
    """Say how many of something each name has, briefly: ``30 images each; pictures: 20``."""
    usual = max(sorted(set(numbers)), key=list(numbers).count)
    others = [f"{escape(n)}: {number(k)}" for n, k in zip(names, numbers, strict=True) if k != usual]
    each = f"{number(usual)} {what}" + (" each" if len(names) > 1 else "")
    return "; ".join([each, *others])


def images_of(table) -> dict[str, int]:
    """Return how many images each stimulus of an analysis opened with xarray has."""
    return dict(zip(map(str, table["stimulus"].values), map(int, table["images"].values), strict=True))


def of_stimuli(images: Mapping[str, int]) -> str:
    """Say how many stimuli there are, and how many images each has: ``2 stimuli (30 images each)``."""
    numbers = counts(list(images), list(images.values()), "images")
    return f"{plural(len(images), 'stimulus', 'stimuli')} ({numbers})"


def wrapped(name: str, length: int) -> list[str]:
    """Break a name into lines of at most `length` characters, behind its ``_``, ``-``, ``.`` and spaces."""
    lines = [""]
    for part in re.findall(r"[^_\-. ]+[_\-. ]*|[_\-. ]+", name):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > length:
            lines.append("")
        while len(part.rstrip()) > length:
            lines[-1], part = part[:length], part[length:]
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines if line.strip()]


def shorten(text: str, length: int) -> str:
    """Cut the middle out of text longer than `length` characters."""
    head = length // 3
    return text if len(text) <= length else f"{text[:head]}…{text[len(text) - (length - head - 1) :]}"


def averaged(table, rdms: Sequence[int]) -> list[str]:
    """Say over what RDMs were averaged, of an analysis opened with xarray; empty if over nothing."""
    over = [
        f"{number(count)} {what}"
        for name, what in (("draws", "draws of units"), ("presentations", "presentations"))
        if name in table and (count := int(table[name].values[list(rdms)].max())) > 1
    ]
    return [f"averaged over {listing(over)}"] if over else []


def simulated(names: Iterable[str]) -> str:
    """Say which recordings are simulated."""
    names = list(names)
    what = (
        "is a simulated recording, not data of neurons"
        if len(names) == 1
        else "are simulated recordings, not data of neurons"
    )
    return f"{listing(map(escape, names))} {what}."

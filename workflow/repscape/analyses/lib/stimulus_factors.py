"""What the images of a stimulus vary in: which stimulus has some factors, and the values of these."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np

from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.natural_order import natural
from repscape.plugin import schema
from repscape.study.defaults import one_or_default
from repscape.study.study import Study

LABEL = "label"  # of an image, which is no factor
Values = TypeVar("Values", bound=Sequence[str] | np.ndarray)


def factor_names(study: Study, stimulus: str) -> list[str] | None:
    """Name the factors of a stimulus's images; None where they are only known once it is made."""
    return schema.factor_names(study.config["stimuli"][stimulus])


def check_factor(study: Study, stimulus: str, factor: str, key: str = "factor") -> None:
    """Refuse a factor that a stimulus is known not to vary in, with a `ConfigError` about the key."""
    names = factor_names(study, stimulus)
    if names is not None and factor not in names:
        raise ConfigError(f"{key}: of the factors of '{stimulus}', {unknown(factor, names)}")


def stimulus_with(study: Study, stimulus: str | None, factor: str) -> str:
    """Return the named stimulus, or the first that has the factor or, before it is made, may have it.

    Raises
    ------
    ConfigError
        The stimulus is unknown or lacks the factor; or all lack it.
    """
    if stimulus is not None:
        stimulus = one_or_default(stimulus, study.stimuli, "stimulus")
        check_factor(study, stimulus, factor)
        return stimulus
    names = {name: factor_names(study, name) for name in study.stimuli}
    having = [name for name, own in names.items() if own is None or factor in own]
    if not having:
        listed = ", ".join(sorted({name for own in names.values() for name in own or ()}))
        raise ConfigError(
            f"factor: no stimulus of the study has the factor '{factor}'. Choose one of: "
            f"{listed or 'there are none'}."
        )
    return min(having, key=lambda name: names[name] is None)


def stimulus_of(
    study: Study, source: str, stimulus: str | None, factors: Collection[str] = (), least: int = 1
) -> str:
    """Return the named stimulus, or the first of a source whose images vary.

    Parameters
    ----------
    study : Study
    source, stimulus : str
    factors : names of factors
        Stimuli that have the most of these come first.
    least : int
        Stimuli with so many factors come before those with fewer.

    Raises
    ------
    ConfigError
        The source is not shown it.
    """
    shown = study.stimuli_of(source)
    if stimulus is not None:
        return one_or_default(stimulus, shown, "stimulus")

    def rank(name: str) -> tuple[bool, int, bool]:
        names = factor_names(study, name)
        if names is None:
            return False, 0, False
        return not names, len({*factors} - {*names}), len(names) < least

    return min(shown, key=rank)


def read_stimulus(path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the names of a stimulus's images, and their factors and, where they have them, ``label``."""
    from repscape.io import netcdf
    from repscape.stimuli.lib import factors

    with netcdf.open_file(path, "stimulus", rows=range(0)) as file:
        label = {LABEL: file[LABEL][:]} if LABEL in file.variables else {}
        return file["name"][:], factors.read(file) | label


def values_of(found: Mapping[str, Values], factor: str, where: object) -> Values:
    """Return the values of a factor.

    Parameters
    ----------
    found : mapping of factor to its values (image,)
    factor : str
    where : path or str
        Whose images they are, for the message.

    Raises
    ------
    DataError
        The images do not vary in it; the message lists their factors.
    """
    if factor not in found:
        raise DataError(
            f"{where}: its images have no factor '{factor}'; their factors: {', '.join(found) or 'none'}."
        )
    return found[factor]


def coded(values: Sequence[str] | np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the number of each value, int (image,), and the different values in natural order."""
    levels = sorted(set(map(str, values)), key=natural)
    numbers = {level: number for number, level in enumerate(levels)}
    return np.array([numbers[str(value)] for value in values]), levels

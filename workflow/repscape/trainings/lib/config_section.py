"""A network's section `training`: checked when the plan is made, without torch."""

import inspect
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, create_model

from repscape.core.errors import ConfigError, unknown
from repscape.plugin import registry, schema, user_functions
from repscape.plugin.config_errors import Mistakes
from repscape.plugin.parameter_types import Threads
from repscape.trainings.lib.signature import hyperparameters

# The target that is no factor
LABEL = "label"
COMMON = {
    "function": (str, ...),
    "stimulus": (str, ...),
    "held_out": (str, ...),
    "target": (str, LABEL),
    "seed": (Annotated[int, Field(ge=0, lt=2**63)], ...),
    "device": (Literal["auto", "cpu", "cuda"], ...),
    "threads": (Threads, ...),
}


def resolve(
    given: Mapping,
    keys: tuple,
    defaults: Mapping,
    stimuli: Mapping,
    names: Collection[str],
    mistakes: Mistakes,
) -> dict | None:
    """Check a section and fill in its defaults.

    Parameters
    ----------
    given : the section as the config has it
    keys : where it is in the config
    defaults : mapping
        Of ``seed``, ``device`` and ``threads``.
    stimuli : mapping of stimulus to its checked section
    names : names of all stimuli, also of those with mistakes of their own
    mistakes : where mistakes are noted

    Returns
    -------
    dict, or None where it has mistakes of its schema
    """
    function = given.get("function")
    if not isinstance(function, str):
        valid = ", ".join(registry.names("trainings"))
        mistakes.add(
            (*keys, "function"), f"expected {valid}, or path/to/file.py:function; found {function!r}."
        )
        return None
    try:
        model = _model(function)
    except ConfigError as error:
        mistakes.add((*keys, "function"), str(error))
        return None
    values = dict(defaults) | schema.without_nulls(model, given)
    try:
        section = model.model_validate(values).model_dump(mode="json")
    except ValidationError as error:
        mistakes.add_validation(keys, error, model, values)
        return None
    known = [key for key in ("stimulus", "held_out") if section[key] in names]
    for key in {"stimulus", "held_out"} - set(known):
        mistakes.add((*keys, key), unknown(section[key], names))
    if section["stimulus"] == section["held_out"]:
        mistakes.add(
            (*keys, "held_out"),
            f"'{section['held_out']}' is what the network is trained on. Hold out other images.",
        )
    elif len(known) == 2 and section["target"] != LABEL:
        _check_target(section, keys, stimuli, mistakes)
    return section


def classes(section: Mapping, stimuli: Mapping) -> int | None:
    """Return the number of classes of a training's target; None where only its job can tell."""
    values = _values(section["stimulus"], section["target"], stimuli)
    return None if values is None else len(values)


def check_outputs(section: Mapping, outputs: int, count: int | None) -> None:
    """Ask a training of the package whether a network's outputs go with it.

    Parameters
    ----------
    section : a checked section
    outputs : int
        How many outputs the network has.
    count : int or None
        How many classes there are.

    Raises
    ------
    ConfigError
    """
    if user_functions.is_own(section["function"]):
        return
    function = registry.entry("trainings", section["function"])
    check = getattr(inspect.getmodule(function), "check_outputs", None)
    if check is not None:
        only = inspect.signature(check).parameters
        check(outputs, count, **schema.arguments(function, section, only=only))


def arguments(section: Mapping, function) -> dict[str, Any]:
    """Pick what a training function takes by name: its hyperparameters, and ``seed``, … if it asks."""
    if not user_functions.is_own(section["function"]):
        return schema.arguments(function, section)
    taken = hyperparameters(section["function"])
    return {name: section[name] for name in taken}


def _model(function: str):
    if user_functions.is_own(function):
        fields = COMMON | hyperparameters(function)
        return create_model("training", __base__=schema.Section, **fields)
    if function not in registry.names("trainings"):
        raise ConfigError(f"{unknown(function, registry.names('trainings'))} Or path/to/file.py:function.")
    return schema.model(registry.entry("trainings", function), **COMMON)


def _check_target(section: Mapping, keys: tuple, stimuli: Mapping, mistakes: Mistakes) -> None:
    """Check, as far as factors are known, that both stimuli have the target, and its classes."""
    target, found = section["target"], {}
    for key in ("stimulus", "held_out"):
        varied = schema.factors(stimuli[section[key]]) if section[key] in stimuli else None
        if varied is not None and target not in varied:
            of = f"neither a factor of '{section[key]}' nor '{LABEL}'"
            mistakes.add((*keys, "target"), f"{of}: {unknown(target, [*varied, LABEL])}")
        elif varied is not None:
            found[key] = set(varied[target])
    if len(found.get("stimulus", "two")) < 2:
        mistakes.add((*keys, "target"), f"'{target}' has but one value in '{section['stimulus']}'.")
    others = sorted(found["held_out"] - found["stimulus"]) if len(found) == 2 else []
    if others:
        mistakes.add(
            (*keys, "held_out"),
            f"'{section['held_out']}' has values of {target} that the network is not trained on: "
            f"{', '.join(others[:5])}{', …' if len(others) > 5 else ''}. Hold out images of these classes.",
        )


def _values(stimulus: str, target: str, stimuli: Mapping) -> set[str] | None:
    varied = schema.factors(stimuli[stimulus]) if stimulus in stimuli and target != LABEL else None
    return set(varied[target]) if varied and target in varied else None

"""A network's section `training`: checked when the plan is made, without torch."""

from collections.abc import Collection, Mapping
from typing import Literal

from pydantic import ValidationError

from repscape.core.errors import unknown
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes
from repscape.plugin.contract import Seeded, parameter

# The target that is no factor
LABEL = "label"


class TrainingKeys(Seeded, shared=True):
    """Keys of each training, beside the parameters of its plugin."""

    stimulus: str = parameter("The stimulus whose images the network is trained on.")
    held_out: str = parameter("The stimulus on whose images the accuracy is measured during the training.")
    target: str = parameter(
        "What the network learns to classify: the images' label, or one of their factors.", LABEL
    )
    device: Literal["auto", "cpu", "cuda"] = parameter("Where the network is trained.", "auto")
    threads: int = parameter("How many threads the training uses.", 1, ge=1, le=1024)


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
    names : names of all stimuli, also of those with mistakes
    mistakes : where mistakes are noted

    Returns
    -------
    dict, or None where it has mistakes of its schema
    """
    kind = given.get(schema.KIND)
    kinds = registry.names("trainings")
    if kind is None:
        mistakes.add(keys, f"the key '{schema.KIND}' is required; one of: {', '.join(kinds)}.")
        return None
    if kind not in kinds:
        mistakes.add((*keys, schema.KIND), unknown(kind, kinds))
        return None
    model = schema.model(registry.find("trainings", kind, ".".join(keys)), TrainingKeys)
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
            f"'{section['held_out']}' is also the stimulus of the training. Hold out other images.",
        )
    elif len(known) == 2 and section["target"] != LABEL:
        _check_target(section, keys, stimuli, mistakes)
    return section


def classes(section: Mapping, stimuli: Mapping) -> int | None:
    """Return the number of classes of a training's target; None where only its job can tell."""
    values = _values(section["stimulus"], section["target"], stimuli)
    return None if values is None else len(values)


def check_outputs(section: Mapping, outputs: int, count: int | None) -> None:
    """Ask a training whether a network's outputs go with it.

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
    schema.make("trainings", section).check_outputs(outputs, count)


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
        mistakes.add(
            (*keys, "target"),
            f"'{target}' has only one value in '{section['stimulus']}', so there is nothing to learn. "
            "Choose another target.",
        )
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

"""Sections of the config, as plugins take them: the schema of one, and the arguments that it gives."""

import inspect
from collections.abc import Callable, Container, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from repscape.core.errors import AssetError, ConfigError
from repscape.plugin.parameter_types import Names, _Asset, _Made
from repscape.plugin.registry import entry, find

# The argument, if it takes one of this name, in which a source of stimuli gets what names in braces in its
# paths stand for: {file: {name: value}}. It is not a key.
IN_PATH = "in_path"

LARGEST = 1e12  # of numbers in a config, beside seeds; keys have narrower bounds where these are known


class Section(BaseModel):
    """A section of the config: it has no other keys than it declares, and all its numbers are finite.

    Yes and no are no numbers.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        return without_nulls(cls, values) if isinstance(values, Mapping) else values

    @field_validator("*", mode="before")
    @classmethod
    def _sane_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = set(kinds_of(cls.model_fields[info.field_name or ""].annotation))
        if Any in kinds or not {int, float} & kinds:
            return value
        for one in _scalars(value):
            if isinstance(one, bool) and bool not in kinds and not isinstance(value, Mapping):
                raise ValueError("expected a number (yes, no, on, off, true and false are none)")
            if isinstance(one, int | float) and abs(one) > LARGEST and info.field_name != "seed":
                raise ValueError(f"expected numbers from -{LARGEST:.0e} to {LARGEST:.0e}")
        return value


def without_nulls(section: type[BaseModel], values: Mapping) -> dict:
    """Leave out keys that are null, so that their defaults hold, where null is not one of their values."""
    fields = section.model_fields
    return {
        key: value
        for key, value in values.items()
        if value is not None or key not in fields or _takes_null(fields[key].annotation)
    }


def _takes_null(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _takes_null(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return any(map(_takes_null, get_args(hint)))
    return hint in (None, NoneType, Any)


def _scalars(value: Any) -> Iterator:
    """Yield what lists and mappings hold."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _scalars(one)
    else:
        yield value


def kinds_of(hint: Any) -> list:
    """Unfold unions, lists and annotations to the classes in them."""
    inner = get_args(hint)
    return [kind for part in inner for kind in kinds_of(part)] if inner else [hint]


def asset_parameters(function: Callable) -> list[str]:
    """Name the parameters that take files (annotated `File` or `Files`)."""
    return [name for name, hint in _hints(function).items() if _marks(hint, _Asset)]


def made_parameters(function: Callable) -> dict[str, str]:
    """Map the parameters that name a part of the study to its kind: ``stimulus`` or ``network``."""
    marked = {name: _marks(hint, _Made) for name, hint in _hints(function).items()}
    return {name: marks[0].kind for name, marks in marked.items() if marks}


def takes_several(function: Callable, name: str) -> bool:
    """Whether a parameter that takes files takes a list of them (`Files`, `StimulusFiles`)."""
    return "list[" in str(_hints(function)[name])


def model(function: Callable, /, **common) -> type[BaseModel]:
    """Build the closed schema of a plugin's section from its keyword-only parameters.

    Files stay text here: addresses or patterns until `assets` has found them, or names of the study.

    Parameters
    ----------
    function : the plugin's entry function
    common : name = (type, default)
        Further keys of the section; a parameter of the same name goes first.
    """
    parameters = inspect.signature(function).parameters
    fields: dict[str, Any] = {}
    for name, hint in _hints(function).items():
        default = parameters[name].default
        if _is_file(hint):
            several = Names if _marks(hint, _Made) else str | list[str]
            hint = several if takes_several(function, name) else str
            hint = hint | None if default is None else hint
        if name == "seed":  # what every generator of random numbers and NetCDF's integers take
            hint = Annotated[hint, Field(ge=0, lt=2**63)]
        fields[name] = (hint, ... if default is inspect.Parameter.empty else default)
    name = function.__module__.rsplit(".", 1)[-1]
    return create_model(name, __base__=Section, **(common | fields))


def arguments(function: Callable, section: Mapping, only: Container[str] | None = None) -> dict:
    """Pick the arguments that an entry function takes from a section, in the types it declares.

    Files stay text (see `arguments.fetched`). With `only`, no other arguments are picked.
    """
    return {
        name: section[name] if _is_file(hint) else TypeAdapter(hint).validate_python(section[name])
        for name, hint in _hints(function).items()
        if name in section and (only is None or name in only)
    }


def inputs(step: str, section: Mapping, name: str, study) -> dict[str, str | list[str]]:
    """Ask an analysis or a figure which files it needs; its `inputs` takes the keys that it asks for.

    Parameters
    ----------
    step : str
    section : the validated section of the config
    name : str
        The plugin's.
    study : Study

    Raises
    ------
    ConfigError
        The study does not have what the section asks for.
    """
    name_files = find(step, name, step).inputs
    keys = inspect.signature(name_files).parameters
    return name_files(study, **arguments(entry(step, name), section, only=keys))


def factors(section: Mapping) -> Mapping[str, list[str]] | None:
    """Tell the factors of a stimulus's images, and the value of each image; None where only its job can.

    Parameters
    ----------
    section : the stimulus's validated section of the config
    """
    function = entry("stimuli", section["source"])
    tell = getattr(inspect.getmodule(function), "factors", None)
    if tell is None:
        # What is made from others may take over their factors.
        return None if any(section[name] is not None for name in made_parameters(function)) else {}
    try:
        return tell(**arguments(function, section, only=inspect.signature(tell).parameters))
    except (AssetError, ConfigError):  # told with the assets and by `check`
        return None


def factor_names(section: Mapping) -> list[str] | None:
    """Name the factors of a stimulus's images; None where only its job can."""
    function = entry("stimuli", section["source"])
    name_them = getattr(inspect.getmodule(function), "factor_names", None)
    if name_them is not None:
        return list(name_them(**arguments(function, section, only=inspect.signature(name_them).parameters)))
    known = factors(section)
    return None if known is None else list(known)


def made_arguments(function: Callable, inputs: Mapping) -> dict[str, Path | list[Path]]:
    """Pick the files of the study that an entry function takes from a job's inputs, by parameter."""
    arguments: dict[str, Path | list[Path]] = {}
    for name in made_parameters(function):
        if name in inputs:
            files = [inputs[name]] if isinstance(inputs[name], str) else inputs[name]
            paths = [Path(file) for file in files]
            arguments[name] = paths if takes_several(function, name) else paths[0]
    return arguments


@cache
def _hints(function: Callable) -> dict[str, Any]:
    """Annotations of the keyword-only parameters, in order."""
    hints = get_type_hints(function, include_extras=True)
    return {
        name: hints.get(name, Any)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def _is_file(hint) -> bool:
    """Whether the function gets local files where the config has text."""
    return bool(_marks(hint, _Asset) or _marks(hint, _Made))


def _marks(hint, kind: type) -> list:
    """Find the marks of a kind in an annotation, possibly `| None`."""
    if get_origin(hint) is Annotated:
        return [mark for mark in hint.__metadata__ if mark is kind or isinstance(mark, kind)]
    return [mark for arg in get_args(hint) for mark in _marks(arg, kind)]

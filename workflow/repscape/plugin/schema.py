"""Sections of the config, as plugins take them: the schema of one, and the plugin that it makes."""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from repscape.core.errors import AssetError, ConfigError
from repscape.plugin.base import REQUIRED, annotations
from repscape.plugin.contract import KIND, Stimulus
from repscape.plugin.parameter_types import Names, _Asset, _Made
from repscape.plugin.registry import find

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
        field = cls.model_fields.get(info.field_name or "")
        if field is None:  # a default: pydantic before 2.13 gives it no name, or another section's
            return value
        kinds = set(kinds_of(field.annotation))
        if Any in kinds or not {int, float} & kinds:
            return value
        for one in _scalars(value):
            if isinstance(one, bool) and bool not in kinds and not isinstance(value, Mapping):
                raise ValueError("expected a number (yes, no, on, off, true and false are not numbers)")
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


def asset_parameters(plugin: type[Any]) -> list[str]:
    """Name the parameters that take files (annotated `File` or `Files`)."""
    return [name for name, hint in hints(plugin).items() if _marks(hint, _Asset)]


def made_parameters(plugin: type[Any]) -> dict[str, str]:
    """Map the parameters that name a part of the study to its kind: ``stimulus`` or ``network``."""
    marked = {name: _marks(hint, _Made) for name, hint in hints(plugin).items()}
    return {name: marks[0].kind for name, marks in marked.items() if marks}


def takes_several(plugin: type[Any], name: str) -> bool:
    """Whether a parameter that takes files takes a list of them (`Files`, `StimulusFiles`)."""
    return "list[" in str(hints(plugin)[name])


def model(plugin: type[Any], common: type[Any] | None = None) -> type[BaseModel]:
    """Build the closed schema of a plugin's section from its parameters.

    Files stay text here: addresses or patterns until `assets` has found them, or names of the study.

    Parameters
    ----------
    plugin : the plugin's class
    common : class
        Declares further keys of the section; a parameter of the same name replaces one.
    """
    return _model(plugin, common)  # type: ignore[arg-type] # classes are hashable


@cache
def _model(plugin: type[Any], common: type[Any] | None) -> type[BaseModel]:
    fields: dict[str, Any] = {KIND: (str, Field(description="Which plugin: the name of its file."))}
    if common is not None:
        fields |= _fields(common)
    try:
        fields |= _fields(plugin)
        return create_model(plugin.__module__.rpartition(".")[2], __base__=Section, **fields)
    except PydanticUserError as error:
        raise ConfigError(f"{file_of(plugin)}: {error.message.splitlines()[0]}") from error


def file_of(plugin: type[Any]) -> str:
    """Return the file of a plugin's class."""
    return str(sys.modules[plugin.__module__].__file__)


def _fields(plugin: type[Any]) -> dict[str, Any]:
    """Return the types and defaults of a plugin's parameters, as they are in the config."""
    fields: dict[str, Any] = {}
    for name, hint in hints(plugin).items():
        declared = plugin.parameters[name]
        if hasattr(BaseModel, name):
            raise ConfigError(
                f"{file_of(plugin)}: {plugin.__name__}.{name}: this name is reserved by pydantic, which "
                "checks configs. Rename the parameter."
            )
        if _is_file(hint):
            several = Names if _marks(hint, _Made) else str | list[str]
            hint = several if takes_several(plugin, name) else str
            hint = hint | None if declared.default is None else hint
        elif declared.default is not REQUIRED:
            _typed(plugin, name, declared.default)
        if name == "seed":  # what every generator of random numbers and NetCDF's integers take
            hint = Annotated[hint, Field(ge=0, lt=2**63)]
        fields[name] = (hint, Field(declared.default, description=declared.doc))
    return fields


def make(step: str, section: Mapping, where: str = "config") -> Any:
    """Make the plugin that a section asks for, with the parameters that it gives, in the declared types.

    Files stay text (see `arguments.fetched`).

    Parameters
    ----------
    step : str
    section : the section of the config; keys that are no parameters do not count
    where : str
        The section's key, for messages.
    """
    plugin = find(step, section[KIND], where)
    return plugin(**values(plugin, section))


def values(plugin: type[Any], section: Mapping) -> dict[str, Any]:
    """Return what a section gives for a plugin's parameters, in the types that they declare."""
    return {
        name: section[name] if _is_file(hint) else _typed(plugin, name, section[name])
        for name, hint in hints(plugin).items()
        if name in section
    }


def _typed(plugin: type[Any], name: str, value: Any) -> Any:
    """Return a parameter's value, which is its default or was checked, in its declared type."""
    try:
        return _adapter(plugin, name).validate_python(value)  # type: ignore[arg-type]
    except (TypeError, ValidationError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ConfigError(
            f"{file_of(plugin)}: {plugin.__name__}.{name}: {value!r} does not fit its type or bounds "
            f"({said}). Change the default, the type or the bounds."
        ) from error


@cache
def _adapter(plugin: type[Any], name: str) -> TypeAdapter:
    return TypeAdapter(hints(plugin)[name])


def factors(section: Mapping) -> Mapping[str, list[str]] | None:
    """Tell the factors of a stimulus's images, and the value of each image; None where only its job can.

    Parameters
    ----------
    section : the stimulus's validated section of the config
    """
    plugin = find("stimuli", section[KIND])
    if plugin.image_factors is Stimulus.image_factors:
        # What is made from others may take over their factors.
        return None if any(section[name] is not None for name in made_parameters(plugin)) else {}
    try:
        return make("stimuli", section).image_factors()
    except (AssetError, ConfigError):  # reported with the assets and by `check`
        return None


def factor_names(section: Mapping) -> list[str] | None:
    """Name the factors of a stimulus's images; None where only its job can."""
    named = make("stimuli", section).factor_names()
    if named is not None:
        return list(named)
    known = factors(section)
    return None if known is None else list(known)


def made_arguments(plugin: type[Any], inputs: Mapping) -> dict[str, Path | list[Path]]:
    """Pick the files of the study that a plugin takes from a job's inputs, by parameter."""
    arguments: dict[str, Path | list[Path]] = {}
    for name in made_parameters(plugin):
        if name in inputs:
            files = [inputs[name]] if isinstance(inputs[name], str) else inputs[name]
            paths = [Path(file) for file in files]
            arguments[name] = paths if takes_several(plugin, name) else paths[0]
    return arguments


def hints(plugin: type[Any]) -> dict[str, Any]:
    """Return the types of a plugin's parameters, with their bounds, in order."""
    return _hints(plugin)  # type: ignore[arg-type] # classes are hashable


@cache
def _hints(plugin: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(plugin.__mro__):
        said = {name: hint for name, hint in annotations(base).items() if name in plugin.parameters}
        names = vars(sys.modules[base.__module__])
        try:
            found |= get_type_hints(SimpleNamespace(__annotations__=said), names, include_extras=True)
        except NameError as error:
            raise ConfigError(
                f"{file_of(base)}: {base.__name__}: the type of a parameter cannot be found: {error}."
            ) from error
    return {
        name: Annotated[found[name], Field(**declared.bounds)] if declared.bounds else found[name]
        for name, declared in plugin.parameters.items()
    }


def _is_file(hint) -> bool:
    """Whether the plugin gets local files where the config has text."""
    return bool(_marks(hint, _Asset) or _marks(hint, _Made))


def _marks(hint, kind: type) -> list:
    """Find the marks of a kind in an annotation, possibly `| None`."""
    if get_origin(hint) is Annotated:
        return [mark for mark in hint.__metadata__ if mark is kind or isinstance(mark, kind)]
    return [mark for arg in get_args(hint) for mark in _marks(arg, kind)]

"""What plugins of all steps have, how they declare parameters, and how slips of the pen are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from inspect import get_annotations
from pathlib import Path
from types import FunctionType, NoneType
from typing import Any, ClassVar

from repscape.core.errors import ConfigError, unknown

REQUIRED: Any = ...
KIND = "kind"  # the key of a section that says which plugin it is of
BATCH, CUDA_BATCH = 10, 256  # defaults: images that a network sees at a time, on a CPU and on a GPU
CONTRACT = (__name__, "repscape.plugin.contract.")  # modules that begin so say what plugins may define
BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length")

# What plugins say of themselves, by its annotation in the contract; a property is computed from parameters.
VALUES: dict[Any, tuple[type, ...]] = {
    bool: (bool, property),
    bool | None: (bool, NoneType, property),
    str: (str, property),
    float | None: (int, float, NoneType, property),
    tuple[str, ...]: (tuple, property),
}


@dataclass(frozen=True)
class Parameter:
    """A key of a plugin's section in the config.

    Attributes
    ----------
    doc : str
        A sentence for the reference and the editor.
    default : object
        `REQUIRED` where the config must say it.
    bounds : dict
        ``ge``, ``gt``, ``le``, ``lt``, ``min_length``, ``max_length``, as pydantic's `Field` takes them.
    """

    doc: str
    default: Any = REQUIRED
    bounds: dict[str, Any] = field(default_factory=dict)


def parameter(doc: str, default: Any = REQUIRED, **bounds: Any) -> Any:
    """Declare a parameter of a plugin; its annotation is its type.

    Parameters
    ----------
    doc : str
        A sentence that says what it is.
    default : object
        Without one the config must give it.
    **bounds
        `BOUNDS`, of its value or, of a list, of its length.

    Raises
    ------
    ConfigError
        There is no sentence, or a bound is unknown.
    """
    if not isinstance(doc, str) or not doc.strip():
        raise ConfigError(
            f"parameter: expected a sentence that says what it is as the first argument, found {doc!r}."
        )
    for name in bounds:
        if name not in BOUNDS:
            raise ConfigError(f"parameter: {unknown(name, BOUNDS)}")
    return Parameter(doc, default, bounds)


class Plugin:
    """What plugins of all steps have.

    Parameters
    ----------
    **values
        The parameters, by name; others take their defaults.

    Raises
    ------
    ConfigError
        A parameter is unknown, or one that is required is missing.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    _required: ClassVar[tuple[str, ...]] = ()
    """Methods that every plugin of the step defines."""

    libraries: tuple[str, ...] = ()
    "Packages whose versions the result depends on: with another version it is made again."

    path_labels: Mapping[Path, Mapping[str, str]] = {}
    "The values of names in braces in paths, by file; filled in where `reads_path_labels`."

    reads_path_labels: bool = False
    """Whether paths may have names in braces, such as ``{subject}``."""

    def __init_subclass__(cls, shared: bool = False, **keywords) -> None:
        """Collect the parameters; refuse public names that no base class has, unless the class is `shared`.

        A `shared` class is no plugin, but declares what several plugins have in common.
        """
        super().__init_subclass__(**keywords)
        declared_here = {name: value for name, value in vars(cls).items() if isinstance(value, Parameter)}
        for name, declared in declared_here.items():
            if declared.default is REQUIRED:
                delattr(cls, name)
            else:
                setattr(cls, name, declared.default)
        parameters = dict(declared_here)
        for base in cls.__mro__[1:]:  # the nearest declaration holds
            for name, declared in vars(base).get("parameters", {}).items():
                parameters.setdefault(name, declared)
        cls.parameters = parameters
        if not shared:
            _check_names(cls)
            _check_methods(cls)
            _check_values(cls)

    def __init__(self, **values) -> None:  # noqa: D107 (the class's docstring says it)
        for name in values:
            if name not in self.parameters:
                raise ConfigError(f"{type(self).__name__}: {unknown(name, self.parameters)}")
        for name, declared in self.parameters.items():
            value = values.get(name, declared.default)
            if value is REQUIRED:
                raise ConfigError(f"{type(self).__name__}: '{name}' is required.")
            setattr(self, name, value)

    def __repr__(self) -> str:
        """Show the parameters that differ from their defaults."""
        said = {name: getattr(self, name) for name in self.parameters}
        said = {name: value for name, value in said.items() if value is not self.parameters[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in said.items())})"

    @classmethod
    def takes_seed(cls, values: Mapping) -> bool:
        """Say whether anything is drawn at random: only then is a key `seed` filled from the study's seed.

        Parameters
        ----------
        values : the section as the config has it, not yet checked
        """
        return True

    def check(self) -> None:
        """Refuse parameters that do not go together, with a `ConfigError`; asked when the plan is made.

        Parameters that take files have none yet: use `addresses`.
        """

    def further_files(self) -> Sequence[str | Path]:
        """Name files that the files of the config name in turn: they are watched for changes as well."""
        return ()

    def addresses(self, name: str) -> list[str]:
        """Return what the config says of a parameter that takes files: addresses, paths and patterns.

        In a job such a parameter is what its annotation says, a path or a list of paths (`File`, `Files`).
        While the plan is made there are none yet: `check`, `labels` and others that it asks use this.
        """
        value = getattr(self, name)
        values = value if isinstance(value, list | tuple) else [value]
        return [str(one) for one in values if one is not None]


@cache
def annotations(cls: type) -> dict[str, Any]:
    """Return the annotations of a class itself, as they are written."""
    return get_annotations(cls)


def _check_names(cls: type[Plugin]) -> None:
    """Refuse public names that are neither parameters nor known from a base class, and unusable parameters.

    Raises
    ------
    ConfigError
    """
    known = {name for base in cls.__mro__[1:] for name in vars(base) if not name.startswith("_")}
    known |= {name for base in cls.__mro__[1:] for name in annotations(base) if not name.startswith("_")}
    inherited = {name for base in cls.__mro__[1:] for name in vars(base).get("parameters", {})}
    hints = annotations(cls)  # type: ignore[arg-type] # classes are hashable
    annotated = {name for base in cls.__mro__ for name in annotations(base)}
    for name in cls.parameters:
        if name in known - inherited or name == KIND:
            taken = "the key that selects the plugin" if name == KIND else "what plugins define"
            raise ConfigError(
                f"{cls.__name__}.{name}: a parameter cannot have the name of {taken}. Rename it."
            )
        if name.startswith("_"):
            raise ConfigError(
                f"{cls.__name__}.{name}: the name of a parameter begins with a letter. Rename it."
            )
        if name not in annotated:
            raise ConfigError(f"{cls.__name__}.{name}: expected a type, as in `{name}: int = parameter(…)`.")
    for name in [*vars(cls), *hints]:
        if name.startswith("_") or name in known or name in cls.parameters:
            continue
        if name in hints:
            raise ConfigError(
                f"{cls.__name__}.{name}: expected a declaration such as "
                f'`{name}: … = parameter("What it is.")`.'
            )
        raise ConfigError(
            f"{cls.__name__}.{unknown(name, sorted(known))} Begin the names of helpers with an underscore."
        )


def _check_methods(cls: type[Plugin]) -> None:
    """Refuse a class that lacks a method, or has one with other arguments than the contract's.

    Raises
    ------
    ConfigError
    """
    bases = [base for base in cls.__mro__ if base.__module__.startswith(CONTRACT)]
    contract = {name: value for base in reversed(bases) for name, value in vars(base).items()}
    for name, agreed in contract.items():
        agreed, found = _function(agreed), _function(getattr(cls, name))
        if agreed is None or name.startswith("_"):
            continue
        if found is agreed and name in cls._required:
            raise ConfigError(f"{cls.__name__}: expected a method {name}({', '.join(_arguments(agreed))}).")
        if found is None:
            raise ConfigError(f"{cls.__name__}.{name}: expected a method, found {getattr(cls, name)!r}.")
        if len(_arguments(found)) != len(_arguments(agreed)):
            expected, has = (", ".join(_arguments(one)) for one in (agreed, found))
            raise ConfigError(f"{cls.__name__}.{name}: expected the arguments ({expected}), found ({has}).")


def _check_values(cls: type[Plugin]) -> None:
    """Refuse a class that says something of itself in another type than the contract's: text for yes or no.

    Raises
    ------
    ConfigError
    """
    for base in cls.__mro__:
        for name, hint in annotations(base).items() if base.__module__.startswith(CONTRACT) else ():
            found = getattr(cls, name, None)
            if name in cls.parameters or hint not in VALUES or isinstance(found, VALUES[hint]):
                continue
            expected = str(hint) if hint not in (bool, str) else hint.__name__
            raise ConfigError(f"{cls.__name__}.{name}: expected {expected}, found {found!r}.")


def _function(value: Any) -> FunctionType | None:
    """Return the function of a method, also of a class method; None of anything else."""
    value = getattr(value, "__func__", value)
    return value if isinstance(value, FunctionType) else None


def _arguments(function: FunctionType) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]

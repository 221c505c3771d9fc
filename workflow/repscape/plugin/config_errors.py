"""Mistakes in a config: collected, located in the YAML, reported all at once."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from repscape.core.errors import ConfigError, unknown
from repscape.plugin.schema import LARGEST, kinds_of

# pydantic's words, and those of a config
WORDS = {
    "a valid tuple": "a list",
    "a valid list": "a list",
    "a valid dictionary": "a mapping",
    "a valid string": "text (in quotes, if YAML reads it as a number, yes or no)",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
}


MOST_VALUES = 200_000  # of a config: keys, and items of lists


class Mistakes:
    """Collects what is wrong, to report it all at once."""

    def __init__(self, lines: Mapping[tuple, tuple[str, int]]):
        """Take where each key of the config is, from `read_lines`."""
        self.lines = lines
        self.found: dict[tuple, list[str]] = {}

    def add(self, keys: Iterable, message: str) -> None:
        """Note a mistake at a key, given as its path of keys."""
        self.found.setdefault(tuple(map(str, keys)), []).append(message)

    def add_validation(self, prefix: tuple, error: ValidationError, model: type[BaseModel], given) -> None:
        """Note what pydantic found in a section: its schema, and the section as it was given."""
        errors = error.errors()
        for mistake in errors:
            place = mistake["loc"]
            if mistake["type"] == "too_short" and any(
                place == e["loc"][: len(place)] != e["loc"] for e in errors
            ):
                continue  # what is in it is wrong, and reported
            *parents, last = location = _keys_of(mistake, given)
            if mistake["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
                comma = " Write numbers without a comma." if str(last).isdigit() else ""
                self.add(prefix + location, f"unknown key{_suggest(last, _fields_at(model, parents))}{comma}")
            elif mistake["type"] == "missing" and isinstance(last, int):
                found = list(mistake["input"])
                self.add(prefix + tuple(parents), f"expected more than {last} of these, found {found!r}.")
            elif mistake["type"] == "missing":
                self.add(prefix + location, "this key is required.")
            else:
                found = f"{_plainly(mistake['msg'])}; found {mistake['input']!r}."
                self.add(prefix + location, found + _hint(mistake))

    def ask(self, keys: Iterable, function: Callable, *arguments, **keywords) -> None:
        """Call a function, and note at a key what it refuses."""
        try:
            function(*arguments, **keywords)
        except ConfigError as error:
            self.add(keys, str(error).removeprefix(".".join(map(str, keys)) + ": "))

    def ask_plugin(self, keys: tuple, section: Mapping, function: Callable, *arguments) -> Any:
        """Call a function and return what it returns; what it refuses is noted at the key it begins with."""
        try:
            return function(*arguments)
        except ConfigError as error:
            key, _, said = str(error).partition(": ")
            at, message = ((*keys, key), said) if key in section else (keys, str(error))
            self.add(at, message)
            return None

    def rename(self, keys: tuple, others: tuple) -> None:
        """Report what is wrong at a key at the other one, which is in the config."""
        for message in self.found.pop(keys, []):
            self.add(others, message)

    def stop(self) -> None:
        """Raise what was found, in the order of lines."""
        if not self.found:
            return
        lines = []
        for keys, messages in self.found.items():
            known = (self.lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in self.lines)
            file, line = next(known, ("config", 0))
            where = f"{file}:{line}" if line else file
            text = " Or: ".join(dict.fromkeys(messages))
            lines.append((file, line, f"  {where}: {'.'.join(keys)}: {text}"))
        count = "a mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        raise ConfigError(f"The config has {count}:\n" + "\n".join(text for *_, text in sorted(lines)))


def _keys_of(mistake: Mapping, given) -> tuple:
    """Reduce pydantic's location to keys of the config: it also names the types it tried."""
    keys = []
    missing = mistake["type"] == "missing"
    for part in mistake["loc"][:-1] if missing else mistake["loc"]:
        if isinstance(given, list):
            known = isinstance(part, int) and part < len(given)
        else:
            known = isinstance(given, Mapping) and part in given
        if known:
            given = given[part]
            keys.append(part)
    if missing:
        keys.append(mistake["loc"][-1])
    return tuple(keys) or mistake["loc"]


def _plainly(message: str) -> str:
    """Put pydantic's words into those of a config."""
    message = message.removeprefix("Value error, ").replace("Input should be", "expected")
    for pydantics, ours in WORDS.items():
        message = message.replace(pydantics, ours)
    message = re.sub(r" or instance of \w+", "", message)
    message = re.sub(r", unable to parse string as an? \w+", "", message)
    counted = re.fullmatch(r"\w+ should have (at \w+ \d+) items?( after validation)?, not \d+", message)
    return f"expected {counted[1]} of these" if counted else message


def _hint(mistake: Mapping) -> str:
    """Say what is likely meant by a value of another kind."""
    kind, given = mistake["type"], mistake["input"]
    if kind in ("int_parsing", "float_parsing"):
        return _in_digits(given, whole=kind == "int_parsing")
    if kind == "dict_type" and isinstance(given, list) and given:
        named = f"{given[0]}: {{}}" if isinstance(given[0], str) else "name: {…}"
        return f" Write {{{named}, …}}."
    return _in_percent(mistake)


def _in_digits(text: str, whole: bool) -> str:
    """Say how to write a number that is text for YAML, such as 1e4 or 10,000, or a share in percent."""
    bare = re.sub(r",(?=\d{3}\b)", "", text.strip())
    share = re.fullmatch(r"([\d.]+) ?%", bare)
    try:
        number = float(share[1]) / 100 if share else float(bare)
    except ValueError:
        return ""
    fits = number.is_integer() if whole else math.isfinite(number)
    return f" Write {number:.12g}." if fits and abs(number) < LARGEST else ""


def _in_percent(mistake: Mapping) -> str:
    """Ask whether a number above 1 is meant as a percentage, where a share is expected."""
    limits, number = mistake.get("ctx", {}), mistake["input"]
    share = 1 in (limits.get("le"), limits.get("lt"))
    if share and isinstance(number, int | float) and 1 < number <= 100:
        return f" Is it in percent? {number:g} % is {number / 100:g}."
    return ""


def _suggest(name: str, valid: Iterable[str]) -> str:
    return unknown(name, valid).removeprefix(f"'{name}' is unknown")


def _fields_at(model: Any, location: Iterable) -> list[str]:
    """Name the keys that a nested section may have."""
    for key in location:
        hint = model.model_fields[key].annotation if key in getattr(model, "model_fields", {}) else model
        model = next(
            (kind for kind in kinds_of(hint) if hasattr(kind, "model_fields") or is_dataclass(kind)), model
        )
    return [field.name for field in fields(model)] if is_dataclass(model) else list(model.model_fields)


def read_lines(path) -> dict[tuple, tuple[str, int]]:
    """Map each key of a YAML file to the file and the line where it is, and refuse keys given twice.

    Raises
    ------
    ConfigError
        The file is missing, not UTF-8, not YAML, not a mapping, has a duplicate key (which YAML readers drop
        silently), or its aliases refer to themselves or stand for very much.
    """
    try:
        root = yaml.compose(Path(path).read_bytes().decode())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}:{line}: expected UTF-8, found the byte 0x{error.object[error.start]:02x} (is it "
            "Latin-1?). Save the file as UTF-8."
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{path}: values are nested too deeply.") from error
    except yaml.YAMLError as error:
        said = " ".join(str(error).replace('in "<unicode string>", ', "in ").split())
        raise ConfigError(f"{path}: not valid YAML: {said}.") from error
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path}: expected keys with values, such as 'study: mine', found none.")
    return _lines_of(root, path)


def _is_read_as_another(key: yaml.ScalarNode) -> bool:
    """Whether a name is a number or a truth value for YAML, written in another way: on, 010."""
    plain = key.style is None and key.tag.rpartition(":")[2] in ("bool", "int", "float", "null")
    return plain and str(yaml.safe_load(key.value)) != key.value


def _lines_of(root: yaml.Node, path) -> dict[tuple, tuple[str, int]]:
    lines: dict[tuple, tuple[str, int]] = {}

    def note(here: tuple, node: yaml.Node) -> None:
        lines[here] = (str(path), node.start_mark.line + 1)
        if len(lines) > MOST_VALUES:
            raise ConfigError(
                f"{path}: expands to more than {MOST_VALUES} values. Are there aliases (*name) of aliases? "
                "Use fewer."
            )

    def walk(node: yaml.Node, keys: tuple, inside: tuple) -> None:
        if node in inside:
            raise ConfigError(
                f"{path}:{node.start_mark.line + 1}: {'.'.join(keys)}: the anchor (&name) contains its "
                "alias (*name). Write the value out."
            )
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*keys, str(key.value))
                # Without a value it is hardly meant as a name: 10,000 in braces is 10, and the key 000.
                if value.value != "" and isinstance(key, yaml.ScalarNode) and _is_read_as_another(key):
                    raise ConfigError(
                        f"{path}:{key.start_mark.line + 1}: {'.'.join(here)}: YAML reads this name as "
                        f"{yaml.safe_load(key.value)}. Write it in quotes: '{key.value}'."
                    )
                if here in lines:
                    raise ConfigError(
                        f"{path}:{key.start_mark.line + 1}: {'.'.join(here)}: this name is used twice, "
                        f"first in line {lines[here][1]}. Rename one of them."
                    )
                note(here, key)
                walk(value, here, (*inside, node))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                note((*keys, str(index)), value)
                walk(value, (*keys, str(index)), (*inside, node))

    walk(root, (), ())
    return lines

"""The page of all functions for users, from their docstrings: ``python -m repscape.api.reference``."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import fill

import repscape
from repscape.api.study import Study

FILE = Path(__file__).parents[2] / "docs/python_functions.md"
SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)  # of a docstring as numpydoc has it
INTRO = """# Functions for Python

Every function of `import repscape`, as `help(repscape.rdm)` describes it. The code writes this page
(`python -m repscape.api.reference`). [From Python](python.md) shows how to use them."""


def page() -> str:
    """Return the page, as Markdown."""
    functions = {f"`{name}`": (name, getattr(repscape, name)) for name in repscape.__all__}
    methods = {f"`Study.{name}`": (f"study.{name}", method) for name, method in _methods()}
    titles = {**functions, **methods}
    anchors = [f"[{title}](#{title.strip('`').lower().replace('.', '')})" for title in titles]
    parts = [INTRO, "On this page:\n" + " ·\n".join(anchors)]
    for title, (call, function) in titles.items():
        parts += [f"## {title}", *_described(call, function)]
    return "\n\n".join(parts) + "\n"


def _methods() -> Iterator[tuple[str, Callable]]:
    for name, value in inspect.getmembers(Study, inspect.isfunction):
        if not name.startswith("_"):
            yield name, value


def _described(call: str, function: Callable) -> Iterator[str]:
    """Yield the paragraphs that describe a function."""
    summary, *sections = SECTION.split(inspect.cleandoc(function.__doc__ or ""))
    yield summary.strip().replace("``", "`")
    yield f"```text\n{_signature(call, function)}\n```"
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        yield f"**{title}**"
        yield f"```pycon\n{body.strip()}\n```" if title == "Examples" else _entries(body)


def _signature(call: str, function: Callable) -> str:
    """Return how a function is called: names and defaults, without types (these stand in the list below)."""
    parameters = list(inspect.signature(function).parameters.values())
    if parameters and parameters[0].name == "self":
        del parameters[0]
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    name = call if "." in call else f"repscape.{call}"
    return fill(
        f"{name}{inspect.Signature(bare)}".replace("'", '"'),
        100,
        subsequent_indent="    ",
        break_on_hyphens=False,
    )


def _entries(body: str) -> str:
    """Return a section as a list: an entry begins at the margin, what is said of it is indented."""
    lines = []
    for line in body.strip().splitlines():
        if line.startswith((" ", "\t")):
            lines.append(f"  {line.strip()}")
        elif line:
            name, colon, kind = line.partition(" : ")
            lines.append(f"- `{name}`" + (f" ({kind})" if colon else ""))
    return "\n".join(lines).replace("``", "`")


if __name__ == "__main__":
    (Path(sys.argv[1]) if sys.argv[1:] else FILE).write_text(page(), encoding="utf-8")

"""`import repscape`: quick, light, without effects, and only what is meant for users."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import repscape

NAMES = [
    "activations", "compare", "differentiation", "embed", "infer", "list_plugins", "open_study", "rdm",
    "rdms", "to_rsatoolbox", "to_xarray",
]  # fmt: skip
LIGHT = """
import gc, os, random, signal, sys, warnings
before = (sys.excepthook, sys.unraisablehook, gc.isenabled(), gc.get_freeze_count(), dict(os.environ),
          list(warnings.filters), [signal.getsignal(n) for n in signal.valid_signals()], random.getstate(),
          list(sys.path), sys.getrecursionlimit())
modules = set(sys.modules)
import repscape
dir(repscape), repscape.__version__
after = (sys.excepthook, sys.unraisablehook, gc.isenabled(), gc.get_freeze_count(), dict(os.environ),
         list(warnings.filters), [signal.getsignal(n) for n in signal.valid_signals()], random.getstate(),
         list(sys.path), sys.getrecursionlimit())
assert before == after
print(*sorted(set(sys.modules) - modules))
"""


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment or None
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_it_imports_nothing_else_and_changes_nothing():
    """Beside the package itself, only modules of Python's own are imported."""
    found = {name.partition(".")[0] for name in run(LIGHT).split()}
    assert found - sys.stdlib_module_names == {"repscape"}
    assert len(found) < 40


def test_importing_it_is_quick():
    """Under 0.3 s: the best of a few, for other processes take their time too."""

    def seconds(code):
        started = time.perf_counter()
        run(code)
        return time.perf_counter() - started

    bare = min(seconds("pass") for _ in range(3))
    assert min(seconds("import repscape") for _ in range(5)) - bare < 0.3


def test_it_has_the_functions_for_users_alone():
    assert repscape.__all__ == NAMES
    assert dir(repscape) == sorted([*NAMES, "__version__"])
    for name in NAMES:
        function = getattr(repscape, name)
        assert callable(function)
        assert function.__module__.startswith("repscape.api.")
        assert "Examples\n" in function.__doc__
    with pytest.raises(AttributeError, match=r"'rdmz'.*list_plugins"):
        _ = repscape.rdmz


def test_help_lists_these_and_no_internals():
    text = run("import repscape; help(repscape)")
    listed = text.partition("FUNCTIONS\n")[2].partition("\nVERSION")[0]
    found = [
        line.strip().partition("(")[0] for line in listed.splitlines() if line[:5].strip() and "(" in line
    ]
    assert found == NAMES
    assert "CLASSES" not in text


@pytest.mark.parametrize("order", ["function first", "folder first"])
def test_functions_keep_their_names_from_folders_of_the_package(order):
    """`rdms` and `activations` are functions for users, and folders of the package."""
    lines = ["function = repscape.rdms", "from repscape.rdms import sets; import repscape.rdms.labels"]
    if order == "folder first":
        lines.reverse()
    code = "; ".join(["import repscape, sys", *lines, "from repscape import rdms"])
    code += "; assert callable(repscape.rdms) and rdms is function is repscape.rdms"
    run(f"{code}; assert sys.modules['repscape.rdms'].__path__ and sets.groups")


def test_editors_see_what_is_imported_lazily():
    """Each function is imported for type checkers, from where it is found when it is asked for."""
    tree = ast.parse(Path(repscape.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == {name: getattr(repscape, name).__module__ for name in NAMES}

import ast
import subprocess
import sys

import pytest

from repscape.plugin import code_digest


def tree(text):
    return code_digest.serialise(ast.parse(text))


def test_comments_docstrings_and_layout_do_not_count():
    plain = "def f(a, b=1):\n    return a + b\n"
    dressed = (
        '"""Module."""\n\n\ndef f(a, b=(1)):  # add\n    """Add."""\n    return (\n        a + b\n    )\n'
    )
    assert tree(plain) == tree(dressed)


@pytest.mark.parametrize("other", ["return a - b", "return b + a", "return a + 1", "x = a + b"])
def test_code_counts(other):
    assert tree("def f(a, b):\n    return a + b\n") != tree(f"def f(a, b):\n    {other}\n")


def test_a_string_that_is_not_a_docstring_counts():
    assert tree("x = 'a'") != tree("x = 'b'")


def test_a_parameters_sentence_does_not_count_but_its_default_and_bounds_do():
    plain = tree("k: int = parameter('How many.', 2, ge=1)")
    assert plain == tree("k: int = parameter('How many there are.', 2, ge=1)")
    assert plain != tree("k: int = parameter('How many.', 3, ge=1)")
    assert plain != tree("k: int = parameter('How many.', 2, ge=2)")


def test_same_on_every_python():
    """The expected value was made by hand: it does not follow the Python that runs the test."""
    assert tree("def f(a, *, b=1):\n    '''Doc.'''\n    return a.b[0]") == (
        "Module(body=[FunctionDef(name='f',args=arguments(args=[arg(arg='a')],kwonlyargs=[arg(arg='b')],"
        "kw_defaults=[Constant(value=1)]),body=[Return(value=Subscript(value=Attribute("
        "value=Name(id='a'),attr='b'),slice=Constant(value=0)))])])"
    )


def test_what_only_type_checkers_read_does_not_count():
    plain = "from typing import TYPE_CHECKING\ndef f(a): ...\n"
    typed = plain.replace("def", "if TYPE_CHECKING:\n    from repscape.io import netcdf\ndef")
    assert tree(plain) == tree(typed)
    assert code_digest.imports(ast.parse(typed)) == set()


def test_imports_inside_functions_and_of_names():
    text = "from repscape.io import netcdf\ndef f():\n    from repscape.metrics.lib.distances import pairs\n"
    assert code_digest.imports(ast.parse(text)) == {"repscape.io.netcdf", "repscape.metrics.lib.distances"}


@pytest.mark.parametrize(
    ("edited", "counts"),
    [
        ("scripts/script.py", True),
        ("repscape/metrics/cosine.py", True),
        ("repscape/metrics/lib/distances.py", True),
        ("repscape/core/errors.py", False),  # without effect
        ("repscape/metrics/euclidean.py", False),  # not imported
    ],
)
def test_follows_imports_but_not_modules_without_effect(tmp_path, monkeypatch, edited, counts):
    code = {
        "scripts/script.py": "from repscape.metrics.cosine import dissimilarity",
        "repscape/__init__.py": "",
        "repscape/core/__init__.py": "",
        "repscape/core/errors.py": "",
        "repscape/metrics/__init__.py": "",
        "repscape/metrics/lib/__init__.py": "",
        "repscape/metrics/cosine.py": "def dissimilarity():\n    from repscape.metrics.lib import distances",
        "repscape/metrics/lib/distances.py": "from repscape.core.errors import DataError",
        "repscape/metrics/euclidean.py": "",
    }

    def digest(folder, code):
        for name, text in code.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.setattr(code_digest, "PACKAGE", tmp_path / folder / "repscape")
        monkeypatch.setattr(code_digest, "SCRIPTS", tmp_path / folder / "scripts")
        return code_digest.digest(tmp_path / folder / "scripts/script.py")

    before = digest("before", code)
    assert digest("same", code) == before
    after = digest("after", code | {edited: f"{code[edited]}\nedited = True"})
    assert (after != before) == counts


def test_files_of_one_name_are_told_apart(tmp_path):
    """Two labs may both call theirs metrics.py; each counts, with what it imports, and not where it lies."""

    def digest(here, *texts):
        files = [tmp_path / here / f"{at}/metrics.py" for at in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.parent.mkdir(parents=True)
            file.write_text(text)
        return code_digest.digest(*files)

    imports = "from repscape.metrics.sqeuclidean import dissimilarity\n"
    texts = [
        ("a = 1", "b = 1"),
        ("a = 2", "b = 1"),
        ("a = 1", "b = 2"),
        ("b = 1", "a = 1"),
        (imports, "b = 1"),
    ]
    found = [digest(str(at), *text) for at, text in enumerate(texts)]
    assert len(set(found)) == len(texts)
    assert digest("elsewhere", *texts[0]) == found[0]


def test_nothing_in_the_package_uses_its_functions_for_users():
    """`repscape` itself, which finds them, is left out of the digests: a change would go unnoticed."""
    used = set()
    api = code_digest.PACKAGE / "api"  # which no step may import
    for file in code_digest.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())) if api not in file.parents else ():
            if isinstance(node, ast.ImportFrom) and node.module == "repscape":
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Import):
                assert "repscape" not in {alias.name for alias in node.names}, file
    folders = {path.name for path in code_digest.PACKAGE.iterdir() if path.is_dir()}
    assert used - folders <= {"__version__"}


def test_every_static_import_is_seen():
    """What planning and jobs import through the digest is all that Python itself imports of ours."""
    code = "import sys, repscape.rdms.write; print(*[m for m in sys.modules if m.startswith('repscape.')])"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    reached, waiting = set(), ["repscape.rdms.write"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += code_digest.imports(ast.parse(code_digest._module_file(name).read_text()))
    steps = {"repscape.metrics", "repscape.metrics.lib", "repscape.stimuli", "repscape.stimuli.lib"}
    packages = steps | {f"repscape.{room}" for room in ("core", "io", "plugin", "rdms")}  # empty
    for_messages = {"repscape.core.natural_order"}  # imported here by modules without effect alone
    assert set(imported.split()) - packages - for_messages - code_digest.WITHOUT_EFFECT <= reached

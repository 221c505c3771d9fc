"""What the documents show works."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from repscape import __version__

REPOSITORY = Path(__file__).parents[2]


def test_the_two_lines_of_the_readme_are_those_of_ci():
    readme, ci = (REPOSITORY / "README.md").read_text(), (REPOSITORY / ".ci/run").read_text()
    for line in (
        "pip install -c envs/constraints.txt -e . &&",
        'pip install -c envs/constraints.txt -e ".[test]" &&',
    ):
        assert readme.count(f"\n    {line}") == 1
        assert f"line '{line}'" in ci


def test_citation_is_of_this_version():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # the format's required keys
    assert (citation["version"], citation["license"]) == (__version__, project["license"])
    assert (REPOSITORY / "LICENSE").read_text().startswith("BSD 3-Clause License")


def test_commits_are_checked_as_ci_does():
    """What .ci/run checks before the tests, a commit checks too, and nothing else."""
    (repository,) = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}  # nothing is fetched
    checks = (REPOSITORY / ".ci/run").read_text().partition('echo "== checks"\npip install')[2]
    checks = checks.partition("echo")[0].splitlines()[1:]
    of_all = {"ruff check": " .", "ruff format --check": " .", "snakefmt --check": " Snakefile workflow"}
    assert [hook["entry"] + of_all.get(hook["entry"], "") for hook in repository["hooks"]] == checks


@pytest.fixture
def constraints():
    lines = (REPOSITORY / "envs/constraints.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_environments_agree(constraints):
    """Lock and conda environment have the constraints' versions; every dependency is pinned."""
    lock = re.findall(r"^([\w.-]+==\S+)", (REPOSITORY / "envs/lock.txt").read_text(), re.MULTILINE)
    assert sorted(lock) == sorted(line.split(" ;")[0] for line in constraints)
    conda = yaml.safe_load((REPOSITORY / "envs/environment.yaml").read_text())
    pins = conda["dependencies"][-1]["pip"]
    assert set(pins) <= set(lock)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    direct = {re.split("[<>=]", requirement)[0] for requirement in project["dependencies"]}
    assert {pin.split("==")[0] for pin in pins} == direct
    named = {re.split("==", line)[0] for line in constraints}
    extras = {re.split("[<>=]", r)[0] for extra in project["optional-dependencies"].values() for r in extra}
    assert direct | extras <= named


def test_snakemake_is_of_the_major_version_that_is_tested(constraints):
    """Private parts of it are replaced, where they are there."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    (pinned,) = (line.split("==")[1] for line in constraints if line.startswith("snakemake=="))
    major = int(pinned.split(".")[0])
    assert f"snakemake>={pinned},<{major + 1}" in project["dependencies"]


def imported(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(("folder", "extras"), [("workflow", []), ("tests", ["test"])])
def test_what_is_imported_is_declared(folder, extras):
    """It is not left to what other packages depend on."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    declared = sum((project["optional-dependencies"][extra] for extra in extras), project["dependencies"])
    names = {re.split("[<>=]", requirement)[0] for requirement in declared} | {"repscape"}
    installed = packages_distributions()
    modules = {name for path in (REPOSITORY / folder).rglob("*.py") for name in imported(path)}
    assert [
        name
        for name in sorted(modules & installed.keys())
        if not names & {package.lower().replace("_", "-") for package in installed[name]}
    ] == []


@pytest.mark.parametrize("file", ["constraints.txt", "lock.txt", "environment.yaml"])
def test_no_index_is_named(file):
    text = (REPOSITORY / "envs" / file).read_text()
    assert not re.search(r"https?://|--index|--find-links|--extra-index", text)


def test_the_container_is_made_of_what_there_is():
    """Its recipe copies the lock before the repository: only another lock installs all anew."""
    recipe = (REPOSITORY / "envs/Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) ", recipe, re.MULTILINE)
    assert copied == ["envs/lock.txt", "."]
    assert recipe.index("COPY envs/lock.txt") < recipe.index("--require-hashes") < recipe.index("COPY . ")
    everything, *kept = (REPOSITORY / ".dockerignore").read_text().split("**/")[0].split()
    assert everything == "*"
    assert [name for name in kept if not (REPOSITORY / name.removeprefix("!")).exists()] == []
    for needed in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "workflow", "config", "envs"):
        assert f"!{needed}" in kept
    page = (REPOSITORY / "envs/README.md").read_text()
    commands = re.findall(r"^    (docker|apptainer) (\w+)", page, re.MULTILINE)
    assert set(commands) == {
        ("docker", "build"),
        ("docker", "run"),
        ("apptainer", "build"),
        ("apptainer", "run"),
    }


def test_ranges_begin_below_the_versions_that_are_pinned(constraints):
    """Who has a working torch keeps it: no dependency but Snakemake needs the newest."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert [one for one in project["dependencies"] if "==" in one] == []
    newest = dict(line.split(" ;")[0].split("==") for line in constraints)
    floors = dict(re.split(">=", one.partition(",")[0]) for one in project["dependencies"])
    for name in ("torch", "torchvision", "numpy", "pandas", "scipy", "scikit-learn", "xarray", "matplotlib"):
        assert numbers(floors[name]) < numbers(newest[name]), name


def numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)]

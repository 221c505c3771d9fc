"""What the command answers before it becomes snakemake, and what it asks of that."""

import os
import subprocess
import sys
import time

import pytest
import yaml

from repscape.core import shipped
from repscape import __version__
from repscape.command import main


@pytest.fixture
def repscape(monkeypatch, tmp_path, capsys):
    """Call it in an empty folder; return its exit status, or what it asks of snakemake, and its words."""
    monkeypatch.chdir(tmp_path)

    class BecameSnakemake(Exception):
        pass

    def become(program, arguments):
        assert program == sys.executable
        raise BecameSnakemake(*arguments[4:])

    monkeypatch.setattr(os, "execv", become)
    monkeypatch.delenv("REPSCAPE_COMMAND", raising=False)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["repscape", *arguments])
        capsys.readouterr()
        try:
            main.main()
            result = 0
        except BecameSnakemake as became:
            result = list(became.args)
        except SystemExit as ended:
            if isinstance(ended.code, str):
                print(ended.code, file=sys.stderr)
            result = 1 if isinstance(ended.code, str) else ended.code
        said = capsys.readouterr()
        return result, said.out + said.err

    return call


@pytest.fixture
def config(tmp_path):
    """A config without mistakes, as a function of its name."""

    def write(name="mine.yaml", **more):
        networks = {"net": {"kind": "torchvision", "architecture": "alexnet", "weights": "random"}}
        text = {
            "study": "mine",
            "stimuli": {"noise": {"kind": "white_noise"}},
            "networks": networks,
            "populations": {"all": {"kind": "all"}},
            "samples": [{"population": "all"}],
        }
        (tmp_path / name).write_text(yaml.safe_dump(text | more))
        return name

    return write


def of(*configs):
    return ["--snakefile", str(shipped.SNAKEFILE), "--configfile", *configs]


ALL = ["--cores", "all"]


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (["run", "mine.yaml"], [*ALL, *of("mine.yaml")]),
        (["run", "mine.yaml", "rdms"], ["rdms", *ALL, *of("mine.yaml")]),
        (["run", "rdms", "mine.yaml"], ["rdms", *ALL, *of("mine.yaml")]),
        (["run", "-n", "mine.yaml", "-F"], ["-n", "-F", *ALL, *of("mine.yaml")]),
        (["run", "mine.yaml", "--cores", "4", "rdms"], ["--cores", "4", "rdms", *of("mine.yaml")]),
        (["run", "mine.yaml", "-c2"], ["-c2", *of("mine.yaml")]),
        (["run", "mine.yaml", "--profile", "a.yaml"], ["--profile", "a.yaml", *of("mine.yaml")]),
        (["run", "mine.yaml", "b c.yml"], [*ALL, *of("mine.yaml", "b c.yml")]),
        (["run", "--configfile", "mine.yaml"], [*ALL, *of("mine.yaml")]),
        (["figures", "mine.yaml"], ["figures", *ALL, *of("mine.yaml")]),
        (["figures", "mine.yaml", "-n"], ["figures", "-n", *ALL, *of("mine.yaml")]),
        (["figures", "mine.yaml", "mds", "rings"], ["mds", "rings", *ALL, *of("mine.yaml")]),
        (["report", "mine.yaml"], ["index", *ALL, *of("mine.yaml")]),
    ],
)
def test_what_it_asks_of_snakemake(repscape, config, given, asked):
    for name in ("mine.yaml", "b c.yml"):
        config(name)
    assert repscape(*given) == (asked, "")


def test_messages_of_the_run_name_the_command(repscape, config):
    repscape("run", config("my study.yaml"))
    assert os.environ["REPSCAPE_COMMAND"] == "repscape run 'my study.yaml'"


def test_check_names_mistakes_and_plans(repscape, config):
    asked, said = repscape("check", config())
    assert "--dry-run" in asked
    assert "mine.yaml" in said
    status, said = repscape("check", config(sede=3))
    assert status == 1
    assert "mine.yaml:" in said
    assert "sede" in said
    assert "'seed'" in said


@pytest.mark.parametrize("subcommand", ["run", "check", "figures", "report"])
@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "No such file"),
        (b"study: caf\xe9\n", "UTF-8"),
        (b"study: mine\nstimuli: [\n", "not valid YAML"),
        (b"a: &a [*a]\n", "a"),
    ],
)
def test_files_that_snakemake_answers_with_a_traceback(repscape, tmp_path, subcommand, content, named):
    if content is not None:
        (tmp_path / "bad.yaml").write_bytes(content)
    status, said = repscape(subcommand, "bad.yaml")
    assert status == 1
    assert said.startswith("repscape: bad.yaml")
    assert named in said
    assert said.count("\n") == 1


def test_without_a_config_it_names_one(repscape, config):
    status, said = repscape("run", "rdms")
    assert (status, "repscape new" in said) == (1, True)
    config()
    status, said = repscape("run", "rdms")
    assert (status, "repscape run mine.yaml" in said) == (1, True)


def test_layers_of_architectures_and_configs(repscape, config):
    status, said = repscape("layers", "resnet18", config())
    assert status == 0
    networks = said.strip().split("\n\n")
    assert [text.split("\n")[0] for text in networks] == ["net", "resnet18"]
    assert "relu5" in networks[0]
    assert networks[1].split()[-2].startswith("predictions") or "predictions" in networks[1]


def test_layers_of_an_unknown_architecture(repscape):
    status, said = repscape("layers", "resnte18")
    assert status == 1
    assert "'resnte18' is unknown; did you mean resnet18" in said
    assert repscape("layers", "mobilenet_v9")[1].endswith("'mobilenet_v2'?\n")


def test_every_subcommand_has_help(repscape):
    status, said = repscape("--help")
    assert status == 0
    for name in ("new", "run", "layers", "check", "figures", "report"):
        assert f"    {name} " in said
        status, more = repscape(name, "--help")
        assert status == 0
        assert more.startswith(f"usage: repscape {name}")
        assert max(map(len, more.splitlines())) <= 110


def test_without_a_subcommand_it_shows_its_help_and_fails(repscape):
    status, said = repscape()
    assert status == 1
    assert "usage: repscape" in said
    status, said = repscape("rnu", "mine.yaml")
    assert status == 2
    assert "rnu" in said


def test_it_starts_fast_and_imports_nothing_heavy():
    code = "import sys; sys.argv = ['repscape', '--version']; from repscape.command.main import main; main()"
    times = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True
        )
        times.append(time.perf_counter() - began)
        assert done.stdout == f"repscape {__version__}\n"
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"numpy", "pydantic", "yaml", "torch", "snakemake"}
    assert min(times) < 0.3

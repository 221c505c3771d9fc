"""The workflow out of a wheel, in a folder of one's own."""

import os
import re
import shutil
import site
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import CONFIG
from project import REPOSITORY, make_pictures

from repscape import __version__

BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
IGNORED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "results", "tests", "shared")


def build(source: Path, what: str, into: Path) -> Path:
    subprocess.run(
        [sys.executable, "-c", BUILD, f"build_{what}", into], cwd=source, check=True, capture_output=True
    )
    return max(into.iterdir(), key=lambda file: file.stat().st_mtime_ns)


@dataclass
class Installed:
    """A virtual environment in which the wheel is installed, and the wheel."""

    environment: Path
    wheel: Path

    @property
    def package(self) -> Path:
        (package,) = self.environment.glob("lib/python*/site-packages/repscape")
        return package

    @property
    def snakefile(self) -> Path:
        return self.package / "repository/workflow/Snakefile"

    def run(
        self, folder: Path, *command: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess:
        """Run a program of the environment in a folder; the clone is not on its path."""
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
        program = [self.environment / "bin" / command[0], *command[1:]]
        done = subprocess.run(
            program, cwd=folder, env=variables, text=True, capture_output=True, stdin=subprocess.DEVNULL
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def snakemake(self, folder: Path, *arguments: str, **options) -> subprocess.CompletedProcess:
        return self.run(folder, "python", "-m", "snakemake", "--cores", "2", *arguments, **options)


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    """From a source distribution to a wheel, to an environment that has this one's other packages."""
    folder = tmp_path_factory.mktemp("distributions")
    source = folder / "clone"
    shutil.copytree(REPOSITORY, source, symlinks=True, ignore=IGNORED)
    (source / "results").mkdir()
    shutil.copy(REPOSITORY / "results/README.md", source / "results")
    archive = build(source, "sdist", folder / "dist")
    shutil.unpack_archive(archive, folder / "unpacked", filter="data")
    wheel = build(folder / "unpacked" / f"repscape-{__version__}", "wheel", folder / "dist")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
    python = environment / "bin/python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
    ]
    subprocess.run(pip, check=True)
    # what the clone itself gives is the same
    again = build(source, "wheel", folder / "of_the_clone")
    assert contents(again) == contents(wheel)
    return Installed(environment, wheel)


def contents(wheel: Path) -> list[str]:
    return sorted(name for name in zipfile.ZipFile(wheel).namelist() if "dist-info" not in name)


def test_it_holds_each_file_of_the_package_and_the_workflow_once(installed):
    names = contents(installed.wheel)
    workflow = REPOSITORY / "workflow"
    package = [path for path in (workflow / "repscape").rglob("*.py") if "__pycache__" not in path.parts]
    assert {name for name in names if name.endswith(".py") and "/repository/" not in name} == {
        path.relative_to(workflow).as_posix() for path in package
    }
    held = {name.removeprefix("repscape/repository/") for name in names if "/repository/" in name}
    rules_and_scripts = {
        path.relative_to(REPOSITORY).as_posix()
        for path in [*workflow.glob("rules/*.smk"), *workflow.glob("scripts/*.py")]
    }
    assert (
        rules_and_scripts
        | {
            "workflow/Snakefile",
            "workflow/profiles/default/config.yaml",
            "workflow/profiles/slurm/config.yaml",
            "config/config.yaml",
            "config/schema.json",
            "envs/environment.yaml",
            "results/README.md",
        }
        <= held
    )
    links = re.findall(r"\]\((?!http)([^)#]+)", (REPOSITORY / "results/README.md").read_text())
    assert links
    assert {os.path.normpath(f"results/{link}") for link in links} <= held
    files = [path for path in (workflow / "repscape").rglob("*") if path.is_file()]
    data = [path for path in files if path.suffix not in (".py", ".pyc")]
    assert {path.relative_to(workflow).as_posix() for path in data} <= set(names)


@pytest.fixture(scope="module")
def study(installed, tmp_path_factory) -> Path:
    """A folder after `repscape new`, three folders of pictures, and `repscape run`."""
    folder = tmp_path_factory.mktemp("own") / "my study"
    installed.run(folder.parent, "repscape", "new", "my study")
    for seed, category in enumerate(("cats", "houses", "cars")):
        make_pictures(folder / f"pictures/{category}", [f"{category}{n}.jpg" for n in range(2)], seed)
    text = (folder / "study.yaml").read_text()
    weights = text[text.index("    weights: IMAGENET1K_V1") : text.index("    layers:")]
    text = text.replace(weights, "    weights: random\n")  # which nothing need be downloaded for
    (folder / "study.yaml").write_text(text.replace("predicted_labels", "# predicted_labels"))
    installed.run(folder, "repscape", "run", "study.yaml", "--cores", "2")
    return folder


def test_a_study_runs_from_an_empty_folder(study):
    figures = {path.stem for path in (study / "results/my_study/figures").glob("*.svg")}
    assert (study / "results/my_study/index.html").exists()
    assert figures == {"rdm_gallery", "categories_by_depth", "pictures_in_space", "layers_by_layers"}


def test_what_it_says_names_its_own_command(installed, study):
    done = installed.run(study, "repscape", "figures", "study.yaml")
    assert "Nothing to be done" in done.stderr
    assert "repscape run study.yaml --cores 1 index" in done.stderr
    described = done.stderr.split("how to read it: ")[1].split("\n")[0]
    assert (study / described).is_file()
    assert f"{installed.package}/repository/workflow/profiles/default" in done.stderr


def test_the_clone_finds_it_up_to_date_and_so_does_plain_snakemake(installed, study):
    """What is made again does not depend on where the package lies."""
    for snakefile in (installed.snakefile, REPOSITORY / "workflow/Snakefile", REPOSITORY / "Snakefile"):
        arguments = ("--snakefile", str(snakefile), "--dry-run", "--configfile", "study.yaml")
        done = installed.snakemake(study, *arguments)
        assert "Nothing to be done" in done.stdout
        assert "workflow specific profile" in done.stderr


def test_a_config_elsewhere_and_several(installed, study, tmp_path):
    (tmp_path / "more.yaml").write_text("seed: 1\n")
    config = str(study / "study.yaml")
    done = installed.run(study, "repscape", "check", config, str(tmp_path / "more.yaml"))
    assert "no mistake found" in done.stdout
    assert "activations_trained" in done.stderr + done.stdout
    assert "Disk: about" in done.stderr + done.stdout
    assert "Memory: up to" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("figures", "study.yaml", "rdm_galery"), "did you mean 'rdm_gallery'?"),
        (("run", "study.yml"), "study.yml: cannot be read"),
        (("run", "study.yaml", "--sedes"), "unrecognized arguments: --sedes"),
    ],
)
def test_mistakes_end_it_with_one_message(installed, study, arguments, named):
    done = installed.run(study, "repscape", *arguments, check=False)
    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert "usage:" not in done.stderr


def test_without_a_config_snakemake_takes_the_default_study(installed, tmp_path):
    done = installed.snakemake(tmp_path, "--snakefile", str(installed.snakefile), "--dry-run", "networks")
    assert "this is the default study" in done.stderr
    assert re.search(r"^network +2$", done.stdout, re.MULTILINE)


MODULE = """\
from repscape.core.shipped import SNAKEFILE

configfile: "study.yaml"

module repscape:
    snakefile: SNAKEFILE
    config: config

use rule * from repscape

onstart: repscape.begin()
onsuccess: repscape.end_well()
onerror: repscape.end_badly()
"""


def test_it_is_a_module_of_a_users_snakefile(installed, study, tmp_path):
    for name in ("study.yaml", "pictures"):
        (tmp_path / name).symlink_to(study / name)
    (tmp_path / "Snakefile").write_text(MODULE)
    done = installed.snakemake(tmp_path, "stimuli")
    assert (tmp_path / "results/my_study/stimuli/pictures.nc").exists()
    assert "Results: results/my_study/" in done.stderr


# What `snakedeploy deploy-workflow https://github.com/lab/repscape . --tag TAG` writes (version 0.17)
DEPLOYED = """\
from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


# declare https://github.com/lab/repscape as a module
module repscape:
    snakefile:
        github("lab/repscape", path="workflow/Snakefile", tag="TAG")
    config:
        config


# use all rules from https://github.com/lab/repscape
use rule * from repscape
"""


@pytest.fixture(scope="module")
def on_github(tmp_path_factory) -> dict[str, str]:
    """What to add to the environment to have the clone, its tags v1 and v2, in the place of an address."""
    folder = tmp_path_factory.mktemp("hosted")
    clone = folder / "repscape"
    shutil.copytree(REPOSITORY, clone, symlinks=True, ignore=IGNORED)

    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments], cwd=clone, check=True
        )

    git("init", "--quiet")
    for tag in ("v1", "v2"):
        with open(clone / "workflow/rules/figures.smk", "a") as stream:
            stream.write("" if tag == "v1" else "# of another state\n")
        git("add", "--all")
        git("commit", "--quiet", "--message", tag)
        git("tag", tag)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{clone}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/lab/repscape",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "GITHUB_TOKEN": "",
    }


def deploy(folder: Path, tag: str) -> Path:
    """Do what `snakedeploy deploy-workflow` does."""
    for name in ("config", "profiles"):
        shutil.copytree(REPOSITORY / name, folder / name)
    shutil.copy(REPOSITORY / "LICENSE", folder)
    (folder / "workflow").mkdir()
    (folder / "workflow/Snakefile").write_text(DEPLOYED.replace("TAG", tag))
    return folder


def test_it_is_deployed_by_snakedeploy_and_runs(installed, on_github, tmp_path):
    folder = deploy(tmp_path, "v1")
    done = installed.snakemake(folder, "--dry-run", **on_github)  # the default study, as deployed
    assert "activations_mobilenet_v2" in done.stdout
    small = CONFIG | {
        "stimuli": {name: CONFIG["stimuli"][name] for name in ("white_noise", "gratings")},
        "populations": {"random": {"kind": "random", "units": 50}},
        "samples": [{"population": "random"}],
        "figures": {"rdm_gallery": {}},
        "analyses": {},
    }
    (folder / "config/config.yaml").write_text(yaml.safe_dump(small))
    installed.snakemake(folder, **on_github)
    assert (folder / "results/small/figures/rdm_gallery.svg").exists()


def test_rules_of_another_state_than_the_package_are_refused(installed, on_github, tmp_path):
    done = installed.snakemake(deploy(tmp_path, "v2"), "--dry-run", check=False, **on_github)
    assert done.returncode != 0
    assert "figures.smk" in done.stderr
    assert "pip install 'repscape @ git+https://github.com/lab/repscape@v2'" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_catalogue_asks_of_a_repository_is_there():
    """https://github.com/snakemake/snakemake-workflow-catalog, standardized usage."""
    for name in ("workflow/Snakefile", "config/README.md", "config/config.yaml", "README.md", "LICENSE"):
        assert (REPOSITORY / name).is_file()
    assert list(REPOSITORY.glob("workflow/rules/*.smk"))
    readme = (REPOSITORY / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    usage = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert usage["software-stack-deployment"] == {"conda": True, "report": True}
    assert (REPOSITORY / "envs/environment.yaml").is_file()

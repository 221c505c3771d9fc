"""A copy of the workflow in a folder of its own, to run, change and run again."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

REPOSITORY = Path(__file__).parents[2]
STRICT = Path(__file__).with_name("strict_snakemake.py")


@dataclass
class Project:
    """A small study in its own folder."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, config: dict) -> "Project":
        folder.mkdir(parents=True)
        shutil.copy(REPOSITORY / "Snakefile", folder)
        ignore = shutil.ignore_patterns("__pycache__", "docs")
        for name in ("workflow", "profiles", "envs"):
            shutil.copytree(REPOSITORY / name, folder / name, ignore=ignore)
        project = cls(folder)
        project.write_config(config)
        return project

    @classmethod
    def copy(cls, other: "Project", folder: Path) -> "Project":
        """Copy a project with its results and Snakemake's records of them; dates are kept."""
        shutil.copytree(other.folder, folder, symlinks=True, copy_function=shutil.copy2)
        return cls(folder)

    @property
    def config(self) -> dict:
        return yaml.safe_load((self.folder / "config/config.yaml").read_text())

    def write_config(self, config: dict) -> None:
        (self.folder / "config").mkdir(exist_ok=True)
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        (self.folder / "config/config.yaml").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]

    def run(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        """Run Snakemake to its end."""
        return self._finish(self.command(*arguments), check, **environment)

    def _finish(self, command: list[str], check: bool, **environment: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | environment,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def plan(self, *arguments: str) -> set[str]:
        """Return the jobs that Snakemake would run, as ``rule`` or ``rule key=value …``."""
        command = self.command("--quiet", "host", "--dry-run", *arguments)
        done = self._finish([sys.executable, str(STRICT), *command[3:]], check=True)
        jobs, rule = set(), None
        for line in (done.stdout + done.stderr).splitlines():
            if match := re.match(r"\s*(?:local)?rule (\S+):", line):
                rule = match[1]
                jobs.add(rule)
            elif match := re.match(r"\s*wildcards: (.+)", line):
                jobs.discard(rule)
                jobs.add(f"{rule} {match[1]}".replace(", ", " "))
        return jobs - {"all", "figures", "analyses", "index"}  # which follow from others

    def results(self, pattern: str = "**/*") -> dict[str, bytes]:
        """Return the contents of the files that jobs make by their paths, logs left out."""
        root = self.folder / "results"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.glob(pattern))
            if path.is_file() and "logs" not in path.parts and path.name != "study.json"
        }


def make_pictures(folder, names, seed=0):
    """Write small pictures of coloured noise."""
    folder.mkdir(exist_ok=True)
    generator = np.random.default_rng(seed)
    for name in names:
        small = generator.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(small).resize((80, 72)).save(folder / name)

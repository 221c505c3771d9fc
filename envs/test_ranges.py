"""Try the oldest or newest versions that pyproject.toml allows: ``python envs/test_ranges.py oldest``.

It makes a virtual environment with them in a temporary folder, by uv, of the Python that runs this. In it run
the default study and the tests of most parts of the package.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
LIBRARIES = ["hypothesis", "jsonschema", "nbformat", "pytest", "pytest-xdist", "statsmodels", "threadpoolctl"]
ROOMS = ("activations", "analyses", "config", "io", "metrics", "networks", "plugin", "rdms", "stimuli")


def main(which: str) -> None:
    """Install, run the default study, run the tests; stop at what fails."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    with tempfile.TemporaryDirectory() as folder:
        venv, versions = Path(folder, "venv"), Path(folder, "versions.txt")
        run = Runner(venv)
        resolve = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "pyproject.toml"]
        run(*resolve, f"--resolution={RESOLUTIONS[which]}", f"--python-version={python}", "-o", str(versions))
        print(versions.read_text())
        run("uv", "venv", "--quiet", f"--python={sys.executable}", str(venv))
        install = ["uv", "pip", "install", "--quiet"]
        run(*install, "--constraints", str(versions), "--requirements", str(versions), *LIBRARIES)
        run(*install, "--no-deps", "--editable", ".")
        run("snakemake", "--cores=all", f"--directory={folder}", "--configfile", "config/config.yaml")
        run("pytest", "-q", *(f"tests/unit/{room}" for room in ROOMS))


class Runner:
    """Runs commands in a virtual environment, from the repository."""

    def __init__(self, venv: Path):
        """Put the environment's programs first."""
        path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"VIRTUAL_ENV": str(venv), "PATH": path}

    def __call__(self, *command: str) -> None:
        """Run a command; end here if it fails."""
        print("+", *command, flush=True)
        done = subprocess.run(command, cwd=REPOSITORY, env=self.environment, check=False)
        if done.returncode:
            sys.exit(f"{command[0]} failed")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in RESOLUTIONS:
        sys.exit(f"usage: python envs/test_ranges.py {'|'.join(RESOLUTIONS)}")
    main(sys.argv[1])

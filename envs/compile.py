"""Make constraints.txt, lock.txt and environment.yaml anew from pyproject.toml."""

import re
import subprocess
import tomllib
from pathlib import Path

ENVS = Path(__file__).parent
PROJECT = ENVS.parent / "pyproject.toml"
COMPILE = [
    "uv",
    "pip",
    "compile",
    "--universal",
    "--python-version=3.11",
    "--extra=cluster",
    "--extra=docs",
    "--extra=test",
    "--quiet",
    "--no-header",
]
HEADER = "# Made by `python envs/compile.py` from pyproject.toml; do not edit.\n"


def resolve(*options: str) -> str:
    """Resolve the project's dependencies for all supported Pythons."""
    command = [*COMPILE, *options, PROJECT.name]
    return subprocess.run(command, cwd=ENVS.parent, check=True, capture_output=True, text=True).stdout


def conda_environment(constraints: str) -> str:
    """Pin the direct dependencies for conda, through pip, at the constraints' versions for Python 3.12."""
    direct = {
        re.split(r"[<>=]", requirement)[0].strip()
        for requirement in tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    }
    pins = [line.strip() for line in constraints.splitlines() if re.split("==", line)[0] in direct]
    pins = [pin.split(" ;")[0] for pin in pins if "< '3.12'" not in pin]
    lines = [
        "name: repscape",
        "channels: [conda-forge]",
        "dependencies:",
        "  - python=3.12",
        "  - pip",
        "  - pip:",
    ]
    return "\n".join([*lines, *(f"      - {pin}" for pin in pins)]) + "\n"


if __name__ == "__main__":
    constraints = resolve("--no-annotate", f"--constraints={ENVS / 'constraints.txt'}")
    (ENVS / "constraints.txt").write_text(HEADER + constraints)
    (ENVS / "lock.txt").write_text(
        HEADER + resolve("--generate-hashes", f"--constraints={ENVS / 'constraints.txt'}")
    )
    (ENVS / "environment.yaml").write_text(HEADER + conda_environment(constraints))

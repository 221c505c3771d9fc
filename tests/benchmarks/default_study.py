"""What the default study costs, step by step.

``python tests/benchmarks/default_study.py [CORES]`` runs it cold in a folder of its own, then draws
one figure alone, plans once more, and prints a table. Downloads are made (or found in the cache)
before the clock starts. Run it on an idle machine.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import yaml

from repscape.io import assets

REPOSITORY = Path(__file__).parents[2]
STEPS = {"activations": "activations", "samples": "samples", "rdms": "rdms"}


def local_files() -> dict[str, list[str]]:
    """Fill the cache, so that no download is timed; return the files of each stimulus and network."""
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    return {
        name: [str(file) for file in assets.fetch(section[key], key)]
        for name, section in (config["stimuli"] | config["networks"]).items()
        for key in ("path", "file")
        if key in section
    }


def prepare(folder: Path) -> Path:
    """Copy what a study needs into a folder, and return it."""
    folder.mkdir(exist_ok=True)
    shutil.copy(REPOSITORY / "Snakefile", folder)
    for name in ("workflow", "profiles", "envs", "config"):
        shutil.copytree(REPOSITORY / name, folder / name)
    return folder


def timed(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> float:
    """Run Snakemake and return the seconds it took."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "snakemake", *arguments]
    environment = os.environ | (environment or {})
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - started


def job_times(folder: Path) -> dict[str, list[float]]:
    """Read from Snakemake's records how long each job took, by step."""
    jobs = {}
    for record in (folder / ".snakemake/metadata").rglob("*"):
        if record.is_file():
            made = json.loads(record.read_text())
            step = made["rule"].split("_")[0]
            jobs[made["rule"], *made["log"]] = (
                STEPS.get(step, made["rule"]),
                made["endtime"] - made["starttime"],
            )
    steps = defaultdict(list)
    for step, seconds in jobs.values():
        steps[step].append(seconds)
    return steps


def main() -> None:
    """Run and print."""
    cores = sys.argv[1] if len(sys.argv) > 1 else "2"
    local_files()
    with tempfile.TemporaryDirectory() as temporary:
        folder = prepare(Path(temporary))
        cold = timed(folder, "--cores", cores)
        steps = job_times(folder)
        plan = timed(folder, "--dry-run")
        figure = timed(folder, "--cores", cores, "--force", "differentiation_by_depth")
        disk = sum(path.stat().st_size for path in (folder / "results").rglob("*") if path.is_file())
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"cold run, --cores {cores}: {cold:.0f} s; results: {disk / 1e6:.0f} MB")
    print(f"nothing to do (plan): {plan:.1f} s; one figure alone: {figure:.1f} s\n")
    print("| step | jobs | s a job | s in all |\n|---|---|---|---|")
    for step, seconds in sorted(steps.items(), key=lambda item: -sum(item[1])):
        print(f"| {step} | {len(seconds)} | {sum(seconds) / len(seconds):.1f} | {sum(seconds):.0f} |")


if __name__ == "__main__":
    main()

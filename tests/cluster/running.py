"""Snakemake running through Slurm, and what Slurm knows of its jobs."""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from project import Project

PROFILE = ("--profile", "profiles/slurm")
# Shorter waits than on a real cluster, where files take longer to be seen.
HASTE = ("--latency-wait", "5", "--slurm-init-seconds-before-status-checks", "1")
# Imported by every Python that starts in the run: waits before the file HELD gets its name.
HOLD = """
import os, time
rename = os.replace
def replace(source, target):
    if os.environ.get("HELD") and str(target).endswith(os.environ["HELD"]) and os.path.exists("hold"):
        with open("holding.tmp", "w") as stream:
            stream.write(os.environ["SLURM_JOB_ID"])
        rename("holding.tmp", "holding")
        while os.path.exists("hold"):
            time.sleep(0.05)
    rename(source, target)
os.replace = replace
"""


@dataclass(frozen=True)
class Job:
    """What Slurm says of one of its jobs, from when it began or ended."""

    number: int
    state: str
    partition: str
    memory: int  # MiB
    minutes: int
    cpus: int
    gpus: int
    command: str


@dataclass
class Cluster:
    """The Slurm that start_slurm.sh started in a folder."""

    folder: Path

    def run(self, project: Project, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return project.run(*PROFILE, *HASTE, *arguments, check=check)

    def jobs(self) -> dict[int, Job]:
        """Return all jobs by their numbers, those that ended as well."""
        jobs = {}
        for line in _said("scontrol", "show", "job", "--oneliner").splitlines():
            if not (found := dict(re.findall(r"(\w+)=(\S+)", line))).get("JobId"):
                continue
            limit = re.match(r"(?:(\d+)-)?(\d+):(\d+):", found["TimeLimit"])
            days, hours, minutes = map(int, limit.groups(default="0"))
            jobs[int(found["JobId"])] = Job(
                number=int(found["JobId"]),
                state=found["JobState"],
                partition=found["Partition"],
                memory=_mebibytes(re.search(r"mem=(\d+)(\w)", found["TRES"])),
                minutes=(days * 24 + hours) * 60 + minutes,
                cpus=int(found["NumCPUs"]),
                gpus=int(re.search(r"gpu:?(\d*)", found.get("TresPerJob", "gpu:0"))[1] or 1),
                command=found.get("Comment", ""),
            )
        return jobs

    def until_ended(self, number: int, seconds: float = 120) -> Job:
        started = time.monotonic()
        while (job := self.jobs()[number]).state in ("RUNNING", "COMPLETING"):
            assert time.monotonic() < started + seconds, job
            time.sleep(0.5)
        return job

    def node(self) -> str:
        """Return the state of the node."""
        return _said("sinfo", "--noheader", "--format", "%T").split()[0]

    def daemon(self, name: str) -> int:
        """Return the process id of a daemon."""
        return int((self.folder / f"run/{name}.pid").read_text())

    def processes(self, job: int) -> list[int]:
        """Return the ids of a job's processes, the shepherds of its steps first."""
        shepherds, others = [], []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
                if f"slurmstepd: [{job}." in (folder / "cmdline").read_text():
                    shepherds.append(int(folder.name))
                elif {f"SLURM_JOB_ID={job}", "SLURM_CLUSTER_NAME=repscape"} <= set(environment):
                    others.append(int(folder.name))
            except OSError:  # it has ended
                continue
        return shepherds + others


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _mebibytes(found: re.Match) -> int:
    return int(found[1]) * {"M": 1, "G": 1024}[found[2]]


class Held:
    """A run that waits in the middle of a job: its `file` is written but has not got its name."""

    def __init__(self, project: Project, file: str, *targets: str):
        self.folder = project.folder
        (self.folder / "hook").mkdir()
        (self.folder / "hook/sitecustomize.py").write_text(HOLD)
        (self.folder / "hold").touch()
        path = os.pathsep.join(filter(None, [str(self.folder / "hook"), os.getenv("PYTHONPATH")]))
        self.said = self.folder / "said.txt"
        with open(self.said, "w") as said:
            self.process = subprocess.Popen(
                project.command(*PROFILE, *HASTE, *targets),
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": path, "HELD": file},
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.wait()

    def wait(self, seconds: float = 600) -> None:
        """Wait until the job, or the one that is sent in its place, has come to that point."""
        holding, started = self.folder / "holding", time.monotonic()
        while not holding.exists():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < started + seconds, self.said.read_text()
            time.sleep(0.2)
        self.job = int(holding.read_text())
        holding.unlink()

    def release(self) -> None:
        """Let the job go on, and those that are sent in its place."""
        (self.folder / "hold").unlink()

    def end(self) -> str:
        """Wait for the end of the run; return what the terminal showed."""
        self.process.wait(600)
        return self.said.read_text()

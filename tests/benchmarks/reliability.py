"""Disturb the tests' small study again and again, run it to its end, and compare every byte.

    python tests/benchmarks/reliability.py [TRIES] [SEED] [DISTURBANCE …]

Kills are tried TRIES times (12), other disturbances a fourth of it, at moments, of jobs and in files that are
drawn from SEED (0); damage to files a fourth of it for each kind of file. After it the same command runs
again, after `snakemake --unlock` where Snakemake asks for it, and where a message names a damaged file, after
that is deleted. A table says how many tries ended with the bytes of an undisturbed run, how many were trusted
although they were wrong (a run called itself complete, and files differ), how many files were lost, and how
many finished jobs were made again, where that can be told. As root, small and read-only disks are mounted;
else limits and permissions stand for them.
"""

import contextlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
from conftest import CONFIG
from disturbances import CLOCK, can_mount, hooked, small_disk, unwritable
from project import Project, make_pictures

RESULTS = "results/small"
TARGETS = ("all", "rdms")  # `all` alone has its figures, so it asks for no RDM again


@dataclass
class Row:
    """What is counted of a disturbance."""

    tries: int = 0
    recovered: int = 0
    trusted: int = 0
    lost: int = 0
    again: int | None = None
    notes: list[str] = field(default_factory=list)


class Study:
    """The small study, undisturbed, and copies of it to disturb."""

    def __init__(self, folder: Path):
        self.folder = folder
        # a full disk is to be met by jobs, not by the plan
        self.fresh = Project.create(folder / "fresh", CONFIG | {"disk": "1 TB"})
        make_pictures(self.fresh.folder / "pictures", ["a.png", "b.png", "c.png", "d.png"])
        self.whole = Project.copy(self.fresh, folder / "whole")
        done = self.whole.run(*TARGETS)
        self.jobs = len(finished_jobs(done.stderr))
        self.bytes = self.whole.results()

    @contextlib.contextmanager
    def copy(self, part: bool) -> Iterator[Project]:
        """Give a copy, fresh or finished but for one stimulus and what follows from it."""
        folder = Path(tempfile.mkdtemp(dir=self.folder)) / "project"
        project = Project.copy(self.whole if part else self.fresh, folder)
        if part:
            stimulus = random.choice(list(CONFIG["stimuli"]))
            results = folder / RESULTS
            own = [f"{step}/squeezenet/{stimulus}" for step in ("activations", "rdms")]
            for place in ("analyses", "figures", *own):
                shutil.rmtree(results / place)
            (results / f"stimuli/{stimulus}.nc").unlink()
        yield project
        shutil.rmtree(project.folder.parent)

    def finish_and_count(
        self, row: Row, project: Project, tries: int, said: list[str], jobs: int | None = None
    ) -> None:
        """Run to the end and count; of `jobs`, how many an undisturbed run has, those beyond."""
        done = project.run(*TARGETS, check=False)
        said = [*said, done.stderr]
        left = [path.name for path in project.folder.glob("results/**/.*.tmp")]
        found = {name: content for name, content in project.results().items() if not name.endswith(".tmp")}
        names = self.bytes.keys() | found.keys()
        wrong = sorted(name for name in names if found.get(name) != self.bytes.get(name))
        row.tries += tries
        row.lost += len(wrong)
        row.trusted += bool(wrong and not done.returncode)
        if wrong or left or done.returncode:
            row.notes.append(f"status {done.returncode}, differ: {wrong}, left: {left}\n{done.stderr[-600:]}")
        else:
            row.recovered += tries
        if jobs is not None:
            row.again = (row.again or 0) + sum(len(finished_jobs(text)) for text in said) - jobs
        row.notes += ["a traceback: " + text[-1500:] for text in said if "Traceback" in text]


def finished_jobs(said: str) -> list[str]:
    """Return the jobs that Snakemake says have finished, those that only collect others left out."""
    found = re.findall(r"^Finished (\w+)", said, re.M)
    return [rule for rule in found if rule not in ("all", "rdms", "figures", "analyses")]


class Running:
    """A run in the background."""

    def __init__(self, project: Project, cores: int = 2, **options):
        handle, self.said = tempfile.mkstemp(".txt", dir=project.folder.parent)
        with open(handle, "w") as said:
            self.process = subprocess.Popen(
                project.command(*TARGETS, "--cores", str(cores)),
                cwd=project.folder,
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                **options,
            )

    def ends_within(self, seconds: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def jobs(self) -> list[int]:
        """Return the processes of its jobs."""
        return [pid for pid in descendants(self.process.pid) if is_job(pid)]

    def text(self) -> str:
        """Return what it has said."""
        return Path(self.said).read_text()


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def is_job(pid: int) -> bool:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        return "python" in words[0] and any("/.snakemake/scripts/" in word for word in words)
    return False


def unlocked(project: Project, said: list[str]) -> None:
    """Do what Snakemake asks for after it was killed."""
    done = project.run("--unlock")
    said.append(done.stderr)


# the disturbances: each fills a row


def killed_snakemake(study: Study, row: Row, tries: int) -> None:
    """SIGKILL of Snakemake, again and again until the study is complete."""
    while row.tries < tries:
        with study.copy(part=False) as project:
            said: list[str] = []
            kills = 0
            while row.tries + kills < tries:
                run = Running(project)
                if run.ends_within(random.uniform(3, 15)):
                    said.append(run.text())
                    break
                run.process.kill()
                run.process.wait()
                kills += 1
                said.append(run.text())
                unlocked(project, said)
            study.finish_and_count(row, project, kills, said, study.jobs)


def killed_jobs(study: Study, row: Row, tries: int) -> None:
    """SIGKILL of one job after the other, of those that run at the moment."""
    while row.tries < tries:
        with study.copy(part=False) as project:
            said: list[str] = []
            kills = 0
            while row.tries + kills < tries:
                run, before = Running(project), kills
                while not run.ends_within(random.uniform(0.5, 4)):
                    jobs = run.jobs()
                    if jobs and kills - before < 3 and row.tries + kills < tries:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(random.choice(jobs), signal.SIGKILL)
                            kills += 1
                said.append(run.text())
                if kills == before:
                    break
            study.finish_and_count(row, project, kills, said, study.jobs)


def full_disk(study: Study, row: Row, tries: int) -> None:
    """The disk of results fills up; then there is room again."""
    for _ in range(tries):
        with study.copy(part=True) as project:
            said: list[str] = []
            if can_mount():
                results = project.folder / RESULTS
                used, whole = on_disk(results), on_disk(study.whole.folder / RESULTS)
                with small_disk(results, int(used + random.uniform(0.1, 0.9) * (whole - used))):
                    said.append(project.run(*TARGETS, check=False).stderr)
            else:
                limit = random.randint(5_000, 100_000)
                run = Running(project, preexec_fn=partial(limit_files, limit))
                run.process.wait()
                said.append(run.text())
            study.finish_and_count(row, project, 1, said)


def on_disk(folder: Path) -> int:
    """Return how many bytes of a disk the files of a folder take."""
    return sum(4096 * -(-path.stat().st_size // 4096) for path in folder.rglob("*"))


def limit_files(size: int) -> None:
    """Let no file of this process grow beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def read_only(study: Study, row: Row, tries: int) -> None:
    """A folder of results cannot be written to; then it can."""
    for _ in range(tries):
        with study.copy(part=True) as project:
            results = project.folder / RESULTS
            folder = random.choice([results, *sorted(results.iterdir())])
            before = project.results()
            with unwritable(folder):
                said = [project.run(*TARGETS, check=False).stderr]
            changed = [name for name, content in before.items() if project.results().get(name) != content]
            if changed:
                row.notes.append(f"while {folder} was read-only, these changed: {changed}")
            study.finish_and_count(row, project, 1, said)


def truncated(study: Study, row: Row, tries: int) -> None:
    """A file that others are made from is cut at a random place."""
    for _ in range(tries):
        with study.copy(part=False) as project:
            shutil.rmtree(project.folder)
            Project.copy(study.whole, project.folder)
            inputs = [path for path in (project.folder / RESULTS).rglob("*") if path.suffix in (".nc", ".pt")]
            path = random.choice([path for path in inputs if "figures" not in path.parts])
            os.truncate(path, random.randrange(path.stat().st_size))
            done = project.run(*TARGETS, check=False)
            name = path.relative_to(project.folder).as_posix()
            read_by_none = name.endswith(("layers.nc", "differentiation.nc")) and done.returncode == 0
            if f"{name}: not a" not in done.stderr and not read_by_none:
                row.notes.append(f"{name} was not named: {done.stderr[-500:]}")
            path.unlink()
            study.finish_and_count(row, project, 1, [done.stderr])


def two_runs(study: Study, row: Row, tries: int) -> None:
    """A second run starts while the first runs: Snakemake refuses it."""
    for _ in range(tries):
        with study.copy(part=True) as project:
            first = Running(project)
            time.sleep(random.choice([0, random.uniform(0, 10)]))
            second = Running(project)
            first.process.wait()
            second.process.wait()
            said = [first.text(), second.text()]
            if any("cannot be locked" in text for text in said):
                unlocked_needed = "cannot be locked" in project.run(*TARGETS, check=False).stderr
                if unlocked_needed:
                    row.notes.append("the lock stayed")
                    unlocked(project, said)
            study.finish_and_count(row, project, 1, said)


def two_runs_unlocked(study: Study, row: Row, tries: int) -> None:
    """The lock of a run is removed while it runs, and a second one starts."""
    for _ in range(tries):
        with study.copy(part=True) as project:
            first = Running(project)
            time.sleep(random.uniform(3, 8))
            said: list[str] = []
            unlocked(project, said)
            second = Running(project)
            first.process.wait()
            second.process.wait()
            study.finish_and_count(row, project, 1, [*said, first.text(), second.text()])


def jumping_clock(study: Study, row: Row, tries: int) -> None:
    """Each file is dated by a clock that is right, a year late or a year early."""
    for _ in range(tries):
        with study.copy(part=True) as project:
            said = [project.run(*TARGETS, check=False, **hooked(project, CLOCK)).stderr]
            before = len(finished_jobs(said[0]))
            study.finish_and_count(row, project, 1, said, before)


def cores(study: Study, row: Row, tries: int) -> None:
    """From the beginning on one core, where the run that all are compared with had two."""
    with study.copy(part=False) as project:
        run = Running(project, cores=1)
        run.process.wait()
        study.finish_and_count(row, project, 1, [run.text()], study.jobs)


# By kind of file: one, and a file that a job makes of it.
READERS = {
    "stimuli/gratings.nc": "activations/squeezenet/gratings/random/conv1.nc",
    "networks/squeezenet/network.pt": "activations/squeezenet/gratings/random/conv1.nc",
    "networks/squeezenet/layers.nc": "populations/squeezenet/random.nc",
    "populations/squeezenet/random.nc": "samples/squeezenet/random/conv1/n20.nc",
    "activations/squeezenet/gratings/random/conv1.nc": "rdms/squeezenet/gratings/random/conv1/n20.nc",
    "samples/squeezenet/random/conv1/n20.nc": "rdms/squeezenet/gratings/random/conv1/n20.nc",
    "rdms/squeezenet/gratings/random/conv1/n20.nc": "analyses/differentiation.nc",
    "analyses/differentiation.nc": "figures/differentiation_by_depth.svg",
}
# Pairs of files of one shape, and a file that a job makes of the first.
ALIKE = [
    ("stimuli/gratings.nc", "stimuli/white_noise.nc", "activations/squeezenet/gratings/random/conv1.nc"),
    (
        "activations/squeezenet/gratings/random/conv1.nc",
        "activations/squeezenet/white_noise/random/conv1.nc",
        "rdms/squeezenet/gratings/random/conv1/n20.nc",
    ),
    (
        "rdms/squeezenet/gratings/random/conv1/n20.nc",
        "rdms/squeezenet/white_noise/random/conv1/n20.nc",
        "analyses/differentiation.nc",
    ),
    (
        "samples/squeezenet/random/conv1/n20.nc",
        "samples/squeezenet/random/relu2/n20.nc",
        "rdms/squeezenet/gratings/random/conv1/n20.nc",
    ),
]


def read_again(study: Study, row: Row, project: Project, damaged: list[str], reader: str) -> None:
    """Run the job that reads a damaged file: it must name it; without it, the study must be what it was."""
    results = project.folder / RESULTS
    (results / reader).unlink()
    target = f"{RESULTS}/{reader}"
    done = project.run(target, check=False)
    row.tries += 1
    if done.returncode == 0:
        if project.results()[f"small/{reader}"] != study.bytes[f"small/{reader}"]:
            row.trusted += 1
            row.notes.append(f"{damaged} were trusted by what makes {reader}")
        else:
            row.recovered += 1
        for name in damaged:
            shutil.copy2(study.whole.folder / RESULTS / name, results / name)
        return
    if not any(f"{RESULTS}/{name}" in done.stderr for name in damaged):
        row.notes.append(f"{damaged} were not named: {done.stderr[-500:]}")
    for name in damaged:
        (results / name).unlink()
    again = project.run(target, *(f"{RESULTS}/{name}" for name in damaged), check=False)
    found = project.results()
    wrong = [name for name in study.bytes if found.get(name) != study.bytes[name]]
    row.lost += len(wrong)
    if wrong or again.returncode:
        row.notes.append(f"status {again.returncode}, differ: {wrong}\n{again.stderr[-600:]}")
    else:
        row.recovered += 1


def flipped_byte(study: Study, row: Row, tries: int) -> None:
    """One byte of a file that others are made from is changed, its date is not."""
    with study.copy(part=False) as project:
        shutil.rmtree(project.folder)
        Project.copy(study.whole, project.folder)
        for name, reader in READERS.items():
            for _ in range(tries):
                path = project.folder / RESULTS / name
                with keeping_dates(path):
                    content = bytearray(path.read_bytes())
                    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
                    path.write_bytes(content)
                read_again(study, row, project, [name], reader)


def swapped_files(study: Study, row: Row, tries: int) -> None:
    """Two files of one shape under each other's name."""
    for first, second, reader in ALIKE:
        with study.copy(part=False) as project:
            shutil.rmtree(project.folder)
            Project.copy(study.whole, project.folder)
            results = project.folder / RESULTS
            os.rename(results / first, results / "third")
            os.rename(results / second, results / first)
            os.rename(results / "third", results / second)
            read_again(study, row, project, [first, second], reader)


def trained_weights(study: Study, row: Row, tries: int) -> None:
    """One byte of trained weights is changed; they are read as the job reads them."""
    from torch import nn

    from repscape.core.errors import DataError
    from repscape.networks.lib import trained_weights
    from repscape.networks.lib.loaded import Loaded
    from repscape.traced.preprocess import Preprocess

    path, module = study.folder / "trained.safetensors", nn.Sequential(nn.Conv2d(3, 8, 5), nn.ReLU())
    trained_weights.save(module, path, weights="trained", classes=["a", "b"])
    whole = path.read_bytes()
    for _ in range(10 * tries):
        content = bytearray(whole)
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        path.write_bytes(content)
        row.tries += 1
        try:
            trained_weights.put_into(Loaded(module, Preprocess(), "random", None), path)
            row.trusted += 1
        except DataError as error:
            row.recovered += str(path) in str(error)


@contextlib.contextmanager
def keeping_dates(path: Path) -> Iterator[None]:
    """Let a file have the dates that it had."""
    before = path.stat()
    yield
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def older_input(study: Study, row: Row, tries: int) -> None:
    """A picture is replaced by another of the same size with an older date: a plan must see it."""
    ways: list[Callable[[Path, Path], object]] = [
        shutil.copy2,
        os.replace,
        lambda new, old: (old.unlink(), os.link(new, old)),
        lambda new, old: (old.unlink(), old.symlink_to(new)),
    ]
    for way in ways:
        with study.copy(part=False) as project:
            shutil.rmtree(project.folder)
            Project.copy(study.whole, project.folder)
            old = project.folder / "pictures" / random.choice(["a.png", "b.png", "c.png", "d.png"])
            new = project.folder / "new.png"
            content = bytearray(old.read_bytes())
            content[-20] ^= 1
            new.write_bytes(content)
            os.utime(new, (10**9, 10**9))
            way(new, old)
            row.tries += 1
            seen = "stimulus stimulus=pictures" in project.plan()
            row.recovered += seen
            row.trusted += not seen


def future_input(study: Study, row: Row, tries: int) -> None:
    """Pictures dated in the future: they can be used, and a touch makes nothing again."""
    with study.copy(part=False) as project:
        for path in (project.folder / "pictures").iterdir():
            os.utime(path, (time.time() + 10**8,) * 2)
        done = project.run(*TARGETS, check=False)
        os.utime(project.folder / "pictures/a.png")
        again = project.plan(*TARGETS)
        if again - {"rdms"}:
            row.notes.append(f"made again after a touch: {again}")
        study.finish_and_count(row, project, 1, [done.stderr])


def orphans(study: Study, row: Row, tries: int) -> None:
    """SIGKILL of Snakemake as its first jobs import, then a run of another config at once."""
    for _ in range(tries):
        with study.copy(part=False) as project:
            config = project.config
            project.write_config(config | {"seed": 1})  # the older config
            run, said = Running(project), []
            while not run.jobs() and not run.ends_within(0.05):
                pass
            time.sleep(random.uniform(0, 3))
            jobs = run.jobs()
            run.process.kill()
            run.process.wait()
            project.write_config(config)
            unlocked(project, said)
            living = [pid for pid in jobs if is_job(pid)]
            if living:
                row.notes.append(f"{len(living)} jobs outlived the run")
            study.finish_and_count(row, project, 1, said)


STOPPED = """
import sys, time
from pathlib import Path
from repscape.io import cache_lock
with cache_lock.turn(Path(sys.argv[1]), patience=1, beat=0.1, dead=5):
    print("mine", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def stopped_download(study: Study, row: Row, tries: int) -> None:
    """SIGSTOP of a process that fills the cache: others say so and go on without it (times are shortened)."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "workflow")}
    for at in range(tries):
        command = [sys.executable, "-c", STOPPED, str(study.folder / f"cache{at}")]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
        with subprocess.Popen([*command, "60"], **options) as first:
            assert first.stdout
            first.stdout.readline()
            first.send_signal(signal.SIGSTOP)
            second = subprocess.run([*command, "0"], timeout=60, **options)
            row.tries += 1
            row.recovered += second.returncode == 0 and f"process {first.pid} on" in second.stderr
            first.kill()


DISTURBANCES: dict[str, Callable[[Study, Row, int], None]] = {
    "one core instead of two": cores,
    "kill -9 of Snakemake": killed_snakemake,
    "kill -9 of a job": killed_jobs,
    "full disk": full_disk,
    "read-only results": read_only,
    "truncated file": truncated,
    "two runs at once": two_runs,
    "two runs at once, unlocked by hand": two_runs_unlocked,
    "clock that jumps by a year": jumping_clock,
    "kill -9 of Snakemake while jobs import, then another config": orphans,
    "byte flipped in any kind of file": flipped_byte,
    "byte flipped in trained weights": trained_weights,
    "files under each other's name": swapped_files,
    "input replaced by an older one of its size": older_input,
    "inputs of the future": future_input,
    "stopped while it downloads": stopped_download,
}

CHEAP = (killed_snakemake, killed_jobs)  # many kills of one run, of which the others need one each


def main(tries: int, seed: int, chosen: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder).resolve())
        print(f"{len(study.bytes)} files, {study.jobs} jobs, seed {seed}\n", flush=True)
        print("| disturbance | tries | recovered | wrong, trusted | files lost | jobs made again | time |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for name, disturb in DISTURBANCES.items():
            if chosen and disturb.__name__ not in chosen:
                continue
            random.seed(f"{seed} {name}")
            row, started = Row(), time.monotonic()
            disturb(study, row, tries if disturb in CHEAP else max(1, tries // 4))
            again = "–" if row.again is None else row.again
            seconds = f"{time.monotonic() - started:.0f} s"
            cells = [name, row.tries, row.recovered, row.trusted, row.lost, again, seconds]
            print("|", " | ".join(map(str, cells)), "|", flush=True)
            for note in row.notes:
                print(f"  {name}: {note}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    numbers = [int(word) for word in arguments if word.isdigit()]
    words = [word for word in arguments if not word.isdigit()]
    main(*(numbers + [12, 0][len(numbers) :]), words)

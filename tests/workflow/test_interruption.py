"""After whatever goes wrong with the machine, the next run ends with the same bytes.

A kill, Ctrl-C, a second run at once, a full disk, a read-only one, a damaged file, a clock that jumps.
`tests/benchmarks/reliability.py` tries these at random moments, many times.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time

import pytest
from disturbances import CLOCK, YEAR, can_mount, hooked, small_disk, unwritable
from messages import says
from project import Project

# Imported by every Python that starts in the run: waits before the file HELD gets its name.
HOLD = """
import os, time
rename = os.replace
def replace(source, target):
    if os.environ.get("HELD") and str(target).endswith(os.environ["HELD"]):
        with open("holding", "w") as stream:
            stream.write(str(os.getpid()))
        while os.path.exists("hold"):
            time.sleep(0.05)
    rename(source, target)
os.replace = replace
"""
FILE = "results/small/activations/squeezenet/pictures/random/conv1.nc"


@pytest.fixture
def part(project) -> Project:
    """The finished study without what follows from the pictures."""
    results = project.folder / "results/small"
    for folder in ("analyses", "figures", "activations/squeezenet/pictures", "rdms/squeezenet/pictures"):
        shutil.rmtree(results / folder)
    (results / "stimuli/pictures.nc").unlink()
    return project


class Running:
    """A run that waits in the middle of a job: when `FILE` is written but has not got its name."""

    def __init__(self, project: Project):
        self.folder = project.folder
        (self.folder / "hold").touch()
        self.said = self.folder / "said.txt"
        with open(self.said, "w") as said:
            self.process = subprocess.Popen(
                project.command(),
                cwd=self.folder,
                env=os.environ | hooked(project, HOLD) | {"HELD": FILE},
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                # where the tests run in the background, SIGINT is ignored, and would be by the run
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
        until((self.folder / "holding").exists, self.said)
        time.sleep(0.1)
        self.job = int((self.folder / "holding").read_text())
        assert self.temporary().exists()
        assert not (self.folder / FILE).exists()

    def temporary(self):
        path = self.folder / FILE
        return path.with_name(f".{path.name}.{self.job}.tmp")

    def end(self) -> str:
        """Let the job go on, if it is still there; return what the terminal showed."""
        (self.folder / "hold").unlink(missing_ok=True)
        until(lambda: not alive(self.job), self.said)
        self.process.wait(60)
        said = self.said.read_text()
        assert "Traceback" not in said
        return said


def until(condition, said, seconds=120) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() < started + seconds, said.read_text()
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_job(part, finished):
    run = Running(part)
    os.kill(run.job, signal.SIGKILL)
    said = run.end()
    assert run.process.returncode == 1
    says(said, "repscape: activations_squeezenet failed: … SIGKILL", "memory")
    log = "results/small/logs/activations/squeezenet/pictures/random.log"
    assert f"[log: {log}]" in said
    assert "SIGKILL" in (part.folder / log).read_text()
    part.run("--cores", "1")  # the number of cores makes no difference either
    assert part.results() == finished.results()


def test_a_killed_snakemake(part, finished):
    run = Running(part)
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait(60)
    # Or it would put its files, perhaps of an older config, in the place of those of a later run.
    until(lambda: not alive(run.job), run.said)
    assert not run.temporary().exists()
    assert not (part.folder / FILE).exists()
    locked = part.run(check=False)
    assert locked.returncode == 1
    assert "--unlock" in locked.stderr
    assert "Traceback" not in locked.stderr
    part.run("--unlock")
    part.run()
    run.end()
    assert part.results() == finished.results()
    assert part.plan() == set()


def test_two_runs_at_once(part, finished):
    run = Running(part)
    second = part.run(check=False)
    assert second.returncode == 1
    assert "cannot be locked" in second.stderr
    assert "Traceback" not in second.stderr
    assert run.temporary().exists()  # the first goes on
    run.end()
    assert run.process.returncode == 0
    assert part.results() == finished.results()
    assert part.plan() == set()


def test_ctrl_c(part, finished):
    run = Running(part)
    os.killpg(run.process.pid, signal.SIGINT)
    until(lambda: not alive(run.job), run.said)  # held all the time, it ends by the signal
    said = run.end()
    assert run.process.returncode != 0
    assert "on user request" in said
    assert "repscape: " not in said
    assert not run.temporary().exists()
    assert not (part.folder / FILE).exists()
    part.run()
    assert part.results() == finished.results()


@pytest.mark.parametrize("way", ["limit", "mount"])
def test_a_full_disk(part, finished, way):
    stimuli = part.folder / "results/small/stimuli"
    if way == "mount":
        kept = {path.name: path.read_bytes() for path in stimuli.iterdir()}
        size = sum(map(len, kept.values())) // 4096 + 2 * len(kept) + 6
        mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * size}k", "tmpfs", str(stimuli)]
        if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("needs the right to mount a small disk")
        try:
            for name, content in kept.items():
                (stimuli / name).write_bytes(content)
            done = part.run("stimuli", check=False)
        finally:
            subprocess.run(["umount", str(stimuli)], check=True)
    else:
        done = subprocess.run(
            part.command("stimuli"),
            cwd=part.folder,
            text=True,
            capture_output=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)),
        )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("repscape:")]
    says(line, "stimulus (stimulus=pictures) failed: results/small/stimuli/pictures.nc: … disk")
    assert "Traceback" not in done.stderr
    assert not [path.name for path in stimuli.iterdir() if "pictures" in path.name]
    part.run()
    assert part.results() == finished.results()


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount a small disk")
def test_a_disk_that_is_full_from_the_beginning(part):
    """Snakemake, which keeps records beside the results, would end in a traceback."""
    size = sum(4096 + path.stat().st_size for path in part.folder.rglob("*"))
    with small_disk(part.folder, size):
        before = part.results()
        fill = ["dd", "if=/dev/zero", f"of={part.folder}/filler", "bs=4k"]
        assert b"No space left" in subprocess.run(fill, capture_output=True).stderr
        done = part.run(check=False)
        assert done.returncode == 1
        says(done.stderr, "repscape: … disk … 0 bytes")
        assert "Traceback" not in done.stderr
        assert part.results() == before


@pytest.mark.parametrize("bytes_left", [0, 5000])
def test_a_truncated_intermediate(project, finished, bytes_left):
    os.truncate(project.folder / FILE, bytes_left)
    done = project.run(check=False)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("repscape:")]
    assert lines
    for line in lines:
        says(line, f"rdms_squeezenet (stimulus=pictures, population=random, size= … {FILE}: … NetCDF")
    assert "Traceback" not in done.stderr
    (project.folder / FILE).unlink()
    project.run("all", "rdms")  # `all` alone has its figures, so it asks for no RDM again
    assert project.results() == finished.results()


def test_a_truncated_intermediate_of_figures(project, finished):
    """Figures read files by other means than the steps before them."""
    results = project.folder / "results/small"
    rdm, analysis = "rdms/squeezenet/gratings/random/conv1/n100.nc", "analyses/differentiation.nc"
    for name in (rdm, analysis):
        os.truncate(results / name, (results / name).stat().st_size // 2)
    done = project.run(check=False)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("repscape:")]
    assert {line.split()[1] for line in lines} == {"differentiation", "rdm_gallery"}
    for line in lines:
        says(line, f"failed: results/small/{rdm}: … NetCDF")
    (results / rdm).unlink()
    project.run("all", "rdms")
    assert project.results() == finished.results()


@pytest.mark.skipif(os.geteuid() == 0 and not can_mount(), reason="root may write everywhere")
def test_read_only_results(part, finished):
    before = part.results()
    for place in (".snakemake", "results/small", "results/small/stimuli"):
        with unwritable(part.folder / place):
            done = part.run(check=False)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        if "Write-protected output files for rule" not in done.stderr:  # Snakemake's words: files, a mount
            says(done.stderr, f"repscape: {place}: ")
        assert part.results() == before
    part.run()
    assert part.results() == finished.results()


def test_a_clock_that_jumps(part, finished):
    done = part.run(**hooked(part, CLOCK))
    assert "Traceback" not in done.stderr
    assert part.results() == finished.results()
    assert part.plan() == set()
    draw = random.Random(0)
    for path in sorted(part.folder.glob("results/**/*")):
        when = time.time() + draw.uniform(-YEAR, YEAR)
        os.utime(path, (when, when))
    assert part.plan() == set()

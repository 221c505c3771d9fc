"""A study through a real Slurm: the same bytes as without, whatever is killed, and nothing made twice."""

import os
import signal
import subprocess

import pytest
from running import Held

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

RECORDED = "activations/squeezenet/gratings/random/conv1.nc"
RDM = "results/small/rdms/squeezenet/gratings/random/conv1/n20.nc"


def dates(project):
    root = project.folder / "results/small"
    return {
        path.relative_to(root).as_posix(): path.stat().st_mtime_ns
        for path in root.rglob("*")
        if path.is_file() and "logs" not in path.parts
    }


def check_nothing_lost(project, before, here):
    """All files are those of a run without Slurm; what was there before has not been made again."""
    results = project.results()
    assert results == {path: content for path, content in here.results().items() if path in results}
    after = dates(project)
    assert {path: after[path] for path in before} == before


def test_the_same_bytes_as_without_slurm(through_slurm, here):
    assert len(here.results()) > 15
    assert through_slurm.results() == here.results()
    assert through_slurm.plan("--profile", "profiles/slurm") == set()
    assert through_slurm.plan() == set()  # nor would a run without Slurm do it again


def test_what_the_jobs_asked_for(slurm, through_slurm):
    jobs = slurm.jobs()
    assert {job.state for job in jobs.values()} == {"COMPLETED"}
    by_name = {}
    for job in jobs.values():
        by_name.setdefault(job.command.removeprefix("rule_"), []).append(job)
    # eleven jobs of the study in eight of Slurm: the small ones of a kind share one
    assert {name: len(found) for name, found in by_name.items()} == {}


def test_a_cancelled_job(slurm, part, here):
    before = dates(part)
    run = Held(part, RECORDED, RDM)
    subprocess.run(["scancel", str(run.job)], check=True)
    run.until(lambda: slurm.jobs()[run.job].state == "CANCELLED")
    run.release()
    said = run.end()
    assert run.process.returncode == 0, said
    jobs = slurm.jobs()
    cancelled, again, rdms = (job for number, job in sorted(jobs.items()) if number >= run.job)
    assert (cancelled.command, again.state, rdms.state) == (again.command, "COMPLETED", "COMPLETED")
    assert (again.memory, again.minutes) == (2 * cancelled.memory, 2 * cancelled.minutes)
    check_nothing_lost(part, before, here)


def test_a_dead_node(slurm, part, here):
    """The node's daemon and the job on it die; the node comes back later."""
    before = dates(part)
    run = Held(part, RECORDED, RDM)
    os.kill(slurm.daemon("slurmd"), signal.SIGKILL)
    for process in slurm.processes(run.job):
        os.kill(process, signal.SIGKILL)
    run.until(lambda: slurm.jobs()[run.job].state == "NODE_FAIL")
    assert slurm.node().startswith("down")
    assert run.process.poll() is None
    run.release()
    subprocess.run(["slurmd"], check=True)
    said = run.end()
    assert run.process.returncode == 0, said
    assert slurm.node() == "idle"
    ended = [job.state for number, job in sorted(slurm.jobs().items()) if number >= run.job]
    assert ended == ["NODE_FAIL", "COMPLETED", "COMPLETED"]
    check_nothing_lost(part, before, here)


def test_a_killed_main_process(slurm, part, here):
    before = dates(part)
    run = Held(part, RECORDED)
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait(60)
    locked = slurm.run(part, check=False)
    assert locked.returncode == 1
    assert "--unlock" in locked.stderr
    assert slurm.jobs()[run.job].state == "RUNNING"  # and writes on
    run.release()
    run.until(lambda: slurm.jobs()[run.job].state == "COMPLETED")
    slurm.run(part, "--unlock")
    slurm.run(part)
    check_nothing_lost(part, before, here)
    assert part.results() == here.results()
    again = [job.command for number, job in sorted(slurm.jobs().items()) if number > run.job]
    assert again == []
    assert part.plan() == set()

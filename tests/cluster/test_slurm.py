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
        if path.is_file() and "logs" not in path.parts and path.name != "index.html"  # which shows all others
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
    # Eleven jobs of the study in eight of Slurm: the small ones of a kind share one, and take turns in it.
    assert sorted(job.command for job in jobs.values()) == [
        "rule_activations_squeezenet_wildcards_gratings_random",
        "rule_activations_squeezenet_wildcards_white_noise_random",
        "rule_differentiation",
        "rule_figures_differentiation_by_depth",
        "rule_network_wildcards_squeezenet",
        "rule_rdms_rdms_squeezenet",
        "rule_stimuli_stimulus",
        "rule_units_population_samples_squeezenet",
    ]
    asked = {job.command: job for job in jobs.values()}
    for command, job in asked.items():
        on_gpu = command.startswith("rule_activations")
        assert (job.partition, job.gpus, job.cpus) == (("gpu", 1, 1) if on_gpu else ("cpu", 0, 1))
        assert (job.memory > 4000) == on_gpu
    assert asked["rule_stimuli_stimulus"].memory == 4000
    minutes = {command.split("_")[1]: job.minutes for command, job in asked.items()}
    assert (minutes["stimuli"], minutes["units"], minutes["rdms"]) == (2 * 10, 10 + 5, 2 * 10)


def test_a_cancelled_job_and_then_a_dead_node(slurm, part, here):
    """A job is cancelled. Sent again, it dies with its node's daemon; the node comes back later."""
    before = dates(part)
    run = Held(part, RECORDED, RDM)
    subprocess.run(["scancel", str(run.job)], check=True)
    cancelled = slurm.until_ended(run.job)
    assert cancelled.state == "CANCELLED"

    run.wait()
    os.kill(slurm.daemon("slurmd"), signal.SIGKILL)
    processes = slurm.processes(run.job)
    assert len(processes) > 4  # two shepherds, two Snakemakes, the script
    for process in processes:
        os.kill(process, signal.SIGKILL)
    lost = slurm.until_ended(run.job)
    assert lost.state == "NODE_FAIL"
    assert slurm.node().startswith("down")
    assert run.process.poll() is None

    run.release()
    subprocess.run(["slurmd"], check=True)
    said = run.end()
    assert run.process.returncode == 0, said
    assert slurm.node() == "idle"
    attempts = [job for number, job in sorted(slurm.jobs().items()) if number >= cancelled.number]
    rdms = attempts.pop()
    assert [job.state for job in attempts] == ["CANCELLED", "NODE_FAIL", "COMPLETED"]
    assert len({job.command for job in attempts}) == 1
    assert [job.memory for job in attempts] == [times * cancelled.memory for times in (1, 2, 3)]
    assert [job.minutes for job in attempts] == [60, 120, 180]
    assert (rdms.command, rdms.state) == ("rule_rdms_rdms_squeezenet", "COMPLETED")
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
    assert slurm.until_ended(run.job).state == "COMPLETED"
    slurm.run(part, "--unlock")
    slurm.run(part)
    check_nothing_lost(part, before, here)
    assert part.results() == here.results()
    # The job went on without Snakemake, and what it made counts.
    after = [job.command for number, job in sorted(slurm.jobs().items()) if number > run.job]
    assert after == [
        "rule_rdms_rdms_squeezenet",
        "rule_differentiation",
        "rule_figures_differentiation_by_depth",
    ]
    assert part.plan() == set()

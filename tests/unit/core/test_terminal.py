"""What the terminal shows of a run: Snakemake's words, the ends of jobs, and what their logs say."""

import logging
import os
import subprocess
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from messages import says
from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.exceptions import RuleException
from snakemake.logging import LogEvent

from repscape.core import terminal


def record(message, **attributes):
    made = logging.makeLogRecord({"msg": message, "levelno": logging.ERROR, **attributes})
    made.thread = attributes.get("thread", 1)
    return made


def end_of_process(shown, status):
    """Let Snakemake report the end of a job's process, as its executor does."""
    try:
        try:
            raise subprocess.CalledProcessError(status, "python a.py")
        except subprocess.CalledProcessError as error:
            raise RuleException(str(error))  # noqa: B904 (as Snakemake does)
    except RuleException:
        return shown.filter(record("RuleException: …", event=LogEvent.ERROR, exception="RuleException"))


def failure(shown, rule, jobid, *logs, **more):
    names = {"rule_name": rule, "jobid": jobid, "log": list(map(str, logs))}
    return shown.filter(record(f"Error in rule {rule}", event=LogEvent.JOB_ERROR, **names, **more))


def finished(jobid):
    return record(f"Finished jobid: {jobid} (Rule: x)", event=LogEvent.JOB_FINISHED, job_id=jobid)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (-9, "SIGKILL (the system does this when memory runs out)"),
        (137, "SIGKILL (the system does this when memory runs out)"),
        (-11, "SIGSEGV"),
    ],
)
def test_a_killed_job_is_named_once(tmp_path, capsys, status, name):
    log = tmp_path / "a.log"
    log.write_text("before\n")
    shown = terminal.Terminal()
    assert not end_of_process(shown, status)
    failure(shown, "stimulus", 3, log)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for words in ("stimulus failed", f"stopped from outside by {name}", str(log)):
        assert words in said
    assert log.read_text().startswith("before\n")
    assert name in log.read_text()


@pytest.mark.parametrize("status", [1, 130, -2, 255])
def test_a_job_that_said_why_it_failed_is_not_named_again(tmp_path, capsys, status):
    shown = terminal.Terminal()
    assert not end_of_process(shown, status)
    failure(shown, "stimulus", 3, tmp_path / "a.log")
    assert capsys.readouterr().err == ""


def test_other_errors_of_snakemake_are_shown():
    shown = terminal.Terminal()
    assert shown.filter(record("RuleException: a bug", event=LogEvent.ERROR, exception="RuleException"))
    assert shown.filter(record("WorkflowError:\nno room", event=LogEvent.ERROR, exception="WorkflowError"))
    known = "WorkflowError:\nAt least one job did not complete successfully."
    assert not shown.filter(record(known, event=LogEvent.ERROR, exception="WorkflowError"))


def test_what_failed_is_said_again_at_the_end(tmp_path):
    shown = terminal.Terminal()
    stories = {
        "cats": (
            "2026-11-28 10:00:00,123 INFO begun\n2026-11-28 10:00:01,0 ERROR Not pictures:\n"
            "  a.png: empty\n  b.png: bad.\nRepair them.\n"
            "Traceback (most recent call last)\n"
        ),
        "done at the second try": "2026-11-28 10:00:00,123 INFO 30 images in 1 s\n",
        "interrupted": "2026-11-28 10:00:00,123 ERROR interrupted\n",
        "of an earlier run": "2025-11-28 10:00:00,123 ERROR a.png: empty.\n",
        "killed": "before\n",
    }
    ends = {"killed": -9, "of an earlier run": -2}
    for jobid, (name, story) in enumerate(stories.items()):
        log = tmp_path / name
        log.write_text(story)
        if name in ends:
            end_of_process(shown, ends[name])
        failure(shown, name, jobid, log, "slurm.log")
        if name.startswith("done"):
            shown.filter(finished(jobid))
    end_of_process(shown, 1)  # while it imports, or without room for a log
    failure(shown, "mute", 10, tmp_path / "mute")
    failure(shown, "without", 11)
    os.utime(tmp_path / "of an earlier run", (0, 0))
    first, second, third = shown.failures()
    assert first == f"{tmp_path / 'cats'}: Not pictures: a.png: empty; b.png: bad. Repair them."
    assert second.startswith(f"{tmp_path / 'killed'}: it was stopped from outside by SIGKILL")
    assert third == f"{tmp_path / 'mute'}: it failed and its log does not say why; see the lines above"


def test_of_a_group_those_are_said_that_failed(tmp_path):
    shown = terminal.Terminal()
    stories = {
        "well": "INFO fine",
        "failed": "ERROR a.png: empty",
        "done at the second try": "ERROR full disk",
    }
    for jobid, (name, story) in enumerate(stories.items()):
        log = tmp_path / name
        log.write_text(f"2026-11-28 10:00:00,123 {story}\n")
        failure(shown, name, jobid, log, "slurm.log", indent=True)
    failure(shown, "a", 3, tmp_path / "not begun", indent=True)
    shown.filter(finished(2))
    assert shown.failures() == [f"{tmp_path / 'failed'}: a.png: empty"]


def test_what_jobs_warned_of_is_said_at_the_end(tmp_path):
    shown = terminal.Terminal()
    warnings = {
        "rdms/a.log": "INFO begun\n2026-11-28 10:00:00,123 WARNING a: constant,\n  so NaN\n"
        "2026-11-28 10:00:00,124 INFO done",
        "b.log": "WARNING /x/tmp1.stimulus.py:19: ResourceWarning: Unclosed file",
        "c.log": "ERROR a.png: empty",
        "d.log": "WARNING of an earlier run",
    }
    for name, story in warnings.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"2026-11-28 10:00:00,123 {story}\n")
    os.utime(tmp_path / "d.log", (0, 0))
    assert shown.warnings(str(tmp_path)) == [f"{tmp_path / 'rdms/a.log'}: a: constant, so NaN"]


def test_what_is_undefined_is_said_once_for_all_stimuli(tmp_path):
    shown = terminal.Terminal()
    why = "layer predictions of untrained: some drawn activity is constant"
    for stimulus in ("bikes", "white_noise"):
        story = f"2026-11-28 10:00:00,123 NO_VALUE {stimulus}: {why}\n2026-11-28 10:00:00,124 INFO done\n"
        (tmp_path / f"{stimulus}.log").write_text(story)
    assert shown.undefined(str(tmp_path)) == [f"bikes, white_noise: {why}"]
    assert shown.warnings(str(tmp_path)) == []


class Job(NamedTuple):
    jobid: int
    rule: SimpleNamespace
    wildcards_dict: dict


def test_lines_of_progress_say_what_was_made():
    shown = terminal.Terminal()
    keys = {"stimulus": "bikes", "population": "random", "size": "200"}
    shown.jobs = lambda: [
        Job(33, SimpleNamespace(name="rdms_net"), keys),
        Job(3, SimpleNamespace(name="all"), {}),
    ]
    for jobid, said in ((33, "Finished rdms_net: bikes, random, 200 units"), (3, "Finished all")):
        line = finished(jobid)
        assert shown.filter(line)
        assert line.getMessage() == said


def test_lines_are_added_to_what_is_planned_and_where_nothing_is_to_be_done():
    shown = terminal.Terminal()
    shown.needed, shown.results = (lambda: ["Disk: much"]), (lambda: ["Results: here"])
    shown.nothing_to_do = NOTHING_TO_BE_DONE_MSG
    for line, said in {
        record("Job stats:\n…", event=LogEvent.RUN_INFO, stats={}): "Job stats:\n…\nDisk: much",
        record(NOTHING_TO_BE_DONE_MSG): f"{NOTHING_TO_BE_DONE_MSG}\nResults: here",
    }.items():
        assert shown.filter(line)
        assert line.getMessage() == said


def test_a_mistyped_target_is_named_as_other_names_are(capsys):
    shown = terminal.Terminal()
    shown.targets, shown.asked = ["rdm_gallery", "all"], lambda: ["rdm_galery"]
    wrong = {"event": LogEvent.ERROR, "exception": "MissingRuleException"}
    assert not shown.filter(record("MissingRuleException: …", **wrong))
    said = capsys.readouterr().err
    assert said.startswith("repscape: ")
    says(said, "'rdm_galery' … 'rdm_gallery' … all,")
    shown.asked = lambda: ["results/a.nc"]
    assert shown.filter(record("MissingRuleException: …", **wrong))


def test_progress_of_the_run_is_shown_and_housekeeping_is_not():
    shown = terminal.Terminal()
    assert shown.filter(record("3 of 29 steps (10%) done", event=LogEvent.PROGRESS))
    assert not shown.filter(record("Select jobs to execute..."))
    assert not shown.filter(record("Execute 2 jobs...", event=LogEvent.JOB_STARTED, jobs=[1, 2]))
    assert not shown.filter(record("Provided cores: 2", event=LogEvent.RESOURCES_INFO, cores=2))

"""What the terminal and the log are told of a step: progress, failure, death."""

import logging
import os
import sys
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from repscape.core import logs


class Clock:
    """A clock that advances when told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(logs.time, "monotonic", clock)
    return clock


def work(clock, seconds, items=10):
    """Yield items that each take some seconds."""
    for item in range(items):
        clock.now += seconds
        yield [item]


def lines(caplog):
    return [record.getMessage() for record in caplog.records]


def test_progress_is_logged_every_ten_seconds(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    passed = [item for (item,) in logs.progress(work(clock, 4), "decoding bikes", "images", 10)]
    assert passed == list(range(10))
    assert lines(caplog) == [
        "decoding bikes: 3 of 10 images, 0.25/s, 28 s left",
        "decoding bikes: 6 of 10 images, 0.25/s, 16 s left",
        "decoding bikes: 9 of 10 images, 0.25/s, 4 s left",
        "decoding bikes: 10 images in 40.0 s (0.25/s)",
    ]


def test_a_short_step_logs_one_line(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    list(logs.progress(work(clock, 0), "reading pictures", "images", 10))
    (line,) = lines(caplog)
    assert line.startswith("reading pictures: 10 images in 0.0 s")


def test_items_of_several_units(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    list(logs.progress(iter([b"12345", b"678"]), "downloading x", "B", 8))
    assert lines(caplog)[-1].startswith("downloading x: 8 B in")


def test_no_items(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    assert list(logs.progress(iter([]), "reading pictures", "images", 0)) == []
    assert lines(caplog)[-1].startswith("reading pictures: 0 images in")


def test_no_bar_where_there_is_no_terminal(clock, capsys):
    list(logs.progress(work(clock, 4), "decoding bikes", "images", 10))
    assert capsys.readouterr().err == ""


def test_ctrl_c_during_imports_shows_no_traceback(capsys):
    logs._except_interruption(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""
    logs._except_interruption(ValueError, ValueError("oh"), None)
    assert "ValueError: oh" in capsys.readouterr().err
    assert sys.excepthook is not sys.__excepthook__


def record(message, **attributes):
    made = logging.makeLogRecord({"msg": message, "levelno": logging.ERROR, **attributes})
    made.thread = attributes.get("thread", 1)
    return made


def exception(end):
    return record(
        f"RuleException:\nCalledProcessError in file \"a.smk\", line 2:\nCommand 'python a.py' {end}."
    )


@pytest.mark.parametrize(
    ("end", "name"),
    [
        ("died with <Signals.SIGKILL: 9>", "SIGKILL (the system does so when memory runs out)"),
        ("returned non-zero exit status 137", "SIGKILL (the system does so when memory runs out)"),
        ("died with <Signals.SIGSEGV: 11>", "SIGSEGV"),
    ],
)
def test_a_killed_job_is_told_once(tmp_path, capsys, end, name):
    log = tmp_path / "a.log"
    log.write_text("before\n")
    calm = logs.Calm()
    assert not calm.filter(exception(end))
    calm.filter(record("Error in rule stimulus, jobid: 3", rule_name="stimulus", jobid=3, log=[str(log)]))
    said = capsys.readouterr().err
    assert said == (
        f"repscape: stimulus failed: it was ended from outside by {name}; nothing that it began is kept. "
        f"Run again. [log: {log}]\n"
    )
    assert log.read_text().startswith("before\n")
    assert name in log.read_text()


@pytest.mark.parametrize(
    "end",
    ["returned non-zero exit status 1", "returned non-zero exit status 130", "died with <Signals.SIGINT: 2>"],
)
def test_a_job_that_told_its_story_is_not_told_again(tmp_path, capsys, end):
    calm = logs.Calm()
    assert not calm.filter(exception(end))
    calm.filter(
        record(
            "Error in rule stimulus, jobid: 3", rule_name="stimulus", jobid=3, log=[str(tmp_path / "a.log")]
        )
    )
    assert capsys.readouterr().err == ""


def test_what_failed_is_said_again_at_the_end(tmp_path):
    calm = logs.Calm()
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
    ends = {"killed": "died with <Signals.SIGKILL: 9>", "of an earlier run": "died with <Signals.SIGINT: 2>"}
    for jobid, (name, story) in enumerate(stories.items()):
        log = tmp_path / name
        log.write_text(story)
        if name in ends:
            calm.filter(exception(ends[name]))
        calm.filter(record(f"Error in rule {name}", rule_name=name, jobid=jobid, log=[str(log), "slurm.log"]))
        if name.startswith("done"):
            calm.filter(record(f"Finished jobid: {jobid} (Rule: {name})", job_id=jobid))
    calm.filter(exception("returned non-zero exit status 1"))  # while it imports, or without room for a log
    calm.filter(record("Error in rule mute", rule_name="mute", jobid=10, log=[str(tmp_path / "mute")]))
    calm.filter(record("Error in rule without", rule_name="without", jobid=11, log=[]))
    os.utime(tmp_path / "of an earlier run", (0, 0))
    first, second, third = calm.failures()
    assert first == f"{tmp_path / 'cats'}: Not pictures: a.png: empty; b.png: bad. Repair them."
    assert second.startswith(f"{tmp_path / 'killed'}: it was ended from outside by SIGKILL")
    assert third == f"{tmp_path / 'mute'}: it failed without a word in its log; see above"


def test_of_a_group_those_are_said_that_failed(tmp_path):
    calm = logs.Calm()
    stories = {
        "well": "INFO fine",
        "failed": "ERROR a.png: empty",
        "done at the second try": "ERROR full disk",
    }
    for jobid, (name, story) in enumerate(stories.items()):
        log = tmp_path / name
        log.write_text(f"2026-11-28 10:00:00,123 {story}\n")
        member = {"rule_name": name, "jobid": jobid, "log": [str(log), "slurm.log"], "indent": True}
        calm.filter(record(f"Error in rule {name}", **member))
    calm.filter(
        record("Error in rule", rule_name="a", jobid=3, log=[str(tmp_path / "not begun")], indent=True)
    )
    calm.filter(record("Finished jobid: 2 (Rule: done)", job_id=2))
    assert calm.failures() == [f"{tmp_path / 'failed'}: a.png: empty"]


def test_what_jobs_warned_of_is_said_at_the_end(tmp_path):
    calm = logs.Calm()
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
    assert calm.warnings(str(tmp_path)) == [f"{tmp_path / 'rdms/a.log'}: a: constant, so NaN"]


def test_what_is_undefined_is_said_once_for_all_stimuli(tmp_path):
    calm = logs.Calm()
    why = "layer predictions of untrained: some drawn activity is constant"
    for stimulus in ("bikes", "white_noise"):
        story = f"2026-11-28 10:00:00,123 NO_VALUE {stimulus}: {why}\n2026-11-28 10:00:00,124 INFO done\n"
        (tmp_path / f"{stimulus}.log").write_text(story)
    assert calm.undefined(str(tmp_path)) == [f"bikes, white_noise: {why}"]
    assert calm.warnings(str(tmp_path)) == []


class Job(NamedTuple):
    jobid: int
    rule: SimpleNamespace
    wildcards_dict: dict


def test_lines_of_progress_say_what_was_made():
    calm = logs.Calm()
    keys = {"stimulus": "bikes", "population": "random", "size": "200"}
    calm.jobs = lambda: [
        Job(33, SimpleNamespace(name="rdms_net"), keys),
        Job(3, SimpleNamespace(name="all"), {}),
    ]
    for jobid, said in ((33, "Finished rdms_net: bikes, random, 200 units"), (3, "Finished all")):
        finished = record(f"Finished jobid: {jobid} (Rule: x)", job_id=jobid)
        assert calm.filter(finished)
        assert finished.getMessage() == said
    calm.results = lambda: ["Results: here"]
    nothing = record("Nothing to be done (all requested files are present and up to date).")
    assert calm.filter(nothing)
    assert nothing.getMessage().endswith(".\nResults: here")


def test_a_mistyped_target_is_told_as_other_names_are(capsys):
    calm = logs.Calm()
    calm.targets = ["rdm_gallery", "all"]
    hint = "(if you use input functions make sure that they don't raise unexpected exceptions)."
    assert not calm.filter(record(f"MissingRuleException:\nNo rule to produce rdm_galery {hint}"))
    said = capsys.readouterr().err
    assert said.startswith(
        "repscape: the target 'rdm_galery' is unknown; did you mean 'rdm_gallery'? Valid: all,"
    )
    assert calm.filter(record(f"MissingRuleException:\nNo rule to produce results/a.nc {hint}"))


def test_progress_of_the_run_is_shown():
    assert logs.Calm().filter(record("3 of 29 steps (10%) done"))
    assert not logs.Calm().filter(record("Select jobs to execute..."))

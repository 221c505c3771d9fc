"""What the terminal shows of a run: Snakemake's words, and what jobs said in their logs."""

import glob
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from repscape.core.errors import unknown
from repscape.core.logs import INTERRUPTED, say
from repscape.core.natural_order import natural

MUTE = "it failed and its log does not say why; see the lines above"
# The words of an error in a job's log, perhaps of several lines, up to the next entry.
ENTRY = r"^\d{4}-\S+ \S+ %s (.+?)(?=^\d{4}-\d\d-\d\d |^Traceback|\Z)"
ERRORS, WARNINGS, UNDEFINED = (
    re.compile(ENTRY % kind, re.MULTILINE | re.DOTALL) for kind in ("ERROR", "WARNING", "NO_VALUE")
)
OF_PYTHON = re.compile(r"\S+\.py:\d+: \w+: ")  # what libraries warn of, by file and line
# Snakemake's events that are not shown, and what it says without an event: should these words change, they
# are shown, and nothing else follows from them.
NOT_SHOWN = ("resources_info", "job_started")
HOUSEKEEPING = (
    "Select jobs", "Using shell", "Conda environments: ignored", "Assuming unrestricted",
    "Using workflow specific profile", "WorkflowError:\nAt least one job did not complete",
    "At least one job did not complete", "Exiting because a job", "Removing output files of failed job",
)  # fmt: skip


class Terminal(logging.Filter):
    """Keeps Snakemake's housekeeping from the terminal, so that its progress and our mistakes stand out.

    A script that failed has said why (see `job.run`), so the exception that Snakemake adds for it is left out
    as well. Of one that was killed it is said here; of all of them, once more, by `failures`.
    """

    def __init__(self):  # noqa: D107
        super().__init__()
        self.targets: Iterable[str] = ()  # that exist
        self.asked: Callable[[], Iterable[str]] = tuple  # targets of the run that no rule has as its name
        self.jobs: Callable[[], Iterable] = tuple  # of the run
        self.needed: Callable[[], Iterable[str]] = tuple  # by the plan: disk and memory, in lines
        self.results: Callable[[], Iterable[str]] = tuple  # where they are, in lines
        self.nothing_to_do = ""  # what Snakemake says where nothing is to be done
        self._names: dict[int, str] = {}  # of jobs
        self._killed: dict[int | None, str] = {}  # how the last job of a thread ended
        self._failed: dict[int, tuple[str, bool]] = {}  # the log of each job, whether it was one of a group
        self._began = time.time()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to show a record."""
        event = vars(record).get("event")
        if event == "error":
            return self._of_error(record)
        if event == "job_error":
            self._of_failure(record)
        elif event == "job_finished":  # perhaps at another try
            self._failed.pop(vars(record)["job_id"], None)
            self._show_what(record)
        elif event == "run_info" and "stats" in vars(record):
            record.msg, record.args = "\n".join([record.getMessage(), *self.needed()]), None
        elif self.nothing_to_do and record.msg == self.nothing_to_do:
            record.msg, record.args = "\n".join([record.getMessage(), *self.results()]), None
        return event not in NOT_SHOWN and not record.getMessage().startswith(HOUSEKEEPING)

    def _of_error(self, record: logging.LogRecord) -> bool:
        """Return whether to show an error of Snakemake's; the end of a job's process is noted."""
        name = vars(record).get("exception")
        wrong = [target for target in self.asked() if "/" not in target]
        if name == "MissingRuleException" and wrong:
            for target in wrong:
                say(f"repscape: the target {unknown(target, self.targets)} To ask for a file, give its path.")
            return False
        status = _status(sys.exc_info()[1]) if name == "RuleException" else None
        if status is not None:
            self._killed[record.thread] = _signal(status)
        return status is None and not record.getMessage().startswith(HOUSEKEEPING)

    def _of_failure(self, record: logging.LogRecord) -> None:
        """Note a job that has failed; say of one that was killed that it was."""
        killed, files = self._killed.pop(record.thread, ""), vars(record).get("log")
        if files and killed != "SIGINT":  # which is the user's Ctrl-C
            self._failed[vars(record)["jobid"]] = files[0], vars(record).get("indent", False)
            if killed:
                _say_killed(vars(record)["rule_name"], files[0], killed)

    def _show_what(self, record: logging.LogRecord) -> None:
        """Let the line of a job that has ended say what it made, which Snakemake says by a number."""
        if not self._names:
            self._names.update(
                {job.jobid: describe(job.rule.name, job.wildcards_dict) for job in self.jobs()}
            )
        if found := self._names.get(vars(record)["job_id"]):
            record.msg, record.args = f"Finished {found}", None

    def failures(self) -> list[str]:
        """Say which jobs have failed so far, unless they were done at another try, and why: a line each."""
        lines = []
        for log, grouped in self._failed.values():
            # of a group that went to a cluster Snakemake names all members, also those that did well
            error = _last_error(log, self._began) or ("" if grouped else MUTE)
            if error not in ("", INTERRUPTED):
                lines.append(f"{log}: {error}")
        return lines

    def warnings(self, folder: str) -> list[str]:
        """Say of what jobs of this run warned in their logs below a folder: a line each."""
        return [
            f"{log}: {warning}"
            for log in _logs(folder)
            for warning in _entries(log, WARNINGS, self._began)
            if not OF_PYTHON.match(warning)
        ]

    def undefined(self, folder: str) -> list[str]:
        """Say what is undefined, by jobs of this run: a line for all stimuli of which the same is said."""
        found: dict[str, dict[str, None]] = {}
        for log in _logs(folder):
            for entry in _entries(log, UNDEFINED, self._began):
                stimulus, _, what = entry.partition(": ")
                found.setdefault(what, {})[stimulus] = None
        return [f"{', '.join(stimuli)}: {what}" for what, stimuli in found.items()]


def _say_killed(rule: str, log: str, killed: str) -> None:
    """Say that a job was ended from outside, on the terminal and in its log."""
    why = " (the system does this when memory runs out)" if killed == "SIGKILL" else ""
    story = f"it was stopped from outside by {killed}{why}; unfinished files are removed"
    with suppress(OSError), open(log, "a", encoding="utf-8") as stream:
        stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR {story}\n")
    say(f"repscape: {rule} failed: {story}. Run the same command again. [log: {log}]")


def describe(rule: str, wildcards: Mapping[str, str]) -> str:
    """Say what a job makes: its rule, and what stands for the wildcards in its files' names."""
    units = {"size": "{} units", "shard": "part {}"}
    named = [units.get(key, "{}").format(value) for key, value in wildcards.items()]
    return f"{rule}: {', '.join(named)}" if named else rule


def _logs(folder: str) -> list[str]:
    """Return the logs below a folder, in natural order."""
    return sorted(glob.glob(f"{glob.escape(folder)}/**/*.log", recursive=True), key=natural)


def _last_error(log: str, since: float) -> str:
    """Return the last error in a job's log of this run, in one line; "" if there is none."""
    return (_entries(log, ERRORS, since) or [""])[-1]


def _entries(log: str, kind: re.Pattern, since: float) -> list[str]:
    """Return the entries of a kind in a job's log of this run, each in one line."""
    with suppress(OSError):
        if os.stat(log).st_mtime >= since:
            with open(log, encoding="utf-8", errors="replace") as stream:
                found = kind.findall(stream.read())
            return [
                re.sub(r"([:;,.])?\s*\n\s*", lambda end: f"{end[1] or ';'} ", entry.strip())
                for entry in found
            ]
    return []


def _status(error: BaseException | None) -> int | None:
    """Return the exit status of the process whose end an exception reports; None if it reports none."""
    while error is not None and not isinstance(error, subprocess.CalledProcessError):
        error = error.__cause__ or error.__context__
    return None if error is None else error.returncode


def _signal(status: int) -> str:
    """Name the signal that ended a process, of which a shell says 128 more; "" if none did."""
    number = -status if status < 0 else status - 128
    with suppress(ValueError):
        return signal.Signals(number).name
    return ""

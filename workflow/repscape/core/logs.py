"""The words of a run: how far a job is, and what the terminal shows of it."""

import glob
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from shutil import get_terminal_size

from repscape.core.errors import unknown
from repscape.core.natural_order import natural

logger = logging.getLogger("repscape")

INTERRUPTED = "interrupted"
MUTE = "it failed without a word in its log; see above"
# The words of an error in a job's log, perhaps of several lines, up to the next entry.
ENTRY = r"^\d{4}-\S+ \S+ %s (.+?)(?=^\d{4}-\d\d-\d\d |^Traceback|\Z)"
NO_VALUE = 25  # the level of what is undefined for what it is of, as constant activity: no mistake
logging.addLevelName(NO_VALUE, "NO_VALUE")
ERRORS, WARNINGS, UNDEFINED = (
    re.compile(ENTRY % kind, re.MULTILINE | re.DOTALL) for kind in ("ERROR", "WARNING", "NO_VALUE")
)
OF_PYTHON = re.compile(r"\S+\.py:\d+: \w+: ")  # what libraries warn of, by file and line


def _except_interruption(kind, error, traceback) -> None:
    """Show no traceback of Ctrl-C, which may come while a script still imports."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _except_interruption


def progress(items: Iterable, what: str, unit: str, total: int, size=len) -> Iterator:
    """Pass items through while showing how many are done, the rate and the time left.

    A terminal gets a bar (after two seconds: short steps stay quiet); the log gets a line every
    ten seconds and one at the end.

    Parameters
    ----------
    items : iterable
    what : str
        The step, for example ``"decoding bikes"``.
    unit : str
        What is counted, for example ``"images"`` or ``"B"``.
    total : int
        How many units there are in all.
    size : callable
        How many units an item holds (by default its length).
    """
    from tqdm import tqdm

    columns, rows = get_terminal_size()  # a guess where the terminal does not say: tqdm would show nothing
    done, started = 0, time.monotonic()
    told = started
    bar = tqdm(
        total=total,
        desc=what,
        unit=unit if unit == "B" else f" {unit}",
        unit_scale=unit == "B",
        delay=2,
        leave=False,
        ncols=columns,
        nrows=rows,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        for item in items:
            yield item
            done += size(item)
            bar.update(size(item))
            now = time.monotonic()
            if now - told > 10 and done < total:
                told = now
                rate = done / (now - started)
                left = (total - done) / rate
                logger.info("%s: %d of %d %s, %.3g/s, %.0f s left", what, done, total, unit, rate, left)
    seconds = time.monotonic() - started
    logger.info("%s: %d %s in %.1f s (%.3g/s)", what, done, unit, seconds, done / max(seconds, 1e-9))


class Calm(logging.Filter):
    """Keeps Snakemake's housekeeping from the terminal, so that its progress and our mistakes stand out.

    A script that failed has told its own story (see `job.run`), so the exception that Snakemake adds
    for it is left out as well. The story of one that was killed is told here; all of them, once more, by
    `failures`.
    """

    NOISE = re.compile(
        r"Execute \d+ jobs|Select jobs|Rules claiming|Using shell|Provided |Conda environments: ignored"
        r"|Assuming unrestricted|Using workflow specific profile|RuleException:\nCalledProcessError"
        r"|(WorkflowError:\n)?At least one job did not complete|Exiting because a job"
        r"|Removing output files of failed job"
    )
    NO_TARGET = re.compile(r"MissingRuleException:\s+No rule to produce ([^\s/]+) ")
    KILLED = re.compile(r"died with <Signals\.(\w+)|non-zero exit status (\d+)\.$")

    def __init__(self):  # noqa: D107
        super().__init__()
        self.targets: Iterable[str] = ()  # that there are
        self.jobs: Callable[[], Iterable] = tuple  # of the run
        self.needed: Callable[[], Iterable[str]] = tuple  # by the plan: disk and memory, in lines
        self.results: Callable[[], Iterable[str]] = tuple  # where they are, in lines
        self._names: dict[int, str] = {}  # of jobs
        self._killed: dict[int | None, str] = {}  # how the last job of a thread ended
        self._failed: dict[int, tuple[str, bool]] = {}  # the log of each job, whether it was one of a group
        self._began = time.time()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to show a record."""
        message = record.getMessage()
        if match := self.NO_TARGET.match(message):
            say(f"repscape: the target {unknown(match[1], self.targets)} A file is asked for by its path.")
            return False
        if message.startswith("RuleException") and (match := self.KILLED.search(message)):
            self._killed[record.thread] = match[1] or _signal(int(match[2]))
        elif message.startswith("Error in rule"):
            killed, files = self._killed.pop(record.thread, ""), getattr(record, "log", None)
            if files and killed != "SIGINT":  # which is the user's Ctrl-C
                self._failed[vars(record)["jobid"]] = files[0], vars(record).get("indent", False)
                self._tell(vars(record)["rule_name"], files[0], killed)
        elif message.startswith("Finished jobid"):  # perhaps at another try
            self._failed.pop(vars(record)["job_id"], None)
            self._show_what(record)
        elif message.startswith("Job stats"):
            record.msg, record.args = "\n".join([message, *self.needed()]), None
        elif message.startswith("Nothing to be done"):
            record.msg, record.args = "\n".join([message, *self.results()]), None
        return not self.NOISE.match(message)

    def failures(self) -> list[str]:
        """Say which jobs have failed so far, unless they were done at another try, and why: a line each."""
        told = []
        for log, grouped in self._failed.values():
            # of a group that went to a cluster Snakemake names all members, also those that did well
            error = _last_error(log, self._began) or ("" if grouped else MUTE)
            if error not in ("", INTERRUPTED):
                told.append(f"{log}: {error}")
        return told

    def warnings(self, folder: str) -> list[str]:
        """Say of what jobs of this run warned in their logs below a folder: a line each."""
        told = []
        for log in _logs(folder):
            for warning in _entries(log, WARNINGS, self._began):
                if not OF_PYTHON.match(warning):
                    told.append(f"{log}: {warning}")
        return told

    def undefined(self, folder: str) -> list[str]:
        """Say what is undefined, by jobs of this run: a line for all stimuli of which the same is said."""
        found: dict[str, dict[str, None]] = {}
        for log in _logs(folder):
            for entry in _entries(log, UNDEFINED, self._began):
                stimulus, _, what = entry.partition(": ")
                found.setdefault(what, {})[stimulus] = None
        return [f"{', '.join(stimuli)}: {what}" for what, stimuli in found.items()]

    def _show_what(self, record: logging.LogRecord) -> None:
        """Let the line of a job that has ended say what it made, which Snakemake says by a number."""
        if not self._names:
            self._names.update(
                {job.jobid: describe(job.rule.name, job.wildcards_dict) for job in self.jobs()}
            )
        if found := self._names.get(vars(record)["job_id"]):
            record.msg, record.args = f"Finished {found}", None

    @staticmethod
    def _tell(rule: str, log: str, killed: str) -> None:
        if not killed:
            return
        why = " (the system does so when memory runs out)" if killed == "SIGKILL" else ""
        story = f"it was ended from outside by {killed}{why}; nothing that it began is kept"
        with suppress(OSError), open(log, "a", encoding="utf-8") as stream:
            stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR {story}\n")
        say(f"repscape: {rule} failed: {story}. Run again. [log: {log}]")


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


def _signal(status: int) -> str:
    """Name the signal that an exit status stands for; '' if it stands for none."""
    return signal.Signals(status - 128).name if status > 128 else ""


def say(line: str) -> None:
    """Show a line on the terminal, in one piece: several jobs write to it."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()

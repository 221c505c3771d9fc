"""The words of a run: how far a job is, and what the terminal shows of it."""

import logging
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from shutil import get_terminal_size

logger = logging.getLogger("repscape")


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

    A script that failed has told its own story (see `job`), so the exception that Snakemake adds
    for it is left out as well. The story of one that was killed is told here.
    """

    NOISE = re.compile(
        r"Execute \d+ jobs|Select jobs|Rules claiming|Using shell|Provided |Conda environments: ignored"
        r"|Assuming unrestricted|Using workflow specific profile|RuleException:\nCalledProcessError"
        r"|(WorkflowError:\n)?At least one job did not complete|Exiting because a job"
        r"|Removing output files of failed job"
    )
    KILLED = re.compile(r"died with <Signals\.(\w+)|non-zero exit status (\d+)\.$")

    def __init__(self):  # noqa: D107
        super().__init__()
        self._killed: dict[int | None, str] = {}  # how the last job of a thread ended

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to show a record."""
        message = record.getMessage()
        if message.startswith("RuleException") and (match := self.KILLED.search(message)):
            self._killed[record.thread] = match[1] or _signal(int(match[2]))
        elif message.startswith("Error in rule"):
            self._tell(record, self._killed.pop(record.thread, ""))
        return not self.NOISE.match(message)

    @staticmethod
    def _tell(record: logging.LogRecord, killed: str) -> None:
        logs = getattr(record, "log", None)
        if not killed or killed == "SIGINT" or not logs:
            return
        why = " (the system does so when memory runs out)" if killed == "SIGKILL" else ""
        story = f"it was ended from outside by {killed}{why}; nothing that it began is kept"
        with suppress(OSError), open(logs[0], "a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR {story}\n")
        say(f"repscape: {vars(record)['rule_name']} failed: {story}. Run again. [log: {logs[0]}]")


def _signal(status: int) -> str:
    """Name the signal that an exit status stands for; '' if it stands for none."""
    return signal.Signals(status - 128).name if status > 128 else ""


def say(line: str) -> None:
    """Show a line on the terminal."""
    print(line, file=sys.stderr, flush=True)

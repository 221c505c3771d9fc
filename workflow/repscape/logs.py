"""Where a job's words go: everything into its log, one helpful line to the terminal."""

import logging
import os
import re
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import get_terminal_size

from repscape.errors import RepscapeError

logger = logging.getLogger("repscape")

_GRACE = 2  # seconds


def _except_interruption(kind, error, traceback) -> None:
    """Show no traceback of Ctrl-C, which may come while a script still imports."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _except_interruption


@contextmanager
def job(snakemake) -> Iterator[None]:
    """Run a script's body: log warnings and tracebacks to the rule's log, end with one line.

    Exits with status 1 on any error. Of a `RepscapeError` the terminal gets the message, of
    anything else the exception's name and where the traceback is.
    """
    log = Path(snakemake.log[0])
    handler = _open(log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    logger.setLevel(logging.INFO)
    logging.captureWarnings(True)
    warnings.simplefilter("default")
    wildcards = ", ".join(f"{key}={value}" for key, value in snakemake.wildcards.items())
    step = f"{snakemake.rule} ({wildcards})" if wildcards else snakemake.rule
    _end_with_the_run()
    try:
        yield
    except KeyboardInterrupt:  # Snakemake says it for all jobs
        logger.error("interrupted")
        sys.exit(130)
    except RepscapeError as error:
        logger.error("%s", error, exc_info=error.__cause__)
        _say(f"repscape: {step} failed: {error} [log: {log}]")
        sys.exit(1)
    except Exception as error:
        logger.exception("unexpected error")
        _say(
            f"repscape: {step} failed unexpectedly: {type(error).__name__}: {error}. "
            f"The traceback is in {log}."
        )
        sys.exit(1)
    finally:
        root.removeHandler(handler)
        handler.close()


class _Log(logging.FileHandler):
    """Stays quiet on a full disk: the job fails of that itself, and its line is for the terminal as well."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        with suppress(OSError):
            super().close()


def _open(log: Path) -> logging.Handler:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return _Log(log, mode="w", encoding="utf-8")
    except OSError:
        return logging.NullHandler()


def _end_with_the_run() -> None:
    """End this process when the Snakemake that started it is killed (Linux alone can tell).

    Otherwise the job would go on, and might put its files, perhaps of an older config, in the place of those
    that a later run has made.
    """
    try:
        run = os.pidfd_open(int(os.environ["REPSCAPE_RUN"]))
    except (KeyError, AttributeError, OSError):
        return

    def wait():
        select.select([run], [], [])
        logger.error("Snakemake was ended from outside, so this job ends")
        os.kill(os.getpid(), signal.SIGINT)  # and its temporary files go
        time.sleep(_GRACE)
        os.kill(os.getpid(), signal.SIGKILL)  # a shell's background jobs ignore SIGINT

    threading.Thread(target=wait, daemon=True).start()


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
        _say(f"repscape: {vars(record)['rule_name']} failed: {story}. Run again. [log: {logs[0]}]")


def _signal(status: int) -> str:
    """Name the signal that an exit status stands for; '' if it stands for none."""
    return signal.Signals(status - 128).name if status > 128 else ""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

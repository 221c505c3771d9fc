"""A job: one process, which runs one script. Here alone the process itself is changed, and only in a job.

Scripts import this first. In a script of Snakemake's, which has an object `snakemake`, the import begins the
job: from then on it ends with the run that started it, Ctrl-C shows no traceback, and Python looks for no
garbage. Until `run` begins, scripts only import: what that makes stays, so Python need not look for garbage
in it, which takes a fifth of torch's import, nor take it apart at the end, which takes half a second more.
Elsewhere the import changes nothing.
"""

import ctypes
import gc
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from repscape.core import run as whose
from repscape.core.errors import RepscapeError, gpu_memory_ran_out, in_words, raised_in
from repscape.core.logs import INTERRUPTED, logger, say

_GRACE = 2  # seconds
INTERRUPTED_STATUS = 130

# What glibc's malloc.h numbers so, and what they are by themselves once large blocks were freed.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_USUAL = {_TRIM_THRESHOLD: 2**26, _MMAP_THRESHOLD: 2**25, _MMAP_MAX: 65_536}


def _begin() -> None:
    """Begin a job, before its script imports anything else."""
    gc.disable()
    whose.without_file_locks()
    sys.excepthook = _except_interruption
    whose.watch(_end)


def _except_interruption(kind, error, traceback) -> None:
    """Show no traceback of Ctrl-C, which may come while a script still imports."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)


def _end() -> None:
    """End this process: Snakemake, which started it, was killed.

    Otherwise the job would go on, and might put its files, perhaps of an older config, in the place of those
    that a later run has made.
    """
    if not whose.in_job:  # it imports: nothing has begun
        os._exit(INTERRUPTED_STATUS)
    logger.error("Snakemake was stopped from outside, so this job stops")
    os.kill(os.getpid(), signal.SIGINT)  # and its temporary files go
    time.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)  # a shell's background jobs ignore SIGINT


if hasattr(sys.modules["__main__"], "snakemake"):
    _begin()


@contextmanager
def run(snakemake) -> Iterator[None]:
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
    whose.in_job = True
    gc.freeze()
    gc.enable()
    try:
        yield
    except KeyboardInterrupt:  # Snakemake says it for all jobs
        logger.error(INTERRUPTED)
        sys.exit(INTERRUPTED_STATUS)
    except RepscapeError as error:
        logger.error("%s", error, exc_info=error.__cause__)
        say(f"repscape: {step} failed: {error} [log: {log}]")
        sys.exit(1)
    except (Exception, SystemExit) as error:  # also of status 0: what the job makes is not there
        what, where = in_words(error), raised_in(error, whose.plugin_folders())
        logger.exception("unexpected %s", f"{where}: {what}" if where else what)
        if gpu_memory_ran_out(error):
            what = (
                f"the GPU ran out of memory ({str(error).splitlines()[0]}). Free memory on it "
                "(`nvidia-smi` lists the programs that use it), use smaller batches or smaller images, or "
                "set device: cpu"
            )
        how = f"failed in {where}" if where else "failed unexpectedly"
        say(f"repscape: {step} {how}: {what}. The traceback is in {log}.")
        sys.exit(1)
    finally:
        whose.in_job = False
        root.removeHandler(handler)
        handler.close()
        gc.freeze()


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


@contextmanager
def keeping_freed_memory() -> Iterator[None]:
    """Have glibc keep the large blocks that are freed meanwhile for their next use.

    It would give each back to the system, which clears every page that it gives anew: that took 5 to
    7 % of a recording on a virtual machine. What is kept lies in pieces that do not always fit, so that more
    is taken than is used at once. Other C libraries go on as they do, and processes that are no jobs.
    """
    library = ctypes.CDLL(None)
    if not whose.in_job or not hasattr(library, "mallopt"):
        yield
        return
    for parameter, value in {_MMAP_MAX: 0, _TRIM_THRESHOLD: -1}.items():
        library.mallopt(parameter, value)
    try:
        yield
    finally:
        for parameter, value in _USUAL.items():
            library.mallopt(parameter, value)
        library.malloc_trim(0)

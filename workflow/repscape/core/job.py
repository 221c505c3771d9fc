"""A job: one process, which runs one script.

Scripts import this first. Until `run` begins they only import: what that makes stays, so Python need not look
for garbage in it, which takes a fifth of torch's import, nor take it apart at the end, which takes half a
second more. From here on, not only when imports are done, it ends with the run that started it.
"""

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

gc.disable()


def _end() -> None:
    """End this process: Snakemake, which started it, was killed.

    Otherwise the job would go on, and might put its files, perhaps of an older config, in the place of those
    that a later run has made.
    """
    if not whose.in_job:  # it imports: nothing has begun
        os._exit(INTERRUPTED_STATUS)
    logger.error("Snakemake was ended from outside, so this job ends")
    os.kill(os.getpid(), signal.SIGINT)  # and its temporary files go
    time.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)  # a shell's background jobs ignore SIGINT


whose.watch(_end)


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
    except Exception as error:
        what, where = in_words(error), raised_in(error, whose.plugin_folders())
        logger.exception("unexpected %s", f"{where}: {what}" if where else what)
        if gpu_memory_ran_out(error):
            what = (
                f"the GPU's memory ran out ({str(error).splitlines()[0]}). Free memory on it (nvidia-smi "
                "says who uses it), take smaller batches or smaller images, or set device: cpu"
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

"""One process at a time fills a folder of the cache; the others wait, and say for which.

A lock is released when its process ends, but not when that is stopped (Ctrl-Z, a suspended batch job, a
frozen container). So the process that has it writes signs of life beside it; if these stop, the next in the
queue goes on without it, under the next lock. Should the stopped one go on, too, nothing is lost: files get
their names when they are whole and verified.
"""

import errno
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from repscape.core.logs import say

# what file systems say that have no locks; 524 is Linux's name for a lack of support
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, 524}


@contextmanager
def turn(folder: Path, patience: float = 5, beat: float = 2, dead: float = 90) -> Iterator[None]:
    """Wait for this process's turn in a folder, which is made if need be.

    Parameters
    ----------
    folder : path
    patience : float
        Seconds of waiting, after which that is reported.
    beat : float
        Seconds from one sign of life to the next.
    dead : float
        Seconds without one, after which it is not waited any longer; NFS may show what is written a minute
        later.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    number = max([0, *(int(found[1]) for name in os.listdir(folder) if (found := _NUMBERED.fullmatch(name)))])
    began = since = time.monotonic()
    seen, reported = _sign(folder, number), False
    while True:
        lock = FileLock(_lock_file(folder, number))
        try:
            lock.acquire(timeout=min(0.5, dead))
            break
        except Timeout:
            now, sign = time.monotonic(), _sign(folder, number)
            if sign and sign != seen:  # "" while it is written
                seen, since = sign, now
            holder = f"process {seen.rpartition(' ')[0]}" if seen else "another process"
            if not reported and now - began > patience:
                reported = True
                say(f"repscape: {holder} is writing to {folder}, waiting until it has finished")
            if now - since > dead:
                say(
                    f"repscape: {holder} has shown no sign of life for {now - since:.0f} s (was it "
                    f"stopped?), continuing in {folder} without it"
                )
                number, since = number + 1, now
                seen = _sign(folder, number)
        except (NotImplementedError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in NO_LOCKS:
                raise
            yield  # no locks on this disk: two may do the same work
            return
    done = Event()
    thread = Thread(target=_live, args=(_sign_file(folder, number), done, beat), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        lock.release()
        for left in range(number):  # of those that are stopped, or, where a lock is a mere file, dead
            with suppress(OSError):
                _lock_file(folder, left).unlink(missing_ok=True)
                _sign_file(folder, left).unlink(missing_ok=True)


def _lock_file(folder: Path, number: int) -> Path:
    return folder / (f".lock.{number}" if number else ".lock")


_NUMBERED = re.compile(r"\.lock\.(\d+)")


def _live(file: Path, done: Event, beat: float) -> None:
    """Show signs of life until it is done."""
    count = 0
    while True:
        with suppress(OSError):  # such as a full disk, which the process itself reports
            file.write_text(f"{os.getpid()} on {socket.gethostname()} {count}")
        count += 1
        if done.wait(beat):
            with suppress(OSError):
                file.unlink(missing_ok=True)
            return


def _sign_file(folder: Path, number: int) -> Path:
    return folder / f".alive.{number}"


def _sign(folder: Path, number: int) -> str:
    """Return the last sign of life of the process that has a lock, "" if there is none."""
    with suppress(OSError):
        return _sign_file(folder, number).read_text()
    return ""

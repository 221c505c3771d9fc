"""The run that a job belongs to: the process of Snakemake that began it.

A process number alone does not name a process, since numbers are used again: its start, the boot of the
machine and the space of process numbers (of a container) belong to its name. Linux alone tells these;
elsewhere, and of a run on another machine, nothing is known.
"""

import os
import select
import threading
from collections.abc import Callable

# Of the environment, in which jobs find the name of their run, and the folders of the user's plugins
VARIABLE = "REPSCAPE_RUN"
PLUGINS = "REPSCAPE_PLUGINS"

# Of HDF5, of which netCDF4 and h5py bring one each: it locks what it opens, and fails where a file system has
# no locks. It looks when it is first used.
LOCKING = "HDF5_USE_FILE_LOCKING"

in_job = False  # whether this process is a job of a run: `job.run` says it


def plugin_folders() -> list[str]:
    """Return the folders of the user's plugins."""
    return list(filter(None, os.environ.get(PLUGINS, "").split(os.pathsep)))


def without_file_locks() -> None:
    """Let HDF5 lock no files: they are renamed when they are complete, so that none is needed."""
    os.environ.setdefault(LOCKING, "FALSE")


def name_of(pid: int) -> str:
    """Name a process so that no other has the name; "" if that cannot be done, or the process has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, *fields = file.read().rpartition(")")[2].split()
        return "" if state in "ZXx" else f"{pid} {fields[18]} {_place()}"
    except OSError:
        return ""


def _place() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"


def is_over() -> bool:
    """Whether the run that began this process has ended; False also where that is not known."""
    name = os.environ.get(VARIABLE, "")
    pid = _pid(name)
    return pid is not None and name_of(pid) != name


def _pid(name: str) -> int | None:
    """Return the number of a process that this machine knows by name."""
    pid, _, rest = name.partition(" ")
    try:
        return int(pid) if rest.partition(" ")[2] == _place() else None
    except (ValueError, OSError):
        return None


def watch(when_over: Callable[[], None]) -> None:
    """Call a function, in a thread, when the run that began this process has ended; at once if it has."""
    pid = _pid(os.environ.get(VARIABLE, ""))
    if pid is None:
        return
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        when_over()
        return
    except (AttributeError, OSError):  # a system that cannot watch
        return
    if is_over():  # the number is another's by now
        when_over()
        return

    def wait() -> None:
        select.select([watched], [], [])
        when_over()

    threading.Thread(target=wait, daemon=True).start()

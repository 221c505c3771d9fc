"""One process at a time; of one that is stopped the others take over."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from repscape.io import cache_lock

HOLD = """
import sys, time
from pathlib import Path
from repscape.io import cache_lock
with cache_lock.turn(Path(sys.argv[1]), beat=0.05):
    print("mine", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """A process whose turn it is."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as process:
        assert process.stdout.readline() == "mine\n"
        sign = tmp_path / ".alive.0"
        while not (sign.exists() and sign.read_text()):  # its thread may not have begun
            time.sleep(0.01)
        yield process
        process.kill()


@pytest.fixture(params=[90])
def waits(tmp_path, request):
    """A thread of this process that waits for its turn, and what says when it has had it."""
    had = threading.Event()

    def wait():
        with cache_lock.turn(tmp_path, patience=0.1, dead=request.param):
            had.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield had
    thread.join(10)


def test_after_another_and_says_so(holder, waits, capsys, tmp_path):
    said, until = "", time.monotonic() + 20
    while not said and time.monotonic() < until:
        time.sleep(0.1)
        said = capsys.readouterr().err
    time.sleep(0.7)
    said += capsys.readouterr().err
    assert not waits.is_set()
    assert said.count("\n") == 1
    assert f"process {holder.pid} on" in said
    assert str(tmp_path) in said
    holder.communicate("\n")
    assert waits.wait(5)


@pytest.mark.parametrize("waits", [0.6], indirect=True)
def test_takes_over_from_one_that_is_stopped(holder, waits, capsys, tmp_path):
    os.kill(holder.pid, signal.SIGSTOP)
    assert waits.wait(10)
    assert f"process {holder.pid} on" in capsys.readouterr().err
    with cache_lock.turn(tmp_path):  # the next need not wait for it
        pass
    assert not (tmp_path / ".lock").exists()
    assert "no sign" not in capsys.readouterr().err
    os.kill(holder.pid, signal.SIGCONT)
    holder.communicate("\n")
    assert holder.returncode == 0


def test_one_that_was_killed_is_not_waited_for(holder, waits):
    holder.kill()
    assert waits.wait(5)


@pytest.mark.parametrize("error", [NotImplementedError(), OSError(errno.ENOLCK, ""), OSError(524, "")])
def test_a_disk_without_locks(tmp_path, monkeypatch, error):
    import filelock

    def refuse(*arguments, **keywords):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with cache_lock.turn(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
    error = PermissionError(errno.EACCES, "no")
    with pytest.raises(PermissionError), cache_lock.turn(tmp_path / "new"):
        pass

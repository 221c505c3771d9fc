"""A job's process: what it says and where, when it ends, and when Python looks for garbage."""

import gc
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

from repscape.core import job
from repscape.core import run as whose
from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.io import netcdf


@pytest.fixture(autouse=True)
def undone():
    """What a job changes in its process is as before for other tests."""
    level = logger.level
    with warnings.catch_warnings():
        yield
    logging.captureWarnings(False)
    logger.setLevel(level)
    gc.unfreeze()


@pytest.fixture
def snakemake(tmp_path):
    return SimpleNamespace(
        log=[str(tmp_path / "logs/step.log")], rule="stimulus", wildcards={"stimulus": "bikes"}
    )


def log_of(snakemake):
    with open(snakemake.log[0], encoding="utf-8") as log:
        return log.read()


def test_a_mistake_is_one_line_and_its_cause_is_in_the_log(snakemake, capsys):
    mistake = DataError("a.png: empty (0 bytes). Leave it out.")
    mistake.__cause__ = ValueError("deep inside")
    with pytest.raises(SystemExit) as end, job.run(snakemake):
        raise mistake
    assert end.value.code == 1
    log = snakemake.log[0]
    assert capsys.readouterr().err == (
        f"repscape: stimulus (stimulus=bikes) failed: a.png: empty (0 bytes). Leave it out. [log: {log}]\n"
    )
    assert "a.png: empty" in log_of(snakemake)
    assert "ValueError: deep inside" in log_of(snakemake)


def test_a_bug_is_one_line_and_its_traceback_is_in_the_log(snakemake, capsys):
    with pytest.raises(SystemExit), job.run(snakemake):
        raise KeyError("oh")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("repscape: stimulus (stimulus=bikes) failed unexpectedly: KeyError: 'oh'.")
    assert snakemake.log[0] in said
    assert "Traceback (most recent call last)" in log_of(snakemake)


@pytest.mark.parametrize("status", [0, 1, None, "over"])
def test_code_that_ends_python_has_not_done_the_job(snakemake, capsys, status):
    with pytest.raises(SystemExit) as end, job.run(snakemake):
        sys.exit(status)
    assert end.value.code == 1
    assert "SystemExit" in capsys.readouterr().err
    assert "SystemExit" in log_of(snakemake)


def test_memory_of_a_gpu_that_runs_out_anywhere_is_told(snakemake, capsys):
    with pytest.raises(SystemExit), job.run(snakemake):
        raise RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later")
    said = capsys.readouterr().err
    assert "failed unexpectedly: the GPU ran out of memory (CUDA error: out of memory). Free memory" in said
    assert said.count("\n") == 1


def test_a_users_plugin_that_fails_is_named_with_its_line(snakemake, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("REPSCAPE_PLUGINS", f"{tmp_path / 'lab'}:{tmp_path / 'other'}")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/mine.py").write_text("def compute():\n    return [][3]\n")
    defined = {}
    exec(compile((tmp_path / "lab/mine.py").read_text(), tmp_path / "lab/mine.py", "exec"), defined)
    with pytest.raises(SystemExit), job.run(snakemake):
        defined["compute"]()
    said = capsys.readouterr().err
    assert f"failed in {tmp_path / 'lab/mine.py'}:2: IndexError: list index out of range" in said
    assert said.count("\n") == 1
    assert "Traceback" in log_of(snakemake)


def test_ctrl_c_during_imports_shows_no_traceback(capsys):
    job._except_interruption(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""
    job._except_interruption(ValueError, ValueError("oh"), None)
    assert "ValueError: oh" in capsys.readouterr().err


def test_an_interruption_is_left_to_snakemake(snakemake, capsys):
    with pytest.raises(SystemExit) as end, job.run(snakemake):
        raise KeyboardInterrupt
    assert end.value.code == 130
    assert capsys.readouterr().err == ""
    assert "interrupted" in log_of(snakemake)


JOB = """
import sys, time
from types import SimpleNamespace
snakemake = SimpleNamespace(log=[sys.argv[1]], wildcards={}, rule="step")
from repscape.core import job
from repscape.io import netcdf
log, path = sys.argv[1:]
with job.run(snakemake), netcdf.replacing(path) as temporary:
    temporary.write_text("half")
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells")
@pytest.mark.parametrize("interruptible", [True, False])
def test_a_job_ends_with_the_run_that_started_it(tmp_path, interruptible):
    run = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    handler = signal.default_int_handler if interruptible else signal.SIG_IGN
    with subprocess.Popen(
        [sys.executable, "-c", JOB, str(tmp_path / "job.log"), str(tmp_path / "file")],
        env=os.environ | {"REPSCAPE_RUN": whose.name_of(run.pid)},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
    ) as job:
        assert job.stdout.readline() == "begun\n"
        time.sleep(0.2)
        assert job.poll() is None
        run.kill()
        run.wait()
        assert job.wait(20) == (130 if interruptible else -signal.SIGKILL)
    assert "Snakemake was stopped from outside" in (tmp_path / "job.log").read_text()
    assert not (tmp_path / "file").exists()
    assert not interruptible or not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("run", [{}, {"REPSCAPE_RUN": "999999999"}])
def test_a_job_without_a_run_just_works(tmp_path, run, monkeypatch):
    monkeypatch.delenv("REPSCAPE_RUN", raising=False)
    for name, value in run.items():
        monkeypatch.setenv(name, value)
    with job.run(SimpleNamespace(log=[str(tmp_path / "job.log")], wildcards={}, rule="step")):
        pass


@pytest.mark.parametrize("where", ["/dev/full", "file/job.log"])
def test_a_log_that_cannot_be_written_is_not_missed(tmp_path, where, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()

    def fails():
        with job.run(SimpleNamespace(log=[where], wildcards={}, rule="step")):
            raise DataError("x.nc: cannot be written")

    with pytest.raises(SystemExit):
        fails()
    assert capsys.readouterr().err == f"repscape: step failed: x.nc: cannot be written [log: {where}]\n"


GARBAGE = """
import gc, sys
from types import SimpleNamespace
snakemake = SimpleNamespace(log=[sys.argv[1]], wildcards={}, rule="step")
from repscape.core import job
from repscape.core import run as whose
assert not gc.isenabled(), "while a script imports"
class Garbage:
    pass
def make():
    one, other = Garbage(), Garbage()
    one.other, other.one = other, one
with job.run(snakemake):
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000, "what was imported is not looked through again"
    make()
    kept = [[] for _ in range(10_000)]
    assert not any(isinstance(thing, Garbage) for thing in gc.get_objects())
    later = [[]]
assert not any(thing is later for thing in gc.get_objects()), "nothing is taken apart at the end"
"""


def test_garbage_is_looked_for_while_a_job_runs_alone(tmp_path):
    subprocess.run([sys.executable, "-c", GARBAGE, str(tmp_path / "job.log")], check=True)


IMPORTING = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
snakemake = "which Snakemake defines in scripts"
from repscape.core import job
from repscape.io import netcdf
print("importing", flush=True)
import time
time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells")
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_job_ends_with_the_run_while_it_imports(when):
    """It need not have begun; where the run has ended before the job looks, the number may be another's."""
    run = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    environment = os.environ | {"REPSCAPE_RUN": whose.name_of(run.pid)}
    if when == "before":
        run.kill()
        run.wait()
    with subprocess.Popen(
        [sys.executable, "-c", IMPORTING], env=environment, stdout=subprocess.PIPE, text=True
    ) as job:
        said = job.stdout.readline()
        run.kill()
        run.wait()
        assert job.wait(5) == 130
    assert said == ("" if when == "before" else "importing\n")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells")
def test_a_job_names_no_file_when_its_run_has_ended(tmp_path, monkeypatch):
    """Another process may have the run's number by then, so the number alone says nothing."""
    other = whose.name_of(os.getpid()).split()
    other[1] = str(int(other[1]) - 1)  # began earlier
    (tmp_path / "file").write_text("of a later run")

    def write_after_the_end():
        with netcdf.replacing(tmp_path / "file") as temporary:
            temporary.write_text("of an older config")
            monkeypatch.setenv("REPSCAPE_RUN", " ".join(other))

    with pytest.raises(KeyboardInterrupt):
        write_after_the_end()
    assert (tmp_path / "file").read_text() == "of a later run"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    monkeypatch.setenv("REPSCAPE_RUN", whose.name_of(os.getpid()))
    with netcdf.replacing(tmp_path / "file") as temporary:
        temporary.write_text("of this run")
    assert (tmp_path / "file").read_text() == "of this run"


FREED = """
import re, resource
from pathlib import Path
from repscape.core import job, run

def given(size):  # bytes that the system gave, and cleared, for a block that is freed at once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(size)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize()

def held():
    return int(re.search(r"VmRSS:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

run.in_job = True
with job.keeping_freed_memory():
    print(given(2**27), given(2**27), given(2**26), held())
print(given(2**27), given(2**27), held())
run.in_job = False
with job.keeping_freed_memory():
    print(given(2**27), given(2**27), held())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="settings of glibc")
def test_what_a_job_frees_is_kept_for_its_next_use():
    environment = {"PYTHONPATH": str(Path(netcdf.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", FREED], check=True, capture_output=True, text=True, env=environment
    )
    meanwhile, *others = ([int(size) for size in line.split()] for line in done.stdout.splitlines())
    first, *again, held = meanwhile
    assert first > 0.9 * 2**27
    assert max(again) < 2**20
    assert held > 2**27
    for *anew, held in others:
        assert min(anew) > 0.9 * 2**27
        assert held < 2**26


ALL_MODULES = """
import gc, pkgutil, signal, sys, threading, warnings
import importlib

def state():
    return {
        "excepthook": sys.excepthook,
        "garbage": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "threads": threading.active_count(),
        "recursion": sys.getrecursionlimit(),
    }

import logging
before, filters = state(), list(warnings.filters)
import repscape
for module in pkgutil.walk_packages(repscape.__path__, "repscape."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert state() == before, (before, state())
ours = [one for one in warnings.filters if one not in filters and "repscape" in str(one)]
assert not ours, ours
assert not logging.getLogger("repscape").handlers
print(len([name for name in sys.modules if name.startswith("repscape.")]))
"""


def test_importing_any_module_changes_nothing_in_the_process(tmp_path):
    """Beside what other libraries do: of warnings only those are looked at that are about this package."""
    done = subprocess.run([sys.executable, "-c", ALL_MODULES], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200

"""What goes wrong with a machine: a disk, a clock."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project import Project

YEAR = 365 * 86400  # seconds
# Code for `hooked`: each file is dated by a clock that is right, a year late or a year early.
CLOCK = f"""
import os, random, time
rename = os.replace
def replace(source, target):
    when = time.time() + random.choice([-{YEAR}, 0, {YEAR}])
    os.utime(source, (when, when))
    rename(source, target)
os.replace = replace
"""


def hooked(project: Project, code: str) -> dict[str, str]:
    """Return the environment in which every Python of a project's runs executes some code first."""
    hook = project.folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(hook), os.getenv("PYTHONPATH")]))}


def can_mount() -> bool:
    """Whether small or read-only disks can be mounted here."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


@contextmanager
def mounted(folder: Path, *how: str) -> Iterator[None]:
    """Mount something on a folder."""
    subprocess.run(["mount", *how, folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """Put what a folder holds on a disk of `size` bytes, and back in the end."""
    kept = folder.with_name(f"{folder.name} kept")
    folder.rename(kept)
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "tmpfs"):
        subprocess.run(["cp", "-a", f"{kept}/.", folder], check=True)
        yield
        subprocess.run(["rm", "-r", kept], check=True)
        subprocess.run(["cp", "-a", f"{folder}/.", kept], check=True)
    folder.rmdir()
    kept.rename(folder)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Take the right to write to a folder away; from root only a mount can take it, with all below."""
    if os.geteuid() == 0:
        with mounted(folder, "--bind", str(folder)):
            subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
            yield
        return
    mode = folder.stat().st_mode
    folder.chmod(mode & ~0o222)
    try:
        yield
    finally:
        folder.chmod(mode)

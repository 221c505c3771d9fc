"""What is asked of a GPU without torch."""

import pytest

from repscape.core import devices
from repscape.core.errors import DeviceError


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Put a program of this name first, which says what it is told to and writes down its arguments."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def says(text, status=0):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\necho \"$@\" > '{tmp_path}/asked'\necho '{text}'\nexit {status}\n")
        program.chmod(0o755)

    says.asked = lambda: (tmp_path / "asked").read_text()
    return says


def test_free_memory_in_megabytes(nvidia_smi):
    nvidia_smi("1000")
    assert devices.free_gpu_memory() == 1000 * 2**20 // 10**6
    assert "--id=0 " in nvidia_smi.asked()


def test_of_the_gpu_that_jobs_run_on(nvidia_smi, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    nvidia_smi("1000")
    devices.free_gpu_memory()
    assert "--id=3 " in nvidia_smi.asked()


@pytest.mark.parametrize("answer", [("No devices were found", 0), ("[N/A]", 0), ("", 9)])
def test_nothing_where_it_cannot_be_told(nvidia_smi, answer):
    nvidia_smi(*answer)
    assert devices.free_gpu_memory() is None


def test_nothing_without_the_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.free_gpu_memory() is None


@pytest.mark.parametrize(
    ("visible", "there", "found"),
    [
        (None, "nvidia0", True),
        ("0,1", "nvidia3", True),
        ("GPU-8932f937", "nvidia0", True),
        (None, "dxg", True),  # Windows' own, below WSL
        (None, "nvidiactl", False),
        ("", "nvidia0", False),
        ("-1", "nvidia0", False),
        ("NoDevFiles", "nvidia0", False),
    ],
)
def test_a_gpu_is_there_if_cuda_may_see_it(tmp_path, monkeypatch, visible, there, found):
    monkeypatch.setattr(devices, "DEV", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    (tmp_path / there).touch()
    assert devices.has_gpu() is found
    if not found:
        told = "no /dev/nvidia0" if visible is None else "CUDA_VISIBLE_DEVICES hides it"
        with pytest.raises(DeviceError, match=told):
            devices.check("cuda", "float32")

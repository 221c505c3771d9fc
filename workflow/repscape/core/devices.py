"""What the machine has, asked without importing torch."""

import os
import subprocess
from pathlib import Path

from repscape.core.errors import DeviceError

DEV = Path("/dev")


def has_gpu() -> bool:
    """Whether an NVIDIA GPU is there, also below Windows (WSL), and CUDA may see it."""
    return not _hidden() and ((DEV / "dxg").exists() or any(DEV.glob("nvidia[0-9]*")))


def free_gpu_memory() -> int | None:
    """Return the megabytes that are free on the GPU that jobs run on; None where that cannot be asked.

    Jobs run on the first GPU that ``CUDA_VISIBLE_DEVICES`` names, or that there is.
    """
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0] or "0"
    command = ["nvidia-smi", f"--id={gpu}", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
        return int(int(said) * 1.048576)  # it tells mebibytes
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def check(device: str, precision: str) -> None:
    """Refuse what this machine cannot do, before a job removes its old results to make new ones.

    Raises
    ------
    DeviceError
        ``cuda`` or ``tf32`` is required and there is no GPU.
    """
    if has_gpu():
        return
    if device == "cuda":
        lack = "CUDA_VISIBLE_DEVICES hides it" if _hidden() else "no /dev/nvidia0"
        raise DeviceError(
            f"device: cuda: expected a GPU, found none on this machine ({lack}). Check the driver with "
            "`nvidia-smi`, run on a machine with a GPU, or set device: auto or cpu."
        )
    if precision == "tf32":
        raise DeviceError(
            "activations.precision: tf32 needs a GPU, found none on this machine. Set precision: float32, "
            "or run on a machine with a GPU."
        )


def _hidden() -> bool:
    """Whether GPUs are hidden from CUDA."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    return not visible or visible.startswith("-") or visible == "NoDevFiles"

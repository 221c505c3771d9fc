"""What the machine has, asked without importing torch."""

from pathlib import Path

from repscape.errors import DeviceError


def has_gpu() -> bool:
    """Whether an NVIDIA GPU is there."""
    return any(Path("/dev").glob("nvidia[0-9]*"))


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
        raise DeviceError(
            "device: cuda is required, found no GPU on this machine (no /dev/nvidia0). Check `nvidia-smi` "
            "and the driver, run where there is a GPU, or set device: auto or cpu."
        )
    if precision == "tf32":
        raise DeviceError(
            "activations.precision: tf32 needs a GPU, found none on this machine. Set float32, or run where "
            "there is one."
        )

"""What the machine has, asked without importing torch."""

from pathlib import Path


def has_gpu() -> bool:
    """Whether an NVIDIA GPU is there."""
    return any(Path("/dev").glob("nvidia[0-9]*"))

"""Where a network runs, and what its answers depend on."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

from repscape.core import job
from repscape.core.errors import DeviceError


def choose_device(device: str) -> torch.device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device.

    Raises
    ------
    DeviceError
        ``cuda`` is required and not there.
    """
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        raise DeviceError(
            f"device: cuda: expected a GPU, found none that torch can use (torch {torch.__version__}, "
            f"{built}). Check the driver with `nvidia-smi`, run on a machine with a GPU, or set device: "
            "auto or cpu."
        )
    return torch.device("cuda")


@contextmanager
def settings(threads: int | None, precision: str) -> Iterator[None]:
    """Set what results depend on, and on a CPU keep memory that was freed; put it back afterwards.

    Parameters
    ----------
    threads : int or None
        Of torch, on a CPU; None: the network runs elsewhere.
    precision : str
        ``tf32`` lets a GPU round the factors of float32 products.
    """
    before = torch.get_num_threads()
    tf32 = precision == "tf32"
    matmul = torch.backends.cuda.matmul.allow_tf32
    if threads is not None:
        torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    try:
        with (
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=tf32),
            nullcontext() if threads is None else job.keeping_freed_memory(),
        ):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = matmul
        torch.set_num_threads(before)

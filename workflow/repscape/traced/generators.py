"""The generators of random numbers that networks draw from: those of torch, numpy and Python."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def drawing_from(seed: int, devices: Sequence[Any] = ()) -> Iterator[None]:
    """Let what runs inside draw from a seed alone, and put the generators back as they were.

    Parameters
    ----------
    seed : int
    devices : sequence of torch.device
        GPUs whose generators are put back too.
    """
    import torch

    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(list(devices)):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])


def states() -> tuple:
    """Return the states of all generators on the CPU, to be compared."""
    import torch

    of_numpy = np.random.get_state(legacy=False)
    key, *place = of_numpy["state"].values()
    return (
        torch.get_rng_state().numpy().tobytes(),
        random.getstate(),
        key.tobytes(),
        *place,
        of_numpy["has_gauss"],
        of_numpy["gauss"],
    )

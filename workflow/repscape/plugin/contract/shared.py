"""What plugins of several steps have in common."""

from typing import Literal

from repscape.plugin.base import BATCH, Plugin, parameter


class Seeded(Plugin, shared=True):
    """Something is drawn at random."""

    seed: int = parameter("The seed of random numbers; by default derived from the study's seed.", 0)


class OnDevice(Plugin, shared=True):
    """A network is run; what the config does not say is taken from `device` and `activations`."""

    device: Literal["auto", "cpu", "cuda"] = parameter("Where the network runs.", "auto")
    batch: int = parameter("How many images the network processes at a time.", BATCH, ge=1, le=65_536)
    threads: int = parameter("How many threads the network uses.", 1, ge=1, le=1024)


def is_filled(step: str, key: str) -> bool:
    """Say whether a parameter's default comes from another key: `seed`, `device`, `activations`."""
    return key in {*Seeded.parameters, *OnDevice.parameters} and (step, key) != ("trainings", "batch")

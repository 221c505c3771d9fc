"""How much memory a recording takes on a CPU, beside what is asked for it, and what keeping it spares.

    python tests/benchmarks/recording_memory.py [NETWORK …] [--batches 10 64]

All layers of torchvision's networks (random weights), 100,000 random units of each, two batches of noise,
each recording in a process of its own. Beside it, the same without keeping memory that was freed (see
`repscape.core.job`), and the processor time of both: in all, and what of it the system took.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from speed import UNITS, noise, random_network, write_network, write_stimulus

from repscape.core import run
from repscape.activations.record import record
from repscape.planning import resource_estimates

NETWORKS = ["vgg16", "resnet50", "densenet121"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--batches", type=int, nargs="+", default=[10, 64])
    arguments = parser.parse_args()
    print(
        "| network | layers | batch | memory (MB) | asked for (MB) | without keeping (MB) "
        "| time (s) | the system's | without keeping | the system's |"
    )
    print("|---" * 10 + "|")
    for name in arguments.networks:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            layers = write_network(folder, random_network(name))
            labels = [layer.label for layer in layers]
            for batch in arguments.batches:
                write_stimulus(folder / "stimulus.nc", noise(2 * batch))
                kept, without = (apart(folder, labels, batch, keep) for keep in (True, False))
                asked = resource_estimates.recording(
                    str(folder / "network.pt"),
                    str(folder / "population.nc"),
                    pixels=resource_estimates.image(str(folder / "stimulus.nc"), 2 * batch),
                    largest=max(layer.units for layer in layers),
                    recorded=UNITS,
                    batch=batch,
                    on_gpu=False,
                )
                sizes = f"{kept[0]:.0f} | {asked} | {without[0]:.0f}"
                times = " | ".join(f"{seconds:.1f}" for seconds in (*kept[1:], *without[1:]))
                print(f"| {name} | {len(labels)} | {batch} | {sizes} | {times} |", flush=True)


def apart(folder: Path, labels: list[str], batch: int, keep: bool) -> tuple[float, float, float]:
    """Record in a process of its own; return its largest memory in MB, its processor time, the system's."""
    command = [sys.executable, __file__, "--one", json.dumps([str(folder), labels, batch, keep])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def one(folder: str, labels: list[str], batch: int, keep: bool) -> None:
    """Record, and print the largest memory and the processor time."""
    run.in_job = keep
    inputs = [Path(folder, name) for name in ("network.pt", "stimulus.nc", "population.nc")]
    before = os.times()
    record(*inputs, {label: Path(folder, f"{label}.nc") for label in labels}, batch=batch, device="cpu")
    largest = int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) * 1024 / 1e6
    user, system = (after - then for after, then in zip(os.times()[:2], before[:2], strict=True))
    print(json.dumps([largest, user + system, system]))


if __name__ == "__main__":
    if "--one" in sys.argv:
        one(*json.loads(sys.argv[-1]))
    else:
        main()

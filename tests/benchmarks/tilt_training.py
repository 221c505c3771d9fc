"""How long the exercise's training takes, and how well its network tells tilts that it has not seen.

``python tests/benchmarks/tilt_training.py [SEEDS]`` trains the network of the exercise on mouse V1 as the
exercise does, on 1,000 random tilts of 25 epochs, from several seeds, and tests it on 500 tilts of another
seed, without those whose pixels are the same as of one trained on. The target: above 95% within a minute
on 2 cores.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch

from repscape.io import netcdf
from repscape.networks.lib import tilt_cnn
from repscape.stimuli import tilt_gratings
from repscape.stimuli.lib.assemble import assemble, factors_of, pixels_sha256
from repscape.traced.device import settings
from repscape.traced.preprocess import Preprocess
from repscape.trainings import sgd
from repscape.trainings.lib import history
from repscape.trainings.lib.dataset import Examples

PIXELS = Preprocess(resize=None, crop=(48, 64), mean=(0, 0, 0), std=(1, 1, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", type=int, nargs="?", default=5)
    arguments = parser.parse_args()
    print(f"{'seed':>4}{'threads':>9}{'held out':>10}{'before':>9}{'after':>9}{'seconds':>10}{'of CPU':>9}")
    for seed in range(arguments.seeds):
        for threads in (1, 2) if seed == 0 else (1,):
            with tempfile.TemporaryDirectory() as folder:
                count, before, after, seconds, used = measured(Path(folder), seed, threads)
            print(f"{seed:4}{threads:9}{count:10}{before:9.3f}{after:9.3f}{seconds:10.1f}{used:9.1f}")


def measured(folder: Path, seed: int, threads: int) -> tuple[int, float, float, float, float]:
    """Return the number of images held out, accuracy on these before and after, seconds and CPU seconds."""
    shown = list(tilt_gratings.frames(random=1000, seed=seed))
    known = {frame.pixels.tobytes() for frame in shown}
    new = [f for f in tilt_gratings.frames(random=500, seed=seed + 1000) if f.pixels.tobytes() not in known]
    training, held_out = examples(folder / "training.nc", shown), examples(folder / "held_out.nc", new)
    torch.manual_seed(seed)
    network = tilt_cnn.make(48, 64)
    began, used = time.perf_counter(), time.process_time()
    with settings(threads, "float32"):
        followed = history.follow(
            network, sgd.train, "sgd", training, held_out, {"loss": "binary"}, seed=seed
        )
    seconds, used = time.perf_counter() - began, time.process_time() - used
    return len(held_out), followed.accuracy[0][1], followed.accuracy[-1][1], seconds, used


def examples(path: Path, frames: list) -> Examples:
    variables = assemble(frames)
    attributes = {
        "stimulus": path.stem,
        "sha256": pixels_sha256(variables["images"][1]),
        "factors": factors_of(variables),
    }
    netcdf.write(path, kind="stimulus", variables=variables, attributes=attributes)
    return Examples(path, "label", PIXELS, torch.device("cpu"))


if __name__ == "__main__":
    main()

"""How long an RDM takes beside the bare matrix product and other libraries.

``python tests/benchmarks/rdm_speed.py [IMAGES UNITS]`` prints median times of runs that take
turns in one process, and their ratios. Targets at 1,000 × 10,000: at most twice the bare product,
and at least 20 times faster than rsatoolbox's correlation. Run it on an idle machine. Images of
which many are alike cost a second product, in float64: its time is shown beside.
"""

import argparse
import os
import platform
import statistics
import time

import numpy as np
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm
from scipy.spatial.distance import pdist
from threadpoolctl import threadpool_info

from repscape.metrics.lib.normalisation import scaling
from repscape.plugin.registry import find

ROUNDS = 15
SLOW_ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=int, nargs="?", default=1000)
    parser.add_argument("units", type=int, nargs="?", default=10_000)
    arguments = parser.parse_args()
    medians = {name: passed for name, (passed, _) in measure(arguments.images, arguments.units).items()}
    bare, sqeuclidean, correlation, *_ = medians.values()
    threads = {info["internal_api"]: info["num_threads"] for info in threadpool_info()}
    print(f"{arguments.images} images × {arguments.units} units, float32;", platform.machine(), processor())
    print(f"{os.cpu_count()} cores; threads {threads}; numpy {np.__version__}")
    print(f"{'':38}{'median':>10}{'/ bare':>9}{'/ sqeucl.':>11}{'/ corr.':>9}")
    for name, value in medians.items():
        ratios = f"{value / bare:9.2f}{value / sqeuclidean:11.1f}{value / correlation:9.1f}"
        print(f"{name:38}{value * 1e3:7.0f} ms{ratios}")


def measure(images: int, units: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds that passed, and those of processors, by what was done in turns."""
    shape = images, units
    # Like a layer after a rectifier: what images share (unit means) and their own answers.
    generator = np.random.default_rng(0)
    activity = generator.normal(size=shape) + generator.normal(size=units)
    activity = np.maximum(activity, 0).astype(np.float32)
    # Frames of ten scenes: the distances within a scene need float64.
    scenes = np.repeat(activity[:10], -(-images // 10), axis=0)[:images]
    scenes = (scenes + 0.1 * generator.normal(size=shape)).astype(np.float32)
    dataset = Dataset(activity)

    quick = {
        "bare product (numpy float32 A @ A.T)": lambda: activity @ activity.T,
        "repscape sqeuclidean (z-scored)": lambda: repscape_rdm("sqeuclidean", activity, "zscore"),
        "repscape correlation": lambda: repscape_rdm("correlation", activity, "none"),
        "repscape correlation, alike images": lambda: repscape_rdm("correlation", scenes, "none"),
    }
    slow = {
        "rsatoolbox euclidean": lambda: calc_rdm(dataset, method="euclidean"),
        "rsatoolbox correlation": lambda: calc_rdm(dataset, method="correlation"),
        "scipy pdist sqeuclidean": lambda: pdist(activity, "sqeuclidean"),
        "scipy pdist correlation": lambda: pdist(activity, "correlation"),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in quick | slow}
    for function in quick.values():
        function()
    for turn in range(ROUNDS):
        for name, function in (quick | slow if turn < SLOW_ROUNDS else quick).items():
            start = time.perf_counter(), time.process_time()
            function()
            seconds[name].append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return {name: tuple(map(statistics.median, zip(*times, strict=True))) for name, times in seconds.items()}


def repscape_rdm(metric: str, activity: np.ndarray, normalisation: str) -> np.ndarray:
    """Return what an RDM job computes for one metric, its normalisation included."""
    return find("metrics", metric)().dissimilarity(activity, scaling(activity, normalisation))


def processor() -> str:
    """Return the processor's name where Linux tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


if __name__ == "__main__":
    main()

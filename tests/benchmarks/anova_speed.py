"""How much analysis of variance costs beside the forward pass that it needs.

    python tests/benchmarks/anova_speed.py [images]

Networks with random weights see coloured shapes (4 objects × 4 colours × views), once without anything
being done with their answers and once with an analysis of variance of every unit; on one thread.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from repscape.analyses.lib.anova_sums import Sums
from repscape.analyses.lib.factorial_design import crossed
from repscape.io import netcdf
from repscape.networks import torchvision
from repscape.networks.lib import freeze, layer_table
from repscape.traced.runner import Runner

CASES = (("alexnet", "all"), ("mobilenet_v2", "blocks"), ("mobilenet_v2", "all"), ("vgg16", "all"))
RUNS = 3


def main(images: int = 48) -> None:
    random = np.random.default_rng(0)
    names = {"obj": [str(n % 4) for n in range(images)], "color": [str(n // 4 % 4) for n in range(images)]}
    design = crossed(names, "benchmark")
    print(f"{'network':14}{'layers':>8}{'units':>12}{'forward':>10}{'with':>8}{'ratio':>7}{'the rest':>10}")
    with tempfile.TemporaryDirectory() as folder:
        stimulus, network = Path(folder, "stimulus.nc"), Path(folder, "network.pt")
        netcdf.write(
            stimulus,
            kind="stimulus",
            variables={
                "images": (
                    ("image", "y", "x", "channel"),
                    random.integers(0, 256, (images, 224, 224, 3), dtype=np.uint8),
                )
            },
            attributes={"stimulus": "shapes", "sha256": ""},
        )
        for architecture, layers in CASES:
            freeze.save(
                freeze.freeze(torchvision.load(architecture=architecture, weights="random", seed=0)), network
            )
            runner = Runner(network, "cpu")
            labels = layer_table.select(runner.frozen.rows, layers, "layers")
            nodes = {layer_table.find(runner.frozen.rows, label)[1].node: label for label in labels}

            def timed(watched, runner=runner):
                start = time.perf_counter()
                runner.stream(stimulus, watched, batch=10, threads=1, what="benchmark")
                return (time.perf_counter() - start) / images

            bare, full = [], []
            for _ in range(RUNS):  # in turn, since the machine's speed may change
                bare.append(timed(dict.fromkeys(nodes, lambda images, answers: None)))
                sums = {node: Sums(design) for node in nodes}
                full.append(timed({node: own.add for node, own in sums.items()}))
            start = time.perf_counter()
            units = 0
            for own in sums.values():
                units += own.squares.numel()
                analysed(design, own)
            rest = time.perf_counter() - start
            bare, full = np.median(bare), np.median(full)
            print(
                f"{architecture:14}{len(nodes):>8}{units:>12,}{bare * 1e3:>7.0f} ms{full * 1e3:>5.0f} ms"
                f"{full / bare:>7.2f}{rest:>8.1f} s"
            )


def analysed(design, sums) -> None:
    """Do what follows when all images have been seen: η², F, p and q of a layer."""
    from repscape.analyses.anova import of_units

    of_units(design, sums, (sums.channels, sums.squares.numel() // sums.channels, 1))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""How long tables of RDMs and meta-RDMs take.

``python tests/benchmarks/meta_rdms.py [FOLDER]`` writes the RDMs of 4 networks × 45 layers × 2
populations × 4 objects × 2 metrics (4 colours each) as a study has them, reads them into a table, and
makes meta-RDMs over objects and layers, 180 entries each, and of these again. Then comparisons of 2,000
RDMs of 2,016 values (64 entries). Run it on an idle machine.
"""

import argparse
import itertools
import os
import platform
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from repscape.io import netcdf
from repscape.rdms.compare.comparison import compare
from repscape.rdms.compare.meta import meta_rdms
from repscape.rdms.table import table

OBJECTS, COLORS = [f"obj{at:03d}" for at in range(1, 5)], ["000", "090", "180", "270"]
NETWORKS, LAYERS, POPULATIONS = 4, 45, ["all", "filter_means"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    folder = Path(parser.parse_args().folder or tempfile.mkdtemp())
    print(f"{platform.machine()}, {os.cpu_count()} cores, numpy {np.__version__}")
    write(folder)
    with timed("read the table"):
        rdms = table.read(folder, {"set": "colors"})
    print(f"{len(rdms)} RDMs")
    chosen = {"entries": ["obj", "layer"], "groups": ["source", "population", "metric"]}
    for comparisons, permutations in ((["pearson"], 0), (["pearson", "spearman", "kendall"], 1000)):
        with timed(f"meta-RDMs by {', '.join(comparisons)}, {permutations} permutations"):
            meta = meta_rdms(rdms, comparisons=comparisons, permutations=permutations, **chosen)
    print(f"{len(meta)} meta-RDMs of {len(meta.entries[0])} entries, {len(meta.dissimilarity[0])} pairs each")
    with timed("third order: populations, 3 comparisons, 16,110 values each"):
        meta_rdms(meta, ["population"], comparisons=["pearson", "spearman", "whitened_pearson"])
    with timed("every meta-RDM with every other: networks × populations × metrics"):
        meta_rdms(
            meta[meta.metric == "pearson"].assign(entries=[meta.entries[0]] * (len(meta) // 3)),
            ["source", "population", "metric"],
        )
    with timed("write and read the meta-RDMs"):
        table.write(folder / "meta.nc", meta)
        table.read(folder / "meta.nc")
    stack = np.random.default_rng(0).random((2000, 2016))
    for kind in ("pearson", "spearman", "whitened_pearson", "euclidean"):
        with timed(f"2,000 RDMs of 2,016 values by {kind}"):
            compare(stack, kind)
    with timed("300 RDMs of 2,016 values by kendall"):
        compare(stack[:300], "kendall")


def write(folder: Path) -> None:
    """Write RDM files with a set definition, as the rdms jobs do."""
    random = np.random.default_rng(0)
    names = np.array([f"{obj}_{color}" for obj, color in itertools.product(OBJECTS, COLORS)])
    first, second = np.triu_indices(16, 1)
    i, j = np.triu_indices(4, 1)
    for network, order, population in itertools.product(range(NETWORKS), range(LAYERS), POPULATIONS):
        variables = {
            "dissimilarity": (("metric", "repeat", "pair"), random.random((2, 1, 120), np.float32)),
            "metric": (("metric",), ["correlation", "euclidean"]),
            "measure": (("metric",), ["correlation", "euclidean"]),
            "normalisation": (("metric",), ["none", "none"]),
            "repeat": (("repeat",), np.zeros(1, np.int32)),
            "image_i": (("pair",), first.astype(np.int32)),
            "image_j": (("pair",), second.astype(np.int32)),
            "name_i": (("pair",), names[first]),
            "name_j": (("pair",), names[second]),
        }
        inner = {
            "dissimilarity": (("set", "metric", "repeat", "pair"), random.random((4, 2, 1, 6), np.float32)),
            "obj": (("set",), OBJECTS),
            "color": (("entry",), COLORS),
            "entry_i": (("pair",), i.astype(np.int32)),
            "entry_j": (("pair",), j.astype(np.int32)),
        }
        keys = {"source": f"network{network}", "stimulus": "shapes", "population": population}
        keys |= {"layer": f"layer{order}", "order": order, "size": "all", "n_drawn": 1000}
        path = folder / keys["source"] / "shapes" / population / keys["layer"] / "nall.nc"
        described = {"set": "colors", "by": ["obj"], "entries": ["color"]}
        groups = {"colors/0": (inner, described)}
        netcdf.write(path, kind="rdm", variables=variables, attributes=keys, groups=groups)


@contextmanager
def timed(what: str):
    start = time.perf_counter()
    yield
    print(f"{time.perf_counter() - start:7.2f} s  {what}", flush=True)


if __name__ == "__main__":
    main()

"""What a stimulus costs that has more and more images: time, memory and disk of each step.

    python tests/benchmarks/scale_in_images.py [IMAGES …]

Each step runs in a process of its own, as in a study, on one thread. Pictures are JPEG files of 128 × 128
pixels, decoded to 64 × 64; the network is a small one, of which a layer of 1,000 units is recorded. Times are
processor seconds without the start of Python and imports, and so hold on a busy machine; memory is the
largest that the process had, imports included. Then the costs of a million images are predicted: steps whose
cost is
in proportion to images by the slope between the two largest numbers, those of pairs by that over pairs.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKFLOW = Path(__file__).parents[2] / "workflow"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(WORKFLOW), "OMP_NUM_THREADS": "1"}
IMAGES = [1_000, 4_000, 16_000]
UNITS, SIZE = 1_000, 64
MILLION = 1_000_000
# step: (what its cost grows with, the files it makes)
STEPS = {
    "stimulus": ("images", "stimulus.nc"),
    "activations": ("images", "activations.nc"),
    "a shard": ("nothing", "shard.nc"),
    "merge": ("images", "merged.nc"),
    "rdms": ("pairs", "rdm.nc"),
    "differentiation": ("pairs", None),
}


def main():
    """Measure, and print two tables."""
    counts = [int(text) for text in sys.argv[1:]] or IMAGES
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        make_pictures(Path(folder), max(counts))
        for count in counts:
            own = Path(folder, str(count))
            own.mkdir()
            run("prepare", own, count)
            for step in STEPS:
                if step == "merge":
                    run("parts", own, count)
                measured[step, count] = run(step, own, count)
                print(f"{step}, {count:,} images: {measured[step, count]}", file=sys.stderr, flush=True)
            for file in own.iterdir():
                file.unlink()
    headings = [f"{count:,} images" for count in counts]
    print(f"\n| step | {' | '.join(headings)} | 1,000,000 images, predicted |")
    print("|---" * (len(counts) + 2) + "|")
    for step, (grows_with, _) in STEPS.items():
        cells = [told(*measured[step, count]) for count in counts]
        predicted = told(*at_a_million(grows_with, counts, [measured[step, count] for count in counts]))
        print(f"| {step} | {' | '.join(cells)} | {predicted} |")


def run(step: str, folder: Path, count: int) -> tuple[float, float, float]:
    """Run a step in a process; return processor seconds, the largest memory in MB and the file's MB."""
    command = [sys.executable, __file__, "--step", step, str(folder), str(count)]
    done = subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def at_a_million(grows_with: str, counts: list[int], measured: list) -> tuple[float, float, float]:
    """Predict what a step costs."""
    if len(counts) < 2 or grows_with == "nothing":
        return measured[-1]
    size = {"images": float, "pairs": lambda images: images * (images - 1) / 2}[grows_with]
    (smaller, larger), (before, after) = map(size, counts[-2:]), measured[-2:]

    def line(at: int) -> float:
        return after[at] + (after[at] - before[at]) / (larger - smaller) * (size(MILLION) - larger)

    return line(0), after[1], line(2)


def told(seconds: float, memory: float, disk: float) -> str:
    """Say it for a cell."""
    time_taken = f"{seconds:.2g} s" if seconds < 300 else f"{seconds / 3600:.3g} h"
    size = (
        f"{disk:.0f} MB" if disk < 1e4 else f"{disk / 1e3:.0f} GB" if disk < 1e6 else f"{disk / 1e6:.1f} TB"
    )
    return f"{time_taken}, {memory:.0f} MB" + (f"; {size}" if disk else "")


def make_pictures(folder: Path, count: int) -> None:
    """Write pictures of smooth coloured noise, all different."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    for at in range(count):
        small = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
        file = folder / f"pictures/{at:07d}.jpg"
        small.resize((128, 128), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)


def prepare(folder: Path, count: int) -> None:
    """Write the network, the population and the sample."""
    import numpy as np
    import torch
    from torch import nn

    from repscape.io import netcdf
    from repscape.networks.lib import freeze, layer_table
    from repscape.networks.lib.loaded import Loaded
    from repscape.populations.lib import file
    from repscape.populations.lib.layer import Layer
    from repscape.traced.preprocess import Preprocess

    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 5, stride=2), nn.ReLU()
    )
    frozen = freeze.freeze(Loaded(module.eval(), Preprocess(resize=None, crop=SIZE), "random", None))
    freeze.save(frozen, folder / "network.pt")
    label = layer_table.select(frozen.rows, "all", "layers")[-1]
    row = layer_table.find(frozen.rows, label)[1]
    layer = Layer(label, row.channels, row.height, row.width, row.units)
    section = {"kind": "random", "units": UNITS, "seed": 0}
    keys = {"section": section, "files": {}, "source": "net", "population": "random"}
    file.write(folder / "population.nc", [layer], **keys)
    with netcdf.open_file(folder / "population.nc") as population:
        unit = np.sort(file.read(population, label).unit)
    keys = {"source": "net", "population": "random", "layer": label, "size": "all", "drawn": "random"}
    netcdf.write(
        folder / "sample.nc",
        kind="sample",
        variables={"unit": (("repeat", "draw"), unit[np.newaxis])},
        attributes=keys | {"n_drawn": UNITS},
    )
    (folder / "label").write_text(label)


def step_of(step: str, folder: Path, count: int):
    """Import what a step needs, and return it as a function."""
    label = (folder / "label").read_text() if step != "prepare" else ""
    files = {
        name: folder / f"{name}.nc" for name in ("stimulus", "population", "activations", "sample", "rdm")
    }
    if step == "stimulus":
        sys.path.insert(0, str(WORKFLOW / "scripts"))
        import stimulus

        path = [str(file) for file in sorted((folder.parent / "pictures").iterdir())[:count]]
        section = {"kind": "images", "path": path, "size": [SIZE, SIZE], "fit": "squash"}
        section |= {"labels": None, "table": None}
        return lambda: stimulus.main(section, "pictures", {}, str(files["stimulus"]))
    if step in ("activations", "a shard"):
        from repscape.activations.record import record

        shards = 1 if step == "activations" else shards_of(count)
        output = {label: folder / STEPS[step][1]}
        inputs = folder / "network.pt", files["stimulus"], files["population"]
        return lambda: record(*inputs, output, device="cpu", shard=(0, shards))
    parts = [folder / f"part{number}.nc" for number in range(shards_of(count))]
    if step == "parts":
        from repscape.activations.record import record

        inputs = folder / "network.pt", files["stimulus"], files["population"]
        return lambda: [
            record(*inputs, {label: part}, device="cpu", shard=(number, len(parts)))
            for number, part in enumerate(parts)
        ]
    if step == "merge":
        from repscape.activations.merge import merge

        return lambda: merge(parts, files["stimulus"], folder / "merged.nc")
    if step == "rdms":
        from repscape.rdms.write import write_rdms

        metric = {"name": "sqeuclidean", "kind": "sqeuclidean", "normalisation": "zscore"}
        layers = [{label: files[name]} for name in ("activations", "sample", "rdm")]
        return lambda: write_rdms(*layers, metrics=[metric])
    if step == "differentiation":
        from repscape.analyses import differentiation

        return lambda: differentiation.compute({"rdms": [str(files["rdm"])]})
    return lambda: prepare(folder, count)


def shards_of(count: int) -> int:
    """Return into how many shards images are divided, two at least so that there is something to merge."""
    return max(2, count // 2000)


def one_step(step: str, folder: Path, count: int) -> None:
    """Run a step and print what it took."""
    function, made = step_of(step, folder, count), STEPS.get(step, ("", None))[1]
    started = time.process_time()
    function()
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    disk = (folder / made).stat().st_size / 1e6 if made else 0
    print(json.dumps([seconds, memory, disk]))


if __name__ == "__main__":
    if "--step" in sys.argv:
        one_step(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()

"""How fast repscape is beside what one would do otherwise, measured in one run on the same machine and work.

    python tests/benchmarks/speed.py [--only extraction resampling …] [--images 200] [--device cuda]

prints a table of ratios, each with its target. What is compared runs in turns or close together; beside the
ratio of the time that passed stands that of processor time, which says more where other programs run.

extraction   all layers of VGG16 (random weights), 100,000 random units of each, into files, against the bare
             forward pass of the same network in torch on images that are ready in memory, in a process of
             its own; against one that keeps freed memory as repscape does, one that also writes as many
             bytes, and the notebooks' way: images one at a time, every layer kept whole, units drawn from
             that
rdms         against the bare matrix product, rsatoolbox and scipy (see rdm_speed.py)
resampling   resamplings of 200 units in 22 layers and their RDMs, from files to files, against the notebooks'
             loops in memory (peers.py), of which some resamplings are run and the rest reckoned
study        the cold default study against one script that does the same in memory (one_script.py), whose
             numbers are compared with the study's; one figure alone; which processes there were
imports      how long the libraries take that processes import
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).parent
UNITS = 100_000  # recorded of each layer, as in the default study
BATCH, CUDA_BATCH = 10, 256
LIBRARIES = (
    "numpy", "netCDF4", "pandas", "xarray", "matplotlib.figure", "torch", "torchvision", "snakemake.cli"
)  # fmt: skip
# VGG16's layers as the notebooks had them: y and x, channels.
VGG16 = {
    "block1_conv1": (224, 64), "block1_conv2": (224, 64), "block1_pool": (112, 64),
    "block2_conv1": (112, 128), "block2_conv2": (112, 128), "block2_pool": (56, 128),
    "block3_conv1": (56, 256), "block3_conv2": (56, 256), "block3_conv3": (56, 256), "block3_pool": (28, 256),
    "block4_conv1": (28, 512), "block4_conv2": (28, 512), "block4_conv3": (28, 512), "block4_pool": (14, 512),
    "block5_conv1": (14, 512), "block5_conv2": (14, 512), "block5_conv3": (14, 512), "block5_pool": (7, 512),
    "flatten": (1, 25088), "fc1": (1, 4096), "fc2": (1, 4096), "predictions": (1, 1000),
}  # fmt: skip


class Cost(NamedTuple):
    """Seconds that passed, and those of processors in this process and in those it waited for."""

    passed: float
    processor: float

    def __add__(self, other):
        return Cost(self.passed + other.passed, self.processor + other.processor)

    def __mul__(self, factor: float):
        return Cost(self.passed * factor, self.processor * factor)


class Row(NamedTuple):
    """A line of the table: two costs of the same work, and what their ratio should be.

    `ratio` is "ours / peer", which should be at most the target, or "peer / ours", at least.
    """

    what: str
    ours: Cost
    peer: Cost | None
    ratio: str = "peer / ours"
    target: float | None = None

    def of(self, kind: str) -> float:
        ours, peer = getattr(self.ours, kind), getattr(self.peer, kind) if self.peer else 1.0
        return ours / peer if self.ratio == "ours / peer" else peer / ours

    def met(self) -> str:
        if self.target is None:
            return ""
        found = self.of("passed")
        met = found <= self.target if self.ratio == "ours / peer" else found >= self.target
        return "yes" if met else "no"


def measured(function: Callable, *arguments) -> Cost:
    def now() -> tuple[float, float]:
        spent = os.times()
        return time.perf_counter(), sum(spent[:4])

    before = now()
    function(*arguments)
    return Cost(*(after - then for after, then in zip(now(), before, strict=True)))


# ---------------------------------------------------------------------------------------- extraction


def extraction(arguments) -> Iterable[Row]:
    import torch
    from peers import stored_whole

    from repscape.core import run
    from repscape.activations.record import record
    from repscape.traced.device import settings

    run.in_job = True  # where freed memory is kept
    on_gpu, images = arguments.device == "cuda", arguments.images
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        loaded = random_network("vgg16")
        layers = write_network(folder, loaded, arguments.units)
        labels = [layer.label for layer in layers]
        pixels = noise(images)
        write_stimulus(folder / "stimulus.nc", pixels)
        write_stimulus(folder / "few.nc", pixels[:BATCH])
        outputs = {label: folder / f"{label}.nc" for label in labels}

        def ours(stimulus: str) -> Cost:
            for path in outputs.values():  # as before a job: replacing a file waits for the disk
                path.unlink(missing_ok=True)
            inputs = folder / "network.pt", folder / stimulus, folder / "population.nc"
            keys = {"threads": arguments.threads, "device": arguments.device}
            return measured(lambda: record(*inputs, outputs, batch=BATCH, cuda_batch=CUDA_BATCH, **keys))

        def alone(keep: bool) -> Callable[..., Cost]:
            pool = ProcessPoolExecutor(
                1, get_context("spawn"), Bare.begin, (images, arguments.device, arguments.threads, keep)
            )
            stack.enter_context(pool)
            return lambda *passes: pool.submit(Bare.measure, *passes).result()

        bare = alone(keep=False)
        ours("few.nc")
        batches = -(-images // (CUDA_BATCH if on_gpu else BATCH))
        half = batches // 2
        before = bare(0, half)
        recorded = ours("stimulus.nc")
        after = bare(half, batches)
        what = f"extraction, VGG16, {len(labels)} layers, {arguments.units:,} units"
        what = f"{what}, {images} images, {arguments.device}"
        yield Row(f"{what}: bare forward pass", recorded, before + after, target=0.8 if on_gpu else 0.9)
        for path in outputs.values():
            path.unlink()
        sizes = [min(arguments.units, layer.units) for layer in layers]
        writing = dict(zip(map(str, outputs.values()), sizes, strict=True))
        if on_gpu:
            cost = bare(0, batches, writing)
            yield Row(f"{what}: bare forward pass that writes as many bytes", recorded, cost)
            return
        kept = alone(keep=True)
        yield Row(f"{what}: bare forward pass that keeps freed memory", recorded, kept(0, batches))
        cost = kept(0, batches, writing)
        yield Row(f"{what}: the same that also writes as many bytes", recorded, cost)
        few = loaded.preprocess.apply(torch.from_numpy(pixels[: arguments.peer_images]))
        with torch.inference_mode(), settings(arguments.threads, "float32"):
            cost = measured(stored_whole, loaded.module, few, arguments.units)
        name = f"{what}: every layer stored whole, one image at a time ({len(few)} images, reckoned)"
        yield Row(name, recorded, cost * (images / len(few)))


class Bare:
    """The bare forward pass, in a process of its own: what repscape sets is not set there unless asked."""

    run: Callable[..., Cost]

    @staticmethod
    def begin(images: int, device: str, threads: int, keep: bool) -> None:
        """Prepare batches of images in the network's memory, and run the first."""
        import torch

        from repscape.core import job
        from repscape.core import run as whose

        whose.in_job = True
        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = False  # as it is recorded: float32, not rounded
        on_gpu, size = device == "cuda", CUDA_BATCH if device == "cuda" else BATCH
        layout = torch.contiguous_format if on_gpu else torch.channels_last
        loaded, pixels = random_network("vgg16"), torch.from_numpy(noise(images))
        module = loaded.module.to(device, memory_format=layout)
        ready = [
            loaded.preprocess.apply(part.to(device)).contiguous(memory_format=layout)
            for part in pixels.split(size)
        ]

        @torch.inference_mode()
        def run(first: int, stop: int, writing: dict[str, int] | None = None) -> None:
            with ExitStack() as stack:
                stack.enter_context(job.keeping_freed_memory() if keep else nullcontext())
                values = np.ones(size * max((writing or {"": 0}).values()), np.float32)
                files = [
                    (stack.enter_context(open(path, "wb", buffering=0)), units)
                    for path, units in (writing or {}).items()
                ]
                for part in ready[first:stop]:
                    module(part)
                    for file, units in files:
                        file.write(values[: len(part) * units])
                if on_gpu:
                    torch.cuda.synchronize()

        run(0, 1)
        Bare.run = run

    @staticmethod
    def measure(*passes) -> Cost:
        """Measure a pass: from which batch to which, and the files to write, with how many units each."""
        return measured(Bare.run, *passes)


def random_network(architecture: str):
    from repscape.networks import torchvision

    return torchvision.load(architecture=architecture, weights="random", seed=0)


def write_network(folder: Path, loaded, units: int = UNITS) -> list:
    """Write network.pt and population.nc: random units of all layers, which are returned."""
    from repscape.networks.lib import freeze, layer_table
    from repscape.populations.lib import file
    from repscape.populations.lib.layer import Layer

    frozen = freeze.freeze(loaded)
    freeze.save(frozen, folder / "network.pt")
    rows = [
        layer_table.find(frozen.rows, label)[1] for label in layer_table.select(frozen.rows, "all", "layers")
    ]
    layers = [Layer(row.label, row.channels, row.height, row.width, row.units) for row in rows]
    write_population(file, folder / "population.nc", layers, units)
    return layers


def noise(images: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (images, 256, 256, 3), np.uint8)


def write_stimulus(path: Path, pixels: np.ndarray) -> None:
    from repscape.io import netcdf

    names = [f"image {number:04d}" for number in range(len(pixels))]
    netcdf.write(
        path,
        kind="stimulus",
        variables={"images": (("image", "y", "x", "channel"), pixels), "name": (("image",), names)},
        attributes={"stimulus": "noise", "sha256": ""},
    )


def write_population(file, path: Path, layers: list, units: int = UNITS) -> None:
    section = {"kind": "random", "units": units, "seed": 0}
    file.write(path, layers, section=section, files={}, source="vgg16", population="random")


# ------------------------------------------------------------------------------------------------ rdms


def rdms(arguments) -> Iterable[Row]:
    import rdm_speed

    medians = {name: Cost(*costs) for name, costs in rdm_speed.measure(*arguments.rdm).items()}
    size = "{:,} × {:,}".format(*arguments.rdm)
    for ours in ("repscape sqeuclidean (z-scored)", "repscape correlation"):
        bare = medians["bare product (numpy float32 A @ A.T)"]
        yield Row(f"{ours}, {size}: bare product", medians[ours], bare, "ours / peer", 2)
    correlation = medians["repscape correlation"]
    for peer, target in (("rsatoolbox correlation", 20), ("scipy pdist correlation", None)):
        yield Row(f"repscape correlation, {size}: {peer}", correlation, medians[peer], target=target)


# ------------------------------------------------------------------------------------------ resampling


def resampling(arguments) -> Iterable[Row]:
    import peers

    from repscape.activations.file import define
    from repscape.io import netcdf
    from repscape.populations.lib import file
    from repscape.populations.lib.layer import Layer
    from repscape.rdms.write import write_rdms
    from repscape.samples.draw import write_samples

    images, times, few = arguments.resampling_images, arguments.resamplings, arguments.peer_resamplings
    layers = [Layer(name, depth, side, side, depth * side**2) for name, (side, depth) in VGG16.items()]
    metric = {"name": "euclidean", "kind": "euclidean", "normalisation": "mean"}
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = {
            kind: {layer.label: folder / kind / f"{layer.label}.nc" for layer in layers}
            for kind in ("activations", "sample", "rdm")
        }
        write_population(file, folder / "population.nc", layers)
        sampled = looped = Cost(0, 0)
        for layer in layers:
            side = layer.height
            activity = random.random((images, side, side, layer.channels), np.float32)
            with netcdf.open_file(folder / "population.nc") as population:
                unit = file.read(population, layer.label).unit
            keys = {"source": "vgg16", "population": "random", "layer": layer.label, "stimulus": "noise"}
            with netcdf.create(
                paths["activations"][layer.label], kind="activations", attributes=keys
            ) as made:
                define(made, np.array([f"image {number}" for number in range(images)]), {}, {"unit": unit})
                made["activation"][:] = activity.transpose(0, 3, 1, 2).reshape(images, -1)[:, unit]
            for _ in range(few):
                drawn = []
                sampled += measured(
                    lambda activity=activity, drawn=drawn: drawn.extend(
                        peers.get_sampled_activations(200, [activity])[1]
                    )
                )
                looped += measured(peers.compute_rdm, drawn)
        draw = measured(
            lambda: write_samples(folder / "population.nc", paths["sample"], size=200, repeats=times, seed=0)
        )
        compute = measured(lambda: write_rdms(*paths.values(), metrics=[metric]))
    what = f"{times} resamplings × {len(layers)} layers, {images} images"
    reckoned = f"the notebooks' loops ({few} resampled, reckoned)"
    yield Row(f"{what}: {reckoned}", draw + compute, (sampled + looped) * (times / few), target=200)
    yield Row(f"{what}, RDMs of units already drawn: {reckoned}", compute, looped * (times / few))


# ----------------------------------------------------------------------------------------------- study


def study(arguments) -> Iterable[Row]:
    import default_study

    files = default_study.local_files()
    with tempfile.TemporaryDirectory() as temporary:
        folder = default_study.prepare(Path(temporary) / "study")
        notes, numbers = Path(temporary) / "notes", Path(temporary) / "script"
        notes.mkdir()
        (Path(temporary) / "files.json").write_text(json.dumps(files))
        script = [sys.executable, str(HERE / "one_script.py"), f"{temporary}/files.json", str(numbers)]
        command = [*script, str(arguments.cores)]

        def peer() -> None:
            subprocess.run(command, check=True, capture_output=True)

        def ours(*options: str, environment: dict | None = None) -> None:
            default_study.timed(folder, "--cores", str(arguments.cores), *options, environment=environment)

        probe = os.pathsep.join(filter(None, [str(HERE / "probe"), os.environ.get("PYTHONPATH")]))
        first = measured(peer)
        whole = measured(lambda: ours(environment={"PYTHONPATH": probe, "REPSCAPE_PROBE": str(notes)}))
        script_cost = (first + measured(peer)) * 0.5
        figure = measured(lambda: ours("--force", "differentiation_by_depth"))
        told = agreement(folder / "results/default/analyses", numbers / "numbers.npz")
        print_processes(notes)
        print(told)
    what = f"cold default study, {arguments.cores} cores: one script"
    yield Row(what, whole, script_cost, "ours / peer", 2)
    yield Row("one figure alone, in seconds", figure, None, "ours / peer", 6)


def agreement(analyses: Path, numbers: Path) -> str:
    """Compare the script's numbers with the study's, and say how far they differ.

    Raises
    ------
    ValueError
        By more than 1e-5 of the values; in the predictions, whose exponentials make the most of the last
        digits of a forward pass, and in ρ, for which nearly equal values may rank otherwise: by more
        than 1e-3.
    """
    import one_script

    from repscape.io import netcdf

    labels = {
        "source": one_script.SHOWN, "stimulus": one_script.STIMULI, "layer": one_script.LAYERS,
        "population": one_script.POPULATIONS, "size": one_script.SIZES, "metric": one_script.METRICS,
    }  # fmt: skip
    theirs = np.load(numbers)

    def read(file, name: str, **only: str) -> np.ndarray:
        values = file[name][:]
        for axis, dim in reversed(list(enumerate(file[name].dimensions))):
            if dim in only:
                values = values.take(list(file[dim][:]).index(only[dim]), axis)
            elif dim in labels:
                places = [list(file[dim][:]).index(label) for label in labels[dim]]
                values = values.take(places, axis)
        return values

    def opened(name: str):
        return netcdf.open_file(analyses / f"{name}.nc", "analysis")

    worst: dict[str, float] = {}
    with opened("differentiation") as file:
        for name in ("differentiation", "normalised"):
            ours, script = read(file, name), theirs[name]
            # A quotient of two constants is undefined; of what rounding leaves of them, it is not.
            there = np.isfinite(ours) & (np.abs(read(file, "differentiation")) > 1e-12)
            different = np.abs(script / ours - 1)
            last = np.zeros(there.shape, bool)
            last[:, :, labels["layer"].index("predictions")] = True
            worst[name] = different[there & ~last].max()
            worst[f"{name} of the predictions"] = different[there & last].max()
    with opened("photographs") as file:
        rows = list(zip(file["source"][:], file["layer"][:], strict=True))
        order = [rows.index((source, layer)) for source in labels["source"] for layer in labels["layer"]]
        ours = file["dissimilarity"][:][order].reshape(theirs["photographs"].shape)
        different = np.abs(theirs["photographs"] - ours)
        worst["RDMs of the photographs"] = different[:, :-1].max()
        worst["RDMs of the predictions"] = np.nanmax(different[:, -1])
    with opened("layers_alike") as file:
        names = list(zip(file["source"][:], file["layer"][:], strict=True))
        expected = [(source, layer) for source in labels["source"] for layer in one_script.ALIKE]
        if names != expected:
            raise ValueError(f"the study compares other layers than the script: {names}")
        worst["1 − ρ of layers"] = np.abs(theirs["layers_alike"] - file["dissimilarity"][0]).max()
    allowed = {name: 1e-3 if "predictions" in name or "ρ" in name else 1e-5 for name in worst}
    wrong = [name for name in worst if not worst[name] <= allowed[name]]
    told = ", ".join(f"{name} {value:.1g}" for name, value in worst.items())
    if wrong:
        raise ValueError(f"the script's numbers are not the study's ({', '.join(wrong)}): {told}")
    return f"\nThe script's numbers against the study's, largest differences: {told}."


def print_processes(notes: Path) -> None:
    """Say which processes there were, what they cost and which libraries they imported."""
    found = defaultdict(list)
    for path in notes.iterdir():
        note = json.loads(path.read_text())
        script = Path(note["command"][0])
        found[script.suffixes[-2] if script.parent.name == "scripts" else "Snakemake"].append(note)
    print("\n| process | how many | processor seconds each | with pandas | with torch | with torchvision |")
    print("|---|---|---|---|---|---|")
    for name, own in sorted(found.items()):
        libraries = Counter(library for note in own for library in note["libraries"])
        counts = " | ".join(str(libraries[library]) for library in ("pandas", "torch", "torchvision"))
        seconds = np.mean([note["processor"] for note in own])
        print(f"| {name.strip('.')} | {len(own)} | {seconds:.1f} | {counts} |")


# --------------------------------------------------------------------------------------------- imports


def imports(arguments) -> Iterable[Row]:
    """Print the seconds of importing each library by itself, with all that it imports."""
    print("\n| library | seconds to import |\n|---|---|")
    for library in LIBRARIES:
        command = [sys.executable, "-X", "importtime", "-c", f"import {library}"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
        own = [line.split("|")[0].rpartition(":")[2] for line in lines if line.startswith("import time:")]
        print(f"| {library} | {sum(int(part) for part in own if part.strip().isdigit()) / 1e6:.2f} |")
    return ()


# ------------------------------------------------------------------------------------------------ all

SECTIONS = {section.__name__: section for section in (extraction, rdms, resampling, study, imports)}


def main() -> None:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="SECTION")
    parser.add_argument("--images", type=int, default=200, help="of extraction")
    parser.add_argument("--units", type=int, default=UNITS, help="of each layer, of extraction")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of extraction")
    parser.add_argument("--threads", type=int, default=1, help="of extraction, on a CPU")
    parser.add_argument("--peer-images", type=int, default=2, help="stored whole; at most 10")
    parser.add_argument("--rdm", type=int, nargs=2, default=(1000, 10_000), metavar=("IMAGES", "UNITS"))
    parser.add_argument("--resamplings", type=int, default=100)
    parser.add_argument("--resampling-images", type=int, default=43, help="as in the notebooks")
    parser.add_argument("--peer-resamplings", type=int, default=1, help="that the notebooks' loops run")
    parser.add_argument("--cores", type=int, default=2, help="of the study, and threads of the script")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print("load at the start: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))
    rows = [row for name in arguments.only for row in SECTIONS[name](arguments)]
    print("load at the end: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))
    if rows:
        print("\n| what: beside what | repscape | the other | ratio | of processor time | target | met |")
        print("|---|---|---|---|---|---|---|")
    for row in rows:
        other = f"{row.peer.passed:.3g} s" if row.peer else ""
        sign = "at most" if row.ratio == "ours / peer" else "at least"
        target = f"{sign} {row.target:g}" if row.target else ""
        print(
            f"| {row.what} | {row.ours.passed:.3g} s | {other} | {row.of('passed'):.3g} "
            f"| {row.of('processor'):.3g} | {target} | {row.met()} |"
        )


if __name__ == "__main__":
    main()

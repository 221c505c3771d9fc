"""Recording on a GPU: whether it agrees with the CPU, how fast it is, and how busy the GPU.

    python tests/benchmarks/gpu.py [--images 2000] [--network vgg16] [--device cuda]

A network of torchvision's with random weights sees smooth coloured noise of 224 × 224 pixels; 1,000 units of
every layer are recorded. Printed are the machine's name; the largest difference between GPU and CPU in each
layer, in SDs of the layer, also of images that are resized, in which a pixel may be rounded to the next of
256 values; how RDMs (1 − r) in reduced precision correlate with those in float32; images a second of
recording and of the bare forward pass, in turn, with the share of time that the GPU was busy as nvidia-smi
tells it; and what happens when memory runs out. ``--device cpu`` tries the command out.
"""

import argparse
import gc
import platform
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import netCDF4
import numpy as np
import torch

from repscape.activations.record import record
from repscape.io import netcdf
from repscape.networks import torchvision
from repscape.networks.lib import freeze, layer_table
from repscape.populations.lib import file as population_file
from repscape.populations.lib.layer import Layer
from repscape.traced.device import settings
from repscape.traced.network import thaw

UNITS, PIXELS, ROUNDS = 1_000, 224, 3
AGREE = 1e-3  # SDs of a layer, the largest difference between CPU and GPU that is no mistake
ALIKE = 0.999  # correlation of RDMs in half precision with those in float32
SHARE = 0.8  # of the bare pass's throughput


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--few", type=int, default=32, help="images that are compared")
    parser.add_argument("--network", default="vgg16")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    options = parser.parse_args()
    cuda = options.device == "cuda"
    if cuda and not torch.cuda.is_available():
        parser.error("there is no usable GPU; --device cpu tries the command out")
    print(f"{torch.cuda.get_device_name(0) if cuda else platform.machine()}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder), options.network, options.device)
        study.show(options.few, 272, 640)
        agreement(study, "272 x 640 pixels, which are resized", None)
        study.show(options.few)
        agreement(study, "224 x 224 pixels", AGREE)
        precisions(study, ["float16", "bfloat16", "tf32"] if cuda else ["bfloat16"])
        study.show(options.images)
        throughput(study)
        if cuda:
            memory(study)


class Study:
    """A network, a population of its layers, and images, as files."""

    def __init__(self, folder: Path, architecture: str, device: str):
        self.folder, self.device = folder, device
        frozen = freeze.freeze(torchvision.load(architecture=architecture, weights="random", seed=0))
        self.network, self.population = folder / "network.pt", folder / "population.nc"
        freeze.save(frozen, self.network)
        self.labels = layer_table.select(frozen.rows, "all", "layers")
        layers = []
        for label in self.labels:
            row = layer_table.find(frozen.rows, label)[1]
            layers.append(Layer(label, row.channels, row.height, row.width, row.units))
        section = {"select": "random", "units": UNITS, "seed": 0}
        population_file.write(
            self.population, layers, section=section, files={}, source="net", population="random"
        )

    def show(self, images: int, height: int = PIXELS, width: int = PIXELS) -> None:
        """Make the stimulus."""
        coarse = torch.rand(images, 3, 14, 14, generator=torch.Generator().manual_seed(0))
        smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
        self.pixels = (255 * smooth).permute(0, 2, 3, 1).to(torch.uint8).numpy()
        self.stimulus = self.folder / "stimulus.nc"
        variables = {
            "images": (("image", "y", "x", "channel"), self.pixels),
            "name": (("image",), [f"{number:06d}" for number in range(images)]),
        }
        attributes = {"stimulus": "noise", "sha256": ""}
        netcdf.write(self.stimulus, kind="stimulus", variables=variables, attributes=attributes)

    def record(self, device: str, precision: str = "float32") -> dict[str, Path]:
        """Record all layers; return their files."""
        outputs = {label: self.folder / f"{label}.nc" for label in self.labels}
        for path in outputs.values():  # as before a job of a study: to replace a file waits for the disk
            path.unlink(missing_ok=True)
        inputs = self.network, self.stimulus, self.population
        record(*inputs, outputs, device=device, precision=precision, threads=torch.get_num_threads())
        return outputs

    def activity(self, device: str, precision: str = "float32") -> tuple[dict[str, np.ndarray], int]:
        """Return activations by layer (image, unit), and the batch that was used."""
        found = {}
        for label, path in self.record(device, precision).items():
            with netCDF4.Dataset(path) as dataset:
                found[label], batch = dataset["activation"][:].data, int(dataset.batch)
        return found, batch


def agreement(study: Study, shown: str, target: float | None) -> None:
    """Print how far the device is from the CPU; a resized pixel may be rounded to the next of 256 values."""
    expected, found = study.activity("cpu")[0], study.activity(study.device)[0]
    worst, label = max((np.abs(found[name] - own).max() / own.std(), name) for name, own in expected.items())
    told = f"; target {target:g}) {met(worst < target)}" if target else ")"
    print(f"{shown}, {len(expected)} layers: at most {worst:.1e} SDs from the CPU ({label}{told}")


def precisions(study: Study, kinds: list[str]) -> None:
    """Print the least correlation over layers of RDMs in reduced precision with those in float32."""
    expected = {label: rdm(values) for label, values in study.activity(study.device)[0].items()}
    for precision in kinds:
        found = study.activity(study.device, precision)[0]
        least, label = min(
            (np.corrcoef(expected[label], rdm(values))[0, 1], label) for label, values in found.items()
        )
        told = met(least > ALIKE)
        print(f"{precision}: RDMs correlate by at least {least:.6f} ({label}; target {ALIKE:g}) {told}")


def throughput(study: Study) -> None:
    """Print images a second of the bare pass and of recording, in turn."""
    taken: dict[str, list[float]] = {"bare": [], "recording": []}
    busy: dict[str, list[float]] = {"bare": [], "recording": []}
    ways = {"bare": lambda: forward(study), "recording": lambda: study.record(study.device)}
    for number in range(ROUNDS + 1):  # the first warms up
        for name, run in ways.items():
            with watched(study.device) as shares:
                started = time.perf_counter()
                run()
                seconds = time.perf_counter() - started
            if number:
                taken[name].append(seconds)
                busy[name] += shares
    speed = {name: len(study.pixels) / statistics.median(seconds) for name, seconds in taken.items()}
    for name, value in speed.items():
        share = f", GPU busy {statistics.mean(busy[name]):.0f}% of the time" if busy[name] else ""
        print(f"{name}: {value:.1f} images a second{share}")
    ratio = speed["recording"] / speed["bare"]
    print(f"recording reaches {ratio:.2f} of the bare pass (target {SHARE:g}) {met(ratio >= SHARE)}")


def memory(study: Study) -> None:
    """Print what batch is used where the GPU's memory is small."""
    expected, usual = study.activity("cuda")
    weights = sum(value.nbytes for value in thaw(study.network).module.state_dict().values())
    gc.collect()  # networks of earlier passes, whose graphs hold themselves
    torch.cuda.empty_cache()
    room = weights + 2**30  # a gigabyte for what is computed
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)
    found, used = study.activity("cuda")
    torch.cuda.set_per_process_memory_fraction(1.0)
    worst = max(np.abs(found[name] - own).max() / own.std() for name, own in expected.items())
    fine = used < usual and worst < AGREE
    print(f"1 GB for activity: batches of {used} in place of {usual}, {worst:.1e} SDs apart {met(fine)}")


def forward(study: Study) -> None:
    """Show all images to the network, with what recording does before a network, and nothing after."""
    frozen = thaw(study.network)
    module = frozen.module.to(study.device)
    batch = 256 if study.device == "cuda" else 10
    with torch.inference_mode(), settings(None, "float32"):  # torch alone would round to TF32
        for start in range(0, len(study.pixels), batch):
            pixels = torch.from_numpy(study.pixels[start : start + batch]).to(study.device)
            module(frozen.preprocess.apply(pixels).contiguous())
    if study.device == "cuda":
        torch.cuda.synchronize()


def rdm(values: np.ndarray) -> np.ndarray:
    """Return 1 − r of every two images, float64 (pair,)."""
    return 1 - np.corrcoef(values.astype(np.float64))[np.triu_indices(len(values), 1)]


@contextmanager
def watched(device: str):
    """Collect, every fifth of a second, which percentage of the time the GPU was busy."""
    shares: list[float] = []
    done = threading.Event()
    command = ["nvidia-smi", "--id=0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]

    def ask() -> None:
        while not done.wait(0.2):
            said = subprocess.run(command, capture_output=True, text=True).stdout
            shares.extend(map(float, said.split()))

    asking = threading.Thread(target=ask)
    if device == "cuda":
        asking.start()
    try:
        yield shares
    finally:
        done.set()
        if device == "cuda":
            asking.join()


def met(fine: bool) -> str:
    """Say whether a target is met."""
    return "met" if fine else "MISSED"


if __name__ == "__main__":
    main()

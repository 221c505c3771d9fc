"""Recording from files to files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from repscape.activations import record as module_under_test
from repscape.core.errors import DataError, DeviceError
from repscape.io import netcdf
from repscape.networks import torchvision
from repscape.planning import resource_estimates
from repscape.populations.lib import file
from repscape.traced import network as frozen
from repscape.traced import runner
from repscape.traced.device import choose_device
from repscape.traced.io_thread import IoThread


def activity(path):
    with netCDF4.Dataset(path) as dataset:
        return np.asarray(dataset["activation"][:])


def by_hand(study):
    """All outputs of the small network in float64."""
    pixels = torch.from_numpy(study.pixels).permute(0, 3, 1, 2).double() / 255
    mean, std = (torch.tensor(getattr(study.frozen.preprocess, key)).double() for key in ("mean", "std"))
    x = (pixels - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)
    net = study.module.double()
    with torch.inference_mode():
        out = {"input": x, "conv1": net.conv(x)}
        out["bn1"] = net.bn(out["conv1"])
        out["relu1"] = out["bn1"].relu()
        out["conv2"] = net.again(out["relu1"])
        out["relu2"] = out["conv2"].relu()
        out["maxpool1"], out["maxpool2"] = net.pool(out["relu2"]), net.pool(out["relu1"])
        out["add1"] = out["maxpool1"] + out["maxpool2"]
        out["mean1"] = out["add1"].mean((2, 3))
        out["fc1"] = net.fc(out["mean1"])
        out["predictions"] = out["fc1"].softmax(1)
    net.float()
    return {label: value.numpy() for label, value in out.items()}


def close(found, expected):
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_units_and_their_labels(study):
    small = study(units=300)
    outputs = small.run(batch=3)
    expected = by_hand(small)
    assert list(outputs) == list(expected)
    for order, (label, path) in enumerate(outputs.items()):
        data = xr.open_dataset(path)
        layer = (*expected[label].shape, 1, 1)[:4]
        values = expected[label].reshape(layer)
        c, y, x = (data[name].values for name in ("channel", "y", "x"))
        close(data.activation.values, values[:, c, y, x])
        close(data.activation.values, expected[label].reshape(7, -1)[:, data.unit.values])
        assert data.activation.dims == ("image", "unit")
        assert data.activation.dtype == np.float32
        assert list(data.name.values[:2]) == ["image 0000", "image 0001"]
        assert len(data.unit) == min(300, expected[label][0].size)
        assert {data[name].dtype for name in ("unit", "channel", "y", "x")} == {np.dtype(np.int32)}
        wanted = {
            "kind": "activations",
            "source": "net",
            "stimulus": "pictures",
            "population": "random",
            "layer": label,
            "order": order,
            "statistic": "unit",
            "positions": int(np.prod(expected[label].shape[2:])),
            "stimulus_sha256": "abc",
            "weights_sha256": small.frozen.weights_sha256,
            "batch": 3,
            "threads": 1,
            "precision": "float32",
            "device": "cpu",
        }
        assert {key: data.attrs[key] for key in wanted} == wanted
        assert json.loads(data.attrs["preprocess"])["crop"] == 16
        assert json.loads(data.attrs["selected"]) == {"kind": "random", "units": 300}


def test_filter_means(study):
    small = study(kind="filter_means")
    expected = by_hand(small)
    for label, path in small.run(batch=3).items():
        data = xr.open_dataset(path)
        values = expected[label].reshape(7, expected[label].shape[1], -1).mean(2)
        close(data.activation.values, values)
        assert (data.unit == data.channel).all()
        assert not {"x", "y"} & set(data.variables)


def test_position_means(study):
    small = study(kind="filter_means", layers=["conv1", "fc1"])
    keys = {"n_requested": 3, "statistic": "position_mean"}
    attributes = {"source": "n", "population": "p", "plugin": "position_means", "parameters": "{}"}
    with netcdf.create(small.inputs[2], kind="population", attributes=attributes) as new:
        for label, unit in (("conv1", [0, 17, 255]), ("fc1", [0])):
            group = new.createGroup(label)
            netcdf.add_variable(group, "unit", ("unit",), np.array(unit, np.int32))
            netcdf.set_attributes(group, keys | {"layer": label})
    outputs = small.run(batch=3)
    expected = by_hand(small)
    data = xr.open_dataset(outputs["conv1"])
    close(data.activation.values, expected["conv1"].mean(1)[:, [0, 1, 15], [0, 1, 15]])
    assert (list(data.y), list(data.x)) == ([0, 1, 15], [0, 1, 15])
    assert "channel" not in data
    close(activity(outputs["fc1"]), expected["fc1"].mean(1, keepdims=True))


def test_an_image_gives_the_same_whatever_is_beside_it(study):
    """The last batch is padded: the number of images changes nothing, the batch hardly anything."""
    small = study(kind="all")
    whole = small.run("whole", batch=3)
    with netcdf.open_file(small.inputs[1]) as stimulus:
        variables = {
            "images": (("image", "y", "x", "channel"), stimulus["images"][:4]),
            "name": (("image",), stimulus["name"][:4]),
        }
    netcdf.write(
        small.inputs[1], kind="stimulus", variables=variables, attributes={"stimulus": "s", "sha256": ""}
    )
    part = small.run("part", batch=3)
    other = small.run("other", batch=50)
    for label in small.labels:
        assert np.array_equal(activity(whole[label])[:4], activity(part[label]))
        close(activity(other[label]), activity(part[label]))


def test_same_bytes_twice(study):
    small = study(units=100)
    first, second = small.run("first", batch=2), small.run("second", batch=2)
    assert all(first[label].read_bytes() == second[label].read_bytes() for label in small.labels)


def test_a_block_and_its_layer_by_both_labels(study):
    small = study(kind="all", layers=["block1", "maxpool1", "maxpool2", "add1", "fc1"])
    assert set(small.labels) >= {"block1", "fc1"}
    outputs = small.run()
    expected = by_hand(small)
    close(activity(outputs["fc1"]), expected["fc1"])
    with netCDF4.Dataset(outputs["block1"]) as dataset:
        label = small.frozen.rows[dataset.order].label
    close(activity(outputs["block1"]), expected[label].reshape(7, -1))


def test_nothing_runs_after_the_last_layer_that_is_wanted(study):
    small = study(kind="all", layers=["conv1"])

    def forbidden(*_):
        pytest.fail("the fully connected layer ran")

    network = frozen.open_network(small.inputs[0])
    network.module.fc.register_forward_pre_hook(forbidden)
    seen = []
    network.run(torch.zeros(1, 3, 16, 16), {"conv": seen.append})
    assert len(seen) == 1


def test_reduced_precision(study):
    small = study(kind="all")
    outputs = small.run(precision="bfloat16")
    expected = by_hand(small)
    for label, path in outputs.items():
        found = activity(path)
        assert found.dtype == np.float32
        assert np.abs(found - expected[label].reshape(7, -1)).max() < 0.05 * np.abs(expected[label]).max()
    with pytest.raises(DeviceError, match=r"activations.precision: tf32.*float32"):
        small.run(precision="tf32", device="cpu")


def test_batches_are_halved_when_memory_runs_out(study, monkeypatch, caplog):
    small = study(units=100, images=23)
    expected = {label: activity(path) for label, path in small.run("before", batch=16).items()}
    run, sizes = frozen.Frozen.run, []

    def limited(self, images, callbacks):
        if len(images) > 4:
            run(self, images, dict(list(callbacks.items())[:3]))
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(images))
        run(self, images, callbacks)

    monkeypatch.setattr(frozen.Frozen, "run", limited)
    outputs = small.run("after", batch=16)
    assert sizes[0] == 4
    assert "batches of 4" in caplog.text
    for label, path in outputs.items():
        close(activity(path), expected[label])
        with netCDF4.Dataset(path) as dataset:
            assert dataset.batch == 4


def test_a_recording_written_beside_is_the_same(study, monkeypatch):
    small = study(units=300, images=23)

    def content(path):
        with netCDF4.Dataset(path) as dataset:
            return dataset["activation"][:].tobytes(), dataset.ncattrs()

    expected = {label: content(path) for label, path in small.run("in_turn", batch=4).items()}
    monkeypatch.setattr(runner, "IoThread", lambda beside: IoThread(beside=True))
    found = small.run("beside", batch=4)
    assert {label: content(path) for label, path in found.items()} == expected


def test_an_image_that_does_not_fit_at_all(study, monkeypatch):
    small = study(units=100)

    def never(*_):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")

    monkeypatch.setattr(frozen.Frozen, "run", never)
    with pytest.raises(DeviceError, match=r"image.*fit.*Tried.*allocate 1 GiB.*device: cpu"):
        small.run(batch=8)
    assert not list((small.folder / "out").glob("*"))


def test_cuda_does_not_fall_back(study, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    small = study(units=100)
    with pytest.raises(DeviceError, match=r"device: cuda.*expected a GPU.*nvidia-smi"):
        small.run(device="cuda")
    assert choose_device("auto").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
    assert choose_device("cpu").type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_and_cpu_agree(study):
    small = study(units=100)
    cpu, cuda = small.run("cpu", device="cpu"), small.run("cuda", device="cuda", cuda_batch=4)
    for label in small.labels:
        close(activity(cuda[label]), activity(cpu[label]))


def test_settings_of_torch_are_put_back(study):
    small = study(units=100)
    torch.set_num_threads(2)
    small.run(threads=1)
    assert torch.get_num_threads() == 2


def test_files_that_do_not_belong_together(study):
    small = study(units=100)
    with pytest.raises(DataError, match=r"file.*kind 'stimulus'"):
        module_under_test.record(
            small.inputs[0], small.inputs[2], small.inputs[2], {"fc1": small.folder / "x"}
        )
    small.inputs[0].write_bytes(small.inputs[0].read_bytes()[:2000])
    with pytest.raises(DataError, match="network\\.pt: expected a network"):
        small.run()


def test_without_a_crop_the_size_of_the_stimulus_must_be_that_of_the_table(study):
    small = study(units=100)
    preprocess = {"preprocess": torchvision.Preprocess(resize=None, crop=None).to_dict()}
    content = torch.load(small.inputs[0], weights_only=False)
    torch.save(content | preprocess, small.inputs[0])
    small.run()
    netcdf.write(
        small.inputs[1],
        kind="stimulus",
        variables={
            "images": (("image", "y", "x", "channel"), np.zeros((3, 20, 16, 3), np.uint8)),
            "name": (("image",), list("abc")),
        },
        attributes={"stimulus": "s", "sha256": ""},
    )
    with pytest.raises(DataError, match=r"input.* 20 x 16.*network\.pt.*.* 16 x 16"):
        small.run()


MEMORY = r"""
import re, sys
from pathlib import Path
from repscape.activations.record import record

def largest():  # not getrusage's: that begins with what the process had which started this one
    return re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]

folder, layers = Path(sys.argv[1]), sys.argv[2].split(",")
inputs = [folder / name for name in ("network.pt", "stimulus.nc", "population.nc")]
before = largest()
record(*inputs, {label: folder / "out" / f"{label}.nc" for label in layers}, batch=int(sys.argv[3]))
print(before, largest())
"""


def peak_memory(small, batch: int) -> tuple[int, int]:
    """Record in a process of its own; return its largest memory before and in all, in kB."""
    command = [sys.executable, "-c", MEMORY, str(small.folder), ",".join(small.labels), str(batch)]
    environment = os.environ | {"PYTHONPATH": str(Path(netcdf.__file__).parents[2])}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    before, peak = map(int, done.stdout.split()[-2:])
    return before, peak


def test_memory_does_not_grow_with_the_number_of_images(study):
    """What 2,000 images need in all, 24 MB of pixels and 500 MB of activity, shows if it is kept."""
    grown, peak = {}, {}
    for images in (64, 2000):
        before, peak[images] = peak_memory(study(size=64, images=images, units=10_000), batch=16)
        grown[images] = peak[images] - before
    assert peak[2000] < 1.15 * peak[64]
    assert grown[2000] < 1.15 * grown[64] + 20_000  # kB; pages of allocators differ between runs


def test_memory_does_not_grow_with_the_number_of_layers(study):
    """What 60 layers record of a batch, 8 MB each, shows if each has a place in memory of its own."""
    conv = nn.Conv2d(8, 8, 3, padding=1)
    module = nn.Sequential(nn.Conv2d(3, 8, 1), *[conv] * 59, nn.Flatten(), nn.Linear(8 * 64 * 64, 3))
    small = study(module, size=64, images=64, units=30_000)
    before, peak = peak_memory(small, batch=64)
    network, stimulus, population = small.inputs
    sizes = {
        "pixels": resource_estimates.image(stimulus, 64),
        "largest": 8 * 64 * 64,
        "recorded": 30_000,
        "batch": 64,
    }
    asked = resource_estimates.recording(network, population, **sizes, on_gpu=False)
    assert (peak - before) / 1000 < asked - resource_estimates.TORCH + 100  # MB
    assert peak / 1000 < asked


def test_opens_fast_and_without_torchvision(study):
    small = study(units=10)
    code = (
        "import sys; from repscape.traced.network import open_network; open_network(sys.argv[1]);"
        "assert not {'torchvision', 'torch._dynamo', 'xarray'} & set(sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(netcdf.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code, str(small.inputs[0])], check=True, env=environment)


@pytest.mark.parametrize("architecture", ["swin_t", "efficientnet_b0", "shufflenet_v2_x0_5"])
def test_frozen_networks_of_other_families_run_from_their_file(architecture, study):
    """Wrapped functions, erased nodes and views survive the file; its paths are still in order."""
    network = torchvision.build(architecture, seed=1)
    small = study(module=network, size=64, images=3, kind="filter_means", layers="blocks")
    outputs = small.run(batch=3)
    images = small.frozen.preprocess.apply(torch.from_numpy(small.pixels))
    with torch.inference_mode():
        expected = network(images).softmax(1).numpy()
    close(activity(outputs["predictions"]), expected)
    with netcdf.open_file(small.inputs[2]) as population:
        assert file.read(population, "predictions").statistic == "channel_mean"


def test_factors_of_images_come_along(study):
    factors = {"obj": ["a"] * 7, "color": [f"{n:03d}" for n in range(7)]}
    outputs = study(layers=["input"], units=10, factors=factors).run()
    with xr.open_dataset(outputs["input"]) as recording:
        assert recording.attrs["factors"] == ["obj", "color"]
        assert {name: recording[name].values.tolist() for name in factors} == factors
        assert set(recording.data_vars) == {"activation"}

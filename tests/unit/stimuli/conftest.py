"""Stimuli and a small network on disk, for stimuli that are made from these."""

import numpy as np
import pytest

from repscape.io import netcdf
from repscape.stimuli.lib.frame import Frames


@pytest.fixture
def write(tmp_path):
    """Return a function that writes images (image, y, x, 3) as a stimulus's file."""

    def write(images, name="parent", times=None, labels=None, factors=None):
        variables = {
            "images": (("image", "y", "x", "channel"), np.asarray(images, np.uint8)),
            "name": (("image",), [f"image_{index}" for index in range(len(images))]),
        }
        if times is not None:
            variables["time"] = (("image",), np.asarray(times, float))
        if labels is not None:
            variables["label"] = (("image",), labels)
        for factor, values in (factors or {}).items():
            variables[factor] = (("image",), values)
        path = tmp_path / f"{name}.nc"
        attributes = {"stimulus": name, "sha256": name, "factors": list(factors or []) or None}
        netcdf.write(path, kind="stimulus", variables=variables, attributes=attributes)
        return path

    return write


@pytest.fixture(scope="session")
def write_network():
    """Return a function that writes a network's files as the workflow does."""

    def write(loaded, folder):
        from repscape.networks.lib import freeze, layers_file

        frozen = freeze.freeze(loaded)
        freeze.save(frozen, folder / "network.pt")
        layers_file.write(
            folder / "layers.nc",
            frozen.rows,
            network="net",
            architecture="",
            weights="random",
            weights_sha256=frozen.weights_sha256,
            preprocess="{}",
            categories=loaded.categories,
        )
        return folder / "network.pt"

    return write


@pytest.fixture
def freeze(write_network, tmp_path):
    """Return a function that writes the files of a module as a network."""

    def freeze(module, preprocess, categories=None):
        from repscape.networks.lib.loaded import Loaded

        return write_network(Loaded(module.eval(), preprocess, "random", categories), tmp_path)

    return freeze


@pytest.fixture
def collect():
    """Return a function that takes all frames and the attributes that are returned after them."""

    def collect(given):
        frames = Frames(given)
        return list(frames), frames.attributes

    return collect


@pytest.fixture
def movie():
    """Return seven images of coloured blobs that move, far enough from black and white not to clip."""
    time, y, x = np.mgrid[:7, :24, :18]
    planes = [
        127
        + 25 * np.sin((x + shift + 2 * time) / 3.0)
        + 20 * np.cos((y - time) / (2.0 + shift))
        + 10 * np.sin(x * y / 40)
        for shift in range(3)
    ]
    return np.stack(planes, axis=-1).astype(np.uint8)

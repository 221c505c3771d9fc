"""Examples of frames, as a training gets them from a stimulus's file."""

import pytest
import torch

from repscape.io import netcdf
from repscape.stimuli.lib.assemble import assemble, factors_of, pixels_sha256
from repscape.trainings.lib.dataset import Examples


@pytest.fixture
def write_frames(tmp_path):
    """Return a function that writes frames as a stimulus's file."""

    def write_frames(frames, name="stimulus"):
        variables = assemble(frames)
        attributes = {
            "stimulus": name,
            "sha256": pixels_sha256(variables["images"][1]),
            "factors": factors_of(variables) or None,
        }
        netcdf.write(tmp_path / f"{name}.nc", kind="stimulus", variables=variables, attributes=attributes)
        return tmp_path / f"{name}.nc"

    return write_frames


@pytest.fixture
def examples(write_frames):
    """Return a function that turns frames into examples."""

    def examples(frames, preprocess, name="stimulus", target="label", classes=None):
        path = write_frames(frames, name)
        return Examples(path, target, preprocess, torch.device("cpu"), classes)

    return examples

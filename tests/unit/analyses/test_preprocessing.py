import json

import numpy as np
import pytest
import torch
import xarray as xr
from PIL import Image

from repscape.analyses.preprocessing import Preprocessing
from repscape.config.common_keys import StimulusKeys
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.plugin import registry, schema
from repscape.plugin.arguments import ready
from repscape.stimuli.lib.assemble import assemble
from repscape.study.study import Study
from repscape.traced.preprocess import Preprocess

PREPROCESS = {
    "net": Preprocess(resize=40, crop=32),
    "square": Preprocess(resize=(20, 20), crop=None, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
}


def write_stimulus(output, name, kind, **parameters):
    """Write a stimulus as its script does."""
    model = schema.model(registry.find("stimuli", kind), StimulusKeys)
    section = model.model_validate({"kind": kind, **parameters}).model_dump(mode="json")
    frames = ready("stimuli", section, name, {}).images()
    variables = assemble(frames, section["size"], section["fit"])
    attributes = {"stimulus": name, "parameters": json.dumps(section)}
    netcdf.write(output, kind="stimulus", variables=variables, attributes=attributes)
    return variables["images"][1]


@pytest.fixture
def stimuli(tmp_path):
    """Write pictures of several sizes, one of them grey, and noise; return the stored images."""
    generator = np.random.default_rng(0)
    pixels = {
        "a": generator.integers(0, 256, (50, 70, 3), np.uint8),
        "b": generator.integers(0, 256, (64, 48), np.uint8),
        "c": generator.integers(0, 256, (90, 90, 3), np.uint8),
    }
    (tmp_path / "pictures").mkdir()
    for name, values in pixels.items():
        Image.fromarray(values).save(tmp_path / "pictures" / f"{name}.png")
    shown = {
        "pictures": write_stimulus(
            tmp_path / "pictures.nc",
            "pictures",
            "images",
            path=str(tmp_path / "pictures"),
            size=[60, 60],
            fit="crop",
        ),
        "noise": write_stimulus(
            tmp_path / "noise.nc", "noise", "white_noise", count=4, size=[48, 64], seed=3
        ),
    }
    return pixels, shown


@pytest.fixture
def files(tmp_path, stimuli):
    for network, preprocess in PREPROCESS.items():
        attributes = {"network": network, "preprocess": json.dumps(preprocess.to_dict())}
        netcdf.write(tmp_path / f"{network}.nc", kind="layers", variables={}, attributes=attributes)
    return {
        "stimuli": [tmp_path / "pictures.nc", tmp_path / "noise.nc"],
        "layers": [tmp_path / f"{network}.nc" for network in PREPROCESS],
    }


def opened(tmp_path, result):
    netcdf.write(
        tmp_path / "preprocessing.nc",
        kind="analysis",
        variables=result.variables,
        attributes=result.attributes,
        groups=result.groups,
    )
    return xr.open_datatree(tmp_path / "preprocessing.nc")


def test_every_step_of_the_first_image(tmp_path, stimuli, files):
    pixels, shown = stimuli
    with opened(tmp_path, Preprocessing().compute(files)) as tree:
        for network, preprocess in PREPROCESS.items():
            assert json.loads(tree[network].attrs["preprocess"])["mean"] == list(preprocess.mean)
            pictures, noise = tree[f"{network}/pictures"], tree[f"{network}/noise"]
            assert pictures.attrs["name"] == "a.png"
            np.testing.assert_array_equal(pictures.original, pixels["a"])
            assert pictures.original.attrs["grey"] == 0
            np.testing.assert_array_equal(noise.original, shown["noise"][0])
            for data, stimulus in ((pictures, "pictures"), (noise, "noise")):
                image = torch.from_numpy(shown[stimulus][:1])
                np.testing.assert_array_equal(data.normalised, preprocess.apply(image)[0])
                # what the network sees is the RGB step, scaled
                scaled = (data.rgb.values / 255 - preprocess.mean) / preprocess.std
                np.testing.assert_allclose(data.normalised, scaled.transpose(2, 0, 1), atol=1e-6)
        assert tree["net/pictures"].resized.shape == (40, 40, 3)
        assert tree["net/noise"].resized.shape == (40, 53, 3)
        np.testing.assert_array_equal(tree["net/noise"].rgb, tree["net/noise"].resized[4:36, 10:42])
        assert tree["square/noise"].rgb.shape == (20, 20, 3)
        np.testing.assert_array_equal(tree["square/noise"].rgb, tree["square/noise"].resized)


def test_a_chosen_grey_image(tmp_path, stimuli, files):
    pixels, _ = stimuli
    with opened(tmp_path, Preprocessing(images={"pictures": "b.png"}).compute(files)) as tree:
        pictures = tree["net/pictures"]
        assert pictures.attrs["name"] == "b.png"
        assert pictures.original.attrs["grey"] == 1
        np.testing.assert_array_equal(pictures.original[:, :, 1], pixels["b"])


def test_unknown_image_lists_the_images(files):
    with pytest.raises(DataError, match=r"images\.pictures: .*pictures\.nc: 'd.png'.*a\.png"):
        Preprocessing(images={"pictures": "d.png"}).compute(files)


def test_inputs():
    study = Study(
        name="test", stimuli=("bikes",), layers={}, samples={}, metrics=(), analyses=(),
        config={"networks": {"net": {}}},
    )  # fmt: skip
    assert Preprocessing(images={"bikes": "frame 3"}).inputs(study) == {
        "stimuli": ["results/test/stimuli/bikes.nc"],
        "layers": ["results/test/networks/net/layers.nc"],
    }
    with pytest.raises(ConfigError, match=r"preprocessing\.images: 'bike'.*'bikes'"):
        Preprocessing(images={"bike": "frame 3"}).inputs(study)

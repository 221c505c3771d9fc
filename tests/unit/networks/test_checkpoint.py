"""A real checkpoint on real pictures: what the network must answer is known."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from torchvision import models

from repscape.io import assets
from repscape.networks.lib.freeze import freeze, save
from repscape.networks.lib.loaded import weights_sha256
from repscape.networks.torchvision import load
from repscape.traced.network import thaw

CONFIG = Path(__file__).parents[3] / "config" / "config.yaml"


@pytest.fixture(scope="module")
def study():
    return yaml.safe_load(CONFIG.read_text())


@pytest.fixture(scope="module")
def checkpoint(study):
    return assets.fetch(study["networks"]["mobilenet_v2"]["file"], "test")[0]


@pytest.fixture(scope="module")
def pictures(study):
    wanted = [
        next(path for path in study["stimuli"]["pictures"]["path"] if f"/{name}.png#" in path)
        for name in ("coffee", "camera", "chelsea")
    ]
    return [np.asarray(Image.open(path).convert("RGB")) for path in assets.fetch(wanted, "test")]


@pytest.mark.parametrize("weights", ["IMAGENET1K_V1", None])
def test_mobilenet_v2_knows_what_it_sees(weights, checkpoint, pictures, tmp_path):
    loaded = load(architecture="mobilenet_v2", weights=weights, file=checkpoint)
    assert loaded.weights == "IMAGENET1K_V1"  # also where only the file's name says so
    assert (loaded.preprocess.resize, loaded.preprocess.crop) == (256, 224)
    save(freeze(loaded), tmp_path / "network.pt")
    frozen = thaw(tmp_path / "network.pt")
    answers = []
    for picture in pictures:
        images = frozen.preprocess.apply(torch.from_numpy(picture[None].copy()))
        theirs = models.MobileNet_V2_Weights.IMAGENET1K_V1.transforms()(Image.fromarray(picture))
        assert torch.equal(images[0], theirs)
        with torch.inference_mode():
            frozen.run(images, {"predictions": lambda output: answers.append(output[0].clone())})
    found = [(loaded.categories[int(a.argmax())], float(a.max())) for a in answers]
    assert [name for name, _ in found] == ["espresso", "tripod", "Egyptian cat"]
    assert found[0][1] == pytest.approx(0.99, abs=0.005)
    assert found[1][1] == pytest.approx(0.98, abs=0.005)


def test_torchvisions_own_address_is_looked_for_in_the_mirror(checkpoint, tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / checkpoint.name).write_bytes(checkpoint.read_bytes())
    monkeypatch.setenv("REPSCAPE_MIRROR", str(tmp_path))
    monkeypatch.setenv("REPSCAPE_CACHE", str(tmp_path / "cache"))
    loaded = load(architecture="mobilenet_v2", weights="IMAGENET1K_V1")
    given = load(architecture="mobilenet_v2", weights="IMAGENET1K_V1", file=checkpoint)
    assert weights_sha256(loaded.module) == weights_sha256(given.module)

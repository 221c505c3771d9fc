"""Our preprocessing against torchvision's own, on the presets of its weights."""

import json

import pytest
import torch
from torchvision import models
from torchvision.transforms import functional

from repscape.frozen.preprocess import Preprocess
from repscape.networks.torchvision import preset

ARCHITECTURES = ["alexnet", "mobilenet_v2", "inception_v3", "efficientnet_b7", "vit_h_14", "swin_v2_t"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("size", [(90, 130), (300, 200), (256, 256), (600, 601)])
def test_equals_torchvisions_preset(architecture, size):
    weights = models.get_model_weights(architecture).DEFAULT
    images = torch.randint(0, 256, (2, *size, 3), dtype=torch.uint8)
    expected = weights.transforms()(images.permute(0, 3, 1, 2))
    found = preset(weights).apply(images)
    assert torch.equal(found, expected)
    assert found.is_contiguous()
    assert found.shape[-2:] == preset(weights).output_size(*size)


def test_every_preset_is_understood():
    for architecture in models.list_models(module=models):
        for weights in models.get_model_weights(architecture):
            transform, ours = weights.transforms(), preset(weights)
            assert (ours.resize, ours.crop) == (transform.resize_size[0], transform.crop_size[0])
            assert (ours.mean, ours.std) == (tuple(transform.mean), tuple(transform.std))
            assert ours.interpolation == transform.interpolation.value


@pytest.mark.parametrize(("size", "crop"), [((50, 70), (64, 64)), ((51, 301), (224, 100)), ((7, 7), (8, 9))])
def test_small_images_get_a_black_frame(size, crop):
    images = torch.randint(0, 256, (1, *size, 3), dtype=torch.uint8)
    ours = Preprocess(resize=None, crop=crop, mean=(0, 0, 0), std=(1, 1, 1)).apply(images)
    assert torch.equal(ours, functional.center_crop(images.permute(0, 3, 1, 2), crop) / 255)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest", "nearest-exact"])
@pytest.mark.parametrize("antialias", [True, False])
def test_interpolations(interpolation, antialias):
    images = torch.randint(0, 256, (1, 40, 60, 3), dtype=torch.uint8)
    ours = Preprocess((30, 31), None, interpolation, antialias, (0, 0, 0), (1, 1, 1)).apply(images)
    mode = functional.InterpolationMode(interpolation)
    expected = functional.resize(images.permute(0, 3, 1, 2), (30, 31), mode, antialias=antialias)
    assert torch.equal(ours, expected / 255)


def test_stages():
    images = torch.randint(0, 256, (2, 40, 60, 3), dtype=torch.uint8)
    ours = Preprocess(resize=30, crop=24)
    resized, cropped, normalised = ours.stages(images)
    assert torch.equal(resized, functional.resize(images.permute(0, 3, 1, 2), 30))
    assert torch.equal(cropped, functional.center_crop(resized, 24))
    assert torch.equal(normalised, functional.normalize(cropped / 255, ours.mean, ours.std))
    assert torch.equal(normalised, ours.apply(images))


def test_survives_json():
    ours = Preprocess(resize=(10, 20), crop=None)
    assert Preprocess.of(json.loads(json.dumps(ours.to_dict()))) == ours
    assert Preprocess.of(ours) is ours

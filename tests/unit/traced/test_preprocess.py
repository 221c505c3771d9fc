"""Our preprocessing against torchvision's own on a Pillow image, by the presets of its weights."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models
from torchvision.transforms import functional

from repscape.core.errors import DataError
from repscape.networks.torchvision import preset
from repscape.traced import preprocess as module
from repscape.traced.preprocess import Preprocess

PLAIN = {"mean": (0, 0, 0), "std": (1, 1, 1)}
# Portrait, landscape, one pixel off, smaller than the crop, what rounds at a half, hardly an image.
SIZES = [(300, 200), (256, 341), (257, 256), (233, 231), (256, 256), (224, 224), (90, 131), (7, 1), (3, 50)]
WEIGHTS = {  # bilinear and bicubic; resized more than cropped by 32, 8, 0, 1, 43, 64
    "alexnet": "IMAGENET1K_V1",
    "resnet50": "IMAGENET1K_V2",
    "vit_b_16": "IMAGENET1K_SWAG_LINEAR_V1",
    "regnet_x_400mf": "IMAGENET1K_V2",
    "inception_v3": "IMAGENET1K_V1",
    "swin_v2_t": "IMAGENET1K_V1",
    "efficientnet_b1": "IMAGENET1K_V2",
    "efficientnet_b3": "IMAGENET1K_V1",
}


def picture(*size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def as_tensor(pixels):
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)


@pytest.mark.parametrize("architecture", WEIGHTS)
def test_equals_torchvisions_transform_of_the_picture(architecture):
    weights = models.get_model_weights(architecture)[WEIGHTS[architecture]]
    transform, ours = weights.transforms(), preset(weights)
    for size in SIZES:
        pixels = picture(*size)
        found = ours.apply(torch.from_numpy(pixels)[None])
        assert torch.equal(found[0], transform(Image.fromarray(pixels))), size
        assert found.is_contiguous()
        assert found.shape[-2:] == ours.output_size(*size)


def test_every_preset_is_understood():
    for architecture in models.list_models(module=models):
        for weights in models.get_model_weights(architecture):
            transform, ours = weights.transforms(), preset(weights)
            assert (ours.resize, ours.crop) == (transform.resize_size[0], transform.crop_size[0])
            assert (ours.mean, ours.std) == (tuple(transform.mean), tuple(transform.std))
            assert ours.interpolation == transform.interpolation.value
            assert (ours.antialias, ours.border) == (transform.antialias, False)


@pytest.mark.parametrize("threads", [1, 3])
def test_pictures_of_many_sizes_are_made_ready_one_by_one(threads):
    ours, taken = Preprocess(resize=30, crop=24), []

    def pictures():
        for seed, size in enumerate(SIZES[:-1]):
            taken.append(size)
            yield picture(*size, seed=seed)

    found = ours.ready(pictures(), threads)
    assert taken == SIZES[:-1]
    for seed, (size, pixels) in enumerate(zip(SIZES, found, strict=False)):
        image = functional.resize(Image.fromarray(picture(*size, seed=seed)), 30)
        np.testing.assert_array_equal(pixels, functional.center_crop(image, 24))


@pytest.mark.parametrize(("size", "crop"), [((50, 70), (64, 64)), ((51, 301), (224, 100)), ((7, 7), (8, 9))])
def test_small_images_get_a_black_frame(size, crop):
    pixels = picture(*size)
    ours = Preprocess(resize=None, crop=crop, **PLAIN).apply(torch.from_numpy(pixels)[None])
    assert torch.equal(ours[0], as_tensor(functional.center_crop(Image.fromarray(pixels), crop)) / 255)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest", "nearest-exact"])
def test_interpolations(interpolation):
    pixels = picture(40, 60)
    ours = Preprocess((30, 71), None, interpolation, True, **PLAIN).apply(torch.from_numpy(pixels)[None])
    mode = functional.InterpolationMode(interpolation)
    expected = functional.resize(Image.fromarray(pixels), (30, 71), mode)
    assert torch.equal(ours[0], as_tensor(expected) / 255)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_without_antialiasing_as_torchvision_resizes_tensors(interpolation):
    images = torch.from_numpy(picture(40, 60))[None]
    ours = Preprocess((30, 31), None, interpolation, False, **PLAIN).apply(images)
    mode = functional.InterpolationMode(interpolation)
    expected = functional.resize(images.permute(0, 3, 1, 2), (30, 31), mode, antialias=False)
    assert torch.equal(ours, expected / 255)


def test_stages():
    pixels = picture(40, 60)
    ours = Preprocess(resize=30, crop=24)
    resized, cropped, normalised = ours.stages(pixels)
    image = functional.resize(Image.fromarray(pixels), 30)
    np.testing.assert_array_equal(resized, image)
    np.testing.assert_array_equal(cropped, functional.center_crop(image, 24))
    expected = functional.normalize(as_tensor(cropped) / 255, ours.mean, ours.std)
    np.testing.assert_array_equal(normalised, expected)
    assert torch.equal(torch.from_numpy(normalised), ours.apply(torch.from_numpy(pixels)[None])[0])


def test_what_has_the_size_is_only_cut(monkeypatch):
    monkeypatch.setattr(Preprocess, "_resize", None)
    images = np.stack([picture(30, 41, seed=seed) for seed in range(3)])
    found = Preprocess(resize=30, crop=24).ready(images)
    assert np.shares_memory(found, images)
    np.testing.assert_array_equal(found, images[:, 3:27, 8:32])


@pytest.mark.parametrize("ours", [Preprocess(resize=20, crop=24), Preprocess((20, 20), 24, border=True)])
def test_gradients_are_those_of_about_the_same_steps(ours):
    images = torch.from_numpy(picture(33, 50))[None].permute(0, 3, 1, 2).float().requires_grad_()
    found = ours.differentiable(images)
    exact = ours.apply(images.detach().permute(0, 2, 3, 1).to(torch.uint8))
    assert (found - exact).abs().max() < 1.51 / 255 / 0.224
    found.sum().backward()
    assert images.grad.abs().sum() > 0


def test_inputs_of_different_sizes_are_refused():
    sizes = np.array([[40, 60], [60, 40], [40, 60]])
    assert Preprocess(crop=24).output_sizes(sizes) == {(40, 60): (24, 24), (60, 40): (24, 24)}
    with pytest.raises(DataError, match=r"40 x 60 pixels.* 20 x 30, 60 x 40 pixels.* 30 x 20.*crop"):
        Preprocess(resize=20, crop=None).output_sizes(sizes)


def test_a_strip_that_would_become_huge_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 256 * 2000)
    with pytest.raises(DataError, match=r"1 x 10.*resized.* 256 x 2560"):
        Preprocess().ready(picture(1, 10)[None])


def test_survives_json():
    ours = Preprocess(resize=(10, 20), crop=None)
    assert Preprocess.of(json.loads(json.dumps(ours.to_dict()))) == ours
    assert Preprocess.of(ours) is ours

"""Images that are resized for a stimulus and again for a network."""

from types import SimpleNamespace

import pytest
from torchvision import models

from repscape.config import double_resizing as planned
from repscape.networks.lib import torchvision_weights
from repscape.networks.torchvision import preset
from repscape.traced import double_resizing
from repscape.traced.preprocess import Preprocess


@pytest.mark.parametrize(
    ("size", "preprocess", "parts"),
    [
        ((256, 256), Preprocess(), None),
        ((224, 224), Preprocess(), ["again, to 256 x 256", "Leave out 'size'", "[256, 256], fit: crop"]),
        ((300, 256), Preprocess(), None),
        ((256, 256), Preprocess(232), ["again, to 232 x 232", "size: [232, 232], fit: crop"]),
        ((224, 224), Preprocess((224, 224), None), None),
        ((256, 256), Preprocess((224, 192), None), ["again, to 224 x 192", "size: [224, 192]"]),
        ((256, 256), Preprocess(None, 224), None),
        ((256, 256), Preprocess(256, 224, "bicubic"), ["a filter other", "bicubic", "Leave out 'size'"]),
        ((64, 64), Preprocess(256, 224, "bicubic"), ["(bicubic), and again, to 256 x 256"]),
    ],
)
def test_what_a_network_does_again(size, preprocess, parts):
    told = double_resizing.resized_twice(size, preprocess)
    assert told is None if parts is None else all(part in told for part in parts), told


def test_what_the_plan_knows_of_torchvisions_transforms():
    for architecture in torchvision_weights.architectures():
        for name, weights in models.get_model_weights(architecture).__members__.items():
            ours = preset(weights)
            assert torchvision_weights.resizing(architecture)[name] == (ours.resize, ours.interpolation)


def test_the_plan_names_key_network_and_advice():
    network = {"kind": "torchvision", "architecture": "resnet50", "weights": "IMAGENET1K_V2"}
    network |= {"preprocess": None, "like": None, "stimuli": None}
    study = SimpleNamespace(
        stimuli=("photos", "squashed", "originals", "white_noise"),
        config={
            "stimuli": {
                "photos": {"kind": "images", "size": (224, 224), "fit": "crop"},
                "squashed": {"kind": "images", "size": (232, 232), "fit": "squash"},
                "originals": {"kind": "images", "size": None, "fit": "squash"},
                "white_noise": {"kind": "white_noise", "size": (64, 64)},
            },
            "networks": {
                "net": network,
                "twin": network | {"weights": "random", "stimuli": ["photos"]},
                "other": network | {"stimuli": ["white_noise"]},
                "squashing": network | {"preprocess": {"resize": [224, 224], "crop": None}},
                "small": network | {"preprocess": {"resize": 64, "crop": 64}, "stimuli": ["photos"]},
                "unknown": network | {"kind": "timm"},
            },
        },
    )
    photos, again, squashed = planned.notes(study)
    assert photos.startswith("stimuli.photos.size: for the network net (and 1 more), ")
    assert "224 x 224 are resized again, to 232 x 232" in photos
    assert again.startswith("stimuli.photos.size: for the network small, ")
    assert "set size: [64, 64], fit: crop" in again
    assert squashed.startswith("stimuli.squashed.size: for the network squashing, ")

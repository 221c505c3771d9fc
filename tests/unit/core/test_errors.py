"""What was probably meant by a name that is not known."""

import pytest

from repscape.core.errors import nearest, unknown

VALID = ["alexnet", "resnet50", "vgg16", "vgg16_bn", "white_noise", "rdm_gallery"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RESNET50", "resnet50"),
        ("ResNet-50", "resnet50"),
        ("VGG-16", "vgg16"),
        ("VGG16-BN", "vgg16_bn"),
        ("whitenoise", "white_noise"),
        ("White Noise", "white_noise"),
        ("rdm_galery", "rdm_gallery"),
        ("quasar", None),
        ("", None),
        ("___", None),
    ],
)
def test_capitals_and_signs_do_not_count(name, meant):
    assert nearest(name, VALID) == meant


def test_what_there_is_is_listed():
    assert unknown("RESNET50", VALID).startswith(
        "'RESNET50' is unknown; did you mean 'resnet50'? Valid: alexnet"
    )
    assert unknown("conv9", ["block10", "block2", 10000, 200]).endswith("Valid: 200, 10000, block2, block10.")
    assert unknown("quasar", []) == "'quasar' is unknown. Valid: none."

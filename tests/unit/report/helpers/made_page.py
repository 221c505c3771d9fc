"""Made-up stimuli, and what a page has."""

import re
from html.parser import HTMLParser

import numpy as np

from repscape.io import netcdf

NASTY = ["<script>alert(1)</script>.png", "a \"b\" 'c' & d.png", "Übung #1 100% ?x=1.png", "&lt;b&gt;"]


class Parsed(HTMLParser):
    """What a page has: its tags with their attributes, its text, all addresses."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def addresses(self):
        return [
            value
            for _, attributes in self.tags
            for key, value in attributes.items()
            if key in ("src", "href", "srcset", "poster", "data", "action", "xlink:href")
        ]


def stimulus(path, pixels, names=None, **variables):
    """Write a stimulus's file, of images (image, y, x, channel) or a list of images of their own sizes."""
    count = len(pixels)
    names = names or [f"image_{number}" for number in range(count)]
    if isinstance(pixels, list):
        sizes = np.array([one.shape[:2] for one in pixels])
        images = {
            "pixels": (("pixel", "channel"), np.concatenate([one.reshape(-1, 3) for one in pixels])),
            "image_height": (("image",), sizes[:, 0].astype(np.int32)),
            "image_width": (("image",), sizes[:, 1].astype(np.int32)),
            "first_pixel": (("image",), np.cumsum([0, *sizes.prod(1)[:-1]])),
        }
    else:
        images = {"images": (("image", "y", "x", "channel"), pixels)}
    more = {name: (("image",), values) for name, values in variables.items()}
    netcdf.write(path, kind="stimulus", variables={**images, "name": (("image",), names), **more})
    return path


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def without_pictures(text):
    """Leave out what pictures hold, which is long."""
    return re.sub(r"base64,[\w+/=]+", "base64,", text)

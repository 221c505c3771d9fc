"""The figure of subsets shows the chosen pictures and where their mean lies."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from legible import assert_mentions
from scipy.spatial.distance import pdist

from repscape.analyses import subset as analysis
from repscape.core.errors import ConfigError
from repscape.figures import subset
from repscape.figures.lib.data import opened
from repscape.figures.lib.style import WIDTH, save, settings
from repscape.io import netcdf
from repscape.rdms.table import table as tables

IMAGES = pd.Index([f"p{i}.png" for i in range(70)], name="image")
LAYERS = [f"conv{i}" for i in range(9)]


@pytest.fixture
def drawn(tmp_path):
    """Choose, draw; pictures have the number of their image as their colour."""
    pixels = np.tile(np.arange(70, dtype=np.uint8)[:, None, None, None], (1, 8, 12, 3))
    netcdf.write(
        tmp_path / "pictures.nc",
        kind="stimulus",
        variables={
            "images": (("image", "y", "x", "channel"), pixels),
            "name": (("image",), list(IMAGES)),
            "channel": (("channel",), ["R", "G", "B"]),
        },
        attributes={"stimulus": "pictures"},
    )

    def draw(layers=2, entries=70, where=None, **parameters):
        generator = np.random.default_rng(0)
        made = pd.DataFrame(
            [
                {
                    "source": "net", "stimulus": "pictures", "set": "", "layer": layer, "layer_order": order,
                    "metric": "correlation", "repeat": 0, "entries": IMAGES[:entries],
                    "dissimilarity": pdist(generator.normal(size=(entries, 5))),
                }
                for order, layer in enumerate(LAYERS[:layers])
            ]
        )  # fmt: skip
        tables.write(tmp_path / "rdms.nc", made)
        keys = {"seed": 0, "k": 4, "random": 50} | parameters
        result = analysis.Subset(**keys).compute({"collection": [str(tmp_path / "rdms.nc")]})
        netcdf.write(
            tmp_path / "x.nc", kind="analysis", variables=result.variables, attributes=result.attributes
        )
        files = {"subset": str(tmp_path / "x.nc"), "stimuli": [str(tmp_path / "pictures.nc")]}
        with opened(files) as data, settings():
            figure, caption = subset.Subset(where=where).draw(data)
            save(figure, tmp_path / "x.svg", tmp_path / "x.png")
        return figure, caption, result.variables

    return draw


def pictures(figure, rdm):
    found = {image.get_gid(): image for axes in figure.axes for image in axes.images}
    return [image for gid, image in found.items() if gid.startswith(f"{rdm}/")]


@pytest.mark.parametrize(("goal", "target"), [("largest", None), ("target", 3.0), ("uniform", None)])
def test_pictures_and_values(drawn, goal, target):
    figure, caption, variables = drawn(goal=goal, target=target)
    for rdm in range(2):
        shown = [int(np.asarray(image.get_array())[0, 0, 0]) for image in pictures(figure, rdm)]
        assert shown == variables["chosen"][1][rdm].tolist()
        (line,) = [one for axes in figure.axes for one in axes.lines if one.get_gid() == f"{rdm}/chosen"]
        value = variables["value" if goal == "uniform" else "mean"][1][rdm]
        assert line.get_xdata()[0] == value
    histograms = [axes for axes in figure.axes if axes.patches and len(axes.patches) == 30]
    assert [sum(bar.get_height() for bar in axes.patches) for axes in histograms] == [50, 50]
    assert_mentions(caption, "4 of 70 images", "50 random sets")


def test_a_few_rdms_of_many_and_where(drawn):
    figure, caption, _ = drawn(layers=9)
    assert sum(bool(pictures(figure, rdm)) for rdm in range(9)) == 6
    assert "6 of 9 RDMs" in caption
    figure, _, _ = drawn(layers=3, where={"layer": "conv2"})
    assert [bool(pictures(figure, rdm)) for rdm in range(3)] == [False, False, True]
    with pytest.raises(ConfigError, match=r"where.*layer.*conv22"):
        drawn(layers=3, where={"layer": "conv22"})


@pytest.mark.parametrize("k", [2, 7, 23, 60, 66])
def test_pictures_stay_on_the_page(drawn, k):
    figure, caption, _ = drawn(layers=1, k=k)
    shown = pictures(figure, 0)
    assert len(shown) == min(k, subset.MOST_PICTURES)
    height = figure.get_figheight() * 25.4
    boxes = [image.get_extent() for image in shown]
    assert all(
        left >= 0 and right <= WIDTH and 0 <= top < bottom <= height for left, right, bottom, top in boxes
    )
    for one, other in pairwise(boxes):
        assert other[0] >= one[1] or other[3] >= one[2]
    assert ("first 60" in caption) == (k > 60)

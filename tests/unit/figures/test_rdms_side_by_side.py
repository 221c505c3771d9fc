"""RDMs as heat maps: values where they belong, entries in groups, names that tell them apart."""

import re

import docutils.core
import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from repscape.core.errors import ConfigError, DataError
from repscape.figures import rdms_side_by_side as figure
from repscape.figures.lib.data import opened
from repscape.figures.lib.style import settings
from repscape.io import netcdf
from repscape.rdms.table import table as tables
from repscape.study.study import Study

NAMES = [f"object_{at}" for at in range(1, 7)]
CLASSES = ["face", "body", "face", "body", "face", "body"]
rng = np.random.default_rng(0)


@pytest.fixture
def rdms():
    rows = []
    for source, layer, size, subject in (
        ("net", "block1", "200", ""),
        ("net", "block2", "200", ""),
        ("people", "IT", "", "BE"),
    ):
        row = {"source": source, "stimulus": "objects", "layer": layer, "size": size, "subject": subject}
        row |= {
            "metric": "correlation",
            "averaged": 2 if subject else 1,
            "entries": pd.Index(NAMES, name="image"),
        }
        rows.append(row | {"dissimilarity": rng.uniform(0.5, 2, 15)})
    return pd.DataFrame(rows)


@pytest.fixture
def drawn(tmp_path):
    """Draw a table; return the figure's images by their names, all its texts, and the caption."""

    def draw(table, **keys):
        tables.write(tmp_path / "rdms.nc", table)
        variables = {
            "images": (("image", "y", "x", "channel"), np.zeros((6, 4, 4, 3), np.uint8)),
            "name": (("image",), NAMES),
            "label": (("image",), CLASSES),
            "animal": (("image",), ["1", "1", "1", "0", "0", "0"]),
        }
        attributes = {"stimulus": "objects", "factors": ["animal"]}
        netcdf.write(tmp_path / "objects.nc", kind="stimulus", variables=variables, attributes=attributes)
        files = {"rdms": str(tmp_path / "rdms.nc"), "stimuli": [str(tmp_path / "objects.nc")]}
        with opened(files) as data, settings():
            made, caption = figure.RdmsSideBySide(**keys).draw(data)
        docutils.core.publish_string(caption, settings_overrides={"halt_level": 2, "report_level": 5})
        axes = made.axes[0]
        images = {image.get_gid(): np.asarray(image.get_array()) for image in axes.get_images()}
        return images, [text.get_text() for text in axes.texts], caption

    return draw


def test_dissimilarities_in_the_order_of_groups(drawn, rdms):
    images, texts, caption = drawn(rdms, ranked=False)
    order = [0, 2, 4, 1, 3, 5]
    assert list(images) == ["net · block1", "net · block2", "people · IT"]
    for values, image in zip(rdms.dissimilarity, images.values(), strict=True):
        np.testing.assert_allclose(image, squareform(values)[np.ix_(order, order)])
    assert texts.count("face") == 1
    assert any("scale" in text for text in texts)
    assert re.search(r"people · IT[^,;]* 2", caption)


def test_ranks_in_percent(drawn, rdms):
    rdms["dissimilarity"] = [np.arange(15.0), np.repeat([3.0, 4, 5], 5), np.r_[np.nan, np.arange(14.0)]]
    images, _, caption = drawn(rdms, by="animal")
    found = [squareform(image, checks=False) for image in images.values()]
    np.testing.assert_allclose(found[0], 100 * np.arange(15) / 14)
    np.testing.assert_allclose(found[1], np.repeat([2, 7, 12], 5) / 14 * 100)
    assert np.isnan(found[2][0])
    np.testing.assert_allclose(found[2][1:], 100 * np.arange(14) / 13)
    assert "Grey: undefined" in caption


def test_how_alike_they_are_is_in_the_caption(drawn, rdms):
    _, _, caption = drawn(rdms)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        rho = spearmanr(rdms.dissimilarity[first], rdms.dissimilarity[second]).statistic
        assert f"{rho:.3f}".replace("-", "−") in caption


def test_names_and_what_is_shared(drawn, rdms):
    images, texts, caption = drawn(rdms, where={"source": "net"}, by="animal")
    assert list(images) == ["block1", "block2"]
    assert {"animal 1", "animal 0"} <= set(texts)
    assert "source net" in caption
    assert "size 200" in caption
    images, _, _ = drawn(rdms, where={"layer": "IT"})
    assert list(images) == ["people"]


def test_no_groups(drawn, rdms):
    rdms["entries"] = [pd.Index(list("abcdef"), name="image")] * 3
    images, texts, _ = drawn(rdms, ranked=False)
    np.testing.assert_allclose(images["net · block1"], squareform(rdms.dissimilarity[0]))
    assert not {"face", "body"} & set(texts)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"by": "animals"}, "by.*animals.*animal"),
        ({"where": {"layer": "V1"}}, r"where.*layer.*V1.*Valid: IT, block1, block2"),
        ({"where": {"layer": "IT", "source": "net"}}, "where.*layer: IT; source: net"),
    ],
)
def test_what_there_is_not(drawn, rdms, keys, said):
    with pytest.raises(ConfigError, match=said):
        drawn(rdms, **keys)


def test_too_many(drawn, rdms):
    many = pd.concat([rdms.assign(subject=str(at)) for at in range(7)], ignore_index=True)
    with pytest.raises(ConfigError, match=r"where.*20.*21"):
        drawn(many)
    assert len(drawn(many, where={"subject": ["0", "1", "2", "3", "4", "5"]})[0]) == 18


def test_different_entries(drawn, rdms):
    rdms["entries"] = [pd.Index(NAMES, name="image"), *[pd.Index(list("abcdef"), name="image")] * 2]
    with pytest.raises(DataError, match="same entries"):
        drawn(rdms)


def test_what_a_study_has():
    people = {"kind": "mat_rdms", "path": "x", "variable": "y", "names": "{subject}", "stimulus": "objects"}
    mean = {"kind": "mean_rdm", "of": ["all_images", "people"], "over": ["subject"], "where": None}
    config = {"rdms": {}, "recordings": {"people": people}, "analyses": {"mean": mean}}
    parts = {
        "name": "s",
        "stimuli": ("objects",),
        "layers": {"net": ("input",)},
        "samples": {"all": ("all",)},
    }
    study = Study(**parts, metrics=("correlation",), analyses=("mean",), config=config)
    expected = {"rdms": "results/s/analyses/mean.nc", "stimuli": ["results/s/stimuli/objects.nc"]}
    assert figure.RdmsSideBySide().inputs(study) == expected
    assert figure.RdmsSideBySide(of="people").inputs(study)["rdms"] == "results/s/recordings/people.nc"
    with pytest.raises(ConfigError, match=r"of.*peoples.*people"):
        figure.RdmsSideBySide(of="peoples").inputs(study)
    with pytest.raises(ConfigError, match=r"where.*subject"):
        figure.RdmsSideBySide(where={"subject": "BE"}).inputs(study)
    config["stimuli"] = {
        "objects": {"kind": "mat", "factors": ["animal", "face"], "path": "x", "variable": "y"}
    }
    assert figure.RdmsSideBySide(by="animal").inputs(study) == expected
    with pytest.raises(ConfigError, match=r"by.*animals.*animal"):
        figure.RdmsSideBySide(by="animals").inputs(study)

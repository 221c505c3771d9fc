"""Heat maps of meta-RDMs show the values of the file, in the file's order."""

import itertools

import numpy as np
import pandas as pd
import pytest
from legible import assert_mentions
from scipy.stats import false_discovery_control

from repscape.core.errors import ConfigError
from repscape.figures import meta_rdm
from repscape.figures.lib.data import opened
from repscape.figures.lib.style import save, settings
from repscape.io import netcdf
from repscape.rdms.compare.meta import meta_rdms
from repscape.rdms.table import table as tables
from repscape.study.study import Study

OBJECTS = ["cup", "hat", "shoe"]
LAYERS = ["input", "conv1", "relu1"]


def first_order(sources=("net",), layers=LAYERS):
    random = np.random.default_rng(0)
    index = pd.Index([f"{at}" for at in range(6)], name="color")
    return pd.DataFrame(
        [
            {
                "source": source, "set": "colors", "obj": obj, "layer": layer, "layer_order": order,
                "metric": metric, "entries": index, "dissimilarity": random.random(15),
            }
            for source in sources
            for (order, layer), obj, metric in itertools.product(
                enumerate(layers), OBJECTS, ["correlation", "euclidean"]
            )
        ]
    )  # fmt: skip


def drawn(path, meta, **parameters):
    variables, attributes, groups = tables.encoded(meta)
    netcdf.write(
        path, kind="analysis", variables=variables, attributes=attributes | {"permutations": 99},
        groups=groups,
    )  # fmt: skip
    with opened({"meta": str(path)}) as data, settings():
        return meta_rdm.MetaRdm(**parameters).draw(data)


def images(figure):
    return {image.get_gid(): np.asarray(image.get_array()) for axes in figure.axes for image in axes.images}


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_panels_show_the_values(tmp_path):
    meta = meta_rdms(first_order(), ["obj"], comparisons=["spearman", "euclidean"], permutations=99)
    figure, caption = drawn(tmp_path / "x.nc", meta, where={"metric_sub": "euclidean"})
    shown = images(figure)
    chosen = meta[(meta.metric == "spearman") & (meta.metric_sub == "euclidean")]
    assert len(shown) == len(chosen) == 3
    for _, row in chosen.iterrows():
        (gid,) = (gid for gid in shown if row.layer in gid)
        np.testing.assert_allclose(shown[gid], tables.matrix(row).to_numpy())
    scales = {image.get_clim() for axes in figure.axes for image in axes.images}
    assert scales == {(0.0, np.stack(chosen.dissimilarity).max())}
    assert set(OBJECTS) | set(LAYERS) | {"1 − Spearman's ρ"} <= set(texts(figure))
    assert_mentions(caption, "``obj``", "1 − Spearman's ρ", "``layer``", "``euclidean``")


def test_euclidean_distances_have_scales_of_their_own(tmp_path):
    meta = meta_rdms(first_order(), ["obj"], comparisons=["euclidean"])
    figure, caption = drawn(tmp_path / "x.nc", meta)
    assert len({image.get_clim() for axes in figure.axes for image in axes.images}) == 6
    assert "colour scale" in caption


def test_a_figure_has_one_comparison(tmp_path):
    meta = meta_rdms(first_order(), ["obj"], comparisons=["pearson", "euclidean"])
    both = {"metric": ["pearson", "euclidean"]}
    with pytest.raises(ConfigError, match=r"where.*metric.*pearson, euclidean"):
        drawn(tmp_path / "x.nc", meta, where=both)
    spaces = {"kind": "meta_rdm", "of": "colors", "entries": ["obj"], "permutations": 0}
    spaces["comparisons"] = ["pearson", "euclidean"]
    with pytest.raises(ConfigError, match="metric: pearson"):
        meta_rdm.MetaRdm(where=both).inputs(study(spaces=spaces))
    figure, caption = drawn(tmp_path / "x.nc", meta, where={"metric": ["euclidean"]})
    assert "Euclidean distance" in caption
    assert len(images(figure)) == 6


def test_groups_of_entries_and_networks_with_other_layers(tmp_path):
    table = pd.concat([first_order(), first_order(["twin"], ["input", "conv1", "fc9"])], ignore_index=True)
    meta = meta_rdms(table, ["obj", "layer"], ["source", "metric"])
    figure, _ = drawn(tmp_path / "x.nc", meta, where={"metric_sub": "correlation"})
    assert {"cup", "hat", "shoe", "relu1", "fc9", "net", "twin"} <= set(texts(figure))
    assert sorted(image.shape for image in images(figure).values()) == [(9, 9), (9, 9)]
    save(figure, tmp_path / "x.svg", tmp_path / "x.png")


def test_marks_are_of_corrected_p(tmp_path):
    meta = meta_rdms(first_order(), ["obj"], permutations=19)
    ps = [[0.01, 0.04, 0.045], [0.001, 0.03, 0.9], [0.03, 0.2, 0.3]]  # all, two, none
    meta["p"] = [np.array(ps[at % 3]) for at in range(len(meta))]
    figure, caption = drawn(tmp_path / "x.nc", meta, alpha=0.05)
    dots = [
        len(dots.get_offsets())
        for axes in figure.axes
        for dots in axes.collections
        if "significant" in (dots.get_gid() or "")
    ]
    assert dots == [2 * (false_discovery_control(p) <= 0.05).sum() for p in meta.p] == [6, 4, 0] * 2
    assert_mentions(caption, "10 pairs", "99")


def test_undefined_is_grey(tmp_path):
    table = first_order()
    table.at[0, "dissimilarity"] = np.full(15, np.nan)
    figure, caption = drawn(tmp_path / "x.nc", meta_rdms(table, ["obj"]))
    assert any(np.isnan(values).any() for values in images(figure).values())
    assert caption.endswith("Grey: undefined.")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"layr": "conv1"}, "where.*layr.*layer"),
        ({"layer": "conv"}, "where.*layer.*conv.*conv1"),
    ],
)
def test_what_is_not_there(tmp_path, where, message):
    with pytest.raises(ConfigError, match=message):
        drawn(tmp_path / "x.nc", meta_rdms(first_order(), ["obj"]), where=where)


def test_more_than_a_page_holds(tmp_path):
    layers = [f"layer{at}" for at in range(200)]
    with pytest.raises(ConfigError, match=r"where.*400"):
        drawn(tmp_path / "x.nc", meta_rdms(first_order(layers=layers), ["obj"]))


def study(**analyses):
    return Study(
        name="s", stimuli=("shapes",), layers={"net": ("input",)}, samples={"random": ("all",)},
        metrics=("correlation",), analyses=tuple(analyses),
        config={"rdms": {"sets": {"colors": {"stimulus": "shapes", "by": ["obj"]}}}, "analyses": analyses},
    )  # fmt: skip


def test_inputs():
    spaces = {"kind": "meta_rdm", "of": "colors", "entries": ["obj"], "permutations": 0}
    spaces["comparisons"] = ["pearson", "euclidean"]
    there = study(spaces=spaces)
    assert meta_rdm.MetaRdm().inputs(there) == {"meta": "results/s/analyses/spaces.nc"}
    for parameters, message in (
        ({"analysis": "space"}, "analysis.*space.*spaces"),
        ({"where": {"obj": "cup"}}, "where.*obj"),
        ({"where": {"source": "nett"}}, "where.*source.*nett.*net"),
        ({"where": {"layer": ["input", "conv1"]}}, "where.*layer.*conv1"),
        ({"where": {"metric": "correlation"}}, "where.*metric.*correlation.*Valid: euclidean"),
        ({"where": {"metric_sub": "pearson"}}, "where.*metric_sub.*pearson"),
        ({"alpha": 0.05}, "alpha.*spaces.*permutations"),
    ):
        with pytest.raises(ConfigError, match=message):
            meta_rdm.MetaRdm(**parameters).inputs(there)
    where = {"source": "net", "layer": ["input"], "metric": "pearson", "metric_sub": "correlation"}
    assert meta_rdm.MetaRdm(where=where | {"size": "all", "repeat": 0}).inputs(there)
    with pytest.raises(ConfigError, match=r"analysis.*meta_rdm"):
        meta_rdm.MetaRdm().inputs(study())

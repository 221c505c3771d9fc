"""Figures of categories by depth show the analysis's values, intervals and tests."""

import numpy as np
import pandas as pd
import pytest
from legible import assert_legible, assert_mentions, assert_paragraph
from scipy.spatial.distance import pdist

from repscape.analyses.category_index import CategoryIndex
from repscape.core.errors import ConfigError
from repscape.figures.categories_by_depth import CategoriesByDepth as Figure
from repscape.figures.lib.data import opened
from repscape.figures.lib.style import settings
from repscape.io import netcdf
from repscape.rdms.table import table as tables

NAMES = [f"p{i}.jpg" for i in range(18)]
KINDS = np.repeat(["cats", "old trees", "Bäume"], 6)
LAYERS = ("input", "conv1", "conv2", "fc")


def row(**labels):
    return {
        "source": "net", "stimulus": "pictures", "set": "", "population": "random", "size": "200",
        "layer_order": 0, "metric": "correlation", "measure": "correlation", "normalisation": "zscore",
        "entries": pd.Index(NAMES, name="image"),
    } | labels  # fmt: skip


def rdm(strength, seed):
    generator = np.random.default_rng(seed)
    categories = np.unique(KINDS, return_inverse=True)[1]
    return pdist(np.eye(3, 8)[categories] * strength + generator.normal(size=(18, 8)), "cosine")


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """The file of an analysis: a network of four layers, in two sizes and metrics, and a recording."""
    folder = tmp_path_factory.mktemp("categories")
    rows = [
        row(layer=layer, layer_order=at, size=size, metric=metric, measure=metric,
            dissimilarity=rdm(at * factor, 10 * at + len(size)))
        for metric, factor in (("correlation", 1), ("euclidean", 2))
        for size in ("200", "1000")
        for at, layer in reversed(list(enumerate(LAYERS)))
    ]  # fmt: skip
    rows.append(row(source="monkey", layer="IT", population="", size="", dissimilarity=rdm(3, 99)))
    tables.write(folder / "rdms.nc", pd.DataFrame(rows))
    variables = {"name": (("image",), NAMES), "category": (("image",), KINDS)}
    attributes = {"stimulus": "pictures", "factors": ["category"]}
    netcdf.write(folder / "pictures.nc", kind="stimulus", variables=variables, attributes=attributes)
    files = {"collection": [str(folder / "rdms.nc")], "stimuli": [str(folder / "pictures.nc")]}
    result = CategoryIndex(permutations=199, resamples=100).compute(files)
    path = folder / "found.nc"
    netcdf.write(path, kind="analysis", variables=result.variables, attributes=result.attributes)
    return str(path)


def drawn(path, **parameters):
    with opened({"category_index": path}) as data, settings():
        figure, caption = Figure(**parameters).draw(data)
        return figure, caption, data["category_index"].load()


def of_panel(table, source="net", size="1000", metric="correlation"):
    mask = (table.source == source) & (table["size"] == size) & (table.metric == metric)
    return table.isel(rdm=np.flatnonzero(mask)).sortby("layer_order")


@pytest.mark.parametrize("show", ["index", "clustering"])
def test_the_index_by_depth_with_its_tests(analysed, artists, show):
    figure, caption, table = drawn(analysed, show=show)
    of, lines = of_panel(table), artists(figure, "lines")
    assert of.layer.values.tolist() == list(LAYERS)
    for name in table.category.values:
        own = of.sel(category=name)
        np.testing.assert_array_equal(lines[f"net/{show}/{name}"].get_ydata(), own[show])
        marks = artists(figure, "collections")[f"net/{show}/{name}/markers"]
        faces = marks.get_facecolors()[:, :3]
        full = (faces != 1).any(1)
        np.testing.assert_array_equal(np.broadcast_to(full, 4), own.p_fdr < 0.05)
    recorded = of_panel(table, "monkey", "")
    np.testing.assert_array_equal(lines[f"/{show}/cats"].get_ydata(), recorded[show].sel(category="cats"))
    assert {own.get_title(loc="left") for own in figure.axes} == {"net", ""}
    words = ("correlation distance", "category: Bäume 6, cats 6, old trees 6", "size 1000", "100", "0.05")
    assert_mentions(caption, *words, "Benjamini", "199")
    assert_legible(figure)
    assert_paragraph(caption)


def test_other_corrections_and_rdms_are_chosen(analysed, artists):
    where = {"size": "200", "metric": "euclidean", "source": "net"}
    figure, caption, table = drawn(analysed, where=where, correction="holm", each=False)
    of, lines = of_panel(table, size="200", metric="euclidean"), artists(figure, "lines")
    assert list(lines) == ["net/index/all categories"]
    np.testing.assert_array_equal(lines["net/index/all categories"].get_ydata(), of["index"][:, 0])
    assert_mentions(caption, "uclidean", "size 200", "Holm")
    with pytest.raises(ConfigError, match=r"where: size: .*'300'.*200"):
        drawn(analysed, where={"size": 300})


def test_dissimilarity_and_differentiation_within_and_across(analysed, artists):
    for show, prefix in (("dissimilarity", ""), ("differentiation", "differentiation_")):
        figure, caption, table = drawn(analysed, show=show)
        of, lines = of_panel(table), artists(figure, "lines")
        for end, name in (("within", "all categories"), ("between", "all categories"), ("within", "cats")):
            values = of[f"{prefix}{end}"].sel(category=name)
            np.testing.assert_array_equal(lines[f"net/{prefix}{end}/{name}"].get_ydata(), values)
        assert f"net/{prefix}between/cats" not in lines
        low, high = figure.axes[0].get_ylim()
        assert low == 0 < high
        assert_mentions(caption, "across", "cats 6", "95%")
        assert "permutations" not in caption
        assert_legible(figure)
        assert_paragraph(caption)


def test_without_an_index_another_value_is_asked_for(analysed, tmp_path):
    with opened({"category_index": analysed}) as data:
        table = data["category_index"].load()
        table["index"][:] = np.nan
        with pytest.raises(ConfigError, match=r"show: .*correlation.*clustering"):
            Figure().draw({"category_index": table})
        Figure(show="clustering").draw({"category_index": table})

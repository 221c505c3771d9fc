"""Categories of images as an analysis: which RDMs, from where categories come, what is left out, the file."""

import numpy as np
import pandas as pd
import pytest
import xarray
from scipy.spatial.distance import pdist, squareform

from repscape.analyses import category_index
from repscape.analyses.lib.category_means import counts_of, means, permutation_test
from repscape.analyses.lib.category_table import ALL
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.rdms.compare.significance import corrected
from repscape.rdms.table import table as tables

NAMES = [f"p{i}.jpg" for i in range(14)]
KINDS = np.array(["two words", "Bäume", "cats"])[[0, 1, 0, 2, 1, 1, 0, 1, 2, 2, 2, 0, 2, 2]]
SIZES = {"Bäume": 4, "cats": 6, "two words": 4}
LAYERS = ("input", "conv1", "fc")
IMAGES = pd.Index(NAMES, name="image")


def table_of(entries=IMAGES, repeats=1, layers=LAYERS, seed=0, **labels):
    generator = np.random.default_rng(seed)
    rows = []
    for order, layer in enumerate(layers):
        for repeat in range(repeats):
            row = {
                "source": "net", "stimulus": "pictures", "set": "", "population": "random", "layer": layer,
                "layer_order": order, "size": "200", "metric": "euclidean", "measure": "euclidean",
                "normalisation": "zscore", "repeat": repeat, "n_drawn": 200,
            }  # fmt: skip
            values = pdist(generator.normal(size=(len(entries), 5)))
            rows.append(row | labels | {"entries": entries, "dissimilarity": values})
    return pd.DataFrame(rows)


@pytest.fixture
def computed(tmp_path):
    """Run the analysis on a table, write its file as the job does, and open it."""

    def compute(table, factors=None, label=None, **parameters):
        factors = {"kind": KINDS} if factors is None else factors
        variables = {"name": (("image",), NAMES), **{key: (("image",), own) for key, own in factors.items()}}
        variables |= {} if label is None else {"label": (("image",), label)}
        attributes = {"stimulus": "pictures", "factors": list(factors) or None}
        netcdf.write(tmp_path / "pictures.nc", kind="stimulus", variables=variables, attributes=attributes)
        tables.write(tmp_path / "rdms.nc", table)
        files = {"collection": [str(tmp_path / "rdms.nc")], "stimuli": [str(tmp_path / "pictures.nc")]}
        plugin = category_index.CategoryIndex(**{"permutations": 99, "resamples": 100} | parameters)
        result = plugin.compute(files)
        path = tmp_path / "found.nc"
        netcdf.write(path, kind="analysis", variables=result.variables, attributes=result.attributes)
        with xarray.open_dataset(path) as data:
            data.load()
        header, *rows = plugin.rows(result)
        return data, pd.DataFrame(rows, columns=header)

    return compute


def test_every_rdm_has_its_values(computed):
    table = table_of()
    data, long = computed(table)
    assert data.category.values.tolist() == [ALL, *SIZES]
    assert data.attrs["factor"] == "kind"
    codes = np.array([list(SIZES).index(kind) for kind in KINDS])
    for at, layer in enumerate(LAYERS):
        square = squareform(table.dissimilarity[at])
        expected = means(square, counts_of(codes, 3))
        for name in ("within", "between", "clustering", "index"):
            np.testing.assert_allclose(data[name][at], getattr(expected, name))
            row = long[(long.layer == layer) & (long.category == "cats")]
            assert float(row[name].iloc[0]) == data[name].sel(category="cats")[at]
        p = permutation_test(square, codes, 99, 0).p
        np.testing.assert_array_equal(data.p[at], p)
        first, second = np.triu_indices(14, 1)
        for code, kind in enumerate(SIZES):
            for other_code, other in enumerate(SIZES):
                pairs = [
                    square[i, j]
                    for i, j in zip(first, second, strict=True)
                    if sorted((codes[i], codes[j])) == sorted((code, other_code))
                ]
                of = data.sel(category_i=kind, category_j=other).isel(rdm=at)
                assert float(of.mean_dissimilarity) == pytest.approx(np.mean(pairs))
                assert float(of.median_dissimilarity) == pytest.approx(np.median(pairs))
    for name in ("index", "within", "differentiation_between"):
        low, value, high = (data[f"{name}{end}"].values for end in ("_low", "", "_high"))
        assert ((low <= value) & (value <= high)).all()
    for correction in ("fdr", "holm"):
        found = data[f"p_{correction}"].values
        np.testing.assert_allclose(found[:, 0], corrected(data.p.values[:, 0], correction))
        np.testing.assert_allclose(found[:, 1:], corrected(data.p.values[:, 1:], correction))
    assert long[long.category == ALL].images.tolist() == [14] * 3
    assert len(long) == 3 * 4


def test_p_is_corrected_for_layers_and_not_for_other_metrics(computed):
    table = pd.concat([table_of(), table_of(metric="other", seed=5)], ignore_index=True)
    both, _ = computed(table)
    alone, _ = computed(table_of())
    of = both.metric.values == "euclidean"
    np.testing.assert_allclose(both.p_holm.values[of], alone.p_holm)


def test_means_are_of_the_mean_rdm_and_differentiation_is_the_mean_over_draws(computed):
    table = table_of(repeats=3, layers=("conv1",))
    data, _ = computed(table)
    assert data.draws.values.tolist() == [3]
    first, second = np.triu_indices(14, 1)
    near = KINDS[first] == KINDS[second]
    draws = np.stack(table.dissimilarity)
    assert float(data.within[0, 0]) == pytest.approx(draws.mean(0)[near].mean())
    assert float(data.differentiation_within[0, 0]) == pytest.approx(np.median(draws[:, near], 1).mean())
    assert float(data.differentiation_between[0, 0]) == pytest.approx(np.median(draws[:, ~near], 1).mean())
    shift = float(data.differentiation_within[0, 0]) - np.median(draws.mean(0)[near])
    again, _ = computed(table_of(repeats=1, layers=("conv1",)).assign(dissimilarity=[draws.mean(0)]))
    moved = again.differentiation_within_low[0, 0] + shift
    assert float(data.differentiation_within_low[0, 0]) == pytest.approx(float(moved), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_images_does_not_matter(computed, seed):
    table = table_of(layers=("conv1",))
    plain, _ = computed(table)
    order = np.random.default_rng(seed).permutation(14)
    square = squareform(table.dissimilarity[0])[np.ix_(order, order)]
    other = table.assign(entries=[IMAGES[order]], dissimilarity=[squareform(square, checks=False)])
    found, _ = computed(other)
    for name in ("within", "between", "index", "differentiation_within", "mean_dissimilarity"):
        np.testing.assert_allclose(found[name], plain[name])


def test_where_categories_come_from(computed):
    table = table_of(layers=("conv1",))
    expected, _ = computed(table)
    by_label, _ = computed(table, factors={}, label=KINDS)
    assert by_label.attrs["factor"] == "label"
    xarray.testing.assert_allclose(by_label.drop_attrs(), expected.drop_attrs())
    several = {"kind": KINDS, "category": KINDS[::-1], "number": np.arange(14).astype(str)}
    assert computed(table, factors=several)[0].attrs["factor"] == "category"
    named, _ = computed(table, factors=several, factor="kind")
    xarray.testing.assert_allclose(named.drop_attrs(), expected.drop_attrs())
    levels = pd.MultiIndex.from_arrays([KINDS, NAMES], names=["kind", "exemplar"])
    of_set, _ = computed(table_of(entries=levels, layers=("conv1",)), factor="kind")
    np.testing.assert_array_equal(of_set.index, expected.index)
    numbered = pd.Index(np.arange(14).astype(str), name="number")
    by_number, _ = computed(table_of(entries=numbered, layers=("conv1",)), factors=several, factor="kind")
    np.testing.assert_array_equal(by_number.index, expected.index)


def test_entries_of_several_categories_are_refused(computed):
    halves = pd.Index(["a", "b"], name="half")
    factors = {"kind": KINDS, "half": np.array(["a", "b"] * 7)}
    with pytest.raises(DataError, match=r"half a.*found Bäume, cats, two words"):
        computed(table_of(entries=halves, layers=("conv1",)), factors=factors, factor="kind")


def test_which_factors_there_are(computed):
    with pytest.raises(DataError, match=r"(?s)'animal'.*kind"):
        computed(table_of(), factor="animal")
    with pytest.raises(DataError, match=r"(?s)'category'.*kind, size.*'factor'"):
        computed(table_of(), factors={"kind": KINDS, "size": KINDS})


def test_one_category_and_categories_of_one_image(computed, caplog):
    with pytest.raises(DataError, match=r"(?s)two categories.*one category, x"):
        computed(table_of(), factors={"kind": np.array(["x"] * 14)})
    with pytest.raises(DataError, match="14 categories of one image"):
        computed(table_of(), factors={"kind": np.array(NAMES)})
    alone = np.where(np.arange(14) == 3, "alone", KINDS)
    data, long = computed(table_of(layers=("conv1",)), factors={"kind": alone})
    of = data.sel(category="alone").isel(rdm=0)
    for name in ("within", "index", "p", "differentiation_within", "within_low"):
        assert np.isnan(float(of[name]))
    assert np.isfinite(float(of.between))
    assert np.isfinite(data.index.sel(category=ALL)).all()
    assert np.isnan(data.index_low.sel(category=ALL)).all()
    assert "alone" in data.attrs["left_out"]
    assert len(long) == 5


def test_a_metric_that_can_be_negative_has_no_index(computed):
    table = table_of(layers=("conv1",), metric="crossnobis", measure="crossnobis")
    data, _ = computed(table)
    assert np.isnan(data.index).all()
    assert np.isnan(data.index_low).all()
    assert np.isfinite(data.clustering).all()
    assert np.isfinite(data.p).all()


def test_undefined_images_are_left_out(computed):
    table = table_of(layers=("conv1", "fc"))
    square = squareform(table.dissimilarity[0])
    square[2] = square[:, 2] = np.nan
    table.at[0, "dissimilarity"] = squareform(square, checks=False)
    table.at[1, "dissimilarity"] = np.full(91, np.nan)
    data, _ = computed(table)
    kept = np.delete(np.arange(14), 2)
    codes = np.array([list(SIZES).index(kind) for kind in KINDS[kept]])
    expected = means(square[np.ix_(kept, kept)], counts_of(codes, 3))
    assert data.layer.values.tolist() == ["conv1"]
    np.testing.assert_allclose(data.index[0], expected.index)
    notes = data.attrs["left_out"]
    assert "1 image with undefined" in notes[0]
    assert "all dissimilarities are undefined" in notes[1]


STUDY = {
    "study": "test",
    "stimuli": {
        "noise": {"kind": "white_noise", "count": 4, "size": [64, 64]},
        "gratings": {"kind": "gratings", "count": 4, "size": [64, 64]},
        "shapes": {"kind": "shapes", "objects": 2, "colors": 2, "views": 2, "size": [48, 48]},
    },
    "networks": {
        "net": {"kind": "torchvision", "architecture": "alexnet", "weights": "random", "layers": ["conv1"]}
    },
    "populations": {"random": {"kind": "random", "units": 10}},
    "samples": [{"population": "random", "sizes": [5], "repeats": 2}],
}


def resolved(**parameters):
    from repscape import config

    return config.resolve(STUDY | {"analyses": {"category_index": parameters}})


def test_only_stimuli_with_the_factor_are_read():
    study = resolved(factor="obj")
    plugin = category_index.CategoryIndex(factor="obj")
    files = plugin.inputs(study)
    assert files["stimuli"] == [study.path("stimulus", stimulus="shapes")]
    assert len(files["collection"]) == 1
    assert "shapes" in files["collection"][0]


def test_an_unknown_factor_is_refused_in_the_plan():
    with pytest.raises(
        ConfigError, match=r"category_index\.factor: .*'animal'.*color, obj, orientation, view"
    ):
        resolved(factor="animal")
    with pytest.raises(ConfigError, match=r"category_index\.factor: .*noise"):
        resolved(where={"stimulus": "noise"})

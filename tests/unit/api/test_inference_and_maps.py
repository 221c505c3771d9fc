"""`infer` and `embed`: the same as the analyses of a study, against rsatoolbox and points that are known."""

import numpy as np
import pytest
import xarray
from rsatoolbox.inference import boot_noise_ceiling
from rsatoolbox.rdm import RDMs, compare
from scipy.spatial.distance import pdist, squareform

import repscape

GENERATOR = np.random.default_rng(5)
ACTIVITY = GENERATOR.normal(size=(12, 30))
DATA = repscape.rdms(ACTIVITY + 0.5 * GENERATOR.normal(size=(4, 12, 30)), metric="correlation")
MODELS = repscape.rdms({"same": ACTIVITY, "other": GENERATOR.normal(size=(12, 30))}, metric="correlation")
POINTS = GENERATOR.normal(size=(7, 2))


def test_similarities_and_ceiling_are_rsatoolboxs():
    found = repscape.infer(DATA, MODELS, resamples=100, permutations=99)
    data, models = (np.stack(table["dissimilarity"]) for table in (DATA, MODELS))
    np.testing.assert_allclose(found["similarity"], compare(models, data, "corr").mean(1), atol=1e-6)
    np.testing.assert_allclose(found["ceiling"], boot_noise_ceiling(RDMs(data), "corr"), atol=1e-6)
    assert found["similarity"].sel(layer="same") > found["similarity"].sel(layer="other")
    assert found["p_permutation"].sel(layer="same").item() == 0.01
    assert found.attrs["resampled_factors"] == ["repeats", "entries"]
    assert "same" in found.attrs["statement"][0]


def test_arrays_and_mappings_give_the_same():
    squares = np.array([squareform(vector) for vector in DATA["dissimilarity"]])
    models = {name: squareform(vector) for name, vector in zip("ab", MODELS["dissimilarity"], strict=True)}
    one, other = (
        repscape.infer(*given, resamples=100, seed=3) for given in ((DATA, MODELS), (squares, models))
    )
    assert other["model"].values.tolist() == ["a", "b"]
    for name in ("similarity", "low", "high", "p_zero", "p_pair", "ceiling"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-6)
    alone = repscape.infer(squares[0], models["a"], resamples=100)
    assert np.isnan(alone["ceiling"]).all()
    assert alone.attrs["resampled_factors"] == ["entries"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"comparison": "pearsn"}, "'pearson'"),
        ({"bootstrap": "images"}, "entries"),
        ({"resamples": 10}, "100"),
        ({"permutations": -1}, "permutations"),
        ({"data": np.ones((9, 9)) - np.eye(9)}, "^data"),
        ({"data": repscape.rdms(ACTIVITY, metric=["correlation", "rms"])}, "^data.*metric"),
        ({"models": {"flat": np.ones((12, 12)) - np.eye(12)}}, "none"),
        ({"data": DATA.iloc[:1], "bootstrap": "repeats"}, "repeats"),
    ],
)
def test_mistakes_are_answered(wrong, said):
    with pytest.raises(ValueError, match=said):
        repscape.infer(**{"data": DATA, "models": MODELS, "resamples": 100} | wrong)


@pytest.mark.parametrize("method", ["classical", "smacof", "pca"])
def test_points_of_a_plane_are_found_again(method):
    rdm = repscape.rdm(POINTS, "euclidean", normalisation="none")
    found = repscape.embed(rdm, method)
    assert found["position"].dims == ("image", "dim")
    np.testing.assert_allclose(pdist(found["position"]), pdist(POINTS), rtol=1e-3, atol=1e-3)
    squared = repscape.rdm(POINTS, "sqeuclidean", normalisation="none")
    again = repscape.embed(squared, method)
    np.testing.assert_allclose(pdist(again["position"]), pdist(POINTS) / np.sqrt(2), rtol=1e-3, atol=1e-3)
    assert again.attrs["roots_taken"] == [True]
    assert found["stress_1"] < 1e-3


def test_maps_of_layers_are_aligned():
    turned = POINTS @ [[0, 1], [-1, 0]]
    table = repscape.rdms({"conv": POINTS, "fc": turned}, metric="euclidean", normalisation="none")
    found = repscape.embed(table, "classical", align="layer")
    assert found["position"].dims == ("layer", "image", "dim")
    np.testing.assert_allclose(
        found["position"].sel(layer="fc"), found["position"].sel(layer="conv"), atol=1e-5
    )
    one, same = (repscape.embed(table, "tsne", n_init=1, seed=2)["position"] for _ in range(2))
    np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "mds"}, "smacof"),
        ({"dims": 7}, "dims"),
        ({"dims": 0}, "dims"),
        ({"n_init": -1}, "n_init"),
        ({"perplexity": 3}, "perplexity"),
        ({"align": "layr"}, "layr"),
        ({"rdms": squareform(pdist(POINTS))}, "root"),
        ({"rdms": -repscape.rdm(POINTS, "euclidean")}, "negative"),
    ],
)
def test_maps_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        repscape.embed(**{"rdms": repscape.rdms({"a": POINTS, "b": POINTS}, "euclidean")} | wrong)


def test_a_matrix_without_a_metric_is_placed_where_it_is_said():
    found = repscape.embed(squareform(pdist(POINTS)), "classical", root=False)
    np.testing.assert_allclose(pdist(found["position"]), pdist(POINTS), atol=1e-6)


def test_repeats_of_the_data_leave_models_their_names():
    repeats = repscape.to_xarray(DATA)["dissimilarity"]
    models = repscape.to_xarray(MODELS)["dissimilarity"].assign_coords(repeat=0)
    assert repscape.infer(repeats, models, resamples=100)["similarity"].dims == ("layer",)


def test_one_label_of_repeats_need_not_be_a_list():
    one, listed = (repscape.infer(DATA, MODELS, repeats=r, resamples=100) for r in ("repeat", ["repeat"]))
    xarray.testing.assert_identical(one, listed)
    with pytest.raises(ValueError, match="subject"):
        repscape.infer(DATA, MODELS, repeats="subject", resamples=100)

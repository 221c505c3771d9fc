"""`compare`: against rsatoolbox, in every form of RDMs, by names of images, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray
from rsatoolbox.rdm import RDMs
from rsatoolbox.rdm import compare as of_rsatoolbox
from scipy.spatial.distance import squareform

import repscape

GENERATOR = np.random.default_rng(3)
VECTORS = GENERATOR.uniform(0.1, 2, (4, 28))
SQUARES = np.array([squareform(vector) for vector in VECTORS])
NAMES = [f"p{at}" for at in range(8)]
THEIRS = {"pearson": "corr", "spearman": "spearman", "kendall": "tau-a", "cosine": "cosine",
          "whitened_pearson": "corr_cov", "whitened_cosine": "cosine_cov"}  # fmt: skip


@pytest.mark.parametrize("comparison", THEIRS)
def test_similarities_are_rsatoolboxs(comparison):
    found = repscape.compare(VECTORS[:1], VECTORS[1:], comparison=comparison)
    expected = of_rsatoolbox(VECTORS[:1], VECTORS[1:], THEIRS[comparison])[0]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    among = repscape.compare(VECTORS, comparison=comparison)
    np.testing.assert_allclose(among, of_rsatoolbox(VECTORS, VECTORS, THEIRS[comparison]), atol=1e-9)
    assert among.dims == ("rdm", "rdm_other")


@pytest.mark.parametrize(
    "form",
    [
        VECTORS.tolist(),
        SQUARES,
        list(SQUARES),
        [pd.DataFrame(square, NAMES, NAMES) for square in SQUARES],
        RDMs(VECTORS),
        xarray.DataArray(SQUARES, dims=("rdm", "image", "image_other")),
        xarray.DataArray(VECTORS, dims=("rdm", "pair")),
        {f"model {at}": square for at, square in enumerate(SQUARES)},
    ],
    ids=["vectors", "squares", "list", "DataFrames", "rsatoolbox", "xarray", "condensed", "mapping"],
)
def test_every_form_of_the_same_rdms_gives_the_same(form):
    np.testing.assert_allclose(repscape.compare(form), np.corrcoef(VECTORS), atol=1e-9)
    np.testing.assert_allclose(repscape.differentiation(form), np.median(VECTORS, axis=1))


def test_images_are_matched_by_name():
    order = GENERATOR.permutation(8)
    one = pd.DataFrame(SQUARES[0], NAMES, NAMES)
    other = pd.DataFrame(SQUARES[1], NAMES, NAMES).iloc[order, order]
    expected = np.corrcoef(VECTORS[0], VECTORS[1])[0, 1]
    assert repscape.compare(one, other).item() == pytest.approx(expected)
    assert repscape.compare(one, SQUARES[1]).item() == pytest.approx(expected)  # by place
    assert repscape.compare({"a": one, "b": SQUARES[1]})[0, 1].item() == pytest.approx(expected)
    renamed = other.rename(index={"p3": "q"}, columns={"p3": "q"})
    with pytest.raises(ValueError, match=r"p3.*q"):
        repscape.compare(one, renamed)
    with pytest.raises(ValueError, match="image 8"):
        repscape.compare(SQUARES, np.ones((9, 9)) - np.eye(9))


def test_labels_become_dimensions():
    activity = {name: GENERATOR.normal(size=(8, 20)) for name in ("conv1", "conv2", "fc")}
    table = repscape.rdms(activity, metric="correlation")
    found = repscape.compare(table)
    assert found.dims == ("layer", "layer_other")
    assert found["layer_other"].values.tolist() == ["conv1", "conv2", "fc"]
    assert repscape.compare(table, {"V1": SQUARES[0], "IT": SQUARES[1]}).sel(layer="fc", rdm="IT").ndim == 0
    both = repscape.rdms(activity, metric=["correlation", "rms"])
    found = repscape.differentiation(both)
    assert dict(found.sizes) == {"layer": 3, "metric": 2}
    assert found["layer"].values.tolist() == ["conv1", "conv2", "fc"]
    row = both[(both.layer == "conv2") & (both.metric == "rms")]["dissimilarity"].item()
    assert found.sel(layer="conv2", metric="rms").item() == np.median(row)
    assert repscape.to_xarray(both)["dissimilarity"].dims == ("layer", "metric", "image", "image_other")
    assert repscape.compare(repscape.to_xarray(both), both).shape == (6, 6)


def test_undefined_images_are_left_out_and_said():
    lacking = SQUARES[0].copy()
    lacking[2] = lacking[:, 2] = np.nan
    kept = [at for at in range(8) if at != 2]
    with pytest.warns(UserWarning, match="25%"):
        found = repscape.compare(lacking, SQUARES[1])
    expected = np.corrcoef(*(squareform(one[np.ix_(kept, kept)]) for one in (SQUARES[0], SQUARES[1])))[0, 1]
    assert found.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        (np.corrcoef(GENERATOR.normal(size=(5, 9))), ValueError, "diagonal.*1 − r"),
        (GENERATOR.normal(size=(5, 9)), ValueError, r"\(5, 9\)"),
        (np.triu(SQUARES[0]), ValueError, "symmetric"),
        (np.where(SQUARES[0] > 1.9, np.inf, SQUARES[0]), ValueError, "infinite"),
        (np.array([[0, 1], [1, 0]]), ValueError, "at least 3 images"),
        (xarray.DataArray(np.eye(4), dims=("image", "unit")), ValueError, "unit.*rdm"),
        ({}, ValueError, "none"),
        (pd.DataFrame(columns=["entries", "dissimilarity"]), ValueError, "empty"),
        ("rdm.npy", TypeError, "rdm.npy"),
        (None, TypeError, "None"),
        (7, TypeError, "7"),
        (np.ones((2, 3, 4, 5)), ValueError, r"\(2, 3, 4, 5\)"),
    ],
)
def test_what_is_no_rdm_is_refused(wrong, kind, said):
    with pytest.raises(kind, match=said):
        repscape.compare(wrong)


def test_unknown_comparisons_and_medians_are_refused():
    with pytest.raises(ValueError, match=r"'pearsn'.*'pearson'"):
        repscape.compare(SQUARES, comparison="pearsn")
    with pytest.raises(ValueError, match="euclidean"):
        repscape.compare(SQUARES, comparison="euclidean")
    with pytest.raises(ValueError, match="mean"):
        repscape.differentiation(SQUARES, median="mean")
    assert repscape.differentiation(SQUARES[0], median="full_matrix").item() == np.median(SQUARES[0])


def test_rsatoolbox_gets_everything_and_gives_it_back():
    table = repscape.rdms({"V1": GENERATOR.normal(size=(5, 9)), "IT": GENERATOR.normal(size=(5, 7))})
    there = repscape.to_rsatoolbox(table)
    assert there.rdm_descriptors["layer"] == ["V1", "IT"]
    np.testing.assert_array_equal(there.dissimilarities, np.stack(table["dissimilarity"]))
    back = repscape.to_xarray(there)["dissimilarity"]
    xarray.testing.assert_equal(back, repscape.to_xarray(table)["dissimilarity"])


ACTIVITY = pd.DataFrame(GENERATOR.normal(size=(4, 9)), list("abcd"))


@pytest.mark.parametrize("pairs", [[0, 3, 1], [1, 0, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]])
def test_vectors_with_pairs_in_another_order_are_refused(pairs):
    vector = repscape.rdm(ACTIVITY, square=False)
    with pytest.raises(ValueError, match="a: expected all pairs"):
        repscape.compare(vector.isel(pair=pairs))


def test_rows_and_columns_must_be_of_the_same_images():
    square = repscape.rdm(ACTIVITY)
    for odd in (
        square.assign_coords(image_other=list("dcba")),
        pd.DataFrame(square.values, list("abcd"), list("dcba")),
    ):
        with pytest.raises(ValueError, match="found 'a' and 'd'"):
            repscape.compare(odd, square)


def test_rows_of_a_table_need_a_value_for_each_pair():
    table = repscape.rdms(ACTIVITY)
    table["dissimilarity"] = [vector[:3] for vector in table["dissimilarity"]]
    for function in (repscape.compare, repscape.differentiation):
        with pytest.raises(ValueError, match="expected 6"):
            function(table)


def test_masked_rdms_in_a_list_are_refused():
    with pytest.raises(ValueError, match="masked"):
        repscape.compare([np.ma.masked_greater(VECTORS[0], 1), VECTORS[1]])


def test_undefined_similarities_are_warned_of():
    with pytest.warns(UserWarning, match="all equal"):
        assert np.isnan(repscape.compare(np.ones(6), np.arange(6.0)))

"""`rdm` and `rdms`: against scipy and rsatoolbox, in every form of activity, and what is refused."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
import xarray
from scipy.spatial.distance import pdist, squareform

import repscape
from repscape.metrics.lib.single_trials import Trials
from repscape.plugin import registry

ACTIVITY = np.random.default_rng(0).normal(2, 1, (6, 40))
NAMES = [f"picture_{at}" for at in range(6)]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("correlation", lambda a: pdist(a, "correlation")),
        ("cosine", lambda a: pdist(a, "cosine")),
        ("euclidean", lambda a: pdist(a, "euclidean")),
        ("sqeuclidean", lambda a: pdist(a, "sqeuclidean") / a.shape[1]),
    ],
)
def test_values_are_scipys(metric, expected):
    found = repscape.rdm(ACTIVITY, metric=metric, normalisation="none")
    assert found.dims == ("image", "image_other")
    np.testing.assert_allclose(found, squareform(expected(ACTIVITY)), rtol=2e-6, atol=1e-7)
    assert found.attrs["metric"] == metric
    assert found.attrs["units"] == 40


def test_zscores_are_of_all_images_and_units():
    z = (ACTIVITY - ACTIVITY.mean()) / ACTIVITY.std()
    expected = [((a - b) ** 2).sum() / 40 for at, a in enumerate(z) for b in z[at + 1 :]]
    np.testing.assert_allclose(repscape.rdm(ACTIVITY, square=False), expected, rtol=2e-6)


def test_repeats_are_the_trials_of_metrics_that_take_them():
    repeats = ACTIVITY[None] + np.random.default_rng(1).normal(size=(4, *ACTIVITY.shape))
    by_image = Trials(
        np.array([repeats[repeat, image] for image in range(6) for repeat in range(4)]),
        np.repeat(np.arange(6), 4),
        np.tile(np.arange(4), 6),
    )
    for name in ("crossnobis_diagonal", "crossnobis", "mahalanobis"):
        expected = registry.find("metrics", name)().of_trials(repeats.mean(0), by_image)
        found = repscape.rdm(repeats, metric=name, square=False).values
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        assert repscape.rdms(repeats, metric=name)["dissimilarity"][0].tolist() == found.tolist()


@pytest.mark.parametrize(
    "form",
    [
        ACTIVITY.tolist(),
        torch.tensor(ACTIVITY, requires_grad=True),
        pd.DataFrame(ACTIVITY),
        np.asfortranarray(ACTIVITY),
        xarray.DataArray(ACTIVITY.T, dims=("neuron", "image")),
        xarray.DataArray(ACTIVITY.reshape(6, 5, 8), dims=("image", "y", "x")),
    ],
    ids=["list", "tensor", "DataFrame", "Fortran", "transposed", "maps"],
)
def test_every_form_of_the_same_activity_gives_the_same(form):
    np.testing.assert_array_equal(repscape.rdm(form), repscape.rdm(ACTIVITY))


def test_whole_numbers_and_half_precision_are_taken():
    counts = np.random.default_rng(2).poisson(5, (5, 30))
    expected = squareform(pdist(counts, "euclidean"))
    for kind in (np.int64, np.uint8, np.float16):
        found = repscape.rdm(counts.astype(kind), metric="euclidean", normalisation="none")
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    half = repscape.rdm(torch.tensor(counts, dtype=torch.bfloat16), "euclidean", normalisation="none")
    np.testing.assert_allclose(half, expected, rtol=1e-6)


def test_labels_of_images_are_kept():
    of_pandas = repscape.rdm(pd.DataFrame(ACTIVITY, index=NAMES))
    assert of_pandas["image"].values.tolist() == of_pandas["image_other"].values.tolist() == NAMES
    kinds = ["cat", "dog"] * 3
    labelled = xarray.DataArray(
        ACTIVITY,
        {"name": ("image", NAMES), "kind": ("image", kinds)},
        ("image", "unit"),
        attrs={"layer": "IT"},
    )
    square, vector = repscape.rdm(labelled), repscape.rdm(labelled, square=False)
    assert square["image"].values.tolist() == NAMES
    assert square["kind_other"].values.tolist() == kinds
    assert square.attrs["layer"] == "IT"
    assert [str(vector[f"kind_{end}"][0].values) for end in "ij"] == ["cat", "dog"]
    assert vector["image_j"].values[:5].tolist() == NAMES[1:]
    levels = pd.MultiIndex.from_arrays([NAMES, kinds], names=["picture", "kind"])
    assert repscape.rdm(pd.DataFrame(ACTIVITY, index=levels))["kind"].values.tolist() == kinds


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        (ACTIVITY[0], ValueError, r"\(40,\)"),
        (ACTIVITY[None], ValueError, r"\(1, 6, 40\).*rdms"),
        (ACTIVITY.reshape(6, 2, 5, 4), ValueError, "reshape"),
        (ACTIVITY[:1], ValueError, "found 1"),
        (ACTIVITY[:, :0], ValueError, "units"),
        (np.empty((0, 3)), ValueError, "found 0"),
        ([[1, 2], [3]], ValueError, "different lengths"),
        ("activity.npy", TypeError, "str"),
        ({"V1": ACTIVITY}, TypeError, "dict"),
        (None, TypeError, "NoneType"),
        (ACTIVITY.astype(complex), TypeError, "complex"),
        (np.array([["a", "b"], ["c", "d"]]), TypeError, "<U1"),
        (pd.DataFrame({"picture": NAMES, "unit": range(6)}), TypeError, r"'picture'.*set_index"),
        (pd.DataFrame(ACTIVITY, index=["same"] * 6), ValueError, "'same'"),
        (xarray.DataArray(ACTIVITY, dims=("stimulus", "unit")), ValueError, "stimulus.*rename"),
        (xarray.Dataset({"a": (("image", "unit"), ACTIVITY)}), TypeError, "Dataset"),
        (np.ma.masked_less(ACTIVITY, 1), ValueError, "masked"),
    ],
)
def test_what_is_no_activity_is_refused(wrong, kind, said):
    with pytest.raises(kind, match=said):
        repscape.rdm(wrong)


def test_nan_and_infinity_are_found_by_image_and_unit():
    activity = ACTIVITY.copy()
    activity[3, 7] = np.nan
    activity[4, 1] = np.inf
    with pytest.raises(ValueError, match=r"2 of 240.*NaN.*'picture_3', unit 7"):
        repscape.rdm(pd.DataFrame(activity, index=NAMES))
    with pytest.raises(ValueError, match=r"activations\['V4'\].*image 3"):
        repscape.rdms({"V1": ACTIVITY, "V4": activity})
    with pytest.raises(ValueError, match=r"infinite"):
        repscape.rdm(activity[4:])


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"metric: 'correlaton'.*'correlation'"):
        repscape.rdm(ACTIVITY, metric="correlaton")
    with pytest.raises(ValueError, match=r"normalisation: 'z-score'.*'zscore'"):
        repscape.rdm(ACTIVITY, normalisation="z-score")
    with pytest.raises(TypeError, match="metric"):
        repscape.rdm(ACTIVITY, metric=3)
    with pytest.raises(ValueError, match="layer"):
        repscape.rdms({})
    with pytest.raises(ValueError, match=r"\(0,\)"):
        repscape.rdms([])
    with pytest.raises(ValueError, match="metric"):
        repscape.rdms(ACTIVITY, metric=[])


def test_what_has_no_value_is_nan_and_said():
    constant = ACTIVITY.copy()
    constant[2] = 1.5
    with pytest.warns(UserWarning, match=r"'correlation'.*5 of 15"):
        found = repscape.rdm(constant, "correlation")
    assert np.isnan(found[2, [0, 1, 3, 4, 5]]).all()
    assert np.isfinite(found.values[np.ix_([0, 1, 3], [0, 1, 3])]).all()
    with pytest.raises(ValueError, match="single precision"):
        repscape.rdm(ACTIVITY * 1e30, "sqeuclidean", normalisation="none")


def test_a_table_has_a_row_a_layer_metric_and_repeat():
    repeats = np.stack([ACTIVITY, ACTIVITY[::-1] ** 2])
    table = repscape.rdms({"conv": ACTIVITY, "IT": repeats}, metric=["correlation", "rms"])
    shown = table[["layer", "metric", "repeat"]].astype(str).values.tolist()
    assert shown == [
        ["conv", "correlation", ""], ["conv", "rms", ""],
        ["IT", "correlation", "0"], ["IT", "correlation", "1"], ["IT", "rms", "0"], ["IT", "rms", "1"],
    ]  # fmt: skip
    expected = repscape.rdm(repeats[1], "correlation", square=False)
    np.testing.assert_array_equal(table["dissimilarity"][3], expected)
    for printed in (repr(table), table[table.layer == "IT"]._repr_html_()):
        for word in ("IT", "correlation", "zscore", "6 images", f"{expected.values.max():.3g}"):
            assert word in printed
    assert "..." not in repr(table.drop(columns="normalisation"))
    named = xarray.DataArray(repeats, {"repeat": ["monkey_a", "monkey_b"]}, ("repeat", "image", "unit"))
    assert repscape.rdms(named)["repeat"].tolist() == ["monkey_a", "monkey_b"]


def test_nothing_given_is_changed():
    given = ACTIVITY.copy()
    frame = pd.DataFrame(given, index=NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        repscape.rdm(given)
        repscape.rdms({"a": frame})
    np.testing.assert_array_equal(given, ACTIVITY)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(ACTIVITY, index=NAMES))


def test_what_is_probably_not_meant_is_said():
    with pytest.warns(UserWarning, match="'crossnobis'.*repeats"):
        repscape.rdm(ACTIVITY, "crossnobis")
    with pytest.warns(UserWarning, match="symmetric"):
        repscape.rdm(np.corrcoef(ACTIVITY))


def test_masked_arrays_in_a_list_are_refused():
    masked = [np.ma.masked_greater(row, 3) for row in ACTIVITY]
    with pytest.raises(ValueError, match="array: found masked"):
        repscape.rdm(masked)


@pytest.mark.parametrize("factor", [1e200, 1e-200])
def test_values_whose_squares_are_lost_are_not_called_constant(factor):
    with pytest.raises(ValueError, match="Scale the activity"):
        repscape.rdm(ACTIVITY * factor)


def test_columns_of_one_name_are_units():
    found = repscape.rdm(pd.DataFrame(ACTIVITY, columns=["unit"] * 40))
    np.testing.assert_array_equal(found, repscape.rdm(ACTIVITY))


@pytest.mark.parametrize("tensor", [torch.eye(4).to_sparse(), torch.eye(4, dtype=torch.cfloat).conj()])
def test_tensors_that_numpy_lacks_are_refused(tensor):
    with pytest.raises(TypeError, match="expected"):
        repscape.rdm(tensor)


def test_tensors_of_a_list_may_have_gradients():
    rows = [torch.tensor(row, requires_grad=True) for row in ACTIVITY]
    np.testing.assert_array_equal(repscape.rdm(rows), repscape.rdm(ACTIVITY))


def test_repeats_without_noise_are_named_as_the_reason():
    with pytest.warns(UserWarning, match="the same in all repeats"):
        assert np.isnan(repscape.rdm(np.stack([ACTIVITY] * 3), "crossnobis", square=False)).all()


def test_columns_of_pandas_that_may_lack_values():
    whole = pd.DataFrame(np.random.default_rng(0).integers(0, 9, (6, 40)), index=NAMES)
    found = repscape.rdm(whole.astype("Int64"))
    np.testing.assert_array_equal(found, repscape.rdm(whole))
    lacking = whole.astype("Int64")
    lacking.iloc[2, 3] = pd.NA
    with pytest.raises(ValueError, match=r"NaN"):
        repscape.rdm(lacking)

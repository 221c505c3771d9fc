"""What a metric says of itself is true of what it computes."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from repscape.core.errors import ConfigError
from repscape.metrics.lib.normalisation import Scaling
from repscape.plugin.registry import find, names
from repscape.rdms import measures

ACTIVITY = np.random.default_rng(0).normal(size=(12, 30)).astype(np.float32)


def of(metric):
    return find("metrics", metric)().dissimilarity(ACTIVITY, Scaling(0, 1))


def least_eigenvalue(distances):
    squares = squareform(distances) ** 2
    centring = np.eye(len(squares)) - 1 / len(squares)
    values = np.linalg.eigvalsh(-centring @ squares @ centring / 2)
    return values[0] / values[-1]


@pytest.mark.parametrize("metric", names("metrics"))
def test_what_is_squared_is_euclidean_once_rooted(metric):
    said, values = measures.described(metric), of(metric)
    assert None not in said[:4]
    assert least_eigenvalue(np.sqrt(values) if said.squared else values) > -1e-6
    if said.squared:
        assert least_eigenvalue(values) < -1e-3


def test_which_of_the_euclidean_metrics_is_the_root_of_which():
    distances, units = pdist(ACTIVITY.astype(np.float64)), ACTIVITY.shape[1]
    np.testing.assert_allclose(of("sqeuclidean"), distances**2 / units, rtol=1e-6)
    np.testing.assert_allclose(of("rms"), distances / np.sqrt(units), rtol=1e-6)
    np.testing.assert_allclose(of("euclidean"), distances, rtol=1e-6)
    for metric in ("sqeuclidean", "rms"):
        assert "/ n" in measures.described(metric).formula
    assert "not divided" in measures.described("euclidean").formula


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pearson", "correlation"), ("pearsonr", "correlation"), ("1 - r", "correlation"),
        ("dtw", None), ("cosine_similarity", "cosine"), ("l2", "euclidean"),
        ("squared_euclidean", "sqeuclidean"),
        ("rmse", "rms"), ("rho", "spearman"), ("spearmanr", "spearman"),
        ("mahalanobis distance", "mahalanobis"), ("Euclidean", "euclidean"), ("corelation", "correlation"),
    ],
)  # fmt: skip
def test_metrics_by_another_name(written, meant):
    said = measures.unknown(written)
    assert f"'{written}' is unknown" in said
    assert (f"did you mean '{meant}'" in said) == (meant is not None)
    assert "FILE.py:FUNCTION" in said


def test_a_misspelt_property_is_refused(tmp_path):
    path = tmp_path / "my.py"
    path.write_text("SQUARE = True\nLIMIT = 3\n\ndef mine(activity, scaling):\n    return activity\n")
    with pytest.raises(ConfigError, match=r"SQUARE`.*`SQUARED"):
        measures.check(f"{path}:mine", "rdms.metrics.0")
    path.write_text("SQUARED = 'yes'\n\ndef mine(activity, scaling):\n    return activity\n")
    with pytest.raises(ConfigError, match=r"SQUARED.*'yes'"):
        measures.described(f"{path}:mine")

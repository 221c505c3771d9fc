"""The metrics of the config."""

import pytest

from repscape.config.rdms import unknown_metric
from repscape.plugin import registry


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
    said = unknown_metric(written)
    assert f"'{written}'" in said
    assert (f"'{meant}'" in said) == (meant is not None)
    assert all(name in said for name in registry.names("metrics"))

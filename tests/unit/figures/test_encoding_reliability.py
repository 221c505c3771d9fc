"""The figure of reliability shows how well neurons are predicted, against their noise."""

import numpy as np
import pytest
from coding import drawn, written
from legible import assert_mentions

from repscape.analyses import encoding
from repscape.core.errors import ConfigError, DataError


def test_neurons_by_reliability(encoded, artists):
    figure, caption, table = drawn(encoded, "encoding_reliability", layers={"alexnet": "conv1"})
    model = [str(layer) for layer in table["layer"].values].index("conv1")
    dots = artists(figure, "collections")
    points = np.vstack([own.get_offsets() for own in dots.values()])
    r2, share = table["r2"].values[model], table["reliability"].values
    there = np.isfinite(r2)
    expected = np.maximum(np.stack([share[there], r2[there]], 1), -0.5)
    np.testing.assert_allclose(points[np.lexsort(points.T)], expected[np.lexsort(expected.T)])
    beyond = int((np.minimum(r2, share) < -0.5).sum())
    assert (f"{beyond} neuron" in caption.partition("Triangles")[2]) == (beyond > 0)
    assert sum(len(own.get_offsets()) for gid, own in dots.items() if gid[-1] in "v<") == beyond
    assert_mentions(caption, "4 trials")
    with pytest.raises(ConfigError, match="layers: 'vgg'"):
        drawn(encoded, "encoding_reliability", layers={"vgg": "conv1"})


def test_without_repeats(responses, tmp_path):
    files = {"recording": responses.activations[1], "predictors": responses.activations[:2]}
    path = written(tmp_path / "single.nc", encoding.Encoding(resamples=100, seed=1).compute(files))
    _, caption, _ = drawn(path, "encoding_by_depth")
    assert_mentions(caption, "not repeated")
    with pytest.raises(DataError, match=r"'alexnet'.*repeats"):
        drawn(path, "encoding_reliability")

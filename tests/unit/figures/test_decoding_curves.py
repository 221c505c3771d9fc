"""The figure of decoding curves shows losses in training and test."""

import numpy as np
import pytest
from coding import drawn
from legible import assert_mentions

from repscape.core.errors import ConfigError


def test_curves_are_means_over_folds(decoded, artists):
    figure, caption, table = drawn(decoded, "decoding_curves", source="alexnet", layer="conv1")
    lines = artists(figure, "lines")
    own = table.sel(source="alexnet", layer="conv1")
    for part in ("train", "test"):
        ridge = own["ridge_loss"].sel(part=part)
        np.testing.assert_allclose(
            lines[f"ridge regression/{part}"].get_ydata(), ridge.mean("fold"), rtol=1e-6
        )
        np.testing.assert_allclose(lines[f"ridge regression/{part}/3"].get_ydata(), ridge[3], rtol=1e-6)
        relu = own["relu_loss"].sel(part=part)
        by_decay = relu.isel(epoch=-1).mean("fold")
        np.testing.assert_allclose(lines[f"ReLU network/{part}"].get_ydata(), by_decay, rtol=1e-6)
        chosen = own["chosen"].sel(decoder="relu").values.tolist()
        usual = max(sorted(set(chosen)), key=chosen.count)
        by_epoch = relu.sel(decay=usual).mean("fold")
        np.testing.assert_allclose(lines[f"epochs/{part}"].get_ydata(), by_epoch, rtol=1e-6)
        np.testing.assert_array_equal(lines[f"epochs/{part}"].get_xdata(), table["epoch"])
    marked = {gid for gid in lines if gid.startswith("ridge regression/chosen")}
    places = {list(table["strength"].values).index(s) for s in own["chosen"].sel(decoder="ridge").values}
    assert marked == {f"ridge regression/chosen/{place}" for place in places}
    assert_mentions(caption, "conv1", "alexnet")
    with pytest.raises(ConfigError, match="layer: 'V1'"):
        drawn(decoded, "decoding_curves", source="alexnet", layer="V1")


def test_means_below_the_axis_are_marked(decoded, artists):
    figure, caption, table = drawn(decoded, "decoding_curves", source="alexnet", layer="conv1")
    mean = table["ridge_loss"].sel(source="alexnet", layer="conv1", part="train").mean("fold").values
    places = np.flatnonzero(mean < 1e-6)
    assert 0 < len(places) < len(mean)
    below = artists(figure, "lines")["ridge regression/train/below"]
    np.testing.assert_array_equal(below.get_xdata(), places)
    assert_mentions(caption, "10⁻⁶", "carets", "**c**")
    assert [axes.get_title("left")[:12] for axes in figure.axes] == [f"$\\mathbf{{{x}}}$" for x in "abc"]

"""The figure of encoding by depth shows medians over neurons, and tests."""

import numpy as np
import pytest
from coding import drawn
from legible import assert_mentions


@pytest.mark.parametrize("normalised", [True, False])
def test_medians_by_depth(encoded, normalised, artists):
    figure, caption, table = drawn(encoded, "encoding_by_depth", normalised=normalised)
    lines = artists(figure, "lines")
    prefix = "normalised_" if normalised else ""
    values = table["normalised" if normalised else "r2"].values
    expected = np.nanmedian(values, axis=1)
    source = table["source"].values
    np.testing.assert_allclose(lines["alexnet"].get_ydata(), expected[source == "alexnet"])
    best = int(np.argmax(expected))
    where = f"{source[best]}/best"
    assert [gid for gid in lines if gid.endswith("/best")] == [where]
    names = [str(layer) for layer in table["layer"].values[source == source[best]]]
    assert lines[where].get_xdata() == [names.index(str(table["layer"].values[best]))]
    alike = {gid: set(line.get_xdata()) for gid, line in lines.items() if gid.endswith("/alike")}
    p = table[f"{prefix}p_pair_fdr"].values[best]
    for name in ("alexnet", "alexnet_untrained"):
        found = set(np.flatnonzero(p[source == name] >= 0.05))
        assert alike.get(f"{name}/alike", set()) == found
    assert_mentions(caption, "39 neurons", "mouse", "V1", "18 images")
    assert ("reliability" in caption.split("Bands")[0]) == normalised

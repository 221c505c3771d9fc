"""The figure of decoding errors shows them by layer, with what chance makes."""

import numpy as np
import pytest
from coding import LAYERS, drawn, written
from legible import assert_mentions

from repscape.analyses import angle_decoding


def test_errors_by_layer_with_chance(decoded, artists):
    figure, caption, table = drawn(decoded, "decoding_error")
    lines, dots = artists(figure, "lines"), artists(figure, "collections")
    for source, layers in (("alexnet", LAYERS), ("mouse", ("V1",))):
        for decoder in ("ridge", "relu"):
            of = table.sel(source=source, layer=list(layers), decoder=decoder)
            np.testing.assert_allclose(lines[f"{source}/{decoder}"].get_ydata(), of["error"])
            band = dots[f"{source}/{decoder}/chance"].get_paths()[0].vertices[:, 1]
            low, high = np.quantile(of["null"], [0.05, 0.95], axis=-1)
            assert band.min() == pytest.approx(low.min())
            assert band.max() == pytest.approx(high.max())
            full = [bool((own[:3] < 1).any()) for own in dots[f"{source}/{decoder}/markers"].get_facecolors()]
            np.testing.assert_array_equal(full, of["p"] < 0.05)
    np.testing.assert_allclose(lines["mouse/blind"].get_ydata(), 45)
    assert_mentions(caption, "18 images", "gratings", "19 permutations")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["alexnet", "alexnet_untrained", "mouse"]


def test_one_decoder_without_permutations(responses, tmp_path):
    files = responses.files | {"activations": responses.activations[:2]}
    result = angle_decoding.AngleDecoding(decoders=("ridge",), permutations=0, seed=1).compute(files)
    path = written(tmp_path / "plain.nc", result)
    figure, caption, _ = drawn(path, "decoding_error")
    assert_mentions(caption, "no p-values")
    assert "ReLU" not in caption
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named[:2] == ["ridge regression", "95% interval"]
    assert "45" in named[2]
    figure, _, _ = drawn(path, "decoding_curves")
    assert len(figure.axes) == 1
    figure, _, _ = drawn(path, "decoded_angles")
    assert len(figure.axes) == 1

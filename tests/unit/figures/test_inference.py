"""Similarity by depth shows what the analysis has."""

import json

import numpy as np
import pytest
from legible import assert_mentions

from repscape.core.errors import ConfigError
from repscape.figures import inference
from repscape.figures.lib.data import opened
from repscape.figures.lib.style import save, settings
from repscape.io import netcdf

LAYERS = ["input", "conv10", "conv2", "fc"]


def written(path, sources=("net", "twin"), layers=LAYERS, repeats=3, left_out=("net", "conv2"), theories=()):
    """An analysis with round numbers; one layer of the first source is the reference."""
    models = [
        (source, layer, order)
        for order, layer in reversed(list(enumerate(layers)))
        for source in sources
        if (source, layer) != left_out
    ]
    models += [("theories", "theory", 0)] * len(theories)
    count = len(models)
    similarity = np.linspace(0.8, 0.1, count)
    p = np.linspace(0.001, 0.2, count)
    p_pair = np.abs(similarity[:, None] - similarity) < 0.25
    p_pair = np.where(p_pair, 0.5, 0.01)
    np.fill_diagonal(p_pair, np.nan)
    ceiling = np.array([0.7, 0.9]) if repeats > 1 else np.full(2, np.nan)
    variables = {
        "similarity": (("model",), similarity),
        "low": (("model",), similarity - 0.1),
        "high": (("model",), similarity + 0.1),
        "ceiling": (("limit",), ceiling),
        "each": (("model", "entry_set", "data_repeat"), np.zeros((count, 1, repeats))),
        "entries": (("entry_set",), np.array([92], np.int32)),
        "source": (("model",), [source for source, _, _ in models]),
        "layer": (("model",), [layer for _, layer, _ in models]),
        "metric": (("model",), ["correlation"] * count),
        "layer_order": (("model",), np.array([order for *_, order in models], np.int32)),
    }
    if theories:
        variables["model"] = (("model",), ["", *theories] if count > len(theories) else list(theories))
        variables["rdms_averaged"] = (("model", "entry_set"), np.full((count, 1), 5, np.int32))
    for method in ("fdr", "holm"):
        variables[f"p_zero_{method}"] = (("model",), p * (1 if method == "fdr" else 3))
        variables[f"p_ceiling_{method}"] = (("model",), p if repeats > 1 else np.full(count, np.nan))
        variables[f"p_pair_{method}"] = (("model", "other"), p_pair)
    attributes = {
        "comparison": "spearman", "resampled_factors": ["repeats", "entries"] if repeats > 1 else ["entries"],
        "resamples": 1000, "dof": 2, "reference": json.dumps({"source": "net", "layer": "conv2"}),
    }  # fmt: skip
    attributes["averaged_over"] = ["repeat"] if theories else None
    netcdf.write(path, kind="analysis", variables=variables, attributes=attributes)
    return dict(
        zip([(source, layer) for source, layer, _ in models], zip(similarity, p, strict=True), strict=True)
    )


@pytest.fixture
def drawn(tmp_path):
    def draw(made=None, **parameters):
        values = written(tmp_path / "x.nc", **(made or {}))
        with opened({"inference": str(tmp_path / "x.nc")}) as data, settings():
            figure, caption = inference.Inference(**parameters).draw(data)
            save(figure, tmp_path / "x.svg", tmp_path / "x.png")
        return figure, caption, values

    return draw


def line(axes, gid):
    (found,) = [line for line in axes.lines if line.get_gid() == gid]
    return np.asarray(found.get_xdata(), float), np.asarray(found.get_ydata(), float)


def test_lines_go_through_the_layers_in_order(drawn):
    figure, caption, values = drawn()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == LAYERS
    for source in ("net", "twin"):
        _, y = line(axes, source)
        expected = [values.get((source, layer), (np.nan,))[0] for layer in LAYERS]
        np.testing.assert_allclose(y, expected)
    low, high = axes.patches[0].get_bbox().intervaly
    assert (low, high) == (0.7, 0.9)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:4] == ["net", "twin", "95% interval", "noise ceiling"]
    for words in ("Spearman", "92 entries", "0.70 to 0.90", "all 7 layers", "all 21 pairs", "net, fc, 0.80"):
        assert words in caption
    assert_mentions(caption, "repeats", "images")


@pytest.mark.parametrize("correction", ["fdr", "holm"])
def test_full_markers_are_significant(drawn, correction):
    figure, caption, values = drawn(correction=correction)
    (axes,) = figure.axes
    times = 1 if correction == "fdr" else 3
    for source in ("net", "twin"):
        expected = {
            LAYERS.index(layer)
            for (own, layer), (_, p) in values.items()
            if own == source and p * times < 0.05
        }
        full = [line for line in axes.lines if line.get_gid() == f"{source}/sure"]
        assert {int(x) for one in full for x in one.get_xdata()} == expected
    assert ("Holm" in caption) == (correction == "holm")


def test_the_best_and_what_does_not_differ_from_it(drawn):
    figure, _, values = drawn()
    (axes,) = figure.axes
    assert line(axes, "best")[0].tolist() == [LAYERS.index("fc")]
    top = max(similarity for similarity, _ in values.values())
    for source in ("net", "twin"):
        expected = {
            LAYERS.index(layer)
            for (own, layer), (similarity, _) in values.items()
            if own == source and 0 < top - similarity < 0.25
        }
        alike = [line for line in axes.lines if line.get_gid() == f"{source}/alike"]
        assert {int(x) for one in alike for x in one.get_xdata()} == expected


def test_one_repeat_has_no_ceiling(drawn):
    figure, caption, _ = drawn({"repeats": 1})
    assert not figure.axes[0].patches
    assert "ceiling" not in caption
    assert "noise ceiling" not in [text.get_text() for text in figure.legends[0].get_texts()]


def test_other_layers_have_a_panel_of_their_own(tmp_path, drawn):
    first = written(tmp_path / "one.nc")
    assert first
    with opened({"inference": str(tmp_path / "one.nc")}) as data, settings():
        table = data["inference"].load()
        layers = table["layer"].values.astype(object)
        layers[table["source"].values == "twin"] = [f"block{i}" for i in range(4)]
        table["layer"] = ("model", layers.astype(str))
        figure, _ = inference.Inference().draw({"inference": table})
        save(figure, tmp_path / "x.svg", tmp_path / "x.png")
    assert len(figure.axes) == 2
    heights = [axes.get_window_extent().height for axes in figure.axes]
    assert min(heights) > 0.25 * figure.bbox.height


def test_where(drawn):
    figure, _, _ = drawn(where={"source": "twin"})
    assert not [line for line in figure.axes[0].lines if line.get_gid() == "net"]
    with pytest.raises(ConfigError, match=r"where.*source.*twins.*twin"):
        drawn(where={"source": "twins"})


@pytest.mark.parametrize("sources", [(), ("net",)])
def test_models_of_a_recording_lie_side_by_side(drawn, sources):
    theories = ("shape", "colour", "noise")
    figure, caption, _ = drawn({"sources": sources, "layers": ["fc"], "left_out": None, "theories": theories})
    panel = figure.axes[-1]
    assert [label.get_text() for label in panel.get_xticklabels()] == list(theories)
    values = np.linspace(0.8, 0.1, len(sources) + 3)[len(sources) :]
    assert line(panel, "theories")[1] == pytest.approx(values)
    assert panel.get_xlabel() == "model"
    assert "over repeat (at most 5)" in caption
    assert ("net, fc" if sources else "theories, theory, shape") in caption

"""The figure of pairs' distances shows every pair, and their median."""

import numpy as np
import pytest
import xarray as xr
from legible import assert_mentions

from repscape.core.errors import ConfigError, DataError

LAYERS = ("input", "block2", "block17", "block19", "fc1", "predictions")
STIMULI = ("bikes", "pictures", "white_noise")


def test_every_pair_has_a_line_and_the_median_is_that_of_the_pairs(results, draw, artists):
    made = results(stimuli=STIMULI, layers=LAYERS).rdms()
    figure, caption = draw(made, "pair_distances", size=200, metric="correlation")
    collections = {c.get_gid(): c for axes in figure.axes for c in axes.collections}
    for stimulus, pairs in (("bikes", 435), ("pictures", 190), ("white_noise", 435)):
        keys = {"stimulus": stimulus, "population": "random", "size": 200}
        each = np.array(
            [
                made.read("rdm", layer=layer, **keys).dissimilarity.sel(metric="correlation").values[0]
                for layer in LAYERS
            ]
        )
        segments = np.array(collections[f"{stimulus}/pairs"].get_segments())
        assert segments.shape == (pairs, len(LAYERS), 2)
        np.testing.assert_allclose(segments[:, :, 1], each.T)
        middle = np.sort(each, axis=1)
        expected = (middle[:, (pairs - 1) // 2] + middle[:, pairs // 2]) / 2
        np.testing.assert_allclose(
            artists(figure, "lines")[f"{stimulus}/median"].get_ydata(), expected, rtol=1e-6
        )
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert figure.axes[0].get_ylim()[0] == 0
    assert_mentions(caption, "first draw", "correlation distance")


def test_undefined_distances_are_gaps_that_are_told(results, draw, artists):
    made = results(stimuli=STIMULI, layers=LAYERS).rdms(degenerate=[("white_noise", "predictions")])
    figure, caption = draw(made, "pair_distances")
    assert np.isnan(artists(figure, "lines")["white_noise/median"].get_ydata()).tolist() == [False] * 5 + [
        True
    ]
    assert_mentions(caption, "constant", "predictions (white_noise)")


def test_the_file_holds_what_is_drawn(results, rendered):
    measured = results(stimuli=STIMULI, layers=LAYERS).rdms(degenerate=[("white_noise", "predictions")])
    path = rendered(measured, "pair_distances", size=200, stimuli=["pictures", "white_noise"])
    assert list(xr.open_groups(path))[1:] == ["/pictures", "/white_noise"]
    for stimulus in ("pictures", "white_noise"):
        data = xr.load_dataset(path, group=stimulus)
        assert data.layer.values.tolist() == list(LAYERS)
        for layer in LAYERS:
            rdm = measured.read("rdm", stimulus=stimulus, population="random", layer=layer, size=200)
            expected = rdm.dissimilarity.values[0, 0]
            np.testing.assert_array_equal(data.dissimilarity.sel(layer=layer).values, expected)
            middle = sorted(expected.tolist())
            half = len(middle) // 2
            expected = middle[half] if len(middle) % 2 else (middle[half - 1] + middle[half]) / 2
            np.testing.assert_allclose(data["median"].sel(layer=layer), expected, rtol=1e-6)
            np.testing.assert_array_equal(data.name_j.values, rdm.name_j.values)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"stimuli": ["cats"]}, "stimuli.*cats"),
        ({"metric": "cosine"}, "metric.*cosine"),
    ],
)
def test_what_cannot_be_drawn_is_refused_when_the_plan_is_made(results, inputs, parameters, message):
    with pytest.raises(ConfigError, match=message):
        inputs(results(layers=LAYERS).study, "pair_distances", **parameters)


@pytest.mark.parametrize("name", ["pair_distances", "rdm_gallery"])
def test_a_source_is_asked_only_for_what_it_is_shown(results, inputs, name):
    study = results(layers=LAYERS).study
    study.shown["mobilenet_v2"] = ("pictures",)
    study.drawn["mobilenet_v2"] = {"random": ("200",)}
    for path in inputs(study, name)["rdms"]:
        assert "pictures" in path


def test_a_line_a_pair_is_refused(results, draw):
    made = results(stimuli=("bikes", "white_noise"), layers=("input", "conv")).rdms()
    made.without_pair_labels("bikes")
    with pytest.raises(DataError, match="bikes has too many images"):
        draw(made, "pair_distances")

"""The gallery of RDMs shows the files' RDMs, of many images evenly spaced ones."""

import numpy as np
import pytest
import xarray as xr
from legible import assert_legible, assert_mentions
from made_study import SMALL
from scipy.spatial.distance import squareform

from repscape.core.errors import ConfigError
from repscape.figures import rdm_gallery
from repscape.io.netcdf import open_file

LAYERS = ("input", "block2", "block17", "block19", "fc1", "predictions")
STIMULI = ("bikes", "pictures", "white_noise")


def test_rdms_are_the_files_square_and_symmetric(results, draw, artists):
    made = results(layers=SMALL).rdms(degenerate=[("white_noise", "predictions")])
    figure, caption = draw(made, "rdm_gallery", size=200, metric="correlation")
    shown = artists(figure, "images")
    assert len(shown) == 6 * 6
    keys = {"source": "mobilenet_v2", "population": "random", "size": 200}
    highest = {}
    for stimulus in made.stimuli:
        for layer in SMALL:
            path = made.root / made.study.path("rdm", stimulus=stimulus, layer=layer, **keys)
            with xr.open_dataset(path) as rdm:
                expected = squareform(rdm.dissimilarity.values[1].mean(axis=0), checks=False)
            image = shown[f"{stimulus}/{layer}"].get_array()
            if (stimulus, layer) == ("white_noise", "predictions"):
                assert np.ma.getmaskarray(image).all()
            else:
                np.testing.assert_allclose(image, expected, rtol=1e-6)
                highest[layer] = max(highest.get(layer, 0), expected.max())
    for layer in SMALL:  # a scale a layer, the same for every stimulus, from 0
        limits = {shown[f"{stimulus}/{layer}"].get_clim() for stimulus in made.stimuli}
        assert len(limits) == 1
        np.testing.assert_allclose(limits.pop(), (0, highest[layer]), rtol=1e-6)
    assert_mentions(caption, "constant", "predictions (white_noise)", "200", "3 times", "averaged")


def test_the_gallery_begins_with_the_input_and_ends_with_the_output(results, draw, artists):
    made = results(stimuli=("bikes", "white_noise"), layers=("input", *"abcdefghijk", "predictions")).rdms()
    figure, _ = draw(made, "rdm_gallery")
    layers = list(dict.fromkeys(gid.split("/")[1] for gid in artists(figure, "images")))
    assert len(layers) == 6
    assert (layers[0], layers[-1]) == ("input", "predictions")


def test_a_gallery_of_many_stimuli_names_its_columns_in_full(results, draw):
    stimuli = tuple(f"movie{i}" for i in range(20))
    made = results(stimuli=stimuli, layers=SMALL, reference=None)
    made.samples, made.images = {"random": ("200",)}, dict.fromkeys(stimuli, 4)
    made.rdms(degenerate=[(stimulus, "fc1") for stimulus in stimuli])
    figure, caption = draw(made, "rdm_gallery")
    assert_legible(figure, full_width=False)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert set(SMALL) <= set(texts)
    assert figure.bbox.height <= 240 / 25.4 * figure.dpi + 1e-6
    assert len(figure.axes) == 1 + len(SMALL) - 1  # of what is undefined there is no colour scale
    assert_mentions(caption, "constant", "fc1", "all stimuli")


def test_the_gallery_shows_evenly_spaced_images(results, draw, rendered, monkeypatch):
    made = results(stimuli=("bikes", "white_noise"), layers=("input", "conv")).rdms()
    made.without_pair_labels("bikes")
    monkeypatch.setattr(rdm_gallery, "IMAGES", 6)
    chosen = [0, 5, 11, 17, 23, 29]
    figure, caption = draw(made, "rdm_gallery", size=200, metric="correlation")
    shown = {image.get_gid(): image.get_array() for axes in figure.axes for image in axes.images}
    rdm = made.read("rdm", stimulus="bikes", population="random", layer="conv", size=200)
    whole = squareform(rdm.dissimilarity.values[1].mean(axis=0), checks=False)
    np.testing.assert_allclose(shown["bikes/conv"], whole[np.ix_(chosen, chosen)], rtol=1e-6)
    assert shown["white_noise/conv"].shape == (30, 30)
    assert_mentions(caption, "30 images", "bikes, 6 images")

    with xr.open_dataset(rendered(made, "rdm_gallery", size=200), group="bikes") as data:
        first, second = np.triu_indices(6, 1)
        assert data.image_j.values.tolist() == [chosen[place] for place in second]
        assert data.name_i.values.tolist() == [f"image {chosen[place]}" for place in first]


def test_the_file_holds_what_is_drawn(results, rendered):
    made = results(stimuli=STIMULI, layers=LAYERS).rdms(degenerate=[("white_noise", "predictions")])
    path = rendered(made, "rdm_gallery", metric="correlation", size=200, layers=["block2", "predictions"])
    with open_file(path, "figure") as file:
        assert list(file.groups) == list(STIMULI)
    top = xr.load_dataset(path)
    assert {"metric": "correlation", "normalisation": "zscore", "size": "200"}.items() <= top.attrs.items()
    largest = dict.fromkeys(("block2", "predictions"), 0.0)
    for stimulus in STIMULI:
        data = xr.load_dataset(path, group=stimulus)
        assert data.layer.values.tolist() == ["block2", "predictions"]
        for layer in ("block2", "predictions"):
            rdm = made.read("rdm", stimulus=stimulus, population="random", layer=layer, size=200)
            expected = rdm.dissimilarity.values[1].astype(float).sum(0) / rdm.sizes["repeat"]
            found = data.dissimilarity.sel(layer=layer)
            np.testing.assert_allclose(found.values, expected, rtol=1e-6)
            for name in ("image_i", "image_j", "name_i", "name_j"):
                np.testing.assert_array_equal(found[name].values, rdm[name].values)
            largest[layer] = max(largest[layer], np.nan_to_num(found.values).max())
    assert np.isnan(xr.load_dataset(path, group="white_noise").dissimilarity.sel(layer="predictions")).all()
    for stimulus in STIMULI:
        data = xr.load_dataset(path, group=stimulus)
        assert data.high.values.tolist() == list(largest.values())
        assert data.low.values.tolist() == [0, 0]


KINDS = np.array(["two words", "Bäume", "cats"])[np.random.default_rng(0).integers(0, 3, 30)]
IN_ORDER = [at for group in dict.fromkeys(KINDS) for at in np.flatnonzero(group == KINDS)]


def categorised(made, factor="category", **others):
    """Give the images of bikes categories, and those of pictures a number each, which is no category."""
    made.factors = {"bikes": {factor: KINDS, **others}, "pictures": {"number": np.arange(20).astype(str)}}
    return made.stimulus_files().rdms()


def square_of(made, stimulus, layer, metric=1):
    rdm = made.read("rdm", stimulus=stimulus, population="random", layer=layer, size=200)
    return squareform(rdm.dissimilarity.values[metric].mean(axis=0), checks=False)


@pytest.mark.parametrize(
    ("factor", "keys", "by"),
    [
        ("category", {}, "category"),
        ("species", {}, "species"),
        ("species", {"by": "species"}, "species"),
        ("category", {"by": False}, None),
    ],
)
def test_images_are_grouped_and_marked_by_their_category(results, draw, artists, factor, keys, by):
    made = categorised(results(stimuli=STIMULI, layers=("input", "fc1")), factor)
    figure, caption = draw(made, "rdm_gallery", size=200, metric="correlation", **keys)
    shown, order = artists(figure, "images"), IN_ORDER if by else np.arange(30)
    whole = square_of(made, "bikes", "fc1")
    np.testing.assert_allclose(shown["bikes/fc1"].get_array(), whole[np.ix_(order, order)], rtol=1e-6)
    np.testing.assert_allclose(shown["pictures/fc1"].get_array(), square_of(made, "pictures", "fc1"))
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert (set(KINDS) <= texts) == bool(by)
    left, _, _, top = shown["bikes/fc1"].get_extent()
    bars = {
        round(bar.get_y(), 3): (bar.get_height(), bar.get_facecolor())
        for bar in figure.axes[0].patches
        if 0 < left - bar.get_x() < 2
    }
    if not by:
        assert bars == {}
        assert "grouped" not in caption
        return
    step = (shown["bikes/fc1"].get_extent()[2] - top) / 30
    groups = list(dict.fromkeys(KINDS))
    heights = [height / step for _, (height, _) in sorted(bars.items())]
    np.testing.assert_allclose(heights, [(group == KINDS).sum() for group in groups])
    assert len({colour for _, colour in bars.values()}) == 3
    assert_mentions(caption, "bikes grouped by", by, "others in the order of the stimulus")
    assert_legible(figure, full_width=False)


def test_what_groups_images_must_be_there(results, draw, inputs):
    made = categorised(results(stimuli=STIMULI, layers=("input", "fc1")))
    with pytest.raises(ConfigError, match=r"by: 'animal' is unknown.*category"):
        draw(made, "rdm_gallery", by="animal")
    with pytest.raises(ConfigError, match=r"by: .*'animal'.*white_noise"):
        inputs(made.study, "rdm_gallery", by="animal", stimuli=["white_noise"])
    with pytest.raises(ConfigError, match=r"by: .*true"):
        inputs(made.study, "rdm_gallery", by=True)
    files = inputs(made.study, "rdm_gallery")
    assert files["stimuli"] == [made.study.path("stimulus", stimulus=name) for name in ("bikes", "pictures")]
    assert inputs(made.study, "rdm_gallery", by=False)["stimuli"] == []


def test_each_matrix_has_a_scale(results, draw, artists, rendered):
    made = categorised(results(stimuli=STIMULI, layers=("input", "fc1")))
    keys = {"size": 200, "metric": "correlation", "scale": "panel"}
    figure, caption = draw(made, "rdm_gallery", **keys)
    path = rendered(made, "rdm_gallery", **keys)
    for stimulus in STIMULI:
        data = xr.load_dataset(path, group=stimulus)
        for layer in ("input", "fc1"):
            limits = artists(figure, "images")[f"{stimulus}/{layer}"].get_clim()
            np.testing.assert_allclose(limits, (0, square_of(made, stimulus, layer).max()), rtol=1e-6)
            of = data.sel(layer=layer)
            np.testing.assert_allclose((of.low, of.high), limits)
    assert len(figure.axes) == 1 + 6
    assert "one scale for each matrix" in caption
    bikes = xr.load_dataset(path, group="bikes")
    assert bikes.image.values.tolist() == IN_ORDER
    assert bikes.group.values.tolist() == KINDS[IN_ORDER].tolist()
    assert bikes.attrs["by"] == "category"
    assert "group" not in xr.load_dataset(path, group="pictures")
    assert_legible(figure, full_width=False)


def test_ranks_in_percent(results, draw, artists):
    made = results(stimuli=STIMULI, layers=("input", "fc1")).rdms(degenerate=[("white_noise", "fc1")])
    figure, caption = draw(made, "rdm_gallery", size=200, metric="correlation", scale="ranks")
    for stimulus in STIMULI:
        image = artists(figure, "images")[f"{stimulus}/input"]
        assert image.get_clim() == (0, 100)
        values = squareform(square_of(made, stimulus, "input"), checks=False)
        below = (values[:, None] > values).sum(1) + ((values[:, None] == values).sum(1) - 1) / 2
        shown = squareform(np.asarray(image.get_array()), checks=False)
        np.testing.assert_allclose(shown, 100 * below / (len(values) - 1))
    assert np.ma.getmaskarray(artists(figure, "images")["white_noise/fc1"].get_array()).all()
    assert len(figure.axes) == 2
    assert_mentions(caption, "rank", "percent", "Grey")
    assert_legible(figure, full_width=False)

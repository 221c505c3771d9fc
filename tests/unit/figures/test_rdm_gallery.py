"""The gallery of RDMs shows the files' RDMs, of many images evenly spaced ones."""

import numpy as np
import xarray as xr
from legible import assert_legible, assert_mentions
from made_study import SMALL
from scipy.spatial.distance import squareform

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
    assert top.high.values.tolist() == list(largest.values())
    assert top.low.values.tolist() == [0, 0]

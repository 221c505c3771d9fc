"""What repscape's speed is measured against does the same work: the notebooks' loops, and one script."""

import numpy as np
import one_script
import peers
import pytest
import torch
from speed import Cost, Row
from torch import nn

from repscape.core.seeds import derive
from repscape.metrics.lib.normalisation import scaling
from repscape.plugin.registry import find
from repscape.populations.lib.layer import Layer
from repscape.samples.draw import draw
from repscape.stimuli.lib.assemble import resize


def rectified(images=7, units=40):
    return np.maximum(np.random.default_rng(2).normal(size=(images, units)), 0).astype(np.float32)


def test_distances_of_the_notebooks_loops():
    activity = rectified()
    (found,) = peers.compute_rdm([activity])
    expected = find("metrics", "euclidean")().dissimilarity(activity, scaling(activity, "mean"))
    np.testing.assert_allclose(found[np.triu_indices(7, 1)], expected, rtol=1e-5)
    np.testing.assert_array_equal(found, found.T)


def test_units_of_the_notebooks_loops():
    np.random.seed(0)
    places = np.arange(3 * 4 * 4 * 2).reshape(3, 4, 4, 2)
    (mask,), (sampled,) = peers.get_sampled_activations(5, [places])
    assert mask.sum(axis=(1, 2, 3)).tolist() == [5, 5, 5]
    assert sampled.shape == (3, 5)
    assert (sampled // 32 == np.arange(3)[:, None]).all()  # of the image itself
    assert len(np.unique(sampled % 32, axis=0)) > 1  # and other ones for each


def test_every_layer_is_stored_before_it_is_overwritten():
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(inplace=True), nn.Flatten()).eval()
    images = torch.randn(4, 3, 5, 5)
    with torch.inference_mode():
        convolved, _, flat = peers.stored_whole(module, images, 18)
        expected = module[0](images).flatten(1).numpy()
    np.testing.assert_allclose(convolved, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(flat, np.maximum(expected, 0), rtol=1e-5, atol=1e-6)


def test_dissimilarities_of_the_script():
    activity = rectified()
    expected = [
        find("metrics", metric)().dissimilarity(activity, scaling(activity, "zscore"))
        for metric in one_script.METRICS
    ]
    np.testing.assert_allclose(one_script.rdms(activity), expected, rtol=1e-6)


def test_units_of_the_script():
    recorded = one_script.recorded_units("block3", 300_000)
    layer = Layer("block3", 3, 250, 400, 300_000)
    seed = derive(0, "populations", "random")
    population = find("populations", "random")(units=one_script.RECORDED, seed=seed)
    assert recorded.tolist() == population.select(layer).unit.tolist()
    seed = derive(0, "samples", "untrained", "random", "block3", 10_000)
    drawn = [recorded[places] for places in one_script.draws("untrained", "block3", "10000", len(recorded))]
    np.testing.assert_array_equal(drawn, draw(recorded, 10_000, 10, seed))


@pytest.mark.parametrize("shape", [(90, 160, 3), (300, 200)])
def test_images_of_the_script(shape):
    pixels = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    expected = resize(pixels, (256, 256), "crop")
    expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, axis=2)
    np.testing.assert_array_equal(one_script.fitted(pixels), expected)


def test_gratings_of_the_script():
    expected = [frame.pixels for frame in find("stimuli", "gratings")(count=30).images()]
    np.testing.assert_array_equal(one_script.gratings(), expected)


def test_ratios_and_targets():
    ours, peer = Cost(2.0, 4.0), Cost(3.0, 3.0) + Cost(1.0, 1.0) * 3
    slower = Row("", ours, peer, "ours / peer", 0.3)
    assert (slower.of("passed"), slower.of("processor"), slower.met()) == (1 / 3, 2 / 3, "no")
    faster = Row("", ours, peer, target=3)
    assert (faster.of("passed"), faster.met()) == (3.0, "yes")
    assert Row("", ours, None, "ours / peer", 6).met() == "yes"

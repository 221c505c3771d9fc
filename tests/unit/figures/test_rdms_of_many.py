"""Figures of RDMs of more images than pairs are labelled of."""

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import squareform

from repscape.core.errors import DataError
from repscape.figures import rdm_gallery
from repscape.io.netcdf import write

KEYS = {"source": "mobilenet_v2", "population": "random"}


@pytest.fixture
def made(results):
    """Write RDMs whose pairs of bikes are labelled by the images' names alone."""
    made = results(stimuli=("bikes", "white_noise"), layers=("input", "conv")).rdms()
    for path in (made.root / "results/default/rdms/mobilenet_v2/bikes").rglob("*.nc"):
        with xr.open_dataset(path) as rdm:
            kept = {
                name: rdm[name] for name in ("dissimilarity", "metric", "measure", "normalisation", "repeat")
            }
            attributes = {name: rdm.attrs[name] for name in rdm.attrs if name != "kind"}
            attributes.pop("repscape_version")
            variables = {name: (values.dims, values.values) for name, values in kept.items()}
        variables["name"] = (("image",), [f"image {at}" for at in range(30)])
        write(path, kind="rdm", variables=variables, attributes=attributes)
    return made


def test_the_gallery_shows_evenly_spaced_images(made, draw, rendered, monkeypatch):
    monkeypatch.setattr(rdm_gallery, "IMAGES", 6)
    chosen = [0, 5, 11, 17, 23, 29]
    figure, caption = draw(made, "rdm_gallery", size=200, metric="correlation")
    shown = {image.get_gid(): image.get_array() for axes in figure.axes for image in axes.images}
    path = made.root / made.study.path("rdm", stimulus="bikes", layer="conv", size=200, **KEYS)
    with xr.open_dataset(path) as rdm:
        whole = squareform(rdm.dissimilarity.values[1].mean(axis=0), checks=False)
    np.testing.assert_allclose(shown["bikes/conv"], whole[np.ix_(chosen, chosen)], rtol=1e-6)
    assert shown["white_noise/conv"].shape == (30, 30)
    assert "30 images each" in caption
    assert "Of bikes, 6 images at equal distances are shown, the first and the last among them." in caption

    with xr.open_dataset(rendered(made, "rdm_gallery", size=200), group="bikes") as data:
        first, second = np.triu_indices(6, 1)
        assert data.image_j.values.tolist() == [chosen[place] for place in second]
        assert data.name_i.values.tolist() == [f"image {chosen[place]}" for place in first]


def test_a_line_a_pair_is_refused(made, draw):
    with pytest.raises(DataError, match="bikes has too many images for a line a pair"):
        draw(made, "pair_distances")

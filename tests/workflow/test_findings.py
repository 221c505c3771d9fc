"""What must come out: known limits of a small study, and the finding of notebook 001 in the default one."""

import shutil

import numpy as np
import pytest
import xarray as xr
from project import REPOSITORY, make_pictures

DEFAULT = REPOSITORY / "results/default/analyses/differentiation.nc"


def test_identical_images_are_not_differentiated(fresh):
    pictures = fresh.folder / "pictures"
    shutil.rmtree(pictures)
    make_pictures(pictures, ["a.png"])
    for name in ("b.png", "c.png", "d.png"):
        shutil.copy(pictures / "a.png", pictures / name)
    config = fresh.config
    config["stimuli"] = {"pictures": config["stimuli"]["pictures"]}
    config["networks"]["squeezenet"]["layers"] = "all"
    config["analyses"], config["figures"] = {"differentiation": {}}, {}
    fresh.write_config(config)
    fresh.run()
    with xr.open_dataset(fresh.folder / "results/small/analyses/differentiation.nc") as data:
        values = data.differentiation.sel(population="random", metric="sqeuclidean", size="100")
        values = values.isel(repeat=0).squeeze()
        defined = values.dropna("layer")  # constant layers have no z-scores
        assert defined.sizes["layer"] > 60
        assert (defined == 0).all()


@pytest.fixture(scope="module")
def relative():
    """D of each stimulus in MobileNetV2, relative to white noise."""
    if not DEFAULT.exists():
        pytest.skip("the default study has not been run here")
    with xr.open_dataset(DEFAULT) as data:
        keys = {"source": "mobilenet_v2", "population": "random", "size": "10000", "metric": "sqeuclidean"}
        return data.normalised.sel(keys).mean("repeat").load()


MOVIES = ["bikes", "bigbuckbunny", "carphone"]


def test_white_noise_is_most_differentiated_early_and_least_deep(relative):
    early = relative.sel(stimulus=MOVIES, layer=["input", "block1", "block2"])
    deep = relative.sel(stimulus=MOVIES, layer=[f"block{n}" for n in range(5, 20)] + ["fc1", "predictions"])
    assert (early < 1).all()
    assert (deep > 1).all()


def test_white_noise_falls_with_depth_relative_to_the_movies(relative):
    depth = np.arange(relative.sizes["layer"])
    for movie in MOVIES:
        ranks = relative.sel(stimulus=movie).argsort().argsort().values
        assert np.corrcoef(depth, ranks)[0, 1] > 0.5

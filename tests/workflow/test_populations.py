"""Populations and samples end to end: each is what can be computed from a recording of every unit."""

import copy

import numpy as np
import pytest
import xarray as xr
from conftest import CONFIG
from messages import says
from project import Project, make_pictures

# Names of our own; the last two are the same layer.
LAYERS = {"input": "input", "early": "conv1", "after": "relu2", "again": "features.3.squeeze_activation"}
POPULATIONS = {
    "all": {"kind": "all"},
    "top": {"kind": "top", "units": 150, "reference": ["pictures", "white_noise"]},
    "strongest": {"kind": "top", "units": 20, "reference": "pictures"},
    "filters": {"kind": "filters", "channels": [2, 0]},
    "region": {"kind": "region", "centre": [31, 30], "radius": 7},
    "positions": {"kind": "position_means"},
    "means": {"kind": "filter_means"},
}
SAMPLES = [
    {"population": "all", "sizes": [100], "repeats": 3, "draw": "equal"},
    {"population": "top", "sizes": [10, 50, 150], "draw": "ranked"},
    {"population": "means"},
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    config = copy.deepcopy(CONFIG)
    config["networks"]["squeezenet"]["layers"] = LAYERS
    config |= {"populations": POPULATIONS, "samples": SAMPLES}
    del config["stimuli"]["gratings"]
    config["rdms"]["metrics"].append({"name": "by_max", "kind": "euclidean", "normalisation": "max"})
    config["analyses"]["full"] = {"kind": "differentiation", "median": "full_matrix"}
    config["figures"] = {"rdm_gallery": {"population": "all"}, "layer_table": {"population": "top"}}
    project = Project.create(tmp_path_factory.mktemp("populations") / "project", config)
    make_pictures(project.folder / "pictures", ["a.png", "b.png", "c.png", "d.png"])
    recorded = [
        f"results/small/activations/squeezenet/pictures/{population}/input.nc"
        for population in ("filters", "region", "positions")
    ]
    project.run("all", "results/small/populations/squeezenet/strongest.nc", *recorded)
    return project


def opened(made, path):
    with xr.open_dataset(made.folder / "results/small" / path) as data:
        return data.load()


def activations(made, population, layer, stimulus="pictures"):
    return opened(made, f"activations/squeezenet/{stimulus}/{population}/{layer}.nc")


def sample(made, population, layer, size):
    return opened(made, f"samples/squeezenet/{population}/{layer}/n{size}.nc").unit.values


def test_layers_go_by_their_names(made):
    for layer in LAYERS:
        assert activations(made, "all", layer).attrs["layer"] == layer
    np.testing.assert_array_equal(
        activations(made, "all", "after").activation, activations(made, "all", "again").activation
    )
    differentiation = opened(made, "analyses/differentiation.nc")
    assert set(differentiation.layer.values) == set(LAYERS)
    assert list(differentiation.order.sel(source="squeezenet", layer=["input", "early"])) == [0, 1]
    assert made.plan() == set()


@pytest.mark.parametrize(
    ("population", "stimuli", "size"),
    [("top", ["pictures", "white_noise"], 150), ("strongest", ["pictures"], 20)],
)
@pytest.mark.parametrize("layer", LAYERS)
def test_top_equals_an_argsort_over_the_whole_layer(made, layer, population, stimuli, size):
    answers = [activations(made, "all", layer, stimulus).activation.values for stimulus in stimuli]
    means = np.concatenate(answers).astype(np.float64).mean(axis=0)
    expected = np.argsort(-means, kind="stable")[:size]
    path = made.folder / f"results/small/populations/squeezenet/{population}.nc"
    with xr.open_dataset(path, group=layer) as group:
        np.testing.assert_array_equal(group.unit.values[np.argsort(group["rank"].values)], expected)
    if population == "top":
        for smaller in (10, 50, 150):
            assert set(sample(made, "top", layer, smaller)[0]) == set(expected[:smaller])


@pytest.mark.parametrize("layer", LAYERS)
def test_populations_hold_what_they_select_of_the_whole(made, layer):
    whole = activations(made, "all", layer)
    values = whole.activation.values
    for population, chosen in {
        "filters": np.isin(whole.channel, [0, 2]),
        "region": np.isin(whole.unit, activations(made, "region", layer).unit),
        "top": np.isin(whole.unit, activations(made, "top", layer).unit),
    }.items():
        part = activations(made, population, layer)
        np.testing.assert_array_equal(part.unit, whole.unit[chosen])
        np.testing.assert_array_equal(part.activation, values[:, chosen])
    if layer == "input":  # a pixel is where it is
        near = (whole.y - 31) ** 2 + (whole.x - 30) ** 2 <= 49
        np.testing.assert_array_equal(activations(made, "region", layer).unit, whole.unit[near])
    shape = [int(whole[axis].max()) + 1 for axis in ("channel", "y", "x")]
    square = values.reshape(len(values), *shape).astype(np.float64)
    means = activations(made, "positions", layer)
    np.testing.assert_allclose(
        means.activation, square.mean(1).reshape(len(values), -1), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(means.unit, means.y * shape[2] + means.x)


@pytest.mark.parametrize("layer", LAYERS)
def test_equal_samples_are_spread_over_channels(made, layer):
    whole = activations(made, "all", layer)
    channels = int(whole.channel.max()) + 1
    drawn = sample(made, "all", layer, 100)
    assert drawn.shape == (3, 100)
    for units in drawn:
        counts = np.bincount(whole.channel.values[units], minlength=channels)
        assert counts.sum() == 100
        assert counts.max() - counts.min() <= 1


def test_full_matrix_and_normalisations(made):
    pairs, full = (opened(made, f"analyses/{name}.nc") for name in ("differentiation", "full"))
    assert dict(zip(pairs.metric.values, pairs.normalisation.values, strict=True)) == {
        "sqeuclidean": "zscore",
        "correlation": "zscore",
        "by_max": "max",
    }
    at = {"source": "squeezenet", "stimulus": "pictures", "layer": "early", "population": "means"}
    rdm = opened(made, "rdms/squeezenet/pictures/means/early/nall.nc").sel(repeat=0, metric="by_max")
    answers = activations(made, "means", "early").activation.values.astype(np.float64)
    square = np.linalg.norm(answers[:, None] - answers, axis=-1) / answers.max()
    np.testing.assert_allclose(rdm.dissimilarity, square[rdm.image_i, rdm.image_j], rtol=1e-5)
    for data, expected in (
        (pairs, np.median(square[np.triu_indices(4, 1)])),
        (full, np.median(square)),
    ):
        found = data.differentiation.sel(at | {"size": "all", "metric": "by_max", "repeat": 0})
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_captions_say_how_units_were_drawn(made):
    caption = (made.folder / "results/small/figures/rdm_gallery.rst").read_text()
    says(caption, "``all`` … 100 … channel")
    table = (made.folder / "results/small/figures/layer_table.svg").read_text()
    assert "again" in table


def test_what_the_rdm_gallery_shows_lies_beside_it(made):
    study = made.folder / "results/small"
    with xr.open_dataset(study / "figures/rdm_gallery.nc", group="pictures") as shown:
        layer = str(shown.layer.values[-1])
        with xr.open_dataset(study / f"rdms/squeezenet/pictures/all/{layer}/n100.nc") as rdm:
            metric = str(rdm.metric.values[0])
            expected = rdm.dissimilarity.sel(metric=metric).values.mean(0)
        np.testing.assert_allclose(shown.dissimilarity.sel(layer=layer).values, expected, rtol=1e-6)
    with xr.open_dataset(study / "figures/rdm_gallery.nc") as top:
        assert top.attrs["drawn"] == "equal"
        assert top.attrs["population"] == "all"
    with xr.open_dataset(study / "analyses/differentiation.nc") as table:
        assert table.drawn.sel(population="all") == "equal"
    assert not (study / "figures/layer_table.nc").exists()


def test_top_follows_its_reference(made, tmp_path):
    project = Project.copy(made, tmp_path / "project")
    make_pictures(project.folder / "pictures", ["a.png"], seed=1)
    jobs = {" ".join(sorted(job.split())) for job in project.plan()}
    selected = {job for job in jobs if job.startswith("population ")}
    assert selected == {"population population=top source=squeezenet"}
    # what the other stimulus answers is recorded anew for the units that are now the top ones
    recorded = {job for job in jobs if "activations_squeezenet" in job and "stimulus=white_noise" in job}
    assert recorded == {"activations_squeezenet population=top stimulus=white_noise"}

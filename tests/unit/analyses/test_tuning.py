"""Tuning of single units, on files."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from repscape.analyses import tuning
from repscape.analyses.lib import tuning_measures as measures
from repscape.analyses.lib.circle import on_circle
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.plugin import schema
from repscape.study.study import Study

SHOWN = np.arange(-90, 90, 10.0)


def peaks(values, preferred, kappa):
    """exp(κ (cos − 1)) of doubled angles: 1 at the preferred orientation, exp(−2κ) opposite."""
    return np.exp(kappa * (np.cos(np.deg2rad(2 * np.subtract.outer(values, preferred))) - 1))


def write(
    folder, source, layer, activation, *, order=0, values=SHOWN, responses=None, recording=False, names=None
):
    names = names or [f"g{at}" for at in range(len(values))]
    variables = {
        "activation": (("image", "unit"), activation.astype(np.float32)),
        "name": (("image",), names),
        "orientation": (("image",), [f"{value:g}" for value in values]),
        "unit": (("unit",), np.arange(activation.shape[1], dtype=np.int32) * 3),
    }
    if responses is not None:
        response, image = responses
        variables["response"] = (("trial", "unit"), response.astype(np.float32))
        variables["trial_image"] = (("trial",), image.astype(np.int32))
        variables["trial_repeat"] = (("trial",), np.zeros(len(image), np.int32))
    path = folder / f"{source}_{layer}.nc"
    netcdf.write(
        path,
        kind="activations",
        variables=variables,
        attributes={
            "source": source, "layer": layer, "order": order,
            "stimulus": "tilts", "stimulus_sha256": "s", "factors": ["orientation"],
            "population": "all", "selected": json.dumps({"kind": "all"}),
            "recording_sha256" if recording else "weights_sha256": "w",
        },
    )  # fmt: skip
    return str(path)


@pytest.fixture
def files(tmp_path):
    """A layer of a network, with a silent unit, and a recording with trials."""
    curves = np.hstack([peaks(SHOWN, [-40, 0, 55], 3), np.zeros((18, 1))])
    random = np.random.default_rng(0)
    image = random.permutation(np.repeat(np.arange(18), 8))
    tuned = peaks(SHOWN, np.linspace(-80, 80, 30), 3)
    truth = np.hstack([tuned, np.zeros((18, 30)), np.full((18, 1), 2.0)])
    response = truth[image] + np.r_[np.full(60, 0.3), 0] * random.normal(size=(len(image), 61))
    mean = np.stack([response[image == at].mean(0) for at in range(18)])
    return [
        write(tmp_path, "net", "fc", curves, order=2),
        write(tmp_path, "v1", "V1", mean, responses=(response, image), recording=True),
    ]


def computed(files, tmp_path, **keys):
    result = tuning.Tuning(**{"seed": 0, "permutations": 199} | keys).compute({"activations": files})
    path = tmp_path / "tuning.nc"
    netcdf.write(
        path, kind="analysis", variables=result.variables, attributes=result.attributes, groups=result.groups
    )
    with xr.open_datatree(path) as tree:
        return result, tree.load()


def test_networks_and_recordings_lie_side_by_side(files, tmp_path):
    result, tree = computed(files, tmp_path)
    assert tree["source"].values.tolist() == ["net", "v1"]
    assert tree["layer"].values.tolist() == ["fc", "V1"]
    assert tree["order"].values.tolist() == [2, 0]
    assert tree["units"].values.tolist() == [4, 61]
    assert tree["constant"].values.tolist() == [1, 1]
    assert tree["trials"].values.tolist() == [0, 144]
    net, v1 = tree["layers/net/fc"], tree["layers/v1/V1"]
    assert {"p", "q", "reliability", "sem"} <= set(v1.data_vars)
    assert {"p", "q", "reliability", "sem"} & set(net.data_vars) == set()
    np.testing.assert_allclose(net["preferred"], [-40, 0, 55, np.nan], atol=0.1)
    assert net["constant"].values.tolist() == [0, 0, 0, 1]
    assert net["unit"].values.tolist() == [0, 3, 6, 9]
    assert v1["value"].values.tolist() == SHOWN.tolist()
    assert np.isnan(v1["p"].values[-1])
    assert (v1["q"].values[:30] < 0.05).all()
    assert (v1["q"].values[30:60] < 0.05).sum() <= 3
    q = stats.false_discovery_control(v1["p"].values[:60].astype(float))
    np.testing.assert_allclose(v1["q"].values[:60], q, rtol=1e-6)
    np.testing.assert_allclose(tree["tuned"], [np.nan, (v1["q"].values < 0.05).sum() / 61])
    assert v1["reliability"].values[:30].min() > 0.8
    median = tree["median"].values
    assert np.isnan(median[0, 3])
    np.testing.assert_allclose(median[1, 0], np.nanmedian(v1["selectivity"]), rtol=1e-6)
    np.testing.assert_allclose(median[0, 1], np.median(net["width"].values[:3]), rtol=1e-6)
    # bins of two values around −90, −70, …: −40 and 0, between two, are in the upper one, 55 in that of 50
    np.testing.assert_array_equal(tree["bin"], np.arange(-90, 90, 20))
    expected = np.isin(tree["bin"].values, [-30, 10, 50]) / 3
    np.testing.assert_allclose(tree["preferred_share"].values[0], expected)
    header, *rows = tuning.Tuning().rows(result)
    assert header[:4] == ("source", "layer", "measure", "lower_quartile")
    assert [row[:3] for row in rows[3:5]] == [("net", "fc", "reliability"), ("v1", "V1", "selectivity")]
    assert rows[4][4] == median[1, 0]


def test_curves_of_trials_smoothed_and_not(files, tmp_path):
    with netcdf.open_file(files[1]) as file:
        response, image = file["response"][:].astype(np.float64), file["trial_image"][:]
    _, plain = computed(files, tmp_path)
    means = np.stack([response[image == at].mean(0) for at in range(18)])
    sems = np.stack([stats.sem(response[image == at]) for at in range(18)])
    np.testing.assert_allclose(plain["layers/v1/V1/curve"], means, atol=1e-6)
    np.testing.assert_allclose(plain["layers/v1/V1/sem"], sems, atol=1e-6)
    _, smooth = computed(files, tmp_path, smooth=10.0)
    weights = measures.kernel(on_circle(map(str, SHOWN), 180.0, "orientation", "here"), 10.0)
    np.testing.assert_allclose(smooth["layers/v1/V1/curve"], weights @ means, atol=1e-6)
    # trials are independent: variances of a weighted sum add up
    expected = np.sqrt(np.einsum("kl,lu->ku", weights**2, sems**2))
    np.testing.assert_allclose(smooth["layers/v1/V1/sem"], expected, atol=1e-6)
    assert (smooth["layers/net/fc/width"] > plain["layers/net/fc/width"])[:3].all()


def test_a_recording_of_means_alone_is_tested_on_its_images(tmp_path):
    random = np.random.default_rng(0)
    values = np.arange(90) * 2 - 89.5 + np.random.default_rng(0).uniform(-0.4, 0.4, 90)
    mean = np.hstack([peaks(values, np.zeros(10), 2), np.zeros((90, 100))]) + 0.3 * random.normal(
        size=(90, 110)
    )
    path = write(tmp_path, "v1", "V1", mean, values=values, recording=True)
    _, tree = computed([path], tmp_path, permutations=999)
    group = tree["layers/v1/V1"]
    assert {"sem", "reliability"} & set(group.data_vars) == set()
    assert (group["q"].values[:10] < 0.05).all()
    assert (group["q"].values[10:] < 0.05).mean() < 0.05
    assert int(tree["trials"][0]) == 0


def test_images_that_share_a_value_are_averaged(tmp_path):
    """Gratings of several phases: the curve is their mean, the standard error that over phases."""
    values = np.repeat(SHOWN, 3)
    activation = np.random.default_rng(0).normal(size=(54, 4))
    _, tree = computed([write(tmp_path, "net", "conv", activation, values=values)], tmp_path)
    group = tree["layers/net/conv"]
    by_value = activation.astype(np.float32).reshape(18, 3, 4)
    np.testing.assert_allclose(group["curve"], by_value.mean(1), atol=1e-6)
    np.testing.assert_allclose(group["sem"], stats.sem(by_value, 1), atol=1e-6)
    assert "p" not in group


def test_the_same_twice_and_another_seed(files):
    first, again, other = (
        tuning.Tuning(seed=seed, permutations=19).compute({"activations": files}).groups["layers/v1/V1"][0]
        for seed in (0, 0, 1)
    )
    for name in ("p", "reliability"):
        np.testing.assert_array_equal(first[name][1], again[name][1])
        assert not np.array_equal(first[name][1], other[name][1], equal_nan=True)


def test_files_that_do_not_belong_together(files, tmp_path):
    other = write(tmp_path, "net", "other", np.ones((18, 2)), names=[f"h{at}" for at in range(18)])
    with pytest.raises(DataError, match=r"net_fc.nc.*net_other.nc"):
        tuning.Tuning(seed=0).compute({"activations": [files[0], other]})
    with pytest.raises(DataError, match=r"'hue'.*orientation"):
        tuning.Tuning(seed=0, factor="hue").compute({"activations": files})
    with pytest.raises(DataError, match=r"orientation.*360"):
        tuning.Tuning(seed=0, period=360.0).compute({"activations": files})


# Planning


@pytest.fixture
def study():
    gratings = {"kind": "gratings", "count": 18, "orientations": None}
    shapes = {"kind": "shapes", "objects": 3, "colors": 4, "views": 1}
    return Study(
        name="s",
        stimuli=("noise", "shapes", "tilts"),
        layers={"net": ("conv", "fc"), "v1": ("V1",)},
        samples={"random": ("200",), "all": ("all",)},
        metrics=(),
        analyses=(),
        config={
            "stimuli": {"noise": {"kind": "white_noise"}, "shapes": shapes, "tilts": gratings},
            "populations": {"random": {}, "all": {}},
        },
        shown={"v1": ("tilts",)},
    )


def planned(study, **keys):
    return [
        path.removeprefix("results/s/activations/")
        for path in tuning.Tuning(**keys).inputs(study)["activations"]
    ]


def test_every_layer_that_is_shown_the_stimulus(study):
    assert planned(study) == ["net/tilts/random/conv.nc", "net/tilts/random/fc.nc", "v1/tilts/random/V1.nc"]
    assert planned(study, population="all", layers=["V1", "fc"]) == [
        "net/tilts/all/fc.nc",
        "v1/tilts/all/V1.nc",
    ]
    assert planned(study, factor="color") == ["net/shapes/random/conv.nc", "net/shapes/random/fc.nc"]
    assert planned(study, sources=["v1"]) == ["v1/tilts/random/V1.nc"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"factor": "phase"},
            "factor: .*'phase'.*: color, obj",
        ),
        ({"stimulus": "tilt"}, "stimulus: 'tilt'.*'tilts'"),
        ({"stimulus": "shapes"}, "factor: .*'shapes', 'orientation'"),
        ({"factor": "color", "sources": ["v1"]}, "sources: 'v1'.*'shapes'"),
        ({"sources": ["v2"]}, "sources: 'v2'"),
        ({"layers": ["fc1"]}, "layers: 'fc1'.*'fc'"),
        ({"population": "al"}, "population: 'al'"),
    ],
)
def test_mistakes(study, keys, message):
    with pytest.raises(ConfigError, match=message):
        tuning.Tuning(**keys).inputs(study)


def test_keys():
    model = schema.model(tuning.Tuning)
    section = model(kind="tuning", seed=0).model_dump()
    assert section["factor"] == "orientation"
    assert section["period"] == 180
    for wrong in ({"permutations": 5}, {"period": 0}, {"smooth": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model(kind="tuning", seed=0, **wrong)

"""Analysis of variance in a network, against the answers of the network kept whole."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray
from torch import nn

from repscape.analyses import anova
from repscape.analyses.lib.factorial_design import crossed
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.networks.lib import freeze
from repscape.networks.lib.loaded import Loaded
from repscape.plugin import schema
from repscape.study.study import Study
from repscape.traced.preprocess import Preprocess

LAYERS = {"input": "input", "first": "conv1", "relu1": "relu1", "same": "conv1", "fc1": "fc1"}


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        return self.fc(self.act(self.conv(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A small network, and the file in which it is frozen."""
    torch.manual_seed(2)
    module, path = Small().eval(), tmp_path_factory.mktemp("network") / "network.pt"
    freeze.save(freeze.freeze(Loaded(module, Preprocess(resize=None, crop=12), "random", None)), path)
    return module, path


@pytest.fixture
def made(network, tmp_path):
    """A maker of a stimulus with factors, to be shown to the network."""
    module, path = network

    def make(views=2, drop=0):
        labels = list(itertools.product(["obj1", "obj2", "obj10"], ["000", "180"], map(str, range(views))))[
            drop:
        ]
        pixels = np.random.default_rng(1).integers(0, 256, (len(labels), 12, 12, 3), dtype=np.uint8)
        pixels[:, :3, :3] = 90  # the conv's units here see nothing else
        columns = dict(zip(("obj", "color", "view"), zip(*labels, strict=True), strict=True))
        netcdf.write(
            tmp_path / "stimulus.nc",
            kind="stimulus",
            variables={
                "images": (("image", "y", "x", "channel"), pixels),
                "name": (("image",), ["_".join(label) for label in labels]),
                **{name: (("image",), list(values)) for name, values in columns.items()},
            },
            attributes={"stimulus": "shapes", "sha256": "abc", "factors": list(columns)},
        )
        files = {"network": path, "stimulus": tmp_path / "stimulus.nc"}

        def compute(**keys):
            keys = {"factors": ["obj", "color"], "layers": LAYERS, "device": "cpu", "batch": 4} | keys
            return anova.Anova(source="net", **keys).compute(files)

        return SimpleNamespace(compute=compute, columns=columns, pixels=pixels, module=module)

    return make


def answers(made):
    """The answers of each layer, each layer copied when it has run."""
    kept = {}
    hooks = [
        getattr(made.module, name).register_forward_hook(
            lambda _m, _i, output, label=label: kept.__setitem__(
                label, output.detach().double().numpy().copy()
            )
        )
        for name, label in (("conv", "first"), ("act", "relu1"), ("fc", "fc1"))
    ]
    steps = Preprocess(resize=None, crop=12)
    kept["input"] = steps.apply(torch.from_numpy(made.pixels)).double().numpy()
    with torch.inference_mode():
        made.module(steps.apply(torch.from_numpy(made.pixels)))
    for hook in hooks:
        hook.remove()
    return kept


def shares(values, design):
    """η² from means, in a balanced design."""
    cells = np.stack([values[design.cell == cell].mean(0) for cell in range(len(design.counts))])
    grid = cells.reshape(*map(len, design.levels), *values.shape[1:])
    mean = grid.mean((0, 1))
    first, second = grid.mean(1) - mean, grid.mean(0) - mean
    total = ((values - mean) ** 2).sum(0) / len(values)
    both = grid - mean - first[:, None] - second[None]
    parts = [(first**2).mean(0), (second**2).mean(0), (both**2).mean((0, 1))]
    return np.stack([*parts, total - sum(parts)]) / total


def test_every_unit_of_every_layer(made):
    study = made()
    result = study.compute()
    design = crossed({name: study.columns[name] for name in ("obj", "color")}, "here")
    assert list(result.groups) == [f"layers/{layer}" for layer in LAYERS]
    for layer, expected in answers(study).items():
        eta2 = result.groups[f"layers/{layer}"][0]["eta2"][1]
        assert eta2.dtype == np.float32
        with np.errstate(invalid="ignore", divide="ignore"):
            wanted = shares(expected, design).reshape(eta2.shape)
        varies = expected.std(0).reshape(eta2.shape[1:]) > 1e-6
        np.testing.assert_allclose(eta2[:, varies], wanted[:, varies], atol=2e-5)
        assert np.isnan(eta2[:, ~varies]).all()
    assert result.variables["constant"][1][0] == 27  # 3 × 3 pixels of 3 channels
    np.testing.assert_array_equal(
        result.groups["layers/first"][0]["F"][1], result.groups["layers/same"][0]["F"][1]
    )
    assert result.attributes["error_term"] == "error"


def test_without_replicates(made):
    result = made(views=1).compute()
    assert result.variables["effect"][1] == ["obj", "color", "obj:color + error"]
    assert result.groups["layers/first"][0]["q"][1].shape == (2, 6, 12, 12)
    np.testing.assert_allclose(result.variables["expected"][1], [2 / 5, 1 / 5, 2 / 5])


def test_summary(made):
    result = made(views=3).compute()
    units = result.groups["layers/first"][0]
    eta2, q = (units[name][1].reshape(len(units[name][1]), -1) for name in ("eta2", "q"))
    there = np.isfinite(eta2[0])
    at = list(LAYERS).index("first")
    values = {name: result.variables[name][1][at] for name in ("mean", "median", "largest", "significant")}
    np.testing.assert_allclose(values["mean"], np.nanmean(eta2, 1), rtol=1e-5)
    np.testing.assert_allclose(values["median"], np.nanmedian(eta2, 1), rtol=1e-5)
    np.testing.assert_allclose(values["largest"], [(eta2[:, there].argmax(0) == k).mean() for k in range(4)])
    np.testing.assert_allclose(values["significant"], (q[:, there] < 0.05).mean(1))
    rows = list(anova.Anova().rows(result))
    assert len(rows) == 1 + len(LAYERS) * 4
    assert rows[0][:4] == ("layer", "effect", "df", "mean")
    assert rows[4][1] == "error"
    assert np.isnan(rows[4][rows[0].index("significant")])


def test_batches_and_a_second_run(made):
    study = made()
    first, second, other = study.compute(), study.compute(), study.compute(batch=5)
    for name, (variables, _) in first.groups.items():
        for key, (_, values, *_) in variables.items():
            np.testing.assert_array_equal(values, second.groups[name][0][key][1])
            if key == "eta2":
                np.testing.assert_allclose(values, other.groups[name][0][key][1], atol=1e-5)


def test_the_file_opens_with_xarray(made, tmp_path):
    result = made().compute()
    netcdf.write(
        tmp_path / "anova.nc",
        kind="analysis",
        variables=result.variables,
        attributes=result.attributes,
        groups=result.groups,
    )
    with xarray.open_datatree(tmp_path / "anova.nc") as tree:
        assert tree["mean"].sel(layer="first", effect="obj:color").size == 1
        found = tree["layers/first/eta2"].sel(effect="error")
        assert found.sizes == {"channel": 6, "y": 12, "x": 12}
    with xarray.open_dataset(tmp_path / "anova.nc", group="layers/fc1") as layer:
        assert layer["q"].sel(tested="color").sizes == {"channel": 5, "y": 1, "x": 1}


def test_unbalanced(made):
    result = made(views=3, drop=1).compute()
    assert not result.attributes["balanced"]
    np.testing.assert_array_equal(result.variables["images"][1], [[2, 3], [3, 3], [3, 3]])


def test_a_missing_combination_and_factor_are_refused(made):
    with pytest.raises(DataError, match="obj=obj1, color=000"):
        made(views=1, drop=1).compute()
    with pytest.raises(DataError, match="obj, color, view"):
        made().compute(factors=None)


SHAPES = {"kind": "shapes", "objects": 3, "colors": 2, "views": 1}


def test_planning():
    study = Study(
        name="s",
        stimuli=("noise", "shapes"),
        layers={"net": ("first", "relu1")},
        labels={"net": {"first": "conv1", "relu1": "relu1"}},
        samples={},
        metrics=(),
        analyses=(),
        config={"stimuli": {"noise": {"kind": "white_noise"}, "shapes": dict(SHAPES)}},
    )
    assert (
        anova.Anova().inputs(study)
        == anova.Anova(stimulus="shapes").inputs(study)
        == {
            "network": "results/s/networks/net/network.pt",
            "stimulus": "results/s/stimuli/shapes.nc",
        }
    )
    assert anova.Anova().from_study(study) == {
        "source": "net",
        "layers": {"first": "conv1", "relu1": "relu1"},
    }
    assert anova.Anova(layers=["relu1"]).from_study(study)["layers"] == {"relu1": "relu1"}
    for key, value in {"source": "nets", "stimulus": "shape", "layers": ["conv1"]}.items():
        with pytest.raises(ConfigError, match=f"{key}: '.*'"):
            anova.Anova(**{key: value}).inputs(study)
    study.config["stimuli"]["noise"] = {"kind": "gratings", "count": 4, "orientations": None}
    assert anova.Anova().inputs(study)["stimulus"] == "results/s/stimuli/shapes.nc"
    study.config["stimuli"]["noise"] = {"kind": "white_noise"}
    with pytest.raises(ConfigError, match="'obj' twice"):
        anova.Anova(factors=["obj", "obj"]).inputs(study)
    with pytest.raises(ConfigError, match=r"factors: stimulus 'noise':.*factors.*none"):
        anova.Anova(stimulus="noise").inputs(study)
    study.config["stimuli"]["shapes"]["colors"] = 1
    with pytest.raises(ConfigError, match=r"factors: stimulus 'shapes': .*'color', found 1"):
        anova.Anova().inputs(study)
    model = schema.model(anova.Anova)
    assert {"device", "batch", "threads"} <= model.model_fields.keys()

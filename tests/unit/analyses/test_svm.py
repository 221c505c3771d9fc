"""Decoding of factors from layers, on files."""

import itertools

import numpy as np
import pytest

from repscape.analyses import svm
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.study.study import Study


@pytest.fixture
def files(tmp_path):
    """A stimulus and activations of two layers; objects differ in the second alone."""

    def write(views=6, nan=False, order=1):
        rows = list(itertools.product(["obj1", "obj2", "obj10"], ["000", "180"], map(str, range(views))))[
            ::order
        ]
        columns = dict(zip(("obj", "color", "view"), zip(*rows, strict=True), strict=True))
        names = ["_".join(row) for row in rows]
        common = {"name": (("image",), names)} | {
            name: (("image",), list(own)) for name, own in columns.items()
        }
        netcdf.write(
            tmp_path / "stimulus.nc",
            kind="stimulus",
            variables={"images": (("image",), np.zeros(len(rows), np.uint8)), **common},
            attributes={"stimulus": "shapes", "factors": list(columns)},
        )
        random = np.random.default_rng(0)
        patterns = random.normal(size=(3, 20))
        obj = np.array([["obj1", "obj2", "obj10"].index(row[0]) for row in rows])
        paths = []
        for number, layer in enumerate(("noise", "objects")):
            values = random.normal(size=(len(rows), 20)) + number * 3 * patterns[obj]
            values[3, 4] = np.nan if nan else values[3, 4]
            paths.append(tmp_path / f"{layer}.nc")
            netcdf.write(
                paths[-1],
                kind="activations",
                variables={
                    "activation": (("image", "unit"), values.astype(np.float32)),
                    "unit": (("unit",), np.arange(values.shape[1], dtype=np.int32)),
                    **common,
                },
                attributes={
                    "source": "net", "stimulus": "shapes", "population": "random", "layer": layer,
                    "order": number, "factors": list(columns),
                },
            )  # fmt: skip
        return {"stimulus": tmp_path / "stimulus.nc", "activations": paths}

    return write


def test_analysis(files):
    keys = {"target": "obj", "across": "color", "folds": 3, "permutations": 19, "seed": 5}
    result = svm.Svm(**keys).compute(files())
    found = {name: values for name, (_, values, *_) in result.variables.items()}
    assert found["layer"] == ["noise", "objects"]
    assert found["class"] == ["obj1", "obj2", "obj10"]
    assert found["kind"] == ["within", "across"]
    assert (found["mean_accuracy"][1] > 0.9).all()
    assert (found["mean_accuracy"][0] < 0.65).all()
    np.testing.assert_allclose(found["mean_p"][1], 1 / 20)
    assert (found["mean_p"][0] > 0.05).all()
    np.testing.assert_allclose(found["mean_accuracy"][:, 1], found["accuracy"][:, [0, 1], [1, 0]].mean(1))
    count = (found["null"] >= found["accuracy"][..., None]).sum(-1)
    np.testing.assert_allclose(found["p"], (1 + count) / 20)
    np.testing.assert_array_equal(found["images"], 6)
    assert result.attributes["chance"] == 1 / 3
    assert len(list(svm.Svm().rows(result))) == 1 + 2 * 4
    again = svm.Svm(**keys).compute(files())
    for name, values in found.items():
        np.testing.assert_array_equal(values, again.variables[name][1])
    other = svm.Svm(**keys | {"seed": 6}).compute(files())
    assert (other.variables["null"][1] != found["null"]).any()


def test_one_image_of_each_class_and_condition(files):
    """Across conditions alone, with one C."""
    result = svm.Svm(target="obj", across="color", C=(1.0,), permutations=9, seed=1).compute(files(views=1))
    accuracy = result.variables["accuracy"][1]
    assert np.isnan(accuracy[:, [0, 1], [0, 1]]).all()
    np.testing.assert_array_equal(accuracy[1, [0, 1], [1, 0]], 1)
    assert np.isnan(result.variables["mean_p"][1][:, 0]).all()
    with pytest.raises(DataError, match=r"obj obj1 at color 000 \(1\).*across conditions.*C"):
        svm.Svm(target="obj", across="color", seed=1).compute(files(views=1))


def test_groups_generalise_to_new_values(files):
    result = svm.Svm(target="obj", groups="color", folds=2, C=(1.0,), permutations=0, seed=1).compute(
        files(views=1)
    )
    np.testing.assert_array_equal(result.variables["accuracy"][1][1], 1)
    assert np.isnan(result.variables["p"][1]).all()


def test_mistakes(files):
    with pytest.raises(DataError, match=r"'colour'.*obj, color, view"):
        svm.Svm(target="obj", across="colour", seed=0).compute(files())
    with pytest.raises(DataError, match=r"9.*obj obj1 \(8\).*'folds'.* 8"):
        svm.Svm(target="obj", folds=9, seed=0).compute(files(views=4))
    with pytest.raises(DataError, match=r"at least 3 values of color.*'folds' to 2 and give one C"):
        svm.Svm(target="obj", groups="color", folds=3, seed=0).compute(files())
    with pytest.raises(DataError, match=r"noise.nc: .*1 of 36 images, first in 'obj1_000_3'"):
        svm.Svm(target="obj", seed=0).compute(files(nan=True))
    inputs = files()
    inputs["stimulus"] = files(order=-1)["stimulus"]
    with pytest.raises(ConfigError, match=r"'target', 'across' and 'groups'.*twice"):
        svm.Svm(target="obj", across="obj", groups=None, folds=3, C=(1.0,)).check()
    with pytest.raises(ConfigError, match=r"folds: .* 3, .*'C'.*found 2"):
        svm.Svm(target="obj", across=None, groups=None, folds=2, C=(1.0, 2.0)).check()


SHAPES = {"kind": "shapes", "objects": 3, "colors": 2, "views": 1}


def test_planning():
    study = Study(
        name="s",
        stimuli=("noise", "shapes"),
        layers={"net": ("conv1", "relu1")},
        samples={"random": ("200",)},
        metrics=(),
        analyses=(),
        config={
            "populations": {"random": {}, "means": {}},
            "stimuli": {"noise": {"kind": "white_noise"}, "shapes": SHAPES},
        },
    )
    assert svm.Svm(target="label").inputs(study)["stimulus"] == "results/s/stimuli/shapes.nc"
    with pytest.raises(ConfigError, match=r"across: .*'shapes', 'colour'.*'color'"):
        svm.Svm(across="colour").inputs(study)
    assert svm.Svm(stimulus="shapes", population="means", layers=["relu1"]).inputs(study) == {
        "stimulus": "results/s/stimuli/shapes.nc",
        "activations": ["results/s/activations/net/shapes/means/relu1.nc"],
    }
    study.config["stimuli"]["noise"] = {"kind": "gratings", "count": 4, "orientations": None}
    assert svm.Svm().inputs(study)["stimulus"] == "results/s/stimuli/noise.nc"
    assert svm.Svm(target="obj").inputs(study)["stimulus"] == "results/s/stimuli/shapes.nc"
    with pytest.raises(ConfigError, match=r"population: 'mean'.*'means'"):
        svm.Svm(population="mean").inputs(study)

"""Rings: planted circles, lines and cuts; SciPy; loops written from the definitions."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

from repscape.analyses import ring
from repscape.analyses.lib.circle import on_circle
from repscape.analyses.lib.circle_fit import fit_circle
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.rdms.table import table as tables
from repscape.study.study import Study

TILTS = np.arange(-90, 90, 2.0)


def circle(values, period=180.0):
    return on_circle([repr(float(value)) for value in values], period, "orientation", "here")


def described(points, values=TILTS, period=180.0):
    return fit_circle(squareform(pdist(points)), circle(values, period))


def points_on_circle(values, period=180.0):
    turn = 2 * np.pi * values / period
    return np.stack([np.cos(turn), np.sin(turn)], 1)


# The analysis


def table(by="image", layers=("input", "fc"), metric="euclidean", count=90):
    values = TILTS[:count]
    rows = []
    names = [f"g{at}" for at in range(len(values))] if by == "image" else [f"{value:g}" for value in values]
    for order, layer in enumerate(layers):
        points = points_on_circle(values) if layer == "input" else values[:, None]
        row = {"source": "net", "stimulus": "tilts", "layer": layer, "layer_order": order, "metric": metric}
        row |= {"repeat": 0, "entries": pd.Index(names, name=by)}
        rows.append(row | {"dissimilarity": pdist(points)})
    return pd.DataFrame(rows)


@pytest.fixture
def stimulus(tmp_path):
    path = tmp_path / "tilts.nc"
    netcdf.write(
        path,
        kind="stimulus",
        variables={
            "name": (("image",), [f"g{at}" for at in range(90)]),
            "orientation": (("image",), [f"{value:g}" for value in TILTS]),
        },
        attributes={"stimulus": "tilts", "factors": ["orientation"]},
    )
    return str(path)


def computed(tmp_path, stimuli, frame, **keys):
    tables.write(tmp_path / "rdms.nc", frame)
    files = {"collection": [str(tmp_path / "rdms.nc")], "stimuli": stimuli}
    return ring.Ring(of="all_images", **keys).compute(files)


@pytest.mark.parametrize("by", ["image", "orientation"])
def test_a_layer_each(tmp_path, stimulus, by):
    """Values are those of the images' factor, or of the entries themselves."""
    result = computed(tmp_path, [stimulus] if by == "image" else [], table(by))
    values = {name: variable[1] for name, variable in result.variables.items()}
    assert values["layer"] == ["input", "fc"]
    np.testing.assert_allclose(values["closing"], [1, described(TILTS[:, None]).closing])
    np.testing.assert_allclose(values["r_circle"][0], 1)
    np.testing.assert_allclose(values["r_line"][1], 1)
    assert values["mean"].shape == (2, 45)
    assert values["stretch"].shape == (2, 90)
    assert result.attributes["begin"] == -90
    header, *rows = ring.Ring().rows(result)
    assert header[-5:] == ring.NUMBERS
    assert rows[1][header.index("layer")] == "fc"
    assert rows[1][header.index("closing")] == values["closing"][1]
    netcdf.write(
        tmp_path / "ring.nc", kind="analysis", variables=result.variables, attributes=result.attributes
    )


def test_squared_distances_are_rooted(tmp_path, stimulus):
    squared = table(metric="sqeuclidean")
    squared["dissimilarity"] = [values**2 for values in squared["dissimilarity"]]
    plain = computed(tmp_path, [stimulus], table())
    rooted = computed(tmp_path, [stimulus], squared)
    left = computed(tmp_path, [stimulus], squared, root=False)
    assert rooted.variables["rooted"][1].tolist() == [1, 1]
    for name in ("closing", "mean", "stretch"):
        np.testing.assert_allclose(rooted.variables[name][1], plain.variables[name][1], rtol=1e-6)
    assert left.variables["closing"][1][1] < plain.variables["closing"][1][1]


def test_draws_are_averaged_and_what_is_undefined_is_left_out(tmp_path, stimulus, caplog):
    one, two = table(), table()
    two["repeat"] = 1
    two["dissimilarity"] = [3 * values for values in two["dissimilarity"]]
    result = computed(tmp_path, [stimulus], pd.concat([one, two], ignore_index=True))
    np.testing.assert_allclose(result.variables["mean"][1][0], 2 * described(points_on_circle(TILTS)).mean)
    lacking = table()
    square = squareform(lacking["dissimilarity"][0])
    square[7] = square[:, 7] = np.nan
    square[7, 7] = 0
    lacking.at[0, "dissimilarity"] = squareform(square, checks=False)
    lacking.at[1, "dissimilarity"] = np.full(len(lacking["dissimilarity"][1]), np.nan)
    result = computed(tmp_path, [stimulus], lacking)
    assert result.variables["layer"][1] == ["input"]
    assert "layer input: 1 entries" in caplog.text
    assert len(result.attributes["left_out"]) == 2
    without = described(np.delete(points_on_circle(TILTS), 7, 0), np.delete(TILTS, 7))
    np.testing.assert_allclose(result.variables["stretch"][1][0], without.stretch)


def test_what_cannot_be(tmp_path, stimulus):
    with pytest.raises(DataError, match=r"'hue'.*image"):
        computed(tmp_path, [stimulus], table(), factor="hue")
    with pytest.raises(DataError, match="circle of 360"):
        computed(tmp_path, [stimulus], table(), period=360.0)
    lacking = table()
    lacking["dissimilarity"] = [np.full(len(values), np.nan) for values in lacking["dissimilarity"]]
    with pytest.raises(DataError, match=r"rdms\.nc: .*layer input: all of it"):
        computed(tmp_path, [stimulus], lacking)


def test_planning():
    gratings = {"kind": "gratings", "count": 4, "orientations": None}
    noise = {"kind": "white_noise", "count": 4}
    study = Study(
        name="s",
        stimuli=("noise", "tilts"),
        layers={"net": ("conv",)},
        samples={"all": ("all",)},
        metrics=("correlation",),
        analyses=(),
        config={"rdms": {}, "analyses": {}, "stimuli": {"tilts": gratings, "noise": noise}},
    )
    assert ring.Ring(where={"stimulus": "tilts"}).inputs(study) == {
        "collection": ["results/s/rdms/net/tilts/all/conv/nall.nc"],
        "stimuli": ["results/s/stimuli/tilts.nc"],
    }
    with pytest.raises(ConfigError, match="where: stimulus: 'tilt'"):
        ring.Ring(where={"stimulus": "tilt"}).inputs(study)
    with pytest.raises(ConfigError, match=r"factor: .*'tilts', 'orientatoin'"):
        ring.Ring(where={"stimulus": "tilts"}, factor="orientatoin").inputs(study)
    with pytest.raises(ConfigError, match=r"factor: .*'noise'.*where"):
        ring.Ring().inputs(study)

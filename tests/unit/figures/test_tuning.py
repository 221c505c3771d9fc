"""Figures of tuning and of rings show what their analyses hold."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from legible import assert_legible, assert_mentions
from scipy.spatial.distance import pdist

from repscape.analyses import ring as ring_analysis
from repscape.analyses import tuning as tuning_analysis
from repscape.core.errors import ConfigError
from repscape.figures.lib import tuning_rows
from repscape.figures.lib.style import RAMP, along
from repscape.io import netcdf
from repscape.rdms.table import table as tables

VALUES = np.arange(-90, 90, 5.0)
RINGS = tuple((source, f"layer{at}") for source in ("net", "twin") for at in range(12))
LAYERS = (("net", "conv"), ("net", "fc"), ("v1", "V1"))


def study(results, layers=LAYERS):
    """A study whose files are written as they are needed."""
    made = results()
    sources = list(dict.fromkeys(source for source, _ in layers))
    own = {source: tuple(layer for of, layer in layers if of == source) for source in sources}
    analyses = {name: {"kind": name} for name in ("tuning", "ring")}
    analyses["ring"] |= {"of": "all_images", "where": None}
    config = made.study.config | {"analyses": analyses, "rdms": {}}
    return SimpleNamespace(root=made.root, study=replace(made.study, layers=own, config=config, analyses=()))


def write_tuning(made, layers=LAYERS, units=60):
    """Write what the analysis makes of planted units; the last of each layer is silent."""
    random = np.random.default_rng(0)
    paths = []
    for source, layer in layers:
        preferred = random.uniform(-90, 90, units)
        turn = np.deg2rad(2 * np.subtract.outer(VALUES, preferred))
        curves = np.exp(random.uniform(0.5, 6, units) * (np.cos(turn) - 1))
        curves[:, -1] = 0
        keys = {"source": source, "layer": layer, "stimulus": "tilts", "population": "all"}
        variables = {
            "activation": (("image", "unit"), curves.astype(np.float32)),
            "name": (("image",), [f"g{at}" for at in range(len(VALUES))]),
            "orientation": (("image",), [f"{value:g}" for value in VALUES]),
            "unit": (("unit",), 10 * np.arange(units, dtype=np.int32)),
        }
        if source == "v1":
            image = random.permutation(np.repeat(np.arange(len(VALUES)), 5))
            noise = random.normal(size=(len(image), units)) * np.r_[np.full(units - 1, 0.3), 0]
            response = curves[image] * np.r_[np.ones(units // 2), np.zeros(units - units // 2)] + noise
            variables["response"] = (("trial", "unit"), response.astype(np.float32))
            variables["trial_image"] = (("trial",), image.astype(np.int32))
        path = made.root / f"{source}_{layer}.nc"
        keys |= {
            "order": 0,
            "stimulus_sha256": "s",
            "selected": '{"kind": "all"}',
            "factors": ["orientation"],
        }
        keys["recording_sha256" if source == "v1" else "weights_sha256"] = "w"
        netcdf.write(path, kind="activations", variables=variables, attributes=keys)
        paths.append(str(path))
    result = tuning_analysis.Tuning(seed=0, permutations=499).compute({"activations": paths})
    path = made.root / made.study.path("analysis", analysis="tuning")
    netcdf.write(
        path,
        kind="analysis",
        variables=result.variables,
        attributes={"kind": "tuning", **result.attributes},
        groups=result.groups,
    )
    return {
        f"{s} · {la}": {k: v[1] for k, v in result.groups[f"layers/{s}/{la}"][0].items()} for s, la in layers
    }


def lines(figure):
    return {line.get_gid(): line for axes in figure.axes for line in axes.lines if line.get_gid()}


def test_examples_are_good_ones_of_each_part_of_the_circle(results, draw):
    made = study(results)
    found = write_tuning(made)
    figure, caption = draw(made, "tuning_curves", units=4)
    assert_legible(figure)
    shown = {gid: line for gid, line in lines(figure).items() if "/sem" not in gid}
    assert len(shown) == 12
    for name, own in found.items():
        units = [int(gid.rpartition("/")[2]) for gid in shown if gid.startswith(f"{name}/")]
        places = [own["unit"].tolist().index(unit) for unit in units]
        part = np.floor((own["preferred"][places] + 90) / 45)
        assert part.tolist() == [0, 1, 2, 3]
        score = own["reliability"] if name == "v1 · V1" else own["selectivity"]
        for number, place in enumerate(places):
            there = np.floor((own["preferred"] + 90) / 45) == number
            assert score[place] == np.nanmax(score[there])
            line = shown[f"{name}/{units[number]}"]
            np.testing.assert_allclose(line.get_xdata(), [-95, *VALUES, 90])
            curve = own["curve"][:, place]
            np.testing.assert_allclose(line.get_ydata(), [curve[-1], *curve, curve[0]], rtol=1e-6)
    assert_mentions(caption, "4 equal parts", "most reliable", "most selective", "standard error", "trials")


def test_units_by_their_numbers(results, draw):
    made = study(results)
    write_tuning(made)
    figure, caption = draw(made, "tuning_curves", units=[590, 20, 5], where={"source": "net"})
    assert set(lines(figure)) == {"net · conv/20", "net · fc/20"}  # 590 is silent, 5 is not recorded
    assert "equal parts" not in caption
    assert_mentions(caption, "3 layers 2")
    with pytest.raises(ConfigError, match="units: no layer"):
        draw(made, "tuning_curves", units=[590])
    with pytest.raises(ConfigError, match="where: layer: 'fc1' is unknown; did you mean 'fc'"):
        draw(made, "tuning_curves", where={"layer": "fc1"})


def test_a_part_that_no_unit_prefers_is_left_empty(results, draw):
    made = study(results)
    found = write_tuning(made, units=4)
    figure, caption = draw(made, "tuning_curves", units=6)
    for name, own in found.items():
        parts = {int(part) for part in np.floor((own["preferred"][:-1] + 90) / 30) if part == part}
        drawn = [gid for gid in lines(figure) if gid.startswith(f"{name}/")]
        assert len(drawn) == len(parts) < 6
    assert_mentions(caption, "part is missing")


@pytest.mark.parametrize("tuned", [False, True])
def test_distributions(results, draw, tuned):
    from matplotlib.patches import StepPatch

    made = study(results)
    found = write_tuning(made)
    figure, caption = draw(made, "tuning_distributions", tuned=tuned)
    assert_legible(figure)
    stairs = {p.get_gid(): p for axes in figure.axes for p in axes.patches if isinstance(p, StepPatch)}
    medians = lines(figure)
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    for name, own in found.items():
        keep = own["constant"] == 0
        if tuned and "q" in own:
            keep &= own["q"] < 0.05
        assert f"n = {keep.sum()}" in words
        for key, edges in (
            ("preferred", np.empty(0)),
            ("selectivity", np.linspace(0, 1, 19)),
            ("width", np.linspace(0, 90, 19)),
        ):
            values = own[key][keep].astype(float)
            if key == "preferred":  # bins around −90, −80, …; the first is there at both ends
                values, edges = np.where(values >= 85, values - 180, values), np.arange(-95, 86, 10)
            share = [((values >= a) & (values < b)).sum() / keep.sum() for a, b in itertools.pairwise(edges)]
            share += share[:1] if key == "preferred" else []
            np.testing.assert_allclose(stairs[f"{name}/{key}"].get_data().values, share)
            if key != "preferred":
                median = np.sort(values)[[(len(values) - 1) // 2, len(values) // 2]].mean()
                np.testing.assert_allclose(medians[f"{name}/{key}/median"].get_xdata(), median)
    share = 100 * (found["v1 · V1"]["q"] < 0.05).mean()
    assert_mentions(caption, f"v1 · V1 {share:.0f}%", *(["alone"] if tuned else []), "3 units")


def test_many_layers_are_thinned_evenly_by_source(results, draw):
    layers = [("net", f"conv{at}") for at in range(12)] + [("v1", "V1")]
    made = study(results, layers)
    write_tuning(made, layers, units=10)
    figure, caption = draw(made, "tuning_curves", units=1)
    shown = {gid.rpartition("/")[0] for gid in lines(figure)}
    assert {"net · conv0", "net · conv11", "v1 · V1"} <= shown
    assert len(shown) == 8
    assert_mentions(caption, "13 layers 8")
    labels = {"source": [f"n{at}" for at in range(9)]}
    with pytest.raises(ConfigError, match=r"where: .* 8, .* 9 sources"):
        tuning_rows.shown(labels, None, 8)


# Rings


def write_ring(made, layers=3, sources=("net", "twin")):
    """Write what the analysis makes of circles that open from layer to layer."""
    rows = []
    for source in sources:
        for order in range(layers):
            turn = np.deg2rad(2 * VALUES)
            points = np.stack([np.cos(turn), np.sin(turn), 2 * order * (VALUES >= 0)], 1)
            row = {"source": source, "stimulus": "tilts", "layer": f"layer{order}", "layer_order": order}
            row |= {
                "metric": "euclidean",
                "entries": pd.Index([f"{v:g}" for v in VALUES], name="orientation"),
            }
            rows.append(row | {"dissimilarity": pdist(points)})
    tables.write(made.root / "rdms.nc", pd.DataFrame(rows))
    result = ring_analysis.Ring(of="all_images").compute(
        {"collection": [str(made.root / "rdms.nc")], "stimuli": []}
    )
    netcdf.write(
        made.root / made.study.path("analysis", analysis="ring"),
        kind="analysis",
        variables=result.variables,
        attributes=result.attributes,
    )
    return {name: variable[1] for name, variable in result.variables.items()}


def test_rings(results, draw):
    made = study(results, RINGS)
    values = write_ring(made)
    figure, caption = draw(made, "rings")
    found = lines(figure)
    names = [f"{s} · layer{at}" for s in ("net", "twin") for at in range(3)]
    for at, name in enumerate(names):
        np.testing.assert_allclose(found[name].get_xdata(), values["lag_at"][at])
        mean = np.average(values["mean"][at], weights=values["pairs"][at])
        np.testing.assert_allclose(found[name].get_ydata(), values["mean"][at] / mean)
        order = np.argsort(values["gap_at"][at])
        np.testing.assert_allclose(found[f"{name}/stretch"].get_xdata(), values["gap_at"][at][order])
        np.testing.assert_allclose(found[f"{name}/stretch"].get_ydata(), values["stretch"][at][order])
        assert found[name].get_linestyle() == (
            "-" if name.startswith("net") else found["twin · layer0"].get_linestyle()
        )
    dots = {c.get_gid(): c.get_offsets() for axes in figure.axes for c in axes.collections if c.get_gid()}
    for key in ("closing", "r_circle", "r_line", "r_opened"):
        np.testing.assert_allclose(dots[key][:, 1], values[key])
        assert dots[key][:, 0].tolist() == list(range(6))
    assert "net · layer2 at −3°" in caption or "net · layer2 at −2°" in caption
    assert "Square roots" not in caption
    assert "metric euclidean" in caption


def test_many_layers_of_one_source_run_from_dark_to_light(results, draw):
    made = study(results, RINGS)
    write_ring(made, layers=9, sources=("net",))
    figure, caption = draw(made, "rings")
    assert [lines(figure)[f"layer{at}"].get_color() for at in range(9)] == list(along(RAMP[:-1], 9))
    assert "Colours: layers, from the first (dark) to the last (light)." in caption
    assert "dark" not in draw(made, "rings", where={"layer": ["layer0", "layer1"]})[1]


def test_rings_that_are_chosen(results, draw):
    made = study(results, RINGS)
    write_ring(made)
    figure, caption = draw(made, "rings", where={"layer": "layer1", "source": "net"})
    bands = [
        c.get_gid() for axes in figure.axes for c in axes.collections if str(c.get_gid()).endswith("/sd")
    ]
    assert len(bands) == 1
    assert "± 1 SD over pairs" in caption
    assert "Of 6 RDMs 1 are shown." in caption
    write_ring(made, layers=12)
    figure, caption = draw(made, "rings")
    assert len([gid for gid in lines(figure) if gid.endswith("/stretch")]) == 14
    assert "twin · layer11" in caption
    assert "Of 24 RDMs 14 are shown." in caption
    with pytest.raises(ConfigError, match="where: layer: 'layer99' is unknown"):
        draw(made, "rings", where={"layer": "layer99"})

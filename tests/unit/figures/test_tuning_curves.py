"""Tuning curves are of good examples, or of the units asked for."""

import numpy as np
import pytest
from legible import assert_legible, assert_mentions
from tuning_study import VALUES, study, write_tuning

from repscape.core.errors import ConfigError
from repscape.figures.lib import tuning_rows


def test_examples_are_good_ones_of_each_part_of_the_circle(results, draw, artists):
    made = study(results)
    found = write_tuning(made)
    figure, caption = draw(made, "tuning_curves", units=4)
    assert_legible(figure)
    shown = {gid: line for gid, line in artists(figure, "lines").items() if "/sem" not in gid}
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


def test_units_by_their_numbers(results, draw, artists):
    made = study(results)
    write_tuning(made)
    figure, caption = draw(made, "tuning_curves", units=[590, 20, 5], where={"source": "net"})
    assert set(artists(figure, "lines")) == {
        "net · conv/20",
        "net · fc/20",
    }  # 590 is silent, 5 is not recorded
    assert "equal parts" not in caption
    assert_mentions(caption, "2 of 3 layers")
    with pytest.raises(ConfigError, match=r"units:.*layer"):
        draw(made, "tuning_curves", units=[590])
    with pytest.raises(ConfigError, match=r"where: layer: 'fc1'.*'fc'"):
        draw(made, "tuning_curves", where={"layer": "fc1"})


def test_a_part_that_no_unit_prefers_is_left_empty(results, draw, artists):
    made = study(results)
    found = write_tuning(made, units=4)
    figure, caption = draw(made, "tuning_curves", units=6)
    for name, own in found.items():
        parts = {int(part) for part in np.floor((own["preferred"][:-1] + 90) / 30) if part == part}
        drawn = [gid for gid in artists(figure, "lines") if gid.startswith(f"{name}/")]
        assert len(drawn) == len(parts) < 6
    assert_mentions(caption, "part is missing")


def test_many_layers_are_thinned_evenly_by_source(results, draw, artists):
    layers = [("net", f"conv{at}") for at in range(12)] + [("v1", "V1")]
    made = study(results, layers)
    write_tuning(made, layers, units=10)
    figure, caption = draw(made, "tuning_curves", units=1)
    shown = {gid.rpartition("/")[0] for gid in artists(figure, "lines")}
    assert {"net · conv0", "net · conv11", "v1 · V1"} <= shown
    assert len(shown) == 8
    assert_mentions(caption, "8 of 13 layers")
    labels = {"source": [f"n{at}" for at in range(9)]}
    with pytest.raises(ConfigError, match=r"where:.* 8.* 9 sources"):
        tuning_rows.shown(labels, None, 8)

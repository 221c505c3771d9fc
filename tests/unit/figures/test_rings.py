"""The figure of rings shows what the analysis has of circles."""

import numpy as np
import pytest
from legible import assert_mentions
from tuning_study import RINGS, study, write_ring

from repscape.core.errors import ConfigError
from repscape.figures.lib.style import RAMP, along


def test_rings(results, draw, artists):
    made = study(results, RINGS)
    values = write_ring(made)
    figure, caption = draw(made, "rings")
    found = artists(figure, "lines")
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


def test_many_layers_of_one_source_run_from_dark_to_light(results, draw, artists):
    made = study(results, RINGS)
    write_ring(made, layers=9, sources=("net",))
    figure, caption = draw(made, "rings")
    assert [artists(figure, "lines")[f"layer{at}"].get_color() for at in range(9)] == list(
        along(RAMP[:-1], 9)
    )
    assert "(dark)" in caption
    assert "dark" not in draw(made, "rings", where={"layer": ["layer0", "layer1"]})[1]


def test_rings_that_are_chosen(results, draw, artists):
    made = study(results, RINGS)
    write_ring(made)
    figure, caption = draw(made, "rings", where={"layer": "layer1", "source": "net"})
    bands = [
        c.get_gid() for axes in figure.axes for c in axes.collections if str(c.get_gid()).endswith("/sd")
    ]
    assert len(bands) == 1
    assert_mentions(caption, "SD", "6 RDMs")
    write_ring(made, layers=12)
    figure, caption = draw(made, "rings")
    assert len([gid for gid in artists(figure, "lines") if gid.endswith("/stretch")]) == 14
    assert_mentions(caption, "twin · layer11", "24 RDMs", "14")
    with pytest.raises(ConfigError, match="where: layer: 'layer99'"):
        draw(made, "rings", where={"layer": "layer99"})

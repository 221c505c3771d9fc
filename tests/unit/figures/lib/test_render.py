"""A figure is saved whole, with the same bytes every time."""

import pytest
from made_study import SMALL

from repscape.analyses.lib.result import Result, checked
from repscape.core.errors import DataError
from repscape.figures.differentiation_by_depth import DifferentiationByDepth
from repscape.figures.lib.render import render
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure


def test_a_figure_is_rendered_whole_and_the_same_every_time(results, tmp_path):
    made = results(layers=SMALL).differentiation()
    plugin = DifferentiationByDepth()
    files = {key: str(made.root / path) for key, path in plugin.inputs(made.study).items()}
    for run in ("first", "second"):
        folder = tmp_path / run
        render(
            plugin,
            files,
            made.style.colours,
            svg=folder / "a.svg",
            png=folder / "a.png",
            caption=folder / "a.rst",
        )
    for name in ("a.svg", "a.png", "a.rst"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["a.png", "a.rst", "a.svg"]


class Plain(Figure):
    """A figure that returns what it is made with."""

    _drawn = ()

    def inputs(self, study):
        return {}

    def draw(self, data):
        return self._drawn


class WithData(Plain):
    """One that says that it saves data."""

    saves_data = True


@pytest.mark.parametrize(
    ("kind", "drawn", "found"),
    [
        (Plain, lambda fig: fig, "found Figure"),
        (Plain, lambda fig: (fig, 3), "found Figure, int"),
        (Plain, lambda fig: (fig, "Words.", Result({})), "found Figure, str, Result"),
        (WithData, lambda fig: (fig, "Words."), "found Figure, str"),
        (WithData, lambda fig: (fig, "Words.", {}), "found Figure, str, dict"),
    ],
)
def test_what_draw_returns_is_checked(tmp_path, kind, drawn, found):
    plugin = kind()
    plugin._drawn = drawn(figure(50))
    paths = {name: tmp_path / name for name in ("svg", "png", "caption")}
    with pytest.raises(
        DataError, match=rf"test_render\.py: {kind.__name__}\.draw: expected a figure.*{found}\.$"
    ):
        render(plugin, {}, None, **paths)
    assert not list(tmp_path.iterdir())


def test_what_compute_returns_is_checked():
    with pytest.raises(DataError, match=r"Plain\.compute:.*Result.*None"):
        checked(None, Plain(), "compute")
    result = Result({"a": ((), 1)})
    assert checked(result, Plain(), "compute") is result

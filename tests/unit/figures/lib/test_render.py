"""A figure is saved whole, with the same bytes every time."""

from made_study import SMALL

from repscape.figures.differentiation_by_depth import DifferentiationByDepth
from repscape.figures.lib.render import render


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

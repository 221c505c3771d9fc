"""One figure, from its files to SVG, PNG, caption and the data that it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from repscape.core.errors import DataError
from repscape.plugin.contract import Figure
from repscape.plugin.schema import file_of


def render(
    plugin: Figure,
    files: Mapping,
    colours: Mapping[str, str] | None,
    *,
    svg,
    png,
    caption,
    data=None,
    name: str = "",
    simulated: Sequence[str] = (),
):
    """Draw a figure and save it.

    Parameters
    ----------
    plugin : Figure
    files : mapping of str to path or list of paths
        What the plugin's ``inputs`` named.
    colours : mapping of stimulus to colour, or None
        See `repscape.figures.lib.style.palette`; None for a figure that shows no stimuli.
    svg, png, caption : str or Path
        Where the figure and its caption (plain reStructuredText) go.
    data : str or Path, optional
        Where what it shows goes, if the plugin `saves_data`.
    name : str
        The plugin's, for the file of data.
    simulated : sequence of str
        Recordings behind the figure that are simulated: figure, caption and data say so.
    """
    from repscape.figures.lib import captions
    from repscape.figures.lib.data import opened
    from repscape.figures.lib.style import Style, save, settings
    from repscape.io.netcdf import replacing, write

    with opened(files) as inputs, settings():
        if colours is not None:
            plugin.style = Style(colours)
        figure, text, *shown = _drawn(plugin, plugin.draw(inputs))
        if simulated:
            text = f"{text.strip()} {captions.simulated(simulated)}"
            mark(figure, f"simulated: {', '.join(simulated)}")
        save(figure, svg, png)
    with replacing(caption) as temporary:
        temporary.write_text(text.strip() + "\n", encoding="utf-8")
    if data is not None:
        (result,) = shown
        write(
            data,
            kind="figure",
            variables=result.variables,
            attributes={"plugin": name, "simulated": list(simulated) or None, **result.attributes},
            groups=result.groups,
        )


def _drawn(plugin: Figure, value: Any) -> tuple:
    """Return what a plugin's `draw` returned, if it is what the contract says.

    Raises
    ------
    DataError
    """
    from matplotlib.figure import Figure as Drawing

    from repscape.analyses.lib.result import Result, checked

    kinds = (Drawing, str, Result) if plugin.saves_data else (Drawing, str)
    fits = isinstance(value, tuple) and len(value) == len(kinds)
    if not fits or not all(map(isinstance, value, kinds)):
        expected = "a figure, its caption" + (" and a Result (saves_data)" if plugin.saves_data else "")
        found = value if isinstance(value, tuple) else (value,)
        raise DataError(
            f"{file_of(type(plugin))}: {type(plugin).__name__}.draw: expected {expected}; found "
            f"{', '.join(type(one).__name__ for one in found)}."
        )
    if plugin.saves_data:
        checked(value[-1], plugin, "draw")
    return value


def mark(figure, words: str) -> None:
    """Write on a separate strip below a figure, which grows by it."""
    from repscape.figures.lib.style import SETTINGS

    width, height = figure.get_size_inches()
    engine = figure.get_layout_engine()
    strip = 2.2 * SETTINGS["font.size"] / 72
    figure.set_size_inches(width, height + strip)
    share = strip / (height + strip)
    if engine is not None:
        engine.set(rect=(0, share, 1, 1 - share))
    else:
        for axes in figure.axes:
            left, bottom, wide, high = axes.get_position(original=True).bounds
            axes.set_position([left, share + bottom * (1 - share), wide, high * (1 - share)])
    figure.text(0.01, share / 2, words, va="center", ha="left", style="italic", gid="simulated")

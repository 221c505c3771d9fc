"""One figure, from its files to SVG, PNG, caption and the data that it shows."""

from collections.abc import Callable, Mapping


def render(
    draw: Callable,
    files: Mapping,
    colours: Mapping[str, str] | None,
    parameters: Mapping,
    *,
    svg,
    png,
    caption,
    data=None,
    name: str = "",
):
    """Draw a figure and save it.

    Parameters
    ----------
    draw : callable
        A figure plugin's entry function.
    files : mapping of str to path or list of paths
        What the plugin's ``inputs`` named.
    colours : mapping of stimulus to colour, or None
        See `repscape.figures.style.palette`; None for a figure that shows no stimuli, whose `draw`
        takes no `style`.
    parameters : mapping
        The figure's parameters.
    svg, png, caption : str or Path
        Where the figure and its caption (plain reStructuredText) go.
    data : str or Path, optional
        Where what it shows goes, if the plugin's `DATA` is true: its `draw` then returns an
        `analyses.result.Result` as well.
    name : str
        The plugin's, for the file of data.
    """
    from repscape.figures.data import opened
    from repscape.figures.style import Style, save, settings
    from repscape.store import replacing, write

    with opened(files) as inputs, settings():
        style = () if colours is None else (Style(colours),)
        figure, text, *shown = draw(inputs, *style, **parameters)
        save(figure, svg, png)
    with replacing(caption) as temporary:
        temporary.write_text(text.strip() + "\n", encoding="utf-8")
    if data is not None:
        (result,) = shown
        write(
            data,
            kind="figure",
            variables=result.variables,
            attributes={"figure": name, **result.attributes},
            groups=result.groups,
        )

"""One figure, from its files to SVG, PNG and caption."""

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
    """
    from repscape.figures.data import opened
    from repscape.figures.style import Style, save, settings
    from repscape.store import replacing

    with opened(files) as data, settings():
        style = () if colours is None else (Style(colours),)
        figure, text = draw(data, *style, **parameters)
        save(figure, svg, png)
    with replacing(caption) as temporary:
        temporary.write_text(text.strip() + "\n", encoding="utf-8")

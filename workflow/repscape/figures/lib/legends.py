"""Legends with headings between their entries."""

from collections.abc import Sequence


def legend(fig, rows: Sequence[tuple], **style) -> None:
    """Explain marks to the right of the panels.

    Parameters
    ----------
    fig : matplotlib Figure
    rows : sequence of (mark, words)
        A mark that is a text is a heading, which begins where marks begin.
    **style
        As `matplotlib.figure.Figure.legend` takes it.
    """
    from matplotlib.legend_handler import HandlerBase
    from matplotlib.text import Text

    class Heading(HandlerBase):
        def create_artists(self, legend, handle, x, y, width, height, fontsize, trans):
            return [Text(x, y, handle.get_text(), fontsize=fontsize, transform=trans)]

    fig.legend(
        [Text(text=mark) if isinstance(mark, str) else mark for mark, _ in rows],
        [words for _, words in rows],
        loc="outside right upper",
        handler_map={Text: Heading()},
        **style,
    )

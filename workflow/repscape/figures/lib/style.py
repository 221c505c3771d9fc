"""How every figure looks: colours, sizes, fonts, and how it is saved.

Figures are made with `matplotlib.figure.Figure`, never pyplot: no backend is chosen and nothing
is global but the settings, which `settings` applies for as long as a figure is drawn.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice
from typing import Any

import numpy as np

from repscape.core.natural_order import natural

WIDTH = 180.0  # mm, a double column
PAGE = 240.0  # mm, the tallest a figure should be

REFERENCE = "#595959"
# The first six are Okabe and Ito's (2008) without yellow and black, which are too light for lines and
# taken by the text. The others were chosen so that any two of the 16 colours, with normal vision or
# simulated protanopia, deuteranopia or tritanopia (Machado 2009), are at least CIEDE2000 = 10 apart.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#3D0047",
    "#8F5C3D", "#7A7AFF", "#850033", "#2933B8", "#5C3D66", "#002900", "#CCD699", "#FFB8CC",
)  # fmt: skip
# Shapes tell those apart whose colours are too alike as thin lines: another one after so many stimuli.
MARKERS, DISTINCT = ("o", "s", "^", "D", "v"), 6
# As thin lines these can be distinguished; of more stimuli the same colours come again with other shapes,
# and no two of so many stimuli share both.
LINES, PAIRED = 8, 32
# Viridis without its palest end: where nothing can be distinguished, an order can still be read.
RAMP = (
    "#440154", "#482374", "#424086", "#375B8D", "#2C738E", "#238A8D",
    "#1FA188", "#35B779", "#63CB5F", "#9DD93B", "#DFE318",
)  # fmt: skip

# Dashes for sample sizes, from the smallest to the largest; the largest is always solid.
DASHES = ((1, 1.2), (3.5, 1.4), (6, 1.4, 1, 1.4), (8, 2), (3, 1, 1, 1, 1, 1))

SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib
    "mathtext.fontset": "dejavusans",
    "text.parse_math": False,  # names may have any signs; `save` writes powers of ten without
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.title_fontsize": 6.5,
    "figure.titlesize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "lines.linewidth": 1.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "repscape",  # the same identifiers every time
    "figure.constrained_layout.w_pad": 0.03,
    "figure.constrained_layout.h_pad": 0.03,
}


@dataclass(frozen=True)
class Style:
    """The colours of a study.

    Attributes
    ----------
    colours : mapping of stimulus to colour
        See `palette`; the same in every figure of a study.
    """

    colours: Mapping[str, str]

    def colour(self, stimulus: str) -> str:
        """Return the stimulus's colour."""
        return self.colours[stimulus]

    def marker(self, stimulus: str) -> str:
        """Return the stimulus's marker: another shape after six, whose colours differ most."""
        coloured = [name for name, colour in self.colours.items() if colour != REFERENCE]
        place = coloured.index(stimulus) if stimulus in coloured else 0
        return MARKERS[place // DISTINCT % len(MARKERS)]

    @property
    def repeats(self) -> bool:
        """Whether stimuli share colours, so that shapes are needed to tell them apart."""
        return len(set(self.colours.values())) < len(self.colours)

    def dots(self, stimulus: str, layers: int) -> dict:
        """Return how a stimulus's layers are marked along a line of so many.

        All are, but of many layers some by larger shapes where these tell stimuli apart.
        """
        shape = self.marker(stimulus)
        spaced = self.repeats and layers > 60 and shape != MARKERS[0]
        size = 1.6 if shape == MARKERS[0] else 2.6
        look = {"marker": shape, "markersize": 1.0 if layers > 60 and not spaced else size}
        return look | {"markeredgewidth": 0} | ({"markevery": layers // 20} if spaced else {})

    def key(self, stimulus: str):
        """Return the stimulus's line and marker for a legend."""
        from matplotlib.lines import Line2D

        shape = None if self.marker(stimulus) == MARKERS[0] else self.marker(stimulus)
        return Line2D([], [], color=self.colour(stimulus), lw=1.4, marker=shape, ms=4, markeredgewidth=0)

    def point_key(self, stimulus: str, size: float):
        """Return the stimulus's marker alone for a legend."""
        from matplotlib.lines import Line2D

        colour, shape = self.colour(stimulus), self.marker(stimulus)
        return Line2D([], [], color=colour, marker=shape, ls="none", ms=size)


def palette(stimuli: Iterable[str], reference: str | None = None) -> dict[str, str]:
    """Give each stimulus its colour.

    Colours depend on the names alone, not on their order: they are dealt out in natural order
    (2 before 10). The reference, usually noise, is grey. More than `LINES` share colours, which their
    shapes tell apart (`Style.marker`); beyond `PAIRED`, where shapes would be shared as well, colours
    run along a ramp from dark to light instead.

    Returns
    -------
    dict of str to str
        ``#RRGGBB`` for each stimulus, in natural order.
    """
    ordered = sorted(set(stimuli), key=natural)
    coloured = [name for name in ordered if name != reference]
    several = len(coloured)
    colours = islice(cycle(COLOURS[:LINES]), several) if several <= PAIRED else along(RAMP, several)
    given = dict(zip(coloured, colours, strict=True))
    return {name: given.get(name, REFERENCE) for name in ordered}


def along(ramp: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Take `count` evenly spaced colours from a ramp."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in ramp], float)
    at = np.linspace(0, len(ramp) - 1, count)
    channels = [np.interp(at, np.arange(len(ramp)), channel) for channel in stops.T]
    return tuple(
        "#{:02X}{:02X}{:02X}".format(*np.rint(rgb).astype(int)) for rgb in zip(*channels, strict=True)
    )


def dashes(sizes: Iterable[str]) -> dict:
    """Give each sample size, in ascending order, its line style; the largest is solid."""
    sizes = list(sizes)
    styles = {size: (0, DASHES[index % len(DASHES)]) for index, size in enumerate(sizes)}
    return styles | dict.fromkeys(sizes[-1:], "-")


@contextmanager
def settings() -> Iterator[None]:
    """Apply matplotlib's defaults and `SETTINGS`, whatever the user's are."""
    import matplotlib

    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
    with matplotlib.rc_context(defaults | SETTINGS):
        yield


def figure(height: float, width: float = WIDTH, layout: str | None = "constrained"):
    """Make an empty figure; `height` and `width` in mm."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 25.4, height / 25.4), layout=layout)


def printable(text: str) -> bool:
    """Whether some installed font has all characters of a text."""
    return not _lacking(text) or _font_of(_lacking(text)) is not None


def _lacking(text: str) -> str:
    """Return the characters of a text that the figures' own font does not have."""
    from matplotlib import font_manager

    known = _characters(font_manager.findfont(SETTINGS["font.family"][0]))
    return "".join(sorted({sign for sign in text if ord(sign) not in known and not sign.isspace()}))


@lru_cache(64)
def _characters(path: str) -> frozenset[int]:
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(path).get_charmap())


@lru_cache
def _font_of(signs: str) -> str | None:
    """Return the first installed family that has some characters, a sans serif one if there is one."""
    from matplotlib import font_manager

    regular = [
        font
        for font in font_manager.fontManager.ttflist
        if font.style == "normal"
        and font.weight in (400, "normal", "regular", "book")
        and not font.name.startswith("Last Resort")  # it has boxes for everything
    ]
    for font in sorted(regular, key=lambda font: ("Sans" not in font.name, font.name, font.fname)):
        if _characters(font.fname) >= set(map(ord, signs)):
            return font.name
    return None


def readable(figure) -> None:
    """Replace boxes: texts get an installed font that has their characters, or the characters' numbers."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        lacking = _lacking(text.get_text())
        if not lacking:
            continue
        font = _font_of(lacking)
        if font is None:
            words = (f"U+{ord(sign):X}" if sign in lacking else sign for sign in text.get_text())
            text.set_text("".join(words))
        else:
            text.set_fontfamily([*SETTINGS["font.family"], font])


def plain_powers(figure) -> None:
    """Let logarithmic axes write 10⁻³ where matplotlib writes a formula, which is not read as one."""
    from matplotlib.ticker import Formatter, LogFormatterMathtext

    from repscape.figures.lib.captions import ten

    class Plain(Formatter):
        def __init__(self, formula):
            self._formula = formula

        def set_axis(self, axis):
            self._formula.set_axis(axis)

        def set_locs(self, locs):
            self._formula.set_locs(locs)

        def __call__(self, value, place=None):
            power = re.compile(r"\$\\mathdefault\{(?:(.*)\\times)?(-?)10\^\{(-?\d+)\}\}\$")
            found = power.fullmatch(self._formula(value, place))
            if found is None:
                return self._formula(value, place).replace("$\\mathdefault{", "").removesuffix("}$")
            factor, sign, exponent = found.groups()
            return f"{factor}·" * bool(factor) + sign.replace("-", "−") + ten(int(exponent))

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            for which in ("major", "minor"):
                formatter = getattr(axis, f"get_{which}_formatter")()
                if isinstance(formatter, LogFormatterMathtext):
                    getattr(axis, f"set_{which}_formatter")(Plain(formatter))


def save(figure, svg, png) -> None:
    """Save a figure as SVG and PNG, each whole or not at all, with the same bytes every time."""
    from repscape.io.netcdf import replacing

    plain_powers(figure)
    readable(figure)
    with settings():
        with replacing(svg) as temporary:
            # the resolution of the pictures in it, which are most of what a gallery weighs
            figure.savefig(temporary, format="svg", dpi=200, metadata={"Date": None, "Creator": None})
        figure.set_layout_engine("none")  # found once, for both
        with replacing(png) as temporary:
            # 2 % larger than by default, in 60 % of the time
            compressed = {"compress_level": 4}
            figure.savefig(temporary, format="png", metadata={"Software": None}, pil_kwargs=compressed)

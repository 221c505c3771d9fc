"""Whether a figure's texts can be read, and whether its caption is plain."""

import docutils.core
import numpy as np
import pytest

from repscape.figures.lib.style import settings


def assert_mentions(caption, *words):
    """A caption has these words, wherever: what was shown, by its names and numbers."""
    missing = [word for word in words if word not in caption]
    assert not missing, f"{missing} not in: {caption}"


def outlines(figure):
    """The corners of every text that is seen, in pixels: {(text, where): (4, 2) array}."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    ticks = {
        text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in labels_of(axis, True)
    }
    hidden = {
        text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in labels_of(axis, False)
    }
    found = {}
    for text in figure.findobj(Text):
        unseen = text in hidden - ticks or not in_visible_axes(text)
        if unseen or not text.get_visible() or not text.get_text().strip():
            continue
        box = text.get_window_extent(renderer)
        corners = np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])
        if text.get_rotation() == 45:  # set right-aligned from its anchor, whose box lies slanted
            text.set_rotation(0)
            flat = text.get_window_extent(renderer)
            text.set_rotation(45)
            x, y = text.get_transform().transform(text.get_position())
            half = flat.height / 2
            flat = np.array([[-flat.width, -half], [0, -half], [0, half], [-flat.width, half]])
            turn = np.sqrt(0.5) * np.array([[1, 1], [-1, 1]])
            corners = flat @ turn + [x, y]
        found[text] = corners
    return found


def labels_of(axis, seen):
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [
        label
        for tick in ticks
        for label in (tick.label1, tick.label2)
        if (low - slack <= tick.get_loc() <= high + slack and axis.axes.axison) == seen
    ]


def in_visible_axes(text):
    axes = text.axes
    return axes is None or axes.axison or text in axes.texts


def overlap(first, second):
    """How deep two convex outlines overlap, in pixels (separating axis theorem)."""
    depth = np.inf
    for corners in (first, second):
        for edge in np.diff(np.vstack([corners, corners[:1]]), axis=0):
            length = np.hypot(*edge)
            if length:
                normal = np.array([-edge[1], edge[0]]) / length
                a, b = first @ normal, second @ normal
                depth = min(depth, min(a.max(), b.max()) - max(a.min(), b.min()))
    return depth


def assert_legible(figure, full_width=True):
    """Texts neither cover each other nor leave the page, which has the width of a double column."""
    with settings():
        seen = outlines(figure)
    width, height = figure.bbox.size
    assert width == pytest.approx(180 / 25.4 * figure.dpi) or not full_width
    for text, corners in seen.items():
        outside = max(-corners.min(), (corners - [width, height]).max())
        assert outside < 1, f"'{text.get_text()}' leaves the page by {outside:.1f} pixels"
    texts, corners = list(seen), np.array(list(seen.values()))
    low, high = corners.min(1), corners.max(1)
    near = ((low[:, None] < high) & (high[:, None] > low)).all(2)
    for a, b in zip(*np.nonzero(np.triu(near, 1)), strict=True):
        message = f"'{texts[a].get_text()}' and '{texts[b].get_text()}' overlap"
        assert overlap(corners[a], corners[b]) < 1.5, message
    assert min(text.get_fontsize() for text in seen) >= 5.5


def assert_paragraph(text):
    """A caption is one paragraph of plain reStructuredText, of whole sentences."""
    document = docutils.core.publish_doctree(
        text, settings_overrides={"report_level": 1, "halt_level": 5, "warning_stream": False}
    )
    messages = [
        node.astext() for node in document.findall() if node.tagname in ("system_message", "problematic")
    ]
    assert not messages, text
    assert [node.tagname for node in document.children] == ["paragraph"]
    assert text.endswith(".")
    assert "  " not in text

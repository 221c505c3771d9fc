"""Pages in millimetres: colour scales whose numbers stand apart."""

from repscape.figures.lib.millimetre_page import colour_scale, page
from repscape.figures.lib.style import settings


def test_numbers_of_a_narrow_colour_scale_stand_apart():
    with settings():
        fig, axes = page(20, 90)
        place = colour_scale(axes, 20, 5, 9, "viridis", 0, 0.0076, 2)
        fig.draw_without_rendering()
        zero, other = (label.get_window_extent() for label in place.get_xticklabels())
    assert other.x0 - zero.x1 > 0.6 / 25.4 * fig.dpi  # 0.6 mm

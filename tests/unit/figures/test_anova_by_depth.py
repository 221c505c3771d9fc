"""The figure of ANOVA by depth shows medians, quartiles and significant units."""

import numpy as np
from legible import assert_mentions
from unit_analyses import SHAPES, write_anova


def test_medians_and_quartiles_by_depth(results, draw, artists):
    made = results()
    eta2 = write_anova(made)
    figure, caption = draw(made, "anova_by_depth")
    lines = artists(figure, "lines")
    for effect, name in enumerate(("obj", "color", "obj:color", "error")):
        own = [eta2[layer][effect] for layer in SHAPES]
        expected = [np.nanmedian(values) if np.isfinite(values).any() else np.nan for values in own]
        np.testing.assert_allclose(lines[f"{name}/median"].get_ydata(), expected, rtol=1e-6)
    np.testing.assert_allclose(lines["obj/expected"].get_ydata(), 1 / 17)
    assert "error/significant" not in lines
    assert lines["obj/significant"].get_ydata()[-1] == 1
    assert_mentions(
        caption, "18 images", "coloured", "obj (2", "color (3", "6 combinations, 3 each", "28 units of 221"
    )


def test_without_replicates_the_caption_says_what_is_tested_against_what(results, draw):
    made = results()
    write_anova(made, views=1)
    figure, caption = draw(made, "anova_by_depth")
    assert_mentions(caption, "interaction", "replicates")
    assert [text.get_text() for text in figure.legends[0].get_texts()][2] == "obj × color + error"

"""The figure of decoding by depth shows accuracy, with what chance makes."""

import numpy as np
import pytest
from legible import assert_mentions
from unit_analyses import write_svm


def test_accuracy_by_depth(results, draw, artists):
    made = results()
    accuracy, null = write_svm(made)
    figure, caption = draw(made, "svm_by_depth")
    lines, dots = artists(figure, "lines"), artists(figure, "collections")
    diagonal = np.eye(3, dtype=bool)
    for kind, here in (("within", diagonal), ("across", ~diagonal)):
        np.testing.assert_allclose(lines[kind].get_ydata(), accuracy[:, here].mean(1))
        band = dots[f"{kind}/chance"].get_paths()[0].vertices[:, 1]
        low, high = np.quantile(null[:, here].mean(1), [0.05, 0.95], axis=-1)
        assert band.min() == pytest.approx(low.min())
        assert band.max() == pytest.approx(high.max())
    np.testing.assert_allclose(lines["chance"].get_ydata(), 0.5)
    assert_mentions(caption, "C = 1", "4 images", "10 permutations")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[:2] == ["same color", "another color"]


def test_without_permutations_and_conditions(results, draw, artists):
    made = results()
    write_svm(made, across=None, permutations=0)
    figure, caption = draw(made, "svm_by_depth")
    assert set(artists(figure, "lines")) == {"within", "chance"}
    assert_mentions(caption, "no p-values")
    assert len(figure.legends[0].get_texts()) == 2

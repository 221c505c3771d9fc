"""Tables of RDMs taken one at a time, and averaged."""

import numpy as np
import pandas as pd
import pytest

from repscape.analyses.lib.of_rdms import averaged, each, leave_out, mean_over
from repscape.core.errors import DataError

ENTRIES = pd.Index(["a", "b", "c"], name="image")


def table(values, entries=None, **labels):
    cells = {"entries": entries or [ENTRIES] * len(values), "dissimilarity": list(map(np.array, values))}
    return pd.DataFrame(labels | {name: pd.Series(own, dtype=object) for name, own in cells.items()})


def test_draws_and_presentations_are_averaged_and_counted():
    rdms = table(
        [[1.0, 2, 3], [3.0, 2, 1], [5.0, 5, 5], [0.0, 0, 6]],
        layer=["x", "x", "y", "x"],
        repeat=[0, 1, 0, 0],
        presentation=[0, 0, 0, 1],
    )
    rdms.attrs["history"] = {"files": ["f"]}
    mean = averaged(rdms)
    assert list(mean.columns) == ["layer", "draws", "presentations", "entries", "dissimilarity"]
    assert mean[["layer", "draws", "presentations"]].to_numpy().tolist() == [["x", 2, 2], ["y", 1, 1]]
    np.testing.assert_allclose(mean.dissimilarity[0], [4 / 3, 4 / 3, 10 / 3])
    assert mean.attrs == rdms.attrs
    without = rdms.drop(columns=["repeat", "presentation"])
    assert averaged(without) is without


def test_entries_are_matched_by_their_labels():
    """Pairs of c, a, b are ca, cb, ab; of a, b, c they are ab, ac, bc."""
    turned = pd.Index(["c", "a", "b"], name="image")
    mean, groups = mean_over(
        table([[1.0, 2, 3], [20.0, 30, 10]], [ENTRIES, turned], subject=[1, 2]), ["subject"]
    )
    assert groups == [[0, 1]]
    np.testing.assert_array_equal(mean.dissimilarity[0], [5.5, 11, 16.5])
    other = pd.Index(["a", "b", "d"], name="image")
    with pytest.raises(DataError, match=r"row 1 .*layer x"):
        mean_over(table([[1.0, 2, 3]] * 2, [ENTRIES, other], layer=["x", "x"], subject=[1, 2]), ["subject"])


def test_each_has_a_name_and_the_entries_that_are_defined(caplog):
    rdms = table([[1.0, 2, 3], [np.nan, 2, np.nan]], layer=["x", "y"], layer_order=[0, 1], size=["all"] * 2)
    first, second = each(rdms)
    assert [first.name, second.name] == ["layer x", "layer y"]
    assert second.defined.tolist() == [True, False, True]
    assert second.values.tolist() == [2]
    assert next(each(rdms.iloc[:1])).name == "the RDM"
    notes = []
    leave_out(notes, second, "1 entry")
    assert notes == ["layer y: 1 entry"]
    assert notes[0] in caplog.text

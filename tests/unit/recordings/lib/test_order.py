"""Which image a row without a name is."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

from repscape.config.order import names_of
from repscape.core.errors import DataError
from repscape.recordings import rdms
from repscape.recordings.lib import order
from repscape.recordings.lib.given_rdm import GivenRdm
from repscape.recordings.lib.rdm_import import condensed, to_table
from repscape.recordings.lib.responses import Responses, ShownStimulus
from repscape.recordings.lib.trials import match_trials

NATURAL = [f"img{at}.png" for at in range(1, 13)]
POINTS = np.random.default_rng(0).normal(size=(12, 5))
KEYS = {"source": "lab", "stimulus": "pics", "area": "IT", "metric": "euclidean"}
RIGHT = pdist(POINTS)


def alphabetical():
    return [NATURAL.index(name) for name in sorted(NATURAL)]


def test_rdms_in_alphabetical_order(tmp_path, caplog):
    matrix = squareform(RIGHT)[np.ix_(alphabetical(), alphabetical())]
    np.save(tmp_path / "lab.npy", matrix)

    def read(declared):
        return to_table(rdms.Rdms(path=[tmp_path / "lab.npy"]).read(), NATURAL, **KEYS, order=declared)

    with pytest.raises(DataError) as refused:
        read(None)
    for said in (
        "lab.npy: rows have no names",
        "first at row 1 (counted from 0): img2.png (natural), img10.png (alphabetical)",
        "'order: natural', 'order: alphabetical', or 'order: FILE'",
    ):
        assert said in str(refused.value)
    with caplog.at_level("INFO", "repscape"):
        np.testing.assert_array_equal(read("alphabetical").dissimilarity[0], RIGHT)
    assert "rows in alphabetical order: img1.png, img10.png, …, img9.png" in caplog.text
    np.testing.assert_array_equal(read(sorted(NATURAL)).dissimilarity[0], RIGHT)
    np.testing.assert_array_equal(read("natural").dissimilarity[0], squareform(matrix))


@pytest.mark.parametrize("shown", [None, np.arange(12), np.arange(12.0)])
def test_responses_in_alphabetical_order(shown, caplog):
    responses = Responses("a.npy", "pics", POINTS[alphabetical()], shown)
    seen = {"pics": ShownStimulus(NATURAL, {})}
    with pytest.raises(DataError, match=r"a\.npy: rows.*names.*images.*'order: alphabetical'"):
        match_trials([responses], seen, ["V1"])
    with caplog.at_level("INFO", "repscape"):
        found = match_trials([responses], seen, ["V1"], order="alphabetical").trials["pics"]
    np.testing.assert_array_equal(found.response[:, :, 0], POINTS.astype(np.float32))
    for said in (
        "12 trials × 5 neurons; trial 0: img1.png, trial 1: img10.png, trial 11: img9.png",
        "alphabetical order",
    ):
        assert said in caplog.text


def test_the_log_says_the_order_of_images_that_were_shown_repeatedly(caplog):
    repeated = Responses(
        "a.npy", "pics", np.repeat(POINTS[alphabetical()], 2, 0), np.repeat(np.arange(12), 2)
    )
    with caplog.at_level("INFO", "repscape"):
        match_trials([repeated], {"pics": ShownStimulus(NATURAL, {})}, ["V1"], order="alphabetical")
    assert "trial 0: img1.png, trial 2: img10.png, trial 23: img9.png" in caplog.text
    caplog.clear()
    ones = Responses("a.npy", "pics", POINTS, np.arange(1.0, 13.0), "at")
    with caplog.at_level("INFO", "repscape"):
        match_trials(
            [ones], {"pics": ShownStimulus(NATURAL, {"at": [f"{at:02}" for at in range(1, 13)]})}, ["V1"]
        )
    assert "trial 0: img1.png, trial 1: img2.png, trial 11: img12.png (by 'at')" in caplog.text


def test_names_and_simulations_need_no_order():
    named = Responses("a.npy", "pics", POINTS, sorted(NATURAL))
    match_trials([named], {"pics": ShownStimulus(NATURAL, {})}, ["V1"])
    made = Responses("simulated", "pics", POINTS, np.arange(12), by_file=False)
    match_trials([made], {"pics": ShownStimulus(NATURAL, {})}, ["V1"])


@pytest.mark.parametrize(
    "names",
    [
        ["b2.png", "b10.png", "a.png"],
        ["Ant.png", "bee.png", "Cow.png"],
        ["a1.png", "a02.png", "a3.png"],
    ],
)
def test_lists_and_capitals_leave_the_order_open(names):
    with pytest.raises(DataError, match="rows have no names"):
        order.image_of_rows(names, None, "a")
    assert order.image_of_rows(names, "stimulus", "a").tolist() == [0, 1, 2]


def test_accents_leave_the_order_open():
    """With a composed é, `sorted` puts it after z; with e and an accent, as macOS may write it, before f."""
    with pytest.raises(DataError, match=r"first at row 1.*f\.png \(natural\), \u00e9\.png \(accented"):
        order.image_of_rows(["e.png", "f.png", "\u00e9.png"], None, "a")
    assert order.image_of_rows(["\u00e9cu.png", "\u00e9t\u00e9.png", "\u00fc.png"], None, "a").tolist() == [
        0,
        1,
        2,
    ]


def test_a_list_whose_names_have_one_order_has_its_rows():
    assert order.image_of_rows(["b.png", "a.png", "c.png"], None, "a").tolist() == [0, 1, 2]
    assert order.image_of_rows(["b.png", "a.png", "c.png"], "natural", "a").tolist() == [1, 0, 2]


def test_one_order_needs_no_word():
    assert order.image_of_rows(["a-1/b.png", "a-1/c.png", "b_02.png", "b_10.png"], None, "a").tolist() == [
        0,
        1,
        2,
        3,
    ]


def test_a_file_of_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("\ufeffb.png\r\na.png\n\n", "utf-8")
    assert names_of("names.txt") == ["b.png", "a.png"]
    assert order.image_of_rows(["a.png", "b.png"], ["b.png", "a.png"], "").tolist() == [1, 0]
    with pytest.raises(ValueError, match="or a file with one name per line; no such file: naturall"):
        names_of("naturall")
    for names, said in ((["a.png"], r"b.png"), (["a.png", "b.png", "a.png"], "'a.png' twice")):
        with pytest.raises(DataError, match=said):
            order.image_of_rows(["a.png", "b.png"], names, "x")


@pytest.mark.parametrize(
    "name", [b"caf\xc3\xa9.png", "cafe\u0301.png", "caf\u00e9.png  ", np.bytes_("caf\u00e9.png".encode())]
)
def test_names_are_compared_as_they_read(name):
    seen = ShownStimulus(["caf\u00e9.png", "b.png"], {})
    found = match_trials([Responses("a", "s", POINTS[:2], ["b.png", name])], {"s": seen}, ["V1"])
    np.testing.assert_array_equal(found.trials["s"].response[0, :, 0], POINTS[1].astype(np.float32))
    matrix = squareform(pdist(POINTS[:2]))
    assert condensed(matrix, seen.names, "s", ["b.png", name]).shape == (1,)


def test_a_table_whose_corner_has_a_name(tmp_path):
    matrix = squareform(RIGHT).round(6)
    table = pd.DataFrame(matrix, pd.Index(NATURAL, name="image"), NATURAL).sample(frac=1, random_state=0)
    table[table.index].to_csv(tmp_path / "a.csv")
    found = to_table(rdms.Rdms(path=[tmp_path / "a.csv"]).read(), NATURAL, **KEYS)
    np.testing.assert_array_equal(found.dissimilarity[0], squareform(matrix))


def test_pairs_by_columns():
    """As R's upper.tri and NumPy's tril_indices have them."""
    matrix = squareform(RIGHT)
    found = condensed(matrix[np.tril_indices(12, -1)], NATURAL, "s", order="natural", pairs="columns")
    np.testing.assert_array_equal(found, RIGHT)


@pytest.mark.parametrize("empty", [0, np.nan])
@pytest.mark.parametrize("half", [np.triu_indices(12, 1), np.tril_indices(12, -1)])
def test_one_triangle_is_enough(half, empty):
    matrix = squareform(RIGHT)
    matrix[half] = empty
    np.fill_diagonal(matrix, np.nan)
    np.testing.assert_array_equal(condensed(matrix, NATURAL, "s", order="natural"), RIGHT)


def test_similarities_are_reported(caplog):
    similar = 100 - 10 * squareform(RIGHT)
    with pytest.raises(DataError, match="100 minus"):
        condensed(similar, NATURAL, "s", order="natural")
    given = [GivenRdm("a", -RIGHT, {"name": "a"})]
    to_table(given, NATURAL, **KEYS, order="natural")
    assert "66 of 66 dissimilarities are negative" in caplog.text
    caplog.clear()
    to_table(given, NATURAL, **(KEYS | {"metric": "crossnobis"}), order="natural")
    assert not caplog.text


def test_what_single_precision_cannot_tell_apart_is_refused():
    seen = {"s": ShownStimulus(["a", "b", "c"], {})}
    for values in (1e9 + POINTS[:3], 2**53 + np.arange(6).reshape(3, 2), 1e300 * POINTS[:3]):
        with pytest.raises(DataError, match=r"neurons .* single precision"):
            match_trials([Responses("x", "s", values)], seen, ["V1"])
    for values in (
        1e3 + POINTS[:3],
        0.1 + 1e-17 * POINTS[:3],
        np.where(POINTS[0, 0] != POINTS, POINTS, np.nan)[:3],
        np.array([[30000, 1], [30001, 0], [30000, 2]], np.int32),
        np.array([[30000, 1], [30001, 0], [np.nan, 2]]),
    ):
        match_trials([Responses("x", "s", values)], seen, ["V1"], missing="drop_neurons")


def test_numbers_from_1_are_named():
    seen = {"s": ShownStimulus(["a", "b", "c"], {})}
    with pytest.raises(DataError, match=r"count.* 1.*MATLAB"):
        match_trials([Responses("x", "s", POINTS[:3], np.array([1, 2, 3]))], seen, ["V1"])
    with_blanks = Responses("x", "s", POINTS[:5], np.array([0, 1, 0, 2, 3]))
    with pytest.raises(DataError, match=r"count.* 1.*MATLAB"):
        match_trials([with_blanks], seen, ["V1"])
    (left_out,) = match_trials([with_blanks], seen, ["V1"], others="drop").left_out
    assert "Do the labels count from 1" in left_out
    blank = Responses("x", "s", POINTS[:4], np.array([-1, 0, 1, 2]))
    assert "count from 1" not in match_trials([blank], seen, ["V1"], others="drop").left_out[0]

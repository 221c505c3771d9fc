import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from repscape.core.errors import DataError
from repscape.io import path_patterns
from repscape.recordings.lib.rdm_import import condensed
from repscape.recordings.lib.responses import Responses, ShownStimulus
from repscape.recordings.lib.trial_images import image_of_trials
from repscape.stimuli import images
from repscape.stimuli.lib import names

DOGS = [Path("pics/dogs/pug.jpg"), Path("pics/dogs/corgi.jpg")]


def test_another_picture_renames_none_but_those_of_its_file_name():
    assert list(names.of_files(DOGS).values()) == ["pug.jpg", "corgi.jpg"]
    more = [*DOGS, Path("elsewhere/pizza.jpg")]
    assert list(names.of_files(more).values()) == ["pug.jpg", "corgi.jpg", "pizza.jpg"]
    more = [*DOGS, Path("pics/food/pug.jpg")]
    assert list(names.of_files(more).values()) == ["dogs/pug.jpg", "corgi.jpg", "food/pug.jpg"]


@pytest.mark.parametrize(
    ("given", "indices"),
    [
        (["corgi.jpg", "dogs/pug.jpg", "food/pug.jpg"], [1, 0, 2]),
        (["dogs/corgi.jpg", "pics/dogs/pug.jpg", "pics\\food\\pug.jpg"], [1, 0, 2]),
        (["./corgi.jpg", "corgi.jpeg", "orgi.jpg", "corgi.jpg/x"], [1, -1, -1, -1]),
        (["corgi.jpg", "corgi.jpg"], [1, 1]),
        ([], []),
    ],
)
def test_any_end_of_a_path_that_tells_images_apart_is_a_name(given, indices):
    assert names.find(given, ["dogs/pug.jpg", "corgi.jpg", "food/pug.jpg"]) == indices


def test_an_exact_name_goes_before_longer_ones():
    assert names.find(["pug.jpg", "food/pug.jpg"], ["pug.jpg", "food/pug.jpg"]) == [0, 1]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_letters_are_the_same(form):
    stored = unicodedata.normalize(form, "käfig/naïve.png")
    for other in ("NFC", "NFD"):
        assert names.find([unicodedata.normalize(other, "naïve.png")], [stored, "b.png"]) == [0]
    both = [unicodedata.normalize(one, "ä.png") for one in ("NFC", "NFD")]
    assert names.find(both[::-1], both) == [1, 0]


def test_names_of_several_images_or_several_of_one_are_refused():
    with pytest.raises(DataError, match=r"'pug\.jpg'.*: dogs/pug\.jpg; food/pug\.jpg"):
        names.find(["pug.jpg"], ["dogs/pug.jpg", "food/pug.jpg"])
    with pytest.raises(DataError, match=r"'pug\.jpg': dogs/pug\.jpg; food/pug\.jpg"):
        names.find(["dogs/pug.jpg", "food/pug.jpg"], ["pug.jpg", "corgi.jpg"])


@pytest.fixture
def pugs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [Path("dogs/pug.png"), Path("food/pug.png"), Path("dogs/corgi.png")]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)).save(file)
    return files


def test_a_table_names_pictures_by_any_end_of_their_path(pugs):
    table = Path("labels.csv")
    table.write_text("name,label\ncorgi.png,c\nfood/pug.png,f\ndogs/pug.png,d\n")
    assert [frame.label for frame in images.Images(path=pugs, table=table).images()] == ["d", "f", "c"]
    # as the names are without the other pug
    assert [frame.label for frame in images.Images(path=[pugs[0], pugs[2]], table=table).images()] == [
        "d",
        "c",
    ]


def test_a_row_of_a_table_for_several_pictures_is_refused(pugs):
    table = Path("labels.csv")
    table.write_text("name,label\npug.png,x\ncorgi.png,c\n")
    with pytest.raises(DataError, match=r"'pug\.png'.*: dogs/pug\.png; food/pug\.png"):
        list(images.Images(path=pugs, table=table).images())
    assert [frame.label for frame in images.Images(path=pugs[1:], table=table).images()] == ["x", "c"]
    table.write_text("name,label\npug.png,x\n./pug.png,y\ncorgi.png,c\n")
    with pytest.raises(DataError, match=r"'pug\.png'.*'\./pug\.png'"):
        list(images.Images(path=pugs[1:], table=table).images())


def test_names_that_snakemake_or_files_cannot_have_are_told():
    files = ["a.png", "<Results>.png", "<results>.png", "{x}.png", os.fsdecode(b"caf\xe9.png")]
    assert path_patterns.unusable(map(Path, files)) == [
        "names with '{' or '}' cannot be used, rename: {x}.png.",
        "names with '<word>' cannot be used, rename: <results>.png.",
        "names that are not UTF-8 cannot be used, rename: b'caf\\xe9.png'.",
    ]


@pytest.mark.parametrize(
    "own", [["pug.jpg", "corgi.jpg", "tea.jpg"], ["dogs/pug.jpg", "a/corgi.jpg", "tea.jpg"]]
)
def test_an_rdm_of_the_folder_fits_pictures_that_have_got_a_namesake(own):
    matrix = np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]])
    before, after = ["pug.jpg", "tea.jpg", "corgi.jpg"], ["dogs/pug.jpg", "tea.jpg", "corgi.jpg"]
    for images_ in (before, after):
        np.testing.assert_array_equal(condensed(matrix, images_, "all", own), [2, 1, 3])
    with pytest.raises(DataError, match=r"'pug\.jpg'.*several"):
        condensed(
            matrix, ["dogs/pug.jpg", "food/pug.jpg", "corgi.jpg"], "all", ["pug.jpg", "corgi.jpg", "tea.jpg"]
        )


@pytest.mark.parametrize(
    "shown", [["pug.jpg", "tea.jpg", "pug.jpg"], ["dogs/pug.jpg", "x/tea.jpg", "dogs/pug.jpg"]]
)
def test_trials_of_the_folder_fit_pictures_that_have_got_a_namesake(shown):
    responses = Responses("r.npz", "all", np.zeros((3, 2)), shown)
    for images_ in (["pug.jpg", "tea.jpg"], ["dogs/pug.jpg", "tea.jpg"]):
        assert image_of_trials(responses, ShownStimulus(images_, {})).tolist() == [0, 1, 0]
    if "pug.jpg" in shown:
        with pytest.raises(DataError, match=r"r\.npz: 'pug\.jpg'.*several"):
            image_of_trials(responses, ShownStimulus(["dogs/pug.jpg", "food/pug.jpg", "tea.jpg"], {}))

"""From folders of real pictures to categories in RDMs, analyses and figures: the study of the docs, run."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from project import REPOSITORY, Project
from scipy.spatial.distance import squareform

from repscape.rdms.table import table

PAGE = REPOSITORY / "workflow/docs/categories.md"
PHOTOGRAPHS = Path(find_spec("skimage").origin).parent / "data"  # with rsatoolbox
FOLDERS = {
    "Bäume und Gras": ["brick.png", "grass.png", "gravel.png", "coins.png"],
    "cells": ["cell.png", "ihc.png", "microaneurysms.png", "retina.jpg", "moon.png"],
    "things": [
        "coffee.png",
        "motorcycle_left.png",
        "rocket.jpg",
        "camera.png",
        "clock_motion.png",
        "page.png",
    ],
}
TINY = {
    "kind": "torchvision",
    "architecture": "squeezenet1_1",
    "weights": "random",
    "preprocess": {"resize": 64, "crop": 64},
    "layers": ["input", "conv1", "relu5"],
}
LAYERS = ("input", "conv1", "relu5")


def study() -> dict:
    """Return the study of the page and its sets; with small networks, a recording and nested folders."""
    first, second = (
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.S)
    )
    assert set(first["networks"]) == {"trained", "untrained"}
    first["rdms"] = second["rdms"]
    first["analyses"] |= second["analyses"]
    first["networks"] = dict.fromkeys(first["networks"], TINY)
    first["samples"][0]["sizes"] = [100]
    first["stimuli"]["nested"] = {
        "kind": "images",
        "path": "nested/{kingdom}/{animal}/*.png",
        "size": [64, 64],
    }
    first["recordings"] = {
        "v4": {
            "kind": "arrays", "path": "v4.npz", "responses": "responses", "images": "pictures",
            "stimulus": "pictures", "area": "V4",
        }
    }  # fmt: skip
    first["analyses"]["kingdoms"] = {
        "kind": "category_index", "where": {"stimulus": "nested"}, "factor": "kingdom", "permutations": 99,
    }  # fmt: skip
    first["analyses"]["side_by_side"] = {
        "kind": "mean_rdm", "over": ["repeat"], "where": {"layer": ["relu5", "V4"], "stimulus": "pictures"},
    }  # fmt: skip
    first["figures"] |= {
        "rdms_side_by_side": {},
        "kingdoms_by_depth": {"kind": "categories_by_depth", "analysis": "kingdoms"},
    }
    return first


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("categories") / "project", study())
    names = []
    for folder, files in FOLDERS.items():
        place = project.folder / "pictures" / folder
        place.mkdir(parents=True)
        for file in files:
            shutil.copy(PHOTOGRAPHS / file, place)
            names.append(file)
    for at, file in enumerate(names[:9]):
        place = project.folder / "nested" / ("plants", "animals")[at % 3 == 0] / f"species {at % 2}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(PHOTOGRAPHS / file.replace(".jpg", ".jpg"), place / Path(file).with_suffix(".png"))
    category = np.repeat(np.arange(3), [4, 5, 6])
    generator = np.random.default_rng(0)
    trials = np.tile(np.arange(15), 3)
    responses = generator.normal(np.eye(3, 20)[category[trials]] * 4, 1)
    np.savez(project.folder / "v4.npz", responses=responses, pictures=np.array(names)[trials])
    project.run()
    return project.folder / "results/categories"


def test_folders_are_categories_of_rdms(made):
    keys = "pictures/random/relu5/n100.nc"
    with xr.open_dataset(made / "rdms/trained" / keys) as rdm:
        assert rdm.attrs["factors"] == "category"
        assert rdm.category.values.tolist() == [name for name, files in FOLDERS.items() for _ in files]
    rdms = table.read(made, {"layer": "relu5", "set": "", "stimulus": "pictures", "source": "trained"})
    assert len(rdms) == 5
    assert rdms["entries_factors"][0].tolist() == [name for name, files in FOLDERS.items() for _ in files]
    assert rdms["entries_factors"][0].names == ["category"]
    nested = table.read(made, {"layer": "relu5", "stimulus": "nested", "source": "trained"})
    assert nested["entries_factors"][0].names == ["kingdom", "animal"]


def test_each_category_has_its_rdm_and_the_categories_have_one(made):
    whole = table.read(made, {"layer": "conv1", "set": "", "stimulus": "pictures", "source": "untrained"})
    own = table.read(made, {"set": "each_category", "layer": "conv1", "source": "untrained"})
    assert sorted(set(own.category)) == sorted(FOLDERS)
    categories = np.array(whole["entries_factors"][0].tolist())
    for _, row in own.iterrows():
        at = np.flatnonzero(categories == row.category)
        square = squareform(whole[whole["repeat"] == row["repeat"]].dissimilarity.iloc[0])
        np.testing.assert_array_equal(row.dissimilarity, squareform(square[np.ix_(at, at)], checks=False))
        assert row.entries.names == ["image"]
        assert row.entries.tolist() == sorted(FOLDERS[row.category])
    means = table.read(made, {"set": "of_categories", "layer": "conv1", "source": "trained"})
    assert means.entries[0].tolist() == list(FOLDERS)


def test_within_and_between_by_depth(made):
    long = pd.read_csv(made / "analyses/category_index.csv")
    assert sorted(set(zip(long.source, long.layer, strict=True))) == sorted(
        [("v4", "V4"), *((source, layer) for source in ("trained", "untrained") for layer in LAYERS)]
    )
    assert set(long.category) == {"all categories", *FOLDERS}
    assert set(long.stimulus) == {"pictures"}
    recorded = long[(long.source == "v4") & (long.category == "all categories")].iloc[0]
    assert recorded["index"] > 0.3
    assert recorded.p < 0.001
    assert recorded.index_low > 0.1
    rdms = table.read(made, {"set": "", "layer": "relu5", "source": "trained", "stimulus": "pictures"})
    mean = squareform(np.mean(list(rdms.dissimilarity), axis=0))
    categories = np.array(rdms["entries_factors"][0].tolist())
    sums = {True: [], False: []}
    for i in range(15):
        for j in range(i):
            sums[categories[i] == categories[j]].append(mean[i, j])
    row = long[
        (long.layer == "relu5") & (long.source == "trained") & (long.category == "all categories")
    ].iloc[0]
    assert row["within"] == pytest.approx(np.mean(sums[True]))
    assert row["between"] == pytest.approx(np.mean(sums[False]))
    kingdoms = pd.read_csv(made / "analyses/kingdoms.csv")
    assert set(kingdoms.category) == {"all categories", "animals", "plants"}
    assert set(kingdoms.stimulus) == {"nested"}


def test_figures_are_marked(made):
    for name, words in {
        "rdm_gallery": "grouped by category",
        "categories_by_depth": "category: Bäume und Gras 4, cells 5, things 6",
        "differentiation_by_category": "across categories",
        "pictures_in_space": "Colours: ``category``",
        "rdms_side_by_side": "grouped by category",
        "kingdoms_by_depth": "kingdom: animals 3, plants 6",
    }.items():
        assert words in (made / f"figures/{name}.rst").read_text(encoding="utf-8")
        for folder in list(FOLDERS) if name not in ("kingdoms_by_depth",) else ["plants"]:
            assert folder in (made / f"figures/{name}.svg").read_text(encoding="utf-8")

"""The study of workflow/docs/rsa.md, on a small network: from images with factors to RDMs of RDMs of RDMs."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
import xarray
import yaml
from project import REPOSITORY, Project
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr

from repscape.rdms.table import table

PAGE = REPOSITORY / "workflow/docs/rsa.md"
LAYERS = ["input", "block2", "fc1"]
WHERE = {
    "source": "mobilenet_v2",
    "population": "unit_level",
    "metric": "pearson",
    "metric_sub": "correlation",
}
pytestmark = pytest.mark.slow
OBJECTS, COLORS = ["obj001", "obj002", "obj003", "obj004"], ["000", "090", "180", "270"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    config = yaml.safe_load((REPOSITORY / "config/object_colors.yaml").read_text())
    config["stimuli"]["shapes"]["size"] = [64, 64]
    random = {"source": "torchvision", "architecture": "mobilenet_v2", "weights": "random"}
    config["networks"] = {
        name: random | {"preprocess": {"resize": 64, "crop": 64}, "layers": LAYERS, "seed": seed}
        for seed, name in enumerate(("mobilenet_v2", "mobilenet_v2_random"))
    }
    config["analyses"] |= yaml.safe_load(blocks("yaml")[-1])["analyses"]  # what else there is
    for sections in (config["analyses"], config["figures"]):
        for section in sections.values():
            if "layer" in section.get("where", {}):
                section["where"]["layer"] = (
                    LAYERS[1:] if isinstance(section["where"]["layer"], list) else "fc1"
                )
    project = Project.create(tmp_path_factory.mktemp("rsa") / "project", config)
    project.run()
    return project


@pytest.fixture
def analyses(finished):
    return finished.folder / "results/object_colors/analyses"


def activity(project, layer):
    """Answers by object and colour, float64 (object, color, unit)."""
    path = f"results/object_colors/activations/mobilenet_v2/shapes/unit_level/{layer}.nc"
    with xarray.open_dataset(project.folder / path) as file:
        file = file.load()
    return np.array(
        [
            [
                file["activation"].values[(file["obj"] == obj) & (file["color"] == color)][0]
                for color in COLORS
            ]
            for obj in OBJECTS
        ],
        np.float64,
    )


def test_color_spaces_from_the_recorded_units(finished, analyses):
    spaces = table.read(analyses / "color_spaces.nc", WHERE)
    for row in spaces.itertuples():
        vectors = [pdist(answers, "correlation") for answers in activity(finished, row.layer)]
        expected = [1 - pearsonr(x, y).statistic for x, y in itertools.combinations(vectors, 2)]
        np.testing.assert_allclose(row.dissimilarity, expected, atol=1e-4)
        assert list(row.entries) == OBJECTS
        assert (row.p >= 1 / 24).all()
    assert list(spaces.layer) == LAYERS


def test_every_object_in_every_layer(analyses):
    within = table.read(analyses / "color_spaces.nc", WHERE | {"layer": "fc1"}).iloc[0]
    everywhere = table.matrix(table.read(analyses / "color_spaces_by_layer.nc", WHERE).iloc[0])
    assert list(everywhere.index.unique("layer")) == LAYERS
    part = everywhere.xs("fc1", level="layer").xs("fc1", level="layer", axis=1)
    np.testing.assert_allclose(part.to_numpy()[np.triu_indices(4, 1)], within.dissimilarity, atol=1e-12)


def test_the_third_order_is_of_the_second(analyses):
    lower = table.read(
        analyses / "color_spaces_by_layer.nc", {"source": "mobilenet_v2", "metric": "euclidean"}
    )
    lower = lower[lower.metric_sub == "euclidean"].set_index("population").dissimilarity
    third = table.read(
        analyses / "units_or_features.nc", {"source": "mobilenet_v2", "metric_sub": "euclidean"}
    )
    third = third[(third.metric_sub_sub == "euclidean") & (third.metric == "pearson")].iloc[0]
    expected = 1 - pearsonr(lower["unit_level"], lower["feature_means"]).statistic
    assert third.dissimilarity == pytest.approx([expected])


def test_what_else_there_is(analyses):
    chosen = pd.read_csv(analyses / "most_different.csv")
    assert len(chosen) >= 5
    units = pd.read_csv(analyses / "color_and_object.csv")
    assert set(units["layer"]) == set(LAYERS)
    decoded = pd.read_csv(analyses / "object_from_units.csv")
    assert set(decoded["layer"]) == set(LAYERS)


def test_the_python_of_the_page(finished, monkeypatch):
    monkeypatch.chdir(finished.folder)
    namespace = {}
    for block in blocks("python"):
        exec(block, namespace)
    spaces = namespace["spaces"]
    assert len(spaces) == len(LAYERS) * 2 * 2
    assert spaces.entries.map(list).map(tuple).unique().tolist() == [tuple(OBJECTS)]


def test_figures_and_nothing_left_to_do(finished):
    figures = {path.stem for path in (finished.folder / "results/object_colors/figures").glob("*.png")}
    assert figures == set(finished.config["figures"])
    assert finished.plan() == set()

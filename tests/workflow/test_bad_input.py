"""Every mistake gets one message that says where, what was expected, what was found and what to do.

Nothing that a later run would trust is left, and after the repair the same command succeeds.
"""

import copy
import hashlib
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
import yaml
from conftest import CONFIG
from messages import says
from PIL import Image
from project import Project, make_pictures


def told(done) -> dict[str, str]:
    """Return the message of each failed step by its name or wildcards; check what surrounds them."""
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "Error in rule" not in done.stderr
    assert "CalledProcessError" not in done.stderr
    messages = {}
    for block in re.split(r"^(?=repscape: )", done.stderr, flags=re.M)[1:]:
        match = re.match(r"repscape: (\S+)(?: \((.*?)\))? failed: (.*?) \[log: (\S+)\]", block, re.S)
        assert match, block
        key = match[2].split("=")[-1] if match[2] else match[1]
        assert key not in messages, f"{key} is told of twice"
        messages[key] = match[3]
    assert messages
    again = done.stderr.split("The run is not complete. Failed, by their logs:\n")[1]
    assert len(re.findall(r"^  results/small/logs/\S+: .", again, re.M)) == len(messages)
    return messages


def temporaries(project) -> list[str]:
    return [path.name for path in project.folder.glob("results/**/.*") if path.is_file()]


# mistakes in the config, told when the plan is made


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A project whose config is written anew by each test, and only planned."""
    project = Project.create(tmp_path_factory.mktemp("planned") / "project", CONFIG)
    make_pictures(project.folder / "pictures", ["a.png", "b.png", "c.png"])
    return project


@pytest.fixture
def config():
    return copy.deepcopy(CONFIG)


def refused(project, config, *arguments) -> list[str]:
    """Return the mistakes that a config is refused for, a line each; check what surrounds them."""
    text = config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (project.folder / "config/config.yaml").write_text(text, encoding="utf-8")
    done = project.run(*arguments, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert not (project.folder / "results").exists()
    before, found, after = done.stderr.partition("repscape: ")
    assert found, done.stderr
    assert before.strip() in ("", "Using workflow specific profile profiles/default for setting default "
                              "command line arguments.")  # fmt: skip
    return after.splitlines()


def line_of(project, text: str) -> int:
    lines = (project.folder / "config/config.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(text))


def test_typos_and_wrong_types_at_the_top(planned, config):
    config |= {"sede": 1, "device": "gpu"}
    head, *lines = refused(planned, config)
    says(head, " 2 ")
    says(lines[0], f"config/config.yaml:{line_of(planned, 'sede')}: sede:", "'seed'", "networks")
    says(lines[1], f"config.yaml:{line_of(planned, 'device')}: device:", "'auto' … 'cpu' … 'cuda'", "'gpu'")


def test_everything_wrong_in_the_sections_is_told_at_once(planned, config):
    stimuli, networks, figures = config["stimuli"], config["networks"], config["figures"]
    stimuli["white_noise"] |= {"count": "four", "cuont": 3}
    stimuli["of nobody"] = {"kind": "white_noise"}
    stimuli["a/b"] = {"kind": "white_noise"}
    stimuli["naïve"] = {"kind": "white_noise"}
    stimuli["gone"] = {"kind": "images", "path": "no/such/folder"}
    make_pictures(planned.folder / "braces", ["a.png", "b.png", "{c}.png"])
    stimuli["braces"] = {"kind": "images", "path": "braces"}
    stimuli["bare"] = {"kind": "images", "path": "https://host/a.png"}
    networks["squeezenet"]["architecture"] = "squeezenet1_2"
    networks["alex"] = {**networks["squeezenet"], "architecture": "alexnet", "layers": ["input", "conv77"]}
    config["rdms"]["metrics"] = ["corelation"]
    config["samples"].append({"population": "rand"})
    figures["rdm_galery"] = {}
    figures["layer_table"] = {"colour": "red"}
    for taken in ("stimuli", "differentiation", "samples_alex", "config"):
        figures[taken] = {"kind": "rdm_gallery"}
    head, *lines = refused(planned, config)
    message = "\n".join(lines)
    says(head, f" {len(lines)} ")
    says(
        message,
        "stimuli.white_noise.count: … 'four'",
        "stimuli.white_noise.cuont: … 'count'",
        "stimuli.of nobody: 'of nobody'",
        "stimuli.a/b: 'a/b'",
        "stimuli.naïve: 'naïve'",
        f"stimuli.gone.path: no/such/folder: … {planned.folder}",
        "stimuli.braces.path: … braces/{c}.png",
        "stimuli.bare.path: https://host/a.png: ",
        "networks.squeezenet.architecture: 'squeezenet1_2' … 'squeezenet1_1'",
        "networks.alex.layers: 'conv77'",
        "rdms.metrics.0: 'corelation' … 'correlation'",
        "samples.2.population: 'rand' … 'random'",
        "figures.rdm_galery: 'rdm_galery' … 'rdm_gallery'",
        "figures.layer_table.colour: ",
        "figures.stimuli: 'stimuli'",
        "figures.differentiation: 'differentiation'",
        "figures.samples_alex: 'samples_alex'",
        "figures.config: 'config'",
    )
    assert all(re.match(r"  config/config\.yaml:\d+: [a-z]+\.", line) for line in lines), message


def test_what_figures_and_analyses_cannot_have(planned, config):
    config["analyses"]["differentiation"]["reference"] = "whit_noise"
    config["figures"]["rdm_gallery"] = {"layers": ["conv1", "conv9"]}
    config["figures"]["differentiation_by_depth"] = {"metric": "cosine"}
    head, *lines = refused(planned, config)
    says(head, " 3 ")
    message = "\n".join(lines)
    says(
        message,
        "analyses.differentiation.reference: 'whit_noise' … 'white_noise'",
        "figures.rdm_gallery.layers: 'conv9' … 'conv1'",
        "figures.differentiation_by_depth.metric: 'cosine' … correlation, sqeuclidean",
    )


def test_two_stimuli_of_one_name(planned, config):
    del config["stimuli"]["pictures"]
    text = yaml.safe_dump(config, sort_keys=False)
    (line,) = refused(planned, text.replace("  gratings:", "  white_noise:"))
    says(line, "config/config.yaml:9: stimuli.white_noise: this name is used twice, first in line 3. Rename")
    for folder in ("one", "two"):
        make_pictures(planned.folder / folder, ["white_noise.png"])
    config["stimuli"]["each"] = {"kind": "images", "path": ["one", "two"], "each": True}
    lines = refused(planned, config)
    says("\n".join(lines), "stimuli.each: two files would become the stimulus 'white_noise'. Rename one",
         "two stimuli would be named 'white_noise'")  # fmt: skip


def test_no_yaml(planned):
    (planned.folder / "config/broken.yaml").write_text("stimuli: [\n")
    done = planned.run("--configfile", "config/broken.yaml", check=False)
    assert done.returncode == 1
    says(done.stderr, "not valid JSON or YAML")
    assert "Traceback" not in done.stderr


def test_a_config_file_that_does_not_exist(planned, config):
    """Snakemake reads it before the workflow: the message is its own."""
    done = planned.run("--configfile", "config/mien.yaml", check=False)
    assert done.returncode == 1
    says(done.stderr.splitlines()[-2] + done.stderr.splitlines()[-1], "No such file", "config/mien.yaml")
    (planned.folder / "config/config.yaml").unlink()
    done = planned.run(check=False)
    assert done.returncode == 1
    says(done.stderr, "repscape: … config/config.yaml: cannot be read (No such file or directory).")
    (planned.folder / "config/config.yaml").write_text("study: small\nstimuli: {a: [b}\n")
    done = planned.run(check=False)
    assert done.returncode == 1
    says(done.stderr, "repscape: config/config.yaml: not valid YAML: ", "line 2, column")
    assert "Error" not in done.stderr
    assert "Traceback" not in done.stderr


# mistakes in the data, told by the step that meets them


def test_bad_stimuli(fresh):
    folder = fresh.folder
    data = folder / "data"
    (data / "mixed").mkdir(parents=True)
    make_pictures(data / "mixed", ["a.png", "b.png", "c.png", "whole.png"])
    whole = (data / "mixed/whole.png").read_bytes()
    (data / "mixed/half.png").write_bytes(whole[: len(whole) // 2])
    (data / "mixed/empty.png").touch()
    (data / "mixed/notes.txt").write_text("not a picture")
    (data / "mixed/page.png").write_text("<html>404</html>")
    make_pictures(data / "two", ["a.png", "b.png"])
    (data / "movie.mp4").write_bytes(b"not a movie" * 500)
    np.save(data / "shape.npy", np.zeros(30, np.uint8))
    np.save(data / "dtype.npy", np.zeros((5, 6, 7)))
    np.save(data / "pickled.npy", np.array([{}, 1, 2], object), allow_pickle=True)
    (data / "short.npy").write_bytes((data / "dtype.npy").read_bytes()[:-100])
    wheel(folder / "index", "some_pictures/a.png", whole)
    make_pictures(folder / "mirror", ["remote.png"])
    zeros = "#sha256=" + "0" * 64

    config = fresh.config
    arrays = {
        name: {"kind": "npy", "path": f"data/{name}.npy"} for name in ("shape", "dtype", "pickled", "short")
    }
    config["stimuli"] = {
        "mixed": {"kind": "images", "path": "data/mixed"},
        "two": {"kind": "images", "path": "data/two"},
        "movie": {"kind": "movie", "path": "data/movie.mp4", "count": 5},
        "wrong": {"kind": "images", "path": [f"pypi://some-pictures==1.0/some_pictures/a.png{zeros}"] * 3},
        "absent": {"kind": "images", "path": [f"https://localhost:9/remote.png{zeros}"] * 3},
        **arrays,
        "good": {"kind": "white_noise", "count": 4, "size": [64, 64]},
    }  # fmt: skip
    config["analyses"], config["figures"] = {}, {}
    fresh.write_config(config)
    environment = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder / "index"),
        "REPSCAPE_CACHE": str(folder / "cache"),
        "REPSCAPE_MIRROR": str(folder / "mirror"),
    }
    known_before = fresh.run("stimuli", check=False, **environment)
    assert known_before.returncode == 1
    says(known_before.stderr, "config/config.yaml", "stimuli.two: expected at least 3 images, found 2. Add")
    del config["stimuli"]["two"]
    fresh.write_config(config)
    messages = told(fresh.run("stimuli", check=False, **environment))
    assert set(messages) == set(config["stimuli"]) - {"good"}
    says(
        messages["mixed"],
        "4 files",
        "data/mixed/empty.png: empty (0 bytes)",
        "data/mixed/half.png: ",
        "data/mixed/notes.txt: not a picture",
        "data/mixed/page.png: not a picture",
        "Repair or move them",
    )
    assert "whole.png" not in messages["mixed"]
    says(messages["movie"], "data/movie.mp4: ")
    for name, found in {
        "shape": "uint8 … (30,)",
        "dtype": "float64 … (5, 6, 7)",
        "pickled": "Python objects",
        "short": "not a whole .npy file",
    }.items():
        says(
            messages[name],
            ".npy",
            f"data/{name}.npy: ",
            found,
            "Save the stack",
        )
    says(messages["wrong"], "stimuli.wrong.path: pypi://some-pictures==1.0/some_pictures/a.png",
         "0" * 64, hashlib.sha256(whole).hexdigest())  # fmt: skip
    says(messages["absent"], "stimuli.absent.path: https://localhost:9/remote.png",
         "REPSCAPE_MIRROR", f"{folder}/mirror/remote.png")  # fmt: skip
    assert set(fresh.results()) == {"small/stimuli/good.nc"}
    assert not [path for path in (folder / "cache").rglob("*") if path.suffix in (".png", ".tmp")]
    assert "Traceback" in (folder / "results/small/logs/stimuli/movie.log").read_text()

    # repaired, the same command makes what was missing
    good = fresh.results()
    for name in ("half.png", "empty.png", "page.png"):
        (data / "mixed" / name).unlink()
    config["stimuli"] = {
        "mixed": {"kind": "images", "path": "data/mixed/*.png"},
        "two": {"kind": "images", "path": ["data/two", "data/mixed/c.png"]},
        "good": config["stimuli"]["good"],
        "shape": config["stimuli"]["shape"],
    }
    np.save(data / "shape.npy", np.zeros((5, 6, 7), np.uint8))
    fresh.write_config(config)
    fresh.run("stimuli")
    results = fresh.results()
    assert set(results) == {f"small/stimuli/{name}.nc" for name in config["stimuli"]}
    assert results["small/stimuli/good.nc"] == good["small/stimuli/good.nc"]
    with xr.open_dataset(folder / "results/small/stimuli/mixed.nc") as stimulus:
        assert list(stimulus["name"].values) == ["a.png", "b.png", "c.png", "whole.png"]


def wheel(folder: Path, name: str, content: bytes) -> None:
    """Make a wheel that holds one file."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "some_pictures-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(name, content)
        info = "some_pictures-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: some-pictures\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


class Evil:
    """Unpickling this makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_bad_weights(fresh):
    folder = fresh.folder
    torch.save({"features.0.weight": torch.zeros(2)}, folder / "odd.pth")
    (folder / "cut.pth").write_bytes((folder / "odd.pth").read_bytes()[:300])
    (folder / "old_evil.pth").write_bytes(pickle.dumps(Evil(folder / "taken"), protocol=2))
    torch.save(Evil(folder / "taken"), folder / "evil.pth")
    with zipfile.ZipFile(folder / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(1000))
        archive.filelist[0].file_size = 2**31  # so says the directory
    config = fresh.config
    base = config["networks"].pop("squeezenet")
    files = ("odd", "cut", "old_evil", "evil", "bomb")
    config["networks"] = {name: {**base, "weights": f"{name}.pth"} for name in files}
    config["networks"]["unknown"] = {**base, "weights": "IMAGENET1K_V7"}
    fresh.write_config(config)
    known_before = fresh.run("networks", check=False)
    assert known_before.returncode == 1
    says(known_before.stderr, "'IMAGENET1K_V7' … 'IMAGENET1K_V1'", "random")
    del config["networks"]["unknown"]
    fresh.write_config(config)
    messages = told(fresh.run("networks", check=False))
    assert set(messages) == set(config["networks"])
    says(messages["odd"], "odd.pth: … squeezenet1_1", "51 ",
         "features.0.weight (2,) … (64, 3, 3, 3)", "`architecture`")  # fmt: skip
    says(messages["cut"], "cut.pth: ")
    for name in ("old_evil", "evil"):
        says(messages[name], f"{name}.pth: … torch.save(")
    says(messages["bomb"], "bomb.pth: … 2,147,483,648")
    assert not (folder / "taken").exists()
    assert fresh.results() == {}


# what is allowed, and flagged


ODD_NAMES = ["ein Bild.png", "naïve 猫.png", "it's; $HOME & 50% [x].png", "plain.png"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A study of grey pictures with odd names, asked for more units than there are."""
    config = copy.deepcopy(CONFIG)
    del config["stimuli"]["gratings"]
    config["stimuli"]["pictures"]["path"] = "my pictures – 猫"
    config["networks"]["squeezenet"]["preprocess"] |= {"mean": [0.5] * 3, "std": [0.5] * 3}
    config["populations"]["random"]["units"] = 100000
    config["samples"] = [{"population": "random", "sizes": [20, 100000], "repeats": [3, 5]}]
    config["figures"] |= {
        "sampling_error": {},
        "normalised": {"kind": "differentiation_by_depth", "normalised": True},
    }
    project = Project.create(tmp_path_factory.mktemp("odd") / "project", config)
    pictures = project.folder / "my pictures – 猫"
    pictures.mkdir()
    for name in ODD_NAMES:
        Image.new("RGB", (64, 64), (90, 90, 90)).save(pictures / name)
    project.run()
    return project


def logged(project, pattern: str) -> str:
    return "\n".join(
        path.read_text() for path in sorted(project.folder.glob(f"results/small/logs/{pattern}"))
    )


def test_names_with_spaces_and_accents_go_all_the_way(odd):
    rdm = odd.folder / "results/small/rdms/squeezenet/pictures/random/conv1/n20.nc"
    with xr.open_dataset(rdm) as data:
        assert list(dict.fromkeys([*data["name_i"].values, *data["name_j"].values])) == sorted(ODD_NAMES)
    assert not temporaries(odd)


def test_constant_activity_is_nan_flagged_and_drawn_around(odd):
    folder = odd.folder / "results/small"
    with xr.open_dataset(folder / "rdms/squeezenet/pictures/random/input/n20.nc") as data:
        assert data.attrs["degenerate"] == 1
        assert data["dissimilarity"].isnull().all()
    with xr.open_dataset(folder / "rdms/squeezenet/pictures/random/conv1/n20.nc") as data:
        assert (data["dissimilarity"].sel(metric="sqeuclidean") == 0).all()
    with xr.open_dataset(folder / "analyses/differentiation.nc") as data:
        values = data["differentiation"].sel(stimulus="pictures", layer="input", size="20")
        assert values.isnull().all()
        assert data["differentiation"].sel(stimulus="white_noise", layer="input", size="20").notnull().all()
    said = logged(odd, "rdms/squeezenet/pictures/random/n20.log")
    says(said, "NO_VALUE pictures: layer input of squeezenet: ", "sqeuclidean 100%")
    for figure in odd.config["figures"]:
        for suffix in ("svg", "png", "rst"):
            assert (folder / f"figures/{figure}.{suffix}").stat().st_size > 100


def test_more_units_than_there_are(odd):
    folder = odd.folder / "results/small"
    with xr.open_dataset(folder / "samples/squeezenet/random/conv1/n100000.nc") as sample:
        assert sample.attrs["n_requested"] == 100000
        assert sample.attrs["n_drawn"] == sample.sizes["draw"] == 64 * 31**2  # all that conv1 has
        assert sample.sizes["repeat"] == 1
    with xr.open_dataset(folder / "rdms/squeezenet/pictures/random/conv1/n100000.nc") as rdm:
        assert rdm.attrs["n_drawn"] == 64 * 31**2
    everything = logged(odd, "**/*.log")
    assert everything.count("samples of 100000 units") == 1
    says(everything, "100000 … 'random' … squeezenet … conv1 (61504)")


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU, so there is nothing to refuse")
def test_cuda_does_not_fall_back(odd, tmp_path):
    project = Project.copy(odd, tmp_path / "cuda")
    config = project.config
    config["device"] = "cuda"
    project.write_config(config)
    before = project.results()
    done = project.run(check=False)
    assert done.returncode == 1
    says(done.stderr, "device: cuda", "nvidia-smi", "auto … cpu")
    assert "Traceback" not in done.stderr
    assert project.results() == before, "nothing is removed before the refusal"
    project.write_config(config | {"device": "auto"})
    assert project.plan() == set()

"""Sets of images with factors, from folders and tables to RDMs: the numbers, and what reruns when."""

import os

import numpy as np
import pytest
import xarray as xr
from messages import says
from PIL import Image
from project import Project
from scipy.spatial.distance import pdist

from repscape.rdms.table import table

CONFIG = {
    "study": "sets",
    "plugins": "my_lab",
    "stimuli": {
        "shapes": {"kind": "shapes", "objects": 3, "colors": 3, "views": 2, "size": [48, 48]},
        "cups": {"kind": "images", "path": "{obj}/{obj}_{color}deg.png"},
        "listed": {"kind": "images", "path": "plain/*.png", "table": "listed.csv"},
        "scrambled": {"kind": "phase_scramble", "of": "cups"},
    },
    "networks": {
        "squeezenet": {
            "kind": "torchvision",
            "architecture": "squeezenet1_1",
            "weights": "random",
            "preprocess": {"resize": 48, "crop": 48},
            "layers": ["input", "conv1"],
        },
    },
    "populations": {"random": {"kind": "random", "units": 60}},
    "samples": [{"population": "random", "sizes": [20], "repeats": 2}],
    "rdms": {
        "metrics": ["correlation", {"kind": "cityblock", "normalisation": "none"}],
        "sets": {
            "colors": {"stimulus": "shapes", "by": ["obj", "view"]},
            "middles": {"stimulus": "shapes", "entries": ["obj"], "combine": "combine.py:middle"},
            "cups": {
                "stimulus": "cups",
                "by": "obj",
                "combinations": {"both": {"of": [{"color": "090"}, {"color": "180"}]}},
            },
            "kinds": {"stimulus": "listed", "by": "kind"},
            "scrambled_cups": {"stimulus": "scrambled", "by": "obj"},
        },
    },
}
COLORS = ("000", "090", "180")
CITYBLOCK = """
from scipy.spatial.distance import pdist
from repscape.plugin.contract import Metric


class Cityblock(Metric):
    'The sum of absolute differences.'

    squared = False

    def dissimilarity(self, activity, scaling):
        return pdist(activity, "cityblock")
"""


def picture(path, seed):
    path.parent.mkdir(exist_ok=True)
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(small).resize((48, 48)).save(path)


def write_table(folder, kinds):
    rows = [f"{letter}.png,{kind},{letter}\n" for letter, kind in zip("abcd", kinds, strict=True)]
    (folder / "listed.csv").write_text("name,kind,letter\n" + "".join(rows))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("sets") / "project", CONFIG)
    folder = project.folder
    for at, (obj, color) in enumerate((obj, color) for obj in ("cup", "jug") for color in COLORS):
        picture(folder / obj / f"{obj}_{color}deg.png", at)
    for at, letter in enumerate("abcd"):
        picture(folder / "plain" / f"{letter}.png", 10 + at)
    write_table(folder, "xxyy")
    (folder / "combine.py").write_text(
        "import numpy as np\n\ndef middle(activity):\n    return np.median(activity, axis=0)\n"
    )
    (folder / "my_lab/metrics").mkdir(parents=True)
    (folder / "my_lab/metrics/cityblock.py").write_text(CITYBLOCK)
    project.run("rdms")
    return project


@pytest.fixture
def project(finished, tmp_path):
    return Project.copy(finished, tmp_path / "project")


def of(stimulus):
    """Name the jobs that make a stimulus's RDMs."""
    keys = "population=random", f"stimulus={stimulus}"
    return {
        f"stimulus stimulus={stimulus}",
        " ".join(["activations_squeezenet", *keys]),
        " ".join(["rdms_squeezenet", keys[0], "size=20", keys[1]]),
    }


def rdms_of(stimulus):
    return {job for job in of(stimulus) if job.startswith("rdms")}


def planned(project):
    return {" ".join([job.split()[0], *sorted(job.split()[1:])]) for job in project.plan("rdms")} - {"rdms"}


def test_rdms_are_what_the_recorded_activity_says(finished):
    study = finished.folder / "results/sets"
    rows = table.read(study / "rdms")
    for layer in ("input", "conv1"):
        with xr.open_dataset(study / f"samples/squeezenet/random/{layer}/n20.nc") as sample:
            drawn = sample.unit.values
        for name, stimulus in [
            ("colors", "shapes"),
            ("middles", "shapes"),
            ("cups", "cups"),
            ("kinds", "listed"),
        ]:
            with xr.open_dataset(study / f"activations/squeezenet/{stimulus}/random/{layer}.nc") as recording:
                of_set = rows[(rows.layer == layer) & (rows.set == name)]
                assert set(of_set.stimulus) == {stimulus}
                for row in of_set.to_dict("records"):
                    by = [factor for factor in recording.attrs["factors"] if row.get(factor)]
                    at = np.isin(recording.unit, drawn[row["repeat"]])
                    images = np.ones(recording.sizes["image"], bool)
                    for factor in by:
                        images &= recording[factor].values == row[factor]
                    answers = recording.activation.values[images][:, at].astype(float)
                    if name == "middles":
                        obj = recording.obj.values
                        answers = np.array([np.median(answers[obj == one], axis=0) for one in row["entries"]])
                    if name == "cups":
                        answers = np.vstack([answers, answers[1:].mean(axis=0)])
                    metric = "cityblock" if row["metric"] == "cityblock" else "correlation"
                    np.testing.assert_allclose(
                        row["dissimilarity"], pdist(answers, metric), rtol=1e-4, atol=1e-6
                    )
    # sets × layers × metrics × repeats
    sets = {"": 4, "colors": 6, "middles": 1, "cups": 2, "kinds": 2, "scrambled_cups": 2}
    assert rows.groupby("set").size().to_dict() == {name: count * 2 * 2 * 2 for name, count in sets.items()}


def test_nothing(project):
    assert planned(project) == set()


@pytest.mark.parametrize(
    ("change", "stimulus"),
    [
        (lambda sets: sets["colors"].update(by=["obj"], entries=["color"], combine="mean"), "shapes"),
        (lambda sets: sets["cups"]["combinations"]["both"].update(kind="difference"), "cups"),
        (lambda sets: sets.pop("kinds"), "listed"),
        (lambda sets: sets.update(more={"stimulus": "cups"}), "cups"),
    ],
)
def test_a_definition_of_sets(project, change, stimulus):
    config = project.config
    change(config["rdms"]["sets"])
    project.write_config(config)
    assert planned(project) == rdms_of(stimulus)


def test_a_function_of_the_user(project):
    file = project.folder / "combine.py"
    file.write_text("# a comment\n" + file.read_text())
    assert planned(project) == set()
    file.write_text(file.read_text().replace("median", "mean"))
    assert planned(project) == rdms_of("shapes")


def test_a_metric_of_the_user(project):
    file = project.folder / "my_lab/metrics/cityblock.py"
    file.write_text(file.read_text().replace("pdist(activity,", "pdist(2 * activity,"))
    assert planned(project) == set().union(*map(rdms_of, CONFIG["stimuli"]))


def test_a_file_more_or_less(project):
    (project.folder / "jug/jug_000deg.png").unlink()
    assert planned(project) == of("cups") | of("scrambled")
    picture(project.folder / "jug/jug_000deg.png", 3)
    os.utime(project.folder / "jug/jug_000deg.png", (0, 0))
    assert planned(project) == set()
    for obj in ("cup", "jug"):
        picture(project.folder / f"{obj}/{obj}_270deg.png", 7)
        os.utime(project.folder / f"{obj}/{obj}_270deg.png", (0, 0))
    assert planned(project) == of("cups") | of("scrambled")


def test_a_table(project):
    write_table(project.folder, "xyxy")
    assert planned(project) == of("listed")


def test_mistakes_are_reported_before_any_job(project):
    (project.folder / "jug/cup_090deg.png").touch()
    config = project.config
    config["rdms"]["sets"]["colors"]["by"] = ["objct"]
    config["rdms"]["sets"]["kinds"]["by"] = ["kind", "letter"]
    project.write_config(config)
    done = project.run("--dry-run", "rdms", check=False)
    assert done.returncode
    says(
        done.stderr,
        "stimuli.cups.path: {obj}/{obj}_{color}deg.png: … jug/cup_090deg.png",
        "rdms.sets.colors: by: … 'objct'",
        "rdms.sets.kinds: ",
    )
    assert "Traceback" not in done.stderr

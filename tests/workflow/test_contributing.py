"""The plugins that CONTRIBUTING.md shows, put where it says and run by the study that it shows."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
import yaml
from project import REPOSITORY, Project
from scipy.spatial.distance import pdist

TEXT = (REPOSITORY / "CONTRIBUTING.md").read_text()
PLUGIN = r"^\*\*An? [\w ]+\*\*, `my_lab/(\S+\.py)`:\n\n```python\n(.*?)```"
FILES = dict(re.findall(PLUGIN, TEXT, re.MULTILINE | re.DOTALL))
(STUDY,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
STIMULI = ("checkerboards", "white_noise")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("contributing") / "project", yaml.safe_load(STUDY))
    for path, code in FILES.items():
        file = project.folder / "my_lab" / path
        file.parent.mkdir(parents=True)
        file.write_text(code)
    project.run()
    return project


@pytest.fixture(scope="module")
def results(project):
    return project.folder / "results/mine"


def activity(results, stimulus, layer):
    path = results / f"activations/squeezenet/{stimulus}/random/{layer}.nc"
    return xr.load_dataset(path).activation.values.astype(np.float64)


def test_there_is_one_of_each():
    assert [path.split("/")[0] for path in FILES] == ["stimuli", "metrics", "analyses", "figures"]


def test_files_that_it_names_are_there():
    (table,) = re.findall(r"^\| to change .*?\n\n", TEXT, re.MULTILINE | re.DOTALL)
    (types,) = re.findall(r"^What these methods take .*?\n\n- ", TEXT, re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([\w./]+\.(?:py|smk|yaml))`", table + types)
    assert len(named) > 50
    package = REPOSITORY / "workflow/repscape"
    patterns = ("STEP/NAME.py", "figures/lib/NAME_caption.py")
    assert [name for name in named if name not in patterns and not (package / name).is_file()] == []


def test_types_are_where_it_says():
    (rows,) = re.findall(r"^What these methods take .*?\n\n- ", TEXT, re.MULTILINE | re.DOTALL)
    for row in re.findall(r"^\| (`[A-Z].*) \| (.*) \|$", rows, re.MULTILINE):
        sources = "".join(
            (REPOSITORY / "workflow/repscape" / file).read_text() for file in re.findall(r"`(.*?)`", row[1])
        )
        for name in re.findall(r"`([A-Z]\w+)`", row[0]):
            assert re.search(rf"^class {name}\b", sources, re.MULTILINE), name


def test_they_are_in_the_house_style(project):
    files = [project.folder / "my_lab" / path for path in FILES]
    # beside the files, for it names folders by their paths from there
    shutil.copy(REPOSITORY / "pyproject.toml", project.folder)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, *map(str, files)]
        done = subprocess.run(ruff, cwd=project.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_planning_with_them_imports_nothing_heavy(project):
    code = (
        "import sys; from repscape.plugin import registry; registry.use(['my_lab'])\n"
        f"for file in {list(FILES)}:\n"
        "    registry.find(*file.removesuffix('.py').split('/'))\n"
        "print(*{'torch', 'matplotlib', 'netCDF4', 'xarray', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": str(project.folder / "workflow")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == []


def test_the_stimulus(results):
    found = xr.load_dataset(results / "stimuli/checkerboards.nc")
    assert list(found.checks.values) == ["1", "2", "4", "8", "16", "32"]
    assert not found.images[0].any()
    for image, number in zip(found.images.values[1:], (2, 4, 8, 16, 32), strict=True):
        check = np.ones((64 // number, 64 // number))
        board = np.kron(np.tile([[0, 255], [255, 0]], (number // 2, number // 2)), check)
        np.testing.assert_array_equal(image, np.stack([board] * 3, -1))


@pytest.mark.parametrize("stimulus", STIMULI)
def test_the_metric(results, stimulus):
    gallery = results / "figures/rdm_gallery.nc"
    layers = list(xr.load_dataset(gallery).layer.values)
    assert (layers[0], len(layers), layers[-1]) == ("input", 6, "predictions")
    shown = xr.load_dataset(gallery, group=stimulus).dissimilarity
    for at, layer in enumerate(layers):
        found = xr.load_dataset(results / f"rdms/squeezenet/{stimulus}/random/{layer}/n100.nc")
        drawn = xr.load_dataset(results / f"samples/squeezenet/random/{layer}/n100.nc")
        assert list(found.metric.values) == ["cityblock"]
        for repeat in (0, 1):
            units = xr.load_dataset(results / f"activations/squeezenet/{stimulus}/random/{layer}.nc").unit
            a = activity(results, stimulus, layer)[:, np.searchsorted(units, drawn.unit[repeat])]
            expected = pdist(a, "cityblock") / a.shape[1] / a.std()
            np.testing.assert_allclose(found.dissimilarity[0, repeat], expected, rtol=1e-5)
        np.testing.assert_allclose(shown[at], found.dissimilarity[0].mean("repeat"), rtol=1e-6)


def sparseness(answers):
    """Return S of the answers to one image, summed in a loop."""
    n, total, squares = len(answers), 0.0, 0.0
    for answer in answers:
        total += abs(answer)
        squares += answer**2
    return (1 - (total / n) ** 2 / (squares / n)) / (1 - 1 / n)


def test_the_analysis(results):
    found = xr.load_dataset(results / "analyses/sparseness.nc").sparseness
    assert list(found.stimulus.values) == list(STIMULI)
    assert list(found.layer.values[[0, 1, -1]]) == ["input", "block1", "predictions"]
    for stimulus in STIMULI:
        for layer in ("input", "block3", "predictions"):
            expected = np.mean([sparseness(answers) for answers in activity(results, stimulus, layer)])
            np.testing.assert_allclose(found.sel(stimulus=stimulus, layer=layer), expected, rtol=1e-9)


def test_the_figure(results):
    """Its lines pass through the values, by the scale of its ticks."""
    svg = (results / "figures/sparseness_by_depth.svg").read_text()
    values = xr.load_dataset(results / "analyses/sparseness.nc").sparseness
    lines = {stimulus: re.search(rf'<g id="{stimulus}">\s*<path d="([^"]*)"', svg)[1] for stimulus in STIMULI}
    heights = [float(y) for line in lines.values() for y in re.findall(r"[ML] \S+ (\S+)", line)]
    assert len(heights) == values.size
    zero, one = (float(re.search(rf' y="(\S+)"[^>]*>{tick}</text>', svg)[1]) for tick in ("0.0", "1.0"))
    above = (zero - np.array(heights)) / (zero - one)  # but for what a tick's text is set lower
    np.testing.assert_allclose(above - above[0], values.values.ravel() - values.values.ravel()[0], atol=1e-4)
    for words in (*STIMULI, "sparseness", "block10"):
        assert f">{words}</text>" in svg
    caption = (results / "figures/sparseness_by_depth.rst").read_text()
    assert caption.startswith("Sparseness of the responses of squeezenet (population ``random``)")

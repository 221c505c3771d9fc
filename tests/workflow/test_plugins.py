"""Plugins of all steps in a folder of one's own: a study of them, and what an edit of each makes anew."""

import re

import numpy as np
import pytest
import xarray as xr
from project import Project

# One file each, none of which the package knows.
FILES = {
    "lib/waves.py": """
import numpy as np


def square(length, cycles):
    return np.sign(np.sin(2 * np.pi * cycles * (np.arange(length) + 0.5) / length))
""",
    "stimuli/stripes.py": '''
import numpy as np
from repscape.plugin.contract import Seeded, Stimulus, parameter
from repscape.stimuli.lib.frame import Frame
from ..lib.waves import square


class Stripes(Seeded, Stimulus):
    """Stripes from coarse to fine, in noise."""

    count: int = parameter("How many images there are.", 6, ge=3)

    def images(self):
        random = np.random.default_rng(self.seed)
        for number in range(self.count):
            wave = 50 * square(32, number // 2 + 1)
            pixels = 128 + (wave if number % 2 else wave[:, None]) + random.normal(0, 10, (32, 32))
            way = "across" if number % 2 else "down"
            yield Frame(f"stripes_{number}", pixels.astype(np.uint8), label=way)

    def image_count(self):
        return self.count
''',
    "networks/tiny.py": '''
from repscape.networks.lib.loaded import Loaded
from repscape.plugin.contract import Network, Seeded, parameter
from repscape.traced.preprocess import Preprocess


class Tiny(Seeded, Network):
    """One convolution and one linear layer."""

    filters: int = parameter("How many filters there are.", 4, ge=1)

    def load(self):
        return self.untrained()

    def untrained(self):
        import torch
        from torch import nn

        torch.manual_seed(self.seed)
        module = nn.Sequential(
            nn.Conv2d(3, self.filters, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(),
            nn.Linear(9 * self.filters, 2),
        )
        return Loaded(module.eval(), Preprocess(resize=None, crop=32), "random", None)
''',
    "trainings/descent.py": '''
from repscape.plugin.contract import Training, parameter


class Descent(Training):
    """Full-batch gradient descent."""

    steps: int = parameter("How many there are.", 3, ge=1)

    def train(self, network, training, held_out):
        import torch

        optimizer = torch.optim.SGD(network.parameters(), 0.05)
        for _ in range(self.steps):
            ((images, targets),) = training.batches(len(training), torch.arange(len(training)))
            loss = torch.nn.functional.cross_entropy(network(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield [loss.item()]
''',
    "recordings/counts.py": '''
import numpy as np
from repscape.plugin.contract import ResponseRecording, Seeded, parameter
from repscape.recordings.lib.responses import Responses


class Counts(Seeded, ResponseRecording):
    """Spikes of neurons that are not there."""

    simulated = True

    neurons: int = parameter("How many there are.", 12, ge=1)

    def read(self, stimuli):
        random = np.random.default_rng(self.seed)
        for stimulus, seen in stimuli.items():
            counts = random.poisson(5.0, (len(seen.names), self.neurons))
            yield Responses("nowhere", stimulus, counts, by_file=False)
''',
    "populations/every_nth.py": '''
import numpy as np
from repscape.plugin.contract import Population, parameter
from repscape.populations.lib.layer import Selection


class EveryNth(Population):
    """One unit of so many."""

    of_recordings = True

    step: int = parameter("How many there are for each that is recorded.", 3, ge=1)

    def select(self, layer):
        chosen = np.arange(0, layer.units, self.step, dtype=np.int32)
        return Selection(chosen, "unit", len(chosen))

    def caption(self):
        return f"one of {self.step} units of each layer"
''',
    "metrics/cityblock.py": '''
import numpy as np
from repscape.metrics.lib.distances import pairs
from repscape.plugin.contract import Metric


class Cityblock(Metric):
    """Mean absolute difference."""

    squared = False
    caption = "mean absolute difference"

    def dissimilarity(self, activity, scaling):
        first, second = pairs(len(activity))
        return np.abs(activity[first] - activity[second]).mean(1) / np.float64(scaling.scale or np.nan)
''',
    "analyses/spread.py": '''
import numpy as np
from repscape.analyses.lib.result import Result
from repscape.plugin.contract import Analysis, parameter


class Spread(Analysis):
    """The largest dissimilarity of each RDM."""

    source: str = parameter("A network or recording.")

    def inputs(self, study):
        keys = [keys for keys in study.rdm_keys() if keys["source"] == self.source]
        return {"rdms": [study.path("rdm", **one) for one in keys]}

    def compute(self, files):
        from repscape.io import netcdf

        layers, largest = [], []
        for path in files["rdms"]:
            with netcdf.open_file(path, "rdm") as file:
                layers.append(file.layer)
                largest.append(float(file["dissimilarity"][:].max()))
        found = {"layer": (("layer",), layers), "largest": (("layer",), np.array(largest))}
        return Result(found, {"source": self.source})

    def rows(self, result):
        yield ("layer", "largest")
        yield from zip(result.variables["layer"][1], result.variables["largest"][1])
''',
    "figures/spread_by_layer.py": '''
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults


class SpreadByLayer(Figure):
    """The largest dissimilarities, a dot a layer."""

    category = "Spread"

    analysis: str | None = parameter("An analysis made by `spread`, by default that of its name.", None)

    def inputs(self, study):
        return {"spread": defaults.analysis_file(study, self.analysis, "spread")}

    def draw(self, data):
        table = data["spread"].load()
        fig = figure(50)
        fig.subplots().plot(table["largest"].values, "o", gid="largest")
        values = ", ".join(f"{value:.3f}" for value in table["largest"].values)
        return fig, f"The largest dissimilarities of {table.attrs['source']}: {values}."
''',
}
CONFIG = {
    "study": "own",
    "plugins": "my_lab",
    "stimuli": {
        "stripes": {"kind": "stripes"},
        "taught": {"kind": "stripes", "count": 8},
        "tested": {"kind": "stripes", "count": 4},
    },
    "networks": {
        "net": {
            "kind": "tiny",
            "stimuli": ["stripes"],
            "training": {"kind": "descent", "stimulus": "taught", "held_out": "tested"},
        }
    },
    "recordings": {"v1": {"kind": "counts", "stimulus": "stripes"}},
    "populations": {"third": {"kind": "every_nth"}},
    "samples": [{"population": "third"}],
    "rdms": {"metrics": ["cityblock"]},
    "analyses": {
        "of_net": {"kind": "spread", "source": "net"},
        "of_v1": {"kind": "spread", "source": "v1"},
    },
    "figures": {
        "net_spread": {"kind": "spread_by_layer", "analysis": "of_net"},
        "v1_spread": {"kind": "spread_by_layer", "analysis": "of_v1"},
        "rdm_gallery": {"source": "net"},
    },
}
FIGURES = {"net_spread", "v1_spread"}
RDMS = {"rdms_net", "rdms_v1", "of_net", "of_v1", "rdm_gallery"} | FIGURES
OF_NET = {"population", "activations_net", "samples_net", "rdms_net", "of_net", "net_spread", "rdm_gallery"}
OF_V1 = {"population", "activations_v1", "samples_v1", "rdms_v1", "of_v1", "v1_spread"}
TRAINED = {"training", "network"} | OF_NET
ALL = {"stimulus", "recording_v1"} | TRAINED | OF_V1
# Which rules run again after an edit of a file. A network is trained anew by what makes it, too.
ANEW = {
    "lib/waves.py": ALL,
    "stimuli/stripes.py": ALL,
    "networks/tiny.py": TRAINED,
    "trainings/descent.py": TRAINED,
    "recordings/counts.py": {"recording_v1"} | OF_V1,
    "populations/every_nth.py": (OF_NET | OF_V1),
    "metrics/cityblock.py": RDMS,
    "analyses/spread.py": {"of_net", "of_v1"} | FIGURES,
    "figures/spread_by_layer.py": FIGURES,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("plugins") / "project", CONFIG)
    for path, text in FILES.items():
        file = project.folder / "my_lab" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    project.run()
    return project


def test_a_study_of_them_alone_ends_in_figures_with_right_captions(project):
    results = project.folder / "results/own"
    for source in ("net", "v1"):
        found = xr.load_dataset(results / f"analyses/of_{source}.nc")
        largest = [
            xr.load_dataset(
                results / f"rdms/{source}/stripes/third/{layer}/nall.nc"
            ).dissimilarity.values.max()
            for layer in found.layer.values
        ]
        np.testing.assert_allclose(found.largest, largest)
        caption = (results / f"figures/{source}_spread.rst").read_text()
        assert f"of {source}: {', '.join(f'{value:.3f}' for value in largest)}." in caption
        assert ("simulated" in caption) == (source == "v1")
        table = (results / f"analyses/of_{source}.csv").read_text().splitlines()
        assert table[0] == "layer,largest"
        assert len(table) == len(largest) + 1


def test_figures_that_ship_say_what_the_plugins_say_of_themselves(project):
    caption = (project.folder / "results/own/figures/rdm_gallery.rst").read_text()
    for words in ("ean absolute difference", "ne of 3 units of each layer", "third"):
        assert words in caption


def test_numbers_are_those_of_the_plugins(project):
    results = project.folder / "results/own"
    layers = xr.load_dataset(results / "analyses/of_net.nc").layer.values
    activity = xr.load_dataset(results / f"activations/net/stripes/third/{layers[1]}.nc").activation.values
    first, second = np.triu_indices(len(activity), 1)
    expected = np.abs(activity[first] - activity[second]).mean(1) / activity.astype(float).std()
    rdm = xr.load_dataset(results / f"rdms/net/stripes/third/{layers[1]}/nall.nc").dissimilarity.values
    np.testing.assert_allclose(rdm.ravel(), expected, rtol=1e-5)


@pytest.mark.parametrize("path", FILES)
def test_an_edit_makes_anew_what_uses_the_file(project, path):
    file = project.folder / "my_lab" / path
    before = file.read_text()
    try:
        file.write_text(f"{before}\n_CHANGED = 1\n")
        assert {job.split()[0] for job in project.plan()} == ANEW[path]
    finally:
        file.write_text(before)


def test_comments_make_nothing_anew(project):
    for path, text in FILES.items():
        (project.folder / "my_lab" / path).write_text(f"# a comment\n{text}")
    assert project.plan() == set()


MISTAKES = {
    "misspelt": (
        "captoin = 'x'",
        r"cityblock\.py:\d+: Cityblock\.'captoin'.*'caption'",
    ),
    "syntax": ("def broken(:", r"cityblock\.py:\d+: .*SyntaxError"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_file_that_cannot_be_used_stops_the_plan_with_one_message(project, what):
    file = project.folder / "my_lab/metrics/cityblock.py"
    before = file.read_text()
    line, message = MISTAKES[what]
    try:
        file.write_text(f"{before}\n    {line}\n")
        done = project.run("--dry-run", check=False)
    finally:
        file.write_text(before)
    assert done.returncode != 0
    assert len(re.findall(message, done.stderr)) == 1, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("method", ["inputs", "compute"])
def test_a_plugin_that_fails_is_named(project, method):
    """In a plan the message names its file and line; in a job the log has the traceback as well."""
    file = project.folder / "my_lab/analyses/spread.py"
    before = file.read_text()
    try:
        file.write_text(re.sub(rf"(def {method}\(.*\n)", r"\1        raise KeyError('oh')\n", before))
        done = project.run("of_v1", check=False)
    finally:
        file.write_text(before)
    assert done.returncode != 0
    assert re.search(r"repscape: .*my_lab/analyses/spread\.py:\d+: KeyError: 'oh'", done.stderr), done.stderr
    if method == "compute":
        log = (project.folder / "results/own/logs/analyses/of_v1.log").read_text()
        assert "Traceback" in log
        assert "spread.py" in log
    project.run("of_v1")


def test_a_figure_that_saves_data_from_now_on_is_drawn_anew(project):
    """Snakemake takes no notice of a change where a file is new that nothing asks for."""
    file = project.folder / "my_lab/figures/spread_by_layer.py"
    before = file.read_text()
    try:
        file.write_text(before.replace("    def inputs(", "    saves_data = True\n\n    def inputs(", 1))
        assert {job.split()[0] for job in project.plan()} == FIGURES
    finally:
        file.write_text(before)


def test_an_analysis_that_has_a_table_from_now_on_is_made_anew_for_its_figure(project):
    """The figure asks for the analysis's data alone, which are there."""
    file = project.folder / "my_lab/analyses/spread.py"
    tables = [project.folder / f"results/own/analyses/of_{source}.csv" for source in ("net", "v1")]
    before, texts = file.read_text(), [table.read_text() for table in tables]
    without = before[: before.index("    def rows(")]
    try:
        file.write_text(without)
        project.run("net_spread", "v1_spread")
        for table in tables:
            table.unlink(missing_ok=True)
        file.write_text(before)
        assert {job.split()[0] for job in project.plan("net_spread")} >= {"of_net", "net_spread"}
        project.run("net_spread", "v1_spread")
        assert [table.read_text() for table in tables] == texts
    finally:
        file.write_text(before)

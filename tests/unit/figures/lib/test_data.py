"""What a figure shows that draws from recordings lies beside it, readable and labelled."""

from dataclasses import replace

import pytest
import xarray as xr

from repscape.core.errors import DataError
from repscape.figures.lib.data import opened
from repscape.figures.unit_activity import MARKS
from repscape.io.netcdf import open_file
from repscape.plugin import registry

LAYERS = ("input", "block2", "block17", "block19", "fc1", "predictions")
STIMULI = ("bikes", "pictures", "white_noise")


@pytest.fixture
def measured(results):
    """A small study with RDMs, some of them undefined."""
    return results(stimuli=STIMULI, layers=LAYERS).rdms(degenerate=[("white_noise", "predictions")])


def read(path, group=None):
    with xr.open_dataset(path, group=group) as data:
        return data.load()


def groups(path):
    with open_file(path, "figure") as file:
        return list(file.groups)


FROM_RECORDINGS = [
    *(("unit_activity", {"show": show}) for show in MARKS),
    ("pair_distances", {}),
    ("prediction_heatmap", {}),
    ("rdm_gallery", {}),
]
# What figures may show that leave no file of their own: it is there to be read as it is.
READ_AS_IT_IS = ("analyses/", "stimuli/", "networks/", "populations/", "recordings/")
# Analyses that have keys of their own, which figures of RDMs ask for.
OF_RDMS = {
    "mds": {"of": "all_images", "where": None, "dims": 2, "align": None},
    "mean_rdm": {"of": "all_images", "where": None, "over": ["repeat"]},
    "meta_rdm": {"of": "all_images", "where": None, "entries": ["layer"], "permutations": 0},
    "ring": {"of": "all_images", "where": None},
    "subset": {"of": "all_images", "where": None},
    "category_index": {"of": "all_images", "where": None},
}


REQUIRED = {
    "trained_untrained": {"trained": "mobilenet_v2", "untrained": "untrained"},
    "unit_activity": {"show": "bars"},
}
OF_TRAININGS = ("first_filters", "training_curves")


@pytest.mark.parametrize("name", registry.names("figures"))
def test_what_a_figure_shows_lies_in_a_file(results, name, inputs):
    study = results(sources=("mobilenet_v2", "untrained"), layers=LAYERS).study
    for analysis, keys in OF_RDMS.items():
        study.config["analyses"][analysis] = {"kind": analysis, **keys}
    stimuli = {name: {"kind": "white_noise"} for name in study.stimuli}
    config = study.config | {"rdms": {}, "stimuli": stimuli}
    config["networks"]["untrained"] |= {"training": {"kind": "sgd"}} if name in OF_TRAININGS else {}
    study = replace(study, config=config, analyses=(*study.analyses, *OF_RDMS))
    files = inputs(study, name, **REQUIRED.get(name, {})).values()
    read = [path for paths in files for path in ([paths] if isinstance(paths, str) else paths)]
    assert read
    own = [path for path in read if not path.removeprefix("results/default/").startswith(READ_AS_IT_IS)]
    assert bool(own) == registry.find("figures", name).saves_data


@pytest.mark.parametrize(("name", "parameters"), FROM_RECORDINGS)
def test_a_file_of_data_says_what_it_is_and_is_the_same_every_time(results, rendered, name, parameters):
    made = results(stimuli=STIMULI, layers=LAYERS).stimulus_files().layer_tables().rdms()
    made.activations("filter_means", "maps", "random")
    path = rendered(made, name, **parameters)
    before = path.read_bytes()
    assert rendered(made, name, **parameters).read_bytes() == before
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".nc", ".png", ".rst", ".svg"]
    data = read(path)
    assert {"kind": "figure", "plugin": name, "source": "mobilenet_v2"}.items() <= data.attrs.items()
    assert data.attrs["repscape_version"]
    with xr.open_datatree(path) as tree:
        variables = [variable for node in tree.subtree for variable in node.dataset.data_vars.values()]
        assert variables
        for variable in variables:
            assert variable.attrs["long_name"]


def test_a_truncated_file_is_named(results):
    made = results(stimuli=STIMULI, layers=LAYERS).layer_tables()
    path = made.root / made.study.path("layers", source="mobilenet_v2")
    path.write_bytes(path.read_bytes()[:-100])
    with (
        pytest.raises(DataError, match=r"layers\.nc:.*readable NetCDF file"),
        opened({"a": path}),
    ):
        pass

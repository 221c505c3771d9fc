"""What is taken where the config does not say; what is refused where it says something that there is not."""

import numpy as np
import pytest
import xarray as xr

from repscape.core.errors import ConfigError
from repscape.study import defaults
from repscape.study.study import Study

STUDY = Study(
    name="small",
    stimuli=("bikes", "noise"),
    layers={"net": ("input", "conv1"), "v1": ("recording",)},
    samples={"means": ("all",), "random": ("20", "100")},
    metrics=("cosine",),
    analyses=("mine",),
    config={"analyses": {"mine": {"kind": "mds"}, "mds": {"kind": "mds"}, "subset": {"kind": "subset"}}},
)


def test_one_is_the_first_and_many_are_all():
    assert defaults.one_or_default(None, ["b", "a"], "key") == "b"
    assert defaults.one_or_default("a", ["b", "a"], "key") == "a"
    assert defaults.many_or_all(None, ["b", "a"], "key") == ["b", "a"]
    assert defaults.many_or_all(["a", "a"], ["b", "a"], "key") == ["a"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: defaults.one_or_default("conv", ["conv1"], "layer"), "layer: 'conv' .*'conv1'"),
        (lambda: defaults.many_or_all([], ["a", "b"], "layers"), "layers: .*a, b"),
        (lambda: defaults.layers_of(STUDY, "v1", ["conv1"]), "layers: 'conv1'.*'v1'.*'source'"),
        (lambda: defaults.analysis_file(STUDY, "subset", "mds"), "analysis: 'subset' .*mds, mine"),
        (lambda: defaults.size_or_default(STUDY.samples, "random", 30), "size: '30'"),
    ],
)
def test_what_is_not_there_is_refused_by_its_key(call, message):
    with pytest.raises(ConfigError, match=message):
        call()


def test_populations_that_are_sampled_by_size_go_first():
    assert defaults.population_or_default(STUDY.samples, None) == "random"
    assert defaults.size_or_default(STUDY.samples, None, None) == ("random", "100")
    assert defaults.size_or_default(STUDY.samples, "means", None) == ("means", "all")


def test_the_analysis_of_the_plugins_name_is_the_default():
    assert defaults.analysis_file(STUDY, None, "mds") == "results/small/analyses/mds.nc"
    assert defaults.analysis_file(STUDY, "mine", "mds") == "results/small/analyses/mine.nc"


def test_sizes_are_those_of_some_source():
    drawn = np.zeros((2, 2, 3), int)
    drawn[0, 0, :2], drawn[1, 1, 2] = 5, 7
    table = xr.Dataset(
        {"n_drawn": (("source", "population", "size"), drawn)},
        {"population": ["random", "means"], "size": ["20", "100", "all"]},
    )
    assert defaults.sampled_sizes(table) == {"random": ("20", "100"), "means": ("all",)}

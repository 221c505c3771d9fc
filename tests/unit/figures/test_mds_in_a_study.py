"""What a figure of maps needs is checked when the plan is made."""

import pytest
from made_maps import LAYERS

from repscape.core.errors import ConfigError
from repscape.figures import mds
from repscape.plugin import schema
from repscape.study.study import Study


def study(**section):
    analyses = {"maps": {"kind": "mds", "of": "colors", "where": None, "dims": 2, "align": None} | section}
    analyses["layers"] = {"kind": "meta_rdm", "of": "all_images", "where": {"source": ["net"]}}
    analyses["layers"] |= {"entries": ["source", "layer"], "comparisons": ["pearson"]}
    sets = {"colors": {"stimulus": "shapes", "by": ["obj"], "entries": None}}
    return Study(
        name="s", stimuli=("shapes",), layers={"net": LAYERS, "twin": LAYERS},
        samples={"random": ("8", "all")}, metrics=("euclidean",), analyses=tuple(analyses),
        config={
            "rdms": {"sets": sets}, "analyses": analyses, "figures": {},
            "stimuli": {"shapes": {"kind": "shapes", "objects": 2, "colors": 4, "views": 1}},
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("section", "parameters", "message"),
    [
        ({}, {"where": {"layers": "input"}}, "where.*layers.*layer"),
        ({}, {"where": {"layer": "conv3"}}, "where.*layer.*conv3.*conv2"),
        ({}, {"where": {"repeat": 0}}, "where.*repeat"),
        (
            {"where": {"source": "net"}},
            {"where": {"source": "twin"}},
            "source.*twin.*Valid: net",
        ),
        (
            {"of": "layers"},
            {"where": {"metric": "spearman"}},
            "where.*metric.*spearman.*pearson",
        ),
        ({"of": "layers"}, {"where": {"metric_sub": "pearson"}}, "metric_sub.*pearson"),
        ({}, {"colour": "colour"}, "^colour.*colour.*color"),
        ({}, {"size": "objekt"}, "^size.*objekt.*obj"),
        ({}, {"trajectories": "layr"}, "^trajectories.*layr.*layer"),
        ({}, {"trajectories": "layer"}, "trajectories.*align: layer"),
        ({"of": "all_images"}, {"trajectories": "color"}, "trajectories.*color"),
    ],
)
def test_mistakes_are_told_before_the_job(section, parameters, message):
    with pytest.raises(ConfigError, match=message):
        mds.Mds(analysis="maps", **parameters).inputs(study(**section))


@pytest.mark.parametrize(
    ("section", "parameters"),
    [
        (
            {},
            {"colour": "color", "size": "obj", "where": {"obj": "cup", "size": 8, "source": ["net", "twin"]}},
        ),
        ({}, {"trajectories": "color", "colour": "label", "size": "layer"}),
        ({"align": "layer"}, {"trajectories": "layer", "where": {"draws": 1}}),
        ({"of": "all_images"}, {"colour": "image", "where": {"metric": "euclidean", "stimulus": "shapes"}}),
        ({"of": "layers"}, {"trajectories": "layer", "colour": "source", "where": {"metric": "pearson"}}),
        ({"of": ["colors", "all_images"]}, {"colour": "color", "where": {"layer": "fc1"}}),
    ],
)
def test_what_there_is_is_accepted_before_the_job(section, parameters):
    found = mds.Mds(analysis="maps", **parameters).inputs(study(**section))
    assert found == {"mds": "results/s/analyses/maps.nc", "stimuli": ["results/s/stimuli/shapes.nc"]}


def test_factors_that_only_a_job_can_tell_are_not_checked_before(monkeypatch):
    monkeypatch.setattr(schema, "factors", lambda section: None)
    assert mds.Mds(analysis="maps", colour="colour", trajectories="hue").inputs(study())

import pytest

from repscape.analyses import collection
from repscape.errors import ConfigError
from repscape.study import Study

SETS = {"colors": {"stimulus": "shapes", "by": ["obj"], "entries": ["color"]}}
ANALYSES = {
    "spaces": {"analysis": "meta_rdm", "of": "colors", "entries": ["obj"]},
    "sd": {"analysis": "sd_cd"},
}


@pytest.fixture
def study():
    return Study(
        name="s",
        stimuli=("noise", "shapes"),
        layers={"net": ("input", "conv1"), "twin": ("input",)},
        samples={"random": ("200", "all")},
        metrics=("correlation",),
        analyses=("sd", "spaces"),
        config={"rdms": {"sets": SETS}, "analyses": ANALYSES},
    )


def test_all_images_of_all_stimuli(study):
    files = collection.inputs(study, "all_images")["collection"]
    assert len(files) == 2 * 3 * 2
    assert "results/s/rdms/net/noise/random/conv1/n200.nc" in files


def test_a_set_is_in_the_files_of_its_stimulus(study):
    files = collection.inputs(study, "colors", {"layer": "conv1", "size": 200, "obj": "cup"})["collection"]
    assert files == ["results/s/rdms/net/shapes/random/conv1/n200.nc"]


def test_rdms_that_an_analysis_made(study):
    assert collection.inputs(study, "spaces") == {"collection": ["results/s/analyses/spaces.nc"]}


@pytest.mark.parametrize(
    ("of", "where", "message"),
    [
        (
            "colours",
            None,
            r"of: 'colours' is unknown; did you mean 'colors'\? Valid: all_images, colors, spaces",
        ),
        ("sd", None, "of: 'sd' is unknown"),
        ("colors", {"layer": "conv"}, "where: layer: 'conv' is unknown; did you mean 'conv1'"),
        ("colors", {"color": "090"}, "where: 'color' is unknown"),
        ("colors", {"stimulus": "noise"}, "where: stimulus: 'noise' is unknown"),
        ("all_images", {"source": "twin", "layer": "conv1"}, "no RDM with all of these labels"),
    ],
)
def test_mistakes_are_told_before_a_job_starts(study, of, where, message):
    with pytest.raises(ConfigError, match=message):
        collection.inputs(study, of, where)

import json
from pathlib import Path

import pytest
import yaml

from repscape import config
from repscape.report.contents import contents, inputs

REPOSITORY = Path(__file__).parents[3]


def resolved(**changes):
    path = REPOSITORY / "config/config.yaml"
    given = yaml.safe_load(path.read_text()) | changes
    return config.resolve(given, [path]), list(given["figures"])


@pytest.fixture(scope="module")
def default():
    return resolved()


def test_figures_have_the_order_of_the_users_config(default):
    study, order = default
    assert [one["name"] for one in contents(study, order)["figures"]] == order
    names = [Path(file).stem for file in inputs(study, order)["png"]]
    assert names == order
    assert sorted(order) == [one["name"] for one in contents(study)["figures"]]


def test_a_figure_that_the_config_does_not_have_is_not_on_the_page(default):
    _, order = default
    less, _ = resolved(figures={"predicted_labels": None})
    found = contents(less, order)
    assert [one["name"] for one in found["figures"]] == ["predicted_labels"]
    assert "rdm_gallery" not in json.dumps(found)


def test_each_figure_links_to_what_it_shows(default):
    study, order = default
    figures = {one["name"]: one for one in contents(study, order)["figures"]}
    assert figures["rdm_gallery"]["data"] == ["figures/rdm_gallery.nc"]
    assert figures["predicted_labels"]["data"] == ["analyses/predictions.nc", "analyses/predictions.csv"]
    assert figures["predicted_labels"]["svg"] == "figures/predicted_labels.svg"


def test_sources_say_how_many_layers_they_have(default):
    found = {one["name"]: one for one in contents(*default)["sources"]}
    assert {name: one["count"] for name, one in found.items()} == {"mobilenet_v2": 23, "untrained": 23}
    assert found["untrained"]["stimuli"] == ["bikes", "pictures", "white_noise"]


def test_the_config_has_the_analyses_that_are_made_alone(default):
    made = contents(*default)["config"]["analyses"]
    assert {"differentiation", "predictions", "preprocessing"} <= set(made)
    assert "angle_decoding" not in made
    assert made["differentiation"]["median"] == "pairs"  # a default


def test_it_is_plain_and_the_same_each_time(default):
    """A parameter of a job: what differs makes the page anew."""
    first, second = contents(*default), contents(*resolved())
    assert json.loads(json.dumps(first)) == first
    assert repr(first) == repr(second)
    yaml.safe_dump(first["config"])

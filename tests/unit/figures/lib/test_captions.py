"""Captions say what was computed, of which units, and why something is not there."""

import json

import docutils.core
import pytest
import xarray as xr
from legible import assert_mentions

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.plugin import registry

SMALL = ("input", "block1", "block2", "block17", "fc1", "predictions")
FEW = ("bikes", "pictures", "white_noise")


def set_measure(made, measure):
    """Let the first metric of a study's RDMs and table be another one under its name."""
    import netCDF4

    for path in made.root.rglob("*.nc"):
        with netCDF4.Dataset(path, "a") as file:
            if "measure" in file.variables:
                file["measure"][0] = measure
    return made


CAPTIONS = {name: registry.find("metrics", name).caption for name in registry.names("metrics")}


# What a metric is called is not what it computes


@pytest.mark.parametrize(
    ("measure", "name", "words"),
    [
        ("euclidean", "euclidean", CAPTIONS["euclidean"]),
        ("euclidean", "raw", f"{CAPTIONS['euclidean']} (raw)"),
        ("own.py:cityblock", "cityblock", "dissimilarity by own.py:cityblock"),
    ],
)
def test_a_metric_is_what_it_computes(measure, name, words):
    assert captions.metric(measure, name) == words


@pytest.mark.parametrize(
    "name",
    [
        "differentiation_by_depth", "sampling_error", "sd_cd_scatter", "sd_cd_r2_by_depth", "ranking_table",
        "rdm_gallery", "pair_distances", "distances",
        "distance_r2_by_depth",
    ],
)  # fmt: skip
def test_figures_name_what_was_computed(results, draw, name):
    made = results(stimuli=FEW, layers=SMALL)
    made.samples = {"random": ("200", "10000")}
    set_measure(made.differentiation().population().rdms(), "spearman")
    made.analyse("sd_cd").analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
    made.analyse("distances", seed=0, permutations=19)
    figure, caption = draw(made, name)
    assert f"{CAPTIONS['spearman']} (sqeuclidean)" in caption
    assert CAPTIONS["sqeuclidean"] not in caption
    words = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert not [text for text in words if CAPTIONS["sqeuclidean"] in text]


# What a population is


def test_a_population_is_said_with_its_name():
    said = captions.recorded("mine", json.dumps({"kind": "random", "units": 10000}))
    assert_mentions(said, "10,000", "``mine``")


def test_a_population_of_a_plugin_that_is_gone_has_a_plain_sentence():
    for section in ({"kind": "lost", "units": 3}, {"kind": "random", "units": "many"}):
        said = captions.recorded("mine", json.dumps(section))
        assert_mentions(said, section["kind"], "``mine``")


def test_draws_are_said_with_what_becomes_of_small_layers():
    draws = [captions.Draws("200", 100, False), captions.Draws("5000", 1, True)]
    top = json.dumps({"kind": "top", "units": 5000, "reference": ["noise"]})
    said = captions.units("top", top, "random", draws)
    assert_mentions(said, "noise", "5,000", "``top``", "200", "100 times", "5,000 units once", "fewer")
    said = captions.units("all", '{"kind": "all"}', "random", [captions.Draws("all", 1, False)])
    assert "random" not in said
    draws = [captions.Draws("1", 2, False), captions.Draws("5", 1, False)]
    said = captions.units("all", '{"kind": "all"}', "random", draws)
    assert_mentions(said, "``all``", "1 unit was", "2 times", "5 units once")
    assert "fewer" not in said


# What was not shown or not sampled is not undefined


SHOWN = {"raw": ("bikes",)}


@pytest.fixture
def two(results):
    return lambda **parts: results(
        stimuli=FEW, layers=SMALL, sources=("mobilenet_v2", "raw")
    ).differentiation(**parts)


def test_what_was_not_shown_is_no_gap(two, draw):
    _, caption = draw(two(shown=SHOWN), "differentiation_by_depth")
    assert "pictures and white_noise" in caption
    assert "Gaps" not in caption
    _, caption = draw(two(shown=SHOWN, degenerate=[("bikes", "fc1")]), "differentiation_by_depth")
    assert "fc1 of mobilenet_v2 (bikes); fc1 of raw (" in caption


def test_a_source_without_data_has_no_panel(two, draw):
    made = two(sampled={"raw": ("10000",)})
    figure, caption = draw(made, "differentiation_by_depth", sizes=[200])
    assert len(figure.axes) == 1
    assert "without these samples" in caption
    figure, caption = draw(made, "differentiation_by_depth")
    assert len(figure.axes) == 2
    assert "Gaps" not in caption


def test_a_source_that_was_not_shown_the_reference_is_not_normalised(two, draw):
    figure, caption = draw(two(shown=SHOWN), "differentiation_by_depth", normalised=True)
    assert len(figure.axes) == 1
    assert "raw" in caption
    assert "Gaps" not in caption


def test_a_source_that_has_no_such_sample_is_refused_where_it_is_named(results, inputs):
    from dataclasses import replace

    made = results(stimuli=FEW, layers=SMALL, sources=("mobilenet_v2", "raw"))
    study = replace(made.study, drawn={"raw": {"random": ("10000",)}})
    inputs(study, "differentiation_by_depth", sizes=[200])
    with pytest.raises(ConfigError, match=r"sources: 'raw'.*sample.* 200 units.*'random'"):
        inputs(study, "differentiation_by_depth", sources=["raw"], sizes=[200])


def test_sampling_error_leaves_what_was_not_shown_unsaid(two, draw):
    made = two(shown=SHOWN).population()
    _, caption = draw(made, "sampling_error", source="raw")
    assert "1 stimulus (30 images)" in caption
    assert "Not shown" not in caption
    assert "Gaps" not in caption


def test_figures_of_one_source_count_what_it_was_shown(two, draw):
    made = two(shown={"raw": ("bikes", "white_noise")}).analyse("sd_cd")
    figure, caption = draw(made, "sd_cd_scatter", source="raw")
    assert "2 stimuli" in caption
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["bikes", "white_noise"]


# Stimuli can be chosen, and twins are told


def test_stimuli_can_be_chosen(results, draw):
    made = results(layers=SMALL).differentiation().population().rdms()
    chosen = ["bikes", "gratings", "pictures"]
    for name in ("differentiation_by_depth", "sampling_error"):
        _, caption = draw(made, name, stimuli=chosen)
        assert "3 stimuli (30 images each; pictures: 20)" in caption
    _, caption = draw(made, "differentiation_by_depth", stimuli=chosen, normalised=True)
    assert "3 stimuli" in caption
    _, caption = draw(made, "rdm_gallery", stimuli=chosen)
    assert "3 stimuli" in caption
    _, caption = draw(made.analyse("sd_cd", stimuli=chosen), "sd_cd_scatter")
    assert "3 stimuli" in caption
    made.samples = {"random": ("10000",)}
    made.analyse("distances", seed=0, permutations=19, stimuli=chosen)
    _, caption = draw(made, "distances", by="layer")
    assert "(30 images each; pictures: 20)" in caption
    made.analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking", stimuli=chosen)
    with xr.open_dataset(made.root / made.study.path("analysis", analysis="ranking")) as ranking:
        assert set(ranking.stimulus.values.ravel()) - {""} == set(chosen)
    for name in ("sd_cd", "ranking", "distances"):
        with pytest.raises(ConfigError, match=r"'bike'.*'bikes'"):
            registry.find("analyses", name)(stimuli=["bike"]).inputs(made.study)


def test_stimuli_of_the_same_pixels_are_told(results, draw, caplog):
    made = results(layers=SMALL)
    made.same = {"bikes": "gratings"}
    made.differentiation().analyse("sd_cd")
    assert "bikes, gratings" in caplog.text
    for name in ("sd_cd_scatter", "sd_cd_r2_by_depth"):
        _, caption = draw(made, name)
        assert "bikes, gratings" in caption


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([0.001, 0.01, 1, 100], ["0.001", "0.01", "1", "100"]),
        ([0, 1e-5, 0.0001, 0.3, 1, 10], ["0", "10⁻⁵", "10⁻⁴", "3·10⁻¹", "1", "10"]),
        ([-1e-6, -0.25, 2e-5], ["−10⁻⁶", "−2.5·10⁻¹", "2·10⁻⁵"]),
        ([1e9, 0.5], ["10⁹", "0.5"]),
    ],
)
def test_numbers_of_one_axis_are_written_alike(values, written):
    assert captions.alike(values) == written


@pytest.mark.parametrize(
    "name",
    ["a*b*c", "`x`_", "end_", "|sub|", "back\\slash", "*", "http_", "näme", "a__", "x_y_z", "Crock_ Pot"],
)
def test_any_name_can_stand_in_a_caption(name):
    document = docutils.core.publish_doctree(
        f"From {captions.escape(name)}, to ({captions.escape(name)}).",
        settings_overrides={"report_level": 1, "warning_stream": False},
    )
    assert document.astext() == f"From {name}, to ({name})."


def test_a_span_of_numbers():
    assert captions.span([2000, 10, 30]) == "10 to 2,000"
    assert captions.span([7.0, 7.0]) == "7"

"""Captions say what was computed, of which units, and why something is not there."""

import json

import docutils.core
import pytest
import xarray as xr

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


# What a metric is called is not what it computes


@pytest.mark.parametrize(
    ("measure", "name", "words"),
    [
        ("euclidean", "euclidean", "Euclidean distance, summed over units"),
        ("euclidean", "raw", "Euclidean distance, summed over units (raw)"),
        ("own.py:cityblock", "cityblock", "dissimilarity by own.py:cityblock"),
        ("own.py:cityblock", "raw", "dissimilarity by own.py:cityblock (raw)"),
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
    assert "rank correlation distance (1 − ρ) (sqeuclidean)" in caption
    assert "squared Euclidean" not in caption
    words = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert not [text for text in words if "squared Euclidean" in text]


# What a population is


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"kind": "all"}, "all units of each layer"),
        ({"kind": "random", "units": 10000}, "up to 10,000 units of each layer, recorded at random"),
        ({"kind": "random", "units": 1}, "up to 1 unit of each layer, recorded at random"),
        (
            {"kind": "top", "units": 1000, "reference": ["noise", "film"]},
            "the units of each layer with the largest mean response to noise and film, up to 1,000",
        ),
        (
            {"kind": "top", "units": 5, "reference": "noise"},
            "the units of each layer with the largest mean response to noise, up to 5",
        ),
        ({"kind": "filters", "channels": [0, 7]}, "of these filters of each layer: 0 and 7"),
        ({"kind": "filters", "channels": "0:32"}, "of these filters of each layer: 0:32"),
        ({"kind": "filters", "channels": {"a": [1]}}, "all positions of the filters chosen in each layer"),
        (
            {"kind": "region", "centre": [112, 80.5], "radius": 20},
            "whose receptive fields are centred within 20 pixels of y = 112, x = 80.5",
        ),
        ({"kind": "filter_means"}, "filters over positions (with one position, its units)"),
        ({"kind": "position_means"}, "the means of each layer's positions over channels"),
    ],
)
def test_a_population_is_said(section, words):
    said = captions.recorded("mine", json.dumps(section))
    assert words in said
    assert said.endswith("(population ``mine``)")


def test_every_population_has_words_of_its_own():
    keys = {"units": 3, "reference": ["a"], "channels": [1], "centre": [1, 2], "radius": 3}
    for name in registry.names("populations"):
        assert "selected by" not in captions.recorded("p", json.dumps({"kind": name} | keys))


def test_a_population_of_a_plugin_that_is_gone_has_a_plain_sentence():
    for section in ({"kind": "lost", "units": 3}, {"kind": "random", "units": "many"}):
        said = captions.recorded("mine", json.dumps(section))
        assert said == f"the units of each layer selected by {section['kind']} (population ``mine``)"


def test_draws_are_said_with_what_becomes_of_small_layers():
    draws = [captions.Draws("200", 100, False), captions.Draws("5000", 1, True)]
    top = json.dumps({"kind": "top", "units": 5000, "reference": ["noise"]})
    assert captions.units("top", top, "random", draws) == (
        "Of the units of each layer with the largest mean response to noise, up to 5,000 (population "
        "``top``), 200 were drawn at random 100 times and 5,000 once; of a layer with fewer, all, once."
    )
    assert captions.units("all", '{"kind": "all"}', "random", [captions.Draws("all", 1, False)]) == (
        "Of all units of each layer (population ``all``), all were used."
    )
    draws = [captions.Draws("1", 2, False), captions.Draws("5", 1, False)]
    assert captions.units("all", '{"kind": "all"}', "random", draws) == (
        "Of all units of each layer (population ``all``), 1 was drawn at random 2 times and 5 once."
    )


# What was not shown or not sampled is not undefined


SHOWN = {"raw": ("bikes",)}


@pytest.fixture
def two(results):
    return lambda **parts: results(
        stimuli=FEW, layers=SMALL, sources=("mobilenet_v2", "raw")
    ).differentiation(**parts)


def test_what_was_not_shown_is_no_gap(two, draw):
    _, caption = draw(two(shown=SHOWN), "differentiation_by_depth")
    assert "raw was not shown pictures and white_noise." in caption
    assert "Gaps" not in caption
    _, caption = draw(two(shown=SHOWN, degenerate=[("bikes", "fc1")]), "differentiation_by_depth")
    assert "Gaps: fc1 of mobilenet_v2 (bikes); fc1 of raw (all stimuli)" in caption


def test_a_source_without_data_has_no_panel(two, draw):
    made = two(sampled={"raw": ("10000",)})
    figure, caption = draw(made, "differentiation_by_depth", sizes=[200])
    assert len(figure.axes) == 1
    assert "Not drawn, because not sampled so or not shown what is drawn: raw." in caption
    figure, caption = draw(made, "differentiation_by_depth")
    assert len(figure.axes) == 2
    assert "Gaps" not in caption


def test_a_source_that_was_not_shown_the_reference_is_not_normalised(two, draw):
    figure, caption = draw(two(shown=SHOWN), "differentiation_by_depth", normalised=True)
    assert len(figure.axes) == 1
    assert "not shown what is drawn: raw." in caption
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
    assert "for 1 stimulus (30 images)" in caption
    assert "Not shown" not in caption
    assert "Gaps" not in caption


def test_figures_of_one_source_count_what_it_was_shown(two, draw):
    made = two(shown={"raw": ("bikes", "white_noise")}).analyse("sd_cd")
    figure, caption = draw(made, "sd_cd_scatter", source="raw")
    assert "for 2 stimuli" in caption
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["bikes", "white_noise"]


# Stimuli can be chosen, and twins are told


def test_stimuli_can_be_chosen(results, draw):
    made = results(layers=SMALL).differentiation().population().rdms()
    chosen = ["bikes", "gratings", "pictures"]
    for name in ("differentiation_by_depth", "sampling_error"):
        _, caption = draw(made, name, stimuli=chosen)
        assert "for 3 stimuli (30 images each; pictures: 20)" in caption
    _, caption = draw(made, "differentiation_by_depth", stimuli=chosen, normalised=True)
    assert "for 3 stimuli" in caption
    _, caption = draw(made, "rdm_gallery", stimuli=chosen)
    assert "matrices of 3 stimuli" in caption
    _, caption = draw(made.analyse("sd_cd", stimuli=chosen), "sd_cd_scatter")
    assert "for 3 stimuli" in caption
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
    assert "stimuli bikes, gratings have the same pixels and count 2 times" in caplog.text
    for name in ("sd_cd_scatter", "sd_cd_r2_by_depth"):
        _, caption = draw(made, name)
        assert "Of the same pixels, and so counted several times, are bikes, gratings." in caption


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

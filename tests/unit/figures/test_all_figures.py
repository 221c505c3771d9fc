"""What holds for all figures: texts are legible, captions plain, colours the same, mistakes named."""

import pytest
from coding import drawn
from legible import assert_legible, assert_paragraph
from made_study import SMALL

from repscape.core.errors import ConfigError
from repscape.plugin import registry

LONG = tuple(f"{i:02d}_mousecam-with_a_rather_long_name-{i}.mp4" for i in range(11))
MANY = ("input", *(f"features.{i}.denseblock{i}.denselayer{i}.conv" for i in range(153)), "predictions")
STUDIES = {
    "default": {},
    "one stimulus": {"stimuli": ("white_noise",), "layers": SMALL},
    "twelve with long names, two sources": {
        "stimuli": (*LONG, "white_noise"),
        "sources": ("mobilenet_v2", "mobilenet_v2_untrained"),
        "layers": SMALL,
    },
    "many layers": {"stimuli": ("bikes", "white_noise"), "layers": MANY},
}
FIGURES = [
    ("differentiation_by_depth", {}),
    ("differentiation_by_depth", {"normalised": True}),
    ("differentiation_by_depth", {"population": "filter_means", "metric": "correlation"}),
    ("sampling_error", {}),
    ("rdm_gallery", {}),
    ("predicted_labels", {"images": 6, "top": 3}),
    ("preprocessing_gallery", {}),
    ("layer_table", {}),
    ("differentiation_by_depth", {"band": "both"}),
    ("sd_cd_scatter", {}),
    ("sd_cd_r2_by_depth", {}),
    ("distances", {}),
    ("distances", {"by": "layer"}),
    ("distance_r2_by_depth", {}),
    ("ranking_table", {}),
    ("trained_untrained", {}),
    ("unit_activity", {"show": "bars", "images": 6}),
    ("pair_distances", {}),
    ("unit_activity", {"show": "histogram", "images": 4}),
    ("unit_activity", {"show": "profiles", "images": 6}),
    ("unit_activity", {"show": "heatmap"}),
    ("prediction_heatmap", {"classes": 50}),
    ("unit_activity", {"show": "map", "population": "maps"}),
]
NEED_RDMS = (
    "rdm_gallery",
    "pair_distances",
    "distances",
    "distance_r2_by_depth",
    "ranking_table",
)


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Every study with all its files, made once."""
    made = {}

    def get(name, maker):
        if name not in made:
            root = tmp_path_factory.mktemp("study")
            study = maker(root, **STUDIES[name])
            layers = study.layers
            study.differentiation().population().stimulus_files().predictions().preprocessing().layer_tables()
            study.activations("filter_means", "maps", "random")
            if len(study.stimuli) > 2:
                study.analyse("sd_cd")
            if len(layers) < 30:
                samples, study.samples = study.samples, {"random": ("100000",)}
                study.rdms().analyse("distances", seed=0, permutations=19)
                study.analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
                study.samples = samples
            made[name] = study
        return made[name]

    return get


@pytest.mark.parametrize(("name", "parameters"), FIGURES)
@pytest.mark.parametrize("kind", STUDIES)
def test_texts_neither_overlap_nor_leave_the_page(studies, results_class, draw, kind, name, parameters):
    if (
        (kind, parameters.get("normalised")) == ("one stimulus", True)
        or (kind == "many layers" and (name in NEED_RDMS or "band" in parameters))
        or (len(STUDIES[kind].get("stimuli", "abc")) < 3 and name.startswith("sd_cd"))
        or ("sources" not in STUDIES[kind] and name == "trained_untrained")
    ):
        pytest.skip("there is no such figure")
    figure, caption = draw(studies(kind, results_class), name, **parameters)
    assert_legible(figure, name != "rdm_gallery" and parameters.get("show") != "map")
    assert_paragraph(caption)


@pytest.mark.parametrize(
    ("name", "parameters", "stimuli"),
    [
        ("sd_cd_scatter", {}, LONG[:3]),
        ("sd_cd_r2_by_depth", {}, LONG[:3]),
        ("distance_r2_by_depth", {}, LONG[:2]),
        ("distances", {"by": "layer"}, LONG[:2]),
        ("distances", {}, LONG[:2]),
        ("ranking_table", {}, LONG[:2]),
    ],
)
def test_figures_of_many_layers_are_legible(results, draw, name, parameters, stimuli):
    made = results(stimuli=stimuli, layers=MANY).differentiation()
    if name.startswith("sd_cd"):
        made.analyse("sd_cd")
    else:
        made.images = dict.fromkeys(stimuli, 4)
        made.samples = {"random": ("100000",)}
        made.rdms()
        if name.startswith("distance"):
            made.analyse("distances", seed=0, permutations=19)
        else:
            made.analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
    figure, caption = draw(made, name, **parameters)
    assert_legible(figure)
    assert_paragraph(caption)


def test_legends_of_many_stimuli_fit_the_page(results, draw):
    stimuli = (*(f"movie{i}" for i in range(19)), "white_noise")
    made = results(stimuli=stimuli, layers=SMALL)
    made.images = dict.fromkeys(stimuli, 30)
    made.differentiation().analyse("sd_cd")
    for name, parameters in (
        ("differentiation_by_depth", {"normalised": True, "sizes": [200]}),
        ("sd_cd_scatter", {}),
    ):
        figure, _ = draw(made, name, **parameters)
        assert_legible(figure)


def test_a_stimulus_has_the_same_colour_everywhere(results, draw, artists):
    made = results(layers=SMALL).differentiation().population().rdms().stimulus_files().predictions()
    colours = made.style.colours
    for name in ("differentiation_by_depth", "sampling_error"):
        figure, _ = draw(made, name)
        for gid, line in artists(figure, "lines").items():
            if gid.count("/") == 2:
                assert line.get_color() == colours[gid.split("/")[1]]
        (legend,) = figure.legends
        keyed = {
            text.get_text(): handle
            for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
            if text.get_text()
        }
        for stimulus, colour in colours.items():
            assert keyed[stimulus].get_color() == colour
    for name in ("rdm_gallery", "predicted_labels"):
        figure, _ = draw(made, name)
        bars = [patch for patch in figure.axes[0].patches if patch.get_width() == 1 and patch.get_x() < 28]
        shown = [matplotlib_hex(bar.get_facecolor()) for bar in bars]
        assert shown == list(colours.values())


def matplotlib_hex(colour):
    from matplotlib.colors import to_hex

    return to_hex(colour).upper()


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("differentiation_by_depth", {"metric": "correlaton"}, "metric: .*'correlation'"),
        (
            "differentiation_by_depth",
            {"population": "rnd"},
            "population: 'rnd'.*filter_means, random",
        ),
        (
            "differentiation_by_depth",
            {"sizes": [200, 300]},
            "sizes: '300'.*200, 10000, 100000",
        ),
        ("differentiation_by_depth", {"sizes": []}, r"sizes:.*list.*empty"),
        ("sampling_error", {"source": "vgg16"}, "source: 'vgg16'.*mobilenet_v2"),
        ("sampling_error", {"population": "filter_means"}, "drawn once at every size"),
        ("rdm_gallery", {"layers": ["input", "blok1"]}, "layers: 'blok1'.*'block1'"),
        ("rdm_gallery", {"layers": ["blok1"]}, r"predictions. These.*layers.*'mobilenet_v2'.*key"),
        ("unit_activity", {"show": "map", "filters": {"blok1": [0]}}, r"layers.*'mobilenet_v2'"),
        ("rdm_gallery", {"size": 5}, "size: '5'"),
        ("rdm_gallery", {"metric": "cosine"}, "metric: 'cosine'"),
        ("rdm_gallery", {"source": "vgg16"}, "source: 'vgg16'"),
        ("predicted_labels", {"source": "vgg16"}, "source: 'vgg16'"),
        ("predicted_labels", {"stimuli": ["cats"]}, "stimuli: 'cats'.*pictures"),
        ("preprocessing_gallery", {"source": "vgg16"}, "source: 'vgg16'"),
        ("preprocessing_gallery", {"stimuli": ["cats"]}, "stimuli: 'cats'"),
        ("layer_table", {"source": "vgg16"}, "source: 'vgg16'"),
        ("layer_table", {"population": "rnd"}, "population: 'rnd'"),
    ],
)
def test_an_unknown_name_is_told_when_the_plan_is_made(results, name, parameters, message, inputs):
    with pytest.raises(ConfigError, match=message):
        inputs(results(layers=SMALL).study, name, **parameters)


def test_every_figure_says_its_group_in_the_report():
    for name in registry.names("figures"):
        assert registry.find("figures", name).category


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("decoding_error", {}),
        ("decoding_curves", {}),
        ("decoding_curves", {"source": "mouse", "layer": "V1"}),
        ("decoded_angles", {}),
        ("decoded_angles", {"layers": {"alexnet": ["input", "fc"]}}),
        ("encoding_by_depth", {}),
        ("encoding_by_depth", {"normalised": False, "correction": "holm"}),
        ("encoding_reliability", {}),
        ("encoding_reliability", {"layers": {"alexnet": "fc"}}),
    ],
)
def test_figures_of_coding_are_legible(decoded, encoded, name, parameters):
    figure, caption, _ = drawn(encoded if "encoding" in name else decoded, name, **parameters)
    assert_legible(figure, full_width=False)
    assert_paragraph(caption)

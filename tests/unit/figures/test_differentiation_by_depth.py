"""The figure of differentiation by depth shows the means over draws, and what could not be measured."""

import re

import netCDF4
import numpy as np
import pytest
from legible import assert_legible, assert_mentions
from made_study import FIVE, FOUR, SMALL

from repscape.core.errors import ConfigError


@pytest.mark.parametrize("normalised", [False, True])
def test_differentiation_is_the_mean_over_draws_with_a_band_of_one_sd(results, draw, normalised, artists):
    made = results(layers=SMALL).differentiation()
    figure, _ = draw(made, "differentiation_by_depth", normalised=normalised)
    data = made.read("analysis", analysis="differentiation")[
        "normalised" if normalised else "differentiation"
    ]
    data = data.sel(source="mobilenet_v2", metric="sqeuclidean", population="random")
    drawn = artists(figure, "lines")
    assert len(drawn) == (5 if normalised else 6) * 3
    for stimulus in set(made.stimuli) - ({"white_noise"} if normalised else set()):
        for size in ("200", "10000", "100000"):
            each = data.sel(stimulus=stimulus, size=size).values  # (layer, repeat)
            expected = [np.mean(row[np.isfinite(row)]) for row in each]
            np.testing.assert_allclose(drawn[f"mobilenet_v2/{stimulus}/{size}"].get_ydata(), expected)
    bands = figure.axes[0].collections
    # 100,000 units were drawn once: no band
    assert len(bands) == (5 if normalised else 6) * 2
    ordered = [s for s in made.stimuli if not (normalised and s == "white_noise")]
    for band, (stimulus, size) in zip(
        bands, [(s, z) for s in ordered for z in ("200", "10000")], strict=True
    ):
        drawn_band = np.concatenate([path.vertices for path in band.get_paths()])
        for layer, row in enumerate(data.sel(stimulus=stimulus, size=size).values):
            row = row[np.isfinite(row)]
            heights = drawn_band[np.isclose(drawn_band[:, 0], layer), 1]
            if len(row) == 1:  # all units were taken, once
                assert not heights.size
            else:
                mean, sd = row.mean(), np.sqrt(((row - row.mean()) ** 2).sum() / (len(row) - 1))
                assert heights.min() == pytest.approx(mean - sd)
                assert heights.max() == pytest.approx(mean + sd)


def test_what_could_not_be_measured_is_a_gap_and_is_said(results, draw, artists):
    made = results(layers=SMALL).differentiation(degenerate=[("white_noise", "predictions")])
    figure, caption = draw(made, "differentiation_by_depth")
    assert np.isnan(artists(figure, "lines")["mobilenet_v2/white_noise/200"].get_ydata()[-1])
    assert np.isfinite(artists(figure, "lines")["mobilenet_v2/bikes/200"].get_ydata()).all()
    assert "predictions (white_noise)" in caption
    _, normalised = draw(made, "differentiation_by_depth", normalised=True)
    assert "predictions" in normalised


def test_what_a_logarithmic_axis_cannot_show_is_said(results, draw, artists):
    made = results(layers=SMALL).differentiation(zero=["bikes"])
    figure, caption = draw(made, "differentiation_by_depth", normalised=True)
    assert not [gid for gid in artists(figure, "lines") if "bikes" in gid]
    assert "bikes" not in [text.get_text() for text in figure.legends[0].texts]
    assert_mentions(caption, "bikes", "4 stimuli")
    figure, caption = draw(made, "differentiation_by_depth")  # a linear axis has a place for 0
    assert "mobilenet_v2/bikes/200" in artists(figure, "lines")
    assert "bikes" not in caption


def test_zero_in_some_layers_is_a_gap_of_a_logarithmic_axis(results, draw, artists):
    made = results(layers=SMALL).differentiation()
    path = made.root / made.study.path("analysis", analysis="differentiation")
    with netCDF4.Dataset(path, "a") as file:
        for name in ("differentiation", "normalised"):
            values = file[name][:]
            values[:, made.stimuli.index("bikes"), SMALL.index("fc1")] *= 0
            file[name][:] = values
    figure, caption = draw(made, "differentiation_by_depth", normalised=True)
    assert "mobilenet_v2/bikes/200" in artists(figure, "lines")
    assert_mentions(caption, "fc1 (bikes)", "constant", "D of white_noise is 0")


def test_a_logarithmic_axis_of_nothing_but_zeros_can_be_drawn(results, draw):
    made = results(layers=SMALL)
    made.differentiation(zero=set(made.stimuli) - {"white_noise"})
    figure, caption = draw(made, "differentiation_by_depth", normalised=True)
    assert_legible(figure, "differentiation_by_depth")
    assert_mentions(caption, "all stimuli")


def test_a_ratio_of_zeros_is_said(results, draw):
    made = results(layers=SMALL, sources=("mobilenet_v2", "mobilenet_v2_untrained"))
    made.differentiation(zero=["bikes"]).layer_tables()
    _, caption = draw(made, "trained_untrained")
    assert re.search(r"\*\*b\*\*, [^.]*bikes", caption)


def test_a_metric_population_and_size_can_be_chosen(results, draw, artists):
    made = results(layers=SMALL).differentiation()
    figure, caption = draw(made, "differentiation_by_depth", metric="correlation", sizes=[10000])
    assert {gid.rsplit("/", 1)[1] for gid in artists(figure, "lines")} == {"10000"}
    data = made.read("analysis", analysis="differentiation").differentiation.sel(
        source="mobilenet_v2", metric="correlation", population="random"
    )
    expected = data.sel(stimulus="bikes", size="10000").mean("repeat")
    np.testing.assert_allclose(artists(figure, "lines")["mobilenet_v2/bikes/10000"].get_ydata(), expected)
    assert "correlation distance" in caption
    _, caption = draw(made, "differentiation_by_depth", population="filter_means")
    assert caption.count("SD") <= 1  # that of preprocessing, not one over draws


def test_a_source_has_a_panel_with_its_own_layers(results, draw):
    made = results(layers=SMALL, sources=("trained", "untrained")).differentiation()
    figure, caption = draw(made, "differentiation_by_depth")
    assert [axes.get_title("left") for axes in figure.axes] == ["trained", "untrained"]
    assert "trained and untrained" in caption


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (
            "random",
            "200 units were drawn at random 100 times, 10,000 units 10 times and 100,000 units once; in "
            "layers with fewer, all units were used once.",
        ),
        ("equal", "200 units were drawn at random, equally many from each channel, 100 times, 10,000 units"),
        (
            "ranked",
            "200 units were taken in order of rank, the largest response first, 10,000 units and 100,000 "
            "units; in layers with fewer, all units were used once.",
        ),
    ],
)
def test_captions_say_how_units_were_drawn(results, draw, how, words):
    made = results(layers=SMALL).differentiation(how=how).analyse("sd_cd")
    _, caption = draw(made, "differentiation_by_depth")
    recorded = "From up to 100,000 units of each layer, recorded at random (population ``random``)"
    assert f"{recorded}, {words}" in caption
    words = {"random": "random", "equal": "channel", "ranked": "rank"}[how]
    for name in ("sd_cd_scatter", "sd_cd_r2_by_depth"):
        _, caption = draw(made, name, size=10000)
        assert_mentions(caption, recorded, "10,000", words)


def test_normalising_needs_a_reference_and_something_to_compare(results, inputs):
    with pytest.raises(ConfigError, match=r"normalised.*analyses.differentiation.reference"):
        inputs(results(reference=None).study, "differentiation_by_depth", normalised=True)
    with pytest.raises(ConfigError, match=r"normalised.*white_noise"):
        inputs(results(stimuli=("white_noise",)).study, "differentiation_by_depth", normalised=True)


@pytest.mark.parametrize("normalised", [False, True])
def test_bands_of_images_are_intervals_of_resamples(pairs, draw, normalised, artists):
    pairs.analyse("differentiation", reference="white_noise").analyse(
        "image_bootstrap", seed=0, resamples=200
    )
    figure, caption = draw(
        pairs, "differentiation_by_depth", band="images", sizes=[100000], normalised=normalised
    )
    data = (
        pairs.read("analysis", analysis="image_bootstrap")
        .isel(source=0)
        .sel(population="random", size="100000", metric="sqeuclidean")
    )
    resampled = data.resampled.astype(float)
    if normalised:
        resampled = resampled / resampled.sel(stimulus="white_noise")
    for stimulus in FOUR[: 3 if normalised else 4]:
        corners = np.concatenate(
            [path.vertices for path in artists(figure, "collections")[f"images/{stimulus}"].get_paths()]
        )
        for at, layer in enumerate(FIVE):
            heights = corners[np.isclose(corners[:, 0], at), 1]
            expected = np.nanpercentile(resampled.sel(stimulus=stimulus, layer=layer), [2.5, 97.5])
            assert [heights.min(), heights.max()] == pytest.approx(expected, rel=0.02)
    assert_mentions(caption, "95%", "images")
    assert "over draws" not in caption

"""Maps: pictures where their entries are, colours by label, trajectories in order, nothing covered."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from legible import assert_mentions
from made_maps import HUES, LAYERS, OBJECTS, dots, draw_maps, frames, pictures, rdms, words
from scipy.spatial.distance import pdist

from repscape.core.errors import ConfigError
from repscape.figures import mds
from repscape.figures.lib.label_colours import label_colours
from repscape.figures.lib.style import COLOURS


@pytest.fixture
def drawn(tmp_path):
    """A maker of maps that are computed and drawn."""
    return lambda table, keys=None, **parameters: draw_maps(tmp_path, table, keys, **parameters)


def test_entries_are_shown_by_their_own_pictures_where_they_are(drawn):
    figure, caption, maps = drawn(rdms(), where={"layer": "fc1"})
    shown = pictures(figure)
    assert sorted(which for which, *_ in shown) == list(range(8))
    assert frames(figure) == 2 * list(label_colours("color", HUES).colours.values())
    np.testing.assert_allclose([width / height for *_, width, height in shown], 2)
    chosen = [int(at) for at in np.flatnonzero(maps.layer == "fc1")]
    places = {which: place for which, place, *_ in shown}
    on_page = np.array([[places[4 * obj + hue] for hue in range(4)] for obj in range(2)])
    points = maps.position.values[chosen] * [1, -1]  # y goes up on a map
    # one scale for all panels, and the same for x and y
    scales = [pdist(a) / pdist(b) for a, b in zip(on_page, points, strict=True)]
    np.testing.assert_allclose(scales, scales[0][0], rtol=1e-6)
    centred = [part - part.mean(1, keepdims=True) for part in (on_page, points)]
    np.testing.assert_allclose(centred[0], scales[0][0] * centred[1], atol=1e-6)
    assert "Colours: ``color``." in caption


def test_titles_tell_what_differs_and_the_stress(drawn):
    figure, caption, maps = drawn(
        rdms(), {"method": "smacof"}, where={"layer": ["input", "fc1"], "obj": "hat"}
    )
    texts = words(figure)
    assert {"input", "fc1"} <= set(texts)
    assert not any("hat" in text for text in texts)
    for at in np.flatnonzero((maps.obj == "hat") & maps.layer.isin(["input", "fc1"])):
        assert f"stress-1 {maps.stress_1.values[at]:.2f}" in texts
    assert "obj hat" in caption
    assert_mentions(caption, "SMACOF", "not aligned")


def test_maps_that_do_not_minimise_stress_tell_what_they_explain(drawn):
    keys = {"method": "classical", "align": "layer"}
    figure, caption, maps = drawn(rdms(), keys, where={"obj": "hat"})
    first, second = 100 * maps.explained.values[maps.obj == "hat"][0]
    assert f"{first:.0f} + {second:.0f}% explained" in words(figure)
    assert "stress" not in caption + " ".join(words(figure))
    figure, caption, _ = drawn(rdms(), keys, trajectories="layer", where={"obj": "hat"})
    assert "100% explained" in words(figure)  # points in a plane
    assert "explain" in caption


def test_two_labels_make_rows_and_columns(drawn):
    figure, _, _ = drawn(rdms(), where={"layer": ["input", "fc1"]})
    at = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert at["cup · input"][0] == at["hat · input"][0] < at["cup · fc1"][0]
    assert at["cup · input"][1] == at["cup · fc1"][1] < at["hat · fc1"][1]


def test_all_images_are_coloured_by_their_factors(drawn):
    figure, _, _ = drawn(rdms(by_set=False), where={"layer": "fc1"})
    assert sorted(which for which, *_ in pictures(figure)) == list(range(8))
    assert frames(figure) == 4 * [COLOURS[0]] + 4 * [COLOURS[1]]
    assert {"obj:", "cup", "hat"} <= set(words(figure))
    figure, _, _ = drawn(rdms(by_set=False), where={"layer": "fc1"}, colour="color")
    assert frames(figure) == 2 * list(label_colours("color", HUES).colours.values())


def test_points_have_colours_and_sizes_by_label(drawn):
    figure, caption, _ = drawn(
        rdms(by_set=False), where={"layer": "fc1"}, pictures=False, colour="color", size="obj"
    )
    assert not figure.axes[0].images
    sizes = {round(dot.get_width(), 6) for dot in dots(figure)}
    assert len(sizes) == 2
    assert "Sizes: ``obj``." in caption


@pytest.mark.parametrize("parameters", [{"size": "obj"}, {"colour": "obj"}, {"trajectories": "obj"}])
def test_a_mark_in_a_key_stays_beside_its_name(drawn, parameters):
    from matplotlib.patches import Rectangle

    objects = [f"a{'n' * 10}_object_{at}" for at in range(7)]
    entries = pd.MultiIndex.from_product([objects, ["a", "b"]], names=["obj", "half"])
    row = {"stimulus": "things", "metric": "euclidean", "entries": entries}
    row["dissimilarity"] = pdist(np.random.default_rng(0).normal(size=(14, 3)))
    figure, _, _ = drawn(pd.DataFrame([row]), pictures=False, **{"colour": "half"} | parameters)
    named = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    shown = [objects[0], objects[-1]] if "trajectories" in parameters else objects
    rows = {named[name][1] for name in shown}
    assert len(rows) > 1 or "trajectories" in parameters
    marks = [dot.center for dot in dots(figure)]
    marks += [mark.get_center() for mark in figure.axes[0].patches if isinstance(mark, Rectangle)]
    for name in shown:
        across, down = named[name]
        beside = [across - x for x, y in marks if abs(y - down) < 1e-9 and 0 < across - x < 4]
        assert len(beside) == 1, name


def test_few_points_are_named(drawn):
    figure, _, _ = drawn(rdms(by_set=False), where={"layer": "fc1"}, pictures=False)
    assert {f"{o}_{h}" for o, h in product(OBJECTS, HUES)} <= set(words(figure))


def test_trajectories_connect_an_entry_from_layer_to_layer(drawn):
    figure, caption, maps = drawn(rdms(), {"align": "layer"}, trajectories="layer")
    lines = [line.get_xydata() for line in figure.axes[0].lines if len(line.get_xydata()) == len(LAYERS)]
    assert len(lines) == 8
    cup = [int(np.flatnonzero((maps.obj == "cup") & (maps.layer == layer))[0]) for layer in LAYERS]
    points = maps.position.values[cup][:, 0] * [1, -1]
    expected = pdist(points) / pdist(points)[0]
    assert any(np.allclose(pdist(line) / pdist(line)[0], expected) for line in lines)
    shown = np.array([place for _, place, *_ in pictures(figure)])
    assert len(shown) == 8
    hollow = np.array([dot.center for dot in dots(figure) if dot.get_zorder() == 3.2])
    for line in lines:  # a hollow circle where it begins, a picture, perhaps moved aside, where it ends
        assert np.abs(hollow - line[0]).max(1).min() < 1e-9
        assert np.abs(shown - line[-1]).max(1).min() < 3
    assert {"input", "fc1"} <= set(words(figure))
    assert "``layer``" in caption


def test_trajectories_within_a_map_of_all_layers(drawn):
    generator = np.random.default_rng(0)
    entries = pd.MultiIndex.from_product([["net", "twin"], LAYERS], names=["source", "layer"]).swaplevel()
    row = {"stimulus": "shapes", "metric": "pearson", "metric_sub": "correlation", "entries": entries}
    row["dissimilarity"] = pdist(generator.normal(size=(8, 3)), "sqeuclidean")
    figure, caption, maps = drawn(pd.DataFrame([row]), {"of": "layers"}, trajectories="layer")
    lines = [line.get_xydata() for line in figure.axes[0].lines if len(line.get_xydata()) == 4]
    assert len(lines) == 2
    scale = pdist(lines[0])[0] / pdist(maps.position.values[0][:4])[0]
    np.testing.assert_allclose(pdist(lines[1]), scale * pdist(maps.position.values[0][4:]), rtol=1e-9)
    assert {"source:", "net", "twin", "layer:", "input", "fc1"} <= set(words(figure))
    assert "1 − Pearson's r" in caption
    assert not figure.axes[0].images
    figure, _, _ = drawn(pd.DataFrame([row]), {"of": "layers"}, colour="layer", size="layer")
    assert {"source", "layer:"} & set(words(figure)) == {"layer:"}


def test_layers_of_networks_that_have_others_are_in_order_of_depth(drawn):
    layers = [("a", "conv1"), ("a", "block5"), ("a", "fc1")]
    layers += [("b", layer) for layer in ("input", "conv1", "relu1", "fc1", "predictions")]
    entries = pd.MultiIndex.from_tuples(layers, names=["source", "layer"])
    row = {"stimulus": "shapes", "metric": "pearson", "metric_sub": "correlation", "entries": entries}
    row["dissimilarity"] = pdist(np.random.default_rng(0).normal(size=(8, 3)), "sqeuclidean")
    figure, _, _ = drawn(pd.DataFrame([row]), {"of": "layers"}, colour="layer", pictures=False)
    order = ["input", "conv1", "block5", "relu1", "fc1", "predictions"]
    texts = words(figure)
    key = texts[texts.index("layer:") + 1 :]
    assert key[: len(order)] == order


def test_layers_of_maps_are_in_order_of_depth(drawn):
    table = pd.concat([rdms(("conv2", "fc1")), rdms(LAYERS[::-1], ["twin"])], ignore_index=True)
    table.loc[table.source == "twin", "layer_order"] = 3 - table.layer_order[table.source == "twin"]
    figure, _, _ = drawn(table, where={"obj": "cup"}, size="layer", pictures=False)
    texts = words(figure)
    key = texts[texts.index("layer:") + 1 :]
    assert key[:4] == ["input", "conv2", "conv10", "fc1"]


def test_what_was_left_out_is_said(drawn):
    table = rdms()
    table.at[0, "dissimilarity"] = np.full(6, np.nan)
    _, caption, _ = drawn(table, where={"layer": ["conv2", "fc1"]})
    assert_mentions(caption, "undefined", "obj cup, layer input")


def test_scale_bars(drawn):
    figure, caption, _ = drawn(rdms(), where={"layer": ["input", "fc1"]})
    assert sum("Euclidean" in text for text in words(figure)) == 1
    assert "the same for all panels" in caption
    figure, caption, _ = drawn(rdms(), where={"layer": ["input", "fc1"]}, shared=False)
    assert "the same for all panels" not in caption
    bars = [line for line in figure.axes[0].lines if line.get_color() == "black"]
    assert len(bars) == 4
    figure, caption, _ = drawn(rdms(by_set=False), {"method": "tsne", "n_init": 0}, where={"layer": "fc1"})
    assert not [line for line in figure.axes[0].lines if line.get_color() == "black"]
    assert "arbitrary units" in caption
    assert any(text.startswith("divergence") for text in words(figure))


@pytest.mark.parametrize(
    ("method", "shared", "filled"),
    [("tsne", None, True), ("tsne", True, False), ("classical", None, False), ("classical", False, True)],
)
def test_panels_share_a_scale_but_of_tsne_whose_scale_means_nothing(drawn, method, shared, filled):
    table = rdms(("input", "fc1"), objects=["cup"])
    if method == "classical":
        table["dissimilarity"] = [table["dissimilarity"][0] * 0.01, table["dissimilarity"][1]]
    parameters = {} if shared is None else {"shared": shared}
    keys = {"method": method} | ({"n_init": 0, "perplexity": 1.1} if method == "tsne" else {})
    figure, _, maps = drawn(table, keys, pictures=False, **parameters)
    points = [dot for dot in dots(figure) if dot.get_zorder() != 3.2][:8]
    places = np.array([dot.center for dot in points]).reshape(2, 4, 2)
    scales = [pdist(at) / pdist(own) for at, own in zip(places, maps.position.values, strict=True)]
    assert np.allclose(scales[0][0], scales[1][0]) != filled


def test_of_many_maps_evenly_spaced_layers_are_shown(drawn):
    layers = [f"layer{at}" for at in range(23)]
    figure, caption, _ = drawn(rdms(layers), {"dims": 3})
    shown = [text.split(" · ")[1] for text in words(figure) if text.startswith("cup · ")]
    assert (shown[0], shown[-1], len(shown)) == ("layer0", "layer22", 15)
    assert_mentions(caption, "46", "30", "3 dimensions")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"where": {"layers": "input"}}, "where.*layers.*layer"),
        ({"where": {"layer": "conv3"}}, "where.*layer.*conv3.*conv2"),
        ({"where": {"obj": "cup", "layer": ["input"], "source": "net", "metric": "x"}}, "where.*metric.*x"),
        ({"colour": "colour"}, "colour.*colour.*color"),
        ({"size": "area"}, "size.*area"),
        ({"trajectories": "depth"}, "trajectories.*depth"),
        ({"trajectories": "layer"}, "trajectories.*align: layer"),
    ],
)
def test_mistakes_are_told(drawn, parameters, message):
    with pytest.raises(ConfigError, match=message):
        drawn(rdms(), **parameters)


def test_too_many_maps_that_differ_in_more_than_layers(drawn):
    table = rdms(layers=("input",), objects=[f"object{at}" for at in range(31)])
    with pytest.raises(ConfigError, match=r"where.*30.*31.*obj"):
        drawn(table)


def test_a_path_joins_entries_in_order_and_closes(drawn):
    generator = np.random.default_rng(0)
    values = [f"{at:g}" for at in generator.permutation(np.arange(-90, 90, 7.5))]
    row = {"stimulus": "tilts", "metric": "euclidean", "entries": pd.Index(values, name="orientation")}
    row["dissimilarity"] = pdist(generator.normal(size=(24, 3)))
    table = pd.DataFrame([row])

    def joined(**parameters):
        figure, caption, maps = drawn(table, pictures=False, path="orientation", **parameters)
        (line,) = (line.get_xydata() for line in figure.axes[0].lines if line.get_gid() == "path")
        order = np.argsort([float(value) for value in maps.orientation.values])
        return figure, caption, line, maps.position.values[0][order] * [1, -1]

    figure, caption, line, points = joined(colour="orientation")
    np.testing.assert_array_equal(line[0], line[-1])
    np.testing.assert_allclose(pdist(line[:-1]) / pdist(points), pdist(line[:-1])[0] / pdist(points)[0])
    assert {"orientation:", "−90", "82.5"} <= set(words(figure))
    assert "``orientation``, and the last" in caption
    table = table.assign(
        entries=[pd.Index([f"{float(value) + 90:g}" for value in values], name="orientation")]
    )
    table = table.assign(entries=[table["entries"][0].map(lambda value: f"{float(value) / 9:g}")])
    _, caption, line, points = joined()
    assert len(line) == 24
    assert "the last" not in caption
    _, caption, line, _ = joined(period=20.0)
    assert len(line) == 25


def test_what_a_path_cannot_be(drawn):
    with pytest.raises(ConfigError, match=r"path.*obj.*cup"):
        drawn(rdms(by_set=False), where={"layer": "fc1"}, path="obj")
    with pytest.raises(ConfigError, match=r"path.*hue"):
        drawn(rdms(by_set=False), where={"layer": "fc1"}, path="hue")
    with pytest.raises(ConfigError, match=r"path.*trajectories"):
        mds.Mds(path="color", trajectories="layer").check()

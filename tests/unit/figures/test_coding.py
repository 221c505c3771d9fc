"""Figures of decoding and encoding show what their analyses hold."""

import numpy as np
import pytest
from legible import assert_legible, assert_mentions, assert_paragraph

from repscape.analyses import angle_decoding, encoding
from repscape.core.errors import ConfigError, DataError
from repscape.figures.decoded_angles import nearest
from repscape.figures.lib.data import opened
from repscape.figures.lib.source_panels import rows_of
from repscape.figures.lib.style import settings
from repscape.io import netcdf
from repscape.plugin import registry

LAYERS = ("input", "conv1", "conv2", "fc")


def drawn(path, name, **parameters):
    """Draw a figure of one file: figure, caption, and the file opened."""
    key = "encoding" if name.startswith("encoding") else "angle_decoding"
    plugin = registry.find("figures", name)(**parameters)
    plugin.check()
    with opened({key: str(path)}) as data, settings():
        return *plugin.draw(data), data[key].load()


def written(path, result):
    netcdf.write(path, kind="analysis", variables=result.variables, attributes=result.attributes)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory, responded_class, tuned_to):
    made = responded_class(tmp_path_factory.mktemp("coding"), images=18)
    for source in ("alexnet", "alexnet_untrained"):
        for order, layer in enumerate(LAYERS):
            noise = 0.1 + 0.3 * order + 2 * ("un" in source)
            made.layer(source, layer, tuned_to(made.angle, 30, noise, seed=order), order=order)
    image = np.repeat(np.arange(18), 4)
    response = tuned_to(made.angle[image], 40, 0.3)
    response[:, 0] = 1
    made.target = made.area("mouse", "V1", response, image)
    return made


@pytest.fixture(scope="module")
def decoded(made):
    result = angle_decoding.AngleDecoding(permutations=19, seed=1, epochs=80, hidden=8).compute(made.files)
    return written(made.root / "decoded.nc", result)


@pytest.fixture(scope="module")
def encoded(made):
    files = {"recording": made.target, "predictors": made.activations[:-1]}
    return written(made.root / "encoded.nc", encoding.Encoding(resamples=100, seed=1).compute(files))


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
def test_texts_neither_overlap_nor_leave_the_page(decoded, encoded, name, parameters):
    figure, caption, _ = drawn(encoded if "encoding" in name else decoded, name, **parameters)
    assert_legible(figure, full_width=False)
    assert_paragraph(caption)


def test_errors_by_layer_with_chance(decoded, artists):
    figure, caption, table = drawn(decoded, "decoding_error")
    lines, dots = artists(figure, "lines"), artists(figure, "collections")
    for source, layers in (("alexnet", LAYERS), ("mouse", ("V1",))):
        for decoder in ("ridge", "relu"):
            of = table.sel(source=source, layer=list(layers), decoder=decoder)
            np.testing.assert_allclose(lines[f"{source}/{decoder}"].get_ydata(), of["error"])
            band = dots[f"{source}/{decoder}/chance"].get_paths()[0].vertices[:, 1]
            low, high = np.quantile(of["null"], [0.05, 0.95], axis=-1)
            assert band.min() == pytest.approx(low.min())
            assert band.max() == pytest.approx(high.max())
            full = [bool((own[:3] < 1).any()) for own in dots[f"{source}/{decoder}/markers"].get_facecolors()]
            np.testing.assert_array_equal(full, of["p"] < 0.05)
    np.testing.assert_allclose(lines["mouse/blind"].get_ydata(), 45)
    assert_mentions(caption, "18 images", "gratings", "19 permutations")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["alexnet", "alexnet_untrained", "mouse"]


def test_one_decoder_without_permutations(made, tmp_path):
    files = made.files | {"activations": made.activations[:2]}
    result = angle_decoding.AngleDecoding(decoders=("ridge",), permutations=0, seed=1).compute(files)
    path = written(tmp_path / "plain.nc", result)
    figure, caption, _ = drawn(path, "decoding_error")
    assert_mentions(caption, "no p-values")
    assert "ReLU" not in caption
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["ridge regression", "95% interval", "blind guess, 45"]
    figure, _, _ = drawn(path, "decoding_curves")
    assert len(figure.axes) == 1
    figure, _, _ = drawn(path, "decoded_angles")
    assert len(figure.axes) == 1


def test_curves_are_means_over_folds(decoded, artists):
    figure, caption, table = drawn(decoded, "decoding_curves", source="alexnet", layer="conv1")
    lines = artists(figure, "lines")
    own = table.sel(source="alexnet", layer="conv1")
    for part in ("train", "test"):
        ridge = own["ridge_loss"].sel(part=part)
        np.testing.assert_allclose(
            lines[f"ridge regression/{part}"].get_ydata(), ridge.mean("fold"), rtol=1e-6
        )
        np.testing.assert_allclose(lines[f"ridge regression/{part}/3"].get_ydata(), ridge[3], rtol=1e-6)
        relu = own["relu_loss"].sel(part=part)
        by_decay = relu.isel(epoch=-1).mean("fold")
        np.testing.assert_allclose(lines[f"ReLU network/{part}"].get_ydata(), by_decay, rtol=1e-6)
        chosen = own["chosen"].sel(decoder="relu").values.tolist()
        usual = max(sorted(set(chosen)), key=chosen.count)
        by_epoch = relu.sel(decay=usual).mean("fold")
        np.testing.assert_allclose(lines[f"epochs/{part}"].get_ydata(), by_epoch, rtol=1e-6)
        np.testing.assert_array_equal(lines[f"epochs/{part}"].get_xdata(), table["epoch"])
    marked = {gid for gid in lines if gid.startswith("ridge regression/chosen")}
    places = {list(table["strength"].values).index(s) for s in own["chosen"].sel(decoder="ridge").values}
    assert marked == {f"ridge regression/chosen/{place}" for place in places}
    assert_mentions(caption, "conv1", "alexnet")
    with pytest.raises(ConfigError, match="layer: 'V1' is unknown"):
        drawn(decoded, "decoding_curves", source="alexnet", layer="V1")


def test_means_below_the_axis_are_marked(decoded, artists):
    figure, caption, table = drawn(decoded, "decoding_curves", source="alexnet", layer="conv1")
    mean = table["ridge_loss"].sel(source="alexnet", layer="conv1", part="train").mean("fold").values
    places = np.flatnonzero(mean < 1e-6)
    assert 0 < len(places) < len(mean)
    below = artists(figure, "lines")["ridge regression/train/below"]
    np.testing.assert_array_equal(below.get_xdata(), places)
    assert_mentions(caption, "10⁻⁶", "carets", "**c**")
    assert [axes.get_title("left")[:12] for axes in figure.axes] == [f"$\\mathbf{{{x}}}$" for x in "abc"]


def test_decoded_angles_are_drawn_in_the_nearest_turn(decoded, artists):
    np.testing.assert_allclose(nearest(np.array([179.0, 1, 90, 50]), np.array([1.0, 179, 0, 60]), 180),
                               [-1, 181, -90, 50])  # fmt: skip
    figure, caption, table = drawn(decoded, "decoded_angles")
    dots = artists(figure, "collections")
    for source in ("alexnet", "mouse"):
        own = table["error"].sel(source=source, decoder="ridge")
        layer = str(table["layer"].values[int(np.nanargmin(own.values))])
        points = dots[f"{source}/{layer}/relu"].get_offsets()
        error = np.abs(points[:, 1] - points[:, 0]).mean()
        assert error == pytest.approx(float(table["error"].sel(source=source, layer=layer, decoder="relu")))
    assert_mentions(caption, "least error")
    best = str(table["layer"].values[int(np.nanargmin(table["error"].sel(source="mouse", decoder="ridge")))])
    assert f"mouse · {best}" in [axes.get_title("left") for axes in figure.axes]
    with pytest.raises(ConfigError, match=r"layers: .*at most 5.* 8"):
        drawn(
            decoded,
            "decoded_angles",
            layers={name: list(LAYERS) for name in ("alexnet", "alexnet_untrained")},
        )
    with pytest.raises(ConfigError, match=r"layers\.mouse: 'V4' is unknown"):
        drawn(decoded, "decoded_angles", layers={"mouse": ["V4"]})


@pytest.mark.parametrize("normalised", [True, False])
def test_medians_by_depth(encoded, normalised, artists):
    figure, caption, table = drawn(encoded, "encoding_by_depth", normalised=normalised)
    lines = artists(figure, "lines")
    prefix = "normalised_" if normalised else ""
    values = table["normalised" if normalised else "r2"].values
    expected = np.nanmedian(values, axis=1)
    source = table["source"].values
    np.testing.assert_allclose(lines["alexnet"].get_ydata(), expected[source == "alexnet"])
    best = int(np.argmax(expected))
    where = f"{source[best]}/best"
    assert [gid for gid in lines if gid.endswith("/best")] == [where]
    names = [str(layer) for layer in table["layer"].values[source == source[best]]]
    assert lines[where].get_xdata() == [names.index(str(table["layer"].values[best]))]
    alike = {gid: set(line.get_xdata()) for gid, line in lines.items() if gid.endswith("/alike")}
    p = table[f"{prefix}p_pair_fdr"].values[best]
    for name in ("alexnet", "alexnet_untrained"):
        found = set(np.flatnonzero(p[source == name] >= 0.05))
        assert alike.get(f"{name}/alike", set()) == found
    assert_mentions(caption, "39 neurons", "mouse", "V1", "18 images")
    assert ("reliability" in caption.split("Bands")[0]) == normalised


def test_neurons_by_reliability(encoded, artists):
    figure, caption, table = drawn(encoded, "encoding_reliability", layers={"alexnet": "conv1"})
    model = [str(layer) for layer in table["layer"].values].index("conv1")
    dots = artists(figure, "collections")
    points = np.vstack([own.get_offsets() for own in dots.values()])
    r2, share = table["r2"].values[model], table["reliability"].values
    there = np.isfinite(r2)
    expected = np.maximum(np.stack([share[there], r2[there]], 1), -0.5)
    np.testing.assert_allclose(points[np.lexsort(points.T)], expected[np.lexsort(expected.T)])
    beyond = int((np.minimum(r2, share) < -0.5).sum())
    assert (f"{beyond} neuron" in caption.partition("Triangles")[2]) == (beyond > 0)
    assert sum(len(own.get_offsets()) for gid, own in dots.items() if gid[-1] in "v<") == beyond
    assert_mentions(caption, "4 trials")
    with pytest.raises(ConfigError, match="layers: 'vgg' is unknown"):
        drawn(encoded, "encoding_reliability", layers={"vgg": "conv1"})


def test_without_repeats(made, tmp_path):
    files = {"recording": made.activations[1], "predictors": made.activations[:2]}
    path = written(tmp_path / "single.nc", encoding.Encoding(resamples=100, seed=1).compute(files))
    _, caption, _ = drawn(path, "encoding_by_depth")
    assert_mentions(caption, "Without repeats")
    with pytest.raises(DataError, match=r"'alexnet'.*repeats"):
        drawn(path, "encoding_reliability")


def test_many_layers_have_rows_of_their_own():
    layers = {"a": ["x"] * 40, "b": ["x"] * 30, "v1": ["V1"], "c": ["x"] * 60}
    assert rows_of(layers) == [["a"], ["b", "v1"], ["c"]]

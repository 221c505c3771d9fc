"""Figures of what single units answer to, and of what can be decoded from them."""

import itertools

import numpy as np
import pytest
import torch
from legible import assert_mentions

from repscape.analyses import anova, svm
from repscape.analyses.lib.anova_sums import Sums
from repscape.analyses.lib.factorial_design import crossed
from repscape.analyses.lib.result import stacked
from repscape.analyses.lib.svm_task import arrange
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf

SHAPES = {"input": (3, 8, 6), "conv1": (4, 4, 3), "dead": (2, 4, 3), "fc1": (5, 1, 1)}


def write_anova(made, views=3, layers=SHAPES):
    """Write what the analysis makes of made-up answers; return η² by layer."""
    rows = list(itertools.product(["obj1", "obj2"], ["000", "090", "180"], range(views)))
    design = crossed({"obj": [row[0] for row in rows], "color": [row[1] for row in rows]}, "here")
    generator = torch.Generator().manual_seed(0)
    groups, found = {}, []
    for number, (name, shape) in enumerate(layers.items()):
        answers = torch.randn(len(rows), *shape, generator=generator)
        answers += number * torch.tensor([row[0] == "obj1" for row in rows])[:, None, None, None]
        answers[..., 0, 0] = 1.5 if name == "conv1" else answers[..., 0, 0]
        answers = answers * (name != "dead")
        sums = Sums(design)
        sums.add(range(len(rows)), answers)
        units = anova.of_units(design, sums, shape)
        found.append(anova.summary(units))
        groups[f"layers/{name}"] = anova.group(design, units), {}
    netcdf.write(
        made.root / made.study.path("analysis", analysis="anova"),
        kind="analysis",
        variables={
            **stacked(found, "layer", anova.DIMS),
            "expected": (("effect",), design.df / design.df.sum()),
            "images": (("first_level", "second_level"), design.counts.reshape(2, 3)),
            "layer": (("layer",), list(layers)),
            "effect": (("effect",), list(design.effects)),
            "tested": (("tested",), list(design.tested)),
        },
        attributes={
            "source": "net", "stimulus": "coloured_shapes", "factors": list(design.factors), "balanced": True,
            "error_term": design.effects[-1],
        },
        groups=groups,
    )  # fmt: skip
    return {name: groups[f"layers/{name}"][0]["eta2"][1] for name in layers}


def test_medians_and_quartiles_by_depth(results, draw, artists):
    made = results()
    eta2 = write_anova(made)
    figure, caption = draw(made, "anova_by_depth")
    lines = artists(figure, "lines")
    for effect, name in enumerate(("obj", "color", "obj:color", "error")):
        own = [eta2[layer][effect] for layer in SHAPES]
        expected = [np.nanmedian(values) if np.isfinite(values).any() else np.nan for values in own]
        np.testing.assert_allclose(lines[f"{name}/median"].get_ydata(), expected, rtol=1e-6)
    np.testing.assert_allclose(lines["obj/expected"].get_ydata(), 1 / 17)
    assert "error/significant" not in lines
    assert lines["obj/significant"].get_ydata()[-1] == 1
    assert_mentions(
        caption, "18 images", "coloured", "obj (2", "color (3", "6 combinations, 3 each", "28 units of 221"
    )


def test_without_replicates_the_caption_says_what_is_tested_against_what(results, draw):
    made = results()
    write_anova(made, views=1)
    figure, caption = draw(made, "anova_by_depth")
    assert_mentions(caption, "interaction", "replicates")
    assert [text.get_text() for text in figure.legends[0].get_texts()][2] == "obj × color + error"


def test_maps_are_means_over_channels(results, draw, artists):
    made = results()
    eta2 = write_anova(made)
    figure, caption = draw(made, "anova_maps")
    images = artists(figure, "images")
    assert {gid.split("/")[0] for gid in images} == {"input", "conv1", "dead"}
    np.testing.assert_allclose(images["input/color"].get_array(), eta2["input"][1].mean(0), rtol=1e-5)
    conv1 = images["conv1/error"].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(conv1))[0, 0]
    np.testing.assert_allclose(conv1[1:], eta2["conv1"][3].mean(0)[1:], rtol=1e-5)
    assert len({image.get_clim() for image in images.values()}) == 1
    assert_mentions(caption, "Grey")


def test_maps_of_chosen_layers(results, draw, artists):
    made = results(layers=tuple(SHAPES))
    write_anova(made)
    figure, _ = draw(made, "anova_maps", layers=["conv1"])
    assert {gid.split("/")[0] for gid in artists(figure, "images")} == {"conv1"}
    with pytest.raises(ConfigError, match="layers: 'conv2' is unknown; did you mean 'conv1'"):
        draw(made, "anova_maps", layers=["conv2"])
    write_anova(made, layers={"fc1": (5, 1, 1)})
    with pytest.raises(DataError, match=r"layer.*position"):
        draw(made, "anova_maps")


def write_svm(made, across="color", permutations=10, views=4):
    """Write what the analysis makes of made-up activity."""
    rows = list(itertools.product(["obj1", "obj2"], ["000", "090", "180"], map(str, range(views))))
    columns = dict(zip(("obj", "color", "view"), zip(*rows, strict=True), strict=True))
    _, classes, conditions = arrange(columns, "obj", across, None, folds=4, nested=False, seed=0)
    random = np.random.default_rng(0)
    size = len(conditions)
    layers = ["input", "conv1", "fc1"]
    accuracy, null = random.uniform(size=(3, size, size)), random.uniform(size=(3, size, size, permutations))
    judged = [svm.compare_with_permutations(*each) for each in zip(accuracy, null, strict=True)]
    pair, kinds = ("layer", "train", "test"), ("layer", "kind")
    dims = {"accuracy": pair, "p": pair, "mean_accuracy": kinds, "mean_p": kinds}
    dims["mean_null"] = (*kinds, "permutation")
    netcdf.write(
        made.root / made.study.path("analysis", analysis="svm"),
        kind="analysis",
        variables={
            **{name: (own, np.stack([each[name] for each in judged])) for name, own in dims.items()},
            "images": (("train", "class"), np.full((size, len(classes)), views)),
            "units": (("layer",), np.array([10, 20, 20])),
            "layer": (("layer",), layers),
            "train": (("train",), conditions),
            "test": (("test",), conditions),
            "kind": (("kind",), ["within", "across"][: 1 if across is None else 2]),
        },
        attributes={
            "source": "net", "stimulus": "shapes", "population": "random", "target": "obj", "across": across,
            "folds": 4, "grid": [1.0], "chance": 0.5,
        },
    )  # fmt: skip
    return accuracy, null


def test_accuracy_by_depth(results, draw, artists):
    made = results()
    accuracy, null = write_svm(made)
    figure, caption = draw(made, "svm_by_depth")
    lines, dots = artists(figure, "lines"), artists(figure, "collections")
    diagonal = np.eye(3, dtype=bool)
    for kind, here in (("within", diagonal), ("across", ~diagonal)):
        np.testing.assert_allclose(lines[kind].get_ydata(), accuracy[:, here].mean(1))
        band = dots[f"{kind}/chance"].get_paths()[0].vertices[:, 1]
        low, high = np.quantile(null[:, here].mean(1), [0.05, 0.95], axis=-1)
        assert band.min() == pytest.approx(low.min())
        assert band.max() == pytest.approx(high.max())
    np.testing.assert_allclose(lines["chance"].get_ydata(), 0.5)
    assert_mentions(caption, "C = 1", "4 images", "10 permutations")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[:2] == ["same color", "another color"]


def test_without_permutations_and_conditions(results, draw, artists):
    made = results()
    write_svm(made, across=None, permutations=0)
    figure, caption = draw(made, "svm_by_depth")
    assert set(artists(figure, "lines")) == {"within", "chance"}
    assert_mentions(caption, "no p-values")
    assert len(figure.legends[0].get_texts()) == 2


def test_matrices_of_decoding_across(results, draw, inputs, artists):
    made = results(layers=("input", "conv1", "fc1"))
    accuracy, _ = write_svm(made)
    figure, caption = draw(made, "cross_decoding", layers=["fc1", "input"])
    images = artists(figure, "images")
    assert list(images) == ["input", "fc1"]
    np.testing.assert_allclose(images["fc1"].get_array(), accuracy[2])
    axes = images["fc1"].axes
    written = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axes.texts}
    assert written[0, 1] == f"{accuracy[2, 0, 1]:.2f}".removeprefix("0")
    assert [label.get_text() for label in images["input"].axes.get_yticklabels()] == ["000", "090", "180"]
    assert_mentions(caption, "another color")
    with pytest.raises(ConfigError, match="layers: 'conv9' is unknown"):
        inputs(made.study, "cross_decoding", layers=["conv9"])


def test_decoding_across_must_have_been_asked_for(results, inputs):
    study = results().study
    study.config["analyses"]["plain"] = {"kind": "svm", "across": None}
    with pytest.raises(ConfigError, match=r"analysis: 'plain'.*'across'"):
        inputs(study, "cross_decoding", analysis="plain")

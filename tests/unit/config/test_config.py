"""A mistake in the config is told before any job starts, with its line and what to do."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from messages import says
from snakemake.utils import update_config

from repscape import config
from repscape.config.__main__ import main as check
from repscape.core.errors import ConfigError
from repscape.plugin.base import BATCH
from repscape.plugin.config_errors import read_lines

REPOSITORY = Path(__file__).parents[3]
SMALL = {
    "study": "small",
    "stimuli": {
        "white_noise": {"kind": "white_noise", "count": 4},
        "gratings": {"kind": "gratings", "count": 4},
    },
    "networks": {
        "net": {"kind": "torchvision", "architecture": "alexnet", "weights": "random", "layers": "blocks"}
    },
    "populations": {"random": {"kind": "random", "units": 300}},
    "samples": [{"population": "random", "sizes": [100, 20], "repeats": [1, 3]}],
}


@pytest.fixture
def small():
    return copy.deepcopy(SMALL)


def mistakes(section, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(section, sort_keys=False, allow_unicode=True))
    with pytest.raises(ConfigError) as caught:
        config.resolve(section, [path])
    return str(caught.value)


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize(
    "keys",
    [
        ("stimuli", "white_noise", "count"),
        ("stimuli", "white_noise", "size", 0),
        ("populations", "random", "units"),
        ("samples", 0, "sizes", 1),
        ("samples", 0, "repeats", 0),
        ("activations", "batch"),
        ("seed",),
    ],
)
def test_yes_and_no_are_no_numbers(small, tmp_path, keys, value):
    small["stimuli"]["white_noise"]["size"] = [20, 20]
    small["activations"], small["seed"] = {}, 0
    *parents, last = keys
    inner = small
    for key in parents:
        inner = inner[key]
    inner[last] = value
    told = ".".join(str(key) for key in keys[: -1 if isinstance(last, int) else None])
    message = mistakes(small, tmp_path)
    assert re.search(rf"{told}(\.\d)?: .*yes, no, on, off", message)
    assert len(message.splitlines()) == 2


def test_a_key_without_a_value_is_told(small, tmp_path):
    """YAML takes 10,000 in braces for the value 10 and the key 000."""
    path = tmp_path / "mine.yaml"
    del small["populations"]
    text = "populations: {random: {kind: random, units: 10,000, unit}}\n"
    path.write_text(yaml.safe_dump(small) + text)
    with pytest.raises(ConfigError) as caught:
        config.resolve(yaml.safe_load(path.read_text()), [path])
    says(str(caught.value), "populations.random.0: … comma", "populations.random.unit: … 'units'")


def test_a_file_of_weights_that_is_not_there_is_told_at_the_key_that_names_it(small, tmp_path):
    small["networks"]["net"]["weights"] = "trained/mine.pth"
    message = mistakes(small, tmp_path)
    assert re.search(r"mine.yaml:\d+: networks.net.weights: trained/mine.pth", message)


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [
        (("study",), 2024, "study: … text … 2024"),
        (("samples",), {"population": "random"}, "samples: … list"),
        (("stimuli", "gratings", "count"), "many", "stimuli.gratings.count: … whole … 'many'"),
        (("stimuli", "gratings", "contrast"), "high", "stimuli.gratings.contrast: … number … 'high'.\n"),
        (("populations", "random", "units"), "1e4", "populations.random.units: … '1e4' … 10000."),
        (("populations", "random", "units"), "10,000", "populations.random.units: … '10,000' … 10000."),
        (("populations", "random", "units"), "10%", "populations.random.units: … '10%'.\n"),
        (("populations", "random", "units"), "inf", "populations.random.units: … 'inf'.\n"),
        (("stimuli", "gratings", "contrast"), "50 %", "stimuli.gratings.contrast: … '50 %' … 0.5."),
        (("figures",), ["rdm_gallery"], "figures: … ['rdm_gallery'] … {rdm_gallery: {}, …}"),
        (("stimuli",), [{"kind": "gratings"}], "stimuli: … [{'kind': 'gratings'}] … {name: {…}, …}"),
    ],
)
def test_kinds_of_values_are_told_in_plain_words(small, tmp_path, keys, value, expected):
    *parents, last = keys
    inner = small
    for key in parents:
        inner = inner[key]
    inner[last] = value
    says(mistakes(small, tmp_path) + "\n", expected)


def test_no_size_is_above_what_is_recorded(small, tmp_path):
    small["samples"][0] |= {"sizes": [20, 301, 4000], "repeats": 1}
    says(
        mistakes(small, tmp_path), "samples.0.sizes: … 300 … 'random' … 301, 4000 … populations.random.units"
    )
    small["samples"][0]["sizes"] = [300, "all"]
    config.resolve(small)


def test_what_an_analysis_lacks_is_told_of_the_figure_that_needs_it(small, tmp_path):
    small["figures"] = {"predicted_labels": None, "sd_cd_scatter": None}
    says(
        mistakes(small, tmp_path),
        "figures.predicted_labels: … 'predictions'",
        "figures.sd_cd_scatter: … 'sd_cd'",
    )
    small["analyses"] = {"predictions": None}
    says(mistakes(small, tmp_path), "analyses.predictions: ")


def test_null_takes_away_what_another_plugin_has(small):
    """As a second config file does that puts other images in the place of pictures."""
    small["stimuli"]["white_noise"] |= {"path": None, "table": None}
    assert "path" not in config.resolve(small).config["stimuli"]["white_noise"]


def test_the_default_study():
    path = REPOSITORY / "config/config.yaml"
    study = config.resolve(yaml.safe_load(path.read_text()), [path])
    assert study.stimuli == ("bigbuckbunny", "bikes", "carphone", "gratings", "pictures", "white_noise")
    blocks = tuple(f"block{n}" for n in range(1, 20))
    layers = ("input", *blocks, "avgpool1", "fc1", "predictions")
    assert study.layers == {"mobilenet_v2": layers, "untrained": layers}
    assert study.stimuli_of("untrained") == ("bikes", "pictures", "white_noise")
    assert study.samples == {"random": ("200", "10000", "100000"), "filter_means": ("all",)}


def test_defaults_and_order(small):
    study = config.resolve(small)
    assert study.config["seed"] == 0
    metric = {"name": "sqeuclidean", "kind": "sqeuclidean", "normalisation": "zscore"}
    assert study.config["rdms"] == {"metrics": [metric], "sets": {}, "memory": 4000}
    assert study.shards == {}
    assert study.samples == {"random": ("20", "100")}
    assert study.config["samples"]["random"] == {"draw": "random", "repeats": {"100": 1, "20": 3}}


def test_order_of_keys_does_not_matter(small):
    backwards = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value
        for key, value in small.items()
    }
    assert repr(config.resolve(small)) == repr(config.resolve(dict(reversed(backwards.items()))))


def test_seeds_follow_from_the_study_and_the_name(small):
    small["stimuli"]["other"] = {"kind": "white_noise"}
    first = config.resolve(small).config["stimuli"]
    assert first["other"]["seed"] != first["white_noise"]["seed"]
    small["seed"] = 1
    assert config.resolve(small).config["stimuli"]["other"]["seed"] != first["other"]["seed"]


def test_trained_weights_do_not_depend_on_the_seed(small):
    small["networks"]["net"]["weights"] = "IMAGENET1K_V1"
    before = config.resolve(small).config["networks"]
    small["seed"] = 1
    assert config.resolve(small).config["networks"] == before


def test_a_network_in_part(small, tmp_path):
    part = {"stimuli": ["gratings"], "samples": {"random": [20]}}
    small["networks"]["twin"] = small["networks"]["net"] | part
    study = config.resolve(small)
    twin = [path for path in study.rdms() if "/twin/" in path]
    assert {path.split("/twin/")[1].split("/")[0] for path in twin} == {"gratings"}
    assert {path.rsplit("/", 1)[1] for path in twin} == {"n20.nc"}
    assert {path.rsplit("/", 1)[1] for path in set(study.rdms()) - set(twin)} == {"n20.nc", "n100.nc"}
    small["networks"]["twin"]["samples"] = {"random": [30], "randon": [20]}
    says(mistakes(small, tmp_path), "networks.twin.samples.random: '30'", "networks.twin.samples: … 'random'")


def test_weights_may_be_a_file(small, tmp_path):
    (tmp_path / "mine.pth").touch()
    small["networks"]["net"]["weights"] = f"{tmp_path}/mine.pth"
    section = config.resolve(small).config["networks"]["net"]
    assert (section["weights"], section["file"]) == (None, f"{tmp_path}/mine.pth")


def test_metrics_may_have_names_and_normalisations_of_their_own(small):
    small["rdms"] = {
        "normalisation": "mean",
        "metrics": ["cosine", {"kind": "euclidean", "normalisation": "max"},
                    {"name": "raw", "kind": "euclidean", "normalisation": "none"}],
    }  # fmt: skip
    study = config.resolve(small)
    assert study.metrics == ("cosine", "euclidean", "raw")
    found = {metric["name"]: (metric["kind"], metric["normalisation"])
             for metric in study.config["rdms"]["metrics"]}  # fmt: skip
    assert found == {
        "cosine": ("cosine", "mean"),
        "euclidean": ("euclidean", "max"),
        "raw": ("euclidean", "none"),
    }


def test_layers_may_have_names_of_their_own(small):
    small["networks"]["net"]["layers"] = {"second": "relu2", "first": "features.0", "input": "input"}
    study = config.resolve(small)
    assert study.layers == {"net": ("input", "first", "second")}
    assert study.labels == {"net": {"input": "input", "first": "conv1", "second": "relu2"}}


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (
            ("networks", "net", "layers"),
            {"a": "relu1", "b": "rleu2"},
            r"networks\.net\.layers\.b.*'rleu2'.*'relu2'",
        ),
        (("networks", "net", "layers"), {"a b": "relu1"}, r"networks\.net\.layers\.a b.*'a b'"),
        (("sed",), 3, "sed.*'seed'"),
        (("seed",), "three", "seed"),
        (("device",), "gpu", "device.*'auto'.*'cpu'.*'cuda'.*'gpu'"),
        (("stimuli", "gratings", "cuont"), 4, r"stimuli\.gratings\.cuont.*'count'"),
        (("stimuli", "gratings", "count"), "few", r"stimuli\.gratings\.count"),
        (
            ("stimuli", "gratings", "kind"),
            "gratins",
            "'gratins'.*'gratings'",
        ),
        (("stimuli", "two words"), {"kind": "gratings"}, "'two words'"),
        (("stimuli", "a/b"), {"kind": "gratings"}, "'a/b'"),
        (("stimuli", "Zürich"), {"kind": "gratings"}, "'Zürich'"),
        (("stimuli", "x"), {"count": 3}, "'kind'.*gratings"),
        (("stimuli", "x"), {"kind": "images", "path": "nowhere/*.jpg"}, r"nowhere/\*\.jpg"),
        (("stimuli", "x"), {"kind": "images", "path": "https://example.org/a.jpg"}, "#sha256="),
        (
            ("stimuli", "x"),
            {"kind": "npy", "path": ".", "step": 2, "count": 3},
            "'step'.*'count'",
        ),
        (("stimuli", "x"), {"kind": "movie", "path": "*", "count": 3}, "path"),
        (("networks", "net", "architecture"), "alexnett", "'alexnet'"),
        (("networks", "net", "layers"), ["conv1", "cnov2"], "'cnov2'.*'conv2'"),
        (("networks", "net", "preprocess"), {"rezise": 3}, "rezise.*'resize'"),
        (("networks", "net", "weights"), "IMAGENET1K_V9", "'IMAGENET1K_V1'"),
        (("networks", "net", "weights"), "nowhere/mine.pth", r"nowhere/mine\.pth"),
        (("populations", "random", "kind"), "randon", "'random'"),
        (("samples", 0, "population"), "rnadom", "'rnadom'.*'random'"),
        (("samples", 0, "repeats"), [1, 2, 3], "2.*3"),
        (("samples", 0, "draw"), "rnadom", "'random'.*'equal'.*'ranked'.*'rnadom'"),
        (
            ("samples", 0, "draw"),
            "ranked",
            "draw: expected .*equal.*'random'",
        ),
        (
            ("populations", "f"),
            {"kind": "filters", "channels": [0, 3]},
            r"populations\.f.*'net'.*channels.*input.*3",
        ),
        (
            ("populations", "f"),
            {"kind": "filters", "channels": {"input": [0], "block1": [64], "block2": [0, 1]}},
            "channels.*block3",
        ),
        (("populations", "f"), {"kind": "filters", "channels": [1, 1]}, "channels.*1"),
        (("populations", "f"), {"kind": "filters", "channels": []}, "channels.*1"),
        (
            ("populations", "r"),
            {"kind": "region", "centre": [100, 224], "radius": 5},
            r"populations\.r.*'net'.*centre",
        ),
        (("populations", "r"), {"kind": "region", "centre": [-1, 2], "radius": 5}, "centre"),
        (("samples", 0, "sizes"), [0], r"samples\.0\.sizes\.0"),
        (("rdms",), {"metrics": ["corelation"]}, "'corelation'.*'correlation'"),
        (("rdms",), {"normalisation": "zcore"}, r"rdms\.normalisation.*'zscore'"),
        (("rdms",), {"metrics": ["cosine", {"kind": "cosine"}]}, "'cosine'"),
        (
            ("rdms",),
            {"metrics": [{"name": "cosine", "kind": "euclidean"}]},
            r"rdms\.metrics\.0\.name.*'cosine'.*'euclidean'",
        ),
        (("rdms",), {"metrics": [{"kind": "cosine", "nme": "c"}]}, "'name'"),
        (
            ("rdms",),
            {"metrics": [{"kind": "cosine", "normalisation": "maxx"}]},
            r"rdms\.metrics\.0\.normalisation.*'zscore'.*'mean'.*'max'.*'none'.*'maxx'",
        ),
        (("rdms",), {"metrics": [{"name": "c"}]}, r"rdms\.metrics\.0\.kind"),
        (("analyses",), {"diferentiation": {}}, "'differentiation'"),
        (("figures",), {"rdm_galery": {}}, "'rdm_galery'.*'rdm_gallery'"),
        (("figures",), {"rdm_gallery": {"layer": []}}, "'layers'"),
        (("figures",), {"stimuli": {"kind": "rdm_gallery"}}, "'stimuli'"),
        (("figures",), {"rdms_net": {"kind": "rdm_gallery"}}, "'rdms_net'"),
        (("figures",), {"results": {"kind": "rdm_gallery"}}, "'results'"),
        (("figures",), {"differentiation": {"kind": "rdm_gallery"}}, "one of"),
        (("figures",), {"mds": {}}, "my_mds: {kind: mds"),
    ],
)
def test_one_mistake(small, tmp_path, keys, value, said):
    section = small
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] = value
    message = mistakes(small, tmp_path)
    assert re.search(said, message), message
    assert f" {'.'.join(map(str, keys[:1]))}" in message
    assert "mine.yaml:" in message
    assert len(message.splitlines()) == 2


def test_all_mistakes_at_once_with_their_lines(small, tmp_path):
    small["stimuli"]["gratings"]["cuont"] = 4
    small["networks"]["net"]["layers"] = ["conv99"]
    message = mistakes(small, tmp_path)
    assert len(message.splitlines()) == 3
    lines = (tmp_path / "mine.yaml").read_text().splitlines()
    for key in ("cuont", "layers"):
        number = next(n for n, line in enumerate(lines, 1) if key in line)
        assert f"mine.yaml:{number}: " in message


def test_missing_section(small, tmp_path):
    del small["networks"]
    says(mistakes(small, tmp_path), "networks: ")


@pytest.mark.parametrize(
    ("mean", "said"),
    [
        ([0.5], "1 … [0.5]"),
        ([0.5, 0.5, 0.5, 1], "3 … [0.5, 0.5, 0.5, 1]"),
        (0.5, "list … 0.5"),
    ],
)
def test_a_list_of_another_length(small, tmp_path, mean, said):
    small["networks"]["net"]["preprocess"] = {"mean": mean}
    says(mistakes(small, tmp_path), f"networks.net.preprocess.mean: … {said}")


@pytest.mark.parametrize("size", [[224], 224, [224, 224, 3], "224", "42", {"height": 2, "width": 3}])
@pytest.mark.parametrize("kind", ["gratings", "images"])
def test_a_size_is_height_and_width(small, tmp_path, size, kind):
    (tmp_path / "a.png").touch()
    small["stimuli"]["mine"] = {"kind": kind, "size": size}
    if kind == "images":  # which may have none
        small["stimuli"]["mine"]["path"] = str(tmp_path / "a.png")
    message = mistakes(small, tmp_path)
    says(message, f"stimuli.mine.size: … [height, width] … {size!r}")
    assert len(message.splitlines()) == 2


def test_what_a_list_holds_is_told_once(small, tmp_path):
    section = {"kind": "meta_rdm", "of": "all_images", "entries": "layer", "comparisons": ["pearsen"]}
    small["analyses"] = {"spaces": section}
    (told,) = [line for line in mistakes(small, tmp_path).splitlines() if "comparisons" in line]
    assert "'pearson'" in told
    assert "at least" not in told
    section["comparisons"] = "spearman"
    assert config.resolve(small).config["analyses"]["spaces"]["comparisons"] == ["spearman"]


def test_population_sampled_twice(small, tmp_path):
    small["samples"].append({"population": "random"})
    says(mistakes(small, tmp_path), "samples.1.population: 'random'")


def test_name_given_twice(small, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("study: x\nstimuli:\n  a: {kind: gratings}\n  a: {kind: white_noise}\n")
    with pytest.raises(ConfigError, match=r"mine.yaml:4: stimuli.a: .* 3"):
        read_lines(path)


def test_broken_yaml(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("study: [x\n")
    with pytest.raises(ConfigError, match=r"mine.yaml: .*YAML.*line"):
        read_lines(path)


def stack(path, name):
    path.mkdir(exist_ok=True)
    np.save(path / name, np.zeros((3, 4, 4), np.uint8))


def test_a_stimulus_a_file_in_numeric_order(small, tmp_path):
    for name in ("10_late.avi.npy", "07_mousecam-18.mp4.npy", "2_early.npy"):
        stack(tmp_path / "stacks", name)
    small["stimuli"]["mouse"] = {
        "kind": "npy",
        "path": f"{tmp_path}/stacks/*.npy",
        "step": 30,
        "each": True,
    }
    study = config.resolve(small)
    assert [name for name in study.stimuli if name[0].isdigit()] == [
        "2_early",
        "07_mousecam-18.mp4",
        "10_late.avi",
    ]
    assert study.config["stimuli"]["2_early"]["step"] == 30
    assert study.config["stimuli"]["2_early"]["path"] == f"{tmp_path}/stacks/2_early.npy"


@pytest.mark.parametrize("path", [None, 5, [None], {}])
@pytest.mark.parametrize("kind", ["images", "movie"])
@pytest.mark.parametrize("each", [True, False])
def test_paths_that_are_no_text(small, tmp_path, kind, path, each):
    small["stimuli"]["mine"] = {"kind": kind, "path": path, "each": each}
    assert "stimuli.mine" in mistakes(small, tmp_path)


def test_pictures_are_named_by_a_path_or_a_table(small, tmp_path):
    small["stimuli"]["mine"] = {"kind": "images"}
    says(mistakes(small, tmp_path), "stimuli.mine: … 'path' … 'table'")
    small["stimuli"]["mine"] = {"kind": "images", "table": f"https://example.org/t.csv#sha256={'0' * 64}"}
    says(mistakes(small, tmp_path), "stimuli.mine")


def test_a_stimulus_a_file_with_a_name_that_is_taken(small, tmp_path):
    stack(tmp_path / "stacks", "gratings.npy")
    small["stimuli"]["mouse"] = {"kind": "npy", "path": f"{tmp_path}/stacks", "each": True}
    says(mistakes(small, tmp_path), "'gratings'")


SHAPES = {"kind": "shapes", "objects": 3, "colors": 4, "size": [32, 32]}
OF = {"stimulus": "shapes"}


def test_sets_of_images(small, tmp_path):
    (tmp_path / "own.py").write_text("def middle(activity):\n    return activity[0]\n")
    small["stimuli"]["shapes"] = SHAPES
    small["rdms"] = {
        "sets": {
            "colors": {"stimulus": "shapes", "by": "obj"},
            "mine": {
                "stimulus": "shapes",
                "entries": ["obj"],
                "combine": f"{tmp_path}/own.py:middle",
                "combinations": {"two": {"of": [{"obj": "obj001"}, {"obj": "obj002"}]}},
            },
        }
    }
    sets = config.resolve(small).config["rdms"]["sets"]
    assert sets["colors"] == {
        "stimulus": "shapes", "by": ["obj"], "entries": None, "combine": None, "combinations": {},
    }  # fmt: skip
    assert sets["mine"]["combinations"]["two"]["kind"] == "mean"


@pytest.mark.parametrize(
    ("name", "definition", "said"),
    [
        ("s", {"stimulus": "shaeps"}, r"\.stimulus.*'shaeps'.*'shapes'"),
        ("s", {"stimulus": "white_noise"}, r"\.stimulus.*'white_noise'"),
        ("s", {}, r"\.stimulus"),
        ("s", {"bye": ["obj"], **OF}, r"\.bye.*'by'"),
        ("s", {"by": ["ojb"], **OF}, "by.*'ojb'.*'obj'"),
        ("s", {"entries": ["obj"], **OF}, "obj001.*4"),
        ("s", {"entries": [], **OF}, r"\.entries"),
        ("s", {"combine": "maen", **OF}, r"\.combine.*'maen'.*'mean'"),
        ("s", {"combine": "my.py:f", **OF}, r"\.combine.*my\.py"),
        ("s", {"combinations": {"c": {"of": [{"color": 0}]}}, **OF}, "color.*'0'"),
        ("s", {"combinations": {"c": {"of": []}}, **OF}, r"\.combinations\.c\.of"),
        ("all_images", OF, "'all_images'"),
        ("metric", OF, "'metric'"),
        ("a b", OF, "'a b'"),
    ],
)
def test_sets_that_cannot_be(small, tmp_path, name, definition, said):
    small["stimuli"]["shapes"] = SHAPES
    small["rdms"] = {"sets": {name: definition}}
    message = mistakes(small, tmp_path)
    assert re.search(rf"rdms\.sets\.{name}.*{said}", message), message


def test_the_factors_of_what_is_made_from_others_are_known_to_the_job(small):
    small["stimuli"]["shapes"] = SHAPES
    small["stimuli"]["scrambled"] = {"kind": "phase_scramble", "of": "shapes"}
    small["rdms"] = {"sets": {"s": {"stimulus": "scrambled", "by": ["obj"]}}}
    assert config.resolve(small).config["rdms"]["sets"]["s"]["by"] == ["obj"]


def test_factors_of_pictures_are_known_when_planning(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for obj in ("cup", "jug"):
        (tmp_path / obj).mkdir()
        for color in ("000", "090"):
            (tmp_path / f"{obj}/{obj}_{color}deg.jpg").touch()
    small["stimuli"]["pictures"] = {"kind": "images", "path": "{obj}/{obj}_{color}deg.jpg"}
    small["rdms"] = {"sets": {"s": {"stimulus": "pictures", "by": ["obj"]}}}
    assert config.resolve(small)
    small["rdms"]["sets"]["s"]["entries"] = ["hue"]
    says(mistakes(small, tmp_path), "rdms.sets.s … entries: … 'hue' … color, image, obj")
    del small["rdms"]
    (tmp_path / "cup/jar_000deg.jpg").touch()
    said = says(mistakes(small, tmp_path), "stimuli.pictures.path: {obj}/{obj}_{color}deg.jpg: ")
    assert said.count("cup/jar_000deg.jpg") == 1
    small["stimuli"]["pictures"]["path"] = "{obj}/*_{year of}.jpg"
    says(mistakes(small, tmp_path), "stimuli.pictures.path: … {year of}")
    (tmp_path / "cup/{x}_000deg.jpg").touch()
    small["stimuli"]["pictures"]["path"] = "cup/{obj}_{color}deg.jpg"
    says(mistakes(small, tmp_path), "stimuli.pictures.path: … cup/{x}_000deg.jpg")
    small["stimuli"]["pictures"] = {"kind": "movie", "path": "cup/{obj}.mp4", "count": 3}
    says(mistakes(small, tmp_path), "stimuli.pictures.path: … braces")
    small["stimuli"]["pictures"]["each"] = True
    says(mistakes(small, tmp_path), "stimuli.pictures.path: … 'each: true' … '*'")


def test_stimuli_of_many_images_have_shards(small, tmp_path):
    np.save(tmp_path / "stack.npy", np.zeros((95, 8, 8), np.uint8))
    small["activations"] = {"shard": 40}
    small["stimuli"]["white_noise"]["count"] = 81
    small["stimuli"]["gratings"]["count"] = 40
    small["stimuli"]["scrambled"] = {
        "kind": "phase_scramble", "of": "white_noise", "method": "spatial_phase_2d"
    }  # fmt: skip
    small["stimuli"]["stack"] = {"kind": "npy", "path": str(tmp_path / "stack.npy"), "start": 5, "step": 2}
    study = config.resolve(small)
    assert study.shards == {"scrambled": 3, "stack": 2, "white_noise": 3}
    assert study.shard_files("net", "stack")[:2] == [
        f"results/small/shards/net/stack/{{population}}/{study.layers['net'][0]}.{n}-of-2.nc" for n in (0, 1)
    ]


@pytest.mark.parametrize(
    ("given", "found"), [("2 GB", 2000), ("1500MB", 1500), ("2.5 GB", 2500), (8, None), ("1 GB", None)]
)
def test_memory(small, tmp_path, given, found):
    small["rdms"] = {"memory": given}
    if found:
        assert config.resolve(small).config["rdms"]["memory"] == found
    else:
        says(mistakes(small, tmp_path), "rdms.memory: … '8 GB'" if given == 8 else "rdms.memory: … '1500 MB'")


def test_trials_of_a_recording_must_be_told_apart(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("resp.npy", np.zeros((4, 2)))
    given = {"kind": "arrays", "path": "resp.npy", "images": "angle", "stimulus": "gratings", "area": "V1"}
    small["recordings"] = {"v1": given | {"by": "orientatoin"}}
    says(mistakes(small, tmp_path), "v1.by: … 'gratings' … 'orientatoin' … 'orientation'")
    small["recordings"] = {"v1": given | {"stimulus": ["gratings", "white_noise"]}}
    says(mistakes(small, tmp_path), "v1.path: … 2 … {stimulus}.npy")
    np.save("gratings.npy", np.zeros((4, 2)))
    small["recordings"]["v1"]["path"] = "{stimulus}.npy"
    config.resolve(small, [])


def resolved(tmp_path, *files):
    """Resolve the config of several files, as Snakemake merges them."""
    merged, paths = {}, []
    for number, content in enumerate(files):
        update_config(merged, copy.deepcopy(content))
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(yaml.safe_dump(content))
    return config.resolve(merged, paths)


# what a second file says, and what holds then
NULLS = {
    "a stimulus": ({"stimuli": {"white_noise": None}}, lambda c: set(c["stimuli"]) == {"gratings"}),
    "a figure": ({"figures": {"rdm_gallery": None}}, lambda c: set(c["figures"]) == {"layer_table"}),
    "all figures": ({"figures": None}, lambda c: not c["figures"]),
    "an analysis": ({"analyses": {"by_largest": None}}, lambda c: "by_largest" not in c["analyses"]),
    "a key": (
        {"stimuli": {"white_noise": {"count": None}}},
        lambda c: c["stimuli"]["white_noise"]["count"] == 30,
    ),
    "a seed": (
        {"stimuli": {"white_noise": {"seed": None}}},
        lambda c: c["stimuli"]["white_noise"]["seed"] not in (3, None),
    ),
    "the seed": ({"seed": None}, lambda c: c["seed"] == 0),
    "a list": ({"networks": {"net": {"layers": None}}}, lambda c: c["networks"]["net"]["layers"] == "blocks"),
    "a section": ({"activations": None}, lambda c: c["activations"]["batch"] == BATCH),
    "a part of one": ({"activations": {"batch": None}}, lambda c: c["activations"]["batch"] == BATCH),
    "a set": ({"rdms": {"sets": {"s": None}}}, lambda c: c["rdms"]["sets"] == {}),
    "a normalisation": (
        {"rdms": {"normalisation": None}},
        lambda c: c["rdms"]["metrics"][0]["normalisation"] == "zscore",
    ),
    "a choice": (
        {"figures": {"rdm_gallery": {"metric": None}}},
        lambda c: c["figures"]["rdm_gallery"]["metric"] is None,
    ),
    "a mean": (
        {"networks": {"net": {"preprocess": {"mean": None}}}},
        lambda c: c["networks"]["net"]["preprocess"]["mean"] == [0.485, 0.456, 0.406],
    ),
    "a figure and an analysis": (
        {"figures": {"layer_table": None}, "analyses": {"by_largest": None}},
        lambda c: "layer_table" not in c["figures"] and "by_largest" not in c["analyses"],
    ),
    "a key of an analysis": (
        {"analyses": {"by_largest": {"reference": None}}},
        lambda c: c["analyses"]["by_largest"]["reference"] is None,
    ),
    "an amount": ({"rdms": {"memory": None}}, lambda c: c["rdms"]["memory"] == 4000),
    "the plugin's name": (
        {"analyses": {"differentiation": {"kind": None}}},
        lambda c: c["analyses"]["differentiation"]["kind"] == "differentiation",
    ),
    "folders of plugins": ({"plugins": None}, lambda c: c["plugins"] == []),
    "a size: none": (
        {"networks": {"net": {"preprocess": {"resize": None}}}},
        lambda c: c["networks"]["net"]["preprocess"]["resize"] is None,
    ),
}


def test_null_takes_away_what_an_earlier_file_has(small, tmp_path):
    small["stimuli"]["white_noise"] |= {"count": 4, "seed": 3}
    small["networks"]["net"] |= {
        "layers": ["input", "conv1"],
        "preprocess": {"resize": 100, "crop": 64, "mean": [0, 0, 0]},
    }
    small |= {
        "seed": 7,
        "activations": {"batch": 3},
        "figures": {"rdm_gallery": {"metric": "sqeuclidean"}, "layer_table": {}},
        "analyses": {
            "by_largest": {"kind": "differentiation", "reference": "gratings"},
            "differentiation": {"kind": "differentiation"},
        },
        "plugins": [],
        "rdms": {"normalisation": "none", "memory": "2 GB", "sets": {"s": {"stimulus": "gratings"}}},
    }
    for what, (over, holds) in NULLS.items():
        assert holds(resolved(tmp_path, small, over).config), what


def test_null_of_no_figure_names_the_nearest(small, tmp_path):
    small["figures"] = {"map": {"kind": "layer_table"}}
    with pytest.raises(ConfigError, match=r"figures\.mapp: .*'mapp'.*'map'"):
        resolved(tmp_path, small, {"figures": {"mapp": None}})
    with pytest.raises(ConfigError, match=r"analyses\.other: .*'other'") as caught:
        resolved(tmp_path, small, {"analyses": {"other": None}})
    assert "mds" not in str(caught.value)  # the kinds are not listed


def test_a_broken_plugin_that_is_not_used_hides_no_mistake(small, tmp_path):
    (tmp_path / "lab/metrics").mkdir(parents=True)
    (tmp_path / "lab/metrics/broken.py").write_text("def (")
    small |= {"plugins": str(tmp_path / "lab"), "rdms": {"metrics": ["corelation"]}}
    says(mistakes(small, tmp_path), "rdms.metrics.0: 'corelation' … 'correlation'")
    small["rdms"] = {"metrics": ["pearson"]}
    says(mistakes(small, tmp_path), "rdms.metrics.0: 'pearson' … 'correlation'")
    small["rdms"] = {"metrics": ["broken"]}
    says(mistakes(small, tmp_path), "broken.py")


def test_null_takes_no_name_away_that_is_not_there(small, tmp_path):
    with pytest.raises(ConfigError, match=r"stimuli\.whitenoise: "):
        resolved(tmp_path, small, {"stimuli": {"whitenoise": None}})
    assert set(resolved(tmp_path, small | {"figures": {"layer_table": None}}).config["figures"]) == {
        "layer_table"
    }
    over = {"stimuli": {"white_noise": None, "gratings": {"kind": "views", "of": "white_noise"}}}
    with pytest.raises(ConfigError, match="'white_noise'"):
        resolved(tmp_path, small, over)


def test_the_config_is_checked_without_snakemake(small, tmp_path, capsys):
    first, over = tmp_path / "mine.yaml", tmp_path / "over.yaml"
    first.write_text(yaml.safe_dump(small))
    over.write_text("stimuli: {white_noise: {count: 5}}")
    check([str(first), str(over)])
    assert "no mistake found in study 'small'" in capsys.readouterr().out
    for content, said in {
        "sede: 1": r"over.yaml:1: sede:.*key",
        "stimuli: [": r"over.yaml: not valid YAML: .* line 1",
        None: "over.yaml: cannot be read",
    }.items():
        over.unlink() if content is None else over.write_text(content)
        with pytest.raises(SystemExit, match=said):
            check([str(first), str(over)])


BAD_YAML = {
    "latin.yaml": (
        "study: a\nstimuli: {é: {}}\n".encode("latin-1"),
        r"latin.yaml:2:.*UTF-8.* 0xe9",
    ),
    "itself.yaml": (b"stimuli: &a\n  b: *a\n", r"itself.yaml:1: stimuli.b:.*anchor"),
    "on.yaml": (b"stimuli:\n  on: {}\n", r"on.yaml:2: stimuli.on: YAML reads.*name.*True"),
    "octal.yaml": (b"stimuli: {010: {}}\n", r"stimuli.010: YAML reads.*name.* 8"),
    "list.yaml": (b"- study\n", "expected keys"),
    "empty.yaml": (b"", "expected keys"),
    "deep.yaml": (b"a: " + b"[" * 1200, "nested too deeply"),
    "laughs.yaml": (
        b"a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)),
        "200000",
    ),
}


@pytest.mark.parametrize("name", BAD_YAML)
def test_what_is_no_config_is_refused_in_a_sentence(tmp_path, name):
    content, said = BAD_YAML[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_lines(tmp_path / name)


def test_names_that_are_numbers_are_themselves(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("stimuli: {10: {}, 'on': {}, \"010\": {}, 2.5: {}, <<: {a: 1}}\n", encoding="utf-8-sig")
    found = {keys[1] for keys in read_lines(path) if len(keys) == 2}
    assert {"10", "on", "010", "2.5"} <= found


def test_recordings_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("it_a.npy", np.ones(6))
    only = {"study": "s", "stimuli": {"noise": {"kind": "white_noise", "count": 4}}}
    of_rdms = {"kind": "rdms", "path": "it_{subject}.npy", "stimulus": "noise"}
    study = config.resolve(only | {"recordings": {"it": of_rdms}})
    assert (study.layers, list(study.rdms()), list(study.given)) == ({}, [], ["it"])
    of_responses = {"kind": "simulated", "stimulus": "gratings", "neurons": 5}
    only["stimuli"] = {"gratings": {"kind": "gratings", "count": 4}}
    said = mistakes(only | {"recordings": {"v1": of_responses}}, tmp_path)
    says(said, " populations: ", " samples: ")
    assert "networks" not in said
    units = {"populations": {"all": {"kind": "all"}}, "samples": [{"population": "all"}]}
    study = config.resolve(only | units | {"recordings": {"v1": of_responses}})
    assert list(study.rdms()) == ["results/s/rdms/v1/gratings/all/recording/nall.nc"]
    says(mistakes(only | units, tmp_path), "networks: ")


@pytest.mark.parametrize("step", ["analyses", "figures"])
def test_what_is_not_named_as_a_plugin_needs_a_kind(small, tmp_path, step):
    small[step] = {"a": {}}
    says(mistakes(small, tmp_path), f"{step}.a: … 'kind'")
    small[step] = {"mdss": {}}
    says(mistakes(small, tmp_path), f"{step}.mdss: 'mdss' … 'mds'")


def test_a_metric_is_a_mapping_with_a_kind(small, tmp_path):
    small["rdms"] = {"metrics": [{"kind": None}, 3]}
    says(mistakes(small, tmp_path), "rdms.metrics.0.kind: ", "rdms.metrics.1: … 3")


def test_a_training_needs_a_kind(small, tmp_path):
    small["networks"]["net"]["training"] = {"stimulus": "gratings", "held_out": "white_noise"}
    says(mistakes(small, tmp_path), "networks.net.training: … 'kind' … sgd")


PLUGIN = """
from repscape.plugin.contract import Analysis

class Mine(Analysis):
    def inputs(self, study):
        {}

    def compute(self, files):
        pass
"""


def with_plugin(section, folder, inputs):
    """Write a study with an analysis of one's own, whose method `inputs` has this body."""
    (folder / "analyses").mkdir(parents=True)
    (folder / "analyses/mine.py").write_text(PLUGIN.format(inputs))
    return section | {"plugins": str(folder), "analyses": {"mine": {}}}


@pytest.mark.parametrize("found", ["None", "['a.nc']", "{'a': 3}", "{'a': [None]}"])
def test_what_a_plugin_names_as_its_inputs(small, tmp_path, found):
    section = with_plugin(small, tmp_path / "lab", f"return {found}")
    says(mistakes(section, tmp_path), f"Mine.inputs: … {found}")


def test_the_check_says_where_a_plugin_of_ones_own_fails(small, tmp_path):
    section = with_plugin(small, tmp_path / "lab", "1 / 0")
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(section))
    with pytest.raises(SystemExit, match=r"analyses/mine\.py:6: ZeroDivisionError"):
        check([str(path)])

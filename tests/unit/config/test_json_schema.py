"""The JSON schema of the config, as editors read it."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from repscape import config
from repscape.config import json_schema, reference, shared_keys
from repscape.config.shared_keys import COMMON
from repscape.core.errors import ConfigError
from repscape.plugin import registry, schema
from repscape.plugin.contract import KIND, STEPS

REPOSITORY = Path(__file__).parents[3]
CONFIGS = sorted((REPOSITORY / "config").glob("*.yaml"))
FILE = REPOSITORY / "config/schema.json"
FIRST_LINE = "# yaml-language-server: $schema=schema.json\n"


@pytest.fixture(scope="module")
def whole():
    return json_schema.build()


@pytest.fixture(scope="module")
def editor(whole):
    """Return what an editor does with a file: the paths of the keys that it marks."""
    jsonschema.Draft7Validator.check_schema(whole)
    validator = jsonschema.Draft7Validator(whole)

    def marked(text: str) -> set[str]:
        found = (
            jsonschema.exceptions.best_match([error]) for error in validator.iter_errors(yaml.safe_load(text))
        )
        return {".".join(map(str, error.absolute_path)) for error in found}

    return marked


def test_the_file_is_what_the_code_says_now(whole):
    written = FILE.read_text(encoding="utf-8")
    assert written == json_schema.text(whole) + "\n", "write it anew: see repscape/config/json_schema.py"
    assert json.loads(written) == whole


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_shipped_configs_name_it_and_have_no_mistake(editor, file):
    text = file.read_text(encoding="utf-8")
    assert text.startswith(FIRST_LINE)
    assert editor(text) == set()


STUDY = """
study: mine
seed: 1
stimuli:
  film: {kind: movie, path: film.mp4, every: 1 s, size: [64, 64]}
  stacks: {kind: npy, path: "*.npy", each: true}
networks:
  net:
    kind: torchvision
    architecture: squeezenet1_1
    weights: random
    layers: [input, [conv1, 1]]
    preprocess: {resize: [224, 224], crop: null}
    training: {kind: sgd, stimulus: film, held_out: stacks}
recordings:
  v1: {kind: rdms, path: rdms.npz, stimulus: film}
populations: {all: {kind: all}}
samples: [{population: all, sizes: [10, all], repeats: 3}]
rdms:
  memory: 8 GB
  metrics: [correlation, {kind: euclidean, normalisation: none}]
  sets:
    objects: {stimulus: film, by: obj, combinations: {pair: {of: [{obj: cup, color: 0}, {obj: pot}]}}}
analyses: {mds: {method: pca}, second: {kind: meta_rdm, entries: layer, comparisons: [pearson]}, anova: null}
figures: {rdm_gallery: {}, maps: {kind: mds, colour: layer}}
"""


@pytest.fixture
def in_words(tmp_path):
    """Return the message of the config's own check; empty where it has no objection."""

    def check(text: str) -> str:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        try:
            config.resolve(yaml.safe_load(text), [file])
        except ConfigError as error:
            return str(error)
        return ""

    return check


def test_a_study_with_something_of_everything_has_no_mistake(editor):
    assert editor(STUDY) == set()


@pytest.mark.parametrize(
    ("written", "wrong", "key"),
    [
        # slips of the pen, at each level
        ("seed: 1", "sede: 1", ""),
        ("every: 1 s", "evry: 1 s", "stimuli.film"),
        ("each: true", "eahc: true", "stimuli.stacks"),
        ("architecture: s", "arch: s", "networks.net"),
        ("crop: null", "corp: null", "networks.net.preprocess"),
        ("held_out: stacks", "holdout: stacks", "networks.net.training"),
        ("stimulus: film}", "stimlus: film}", "recordings.v1"),
        ("{kind: all}", "{kind: all, unit: 3}", "populations.all"),
        ("sizes: [", "size: [", "samples.0"),
        ("memory: 8 GB", "memroy: 8 GB", "rdms"),
        ("normalisation: none", "normalization: none", "rdms.metrics.1"),
        ("by: obj", "of: obj", "rdms.sets.objects"),
        ("{of: [", "{from: [", "rdms.sets.objects.combinations.pair"),
        ("{method: pca}", "{methd: pca}", "analyses.mds"),
        ("entries: layer", "entry: layer", "analyses.second"),
        ("colour: layer", "color: layer", "figures.maps"),
        ("rdm_gallery: {}", "rdm_gallery: {metrics: a}", "figures.rdm_gallery"),
        # kinds that there are not
        ("kind: movie", "kind: moovie", "stimuli.film.kind"),
        ("kind: torchvision", "kind: torch", "networks.net.kind"),
        ("kind: sgd", "kind: sdg", "networks.net.training.kind"),
        ("kind: rdms", "kind: rmd", "recordings.v1.kind"),
        ("kind: all}", "kind: every}", "populations.all.kind"),
        ("[correlation,", "[corelation,", "rdms.metrics.0"),
        ("kind: euclidean", "kind: euclid", "rdms.metrics.1.kind"),
        ("kind: meta_rdm", "kind: metardm", "analyses.second.kind"),
        ("kind: mds", "kind: map", "figures.maps.kind"),
        ("kind: mds, ", "", "figures.maps"),
        ("kind: movie, ", "", "stimuli.film"),
        # keys that are required
        ("study: mine", "", ""),
        ("path: film.mp4, ", "", "stimuli.film"),
        ("entries: layer, ", "", "analyses.second"),
        # keys of another kind
        ("path: film.mp4", "path: film.mp4, exponent: 1", "stimuli.film.exponent"),
        # types, bounds and choices
        ("seed: 1", "seed: one", "seed"),
        ("seed: 1", "seed: -1", "seed"),
        ("size: [64, 64]", "size: 64", "stimuli.film.size"),
        ("size: [64, 64]", "size: [64]", "stimuli.film.size"),
        ("every: 1 s", "count: 0", "stimuli.film.count"),
        ("each: true", "each: perhaps", "stimuli.stacks.each"),
        ("sizes: [10, all]", "sizes: 10", "samples.0.sizes"),
        ("sizes: [10, all]", "sizes: [ten]", "samples.0.sizes.0"),
        ("sizes: [10, all], repeats: 3", "sizes: [10], repeats: [a]", "samples.0.repeats.0"),
        ("normalisation: none", "normalisation: some", "rdms.metrics.1.normalisation"),
        ("comparisons: [pearson]", "comparisons: [person]", "analyses.second.comparisons.0"),
        ("mds: {method: pca}", "mds: [pca]", "analyses.mds"),
    ],
)  # fmt: skip
def test_what_an_editor_marks_the_check_refuses(editor, in_words, written, wrong, key):
    assert STUDY.count(written) == 1
    text = STUDY.replace(written, wrong)
    marked = editor(text)
    assert len(marked) == 1
    at, of = next(iter(marked)), key.rpartition(".")[0]
    assert key in (at, at.rpartition(".")[0])  # an item of a list, or the list
    said = in_words(text)
    assert f"{key or written.partition(':')[0]}" in said or (of and f" {of}: " in said)


@pytest.mark.parametrize("section", ["{kind: of_my_lab, strength: 3}", "{kind: movie, path: film.mp4}"])
def test_of_the_users_plugins_nothing_is_marked(editor, section):
    text = STUDY.replace("{kind: movie, path: film.mp4, every: 1 s, size: [64, 64]}", section)
    text = text.replace("[correlation,", "[of_my_lab,").replace(
        "maps: {kind: mds, colour: layer}", "maps: {kind: my_map, a: 1}"
    )
    assert editor(text) != set()
    assert editor(text + "plugins: my_lab") == set()
    assert editor(text.replace("study", "stduy") + "plugins: my_lab") != set()


def test_a_file_over_another_needs_no_kinds(editor):
    assert editor("networks: {vgg16: {weights: random}}") == set()
    assert editor("stimuli: {film: null}\nfigures: {mine: {colour: layer}, mds: null}") == set()
    assert editor("networks: {vgg16: {wieghts: random}}") == {"networks.vgg16"}
    assert editor("stimuli: {film: {kind: white_noise, path: null}}") == set()


def test_the_users_plugins_are_in_it_where_their_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSCAPE_PLUGINS", "")
    (tmp_path / "lab/figures").mkdir(parents=True)
    (tmp_path / "lab/figures/my_map.py").write_text(
        "from repscape.plugin.contract import Figure, parameter\n\n\n"
        'class MyMap(Figure):\n    """My map."""\n\n    dots: int = parameter("How many dots.", 3, ge=1)\n\n'
        "    def inputs(self, study):\n        return {}\n\n    def draw(self, data):\n        return None\n"
    )
    try:
        json_schema.main(str(tmp_path / "schema.json"), str(tmp_path / "lab"))
    finally:
        registry.use([])
    found = json.loads((tmp_path / "schema.json").read_text())["$defs"]["figures.my_map"]
    assert found["properties"]["dots"] == {
        "description": "How many dots.", "type": ["integer", "null"], "minimum": 1, "default": 3,
    }  # fmt: skip


def every_key():
    for step in [step for step in STEPS if step != "metrics"]:
        for kind in registry.names(step):
            place = {"trainings": "networks.training", "recordings": "recordings, of responses"}.get(
                step, step
            )
            if step == "recordings" and config.recordings.gives_rdms(kind):
                place = "recordings, of RDMs"
            model = schema.model(registry.find(step, kind), COMMON.get(place))
            yield pytest.param(f"{step}.{kind}", model, id=f"{step}-{kind}")


VALUES = [
    True, 0, 1, 3, -1, 0.5, 0.25e-3, "text", "random", "1 s", "a:b", [], ["a"], ["a", "b"], [1, 2], [0.5, 1],
    [1, 2, 3], [["a", 1]], {"a": 1}, {"a": "b"}, {"a": ["b"]}, {"a": [1]},
]  # fmt: skip


@pytest.mark.parametrize(("name", "model"), list(every_key()))
def test_each_key_takes_the_values_that_the_check_takes(whole, name, model):
    """But for what a plugin checks by a function of its own, of which an editor knows nothing."""
    keys = whole["$defs"][name]["properties"]
    assert set(keys) == set(model.model_fields)
    wrong = []
    for key in keys.keys() - {KIND, "training"}:
        validator = jsonschema.Draft7Validator(keys[key] | {"$defs": whole["$defs"]})
        for value in VALUES:
            refused = refusals(model, key, value)
            for_truth = type(value) is int and "boolean" in str(keys[key])  # 0 and 1 are taken for it
            if for_truth or "value_error" in refused:
                continue
            if validator.is_valid(value) != (refused == set()):
                wrong.append((key, value, refused))
    assert wrong == []


def refusals(model, key, value) -> set[str]:
    """Return the kinds of what pydantic objects to a key's value."""
    try:
        model.model_validate({key: value})
    except ValidationError as error:
        return {mistake["type"] for mistake in error.errors() if mistake["loc"][0] == key}
    return set()


def test_every_key_has_its_sentence(whole):
    for name, definition in whole["$defs"].items():
        keys = definition.get("properties", {})
        assert [
            key for key in keys if not keys[key].get("description", "").rstrip(")").endswith(".")
        ] == [], name


def test_pages_get_the_keys_that_no_plugin_declares():
    found = shared_keys.sections()
    assert set(found[""]["properties"]) == set(config.schema.Config.model_fields)
    words = {
        f"{place}.{key}": reference.kind_of(field, part.get("$defs", {}))
        for place, part in found.items()
        for key, field in part["properties"].items()
    }
    assert words["stimuli.size"].startswith("[whole number above 0")
    assert words["samples.repeats"].endswith("or a list")
    assert words["networks.preprocess.border"] == "true or false"
    assert all(
        field["description"]
        for part in found.values()
        for key, field in part["properties"].items()
        if key != KIND
    )

"""Numbers of the config have bounds: what cannot be meant is refused when planning, by its key."""

import math

import pytest
import yaml
from pydantic import ValidationError

from repscape import config
from repscape.config import common_keys
from repscape.config.schema import Config
from repscape.core.errors import ConfigError
from repscape.plugin import contract, registry, schema

STEPS = [step for step in contract.STEPS if step != "metrics"]  # metrics have no keys


def numbers(model) -> dict[str, set]:
    """Name the keys of a section that take numbers, with the kinds of number that each takes."""
    found = {
        key: {int, float} & set(schema.kinds_of(field.annotation))
        for key, field in model.model_fields.items()
    }
    return {key: kinds for key, kinds in found.items() if kinds}


def keys_with_numbers():
    for step in STEPS:
        for name in registry.names(step):
            model = schema.model(registry.find(step, name))
            for key, kinds in numbers(model).items():
                yield pytest.param(model, key, kinds, id=f"{step}-{name}-{key}")


def refused(model, key, value) -> bool:
    """Whether a section is refused for a value of a key, given in any of the forms that the key may take."""
    for given in (value, [value], [value, value], {"a": value}, {"a": [value]}):
        try:
            model.model_validate({key: given})
        except ValidationError as error:
            if not any(mistake["loc"][0] == key for mistake in error.errors()):
                return False
        else:
            return False
    return True


@pytest.mark.parametrize(("model", "key", "kinds"), list(keys_with_numbers()))
def test_every_number_of_a_plugin_is_bounded(model, key, kinds):
    values = [math.nan, math.inf, -math.inf, 1e300, -1e300] if float in kinds else [10**30, -(10**30)]
    accepted = [value for value in values if not refused(model, key, value)]
    assert not accepted


@pytest.mark.parametrize("key", ["seed"])
@pytest.mark.parametrize("value", [-1, 2**63])
def test_seeds_are_what_all_generators_take(key, value):
    for step, name in [("stimuli", "white_noise"), ("populations", "random"), ("analyses", "mds")]:
        assert refused(schema.model(registry.find(step, name)), key, value)


STUDY = """
study: bounds
stimuli:
  shown: {%s}
networks:
  net: {kind: torchvision, architecture: squeezenet1_1, weights: random, layers: [input, conv1]}
populations: {all: {kind: all}}
samples: [{population: all}]
"""


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("kind: gratings, spatial_frequency: .nan", "spatial_frequency"),  # black
        ("kind: gratings, phase: .inf", "phase"),
        ("kind: gratings, orientations: [0, .nan, 90]", "orientations.1"),
        ("kind: gratings, orientations: [0, 45, 1.0e+9]", "orientations.2"),
        ("kind: gratings, count: 1_000_000_000", "count"),
        ("kind: gratings, size: [1_000_000, 1_000_000]", "size"),
        ("kind: pink_noise, exponent: .nan", "exponent"),  # constant
        ("kind: pink_noise, exponent: 1000", "exponent"),
        ("kind: tilt_gratings, count: 1_000_000_000", "count"),
        ("kind: shapes, colors: 100_000", "colors"),  # took minutes to plan
        ("kind: views, path: nowhere.png, lighting: 100", "lighting"),
        ("kind: white_noise, count: 3, seed: -1", "seed"),
    ],
)
def test_a_stimulus_that_nobody_means_is_refused_by_its_key(tmp_path, section, key):
    text = STUDY % section
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=rf"config.yaml:4: stimuli.shown.{key}: expected"):
        config.resolve(yaml.safe_load(text), [tmp_path / "config.yaml"])


def test_a_percentage_is_asked_about(tmp_path):
    text = STUDY % "kind: gratings, contrast: 30"
    with pytest.raises(ConfigError, match=r"contrast:.* 30 %.* 0\.3"):
        config.resolve(yaml.safe_load(text), [])


def sections(model):
    """Yield a section of the config and the sections in it."""
    yield model
    for field in model.model_fields.values():
        for kind in schema.kinds_of(field.annotation):
            if isinstance(kind, type) and issubclass(kind, schema.Section):
                yield from sections(kind)


def test_every_key_has_a_sentence():
    commons = (common_keys.StimulusKeys, common_keys.NetworkKeys, common_keys.RdmRecordingKeys,
               common_keys.ResponseKeys)  # fmt: skip
    found = {
        f"{model.__name__}.{key}": field.description
        for model in sections(Config)
        for key, field in model.model_fields.items()
    } | {f"{one.__name__}.{key}": declared.doc for one in commons for key, declared in one.parameters.items()}
    assert len(found) > 50
    assert [key for key, doc in found.items() if not (doc or "").endswith(".")] == []

"""What a plugin may define: each slip of the pen is refused when the class is made, by its name."""

import re

import pytest

from repscape.core.errors import ConfigError
from repscape.plugin import registry
from repscape.plugin.contract import STEPS, Analysis, Metric, Plugin, Population, Seeded, Stimulus, parameter


def metric(**defined):
    """Make a class of a metric that defines some names."""
    annotations = defined.pop("annotations", {})
    body = {"dissimilarity": lambda self, activity, scaling: activity, "__annotations__": annotations}
    return type("Mine", (Metric,), body | defined)


@pytest.mark.parametrize(
    ("defined", "message"),
    [
        ({"captoin": "c"}, "Mine.'captoin'.*'caption'"),
        ({"in_block": lambda self: 0}, "'in_blocks'"),
        ({"helper": lambda self: 0}, "helper.*underscore"),
        ({"annotations": {"power": int}}, r"Mine.power.*parameter\("),
        ({"power": parameter("A number.", 2)}, r"Mine.power:.*type"),
        (
            {"caption": parameter("A number.", 2), "annotations": {"caption": int}},
            r"Mine.caption:.*plugins define",
        ),
        (
            {"kind": parameter("A number.", 2), "annotations": {"kind": int}},
            r"Mine.kind:.*key",
        ),
        ({"_power": parameter("A number.", 2), "annotations": {"_power": int}}, "Mine._power: .*a letter"),
        ({"dissimilarity": Metric.dissimilarity}, r"Mine: .*dissimilarity\(self, activity, scaling\)"),
        (
            {"dissimilarity": lambda self, activity: 0},
            r"\(self, activity, scaling\).* \(self, activity\)",
        ),
        ({"in_blocks": 3}, r"Mine.in_blocks:.*method.* 3"),
    ],
)
def test_a_slip_is_refused_by_its_name(defined, message):
    with pytest.raises(ConfigError, match=message):
        metric(**defined)


def test_names_that_are_no_plugins_are_not_proposed():
    with pytest.raises(ConfigError, match="Valid:") as refused:
        metric(captoin="c")
    assert not re.search(r"\b_\w", str(refused.value))


@pytest.mark.parametrize(
    ("arguments", "bounds", "message"), [((3,), {}, "sentence.*3"), (("A number.", 3), {"min": 2}, "'min'")]
)
def test_a_parameter_has_a_sentence_and_known_bounds(arguments, bounds, message):
    with pytest.raises(ConfigError, match=message):
        parameter(*arguments, **bounds)


def test_what_begins_with_an_underscore_is_the_plugins_own():
    assert metric(_helper=lambda self: 3)()._helper() == 3


def test_parameters_are_inherited_and_may_be_declared_anew():
    class Shared(Seeded, shared=True):
        units: int = parameter("How many.", 3)

    class Mine(Shared, Population):
        units: int = parameter("How many of them.", 5)
        share: float = parameter("Which share.")

        def select(self, layer):
            return layer

    assert set(Mine.parameters) == {"seed", "units", "share"}
    assert Mine.parameters["units"].doc == "How many of them."
    made = Mine(share=0.5)
    assert (made.units, made.share, made.seed) == (5, 0.5, 0)
    assert repr(made) == "Mine(share=0.5)"
    with pytest.raises(ConfigError, match="'share'"):
        Mine()
    with pytest.raises(ConfigError, match=r"'shaer'.*'share'"):
        Mine(shaer=0.5)


def test_a_shared_class_is_no_plugin():
    class OfLayers(Plugin, shared=True):
        layers: list[str] = parameter("Which layers.")

        def chosen(self):
            """Return the layers."""
            return self.layers

    class Mine(OfLayers, Stimulus):
        def images(self):
            return iter(self.chosen())

    assert list(Mine(layers=["a"]).images()) == ["a"]


def test_what_an_analysis_makes_and_a_metric_takes_follows_from_its_methods():
    class Mine(Analysis):
        def inputs(self, study):
            return {}

        def compute(self, files):
            return None

    class Table(Mine):
        def rows(self, result):
            yield ()

        def rdm_labels(self, labels):
            return labels

    assert (Mine.makes_table, Mine.makes_rdms) == (False, False)
    assert (Table.makes_table, Table.makes_rdms) == (True, True)
    assert not metric().uses_trials
    assert metric(of_trials=lambda self, activity, trials: 0).uses_trials


def test_every_parameter_that_ships_has_a_sentence():
    wrong = [
        f"{step}/{name}: {key}: {declared.doc}"
        for step in STEPS
        for name in registry.names(step)
        for key, declared in registry.find(step, name).parameters.items()
        if not re.fullmatch(r"\S.{3,}[.?]", declared.doc, re.DOTALL)
    ]
    assert not wrong

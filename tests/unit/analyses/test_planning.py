"""What analyses lack is told before any job, also where only another analysis needs them."""

import copy

import pytest

from repscape import config
from repscape.core.errors import ConfigError

STUDY = {
    "study": "test",
    "stimuli": {name: {"kind": "white_noise", "count": 4, "size": [64, 64]} for name in ("a", "b", "c")},
    "networks": {
        "net": {
            "kind": "torchvision",
            "architecture": "alexnet",
            "weights": "random",
            "layers": ["input", "conv1", "fc1"],
        }
    },
    "populations": {"random": {"kind": "random", "units": 10}},
    "samples": [{"population": "random", "sizes": [5], "repeats": 2}],
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"analyses": {"differentiation": {"reference": "d"}}, "figures": {"ranking_table": {}}},
            r"analyses\.differentiation\.reference: 'd'",
        ),
        (
            {"analyses": {"sd_cd": {"against": "conv2"}}},
            r"analyses\.sd_cd\.against: 'net'.*record.*layer: 'conv2'",
        ),
        (
            {"analyses": {"far": {"kind": "distances", "size": 7}}},
            r"analyses\.far\.size: '7'.*5",
        ),
        ({"analyses": {"distances": {"permutations": 5}}}, r"distances\.permutations:.* 5"),
        ({"figures": {"sd_cd_scatter": {"analysis": "far"}}}, r"analysis: 'far'.*sd_cd"),
        ({"figures": {"trained_untrained": {}}}, r"figures\.trained_untrained: "),
        ({"figures": {"differentiation_by_depth": {"band": "SD"}}}, r"band:.*'SD'"),
    ],
)
def test_mistakes(changes, message):
    with pytest.raises(ConfigError, match=message):
        config.resolve(copy.deepcopy(STUDY) | changes)


def test_permutations_and_resamples_follow_the_study_seed():
    studies = [config.resolve(copy.deepcopy(STUDY) | {"seed": seed}) for seed in (0, 1)]
    for analysis in ("distances", "image_bootstrap"):
        first, second = (study.config["analyses"][analysis]["seed"] for study in studies)
        assert first != second

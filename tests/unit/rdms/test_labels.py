"""Choosing by labels: values as text, several at once, labels that some lack; what is unknown is refused."""

import numpy as np
import pandas as pd
import pytest

from repscape.core.errors import ConfigError
from repscape.rdms.labels import indices_where

LABELS = {"layer": ["conv1", "conv2", "fc", "conv1"], "size": [200, 200, 1000, 1000]}


@pytest.mark.parametrize(
    "labels", [LABELS, pd.DataFrame(LABELS), {n: np.array(v) for n, v in LABELS.items()}]
)
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, [0, 1, 2, 3]),
        ({}, [0, 1, 2, 3]),
        ({"layer": "conv1"}, [0, 3]),
        ({"size": 200}, [0, 1]),
        ({"size": "200", "layer": ["conv1", "fc"]}, [0]),
        ({"size": [200, 1000], "layer": ["fc"]}, [2]),
    ],
)
def test_what_has_all_labels_is_chosen(labels, where, expected):
    assert indices_where(labels, where) == expected


def test_a_label_leaves_out_nothing_that_lacks_it():
    labels = LABELS | {"subject": ["", "", "BE", "KO"]}
    lacking = {"subject": np.array([True, True, False, False])}
    assert indices_where(labels, {"subject": "KO"}, lacking=lacking) == [0, 1, 3]
    assert indices_where(labels, {"subject": "KO"}) == [3]
    with pytest.raises(ConfigError, match=r"where: subject: 'TI'.*BE, KO"):
        indices_where(labels, {"subject": "TI"}, lacking=lacking)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"layr": "fc"}, "reference: 'layr'.*'layer'"),
        ({"layer": ["fc", "conv3"]}, "reference: layer: 'conv3'.*conv1, conv2, fc"),
        ({"layer": "fc", "size": 200}, r"reference:.*model.*layer: fc; size: 200"),
    ],
)
def test_what_there_is_not_is_refused(where, message):
    with pytest.raises(ConfigError, match=message):
        indices_where(LABELS, where, what="model", key="reference")

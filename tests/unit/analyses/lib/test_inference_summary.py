"""Sentences say what the numbers do."""

import re

import numpy as np

from repscape.analyses.lib import inference_summary


def test_the_best_and_what_is_as_like():
    p = np.full((4, 4), 0.01)
    p[2, 0] = p[0, 2] = 0.3
    found = {
        "similarity": np.array([0.5, 0.1, 0.6, 0.2]),
        "low": np.array([0.4, 0.0, 0.52, 0.1]),
        "high": np.array([0.6, 0.2, 0.68, 0.3]),
        "p_pair_holm": p,
    }
    first, second = inference_summary.best(["net a", "net b", "net c", "net d"], found, "v1", "holm")
    assert re.search(r"v1 .*net c.*0\.60 .*95% .*0\.52 to 0\.68.* 4 layers", first)
    assert re.search(r"Not .*Holm.*net a\.", second)
    assert not re.search(r"net [bcd]", second)
    p[2, 0] = 0.01
    assert "All" in inference_summary.best(["a", "b", "c", "d"], found, "v1", "holm")[1]
    alone = {name: values[:1] for name, values in found.items()}
    assert len(inference_summary.best(["a"], alone, "v1", "holm")) == 1


def test_sources_layer_by_layer():
    difference = np.array([0.1, 0.4, -0.3, 0.2, 0.0])
    found = {
        "similarity": np.array([0.3, 0.8, 0.1, 0.5, 0.2, 0.2, 0.4, 0.4, 0.3, 0.2]),
        "source_difference": np.full((10, 2), np.nan),
        "p_source_fdr": np.full((10, 2), np.nan),
    }
    p = np.array([0.2, 0.01, 0.04, 0.03, np.nan])  # the last is of equal RDMs
    found["source_difference"][:5, 1], found["source_difference"][5:, 0] = difference, -difference
    found["p_source_fdr"][:5, 1], found["p_source_fdr"][5:, 0] = p, p
    sources = ["net"] * 5 + ["twin"] * 5
    (text,) = inference_summary.between(sources, list("abcde") * 2, ["net", "twin"], found, "fdr")
    assert re.search(r"net .*twin .* 4 layers .*Benjamini.*more .*b and d; less .*c; no .*a\.", text)


def test_of_many_layers_a_few_are_named():
    assert inference_summary._some(list("abcdefg")) == "a, b, c, d, e, f and g"
    assert inference_summary._some(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"

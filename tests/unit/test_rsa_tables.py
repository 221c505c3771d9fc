"""The page on tables of RDMs works as it is written."""

import ast
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from repscape.io import netcdf

PAGE = Path(__file__).parents[2] / "workflow/docs/rsa_tables.md"
OBJECTS, COLORS = ["obj001", "obj002", "obj003", "obj004"], ["000", "090", "180", "270"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """RDM files of four objects in four colours in three layers and two populations."""
    root, random = tmp_path_factory.mktemp("study"), np.random.default_rng(0)
    names = np.array([f"{obj}_{color}" for obj, color in itertools.product(OBJECTS, COLORS)])
    first, second = np.triu_indices(16, 1)
    i, j = np.triu_indices(4, 1)
    for (order, layer), population in itertools.product(
        enumerate(["input", "conv1", "relu1"]), ["unit_level", "feature_means"]
    ):
        metrics = {
            "metric": (("metric",), ["correlation", "euclidean"]),
            "measure": (("metric",), ["correlation", "euclidean"]),
            "normalisation": (("metric",), ["none", "none"]),
            "repeat": (("repeat",), np.zeros(1, np.int32)),
        }
        sets = {
            "dissimilarity": (("set", "metric", "repeat", "pair"), random.random((4, 2, 1, 6), np.float32)),
            "obj": (("set",), OBJECTS),
            "color": (("entry",), COLORS),
            "entry_i": (("pair",), i.astype(np.int32)),
            "entry_j": (("pair",), j.astype(np.int32)),
        }
        described = {"set": "colors_of_objects", "by": ["obj"], "entries": ["color"]}
        netcdf.write(
            root / f"results/object_colors/rdms/alexnet_random/shapes/{population}/{layer}/nall.nc",
            kind="rdm",
            variables={
                "dissimilarity": (("metric", "repeat", "pair"), random.random((2, 1, 120), np.float32)),
                **metrics,
                "image_i": (("pair",), first.astype(np.int32)),
                "image_j": (("pair",), second.astype(np.int32)),
                "name_i": (("pair",), names[first]),
                "name_j": (("pair",), names[second]),
            },
            attributes={
                "source": "alexnet_random", "stimulus": "shapes", "population": population, "layer": layer,
                "order": order, "size": "all", "n_drawn": 100,
            },
            groups={"colors_of_objects/0": (metrics | sets, described)},
        )  # fmt: skip
    return root


def test_the_code_of_the_page_runs(study, monkeypatch):
    monkeypatch.chdir(study)
    namespace, shown = {}, []
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        for statement in ast.parse(block).body:
            if isinstance(statement, ast.Expr):
                shown.append(eval(compile(ast.Expression(statement.value), PAGE.name, "eval"), namespace))
            else:
                exec(compile(ast.Module([statement], []), PAGE.name, "exec"), namespace)
    assert len(namespace["rdms"]) == 3 * 2 * 2 * (1 + 4)
    assert set(namespace["rdms"].columns) >= {
        "source",
        "layer",
        "layer_order",
        "metric",
        "population",
        "size",
    }
    matrix, cell, means, conv_and_relu, *_ = shown
    assert matrix.shape == (4, 4)
    assert cell == matrix.iloc[0, 2]
    assert list(means.index.names) == ["metric", "layer_order", "layer"]
    assert set(conv_and_relu.layer) == {"conv1", "relu1"}
    assert namespace["array"].dissimilarity.dims == ("obj", "layer", "metric", "color", "color_other")
    assert shown[-1][-2:] == ("entry", "entry_other")


def test_columns_and_functions_that_the_page_names_exist(study):
    from repscape.analyses.lib import subset_choice
    from repscape.rdms.compare import meta
    from repscape.rdms.table import arrays, rsatoolbox_bridge, table

    rdms = table.read(study / "results/object_colors")
    text = PAGE.read_text(encoding="utf-8")
    listed = re.search(r"The label columns are (.*?)\. `set`", text, re.DOTALL)[1]
    named = set(re.findall(r"`(\w+)`", listed)) - {"all"}
    assert named == set(table.labels(rdms))
    for module in (table, subset_choice):
        for name in re.findall(rf"\b{module.__name__.rpartition('.')[2]}\.(\w+)\(", text):
            assert hasattr(module, name)
    for module, name in (
        (meta, "meta_rdms"),
        (arrays, "to_xarray"),
        (rsatoolbox_bridge, "to_rsatoolbox"),
        (rsatoolbox_bridge, "from_rsatoolbox"),
    ):
        assert name in text
        assert hasattr(module, name)

"""A plugin is a file: its signature is its schema."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from repscape.core.errors import ConfigError
from repscape.plugin import registry, schema
from repscape.plugin.parameter_types import File, Files, Size


def example(*, path: Files, table: File | None = None, count: int = 3, size: Size = (8, 8)):
    """Stand for a plugin."""


def test_every_plugin_has_a_schema():
    for step in registry.ENTRY_POINTS:
        assert registry.names(step), f"no plugins found for {step}"
        for name in registry.names(step):
            schema.model(registry.entry(step, name))


def test_unknown_name_lists_the_valid_ones():
    with pytest.raises(
        ConfigError, match=r"rdms.metrics: 'corelation' is unknown; did you mean 'correlation'"
    ):
        registry.find("metrics", "corelation", "rdms.metrics")


def test_helpers_are_not_plugins():
    assert "distances" not in registry.names("metrics")


def test_signature_is_the_schema():
    model = schema.model(example, source=(str, ...))
    section = model(source="x", path=["a", "b"]).model_dump(mode="json")
    assert section == {"source": "x", "path": ["a", "b"], "table": None, "count": 3, "size": [8, 8]}
    with pytest.raises(ValidationError, match="Extra inputs"):
        model(source="x", path="a", cuont=3)
    with pytest.raises(ValidationError, match="count"):
        model(source="x", path="a", count="many")


def test_files_are_known():
    assert schema.asset_parameters(example) == ["path", "table"]
    assert schema.takes_several(example, "path")
    assert not schema.takes_several(example, "table")


def test_arguments_have_their_declared_types():
    section = {"path": "a", "table": None, "count": 3, "size": [4, 5], "source": "x"}
    assert schema.arguments(example, section)["size"] == (4, 5)
    assert "source" not in schema.arguments(example, section)


def test_planning_imports_nothing_heavy():
    heavy = "torch torchvision av PIL xarray pandas netCDF4 scipy matplotlib sklearn rsatoolbox timm"
    code = (
        "import sys; from repscape import config; from repscape.plugin import code_digest, registry, schema\n"
        "for step in registry.ENTRY_POINTS:\n"
        "    for name in registry.names(step): schema.model(registry.entry(step, name))\n"
        f"print(*(set({heavy!r}.split()) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_new_file_is_a_new_plugin(tmp_path):
    """Nothing central is edited: a copy of the package with one more file knows one more metric."""
    import shutil

    shutil.copytree(Path(registry.__file__).parents[1], tmp_path / "repscape")
    (tmp_path / "repscape/metrics/cityblock.py").write_text(
        "def dissimilarity(activity, scaling):\n    return abs(activity[:1] - activity[1:]).sum(1)\n"
    )
    code = (
        "from repscape.plugin import registry; print(registry.find('metrics', 'cityblock', 'here').__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.strip() == str(tmp_path / "repscape/metrics/cityblock.py")

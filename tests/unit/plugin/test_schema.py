"""A plugin's parameters are the schema of its section of the config."""

import pytest
from pydantic import ValidationError

from repscape.plugin import schema
from repscape.plugin.contract import Plugin, parameter
from repscape.plugin.parameter_types import File, Files, Size


class Example(Plugin):
    """Stand for a plugin."""

    path: Files = parameter("Files.")
    table: File | None = parameter("A file.", None)
    count: int = parameter("How many.", 3, ge=1)
    size: Size = parameter("How large.", (8, 8))


class Common(Plugin, shared=True):
    """Keys that all sections have."""

    source: str = parameter("A network.")
    size: list[int] = parameter("Another size.", [])


def test_parameters_are_the_schema():
    model = schema.model(Example, Common)
    section = model(kind="example", source="x", path=["a", "b"]).model_dump(mode="json")
    assert section == {
        "kind": "example", "source": "x", "path": ["a", "b"], "table": None, "count": 3, "size": [8, 8],
    }  # fmt: skip
    assert model.model_fields["count"].description == "How many."
    assert model.model_fields["source"].description == "A network."


@pytest.mark.parametrize(
    ("given", "message"),
    [({"cuont": 3}, "Extra inputs"), ({"count": "many"}, "count"), ({"count": 0}, "count")],
)
def test_what_the_schema_refuses(given, message):
    with pytest.raises(ValidationError, match=message):
        schema.model(Example)(kind="example", path="a", **given)


def test_files_are_known():
    assert schema.asset_parameters(Example) == ["path", "table"]
    assert schema.takes_several(Example, "path")
    assert not schema.takes_several(Example, "table")


def test_values_have_their_declared_types():
    section = {"path": "a", "table": None, "count": 3, "size": [4, 5], "source": "x"}
    assert schema.values(Example, section)["size"] == (4, 5)
    assert "source" not in schema.values(Example, section)

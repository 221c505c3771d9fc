"""`list_plugins`: what there is, a sentence each."""

from pathlib import Path

import pytest

import repscape
from repscape.plugin.contract import STEPS

PACKAGE = Path(repscape.__file__).parent


@pytest.mark.parametrize("step", STEPS)
def test_every_plugin_is_listed_with_a_sentence(step):
    found = repscape.list_plugins(step)
    files = {path.stem for path in (PACKAGE / step).glob("[a-z]*.py")}
    assert set(found.index) == files
    assert found["about"].str.contains(r"[.?)]$").all()
    assert (found["about"].str.len() > 15).all()


def test_unknown_steps_are_refused():
    with pytest.raises(ValueError, match=r"'metric'.*'metrics'"):
        repscape.list_plugins("metric")

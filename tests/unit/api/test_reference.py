"""The page of all functions for users."""

import repscape
from repscape.api import reference


def test_the_page_is_what_the_code_says_now():
    assert reference.FILE.read_text(encoding="utf-8") == reference.page(), "python -m repscape.api.reference"


def test_every_function_and_parameter_is_there():
    page = reference.page()
    assert all(f"\n## `{name}`\n" in page for name in repscape.__all__)
    assert "\n- `normalisation` (" in page
    assert "\n## `Study.rdms`\n" in page
    assert 'repscape.rdm(array, metric="sqeuclidean", *, normalisation="zscore", square=True)' in page

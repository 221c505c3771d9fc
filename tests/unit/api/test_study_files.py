"""`open_study` of a folder whose file of contents is no such file."""

import pytest

import repscape


@pytest.mark.parametrize("text", ["", '{"sources": {"a":', "[]", "3", '{"sources": {}}', "\0"])
def test_damaged_contents_are_refused_in_words(tmp_path, text):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(ValueError, match=r"study\.json.*Run the study again"):
        repscape.open_study(tmp_path)

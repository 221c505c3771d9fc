"""Words that do not come back: all that is read is in plain order, in the field's words."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = ("*.py", "*.smk", "*Snakefile", "*.md", "*.ipynb", "config/*.yaml", "config/*.json", "profiles/*")
GONE = {
    "told": "reported, named, said",
    "for want of": "for lack of",
    "held against": "compared with",
    "to be made of": "what it means",
    "in vain": "without effect",
    "one's own": "your, the user's",
    "such as that": "like",
    "goes on from there": "resumes",
}
# Tests have names of functions from earlier; the changelog is of earlier versions.
OTHER = ("tests/", "CHANGELOG.md")


def mentions(text: str) -> list[tuple[int, str]]:
    """Return the words that went, with their lines; a line may end within."""
    any_of_them = "|".join(words.replace(" ", r"[\s#]+") for words in GONE)
    matches = re.finditer(rf"\b({any_of_them})\b", text, re.IGNORECASE)
    return [(text.count("\n", 0, match.start()) + 1, " ".join(match[0].split())) for match in matches]


def test_words_that_went_stay_away():
    listed = subprocess.run(["git", "ls-files", *READ], cwd=ROOT, capture_output=True, text=True).stdout
    files = [name for name in listed.splitlines() if not name.startswith(OTHER)]
    if not files:
        pytest.skip("not a clone: git lists no files")
    assert len(files) > 300
    found = [
        f"{name}:{line}: '{words}', rather: {GONE.get(words.lower(), 'other words')}"
        for name in files
        if (ROOT / name).exists()
        for line, words in mentions((ROOT / name).read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_words_are_found_across_lines():
    assert mentions("It waits\n# for want\n# of memory.\nTold so.") == [(2, "for want # of"), (4, "Told")]

import pytest
from docutils.core import publish_parts

from repscape.figures.lib.captions import escape
from repscape.report.captions import as_html, as_text, first_sentence


def test_markup_is_kept():
    html = as_html("RDMs of ``random`` units, **a** and *b*.\n\n* one\n* two")
    assert "<code>random</code>" in html
    assert "<strong>a</strong> and <em>b</em>" in html
    assert html.count("<li>") == 2


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "a & b < c > d", "say \"x\" 'y'", "r² ≥ 0.5, ü", "p_value_ |r| `x` *"],
)
def test_text_stays_text(text):
    """What captions escape is read as it was written, as docutils alone reads it."""
    html = as_html(escape(text))
    assert as_text(html) == text
    assert "<script" not in html
    assert as_text(publish_parts(escape(text), writer="html5")["fragment"]) == text


@pytest.mark.parametrize(
    "text",
    [
        ".. raw:: html\n\n   <b onclick='x'>bold</b>\n\nText.",
        ".. include:: /etc/passwd\n\nText.",
        ".. image:: https://example.org/a.png\n\nText.",
        "Text `there <https://example.org>`__.",
        "Text <https://example.org>, https://example.org.",
        ".. figure:: a.png\n   :target: javascript:alert(1)\n\nText.",
    ],
)
def test_nothing_leads_elsewhere(text):
    html = as_html(text)
    assert "Text" in html
    for forbidden in ("href", "src", "onclick", "<a", "<img", "root:", "class="):
        assert forbidden not in html


def test_what_is_no_restructuredtext_is_shown_as_it_is():
    assert as_text(as_html("Of ``random units, *half")) == "Of ``random units, *half"


def test_the_first_sentence_of_a_caption():
    assert first_sentence("<p>One of <code>a.b</code> 0.5 and more. Two.</p>") == "One of a.b 0.5 and more."
    assert len(first_sentence(f"<p>{'word ' * 100}</p>")) <= 240

"""Captions as HTML: they are plain reStructuredText, of figures and of users' plugins."""

import re
from html import escape, unescape
from html.parser import HTMLParser

_KEPT = {"p", "code", "em", "strong", "sub", "sup", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre"}
_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,  # a caption that is not quite reStructuredText shows as it is written
    "halt_level": 5,
    "syntax_highlight": "none",
    "doctitle_xform": False,
    "math_output": "LaTeX",
    "_disable_config": True,
}


def as_html(text: str) -> str:
    """Return a caption as HTML: its markup is kept, what a browser would take for markup is text.

    No file is read, and links and pictures, which could lead elsewhere, leave their words.

    Examples
    --------
    >>> as_html("RDMs of ``a<b``.")
    '<p>RDMs of <code>a&lt;b</code>.</p>'
    """
    from docutils.core import publish_parts

    cleaned = _Cleaned()
    cleaned.feed(publish_parts(text, writer="html5", settings_overrides=_SETTINGS)["body"])
    cleaned.close()
    return "".join(cleaned.found).strip()


class _Cleaned(HTMLParser):
    """Keeps text and the tags in `_KEPT`, without attributes."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []
        self._spans: list[bool] = []  # whether each open one is code

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag == "span":
            self._spans.append("literal" in (dict(attrs).get("class") or ""))
            tag = "code" if self._spans[-1] else tag
        if tag in _KEPT:
            self.found.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            tag = "code" if self._spans and self._spans.pop() else tag
        if tag in _KEPT:
            self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.found.append(escape(data, quote=False))


def as_text(html: str) -> str:
    """Return the text of a caption's HTML in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def first_sentence(html: str) -> str:
    """Return the first sentence of a caption, or as much of it as a screen reader should read at once."""
    text = as_text(html)
    sentence = re.split(r"(?<=[.:])\s+(?=[A-Z])", text, maxsplit=1)[0]
    return sentence if len(sentence) <= 240 else f"{sentence[:239].rstrip()}…"

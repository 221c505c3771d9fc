"""What messages must mention: the key's path and the value at fault, not how the sentence goes."""

import re


def says(text: str, *parts: str) -> str:
    """Assert that each part is in a text, an ellipsis in a part standing for any words; return the text.

    >>> says("stimuli.noise.cuont: unknown key; did you mean 'count'?", "noise.cuont: … 'count'")
    """
    missing = [part for part in parts if not re.search(pattern(part), text)]
    assert not missing, f"{missing} not in: {text}"
    return text


def pattern(part: str) -> str:
    """Return the regular expression of a part, for ``pytest.raises(…, match=pattern(part))``."""
    return "(.|\n)*".join(re.escape(piece.strip()) for piece in re.split(r"…", part))

"""The order of images as a config gives it: a word, a file of names, or names."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from repscape.recordings.lib.order import WORDS

_LARGEST = 10**8  # bytes of a file of names


def names_of(given: Any) -> Any:
    """Read the names out of a file, so that a study depends on them and not on the file's date."""
    if given is None or given in WORDS:
        return given
    if isinstance(given, list) and given and all(isinstance(name, str) for name in given):
        return given
    if not isinstance(given, str):
        raise ValueError(f"expected {', '.join(WORDS)}, a file with one name per line, or a list of names")
    file = Path(given).expanduser()
    if not file.is_file():
        raise ValueError(
            f"expected {', '.join(WORDS)}, or a file with one name per line; no such file: {given} (paths "
            f"start at {Path.cwd()})"
        )
    if file.stat().st_size > _LARGEST:
        raise ValueError(
            f"{given}: expected a file with one name per line, found {file.stat().st_size:,} bytes"
        )
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{given}: cannot be read as text in UTF-8 ({error})") from error
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise ValueError(f"{given}: expected one name per line, found none")
    return found


# Of rows without names: a word, or the images' names
Order = Annotated[str | list[str] | None, BeforeValidator(names_of)]

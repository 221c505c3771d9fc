"""Which image each row of a file is, where rows have no names."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from repscape.core.errors import DataError, some
from repscape.core.natural_order import natural
from repscape.io.array_files import ends
from repscape.stimuli.lib.names import NONE, find

UNORDERED = "rows have no names of images"
WORDS = ("natural", "alphabetical", "stimulus")


def text(label) -> str:
    """Return a label as names are compared: bytes decoded, without blanks at the end, composed (NFC)."""
    if isinstance(label, bytes):
        return text(_decoded(label))
    return unicodedata.normalize("NFC", str(label)).rstrip("\0 ")


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def image_of_rows(names: Sequence[str], order: str | Sequence[str] | None, where: str) -> np.ndarray:
    """Return the index of each row's image in the stimulus, int array (row,).

    Natural order has 2 before 10; alphabetical is that of Python's `sorted`, which `os.listdir` needs and
    MATLAB's `dir` has: capitals first, 10 before 2.

    Parameters
    ----------
    names : names of the stimulus's images, in its order
    order : {"natural", "alphabetical", "stimulus"} or names, optional
    where : str
        For messages, where they do not get it elsewhere.

    Raises
    ------
    DataError
        The order is not declared, and it makes a difference; or it has other names than the stimulus.
    """
    where = where and f"{where}: "
    names = list(map(str, names))
    if order is None:
        _ask(names, where)
        order = "stimulus"
    if not isinstance(order, str):
        return _named(names, order, where)
    index = {name: at for at, name in enumerate(names)}
    return np.array([index[name] for name in _sorted(names)[order]], int)


def _sorted(names: list[str]) -> dict[str, list[str]]:
    """Return names in the orders that a word stands for."""
    return {"natural": sorted(names, key=_natural), "alphabetical": sorted(names), "stimulus": names}


def _natural(name: str) -> list:
    return [natural(part) for part in name.split("/")]


def _ask(names: list[str], where: str) -> None:
    """Refuse rows without names where programs put the images' files into different orders.

    Where they agree, rows have the order of the stimulus, perhaps another, in which a config lists the files.
    """
    found = _sorted(names) | {
        "ignoring case": sorted(names, key=str.casefold),
        "natural ignoring case": sorted(names, key=lambda name: _natural(name.casefold())),
        # Python's order of names as Linux and Windows, and as macOS may write them
        "accented letters last": sorted(names, key=lambda name: unicodedata.normalize("NFC", name)),
        "accented letters after plain ones": sorted(
            names, key=lambda name: unicodedata.normalize("NFD", name)
        ),
    }
    by_name = [others for what, others in found.items() if what != "stimulus"]
    if all(others == by_name[0] for others in by_name):
        return
    at = min(_first(names, others) for others in found.values() if others != names)
    different: dict[tuple[str, ...], str] = {}
    for what, others in found.items():
        different.setdefault(tuple(others), what)
    orders = "; ".join(f"{what}: {ends(others)}" for others, what in different.items())
    rows = ", ".join(f"{others[at]} ({what})" for others, what in different.items())
    words = [f"'order: {what}'" for what in different.values() if what in WORDS]
    raise DataError(
        f"{where}{UNORDERED}, and the possible orders of the images differ, first at row {at} (counted "
        f"from 0): {rows}. State the order of the rows: {', '.join(words)}, or 'order: FILE' with one name "
        f"per line. {orders}. ('alphabetical' is the order of sorted(os.listdir()) and of MATLAB's dir.)"
    )


def order_in_words(names: Sequence[str], image: np.ndarray, order: str | Sequence[str] | None) -> str:
    """Say which rows are which images, for the log."""
    how = order if isinstance(order, str) and order != "stimulus" else "the stimulus's"
    how = "the order in the config" if isinstance(order, list) else f"{how} order"
    return f"rows in {how}: {ends([names[at] for at in image])}"


def _named(names: list[str], order: Sequence[str], where: str) -> np.ndarray:
    given = [text(name) for name in order]
    try:
        found = find(given, names)
    except DataError as error:
        raise DataError(f"{where}'order': {error}.") from error
    other = [name for name, at in zip(given, found, strict=True) if at == NONE]
    lacking = [name for at, name in enumerate(names) if at not in set(found)]
    if other or lacking or len(given) != len(names):
        twice = (
            next((name for name in given if given.count(name) > 1), None) if not (other or lacking) else None
        )
        detail = (
            f"has '{twice}' twice"
            if twice
            else f"lacks {some(lacking) or 'none'}, and has {some(other) or 'none'} instead"
        )
        raise DataError(f"{where}expected the images of the stimulus in 'order', found others: it {detail}.")
    return np.array(found, int)


def _first(names: Sequence[str], others: Sequence[str]) -> int:
    return next(at for at, pair in enumerate(zip(names, others, strict=True)) if pair[0] != pair[1])

"""Names of pictures: how files name them, and how names in tables and recordings are matched to them.

A name stands for a picture where one of the two is the other's end, in whole parts of a path: ``pug.jpg`` and
``dogs/pug.jpg``. Letters with accents are the same whether composed or not (Unicode NFC).
"""

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from repscape.core.errors import DataError, some

NONE = -1


def of_files(files: Sequence[Path]) -> dict[Path, str]:
    """Name each picture as its file, or, where files share a name, as the path below the folder these share.

    So another picture changes the name of those alone that have its file name.
    """
    alike = defaultdict(list)
    for file in dict.fromkeys(files):
        alike[file.name].append(file)
    named = {}
    for name, same in alike.items():
        if len(same) == 1:
            named[same[0]] = name
            continue
        shared = os.path.commonpath([file.absolute().parent for file in same])
        named |= {file: file.absolute().relative_to(shared).as_posix() for file in same}
    return {file: named[file] for file in files}


def find(given: Sequence[str], images: Sequence[str]) -> list[int]:
    """Return the index of the image that each name stands for; `NONE` where it stands for none.

    Raises
    ------
    DataError
        A name stands for several images, or several different names for one.
    """
    exact = {name: at for at, name in enumerate(images)}
    whole, ends = {}, defaultdict(list)
    for at, name in enumerate(images):
        path = parts(name)
        whole[path] = at
        for start in range(len(path)):
            ends[path[start:]].append(at)
    index_of = {}
    for name in dict.fromkeys(given):
        path = parts(name)
        equal = [at for at in ends[path] if len(parts(images[at])) == len(path)] if path in whole else []
        found = [exact[name]] if name in exact else equal or ends.get(path, [])
        if len(found) > 1:
            like = some([images[at] for at in found])
            raise DataError(f"'{name}' stands for several images: {like}. Write more of the image's path")
        longer = (whole[path[start:]] for start in range(1, len(path)) if path[start:] in whole)
        index_of[name] = found[0] if found else next(longer, NONE)
    for index, count in Counter(index_of.values()).items():
        if count > 1 and index != NONE:
            same = some([name for name, at in index_of.items() if at == index])
            raise DataError(
                f"several names stand for the image '{images[index]}': {same}. Use one name for the image, "
                "or leave out images that were not shown"
            )
    return [index_of[name] for name in given]


def parts(name: str) -> tuple[str, ...]:
    """Split a name into the parts of its path, with letters composed."""
    composed = unicodedata.normalize("NFC", name).replace("\\", "/")
    return tuple(part for part in composed.split("/") if part not in ("", "."))

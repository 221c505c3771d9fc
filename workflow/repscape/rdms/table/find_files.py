"""Files of RDMs, by path, pattern or folder."""

import glob
import json
import os
from collections.abc import Iterable
from pathlib import Path

from repscape.core.errors import DataError
from repscape.core.logs import logger
from repscape.core.natural_order import natural
from repscape.study.study import CONTENTS


def find(files: str | os.PathLike | Iterable) -> list[Path]:
    """Find files by path, pattern or folder; by the latter two only those that their study's config has."""
    found: list[str] = []
    studies: dict[Path, frozenset[Path] | None] = {}
    for text in as_paths(files):
        if os.path.isdir(text):
            of_study = os.path.join(text, "rdms")
            text = os.path.join(glob.escape(of_study if os.path.isdir(of_study) else text), "**", "*.nc")
        there = [text] if os.path.exists(text) else []
        matches = sorted(glob.glob(text, recursive=True), key=natural) if glob.has_magic(text) else there
        if not matches:
            raise DataError(f"{text}: no such file. Expected RDM files, as in results/STUDY/rdms.")
        if glob.has_magic(text):
            kept = [path for path in matches if _of_config(Path(path), studies)]
            if len(kept) < len(matches):
                logger.info(
                    "%s: omitted %d files that the study's config no longer has (%s)",
                    text, len(matches) - len(kept), CONTENTS,
                )  # fmt: skip
            if not kept:
                raise DataError(
                    f"{text}: expected RDMs of the study's config, found none ({CONTENTS} lists them)."
                )
            matches = kept
        found += matches
    return [Path(path) for path in found]


def as_paths(files: str | os.PathLike | Iterable) -> list[str]:
    """Return one path, or several, as text."""
    return [os.fspath(name) for name in ([files] if isinstance(files, str | os.PathLike) else files)]


def _of_config(path: Path, studies: dict[Path, frozenset[Path] | None]) -> bool:
    """Whether an RDM file is one that its study's config had in the last run, as far as that is known."""
    of_rdms = [parent for parent in path.absolute().parents if parent.name == "rdms"]
    for folder in of_rdms:
        study = folder.parent
        if study not in studies:
            listed = study / CONTENTS
            studies[study] = None
            if listed.is_file():
                names = json.loads(listed.read_text(encoding="utf-8"))["rdms"]
                studies[study] = frozenset(study / name for name in names)
        has = studies[study]
        if has is not None:
            return path.absolute() in has
    return True

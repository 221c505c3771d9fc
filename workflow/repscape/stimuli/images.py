"""Pictures out of files."""

import csv
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from repscape.assets import local_files
from repscape.errors import ConfigError, DataError
from repscape.logs import logger, progress
from repscape.stimuli.frame import Frame
from repscape.types import File, Files

# Pillow knows more formats, of which some run other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF")


def frames(
    *, path: Files, labels: Literal["folders"] | None = None, labels_csv: File | None = None
) -> Iterator[Frame]:
    """Read pictures in the order in which they are given.

    A picture is named as its file, or, where two files have the same name, as the path below the
    folder that all files share. It is turned as its EXIF orientation says; colour profiles are not
    applied. 16-bit pixels are scaled to 8 bits; transparent ones are laid over mean grey (128).
    Of a file with several pictures the first is taken.

    Parameters
    ----------
    path : files, folders, patterns, addresses
    labels : {'folders'}, optional
        Label a picture with the name of the folder it lies in.
    labels_csv : file, optional
        A table with the columns ``name`` (of the picture's file) and ``label``.

    Raises
    ------
    DataError
        Names all files that are missing, empty, truncated, too large or no pictures; pictures
        without a label.
    ConfigError
        Both kinds of labels are asked for.
    """
    check(labels=labels, labels_csv=labels_csv)
    files = [file for file in path if labels_csv is None or file.resolve() != labels_csv.resolve()]
    names = _names(files)
    table = {} if labels_csv is None else _read_labels(labels_csv, names, files)
    bad: list[str] = []
    for file in progress(files, "reading pictures", "images", len(files), size=lambda _: 1):
        try:
            pixels = read(file)
        except DataError as error:
            bad.append(str(error))
            continue
        name = names[file]
        folder = file.absolute().parent.name if labels == "folders" else None
        yield Frame(name, pixels, label=folder or table.get(name) or table.get(file.name))
    if bad:
        count = (
            "A file is not a usable picture" if len(bad) == 1 else f"{len(bad)} files are no usable pictures"
        )
        raise DataError(
            f"{count}:\n"
            + "\n".join(f"  {line}" for line in bad)
            + "\nRepair or move them, or name only the "
            "pictures with a pattern such as 'folder/*.png'."
        )


def check(*, labels, labels_csv) -> None:
    """Refuse parameters that do not go together; the config asks before a job does."""
    if labels is not None and labels_csv is not None:
        raise ConfigError("expected 'labels' or 'labels_csv', found both. Remove one of them.")


def how_many(*, path) -> int:
    """Say how many pictures are named: files that are here, and one for each address."""
    named = [path] if isinstance(path, str) else path
    return sum(1 if "://" in one else len(local_files(one, "path")) for one in named)


def read(file: Path) -> np.ndarray:
    """Read a picture as uint8 (y, x), if it is grey, or (y, x, 3).

    Raises
    ------
    DataError
        The file is missing, empty, truncated, too large, or not a picture.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not file.is_file():
        raise DataError(f"{file}: missing")
    if file.stat().st_size == 0:
        raise DataError(f"{file}: empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as image:
                if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
                    logger.warning("%s: has %d pictures, the first is taken", file, image.n_frames)
                    image.seek(0)
                image.load()
                return _to_uint8(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise DataError(f"{file}: not a picture ({', '.join(FORMATS)})") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: refused, {error}") from error
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise DataError(f"{file}: damaged or truncated ({error})") from error


def _to_uint8(image) -> np.ndarray:
    """Turn a Pillow image of any mode into 8-bit grey or RGB."""
    from PIL import Image

    if image.mode == "F":
        raise DataError("has floating-point pixels, whose range is not known; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16 bits, in Pillow's 16- or 32-bit modes
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise DataError("has 32-bit pixels, whose range is not known; save it with 8 or 16 bits")
        return np.rint(values / 257).astype(np.uint8)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (128, 128, 128, 255)), image)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    return np.asarray(image.convert("RGB"))


def _names(files: list[Path]) -> dict[Path, str]:
    """Name files by their file names where these differ, else by the paths below a shared folder."""
    if len({file.name for file in files}) == len(set(files)):
        return {file: file.name for file in files}
    shared = os.path.commonpath([file.parent.absolute() for file in files])
    return {file: file.absolute().relative_to(shared).as_posix() for file in files}


def _read_labels(table: Path, names: dict[Path, str], files: list[Path]) -> dict[str, str]:
    """Read {name: label} and check that each picture has one."""
    try:
        with open(table, encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream, skipinitialspace=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: cannot be read as a CSV table in UTF-8 ({error}).") from error
    found = list(rows[0]) if rows else []
    if not {"name", "label"} <= set(found):
        raise DataError(
            f"{table}: expected the columns 'name' and 'label' in the first line and a row a picture; found "
            f"{', '.join(map(repr, found)) or 'nothing'}."
        )
    labels: dict[str, str] = {}
    for row in rows:
        if labels.setdefault(row["name"], row["label"]) != row["label"]:
            raise DataError(
                f"{table}: '{row['name']}' has two labels, '{labels[row['name']]}' and '{row['label']}'."
            )
    bare = [names[file] for file in files if not (labels.get(names[file]) or labels.get(file.name))]
    if bare:
        raise DataError(
            f"{table}: expected a label for each picture; none for: {', '.join(bare)}. Add rows for them "
            "(the name is that of the file, with its ending)."
        )
    return labels

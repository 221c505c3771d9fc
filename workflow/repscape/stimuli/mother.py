"""Another stimulus of the study, read to make one from it."""

from collections.abc import Mapping
from pathlib import Path

from repscape import store
from repscape.stimuli import factors
from repscape.stimuli.frame import Frame


def read(path: Path) -> list[Frame]:
    """Read the images of a stimulus with their names and, where it has them, times, labels and factors.

    Returns
    -------
    list of Frame, whose pixels are uint8 (y, x, 3), all of one size
    """
    with store.open_file(path, "stimulus") as file:
        columns = [file["name"][:], file["images"][:]]
        for name, type_ in (("time", float), ("label", str)):
            found = name in file.variables
            columns.append(map(type_, file[name][:]) if found else [None] * len(columns[0]))
        found = factors.read(file)
        columns.append(
            [dict(zip(found, map(str, values), strict=True)) for values in zip(*found.values(), strict=True)]
            or [None] * len(columns[0])
        )
        return [Frame(str(name), *rest) for name, *rest in zip(*columns, strict=True)]


def checksums(files: Mapping[str, Path | list[Path]]) -> dict[str, str | list[str]]:
    """Return the checksums of the stimuli and of the networks' weights that a stimulus is made from.

    Parameters
    ----------
    files : mapping of parameter to path or paths, as `schema.made_arguments` gives it

    Returns
    -------
    dict of ``{parameter}_sha256`` to one or a list of checksums
    """
    return {
        f"{name}_sha256": [_checksum(file) for file in given] if isinstance(given, list) else _checksum(given)
        for name, given in files.items()
    }


def _checksum(file: Path) -> str:
    if file.suffix == ".nc":
        with store.open_file(file, "stimulus") as stimulus:
            return stimulus.sha256
    with store.open_file(file.with_name("layers.nc"), "layers") as layers:
        return layers.weights_sha256

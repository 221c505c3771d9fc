"""Another stimulus of the study, read to make one from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from repscape.core.errors import DataError
from repscape.io import netcdf, stored_images
from repscape.stimuli.lib import factors
from repscape.stimuli.lib.frame import Frame


def read(path: Path, only: Sequence[int] | None = None) -> list[Frame]:
    """Read the images of a stimulus with their names and, where it has them, times, labels and factors.

    Parameters
    ----------
    path : its file
    only : sequence of int, optional
        Which images, by default all.

    Returns
    -------
    list of Frame, whose pixels are uint8 (y, x, 3)
    """
    with netcdf.open_file(path, "stimulus") as file:
        found = factors.read(file)
        columns = {name: file[name][:] for name in ("name", "time", "label") if name in file.variables}
        return [
            Frame(
                str(columns["name"][at]),
                stored_images.image(file, at),
                float(columns["time"][at]) if "time" in columns else None,
                str(columns["label"][at]) if "label" in columns else None,
                {name: str(values[at]) for name, values in found.items()} or None,
            )
            for at in (range(stored_images.count(file)) if only is None else only)
        ]


def of_one_size(shown: Sequence[Frame], path: Path, what: str) -> Sequence[Frame]:
    """Return the images if they have one size.

    Parameters
    ----------
    shown : images of the stimulus
    path : its file, for the message
    what : what needs one size, for the message

    Raises
    ------
    DataError
        Names two that differ.
    """
    first = shown[0]
    for frame in shown:
        if frame.pixels.shape != first.pixels.shape:
            (a, b, _), (c, d, _) = first.pixels.shape, frame.pixels.shape
            raise DataError(
                f"{path}: {what} needs images of one size; {first.name} is {a} x {b} (height x width), "
                f"{frame.name} is {c} x {d}. Set 'size: [height, width]' of that stimulus, with 'fit: crop' "
                "to keep the ratio of the sides."
            )
    return shown


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
        with netcdf.open_file(file, "stimulus") as stimulus:
            return stimulus.sha256
    with netcdf.open_file(file.with_name("layers.nc"), "layers") as layers:
        return layers.weights_sha256

"""Recordings of responses that are read from files of arrays, one a stimulus."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from repscape.core.errors import AssetError, ConfigError, DataError, unknown
from repscape.core.logs import logger
from repscape.io import array_files, assets, path_patterns
from repscape.io.array_files import ReadOptions
from repscape.plugin.contract import ResponseRecording, parameter
from repscape.plugin.parameter_types import Files, Names, Numbers
from repscape.recordings.lib.order import text

# What a name in braces in a path may stand for
STIMULUS = "stimulus"


class FromFiles(ResponseRecording, shared=True):
    """Responses out of files of arrays."""

    reads_path_labels = True

    path: Files = parameter(
        "The files: .npz, .npy, NetCDF, HDF5 (also .nwb), .mat or CSV. With several stimuli there is one "
        "file for each, with the stimulus in its name: ``responses/{stimulus}.npy``."
    )
    area_of: str | None = parameter("The variable that names each neuron's area.", None)
    columns: Names | None = parameter(
        "The columns of a CSV table that are neurons, by name or pattern; by default all that other keys "
        "do not name.",
        None,
    )
    leave_out: Names | None = parameter("The columns of a CSV table that are not neurons.", None)
    missing_values: Numbers | None = parameter(
        "Numbers that stand for missing responses; [] if there are none.", None
    )
    other_files: Files | None = parameter(
        "Files that an HDF5 file points to and that may be read; no others are read.", None
    )

    def _files(self, stimuli: Iterable[str]) -> Iterator[tuple[Path, str]]:
        """Yield each file with the stimulus that its path names, or the only one; others are left out."""
        stimuli = list(stimuli)
        for file in self.path:
            named = self.path_labels.get(file, {}).get(STIMULUS)
            stimulus = stimuli[0] if named is None and len(stimuli) == 1 else named
            if stimulus is not None and stimulus in stimuli:
                yield file, stimulus
            else:
                logger.info("%s: not read, since '%s' is not a stimulus of this recording", file, stimulus)

    def _options(self, factors: Iterable[str] = ()) -> ReadOptions:
        """Return how files are read; columns that are called as factors are no neurons."""
        return ReadOptions(
            self.columns, self.leave_out or (), set(factors), self.missing_values, self.other_files or ()
        )

    def _labels(self, file: Path, variable: str) -> np.ndarray:
        """Read what a variable says of each trial or neuron."""
        return array_files.array(
            file, variable, options=ReadOptions(other_files=self.other_files or ())
        ).ravel()

    def _areas(self, file: Path) -> list[str] | None:
        """Read each neuron's area, where a variable names it."""
        return None if self.area_of is None else list(map(text, self._labels(file, self.area_of)))

    def _check_files(self, **variables: str | None) -> None:
        """Refuse names in braces other than the stimulus's, and variables that a file does not have.

        Of several files the first is asked, if its variables are quickly read: a plan has no time for all.

        Raises
        ------
        ConfigError
        """
        addresses = self.addresses("path")
        for address in addresses:
            other = [name for name in path_patterns.names(address) if name != STIMULUS]
            if other:
                raise ConfigError(f"path: expected no name in braces but {{stimulus}}, found {{{other[0]}}}.")
        try:
            first = next(iter(assets.local_files(addresses, "path")), None)
            names = None if first is None else array_files.names(first)
        except (AssetError, DataError):  # reported with other files that are missing, and when it is read
            return
        for key, variable in {**variables, "area_of": self.area_of}.items():
            if names is not None and variable is not None and variable not in names:
                raise ConfigError(f"{key}: {first}: variable {unknown(variable, names)}")

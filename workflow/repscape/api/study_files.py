"""The files of a study's results: which there are by its config's last run, chosen by name and read."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api.errors import ArgumentError
from repscape.core.errors import unknown
from repscape.core.words import plural
from repscape.rdms.labels import as_list
from repscape.study import defaults
from repscape.study.study import CONTENTS, PATHS

if TYPE_CHECKING:
    import xarray

_KEYS = {"study", "stimuli", "sources", "populations", "samples", "recordings", "rdms", "analyses", "figures"}
Names = str | int | Iterable[str | int] | None


@dataclass(frozen=True)
class StudyFigure:
    """A figure of a study; a notebook shows it.

    Attributes
    ----------
    name : str
    svg, png : Path
    caption : str
        Plain reStructuredText.
    data : Dataset, DataTree or None
        What it shows, where no analysis holds that.
    """

    name: str
    svg: Path
    png: Path
    caption: str
    data: "xarray.Dataset | xarray.DataTree | None"

    def _repr_png_(self) -> bytes:
        return self.png.read_bytes()


class StudyFiles:
    """The files of a study.

    Attributes
    ----------
    folder : Path
        ``results/STUDY``.
    contents : mapping
        What `repscape.planning.leftovers.contents` returned for the study.
    """

    def __init__(self, folder: Path, contents: Mapping):
        """Take the folder and the contents."""
        self.folder, self.contents = folder, contents

    @classmethod
    def find(cls, folder: "str | os.PathLike[str]") -> "StudyFiles":
        """Find the results of a study in a folder, or of the one study in a project's folder.

        Raises
        ------
        ArgumentError
        """
        path = Path(folder)
        found = path / CONTENTS
        if not found.is_file():
            inside = sorted(path.glob(f"results/*/{CONTENTS}")) or sorted(path.glob(f"*/{CONTENTS}"))
            if len(inside) != 1:
                several = f"found several: {', '.join(str(one.parent) for one in inside)}. Name one"
                raise ArgumentError(
                    f"folder: expected the results of a study, such as results/default, with {CONTENTS}, "
                    f"which a run writes; {several if inside else f'found none in {path.absolute()}'}."
                )
            (found,) = inside
        try:
            contents = json.loads(found.read_text(encoding="utf-8"))
        except ValueError:
            contents = None
        if not isinstance(contents, dict):
            raise ArgumentError(f"{found}: it is damaged or half written. Run the study again.")
        if not contents.keys() >= _KEYS:
            raise ArgumentError(
                f"{found}: an earlier version of repscape wrote it. Run the study again, which writes it "
                "anew and keeps what is made."
            )
        return cls(found.parent, contents)

    @property
    def sources(self) -> dict[str, dict]:
        """What there is of each source."""
        return self.contents["sources"]

    @property
    def samples(self) -> dict[str, tuple[str, ...]]:
        """Sizes of each population that is sampled."""
        return {population: tuple(sizes) for population, sizes in self.contents["samples"].items()}

    def one(self, name: str | None, key: str) -> str:
        """Return a name that is valid, of ``stimuli``, …; ask for one where there are several."""
        valid = self.contents[{"stimulus": "stimuli", "analysis": "analyses", "figure": "figures"}[key]]
        if name is None and len(valid) > 1:
            raise ArgumentError(f"{key}: the study has several, choose one of {', '.join(valid)}.")
        return defaults.one_or_default(name, valid, key)

    def check_shown(self, source: str, stimulus: str) -> None:
        """Refuse a stimulus that a source was not shown."""
        shown = self.sources[source]["stimuli"]
        if stimulus not in shown:
            raise ArgumentError(f"stimulus: '{source}' was not shown '{stimulus}', but {', '.join(shown)}.")

    def path(self, kind: str, **keys: Any) -> Path:
        """Return the path of a file that is there."""
        path = self.folder / PATHS[kind].format(**keys)
        if not path.is_file():
            table = " An analysis without a table has no .csv." if kind == "table" else ""
            raise ArgumentError(
                f"{path}: it is not made yet, or was deleted. Run the study; what is made is kept.{table}"
            )
        return path

    def read(self, kind: str, **keys: Any) -> Any:
        """Read a file, as `read_file` does."""
        return read_file(self.path(kind, **keys))

    def activations(
        self, layers: list | None, stimulus: str, source: str | None, population: str | None
    ) -> dict[str, Path]:
        """Return the files of activity by layer."""
        name = defaults.one_or_default(source, self.sources, "source")
        populations = self.contents["populations"]
        if population is None and self.samples:
            population = defaults.population_or_default(self.samples, None)
        population = defaults.one_or_default(population, populations, "population")
        self.check_shown(name, stimulus)
        asked = defaults.many_or_all(layers, self.sources[name]["layers"], "layer")
        keys = {"source": name, "stimulus": stimulus, "population": population}
        return {layer: self.path("activations", layer=layer, **keys) for layer in asked}

    def rdms(
        self,
        layers: list | None,
        stimulus: str,
        sources: list | None,
        population: str | None,
        sizes: list | None,
    ) -> list[Path]:
        """Return the RDM files that are asked for, of those that the config has."""
        first = [next(iter(self.sources))]
        names = defaults.many_or_all(first if sources is None else sources, self.sources, "source")
        chosen = defaults.population_or_default(self.samples, population)
        known = self.samples[chosen]
        wanted = defaults.many_or_all(known[-1:] if sizes is None else sizes, known, "size")
        of_all = dict.fromkeys(layer for name in names for layer in self.sources[name]["layers"])
        asked = defaults.many_or_all(layers, of_all, "layer")
        listed = set(self.contents["rdms"])
        found = []
        for name in names:
            self.check_shown(name, stimulus)
            keys = {"source": name, "stimulus": stimulus, "population": chosen}
            found += [
                self.path("rdm", layer=layer, size=size, **keys)
                for layer in asked
                for size in wanted
                if PATHS["rdm"].format(layer=layer, size=size, **keys) in listed
            ]
        if not found:
            raise ArgumentError(
                f"the study has no RDMs of {', '.join(names)} with population '{chosen}' and size "
                f"{', '.join(wanted)}. size: {unknown(wanted[0], _sizes(listed, names, chosen))}"
            )
        return found

    def image_labels(self, stimulus: str) -> "xarray.DataArray":
        """Return the numbers of a stimulus's images, with all that labels these as coordinates."""
        import xarray

        from repscape.io import netcdf

        with netcdf.open_file(self.path("stimulus", stimulus=stimulus), "stimulus", rows=range(0)) as file:
            opened = _opened(file)
            names = [name for name in opened.coords if opened[name].dims == ("image",)]
            found = by_name(opened[names].load())
        return xarray.DataArray(np.arange(found.sizes["image"]), found.coords, ("image",))


class StudyNames:
    """The names of all that a study has."""

    def __init__(self, files: StudyFiles):
        """Take the files."""
        self._files = files

    def __repr__(self) -> str:
        """Say what there is."""
        sources = [
            f"{name} ({plural(len(about['layers']), 'layer', 'layers')})"
            for name, about in self._files.sources.items()
        ]
        there = {
            "stimuli": self.stimuli,
            "sources": sources,
            "populations": self.populations,
            "recordings of RDMs": self._files.contents["recordings"],
            "analyses": self.analyses,
            "figures": self.figures,
        }
        shown = [f"  {name}: {', '.join(found)}" for name, found in there.items() if found]
        return "\n".join([f"Study '{self.name}' in {self.folder}", *shown])

    @property
    def folder(self) -> "Path":
        """Where the results lie."""
        return self._files.folder

    @property
    def name(self) -> str:
        """The study's name."""
        return self._files.contents["study"]

    @property
    def stimuli(self) -> list[str]:
        """Names of the stimuli."""
        return list(self._files.contents["stimuli"])

    @property
    def sources(self) -> list[str]:
        """Names of the networks and recordings of responses."""
        return list(self._files.sources)

    @property
    def populations(self) -> list[str]:
        """Names of the populations."""
        return list(self._files.contents["populations"])

    @property
    def analyses(self) -> list[str]:
        """Names of the analyses."""
        return list(self._files.contents["analyses"])

    @property
    def figures(self) -> list[str]:
        """Names of the figures."""
        return list(self._files.contents["figures"])


def read_file(path: Path) -> Any:
    """Read a file, its checksums checked: a Dataset, or a DataTree where it has groups."""
    import xarray

    from repscape.io import netcdf

    with netcdf.open_file(path) as file:
        if not file.groups:
            return _opened(file).load()
        return xarray.DataTree.from_dict({name: _opened(group).load() for name, group in _groups(file)})


def _opened(group: Any) -> "xarray.Dataset":
    """Let xarray read an open file or group: opened by both in turn, one that is open elsewhere crashes."""
    import xarray

    return xarray.open_dataset(xarray.backends.NetCDF4DataStore(group))


def _groups(group: Any) -> Iterator[tuple[str, Any]]:
    """Yield a group and all inside, by their paths."""
    yield group.path, group
    for inner in group.groups.values():
        yield from _groups(inner)


def by_name(found: "xarray.Dataset") -> "xarray.Dataset":
    """Let images go by their names."""
    names = found["name"].values
    return found.drop_vars("name").assign_coords(image=("image", names))


def listed(names: Names) -> list | None:
    """Return one name, or several, as a list."""
    return None if names is None else as_list(names if isinstance(names, str | int) else list(names))


def _sizes(files: Iterable[str], sources: Sequence[str], population: str) -> set[str]:
    parts = [path.split("/") for path in files]
    return {
        own[-1].removeprefix("n").removesuffix(".nc")
        for own in parts
        if own[1] in sources and own[3] == population
    }

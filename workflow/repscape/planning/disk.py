"""About how much room the files of a study take on disk, and its jobs in memory, before any is made.

Where the number of images, units or pixels is only known from files that are still to be made, nothing is
counted: a study takes at least what is said here. Analyses and figures, which take little, are left out.
"""

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property

from repscape.core.errors import ConfigError
from repscape.networks.lib import layer_table, layer_table_cache
from repscape.planning import resource_estimates
from repscape.plugin import schema
from repscape.rdms.read import LABELLED
from repscape.study.study import Study

FLOAT = 4
PLACE = 16  # and of a unit's index, channel and position
FILE = 30_000  # bytes of a file beside its numbers: measured in small ones
PAIR = 100  # and of the labels of a pair of images, where there are few
# The folders of a study whose files are counted, as a plan calls them.
STEPS = {"stimuli": "stimuli", "activations": "activations", "samples": "samples", "rdms": "RDMs"}


class Sizes:
    """The sizes of a study's files."""

    def __init__(self, study: Study):
        """Take the study; its networks' tables of layers are read when they are first needed."""
        self.study = study
        self._root = study.path("figure", figure="", format="").removesuffix("figures/.")

    @cached_property
    def _units(self) -> dict[tuple[str, str, str], int]:
        """How many units are recorded: {(source, population, layer): units}; recordings are left out."""
        found = {}
        for source in self.study.networks:
            section = self.study.config["networks"][source]
            rows = layer_table_cache.rows(section)
            larger = layer_table.enlarged(rows, section)
            by_label = {label: row for row in reversed(rows) for label in (row.block, row.label) if label}
            for population, wanted in self.study.config["populations"].items():
                for layer, label in self.study.labels[source].items():
                    row = by_label[label]
                    found[source, population, layer] = _recorded(
                        wanted, label, int(row.units * larger), row.channels
                    )
        return found

    def _parts(self, path: str) -> list[str]:
        return path.removeprefix(self._root).removesuffix(".nc").split("/")

    def step(self, path: str) -> str:
        """Return the folder of the study in which a file lies."""
        return self._parts(path)[0]

    def of(self, path: str) -> int:
        """Return about how many bytes a file will take; 0 where that is not known."""
        step, *keys = self._parts(path)
        counted: dict[str, Callable[..., int]] = {
            "stimuli": self._stimulus, "activations": self._activations, "samples": self._sample,
            "rdms": self._rdm,
        }  # fmt: skip
        return counted[step](*keys) if step in counted else 0

    def _stimulus(self, stimulus: str) -> int:
        size = self.study.config["stimuli"][stimulus].get("size")
        images = self.study.images.get(stimulus, 0)
        return images * 3 * size[0] * size[1] + FILE if size else 0

    def _activations(self, source: str, stimulus: str, population: str, layer: str) -> int:
        units = self._units.get((source, population, layer), 0)
        return units * (self.study.images.get(stimulus, 0) * FLOAT + PLACE) + FILE

    def _sample(self, source: str, population: str, layer: str, size: str) -> int:
        units, draws = self._drawn(source, population, layer, size)
        return FLOAT * units * draws + FILE

    def _rdm(self, source: str, stimulus: str, population: str, layer: str, size: str) -> int:
        images = self.study.images.get(stimulus, 0)
        values = FLOAT * len(self.study.metrics) * self._drawn(source, population, layer, size)[1]
        labels = PAIR if images <= LABELLED else 0
        return images * (images - 1) // 2 * (values + labels) + FILE

    def _drawn(self, source: str, population: str, layer: str, size: str) -> tuple[int, int]:
        """Return how many units are drawn, and how often: once where they are all."""
        size = size.removeprefix("n")
        units = self._units.get((source, population, layer), 0)
        if size == "all" or int(size) >= units:
            return units, 1
        return int(size), self.study.config["samples"][population]["repeats"][size]

    def memory(self, path: str, *, on_gpu: bool) -> int:
        """Return about how many megabytes the job takes that makes a file; 0 where that is not known."""
        step, *keys = self._parts(path)
        if step in ("activations", "shards") and keys[0] in self.study.networks:
            return self._recording(*keys[:3], on_gpu=on_gpu)
        if step != "rdms":
            return 0
        source, stimulus, population, layer, size = keys
        images = self.study.images.get(stimulus, 0)
        if not images or images > LABELLED:
            return self.study.config["rdms"]["memory"]
        recorded = self._units.get((source, population, layer), 0)
        units, draws = self._drawn(source, population, layer, size)
        share, rdms = units / recorded if recorded else 1, draws * len(self.study.metrics)
        activations = self._activations(source, stimulus, population, layer)
        return resource_estimates.dissimilarities_of(activations, share, images=images, rdms=rdms)

    @cached_property
    def _outputs(self) -> dict[str, resource_estimates.Outputs]:
        networks = self.study.networks
        sections = {source: self.study.config["networks"][source] for source in networks}
        return {
            source: resource_estimates.outputs(layer_table_cache.rows(one), one)
            for source, one in sections.items()
        }

    def _recording(self, source: str, stimulus: str, population: str, *, on_gpu: bool) -> int:
        """Return what a job takes that records a network, but for its weights."""
        config = self.study.config
        size = config["stimuli"][stimulus].get("size") or (0, 0)
        return resource_estimates.recording_of(
            0,
            pixels=3 * size[0] * size[1],
            largest=self._outputs[source].largest,
            recorded=config["populations"][population].get("units"),
            batch=config["activations"]["cuda_batch" if on_gpu else "batch"],
            on_gpu=on_gpu,
        )


def _recorded(section: dict, layer: str, units: int, channels: int) -> int:
    """Return how many units of a layer a population records, by its plugin where that says it."""
    return schema.make("populations", section).estimated_units(layer, units, channels)


def to_make(sizes: Sizes, jobs: Iterable[Iterable[str]]) -> Counter[str]:
    """Return the bytes that files will take that are still to be made, by folder.

    Parameters
    ----------
    sizes : Sizes
    jobs : the outputs of each job that will run
        What a file that will be replaced takes now is not counted.
    """
    found: Counter[str] = Counter()
    for path in (path for outputs in jobs for path in outputs):
        size = sizes.of(path)
        if size:
            existing = os.path.getsize(path) if os.path.exists(path) else 0
            found[sizes.step(path)] += max(0, size - existing)
    return found


def most_memory(sizes: Sizes, jobs: Iterable[Iterable[str]], *, on_gpu: bool) -> int:
    """Return about how many megabytes the largest job takes; parameters are those of `to_make`."""
    return max((sizes.memory(path, on_gpu=on_gpu) for outputs in jobs for path in outputs), default=0)


def statement(found: Counter[str], free: int) -> str:
    """Say how much room files will take, and how much there is."""
    parts = ", ".join(f"{STEPS[step]} {amount(size)}" for step, size in found.most_common() if size > 0)
    return f"Disk: about {amount(found.total())} will be written ({parts}), {amount(free)} are free."


def check(found: Counter[str], free: int, allowed: int | None, folder: str) -> None:
    """Refuse what does not fit.

    Parameters
    ----------
    found : what `to_make` returns
    free : int
        Bytes that are free on the disk of the study's folder.
    allowed : int or None
        Megabytes that the config allows; None: what is free.

    Raises
    ------
    ConfigError
        Says what is largest, and what can be done.
    """
    limit = free if allowed is None else allowed * 10**6
    if found.total() <= limit:
        return
    largest = STEPS[found.most_common(1)[0][0]]
    less = {
        "activations": "record fewer units (a population of kind: random with units: …), layers or images",
        "RDMs": "draw fewer samples (samples: repeats), or use fewer images, layers or metrics",
        "samples": "draw fewer samples (samples: sizes, repeats)",
        "stimuli": "use fewer or smaller images",
    }[largest]
    room = f"the {amount(limit)} that " + ("are free" if allowed is None else "'disk' in the config allows")
    raise ConfigError(
        f"{folder}: the run would write about {amount(found.total())}, "
        f"{amount(found.most_common(1)[0][1])} of it {largest}, which is more than {room}. To need less, "
        f"{less}. To run anyway, set disk: {math.ceil(found.total() / 1e9)} GB in the config."
    )


def amount(size: float) -> str:
    """Write a number of bytes as the config takes it."""
    for unit, one in (("TB", 1e12), ("GB", 1e9)):
        if size >= one:
            return f"{size / one:.3g} {unit}" if size / one < 1000 else f"{size / one:.0f} {unit}"
    return f"{max(1, size / 1e6):.0f} MB"

"""What a study consists of, and where each of its files lies.

A `Study` is the validated config (see `config`) plus the names that follow from it. Rules,
analyses and figures ask it for paths; no path is written anywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CONTENTS = "study.json"  # what the study has, for readers that have no config
PATHS = {
    "stimulus": "stimuli/{stimulus}.nc",
    "layers": "networks/{source}/layers.nc",
    "network": "networks/{source}/network.pt",
    "trained": "networks/{source}/trained.safetensors",
    "training": "networks/{source}/training.nc",
    "recording": "recordings/{recording}.nc",
    "responses": "recordings/{source}/{stimulus}.nc",
    "population": "populations/{source}/{population}.nc",
    "activations": "activations/{source}/{stimulus}/{population}/{layer}.nc",
    "shard": "shards/{source}/{stimulus}/{population}/{layer}.{shard}.nc",
    "sample": "samples/{source}/{population}/{layer}/n{size}.nc",
    "rdm": "rdms/{source}/{stimulus}/{population}/{layer}/n{size}.nc",
    "analysis": "analyses/{analysis}.nc",
    "table": "analyses/{analysis}.csv",
    "figure": "figures/{figure}.{format}",
    "index": "index.html",
}


@dataclass(frozen=True)
class Study:
    """The names of a study and the paths of its files.

    Attributes
    ----------
    name : str
        The study's name; its files lie under ``results/{name}``.
    stimuli : tuple of str
        Stimulus names in natural order (2 before 10).
    layers : dict of str to tuple of str
        For each source the names of its layers, from input to output: networks, then recordings that
        give responses, whose layers are areas.
    samples : dict of str to tuple of str
        For each population its sample sizes, in ascending order; unsampled: ``("all",)``.
    metrics : tuple of str
    analyses : tuple of str
        The analyses that are always made; others are made where a figure needs them.
    config : dict
        The whole validated config.
    labels : dict of str to dict of str to str
        For each source the labels, in a network's table of layers, by the names of its layers.
    shown : dict of str to tuple of str
        The stimuli that a source is shown, where it is not all.
    drawn : dict of str to dict of str to tuple of str
        The samples that are drawn of a source, where it is not all; see `samples`.
    images : dict of str to int
        About how many images each stimulus has; 0 where only its job can tell.
    shards : dict of str to int
        In how many parts a stimulus is shown to networks, where it is not one.
    """

    name: str
    stimuli: tuple[str, ...]
    layers: dict[str, tuple[str, ...]]
    samples: dict[str, tuple[str, ...]]
    metrics: tuple[str, ...]
    analyses: tuple[str, ...]
    config: dict
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    shown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    drawn: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    shards: dict[str, int] = field(default_factory=dict)

    def stimuli_of(self, source: str) -> tuple[str, ...]:
        """Return the stimuli that a source is shown."""
        return self.shown.get(source, self.stimuli)

    def samples_of(self, source: str) -> dict[str, tuple[str, ...]]:
        """Return, for each population of a source that is sampled, its sample sizes."""
        return self.drawn.get(source, self.samples)

    @property
    def networks(self) -> list[str]:
        """Name the sources that are networks."""
        return [source for source in self.layers if source not in self.config.get("recordings", {})]

    @property
    def recordings(self) -> list[str]:
        """Name the sources that are recordings of responses."""
        return [source for source in self.layers if source in self.config.get("recordings", {})]

    @property
    def given(self) -> dict[str, dict]:
        """Return the sections of the recordings that give RDMs, which are no sources of activations."""
        recordings = self.config.get("recordings", {})
        return {name: section for name, section in recordings.items() if name not in self.layers}

    def pattern(self, kind: str) -> str:
        """Return the path of a kind of file with its wildcards open."""
        return f"{self.folder}/{PATHS[kind]}"

    @property
    def folder(self) -> str:
        """Return where the study's files lie."""
        return f"results/{self.name}"

    def path(self, kind: str, **keys) -> str:
        """Return the path of one file."""
        return self.pattern(kind).format(**keys)

    def layer_files(self, kind: str, source: str) -> list[str]:
        """Return the paths of a kind of file for all layers of a source, other wildcards open."""
        pattern = self.pattern(kind).replace("{source}", source)
        return [pattern.replace("{layer}", layer) for layer in self.layers[source]]

    def shard_files(self, source: str, stimulus: str) -> list[str]:
        """Return the paths of all shards of a stimulus's activations, layer by layer, populations open."""
        count = self.shards[stimulus]
        return [
            path.replace("{stimulus}", stimulus).replace("{shard}", f"{number}-of-{count}")
            for path in self.layer_files("shard", source)
            for number in range(count)
        ]

    def made_from(self, parameters: Mapping[str, str], section: Mapping) -> dict[str, str | list[str]]:
        """Return the files of the study that a section names, by parameter.

        With a network comes the table of its layers, as ``{parameter}_layers``.

        Parameters
        ----------
        parameters : mapping of parameter to kind, as `schema.made_parameters` gives it
        section : the validated section of the config
        """
        files: dict[str, str | list[str]] = {}
        for parameter, kind in parameters.items():
            names = section[parameter]
            if kind == "network" and names is not None:
                files[parameter] = self.path("network", source=names)
                files[f"{parameter}_layers"] = self.path("layers", source=names)
            elif isinstance(names, str):
                files[parameter] = self.path("stimulus", stimulus=names)
            elif names is not None:
                files[parameter] = [self.path("stimulus", stimulus=name) for name in names]
        return files

    def rdm_keys(self) -> list[dict[str, str]]:
        """Return the keys of all RDM files of the study."""
        return [
            {
                "source": source,
                "stimulus": stimulus,
                "population": population,
                "layer": layer,
                "size": size,
            }
            for source, layers in self.layers.items()
            for stimulus in self.stimuli_of(source)
            for population, sizes in self.samples_of(source).items()
            for layer in layers
            for size in sizes
        ]

    def rdms(self) -> list[str]:
        """Return the paths of all RDM files of the study."""
        return [self.path("rdm", **keys) for keys in self.rdm_keys()]

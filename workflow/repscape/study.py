"""What a study consists of, and where each of its files lies.

A `Study` is the validated config (see config.py) plus the names that follow from it. Rules,
analyses and figures ask it for paths; no path is written anywhere else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

PATHS = {
    "stimulus": "stimuli/{stimulus}.nc",
    "layers": "networks/{source}/layers.nc",
    "network": "networks/{source}/network.pt",
    "population": "populations/{source}/{population}.nc",
    "activations": "activations/{source}/{stimulus}/{population}/{layer}.nc",
    "sample": "samples/{source}/{population}/{layer}/n{size}.nc",
    "rdm": "rdms/{source}/{stimulus}/{population}/{layer}/n{size}.nc",
    "analysis": "analyses/{analysis}.nc",
    "table": "analyses/{analysis}.csv",
    "figure": "figures/{figure}.{format}",
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
        For each source (network or recording) its layers, from input to output.
    samples : dict of str to tuple of str
        For each population its sample sizes, in ascending order; unsampled: ``("all",)``.
    metrics : tuple of str
    analyses : tuple of str
        The analyses that are always made; others are made where a figure needs them.
    config : dict
        The whole validated config.
    """

    name: str
    stimuli: tuple[str, ...]
    layers: dict[str, tuple[str, ...]]
    samples: dict[str, tuple[str, ...]]
    metrics: tuple[str, ...]
    analyses: tuple[str, ...]
    config: dict

    def pattern(self, kind: str) -> str:
        """Return the path of a kind of file with its wildcards open."""
        return f"results/{self.name}/{PATHS[kind]}"

    def path(self, kind: str, **keys) -> str:
        """Return the path of one file."""
        return self.pattern(kind).format(**keys)

    def layer_files(self, kind: str, source: str) -> list[str]:
        """Return the paths of a kind of file for all layers of a source, other wildcards open."""
        pattern = self.pattern(kind).replace("{source}", source)
        return [pattern.replace("{layer}", layer) for layer in self.layers[source]]

    def rdms(self) -> Iterator[str]:
        """Yield the paths of all RDM files of the study."""
        for source, layers in self.layers.items():
            for stimulus in self.stimuli:
                for population, sizes in self.samples.items():
                    for layer in layers:
                        for size in sizes:
                            yield self.path(
                                "rdm",
                                source=source,
                                stimulus=stimulus,
                                population=population,
                                layer=layer,
                                size=size,
                            )

"""The contract: all that a plugin of each step may define.

One file is one plugin. It holds one class, derived from the class of its step below; the file's name is the
plugin's name in the config (``kind: NAME``). Its parameters are its keys there, each declared once:

    class Subset(Seeded, Analysis):
        \"\"\"A few entries of each RDM, chosen by their dissimilarities.\"\"\"

        k: int = parameter("How many entries to choose.", ge=2)
        goal: Literal["largest", "uniform"] = parameter("What their dissimilarities are to be.", "largest")

        def inputs(self, study): ...
        def compute(self, files): ...

A plugin defines what its base classes have, and no other public name: a misspelt one is refused with the
nearest. Helpers are functions beside the class, or begin with ``_``. Nothing heavy is imported here. What
plugins of all steps have (`check`, `libraries`, …) is in base.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from repscape.plugin.base import BATCH, KIND, Parameter, Plugin, parameter

if TYPE_CHECKING:
    import numpy as np

    from repscape.analyses.lib.result import Result
    from repscape.figures.lib.style import Style
    from repscape.metrics.lib.normalisation import Scaling
    from repscape.metrics.lib.single_trials import Trials
    from repscape.metrics.lib.streamed_rows import Rows
    from repscape.networks.lib.loaded import Loaded
    from repscape.populations.lib.layer import Layer, Selection
    from repscape.stimuli.lib.frame import Frame
    from repscape.study.study import Study
    from repscape.traced.layer_info import LayerInfo
    from repscape.traced.preprocess import Preprocess

__all__ = ["KIND", "Parameter", "Plugin", "parameter"]  # base.py's, which plugins import from here


class Seeded(Plugin, shared=True):
    """Something is drawn at random."""

    seed: int = parameter("Of what is drawn at random; by default derived from the study's seed.", 0)


class OnDevice(Plugin, shared=True):
    """A network is run; what the config does not say is taken from `device` and `activations`."""

    device: Literal["auto", "cpu", "cuda"] = parameter("Where the network runs.", "auto")
    batch: int = parameter("How many images the network sees at a time.", BATCH, ge=1, le=65_536)
    threads: int = parameter("How many threads it runs on.", 1, ge=1, le=1024)


def is_filled(step: str, key: str) -> bool:
    """Say whether a parameter's default comes from another key: `seed`, `device`, `activations`."""
    return key in {*Seeded.parameters, *OnDevice.parameters} and (step, key) != ("trainings", "batch")


class Stimulus(Plugin, shared=True):
    """A source of images: ``stimuli/NAME.py``."""

    _required = ("images",)

    def images(self) -> "Iterator[Frame]":
        """Yield the images in order.

        What the generator returns at its end, a mapping, becomes attributes of the stimulus's file.
        """
        raise NotImplementedError

    def image_count(self) -> int | None:
        """Return the number of images where the parameters say it."""
        return None

    def estimated_image_count(self) -> int | None:
        """Return about how many images there are, from the headers of files."""
        return self.image_count()

    def check_parents(self, image_counts: Mapping[str, int | None]) -> None:
        """Refuse stimuli that this one cannot be made from, with a `ConfigError`.

        Parameters
        ----------
        image_counts : for each parameter that names a stimulus, how many images that has, if it is known
        """

    def image_factors(self) -> Mapping[str, list[str]] | None:
        """Return the factors that images vary in, with the value of each image; None: only the job can."""
        return None

    def factor_names(self) -> list[str] | None:
        """Name the factors, where their values are not known before the job."""
        return None


class Network(Plugin, shared=True):
    """A source of networks: ``networks/NAME.py``."""

    _required = ("load",)

    layers_depend_on: tuple[str, ...] | None = None
    """The parameters that its layers and their sizes depend on; None: all but the seed. Networks that have
    these in common share one table of layers, which is made with the other parameters left to their
    defaults."""

    @classmethod
    def takes_seed(cls, values: Mapping) -> bool:
        """Say whether weights are drawn at random."""
        return values.get("weights", "random") == "random"

    def load(self) -> "Loaded":
        """Build the network with its weights."""
        raise NotImplementedError

    def untrained(self) -> "Loaded":
        """Build the network with random weights, for the table of its layers.

        A plan asks for it once, on torch's meta device; where the network cannot be built without numbers, on
        the CPU. By default the network is built with its weights.
        """
        return self.load()

    def has_random_weights(self) -> bool:
        """Whether its weights are drawn at random, so that it is untrained unless the study trains it."""
        return self.takes_seed({name: getattr(self, name) for name in self.parameters})

    def known_preprocess(self) -> "Preprocess | None":
        """Return how images are resized, where that is known without the network's libraries."""
        return getattr(self, "preprocess", None)

    def code_files(self) -> Sequence[Path]:
        """Name files of code, beside the plugin's own, that make the network."""
        return ()


class Training(Plugin, shared=True):
    """A way to train networks: ``trainings/NAME.py``."""

    _required = ("train",)

    def train(self, network, training, held_out) -> Iterator[list[float]]:
        """Train a network in place; yield the loss of each step after each epoch.

        Parameters
        ----------
        network : torch.nn.Module
            In training mode.
        training, held_out : repscape.trainings.lib.dataset.Dataset
        """
        raise NotImplementedError

    def check_outputs(self, outputs: int, classes: int) -> None:
        """Refuse a network of another number of outputs than the training needs, with a `ConfigError`."""


class Recording(Plugin, shared=True):
    """What was recorded outside the workflow: ``recordings/NAME.py``, one of the two kinds below."""

    simulated: bool = False
    """Whether it is made up: all that is made of it then says so."""


class RdmRecording(Recording, shared=True):
    """A recording that gives RDMs."""

    _required = ("read", "labels")

    def read(self) -> Iterator:
        """Yield a `recordings.lib.given_rdm.GivenRdm` for each RDM."""
        raise NotImplementedError

    def labels(self) -> list[str]:
        """Name the labels that distinguish the RDMs."""
        raise NotImplementedError


class ResponseRecording(Recording, shared=True):
    """A recording that gives responses of neurons to stimuli: a source, as a network is."""

    _required = ("read",)

    def read(self, stimuli: Mapping) -> Any:
        """Read the trials.

        Parameters
        ----------
        stimuli : mapping of name to `recordings.lib.responses.ShownStimulus`
        """
        raise NotImplementedError


class Population(Plugin, shared=True):
    """A way to select the units of each layer that are recorded: ``populations/NAME.py``."""

    _required = ("select",)

    of_recordings: bool = False
    """Whether neurons can be selected so, which have no channels and no place."""

    records: Literal["units", "chosen_units", "maps", "channel_means", "position_means"] = "units"
    """What it records of a layer: units that stand for all, units that are chosen for what they do or where
    they lie, whole maps of channels, means of channels over positions, or of positions over channels."""

    draw_kinds: tuple[str, ...] = ("random", "equal")
    """How the population can be sampled (``samples: draw``)."""

    def select(self, layer: "Layer") -> "Selection":
        """Select units of a layer; ``layer.measured`` is what `measure` returned for it."""
        raise NotImplementedError

    def measure(self, network: Path, layers: "Sequence[Layer]") -> "Mapping[str, np.ndarray]":
        """Measure something of each unit, by the layers' labels, with a network at hand."""
        raise NotImplementedError

    def check_layers(self, layers: "Mapping[str, LayerInfo]", image: tuple[int, int] | None) -> None:
        """Refuse layers that lack what is selected, with a `ConfigError`."""

    def estimated_units(self, layer: str, units: int, channels: int) -> int:
        """Return about how many units are recorded of a layer; 0: only the job can tell."""
        return min(units, getattr(self, "units", units))

    def caption(self) -> str:
        """Say which units of each layer these are, for a caption: ``all units of each layer``."""
        return ""


class Metric(Plugin, shared=True):
    """A dissimilarity of two activity patterns: ``metrics/NAME.py``."""

    _required = ("dissimilarity",)

    squared: bool | None = None
    """Whether it is a squared distance between patterns, up to a factor: maps then take its root. Where it
    does not say, the user is asked."""

    caption: str = ""
    """What figures call it: ``correlation distance (1 − r)``."""

    formula: str = ""
    """Its definition, for the RDM's file."""

    largest: float | None = None
    """The largest value that it can have."""

    signed: bool = False
    """Whether it can be negative, as cross-validated distances are."""

    synonyms: tuple[str, ...] = ()
    """What else it is called, in small letters and digits alone, to find it by a wrong name."""

    uses_trials: ClassVar[bool] = False
    """Whether it takes a recording's single trials: it defines `of_trials`."""

    def __init_subclass__(cls, **keywords) -> None:
        """Note whether the metric takes trials."""
        super().__init_subclass__(**keywords)
        cls.uses_trials = cls.of_trials is not Metric.of_trials

    def dissimilarity(self, activity: "np.ndarray", scaling: "Scaling") -> "np.ndarray":
        """Return the dissimilarities of all pairs of images, float64 (pair,).

        Parameters
        ----------
        activity : float32 array (image, unit)
        scaling : Scaling
            The layer's shift and scale.
        """
        raise NotImplementedError

    def of_trials(self, activity: "np.ndarray", trials: "Trials") -> "np.ndarray":
        """Return the dissimilarities of a recording's images, float64 (pair,), from its single trials.

        Of networks, which have none, `dissimilarity` is asked.

        Parameters
        ----------
        activity : float32 array (image, unit)
            The mean over trials.
        trials : Trials
            Of the same images and units.
        """
        raise NotImplementedError

    def in_blocks(self, activity: "Rows", scaling: "Scaling") -> "Iterator[np.ndarray]":
        """Yield what `dissimilarity` returns in consecutive parts, for images in any number."""
        raise NotImplementedError

    def squared_rounding(self, activity: "np.ndarray | Rows", scaling: "Scaling") -> "np.ndarray | None":
        """Return what rounding may add to squared distances from each image, float64 (image,).

        Smaller distances become 0. None: nothing is known.
        """
        return None


class Analysis(Plugin, shared=True):
    """What follows from RDMs or activations: ``analyses/NAME.py``."""

    _required = ("inputs", "compute")

    streams: bool = False
    """Whether it holds one file at a time, so that it needs the memory of the largest and not of all."""

    makes_table: ClassVar[bool] = False
    """Whether a CSV table lies beside its file: it defines `rows`."""

    makes_rdms: ClassVar[bool] = False
    """Whether others can be `of` it: it defines `rdm_labels`."""

    def __init_subclass__(cls, **keywords) -> None:
        """Note what the analysis makes."""
        super().__init_subclass__(**keywords)
        cls.makes_table = cls.rows is not Analysis.rows
        cls.makes_rdms = cls.rdm_labels is not Analysis.rdm_labels

    def inputs(self, study: "Study") -> dict[str, str | list[str]]:
        """Name the files that `compute` reads; refuse what the study does not have, with a `ConfigError`."""
        raise NotImplementedError

    def compute(self, files: Mapping) -> "Result":
        """Compute the analysis from the files that `inputs` named."""
        raise NotImplementedError

    def rows(self, result: "Result") -> Iterator[tuple]:
        """Yield the header and the rows of the CSV table."""
        raise NotImplementedError

    def rdm_labels(self, labels: list[str]) -> list[str]:
        """Name the labels of the RDMs that are made, from those of the RDMs that go in."""
        raise NotImplementedError

    def label_values(self, label: str, of_input: Callable[[str], list[str] | None]) -> list[str] | None:
        """Return the values that a label of the RDMs made may have; None: only the job can tell.

        Parameters
        ----------
        label : str
        of_input : function
            Returns those of a label of the RDMs that go in.
        """
        return of_input(label)

    def entry_labels(self, entries: list[str] | None) -> list[str] | None:
        """Name the labels of the entries of the RDMs made, from those of the RDMs that go in.

        None: only the job can tell.
        """
        return entries

    def from_study(self, study: "Study") -> dict[str, Any]:
        """Return what else of the study the result depends on."""
        return {}

    def megabytes_kept(self, study: "Study") -> int:
        """Return the megabytes that are kept beside a network that is run."""
        return 0


class Figure(Plugin, shared=True):
    """A figure: ``figures/NAME.py``."""

    _required = ("inputs", "draw")

    category: str = ""
    """Its group in the report."""

    saves_data: bool = False
    """Whether `draw` also returns a `Result`, because no analysis holds what is shown."""

    streams: bool = False
    """Whether it holds one file at a time."""

    shows_stimuli: bool = False
    """Whether stimuli have their colours in it, which `style` knows."""

    style: "Style"
    """Colours of stimuli, filled in where `shows_stimuli`."""

    def inputs(self, study: "Study") -> dict[str, str | list[str]]:
        """Name the files that `draw` reads; refuse what the study does not have, with a `ConfigError`."""
        raise NotImplementedError

    def draw(self, data: Mapping) -> tuple:
        """Draw the figure.

        Parameters
        ----------
        data : mapping
            The files that `inputs` named, opened with xarray: a Dataset, or a list of them.

        Returns
        -------
        Figure, str
            The figure and its caption in plain reStructuredText; with `saves_data` a `Result` as well.
        """
        raise NotImplementedError


STEPS: dict[str, type[Plugin]] = {
    "stimuli": Stimulus,
    "networks": Network,
    "trainings": Training,
    "recordings": Recording,
    "populations": Population,
    "metrics": Metric,
    "analyses": Analysis,
    "figures": Figure,
}

"""Keys that all sections of a step have, beside the parameters of their plugin: each declared once.

They are no plugins: `schema.model` puts them into the schema of a section.
"""

from typing import Any, Literal

from repscape.config.order import Order
from repscape.plugin.contract import Plugin, parameter
from repscape.plugin.parameter_types import Layers, Names, Size
from repscape.recordings.lib.trials import Constant, Missing, Others, Taken


class StimulusKeys(Plugin, shared=True):
    """Of each stimulus."""

    size: Size | None = parameter("The size to which images are resized, [height, width] in pixels.", None)
    fit: Literal["squash", "crop"] = parameter(
        "How images of another aspect ratio are brought to `size`.", "squash"
    )


class StimulusEntryKeys(StimulusKeys, shared=True):
    """Of each entry under `stimuli`, which may stand for several stimuli."""

    each: bool = parameter(
        "true: the entry stands for a stimulus of each file of its `path`, named as the file.", False
    )


class NetworkKeys(Plugin, shared=True):
    """Of each network."""

    layers: Layers = parameter(
        "Which layers are recorded: blocks, all, a list, or a mapping from names to layers.",
        "blocks",
    )
    stimuli: list[str] | None = parameter("The stimuli shown to the network; by default all.", None)
    samples: dict[str, list[str | int]] | None = parameter(
        "The samples drawn from it, {population: [sizes]}; by default all.", None
    )
    training: dict[str, Any] | None = parameter(
        "How the study trains the network; by default it is not trained.", None
    )
    stochastic: Literal["seeded"] | None = parameter(
        "seeded: allow the network to draw random numbers; they follow from the study's seed.", None
    )


class RdmRecordingKeys(Plugin, shared=True):
    """Of each recording that gives RDMs."""

    stimulus: str = parameter("The stimulus whose images the RDMs are of.")
    area: str = parameter("What was recorded; figures show it as the layer.", "recording")
    metric: str = parameter("How the dissimilarities were computed: the name that figures show.", "given")
    order: Order = parameter("The order of rows without names: a word, a file of names, or names.", None)


class ResponseKeys(Plugin, shared=True):
    """Of each recording that gives responses."""

    stimulus: Names = parameter("The stimuli whose images were shown.")
    area: Names = parameter(
        "The areas that were recorded; they are the layers of the recording.", ["recording"]
    )
    missing: Missing = parameter("What is done with missing and non-finite values.", "refuse")
    constant: Constant = parameter("What is done with neurons whose responses are all equal.", "keep")
    others: Others = parameter("What is done with trials that show no image of the stimulus.", "refuse")
    trials: Taken = parameter(
        "mean: one RDM, from the mean over each image's trials; each: one RDM for each presentation.", "mean"
    )
    order: Order = parameter("The order of rows without names: a word, a file of names, or names.", None)
    samples: dict[str, list[str | int]] | None = parameter(
        "The samples drawn from it, {population: [sizes]}; by default all that apply to recordings.", None
    )

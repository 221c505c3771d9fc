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

    size: Size | None = parameter("[height, width] to which images are resized, in pixels.", None)
    fit: Literal["squash", "crop"] = parameter("How images of other shapes get the `size`.", "squash")


class StimulusEntryKeys(StimulusKeys, shared=True):
    """Of each entry under `stimuli`, which may stand for several stimuli."""

    each: bool = parameter(
        "true: the entry stands for a stimulus of each file of its `path`, named as the file.", False
    )


class NetworkKeys(Plugin, shared=True):
    """Of each network."""

    layers: Layers = parameter(
        "Which layers are recorded: blocks, all, a list, or a mapping of names of one's own to layers.",
        "blocks",
    )
    stimuli: list[str] | None = parameter("The stimuli that it is shown; by default all.", None)
    samples: dict[str, list[str | int]] | None = parameter(
        "The samples that are drawn of it, {population: [sizes]}; by default all.", None
    )
    training: dict[str, Any] | None = parameter("How the study trains it; by default it does not.", None)
    stochastic: Literal["seeded"] | None = parameter(
        "seeded: it draws random numbers, and may; they follow from the study's seed.", None
    )


class RdmRecordingKeys(Plugin, shared=True):
    """Of each recording that gives RDMs."""

    stimulus: str = parameter("The stimulus whose images the RDMs are of.")
    area: str = parameter("What was recorded: the layer, in figures.", "recording")
    metric: str = parameter("How the dissimilarities were computed: the name that figures show.", "given")
    order: Order = parameter("The order of rows without names: a word, a file of names, or names.", None)


class ResponseKeys(Plugin, shared=True):
    """Of each recording that gives responses."""

    stimulus: Names = parameter("The stimuli whose images were shown.")
    area: Names = parameter("What was recorded: its layers.", ["recording"])
    missing: Missing = parameter("What is done about values that are missing or not finite.", "refuse")
    constant: Constant = parameter("What is done about neurons that always respond alike.", "keep")
    others: Others = parameter("What is done about trials that show no image of the stimulus.", "refuse")
    trials: Taken = parameter(
        "Whether RDMs are of the mean over an image's trials, or one of each presentation.", "mean"
    )
    order: Order = parameter("The order of rows without names: a word, a file of names, or names.", None)
    samples: dict[str, list[str | int]] | None = parameter(
        "The samples that are drawn of it, {population: [sizes]}; by default all it can be sampled by.", None
    )

"""The keys that no plugin declares, section by section: for the pages that say what every key is."""

from typing import Any

from repscape.config.common_keys import NetworkKeys, RdmRecordingKeys, ResponseKeys, StimulusEntryKeys
from repscape.config.schema import Config
from repscape.plugin import registry, schema
from repscape.trainings.lib.config_section import TrainingKeys

COMMON = {
    "stimuli": StimulusEntryKeys,
    "networks": NetworkKeys,
    "networks.training": TrainingKeys,
    "recordings, of RDMs": RdmRecordingKeys,
    "recordings, of responses": ResponseKeys,
}
"""What plugins of a step have in common, beside `kind`."""


def sections() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each section whose keys no plugin declares, by its place in the config.

    Its ``properties`` have the type, the default and the sentence of each key (`reference.kind_of` puts types
    into words); ``required`` are those without a default. The place of the top level is ``""``.

    Examples
    --------
    >>> sections()["rdms"]["properties"]["memory"]["default"]
    '4 GB'
    >>> sections()["networks"]["properties"]["layers"]["description"]
    'Which layers are recorded: blocks, all, a list, or a mapping from names to layers.'
    """
    top = Config.model_json_schema()
    inside = top["$defs"]
    parts = {
        "activations": "_Activations",
        "samples": "_Samples",
        "rdms": "_Rdms",
        "rdms.metrics": "_Metric",
        "rdms.sets": "_Set",
        "rdms.sets.combinations": "_Combination",
    }
    network = schema.model(registry.find("networks", "torchvision")).model_json_schema()
    return (
        {"": top}
        | {place: schema.model(keys).model_json_schema() for place, keys in COMMON.items()}
        | {"networks.preprocess": network["$defs"]["Preprocess"]}
        | {place: inside[name] | {"$defs": inside} for place, name in parts.items()}
    )

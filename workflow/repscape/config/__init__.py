"""The config: read, checked whole, and turned into a `Study`.

Every mistake that can be known before a job starts is reported here, all at once, with the file,
the key and the line. The result is canonical: the order of keys in the YAML does not matter.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from repscape.config.dependencies import check_made
from repscape.config.image_counts import count_shards, estimate_images
from repscape.config.inputs import check_inputs
from repscape.config.names import check_name, check_targets
from repscape.config.networks import check_layers, check_networks, check_outputs, check_trainings, name_layers
from repscape.config.nulls import check_empty, take_away
from repscape.config.rdms import check_sets, name_metrics
from repscape.config.recordings import check_recordings, check_shown, check_sources, name_areas
from repscape.config.samples import find_parts, plan_samples
from repscape.config.schema import Config
from repscape.config.sections import plugin_sections, without_keys
from repscape.config.stimuli import check_stimuli
from repscape.core.natural_order import natural
from repscape.plugin import registry
from repscape.plugin.config_errors import Mistakes, read_lines
from repscape.study.study import Study


def resolve(config: Mapping, files: Iterable = ()) -> Study:
    """Check a config and turn it into a `Study`.

    Parameters
    ----------
    config : mapping
        The config as Snakemake merged it.
    files : paths of the YAML files that it came from, for line numbers

    Raises
    ------
    ConfigError
        Lists every mistake: key, line, what was expected, what was found, what to do.
    """
    top, given, mistakes = _top_level(config, files)
    check_name(mistakes, ("study",), top.study)
    check_sources(top, given, mistakes)

    stimuli, groups = check_stimuli(top, mistakes)
    sections = {
        "stimuli": stimuli,
        "networks": check_networks(top, mistakes),
        "recordings": check_recordings(top, groups, mistakes),
        "populations": plugin_sections("populations", top.populations, mistakes, top),
        # Every analysis that asks for nothing is there for the figures that need it; those in the config
        # are always made.
        "analyses": plugin_sections(
            "analyses", dict.fromkeys(without_keys("analyses")) | top.analyses, mistakes, top
        ),
        "figures": plugin_sections("figures", top.figures, mistakes, top),
    }
    metrics = name_metrics(top, mistakes)
    sets = check_sets(top, sections, mistakes)
    samples = plan_samples(top, mistakes)
    check_trainings(sections, top, groups, mistakes)
    layers = name_layers(sections["networks"], mistakes)
    check_outputs(sections, mistakes)
    check_layers(sections, layers, mistakes)
    layers |= name_areas(sections["recordings"], mistakes)
    check_targets(sections, mistakes)
    check_shown(sections, top, mistakes)
    check_made(sections, top, groups, mistakes)
    mistakes.stop()

    resolved = (
        top.model_dump()
        | sections
        | {"samples": samples, "rdms": {"metrics": metrics, "sets": sets, "memory": top.rdms.memory}}
    )
    images = estimate_images(sections["stimuli"])
    study = Study(
        name=top.study,
        stimuli=tuple(sorted(sections["stimuli"], key=natural)),
        layers={source: tuple(names) for source, names in layers.items()},
        labels=layers,
        samples={population: tuple(map(str, plan["repeats"])) for population, plan in samples.items()},
        metrics=tuple(metric["name"] for metric in metrics),
        analyses=tuple(sorted(top.analyses)),
        config=canonical(resolved),
        **find_parts(sections, samples, mistakes),
        images=images,
        shards=count_shards(images, top.activations.shard),
    )
    check_inputs(study, mistakes)
    mistakes.stop()
    return study


def _top_level(config: Mapping, files: Iterable) -> tuple[Config, dict, Mistakes]:
    """Check the top level of a config; return it, the config as it was given, and what notes mistakes."""
    lines: dict[tuple, tuple[str, int]] = {}
    repeated: set[tuple] = set()
    for file in files:
        found = read_lines(file)
        repeated |= lines.keys() & found.keys()
        lines |= found
    mistakes = Mistakes(lines)
    given = take_away(_plain(config), repeated)
    check_empty(given, mistakes)
    try:
        top = Config.model_validate(given)
    except ValidationError as error:
        mistakes.add_validation((), error, Config, given)
        mistakes.stop()
    mistakes.ask(("plugins",), registry.use, top.plugins)
    mistakes.stop()
    return top, given, mistakes


def canonical(value: Any) -> Any:
    """Sort the keys of nested mappings, so that equal configs have equal representations."""
    if isinstance(value, Mapping):
        return {key: canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return value


def _plain(value):
    """Turn Snakemake's mappings into plain ones with text keys."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value

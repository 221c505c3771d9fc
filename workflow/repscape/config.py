"""The config: read, checked whole, and turned into a `Study`.

Every mistake that can be known before a job starts is told here, all at once, with the file,
the key and the line. The result is canonical: the order of keys in the YAML does not matter.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, ValidationError

from repscape import assets, own, patterns, plugins, schema
from repscape.analyses.collection import ALL as ALL_IMAGES
from repscape.errors import AssetError, ConfigError, unknown
from repscape.labels import natural
from repscape.mistakes import Mistakes, read_lines
from repscape.networks import planned, tables
from repscape.rdms import sets as image_sets
from repscape.rdms.normalisation import Kind
from repscape.recordings import responses
from repscape.samples.draw import Draw
from repscape.seeds import derive
from repscape.stimuli import factors as factor_names
from repscape.stimuli.assemble import FEWEST
from repscape.study import Study
from repscape.trainings import planned as trainings
from repscape.types import Layers, Names, Size

TARGETS = (
    "all",
    "stimulus",
    "stimuli",
    "network",
    "networks",
    "training",
    "layers",
    "recording",
    "recordings",
    "population",
    "rdms",
    "analyses",
    "figures",
)
# What a later config file can take away by null; of analyses and figures, null means all defaults.
NAMED = {"stimuli", "networks", "recordings", "populations"}
FOLDERS = ("config", "envs", "profiles", "results", "tests", "workflow")
# A plugin that runs a network takes these from where the config has them.
RUNNING = {"device", "batch", "threads"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Activations(_Section):
    batch: PositiveInt = 10
    cuda_batch: PositiveInt = 256
    threads: PositiveInt = 1
    shard: PositiveInt = 2000
    precision: Literal["float32", "tf32", "float16", "bfloat16"] = "float32"


def _as_list(value):
    return value if isinstance(value, list) else [value]


def _as_list_or_none(value):
    return None if value is None else _as_list(value)


class _Samples(_Section):
    population: str
    draw: Draw = "random"
    sizes: Annotated[list[PositiveInt | Literal["all"]], Field(min_length=1)] = ["all"]
    repeats: Annotated[list[PositiveInt], BeforeValidator(_as_list)] = [1]


class _Metric(_Section):
    metric: str
    name: str | None = None
    normalisation: Kind | None = None


def _as_metric(value):
    return {"metric": value} if isinstance(value, str) else value


def _as_text(value):
    return str(value) if isinstance(value, int | float) else value


class _Combination(_Section):
    how: str = "mean"
    of: Annotated[list[dict[str, Annotated[str, BeforeValidator(_as_text)]]], Field(min_length=1)]


class _Set(_Section):
    stimulus: str
    by: Annotated[list[str], BeforeValidator(_as_list)] = []
    entries: Annotated[list[str] | None, BeforeValidator(_as_list_or_none), Field(min_length=1)] = None
    combine: str | None = None
    combinations: dict[str, _Combination] = {}


def _megabytes(value) -> int:
    parts = re.fullmatch(r"([0-9]*\.?[0-9]+) *(MB|GB)", str(value).strip())
    if not parts:
        raise ValueError("expected an amount of memory, such as '8 GB' or '1500 MB'")
    megabytes = round(float(parts[1]) * {"MB": 1, "GB": 1000}[parts[2]])
    if megabytes < 1500:
        raise ValueError("expected at least '1500 MB', which blocks of pairs and of images take")
    return megabytes


class _Rdms(_Section):
    normalisation: Kind = "zscore"
    memory: Annotated[int, BeforeValidator(_megabytes)] = 4000
    sets: dict[str, _Set] = {}
    metrics: Annotated[list[Annotated[_Metric, BeforeValidator(_as_metric)]], Field(min_length=1)] = [
        _Metric(metric="sqeuclidean")
    ]


class _Config(_Section):
    """The top level; the sections of plugins are checked one by one."""

    study: str
    seed: Annotated[int, Field(ge=0)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    stimuli: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    networks: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    recordings: dict[str, dict[str, Any]] = {}
    populations: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    activations: _Activations = _Activations()
    samples: Annotated[list[_Samples], Field(min_length=1)]
    rdms: _Rdms = _Rdms()
    analyses: dict[str, dict[str, Any] | None] = {}
    figures: dict[str, dict[str, Any] | None] = {}


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
    lines: dict[tuple, tuple[str, int]] = {}
    for file in files:
        lines |= read_lines(file)
    mistakes = Mistakes(lines)
    given = _plain(config)
    for step in NAMED & given.keys():
        if isinstance(given[step], dict):
            given[step] = {name: section for name, section in given[step].items() if section is not None}
    try:
        top = _Config.model_validate(given)
    except ValidationError as error:
        mistakes.add_validation((), error, _Config, given)
        mistakes.stop()
    _check_name(mistakes, ("study",), top.study)

    stimuli, groups = _stimuli(top, mistakes)
    sections = {
        "stimuli": stimuli,
        "networks": _plugin_sections(
            "networks",
            _networks(top.networks),
            "source",
            mistakes,
            top,
            layers=(Layers, "blocks"),
            stimuli=(list[str] | None, None),
            samples=(dict[str, list[str | int]] | None, None),
            training=(dict[str, Any] | None, None),
        ),
        "recordings": _recordings(top, groups, mistakes),
        "populations": _plugin_sections("populations", top.populations, "select", mistakes, top),
        # Every analysis that asks for nothing is there for the figures that need it; those in the config
        # are always made.
        "analyses": _plugin_sections(
            "analyses", dict.fromkeys(_without_keys("analyses")) | top.analyses, "analysis", mistakes, top
        ),
        "figures": _plugin_sections("figures", top.figures, "figure", mistakes, top),
    }
    metrics = _metrics(top, mistakes)
    sets = _sets(top, sections, mistakes)
    samples = _samples(top, mistakes)
    _trainings(sections, top, groups, mistakes)
    layers = _layers(sections["networks"], mistakes)
    _check_outputs(sections, mistakes)
    _check_layers(sections, layers, mistakes)
    layers |= _areas(sections["recordings"], mistakes)
    _check_targets(sections, mistakes)
    _check_recordings(sections, top, mistakes)
    _check_made(sections, top, groups, mistakes)
    mistakes.stop()

    resolved = (
        top.model_dump()
        | sections
        | {"samples": samples, "rdms": {"metrics": metrics, "sets": sets, "memory": top.rdms.memory}}
    )
    study = Study(
        name=top.study,
        stimuli=tuple(sorted(sections["stimuli"], key=natural)),
        layers={source: tuple(names) for source, names in layers.items()},
        labels=layers,
        samples={population: tuple(map(str, plan["repeats"])) for population, plan in samples.items()},
        metrics=tuple(metric["name"] for metric in metrics),
        analyses=tuple(sorted(top.analyses)),
        config=canonical(resolved),
        **_parts(sections, samples, mistakes),
        shards=_shards(sections["stimuli"], top.activations.shard),
    )
    _check_inputs(study, mistakes)
    mistakes.stop()
    return study


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


def _check_name(mistakes: Mistakes, keys: tuple, name: str) -> None:
    if not NAME.fullmatch(name):
        mistakes.add(
            keys,
            f"'{name}' cannot be a name: names become file names, so they may have letters A-Z, digits, "
            "'_', '-', '+' and '.', and start with a letter or digit.",
        )


def _without_keys(step: str) -> list[str]:
    """List the plugins of a step that need no key in the config."""
    models = {name: schema.model(plugins.entry(step, name)) for name in plugins.names(step)}
    filled = RUNNING | {"seed"}
    return [
        name
        for name, model in models.items()
        if not any(field.is_required() for key, field in model.model_fields.items() if key not in filled)
    ]


def _plugin_sections(step, sections, selector, mistakes, top, **common) -> dict[str, dict]:
    """Check the named sections of a step, whose plugin is chosen by the key `selector`.

    Analyses and figures are named as their plugin unless the key says another.
    """
    checked: dict[str, dict] = {}
    for name, section in sections.items():
        keys, values = (step, name), dict(section or {})
        _check_name(mistakes, keys, name)
        unnamed = selector not in values
        if unnamed and step in ("analyses", "figures"):
            values[selector] = name
        plugin = values.get(selector)
        if plugin is None:
            valid = ", ".join(plugins.names(step))
            mistakes.add(keys, f"the key '{selector}' is required; one of: {valid}.")
            continue
        if plugin not in plugins.names(step):
            at = keys if unnamed else (*keys, selector)
            mistakes.add(at, unknown(plugin, plugins.names(step)))
            continue
        function = plugins.entry(step, plugin)
        model = schema.model(function, **{selector: (str, ...)}, **common)
        # null says that a key is not there, also over a file that has it
        values = {
            key: value for key, value in values.items() if value is not None or key in model.model_fields
        }
        if "seed" in model.model_fields and _draws(inspect.getmodule(function), values):
            values.setdefault("seed", derive(top.seed, step, name))
        running = top.activations.model_dump() | {"device": top.device}
        for key in RUNNING & model.model_fields.keys():
            values.setdefault(key, running[key])
        accepted = _validated(mistakes, keys, name, model, values)
        checked |= accepted
        if accepted:
            _check_together(mistakes, keys, function, accepted[name])
            for parameter in schema.asset_parameters(function):
                several = schema.takes_several(function, parameter)
                braces = schema.IN_PATH in inspect.signature(function).parameters
                _check_asset(mistakes, (*keys, parameter), accepted[name][parameter], several, braces)
    return checked


def _draws(plugin, values: Mapping) -> bool:
    """Whether anything is drawn at random; a new seed does not concern what draws nothing."""
    if hasattr(plugin, "draws"):
        return plugin.draws(values)
    return values.get("weights", "random") == "random"  # trained weights are not drawn


def _validated(mistakes, keys, name, model, values) -> dict[str, dict]:
    try:
        return {name: model.model_validate(values).model_dump(mode="json")}
    except ValidationError as error:
        mistakes.add_validation(keys, error, model, values)
        return {}


def _check_together(mistakes, keys, function, section, how_many=None) -> None:
    """Ask the plugin whether its keys go together, if it has a `check`.

    One that wants to know how many images the stimuli named in the section have is asked when all
    sections are known.
    """
    check = getattr(inspect.getmodule(function), "check", None)
    if check is None:
        return
    parameters = inspect.signature(check).parameters
    if ("how_many" in parameters) == (how_many is not None):
        further = {} if how_many is None else {"how_many": how_many}
        try:
            check(**schema.arguments(function, section, only=parameters), **further)
        except ConfigError as error:
            mistakes.add(keys, str(error))


def _check_asset(mistakes, keys, value, several: bool, braces: bool) -> None:
    if value is None:
        return
    where = ".".join(keys)
    if not braces and _has_names(value):
        mistakes.add(keys, "names in braces are factors of pictures (source: images). Write '*' instead.")
        return
    try:
        assets.check(value, where)
        files = assets.local_files(value, where)
    except AssetError as error:
        mistakes.add(keys, str(error).removeprefix(f"{where}: "))
        return
    odd = [str(file) for file in files if set(str(file)) & set("{}")]
    if odd:
        mistakes.add(keys, f"names with '{{' or '}}' cannot be used, rename: {', '.join(odd)}.")
    if len(files) > 1 and not several:
        each = " (or 'each: true', for a stimulus of each)" if keys[0] == "stimuli" else ""
        mistakes.add(
            keys, f"expected one file, found {len(files)}: {files[0]}, {files[1]}, …; name one of them{each}."
        )


def _has_names(addresses) -> bool:
    """Whether an address has names in braces, and is not a file that is called so."""
    return any(patterns.names(one) and not Path(one).expanduser().exists() for one in _as_list(addresses))


def _recordings(top: _Config, groups: Mapping, mistakes: Mistakes) -> dict[str, dict]:
    """Check the recordings; those that give responses have other keys than those that give RDMs."""
    of_rdms = {"stimulus": (str, ...), "area": (str, "recording"), "metric": (str, "given")}
    of_responses = {
        "stimulus": (Names, ...),
        "area": (Names, ["recording"]),
        "missing": (responses.Missing, "refuse"),
        "constant": (responses.Constant, "keep"),
        "others": (responses.Others, "refuse"),
        "trials": (responses.Taken, "mean"),
        "samples": (dict[str, list[str | int]] | None, None),
    }
    checked: dict[str, dict] = {}
    for name, section in top.recordings.items():
        common = of_rdms if _gives_rdms(section.get("source")) else of_responses
        checked |= _plugin_sections("recordings", {name: section}, "source", mistakes, top, **common)
        if name in checked and common is of_responses:
            named = checked[name]["stimulus"]
            named = [stimulus for other in named for stimulus in groups.get(other, [other])]
            checked[name]["stimulus"] = list(dict.fromkeys(named))
    return checked


def _gives_rdms(source) -> bool:
    """Whether a source of recordings gives RDMs: it tells the labels that tell them apart."""
    known = source in plugins.names("recordings")
    return known and hasattr(plugins.find("recordings", source, "recordings"), "labels")


def _areas(recordings: Mapping, mistakes: Mistakes) -> dict[str, dict[str, str]]:
    """Name the areas of recordings that give responses, as layers: {recording: {area: area}}."""
    areas = {}
    for name in sorted(recordings):
        section = recordings[name]
        if not _gives_rdms(section["source"]):
            areas[name] = {area: area for area in section["area"]}
            for area in {"input", "predictions"} & set(section["area"]):
                mistakes.add(
                    ("recordings", name, "area"),
                    f"'{area}' is a layer of networks, with which others are compared; choose another name.",
                )
            for area in areas[name]:
                _check_name(mistakes, ("recordings", name, "area"), area)
    return areas


def _networks(sections: Mapping) -> dict[str, dict]:
    """Let `weights` name a file as well: the file is then tracked as one."""
    moved = {}
    for name, section in sections.items():
        weights = section.get("weights")
        is_file = isinstance(weights, str) and re.search(r"[/\\]|\.(pth?|safetensors)$", weights)
        moved[name] = (
            section | {"weights": None, "file": weights} if is_file and "file" not in section else section
        )
    return moved


def _stimuli(top: _Config, mistakes: Mistakes) -> tuple[dict[str, dict], dict[str, list[str]]]:
    """Check the stimuli and expand the entries that stand for a stimulus a file: {entry: stimuli}."""
    expanded: dict[str, dict] = {}
    groups: dict[str, list[str]] = {}
    for name, section in top.stimuli.items():
        section = dict(section)
        if section.pop("each", False):
            one_each = _one_each(name, section, mistakes)
            groups[name] = list(one_each)
        else:
            one_each = {name: section}
        for stimulus, part in one_each.items():
            if stimulus in expanded:
                mistakes.add(
                    ("stimuli", name),
                    f"two stimuli would be named '{stimulus}'; rename the entry or the file.",
                )
            expanded[stimulus] = part
    common = {"size": (Size | None, None), "fit": (Literal["squash", "crop"], "squash")}
    return _plugin_sections("stimuli", expanded, "source", mistakes, top, **common), groups


def _one_each(name, section, mistakes) -> dict[str, dict]:
    """Expand an entry into one stimulus for each of its files, named as the file."""
    where = f"stimuli.{name}.path"
    if _has_names(section.get("path", [])):
        mistakes.add(
            ("stimuli", name, "path"),
            "names in braces are factors of the images of one stimulus; with 'each: true' write '*' instead.",
        )
        return {}
    try:
        found = assets.each(section.get("path", []), where)
    except AssetError as error:
        mistakes.add(("stimuli", name, "path"), str(error).removeprefix(f"{where}: "))
        return {}
    paths: dict[str, str] = {}
    for file_name, address in found:
        stimulus = Path(file_name).stem
        if stimulus in paths:
            mistakes.add(("stimuli", name), f"two files would be stimulus '{stimulus}'; rename one.")
        paths[stimulus] = address
    return {stimulus: {**section, "path": address} for stimulus, address in paths.items()}


def _parts(sections: Mapping, samples: Mapping, mistakes: Mistakes) -> dict[str, dict]:
    """Find the sources that are shown or sampled only in part; of recordings this is usual."""
    shown, drawn = {}, {}
    for name, section in sections["networks"].items():
        keys = ("networks", name)
        if section["stimuli"] is not None:
            for stimulus in set(section["stimuli"]) - sections["stimuli"].keys():
                mistakes.add((*keys, "stimuli"), unknown(stimulus, sections["stimuli"]))
            shown[name] = tuple(sorted(set(section["stimuli"]), key=natural))
        if section["samples"] is not None:
            drawn[name] = _chosen_samples(section["samples"], samples, (*keys, "samples"), mistakes)
    possible = {name: plan for name, plan in samples.items() if _of_recordings(sections, name)}
    for name, section in sections["recordings"].items():
        if _gives_rdms(section["source"]):
            continue
        keys = ("recordings", name)
        shown[name] = tuple(sorted(section["stimulus"], key=natural))
        if not possible:
            mistakes.add(
                keys,
                "none of the populations that are sampled can be one of neurons, which have no channels and "
                "no place: add a population {select: all} (or random), and list it under samples.",
            )
        elif section["samples"] is None:
            drawn[name] = {population: tuple(plan["repeats"]) for population, plan in possible.items()}
        else:
            drawn[name] = _chosen_samples(section["samples"], possible, (*keys, "samples"), mistakes)
    return {"shown": shown, "drawn": drawn}


def _of_recordings(sections: Mapping, population: str) -> bool:
    """Whether a population can be one of a recording's neurons."""
    select = sections["populations"].get(population, {}).get("select")
    return select is not None and hasattr(plugins.find("populations", select, "populations"), "RECORDINGS")


def _chosen_samples(chosen: Mapping, samples: Mapping, keys: tuple, mistakes: Mistakes) -> dict[str, tuple]:
    """Choose among the samples of the study: {population: sizes}."""
    drawn = {}
    for population, sizes in chosen.items():
        known = samples.get(population, {}).get("repeats")
        if known is None:
            mistakes.add(keys, unknown(population, samples))
            continue
        for size in set(map(str, sizes)) - known.keys():
            mistakes.add((*keys, population), unknown(size, known))
        drawn[population] = tuple(sorted(map(str, sizes), key=natural))
    return drawn


def _check_targets(sections: Mapping, mistakes: Mistakes) -> None:
    """Refuse names of figures and analyses that are targets or folders already."""
    taken = dict.fromkeys(TARGETS, "a target of the workflow")
    taken |= dict.fromkeys(FOLDERS, "a folder of the project")
    for source in [*sections["networks"], *sections["recordings"]]:
        steps = ("activations", "recording", "shard", "merge", "samples", "rdms")
        taken |= {f"{step}_{source}": "a step of the workflow" for step in steps}
    for step in ("analyses", "figures"):
        for name in sections[step]:
            if name in taken:
                mistakes.add((step, name), f"'{name}' is the name of {taken[name]}; choose another.")
            taken[name] = f"one of the {step}"


def _check_recordings(sections: Mapping, top: _Config, mistakes: Mistakes) -> None:
    """Check what recordings are of, and that nothing else has their names."""
    taken = {ALL_IMAGES: "the RDMs of all images"} | dict.fromkeys(top.networks, "a network")
    taken |= dict.fromkeys(top.rdms.sets, "a set of RDMs")
    taken |= dict.fromkeys(sections["analyses"], "an analysis")
    stimuli = sections["stimuli"].keys() | {name for name in top.stimuli if not top.stimuli[name].get("each")}
    for name, section in sections["recordings"].items():
        keys = ("recordings", name)
        if name in taken:
            mistakes.add(keys, f"'{name}' is the name of {taken[name]}; choose another.")
        for stimulus in set(_as_list(section["stimulus"])) - stimuli:
            mistakes.add((*keys, "stimulus"), unknown(stimulus, stimuli))
        if _gives_rdms(section["source"]):
            _check_name(mistakes, (*keys, "area"), section["area"])
        else:
            _check_shown(keys, section, sections["stimuli"], mistakes)


def _check_shown(keys: tuple, section: Mapping, stimuli: Mapping, mistakes: Mistakes) -> None:
    """Check what trials of a recording can be told apart by: files of several stimuli, factors."""
    shown = _as_list(section["stimulus"])
    path = section.get("path")
    if len(shown) > 1 and path is not None and not any(map(patterns.names, _as_list(path))):
        example = _as_list(path)[0].rpartition("/")[0] + "/{stimulus}.npy"
        mistakes.add(
            (*keys, "path"),
            f"expected a file for each of {len(shown)} stimuli, with {{stimulus}} in place of its name, such "
            f"as {example.lstrip('/')}.",
        )
    for name in shown if section.get("by") is not None else ():
        factors = schema.factor_names(stimuli[name]) if name in stimuli else None
        if factors is not None and section["by"] not in factors:
            mistakes.add((*keys, "by"), f"of the factors of '{name}', {unknown(section['by'], factors)}")


def _trainings(sections: Mapping, top: _Config, groups: Mapping, mistakes: Mistakes) -> None:
    """Check the trainings of networks and fill in their defaults."""
    names = sections["stimuli"].keys() | top.stimuli.keys() - groups.keys()
    for name, section in sections["networks"].items():
        if section["training"] is not None:
            defaults = {
                "seed": derive(top.seed, "networks", name, "training"),
                "device": top.device,
                "threads": top.activations.threads,
            }
            where = ("networks", name, "training")
            section["training"] = trainings.resolve(
                section["training"], where, defaults, sections["stimuli"], names, mistakes
            )


def _check_outputs(sections: Mapping, mistakes: Mistakes) -> None:
    """Ask trainings whether networks have the outputs that they need."""
    for name, section in sections["networks"].items():
        training = section["training"]
        try:
            outputs = training and (section.get("classes") or planned.rows(section)[-1].units)
        except ConfigError:  # told with the layers
            continue
        if training:
            count = trainings.classes(training, sections["stimuli"])
            _ask(mistakes, ("networks", name, "training"), trainings.check_outputs, training, outputs, count)


def _check_made(sections: Mapping, top: _Config, groups: Mapping, mistakes: Mistakes) -> None:
    """Check the names of stimuli and networks that others are made from; none may be made from itself.

    In lists of stimuli, an entry that stands for a stimulus a file is replaced by these.
    """
    # Those with mistakes of their own are missing from the sections; they are known all the same.
    valid = {
        "stimulus": sections["stimuli"].keys() | top.stimuli.keys() - groups.keys(),
        "network": sections["networks"].keys() | top.networks.keys(),
    }
    images = {name: _how_many(section) for name, section in sections["stimuli"].items()}
    for name, count in images.items():
        otherwise_wrong = any(keys[:2] == ("stimuli", name) for keys in mistakes.found)
        if count is not None and count < FEWEST and not otherwise_wrong:
            mistakes.add(("stimuli", name), f"expected at least {FEWEST} images, found {count}. Add some.")
    mothers: dict[str, list[str]] = {}
    for step, selector in (("stimuli", "source"), ("populations", "select")):
        for name, section in sections[step].items():
            function = plugins.entry(step, section[selector])
            how_many = {}
            for parameter, kind in schema.made_parameters(function).items():
                named = [] if section[parameter] is None else _as_list(section[parameter])
                if kind == "stimulus" and schema.takes_several(function, parameter):
                    named = [stimulus for other in named for stimulus in groups.get(other, [other])]
                    section[parameter] = named
                for other in named:
                    if other not in valid[kind]:
                        mistakes.add((step, name, parameter), unknown(other, valid[kind]))
                if (step, kind) == ("stimuli", "network"):
                    mothers.setdefault(name, []).extend(_trained_on(sections["networks"], named))
                if (step, kind) == ("stimuli", "stimulus"):
                    mothers.setdefault(name, []).extend(named)
                    how_many[parameter] = images.get(named[0]) if named else None
            _check_together(mistakes, (step, name), function, section, how_many)
    for name in mothers:
        way = _way(mothers, name, name)
        if way:
            mistakes.add(
                ("stimuli", name),
                f"a stimulus cannot be made from itself: {' ← '.join([name, *way])}. Break the circle.",
            )


def _trained_on(networks: Mapping, names: Iterable[str]) -> list[str]:
    """Name the stimuli that networks are trained with: what such a network makes follows from them."""
    found = [networks[name]["training"] for name in names if name in networks]
    return [training[key] for training in found if training for key in ("stimulus", "held_out")]


def _how_many(section: Mapping) -> int | None:
    """Say how many images a stimulus has, where its plugin can tell before the job."""
    function = plugins.entry("stimuli", section["source"])
    tell = getattr(inspect.getmodule(function), "how_many", None)
    if tell is None:
        return None
    try:
        return tell(**schema.arguments(function, section, only=inspect.signature(tell).parameters))
    except AssetError:  # told with the assets
        return None


def _shards(stimuli: Mapping, size: int) -> dict[str, int]:
    """Say into how many shards stimuli of many images are divided."""
    counts = {name: _about_how_many(name, stimuli) for name in stimuli}
    return {name: -(-count // size) for name, count in counts.items() if count > size}


def _about_how_many(name: str, stimuli: Mapping, seen: tuple = ()) -> int:
    """Estimate how many images a stimulus has, where its job alone can tell; 0 where nothing is known."""
    section = stimuli.get(name, {})
    if not section or name in seen:  # told as a mistake
        return 0
    if count := _how_many(section):
        return count
    function = plugins.entry("stimuli", section["source"])
    about = getattr(inspect.getmodule(function), "about_how_many", None)
    if about is not None:
        keys = inspect.signature(about).parameters
        return about(**schema.arguments(function, section, only=keys)) or 0
    return _about_how_many(section.get("of"), stimuli, (*seen, name))


def _way(mothers: Mapping[str, list[str]], start: str, goal: str, seen: frozenset = frozenset()) -> list[str]:
    """Find a way from a stimulus through those it is made from to one of them; empty if there is none."""
    for mother in mothers.get(start, []):
        if mother == goal:
            return [mother]
        way = [] if mother in seen else _way(mothers, mother, goal, seen | {mother})
        if way:
            return [mother, *way]
    return []


def _check_inputs(study: Study, mistakes: Mistakes) -> None:
    """Ask the figures and analyses that will be made whether the study has what they are to show."""
    needed: set[str] = set()

    def ask(step: str, selector: str, name: str) -> None:
        section = study.config[step][name]
        try:
            files = schema.inputs(step, section, section[selector], study)
        except ConfigError as error:
            key, _, rest = str(error).removeprefix(f"{step}.{section[selector]}.").partition(": ")
            at_key = key in section
            mistakes.add((step, name, key) if at_key else (step, name), rest if at_key else str(error))
            return
        for paths in files.values():
            needed.update([paths] if isinstance(paths, str) else paths)

    for figure in study.config["figures"]:
        ask("figures", "figure", figure)
    needed.update(study.path("analysis", analysis=analysis) for analysis in study.analyses)
    left = set(study.config["analyses"])
    # One may need another: ask until no more are needed.
    while asked := {analysis for analysis in left if study.path("analysis", analysis=analysis) in needed}:
        for analysis in sorted(asked):
            ask("analyses", "analysis", analysis)
        left -= asked


def _sets(top: _Config, sections: Mapping, mistakes: Mistakes) -> dict[str, dict]:
    """Check the sets of images that have RDMs of their own, as far as the stimuli's factors are known."""
    for name, definition in top.rdms.sets.items():
        keys = ("rdms", "sets", name)
        _check_name(mistakes, keys, name)
        taken = dict.fromkeys(factor_names.RESERVED, "something else in files")
        taken |= dict.fromkeys(top.analyses, "an analysis") | {ALL_IMAGES: "those of all images"}
        if name in taken:
            mistakes.add(keys, f"'{name}' is the name of {taken[name]}; choose another.")
        hows = {(*keys, "combine"): definition.combine} | {
            (*keys, "combinations", part, "how"): combination.how
            for part, combination in definition.combinations.items()
        }
        for where, how in hows.items():
            if how is not None:
                _ask(mistakes, where, image_sets.check_how, how, ".".join(where))
        if definition.stimulus not in sections["stimuli"]:
            if definition.stimulus not in top.stimuli or top.stimuli[definition.stimulus].get("each"):
                valid = sections["stimuli"]
                mistakes.add((*keys, "stimulus"), unknown(definition.stimulus, valid))
            continue
        factors = schema.factors(sections["stimuli"][definition.stimulus])
        if factors == {}:
            mistakes.add(
                (*keys, "stimulus"), f"the images of stimulus '{definition.stimulus}' have no factors."
            )
        elif factors is not None:
            parts = definition.model_dump(exclude={"stimulus"})
            _ask(mistakes, keys, image_sets.groups, factors, **parts)
    return {name: definition.model_dump() for name, definition in top.rdms.sets.items()}


def _ask(mistakes: Mistakes, keys: tuple, function, *arguments, **keywords) -> None:
    """Note what a function refuses."""
    try:
        function(*arguments, **keywords)
    except ConfigError as error:
        mistakes.add(keys, str(error).removeprefix(".".join(map(str, keys)) + ": "))


def _metrics(top: _Config, mistakes: Mistakes) -> list[dict[str, str]]:
    """Give every metric its name and normalisation."""
    metrics: list[dict[str, str]] = []
    for index, entry in enumerate(top.rdms.metrics):
        keys, name = ("rdms", "metrics", index), entry.name or entry.metric.rpartition(":")[2]
        if own.is_own(entry.metric):
            _ask(mistakes, keys, own.check, entry.metric, ".".join(map(str, keys)))
        elif entry.metric not in plugins.names("rdms"):
            mistakes.add(keys, unknown(entry.metric, plugins.names("rdms")))
        _check_name(mistakes, keys, name)
        if name in plugins.names("rdms") and name != entry.metric:
            mistakes.add(
                (*keys, "name"),
                f"'{name}' is the name of another metric than '{entry.metric}'; choose one of your own.",
            )
        if name in (metric["name"] for metric in metrics):
            mistakes.add(keys, f"two metrics are named '{name}'; give one of them a `name` of its own.")
        normalisation = entry.normalisation or top.rdms.normalisation
        metrics.append({"name": name, "metric": entry.metric, "normalisation": normalisation})
    return metrics


def _samples(top: _Config, mistakes: Mistakes) -> dict[str, dict]:
    """Turn the list of samples into {population: {draw: …, repeats: {size: number}}}, sizes ascending."""
    plans: dict[str, dict] = {}
    for index, entry in enumerate(top.samples):
        keys = ("samples", index)
        if entry.population not in top.populations:
            mistakes.add((*keys, "population"), unknown(entry.population, top.populations))
        if entry.population in plans:
            mistakes.add(
                (*keys, "population"),
                f"'{entry.population}' is sampled twice. Join the two entries; for another draw, or other "
                "repeats of the same size, add a population of another name with the same units.",
            )
        repeats = entry.repeats * len(entry.sizes) if len(entry.repeats) == 1 else entry.repeats
        if len(repeats) != len(entry.sizes):
            mistakes.add(
                (*keys, "repeats"),
                f"expected one number, or one a size ({len(entry.sizes)}); found {len(repeats)}.",
            )
            continue
        if len(set(entry.sizes)) < len(entry.sizes):
            mistakes.add((*keys, "sizes"), "a size is listed twice.")
        plan = dict(zip(map(str, entry.sizes), repeats, strict=True))
        if plan.get("all", 1) != 1:
            mistakes.add((*keys, "repeats"), "size 'all' takes every unit, so it has one repeat.")
        select = top.populations.get(entry.population, {}).get("select")
        if select in plugins.names("populations"):
            possible = getattr(plugins.find("populations", select, "samples"), "DRAWS", ("random", "equal"))
            if entry.draw not in possible:
                mistakes.add(
                    (*keys, "draw"),
                    f"population '{entry.population}' (select: {select}) can be drawn "
                    f"{' or '.join(possible)}, found {entry.draw}.",
                )
            elif entry.draw == "ranked" and max(repeats) > 1:
                mistakes.add((*keys, "repeats"), "ranked samples are not random, so they have one repeat.")
        in_order = {size: plan[size] for size in sorted(plan, key=natural)}
        plans[entry.population] = {"draw": entry.draw, "repeats": in_order}
    return plans


def _layers(networks: Mapping, mistakes: Mistakes) -> dict[str, dict[str, str]]:
    """Choose and name the layers of each network, without loading it: {network: {name: label}}."""
    layers = {}
    for name in sorted(networks):
        section = networks[name]
        try:
            rows = planned.rows(section)
        except ConfigError as error:
            key, _, said = str(error).partition(": ")
            at = (key, said) if key in section else (None, str(error))
            mistakes.add(("networks", name, at[0]) if at[0] else ("networks", name), at[1])
            continue
        try:
            layers[name] = tables.names(rows, section["layers"], f"networks.{name}.layers")
        except ConfigError as error:
            key, _, said = str(error).removeprefix(f"networks.{name}.").partition(": ")
            mistakes.add(("networks", name, *key.split(".", 1)), said)
            continue
        for layer in layers[name]:
            _check_name(mistakes, ("networks", name, "layers", layer), layer)
    return layers


def _check_layers(sections: Mapping, layers: Mapping, mistakes: Mistakes) -> None:
    """Ask populations whether all layers of all networks have what they select."""
    for name, section in sections["populations"].items():
        function = plugins.entry("populations", section["select"])
        check = getattr(inspect.getmodule(function), "check_layers", None)
        if check is None:
            continue
        arguments = schema.arguments(function, section, only=inspect.signature(check).parameters)
        for source, names in layers.items():
            network = sections["networks"][source]
            rows = planned.rows(network)
            found = {layer: tables.find(rows, label)[1] for layer, label in names.items()}
            try:
                check(found, tables.image_size(rows, network), **arguments)
            except ConfigError as error:
                mistakes.add(("populations", name), f"network '{source}': {error}")

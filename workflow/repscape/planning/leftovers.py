"""What earlier configs of a study have left in its results, and what the config has now."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from repscape.plugin import schema
from repscape.study.study import CONTENTS, PATHS, Study

# How the plugin of a section is called that may name further files of analyses
_SUFFIXES = {".svg", ".png", ".rst", ".nc"}  # of figures, with their captions and what they show


def write_contents(study: Study) -> None:
    """Write what the study has beside its results, for readers that have no config (see `contents`).

    It is no output of a job, so that nothing follows from it, and is written anew only if it has changed.
    """
    folder = Path(study.folder)
    text = json.dumps(contents(study), indent=0)
    path = folder / CONTENTS
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{CONTENTS}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def contents(study: Study) -> dict:
    """Return what a study has, for ``study.json``.

    Returns
    -------
    dict
        ``study``, its name; ``rdms``, the paths of its RDM files below its folder; ``stimuli``,
        ``populations``, ``analyses`` (those that are made), ``figures`` and ``recordings`` (that give RDMs),
        names; ``sources``, of each its ``layers`` in order and ``stimuli``, and whether it is a ``network``;
        ``samples``, sizes by population.
    """
    analyses = {Path(path).stem for path in _analyses(study)}
    return {
        "study": study.name,
        "rdms": sorted(os.path.relpath(path, study.folder) for path in study.rdms()),
        "stimuli": list(study.stimuli),
        "sources": {
            source: {
                "layers": list(layers),
                "labels": [study.labels[source][layer] for layer in layers] if source in study.labels else [],
                "stimuli": list(study.stimuli_of(source)),
                "network": source in study.networks,
            }
            for source, layers in study.layers.items()
        },
        "populations": list(study.config["populations"]),
        "samples": {population: list(sizes) for population, sizes in study.samples.items()},
        "recordings": list(study.given),
        "analyses": sorted(analyses),
        "figures": sorted(study.config["figures"]),
    }


def leftovers(study: Study) -> list[str]:
    """Find files that the study's config no longer has, where the study has files of their kind.

    Returns
    -------
    list of str
        Paths as the study names them, sorted. Files that no path of a study is like are none, nor are
        figures without a caption and tables without an analysis.
    """
    expected = set(_expected(study))
    shown = {study.path("figure", figure=name, format="") for name in study.config["figures"]}
    found = []
    for kind in PATHS:
        pattern = study.pattern(kind)
        if "{" not in pattern:  # every study has it
            continue
        own = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern)))
        for path in _files(pattern.partition("{")[0].rpartition("/")[0]):
            figure = kind == "figure" and path.rpartition(".")[0] + "." in shown
            other = kind == "figure" and os.path.splitext(path)[1] not in _SUFFIXES
            known = path in expected or figure or other
            if own.fullmatch(path) and not known and _is_made(path, kind):
                found.append(path)
    return sorted(set(found))


def _is_made(path: str, kind: str) -> bool:
    """Whether a figure has its caption beside it, and a table its analysis: users may add others."""
    beside = {"figure": ".rst", "table": ".nc"}.get(kind)
    return beside is None or os.path.exists(os.path.splitext(path)[0] + beside)


def remove(paths: list[str]) -> None:
    """Remove files, and folders that are empty then."""
    for path in paths:
        os.remove(path)
        folder = os.path.dirname(path)
        while folder and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def _files(folder: str) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        yield from (f"{parent}/{name}" for name in names)


def _expected(study: Study) -> Iterator[str]:
    """Yield the files that a study may have."""
    config = study.config
    yield from (study.path("stimulus", stimulus=name) for name in study.stimuli)
    for source in study.networks:
        yield from (study.path(kind, source=source) for kind in ("layers", "network", "trained", "training"))
    yield from (study.path("recording", recording=name) for name in study.given)
    for source, layers in study.layers.items():
        for stimulus in study.stimuli_of(source):
            yield study.path("responses", source=source, stimulus=stimulus)
        for population in config["populations"]:
            yield study.path("population", source=source, population=population)
            for stimulus in study.stimuli_of(source):
                keys = {"source": source, "stimulus": stimulus, "population": population}
                yield from (study.path("activations", layer=layer, **keys) for layer in layers)
                if stimulus in study.shards:
                    shards = study.shard_files(source, stimulus)
                    yield from (path.replace("{population}", population) for path in shards)
        for population, sizes in study.samples_of(source).items():
            keys = {"source": source, "population": population}
            for layer in layers:
                yield from (study.path("sample", layer=layer, size=size, **keys) for size in sizes)
    yield from study.rdms()
    yield from _analyses(study)


def _analyses(study: Study) -> Iterator[str]:
    """Yield the files of analyses that the study always makes, or that figures or these need."""
    by_path = {study.path("analysis", analysis=name): name for name in study.config["analyses"]}
    waiting = [("analyses", name) for name in study.analyses]
    waiting += [("figures", name) for name in study.config["figures"]]
    seen = set()
    while waiting:
        step, name = waiting.pop()
        if (step, name) in seen:
            continue
        seen.add((step, name))
        if step == "analyses":
            yield from (study.path(kind, analysis=name) for kind in ("analysis", "table"))
        section = study.config[step][name]
        for files in schema.make(step, section).inputs(study).values():
            for path in [files] if isinstance(files, str) else files:
                if path in by_path:
                    waiting.append(("analyses", by_path[path]))

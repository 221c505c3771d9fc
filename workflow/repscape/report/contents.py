"""What is on the page of a study, known before anything is computed: names, files, numbers of layers."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from repscape.plugin import registry, schema
from repscape.study.study import Study

_NOT_SHOWN = ("kind", "layers", "stimuli", "samples", "training", "classes", "like")


def contents(study: Study, order: Iterable[str] = ()) -> dict[str, Any]:
    """Say what is on the page of a study.

    Parameters
    ----------
    study : Study
    order : iterable of str
        Names of figures, as the user's config lists them; others follow.

    Returns
    -------
    dict
        ``study``, its name; ``stimuli``, ``sources``, ``figures`` and ``analyses``, a dict each; ``config``,
        what the study has of its validated config. Paths are relative to the study's folder. Equal where the
        page would be equal, so that it can be a parameter of a job.

    Raises
    ------
    ConfigError
        A figure lacks what it needs.
    """
    figures = _in_order(study.config["figures"], order)
    behind = {figure: _analyses_behind(study, figure) for figure in figures}
    made = list(dict.fromkeys([*study.analyses, *(name for names in behind.values() for name in names)]))
    kinds = {name: study.config["analyses"][name]["kind"] for name in sorted(made)}
    return {
        "study": study.name,
        "stimuli": [_stimulus(study, name) for name in study.stimuli],
        "sources": [*_sources(study), *_rdms(study)],
        "figures": [_figure(study, name, behind[name]) for name in figures],
        "analyses": [
            {"name": name, "kind": kind, "files": _analysis_files(study, name)}
            for name, kind in kinds.items()
        ],
        "config": _config(study, kinds),
    }


def inputs(study: Study, order: Iterable[str] = ()) -> dict[str, list[str]]:
    """Name the files that a page is made of: stimuli, figures, captions; and the analyses that it links to.

    Parameters as in `contents`, whose order they have.
    """
    figures = _in_order(study.config["figures"], order)
    files = {
        format: [study.path("figure", figure=figure, format=format) for figure in figures]
        for format in ("svg", "png", "rst")
    }
    behind = [name for figure in figures for name in _analyses_behind(study, figure)]
    return {
        "stimuli": [study.path("stimulus", stimulus=name) for name in study.stimuli],
        **files,
        "analyses": [
            study.path("analysis", analysis=name) for name in dict.fromkeys([*study.analyses, *behind])
        ],
    }


def _in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    names, order = list(names), list(order)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def _stimulus(study: Study, name: str) -> dict[str, Any]:
    section = study.config["stimuli"][name]
    return {
        "name": name,
        "kind": section["kind"],
        "keys": _keys(section),
        "file": _relative(study, study.path("stimulus", stimulus=name)),
        "shown_to": [source for source in study.layers if name in study.stimuli_of(source)],
    }


def _sources(study: Study) -> Iterator[dict[str, Any]]:
    """Describe networks, and recordings of responses, whose layers are areas."""
    for source, layers in study.layers.items():
        what = "networks" if source in study.config["networks"] else "recordings"
        section = study.config[what][source]
        yield {
            "name": source,
            "kind": section["kind"],
            "keys": _keys(section),
            "count": len(layers),
            "of": "layer" if what == "networks" else "area",
            "stimuli": list(study.stimuli_of(source)),
        }


def _rdms(study: Study) -> Iterator[dict[str, Any]]:
    """Describe recordings that are RDMs."""
    for name, section in study.given.items():
        yield {
            "name": name,
            "kind": section["kind"],
            "keys": _keys(section),
            "count": None,
            "of": "RDM",
            "stimuli": [section["stimulus"]],
        }


def _figure(study: Study, name: str, behind: list[str]) -> dict[str, Any]:
    kind = study.config["figures"][name]["kind"]
    plugin = registry.find("figures", kind, name)
    own = ["nc"] if plugin.saves_data else []
    data = [_relative(study, study.path("figure", figure=name, format=format)) for format in own]
    return {
        "name": name,
        "kind": kind,
        "category": plugin.category,
        "svg": _relative(study, study.path("figure", figure=name, format="svg")),
        "png": _relative(study, study.path("figure", figure=name, format="png")),
        "data": [*data, *(file for analysis in behind for file in _analysis_files(study, analysis))],
    }


def _analyses_behind(study: Study, figure: str) -> list[str]:
    """Name the analyses that a figure shows."""
    by_path = {study.path("analysis", analysis=name): name for name in study.config["analyses"]}
    plugin = schema.make("figures", study.config["figures"][figure], figure)
    files: list[str] = []
    for found in plugin.inputs(study).values():
        files += [found] if isinstance(found, str) else found
    return list(dict.fromkeys(by_path[file] for file in files if file in by_path))


def _analysis_files(study: Study, name: str) -> list[str]:
    plugin = registry.find("analyses", study.config["analyses"][name]["kind"], name)
    kinds = ["analysis", *(["table"] if plugin.makes_table else [])]
    return [_relative(study, study.path(kind, analysis=name)) for kind in kinds]


def _keys(section: Mapping) -> dict[str, Any]:
    """Return what a section says beside its kind, as the page tells it."""
    return {
        key: value
        for key, value in section.items()
        if key not in _NOT_SHOWN and value not in (None, [], {}, False)
    }


def _config(study: Study, analyses: Iterable[str]) -> dict[str, Any]:
    """Return the validated config without analyses that are not made, and with no key that says nothing."""
    config = study.config | {
        "analyses": {name: study.config["analyses"][name] for name in analyses},
    }
    return {key: value for key, value in config.items() if value not in ([], {}, None)}


def _relative(study: Study, path: str) -> str:
    return os.path.relpath(path, study.folder)

"""Whether the study has what its figures and analyses are to show."""

from collections.abc import Mapping
from typing import Any

from repscape.core.errors import ConfigError
from repscape.plugin import registry, schema
from repscape.plugin.config_errors import Mistakes
from repscape.study.study import Study


def check_inputs(study: Study, mistakes: Mistakes) -> None:
    """Ask the figures and analyses that will be made whether the study has what they are to show."""
    needed: dict[str, tuple[str, str]] = {}  # files, and what needs them first

    def ask(step: str, name: str) -> None:
        section = study.config[step][name]
        try:
            files = schema.make(step, section).inputs(study)
        except ConfigError as error:
            key, _, rest = str(error).removeprefix(f"{step}.{section[schema.KIND]}.").partition(": ")
            said = str(error).removeprefix(f"{step}.{section[schema.KIND]}: ")
            by = needed.get(study.path("analysis", analysis=name)) if step == "analyses" else None
            if by and name not in study.analyses:  # the config does not have it
                mistakes.add(by, f"needs the analysis '{name}': {said}")
            elif key in section:
                mistakes.add((step, name, key), rest)
            else:
                mistakes.add((step, name), said)
            return
        if not _names_files(files):
            plugin = registry.find(step, section[schema.KIND])
            mistakes.add(
                (step, name),
                f"{schema.file_of(plugin)}: {plugin.__name__}.inputs: expected a mapping of names to files "
                f"or lists of files, found {files!r}.",
            )
            return
        for paths in files.values():
            for path in [paths] if isinstance(paths, str) else paths:
                needed.setdefault(path, (step, name))

    for figure in study.config["figures"]:
        ask("figures", figure)
    for analysis in study.analyses:
        needed.setdefault(study.path("analysis", analysis=analysis), ("analyses", analysis))
    left = set(study.config["analyses"])
    # One may need another: ask until no more are needed.
    while asked := {analysis for analysis in left if study.path("analysis", analysis=analysis) in needed}:
        for analysis in sorted(asked):
            ask("analyses", analysis)
        left -= asked


def _names_files(value: Any) -> bool:
    """Whether a value is a mapping of names to files or lists of files."""
    return isinstance(value, Mapping) and all(
        isinstance(one, str) or (isinstance(one, list | tuple) and all(isinstance(path, str) for path in one))
        for one in value.values()
    )

"""Whether the study has what its figures and analyses are to show."""

from repscape import schema
from repscape.errors import ConfigError
from repscape.mistakes import Mistakes
from repscape.study import Study


def check_inputs(study: Study, mistakes: Mistakes) -> None:
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

"""What is made from simulated recordings says so: which results of a study are."""

from repscape.plugin import registry, schema
from repscape.study.study import Study

# Steps whose files lie in a folder of their source
_OF_SOURCES = ("recordings", "populations", "activations", "samples", "rdms")


def sources(study: Study) -> list[str]:
    """Name the recordings that are simulated: their source has the constant ``SIMULATED``."""
    section = study.config["recordings"]
    return [
        name
        for name in study.recordings
        if hasattr(registry.find("recordings", section[name]["source"], "recordings"), "SIMULATED")
    ]


def behind(study: Study, step: str, name: str) -> list[str]:
    """Name the simulated recordings that an analysis or a figure is made from, through other analyses.

    Parameters
    ----------
    study : Study
    step : {"analyses", "figures"}
    name : str
        The analysis's or figure's name in the config.
    """
    simulated = sources(study)
    if not simulated:
        return []
    roots = {
        source: tuple(f"results/{study.name}/{folder}/{source}/" for folder in _OF_SOURCES)
        for source in simulated
    }
    analyses = {study.path("analysis", analysis=analysis): analysis for analysis in study.config["analyses"]}
    waiting, asked, found = [(step, name)], set(), set()
    while waiting:
        step, name = waiting.pop()
        section = study.config[step][name]
        selector = "analysis" if step == "analyses" else "figure"
        for files in schema.inputs(step, section, section[selector], study).values():
            for path in [files] if isinstance(files, str) else files:
                found |= {source for source in simulated if path.startswith(roots[source])}
                if path in analyses and path not in asked:
                    asked.add(path)
                    waiting.append(("analyses", analyses[path]))
    return sorted(found)

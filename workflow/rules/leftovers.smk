# What is left of what the config no longer has?
#
# in:  the results; nothing follows from it
# out: study.json, the list of the study's RDMs, written beside the rules; `clean_leftovers` removes files
from collections import Counter

from repscape import leftovers

CALM.targets = {*CALM.targets, "clean_leftovers"}


def leftover_lines():
    """Say in a line what the config no longer has."""
    found = leftovers.leftovers(STUDY)
    if found:
        kinds = Counter(file.split("/")[2] for file in found)
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        command = " ".join(["snakemake", "clean_leftovers", *map(shlex.quote, options())])
        yield f"Left of earlier configs of this study: {len(found)} files ({kinds})  ·  {command} removes them"


rule clean_leftovers:
    localrule: True
    run:
        found = leftovers.leftovers(STUDY)
        leftovers.remove(found)
        say(f"repscape: removed {len(found)} files that the config no longer has.")

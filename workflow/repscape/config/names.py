"""Names that a study gives: they become names of files and targets."""

import re
from collections.abc import Mapping

from repscape.plugin.config_errors import Mistakes

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
    "populations",
    "activations",
    "samples",
    "rdms",
    "analyses",
    "figures",
    "index",
    "clean_leftovers",
)
FOLDERS = ("config", "envs", "profiles", "results", "tests", "workflow")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def check_name(mistakes: Mistakes, keys: tuple, name: str) -> None:
    """Refuse a name that cannot be that of a file."""
    if not NAME.fullmatch(name):
        mistakes.add(
            keys,
            f"'{name}' cannot be a name. Names become file names: use letters A-Z, digits, '_', '-', '+' "
            "and '.', and begin with a letter or digit.",
        )


def check_targets(sections: Mapping, mistakes: Mistakes) -> None:
    """Refuse names of figures and analyses that are targets or folders already."""
    taken = dict.fromkeys(TARGETS, "a target of the workflow")
    taken |= dict.fromkeys(FOLDERS, "a folder of the project")
    for source in [*sections["networks"], *sections["recordings"]]:
        steps = ("activations", "recording", "shard", "merge", "samples", "rdms")
        taken |= {f"{step}_{source}": "a step of the workflow" for step in steps}
    for step in ("analyses", "figures"):
        for name, section in sections[step].items():
            if name in taken:
                mistakes.add(
                    (step, name),
                    f"'{name}' is already the name of {taken[name]}. Choose another, such as my_{name}: "
                    f"{{kind: {section['kind']}, …}}.",
                )
            taken[name] = f"one of the {step}"

"""The command `repscape`: its subcommands and their help. Nothing heavy is imported for that."""

import argparse
import os
import shlex
import sys
import textwrap
from pathlib import Path
from typing import Any

from repscape.core import shipped
from repscape import __version__

OPTIONS = """\
CONFIG is a YAML file. Of several, the later ones override the earlier ones. Paths in it are relative to
the folder in which you are, and results go there, to results/STUDY. Options are those of snakemake --help:
  -n, --dry-run  show what would run, and run nothing
  --cores 4      use 4 cores instead of all
  --profile DIR  run on a cluster"""
LAYERS = """\
Print the layers of the networks of a CONFIG, or of an ARCHITECTURE of torchvision or timm (resnet50, …)."""
NEW = """\
Write study.yaml, a config with comments, and the folder pictures. Put each category of your pictures into
a separate folder there (pictures/cats/1.jpg, pictures/houses/1.jpg, …), then: repscape run study.yaml"""


# Calls of snakemake: a line of help, more of it, what may be named, and the target if nothing is
SUBCOMMANDS = {
    "run": (
        "run a study, or a part of it",
        "Only what is missing or outdated is made. A TARGET is the name of a figure, an analysis or a step "
        "(stimuli, activations, rdms, …), or the path of a file. Without one, the whole study is made.",
        *("[TARGET…] ", ""),
    ),
    "check": (
        "look for mistakes in a config, and show the plan",
        "Mistakes are named with their lines. The plan says what would run, with disk space and memory.",
        *("[TARGET…] ", ""),
    ),
    "figures": (
        "draw the figures of a study, or those that are named",
        "What a figure needs is made first, where it is missing or outdated.",
        *("[NAME…] ", "figures"),
    ),
    "report": (
        "make a page that shows the study",
        "The page is results/STUDY/index.html. It opens in a browser without a server.",
        *("", "index"),
    ),
}


def main() -> None:
    """Run a subcommand. A mistake ends with one message and an exit status that is not 0."""
    given, options = sys.argv[1:], parser()
    # What follows is snakemake's to read: argparse would refuse its options.
    if given and given[0] in SUBCOMMANDS and not {"-h", "--help"} & set(given):
        become_snakemake(given[0], given[1:])
    chosen = options.parse_args(given)
    if chosen.subcommand == "new":
        from repscape.command import new

        new.write(Path(chosen.folder))
    elif chosen.subcommand == "layers":
        from repscape.command import configs

        configs.show_layers(chosen.named)
    else:
        sys.exit(options.format_help())


def parser() -> argparse.ArgumentParser:
    """Return the parser, which holds the help."""
    look: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    top = argparse.ArgumentParser(
        "repscape",
        description="From stimuli and networks to RDMs, differentiation and figures.",
        epilog="repscape SUBCOMMAND --help says more. Snakemake does the work. Without this command:\n"
        f"snakemake --cores all --snakefile {shlex.quote(str(shipped.SNAKEFILE))} --configfile CONFIG",
        **look,
    )
    top.add_argument("--version", action="version", version=f"repscape {__version__}")
    add = top.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", title="subcommands").add_parser
    new = add("new", help="begin a project: a config and a folder for pictures", description=NEW, **look)
    new.add_argument("folder", nargs="?", default=".", help="where to write them; by default here")
    layers = add("layers", help="print the layers of networks", description=LAYERS, **look)
    layers.add_argument("named", nargs="+", metavar="CONFIG|ARCHITECTURE")
    for name, (line, more, named, _) in SUBCOMMANDS.items():
        usage, more = f"repscape {name} CONFIG… {named}[options]", textwrap.fill(more, 105)
        add(name, help=line, usage=usage, description=more, epilog=OPTIONS, **look)
    return top


def become_snakemake(subcommand: str, given: list[str]) -> None:
    """Replace this process by snakemake: Ctrl-C, the terminal and the exit status are its own."""
    from repscape.command import configs  # pydantic's import takes a fifth of a second

    files, rest = configs.split(given)
    configs.check_readable(files, subcommand)
    if subcommand == "check":
        configs.checking.main(files)
        rest += ["--dry-run", "--quiet", "rules", "host", "reason"]
    *_, target = SUBCOMMANDS[subcommand]
    if target and (not rest or rest[0].startswith("-")):
        rest = [target, *rest]
    if not any(one.startswith(("--cores", "-c", "--jobs", "-j", "--profile")) for one in rest):
        rest += ["--cores", "all"]
    os.environ["REPSCAPE_COMMAND"] = shlex.join(["repscape", "run", *files])
    # without its usage of 150 lines, which precedes the message about a wrong option
    code = "import argparse, sys; sys.argv[0] = 'snakemake'; argparse.ArgumentParser.print_usage = id; "
    code += "from snakemake.cli import main; main()"
    rest += ["--snakefile", str(shipped.SNAKEFILE), "--configfile", *files]
    os.execv(sys.executable, [sys.executable, "-P", "-c", code, *rest])  # -P: no modules from this folder

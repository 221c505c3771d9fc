"""What the command looks up in configs before, or instead of, Snakemake."""

import sys
from pathlib import Path

from repscape.config import __main__ as checking
from repscape.core.errors import ConfigError, nearest
from repscape.networks.lib import layer_table_cache, layers_file, torchvision_weights
from repscape.plugin.config_errors import read_lines

CONFIGS = (".yaml", ".yml", ".json")  # how the names of configs end; those of targets do not


def split(given: list[str]) -> tuple[list[str], list[str]]:
    """Tell configs from what is for Snakemake: targets, options, and the values of these."""
    files, rest = list[str](), list[str]()
    for before, one in zip(["", *given], given, strict=False):
        if one not in ("--configfile", "--configfiles"):
            is_config = one.endswith(CONFIGS) and not before.endswith("profile") and not one.startswith("-")
            (files if is_config else rest).append(one)
    return files, rest


def check_readable(files: list[str], subcommand: str) -> None:
    """End with a message if there is no config, or one cannot be read: Snakemake would show a traceback."""
    if not files:
        here = sorted(path.name for path in Path().iterdir() if path.suffix in CONFIGS)
        todo = f"Write: repscape {subcommand} {here[0]}" if here else "To write one: repscape new"
        sys.exit(f"repscape: expected a config, a file whose name ends in .yaml; found none. {todo}")
    try:
        for file in files:
            read_lines(file)
    except ConfigError as error:
        sys.exit(f"repscape: {error}")


def show_layers(names: list[str]) -> None:
    """Print the layers of the networks of configs, or of architectures with random weights."""
    files, architectures = split(names)
    sections = dict(checking.study_of(files).config["networks"]) if files else {}
    for name in architectures:
        kind = "torchvision" if name in torchvision_weights.architectures() else "timm"
        sections[name] = {"kind": kind, "architecture": name, "weights": "random"}
        if name == "cornet_s":
            sections[name] = {"kind": name, "weights": "random"}
    if not sections:
        sys.exit(f"repscape: {', '.join(files)}: networks: expected one or more, found none.")
    try:
        for name, section in sections.items():
            print(f"\n{name}\n{layers_file.format_table(layer_table_cache.rows(section))}")
    except ConfigError as error:
        close = nearest(name, torchvision_weights.architectures())
        sys.exit(f"repscape: {error}" + f" Of torchvision, did you mean '{close}'?" * bool(close))

"""Check a config without Snakemake: ``python -m repscape.config config/mine.yaml``.

Snakemake reads what follows ``--configfile`` before anything of repscape runs, and answers a file that is
missing or not YAML in its own way. Of several files, the later ones go over the earlier.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from repscape.config import resolve
from repscape.core.errors import RepscapeError, in_words, raised_in
from repscape.core.run import plugin_folders
from repscape.plugin.config_errors import read_lines
from repscape.study.study import Study


def merge(below: dict, over: Mapping) -> dict:
    """Put a config over another, key by key, as Snakemake does."""
    for key, value in over.items():
        known = below.get(key)
        below[key] = (
            merge(known if isinstance(known, dict) else {}, value) if isinstance(value, Mapping) else value
        )
    return below


def study_of(files: Sequence[str]) -> Study:
    """Read configs, the later ones over the earlier; end with a message if they have a mistake."""
    try:
        merged: dict = {}
        for file in files:
            read_lines(file)
            merge(merged, yaml.safe_load(Path(file).read_text(encoding="utf-8")))
        return resolve(merged, files)
    except RepscapeError as error:
        sys.exit(f"repscape: {error}")
    except Exception as error:
        where = raised_in(error, plugin_folders())  # in a user's plugin
        if not where:
            raise
        sys.exit(f"repscape: {where}: {in_words(error)}")


def main(files: Sequence[str]) -> None:
    """Say what is wrong with a config, or that nothing is."""
    if not files:
        sys.exit("repscape: expected at least one config file, found none.")
    study = study_of(files)
    print(f"{', '.join(files)}: no mistake found in study '{study.name}'.", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

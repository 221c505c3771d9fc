"""Python imports this at its start, where its folder is in PYTHONPATH: notes what a process was and cost.

Where REPSCAPE_PROBE names a folder, each process leaves a file there when it ends: its command, its
processor seconds, and which of some large libraries it had imported.
"""

import atexit
import json
import os
import sys
import time

LARGE = ("torch", "torchvision", "matplotlib", "pandas", "scipy", "xarray", "snakemake")


def note(folder: str) -> None:
    found = {
        "command": sys.argv,
        "processor": time.process_time(),
        "libraries": [name for name in LARGE if name in sys.modules],
    }
    with open(os.path.join(folder, f"{os.getpid()}.json"), "w", encoding="utf-8") as stream:
        json.dump(found, stream)


if os.environ.get("REPSCAPE_PROBE"):
    atexit.register(note, os.environ["REPSCAPE_PROBE"])

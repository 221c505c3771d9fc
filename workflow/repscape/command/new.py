"""Begin a project: a config with comments, and a folder for pictures."""

import re
import shlex
import sys
from pathlib import Path

import yaml

from repscape.core import shipped

CONFIG, PICTURES = "study.yaml", "pictures"


def write(folder: Path) -> None:
    """Write the config and the folder. End with a message if a config is there already."""
    text = Path(__file__).with_name(CONFIG).read_text(encoding="utf-8")
    name = re.sub(r"[^A-Za-z0-9_+-]+", "_", folder.resolve().name).strip("_+-") or "study"
    text = text.replace("study: NAME", yaml.safe_dump({"study": name}).strip()).replace("NAME", name)
    text = text.replace("SCHEMA", str(shipped.REPOSITORY / "config/schema.json"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / CONFIG, "x", encoding="utf-8") as stream:
            stream.write(text)
        (folder / PICTURES).mkdir(exist_ok=True)
    except OSError as error:
        sys.exit(f"repscape: {error.filename}: {error.strerror}. Name another folder: repscape new FOLDER")
    print(f"Written: {folder / CONFIG}, and the folder {folder / PICTURES}. Now:")
    if folder.resolve() != Path.cwd():
        print(f"  cd {shlex.quote(str(folder))}")
    print(f"  put each category of your pictures into a separate folder, such as {PICTURES}/cats/1.jpg")
    print(f"  repscape run {CONFIG}")

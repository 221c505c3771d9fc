"""Tables of layers when a plan is made, without torch where they ship or have been made before.

Those of torchvision's architectures and of CORnet-S ship in one file, layer_tables.zip: a plan that had to
import torch would take seconds longer. Others are made from `Network.untrained` when a plan first needs
them, all that are missing in one process, and kept in the cache.
"""

import contextlib
import errno
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from repscape.core.errors import ConfigError
from repscape.core.logs import logger
from repscape.io import asset_store
from repscape.networks.lib import layer_table
from repscape.plugin import code_digest, registry, schema
from repscape.traced.layer_info import LayerInfo

SHIPPED = Path(__file__).with_name("layer_tables.zip")
_failed: dict[Path, str] = {}  # networks that could not be built, in this process


def rows(section: Mapping) -> tuple[LayerInfo, ...]:
    """Return the table of a network's layers, at the size of the input that its weights are for.

    Parameters
    ----------
    section : mapping
        The validated section of the config.

    Raises
    ------
    ConfigError
        The network cannot be built.
    """
    return _rows(json.dumps(relevant(section), sort_keys=True))


def prepare(sections: Iterable[Mapping]) -> None:
    """Make the tables of several networks that are missing, in one process; errors are left to `rows`."""
    missing = {}
    for section in map(relevant, sections):
        with contextlib.suppress(ConfigError, OSError):
            if _shipped(section) is None and not (path := _path(section)).exists():
                missing[path] = section
    with contextlib.suppress(OSError):
        _failed.update(_make(missing) if missing else {})


def predictions(section: Mapping) -> int | None:
    """Count the classes that a network tells apart; None where it has none, or has as many as asked for.

    Raises
    ------
    ConfigError
        The network cannot be built.
    """
    if "classes" not in relevant(section):
        return None
    last = rows(section)[-1]
    return last.units if last.kind == "predictions" else None


def code_digests(section: Mapping) -> list[str]:
    """Digest the code outside this package that builds a network, a digest a file."""
    files = schema.make("networks", section).code_files()
    return [code_digest.digest(file) for file in files]


def libraries(section: Mapping) -> dict[str, str]:
    """Return the versions of libraries, beside torch and torchvision, that build a network."""
    plugin = registry.find("networks", section[schema.KIND], "networks")
    return {name: version(name) for name in plugin.libraries}


def shipped_name(section: Mapping) -> str:
    """Name a table within the file of those that ship.

    Parameters
    ----------
    section : mapping
        What the layers depend on (see `Network.layers_depend_on`), and the plugin.
    """
    others = [str(value) for key, value in sorted(section.items()) if key != schema.KIND]
    return f"{'-'.join([section[schema.KIND], *others])}.tsv"


def relevant(section: Mapping) -> dict:
    """Return what of a section a network's layers depend on."""
    plugin = registry.find("networks", section[schema.KIND], "networks")
    names = plugin.layers_depend_on
    if names is None:
        names = [name for name in plugin.parameters if name != "seed"]
    return {schema.KIND: section[schema.KIND]} | {name: section[name] for name in names if name in section}


@cache
def _rows(section: str) -> tuple[LayerInfo, ...]:
    made_from = json.loads(section)
    shipped = _shipped(made_from)
    if shipped is not None:
        return shipped
    path = _path(made_from)
    try:
        found = _kept(path)
        if found is None and path not in _failed:
            _failed.update(_make({path: made_from}))
            found = _kept(path)
    except OSError as error:
        what = asset_store.cannot_be_used(error)
        raise ConfigError(f"{what} A table of layers takes up to 1 MB.") from error
    if path in _failed:
        raise ConfigError(_failed[path])
    if found is None:
        raise ConfigError(
            f"{path}: missing or damaged, although it was written. Check the disk, then run again."
        )
    return found


def _shipped(section: Mapping) -> tuple[LayerInfo, ...] | None:
    """Read a table that ships; None where none does."""
    if registry.find("networks", section[schema.KIND]).layers_depend_on is None:
        return None
    with zipfile.ZipFile(SHIPPED) as archive:
        try:
            text = archive.read(shipped_name(section))
        except KeyError:
            return None
    return layer_table.parse(text.decode().splitlines())


def _path(section: Mapping) -> Path:
    """Return where a table is kept: its name says what it was made of."""
    made_of = {
        "section": section,
        "code_files": code_digests(section),
        "versions": {"torch": version("torch")} | libraries(section),
        "code": code_digest.digest(
            code_digest.PACKAGE / "networks/lib/layer_table_build.py",
            registry.file("networks", section[schema.KIND]),
        ),
    }
    key = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return asset_store.cache_folder() / "tables" / f"{key[:32]}.tsv"


def _kept(path: Path) -> tuple[LayerInfo, ...] | None:
    """Read a table out of the cache: its first line is the checksum of the others; None if it is damaged."""
    try:
        checksum, _, text = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if hashlib.sha256(text).hexdigest().encode() != checksum:
        logger.info("%s: damaged in the cache, making it again", path)
        return None
    return layer_table.parse(text.decode().splitlines())


def _make(missing: Mapping[Path, Mapping]) -> dict[Path, str]:
    """Make tables and put them into the cache; return why some could not be made.

    They are made in another process, for a network's code may import, print and break anything.
    """
    for section in missing.values():
        texts = [value for key, value in section.items() if isinstance(value, str) and key != schema.KIND]
        what = ", ".join(texts) or section[schema.KIND]
        logger.warning("%s: making the table of its layers (done once)", what)
    (folder,) = {path.parent for path in missing}
    folder.mkdir(parents=True, exist_ok=True)
    failed = {}
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        tasks = [
            {"section": section, "files": str(Path(temporary, path.stem))}
            for path, section in missing.items()
        ]
        command = [sys.executable, "-m", "repscape.networks.lib.layer_table_build", json.dumps(tasks)]
        search = [str(code_digest.PACKAGE.parent), os.environ.get("PYTHONPATH")]
        done = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, search))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        for path in missing:
            mistake = _put(Path(temporary, path.stem), path, done)
            if mistake:
                failed[path] = mistake
    return failed


def _put(made: Path, path: Path, done: subprocess.CompletedProcess) -> str | None:
    """Put a table that was made into the cache, or return why it was not.

    Parameters
    ----------
    made : Path
        What was written, but for its suffixes: the table, the error, and what the network's code printed.
    path : Path
        In the cache.
    done : the process that has ended
    """
    table, error, log = (made.with_suffix(suffix) for suffix in (".tsv", ".error", ".log"))
    mistake = error.read_text(encoding="utf-8") if error.is_file() else ""
    printed = done.stderr + (log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "")
    if os.strerror(errno.ENOSPC) in mistake + printed or (error.is_file() and not mistake):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path.parent))
    if mistake:
        return mistake
    if not table.is_file():
        last = (printed.strip().splitlines() or ["nothing was printed"])[-1]
        return f"the network cannot be built, Python stopped: {last}"
    text = table.read_bytes()
    table.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    os.replace(table, path)
    return None

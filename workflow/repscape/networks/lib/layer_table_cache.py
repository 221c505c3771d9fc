"""Tables of layers when a plan is made: without torch where one ships or has been made before.

A source of networks whose tables ship with the package defines `rows(*, …)`. Any other defines
`untrained(*, …)`, which builds the network with random weights: its table is then made once, in a
process of its own, and kept in the cache.
"""

import errno
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from repscape.core.errors import ConfigError
from repscape.core.logs import logger
from repscape.io import asset_store
from repscape.networks.lib import layer_table
from repscape.plugin import code_digest, registry, schema
from repscape.plugin.contract import Network
from repscape.traced.layer_info import Row


def rows(section: Mapping) -> tuple[Row, ...]:
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
    plugin = registry.find("networks", section[schema.KIND], "networks")
    without = {"seed", "weights", "file"} if ships(section) else {"seed"}
    arguments = {key: section[key] for key in plugin.parameters if key not in without}
    return _rows(section[schema.KIND], json.dumps(arguments, sort_keys=True))


def ships(section: Mapping) -> bool:
    """Whether the table of a network ships with the package."""
    return registry.find("networks", section[schema.KIND], "networks").rows is not Network.rows


def predictions(section: Mapping) -> int | None:
    """Count the classes that a network tells apart; None where it has none, or has as many as asked for.

    Raises
    ------
    ConfigError
        The network cannot be built.
    """
    if ships(section):
        return None  # its table is that of the architecture
    last = rows(section)[-1]
    return last.units if last.kind == "predictions" else None


def own_code(section: Mapping) -> list[str]:
    """Digest the code outside this package that a network is built by, a digest a file."""
    files = schema.make("networks", section).code_files()
    return [code_digest.digest(file) for file in files]


def libraries(section: Mapping) -> dict[str, str]:
    """Return the versions of libraries, beside torch and torchvision, that build a network."""
    plugin = registry.find("networks", section[schema.KIND], "networks")
    return {name: version(name) for name in plugin.libraries}


@cache
def _rows(source: str, arguments: str) -> tuple[Row, ...]:
    section = {schema.KIND: source} | json.loads(arguments)
    if ships(section):
        return schema.make("networks", section).rows()
    made_by = {
        "section": section,
        "own_code": own_code(section),
        "versions": {"torch": version("torch")} | libraries(section),
        "code": code_digest.digest(
            code_digest.PACKAGE / "networks/lib/layer_table_job.py",
            registry.file("networks", source),
        ),
    }
    key = hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()
    path = asset_store.cache_folder() / "tables" / f"{key[:32]}.tsv"
    try:
        found = _kept(path)
        if found is None:
            _make(source, arguments, path)
            found = _kept(path)
    except OSError as error:
        raise ConfigError(f"{asset_store.cannot_be_used(error)} A table of layers takes up to 1 MB.") from error
    if found is None:
        raise ConfigError(f"{path}: was made, and is not there or damaged. Check the disk, then run again.")
    return found


def _kept(path: Path) -> tuple[Row, ...] | None:
    """Read a table out of the cache: its first line is the checksum of the others; None if it is damaged."""
    try:
        checksum, _, text = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if hashlib.sha256(text).hexdigest().encode() != checksum:
        logger.info("%s: damaged in the cache, made again", path)
        return None
    return layer_table.parse(text.decode().splitlines())


def _keep(table: Path, path: Path) -> None:
    """Put a table into the cache."""
    text = table.read_bytes()
    table.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    os.replace(table, path)


def _make(source: str, arguments: str, path: Path) -> None:
    """Make a table in a process of its own: the network's code may import, print and break anything."""
    what = ", ".join(str(value) for value in json.loads(arguments).values() if isinstance(value, str))
    logger.warning("%s: making the table of its layers; this is done once", what)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        table, told = Path(temporary, "table.tsv"), Path(temporary, "error.txt")
        command = [
            sys.executable,
            "-m",
            "repscape.networks.lib.layer_table_job",
            source,
            arguments,
            str(table),
            str(told),
        ]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, _path()))}
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        mistake = told.read_text(encoding="utf-8") if told.is_file() else ""
        if os.strerror(errno.ENOSPC) in mistake + done.stderr or (told.is_file() and not mistake):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path.parent))
        if mistake:
            raise ConfigError(mistake)
        if done.returncode or not table.is_file():
            last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
            raise ConfigError(f"the network cannot be built: Python ended with {done.returncode}: {last}")
        _keep(table, path)


def _path() -> tuple[str, str | None]:
    """Let the process find this very package."""
    return str(code_digest.PACKAGE.parent), os.environ.get("PYTHONPATH")

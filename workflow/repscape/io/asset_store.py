"""Where the files of remote addresses lie on this machine: in mirrors, and in the cache.

Files are looked for by name and checksum in the folders of ``REPSCAPE_MIRROR`` (separated by ``:``), then in
the cache (``REPSCAPE_CACHE``, by default ``~/.cache/repscape``), where each lies as ``{checksum}/{name}``.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from repscape.core.errors import AssetError, DataError
from repscape.core.logs import logger
from repscape.io.addresses import Remote
from repscape.io.local_files import expanded

_LITTLE = 10**9  # bytes of a disk


def cache_folder() -> Path:
    """Return the folder that holds what was downloaded or can be made again.

    Raises
    ------
    AssetError
        Its home folder is not known.
    """
    try:
        return expanded(os.environ.get("REPSCAPE_CACHE") or "~/.cache/repscape")
    except RuntimeError as error:
        raise AssetError(f"the environment variable REPSCAPE_CACHE: {error}") from error


def cannot_be_used(error: BaseException) -> str:
    """Say why the cache cannot be used, how much room it has, and what to do."""
    folder = cache_folder()
    return (
        f"the cache {folder} cannot be used ({error.__cause__ or error}{room(folder)}). Free some space, "
        "check the permissions, or name another folder in the environment variable REPSCAPE_CACHE."
    )


def room(folder: str | Path) -> str:
    """Say how much free space the disk of a folder has, where that is little."""
    folder = Path(os.path.abspath(folder))
    while not os.path.isdir(folder) and folder != folder.parent:
        folder = folder.parent
    with suppress(OSError):
        free = shutil.disk_usage(folder).free
        return f"; {free / 1e6:.1f} MB are free on its disk" if free < _LITTLE else ""
    return ""


def check_room(folder: Path, needed: int, where: str, what: str) -> None:
    """Refuse a download of `needed` bytes that the disk has no room for, before it begins."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise AssetError(
            f"{where}: {what} needs {needed / 1e6:.1f} MB, but only {free / 1e6:.1f} MB are "
            f"free for the cache {cache_folder()}. Free some space, or name another folder in the "
            "environment variable REPSCAPE_CACHE."
        )


def mirrors() -> list[str]:
    """Return the folders in which files are looked for before they are downloaded."""
    folders = os.environ.get("REPSCAPE_MIRROR", "").split(":")
    return [os.path.expanduser(folder) for folder in folders if folder]


def in_mirrors(assets: Iterable[Remote]) -> dict[Remote, Path]:
    """Find assets in the mirror folders by name and checksum."""
    wanted: dict[str, list[Remote]] = {}
    for asset in assets:
        wanted.setdefault(asset.name, []).append(asset)
    found: dict[Remote, Path] = {}
    for mirror in mirrors() if wanted else ():
        for folder, subfolders, names in os.walk(mirror):
            subfolders.sort()
            for name in wanted.keys() & set(names):
                path = Path(folder, name)
                for asset in wanted[name]:
                    if asset in found or not os.access(path, os.R_OK):
                        continue
                    if checksum(path, asset.algorithm).startswith(asset.checksum):
                        found[asset] = path
                    else:
                        logger.info("%s: not the file of %s (its checksum differs)", path, asset.address)
    return found


def checksum(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal checksum of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def cached(asset: Remote) -> Path:
    """Return where the cache has a file, or will have it."""
    return cache_folder() / asset.checksum / asset.name


def is_cached(asset: Remote) -> bool:
    """Whether the cache has the file, whole; a damaged one is deleted."""
    if not cached(asset).is_file():
        return False
    if checksum(cached(asset), asset.algorithm).startswith(asset.checksum):
        return True
    logger.warning("%s: damaged in the cache, downloading it again", cached(asset))
    cached(asset).unlink(missing_ok=True)
    return False


def keep(asset: Remote, chunks: Iterable[bytes], where: str) -> None:
    """Write chunks into the cache if their checksum is the one that the address says.

    Raises
    ------
    AssetError
        It is not.
    """
    try:
        _write_verified(asset, chunks, where)
    except DataError:
        if not is_cached(asset):  # else another process took over while this one was stopped
            raise


def _write_verified(asset: Remote, chunks: Iterable[bytes], where: str) -> None:
    from repscape.io.netcdf import replacing

    digest, size = hashlib.new(asset.algorithm), 0
    with replacing(cached(asset)) as temporary:
        with open(temporary, "wb") as stream:
            for chunk in chunks:
                digest.update(chunk)
                size += stream.write(chunk)
        if not digest.hexdigest().startswith(asset.checksum):
            raise AssetError(
                f"{where}: {asset.address.partition('#')[0]} is not the file that the config names: "
                f"expected {asset.algorithm} {asset.checksum}, found {digest.hexdigest()} ({size} bytes). "
                "Try again in case the download was damaged; if you trust the new file, correct the checksum."
            )

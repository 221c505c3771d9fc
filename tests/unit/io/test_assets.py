"""Files of remote addresses: from the web, out of wheels, in mirrors and in the cache."""

import hashlib
import http.client
import io
import os
import resource
import shutil
import signal
import threading
import urllib.request
import urllib.response
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from repscape.core.errors import AssetError
from repscape.io import asset_store, assets, decompression, downloads

CONTENT = b"a picture, say"
OTHER = b"another one"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("REPSCAPE_CACHE", str(folder))
    monkeypatch.delenv("REPSCAPE_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


class Web(urllib.request.HTTPSHandler):
    """Answers every https request from a dict; counts the requests."""

    def __init__(self, files):
        super().__init__()
        self.files, self.asked = files, []

    def https_open(self, request):
        self.asked.append(request.full_url)
        answer = self.files.get(request.full_url)
        headers = Message()
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            response = urllib.response.addinfourl(io.BytesIO(), headers, request.full_url, 404)
            response.msg = "Not Found"
            return response
        headers["Content-Length"] = str(len(answer))
        response = urllib.response.addinfourl(io.BytesIO(answer), headers, request.full_url, 200)
        response.msg = "OK"
        return response


@pytest.fixture
def web(monkeypatch):
    handler = Web({"https://host/folder/my%20picture.png?raw=1": CONTENT})
    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(handler))
    return handler


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Let pip find one wheel in a folder and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "some_pictures-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("some_pictures/data/a.png", CONTENT)
        archive.writestr("some_pictures/data/b.png", OTHER)
        archive.writestr("../../evil.png", CONTENT)
        info = "some_pictures-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: some-pictures\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


URL = f"https://host/folder/my%20picture.png?raw=1#sha256={sha256(CONTENT)}"
PYPI = "pypi://some-pictures==1.0/some_pictures/data/"


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write(*names, content=CONTENT):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


# the web


def test_a_download_is_verified_and_cached_under_its_own_name(web, cache):
    (path,) = assets.fetch(URL, "here")
    assert path == cache / sha256(CONTENT) / "my picture.png"
    assert path.read_bytes() == CONTENT
    assert assets.fetch(URL, "here") == [path]
    assert len(web.asked) == 1
    assert assets.local_files(URL, "here") == []


def test_md5_in_capitals_serves_too(web):
    address = f"{URL.partition('#')[0]}#md5={hashlib.md5(CONTENT).hexdigest().upper()}"
    assert assets.fetch(address, "here")[0].read_bytes() == CONTENT


def test_a_damaged_file_in_the_cache_is_fetched_again(web):
    (path,) = assets.fetch(URL, "here")
    path.write_bytes(CONTENT[:-1])
    assert assets.fetch(URL, "here")[0].read_bytes() == CONTENT
    assert len(web.asked) == 2


def test_a_wrong_checksum_names_both_and_leaves_nothing(web, cache):
    web.files["https://host/folder/my%20picture.png?raw=1"] = OTHER
    with pytest.raises(AssetError) as error:
        assets.fetch(URL, "networks.m.file")
    for part in (
        "networks.m.file",
        sha256(CONTENT),
        sha256(OTHER),
        f"{len(OTHER)} bytes",
        "correct the checksum",
    ):
        assert part in str(error.value)
    assert files_below(cache) in ([], [f"{sha256(CONTENT)}/.lock"])


@pytest.mark.parametrize("answer", [None, ConnectionResetError("reset by peer"), TimeoutError("timed out")])
def test_without_an_answer_the_way_out_is_told(web, cache, answer):
    web.files = {"https://host/folder/my%20picture.png?raw=1": answer}
    with pytest.raises(AssetError) as error:
        assets.fetch(URL, "stimuli.x.path")
    for part in (
        "stimuli.x.path",
        "https://host/folder/my%20picture.png",
        "REPSCAPE_MIRROR",
        "'my picture.png'",
    ):
        assert part in str(error.value)


class Raw(urllib.request.HTTPSHandler):
    """Answers with certain bytes."""

    def https_open(self, request):
        class Socket:
            def makefile(_, mode):
                return io.BytesIO(self.sent)

        response = http.client.HTTPResponse(Socket())
        response.begin()
        response.url, response.msg = request.full_url, response.reason
        return response


@pytest.fixture
def raw(monkeypatch):
    handler = Raw()
    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(handler))
    return handler


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "SSH-2.0-OpenSSH. Check"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\na pict",
            r"IncompleteRead\(.* bytes read",
        ),
    ],
)
def test_an_answer_that_is_no_http_or_ends_too_early_tells_the_way_out(raw, cache, sent, why):
    raw.sent = sent
    with pytest.raises(AssetError, match=f"here: https://host/.*{why}.*REPSCAPE_MIRROR"):
        assets.fetch(URL, "here")
    assert files_below(cache) == [f"{sha256(CONTENT)}/.lock"]


@pytest.mark.parametrize("length", [b"many", b"-1", b"13, 13"])
def test_a_malformed_length_is_an_unknown_one(raw, length):
    raw.sent = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n" + CONTENT
    assert assets.fetch(URL, "here")[0].read_bytes() == CONTENT


class Redirected(Web):
    """Answers from another address than it was asked for, as after a redirect."""

    def https_open(self, request):
        response = super().https_open(request)
        response.url = self.target
        return response


@pytest.fixture
def redirected(monkeypatch, web):
    handler = Redirected(web.files)
    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(handler))
    return handler


def test_a_redirect_does_not_name_the_file(redirected, cache):
    redirected.target = "https://other/%2e%2e%2f%2e%2e%2fevil.sh"
    assert assets.fetch(URL, "here") == [cache / sha256(CONTENT) / "my picture.png"]
    assert {Path(name).name for name in files_below(cache.parent)} == {".lock", "my picture.png"}


@pytest.mark.parametrize("target", ["http://other/a.png", "ftp://other/a.png"])
def test_a_redirect_to_what_is_not_encrypted_is_refused(redirected, cache, target):
    redirected.target = target
    with pytest.raises(AssetError) as error:
        assets.fetch(URL, "stimuli.x.path")
    for part in ("stimuli.x.path: https://host/folder/my%20picture.png", target, "https"):
        assert part in str(error.value)
    assert not [name for name in files_below(cache) if name.endswith((".png", ".tmp"))]


def test_links_in_the_cache_are_replaced_and_not_followed(web, cache):
    outside = Path("outside.txt")
    outside.write_text("mine")
    folder = cache / sha256(CONTENT)
    folder.mkdir(parents=True)
    for name in ("my picture.png", f".my picture.png.{os.getpid()}.tmp"):
        (folder / name).symlink_to(outside.resolve())
    (path,) = assets.fetch(URL, "here")
    assert path.read_bytes() == CONTENT
    assert not path.is_symlink()
    assert outside.read_text() == "mine"


def test_a_cache_without_room_is_named(web, cache):
    """A limit on the size of files stands for a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) - 1, limits[1]))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(AssetError, match=r"here:.*REPSCAPE_CACHE"):
            assets.fetch(URL, "here")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert files_below(cache) == [f"{sha256(CONTENT)}/.lock"]


def test_parallel_jobs_download_once(web):
    found = []
    jobs = [threading.Thread(target=lambda: found.extend(assets.fetch(URL, "here"))) for _ in range(8)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(web.asked) == 1
    assert [path.read_bytes() for path in found] == [CONTENT] * 8


def test_a_cache_that_is_a_file_is_named(web, cache):
    cache.write_text("")
    with pytest.raises(AssetError, match=r"REPSCAPE_CACHE"):
        assets.fetch(URL, "here")


# mirrors


def test_a_mirror_is_searched_first_by_name_and_checksum(web, monkeypatch, cache):
    write("m1/my picture.png", content=OTHER)
    write("m2/deep/down/my picture.png")
    monkeypatch.setenv("REPSCAPE_MIRROR", "m1:nowhere::m2")
    assert assets.fetch(URL, "here") == [Path("m2/deep/down/my picture.png")]
    assert not web.asked
    assert not cache.exists()


def test_a_mirror_without_the_right_file_falls_through(web, monkeypatch):
    write("m1/my picture.png", content=OTHER)
    monkeypatch.setenv("REPSCAPE_MIRROR", "m1")
    assert assets.fetch(URL, "here")[0].read_bytes() == CONTENT


def test_a_mirror_serves_members_of_wheels(monkeypatch):
    write("m/a.png")
    monkeypatch.setenv("REPSCAPE_MIRROR", "m")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert assets.fetch(f"{PYPI}a.png#sha256={sha256(CONTENT)}", "here") == [Path("m/a.png")]


# wheels


def test_members_of_a_wheel_in_order_with_one_download(wheel, cache, monkeypatch):
    addresses = [f"{PYPI}b.png#sha256={sha256(OTHER)}", f"{PYPI}a.png#sha256={sha256(CONTENT)}"]
    first = assets.fetch(addresses[:1], "here")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")  # the wheel is kept
    assert [path.read_bytes() for path in assets.fetch(addresses, "here")] == [OTHER, CONTENT]
    assert first[0].name == "b.png"
    unpacked = [name for name in files_below(cache) if not name.endswith((".lock", ".whl"))]
    assert sorted(unpacked) == sorted([f"{sha256(CONTENT)}/a.png", f"{sha256(OTHER)}/b.png"])


def test_a_member_that_would_fill_the_disk_is_refused(wheel, cache, monkeypatch):
    monkeypatch.setattr(decompression, "SIZE", 10**6)
    with zipfile.ZipFile(wheel / "some_pictures-1.0-py3-none-any.whl", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("some_pictures/data/bomb.png", bytes(2 * 10**6))
    address = f"{PYPI}bomb.png#sha256={sha256(bytes(2 * 10**6))}"
    with pytest.raises(AssetError, match=r"here: pypi://some-pictures.*refused"):
        assets.fetch(address, "here")
    assert not [name for name in files_below(cache) if name.endswith((".png", ".tmp"))]
    assert assets.fetch(f"{PYPI}a.png#sha256={sha256(CONTENT)}", "here")[0].read_bytes() == CONTENT


def test_a_wrong_member_names_the_nearest(wheel):
    with pytest.raises(AssetError) as error:
        assets.fetch(f"pypi://some-pictures==1.0/some_pictures/a.png#sha256={sha256(CONTENT)}", "here")
    assert "'some_pictures/a.png'" in str(error.value)
    assert "some_pictures/data/a.png" in str(error.value)


def test_a_wrong_checksum_of_a_member(wheel, cache):
    with pytest.raises(AssetError, match=f"{sha256(OTHER)}.*{sha256(CONTENT)}"):
        assets.fetch(f"{PYPI}a.png#sha256={sha256(OTHER)}", "here")
    assert not [name for name in files_below(cache) if name.endswith((".png", ".tmp"))]


def test_a_wheel_that_pip_does_not_find(wheel):
    with pytest.raises(AssetError) as error:
        assets.fetch(f"pypi://some-pictures==2.0/a/b.png#sha256={sha256(CONTENT)}", "stimuli.x.path")
    for part in ("stimuli.x.path", "some-pictures==2.0", "REPSCAPE_MIRROR", "'b.png'"):
        assert part in str(error.value)


def test_a_damaged_wheel_in_the_cache_is_deleted(wheel, cache):
    folder = cache / "wheels" / "some-pictures-1.0"
    write(folder / "some_pictures-1.0-py3-none-any.whl", content=b"no zip")
    address = f"{PYPI}a.png#sha256={sha256(CONTENT)}"
    with pytest.raises(AssetError, match="damaged"):
        assets.fetch(address, "here")
    assert assets.fetch(address, "here")[0].read_bytes() == CONTENT


def test_progress_of_pip_is_followed_and_its_words_kept(monkeypatch):
    seen = []

    def progress(items, what, unit, total, size):
        for item in items:
            seen.append((what, total, size(item)))
            yield item

    monkeypatch.setattr(downloads.logs, "progress", progress)
    lines = iter(["Looking\n", "Progress 0 of 9\n", "Progress 4 of 9\n", "Progress 9 of 9\n", "ERROR: no\n"])
    assert downloads._follow(lines, "downloading x") == ["Looking", "ERROR: no"]
    assert [step[2] for step in seen] == [0, 4, 5]
    assert {step[1] for step in seen} == {9}


def test_a_download_that_the_disk_has_no_room_for(web, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(asset_store.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(AssetError, match=r"here: https://host/.*0\.0 MB.*0\.0 MB.*REPSCAPE_CACHE"):
        assets.fetch(URL, "here")


def test_a_full_disk_of_the_cache_says_how_full(web, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "x")

    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(asset_store, "check_room", lambda *_: None)
    monkeypatch.setattr(asset_store.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr("repscape.io.netcdf.os.replace", full)
    with pytest.raises(AssetError, match=r"here:.*space.*device.*0\.0 MB"):
        assets.fetch(URL, "here")

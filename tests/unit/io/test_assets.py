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
from hypothesis import given
from hypothesis import strategies as st

from repscape.core.errors import AssetError
from repscape.core.natural_order import natural
from repscape.io import assets

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


# paths, folders and patterns


def write(*names, content=CONTENT):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_a_pattern_comes_in_natural_order():
    write("p/10.png", "p/9.png", "p/1.png", "p/note.txt")
    assert assets.fetch("p/*.png", "here") == [Path("p/1.png"), Path("p/9.png"), Path("p/10.png")]
    assert assets.local_files("p/*.png", "here") == assets.fetch("p/*.png", "here")


def test_a_folder_stands_for_all_below_it_but_hidden_files():
    write("p/dog/1.png", "p/cat/10.png", "p/cat/2.png", "p/.DS_Store", "p/[x].png")
    expected = ["p/[x].png", "p/cat/2.png", "p/cat/10.png", "p/dog/1.png"]
    assert [str(path) for path in assets.fetch("p", "here")] == expected
    assert assets.fetch("p/**/2.png", "here") == [Path("p/cat/2.png")]


def test_a_folder_whose_name_looks_like_a_pattern():
    write("p[1]/a.png", "p1/b.png")
    assert assets.fetch("p[1]", "here") == [Path("p[1]/a.png")]


def test_names_with_brackets_spaces_and_accents_are_taken_as_they_are():
    write("p/a[1].png", "p/a1.png", "p/naïve 猫.png")
    assert assets.fetch(["p/a[1].png", "p/naïve 猫.png"], "here") == [
        Path("p/a[1].png"),
        Path("p/naïve 猫.png"),
    ]


def test_the_order_of_a_list_is_kept():
    write("b", "a")
    assert assets.fetch(["b", "a"], "here") == [Path("b"), Path("a")]


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("nothing.png", ["stimuli.x.path", "nothing.png", "no such file"]),
        ("*.png", ["stimuli.x.path", "*.png", "found none"]),
        ("empty", ["stimuli.x.path", "empty", "found none"]),
        ([], ["stimuli.x.path", "at least one"]),
        ("", ["stimuli.x.path", "at least one"]),
    ],
)
@pytest.mark.parametrize("function", [assets.fetch, assets.local_files])
def test_what_is_not_there_is_named(address, parts, function):
    Path("empty").mkdir()
    with pytest.raises(AssetError) as error:
        function(address, "stimuli.x.path")
    assert all(part in str(error.value) for part in parts)


def test_what_is_beside_a_pattern_is_named():
    """Capitals, and folders that are missing or one too many, are then seen at once."""
    write("p/a.PNG", "p/b.PNG", "p/.hidden.png")
    for address, said in {
        "p/*.png": "found none .*In p are: a.PNG; b.PNG.",
        "p/x/*.png": "In p are: a.PNG; b.PNG.",
        "p/*/{obj}.PNG": "In p are",
        "*.PNG": "In . are: p.",
    }.items():
        with pytest.raises(AssetError, match=said):
            assets.local_files(address, "here")


def test_a_broken_link_is_named():
    write("p/a.png")
    os.symlink("gone.png", "p/link.png")
    with pytest.raises(AssetError, match=r"p/link\.png"):
        assets.local_files("p", "here")


def test_each_names_files_and_gives_an_address_of_each():
    write("p/10_b.mp4.npy", "p/9_a.mp4.npy")
    pairs = assets.each(["p/*.npy", URL], "here")
    assert pairs == [
        ("9_a.mp4.npy", "p/9_a.mp4.npy"),
        ("10_b.mp4.npy", "p/10_b.mp4.npy"),
        ("my picture.png", URL),
    ]


@given(st.lists(st.integers(0, 10**6), min_size=2), st.text("ab _", max_size=3))
def test_numbers_sort_by_value_behind_equal_text(numbers, prefix):
    names = [f"{prefix}{number}.png" for number in numbers]
    assert sorted(names, key=natural) == [f"{prefix}{number}.png" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=8)))
def test_natural_order_is_defined_for_any_names_and_total(names):
    backwards = names[::-1]
    assert sorted(names, key=natural) == sorted(backwards, key=natural)


# the form of addresses


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("https://host/a.png", "#sha256="),
        ("https://host/a.png#sha256=12", "64 hexadecimal digits"),
        (f"https://host/a.png#md5={'0' * 64}", "32"),
        (f"https://host/a.png#sha1={'0' * 40}", "#sha256="),
        (f"ftp://host/a.png#md5={'0' * 32}", "'https://' or 'pypi://'"),
        (f"http://host/a.png#md5={'0' * 32}", "'https://' or 'pypi://'"),
        (f"https:///a.png#md5={'0' * 32}", "https://HOST/PATH/FILE"),
        (f"https://host/#md5={'0' * 32}", "https://HOST/PATH/FILE"),
        (f"https://host/a%2F..%2F..%2Fb/..#md5={'0' * 32}", "without '..'"),
        (f"https://host/a/%2e%2e%2f%2e%2e%2fb#md5={'0' * 32}", "without '..'"),
        (f"https://host/a%5C..%5Cb#md5={'0' * 32}", "https://HOST/PATH/FILE"),
        (f"pypi://name/a.png#md5={'0' * 32}", "pypi://NAME==VERSION/PATH/INSIDE/WHEEL"),
        (f"pypi://--upgrade==1/a.png#md5={'0' * 32}", "pypi://NAME==VERSION/PATH/INSIDE/WHEEL"),
        (f"pypi://name==1/../a.png#md5={'0' * 32}", "without '..'"),
    ],
)
def test_a_malformed_address_is_refused(address, part):
    for function in (assets.check, assets.fetch, assets.each):
        with pytest.raises(AssetError) as error:
            function([address], "stimuli.x.path")
        assert part in str(error.value)
        assert str(error.value).startswith(f"stimuli.x.path: {address}: ")


@given(
    st.text(st.sampled_from("./\\%2eE5cC\0ab:~"), max_size=30),
    st.sampled_from(["https://h/", "pypi://n==1/"]),
)
def test_no_address_leads_out_of_the_cache(path, scheme):
    try:
        asset = assets._parse(f"{scheme}{path}#md5={'0' * 32}", "here")
    except AssetError:
        return
    home = Path(os.path.realpath(os.environ["REPSCAPE_CACHE"]))
    assert Path(os.path.realpath(asset.cached)).parent == home / ("0" * 32)


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
    with pytest.raises(
        AssetError, match=f"here: https://host/.* cannot be downloaded: {why}.*REPSCAPE_MIRROR"
    ):
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
    for part in ("stimuli.x.path: https://host/folder/my%20picture.png", f"leads to {target}", "https"):
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
        with pytest.raises(AssetError, match=r"here: the cache .* cannot be used .*REPSCAPE_CACHE"):
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
    monkeypatch.setattr(assets.decompression, "SIZE", 10**6)
    with zipfile.ZipFile(wheel / "some_pictures-1.0-py3-none-any.whl", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("some_pictures/data/bomb.png", bytes(2 * 10**6))
    address = f"{PYPI}bomb.png#sha256={sha256(bytes(2 * 10**6))}"
    with pytest.raises(AssetError, match=r"here: pypi://some-pictures.*refused, .* decompression bomb"):
        assets.fetch(address, "here")
    assert not [name for name in files_below(cache) if name.endswith((".png", ".tmp"))]
    assert assets.fetch(f"{PYPI}a.png#sha256={sha256(CONTENT)}", "here")[0].read_bytes() == CONTENT


def test_a_wrong_member_names_the_nearest(wheel):
    with pytest.raises(AssetError) as error:
        assets.fetch(f"pypi://some-pictures==1.0/some_pictures/a.png#sha256={sha256(CONTENT)}", "here")
    assert "no file 'some_pictures/a.png'" in str(error.value)
    assert "some_pictures/data/a.png" in str(error.value)


def test_a_wrong_checksum_of_a_member(wheel, cache):
    with pytest.raises(AssetError, match=f"expected sha256 {sha256(OTHER)}, found {sha256(CONTENT)}"):
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

    monkeypatch.setattr(assets.logs, "progress", progress)
    lines = iter(["Looking\n", "Progress 0 of 9\n", "Progress 4 of 9\n", "Progress 9 of 9\n", "ERROR: no\n"])
    assert assets._follow(lines, "downloading x") == ["Looking", "ERROR: no"]
    assert [step[2] for step in seen] == [0, 4, 5]
    assert {step[1] for step in seen} == {9}


def test_brackets_in_a_folder_are_named_as_the_cause(tmp_path):
    folder = tmp_path / "data [raw]"
    folder.mkdir()
    (folder / "a.csv").touch()
    for address in ("data [raw]/*.csv", "data [raw]/{subject}.csv"):
        with pytest.raises(AssetError, match=r"for brackets write 'data \[\[\]raw\]/"):
            assets.local_files(address, "p")
        assert assets.local_files(address.replace("[", "[[]"), "p") == [Path("data [raw]/a.csv")]
    assert assets.local_files("data [raw]/a.csv", "p") == [Path("data [raw]/a.csv")]


def test_pipes_are_no_files(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder/pipe")
    for address in ("folder", "folder/*", "folder/pipe"):
        with pytest.raises(AssetError, match="no file, but a pipe"):
            assets.local_files(address, "p")


# places that cannot be used


def test_a_folder_that_may_not_be_entered(tmp_path, monkeypatch):
    (tmp_path / "pictures/closed").mkdir(parents=True)
    (tmp_path / "pictures/a.png").touch()
    for closed in (tmp_path / "pictures", tmp_path / "pictures/closed"):
        monkeypatch.setattr(assets.os, "access", lambda path, _, closed=closed: Path(path) != closed)
        with pytest.raises(AssetError, match=rf"stimuli.x.path: .*Permission denied: {closed}"):
            assets.local_files(str(tmp_path / "pictures"), "stimuli.x.path")
    for pattern in ("*/*.png", "{group}/{name}.png", "**/*.png"):
        with pytest.raises(AssetError, match=f"Permission denied: {closed}"):
            assets.local_files(str(tmp_path / "pictures" / pattern), "stimuli.x.path")


def test_below_a_folder_that_may_not_be_entered(monkeypatch):
    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(assets.os, "stat", refuse)
    with pytest.raises(AssetError, match=r"here: secret/a\.png: cannot be read \(Permission denied"):
        assets.local_files("secret/a.png", "here")


@pytest.mark.parametrize("inside", [False, True])
def test_a_link_to_itself(tmp_path, inside):
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(AssetError, match=r"symbolic links: .*loop\.png"):
        assets.local_files(str(tmp_path if inside else tmp_path / "loop.png"), "here")


def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(AssetError, match=r"here: .*File name too long"):
        assets.local_files(str(tmp_path / ("x" * 300)), "here")


def test_the_home_of_nobody(monkeypatch):
    with pytest.raises(AssetError, match=r"here: .*'no-such-user' is not known"):
        assets.local_files("~no-such-user/a.png", "here")
    monkeypatch.setenv("REPSCAPE_CACHE", "~no-such-user/cache")
    with pytest.raises(AssetError, match=r"REPSCAPE_CACHE: .*'no-such-user' is not known"):
        assets.fetch(URL, "here")


@pytest.mark.parametrize("host", ["[::1", "[zz]", "::1]"])
def test_a_malformed_address_of_the_web(host):
    with pytest.raises(AssetError, match=r"here: https://.*expected"):
        assets.check(f"https://{host}/a.png#sha256={'0' * 64}", "here")


def test_a_download_that_the_disk_has_no_room_for(web, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(assets.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(
        AssetError, match=r"takes 0\.0 MB, but for the cache .* only 0\.0 MB are free.*REPSCAPE_CACHE"
    ):
        assets.fetch(URL, "here")


def test_a_full_disk_of_the_cache_says_how_full(web, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "x")

    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(assets, "_check_room", lambda *_: None)
    monkeypatch.setattr(assets.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr("repscape.io.netcdf.os.replace", full)
    with pytest.raises(AssetError, match=r"here: the cache .*No space left on device.*0\.0 MB are free"):
        assets.fetch(URL, "here")

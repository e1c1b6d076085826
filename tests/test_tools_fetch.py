import hashlib
import http.server
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile

import pytest
from local_host import running
from shorthands import files
from wheel_files import make_wheel

import pyconvlite

fetch = pytest.importorskip("tools.fetch", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython

CONTENT = b"some wheel" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at any path, but for /short and /chunks (break off), /slow (never ends) and /missing."""

    def __init__(self):
        self.asked = []
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\nsome wheel" % len(CONTENT))
            return
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        part = CONTENT[: len(CONTENT) // 2] if self.path in ("/short", "/slow") else CONTENT
        self.wfile.write(part)
        if self.path == "/slow":
            self.wfile.flush()
            self.server.closing.wait()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Server()
    with running(server):
        yield server
        server.closing.set()


class TestFromUrl:
    def test_file_is_cached_by_hash_and_fetched_once(self, server, cache):
        for _ in range(2):
            path = fetch.from_url(server.url + "a.whl", SHA256)
            assert path == cache / SHA256 / "a.whl"
            assert path.read_bytes() == CONTENT
        assert server.asked == ["/a.whl"]

    def test_damaged_cached_file_is_fetched_again(self, server):
        fetch.from_url(server.url + "a.whl", SHA256).write_bytes(b"damaged")
        assert fetch.from_url(server.url + "a.whl", SHA256).read_bytes() == CONTENT

    def test_a_wrong_hash_names_the_file_and_both_hashes(self, server, cache):
        with pytest.raises(fetch.FetchError, match=rf"a\.whl.*\n.*{'0' * 64}\n.*{SHA256}"):
            fetch.from_url(server.url + "a.whl", "0" * 64)
        assert files(cache) == []

    @pytest.mark.parametrize("name", ["short", "chunks"])
    def test_interrupted_download_leaves_no_file(self, server, cache, name):
        with pytest.raises(fetch.FetchError, match=f"{name}: the download broke off"):
            fetch.from_url(server.url + name, SHA256)
        assert files(cache) == []

    def test_stalled_download_times_out(self, server, cache):
        with pytest.raises(fetch.FetchError, match="slow: the download broke off"):
            fetch.from_url(server.url + "slow", SHA256, timeout=2)  # a busy machine answers late
        assert files(cache) == []

    def test_unreachable_server_raises_oserror(self, server):
        with pytest.raises(OSError, match="404"):
            fetch.from_url(server.url + "missing", SHA256)
        with pytest.raises(OSError, match="refused"):
            fetch.from_url("http://127.0.0.1:9/a.whl", SHA256)

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
    def test_killed_process_leaves_no_partial_file(self, server, cache, how):
        code = f"from tools import fetch; fetch.from_url({server.url + 'slow'!r}, {SHA256!r})"
        child = subprocess.Popen([sys.executable, "-c", code])
        while not list(cache.glob(".unfinished-*/slow")):
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(how)
        assert child.wait() != 0
        assert fetch.cached(SHA256, "slow") is None
        assert not (cache / SHA256).exists()
        if how == signal.SIGINT:
            assert files(cache) == []


@pytest.fixture
def npm_package(tmp_path):
    """A package folder, which `npm pack` takes in place of a name."""
    folder = tmp_path / "package"
    (folder / "data").mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "some-data", "version": "1.2.3"}')
    (folder / "data" / "one.bin").write_bytes(b"one")
    (folder / "data" / "two.bin").write_bytes(b"two")
    (folder / "data" / "readme.txt").write_bytes(b"text")
    return folder


@pytest.fixture
def tarball(npm_package, tmp_path):
    subprocess.run(["npm", "pack", "--silent", npm_package], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "some-data-1.2.3.tgz"


class TestMembers:
    def test_npm_members_without_the_archive(self, npm_package, cache):
        archive = fetch.Archive("npm", str(npm_package), None, ("package/data/*.bin",))
        found = fetch.members(archive)
        assert {name: path.read_bytes() for name, path in found.items()} == {
            "package/data/one.bin": b"one",
            "package/data/two.bin": b"two",
        }
        assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["one.bin", "two.bin"]

    def test_archive_is_fetched_once(self, tarball):
        archive = fetch.Archive("npm", str(tarball), fetch.sha256_of(tarball), ("*/one.bin",))
        first = fetch.members(archive)
        tarball.unlink()
        assert fetch.members(archive) == first

    def test_missing_member_fetches_the_archive_again(self, tarball):
        archive = fetch.Archive("npm", str(tarball), fetch.sha256_of(tarball), ("*/one.bin",))
        (lost,) = fetch.members(archive).values()
        lost.unlink()
        assert fetch.members(archive)["package/data/one.bin"].read_bytes() == b"one"

    def test_wrong_archive_leaves_no_members(self, npm_package, cache):
        archive = fetch.Archive("npm", str(npm_package), "0" * 64, ("*",))
        with pytest.raises(fetch.FetchError, match=r"some-data-1\.2\.3\.tgz: wrong hash"):
            fetch.members(archive)
        assert files(cache) == []

    def test_missing_package_is_named(self, tmp_path, cache):
        with pytest.raises(fetch.FetchError, match="nowhere: could not be fetched from npm"):
            fetch.members(fetch.Archive("npm", str(tmp_path / "nowhere"), None, ("*",)))
        assert files(cache) == []

    @pytest.mark.parametrize("suffix", [".whl", ".tgz"])
    def test_member_outside_its_folder_is_refused(self, tmp_path, suffix):
        package = tmp_path / f"evil{suffix}"
        outside = tmp_path / "outside.txt"
        outside.write_text("bad")
        if suffix == ".whl":
            with zipfile.ZipFile(package, "w") as archive:
                archive.write(outside, "../../outside.txt")
        else:
            with tarfile.open(package, "w:gz") as archive:
                archive.add(outside, "../../outside.txt")
        outside.unlink()
        (found,) = fetch._extract(package, ("*",), tmp_path / "members")
        assert found == ("../../outside.txt", tmp_path / "members" / "outside.txt")
        assert not outside.exists()


class TestFromPypi:
    def test_pip_selects_the_wheel(self, wheel, cache):
        path = fetch.from_pypi(str(wheel))
        assert path == cache / fetch.sha256_of(wheel) / wheel.name

    def test_pinned_wheel_is_cached(self, wheel):
        first = fetch.from_pypi(str(wheel))
        assert fetch.from_pypi("no-such-name==1", first.parent.name) == first

    def test_a_wrong_hash_is_refused(self, wheel, cache):
        with pytest.raises(fetch.FetchError, match="wrong hash"):
            fetch.from_pypi(str(wheel), "0" * 64)
        assert files(cache) == []

    @pytest.fixture
    def wheel(self, tmp_path):
        return make_wheel(tmp_path, "some-lib")


@pytest.mark.parametrize("own", ["", "~/cache", "here"])
@pytest.mark.parametrize("base", ["", "~/base", "there"])
def test_cache_folder_is_that_of_the_package(monkeypatch, own, base):
    monkeypatch.setenv("PYCONVLITE_CACHE", own)
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    assert fetch.cache_dir() == pyconvlite.utils.cache_dir()

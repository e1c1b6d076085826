import contextlib
import hashlib
import http.server
import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from local_host import answered_by
from shorthands import files, traced_memory

from pyconvlite import _fetch
from pyconvlite.utils import get_file

BODY = b"\x00\xff\x80"


def fetch(url):
    with _fetch.opened(url) as file:
        return file.read()


def test_data_urls():
    assert fetch("data:application/octet-stream;base64,AP+A") == BODY


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "/etc/passwd", "FILE:/a", "", "a.npz"]
)
def test_other_url_schemes_are_refused(url):
    with pytest.raises(ValueError, match="url must start with http:, https: or data:; got"):
        _fetch.opened(url)
    with pytest.raises(ValueError, match="url must start with http:, https: or data:; got"):
        get_file(url, "a")


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers /404 and so on with that status; the other paths are methods."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path[1:]
        if name.isdigit():
            self.answer(int(name), {"Content-Length": 3}, BODY)
        else:
            getattr(self, name.partition("/")[0])()
        self.close_connection = True

    def answer(self, status, headers, *parts):
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, str(value))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the client has closed the connection
            for part in parts:
                self.wfile.write(part)

    def cut(self):
        self.answer(200, {"Content-Length": 10}, BODY)

    def chunked(self):
        self.answer(
            200, {"Transfer-Encoding": "chunked"}, b"2\r\n\x00\xff\r\n", b"1\r\n\x80\r\n", b"0\r\n\r\n"
        )

    def cut_chunks(self):
        self.answer(200, {"Transfer-Encoding": "chunked"}, b"3\r\n\x00\xff\x80\r\n")

    def open_end(self):
        self.answer(200, {}, BODY)

    def long(self):
        self.answer(200, {"Content-Length": 20_000_000}, *[bytes(1_000_000)] * 20)

    def echo(self):
        self.answer(200, {"Content-Length": 3}, BODY if self.path == "/echo/%C3%BC?x=%C3%A9" else b"")

    def to_file(self):
        self.answer(302, {"Location": "file:///etc/passwd", "Content-Length": 0})

    def to_ftp(self):
        self.answer(302, {"Location": "ftp://127.0.0.1/etc/passwd", "Content-Length": 0})

    def to_another(self):
        self.answer(302, {"Location": "/200", "Content-Length": 0})

    def log_message(self, *arguments):
        pass


@pytest.mark.cpython
@pytest.mark.parametrize("path", ["200", "chunked", "open_end", "to_another", "echo/ü?x=é"])
def test_http(path):
    with answered_by(Answers) as address:
        assert fetch(f"{address}/{path}") == BODY


@pytest.mark.cpython
@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("404", FileNotFoundError, "there is no file at .*/404"),
        ("403", OSError, ".*/403 cannot be fetched: the server returned status 403"),
        ("500", OSError, ".*/500 cannot be fetched: the server returned status 500"),
        ("cut", OSError, ".*/cut cannot be fetched: the connection broke, 7 bytes are missing"),
        ("cut_chunks", OSError, ".*/cut_chunks cannot be fetched: IncompleteRead"),
        ("to_file", OSError, ".*/to_file cannot be fetched"),
        ("to_ftp", OSError, ".*/to_ftp cannot be fetched: it redirects to ftp:"),
    ],
)
def test_http_errors(path, error, message, tmp_path, monkeypatch):
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path))
    monkeypatch.setenv("ftp_proxy", "http://127.0.0.1:1")
    with answered_by(Answers) as address:
        with pytest.raises(error, match=message):
            fetch(f"{address}/{path}")
        with pytest.raises(error, match=message):
            get_file(f"{address}/{path}")
    assert files(tmp_path) == []


def test_unreachable_server():
    with pytest.raises(OSError, match=r"http://127\.0\.0\.1:1/x cannot be fetched"):
        fetch("http://127.0.0.1:1/x")


# ------------------------------------------------------------------------------------------- the cache


class TestGetFile:
    @pytest.fixture(autouse=True)
    def _cache(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path))

    def served(self, monkeypatch, body=None, status=200, bounded=True):
        """Answer each URL by its own text, or by `body`; return the list of requested URLs."""
        urls = []

        def get(url):
            urls.append(url)
            return status, io.BytesIO(url.encode() if body is None else body), bounded

        monkeypatch.setattr("pyconvlite._platform.get", get)
        return urls

    def test_fetches_once(self, monkeypatch, tmp_path):
        urls = self.served(monkeypatch)
        first = get_file("https://example.com/a/zebra.jpg")
        assert Path(first).read_bytes() == b"https://example.com/a/zebra.jpg"
        assert Path(first).name == "zebra.jpg"
        assert Path(first).parent.parent == tmp_path
        assert get_file("https://example.com/a/zebra.jpg") == first
        assert len(urls) == 1
        assert os.listdir(Path(first).parent) == ["zebra.jpg"]

    def test_urls_with_the_same_file_name(self, monkeypatch):
        self.served(monkeypatch)
        first = get_file("https://example.com/a/zebra.jpg")
        assert get_file("https://example.com/b/zebra.jpg") != first

    def test_file_name_argument(self, monkeypatch):
        self.served(monkeypatch)
        assert Path(get_file("https://example.com/?id=3", "zebra.jpg")).name == "zebra.jpg"

    @pytest.mark.parametrize("rest", ["?download=true", "?path=a/b/", "?X=" + "a" * 300, "#a/b"])
    def test_query_is_not_part_of_the_name(self, monkeypatch, rest):
        self.served(monkeypatch)
        assert Path(get_file(f"https://example.com/zebra.jpg{rest}")).name == "zebra.jpg"

    @pytest.mark.parametrize(
        ("url", "name"),
        [("https://a/b", "../b"), ("https://a/b", "c/d"), ("https://a", "..")],
    )
    def test_invalid_file_names(self, url, name):
        with pytest.raises(ValueError, match="file_name must be a name without folders"):
            get_file(url, name)

    @pytest.mark.parametrize("url", ["https://a/", "https://a/?id=3"])
    def test_url_without_a_file_name(self, url):
        with pytest.raises(ValueError, match=r"the URL https://a/.* has no file name; pass file_name"):
            get_file(url)

    @pytest.mark.parametrize("status", [404, 500])
    def test_failed_download_leaves_no_file(self, monkeypatch, tmp_path, status):
        self.served(monkeypatch, status=status)
        with pytest.raises(OSError, match=r"zebra\.jpg"):
            get_file("https://example.com/zebra.jpg")
        assert list(tmp_path.iterdir()) == []

    def test_cached_file_is_verified_at_each_call(self, monkeypatch, tmp_path):
        urls = self.served(monkeypatch, BODY)
        sha256 = hashlib.sha256(BODY).hexdigest()
        path = Path(get_file("https://example.com/a", sha256=sha256.upper()))
        assert path == tmp_path / sha256 / "a"
        assert path.read_bytes() == BODY
        get_file("https://example.com/a", sha256=sha256)
        assert len(urls) == 1
        path.write_bytes(b"changed")
        assert Path(get_file("https://example.com/a", sha256=sha256)).read_bytes() == BODY
        assert len(urls) == 2

    def test_wrong_sha256_is_refused(self, monkeypatch, tmp_path):
        self.served(monkeypatch, BODY)
        with pytest.raises(ValueError, match=f"https://example.com/a has sha256 .*; expected {'0' * 64}"):
            get_file("https://example.com/a", sha256="0" * 64)
        assert files(tmp_path) == []

    @pytest.mark.parametrize("sha256", ["", "12", "g" * 64, "0" * 65])
    def test_invalid_sha256_argument(self, sha256):
        with pytest.raises(ValueError, match="sha256 must have 64 hexadecimal digits; got"):
            get_file("https://example.com/a", sha256=sha256)

    def test_response_without_length_needs_a_sha256(self, monkeypatch):
        self.served(monkeypatch, BODY, bounded=False)
        with pytest.raises(OSError, match=r"does not say how long the file is.*; pass its sha256"):
            get_file("https://example.com/a")
        assert get_file("https://example.com/a", sha256=hashlib.sha256(BODY).hexdigest())

    def test_endless_response(self, monkeypatch, tmp_path):
        self.served(monkeypatch, bytes(3000))
        monkeypatch.setattr(_fetch, "_MOST", 2000)
        with pytest.raises(OSError, match="it has more than 2000 bytes"):
            get_file("https://example.com/a")
        assert files(tmp_path) == []

    @pytest.mark.cpython
    def test_content_length_header(self):
        with answered_by(Answers) as address:
            assert Path(get_file(f"{address}/chunked")).read_bytes() == BODY
            with pytest.raises(OSError, match="does not say how long the file is"):
                get_file(f"{address}/open_end")

    @pytest.mark.cpython
    def test_a_large_file_takes_little_memory(self):
        def opens():
            return get_file(f"{address}/long", f"{time.monotonic_ns()}")

        with answered_by(Answers) as address:
            opens()
            with traced_memory() as memory:
                path = opens()
        assert Path(path).stat().st_size == 20_000_000
        assert memory.peak < 4_000_000

    @pytest.mark.cpython
    def test_threads_fetch_the_same_file_once(self, monkeypatch, tmp_path):
        start = threading.Barrier(8, timeout=60)

        def get(url):
            start.wait()  # all of them find no file
            return 200, io.BytesIO(bytes(range(256)) * 1000), True

        monkeypatch.setattr("pyconvlite._platform.get", get)
        with ThreadPoolExecutor(8) as pool:
            for path in pool.map(get_file, ["https://example.com/a"] * 8):
                assert Path(path).read_bytes() == bytes(range(256)) * 1000
        assert len(files(tmp_path)) == 1

"""Hosts of the site: `./build.sh serve`, and one with the peculiarities of static hosts."""

from __future__ import annotations

import io
import os
import re
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pytest

from tools.build.commands import preview

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"

# The headers that the site's service worker sets, see headers.js.
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}

# Old pages, which redirect.
MOVED = {"learn-55.html", "learn-56.html", "learn-57.html", "learn-backward.html"}

# The files of the pages in English; each has a Japanese one beside it.
PAGES = sorted(
    {path.name for path in (DIST / "site").glob("*.html") if ".ja." not in path.name} - MOVED - {"404.html"}
)

# The same as parameters; since lessons share their parts, all but one are left to the full run.
LESSON = "lesson-matrix.html"
CASES = [
    pytest.param(page, marks=pytest.mark.full) if page.startswith("lesson-") and page != LESSON else page
    for page in PAGES
]


class Handler(SimpleHTTPRequestHandler):
    """Serves a site below a path, as many hosts do, and dist/ beside it."""

    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".gz": "application/gzip",
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
        ".woff2": "font/woff2",
    }
    server: Server

    def translate_path(self, path: str) -> str:
        within = path.startswith(self.server.path)
        self.directory = str(self.server.site if within else DIST)
        return super().translate_path(path[len(self.server.path) - 1 :] if within else path)

    def send_head(self) -> Any:
        name = urlsplit(self.path).path.rsplit("/", 1)[-1]
        if name in self.server.missing:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        if name in self.server.cut:
            whole = Path(self.translate_path(self.path)).read_bytes()
            half = whole[: len(whole) // 2]
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", self.guess_type(self.path))
            self.send_header("Content-Length", str(len(half)))
            self.end_headers()
            return io.BytesIO(half)
        file = super().send_head()
        return Slow(file, name, self.server.sent) if file and name in self.server.sent else file

    def end_headers(self) -> None:
        if self.server.encodes and self.path.endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Slow(io.BytesIO):
    """A file of which only a part is sent, until the part is enlarged."""

    def __init__(self, file: IO[bytes], name: str, sent: dict[str, float]) -> None:
        with file:
            super().__init__(file.read())
        self.name = name
        self.sent = sent

    def read(self, size: int | None = -1, /) -> bytes:
        while self.sent[self.name] < 1 and self.tell() >= self.sent[self.name] * self.getbuffer().nbytes:
            time.sleep(0.05)
        return super().read(size)


class Server(ThreadingHTTPServer):
    """A host of the site, with settings for its peculiarities."""

    daemon_threads = True
    request_queue_size = 128  # connections that wait: with Python's 5, a busy machine resets some
    encodes = False  # says of .gz files that they are encoded, so that the browser unpacks them

    def __init__(self, site: Path = DIST / "site", path: str = "/some/path/") -> None:
        self.site = site
        self.path = path
        self.missing: set[str] = set()  # names of files that are not found
        self.cut: set[str] = set()  # names of files of which only the first half is sent
        self.sent: dict[str, float] = {}  # by name, the share of a file that is sent so far
        self.headers: dict[str, str] = {}  # sent with every file
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{self.path}"


@contextmanager
def serving(**options: Any) -> Iterator[Server]:
    """Run a host: `serving(site=..., path=...)`."""
    with Server(**options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def put_kernels(folder: Path) -> None:
    """Put the SIMD kernels of the wheel into a folder."""
    (wheel,) = DIST.glob("pyconvlite-*.whl")
    with zipfile.ZipFile(wheel) as files:
        (folder / "kernels.bin").write_bytes(files.read("pyconvlite/backends/simd/kernels.bin"))


@dataclass
class Preview:
    """A running `./build.sh serve`; `url` is the site's address."""

    url: str


@contextmanager
def previewing() -> Iterator[Preview]:
    """Serve the site as it was built, on a port that the server chooses: one chosen ahead could be taken."""
    options = {"cwd": ROOT, "env": os.environ | {"NO_COLOR": "1"}, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(preview(0), stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            found = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in process.stdout)
            url = next(filter(None, found), None)
            assert url, "the server has ended"
            yield Preview(url[0])
        finally:
            process.terminate()

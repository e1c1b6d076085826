"""Print what Lighthouse gives each page of the site on a desktop, the median of three; status 1 below 95.

Usage: lighthouse.py NODE [PAGE...]: pages are files of dist/site; those in English where none is named.
Chromium is the program that the environment variable PYCONVLITE_CHROMIUM names.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
SITE = ROOT / "dist" / "site"
LIGHTHOUSE = ROOT / "benchmarks" / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
RUNS = 3
ATTEMPTS = 3  # on a busy machine the browser may keep Lighthouse waiting for too long
BAR = 95
MOST_REASONS = 4
COMPRESSED = {".html", ".js", ".mjs", ".css", ".json", ".svg", ".wasm"}  # by a usual host


@cache
def compressed(path: Path) -> bytes:
    """Read a file, and compress it as hosts do."""
    return gzip.compress(path.read_bytes(), 6)


class Host(SimpleHTTPRequestHandler):
    """Serves the site as a host of static files does: compressed, with connections that stay open."""

    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012 (the base class has it so)
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def handle(self) -> None:
        """Answer what comes by a connection; Chromium resets some of them."""
        with suppress(ConnectionResetError):
            super().handle()

    def do_GET(self) -> None:
        """Send a file."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = compressed(path) if path.suffix in COMPRESSED else path.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(body)))
        if path.suffix in COMPRESSED:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve the site meanwhile, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def report(node: str, url: str) -> dict[str, Any]:
    """Have Lighthouse look at a page once, and return what it says."""
    flags = ["--headless=new", *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # root has no sandbox
    command = [
        *(node, str(LIGHTHOUSE), url, "--preset=desktop", "--output=json", "--quiet"),
        *(f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={' '.join(flags)}"),
    ]
    environment = {**os.environ, "CHROME_PATH": os.environ["PYCONVLITE_CHROMIUM"]}
    run = partial(subprocess.run, command, capture_output=True, text=True, check=False, env=environment)
    for _ in range(ATTEMPTS):
        done = run()
        if done.returncode == 0:
            said: dict[str, Any] = json.loads(done.stdout)
            return said
    raise RuntimeError(f"{url}: {done.stderr.strip()}")


def scores(said: Mapping[str, Any]) -> list[float]:
    """Read the scores of one report, in the order of CATEGORIES; 0 where it has none."""
    return [100 * (said["categories"][category]["score"] or 0) for category in CATEGORIES]


def reasons(said: Mapping[str, Any], category: str) -> list[str]:
    """Name what costs a page most points in a category, the most expensive first."""
    lost = []
    for reference in said["categories"][category]["auditRefs"]:
        audit = said["audits"][reference["id"]]
        if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
            shown = f" ({audit['displayValue']})" if audit.get("displayValue") else ""
            lost.append((reference["weight"] * (1 - audit["score"]), f"{audit['title']}{shown}"))
    return [reason for _, reason in sorted(lost, reverse=True)[:MOST_REASONS]]


def judged(page: str, reports: Sequence[Mapping[str, Any]]) -> tuple[list[str], bool]:
    """Describe a page's medians in a line, and below it why some fall short; return whether none does."""
    medians = [median(each) for each in zip(*map(scores, reports), strict=True)]
    lines = [f"{page:24}" + "".join(f"{score:16.0f}" for score in medians)]
    for index, (category, score) in enumerate(zip(CATEGORIES, medians, strict=True)):
        if score < BAR:
            typical = min(reports, key=lambda said: abs(scores(said)[index] - score))
            lines += [f"    {category}: {reason}" for reason in reasons(typical, category)]
    return lines, min(medians) >= BAR


def main(node: str, pages: Sequence[str]) -> int:
    """Print the table, and return the exit status."""
    if missing := [page for page in pages if not Path(SITE, page).is_file()]:
        sys.exit(f"lighthouse.py: dist/site has no {', '.join(missing)}")
    pages = pages or sorted(path.name for path in SITE.glob("*.html") if ".ja." not in path.name)
    print(f"{'page':24}" + "".join(f"{category:>16}" for category in CATEGORIES), flush=True)
    good = True
    with serving(SITE) as address:
        for page in pages:
            lines, is_good = judged(page, [report(node, address + page) for _ in range(RUNS)])
            print("\n".join(lines), flush=True)
            good &= is_good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

"""CPython: downloads with urllib, waiting with asyncio, no JavaScript engine."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

NAME = sys.platform
IN_PYODIDE = False


def get(url: str) -> tuple[int, RawIOBase, bool]:
    """Response to a GET request: HTTP status, body, and whether the server says where the body ends.

    Reading the body raises OSError if the connection breaks.

    Raises:
        OSError: the server cannot be reached.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.parse import quote, urlsplit
    from urllib.request import HTTPRedirectHandler, build_opener

    class Redirects(HTTPRedirectHandler):
        """Follows redirects by HTTP alone; urllib's own also go to ftp."""

        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            if not newurl.startswith(("http://", "https://")):
                raise OSError(f"it redirects to {newurl}")
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    sent = url
    if not url.isascii():  # as browsers send it
        parts = urlsplit(url)
        host = parts.netloc.encode("idna").decode()
        sent = quote(parts._replace(netloc=host).geturl(), safe="!#$%&'()*+,/:;=?@[]~")
    try:
        response = build_opener(Redirects).open(sent, timeout=60)
    except HTTPError as error:
        error.close()
        return error.code, BytesIO(), True  # type: ignore[return-value]
    except (OSError, HTTPException) as error:
        raise OSError(f"{url} cannot be fetched: {error}") from error
    return response.status or 200, _Body(url, response), _is_bounded(response)  # a data: URL has no status


def _is_bounded(response: Any) -> bool:
    """Whether a response has a length, or comes in chunks, of which the last one is marked."""
    return not hasattr(response, "chunked") or response.chunked or response.length is not None


class _Body(RawIOBase):
    """Body of a response; http.client does not notice all connections that break."""

    def __init__(self, url: str, response: Any) -> None:
        self._url, self._response = url, response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        from http.client import HTTPException

        try:
            n: int = self._response.readinto(buffer)
        except (OSError, HTTPException) as error:
            raise OSError(f"{self._url} cannot be fetched: {error}") from error
        missing = getattr(self._response, "length", None)
        if n == 0 and missing:
            raise OSError(f"{self._url} cannot be fetched: the connection broke, {missing} bytes are missing")
        return n

    def close(self) -> None:
        self._response.close()
        super().close()


def can_run_sync() -> bool:
    """Whether synchronous code can wait for a coroutine: where no event loop runs."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result."""
    import asyncio

    return asyncio.run(coroutine)


def validates(module: bytes) -> bool:
    """Whether a WebAssembly engine can run this module; here never."""
    return False


def gpu() -> Any:
    """The browser's `navigator.gpu`; here None."""
    return None


def is_insecure() -> bool:
    """Whether the page is not a secure context; here there is no page."""
    return False


def location() -> str:
    """Address of the page or worker that Python runs in: empty here."""
    return ""


def load_script(name: str, script: Path) -> Any:
    """Raise RuntimeError: there is no JavaScript engine."""
    raise RuntimeError("this Python does not run in a JavaScript runtime")


def open_threads(threads: Any, module: bytes) -> Any:
    """Raise RuntimeError: there is no JavaScript engine."""
    raise RuntimeError("this Python does not run in a JavaScript runtime")

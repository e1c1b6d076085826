"""Pyodide in a page, a worker or Node: everything through JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

NAME = "emscripten"
IN_PYODIDE = True


def get(url: str) -> tuple[int, RawIOBase, bool]:
    """Response to a GET request: HTTP status, body, and whether it is known where the body ends.

    The last is always True: JavaScript cannot see how a response ends. Reading the body raises OSError if the
    browser notices that the connection broke.

    Raises:
        OSError: the server cannot be reached.
    """
    from pyodide.ffi import JsException

    try:
        # Without JSPI only a blocking request is possible, and only in a worker.
        status, body = run_sync(_get_by_promise(url)) if can_run_sync() else _get_by_blocking(url)
    except (JsException, OSError) as error:
        raise OSError(f"{url} cannot be fetched: {error}") from error
    return status, body, True


async def _get_by_promise(url: str) -> tuple[int, RawIOBase]:
    from pyodide.http import pyfetch

    response = await pyfetch(url)
    return response.status, _Body(url, response.js_response.body)


def _get_by_blocking(url: str) -> tuple[int, RawIOBase]:
    try:
        from js import XMLHttpRequest
    except ImportError as error:
        raise OSError("synchronous code cannot wait for a download here; use runPythonAsync") from error
    request = XMLHttpRequest.new()
    request.open("GET", url, False)
    request.responseType = "arraybuffer"
    request.send()
    return request.status, BytesIO(request.response.to_bytes())  # type: ignore[return-value]


class _Body(RawIOBase):
    """Body of a response, a ReadableStream; null if there is none."""

    def __init__(self, url: str, stream: Any) -> None:
        self._url = url
        self._reader = stream.getReader() if stream else None
        self._part = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        from pyodide.ffi import JsException

        try:
            while self._reader and not self._part:
                result = run_sync(self._reader.read())
                if result.done:
                    return 0
                self._part = memoryview(result.value.to_bytes())
        except JsException as error:
            raise OSError(f"{self._url} cannot be fetched: {error}") from error
        n = min(len(buffer), len(self._part))
        buffer[:n] = self._part[:n]
        self._part = self._part[n:]
        return n

    def close(self) -> None:
        from pyodide.ffi import JsException

        if self._reader and not self.closed:
            with suppress(JsException):  # the connection is broken already
                run_sync(self._reader.cancel())
        super().close()


def can_run_sync() -> bool:
    """Whether synchronous code can wait for a promise: with JSPI, inside `runPythonAsync`."""
    from pyodide.ffi import can_run_sync

    return bool(can_run_sync())


def run_sync(awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable; only where `can_run_sync()` is true."""
    from pyodide.ffi import run_sync

    return run_sync(awaitable)  # type: ignore[no-any-return]


def validates(module: bytes) -> bool:
    """Whether the engine can run this WebAssembly module."""
    from js import WebAssembly
    from pyodide.ffi import to_js

    return bool(WebAssembly.validate(to_js(module)))


def gpu() -> Any:
    """The browser's `navigator.gpu`, or None."""
    from js import globalThis

    # A missing property gives None; JavaScript's null gives a falsy object.
    return getattr(getattr(globalThis, "navigator", None), "gpu", None) or None


def is_insecure() -> bool:
    """Whether the page is not a secure context (https or localhost), which WebGPU needs."""
    from js import globalThis

    return getattr(globalThis, "isSecureContext", True) is False


def location() -> str:
    """Address of the page or worker that Python runs in; empty in Node."""
    from js import globalThis

    return str(getattr(getattr(globalThis, "location", None), "href", ""))


def load_script(name: str, script: Path) -> Any:
    """The value of a backend's script: the one that the page has registered, or else that of the file.

    Raises:
        RuntimeError: the page's policy forbids `eval`; see docs/guides/own-page.md.
    """
    try:
        import pyconvlite_bridge

        return getattr(pyconvlite_bridge, name)
    except (ImportError, AttributeError):
        from pyodide.code import run_js
        from pyodide.ffi import JsException

        try:
            return run_js(script.read_text("utf-8"))
        except JsException as error:
            raise RuntimeError(f"{script.name} cannot be evaluated: {str(error).strip()}") from error


def open_threads(threads: Any, module: bytes) -> Any:
    """Have `threads.js` prepare workers for a side module."""
    from pyodide.ffi import to_js
    from pyodide_js import _module

    return threads.open(_module, to_js(module))

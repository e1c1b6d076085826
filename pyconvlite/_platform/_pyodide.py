"""Pyodide in a page, a worker or Node: everything through JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")

NAME = "emscripten"
IN_PYODIDE = True


def get(url: str) -> tuple[int, bytes]:
    """HTTP status and body of the response to a GET request.

    Raises:
        OSError: the server cannot be reached.
    """
    from pyodide.ffi import JsException

    try:
        # Without JSPI only a blocking request is possible, and only in a worker.
        return run_sync(_get_by_promise(url)) if can_run_sync() else _get_by_blocking(url)
    except (JsException, OSError) as error:
        raise OSError(f"{url} cannot be fetched: {error}") from error


async def _get_by_promise(url: str) -> tuple[int, bytes]:
    from pyodide.http import pyfetch

    response = await pyfetch(url)
    return response.status, await response.bytes() if response.ok else b""


def _get_by_blocking(url: str) -> tuple[int, bytes]:
    try:
        from js import XMLHttpRequest
    except ImportError as error:
        raise OSError("synchronous code cannot wait for a download here; use runPythonAsync") from error
    request = XMLHttpRequest.new()
    request.open("GET", url, False)
    request.responseType = "arraybuffer"
    request.send()
    return request.status, request.response.to_bytes()


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


def load_bridge(source: str) -> Any:
    """The function that opens a device: the one that the page has registered, or else that of `source`.

    A page whose Content Security Policy forbids `eval` registers it with
    `pyodide.registerJsModule("pyconvlite_bridge", { open })`.
    """
    try:
        from pyconvlite_bridge import open as open_device
    except ImportError:
        from pyodide.code import run_js

        open_device = run_js(source)
    return open_device

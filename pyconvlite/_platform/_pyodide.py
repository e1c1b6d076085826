"""Pyodide: the browser, a worker or Node, through JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")

NAME = "emscripten"
IN_PYODIDE = True


def get(url: str) -> tuple[int, bytes]:
    """HTTP status and contents of the file at an address.

    Raises:
        OSError: it cannot be reached.
    """
    from pyodide.ffi import JsException

    try:
        # Not every browser can wait for a promise, and only a worker may block.
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
        raise OSError("synchronous code cannot wait for it here; start with runPythonAsync") from error
    request = XMLHttpRequest.new()
    request.open("GET", url, False)
    request.responseType = "arraybuffer"
    request.send()
    return request.status, request.response.to_bytes()


def can_run_sync() -> bool:
    """Whether synchronous code can wait for a promise: with JSPI, below `runPythonAsync`."""
    from pyodide.ffi import can_run_sync

    return bool(can_run_sync())


def run_sync(awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable, which `can_run_sync` must allow."""
    from pyodide.ffi import run_sync

    return run_sync(awaitable)  # type: ignore[no-any-return]


def validates(module: bytes) -> bool:
    """Whether this engine can run a WebAssembly module."""
    from js import WebAssembly
    from pyodide.ffi import to_js

    return bool(WebAssembly.validate(to_js(module)))


def gpu() -> Any:
    """The browser's `navigator.gpu`, or None."""
    from js import globalThis

    # A missing property is None, a null a falsy object.
    return getattr(getattr(globalThis, "navigator", None), "gpu", None) or None


def is_insecure() -> bool:
    """Whether the page is barred from WebGPU, for lack of https."""
    from js import globalThis

    return getattr(globalThis, "isSecureContext", True) is False


def load_bridge(source: str) -> Any:
    """The function that opens a device: of the JavaScript `source`, unless the page has registered one.

    A page whose policy forbids `eval` registers it:
    `pyodide.registerJsModule("pyconvlite_bridge", { open })`.
    """
    try:
        from pyconvlite_bridge import open as open_device
    except ImportError:
        from pyodide.code import run_js

        open_device = run_js(source)
    return open_device

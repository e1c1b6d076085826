"""CPython: sockets, an event loop of its own, and no JavaScript engine."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

NAME = sys.platform
IN_PYODIDE = False


def get(url: str) -> tuple[int, bytes]:
    """HTTP status and contents of the file at an address.

    Raises:
        OSError: it cannot be reached.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=60) as response:
            return response.status or 200, response.read()  # only HTTP has a status
    except HTTPError as error:
        error.close()
        return error.code, b""
    except (OSError, HTTPException) as error:
        raise OSError(f"{url} cannot be fetched: {error}") from error


def can_run_sync() -> bool:
    """Whether synchronous code can wait for a coroutine: always."""
    return True


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    import asyncio

    return asyncio.run(coroutine)


def validates(module: bytes) -> bool:
    """Whether there is an engine that can run this WebAssembly module: never."""
    return False


def gpu() -> Any:
    """The browser's `navigator.gpu`: None."""
    return None


def is_insecure() -> bool:
    """Whether the page is barred from WebGPU, for lack of https: there is no page."""
    return False


def load_bridge(source: str) -> Any:
    """Refuse: JavaScript runs in Pyodide only."""
    raise RuntimeError("this Python is not in a JavaScript runtime")

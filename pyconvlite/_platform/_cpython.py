"""CPython: downloads with urllib, waiting with asyncio, no JavaScript engine."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

NAME = sys.platform
IN_PYODIDE = False


def get(url: str) -> tuple[int, bytes]:
    """HTTP status and body of the response to a GET request.

    Raises:
        OSError: the server cannot be reached.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=60) as response:
            return response.status or 200, response.read()  # a data: or file: URL has no status
    except HTTPError as error:
        error.close()
        return error.code, b""
    except (OSError, HTTPException) as error:
        raise OSError(f"{url} cannot be fetched: {error}") from error


def can_run_sync() -> bool:
    """Whether synchronous code can wait for a coroutine; here always."""
    return True


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


def load_bridge(source: str) -> Any:
    """Raise RuntimeError: there is no JavaScript engine."""
    raise RuntimeError("this Python is not in a JavaScript runtime")

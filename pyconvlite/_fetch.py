"""Download of a file, in CPython and in the browser, where Python has no sockets: one function, two ways."""

from __future__ import annotations

import sys

__all__ = ["fetch"]


def fetch(url: str) -> bytes:
    """Contents of the file at an address.

    Raises:
        FileNotFoundError: the server has no such file.
        OSError: it cannot be reached, or does not give the file out.

    Example:
        >>> fetch("data:,Hello")
        b'Hello'
    """
    status, contents = _get(url)
    if status == 404:
        raise FileNotFoundError(f"there is no file at {url}")
    if status != 200:
        raise OSError(f"{url} was answered with status {status}")
    return contents


if sys.platform == "emscripten":

    def _get(url: str) -> tuple[int, bytes]:
        from pyodide.ffi import JsException, can_run_sync, run_sync

        try:
            # Waiting for a promise does not work in every browser, blocking in no thread but a worker.
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

else:

    def _get(url: str) -> tuple[int, bytes]:
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import urlopen

        try:
            with urlopen(url, timeout=60) as response:
                return response.status or 200, response.read()  # what is no HTTP has no status
        except HTTPError as error:
            error.close()
            return error.code, b""
        except (OSError, HTTPException) as error:
            raise OSError(f"{url} cannot be fetched: {error}") from error

"""The side module of kernels that this engine can run, loaded into Pyodide's memory.

A side module without imports of its own loads with plain ctypes, and its functions take the addresses of
NumPy's arrays: nothing is copied.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
VARIANTS = ("relaxed", "simd128")  # the faster one first


class Unsupported(ImportError):  # noqa: N818 - it says what is missing, not that somebody erred
    """This runtime has no WebAssembly SIMD: nothing is broken, there is nothing to load."""


def supported(folder: Path, validates: Callable[[bytes], bool]) -> str:
    """The first variant in the folder that the engine accepts.

    Args:
        folder: holds the side modules.
        validates: whether the engine can run a module's bytes.

    Raises:
        ImportError: a side module is missing.
        Unsupported: the engine accepts none.
    """
    for name in VARIANTS:
        path = folder / f"{name}.wasm"
        if not path.is_file():
            raise ImportError(f"{path} is missing; install pyconvlite from its wheel, which has it")
        if validates(path.read_bytes()):
            return name
    raise Unsupported("this WebAssembly engine has no SIMD")


@functools.cache
def load() -> tuple[Any, str]:
    """The side module's functions, and which variant it is.

    Raises:
        ImportError: it is missing or does not load.
        Unsupported: there is no Pyodide here, or it runs in an engine without SIMD.
    """
    platform: str = sys.platform
    if platform != "emscripten":
        raise Unsupported(f"the kernels are WebAssembly, for Pyodide; this Python runs on {platform}")
    from js import WebAssembly
    from pyodide.ffi import to_js

    name = supported(FOLDER, lambda module: bool(WebAssembly.validate(to_js(module))))
    try:
        return ctypes.CDLL(str(FOLDER / f"{name}.wasm")), name
    except OSError as error:
        raise ImportError(f"{name}.wasm does not load: {error}") from error


class _Library:
    """The side module's functions as attributes, loaded with the first of them."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # somebody who inspects objects, not a caller
            raise AttributeError(name)
        function = getattr(load()[0], name)
        setattr(self, name, function)  # found without this method from now on
        return function


library = _Library()

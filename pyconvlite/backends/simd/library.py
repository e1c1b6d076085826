"""The side module of kernels that this engine can run, loaded into Pyodide's memory.

A side module without imports of its own loads with plain ctypes, and its functions take the addresses of
NumPy's arrays: nothing is copied.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import _platform
from ..._coded import coded

FOLDER = Path(__file__).parent
VARIANTS = ("relaxed", "simd128")  # the faster one first

# The smallest module that needs SIMD: a function without arguments that returns i32x4.splat(0).
SMALLEST = bytes.fromhex("0061736d010000000105016000017b030201000a080106004100fd110b")


class Unsupported(ImportError):  # noqa: N818 - it says what is missing, not that somebody erred
    """This runtime has no WebAssembly SIMD: nothing is broken, there is nothing to load."""


def supported(folder: Path, validates: Callable[[bytes], bool]) -> str:
    """The first variant in the folder that the engine accepts.

    Args:
        folder: holds the side modules.
        validates: whether the engine can run a module's bytes.

    Raises:
        ImportError: a side module is missing or damaged.
        Unsupported: the engine accepts none.
    """
    for name in VARIANTS:
        path = folder / f"{name}.wasm"
        if not path.is_file():
            missing = ImportError(f"{path} is missing; install pyconvlite from its wheel, which has it")
            raise coded(missing, "simd-missing", file=path)
        if validates(path.read_bytes()):
            return name
    if validates(SMALLEST):
        damaged = ImportError(f"{path} is damaged; install pyconvlite from its wheel again")
        raise coded(damaged, "simd-damaged", file=path)
    raise coded(Unsupported("this WebAssembly engine has no SIMD"), "simd-unsupported")


def load() -> tuple[Any, str]:
    """The side module's functions, and which variant it is.

    Raises:
        ImportError: it is missing, damaged or does not load.
        Unsupported: there is no Pyodide here, or it runs in an engine without SIMD.
    """
    loaded = _load()
    if isinstance(loaded, ImportError):
        raise loaded.with_traceback(None)  # the frames of an earlier attempt
    return loaded


@functools.cache  # failures too: asked again for a module that did not load, Pyodide hands out half of one
def _load() -> tuple[Any, str] | ImportError:
    if not _platform.IN_PYODIDE:
        elsewhere = Unsupported(
            f"the kernels are WebAssembly, for Pyodide; this Python runs on {_platform.NAME}"
        )
        return coded(elsewhere, "simd-elsewhere", platform=_platform.NAME)
    try:
        name = supported(FOLDER, _platform.validates)
    except ImportError as error:
        return error
    try:
        return ctypes.CDLL(str(FOLDER / f"{name}.wasm")), name
    except OSError as error:
        return coded(
            ImportError(f"{name}.wasm does not load: {error}"), "simd-unloadable", variant=name, reason=error
        )


class _Library:
    """The side module's functions as attributes, loaded with the first of them."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # somebody who inspects objects, not a caller
            raise AttributeError(name)
        function = getattr(load()[0], name)
        setattr(self, name, function)  # found without this method from now on
        return function


library = _Library()

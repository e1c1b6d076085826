"""The side module of kernels that the engine supports, loaded into Pyodide's memory.

A side module without imports loads with ctypes, and its functions take the addresses of NumPy's arrays, so
nothing is copied.
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


class Unsupported(ImportError):  # noqa: N818 - a state of the runtime, not an error of the caller
    """This runtime has no WebAssembly SIMD: a reason to use NumPy's kernels, not a fault."""


def supported(folder: Path, validates: Callable[[bytes], bool]) -> str:
    """Name of the first variant in the folder that the engine supports.

    Args:
        folder: folder of the side modules.
        validates: returns whether the engine can run a module, given its bytes.

    Raises:
        ImportError: a side module is missing or damaged.
        Unsupported: the engine has no SIMD.
    """
    for name in VARIANTS:
        path = folder / f"{name}.wasm"
        if not path.is_file():
            missing = ImportError(f"{path} is missing; install pyconvlite from its wheel, which contains it")
            raise coded(missing, "simd-missing", file=path)
        if validates(path.read_bytes()):
            return name
    if validates(SMALLEST):
        damaged = ImportError(f"{path} is damaged; reinstall pyconvlite from its wheel")
        raise coded(damaged, "file-damaged", file=path)
    raise coded(Unsupported("this WebAssembly engine has no SIMD"), "simd-unsupported")


def load() -> tuple[Any, str]:
    """The side module, and the name of its variant.

    Raises:
        ImportError: it is missing or damaged, or does not load.
        Unsupported: Python does not run in Pyodide, or the engine has no SIMD.
    """
    loaded = _load()
    if isinstance(loaded, ImportError):
        raise loaded.with_traceback(None)  # drops the frames of an earlier call
    return loaded


@functools.cache  # failures too: loading again after a failure, Pyodide returns an incomplete module
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
    """The side module's functions as attributes; the module is loaded at the first access."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # looked up by tools such as doctest, not by a kernel
            raise AttributeError(name)
        function = getattr(load()[0], name)
        setattr(self, name, function)  # so that the next look-up does not call this method
        return function


library = _Library()

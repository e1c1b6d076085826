"""The side module of kernels that the engine supports, loaded into Pyodide's memory.

A side module without imports loads with ctypes, and its functions take the addresses of NumPy's arrays, so
nothing is copied.
"""

from __future__ import annotations

import ctypes
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import _platform
from ..._coded import coded

FOLDER = Path(__file__).parent
VARIANTS = ("relaxed", "simd128")  # the faster one first
_BLOCK = 1 << 13  # bytes of each variant in turn, see hatch_build.py

# The smallest module that needs SIMD: a function without arguments that returns i32x4.splat(0).
SMALLEST = bytes.fromhex("0061736d010000000105016000017b030201000a080106004100fd110b")


class Unsupported(ImportError):  # noqa: N818 - a state of the runtime, not an error of the caller
    """This runtime has no WebAssembly SIMD: a reason to use NumPy's kernels, not a fault."""


def modules() -> dict[str, bytes]:
    """The side modules by the names of their variants.

    Raises:
        ImportError: they are missing.
    """
    path = FOLDER / "kernels.bin"
    if not path.is_file():
        missing = ImportError(f"{path} is missing; install pyconvlite from its wheel, which contains it")
        raise coded(missing, "simd-missing", file=path)
    return _deinterleaved(path.read_bytes())


def _deinterleaved(data: bytes) -> dict[str, bytes]:
    at = 4 * len(VARIANTS)
    sizes = [int.from_bytes(data[i : i + 4], "little") for i in range(0, at, 4)]
    parts: list[list[bytes]] = [[] for _ in VARIANTS]
    for start in range(0, min(max(sizes), len(data)), _BLOCK):
        for size, own in zip(sizes, parts, strict=True):
            end = at + max(0, min(_BLOCK, size - start))
            own.append(data[at:end])
            at = end
    return {name: b"".join(own) for name, own in zip(VARIANTS, parts, strict=True)}


def supported(validates: Callable[[bytes], bool]) -> tuple[str, bytes]:
    """The first variant that the engine supports: its name and its side module.

    Args:
        validates: returns whether the engine can run a module, given its bytes.

    Raises:
        ImportError: the side modules are missing or damaged.
        Unsupported: the engine has no SIMD.
    """
    for name, module in modules().items():
        if validates(module):
            return name, module
    if validates(SMALLEST):
        path = FOLDER / "kernels.bin"
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
        name, module = supported(_platform.validates)
    except ImportError as error:
        return error
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{name}.wasm")
            path.write_bytes(module)
            return ctypes.CDLL(str(path)), name
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

"""The choice of kernels for an array: the device's, or for a NumPy array WebAssembly's or NumPy's."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._arguments import at_least, one_of
from .._coded import coded
from .._shapes import Array
from . import devices
from . import numpy as _numpy
from ._calls import count as _count
from .protocol import KERNELS, Kernels

__all__ = ["Description", "describe", "kernels", "threads", "use"]


def kernels(x: Any, other: Any = None) -> Kernels[Array]:
    """Kernels for `x`, an array or a Variable; with `other` for both, one of which may be a number.

    Example:
        >>> import numpy as np
        >>> with use("numpy"):
        ...     kernels(np.zeros(2)).__name__
        'pyconvlite.backends.numpy'
    """
    if devices.device and (devices.on_device(x) or devices.on_device(other)):
        return devices.device.kernels  # type: ignore[no-any-return]
    return (_choice or _choose(_wanted())).kernels


@dataclass
class _Choice:
    """The backend for NumPy arrays, and why it was chosen."""

    kernels: Kernels[Array]
    name: str  # numpy or simd
    reason: str
    error: ImportError | None = None


_choice: _Choice | None = None  # None until the first call of `kernels`, `describe` or `use`
_warned: set[str] = set()

_NAMES = "auto", "numpy", "simd"


def _wanted() -> str:
    return str(one_of(os.environ.get("PYCONVLITE_BACKEND") or "auto", "PYCONVLITE_BACKEND", _NAMES))


def _choose(name: str) -> _Choice:
    global _choice
    if name == "numpy":
        _choice = _Choice(_numpy, "numpy", "it was requested")
        return _choice
    from . import simd
    from .simd import library, objects
    from .simd.threads import pool

    try:
        _, variant = library.load()
    except ImportError as error:
        if name == "simd":
            unavailable = devices.DeviceUnavailable(f"the simd backend is not available: {error}")
            raise coded(unavailable, "simd-unavailable", reason=error) from error
        reason = str(error)
        if not isinstance(error, library.Unsupported) and reason not in _warned:
            _warned.add(reason)
            message = f"the SIMD kernels are not available, NumPy's are used: {reason}"
            warnings.warn(message, RuntimeWarning, stacklevel=4)
        # Its traceback would keep the calling frames alive, and the graph that they compute.
        _choice = _Choice(_numpy, "numpy", reason, error.with_traceback(None))
    else:
        objects.bind(simd)
        pool.set(_thread_setting())
        _choice = _Choice(simd, "simd", f"this engine runs the variant {variant}")
    return _choice


class use:  # noqa: N801 - reads as a verb: with use("numpy"): ...
    """Choose the backend for NumPy arrays, from now on or within a `with` block.

    Args:
        name: "numpy"; "simd", the WebAssembly kernels; or "auto", the faster of the two that are available,
            which is the default unless the environment variable PYCONVLITE_BACKEND names another.

    Raises:
        ValueError: `name` is none of these.
        DeviceUnavailable: `name` is "simd", which is not available in this runtime.

    Example:
        >>> with use("numpy"):
        ...     describe().backend
        'numpy'
    """

    def __init__(self, name: str) -> None:
        one_of(name, "name", _NAMES)
        self._before = _choice
        _choose(name)
        self._threads = _threads

    def __enter__(self) -> None:
        """Do nothing: the backend is in use since `__init__`."""

    def __exit__(self, *_: object) -> None:
        """Restore the previous backend, with the number of threads that is set by now."""
        global _choice
        _choice = self._before
        if _threads != self._threads:
            _set_threads(_threads)


_AUTO = 0  # threads: as many as there are cores, within a limit
_MOST_THREADS = 16
_THREADS = f'"auto" or an integer from 1 to {_MOST_THREADS}'
_threads: int | None = None  # None until the setting is made or read from the environment


def _thread_setting() -> int:
    global _threads
    if _threads is None:
        wanted = os.environ.get("PYCONVLITE_THREADS") or "auto"
        if wanted == "auto":
            _threads = _AUTO
        elif wanted in map(str, range(1, _MOST_THREADS + 1)):
            _threads = int(wanted)
        else:
            raise ValueError(f"PYCONVLITE_THREADS must be {_THREADS}; got {wanted!r}")
    return _threads


def _set_threads(count: int | None) -> None:
    global _threads
    _threads = count
    if _choice is not None and _choice.name == "simd":
        from .simd.threads import pool

        with contextlib.suppress(ValueError):  # of PYCONVLITE_THREADS; `describe` raises it
            pool.set(_thread_setting())


class threads:  # noqa: N801 - as `use`: with threads(1): ...
    """Choose on how many threads the SIMD kernels compute, from now on or within a `with` block.

    Large convolutions and matrix products are divided into parts, one for each thread. This needs shared
    memory: Python in a worker of a cross-origin isolated page, or under Node. Elsewhere there is one thread,
    whatever was chosen, and `describe` gives the reason. Threads that are started from a browser's worker
    begin to compute once Python has returned to JavaScript, such as at an `await`. Unused threads sleep; each
    keeps the memory of its largest call, up to 256 MB. The setting is global, not local to a thread or task.

    Args:
        n: number of threads, from 1 to 16; or "auto", one for each core up to four, which is the default
            unless the environment variable PYCONVLITE_THREADS names a number.

    Raises:
        TypeError, ValueError: `n` is neither.

    Example:
        >>> with threads(1):
        ...     describe().threads
        1
    """

    def __init__(self, n: int | str) -> None:
        wrong = ValueError(f"n must be {_THREADS}; got {n!r}")
        if isinstance(n, str) and n != "auto":
            raise wrong
        count = _AUTO if isinstance(n, str) else at_least(1, n, "n")
        if count > _MOST_THREADS:
            raise wrong
        self._before = _threads
        try:
            _set_threads(count)
        except BaseException:
            _set_threads(self._before)
            raise

    def __enter__(self) -> None:
        """Do nothing: the number is in use since `__init__`."""

    def __exit__(self, *_: object) -> None:
        """Restore the previous number."""
        _set_threads(self._before)


@dataclass(frozen=True)
class Description:
    """The backend that serves NumPy arrays; printed as a table.

    Attributes:
        backend: "numpy" or "simd".
        reason: why it was chosen.
        error: the ImportError because of which "auto" chose "numpy", with its `code` and `values`; None if
            there was none.
        threads: number of threads on which large calls of "simd" are computed now.
        threads_starting: number of those that are starting, see `threads`.
        threads_reason: why that is their number.
        threads_error: the error because of which there is one thread, with its `code` and `values`; None if
            one was requested, or there are more.
        serves: for each kernel and dtype ("float32" or "others"), the backend that serves it.
        calls: number of calls since the start, by kernel and backend; a call of "simd" that fell back to
            NumPy counts as "numpy". With the backend "numpy", element-wise operations are NumPy's own
            functions, whose calls are not counted.

    Example:
        >>> import numpy as np
        >>> with use("numpy"):
        ...     before = describe().calls["relu"]["numpy"]
        ...     y = kernels(np.zeros(2)).relu(np.zeros(2))
        ...     describe().calls["relu"]["numpy"] - before
        1
    """

    backend: str
    reason: str
    error: ImportError | None
    threads: int
    threads_starting: int
    threads_reason: str
    threads_error: Exception | None
    serves: Mapping[str, Mapping[str, str]]
    calls: Mapping[str, Mapping[str, int]]

    def __str__(self) -> str:
        more = f", {self.threads_starting} more starting" if self.threads_starting else ""
        lines = [
            f"{self.backend}: {self.reason}",
            f"{self.threads} thread{'s' if self.threads > 1 else ''}{more}: {self.threads_reason}",
            f"{'kernel':28}{'float32':>9}{'others':>9}{'simd calls':>12}{'numpy calls':>13}",
        ]
        for name, served in self.serves.items():
            calls = self.calls[name]
            lines.append(
                f"{name:28}{served['float32']:>9}{served['others']:>9}{calls['simd']:12}{calls['numpy']:13}"
            )
        return "\n".join(lines)


def describe() -> Description:
    """Report which backend serves each kernel and dtype, why, and how often each kernel was called.

    Example:
        >>> describe().serves["conv2d"]["others"]
        'numpy'
    """
    choice = _choice or _choose(_wanted())
    _thread_setting()  # raises its error also where there are no threads
    by_choice = {
        name: choice.name for name in KERNELS if getattr(choice.kernels, name) is not getattr(_numpy, name)
    }
    return Description(
        choice.name,
        choice.reason,
        choice.error,
        *_threads_of(choice),
        {name: {"float32": by_choice.get(name, "numpy"), "others": "numpy"} for name in KERNELS},
        {name: {backend: _count(name, backend) for backend in ("simd", "numpy")} for name in KERNELS},
    )


def _threads_of(choice: _Choice) -> tuple[int, int, str, Exception | None]:
    if choice.name == "simd":
        from .simd.threads import pool

        return pool.state()
    reason = "only the SIMD kernels use threads"
    return 1, 0, reason, coded(RuntimeError(reason), "threads-numpy")

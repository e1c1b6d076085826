"""The choice of kernels for an array: the device's, or for a NumPy array WebAssembly's or NumPy's."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._coded import coded
from .._shapes import Array
from . import devices
from . import numpy as _numpy
from ._calls import calls as _calls
from .protocol import KERNELS, Kernels

__all__ = ["Description", "describe", "kernels", "use"]


def kernels(x: Any) -> Kernels[Array]:
    """Kernels for `x`, an array or a Variable.

    Example:
        >>> import numpy as np
        >>> with use("numpy"):
        ...     kernels(np.zeros(2)).__name__
        'pyconvlite.backends.numpy'
    """
    if devices.device and devices.on_device(x):
        return devices.device.kernels  # type: ignore[no-any-return]
    return (_choice or _choose(_wanted())).kernels


class _Choice(NamedTuple):
    """The backend for NumPy arrays, and why it was chosen."""

    kernels: Kernels[Array]
    name: str  # numpy or simd
    reason: str
    error: ImportError | None = None


_choice: _Choice | None = None  # None until the first call of `kernels`, `describe` or `use`
_warned: set[str] = set()

_NAMES = "auto", "numpy", "simd"


def _wanted() -> str:
    name = os.environ.get("PYCONVLITE_BACKEND") or "auto"
    if name not in _NAMES:
        raise ValueError(f"PYCONVLITE_BACKEND must be one of {', '.join(_NAMES)}; got {name!r}")
    return name


def _choose(name: str) -> _Choice:
    global _choice
    if name == "numpy":
        _choice = _Choice(_numpy, "numpy", "it was requested")
        return _choice
    from . import simd
    from .simd import library

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
        # Its traceback would keep the frames that led here, and the graph that they compute.
        _choice = _Choice(_numpy, "numpy", reason, error.with_traceback(None))
    else:
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
        if name not in _NAMES:
            raise ValueError(f"name must be one of {', '.join(_NAMES)}; got {name!r}")
        self._before = _choice
        _choose(name)

    def __enter__(self) -> None:
        """Do nothing: the backend is in use since `__init__`."""

    def __exit__(self, *_: object) -> None:
        """Restore the previous backend."""
        global _choice
        _choice = self._before


@dataclass(frozen=True)
class Description:
    """The backend that serves NumPy arrays; printed as a table.

    Attributes:
        backend: "numpy" or "simd".
        reason: why it was chosen.
        error: the ImportError because of which "auto" chose "numpy", with its `code` and `values`; None if
            there was none.
        serves: for each kernel and dtype ("float32" or "others"), the backend that serves it.
        calls: number of calls since the start, by kernel and backend; a call of "simd" that fell back to
            NumPy counts as "numpy".

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
    serves: Mapping[str, Mapping[str, str]]
    calls: Mapping[str, Mapping[str, int]]

    def __str__(self) -> str:
        lines = [
            f"{self.backend}: {self.reason}",
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
    by_choice = {
        name: choice.name for name in KERNELS if getattr(choice.kernels, name) is not getattr(_numpy, name)
    }
    return Description(
        choice.name,
        choice.reason,
        choice.error,
        {name: {"float32": by_choice.get(name, "numpy"), "others": "numpy"} for name in KERNELS},
        {name: {backend: _calls[name, backend][0] for backend in ("simd", "numpy")} for name in KERNELS},
    )

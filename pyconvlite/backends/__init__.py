"""The seam between the autograd engine and whatever computes.

A Function's forward holds plain arrays and asks this module two questions, never a backend by name:

- `get_array_module(x)`: which namespace has NumPy's functions for this array (`xp.exp(x)`, `xp.zeros(...)`).
  It serves the elementwise and shape-changing work, where NumPy's vocabulary is enough.
- `kernels(x)`: which module has the heavy kernels for this array: matrix product, im2col and col2im,
  convolution and its two gradients, pooling, and what is worth fusing. `backends/numpy/` is the reference
  that defines their meaning; any other backend is a sibling with the same names and signatures.

NumPy arrays have two backends, NumPy itself and WebAssembly SIMD kernels (`backends/simd/`), which take over
in Pyodide wherever the engine runs them. The choice is made when the first kernel is asked for; the
environment variable PYCONVLITE_BACKEND and `use` decide otherwise, and `describe` tells what serves, and why.

Moving arrays between devices goes through `to_cpu` and `to_gpu` here as well. Backends that are not installed
or not initialised cost nothing: they are imported when first asked for.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from . import numpy as _numpy
from ._calls import calls as _calls

__all__ = [
    "Description",
    "DeviceUnavailable",
    "asked",
    "at_hand",
    "beside",
    "describe",
    "get_array_module",
    "is_array",
    "kernels",
    "mapped",
    "to_cpu",
    "to_gpu",
    "use",
]


class DeviceUnavailable(RuntimeError):  # noqa: N818 - it says what is missing, not that somebody erred
    """Raised when a device or a backend is asked for that this runtime does not have.

    Example:
        >>> try:
        ...     to_gpu(np.zeros(2))
        ... except DeviceUnavailable:
        ...     print("goes on with the CPU")
        goes on with the CPU
    """


def is_array(x: object) -> bool:
    """Whether `x` is an array that a Variable can hold.

    Example:
        >>> is_array(np.zeros(2)), is_array([0.0, 0.0])
        (True, False)
    """
    return isinstance(x, np.ndarray) or _on_device(x)


def get_array_module(x: Any) -> ModuleType:
    """Namespace with NumPy's functions for `x`, an array or a Variable.

    Example:
        >>> get_array_module(np.zeros(2)).__name__
        'numpy'
    """
    return _device if _device and _on_device(x) else np


def kernels(x: Any) -> ModuleType:
    """Kernel module that serves `x`, an array or a Variable.

    Example:
        >>> with use("numpy"):
        ...     kernels(np.zeros(2)).__name__
        'pyconvlite.backends.numpy'
    """
    if _device and _on_device(x):
        return _device.kernels  # type: ignore[no-any-return]
    return (_choice or _choose(_wanted())).kernels


_device: ModuleType | None = None  # the namespace of device arrays, once they are used


def register_device(namespace: ModuleType) -> None:
    """Let arrays of a device's namespace, which has `ndarray`, `kernels` and NumPy's functions, take part."""
    global _device
    _device = namespace


def _on_device(x: Any) -> bool:
    """Whether `x`, an array or a Variable, is on the device."""
    if _device is None or isinstance(x, np.ndarray):
        return False
    return isinstance(x, _device.ndarray) or isinstance(getattr(x, "data", None), _device.ndarray)


def to_cpu(x: Any) -> Any:
    """`x`, an array, as a NumPy array; a NumPy array is returned as it is.

    Raises:
        RuntimeError: this runtime cannot wait for the device.

    Example:
        >>> to_cpu(np.zeros(2))
        array([0., 0.])
    """
    return _device.asnumpy(x) if _device else x


def to_gpu(x: Any) -> Any:
    """`x`, an array, on the device.

    Raises:
        DeviceUnavailable: this runtime has no device.

    Example:
        >>> to_gpu(np.zeros(2))
        Traceback (most recent call last):
        pyconvlite.backends.DeviceUnavailable: no GPU is open; ...
    """
    if _device is None or not _device.is_available():
        raise DeviceUnavailable("no GPU is open; `await pyconvlite.backends.webgpu.init()` opens one")
    return _device.asarray(x)


def beside(x: Any, a: Any) -> Any:
    """`a`, a NumPy array, where `x` is: an array or a Variable on the CPU or on the device.

    Example:
        >>> beside(np.zeros(2), np.ones(2))
        array([1., 1.])
    """
    return to_gpu(a) if _on_device(x) else a


def at_hand(x: Any) -> bool:
    """Whether the elements of `x`, an array or a Variable, can be looked at without waiting for a device.

    Example:
        >>> at_hand(np.zeros(2))
        True
    """
    return not _on_device(x)


def asked(ask: Callable[[], Sequence[float]]) -> Sequence[float]:
    """Numbers that a training step takes from the host, such as a rate or a count: what `ask()` gives.

    A captured step asks again at each replay (`webgpu.capture`); so `ask` does what else has to be done each
    time, such as counting.

    Example:
        >>> asked(lambda: (0.1, 0.9))
        (0.1, 0.9)
    """
    return _device.host_scalars(ask) if _device else ask()


def mapped(f: Callable[..., tuple[Any, ...]], rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """f(*row) for each row of arrays, where f computes element by element.

    On a device many rows are one, end to end, as a kernel over all takes no longer than one over a few.

    Example:
        >>> rows = [(np.ones(2), np.ones(2)), (np.zeros(1), np.ones(1))]
        >>> list(mapped(lambda W, g: (W - g,), rows))
        [(array([0., 0.]),), (array([-1.]),)]
    """
    return _device.foreach(f, rows) if _device else (f(*row) for row in rows)


# ------------------------------------------------------------------------------------ the choice of a backend


class _Choice(NamedTuple):
    """Who serves NumPy arrays, and why."""

    kernels: ModuleType
    name: str  # numpy or simd
    reason: str


_choice: _Choice | None = None  # None until the first kernel is asked for
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
        _choice = _Choice(_numpy, "numpy", "it was asked for")
        return _choice
    from .simd import kernels as simd
    from .simd import library

    try:
        _, variant = library.load()
    except ImportError as error:
        if name == "simd":
            raise DeviceUnavailable(f"the simd backend cannot serve here: {error}") from error
        reason = str(error)
        if not isinstance(error, library.Unsupported) and reason not in _warned:
            _warned.add(reason)
            message = f"NumPy computes in place of the SIMD kernels: {reason}"
            warnings.warn(message, RuntimeWarning, stacklevel=4)
        _choice = _Choice(_numpy, "numpy", reason)
    else:
        _choice = _Choice(simd, "simd", f"this engine runs the variant {variant}")
    return _choice


class use:  # noqa: N801 - reads as a verb: with use("numpy"): ...
    """Choose who serves NumPy arrays, from now on or inside a `with`.

    Args:
        name: "numpy"; "simd", the WebAssembly kernels; or "auto", the faster of those that run here, which is
            the choice at the start unless the environment variable PYCONVLITE_BACKEND names another.

    Raises:
        ValueError: another name.
        DeviceUnavailable: "simd" where it does not run.

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
        """Nothing is left to do."""

    def __exit__(self, *_: object) -> None:
        """Go back to what served before."""
        global _choice
        _choice = self._before


@dataclass(frozen=True)
class Description:
    """Which backend serves NumPy arrays; printed, a table.

    Attributes:
        backend: "numpy" or "simd".
        reason: why it was chosen.
        serves: for each kernel and dtype, who serves it.
        calls: how often each kernel was called since the start, by kernel and backend; where "numpy" stood in
            for "simd", it is counted as "numpy".

    Example:
        >>> with use("numpy"):
        ...     before = describe().calls["relu"]["numpy"]
        ...     y = kernels(np.zeros(2)).relu(np.zeros(2))
        ...     describe().calls["relu"]["numpy"] - before
        1
    """

    backend: str
    reason: str
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
    """Tell which kernels serve which dtype, why, and how often each was called.

    Example:
        >>> describe().serves["conv2d"]["others"]
        'numpy'
    """
    choice = _choice or _choose(_wanted())
    names = sorted(_numpy.__all__)
    by_choice = {
        name: choice.name for name in names if getattr(choice.kernels, name) is not getattr(_numpy, name)
    }
    return Description(
        choice.name,
        choice.reason,
        {name: {"float32": by_choice.get(name, "numpy"), "others": "numpy"} for name in names},
        {name: {backend: _calls[name, backend] for backend in ("simd", "numpy")} for name in names},
    )

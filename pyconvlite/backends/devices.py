"""Arrays on a device: the device's namespace, once it is used, and moving arrays there and back.

A device's package registers its namespace here. One that is not used costs nothing: it is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from .._coded import coded

__all__ = [
    "DeviceUnavailable",
    "foreach",
    "get_array_module",
    "host_scalars",
    "is_array",
    "on_device",
    "register_device",
    "to_cpu",
    "to_device_of",
    "to_gpu",
]

device: ModuleType | None = None  # its namespace


def register_device(namespace: ModuleType) -> None:
    """Let arrays of a device take part.

    Args:
        namespace: has `ndarray`, `kernels` (see `protocol.py`), NumPy's functions for such arrays, `asarray`,
            `asnumpy`, `is_available`, `host_scalars` and `foreach`.
    """
    global device
    device = namespace


class DeviceUnavailable(RuntimeError):  # noqa: N818 - it says what is missing, not that somebody erred
    """Raised when a device or a backend is asked for that this runtime does not have.

    Its `code` names the reason, as "no-adapter" does, and `values` has what the message tells.

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
    return isinstance(x, np.ndarray) or on_device(x)


def get_array_module(x: Any) -> ModuleType:
    """Namespace with NumPy's functions for `x`, an array or a Variable.

    Example:
        >>> get_array_module(np.zeros(2)).__name__
        'numpy'
    """
    return device if device and on_device(x) else np


def on_device(x: Any) -> bool:
    """Whether `x`, an array or a Variable, is on the device.

    Example:
        >>> on_device(np.zeros(2))
        False
    """
    if device is None or isinstance(x, np.ndarray):
        return False
    return isinstance(x, device.ndarray) or isinstance(getattr(x, "data", None), device.ndarray)


def to_cpu(x: Any) -> Any:
    """`x`, an array, as a NumPy array; a NumPy array is returned as it is.

    Raises:
        RuntimeError: this runtime cannot wait for the device.

    Example:
        >>> to_cpu(np.zeros(2))
        array([0., 0.])
    """
    return device.asnumpy(x) if device else x


def to_gpu(x: Any) -> Any:
    """`x`, an array, on the device.

    Raises:
        DeviceUnavailable: this runtime has no device.

    Example:
        >>> to_gpu(np.zeros(2))
        Traceback (most recent call last):
        pyconvlite.backends.devices.DeviceUnavailable: no GPU is open; ...
    """
    if device is None or not device.is_available():
        closed = DeviceUnavailable("no GPU is open; `await pyconvlite.backends.webgpu.init()` opens one")
        raise coded(closed, "gpu-closed")
    return device.asarray(x)


def to_device_of(x: Any, a: Any) -> Any:
    """`a`, a NumPy array, where `x` is: an array or a Variable on the CPU or on the device.

    Example:
        >>> to_device_of(np.zeros(2), np.ones(2))
        array([1., 1.])
    """
    return to_gpu(a) if on_device(x) else a


def host_scalars(ask: Callable[[], Sequence[float]]) -> Sequence[float]:
    """Numbers that a training step takes from the host, such as a rate or a count: what `ask()` gives.

    A captured step asks again at each replay (`webgpu.capture`); so `ask` does what else has to be done each
    time, such as counting.

    Example:
        >>> host_scalars(lambda: (0.1, 0.9))
        (0.1, 0.9)
    """
    return device.host_scalars(ask) if device else ask()


def foreach(f: Callable[..., tuple[Any, ...]], rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """f(*row) for each row of arrays, where f computes element by element.

    On a device many rows are one, end to end, as a kernel over all takes no longer than one over a few.

    Example:
        >>> rows = [(np.ones(2), np.ones(2)), (np.zeros(1), np.ones(1))]
        >>> list(foreach(lambda W, g: (W - g,), rows))
        [(array([0., 0.]),), (array([-1.]),)]
    """
    return device.foreach(f, rows) if device else (f(*row) for row in rows)

"""Arrays on a device: its namespace, and copies to the device and back.

A device's package registers its namespace here when it is imported; until then it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from .._coded import coded

__all__ = [
    "DeviceUnavailable",
    "float_dtype",
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

device: ModuleType | None = None  # the registered namespace


def register_device(namespace: ModuleType) -> None:
    """Register a device, so that Functions accept its arrays.

    Args:
        namespace: module with `ndarray`, `kernels` (see `protocol.py`), NumPy's functions for such arrays,
            `asarray`, `asnumpy`, `is_available`, `host_scalars` and `foreach`.
    """
    global device
    device = namespace


class DeviceUnavailable(RuntimeError):  # noqa: N818 - a state of the runtime, not an error of the caller
    """Raised when this runtime does not have the requested device or backend.

    Its `code` names the reason, such as "no-adapter"; `values` has the values in the message.

    Example:
        >>> try:
        ...     to_gpu(np.zeros(2))
        ... except DeviceUnavailable:
        ...     print("no GPU: training on the CPU")
        no GPU: training on the CPU
    """


def is_array(x: object) -> bool:
    """Whether `x` is an array that a Variable can hold; an np.matrix or a masked array is not.

    Example:
        >>> is_array(np.zeros(2)), is_array([0.0, 0.0]), is_array(np.ma.zeros(2))
        (True, False, False)
    """
    if type(x) is np.ndarray:
        return True
    if isinstance(x, np.ndarray):
        return not isinstance(x, np.matrix | np.ma.MaskedArray)  # their arithmetic differs
    return on_device(x)


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
    """Copy an array to the CPU; a NumPy array is returned as it is.

    Raises:
        RuntimeError: this runtime cannot wait for the device.

    Example:
        >>> to_cpu(np.zeros(2))
        array([0., 0.])
    """
    return device.asnumpy(x) if device else x


def to_gpu(x: Any) -> Any:
    """Copy an array to the device; an array on the device is returned as it is.

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
    """Copy `a`, a NumPy array, to the device if `x`, an array or a Variable, is there.

    Example:
        >>> to_device_of(np.zeros(2), np.ones(2))
        array([1., 1.])
    """
    return to_gpu(a) if on_device(x) else a


def float_dtype(x: Any, dtype: Any) -> Any:
    """The dtype of floats made of `x`: `dtype`, or float32 where `x` is on the device, which has no float64.

    Example:
        >>> float_dtype(np.arange(2), np.float64).__name__
        'float64'
    """
    return np.float32 if on_device(x) else dtype


def host_scalars(read: Callable[[], Sequence[float]]) -> Sequence[float]:
    """Numbers that a training step reads on the host, such as a learning rate: what `read()` returns.

    A captured step calls `read` again at each replay (see `webgpu.capture`), so `read` may also do what is
    due once per step, such as counting it.

    Example:
        >>> host_scalars(lambda: (0.1, 0.9))
        (0.1, 0.9)
    """
    return device.host_scalars(read) if device else read()


def foreach(f: Callable[..., tuple[Any, ...]], rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield `f(*row)` for each row of arrays, where `f` is element-wise.

    On a device the rows are concatenated first, since one large kernel takes less time than many small ones.

    Example:
        >>> rows = [(np.ones(2), np.ones(2)), (np.zeros(1), np.ones(1))]
        >>> list(foreach(lambda W, g: (W - g,), rows))
        [(array([0., 0.]),), (array([-1.]),)]
    """
    return device.foreach(f, rows) if device else (f(*row) for row in rows)

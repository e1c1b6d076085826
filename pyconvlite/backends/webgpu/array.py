"""The class of arrays on the device, with NumPy's methods and operators, and `asarray`, which makes them.

An array is a view on a buffer; an operation that no view can express computes a new array. Elements are
float32, int32 or bool, which all take 32 bits on the device; or float16 if the device was opened with it.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from . import copying, reduction
from .arithmetic import Number, binary, logical, operand, power, unary
from .copying import copyable
from .device import current
from .elementwise import common_float, elementwise
from .indexing import get_item, set_item
from .matmul import matmul
from .reduction import Axis
from .view import HALF, View, dtype_of

WRITABLE = SimpleNamespace(writeable=True, c_contiguous=False)


class ndarray(View):  # noqa: N801 - NumPy's name
    """An array on the device; made by `webgpu.asarray` and by operations.

    `x += y` binds x to a new array; other views on the old one keep their elements. `x[...] = y` writes in
    place, so all views on these elements change.

    Attributes:
        shape, dtype: as in NumPy.
        strides, offset: as in NumPy, but counted in elements.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.asarray([[1.0, 2.0], [3.0, 4.0]])
        ...     assert (x.T[0] * 2).get().tolist() == [2, 6]
    """

    __array_ufunc__ = None  # NumPy array + device array: NumPy leaves the operator to this class
    flags = WRITABLE
    base = None

    def __repr__(self) -> str:
        return f"webgpu.ndarray(shape={self.shape}, dtype={self.dtype})"

    # -- to the CPU

    def get(self) -> np.ndarray[Any, Any]:
        """A NumPy copy; waits for the device (CuPy's name).

        Raises:
            RuntimeError: this runtime cannot wait; use `await webgpu.asnumpy_async(x)`.
        """
        x = copyable(self)
        if not x.size:
            return np.empty(x.shape, x.dtype)
        return _from_bytes(x.buffer.device.read_sync(x.buffer, x.itemsize * x.offset, x.nbytes), x)

    async def get_async(self) -> np.ndarray[Any, Any]:
        """A NumPy copy; waits for the device asynchronously."""
        x = copyable(self)
        if not x.size:
            return np.empty(x.shape, x.dtype)
        return _from_bytes(await x.buffer.device.read(x.buffer, x.itemsize * x.offset, x.nbytes), x)

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self.get().item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if copy is False:
            raise ValueError("copy must not be False: an array on the device can only be copied to the CPU")
        return self.get().astype(dtype or self.dtype, copy=False)

    # -- views and copies

    def reshape(self, *shape: Any) -> ndarray:
        """The same elements in another shape: a view where strides allow it, else a copy."""
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = tuple(shape[0])
        return copying.reshape(self, shape)

    def ravel(self) -> ndarray:
        """All elements along one axis."""
        return self.reshape(-1)

    def __getitem__(self, index: Any) -> ndarray:
        return get_item(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        set_item(self, index, value)

    def copy(self) -> ndarray:
        """A new, contiguous array with the same elements."""
        return copying.copy(self)

    def __copy__(self) -> ndarray:
        return self.copy()

    def __deepcopy__(self, memo: object) -> ndarray:
        return self.copy()

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("an array on the device cannot be pickled; call its model's to_cpu(), or get()")

    def astype(self, dtype: npt.DTypeLike, copy: bool = True) -> ndarray:
        """The elements converted to another dtype; float to int truncates."""
        return copying.astype(self, dtype, copy)

    # -- arithmetic and comparison; the operands broadcast, and one may be a number

    def __add__(self, other: ndarray | Number) -> ndarray:
        return binary("add", "{a} + {b}", self, other)

    def __radd__(self, other: ndarray | Number) -> ndarray:
        return binary("add", "{a} + {b}", other, self)

    def __sub__(self, other: ndarray | Number) -> ndarray:
        return binary("sub", "{a} - {b}", self, other)

    def __rsub__(self, other: ndarray | Number) -> ndarray:
        return binary("sub", "{a} - {b}", other, self)

    def __mul__(self, other: ndarray | Number) -> ndarray:
        return binary("mul", "{a} * {b}", self, other)

    def __rmul__(self, other: ndarray | Number) -> ndarray:
        return binary("mul", "{a} * {b}", other, self)

    def __truediv__(self, other: ndarray | Number) -> ndarray:
        return binary("truediv", "{a} / {b}", self, other, floats=True)

    def __rtruediv__(self, other: ndarray | Number) -> ndarray:
        return binary("truediv", "{a} / {b}", other, self, floats=True)

    def __lt__(self, other: ndarray | Number) -> ndarray:
        return binary("lt", "{a} < {b}", self, other, compares=True)

    def __le__(self, other: ndarray | Number) -> ndarray:
        return binary("le", "{a} <= {b}", self, other, compares=True)

    def __gt__(self, other: ndarray | Number) -> ndarray:
        return binary("gt", "{a} > {b}", self, other, compares=True)

    def __ge__(self, other: ndarray | Number) -> ndarray:
        return binary("ge", "{a} >= {b}", self, other, compares=True)

    def __eq__(self, other: ndarray | Number) -> ndarray:  # type: ignore[override]
        return binary("eq", "{a} == {b}", self, other, compares=True)

    def __ne__(self, other: ndarray | Number) -> ndarray:  # type: ignore[override]
        return ~(self == other)  # WGSL's != need not hold of NaN

    __hash__ = object.__hash__

    def __and__(self, other: ndarray | Number) -> ndarray:
        return logical("and", "(a != B(0)) & (b != B(0))", self, other)

    def __or__(self, other: ndarray | Number) -> ndarray:
        return logical("or", "(a != B(0)) | (b != B(0))", self, other)

    def __invert__(self) -> ndarray:
        return logical("not", "a == B(0)", self)

    def __neg__(self) -> ndarray:
        return unary("negative", "-{a}", self, floats=False)

    def __abs__(self) -> ndarray:
        return unary("absolute", "abs({a})", self, floats=False)

    def __pow__(self, other: ndarray | Number) -> ndarray:
        return power(self, other)

    def __rpow__(self, other: ndarray | Number) -> ndarray:
        return power(other, self)

    def __matmul__(self, other: ndarray | Number) -> ndarray:
        return matmul(self, operand(other))

    def __rmatmul__(self, other: ndarray | Number) -> ndarray:
        return matmul(operand(other), self)

    # -- reductions

    def sum(self, axis: Axis = None, keepdims: bool = False, dtype: npt.DTypeLike | None = None) -> ndarray:
        """Sum over one axis, several, or all; for bools, the number of True elements."""
        return reduction.sum(self, axis, keepdims, dtype)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> ndarray:
        """Mean over one axis, several, or all."""
        total = self.sum(axis=axis, keepdims=keepdims, dtype=np.float32)
        share = total.size / self.size if self.size else math.nan
        return elementwise("mean", "a * s0", [total], [share], common_float([self]))

    def max(self, axis: Axis = None, keepdims: bool = False) -> ndarray:
        """Maximum over one axis, several, or all; NaN if an element is NaN."""
        return reduction.reduce("max", self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> ndarray:
        """Minimum over one axis, several, or all; NaN if an element is NaN."""
        return reduction.reduce("min", self, axis, keepdims)

    def argmax(self, axis: int | None = None) -> ndarray:
        """Index of the first maximum along an axis, or among all elements."""
        return reduction.argmax(self, axis)


def _from_bytes(data: bytes, x: ndarray) -> np.ndarray[Any, Any]:
    stored = np.uint32 if x.dtype.kind == "b" else x.dtype
    return np.frombuffer(data, stored).reshape(x.shape).astype(x.dtype)


def asarray(x: Any, dtype: npt.DTypeLike | None = None) -> ndarray:
    """An array on the device: x itself if it is one, else a copy.

    Args:
        x: device array, NumPy array, number or nested list.
        dtype: float32, int32, bool or float16 (see `init`). By default that of x, except that 64-bit integers
            become int32, and floats become float16 if the device was opened with it.

    Raises:
        TypeError: the device does not support the dtype, such as float64.
        OverflowError: x has an integer beyond int32, or a float beyond float16.
        WebGPUUnavailable: no device is open.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.asarray(np.zeros((2, 3), np.float32))
        ...     assert webgpu.asarray(x) is x
    """
    if isinstance(x, ndarray):
        return x if dtype is None else x.astype(dtype, copy=False)
    host = np.asarray(x)
    if dtype is not None:
        wanted = dtype_of(dtype)
    else:
        if not isinstance(x, np.ndarray | np.generic) and host.dtype.kind == "f":
            host = host.astype(np.float32)  # Python's numbers have no precision of their own
        wanted = dtype_of(host.dtype)
        if wanted == np.float32 != current().dtype:
            wanted = HALF
    if wanted == HALF != host.dtype and host.dtype.kind == "f":
        most = np.abs(host, where=np.isfinite(host), out=np.zeros_like(host)).max(initial=0)
        if most > np.finfo(HALF).max:
            raise OverflowError(
                f"x has {most:g}, beyond float16's {np.finfo(HALF).max:g}; scale it, or keep float32: "
                "webgpu.asarray(x, np.float32)"
            )
    if wanted == np.int32 != host.dtype and host.dtype.kind in "iu" and host.size:
        bounds = np.iinfo(np.int32)
        if host.min() < bounds.min or host.max() > bounds.max:
            raise OverflowError(f"x has integers out of the range of int32, {bounds.min} to {bounds.max}")
    return ndarray.from_host(host, wanted)

"""Arrays on the device, with NumPy's face.

An array is a window on a buffer; what gives no other window computes a new array. Elements are float32, int32
or bool, each of 32 bits on the device; or float16, where it was opened for that. `indexing.py`,
`reduction.py` and `kernels.py` need this module, which imports them where it calls them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from .arithmetic import Operands, binary, logical, operand, power, unary
from .device import Buffer, current
from .elementwise import ALIAS, common_float, elementwise
from .window import Window, checked_sizes, reshaped_strides, row_strides

HALF = np.dtype(np.float16)
DTYPES = {np.dtype(kind) for kind in (np.float32, np.int32, np.bool_)}
WRITABLE = SimpleNamespace(writeable=True, c_contiguous=False)


def dtype_of(dtype: Any) -> np.dtype[Any]:
    """A dtype that the device has.

    Raises:
        TypeError: it has not.
    """
    wanted: np.dtype[Any] = np.dtype(dtype)
    if wanted.kind in "iu" and wanted.itemsize >= 4:  # what NumPy makes of Python's integers
        wanted = np.dtype(np.int32)
    if wanted == HALF and current().dtype != HALF:
        raise TypeError(
            'float16 needs a device that was opened for it, webgpu.init(dtype="float16"); '
            "or use astype(np.float32)"
        )
    if wanted not in DTYPES | {HALF}:
        raise TypeError(
            f"arrays on the device are float32, int32 or bool; got {wanted}: use astype(np.float32) first"
        )
    return wanted


class ndarray(Window):  # noqa: N801 - NumPy's name
    """An array on the device; made by `webgpu.asarray` and by operations.

    `x += y` gives x a new array, as for numbers: other windows on the old one keep their elements. Writing
    into elements, `x[...] = y`, is seen by all windows on them.

    Attributes:
        shape, dtype: as in NumPy.
        strides, offset: where its elements lie in the buffer, counted in elements.

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
        """A NumPy copy, waiting for the device (CuPy's name).

        Raises:
            RuntimeError: this runtime cannot wait; use `await webgpu.asnumpy_async(x)`.
        """
        x = copyable(self)
        if not x.size:
            return np.empty(x.shape, x.dtype)
        return _from_bytes(x.buffer.device.read_sync(x.buffer, x.itemsize * x.offset, x.nbytes), x)

    async def get_async(self) -> np.ndarray[Any, Any]:
        """A NumPy copy."""
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
            raise ValueError("an array on the device reaches the CPU only as a copy")
        return self.get().astype(dtype or self.dtype, copy=False)

    # -- windows

    def reshape(self, *shape: Any) -> ndarray:
        """The same elements in another shape; a copy only where they have to move for it."""
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = tuple(shape[0])
        sizes = checked_sizes(shape, self.size)
        strides = reshaped_strides(self, sizes)
        return self.copy().reshape(sizes) if strides is None else self._window(sizes, strides)

    def ravel(self) -> ndarray:
        """All elements along one axis."""
        return self.reshape(-1)

    def __getitem__(self, index: Any) -> ndarray:
        index = index if isinstance(index, tuple) else (index,)
        if any(isinstance(i, ndarray | np.ndarray | list) for i in index):
            from .indexing import take_elements

            return take_elements(self, index)
        return self.window_at(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        from .indexing import assign

        index = index if isinstance(index, tuple) else (index,)
        assign(self.window_at(index), value)

    # -- copies

    def copy(self) -> ndarray:
        """A new array with the same elements, row by row."""
        return elementwise("copy", _as(self.dtype, "a", self.dtype), [self], dtypes=[self.dtype])

    def astype(self, dtype: Any, copy: bool = True) -> ndarray:
        """The elements as another dtype; float to int towards zero."""
        dtype = dtype_of(dtype)
        if dtype == self.dtype and not copy:
            return self
        return elementwise("astype", _as(self.dtype, "a", dtype), [self], dtypes=[dtype])

    # -- arithmetic and comparison; the operands broadcast, and one may be a number

    def __add__(self, other: Any) -> ndarray:
        return binary("add", "{a} + {b}", self, other)

    def __radd__(self, other: Any) -> ndarray:
        return binary("add", "{a} + {b}", other, self)

    def __sub__(self, other: Any) -> ndarray:
        return binary("sub", "{a} - {b}", self, other)

    def __rsub__(self, other: Any) -> ndarray:
        return binary("sub", "{a} - {b}", other, self)

    def __mul__(self, other: Any) -> ndarray:
        return binary("mul", "{a} * {b}", self, other)

    def __rmul__(self, other: Any) -> ndarray:
        return binary("mul", "{a} * {b}", other, self)

    def __truediv__(self, other: Any) -> ndarray:
        return binary("truediv", "{a} / {b}", self, other, floats=True)

    def __rtruediv__(self, other: Any) -> ndarray:
        return binary("truediv", "{a} / {b}", other, self, floats=True)

    def __lt__(self, other: Any) -> ndarray:
        return binary("lt", "{a} < {b}", self, other, compares=True)

    def __le__(self, other: Any) -> ndarray:
        return binary("le", "{a} <= {b}", self, other, compares=True)

    def __gt__(self, other: Any) -> ndarray:
        return binary("gt", "{a} > {b}", self, other, compares=True)

    def __ge__(self, other: Any) -> ndarray:
        return binary("ge", "{a} >= {b}", self, other, compares=True)

    def __eq__(self, other: Any) -> ndarray:  # type: ignore[override]
        return binary("eq", "{a} == {b}", self, other, compares=True)

    def __ne__(self, other: Any) -> ndarray:  # type: ignore[override]
        return binary("ne", "{a} != {b}", self, other, compares=True)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> ndarray:
        return logical("and", "(a != B(0)) & (b != B(0))", self, other)

    def __or__(self, other: Any) -> ndarray:
        return logical("or", "(a != B(0)) | (b != B(0))", self, other)

    def __invert__(self) -> ndarray:
        return logical("not", "a == B(0)", self)

    def __neg__(self) -> ndarray:
        return unary("negative", "-{a}", self, floats=False)

    def __abs__(self) -> ndarray:
        return unary("absolute", "abs({a})", self, floats=False)

    def __pow__(self, other: Any) -> ndarray:
        return power(self, other)

    def __rpow__(self, other: Any) -> ndarray:
        return power(other, self)

    def __matmul__(self, other: Any) -> Any:
        from .kernels import matmul

        return matmul(self, operand(other))

    # -- reductions

    def sum(self, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> ndarray:
        """Sum over one axis, several, or all; of truth values, how many are true."""
        from .reduction import reduce

        dtype = dtype_of(dtype or (np.int32 if self.dtype.kind == "b" else self.dtype))
        x = self if self.dtype.kind == dtype.kind else self.astype(dtype)
        return reduce("sum", x, axis, keepdims, dtype)

    def mean(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        """Mean over one axis, several, or all."""
        total = self.sum(axis=axis, keepdims=keepdims, dtype=np.float32)
        share = total.size / self.size if self.size else math.nan
        return elementwise("mean", "a * s0", [total], [share], [common_float([self])])

    def max(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        """Maximum over one axis, several, or all; NaN comes through."""
        from .reduction import reduce

        return reduce("max", self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        """Minimum over one axis, several, or all; NaN comes through."""
        from .reduction import reduce

        return reduce("min", self, axis, keepdims)

    def argmax(self, axis: int | None = None) -> ndarray:
        """Index of the first maximum along an axis, or among all elements."""
        from .reduction import argmax

        return argmax(self, axis)


def _as(given: np.dtype[Any], name: str, wanted: np.dtype[Any]) -> str:
    """WGSL that casts."""
    if wanted.kind == "b":
        return f"{name} != {ALIAS[given.name]}(0)"
    return f"{ALIAS[wanted.name]}({name})"


def _from_bytes(data: bytes, x: ndarray) -> np.ndarray[Any, Any]:
    stored = np.uint32 if x.dtype.kind == "b" else x.dtype
    return np.frombuffer(data, stored).reshape(x.shape).astype(x.dtype)


def contiguous(x: ndarray) -> ndarray:
    """X, lying row by row."""
    return x if x.is_contiguous else x.copy()


def copyable(x: ndarray) -> ndarray:
    """X, lying row by row from where the device can copy from, a multiple of 4 bytes."""
    return x if x.is_contiguous and x.itemsize * x.offset % 4 == 0 else x.copy()


def whole(x: ndarray) -> ndarray:
    """X, lying row by row from its buffer's start."""
    return x if x.is_contiguous and not x.offset else x.copy()


def new(shape: Sequence[int], dtype: Any = np.float32) -> ndarray:
    """An array whose elements are not defined yet."""
    shape, dtype = tuple(shape), np.dtype(dtype)
    buffer = Buffer(current(), (2 if dtype == HALF else 4) * math.prod(shape))
    return ndarray(buffer, shape, dtype, row_strides(shape))


def asarray(x: Any, dtype: Any = None) -> ndarray:
    """An array on the device: one that is there already stays as it is, anything else is copied to it.

    Args:
        x: device array, NumPy array, number or nested list.
        dtype: float32, int32, bool or, see `init`, float16. By default that of x; but integers of 64 bits,
            which NumPy makes of Python's, go to int32, and floats to float16 where the device was opened
            for that.

    Raises:
        TypeError: a dtype that the device does not have, float64 above all.
        OverflowError: an integer that int32 does not hold, or a float that float16 does not.
        WebGPUUnavailable: there is no device yet.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.asarray(np.zeros((2, 3), np.float32))
        ...     assert webgpu.asarray(x) is x
    """
    if isinstance(x, ndarray):
        return x if dtype is None else x.astype(dtype, copy=False)
    host = np.asarray(x, dtype)
    if not isinstance(x, np.ndarray | np.generic) and dtype is None and host.dtype.kind == "f":
        host = host.astype(np.float32)  # Python's numbers have no precision of their own
    wanted = dtype_of(host.dtype)
    if dtype is None and wanted == np.float32 != current().dtype:
        wanted = HALF
        most = np.abs(host, where=np.isfinite(host), out=np.zeros_like(host)).max(initial=0)
        if most > np.finfo(HALF).max:
            raise OverflowError(
                f"x holds {most:g}, beyond float16's {np.finfo(HALF).max:g}; scale it, or keep float32: "
                "webgpu.asarray(x, np.float32)"
            )
    if wanted == np.int32 != host.dtype and host.size:
        bounds = np.iinfo(np.int32)
        if host.min() < bounds.min or host.max() > bounds.max:
            raise OverflowError(f"x holds integers out of the bounds of int32, {bounds.min} to {bounds.max}")
    y = new(host.shape, wanted)
    if y.size:
        stored = np.ascontiguousarray(host, np.uint32 if wanted.kind == "b" else wanted).reshape(-1)
        if stored.nbytes % 4:  # the device copies whole words
            stored = np.append(stored, stored[-1:])
        current().write(y.buffer, stored.view(np.uint8))
    return y


def faults() -> ndarray:
    """Where kernels note indexes out of bounds (REPORT in `elementwise.py`), for `Device.read`."""
    return ndarray(current().faults, (4,), np.dtype(np.int32), (1,))


def fill(shape: Any, value: Any, dtype: Any) -> ndarray:
    """An array of one number, which goes to the device as a parameter: no copy interrupts its commands."""
    sizes = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    dtype = dtype_of(dtype)
    number = Operands((np.array(value, dtype)[()],))
    word = "s0 != 0" if dtype.kind == "b" else number.words(dtype)[0]
    return elementwise("fill", word, [], number.numbers, [dtype], shape=sizes)

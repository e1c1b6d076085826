"""Arrays on the device, with NumPy's face.

An array is a window on a buffer: shape, strides and offset in elements. Reshaping, transposing, slicing and
broadcasting give windows on the same buffer; everything else computes a new one. Elements are float32, int32 or
bool, each of 32 bits on the device.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import elementwise as _elementwise
from .device import Buffer, current
from .elementwise import elementwise

DTYPES = {np.dtype(kind) for kind in (np.float32, np.int32, np.bool_)}
WRITABLE = SimpleNamespace(writeable=True, c_contiguous=False)


def dtype_of(dtype: Any) -> np.dtype[Any]:
    """A dtype that the device has.

    Raises:
        TypeError: it has not.
    """
    dtype = np.dtype(dtype)
    if dtype.kind in "iu" and dtype.itemsize >= 4:  # what NumPy makes of Python's integers
        dtype = np.dtype(np.int32)
    if dtype not in DTYPES:
        raise TypeError(
            f"arrays on the device are float32, int32 or bool; got {dtype}: use astype(np.float32) first"
        )
    return dtype


def row_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of an array that lies row by row.

    Example:
        >>> row_strides((2, 3, 4))
        (12, 4, 1)
    """
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


class ndarray:  # noqa: N801 - NumPy's name
    """An array on the device; made by `webgpu.asarray` and by operations.

    Attributes:
        shape, dtype: as in NumPy.
        strides, offset: where its elements lie in the buffer, counted in elements.
    """

    __array_ufunc__ = None  # NumPy array + device array: NumPy leaves the operator to this class
    flags = WRITABLE
    base = None

    def __init__(
        self,
        buffer: Buffer,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        strides: tuple[int, ...],
        offset: int = 0,
    ) -> None:
        self.buffer = buffer
        self.shape = shape
        self.dtype = dtype
        self.strides = strides
        self.offset = offset

    # -- what it is

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return 4 * self.size

    @property
    def itemsize(self) -> int:
        """Bytes to an element."""
        return 4

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie row by row."""
        step = 1
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size > 1 and stride != step:
                return False
            step *= size
        return True

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[ndarray]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"webgpu.ndarray(shape={self.shape}, dtype={self.dtype})"

    # -- to the CPU

    def get(self) -> np.ndarray[Any, Any]:
        """A NumPy copy, waiting for the device (CuPy's name).

        Raises:
            RuntimeError: this runtime cannot wait; use `await webgpu.asnumpy_async(x)`.
        """
        x = self if self.is_contiguous else self.copy()
        if not x.size:
            return np.empty(x.shape, x.dtype)
        device = current() if x.buffer.device is current() else x.buffer.device
        return _from_bytes(device.read_sync(x.buffer, 4 * x.offset, x.nbytes), x)

    async def get_async(self) -> np.ndarray[Any, Any]:
        """A NumPy copy."""
        x = self if self.is_contiguous else self.copy()
        if not x.size:
            return np.empty(x.shape, x.dtype)
        return _from_bytes(await x.buffer.device.read(x.buffer, 4 * x.offset, x.nbytes), x)

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

    # -- windows on the same buffer

    def _window(self, shape: Sequence[int], strides: Sequence[int], offset: int | None = None) -> ndarray:
        return ndarray(
            self.buffer, tuple(shape), self.dtype, tuple(strides), self.offset if offset is None else offset
        )

    def reshape(self, *shape: Any) -> ndarray:
        """The same elements in another shape; a copy only where they do not lie row by row."""
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = tuple(shape[0])
        sizes = [operator.index(n) for n in shape]
        if sizes.count(-1) == 1:
            known = math.prod(n for n in sizes if n != -1)
            sizes[sizes.index(-1)] = self.size // known if known else 0
        if math.prod(sizes) != self.size:
            raise ValueError(f"cannot reshape an array of shape {self.shape} into {tuple(shape)}")
        x = self if self.is_contiguous else self.copy()
        return x._window(sizes, row_strides(sizes))

    def ravel(self) -> ndarray:
        """All elements along one axis."""
        return self.reshape(-1)

    def transpose(self, *axes: Any) -> ndarray:
        """The axes in another order; reversed without any."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)):
            axes = () if axes[0] is None else tuple(axes[0])
        order = [axis % self.ndim for axis in axes] if axes else list(reversed(range(self.ndim)))
        if sorted(order) != list(range(self.ndim)):
            raise ValueError(f"axes must name each of the {self.ndim} axes once; got {axes}")
        return self._window([self.shape[i] for i in order], [self.strides[i] for i in order])

    @property
    def T(self) -> ndarray:
        """All axes in reverse order."""
        return self.transpose()

    def swapaxes(self, axis1: int, axis2: int) -> ndarray:
        """Two axes exchanged."""
        order = list(range(self.ndim))
        order[axis1], order[axis2] = order[axis2], order[axis1]
        return self.transpose(order)

    def squeeze(self, axis: Any = None) -> ndarray:
        """Without axes of length 1."""
        axes = range(self.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        gone = {i % self.ndim for i in axes if self.shape[i] == 1}
        kept = [i for i in range(self.ndim) if i not in gone]
        return self._window([self.shape[i] for i in kept], [self.strides[i] for i in kept])

    def broadcast_to(self, shape: Sequence[int]) -> ndarray:
        """Repeated along axes that are missing or have length 1, without a copy."""
        shape = tuple(shape)
        if np.broadcast_shapes(self.shape, shape) != shape:
            raise ValueError(f"cannot broadcast an array of shape {self.shape} to {shape}")
        return self._window(shape, _elementwise.broadcast_strides(self, shape))

    def __getitem__(self, index: Any) -> ndarray:
        index = index if isinstance(index, tuple) else (index,)
        if any(isinstance(i, ndarray | np.ndarray | list) for i in index):
            from .indexing import take_elements

            return take_elements(self, index)
        return self.window_at(index)

    def window_at(self, index: tuple[Any, ...]) -> ndarray:
        """What slices, integers, None and Ellipsis choose: a window on the same buffer."""
        given = sum(i is not None and i is not Ellipsis for i in index)
        if given > self.ndim:
            raise IndexError(f"too many indices, {given}, for an array with {self.ndim} axes")
        if not any(i is Ellipsis for i in index):
            index = (*index, Ellipsis)
        shape: list[int] = []
        strides: list[int] = []
        offset, axis = self.offset, 0
        for i in index:
            if i is None:
                shape.append(1)
                strides.append(0)
            elif i is Ellipsis:
                rest = self.ndim - given
                shape += self.shape[axis : axis + rest]
                strides += self.strides[axis : axis + rest]
                axis += rest
            elif isinstance(i, slice):
                start, stop, step = i.indices(self.shape[axis])
                length = len(range(start, stop, step))
                offset += start * self.strides[axis] if length else 0
                shape.append(length)
                strides.append(step * self.strides[axis])
                axis += 1
            else:
                size, position = self.shape[axis], operator.index(i)
                if not -size <= position < size:
                    raise IndexError(f"index {position} is out of bounds for axis {axis} with size {size}")
                offset += position % size * self.strides[axis]
                axis += 1
        return self._window(shape, strides, offset)

    def __setitem__(self, index: Any, value: Any) -> None:
        from .indexing import assign

        index = index if isinstance(index, tuple) else (index,)
        assign(self.window_at(index), value)

    # -- copies

    def copy(self) -> ndarray:
        """A new array with the same elements, row by row."""
        return elementwise("copy", _as(self.dtype, "a", self.dtype), [self], dtypes=[self.dtype])  # type: ignore[no-any-return]

    def astype(self, dtype: Any, copy: bool = True) -> ndarray:
        """The elements as another dtype; float to int towards zero."""
        dtype = dtype_of(dtype)
        if dtype == self.dtype and not copy:
            return self
        return elementwise("astype", _as(self.dtype, "a", dtype), [self], dtypes=[dtype])  # type: ignore[no-any-return]

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

    def __lt__(self, other: Any) -> Any:
        return binary("lt", "{a} < {b}", self, other, compares=True)

    def __le__(self, other: Any) -> Any:
        return binary("le", "{a} <= {b}", self, other, compares=True)

    def __gt__(self, other: Any) -> Any:
        return binary("gt", "{a} > {b}", self, other, compares=True)

    def __ge__(self, other: Any) -> Any:
        return binary("ge", "{a} >= {b}", self, other, compares=True)

    def __eq__(self, other: Any) -> Any:
        return binary("eq", "{a} == {b}", self, other, compares=True)

    def __ne__(self, other: Any) -> Any:
        return binary("ne", "{a} != {b}", self, other, compares=True)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> ndarray:
        return elementwise("and", "(a != B(0)) & (b != B(0))", _truths(self, other), dtypes=[np.bool_])  # type: ignore[no-any-return]

    def __or__(self, other: Any) -> ndarray:
        return elementwise("or", "(a != B(0)) | (b != B(0))", _truths(self, other), dtypes=[np.bool_])  # type: ignore[no-any-return]

    def __invert__(self) -> ndarray:
        return elementwise("not", "a == B(0)", _truths(self), dtypes=[np.bool_])  # type: ignore[no-any-return]

    def __neg__(self) -> ndarray:
        return unary("negative", "-{a}", self, floats=False)

    def __abs__(self) -> ndarray:
        return unary("absolute", "abs({a})", self, floats=False)

    def __pow__(self, c: Any) -> ndarray:
        number = scalar(c)
        if number is None:
            return binary("power", "pow({a}, {b})", self, c, floats=True)
        return unary("power", _power(number), self)

    def __rpow__(self, base: Any) -> ndarray:
        return binary("power", "pow({a}, {b})", base, self, floats=True)

    def __matmul__(self, other: Any) -> Any:
        from .kernels import matmul

        return matmul(self, other)

    # -- reductions

    def sum(self, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> ndarray:
        """Sum over one axis, several, or all."""
        from .reduction import reduce

        x = self if self.dtype == np.float32 else self.astype(np.int32)
        return reduce("sum", x, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        """Mean over one axis, several, or all."""
        x = self.astype(np.float32, copy=False)
        total = x.sum(axis=axis, keepdims=keepdims)
        return total * (total.size / self.size if self.size else math.nan)

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
        return f"{name} != {_elementwise.ALIAS[given.name]}(0)"
    return f"{_elementwise.ALIAS[wanted.name]}({name})"


def _power(c: float) -> str:
    """WGSL of {a} to a constant power: by multiplication for a small whole one, as `pow` takes no negative base."""
    if c == int(c) and 0 < abs(c) <= 8:
        product = " * ".join(["{a}"] * int(abs(c)))
        return f"({product})" if c > 0 else f"1 / ({product})"
    return {0: "{T}(1)", 0.5: "sqrt({a})", -0.5: "inverseSqrt({a})"}.get(c, f"pow({{a}}, {{T}}({c!r}))")


def _from_bytes(data: bytes, x: ndarray) -> np.ndarray[Any, Any]:
    stored = np.uint32 if x.dtype.kind == "b" else x.dtype
    return np.frombuffer(data, stored).reshape(x.shape).astype(x.dtype)


def new(shape: Sequence[int], dtype: Any = np.float32) -> ndarray:
    """An array whose elements are not defined yet."""
    shape = tuple(shape)
    return ndarray(Buffer(current(), 4 * math.prod(shape)), shape, np.dtype(dtype), row_strides(shape))


def asarray(x: Any, dtype: Any = None) -> ndarray:
    """An array on the device: one that is there already stays as it is, anything else is copied to it.

    Args:
        x: device array, NumPy array, number or nested list.
        dtype: float32, int32 or bool; that of x by default.

    Raises:
        TypeError: a dtype that the device does not have, float64 above all.
        WebGPUUnavailable: there is no device yet.
    """
    if isinstance(x, ndarray):
        return x if dtype is None else x.astype(dtype, copy=False)
    host = np.asarray(x, dtype)
    if not isinstance(x, np.ndarray | np.generic) and dtype is None and host.dtype.kind == "f":
        host = host.astype(np.float32)  # Python's numbers have no precision of their own
    wanted = dtype_of(host.dtype)
    stored = np.ascontiguousarray(host, np.uint32 if wanted.kind == "b" else wanted)
    y = new(host.shape, wanted)
    if y.size:
        current().write(y.buffer, stored.reshape(-1).view(np.uint8))
    return y


# ------------------------------------------------------------------------------------------------ arithmetic


def scalar(x: Any) -> float | None:
    """The number that x is: a Python or NumPy number, or a NumPy array without axes."""
    if isinstance(x, int | float | np.generic) or (isinstance(x, np.ndarray) and x.ndim == 0):
        return float(x)
    return None


def operand(x: Any) -> ndarray:
    """A device array, as an operand.

    Raises:
        TypeError: a NumPy array, which has to be moved first.
    """
    if isinstance(x, ndarray):
        return x
    if isinstance(x, np.ndarray):
        raise TypeError("one operand is on the device and one is not; move it with webgpu.asarray(x)")
    raise TypeError(f"cannot compute with a device array and {type(x).__name__}")


def binary(
    name: str, expression: str, x: Any, y: Any, compares: bool = False, floats: bool = False
) -> ndarray:
    """An operation of two operands, of which one may be a number.

    Args:
        name: shown in errors.
        expression: WGSL of {a} and {b}.
        x, y: array and array or number.
        compares: the result is bool.
        floats: the result is float32, whatever the operands are.
    """
    arrays: list[ndarray] = []
    numbers: list[float] = []
    words: list[str] = []
    kinds = []
    for value in (x, y):
        number = scalar(value)
        if number is None:
            array = operand(value)
            words.append(_elementwise.LETTERS[len(arrays)])
            arrays.append(array)
            kinds.append(array.dtype)
        else:
            words.append(f"s{len(numbers)}")
            numbers.append(number)
            whole = (
                isinstance(value, int | np.integer | np.bool_)
                or getattr(value, "dtype", np.dtype(float)).kind in "iub"
            )
            kinds.append(np.dtype(np.int32 if whole else np.float32))
    common = np.dtype(np.float32 if floats or any(kind == np.float32 for kind in kinds) else np.int32)
    alias = _elementwise.ALIAS[common.name]
    if common == np.int32:  # numbers arrive as floats
        words = [f"i32({word})" if word.startswith("s") else word for word in words]
    a, b = (f"{alias}({word})" for word in words)
    result = np.dtype(np.bool_) if compares else common
    return elementwise(name, expression.format(a=a, b=b, T=alias), arrays, numbers, [result])  # type: ignore[no-any-return]


def _truths(*xs: Any) -> list[ndarray]:
    """Operands of a logical operation.

    Raises:
        TypeError: one does not hold truth values.
    """
    for x in xs:
        if operand(x).dtype != np.bool_:
            raise TypeError(f"&, | and ~ are for truth values on the device; got {x.dtype}")
    return list(xs)


def unary(name: str, expression: str, x: ndarray, floats: bool = True) -> ndarray:
    """An operation of one operand: WGSL of {a}."""
    dtype = np.dtype(np.float32) if floats or x.dtype.kind == "b" else x.dtype
    alias = _elementwise.ALIAS[dtype.name]
    return elementwise(name, expression.format(a=f"{alias}(a)", T=alias), [operand(x)], dtypes=[dtype])  # type: ignore[no-any-return]


def maximum(x: Any, y: Any) -> ndarray:
    """The larger of each two elements; NaN comes through."""
    return _extreme(">", x, y)


def minimum(x: Any, y: Any) -> ndarray:
    """The smaller of each two elements; NaN comes through."""
    return _extreme("<", x, y)


def _extreme(sign: str, x: Any, y: Any) -> ndarray:
    nan = "((bitcast<B>({a}) & B(0x7fffffffu)) > B(0x7f800000u))"
    floats = all(scalar(v) is not None or v.dtype.kind == "f" for v in (x, y))
    chosen = f"({{a}} {sign} {{b}})"
    return binary(
        "extreme",
        f"select({{b}}, {{a}}, {chosen} | {nan})" if floats else f"select({{b}}, {{a}}, {chosen})",
        x,
        y,
    )

"""Strided views on a buffer: shape, strides, offset, dtype, and the operations that only change these.

The modules that compute (`elementwise.py` and above) take views, and create results of their operands' class,
which is `ndarray` of `array.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from .device import Buffer, current

HALF = np.dtype(np.float16)
DTYPES = {np.dtype(kind) for kind in (np.float32, np.int32, np.bool_)}

Array = TypeVar("Array", bound="View")  # the class of operands, and so of the result


def dtype_of(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """The dtype on the device for a NumPy dtype.

    Raises:
        TypeError: the device does not support the dtype.
    """
    wanted: np.dtype[Any] = np.dtype(dtype)
    if wanted.kind in "iu" and wanted.itemsize >= 4:  # NumPy converts Python's integers to int64
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


class View:
    """Shape, strides and offset, in elements, over a buffer.

    Transposing, slicing and broadcasting give views on the same buffer.

    Attributes:
        buffer: the memory, which many views may share.
        shape, dtype: as in NumPy.
        strides, offset: as in NumPy, but counted in elements.
    """

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

    @classmethod
    def new(cls, shape: Sequence[int], dtype: npt.DTypeLike = np.float32) -> Self:
        """A contiguous, uninitialized array."""
        shape, dtype = tuple(shape), np.dtype(dtype)
        buffer = Buffer(current(), (2 if dtype == HALF else 4) * math.prod(shape))
        return cls(buffer, shape, dtype, row_strides(shape))

    @classmethod
    def from_host(cls, host: npt.NDArray[Any], dtype: npt.DTypeLike) -> Self:
        """A copy of a NumPy array, converted to a dtype of the device."""
        y = cls.new(host.shape, dtype)
        if y.size:
            host = host.astype(y.dtype, copy=False)
            stored = np.ascontiguousarray(host, np.uint32 if y.dtype.kind == "b" else None).reshape(-1)
            if stored.nbytes % 4:  # the device copies multiples of 4 bytes
                stored = np.append(stored, stored[-1:])
            current().write(y.buffer, stored.view(np.uint8))
        return y

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
        return self.itemsize * self.size

    @property
    def itemsize(self) -> int:
        """Bytes of an element on the device; a bool takes four."""
        return 2 if self.dtype == HALF else 4

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements are contiguous in row-major order."""
        step = 1
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size > 1 and stride != step:
                return False
            step *= size
        return True

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a 0-d array has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Self]:
        return (self.view_at((i,)) for i in range(len(self)))

    def as_strided(self, shape: Sequence[int], strides: Sequence[int], offset: int | None = None) -> Self:
        """A view on the same buffer, of any shape, strides and offset (PyTorch's name)."""
        offset = self.offset if offset is None else offset
        return type(self)(self.buffer, tuple(shape), self.dtype, tuple(strides), offset)

    def transpose(self, *axes: Any) -> Self:
        """The axes in another order; without arguments, in reverse order."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)):
            axes = () if axes[0] is None else tuple(axes[0])
        order = [checked_axis(axis, self.ndim) for axis in axes] if axes else list(range(self.ndim))[::-1]
        if sorted(order) != list(range(self.ndim)):
            raise ValueError(f"axes must name each of the {self.ndim} axes once; got {axes}")
        return self.as_strided([self.shape[i] for i in order], [self.strides[i] for i in order])

    @property
    def T(self) -> Self:
        """All axes in reverse order."""
        return self.transpose()

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """A view with two axes exchanged."""
        order = list(range(self.ndim))
        i, j = checked_axis(axis1, self.ndim), checked_axis(axis2, self.ndim)
        order[i], order[j] = j, i
        return self.transpose(order)

    def squeeze(self, axis: Any = None) -> Self:
        """A view without axes of length 1: all of them, or those given."""
        if axis is None:
            gone = {i for i, size in enumerate(self.shape) if size == 1}
        else:
            gone = {checked_axis(i, self.ndim) for i in (axis if isinstance(axis, tuple) else (axis,))}
            if any(self.shape[i] != 1 for i in gone):
                raise ValueError(f"axes to remove must have length 1; got axis {axis} for shape {self.shape}")
        kept = [i for i in range(self.ndim) if i not in gone]
        return self.as_strided([self.shape[i] for i in kept], [self.strides[i] for i in kept])

    def broadcast_to(self, shape: Sequence[int]) -> Self:
        """A view of this shape, with stride 0 along axes that are missing or have length 1."""
        shape = tuple(shape)
        if np.broadcast_shapes(self.shape, shape) != shape:
            raise ValueError(f"cannot broadcast an array of shape {self.shape} to {shape}")
        return self.as_strided(shape, broadcast_strides(self, shape))

    def view_at(self, index: tuple[Any, ...]) -> Self:
        """The view that slices, integers, None and Ellipsis select.

        Raises:
            IndexError: an index is out of bounds, or there are too many.
            TypeError: an index has an unsupported type.
        """
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
                size, position = self.shape[axis], _integer(i)
                if not -size <= position < size:
                    raise IndexError(f"index {position} is out of bounds for axis {axis} with size {size}")
                offset += position % size * self.strides[axis]
                axis += 1
        return self.as_strided(shape, strides, offset)


def _integer(i: Any) -> int:
    if isinstance(i, bool | np.bool_) or not hasattr(i, "__index__"):
        raise TypeError(
            f"a device array is indexed by slices, integers, None and ...; got {type(i).__name__}; "
            "to select by bools use webgpu.where(condition, x, y)"
        )
    return operator.index(i)


def checked_axis(axis: int, ndim: int) -> int:
    """The axis as a non-negative integer.

    Raises:
        ValueError: the axis is out of bounds.

    Example:
        >>> checked_axis(-1, 3)
        2
    """
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of bounds for an array with {ndim} axes")
    return operator.index(axis) % ndim


def row_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of a contiguous array, row-major.

    Example:
        >>> row_strides((2, 3, 4))
        (12, 4, 1)
    """
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def broadcast_strides(x: View, shape: tuple[int, ...]) -> list[int]:
    """The strides of x broadcast to this shape: 0 along the axes that repeat."""
    missing = len(shape) - x.ndim
    own = [stride if size > 1 else 0 for size, stride in zip(x.shape, x.strides, strict=True)]
    return [0] * missing + own


def collapse(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """Merge adjacent axes that are one axis for all operands; drop axes of length 1.

    Example:
        >>> collapse((2, 3, 4), [(12, 4, 1), (0, 0, 1)])
        ([6, 4], [[4, 1], [0, 1]])
    """
    sizes: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if sizes and all(s[-1] == t[axis] * size for s, t in zip(steps, strides, strict=True)):
            sizes[-1] *= size
            for s, t in zip(steps, strides, strict=True):
                s[-1] = t[axis]
        else:
            sizes.append(size)
            for s, t in zip(steps, strides, strict=True):
                s.append(t[axis])
    return sizes, steps


def checked_sizes(shape: Sequence[Any], size: int) -> tuple[int, ...]:
    """The argument of `reshape` with -1 replaced by the remaining length.

    Raises:
        ValueError: the shape does not have `size` elements.

    Example:
        >>> checked_sizes((2, -1), 6)
        (2, 3)
    """
    sizes = [operator.index(n) for n in shape]
    if sizes.count(-1) == 1:
        known = math.prod(n for n in sizes if n != -1)
        if known:
            sizes[sizes.index(-1)] = size // known
    if math.prod(sizes) != size or min(sizes, default=0) < 0:
        raise ValueError(f"cannot reshape an array of {size} elements into {tuple(shape)}")
    return tuple(sizes)


def reshaped_strides(x: View, shape: Sequence[int]) -> list[int] | None:
    """Strides of x as a view of another shape with the same size; None if that needs a copy.

    Example:
        >>> x = View(None, (4, 6), np.dtype(np.float32), (12, 2))
        >>> reshaped_strides(x, (2, 12)), reshaped_strides(x.T, (2, 3, 4)), reshaped_strides(x.T, (8, 3))
        ([24, 2], [6, 2, 12], None)
    """
    if not x.size:
        return list(row_strides(shape))
    sizes, [steps] = collapse(x.shape, [x.strides])
    strides: list[int] = []
    left, step = 1, 0  # length and stride left of the old axis
    for n in reversed(shape):
        if n > 1 and left == 1:
            left, step = sizes.pop(), steps.pop()
        if left % n:
            return None
        strides.append(step if n > 1 else 0)
        left //= n
        step *= n
    return strides[::-1]


def faults() -> View:
    """The array in which kernels record indexes out of bounds, see REPORT in `elementwise.py`."""
    return View(current().faults, (4,), np.dtype(np.int32), (1,))

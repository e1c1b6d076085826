"""Padding: elements added at the ends of axes, of one value or copied from x."""

from __future__ import annotations

import math
import numbers
import reprlib
from typing import Any

import numpy as np

from .._arguments import check_holds, one_of
from .._shapes import Array, Pair
from ..autograd import Function, Variable, as_input, as_variable
from ..backends import get_array_module
from .indexing import get_item
from .reduction import broadcast_to
from .shape import concat

MODES = ("constant", "reflect", "replicate", "circular")


class Pad(Function):
    """Padding with a constant."""

    reads_inputs = reads_outputs = False

    def __init__(self, pad_width: tuple[tuple[int, int], ...], value: float = 0) -> None:
        self.pad_width = pad_width
        self.value = value

    def forward(self, x: Array) -> Any:
        # np.pad takes a tenth of a millisecond, whatever the size.
        shape = [before + size + after for (before, after), size in zip(self.pad_width, x.shape, strict=True)]
        y = get_array_module(x).full(tuple(shape), self.value, x.dtype)
        y[self._inner(x.shape)] = x
        return y

    def backward(self, gy: Variable) -> Any:
        return get_item(gy, self._inner(self.inputs[0].shape))

    def _inner(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """Where x of this shape lies in the result."""
        starts = (before for before, _ in self.pad_width)
        return tuple(slice(start, start + size) for start, size in zip(starts, shape, strict=True))


def pad(x: Any, pad_width: Any, value: Any = 0, *, mode: str = "constant") -> Variable:
    """Pad x at the ends of its axes.

    Args:
        x: Variable or array.
        pad_width: number of elements to add: an integer for all ends, a pair (before, after) for all axes, or
            a pair for each axis; also what broadcasts to these pairs, (x.ndim, 2), as in `np.pad`.
        value: the constant of the mode "constant".
        mode: what the new elements are: "constant", one value; "reflect", the elements mirrored at the first
            and the last one, which are not repeated; "replicate", copies of the first and the last element;
            "circular", the elements from the other end. The names are PyTorch's.

    Raises:
        TypeError: a width is not an integer, or `value` not a number.
        ValueError: a width is negative or the axis too short for it, `pad_width` does not broadcast, `mode`
            is unknown, or `value` is given with a mode other than "constant" or does not fit the dtype of x.

    Example:
        >>> import numpy as np
        >>> pad(np.ones((1, 2)), ((0, 1), (1, 0)))
        variable([[0. 1. 1.]
                  [0. 0. 0.]])
        >>> for mode in ("reflect", "replicate", "circular"):
        ...     print(pad(np.array([1, 2, 3]), 2, mode=mode).data)
        [3 2 1 2 3 2 1]
        [1 1 1 2 3 3 3]
        [2 3 1 2 3 1 2]
    """
    x = as_input(x, "x")
    try:
        widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2))  # not of a Variable
    except ValueError:
        raise ValueError(
            "pad_width must be an integer, a pair (before, after), or a pair for each axis of x, of shape "
            f"{x.shape}; got {pad_width}"
        ) from None
    if widths.dtype.kind not in "iu":
        raise TypeError(f"pad_width must be integers; got {pad_width!r}")
    ends = [(before, after) for before, after in widths.tolist()]
    if any(min(end) < 0 for end in ends):
        raise ValueError(f"pad_width must not be negative; got {pad_width}")
    one_of(mode, "mode", MODES)
    if isinstance(value, str):
        raise TypeError(f"value must be a number; got {value!r}: write mode={value!r} for a mode")
    if not isinstance(value, numbers.Real):  # an array would broadcast, a Variable would lose its gradient
        raise TypeError(f"value must be a number, one for all ends; got {reprlib.repr(value)}")
    if mode == "constant":
        check_holds(x.dtype, value, "value")
        return Pad(tuple(ends), value)(x)  # type: ignore[arg-type] # mypy does not treat float as Real
    if value != 0:
        raise ValueError(f'value must be left out with mode="{mode}"; it is for "constant"; got {value}')
    for axis, end in enumerate(ends):
        if any(end):
            x = _extended(x, axis, end, mode)
    return as_variable(x)


def _extended(x: Variable, axis: int, end: Pair, mode: str) -> Variable:
    """`x` with copies of its own elements at the two ends of an axis."""
    before, after = end
    size = x.shape[axis]
    most = {"reflect": size - 1, "circular": size}.get(mode, math.inf if size else 0)
    if max(end) > most:
        raise ValueError(
            f'pad_width must be at most {max(0, most)} along axis {axis} with mode="{mode}"; '
            f"got {end} for x of shape {x.shape}"
        )

    def part(*limits: int | None) -> Variable:
        return get_item(x, (slice(None),) * axis + (slice(*limits),))

    def repeated(element: Variable, times: int) -> Variable:
        return broadcast_to(element, (*x.shape[:axis], times, *x.shape[axis + 1 :]))

    if mode == "reflect":
        stop = size - 2 - after
        parts = part(before, 0, -1), x, part(size - 2, stop if stop >= 0 else None, -1)
    elif mode == "replicate":
        parts = repeated(part(0, 1), before), x, repeated(part(size - 1, size), after)
    else:
        parts = part(size - before, size), x, part(0, after)
    return concat([p for p, wanted in zip(parts, (before, True, after), strict=True) if wanted], axis)

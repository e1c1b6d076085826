"""Sizes and shapes: (height, width) pairs, convolution output sizes, broadcast and reduction axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from ._arguments import at_least, integer

Array = NDArray[Any]  # a NumPy array, or a device array with the same methods
Pair = tuple[int, int]  # (height, width)
IntPair = SupportsIndex | tuple[SupportsIndex, ...] | list[SupportsIndex]


# ------------------------------------------------------------------------------------------------------ sizes


def pair(x: IntPair, name: str = "x") -> tuple[int, int]:
    """Return `x` as a pair (height, width); a single integer is used for both (book step 57).

    Args:
        x: an integer, or a tuple or list of two; anything that `operator.index` accepts, except bool.
        name: the argument's name, for the error message.

    Returns:
        (height, width) as two Python ints.

    Raises:
        TypeError: `x` is neither an integer nor a tuple or list of integers.
        ValueError: `x` is a tuple or list whose length is not two.

    Example:
        >>> pair(3), pair((1, 2)), pair([4, 5])
        ((3, 3), (1, 2), (4, 5))
    """
    if type(x) is int:  # the usual cases first, for speed
        return x, x
    if type(x) is tuple and len(x) == 2 and type(x[0]) is type(x[1]) is int:
        return x[0], x[1]
    kind = "an integer or a pair of integers"
    if isinstance(x, tuple | list):
        if len(x) != 2:
            raise ValueError(f"{name} must be {kind}; got {x!r}")
        return integer(x[0], name, kind, x), integer(x[1], name, kind, x)
    size = integer(x, name, kind)
    return size, size


def sizes(least: int, value: IntPair, name: str) -> tuple[int, int]:
    """Check a size in pixels, an integer or (height, width), and return it as a pair.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below `least`.

    Example:
        >>> sizes(1, 3, "kernel_size")
        (3, 3)
    """
    height, width = pair(value, name)
    return at_least(least, height, name), at_least(least, width, name)


def get_conv_outsize(input_size: int, kernel_size: int, stride: int, pad: int, dilation: int = 1) -> int:
    """Output size of a convolution along one axis (book step 55).

    Args:
        input_size: size of the input, in pixels.
        kernel_size: size of the kernel, in pixels.
        stride: step between kernel positions, in pixels, at least 1.
        pad: pixels added at each of the two ends, at least 0.
        dilation: spacing between kernel elements, in pixels, at least 1.

    Returns:
        (input_size + 2 * pad - extent) // stride + 1 with extent = (kernel_size - 1) * dilation + 1.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below its minimum, or the kernel is larger than the padded input.

    Example:
        >>> get_conv_outsize(4, 3, 1, 1), get_conv_outsize(28, 5, 2, 0)
        (4, 12)
    """
    kernel_size, stride, pad, dilation = _kernel_sizes(kernel_size, stride, pad, dilation)
    input_size = at_least(0, input_size, "input_size")
    extent = (kernel_size - 1) * dilation + 1
    padded = input_size + 2 * pad
    if extent > padded:
        dilated = f" (dilation {dilation} stretches it to {extent})" if dilation > 1 else ""
        raise ValueError(
            f"kernel_size {kernel_size}{dilated} is larger than the padded input, "
            f"{input_size} + 2 * {pad} = {padded}; use a smaller kernel, a larger input or more pad"
        )
    return (padded - extent) // stride + 1


def conv_outsize(
    size: Sequence[int],
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """`get_conv_outsize` along both axes; every argument is (height, width).

    Example:
        >>> conv_outsize((28, 14), (5, 3), (1, 1), (2, 0))
        (28, 12)
    """
    OH, OW = map(get_conv_outsize, size, kernel_size, stride, pad, dilation)
    return OH, OW


def get_deconv_outsize(size: int, k: int, s: int, p: int, dilation: int = 1, output_pad: int = 0) -> int:
    """Output size of a transposed convolution along one axis: the smallest that a convolution maps to `size`.

    Args:
        size: size of the input, in pixels, at least 1.
        k, s, p, dilation: kernel size, stride, pad and dilation of that convolution, as in
            `get_conv_outsize`.
        output_pad: pixels to add to the smallest size.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below its minimum, or the output size would be below 1.

    Example:
        >>> get_deconv_outsize(4, 3, 1, 1), get_deconv_outsize(12, 5, 2, 0)
        (4, 27)
    """
    k, s, p, dilation = _kernel_sizes(k, s, p, dilation)
    size = at_least(1, size, "size")
    outsize = s * (size - 1) + (k - 1) * dilation + 1 - 2 * p + output_pad
    if outsize < 1:
        raise ValueError(
            f"deconvolution of size {size} with kernel {k}, stride {s}, pad {p}, dilation {dilation} has "
            f"output size {outsize}; use less pad or a larger kernel"
        )
    return outsize


def deconv_outsize(
    size: Sequence[int],
    k: tuple[int, int],
    s: tuple[int, int],
    p: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
    output_pad: tuple[int, int] = (0, 0),
) -> tuple[int, int]:
    """`get_deconv_outsize` along both axes; every argument is (height, width).

    Example:
        >>> deconv_outsize((14, 7), (3, 3), (2, 1), (1, 1))
        (27, 7)
    """
    OH, OW = map(get_deconv_outsize, size, k, s, p, dilation, output_pad)
    return OH, OW


_INTS = frozenset({int})


def as_shape(shape: Any, name: str = "shape") -> tuple[int, ...]:
    """A shape that is given as an integer, a sequence or an array.

    Raises:
        TypeError: it is something else.

    Example:
        >>> as_shape(3)
        (3,)
    """
    if type(shape) is tuple and _INTS.issuperset(map(type, shape)):
        return shape
    sizes = shape if isinstance(shape, tuple | list) else np.asarray(shape).ravel().tolist()
    return tuple([integer(size, name, "an integer or a sequence of integers", shape) for size in sizes])


def check_axes(shape: Sequence[int], axes: str, name: str = "x") -> None:
    """Raise ValueError unless `shape` has as many axes as `axes` names, for example "(N, C, H, W)".

    Axes that end with "...", as in "(N, C, ...)", allow more.

    Example:
        >>> check_axes((1, 28, 28), "(N, C, H, W)")
        Traceback (most recent call last):
        ValueError: x must have 4 axes, ...; got shape (1, 28, 28): x[None] is a batch of one, x[:, None] ...
    """
    is_open = axes.endswith("...)")
    ndim = axes.count(",") + (not is_open)
    if len(shape) < ndim or (len(shape) > ndim and not is_open):
        number = f"at least {ndim}" if is_open else ndim
        hint = ""
        if axes.startswith("(N, C") and len(shape) == ndim - 1:
            hint = f": {name}[None] is a batch of one, {name}[:, None] of one channel"
        raise ValueError(f"{name} must have {number} axes, {axes}; got shape {tuple(shape)}{hint}")


def check_pixels(x: tuple[int, ...]) -> None:
    """Raise ValueError unless a shape, that of the argument x, is (N, C, H, W) with pixels."""
    check_axes(x, "(N, C, H, W)")
    if 0 in x[2:]:
        raise ValueError(f"x must have at least one pixel per channel; got shape {x}")


def lowest(dtype: Any) -> float:
    """Smallest value of a dtype, with which max pooling pads.

    Example:
        >>> lowest(np.dtype(np.float32)), lowest(np.dtype(np.uint8))
        (-inf, 0)
    """
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)


def _kernel_sizes(kernel_size: int, stride: int, pad: int, dilation: int) -> tuple[int, int, int, int]:
    return (
        at_least(1, kernel_size, "kernel_size"),
        at_least(1, stride, "stride"),
        at_least(0, pad, "pad"),
        at_least(1, dilation, "dilation"),
    )


# ----------------------------------------------------------------------------------------------------- shapes


def matches(shape: Sequence[int], needed: Sequence[int | None]) -> bool:
    """Whether a shape is the needed one, in which None stands for any length.

    Example:
        >>> matches((5, 3), (None, 3)), matches((5, 3), (None,))
        (True, False)
    """
    return len(shape) == len(needed) and all(n in (None, m) for m, n in zip(shape, needed, strict=True))


def has_index_arrays(index: tuple[Any, ...]) -> bool:
    """Whether an index has a part that NumPy takes as an array: an array, a list, a nested tuple, a bool.

    Only such an index can select an element more than once.

    Example:
        >>> has_index_arrays((0, slice(None), None)), has_index_arrays(((0, 0), (1, 1)))
        (False, True)
    """
    return not all(part is None or part is Ellipsis or _is_integer_or_slice(part) for part in index)


def _is_integer_or_slice(part: Any) -> bool:
    arrays = bool | np.bool_ | np.ndarray
    return isinstance(part, slice) or (hasattr(part, "__index__") and not isinstance(part, arrays))


def stretched_axes(small: tuple[int, ...], large: tuple[int, ...]) -> tuple[int, ...]:
    """Axes along which broadcasting from shape `small` to shape `large` repeats elements.

    Raises:
        ValueError: `small` does not broadcast to `large`.

    Example:
        >>> stretched_axes((3, 1), (2, 3, 4))
        (0, 2)
    """
    lead = len(large) - len(small)
    if large[lead:] == small:
        return tuple(range(lead))
    stretched = [i for i, n in enumerate(small, lead) if i < 0 or n != large[i]]
    if lead < 0 or any(small[i - lead] != 1 for i in stretched):
        raise ValueError(f"cannot sum shape {large} to shape {small}: {small} does not broadcast to {large}")
    return (*range(lead), *stretched)


def check_broadcast(**shapes: tuple[int, ...]) -> None:
    """Raise ValueError unless the shapes, passed by argument name, broadcast.

    Example:
        >>> check_broadcast(x0=(2, 3), x1=(4, 1, 3))
        >>> check_broadcast(x0=(2, 3), x1=(2,))
        Traceback (most recent call last):
        ValueError: x0 and x1 of shapes (2, 3) and (2,) do not broadcast: their lengths in axis -1, ...
    """
    for axis in range(-1, -1 - max(map(len, shapes.values())), -1):
        lengths = [shape[axis] for shape in shapes.values() if len(shape) >= -axis]
        if len({*lengths} - {1}) > 1:
            raise ValueError(
                f"{_listed(shapes)} of shapes {_listed(shapes.values())} do not broadcast: their lengths in "
                f"axis {axis}, {_listed(lengths)}, must be equal or 1; reshape or transpose one"
            )


def _listed(items: Iterable[Any]) -> str:
    *others, last = map(str, items)
    return f"{', '.join(others)} and {last}"


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Shape of a reduction's result with `keepdims=True`.

    Args:
        shape: shape of the reduction's input.
        axis: an axis, a tuple of axes, or None for all; negative axes count from the end.

    Example:
        >>> kept_shape((2, 3, 4), (0, -1))
        (1, 3, 1)
    """
    reduced = axes_of(axis, len(shape))
    return tuple(1 if i in reduced else size for i, size in enumerate(shape))


def axes_of(axis: Any, ndim: int) -> set[int]:
    """The axes that an `axis` argument names, as non-negative integers.

    Example:
        >>> sorted(axes_of((0, -1), 3)), sorted(axes_of(None, 2))
        ([0, 2], [0, 1])
    """
    if axis is None:
        return set(range(ndim))
    return {a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))}

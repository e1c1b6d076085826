"""Helpers that several modules share: output sizes, shapes of gradients, random numbers, files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._arguments import as_axis, integer
from ._arguments import at_least as at_least

Array: TypeAlias = NDArray[Any]
Pair: TypeAlias = tuple[int, int]  # (height, width)
IntPair: TypeAlias = SupportsIndex | tuple[SupportsIndex, ...] | list[SupportsIndex]


# ------------------------------------------------------------------------------------------------------ sizes


def pair(x: IntPair, name: str = "x") -> tuple[int, int]:
    """Read a size that is given once for both axes, or once for each (book step 57).

    Args:
        x: an integer (anything `operator.index` takes, but no bool), or a tuple or list of exactly two.
        name: the argument's name, for the error message.

    Returns:
        (height, width) as two Python ints.

    Raises:
        TypeError: not an integer, nor a tuple or list of integers.
        ValueError: a tuple or list whose length is not two.

    Example:
        >>> pair(3), pair((1, 2)), pair([4, 5])
        ((3, 3), (1, 2), (4, 5))
    """
    kind = "an integer or a tuple of two integers"
    if isinstance(x, tuple | list):
        if len(x) != 2:
            raise ValueError(f"{name} must be an integer or two of them, (height, width); got {x!r}")
        return integer(x[0], name, x, kind), integer(x[1], name, x, kind)
    size = integer(x, name, x, kind)
    return size, size


def get_conv_outsize(input_size: int, kernel_size: int, stride: int, pad: int, dilation: int = 1) -> int:
    """Count the positions at which a kernel fits along one axis (book step 55).

    Args:
        input_size: pixels along the axis.
        kernel_size: pixels of the kernel along the axis.
        stride: pixels from one position to the next, at least 1.
        pad: pixels added at each of the two ends, at least 0.
        dilation: distance between neighbouring pixels of the kernel, at least 1.

    Returns:
        (input_size + 2 * pad - extent) // stride + 1 with extent = (kernel_size - 1) * dilation + 1.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range, or a kernel larger than the padded input.

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


def get_deconv_outsize(size: int, k: int, s: int, p: int, dilation: int = 1) -> int:
    """Size along one axis of a transposed convolution's output: the smallest that convolves back to `size`.

    Args:
        size: pixels of the input along the axis.
        k: kernel size.
        s: stride, at least 1.
        p: pad that the convolution back would have, at least 0.
        dilation: as in `get_conv_outsize`.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range, or nothing left after taking `p` off at both ends.

    Example:
        >>> get_deconv_outsize(4, 3, 1, 1), get_deconv_outsize(12, 5, 2, 0)
        (4, 27)
    """
    k, s, p, dilation = _kernel_sizes(k, s, p, dilation)
    size = at_least(1, size, "size")
    outsize = s * (size - 1) + (k - 1) * dilation + 1 - 2 * p
    if outsize < 1:
        raise ValueError(
            f"deconvolution of size {size} with kernel {k}, stride {s}, pad {p}, dilation {dilation} leaves "
            f"{outsize} pixels; use less pad or a larger kernel"
        )
    return outsize


def deconv_outsize(
    size: Sequence[int],
    k: tuple[int, int],
    s: tuple[int, int],
    p: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """`get_deconv_outsize` along both axes; every argument is (height, width).

    Example:
        >>> deconv_outsize((14, 7), (3, 3), (2, 1), (1, 1))
        (27, 7)
    """
    OH, OW = map(get_deconv_outsize, size, k, s, p, dilation)
    return OH, OW


def check_axes(shape: Sequence[int], axes: str, name: str = "x") -> None:
    """Raise ValueError unless `shape` has the axes that `axes`, such as "(N, C, H, W)", spells out.

    Example:
        >>> check_axes((1, 28, 28), "(N, C, H, W)")
        Traceback (most recent call last):
        ValueError: x must have 4 axes, (N, C, H, W); got shape (1, 28, 28)
    """
    ndim = axes.count(",") + 1
    if len(shape) != ndim:
        raise ValueError(f"{name} must have {ndim} axes, {axes}; got shape {tuple(shape)}")


def lowest(dtype: Any) -> float:
    """What max pooling pads with: a value that no pixel of this dtype lies below.

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


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum an array over the axes along which `shape` was broadcast to it (book step 40).

    Args:
        x: array.
        shape: a shape that broadcasts to x's.

    Returns:
        Array of the given shape.

    Raises:
        ValueError: `shape` does not broadcast to x's shape.

    Example:
        >>> sum_to(np.ones((2, 3)), (1, 3))
        array([[2., 2., 2.]])
    """
    return x.sum(axis=stretched_axes(shape, x.shape), keepdims=True).reshape(shape)


def stretched_axes(small: tuple[int, ...], large: tuple[int, ...]) -> tuple[int, ...]:
    """The axes along which an array of shape `small` is repeated when it broadcasts to `large`.

    Raises:
        ValueError: it does not broadcast.

    Example:
        >>> stretched_axes((3, 1), (2, 3, 4))
        (0, 2)
    """
    lead = len(large) - len(small)
    if lead < 0 or any(n not in (1, size) for n, size in zip(small, large[lead:], strict=True)):
        raise ValueError(f"cannot sum an array of shape {large} to {small}: it does not broadcast from there")
    return (*range(lead), *(lead + i for i, n in enumerate(small) if n == 1 != large[lead + i]))


def reshape_sum_backward(gy: Any, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Give a reduction's gradient back the axes that the reduction dropped, each of length 1.

    Args:
        gy: gradient (Variable or array) of a reduction's output.
        x_shape: shape of the reduction's input.
        axis: the axis or axes reduced; None for all.
        keepdims: whether the reduction kept its axes.

    Returns:
        gy, reshaped so that it broadcasts to `x_shape`.

    Example:
        >>> reshape_sum_backward(np.ones(3), (3, 4), axis=1, keepdims=False).shape
        (3, 1)
    """
    if keepdims:
        return gy
    return gy.reshape(kept_shape(x_shape, axis))


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Shape that a reduction with `keepdims=True` leaves.

    Args:
        shape: shape of the reduction's input.
        axis: an axis, several, or None for all; negative ones count from the end.

    Example:
        >>> kept_shape((2, 3, 4), (0, -1))
        (1, 3, 1)
    """
    if axis is None:
        return (1,) * len(shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    reduced = {a % len(shape) for a in axes}
    return tuple(1 if i in reduced else size for i, size in enumerate(shape))


def max_backward_shape(x: Any, axis: Any) -> list[int]:
    """Shape in which a maximum of x over `axis` broadcasts with x.

    Args:
        x: array or Variable.
        axis: an axis, several, or None for all.

    Example:
        >>> max_backward_shape(np.ones((2, 3)), 1)
        [2, 1]
    """
    return list(kept_shape(x.shape, axis))


def logsumexp(x: Any, axis: Any = 1) -> Any:
    """Logarithm of the sum of an array's exponentials, also where one of them is too large for a float.

    Args:
        x: array of floats.
        axis: along which to sum, as in `F.sum`; it stays, with length 1.

    Raises:
        TypeError: an axis that is no integer.
        ValueError: an axis that x does not have.

    Example:
        >>> logsumexp(np.array([[1000.0, 1000.0]])).round(3)
        array([[1000.693]])
    """
    from .backends import get_array_module

    xp = get_array_module(x)
    axis = as_axis(axis, x.shape)
    m = x.max(axis=axis, keepdims=True)
    m = xp.where(xp.isfinite(m), m, xp.zeros_like(m))  # inf - inf is nan
    with np.errstate(divide="ignore"):  # the logarithm of no exponentials but exp(-inf) = 0 is -inf
        return m + xp.log(xp.exp(x - m).sum(axis=axis, keepdims=True))


# --------------------------------------------------------------------------------------------- random numbers

_rng: np.random.Generator | None = None  # made when first asked for: numpy.random takes long to import


def rng() -> np.random.Generator:
    """The generator that initial weights, dropout and DataLoader draw from.

    Example:
        >>> rng().standard_normal(3, dtype=np.float32).dtype
        dtype('float32')
    """
    global _rng
    if _rng is None:
        _rng = np.random.default_rng()
    return _rng


def seed(n: int | None = None) -> None:
    """Make initial weights, dropout and the order of a DataLoader repeatable.

    Args:
        n: seed, an integer >= 0; None starts from the system's entropy again.

    Raises:
        TypeError: no integer.
        ValueError: a negative one.

    Example:
        >>> seed(1); a = rng().random()
        >>> seed(1); a == rng().random()
        True
    """
    global _rng
    _rng = np.random.default_rng(None if n is None else at_least(0, n, "n"))


# ------------------------------------------------------------------------------------------------------ files


def cache_dir() -> Path:
    """Folder of fetched files, each at `<sha256>/<name>`; it need not exist.

    `PYCONVLITE_CACHE` names it; otherwise `pyconvlite` in `XDG_CACHE_HOME`, or in `~/.cache`.

    Example:
        >>> cache_dir().is_absolute()
        True
    """
    own = os.environ.get("PYCONVLITE_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "pyconvlite"


def get_file(url: str, file_name: str | None = None) -> str:
    """Fetch a file, unless an earlier call has; return its path.

    It lies in `cache_dir()`, in a folder that the sha256 of the address names. What it holds is not checked.

    Args:
        url: address of the file.
        file_name: its name here; None takes the address's last part.

    Raises:
        ValueError: no name, or one with a folder in it.
        FileNotFoundError: the server has no such file.
        OSError: it cannot be reached.

    Example:
        >>> get_file("https://example.com/")
        Traceback (most recent call last):
        ValueError: file_name must be a name without folders; got ''
    """
    import hashlib

    from ._fetch import fetch

    name = url.rpartition("/")[2] if file_name is None else file_name
    if name in ("", ".", "..") or Path(name).name != name:
        raise ValueError(f"file_name must be a name without folders; got {name!r}")
    path = cache_dir() / hashlib.sha256(url.encode()).hexdigest() / name
    if not path.exists():
        contents = fetch(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{name}.{os.getpid()}.tmp")
        unfinished.write_bytes(contents)
        unfinished.replace(path)  # so that half a file is never found
    return str(path)


# --------------------------------------------------------------------------------------- DeZero's names

if TYPE_CHECKING:
    from ._checks import array_allclose as array_allclose
    from ._checks import array_equal as array_equal
    from ._checks import gradient_check as gradient_check
    from ._checks import numerical_grad as numerical_grad
    from .graph import get_dot_graph as get_dot_graph
    from .graph import plot_dot_graph as plot_dot_graph
else:
    # Their modules need this one: so they are loaded when first asked for.
    _HOMES = {
        **dict.fromkeys(("array_allclose", "array_equal", "gradient_check", "numerical_grad"), "_checks"),
        **dict.fromkeys(("get_dot_graph", "plot_dot_graph"), "graph"),
    }

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            return getattr(import_module(f".{_HOMES[name]}", __package__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES})

"""The kernels that the side module serves, on float32 arrays; all else goes to the NumPy backend.

Names, arguments and results are the NumPy backend's. Each function returns NotImplemented where the side
module does not serve: another dtype, an empty array, or sizes that do not fit (for which NumPy has the
error). An array that does not lie contiguous is copied once. No argument is written to, and a result is
handed out only when it is complete.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..._shapes import Array, Pair
from .. import numpy as _numpy
from .._calls import counted
from .library import library as _library

__all__ = list(_numpy.__all__)

F = TypeVar("F", bound=Callable[..., Any])

_FLOAT32 = np.dtype(np.float32)
_MOST = 2**30  # pixels along a padded axis: the side module counts in 32 bits
_float = ctypes.c_float


def _served(kernel: F) -> F:
    """Decorate a kernel: NumPy's of the same name takes over where it returns NotImplemented."""
    twin = getattr(_numpy, kernel.__name__)
    done = counted("simd", kernel.__name__)(lambda y: y)

    @functools.wraps(kernel)
    def serving(*args: Any, **kwargs: Any) -> Any:
        y = kernel(*args, **kwargs)
        return twin(*args, **kwargs) if y is NotImplemented else done(y)

    return serving  # type: ignore[return-value]


def _all_float32(*arrays: Any) -> bool:
    """Whether all, None left out, are float32 arrays with elements."""
    return all(a is None or (a.dtype == _FLOAT32 and a.size) for a in arrays)


def _at(a: Array | None) -> int:
    """Address of an array's first element; 0 for None. Whoever asks must hold the array while he uses it."""
    return 0 if a is None else a.__array_interface__["data"][0]


def _contiguous(a: Any) -> Any:
    return None if a is None else np.ascontiguousarray(a)


# The side module has none of its own of these.
clip_norm, dropout_mask, moved, normal_cdf = (
    _numpy.clip_norm,
    _numpy.dropout_mask,
    _numpy.moved,
    _numpy.normal_cdf,
)


# -------------------------------------------------------------------------------------------- matrix product


@_served
def matmul(a: Array, b: Array) -> Any:
    if not _all_float32(a, b) or a.shape[-1] != b.shape[-2]:
        return NotImplemented
    shape = *np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]
    if a.ndim > 2 and b.ndim == 2:  # one product of all rows
        a = a.reshape(-1, a.shape[-1])
    lead = shape[:-2] if b.ndim > 2 else ()
    a, b = _lined_up(a, lead), _lined_up(b, lead)
    y = np.empty(shape, np.float32)
    strides_a, strides_b = ([s // 4 for s in m.strides] for m in (a, b))
    _library.matmul(_at(y), _at(a), *strides_a, _at(b), *strides_b, *a.shape[:2], b.shape[2], b.shape[1])
    return y


def _lined_up(a: Array, lead: tuple[int, ...]) -> Array:
    """A (..., M, K), broadcast to the leading axes, as (batch, M, K), with strides of whole floats."""
    a = np.broadcast_to(a, lead + a.shape[-2:]).reshape(-1, *a.shape[-2:]) if lead else a[np.newaxis]
    return a if all(stride % 4 == 0 for stride in a.strides) else np.ascontiguousarray(a)


# ----------------------------------------------------------------------------------------------- convolution


def _outsize(
    size: tuple[int, ...], kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)
) -> Pair:
    """Positions of the kernel along each axis, below 1 where it does not fit or a size is out of range."""
    (H, W), (KH, KW), (SH, SW), (PH, PW), (DH, DW) = size, kernel_size, stride, pad, dilation
    if min(KH, KW, SH, SW, DH, DW) < 1 or min(PH, PW) < 0:
        return 0, 0
    if max(H + 2 * PH, W + 2 * PW, SH, SW, DH, DW) > _MOST:
        return 0, 0
    return (H + 2 * PH - (KH - 1) * DH - 1) // SH + 1, (W + 2 * PW - (KW - 1) * DW - 1) // SW + 1


def _geometry(
    x_shape: tuple[int, ...], W_shape: tuple[int, ...], stride: Pair, pad: Pair, dilation: Pair, groups: int
) -> tuple[int, ...] | None:
    """The sizes as the side module takes them; None where they do not fit each other."""
    N, C, H, W = x_shape
    OC, Cg, KH, KW = W_shape
    OH, OW = _outsize((H, W), (KH, KW), stride, pad, dilation)
    if Cg * groups != C or OC % groups or OH < 1 or OW < 1:
        return None
    return N, C, H, W, OC, OH, OW, KH, KW, *stride, *pad, *dilation, groups


@_served
def conv2d(
    x: Array,
    W: Array,
    b: Array | None,
    stride: Pair,
    pad: Pair,
    dilation: Pair = (1, 1),
    groups: int = 1,
    relu: bool = False,
) -> Any:
    sizes = _geometry(x.shape, W.shape, stride, pad, dilation, groups)
    if sizes is None or not _all_float32(x, W, b) or (b is not None and b.shape != W.shape[:1]):
        return NotImplemented
    N, OC, OH, OW = sizes[0], *sizes[4:7]
    y = np.empty((N, OC, OH, OW), np.float32)
    x, W, b = _contiguous(x), _contiguous(W), _contiguous(b)
    return y if _library.conv2d(_at(y), _at(x), _at(W), _at(b), relu, *sizes) else NotImplemented


@_served
def conv2d_gx(
    gy: Array,
    W: Array,
    b: Array | None,
    xsize: Pair,
    stride: Pair,
    pad: Pair,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    C = W.shape[1] * groups
    sizes = _geometry((len(gy), C, *xsize), W.shape, stride, pad, dilation, groups)
    if sizes is None or not _all_float32(gy, W, b) or (b is not None and b.shape != (C,)):
        return NotImplemented
    if gy.shape[1:] != sizes[4:7]:
        return NotImplemented
    gx = np.empty(sizes[:4], np.float32)
    gy, W, b = _contiguous(gy), _contiguous(W), _contiguous(b)
    return gx if _library.conv2d_gx(_at(gx), _at(gy), _at(W), _at(b), *sizes) else NotImplemented


@_served
def conv2d_gW(
    x: Array, gy: Array, kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1), groups: int = 1
) -> Any:
    W_shape = gy.shape[1], x.shape[1] // groups, *kernel_size
    sizes = _geometry(x.shape, W_shape, stride, pad, dilation, groups)
    if sizes is None or not _all_float32(x, gy) or gy.shape != (sizes[0], *sizes[4:7]):
        return NotImplemented
    gW = np.empty(W_shape, np.float32)
    x, gy = _contiguous(x), _contiguous(gy)
    return gW if _library.conv2d_gW(_at(gW), _at(x), _at(gy), *sizes) else NotImplemented


@_served
def im2col(x: Array, kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)) -> Any:
    sizes = _pool_sizes(x.shape, kernel_size, stride, pad, dilation)
    if sizes is None or not _all_float32(x):
        return NotImplemented
    col = np.empty((*x.shape[:2], *kernel_size, *sizes[3:5]), np.float32)
    x = _contiguous(x)
    _library.im2col(_at(col), _at(x), *sizes, *dilation)
    return col


@_served
def col2im(
    col: Array, x_shape: tuple[int, ...], kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)
) -> Any:
    sizes = _pool_sizes(x_shape, kernel_size, stride, pad, dilation)
    if sizes is None or not _all_float32(col) or col.shape != (*x_shape[:2], *kernel_size, *sizes[3:5]):
        return NotImplemented
    x = np.zeros(x_shape, np.float32)
    col = _contiguous(col)
    _library.col2im(_at(x), _at(col), *sizes, *dilation)
    return x


# --------------------------------------------------------------------------------------------------- pooling


def _pool_sizes(
    x_shape: tuple[int, ...], kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)
) -> tuple[int, ...] | None:
    """The sizes as the side module takes them; None where the kernel does not fit."""
    N, C, H, W = x_shape
    OH, OW = _outsize((H, W), kernel_size, stride, pad, dilation)
    return None if OH < 1 or OW < 1 else (N * C, H, W, OH, OW, *kernel_size, *stride, *pad)


@_served
def max_pool(x: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> Any:
    sizes = _pool_sizes(x.shape, kernel_size, stride, pad)
    index = np.min_scalar_type(math.prod(kernel_size))
    if sizes is None or not _all_float32(x) or index.itemsize > 2:
        return NotImplemented
    y = np.empty((*x.shape[:2], *sizes[3:5]), np.float32)
    indexes = np.empty(y.shape, index)
    x = _contiguous(x)
    _library.max_pool(_at(y), _at(indexes), index.itemsize - 1, _at(x), *sizes)
    return y, indexes


def _fit(indexes: Array, kernel_size: Pair, shape: tuple[int, ...], sizes: tuple[int, ...] | None) -> bool:
    """Whether the indexes are a max pooling's of these sizes, and `shape` is its output's."""
    return (
        sizes is not None
        and indexes.dtype == np.min_scalar_type(math.prod(kernel_size))
        and indexes.itemsize <= 2
        and indexes.shape == shape
        and shape[2:] == sizes[3:5]
    )


@_served
def max_pool_grad(gy: Array, indexes: Array, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair) -> Any:
    sizes = _pool_sizes((*gy.shape[:2], *xsize), kernel_size, stride, pad)
    if not _all_float32(gy) or not _fit(indexes, kernel_size, gy.shape, sizes):
        return NotImplemented
    gx = np.zeros((*gy.shape[:2], *xsize), np.float32)
    gy, indexes = _contiguous(gy), _contiguous(indexes)
    _library.max_pool_grad(_at(gx), _at(gy), _at(indexes), indexes.itemsize - 1, *sizes)  # type: ignore[misc]
    return gx


@_served
def max_pool_gather(x: Array, indexes: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> Any:
    sizes = _pool_sizes(x.shape, kernel_size, stride, pad)
    if not _all_float32(x) or not _fit(indexes, kernel_size, (*x.shape[:2], *indexes.shape[2:]), sizes):
        return NotImplemented
    y = np.empty(indexes.shape, np.float32)
    x, indexes = _contiguous(x), _contiguous(indexes)
    _library.max_pool_gather(_at(y), _at(x), _at(indexes), indexes.itemsize - 1, *sizes)  # type: ignore[misc]
    return y


@_served
def avg_pool(x: Array, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool) -> Any:
    sizes = _pool_sizes(x.shape, kernel_size, stride, pad)
    if sizes is None or not _all_float32(x):
        return NotImplemented
    y = np.empty((*x.shape[:2], *sizes[3:5]), np.float32)
    x = _contiguous(x)
    _library.avg_pool(_at(y), _at(x), bool(count_include_pad), *sizes)
    return y


@_served
def avg_pool_grad(
    gy: Array, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool
) -> Any:
    sizes = _pool_sizes((*gy.shape[:2], *xsize), kernel_size, stride, pad)
    if sizes is None or not _all_float32(gy) or gy.shape[2:] != sizes[3:5]:
        return NotImplemented
    gx = np.zeros((*gy.shape[:2], *xsize), np.float32)
    gy = _contiguous(gy)
    _library.avg_pool_grad(_at(gx), _at(gy), bool(count_include_pad), *sizes)
    return gx


# ------------------------------------------------------------------------------------------------- pointwise


@_served
def relu(x: Array) -> Any:
    if not _all_float32(x):
        return NotImplemented
    y = np.empty(x.shape, np.float32)
    x = _contiguous(x)
    _library.relu(_at(y), _at(x), x.size)
    return y


@_served
def relu_grad(gy: Array, x: Array) -> Any:
    if not _all_float32(gy, x) or gy.shape != x.shape:
        return NotImplemented
    gx = np.empty(x.shape, np.float32)
    gy, x = _contiguous(gy), _contiguous(x)
    _library.relu_grad(_at(gx), _at(gy), _at(x), x.size)
    return gx


@_served
def sum(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Any:
    if not _all_float32(x):
        return NotImplemented
    n = x.ndim
    given = tuple(range(n)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    summed = {i + n if i < 0 else i for i in given}
    if not summed or len(summed) != len(given) or not summed.issubset(range(n)):
        return NotImplemented
    # What is kept must be one axis in the side module's eyes: neighbours, with summed ones before and after.
    # Axes of length 1 are neither.
    kept = [i for i in range(n) if i not in summed and x.shape[i] > 1]
    start, stop = (kept[0], kept[-1] + 1) if kept else (0, 0)
    if any(i in summed and x.shape[i] > 1 for i in range(start, stop)):
        return NotImplemented
    shape = [1 if i in summed else x.shape[i] for i in range(n) if keepdims or i not in summed]
    y = np.empty(shape, np.float32)
    x = _contiguous(x)
    sizes = (math.prod(x.shape[part]) for part in (slice(start), slice(start, stop), slice(stop, None)))
    _library.sum_channels(_at(y), _at(x), *sizes)
    return y


def _labels_of(x: Array, t: Array) -> bool:
    """Whether t (N,) may be the labels of x (N, classes); the side module looks at each of them."""
    return x.ndim == 2 and t.shape == x.shape[:1] and t.dtype.kind in "iu"


@_served
def softmax_cross_entropy(x: Array, t: Array) -> Any:
    if not _all_float32(x) or not _labels_of(x, t):
        return NotImplemented
    loss = np.empty((), np.float32)
    x, t = _contiguous(x), np.ascontiguousarray(t, np.int32)
    return loss if _library.softmax_cross_entropy(_at(loss), _at(x), _at(t), *x.shape) else NotImplemented


@_served
def softmax_cross_entropy_grad(x: Array, t: Array, gy: Array) -> Any:
    if not _all_float32(x, gy) or not _labels_of(x, t) or gy.shape != ():
        return NotImplemented
    gx = np.empty(x.shape, np.float32)
    x, t, scale = _contiguous(x), np.ascontiguousarray(t, np.int32), _float(gy.item() / len(x))
    done = _library.softmax_cross_entropy_grad(_at(gx), _at(x), _at(t), scale, *x.shape)
    return gx if done else NotImplemented


def _channels(x: Array) -> tuple[int, int, int]:
    """X (N, C, ...) as the side module takes it: (N, C, the rest)."""
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


@_served
def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> Any:
    if not _all_float32(x, gamma, beta) or not gamma.shape == beta.shape == x.shape[1:2]:
        return NotImplemented
    y, mean, var = (np.empty(shape, np.float32) for shape in (x.shape, gamma.shape, gamma.shape))
    x, gamma, beta = _contiguous(x), _contiguous(gamma), _contiguous(beta)
    _library.batch_norm(
        _at(y), _at(mean), _at(var), _at(x), _at(gamma), _at(beta), _float(eps), *_channels(x)
    )
    return y, mean, var


@_served
def batch_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> Any:
    if not _all_float32(x, gamma, gy) or gamma.shape != x.shape[1:2] or gy.shape != x.shape:
        return NotImplemented
    gx, ggamma, gbeta = (np.empty(shape, np.float32) for shape in (x.shape, gamma.shape, gamma.shape))
    x, gamma, gy = _contiguous(x), _contiguous(gamma), _contiguous(gy)
    _library.batch_norm_grad(
        _at(gx), _at(ggamma), _at(gbeta), _at(x), _at(gamma), _at(gy), _float(eps), *_channels(x)
    )
    return gx, ggamma, gbeta


# ------------------------------------------------------------------------------------------------ optimizers


def _alike(W: Array, *others: Array) -> bool:
    return _all_float32(W, *others) and all(a.shape == W.shape for a in others)


@_served
def sgd(W: Array, gW: Array, lr: float) -> Any:
    if not _alike(W, gW):
        return NotImplemented
    moved = np.empty(W.shape, np.float32)
    W, gW = _contiguous(W), _contiguous(gW)
    _library.sgd(_at(moved), _at(W), _at(gW), _float(lr), W.size)
    return moved


@_served
def momentum_sgd(W: Array, v: Array, gW: Array, lr: float, momentum: float) -> Any:
    if not _alike(W, v, gW):
        return NotImplemented
    moved, new_v = np.empty(W.shape, np.float32), np.empty(W.shape, np.float32)
    W, v, gW = _contiguous(W), _contiguous(v), _contiguous(gW)
    _library.momentum_sgd(
        _at(moved), _at(new_v), _at(W), _at(v), _at(gW), _float(lr), _float(momentum), W.size
    )
    return moved, new_v


@_served
def adam(
    W: Array,
    m: Array,
    v: Array,
    gW: Array,
    rate: float,
    beta1: float,
    beta2: float,
    eps: float,
    decay: float,
) -> Any:
    if not _alike(W, m, v, gW):
        return NotImplemented
    moved, new_m, new_v = (np.empty(W.shape, np.float32) for _ in range(3))
    W, m, v, gW = _contiguous(W), _contiguous(m), _contiguous(v), _contiguous(gW)
    settings = map(_float, (rate, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay))
    _library.adam(_at(moved), _at(new_m), _at(new_v), _at(W), _at(m), _at(v), _at(gW), *settings, W.size)
    return moved, new_m, new_v

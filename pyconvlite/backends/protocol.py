"""The backends' interface: every kernel with its signature, shapes and meaning.

`backends/numpy/` is the reference; `backends/simd/` and `backends/webgpu/` have the same kernels in files of
the same names. mypy checks that each implements the protocol `Kernels`.

Shapes: x (N, C, H, W), W (OC, C/groups, KH, KW), b (OC,), y and gy (N, OC, OH, OW). float32 in gives float32
out; so do float16 and float64 where the backend has them. The public functions check the arguments, except
for indices and labels, which the kernels check. No kernel writes into an argument.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from .._shapes import Array, Pair

A = TypeVar("A")  # the backend's array class
Rows = Sequence[tuple[A, ...]]


class ConvGeometry(NamedTuple):
    """Sizes of a convolution or pooling; each is (height, width), except groups.

    Attributes:
        kernel_size: size of the kernel or window, (KH, KW).
        stride: step from one position of the kernel to the next, in pixels.
        pad: pixels of padding before the input. After it there are as many as the windows reach, see `edges`.
        dilation: distance between adjacent kernel elements, in pixels.
        groups: number of channel groups.
        input_size: (H, W), without padding.
        output_size: (OH, OW).

    Example:
        >>> ConvGeometry((3, 3), (2, 2), (1, 1), (1, 1), 1, (28, 28), (14, 14)).output_size
        (14, 14)
    """

    kernel_size: Pair
    stride: Pair
    pad: Pair
    dilation: Pair
    groups: int
    input_size: Pair
    output_size: Pair

    @property
    def edges(self) -> tuple[Pair, Pair]:
        """Pixels of padding that the windows meet, (above, below) and (left, right)."""
        below, right = (
            max(0, step * (outputs - 1) + (size - 1) * gap + 1 - before - pixels)
            for step, outputs, size, gap, before, pixels in zip(
                self.stride,
                self.output_size,
                self.kernel_size,
                self.dilation,
                self.pad,
                self.input_size,
                strict=True,
            )
        )
        return (self.pad[0], below), (self.pad[1], right)

    def starts(self, axis: int) -> Array:
        """Where the windows begin along an axis of the images; below 0 in the padding."""
        return self.stride[axis] * np.arange(self.output_size[axis]) - self.pad[axis]


class Kernels(Protocol[A]):
    """The kernels of a backend; each takes and returns the backend's arrays.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import backends
        >>> backends.kernels(np.zeros(2)).relu(np.array([-1.0, 2.0]))
        array([0., 2.])
    """

    # -- matmul.py

    def matmul(self, a: A, b: A) -> A:
        """Matrix product of a (..., M, K) and b (..., K, P); leading axes broadcast."""

    def linear(self, x: A, W: A, b: A | None, /) -> A:
        """x W + b: x is (N, in), W (in, out), b (out,)."""

    # -- elementwise.py: NumPy's functions of these names, for arrays that broadcast, and Python's numbers

    def add(self, x0: A, x1: A | float, /) -> A:
        """x0 + x1."""

    def sub(self, x0: A | float, x1: A | float, /) -> A:
        """x0 - x1."""

    def mul(self, x0: A, x1: A | float, /) -> A:
        """x0 * x1."""

    def div(self, x0: A, x1: A | float, /) -> A:
        """x0 / x1."""

    def pow(self, x: A, c: A | float, /) -> A:
        """x ** c."""

    def maximum(self, x0: A, x1: A | float, /) -> A:
        """The greater element of the two; NaN if one is NaN."""

    def minimum(self, x0: A, x1: A | float, /) -> A:
        """The smaller element of the two; NaN if one is NaN."""

    def equal(self, x0: A, x1: A | float, /) -> A:
        """x0 == x1, an array of bools."""

    def greater(self, x0: A, x1: A | float, /) -> A:
        """x0 > x1, an array of bools."""

    def greater_equal(self, x0: A, x1: A | float, /) -> A:
        """x0 >= x1, an array of bools."""

    def less(self, x0: A, x1: A | float, /) -> A:
        """x0 < x1, an array of bools."""

    def less_equal(self, x0: A, x1: A | float, /) -> A:
        """x0 <= x1, an array of bools."""

    def where(self, condition: A, x0: A | float, x1: A | float, /) -> A:
        """x0 where the condition holds, x1 elsewhere."""

    def neg(self, x: A, /) -> A:
        """-x."""

    def abs(self, x: A, /) -> A:
        """Absolute value of x."""

    def sign(self, x: A, /) -> A:
        """-1, 0 or 1; NaN of NaN."""

    def sqrt(self, x: A, /) -> A:
        """Square root of x."""

    def exp(self, x: A, /) -> A:
        """e ** x."""

    def expm1(self, x: A, /) -> A:
        """e ** x - 1, accurate also where x is close to 0."""

    def log(self, x: A, /) -> A:
        """Natural logarithm of x."""

    def log1p(self, x: A, /) -> A:
        """Natural logarithm of 1 + x, accurate also where x is close to 0."""

    def sin(self, x: A, /) -> A:
        """Sine of x in radians."""

    def cos(self, x: A, /) -> A:
        """Cosine of x in radians."""

    def tanh(self, x: A, /) -> A:
        """Hyperbolic tangent of x."""

    # -- reduction.py; over an axis, several, or all (None)

    def sum(self, x: A, axis: int | tuple[int, ...] | None, keepdims: bool, /) -> A:
        """Sum of x over axes."""

    def mean(self, x: A, axis: int | tuple[int, ...] | None, keepdims: bool, /) -> A:
        """Mean of x over axes."""

    def max(self, x: A, axis: int | tuple[int, ...] | None, keepdims: bool, /) -> A:
        """Maximum of x over axes; NaN if one element is NaN."""

    def min(self, x: A, axis: int | tuple[int, ...] | None, keepdims: bool, /) -> A:
        """Minimum of x over axes; NaN if one element is NaN."""

    # -- indexing.py

    def rows_grad(self, gy: A, index: A, rows: int) -> A:
        """Gradient of x[index] with respect to x of length `rows`: gy (*index.shape, ...) added at the index.

        Raises IndexError for an index that is out of bounds; a device does not check.
        """

    # -- convolution.py

    def conv2d(
        self, x: A, W: A, b: A | None, geometry: ConvGeometry, relu: bool = False, most: float = math.inf
    ) -> A:
        """Cross-correlation: y[n, o] = b[o] + sum over c of x[n, c] * W[o, c].

        With `relu` it is clipped to [0, most]; `most` is above 0.
        """

    def conv2d_gx(self, gy: A, W: A, b: A | None, geometry: ConvGeometry) -> A:
        """Gradient of conv2d with respect to x: (N, C, H, W). With a bias b (C,): deconvolution.

        A weight that is NaN or infinite affects the pixels that it is multiplied with and no others.
        """

    def conv2d_gW(self, x: A, gy: A, geometry: ConvGeometry) -> A:
        """Gradient of conv2d with respect to W: (OC, C/groups, KH, KW)."""

    def im2col(self, x: A, geometry: ConvGeometry) -> A:
        """Pixels of x under the kernel at each of its positions: (N, C, KH, KW, OH, OW)."""

    def col2im(self, col: A, geometry: ConvGeometry) -> A:
        """Adjoint of im2col: each pixel (N, C, H, W) is the sum of its copies in col."""

    # -- pooling.py

    def max_pool(self, x: A, geometry: ConvGeometry) -> tuple[A, A]:
        """Maximum of each window, and the index kh * KW + kw of its first occurrence: (N, C, OH, OW).

        Padding never counts in a window that has a pixel; NaN is larger than every number.
        """

    def max_pool_grad(self, gy: A, indexes: A, geometry: ConvGeometry) -> A:
        """Gradient of max_pool with respect to x: gy added to the pixels at `indexes`.

        Raises IndexError for an index that is not one of a window's pixels; a device does not check.
        """

    def max_pool_gather(self, x: A, indexes: A, geometry: ConvGeometry) -> A:
        """The pixel of each window at `indexes`: the adjoint of max_pool_grad, with its errors."""

    def avg_pool(self, x: A, geometry: ConvGeometry, count_include_pad: bool) -> A:
        """Mean of each window; padding counts as zeros with `count_include_pad`, and is left out without."""

    def avg_pool_grad(self, gy: A, geometry: ConvGeometry, count_include_pad: bool) -> A:
        """Gradient of avg_pool with respect to x."""

    # -- activation.py

    def relu(self, x: A, /) -> A:
        """max(x, 0), element-wise."""

    def relu_grad(self, gy: A, x: A, /) -> A:
        """0 where x <= 0, and `gy` elsewhere, also where x is NaN."""

    def sigmoid(self, x: A, /) -> A:
        """1 / (1 + exp(-x)), with a small relative error also where it is close to 0."""

    def normal_cdf(self, x: A, /) -> A:
        """Cumulative distribution function of the standard normal distribution: erfc(-x / sqrt(2)) / 2."""

    def gelu_grad(self, gy: A, x: A, cdf: A, /) -> A:
        """gy times the derivative of x * cdf, where `cdf` is normal_cdf(x)."""

    def silu_grad(self, gy: A, x: A, s: A, /) -> A:
        """gy times the derivative of x * s, where s is sigmoid(x)."""

    def erf(self, x: A, /) -> A:
        """Error function: 2 * normal_cdf(x * sqrt(2)) - 1, with a small relative error also close to 0."""

    def hardswish(self, x: A, /) -> A:
        """x * clip(x / 6 + 1 / 2, 0, 1)."""

    def hardswish_grad(self, gy: A, x: A, /) -> A:
        """gy times the derivative of hardswish, which is 0 at -3, 1 at 3, and NaN at NaN."""

    # -- dropout.py

    def dropout_mask(self, x: A, ratio: float) -> A:
        """Mask of x's shape and dtype: 0 with probability `ratio`, otherwise 1 / (1 - ratio)."""

    # -- loss.py

    def check_indexes(self, t: A, size: int, name: str) -> None:
        """Raise ValueError unless all integers in t are in 0..size - 1; a device raises it at its next read.

        `name` names the argument in the message.
        """

    def check_probabilities(self, x: A, name: str, hint: str) -> None:
        """Raise ValueError, with the hint, unless all of x is from 0 to 1; a device does not check."""

    def softmax_cross_entropy(self, x: A, t: A) -> tuple[A, A]:
        """Mean of -log softmax(x)[t], 0-d, for labels t; and its gradient with respect to x.

        x is (N, classes) and t (N,); or they have further axes, (N, classes, ...) and (N, ...). The gradient
        is float32 for float16, whose smallest number is larger than many of its elements.

        Raises ValueError for a label that is not in 0..classes - 1; a device raises it at its next read.
        """

    # -- softmax.py

    def softmax(self, x: A, axis: int, log: bool) -> A:
        """exp(x), normalized to sum 1 along an axis, or its logarithm."""

    def softmax_grad(self, y: A, gy: A, axis: int, log: bool) -> A:
        """Gradient of softmax with respect to x, from its result."""

    # -- norm.py

    def batch_norm(self, x: A, gamma: A, beta: A, eps: float) -> tuple[A, A, A]:
        """`gamma * (x - mean) / sqrt(var + eps) + beta`, mean and var; x is (N, C, ...), gamma and beta (C,).

        mean and the biased variance var, (C,), are taken over all axes except C.
        """

    def batch_norm_grad(self, x: A, gamma: A, gy: A, eps: float) -> tuple[A, A, A]:
        """Gradients of batch_norm's first result with respect to x, gamma and beta."""

    def scale_channels(self, x: A, mean: A, scale: A, shift: A) -> A:
        """`(x - mean) * scale + shift`; x is (N, C, ...), the others (C,)."""

    def row_norm(self, x: A, gamma: A, beta: A, eps: float) -> A:
        """`gamma * (x - mean) / sqrt(var + eps) + beta` of x (rows, K, S), with each row's mean and variance.

        gamma and beta are (parts, K): row r has those of the part r % parts.
        """

    def row_norm_grad(self, x: A, gamma: A, gy: A, eps: float) -> tuple[A, A, A]:
        """Gradients of row_norm with respect to x, gamma and beta."""

    # -- recurrent.py; x (T, N, features) has the steps of a sequence. The rows of W are the weights of x,
    # those of h, and the biases; it has H columns for each gate.

    def lstm(self, x: A, h: A, c: A, W: A) -> tuple[A, A, A]:
        """hs and cs, (T + 1, N, H), which start with h and c (N, H); gates f, i, o, u (T, N, 4 H).

        W (features + H + 1, 4 H): f, i, o = sigmoid(...), u = tanh(...) of x Wx + h Wh + b, then
        c = f * c + i * u and h = o * tanh(c).
        """

    def lstm_grad(
        self, x: A, W: A, hs: A, cs: A, gates: A, ghs: A, gc: A, needs_gx: bool
    ) -> tuple[A | None, A, A, A]:
        """Gradients with respect to x, if needed, h, c and W; ghs (T, N, H) is hs[1:]'s, gc cs[-1]'s."""

    def gru(self, x: A, h: A, W: A) -> tuple[A, A, A]:
        """hs (T + 1, N, H), which starts with h (N, H); gates r, z, n (T, N, 3 H); h Wn + bn (T, N, H).

        W (features + H + 2, 3 H), with a bias for x and one for h: r, z = sigmoid(x Wx + bx + h Wh + bh),
        n = tanh(x Wx + bx + r * (h Wh + bh)), each with its columns, then h = (1 - z) * n + z * h.
        """

    def gru_grad(
        self, x: A, W: A, hs: A, gates: A, terms: A, ghs: A, needs_gx: bool
    ) -> tuple[A | None, A, A]:
        """Gradients with respect to x, if needed, h and W; ghs (T, N, H) is that of hs[1:]."""

    # -- optimizer.py; gradients and states of float16 weights are float32, so that small steps are not lost

    def clip_norm(self, gradients: list[A], max_norm: float) -> list[A]:
        """The gradients, scaled so that their joint L2 norm is at most `max_norm`; all are NaN if one is."""

    # An update of all Parameters. A row has the weights of one, their gradient and its states, all of one
    # shape; the row returned has the new weights, in the dtype of the old ones, and the new states.

    def sgd(self, rows: Rows[A], lr: float) -> Rows[A]:
        """(W - lr * gW,)."""

    def momentum_sgd(self, rows: Rows[A], lr: float, momentum: float) -> Rows[A]:
        """(W + v, v), with v = momentum * v - lr * gW."""

    def adagrad(self, rows: Rows[A], lr: float, eps: float) -> Rows[A]:
        """(W - lr * gW / (sqrt(h) + eps), h), with h = h + gW * gW."""

    def rmsprop(self, rows: Rows[A], lr: float, alpha: float, eps: float, momentum: float) -> Rows[A]:
        """(W - lr * v, square, v), with v = momentum * v + gW / (sqrt(square) + eps).

        Before it square = alpha * square + (1 - alpha) * gW * gW.
        """

    def adadelta(self, rows: Rows[A], rho: float, eps: float) -> Rows[A]:
        """(W - dx, msg, msdx), with dx = sqrt((msdx + eps) / (msg + eps)) * gW.

        Before it msg = rho * msg + (1 - rho) * gW * gW, and after it msdx likewise with dx * dx.
        """

    def adam(
        self, rows: Rows[A], rate: float, beta1: float, beta2: float, eps: float, decay: float
    ) -> Rows[A]:
        """(W - rate * m / (sqrt(v) + eps) - decay * W, m, v).

        Before it m = beta1 * m + (1 - beta1) * gW and v = beta2 * v + (1 - beta2) * gW * gW.
        """


KERNELS = tuple(sorted(name for name in vars(Kernels) if not name.startswith("_")))  # names

"""What goes over arrays element by element or channel by channel."""

from __future__ import annotations

import math

import numpy as np

from ..._random import rng
from ..._shapes import Array
from .._calls import counted

# ------------------------------------------------------------------------------------------------ activations


@counted("numpy")
def relu(x: Array) -> Array:
    """max(x, 0), element by element."""
    return np.maximum(x, 0)


@counted("numpy")
def relu_grad(gy: Array, x: Array) -> Array:
    """Gradient of relu: gy where x is above 0, and 0 elsewhere."""
    return np.where(x > 0, gy, 0)


# Chebyshev coefficients, on s = 2t - 1, of log(erfc(z) / t) + z^2 with t = 2 / (2 + z) and z >= 0. The
# first 10 give erfc to 1e-7 of its value, all to 1e-14.
_ERFC = (
    *(-0.65132685989085472, 0.64196979235649026, 0.019476473204185836, -0.0095615147868086316),
    *(-0.00094659534448203687, 0.00036683949785276145, 4.2523324806907772e-5, -2.0278578112534243e-5),
    *(-1.6242900046470255e-6, 1.3036558355805232e-6, 1.5626441722066143e-8, -8.5238095914926543e-8),
    *(6.5290544390988515e-9, 5.0593434955514689e-9, -9.9136415649303309e-10, -2.2736512229318359e-10),
    *(9.6467911020155268e-11, 2.3940380830391147e-12, -6.8860275264975534e-12, 8.9448792730907257e-13),
    *(3.1309213993429581e-13, -1.1270822361367252e-13, 3.8109052551892321e-16, 7.1060976136092369e-15),
)


@counted("numpy")
def normal_cdf(x: Array) -> Array:
    """Probability that a standard normal number lies below x: erfc(-x / sqrt(2)) / 2."""
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    z = np.abs(x).astype(np.float32 if dtype == np.float16 else dtype) * math.sqrt(0.5)
    z = np.minimum(z, 40)  # where the tail is 0, and squares do not overflow yet
    t = 2 / (2 + z)
    s = 2 * t - 1
    b1 = b2 = np.zeros_like(s)
    for coefficient in _ERFC[9 if z.dtype == np.float32 else None : 0 : -1]:  # Clenshaw's recurrence
        b1, b2 = 2 * s * b1 - b2 + coefficient, b1
    tail = t * np.exp(s * b1 - b2 + _ERFC[0] - z * z) * 0.5
    return np.where(x < 0, tail, 1 - tail).astype(dtype, copy=False)


@counted("numpy")
def dropout_mask(x: Array, ratio: float) -> Array:
    """In x's shape and dtype, 0 with probability `ratio` and else 1 / (1 - ratio)."""
    keep = rng().random(x.shape) >= ratio
    return np.asarray(keep.astype(x.dtype) / (1 - ratio))


# ------------------------------------------------------------------------------------------------------- sums


@counted("numpy")
def sum(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """Sum over axes."""
    return x.sum(axis=axis, keepdims=keepdims)  # type: ignore[no-any-return]


# -------------------------------------------------------------------------------------- softmax cross entropy


@counted("numpy")
def softmax_cross_entropy(x: Array, t: Array) -> Array:
    """Mean over the rows of x (N, classes) of -log softmax(x)[t], with labels t (N,)."""
    x = x - x.max(axis=1, keepdims=True)
    log_z = np.log(np.exp(x).sum(axis=1))
    return (log_z - x[np.arange(len(x)), t]).mean()  # type: ignore[no-any-return]


@counted("numpy")
def softmax_cross_entropy_grad(x: Array, t: Array, gy: Array) -> Array:
    """Gradient of softmax_cross_entropy with respect to x, times gy, an array without axes."""
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(x)), t] -= 1
    return p * (gy * (1.0 / len(x)))  # type: ignore[no-any-return]


# ---------------------------------------------------------------------------------------------- normalization


@counted("numpy")
def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """Normalize x (N, C, ...) over all axes but C: gamma * (x - mean) / sqrt(var + eps) + beta, mean, var."""
    mean, centred, inv_std, var = _standardize(x, eps)
    y = centred * (inv_std * _per_channel(gamma, x)) + _per_channel(beta, x)
    return y.astype(x.dtype, copy=False), mean.ravel(), var.ravel()


@counted("numpy")
def batch_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array]:
    """Gradients of batch_norm's y with respect to x, gamma and beta."""
    _, centred, inv_std, _ = _standardize(x, eps)
    centred *= inv_std
    axes = _all_but_channels(x)
    gbeta = gy.sum(axis=axes, keepdims=True, dtype=centred.dtype)
    ggamma = (gy * centred).sum(axis=axes, keepdims=True)
    count = x.size // gamma.size
    gx = (gy - gbeta / count - centred * (ggamma / count)) * (inv_std * _per_channel(gamma, x))
    return gx.astype(x.dtype, copy=False), ggamma.ravel(), gbeta.ravel()


def _standardize(x: Array, eps: float) -> tuple[Array, Array, Array, Array]:
    """mean, x - mean, 1 / sqrt(var + eps) and var, ready to broadcast with x; for float16 in float32."""
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    axes = _all_but_channels(x)
    mean = x.mean(axis=axes, keepdims=True)
    centred = x - mean
    var = (centred * centred).mean(axis=axes, keepdims=True)
    return mean, centred, 1 / np.sqrt(var + eps), var


def _all_but_channels(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _per_channel(v: Array, x: Array) -> Array:
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


# ------------------------------------------------------------------------------------------------- optimizers

# Gradients, moments and velocities of float16 weights are float32, so that small steps are not lost. No
# argument is written to.


def _moved(W: Array, step: Array) -> Array:
    """W + step, the sum taken in the dtype of the step; of a weight without axes, a NumPy scalar."""
    return (W.astype(step.dtype, copy=False) + step).astype(W.dtype, copy=False)


moved = counted("numpy", "moved")(_moved)


@counted("numpy")
def clip_norm(gradients: list[Array], most: float) -> list[Array]:
    """The gradients, scaled by one factor where the root of the sum of all squares is above `most`."""
    # float64 holds the squares of whatever float32 holds
    squares = [float((g.astype(np.float64) ** 2).sum()) for g in gradients]
    norm = math.sqrt(math.fsum(squares))
    return [g * (most / norm) for g in gradients] if norm > most else gradients


@counted("numpy")
def sgd(W: Array, gW: Array, lr: float) -> Array:
    """W - lr * gW."""
    return _moved(W, -lr * gW)


@counted("numpy")
def momentum_sgd(W: Array, v: Array, gW: Array, lr: float, momentum: float) -> tuple[Array, Array]:
    """The moved weights and the new velocity: W + v with v = momentum * v - lr * gW."""
    v = momentum * v - lr * gW
    return _moved(W, v), v


@counted("numpy")
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
) -> tuple[Array, Array, Array]:
    """The moved weights and the new moments: W - rate * m / (sqrt(v) + eps) - decay * W."""
    m = beta1 * m + (1 - beta1) * gW
    v = beta2 * v + (1 - beta2) * gW * gW
    step = -rate * m / (np.sqrt(v) + eps)
    if decay:
        step -= decay * W.astype(step.dtype, copy=False)
    return _moved(W, step), m, v

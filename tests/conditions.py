"""Bounds of float32's rounding errors, for each element by its condition: the sum of its |terms|.

The error of a rounding is at most EPS times the rounded number, and no intermediate result of an element is
larger than its condition. So errors are compared with `constant * EPS * condition`, element by element: an
error in a small element is not hidden by a large one. The condition is computed in float64 by the same
operation, on absolute values.
"""

import numpy as np

from pyconvlite import Parameter, Variable, backends, grad
from pyconvlite.layers import Layer
from pyconvlite.optimizers import WeightDecay

EPS = 2.0**-24  # the largest relative error of rounding a normal number to float32
TINY = 2.0**-126  # the largest absolute error of smaller ones, which may become 0

# Allowed roundings on a device; the worst seen is 17, of sums of three hundred terms added one by one.
PRODUCT = 64


def numbers(*shape, seed=0, dtype=np.float32):
    """Normal random numbers."""
    return np.array(np.random.default_rng(seed).standard_normal(shape), dtype)


def scaled(a, *axes, seed=0):
    """`a` with each index of the axes scaled by a power of two of its own, from 2^-20 to 2^20."""
    a = np.moveaxis(a, axes, range(len(axes)))
    powers = np.random.default_rng(seed).integers(-20, 21, a.shape[: len(axes)])
    factors = np.float32(2) ** powers.reshape(*powers.shape, *[1] * (a.ndim - len(axes)))
    return np.moveaxis(a * factors.astype(np.float32), range(len(axes)), axes)


def wide(a):
    """Floats as float64; labels as they are."""
    return a.astype(np.float64) if a.dtype.kind == "f" else a


def absolute(a):
    return np.asarray(abs(wide(a))) if a.dtype.kind == "f" else a


def everything(f, arrays, order, of_arrays=lambda a: a, of_weights=lambda a: a):
    """f's value, its gradients, their gradients and so on, each weighted with random numbers.

    `of_arrays` and `of_weights` convert f's arrays and the weights first.
    """
    found = level = [f(*(xs := [Variable(of_arrays(a)) for a in arrays]))]
    sources = [x for x, a in zip(xs, arrays, strict=True) if a.dtype.kind == "f"]
    for n in range(order):
        gys = [Variable(of_weights(numbers(*v.shape, seed=n))) for v in level]
        level = grad(level, sources, gys, create_graph=n + 1 < order)
        sources += gys
        found = found + level
    return [v.data for v in found]


def truth(f, arrays, order):
    """The same in float64."""
    return everything(f, arrays, order, wide, wide)


# ----------------------------------------------------------------- conditions of everything(f, arrays, order)


def terms(f, arrays, order):
    """For functions that are linear in each of their arrays: convolutions, products, sums."""
    return everything(f, arrays, order, absolute, absolute)


def taken(f, arrays, order):
    """For functions that select elements by value and add them up: max pooling, ReLU."""
    return [abs(v) for v in everything(f, arrays, order, wide, absolute)]


def rounded(f, arrays, order):
    """For smooth functions: each element, and its change under small changes of the arrays."""
    rng = np.random.default_rng(0)
    change = 1e-7

    def changed(a):
        return np.asarray(wide(a) * (1 + change * rng.choice([-1, 1], a.shape))) if a.dtype.kind == "f" else a

    true = truth(f, arrays, order)
    moved = [everything(f, arrays, order, changed, changed) for _ in range(8)]
    return [
        np.max([abs(other - v) for other in others], axis=0) / change + abs(v)
        for v, others in zip(true, zip(*moved, strict=True), strict=True)
    ]


def cross_entropy(f, arrays, order):
    """Of softmax_cross_entropy, second gradients included: differences, their exp, and sums."""
    x, t = wide(arrays[0]), arrays[1]
    N = len(x)
    most = x.max(axis=1, keepdims=True)
    p = np.exp(x - most)
    total = p.sum(axis=1, keepdims=True)
    p /= total
    hit = np.eye(x.shape[1])[t]
    reach = 1 + abs(x - most)  # relative error of exp
    reach = reach + (p * reach).sum(axis=1, keepdims=True)
    gy, u = abs(wide(numbers())), abs(wide(numbers(*x.shape, seed=1)))
    of_p = p * reach + hit
    value = (
        np.log(total) + abs(x - most)[np.arange(N), t][:, np.newaxis] + reach.min(axis=1, keepdims=True)
    ).mean()
    second = gy / N * p * reach * (u + (p * u).sum(axis=1, keepdims=True))
    return [value, of_p * gy / N, second, (of_p * u).sum() / N][: 2 * order or 1]


def batch_norm(f, arrays, order, eps=1e-5):
    """Of batch_norm, second gradients included; xh is what x is normalized to, X its terms."""
    x, gamma, beta = map(wide, arrays)
    axes = (0, *range(2, x.ndim))
    count = x.size // x.shape[1]

    def mean(v):
        return v.mean(axis=axes, keepdims=True)

    def channel(v):
        return abs(v).reshape(1, -1, *[1] * (x.ndim - 2))

    centred = x - mean(x)
    inv_std = 1 / np.sqrt(mean(centred**2) + eps)
    X = (abs(x) + mean(abs(x))) * inv_std
    inv_std = inv_std * (1 + mean(abs(centred) * inv_std * X))  # with its own relative error
    gamma, gy = channel(gamma), absolute(numbers(*x.shape))
    y = gamma * X * (1 + mean(abs(centred) * inv_std * X)) + channel(beta)
    q = mean(gy * X)
    through = inv_std * (gy + mean(gy) + X * q)
    found = [y, gamma * through, (count * q).ravel(), (count * mean(gy)).ravel()]
    if order > 1:
        u, s = absolute(numbers(*x.shape, seed=1)), channel(wide(numbers(x.shape[1], seed=1)))
        p = mean(u * X)
        forth = inv_std * (u + mean(u) + X * p)
        of_std = X * (mean(u * gy) + mean(u) * mean(gy) + p * q)
        gx = s * through + gamma * inv_std * (inv_std * of_std + q * forth + p * through)
        found += [gx, (count * mean(u * through)).ravel(), np.zeros_like(beta), gamma * forth + s * X + s]
    return found


def widened(condition, reach):
    """The largest condition within `reach` pixels, for algorithms that compute tiles of pixels together."""
    condition = np.nan_to_num(condition, nan=0, posinf=0)
    for axis in (-1, -2):
        edges = [(0, 0)] * condition.ndim
        edges[axis] = (reach, reach)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(condition, edges), 2 * reach + 1, axis=axis)
        condition = windows.max(axis=-1)
    return condition


def assert_close(found, true, condition, constant):
    """Compare elements within `constant` roundings of their conditions; NaN and infinity must be equal."""
    assert found.shape == true.shape
    finite = np.isfinite(true)
    np.testing.assert_array_equal(found[~finite], true[~finite])
    error = np.abs(found[finite] - true[finite])
    bound = constant * (EPS * np.broadcast_to(condition, true.shape)[finite] + TINY)
    assert (error <= bound).all(), (
        f"errors of up to {(error / bound).max() * constant:.3g} roundings; allowed are {constant}"
    )


def assert_sums(found, f, *arrays, constant):
    """Compare with f of the arrays, in each of which it is linear."""
    assert_close(found, f(*map(wide, arrays)), f(*map(absolute, arrays)), constant)


# ------------------------------------------------------------------------------------------------- optimizers


def updated(optimizer, weights, gradients):
    """Weights, a list of arrays, and the optimizer's states of them, after all updates."""
    layer = Layer()
    params = [Parameter(W) for W in weights]
    for i, param in enumerate(params):
        setattr(layer, f"p{i}", param)
    optimizer.setup(layer)
    for gs in gradients:
        for param, g in zip(params, gs, strict=True):
            param.grad = Variable(g)
        optimizer.update()
    return [
        a
        for param in params
        for a in (param.data, *(getattr(optimizer, name)[param] for name in optimizer.states))
    ]


def check_optimizer(make, weights, gradients, constant, of_arrays=lambda a: a):
    """Compare weights and states with float64's; the terms are the weight and all steps."""

    def run(optimizer, of_weights, of_gradients):
        return updated(optimizer, map(of_weights, weights), [map(of_gradients, gs) for gs in gradients])

    found = run(make(), of_arrays, of_arrays)
    one_sign = make()  # of all that is added, with weights above zero and gradients below
    for hook in one_sign.hooks:
        if isinstance(hook, WeightDecay):
            hook.rate = -hook.rate
    with backends.use("numpy"):
        conditions = run(one_sign, absolute, lambda g: np.asarray(-absolute(g)))
        for y, true, condition in zip(found, run(make(), wide, wide), conditions, strict=True):
            assert_close(backends.to_cpu(y), true, abs(condition), constant)
    return found

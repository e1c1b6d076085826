"""Operations in any order: NumPy's results, no leaked memory, nothing read back."""

import gc

import numpy as np

from pyconvlite.backends import webgpu

STEPS = 10_000
SHAPES = [(3,), (2, 3), (4, 1, 3), (2, 4, 3), (3, 3), ()]


def bounded(xp, x):
    return xp.minimum(xp.maximum(x, -2), 2)


def written(x, v):
    x = x.copy()
    x[...] = v
    return x


# of one array: f(xp, x)
UNARY = [
    lambda xp, x: x * 2 - 1,
    lambda xp, x: 1 / (abs(x) + 1),
    lambda xp, x: -x,
    lambda xp, x: x.T,
    lambda xp, x: x[::-1] if x.ndim else x,
    lambda xp, x: x[..., None],
    lambda xp, x: x.reshape(-1),
    lambda xp, x: x[0] if x.ndim else x,
    lambda xp, x: x[np.array([0, -1, 0])] if x.ndim else x,
    lambda xp, x: x.sum(axis=0, keepdims=True) if x.ndim else x,
    lambda xp, x: x.mean(axis=-1) if x.ndim else x,
    lambda xp, x: x.max(),
    lambda xp, x: xp.where(x > 0, x, 0.5),
    lambda xp, x: (x > 0).astype(np.float32),
    lambda xp, x: xp.pad(x, 1) if 0 < x.size < 50 else x,
    lambda xp, x: xp.concatenate([x, x], axis=0) if x.ndim and x.size < 50 else x,
    lambda xp, x: written(x, 0.25),
    lambda xp, x: xp.zeros_like(x) + x,
]
# of two, which broadcast
BINARY = [
    lambda xp, x, y: x + y,
    lambda xp, x, y: x * y,
    lambda xp, x, y: xp.maximum(x, y),
    lambda xp, x, y: xp.where(x < y, x, y),
]


def fits(x, y):
    try:
        return np.broadcast(x, y).size < 200 and max(x.ndim, y.ndim) < 6
    except ValueError:
        return False


def test_random_operations():
    rng = np.random.default_rng(3)
    webgpu.asarray([1.0]).get()
    gc.collect()
    before = webgpu.memory()

    host = [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]
    device = [webgpu.asarray(x) for x in host]
    for step in range(STEPS):
        i, j, to = rng.integers(0, len(host), 3)
        if step % 3 == 0 and fits(host[i], host[j]):
            f = BINARY[rng.integers(len(BINARY))]
            pair = [f(xp, xs[i], xs[j]) for xp, xs in ((np, host), (webgpu, device))]
        else:
            f = UNARY[rng.integers(len(UNARY))]
            pair = [f(xp, xs[i]) for xp, xs in ((np, host), (webgpu, device))]
        x, y = (bounded(xp, a) for xp, a in zip((np, webgpu), pair, strict=True))
        if y.ndim > 4 or y.size > 100:
            x, y = x.reshape(-1)[:3], y.reshape(-1)[:3]
        assert (y.shape, y.dtype) == (x.shape, x.dtype), step
        host[to], device[to] = np.asarray(x), y
    assert webgpu.memory()["reads"] == before["reads"]
    assert webgpu.memory()["dispatches"] > before["dispatches"] + STEPS
    for x, y in zip(host, device, strict=True):
        np.testing.assert_allclose(y.get(), x, rtol=1e-4, atol=1e-4)

    del device, pair, y
    assert webgpu.memory()["live"] == before["live"]

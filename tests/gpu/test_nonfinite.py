"""NaN and infinity on the device: NumPy's results, though WGSL leaves many of them undefined."""

import dataclasses
import importlib

import numpy as np
import pytest
from geometries import HARD, Geometry, gx_by_columns, poisoned, sizes

import pyconvlite.functions as F
from pyconvlite import Variable, grad, no_grad
from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu.device import current

matmul = importlib.import_module("pyconvlite.backends.webgpu.matmul")  # `webgpu.matmul` is the function

FUNCTIONS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "gelu": F.gelu,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "sigmoid": F.sigmoid,
    "tanh": F.tanh,
    "exp": F.exp,
    "softmax": F.softmax,
    "log_softmax": F.log_softmax,
    "clip": lambda x: F.clip(x, -1.0, 1.0),
    "max": lambda x: F.max(x, axis=1),
    "min": lambda x: F.min(x, axis=1),
    "sum": lambda x: F.sum(x, axis=1),
    "mean": lambda x: F.mean(x, axis=0),
    "pooling": lambda x: F.pooling(x.reshape(1, 1, *x.shape), 3, 2, 1),
    "average_pooling": lambda x: F.average_pooling(x.reshape(1, 1, *x.shape), 3, 2, 1),
    "softmax_cross_entropy": lambda x: F.softmax_cross_entropy(x, np.arange(len(x)) % x.shape[1]),
}


def data():
    """Rows without NaN, with NaN first, in the middle or last, and with infinities."""
    x = np.random.default_rng(0).standard_normal((9, 5)).astype(np.float32)
    for row, (column, value) in enumerate(
        [(0, np.nan), (2, np.nan), (4, np.nan), (0, np.inf), (3, -np.inf), (4, np.inf)], 1
    ):
        x[row, column] = value
    x[7] = np.nan
    x[8] = -np.inf
    return x


def assert_same(actual, expected):
    np.testing.assert_allclose(webgpu.asnumpy(actual.data), expected.data, rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name):
    x = data()
    with no_grad(), np.errstate(all="ignore"):
        for rows in (slice(None), *([row] for row in range(len(x)))):
            part = x[rows]
            assert_same(FUNCTIONS[name](Variable(webgpu.asarray(part))), FUNCTIONS[name](Variable(part)))


@pytest.mark.parametrize(
    "name",
    ["relu", "leaky_relu", "gelu", "hardsigmoid", "hardswish", "tanh", "softmax_cross_entropy", "pooling"],
)
def test_gradients(name):
    x = data()
    found = []
    with np.errstate(all="ignore"):
        for move in (webgpu.asarray, np.asarray):
            v = Variable(move(x))
            found += grad(F.sum(FUNCTIONS[name](v)), [v])
    assert_same(*found)


@pytest.mark.parametrize("kind", ["max", "min", "argmax"])
@pytest.mark.parametrize("size", [3, 64, 65, 5000])
@pytest.mark.parametrize("at", [0, 1, -1])
def test_max_and_min_of_many_elements(kind, size, at):
    x = np.random.default_rng(1).standard_normal(size).astype(np.float32)
    x[at] = np.nan
    np.testing.assert_array_equal(getattr(webgpu.asarray(x), kind)().get(), getattr(x, kind)())


def test_fused_relu():
    x = data()[:7, None, None]  # (7, 1, 1, 5)
    W, b = np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32)
    geometry = sizes(x.shape[2:], 1)
    found = webgpu.kernels.conv2d(*map(webgpu.asarray, (x, W, b)), geometry, relu=True).get()
    np.testing.assert_array_equal(found, np.maximum(reference.conv2d(x, W, b, geometry), 0))
    found = webgpu.kernels.conv2d(*map(webgpu.asarray, (x, W)), None, geometry, relu=True).get()
    np.testing.assert_array_equal(found, np.maximum(reference.conv2d(x, W, None, geometry), 0))


GEOMETRIES = {
    **{
        name: HARD[name] for name in ("odd sizes", "stride > kernel", "pad >= kernel", "1x1 kernel, stride 2")
    },
    **{name: HARD[name] for name in ("one row", "depthwise", "dilation", "all at once")},
    "many channels": Geometry((2, 33, 7, 6), (34, 33, 3, 2), stride=(2, 1), pad=(1, 0)),
    "many channels, groups": Geometry((1, 64, 7, 6), (66, 32, 3, 3), pad=1, options={"groups": 2}),
}


@pytest.mark.parametrize("g", GEOMETRIES.values(), ids=GEOMETRIES)
def test_nonfinite_weight_affects_only_the_pixels_it_meets(g, monkeypatch):
    """The kernels compute with zeros around gy and between its pixels, which make NaN of infinity."""
    monkeypatch.setattr(current(), "info", dataclasses.replace(current().info, fallback=False))
    monkeypatch.setattr(matmul, "TILES", 1)  # with many channels, by tiles
    W, gy, b = g.arrays(
        g.W_shape, (g.x_shape[0], g.W_shape[0], *g.sizes.output_size), g.x_shape[1:2], dtype=np.float32
    )
    gx = lambda *arrays: webgpu.kernels.conv2d_gx(*map(webgpu.asarray, arrays), g.sizes).get()  # noqa: E731
    for position in (0, W.size // 2, W.size - 1):
        bad = poisoned(W, [np.inf, -np.inf, np.nan][position % 3], position)
        with np.errstate(invalid="ignore"):
            expected = gx_by_columns(gy, bad, g)
        np.testing.assert_allclose(gx(gy, bad, b), expected + b[:, None, None], rtol=1e-3, atol=1e-3)
    with np.errstate(invalid="ignore"):
        bad = poisoned(gy, np.inf, gy.size // 2)
        np.testing.assert_allclose(gx(bad, W, b), gx_by_columns(bad, W, g) + b[:, None, None], 1e-3, 1e-3)


@pytest.mark.parametrize("fallback", [False, True])
@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize("OW", [9, 17, 31, 73])  # of which a thread sums up to 8 or 16 at a time
def test_pixel_under_no_window_does_not_affect_gW(OW, pad, fallback, monkeypatch):
    monkeypatch.setattr(current(), "info", dataclasses.replace(current().info, fallback=fallback))
    g = sizes((1, 3 * OW + 2 - 2 * pad), (1, 3), (1, 3), (0, pad))
    assert g.output_size == (1, OW)
    x = np.ones((2, 1, *g.input_size), np.float32)
    x[0, ..., 3 * OW - pad :] = np.inf
    x[1, ..., 3 * OW - pad :] = np.nan
    gy = np.ones((2, 3, 1, OW), np.float32)
    found = webgpu.kernels.conv2d_gW(webgpu.asarray(x), webgpu.asarray(gy), g).get()
    np.testing.assert_array_equal(found, reference.conv2d_gW(x, gy, g))
    assert np.isfinite(found).all()


def test_comparisons_and_truth_of_nan():
    x = np.array([1, np.nan, 0, np.inf], np.float32)
    X = webgpu.asarray(x)
    for other in (x, 1.0, np.nan):
        Y = webgpu.asarray(other) if isinstance(other, np.ndarray) else other
        np.testing.assert_array_equal((X != Y).get(), x != other)
        np.testing.assert_array_equal((X == Y).get(), x == other)
    np.testing.assert_array_equal(X.astype(bool).get(), x.astype(bool))
    np.testing.assert_array_equal(webgpu.where(X, 2.0, 3.0).get(), np.where(x, 2, 3))
    np.testing.assert_array_equal(F.where(X != X, 0.0, X).data.get(), [1, 0, 0, np.inf])

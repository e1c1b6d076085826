"""backends/webgpu/kernels.py: the operations of a net, their gradients and theirs, beside float64."""

import dataclasses

import numpy as np
import pytest
from geometries import HARD, geometries
from hypothesis import given, settings

import pyconvlite.functions as F
from pyconvlite import Variable, grad
from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu.device import current


def everything(f, arrays, device):
    """y, the gradients of the sum of y^3, and those of the sum of these squared, as float64 arrays."""
    if device:
        move, back = (lambda a: webgpu.asarray(a.astype(np.float32))), (lambda a: a.get().astype(np.float64))
    else:
        move, back = (lambda a: a.astype(np.float64)), (lambda a: a)
    xs = [Variable(move(a)) for a in arrays]
    y = f(*xs)
    first = grad((y * y * y).sum(), xs, create_graph=True)
    total = first[0].sum() * 0.0
    for g in first:
        total = total + (g * g).sum()
    second = grad(total, xs)
    return [back(v.data) for v in (y, *first, *second)]


def assert_alike(f, *arrays, tolerance=3e-5):
    for actual, expected in zip(everything(f, arrays, True), everything(f, arrays, False), strict=True):
        assert actual.shape == expected.shape
        scale = np.abs(expected).max(initial=0) + 1e-30
        np.testing.assert_allclose(actual / scale, expected / scale, rtol=0, atol=tolerance)


def arrays_of(g, *shapes):
    return [a / 2 for a in g.arrays(*shapes)]


@pytest.mark.parametrize("g", HARD.values(), ids=HARD)
def test_convolution(g):
    arrays = arrays_of(g, g.x_shape, g.W_shape, g.W_shape[:1])
    assert_alike(lambda x, W, b: F.conv2d(x, W, b, g.stride, g.pad, **g.options), *arrays)
    if g.deconv_fits:
        OC = g.W_shape[0] // g.options.get("groups", 1) * g.options.get("groups", 1)
        arrays = arrays_of(g, g.x_shape, g.deconv_W_shape, (OC,))
        assert_alike(lambda x, W, b: F.deconv2d(x, W, b, g.stride, g.pad, **g.options), *arrays)


@settings(max_examples=15)
@given(geometries())
def test_any_convolution(g):
    arrays = arrays_of(g, g.x_shape, g.W_shape, g.W_shape[:1])
    assert_alike(lambda x, W, b: F.conv2d(x, W, b, g.stride, g.pad, **g.options), *arrays)


@settings(max_examples=15)
@given(geometries(max_dilation=1, pad_below_kernel=True))
def test_any_pooling(g):
    (x,) = arrays_of(g, g.x_shape)
    assert_alike(lambda x: F.pooling(x, g.kernel, g.stride, g.pad), x)
    assert_alike(lambda x: F.average_pooling(x, g.kernel, g.stride, g.pad), x)
    assert_alike(lambda x: F.average_pooling(x, g.kernel, g.stride, g.pad, count_include_pad=False), x)
    assert_alike(lambda x: F.im2col(x, g.kernel, g.stride, g.pad), x)


rng = np.random.default_rng(0)
x43, W35, x2322 = (rng.standard_normal(shape) for shape in [(4, 3), (3, 5), (2, 3, 2, 2)])
positive = np.abs(x43) + 0.5
labels = np.array([0, 2, 1, 1], np.int32)

OPERATIONS = {
    "linear": (F.linear, x43, W35, np.ones(5)),
    "matmul": (F.matmul, x43, W35),
    "batched matmul": (F.matmul, rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 3, 2))),
    "add": (lambda a, b: a + b, x43, x43[:1]),
    "sub": (lambda a, b: a - b, x43, x43[:, :1]),
    "mul": (lambda a, b: a * b, x43, x43[0]),
    "div": (lambda a, b: a / b, x43, positive),
    "pow": (lambda a: a**3, x43),
    "numbers": (lambda a: 2.0 * a - 1.0 / (a * a + 1.0), x43),
    "exp": (F.exp, x43),
    "log": (F.log, positive),
    "sqrt": (F.sqrt, positive),
    "tanh": (F.tanh, x43),
    "sigmoid": (F.sigmoid, x43),
    "relu": (F.relu, x43),
    "leaky_relu": (F.leaky_relu, x43),
    "gelu": (F.gelu, x43),
    "softmax": (F.softmax, x43),
    "log_softmax": (F.log_softmax, x43),
    "clip": (lambda a: F.clip(a, -0.5, 0.5), x43),
    "sum": (lambda a: F.sum(a, axis=(0, -1), keepdims=True), x2322),
    "mean": (lambda a: F.mean(a, axis=1), x2322),
    "max": (lambda a: F.max(a, axis=1), x43),
    "var": (lambda a: F.var(a, axis=0), x43),
    "reshape": (lambda a: F.reshape(a, (3, 4)), x43),
    "transpose": (lambda a: F.transpose(a, (1, 0, 3, 2)), x2322),
    "broadcast_to": (lambda a: F.broadcast_to(a, (2, 4, 3)), x43),
    "sum_to": (lambda a: F.sum_to(a, (1, 3)), x43),
    "get_item": (lambda a: a[1:3, ::2], x43),
    "rows": (lambda a: a[np.array([0, 2, 2])], x43),
    "concat": (lambda a, b: F.concat([a, b], axis=0), x43, positive),
    "pad": (lambda a: F.pad(a, ((1, 0), (0, 2))), x43),
    "upsample": (lambda a: F.upsample(a, 2), x2322),
    "mean_squared_error": (F.mean_squared_error, x43, positive),
    "sigmoid_cross_entropy": (F.sigmoid_cross_entropy, x43, np.abs(np.sin(x43))),
    "global_average_pooling": (F.global_average_pooling, x2322),
}
ROUGH = {
    "tanh": 1e-3,
    "sigmoid": 1e-3,
    "gelu": 1e-3,
    "log": 1e-3,
    "log_softmax": 1e-3,
    "sigmoid_cross_entropy": 1e-3,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name):
    f, *arrays = OPERATIONS[name]
    assert_alike(f, *arrays, tolerance=ROUGH.get(name, 3e-5))


def on_both(f):
    """Results of a function that is given what moves an array: on the device, and in float64."""
    device = f(lambda a: webgpu.asarray(a.astype(np.float32) if a.dtype.kind == "f" else a))
    host = f(lambda a: a)
    for actual, expected in zip(device, host, strict=True):
        np.testing.assert_allclose(webgpu.asnumpy(actual.data), expected.data, rtol=1e-4, atol=1e-4)


def test_softmax_cross_entropy():
    def results(move):
        x, t = Variable(move(x43 * 3)), move(labels)
        loss = F.softmax_cross_entropy(x, t)
        (gx,) = grad(loss, [x], create_graph=True)
        (ggx,) = grad((gx * gx).sum(), [x])
        return loss, gx, ggx, F.softmax_cross_entropy(x, t.reshape(-1, 1)), F.accuracy(x, t)

    on_both(results)


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5, 2)])
def test_batch_norm(shape):
    data = np.random.default_rng(1).standard_normal(shape) * 2 + 1

    def results(move):
        x, gamma, beta = (
            Variable(move(a)) for a in (data, np.array([1.0, 2.0, 0.5]), np.array([0.0, 1.0, -1.0]))
        )
        y = F.batch_norm(x, gamma, beta, move(np.zeros(3)), move(np.ones(3)))
        first = grad((y * y * y).sum(), [x, gamma, beta], create_graph=True)
        second = grad((first[0] * first[0]).sum(), [x, gamma])
        return y, *first, *(g * 0.1 for g in second)

    on_both(results)


@pytest.mark.parametrize("shape", [(1, 1), (5, 2), (1, 3, 1, 1), (3, 2, 37, 41), (2, 300, 2), (40, 1, 3)])
@pytest.mark.parametrize("fallback", [False, True])
def test_batch_norm_in_parts(shape, fallback, monkeypatch):
    """The mean is large beside the distances from it."""
    monkeypatch.setattr(current(), "info", dataclasses.replace(current().info, fallback=fallback))
    C = shape[1]
    x = (1000 + rng.standard_normal(shape)).astype(np.float32)
    gamma, beta, gy = (rng.standard_normal(s).astype(np.float32) for s in (C, C, shape))
    X, G, B, GY = (webgpu.asarray(a) for a in (x, gamma, beta, gy))
    before = webgpu.memory()["dispatches"]
    found = *webgpu.kernels.batch_norm(X, G, B, 1e-3), *webgpu.kernels.batch_norm_grad(X, G, GY, 1e-3)
    assert webgpu.memory()["dispatches"] - before == 6
    x, gamma, beta, gy = (a.astype(np.float64) for a in (x, gamma, beta, gy))
    expected = (
        *reference.batch_norm(x, gamma, beta, 1e-3),
        *reference.batch_norm_grad(x, gamma, gy, 1e-3),
    )
    for actual, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(actual.get(), wanted, atol=1e-3 * max(1, np.abs(wanted).max()))


def test_batch_norm_of_windows():
    x, gamma = rng.standard_normal((3, 4, 5, 6)).astype(np.float32), np.arange(8, dtype=np.float32)
    arguments = x.transpose(2, 1, 0, 3)[1:], gamma[::2], gamma[4:]
    X, V = webgpu.asarray(x), webgpu.asarray(gamma)
    y, *_ = webgpu.kernels.batch_norm(X.transpose(2, 1, 0, 3)[1:], V[::2], V[4:], 1e-3)
    np.testing.assert_allclose(y.get(), reference.batch_norm(*arguments, 1e-3)[0], atol=1e-4)


def test_indices_of_pooling_and_ties():
    x = np.zeros((1, 1, 4, 4), np.float32)
    y, indexes = webgpu.kernels.max_pool(webgpu.asarray(x), (2, 2), (2, 2), (0, 0))
    np.testing.assert_array_equal(indexes.get(), 0)
    x[0, 0, 1, 1] = np.nan
    y, indexes = webgpu.kernels.max_pool(webgpu.asarray(x), (2, 2), (2, 2), (0, 0))
    assert np.isnan(y.get()[0, 0, 0, 0])
    assert indexes.get()[0, 0, 0, 0] == 3


def test_embed_id():
    W = np.random.default_rng(0).standard_normal((6, 3))
    at = np.array([[5, 1], [1, 0]], np.int32)

    def results(move):
        v = Variable(move(W))
        y = F.embed_id(move(at), v)
        return y, *grad((y * y).sum(), [v])

    on_both(results)

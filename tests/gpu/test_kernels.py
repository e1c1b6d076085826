"""backends/webgpu/kernels.py: the operations of a net, with first and second gradients, against float64."""

import dataclasses

import numpy as np
import pytest
from conditions import (
    PRODUCT,
    assert_close,
    batch_norm,
    cross_entropy,
    everything,
    numbers,
    rounded,
    scaled,
    taken,
    terms,
    truth,
    wide,
)
from geometries import HARD, geometries, sizes, with_edges
from hypothesis import assume, given, settings
from oracles import expit

import pyconvlite.functions as F
from pyconvlite import Variable, backends, grad
from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu.device import current


def assert_alike(f, *arrays, condition=terms, constant=PRODUCT):
    """Compare f, its first and its second gradients with float64's."""
    arrays = [a.astype(np.float32) if a.dtype.kind == "f" else a for a in arrays]
    found = everything(f, arrays, 2, webgpu.asarray, webgpu.asarray)
    for y, true, each in zip(found, truth(f, arrays, 2), condition(f, arrays, 2), strict=True):
        assert_close(y.get(), true, each, constant)


def arrays_of(g, *shapes):
    return g.arrays(*shapes, dtype=np.float32)


@pytest.mark.parametrize("g", HARD.values(), ids=HARD)
def test_convolution(g):
    x, W, b = arrays_of(g, g.x_shape, g.W_shape, g.W_shape[:1])
    assert_alike(lambda x, W, b: F.conv2d(x, W, b, **g.settings), x, W, b)
    x, W = scaled(x, 0, 1), scaled(W, 0, 1, seed=1)
    assert_alike(lambda x, W: F.conv2d(x, W, **g.settings), x, W)
    if g.deconv_fits:
        arrays = arrays_of(g, g.x_shape, g.deconv_W_shape, g.W_shape[:1])
        assert_alike(lambda x, W, b: F.deconv2d(x, W, b, **g.settings), *arrays)


@settings(max_examples=15)
@given(geometries())
def test_random_convolution(g):
    arrays = arrays_of(g, g.x_shape, g.W_shape, g.W_shape[:1])
    assert_alike(lambda x, W, b: F.conv2d(x, W, b, **g.settings), *arrays)


@settings(max_examples=15)
@given(geometries(max_dilation=1, pad_below_kernel=True))
def test_random_pooling(g):
    (x,) = arrays_of(g, g.x_shape)
    assert_alike(lambda x: F.pooling(x, g.kernel, g.stride, g.pad), x, condition=taken)
    assert_alike(lambda x: F.pooling_simple(x, g.kernel, g.stride, g.pad), x, condition=taken)
    assert_alike(lambda x: F.average_pooling(x, g.kernel, g.stride, g.pad), x)
    assert_alike(lambda x: F.average_pooling(x, g.kernel, g.stride, g.pad, count_include_pad=False), x)
    assert_alike(lambda x: F.im2col(x, g.kernel, g.stride, g.pad), x)


@pytest.mark.parametrize("pad", [((1, 0), (0, 2)), "same"], ids=["each edge", "same"])
@pytest.mark.parametrize("stride", [1, 2])
def test_asymmetric_padding(pad, stride):
    x, W = numbers(2, 3, 5, 6), numbers(4, 3, 3, 3)
    assert_alike(lambda x, W: F.conv2d(x, W, None, stride, pad), x, W)
    assert_alike(lambda x: F.pooling(x, 3, stride, pad, ceil_mode=True), x, condition=taken)
    assert_alike(lambda x: F.average_pooling(x, 3, stride, pad, ceil_mode=True), x)


@settings(max_examples=15)
@given(with_edges(geometries()))
def test_random_asymmetric_padding(g):
    x, W, b = arrays_of(g, g.x_shape, g.W_shape, g.W_shape[:1])
    assert_alike(lambda x, W, b: F.conv2d(x, W, b, **g.settings), x, W, b)
    assert_alike(lambda x: F.average_pooling(x, g.kernel, g.stride, g.pad), x)
    assert_alike(lambda x: F.average_pooling(x, g.kernel, g.stride, g.pad, count_include_pad=False), x)


@pytest.mark.parametrize("pad", [((0, 1), (0, 1)), ((2, 0), (0, 3)), ((0, 9), (7, 0))], ids=str)
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_of_a_1x1_kernel(pad, stride):
    x, W = numbers(2, 6, 5, 7), numbers(9, 6, 1, 1)
    assert_alike(lambda x, W: F.conv2d(x, W, None, stride, pad), x, W)


@settings(max_examples=15)
@given(geometries(max_dilation=3, pad_below_kernel=True))
def test_random_dilated_max_pooling(g):
    (x,) = arrays_of(g, g.x_shape)
    dilation = g.options["dilation"]
    try:
        F.pooling(x, g.kernel, g.stride, g.pad, dilation=dilation)
    except ValueError:  # a window without a pixel
        assume(False)
    assert_alike(lambda x: F.pooling(x, g.kernel, g.stride, g.pad, dilation=dilation), x, condition=taken)


rng = np.random.default_rng(0)
x43, W35, x2322 = (rng.standard_normal(shape) for shape in [(4, 3), (3, 5), (2, 3, 2, 2)])
positive = np.abs(x43) + 0.5
x2345 = rng.standard_normal((2, 3, 4, 5))

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
    "elements": (lambda a: a[(0, 2, 2), (1, 1, 1)], x43),
    "power of arrays": (F.pow, positive, x43),
    "power of a number": (lambda a: 2.0**a, x43),
    "power with a 0-d exponent": (lambda a: a ** np.array(2.5, a.dtype), positive),
    "power with a 0-d exponent of float64": (lambda a: a ** np.array(2.5), positive),
    "concat": (lambda a, b: F.concat([a, b], axis=0), x43, positive),
    "pad": (lambda a: F.pad(a, ((1, 0), (0, 2))), x43),
    "pad reflect": (lambda a: F.pad(a, ((1, 2), (0, 2)), mode="reflect"), x43),
    "pad replicate": (lambda a: F.pad(a, ((1, 0), (0, 2)), mode="replicate"), x43),
    "pad circular": (lambda a: F.pad(a, ((1, 0), (0, 2)), mode="circular"), x43),
    "conv1d": (F.conv1d, rng.standard_normal((2, 3, 6)), rng.standard_normal((4, 3, 2))),
    "adaptive_average_pooling": (lambda a: F.adaptive_average_pooling(a, (3, 2)), x2345),
    "adaptive_max_pooling": (lambda a: F.adaptive_max_pooling(a, (3, 2)), x2345),
    "upsample": (lambda a: F.upsample(a, 2), x2322),
    "interpolate nearest": (lambda a: F.interpolate(a, (5, 3)), x2322),
    "interpolate bilinear": (lambda a: F.interpolate(a, (5, 3), mode="bilinear"), x2322),
    "pixel_shuffle": (lambda a: F.pixel_shuffle(a, 2), rng.standard_normal((2, 8, 2, 3))),
    "layer_norm": (lambda a, g, b: F.layer_norm(a, 5, g, b), x2345, *rng.standard_normal((2, 5))),
    "group_norm": (lambda a, g: F.group_norm(a, 3, g), x2345, np.ones(3)),
    "instance_norm": (F.instance_norm, x2345),
    "prelu": (F.prelu, x43, np.array([0.25, 0.5, -1.0])),
    "mean_squared_error": (F.mean_squared_error, x43, positive),
    "sigmoid_cross_entropy": (F.sigmoid_cross_entropy, x43, np.abs(np.sin(x43))),
    "global_average_pooling": (F.global_average_pooling, x2322),
}
# Allowed roundings where WGSL lets functions err by more: tanh by 1e-5, which is 168 roundings of 1, and exp
# by 3 + 2|x| units in the last place, which is 18 roundings here; second gradients have some such factors.
CONSTANTS = {"tanh": 512} | dict.fromkeys(
    ("exp", "gelu", "sigmoid", "softmax", "log_softmax", "sigmoid_cross_entropy"), 64
)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name):
    f, *arrays = OPERATIONS[name]
    assert_alike(f, *arrays, condition=rounded, constant=CONSTANTS.get(name, PRODUCT))


@pytest.mark.parametrize("shape", [(4, 3), (33, 10)])
@pytest.mark.parametrize("scale", [1, 30])
def test_softmax_cross_entropy(shape, scale):
    x = numbers(*shape) * scale
    t = np.arange(shape[0], dtype=np.int32) * 7 % shape[1]
    assert_alike(F.softmax_cross_entropy, x, t, condition=cross_entropy)
    X, T = webgpu.asarray(x), webgpu.asarray(t)
    column = F.softmax_cross_entropy(X, T.reshape(-1, 1))
    np.testing.assert_array_equal(column.data.get(), F.softmax_cross_entropy(X, T).data.get())
    assert F.accuracy(X, T).data.get() == F.accuracy(x, t).data


def test_softmax_cross_entropy_of_pixels():
    x, t = numbers(3, 5, 2, 7), np.arange(42, dtype=np.int32).reshape(3, 2, 7) * 3 % 5
    rows, labels = x.transpose(0, 2, 3, 1).reshape(-1, 5).copy(), t.reshape(-1)
    X, T, R = webgpu.asarray(x), webgpu.asarray(t), webgpu.asarray(rows)
    X, R = Variable(X), Variable(R)
    loss, of_rows = F.softmax_cross_entropy(X, T), F.softmax_cross_entropy(R, labels)
    np.testing.assert_array_equal(loss.data.get(), of_rows.data.get())
    loss.backward()
    of_rows.backward()
    gx = X.grad.data.get().transpose(0, 2, 3, 1).reshape(-1, 5)
    np.testing.assert_array_equal(gx, R.grad.data.get())


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5, 2)])
def test_batch_norm(shape):
    x, gamma, beta = numbers(*shape) * 2 + 1, numbers(3, seed=1), numbers(3, seed=2)

    def f(x, gamma, beta):
        zeros = backends.to_device_of(x, np.zeros(3, np.float32))
        return F.batch_norm(x, gamma, beta, zeros, zeros + 1)

    assert_alike(f, x, gamma, beta, condition=batch_norm)


@pytest.mark.parametrize("shape", [(1, 1), (5, 2), (1, 3, 1, 1), (3, 2, 37, 41), (2, 300, 2), (40, 1, 3)])
@pytest.mark.parametrize("fallback", [False, True])
def test_batch_norm_in_parts(shape, fallback, monkeypatch):
    """The mean is large compared with the deviations."""
    monkeypatch.setattr(current(), "info", dataclasses.replace(current().info, fallback=fallback))
    C = shape[1]
    x, gamma, beta, gy = 1000 + numbers(*shape), numbers(C, seed=1), numbers(C, seed=2), numbers(*shape)
    X, G, B, GY = (webgpu.asarray(a) for a in (x, gamma, beta, gy))
    before = webgpu.memory()["dispatches"]
    y, mean, var = webgpu.kernels.batch_norm(X, G, B, 1e-3)
    gx, ggamma, gbeta = webgpu.kernels.batch_norm_grad(X, G, GY, 1e-3)
    assert webgpu.memory()["dispatches"] - before == 6
    true = reference.batch_norm(wide(x), wide(gamma), wide(beta), 1e-3)
    gradients = reference.batch_norm_grad(wide(x), wide(gamma), wide(gy), 1e-3)
    conditions = batch_norm(None, [x, gamma, beta], 1, eps=1e-3)
    for actual, wanted, condition in zip(
        (y, gx, ggamma, gbeta), (true[0], *gradients), conditions, strict=True
    ):
        assert_close(actual.get(), wanted, condition, PRODUCT)
    assert_close(mean.get(), true[1], abs(true[1]), PRODUCT)
    assert_close(var.get(), true[2], true[2] + 2 * np.sqrt(true[2]) * abs(true[1]), PRODUCT)


@pytest.mark.parametrize(("mean", "std"), [(1e3, 1), (-1e4, 1), (1e5, 1), (1e5, 0.1), (1e-3, 1e-6), (3e4, 0)])
@pytest.mark.parametrize("shape", [(16, 3, 32, 32), (1, 3, 9), (256, 3)])
@pytest.mark.parametrize("fallback", [False, True])
def test_norms_with_large_means(fallback, shape, mean, std, monkeypatch):
    """Differences of the numbers are below the rounding of their mean, and of a sum."""
    monkeypatch.setattr(current(), "info", dataclasses.replace(current().info, fallback=fallback))
    x, gy = (mean + std * numbers(*shape)).astype(np.float32), numbers(*shape, seed=1)
    gamma, beta, eps = numbers(3, seed=2), numbers(3, seed=3), 1e-5 * std**2 or 1e-5
    given = [webgpu.asarray(a) for a in (x, gamma, beta, gy)]
    y, m, v = webgpu.kernels.batch_norm(*given[:3], eps)
    gx, ggamma, gbeta = webgpu.kernels.batch_norm_grad(given[0], given[1], given[3], eps)
    expected = reference.batch_norm(wide(x), wide(gamma), wide(beta), eps)
    gradients = reference.batch_norm_grad(wide(x), wide(gamma), wide(gy), eps)
    for found, true in zip((y, m, v, gx, ggamma, gbeta), (*expected, *gradients), strict=True):
        np.testing.assert_allclose(found.get(), true, 1e-5, 2e-5 * (abs(true).max() or 1))
    rows = [webgpu.asarray(a.reshape(1, -1)) for a in (gamma, beta)]
    x = x.reshape(shape[0], 3, -1)
    found = webgpu.kernels.row_norm(given[0].reshape(x.shape), *rows, eps).get()
    true = reference.row_norm(wide(x), wide(gamma).reshape(1, -1), wide(beta).reshape(1, -1), eps)
    np.testing.assert_allclose(found, true, 1e-5, 2e-5 * abs(true).max())


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 0)])
def test_norms_of_empty_arrays(shape):
    x, gamma, beta = (webgpu.zeros(s) for s in (shape, (1, 3), (1, 3)))
    assert webgpu.kernels.row_norm(x, gamma, beta, 1e-5).get().shape == shape
    gx, ggamma, gbeta = webgpu.kernels.row_norm_grad(x, gamma, x, 1e-5)
    assert (gx.get().shape, ggamma.get().tolist(), gbeta.get().tolist()) == (shape, [[0] * 3], [[0] * 3])
    _, mean, var = webgpu.kernels.batch_norm(x, gamma.ravel(), beta.ravel(), 1e-5)
    assert np.isnan(mean.get()).all()
    assert np.isnan(var.get()).all()


def test_nonfinite_statistics():
    x = numbers(4, 3, 300)
    x[1, 0, 7], x[2, 1, 8] = np.inf, np.nan
    y, mean, var = webgpu.kernels.batch_norm(*map(webgpu.asarray, (x, x[0, :, 0], x[0, :, 0])), 1e-5)
    with np.errstate(invalid="ignore"):
        expected = reference.batch_norm(x, x[0, :, 0], x[0, :, 0], 1e-5)
    for found, true in zip((y, mean, var), expected, strict=True):
        np.testing.assert_allclose(found.get(), true, 1e-4, 1e-4)


def test_average_over_more_pixels_than_int32_counts():
    k = 50_001
    g = sizes((4, 4), k, 1, k // 2)
    x = numbers(2, 3, 4, 4)
    found = webgpu.kernels.avg_pool(webgpu.asarray(x), g, True).get()
    true = np.broadcast_to(wide(x).sum(axis=(2, 3), keepdims=True) / k**2, found.shape)
    np.testing.assert_allclose(found, true, 1e-4, 1e-12)
    found = webgpu.kernels.avg_pool_grad(webgpu.asarray(x), g, True).get()
    np.testing.assert_allclose(found, true, 1e-4, 1e-12)
    found = webgpu.kernels.avg_pool(webgpu.asarray(x), g, False).get()
    np.testing.assert_allclose(found, true * (k**2 / 16), 1e-4, 1e-5)


def test_batch_norm_of_views():
    x, gamma = rng.standard_normal((3, 4, 5, 6)).astype(np.float32), np.arange(8, dtype=np.float32)
    arguments = x.transpose(2, 1, 0, 3)[1:], gamma[::2], gamma[4:]
    X, V = webgpu.asarray(x), webgpu.asarray(gamma)
    y, *_ = webgpu.kernels.batch_norm(X.transpose(2, 1, 0, 3)[1:], V[::2], V[4:], 1e-3)
    np.testing.assert_allclose(y.get(), reference.batch_norm(*arguments, 1e-3)[0], atol=1e-4)


def test_indices_of_pooling_and_ties():
    x = np.zeros((1, 1, 4, 4), np.float32)
    y, indexes = webgpu.kernels.max_pool(webgpu.asarray(x), sizes((4, 4), 2, 2))
    np.testing.assert_array_equal(indexes.get(), 0)
    x[0, 0, 1, 1] = np.nan
    y, indexes = webgpu.kernels.max_pool(webgpu.asarray(x), sizes((4, 4), 2, 2))
    assert np.isnan(y.get()[0, 0, 0, 0])
    assert indexes.get()[0, 0, 0, 0] == 3


def test_the_upper_bound_of_a_convolution():
    x, W = numbers(2, 3, 5, 5), numbers(4, 3, 3, 3)
    g = sizes((5, 5), 3)
    y = webgpu.kernels.conv2d(webgpu.asarray(x), webgpu.asarray(W), None, g, relu=True, most=0.5).get()
    np.testing.assert_allclose(y, np.clip(reference.conv2d(x, W, None, g), 0, 0.5), 1e-4, 1e-5)


def test_the_gradient_of_relu_at_nan():
    gy, x = np.arange(1, 6, dtype=np.float32), np.array([-1, 0, 2, np.inf, np.nan], np.float32)
    found = webgpu.kernels.relu_grad(webgpu.asarray(gy), webgpu.asarray(x)).get()
    np.testing.assert_array_equal(found, [0, 0, 3, 4, 5])


def test_embed_id():
    at = np.array([[5, 1], [1, 0]], np.int32)
    assert_alike(lambda W: F.embed_id(backends.to_device_of(W, at), W), numbers(6, 3))


def test_sigmoid_has_a_small_relative_error_in_both_tails():
    x = np.linspace(-80, 20, 401, dtype=np.float32)
    y = F.sigmoid(webgpu.asarray(x)).data.get()
    units = 3 + 2 * np.abs(x)  # by which WGSL lets exp err
    np.testing.assert_array_less(np.abs(y / expit(x.astype(np.float64)) - 1) / (units + 5), 2.0**-23)


def test_power_at_zero_has_finite_gradients():
    x = Variable(webgpu.asarray(np.zeros(2, np.float32)))
    (gx,) = grad(F.pow(x, webgpu.asarray(np.array([0.0, 1.0], np.float32))), x, create_graph=True)
    assert (gx.data.get().tolist(), grad(gx, x)[0].data.get().tolist()) == ([0, 1], [0, 0])


def test_recurrent():
    T, N, K, H = 2, 2, 3, 5
    x, h, c = numbers(T, N, K), numbers(N, H, seed=1), numbers(N, H, seed=2)
    W = numbers(K + H + 1, 4 * H) / np.float32(np.sqrt(K + H))
    assert_alike(
        lambda *xs: F.concat([F.reshape(y, (-1, H)) for y in F.lstm(*xs)]), x, h, c, W, condition=rounded
    )
    W = numbers(K + H + 2, 3 * H) / np.float32(np.sqrt(K + H))
    assert_alike(F.gru, x, h, W, condition=rounded)

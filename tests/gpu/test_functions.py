"""Functions on the device against float64: values, gradients, all kinds of indexes, kinks and extremes."""

import numpy as np
import pytest
from conditions import PRODUCT, rounded
from hypothesis import given, settings
from test_functions_indexing import indexed
from test_kernels import assert_alike

import pyconvlite.functions as F
from pyconvlite import Variable, backends, grad
from pyconvlite.backends import webgpu

rng = np.random.default_rng(0)
x43, y43, x2322, x234 = (rng.standard_normal(shape) for shape in [(4, 3), (4, 3), (2, 3, 2, 2), (2, 3, 4)])
positive = np.abs(x43) + 0.5
MASK = x43 > 0.2
TAKEN = np.array([[0, 2, 1, 1], [2, 2, 0, 1], [0, 0, 1, 2], [1, 0, 2, 2]], np.int32)


def beside(x, a):
    """An array on the device of x."""
    return backends.to_device_of(x, a)


OPERATIONS = {
    "abs": (F.abs, x43),
    "log1p": (F.log1p, positive),
    "erf": (F.erf, x43),
    "softplus": (F.softplus, x43),
    "silu": (F.silu, x43),
    "elu": (lambda a: F.elu(a, 0.7), x43),
    "prelu": (F.prelu, x2322, np.array([0.3, -0.2, 1.5])),
    "hardsigmoid": (F.hardsigmoid, 3 * x43),
    "hardswish": (F.hardswish, 3 * x43),
    "gelu": (F.gelu, x43),
    "gelu tanh": (lambda a: F.gelu(a, "tanh"), x43),
    "where": (lambda a, b: F.where(beside(a, MASK), a, b), x43, y43[0]),
    "where, mask on the CPU": (lambda a: F.where(MASK, a, 2), x43),
    "where, of a comparison": (lambda a, b: F.where(a > b, a * 2, 0), x43, y43),
    "maximum": (F.maximum, x43, y43[:, :1]),
    "minimum of a number": (lambda a: F.minimum(0.1, a), x43),
    "std": (lambda a: F.std(a, axis=1, ddof=1), x43),
    "prod": (lambda a: F.prod(a, axis=0), x43),
    "prod of all": (F.prod, x43[:2]),
    "cumsum": (lambda a: F.cumsum(a, 1), x43),
    "logsumexp": (lambda a: F.logsumexp(a, 1), x43),
    "split": (lambda a: F.split(a, [1, 2], 1)[1] * F.split(a, 3, 1)[2], x43),
    "squeeze": (lambda a: F.squeeze(a[:, :1]), x43),
    "flip": (lambda a: F.flip(a, (0, 2)), x234),
    "tile": (lambda a: F.tile(a, (2, 1, 2)), x43),
    "gather": (lambda a: F.gather(a, beside(a, TAKEN), 1), x43),
    "gather by indexes on the CPU": (lambda a: F.gather(a, TAKEN[:2, :3], 0), x43),
    "einsum": (lambda a, b: F.einsum("bij,bkj->ik", a, b), x234, x234 + 1),
    "einsum of a diagonal": (lambda a, b: F.einsum("ii,...i->...", a, b), x43[:3], y43),
    "batched @": (lambda a, b: a @ b, x234, x43),
    "mask": (lambda a: a[MASK], x43),
    "arrays and slices": (lambda a: a[1:, beside(a, TAKEN[0, :2]), None, ::2], x234),
    "arrays apart": (lambda a: a[beside(a, TAKEN[0, 2:] - 1), :, [0, 3]], x234),
    "methods": (lambda a: a.mean(0) * a.std(0) + abs(a).var(0) * a.squeeze().sum(), x43),
}
PIXELS = np.array([[[2, 0], [1, -1]], [[0, -1], [2, 1]]], np.int32)
WEIGHT = np.array([0.5, 2.0, 1.25], np.float32)
SHARES = np.array([[0.5, 0.25, 0.25], [0, 1, 0], [0.1, 0.2, 0.7], [1, 0, 0]])
OPERATIONS |= {
    "cross entropy of pixels": (lambda a: F.softmax_cross_entropy(a, beside(a, abs(PIXELS))), x2322),
    "cross entropy, options": (
        lambda a: F.softmax_cross_entropy(a, beside(a, PIXELS), WEIGHT, -1, label_smoothing=0.1),
        x2322,
    ),
    "cross entropy, labels on the CPU": (
        lambda a: F.softmax_cross_entropy(a, PIXELS, ignore_index=-1, reduction="none"),
        x2322,
    ),
    "cross entropy of probabilities": (F.softmax_cross_entropy, x43, SHARES),
    "nll_loss": (lambda a: F.nll_loss(a, beside(a, PIXELS), beside(a, WEIGHT), -1), x2322),
    "mean_squared_error, none": (lambda a, b: F.mean_squared_error(a, b, "none"), x43, y43),
    "l1_loss": (F.l1_loss, x43, y43),
    "huber_loss": (F.huber_loss, 2 * x43, y43),
    "sigmoid_cross_entropy, mean": (lambda a, b: F.sigmoid_cross_entropy(a, b, "mean"), x43, SHARES),
    "binary_cross_entropy, sum": (lambda a, b: F.binary_cross_entropy(a, b, "sum"), positive / 3, SHARES),
    "kl_div": (lambda a, b: F.kl_div(a, b, "batchmean"), x43, SHARES),
    "kl_div of logarithms": (lambda a, b: F.kl_div(a, b, log_target=True), x43, y43),
}
OPERATIONS |= {
    "neg": (F.neg, x43),
    "rsub": (F.rsub, x43, y43),
    "rdiv": (F.rdiv, positive, y43),
    "cast": (lambda a: F.cast(a, a.dtype), x43),
    "expand_dims": (lambda a: F.expand_dims(a, 1), x43),
    "col2im": (lambda a: F.col2im(a.reshape(2, 3, 1, 1, 2, 2), (2, 3, 2, 2), 1, to_matrix=False), x2322),
    "conv2d_simple": (F.conv2d_simple, x2322, rng.standard_normal((2, 3, 2, 2))),
    "linear_simple": (F.linear_simple, x43, x234[0], x234[1, 0]),
    "mean_squared_error_simple": (F.mean_squared_error_simple, x43, y43),
    "sigmoid_simple": (F.sigmoid_simple, x43),
    "softmax_simple": (F.softmax_simple, x43),
}
CONSTANTS = {"erf": 256}  # 1.5e-7 of normal_cdf


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name):
    f, *arrays = OPERATIONS[name]
    assert_alike(f, *arrays, condition=rounded, constant=CONSTANTS.get(name, PRODUCT))


@settings(max_examples=40)
@given(indexed())
def test_all_index_kinds_equal_numpy(case):
    x, key = case
    x = x.astype(np.float32)
    gy = np.arange(1, 1 + x[key].size, dtype=np.float32).reshape(x[key].shape)
    found = []
    for move in (np.asarray, webgpu.asarray):
        v = Variable(move(x))
        y = v[key]
        found.append([y.shape, *map(webgpu.asnumpy, (y.data, grad(y, v, [move(gy)])[0].data))])
    assert found[0][0] == found[1][0]
    for host, device in zip(*found, strict=True):
        np.testing.assert_array_equal(host, device)


KINKS = np.array([-np.inf, -1e4, -3, -1, 0, 1, 3, 1e4, np.inf, np.nan], np.float32)
AT_KINKS = {
    "abs": F.abs,
    "elu": F.elu,
    "erf": F.erf,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "softplus": F.softplus,
    "gelu tanh": lambda x: F.gelu(x, "tanh"),
    "maximum": lambda x: F.maximum(x, 0),
    "minimum": lambda x: F.minimum(x, x * 1),
    "prod": lambda x: F.prod(x[3:6]),
    "std": lambda x: F.std(x[4:5]),
    "where": lambda x: F.where(x > 0, x, 0),
    "logsumexp": lambda x: F.logsumexp(F.stack([x[:1], x[1:2], x[7:8]]), 1),
}


@pytest.mark.parametrize("name", AT_KINKS)
def test_kinks_and_extremes(name):
    found = []
    with np.errstate(all="ignore"):
        for move in (np.asarray, webgpu.asarray):
            x = Variable(move(KINKS))
            y = AT_KINKS[name](x)
            found.append([webgpu.asnumpy(v.data) for v in (y, *grad(y, x))])
    for host, device in zip(*found, strict=True):
        np.testing.assert_allclose(device, host, rtol=1e-5, atol=1e-6)


def test_one_hot():
    y = F.one_hot(webgpu.asarray([2, 0]), 3)
    assert y.data.get().tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(ValueError, match=r"must be in 0\.\.2; got 3"):
        F.one_hot(webgpu.asarray([3]), 3).data.get()


def test_gather_out_of_bounds():
    y = F.gather(webgpu.asarray(np.zeros((2, 3), np.float32)), webgpu.asarray([[3], [0]]), 1)
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 3"):
        y.data.get()


def test_comparisons_and_detach():
    x = Variable(webgpu.asarray([1.0, -1.0]))
    assert (x > 0).get().tolist() == [True, False]
    assert (x <= Variable(webgpu.asarray([1.0, -2.0]))).get().tolist() == [True, False]
    assert (x == 1).get().tolist() == [True, False]
    assert (x.detach().data is x.data, x == x, x.astype("int32").dtype) == (True, True, np.int32)


def test_in_captured_steps():
    """Masks, weights and indexes on the CPU are constants of the step."""

    def loss(x, t):
        x = Variable(F.where(MASK, x, 0).data)
        y = F.softmax_cross_entropy(
            F.gather(x, TAKEN, 1), t, np.float32([1, 2, 3, 4]), 1, label_smoothing=0.1
        )
        y.backward()
        return y.data, x.grad.data

    step = webgpu.capture(loss)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, t = rng.standard_normal((4, 3)).astype(np.float32), rng.integers(0, 4, 4).astype(np.int32)
        for found, expected in zip(step(webgpu.asarray(x), webgpu.asarray(t)), loss(x, t), strict=True):
            np.testing.assert_allclose(found.get(), expected, rtol=1e-4, atol=1e-6)

"""functions/activation.py: sigmoid, and ReLU and its relatives."""

import numpy as np
import oracles
import pytest
from contract import DTYPES, Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(4)
X = rng.standard_normal((3, 4))
IMAGES = rng.standard_normal((2, 3, 2, 2))
SLOPES = np.array([0.3, -0.2, 1.5])


@cases(
    [
        ("relu", F.relu, lambda x: np.where(x > 0, x, 0), X),
        ("relu of images", F.relu, lambda x: np.where(x > 0, x, 0), IMAGES),
        ("sigmoid", F.sigmoid, oracles.expit, X),
        ("sigmoid_simple", F.sigmoid_simple, oracles.expit, X),
        ("sigmoid_simple of integers", F.sigmoid_simple, oracles.expit, np.array([3, 0], np.uint8)),
        ("leaky_relu", F.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x), X),
        (
            "leaky_relu slope",
            lambda x: F.leaky_relu(x, slope=0.01),
            lambda x: np.where(x > 0, x, 0.01 * x),
            X,
        ),
        ("elu", F.elu, lambda x: np.where(x > 0, x, np.expm1(x)), X),
        (
            "elu alpha",
            lambda x: F.elu(x, np.float64(0.7)),
            lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)),
            X,
        ),
        ("prelu", F.prelu, lambda x, W: np.where(x > 0, x, W[:, None, None] * x), IMAGES, SLOPES),
        ("prelu of rows", F.prelu, lambda x, W: np.where(x > 0, x, W * x), X[:, :3], SLOPES),
        ("prelu, one slope", F.prelu, lambda x, W: np.where(x > 0, x, W * x), IMAGES, SLOPES[:1]),
        ("prelu of a vector", F.prelu, lambda x, W: np.where(x > 0, x, W * x), X[0], np.array(0.3)),
        ("hardsigmoid", F.hardsigmoid, lambda x: np.clip(x / 6 + 0.5, 0, 1), 3 * X),
        ("hardswish", F.hardswish, lambda x: x * np.clip(x / 6 + 0.5, 0, 1), 3 * X),
        ("softplus", F.softplus, lambda x: np.log(1 + np.exp(x)), X),
        ("softplus beta", lambda x: F.softplus(x, np.float64(3)), lambda x: np.log(1 + np.exp(3 * x)) / 3, X),
        ("silu", F.silu, lambda x: x * oracles.expit(x), X),
    ]
)
class TestActivation(Contract):
    pass


def test_relu_at_zero_and_infinity():
    x = Variable(np.array([-1.0, -0.0, 0.0, 2.0, np.inf, np.nan]))
    y = F.relu(x)
    np.testing.assert_array_equal(y.data, [0, 0, 0, 2, np.inf, np.nan])
    x = Variable(np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_array_equal(grad(F.relu(x), x)[0].data, [0, 0, 1])


@pytest.mark.parametrize("size", [1, 5000], ids=["one", "many"])
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (F.relu, 3),
        (lambda x: F.leaky_relu(x, 0.5), 1.5),
        (lambda x: F.prelu(x, 0.5), 1.5),
        (lambda x: F.clip(x, 0, 6), 0),
        (lambda x: F.pooling(F.reshape(x, (-1, 1, 1, 1)), 1), 3),
    ],
    ids=["relu", "leaky_relu", "prelu", "clip", "pooling"],
)
def test_gradients_at_nan_equal_pytorch(f, expected, size):
    x = Variable(np.full(size, np.nan, np.float32))
    y = f(x)
    assert np.isnan(y.data).all()
    (gx,) = grad(y, x, grad_outputs=np.full(y.shape, 3, np.float32))
    np.testing.assert_array_equal(gx.data, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_saturates_without_overflow(dtype):
    x = Variable(np.array([-1000, -50, 0, 50, 1000], dtype))
    y = F.sigmoid(x)
    np.testing.assert_allclose(
        y.data, oracles.expit(x.data.astype(np.float64)), atol=1e-3 if dtype is np.float16 else 1e-7
    )
    assert np.isfinite(grad(y, x)[0].data).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_has_a_small_relative_error_in_both_tails(dtype):
    x = np.linspace(np.log(np.finfo(dtype).tiny) + 1, 20, 400).astype(dtype)
    y = F.sigmoid(Variable(x))
    np.testing.assert_allclose(y.data, oracles.expit(x.astype(np.float64)), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_of_sigmoid_has_a_small_relative_error(dtype):
    y, gy = (v.astype(dtype) for v in (np.linspace(0.5, 1, 999)[:-1], np.linspace(1.1, 1.9, 998)))
    found = F.SigmoidGrad()(gy, y)
    assert found.dtype == dtype
    exact = gy * (y * (1 - y.astype(np.longdouble)))
    np.testing.assert_allclose(found.data, exact, rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_log_sigmoid_is_finite(dtype):
    x = Variable(np.array([-9, -5, 0, 5, 9] if dtype is np.float16 else [-80, -20, 0, 5, 9], dtype))
    (gx,) = grad(F.log(F.sigmoid(x)), x)
    expected = oracles.expit(-x.data.astype(np.float64))
    np.testing.assert_allclose(gx.data, expected, rtol=1e-2, atol=np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_sigmoid_of_integers_is_float64(dtype):
    y = F.sigmoid(np.array([0, 1], dtype))
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.data, oracles.expit(np.array([0.0, 1.0])))


@pytest.mark.parametrize("slope", [0.2, np.float64(0.2)])
def test_leaky_relu_at_zero_with_any_slope_type(slope):
    x = Variable(np.array([-1.0, 0.0, 2.0], np.float32))
    y = F.leaky_relu(x, slope)
    (gx,) = grad(y, x)
    assert (y.dtype, gx.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(gx.data, [0.2, 0.2, 1])


@pytest.mark.parametrize(
    ("slope", "error", "message"),
    [
        (np.nan, ValueError, "slope must be a finite number; got nan"),
        (np.inf, ValueError, "slope must be a finite number; got inf"),
        ("a", TypeError, "slope must be a number; got 'a'"),
    ],
)
def test_leaky_relu_rejects_invalid_slope(slope, error, message):
    with pytest.raises(error, match=message):
        F.leaky_relu(X, slope)


# -- kinks and extremes: where each function bends, the gradient that PyTorch has

KINKS = {
    "elu": (F.elu, [-1e3, 0.0, 1e3], [-1, 0, 1e3], [0, 1, 1]),
    "elu, alpha": (lambda x: F.elu(x, 0.5), [0.0], [0], [0.5]),
    "prelu": (lambda x: F.prelu(x, np.array([0.25], x.dtype)), [-4.0, 0.0, 4.0], [-1, 0, 4], [0.25, 0.25, 1]),
    "hardsigmoid": (F.hardsigmoid, [-1e3, -3, 3, 1e3, np.nan], [0, 0, 1, 1, np.nan], [0, 0, 0, 0, 0]),
    "hardswish": (F.hardswish, [-1e3, -3, 3, 1e3, np.nan], [0, 0, 3, 1e3, np.nan], [0, 0, 1, 1, np.nan]),
    "softplus": (F.softplus, [-1e3, 1e3], [0, 1e3], [0, 1]),
    "silu": (F.silu, [-1e3, 0, 1e3], [0, 0, 1e3], [0, 0.5, 1]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KINKS)
def test_kinks_and_extremes(name, dtype):
    f, x, y, gx = KINKS[name]
    x = Variable(np.array(x, dtype))
    np.testing.assert_allclose(f(x).data, y)
    np.testing.assert_allclose(grad(f(x), x)[0].data, gx)


def test_elu_and_softplus_are_exact_close_to_their_limits():
    tiny = np.array([-1e-6, 1e-6], np.float32)
    np.testing.assert_allclose(
        F.elu(tiny).data, np.where(tiny > 0, tiny, np.expm1(tiny.astype(float))), rtol=1e-6
    )
    x = Variable(np.array([-20.0], np.float32))
    np.testing.assert_allclose(F.softplus(x).data, np.exp(-20.0), rtol=1e-6)
    np.testing.assert_allclose(grad(F.elu(x), x)[0].data, np.exp(-20.0), rtol=1e-6)


@pytest.mark.parametrize("slope", [0.25, np.float64(0.25), np.array(0.25, np.float32)])
def test_prelu_of_float32_stays_float32(slope):
    y = F.prelu(np.array([-4, 4], np.float32), slope)
    assert (y.dtype, y.data.tolist()) == (np.float32, [-1, 4])


def test_prelu_slope_gradient_at_infinity_is_finite():
    W = Variable(np.array([0.5]))
    np.testing.assert_array_equal(grad(F.prelu(np.array([np.inf, -2.0]), W), W)[0].data, [-2])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.elu(X, np.inf), ValueError, "alpha must be a finite number; got inf"),
        (lambda: F.softplus(X, 0), ValueError, "beta must be above 0; got 0"),
        (lambda: F.softplus(X, "1"), TypeError, "beta must be a number; got '1'"),
        (
            lambda: F.prelu(X, SLOPES),
            ValueError,
            r"W must have shape \(4,\), .*; got \(3,\) for x of shape \(3, 4\)",
        ),
    ],
)
def test_invalid_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("f", [F.softplus, F.hardsigmoid])
def test_small_integers_become_floats(f):
    x = np.array([[1, 100]], np.uint8)
    np.testing.assert_array_equal(f(x).data, f(x.astype(float)).data)


def test_hardswish_of_integers_has_the_gradient_of_floats():
    x, floats = Variable(np.array([-4, -1, 0, 2, 5])), Variable(np.array([-4.0, -1, 0, 2, 5]))
    F.hardswish(x).sum().backward()
    F.hardswish(floats).sum().backward()
    np.testing.assert_allclose(x.grad.data, floats.grad.data)

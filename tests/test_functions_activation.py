"""functions/activation.py: sigmoid, relu, softmax, log_softmax."""

import numpy as np
import oracles
import pytest
from contract import DTYPES, Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(4)
X = rng.standard_normal((3, 4))
IMAGES = rng.standard_normal((2, 3, 2, 2))


@cases(
    [
        ("relu", F.relu, lambda x: np.where(x > 0, x, 0), X),
        ("relu of images", F.relu, lambda x: np.where(x > 0, x, 0), IMAGES),
        ("sigmoid", F.sigmoid, oracles.expit, X),
        ("sigmoid_simple", F.sigmoid_simple, oracles.expit, X),
        ("leaky_relu", F.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x), X),
        (
            "leaky_relu slope",
            lambda x: F.leaky_relu(x, slope=0.01),
            lambda x: np.where(x > 0, x, 0.01 * x),
            X,
        ),
        ("gelu", F.gelu, lambda x: x * oracles.ndtr(x), X),
        ("softmax", F.softmax, lambda x: oracles.softmax(x, axis=1), X),
        ("softmax of channels", F.softmax, lambda x: oracles.softmax(x, axis=1), IMAGES),
        ("softmax axis 0", lambda x: F.softmax(x, axis=0), lambda x: oracles.softmax(x, axis=0), X),
        ("softmax axis -1", lambda x: F.softmax(x, axis=-1), lambda x: oracles.softmax(x, axis=-1), IMAGES),
        ("softmax_simple", F.softmax_simple, lambda x: oracles.softmax(x, axis=1), X),
        ("softmax_simple axis 0", lambda x: F.softmax_simple(x, 0), lambda x: oracles.softmax(x, axis=0), X),
        ("log_softmax", F.log_softmax, lambda x: oracles.log_softmax(x, axis=1), X),
        ("log_softmax of channels", F.log_softmax, lambda x: oracles.log_softmax(x, axis=1), IMAGES),
        (
            "log_softmax axis 0",
            lambda x: F.log_softmax(x, axis=0),
            lambda x: oracles.log_softmax(x, axis=0),
            X,
        ),
        ("softmax of no rows", F.softmax, lambda x: x, np.zeros((0, 3))),
    ]
)
class TestActivation(Contract):
    pass


def test_relu_at_its_kink_and_beyond():
    x = Variable(np.array([-1.0, -0.0, 0.0, 2.0, np.inf, np.nan]))
    y = F.relu(x)
    np.testing.assert_array_equal(y.data, [0, 0, 0, 2, np.inf, np.nan])
    x = Variable(np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_array_equal(grad(F.relu(x), x)[0].data, [0, 0, 1])


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("f", [F.softmax, F.log_softmax], ids=["softmax", "log_softmax"])
def test_softmax_of_huge_scores_is_exact(f, dtype):
    x = Variable(np.array([[1000, 0, -1000], [-1000, -1000, -1000], [1000, 1000, 1000]], dtype))
    y = f(x)
    oracle = {F.softmax: oracles.softmax, F.log_softmax: oracles.log_softmax}[f]
    np.testing.assert_allclose(y.data, oracle(x.data.astype(np.float64), axis=1), rtol=1e-3, atol=1e-6)
    assert np.isfinite(grad(y, x)[0].data).all()


def test_softmax_sums_to_one():
    np.testing.assert_allclose(F.softmax(IMAGES * 10).data.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(("dtype", "accuracy"), [(np.float16, 2e-3), (np.float32, 3e-5), (np.float64, 1e-13)])
def test_gelu_is_exact_far_into_both_tails(dtype, accuracy):
    x = np.linspace(-12, 12, 4801).astype(dtype)
    exact = x.astype(np.float64) * oracles.ndtr(x.astype(np.float64))
    y = F.gelu(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.data, exact, rtol=accuracy, atol=np.finfo(dtype).tiny * 100)


def test_gelu_at_the_ends_of_the_line():
    np.testing.assert_array_equal(F.gelu(np.array([-1e4, -200.0, 200.0, 1e4])).data, [0, 0, 200, 1e4])
    x = Variable(np.array([-1e4, 1e4]))
    np.testing.assert_array_equal(grad(F.gelu(x), x)[0].data, [0, 1])


@pytest.mark.parametrize("slope", [0.2, np.float64(0.2)])
def test_leaky_relu_at_its_kink_and_whatever_the_slopes_type(slope):
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
def test_leaky_relu_names_a_slope_that_is_none(slope, error, message):
    with pytest.raises(error, match=message):
        F.leaky_relu(X, slope)


@pytest.mark.parametrize("f", [F.softmax, F.softmax_simple, F.log_softmax])
def test_softmax_names_an_axis_that_is_none(f):
    with pytest.raises(ValueError, match=r"axis must be one of x's 1 axes; got 1 for shape \(3,\)"):
        f(np.zeros(3))
    with pytest.raises(ValueError, match=r"axis must be one of x's 2 axes; got -3 for shape \(3, 4\)"):
        f(X, axis=-3)
    with pytest.raises(TypeError, match=r"axis must be an integer, .*; got 'a'"):
        f(X, axis="a")


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax], ids=["softmax", "log_softmax"])
def test_softmax_names_an_axis_without_elements(f):
    message = rf"^{f.__name__} of no elements: x has shape \(2, 0\) and axis is 1$"
    with pytest.raises(ValueError, match=message):
        f(np.zeros((2, 0)))
    assert f(np.zeros((0, 2))).shape == (0, 2)


def test_gelu_of_integers_is_no_integer():
    np.testing.assert_allclose(F.gelu(np.array([1, 2])).data, [0.84134475, 1.95449974])


def test_gelu_of_huge_numbers_does_not_overflow():
    np.testing.assert_array_equal(F.gelu(np.array([-1e200, 1e200])).data, [0, 1e200])

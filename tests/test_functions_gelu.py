"""functions/gelu.py: GELU, exact and by tanh, and the error function."""

import math

import numpy as np
import oracles
import pytest
from contract import DTYPES, Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad

X = np.random.default_rng(4).standard_normal((3, 4))
ERF = np.vectorize(math.erf, otypes=[float])


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@cases(
    [
        ("gelu", F.gelu, lambda x: x * oracles.ndtr(x), X),
        ("erf", F.erf, ERF, 2 * X),
        ("erf of a scalar", F.erf, ERF, np.array(0.7)),
        ("gelu tanh", lambda x: F.gelu(x, approximate="tanh"), gelu_tanh, X),
    ]
)
class TestGELU(Contract):
    pass


@pytest.mark.parametrize(("dtype", "accuracy"), [(np.float16, 2e-3), (np.float32, 3e-5), (np.float64, 1e-13)])
def test_gelu_is_exact_far_into_both_tails(dtype, accuracy):
    x = np.linspace(-12, 12, 4801).astype(dtype)
    exact = x.astype(np.float64) * oracles.ndtr(x.astype(np.float64))
    y = F.gelu(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.data, exact, rtol=accuracy, atol=np.finfo(dtype).tiny * 100)


def test_gelu_at_infinity():
    np.testing.assert_array_equal(F.gelu(np.array([-1e4, -200.0, 200.0, 1e4])).data, [0, 0, 200, 1e4])
    x = Variable(np.array([-1e4, 1e4]))
    np.testing.assert_array_equal(grad(F.gelu(x), x)[0].data, [0, 1])


def test_integers_are_converted_to_floats():
    np.testing.assert_allclose(F.gelu(np.array([1, 2])).data, [0.84134475, 1.95449974])
    np.testing.assert_allclose(F.erf(np.array([1, 2], np.uint8)).data, [0.84270079, 0.99532227])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_of_huge_numbers_does_not_overflow(dtype, approximate):
    most = np.finfo(dtype).max
    x = Variable(np.array([-most, most]))
    y = F.gelu(x, approximate)
    np.testing.assert_array_equal(y.data, [0, most])
    np.testing.assert_array_equal(grad(y, x)[0].data, [0, 1])


@pytest.mark.parametrize(("dtype", "accuracy"), [(np.float16, 4e-3), (np.float32, 1e-6), (np.float64, 1e-14)])
def test_erf_has_a_small_relative_error(dtype, accuracy):
    x = np.concatenate([[-1e4, -40, -1, 1e-4, 1, 40, 1e4], np.linspace(-7, 7, 400)]).astype(dtype)
    y = F.erf(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.data, ERF(x), rtol=accuracy)
    np.testing.assert_array_equal(
        F.erf(np.array([-np.inf, 0, np.inf, np.nan], dtype)).data, [-1, 0, 1, np.nan]
    )
    most = np.finfo(dtype).max
    np.testing.assert_array_equal(F.erf(np.array([-most, most])).data, [-1, 1])
    x = Variable(np.array([-1e4, -np.inf, np.inf], dtype))
    np.testing.assert_array_equal(grad(F.erf(x), x)[0].data, 0)


@pytest.mark.parametrize("f", [F.gelu, F.erf])
def test_any_byte_order(f):
    x = np.array([-1.5, 0.25, 3])
    for dtype in ("f2", "f4", "f8"):
        y = f(x.astype(f">{dtype}")).data
        np.testing.assert_allclose(y, f(x.astype(dtype)).data, rtol=8 * np.finfo(dtype).eps)


def test_erf_of_integers_is_float():
    np.testing.assert_allclose(F.erf(np.array([-1, 0, 2])).data, ERF([-1, 0, 2]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_gelu_at_infinity(dtype):
    x = Variable(np.array([-1e4, -1e3, 0, 1e3, 1e4], dtype))
    y = F.gelu(x, "tanh")
    np.testing.assert_allclose(y.data, [0, 0, 0, 1e3, 1e4])
    np.testing.assert_allclose(grad(y, x)[0].data, [0, 0, 0.5, 1, 1])


def test_unknown_approximation_is_named():
    with pytest.raises(ValueError, match="approximate must be one of 'none', 'tanh'; got 'erf'"):
        F.gelu(X, "erf")


def test_tanh_gelu_of_small_integers():
    x = np.array([1, 100], np.int8)
    np.testing.assert_array_equal(F.gelu(x, "tanh").data, F.gelu(x.astype(float), "tanh").data)

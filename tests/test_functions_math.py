"""functions/math.py: elementary functions."""

import numpy as np
import pytest
from contract import DTYPES, Contract, assert_close, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad
from pyconvlite.testing import check_backward, check_double_backward

rng = np.random.default_rng(1)
X = rng.standard_normal((2, 3))
SCALAR = np.array(0.7)
POSITIVE = rng.uniform(0.3, 2.0, (2, 3))


@cases(
    [
        ("exp", F.exp, np.exp, X),
        ("log", F.log, np.log, POSITIVE),
        ("sqrt", F.sqrt, np.sqrt, POSITIVE),
        ("sin", F.sin, np.sin, X),
        ("cos", F.cos, np.cos, X),
        ("tanh", F.tanh, np.tanh, X),
        ("abs", F.abs, np.abs, X),
        ("abs of a scalar", F.abs, np.abs, SCALAR),
        ("log1p", F.log1p, np.log1p, POSITIVE),
        ("exp of a scalar", F.exp, np.exp, SCALAR),
        ("exp of nothing", F.exp, np.exp, np.zeros((0, 3))),
    ]
)
class TestElementary(Contract):
    pass


def test_composed_functions():
    def f(x, y):
        return F.tanh(x * y) ** 2 / (F.exp(-x) + F.sqrt(y)) - F.log(y) * F.sin(x) + F.cos(x * x)

    check_backward(f, (X, POSITIVE))
    check_double_backward(f, (X, POSITIVE))


def test_fourth_derivative_of_sin_is_sin():
    x = Variable(X)
    orders = [F.sin(x)]
    for _ in range(4):
        orders.extend(grad(orders[-1], x, create_graph=True))
    for y, expected in zip(orders, [np.sin(X), np.cos(X), -np.sin(X), -np.cos(X), np.sin(X)], strict=True):
        assert_close(y.data, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_abs_at_zero(dtype):
    x = Variable(np.array([-np.inf, -0.0, 0.0, np.inf], dtype))
    np.testing.assert_array_equal(F.abs(x).data, [np.inf, 0, 0, np.inf])
    np.testing.assert_array_equal(grad(F.abs(x), x)[0].data, [-1, 0, 0, 1])


def test_abs_of_integers():
    np.testing.assert_array_equal(F.abs(np.array([-3, 2])).data, [3, 2])


def test_log1p_of_tiny_numbers():
    x = Variable(np.array([1e-10, -1e-10, 0], np.float32))
    np.testing.assert_allclose(F.log1p(x).data, x.data, rtol=1e-6)


REAL = [F.exp, F.log, F.log1p, F.sqrt, F.sin, F.cos, F.tanh, F.elu, F.sigmoid, F.softmax, F.gelu, F.erf]


@pytest.mark.parametrize("f", REAL, ids=lambda f: f.__name__)
def test_uint8_becomes_float64_and_complex_is_refused(f):
    pixels = np.array([[3, 200]], np.uint8)
    np.testing.assert_array_equal(f(pixels).data, f(pixels.astype(float)).data, strict=True)
    with pytest.raises(TypeError, match="x must hold real numbers; got complex128"):
        f(np.array([[1 + 5j]]))

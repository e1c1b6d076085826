"""functions/arithmetic.py: arithmetic."""

import operator

import numpy as np
import pytest
from contract import DTYPES, Contract, assert_close, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad
from pyconvlite.testing import check_backward, check_double_backward

rng = np.random.default_rng(1)
X = rng.standard_normal((2, 3))
Y = rng.standard_normal((2, 3))
ROW = rng.standard_normal((3,))
COLUMN = rng.standard_normal((2, 1))
SCALAR = np.array(0.7)
POSITIVE = rng.uniform(0.3, 2.0, (2, 3))


@cases(
    [
        ("add", F.add, np.add, X, Y),
        ("sub", F.sub, np.subtract, X, Y),
        ("mul", F.mul, np.multiply, X, Y),
        ("div", F.div, np.divide, X, POSITIVE),
        ("add a row", F.add, np.add, X, ROW),
        ("sub from a row", F.sub, np.subtract, ROW, X),
        ("mul by a column", F.mul, np.multiply, X, COLUMN),
        ("div a column", F.div, np.divide, COLUMN, POSITIVE),
        ("row by column", F.mul, np.multiply, ROW, COLUMN),
        ("sub a scalar array", F.sub, np.subtract, X, SCALAR),
        ("div a scalar array", F.div, np.divide, SCALAR, POSITIVE),
        ("neg", F.neg, np.negative, X),
    ]
)
class TestArithmetic(Contract):
    pass


@cases(
    [
        ("square", lambda x: F.pow(x, 2), lambda x: x**2, X),
        ("cube", lambda x: F.pow(x, 3), lambda x: x**3, X),
        ("first power", lambda x: F.pow(x, 1), lambda x: x, X),
        ("zeroth power", lambda x: F.pow(x, 0), np.ones_like, X),
        ("reciprocal", lambda x: F.pow(x, -1), lambda x: 1 / x, POSITIVE),
        ("fraction", lambda x: F.pow(x, 1.5), lambda x: x**1.5, POSITIVE),
        ("exponent array", F.pow, np.power, POSITIVE, Y),
        ("exponent row", F.pow, np.power, POSITIVE, ROW),
        ("base column", F.pow, np.power, POSITIVE[:, :1], Y),
        ("power of 2", lambda x: F.pow(2, x), lambda x: 2.0**x, X),
    ]
)
class TestPow(Contract):
    pass


def test_pow_at_zero_has_finite_gradients():
    x = Variable(np.array([0.0]))
    orders = [F.pow(x, 2)]
    for _ in range(4):
        orders.extend(grad(orders[-1], x, create_graph=True))
    assert [y.item() for y in orders] == [0, 0, 2, 0, 0]


def test_gradient_of_the_exponent_is_0_at_base_0():
    x, c = Variable(np.array([0.0, 0.5, 0.0, 0.0])), Variable(np.array([2.0, 2.0, 0.5, 0.0]))
    expected = [0, 0.25 * np.log(0.5), 0, 0]
    np.testing.assert_allclose(grad(F.pow(x, c), c)[0].data, expected)
    np.testing.assert_allclose(grad(F.pow(0.0, c[:3]), c)[0].data, 0)
    (gc,) = grad(F.pow(x, c), c, create_graph=True)
    assert np.isfinite(grad(gc, c)[0].data).all()


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
def test_pow_with_array_exponent_at_zero_has_finite_gradients(exponent):
    x = Variable(np.array([0.0, 2.0]))
    y, z = F.pow(x, np.full(2, exponent)), F.pow(x, exponent)
    for _ in range(4):
        np.testing.assert_array_equal(y.data, z.data)
        y, z = (grad(v, x, create_graph=True)[0] for v in (y, z))


@pytest.mark.parametrize(
    ("dtype", "divisor"), [(np.float16, 300.0), (np.float16, 1e-4), (np.float32, 1e25), (np.float32, 1e-25)]
)
def test_div_gradients_where_the_squared_divisor_overflows(dtype, divisor):
    x0, x1 = np.array([0.5 * divisor], dtype), np.array([divisor], dtype)
    a, b, gy = Variable(x0), Variable(x1), np.array([3.0], dtype)
    gradients = grad(a / b, [a, b], [gy])
    p, q = float(x0[0]), float(x1[0])
    for gradient, true in zip(gradients, (3 / q, -3 * p / q**2), strict=True):
        np.testing.assert_allclose(gradient.data, true, rtol=4 * np.finfo(dtype).eps)


def test_cast_from_integers_does_not_round_the_gradient():
    x = Variable(np.array([1, 2]))
    np.testing.assert_array_equal(grad(F.cast(x, np.float64) * 0.5, x)[0].data, [0.5, 0.5])


@pytest.mark.parametrize("dtype", ["flot32", 3, None, "S3", object])
def test_cast_rejects_non_numeric_dtypes(dtype):
    with pytest.raises(TypeError, match=r"dtype must be one of numbers, such as np\.float32; got"):
        F.cast(np.ones(2), dtype)


def test_cast_to_integers_or_bools_passes_no_gradient_on():
    x = Variable(np.array([1.7, -0.2]))
    for dtype in (int, bool):
        y = F.cast(x, dtype) * 3.0 + x
        np.testing.assert_array_equal(grad(y, x)[0].data, [1, 1])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.float64])
def test_pow_has_gradient_0_at_array_exponent_0(dtype):
    x = Variable(np.array([2, 100, 0], np.float32))
    np.testing.assert_array_equal(grad(F.pow(x, np.zeros(3, dtype)), x)[0].data, [0, 0, 0])


@pytest.mark.parametrize(("dtype", "small"), [(np.float16, 1e-7), (np.float32, 1e-44), (np.float64, 1e-320)])
def test_pow_of_the_smallest_numbers_has_gradient_0_at_exponent_0(dtype, small):
    x, c = Variable(np.array([small, -small, 0], dtype)), Variable(np.zeros(3, dtype))
    for exponent in (c, c.data):
        np.testing.assert_array_equal(grad(F.pow(x, exponent), x)[0].data, [0, 0, 0])


def test_pow_mixed_derivatives_at_small_integer_exponents():
    x, c = Variable(np.full(4, 2.0)), Variable(np.array([0.0, 1.0, 2.0, 3.0]))
    check_double_backward(F.pow, (x, c))

    def first_order(x, c, gy):
        return grad(F.pow(x, c), [x, c], [gy], create_graph=True)

    check_double_backward(first_order, (x, c, np.ones(4)))


def test_plus_is_the_identity():
    x = Variable(X.copy())
    (+x * 2 + np.positive(x)).sum().backward()
    assert_close((+x).data, +X)
    assert_close(x.grad.data, np.full_like(X, 3))


# -- operators: a Variable on one side, anything that NumPy takes on the other

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
operators = pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
others = pytest.mark.parametrize(
    "other",
    [3, 1.5, np.float32(1.5), np.float64(1.5), np.int64(3), np.array(1.5), ROW + 4, Variable(ROW + 4)],
    ids=["int", "float", "float32", "float64", "int64", "scalar array", "array", "Variable"],
)


@operators
@others
@pytest.mark.parametrize("side", ["left", "right"])
def test_operator_takes_variable_on_either_side(op, other, side):
    value = other.data if isinstance(other, Variable) else other
    x = Variable(POSITIVE.copy())
    y, expected = (
        (op(x, other), op(POSITIVE, value)) if side == "left" else (op(other, x), op(value, POSITIVE))
    )
    assert type(y) is Variable
    assert_close(y.data, expected)
    check_backward((lambda v: op(v, other)) if side == "left" else (lambda v: op(other, v)), x)


@operators
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scalar", [2, 2.0], ids=["int", "float"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_python_scalars_keep_the_dtype(op, dtype, scalar, side):
    x = Variable(POSITIVE.astype(dtype))
    y = op(x, scalar) if side == "left" else op(scalar, x)
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.backward()
    assert {y.dtype, gx.dtype} | ({x.grad.dtype} if x.grad is not None else set()) == {np.dtype(dtype)}


@operators
def test_numpy_float64_scalars_do_not_widen_float32(op):
    x = Variable(POSITIVE.astype(np.float32))
    assert op(x, np.sqrt(2.0)).dtype == np.float32
    assert op(np.sqrt(2.0), x).dtype == np.float32


@operators
def test_mixed_precision_gradients_keep_their_dtypes(op):
    a, b = Variable(POSITIVE.astype(np.float32)), Variable(POSITIVE.copy())
    y = op(a, b)
    y.backward()
    assert (y.dtype, a.grad.dtype, b.grad.dtype) == (np.float64, np.float32, np.float64)


def test_unary_minus():
    np.testing.assert_array_equal((-Variable(X)).data, -X)


@operators
def test_incompatible_shapes(op):
    names = "x and c" if op is operator.pow else "x0 and x1"
    words = r"of shapes \(3, 2, 1\) and \(4, 5\) do not broadcast: their lengths in axis -2, 2 and 4,"
    with pytest.raises(ValueError, match=f"^{names} {words}"):
        op(Variable(np.ones((3, 2, 1))), Variable(np.ones((4, 5))))


@operators
@pytest.mark.parametrize("other", ["1", None, [1.0, 2.0, 3.0], {}], ids=["str", "None", "list", "dict"])
def test_other_operands_are_type_errors(op, other):
    with pytest.raises(TypeError):
        op(Variable(X), other)


def test_in_place_operators_do_not_write_to_the_array():
    x = Variable(np.ones(3))
    y = x
    y += 1
    assert y is not x
    np.testing.assert_array_equal(x.data, np.ones(3))

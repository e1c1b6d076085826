"""functions/reduction.py: sums, means, extremes, broadcasting."""

import re

import numpy as np
import pytest
from contract import Contract, cases, method
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(9)
X = rng.standard_normal((2, 3, 4))
MATRIX = rng.standard_normal((2, 3))
SCALAR = np.array(0.7)


def reductions(*names, axes=(None, 0, -1, (0, 2), (-1, 1))):
    """Each reduction over: all axes, one, a negative one, several; with and without keepdims."""
    for name in names:
        f, oracle = getattr(F, name), getattr(np, name)
        for axis in axes:
            for keepdims in (False, True):
                yield (
                    f"{name} {axis} {'kept' if keepdims else ''}",
                    lambda x, f=f, a=axis, k=keepdims: f(x, axis=a, keepdims=k),
                    lambda x, oracle=oracle, a=axis, k=keepdims: oracle(x, axis=a, keepdims=k),
                    X,
                )


@cases(
    [
        *reductions("sum", "mean", "max", "min"),
        *reductions("prod", axes=(-1, (2, 0))),
        ("sum of a scalar", F.sum, np.sum, SCALAR),
        ("sum of nothing", lambda x: F.sum(x, axis=0), lambda x: np.sum(x, axis=0), np.zeros((0, 3))),
        ("sum method", method(lambda x: x.sum(1, True)), lambda x: x.sum(1, keepdims=True), X),
        ("max method", method(lambda x: x.max(axis=1)), lambda x: x.max(axis=1), X),
        (
            "min method",
            method(lambda x: x.min(axis=(0, 1), keepdims=True)),
            lambda x: x.min((0, 1), keepdims=True),
            X,
        ),
    ]
)
class TestReductions(Contract):
    pass


@cases(
    [
        *reductions("var"),
        *reductions("std", axes=(None, (2, 0))),
        ("unbiased", lambda x: F.var(x, ddof=1), lambda x: np.var(x, ddof=1), X),
        ("std, unbiased", lambda x: F.std(x, ddof=1), lambda x: np.std(x, ddof=1), X),
        ("mean method", method(lambda x: x.mean(-1, True)), lambda x: x.mean(2, keepdims=True), X),
        ("var method", method(lambda x: x.var(1, 1, True)), lambda x: x.var(1, ddof=1, keepdims=True), X),
        ("std method", method(lambda x: x.std((0, 1))), lambda x: x.std((0, 1)), X),
        (
            "unbiased, axes",
            lambda x: F.var(x, (0, -1), 1, True),
            lambda x: np.var(x, (0, 2), ddof=1, keepdims=True),
            X,
        ),
    ]
)
class TestVar(Contract):
    pass


@cases(
    [
        ("sum_to row", lambda x: F.sum_to(x, (1, 1, 4)), lambda x: x.sum((0, 1), keepdims=True), X),
        ("sum_to fewer axes", lambda x: F.sum_to(x, (3, 1)), lambda x: x.sum(0).sum(1, keepdims=True), X),
        ("sum_to scalar", lambda x: F.sum_to(x, ()), np.sum, X),
        ("sum_to itself", lambda x: F.sum_to(x, (2, 3, 4)) * 1, lambda x: x, X),
        (
            "broadcast_to more axes",
            lambda x: F.broadcast_to(x, (4, 2, 3)),
            lambda x: np.stack([x] * 4),
            MATRIX,
        ),
        (
            "broadcast_to longer axis",
            lambda x: F.broadcast_to(x, (2, 5)),
            lambda x: np.repeat(x, 5, axis=1),
            MATRIX[:, :1],
        ),
        (
            "broadcast_to of a scalar",
            lambda x: F.broadcast_to(x, (2, 2)),
            lambda x: np.full((2, 2), x),
            SCALAR,
        ),
        ("broadcast_to itself", lambda x: F.broadcast_to(x, (2, 3)) * 1, lambda x: x, MATRIX),
    ]
)
class TestBroadcasting(Contract):
    pass


@cases(
    [
        ("cumsum", F.cumsum, np.cumsum, X),
        ("cumsum axis 0", lambda x: F.cumsum(x, 0), lambda x: np.cumsum(x, 0), X),
        ("cumsum last axis", lambda x: F.cumsum(x, -1), lambda x: np.cumsum(x, -1), X),
        ("cumsum of a number", F.cumsum, np.cumsum, SCALAR),
        ("cumsum of nothing", lambda x: F.cumsum(x, 1), lambda x: x, np.zeros((2, 0))),
        ("tile", lambda x: F.tile(x, 2), lambda x: np.tile(x, 2), MATRIX),
        ("tile axes", lambda x: F.tile(x, (3, 1, 2)), lambda x: np.tile(x, (3, 1, 2)), X),
        ("tile new axes", lambda x: F.tile(x, [2, 1, 2]), lambda x: np.tile(x, [2, 1, 2]), MATRIX),
        ("tile, an array of numbers", lambda x: F.tile(x, np.array([2, 1])), lambda x: np.tile(x, (2, 1)), X),
        ("tile nothing", lambda x: F.tile(x, (2, 0)), lambda x: np.tile(x, (2, 0)), MATRIX),
        ("tile a number", lambda x: F.tile(x, 3), lambda x: np.tile(x, 3), SCALAR),
        ("prod of one", F.prod, np.prod, SCALAR),
        ("prod of nothing", lambda x: F.prod(x, 0), lambda x: np.prod(x, 0), np.zeros((0, 3))),
        ("prod of five", F.prod, np.prod, X[0, 0, [0, 1, 2, 3, 0]]),
    ]
)
class TestCumulativeTileProd(Contract):
    pass


def test_prod_gradients_at_zeros():
    """Of any order: the product of the others."""
    x = Variable(np.array([[0.0, 2, 3], [0, 0, 5], [0, 0, 0]]))
    (gx,) = grad(F.prod(x, 1).sum(), x, create_graph=True)
    np.testing.assert_array_equal(gx.data, [[6, 0, 0], [0, 0, 0], [0, 0, 0]])
    (ggx,) = grad(gx.sum(), x, create_graph=True)
    np.testing.assert_array_equal(ggx.data, [[5, 3, 2], [5, 5, 0], [0, 0, 0]])
    np.testing.assert_array_equal(grad(ggx.sum(), x)[0].data, [[2, 2, 2], [2, 2, 2], [2, 2, 2]])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.int64])
def test_prod_and_cumsum_of_integers_equal_numpy(dtype):
    x = np.array([[1, 1, 0], [1, 1, 1]]).astype(dtype)
    for f, oracle in ((F.prod, np.prod), (F.cumsum, np.cumsum)):
        y, expected = f(x, 1), oracle(x, 1)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y.data, expected)


def test_std_of_equal_elements_has_gradient_0():
    x = Variable(np.array([[2.0, 2, 2], [1, 2, 3]]))
    y = F.std(x, 1)
    (gx,) = grad(y, x, create_graph=True)
    np.testing.assert_allclose(y.data, [0, np.std([1, 2, 3])])
    np.testing.assert_allclose(gx.data, [[0, 0, 0], np.array([-1, 0, 1]) / 3 / np.std([1, 2, 3])], atol=1e-15)
    assert np.isfinite(grad(gx.sum() + (gx * gx).sum(), x)[0].data).all()


@given(st.data())
def test_sum_to_is_the_adjoint_of_broadcast_to(data):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 1, 2), max_dims=4))
    small, large = shapes.input_shapes[0], shapes.result_shape
    a, b = np.random.default_rng(0).standard_normal(small), np.random.default_rng(1).standard_normal(large)
    wide, narrow = F.broadcast_to(a, large), F.sum_to(b, small)
    assert (wide.shape, narrow.shape) == (large, small)
    np.testing.assert_allclose(np.sum(wide.data * b), np.sum(a * narrow.data), atol=1e-12)


@pytest.mark.parametrize("f", [F.max, F.min], ids=["max", "min"])
def test_every_tied_maximum_takes_the_gradient(f):
    x = Variable(np.array([[1.0, 5.0, 5.0], [2.0, 2.0, 2.0]]) * (1 if f is F.max else -1))
    y = f(x, axis=1)
    y.grad = Variable(np.array([3.0, 4.0]))
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [[0, 3, 3], [4, 4, 4]])


def test_reductions_take_a_list_of_axes():
    np.testing.assert_allclose(F.sum(X, axis=[0, 2]).data, X.sum((0, 2)))


def test_mean_where_the_float16_sum_overflows():
    assert F.mean(np.ones(70_000, np.float16)).item() == 1


def test_average_is_mean():
    np.testing.assert_array_equal(F.average(X, axis=1).data, F.mean(X, axis=1).data)


def test_cumsum_of_float16_adds_up_in_float32():
    x = Variable(np.ones(5000, np.float16))
    y = F.cumsum(x)
    np.testing.assert_array_equal(y.data, np.arange(1, 5001).astype(np.float16), strict=True)
    assert grad(y, x)[0].data[0] == 5000


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        *[
            (lambda f=f: f(X, axis=3), ValueError, r"one of x's 3 axes; got 3 for shape \(2, 3, 4\)")
            for f in (F.sum, F.mean, F.var, F.max, F.min)
        ],
        (lambda: F.sum(X, axis="a"), TypeError, "axis must be an integer, .* got 'a'"),
        (lambda: F.mean(np.zeros((0, 3))), ValueError, r"\(0, 3\)"),
        (lambda: F.mean(np.zeros((2, 0)), axis=1), ValueError, r"\(2, 0\)"),
        (lambda: F.var(X, axis=0, ddof=2), ValueError, r"ddof.*2.*\(2, 3, 4\)"),
        (
            lambda: F.max(np.zeros((0, 3)), axis=0),
            ValueError,
            r"maximum of zero elements is undefined: x has shape \(0, 3\) and axis is 0",
        ),
        (lambda: F.sum_to(X, (2, 3)), ValueError, r"\(2, 3, 4\).*\(2, 3\)"),
        (lambda: F.sum_to(MATRIX, (2, 2, 3)), ValueError, r"\(2, 3\).*\(2, 2, 3\)"),
        *[
            (
                lambda shape=shape: F.broadcast_to(X, shape),
                ValueError,
                rf"x of shape \(2, 3, 4\) does not broadcast to {re.escape(str(shape))}: its lengths",
            )
            for shape in [(2, 3), (2, 3, 5), (-1, 3, 4)]
        ],
        (lambda: F.prod(X, 3), ValueError, "axis must be one of x's 3 axes; got 3"),
        (lambda: F.std(X, 0, ddof=2), ValueError, "more than ddof=2 elements along axis 0"),
        *[
            (lambda f=f: f(np.zeros((0, 3)), 0), ValueError, r"x must have more than ddof=0 .*\(0, 3\)")
            for f in (F.var, F.std)
        ],
        (lambda: F.std(X, 0, ddof="1"), TypeError, "ddof must be an integer; got '1'"),
        (lambda: F.prod(X, (0, -3)), ValueError, r"axis must not name an axis twice; got \(0, -3\)"),
        *[
            (lambda f=f, k=k: f(X, 0, keepdims=k), TypeError, "keepdims must be True or False; got")
            for f in (F.sum, F.mean, F.var, F.std, F.max, F.min, F.prod, F.logsumexp)
            for k in ("x", None, np.array([1, 2]))
        ],
        (lambda: F.cumsum(X, 3), ValueError, "axis must be one of x's 3 axes; got 3"),
        (lambda: F.cumsum(X, (0, 1)), TypeError, r"axis must be an integer; got \(0, 1\)"),
        (lambda: F.tile(X, -1), ValueError, "reps must be at least 0; got -1"),
        (lambda: F.tile(X, (1.5, 1)), TypeError, "reps must be an integer; got 1.5"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_mean_gradient_of_more_elements_than_float16_counts():
    x = Variable(np.ones(70_000, np.float16))
    np.testing.assert_array_equal(grad(F.mean(x), x)[0].data, np.float16(1 / 70_000))
    # the scale of a loss, against the rounding of such small numbers
    (scaled,) = grad(F.mean(x) * 1024, x)
    np.testing.assert_allclose(scaled.data, 1024 / 70_000, rtol=1e-3)


def test_sums_of_float16_are_computed_in_float32():
    x = Variable(np.ones((8192, 2), np.float16))
    for y in (F.sum(x, axis=0), F.sum_to(x, (2,))):
        assert y.dtype == np.float16
        np.testing.assert_array_equal(y.data, 8192)
    b = Variable(np.zeros(2, np.float16))
    y = F.linear(np.ones((8192, 1), np.float16), np.ones((1, 2), np.float16), b)
    np.testing.assert_array_equal(grad(y, b, np.full(y.shape, 0.25, np.float16))[0].data, 2048)


@pytest.mark.parametrize("f", [F.sum, F.mean])
@pytest.mark.parametrize("shape", [(100_003, 3), (70_000, 1, 5), (300, 400), (129, 0)])
def test_sums_over_many_rows_are_exact(f, shape):
    """Row after row, 100,003 times 0.1 is 0.1 % too large."""
    x = np.full(shape, 0.1, np.float32)
    y = f(x, axis=0)
    assert y.dtype == np.float32
    true = float(x[:1].sum() / max(1, x[:1].size)) * (shape[0] if f is F.sum else 1)
    np.testing.assert_allclose(y.data, np.full(shape[1:], true), rtol=5e-6)
    np.testing.assert_array_equal(f(x, axis=(0,), keepdims=True).data, y.data[np.newaxis])


@pytest.mark.parametrize("f", [F.max, F.min])
def test_every_nan_of_a_maximum_takes_the_gradient(f):
    nan = np.nan
    x = Variable(np.array([[1, nan, 2, nan], [3, 3, 3, 3], [nan, np.inf, -np.inf, 0]]))
    (gx,) = grad(f(x, axis=1), x, np.array([2.0, 5.0, 7.0]))
    np.testing.assert_array_equal(gx.data, [[0, 2, 0, 2], [5, 5, 5, 5], [7, 0, 0, 0]])

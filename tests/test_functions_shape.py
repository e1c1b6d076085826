"""functions/shape.py: moving elements, sums, broadcasting, extremes."""

import numpy as np
import pytest
from contract import Contract, cases, method
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(2)
X = rng.standard_normal((2, 3, 4))
Y = rng.standard_normal((2, 3, 4))
MATRIX = rng.standard_normal((2, 3))
SCALAR = np.array(0.7)
TWICE = np.array([0, 2, 0])
MASK = np.array([True, False, True])


@cases(
    [
        ("reshape", lambda x: F.reshape(x, (4, 6)), lambda x: x.reshape(4, 6), X),
        ("reshape with -1", method(lambda x: x.reshape(3, -1)), lambda x: x.reshape(3, -1), X),
        ("reshape to a tuple", method(lambda x: x.reshape((12, 2))), lambda x: x.reshape(12, 2), X),
        ("reshape to a list", method(lambda x: x.reshape([12, 2])), lambda x: x.reshape(12, 2), X),
        ("reshape to one axis", lambda x: F.reshape(x, -1), np.ravel, X),
        ("reshape to a scalar", lambda x: F.reshape(x, ()), lambda x: x.reshape(()), np.array([[0.3]])),
        ("transpose", F.transpose, np.transpose, X),
        ("transpose by axes", lambda x: F.transpose(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0), X),
        ("transpose by negative", lambda x: F.transpose(x, (-1, 0, -2)), lambda x: x.transpose(2, 0, 1), X),
        ("transpose method", method(lambda x: x.transpose(2, 0, 1)), lambda x: x.transpose(2, 0, 1), X),
        ("transpose of a tuple", method(lambda x: x.transpose((0, 2, 1))), lambda x: x.transpose(0, 2, 1), X),
        ("transpose of a list", method(lambda x: x.transpose([0, 2, 1])), lambda x: x.transpose(0, 2, 1), X),
        ("T", method(lambda x: x.T), lambda x: x.T, X),
        ("expand_dims first", lambda x: F.expand_dims(x, 0), lambda x: np.expand_dims(x, 0), X),
        ("expand_dims middle", lambda x: F.expand_dims(x, 1), lambda x: np.expand_dims(x, 1), X),
        ("expand_dims last", lambda x: F.expand_dims(x, -1), lambda x: np.expand_dims(x, -1), X),
        ("flatten", F.flatten, lambda x: x.reshape(2, 12), X),
        ("flatten of no images", F.flatten, lambda x: x.reshape(0, 12), np.zeros((0, 3, 4))),
    ]
)
class TestMoving(Contract):
    pass


INDICES = {
    "row": 1,
    "negative": -1,
    "element": (1, 2, 3),
    "slice": np.s_[:, 1:],
    "steps": np.s_[:, ::2, ::-1],
    "ellipsis": np.s_[..., 1],
    "new axis": np.s_[:, None],
    "nothing": np.s_[:, 3:],
    "one element twice": np.s_[:, TWICE],
    "a list": [1, 1],
    "pairs": ([0, 1, 0], TWICE),
    "mask": np.s_[:, MASK],
    "mask of all": X > 0,
}


@cases(
    [
        *[
            (name, lambda x, index=index: F.get_item(x, index), lambda x, index=index: x[index], X)
            for name, index in INDICES.items()
        ],
        ("bracket", method(lambda x: x[0, 1:]), lambda x: x[0, 1:], X),
        ("Variable as index", method(lambda x: x[:, Variable(TWICE)]), lambda x: x[:, TWICE], X),
    ]
)
class TestGetItem(Contract):
    pass


@cases(
    [
        ("one", lambda a: F.concat([a]), lambda a: a, MATRIX),
        ("default axis", lambda a, b: F.concat([a, b]), lambda a, b: np.concatenate([a, b]), X, Y),
        (
            "tuple, axis 1",
            lambda a, b: F.concat((a, b), axis=1),
            lambda a, b: np.concatenate([a, b], 1),
            X,
            Y[:, :1],
        ),
        (
            "last axis",
            lambda a, b: F.concat([a, b], axis=-1),
            lambda a, b: np.concatenate([a, b], -1),
            X,
            Y[..., :2],
        ),
        (
            "three, one empty",
            lambda a, b, c: F.concat([a, b, c]),
            lambda a, b, c: np.concatenate([a, b, c]),
            *(X, Y[:0], Y),
        ),
    ]
)
class TestConcat(Contract):
    pass


def reductions(*names):
    """Each reduction over: all axes, one, a negative one, several; with and without keepdims."""
    for name in names:
        f, oracle = getattr(F, name), getattr(np, name)
        for axis in (None, 0, -1, (0, 2), (-1, 1)):
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


@given(st.data())
def test_sum_to_is_the_adjoint_of_broadcast_to(data):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 1, 2), max_dims=4))
    small, large = shapes.input_shapes[0], shapes.result_shape
    a, b = np.random.default_rng(0).standard_normal(small), np.random.default_rng(1).standard_normal(large)
    wide, narrow = F.broadcast_to(a, large), F.sum_to(b, small)
    assert (wide.shape, narrow.shape) == (large, small)
    np.testing.assert_allclose(np.sum(wide.data * b), np.sum(a * narrow.data), atol=1e-12)


@pytest.mark.parametrize("f", [F.max, F.min], ids=["max", "min"])
def test_every_tie_takes_the_gradient(f):
    x = Variable(np.array([[1.0, 5.0, 5.0], [2.0, 2.0, 2.0]]) * (1 if f is F.max else -1))
    y = f(x, axis=1)
    y.grad = Variable(np.array([3.0, 4.0]))
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [[0, 3, 3], [4, 4, 4]])


def test_reductions_take_a_list_of_axes():
    np.testing.assert_allclose(F.sum(X, axis=[0, 2]).data, X.sum((0, 2)))


def test_mean_of_more_float16_than_their_sum_can_hold():
    assert F.mean(np.ones(70_000, np.float16)).item() == 1


def test_average_is_mean():
    np.testing.assert_array_equal(F.average(X, axis=1).data, F.mean(X, axis=1).data)


def test_getitem_gradient_adds_up_over_both_uses_of_a_row():
    x = Variable(np.arange(6.0).reshape(3, 2))
    (gx,) = grad((x[0] * 2).sum() + (x[:2] * 3).sum(), x)
    np.testing.assert_array_equal(gx.data, [[5, 5], [3, 3], [0, 0]])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.reshape(X, (5, 5)), ValueError, r"24.*\(5, ?5\)"),
        (lambda: Variable(X).reshape(-1, 5), ValueError, r"24.*5"),
        (lambda: F.transpose(X, (0, 1)), ValueError, "axes"),
        (lambda: F.transpose(X, (0, 0, 1)), ValueError, "axis"),
        (lambda: F.expand_dims(X, 5), ValueError, r"axis.*5"),
        (lambda: Variable(X)[2], IndexError, "2"),
        (lambda: Variable(X)[0, 0, 0, 0], IndexError, "indices"),
        (lambda: F.concat([]), ValueError, "at least one"),
        (lambda: F.concat([X, MATRIX]), ValueError, "dimension"),
        (lambda: F.concat([X, X[:, :2]]), ValueError, r"3.*2"),
        (lambda: F.sum(X, axis=3), ValueError, r"axis.*3"),
        (lambda: F.max(np.zeros((0, 3)), axis=0), ValueError, "zero|empty|nothing|length 0"),
        (lambda: F.sum_to(X, (2, 3)), ValueError, r"\(2, 3, 4\).*\(2, 3\)"),
        (lambda: F.sum_to(MATRIX, (2, 2, 3)), ValueError, r"\(2, 3\).*\(2, 2, 3\)"),
        (lambda: F.broadcast_to(X, (2, 3)), ValueError, r"\(2, ?3, ?4\)|more dimensions"),
        (lambda: F.broadcast_to(X, (2, 3, 5)), ValueError, r"\(2, ?3, ?4\).*\(2, ?3, ?5\)"),
    ],
)
def test_what_does_not_fit_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()

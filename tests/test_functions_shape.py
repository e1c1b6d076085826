"""functions/shape.py: moving, joining and splitting elements."""

import re

import numpy as np
import pytest
from contract import Contract, cases, method

import pyconvlite.functions as F
from pyconvlite import Variable

rng = np.random.default_rng(2)
X = rng.standard_normal((2, 3, 4))
Y = rng.standard_normal((2, 3, 4))
MATRIX = rng.standard_normal((2, 3))
IMAGES = rng.standard_normal((2, 2, 2, 3))


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
        ("squeeze", F.squeeze, np.squeeze, X[:, None, :1]),
        ("squeeze one", lambda x: F.squeeze(x, 1), lambda x: x[:, 0], X[:, None, :1]),
        ("squeeze several", lambda x: F.squeeze(x, (-2, 1)), lambda x: x[:, 0, 0], X[:, None, :1]),
        ("squeeze to a scalar", F.squeeze, lambda x: x[0, 0], np.array([[0.3]])),
        ("squeeze method", method(lambda x: x.squeeze(0)), lambda x: x[0], X[:1]),
        ("flatten", F.flatten, lambda x: x.reshape(2, 12), X),
        ("flatten of no images", F.flatten, lambda x: x.reshape(0, 12), np.zeros((0, 3, 4))),
    ]
)
class TestMoving(Contract):
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


def split_weighted(split):
    """Every part with a different weight; one of three is not used."""

    def f(x):
        first, *others = split(x)
        return first * 2.0 + sum(part[:, :1] * float(i) for i, part in enumerate(others, 3))

    return f


@cases(
    [
        ("equal parts", lambda x: F.split(x, 2, 1)[1], lambda x: np.split(x, 2, 1)[1], X[:, :2]),
        ("one part", lambda x: F.split(x, 1)[0], lambda x: x, X),
        ("at indexes", lambda x: F.split(x, [1, 3], -1)[1], lambda x: np.split(x, [1, 3], -1)[1], X),
        ("empty part", lambda x: F.split(x, (0, 2))[0], lambda x: x[:0], X),
        ("at an array", lambda x: F.split(x, np.array([2]), 2)[1], lambda x: x[..., 2:], X),
        (
            "all parts",
            split_weighted(lambda x: F.split(x, 2, 2)),
            split_weighted(lambda x: np.split(x, 2, 2)),
            X,
        ),
    ]
)
class TestSplit(Contract):
    pass


@cases(
    [
        ("stack", lambda a, b: F.stack([a, b]), lambda a, b: np.stack([a, b]), X, Y),
        ("stack axis 1", lambda a, b: F.stack((a, b), axis=1), lambda a, b: np.stack([a, b], 1), X, Y),
        ("stack axis -1", lambda a, b: F.stack([a, b], -1), lambda a, b: np.stack([a, b], -1), X, Y),
        ("stack of one", lambda a: F.stack([a]), lambda a: a[None], MATRIX),
    ]
)
class TestStack(Contract):
    pass


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.transpose(X, (0, 0, 1)), ValueError, r"axes.*3.*\(0, 0, 1\).*\(2, 3, 4\)"),
        (lambda: F.transpose(X, (0, 1)), ValueError, r"permutation of x's 3 axes; got \(0, 1\)"),
        (lambda: F.expand_dims(X, 5), ValueError, r"axis.*5"),
        (
            lambda: F.squeeze(X, 1),
            ValueError,
            r"axis must be an axis of length 1; got 1 for shape \(2, 3, 4\)",
        ),
        (lambda: F.squeeze(X, 3), ValueError, r"axis must be one of x's 3 axes; got 3"),
        (lambda: F.split(X, 2, 1), ValueError, "must divide the length of axis 1, 3; got 2"),
        (lambda: F.split(X, 0), ValueError, "must divide the length of axis 0, 2; got 0"),
        (lambda: F.split(X, [2, 1], 2), ValueError, r"must ascend from 0 to 4, .* axis 2; got \[2, 1\]"),
        (lambda: F.split(X, [5], 2), ValueError, r"must ascend from 0 to 4"),
        (lambda: F.split(X, [-1], 2), ValueError, r"must ascend from 0 to 4"),
        (lambda: F.split(X, 1.5), TypeError, "an integer or a sequence of integers; got 1.5"),
        (lambda: F.reshape(X, None), TypeError, "shape must be an integer or .*; got None"),
        (lambda: F.reshape(X, Variable(None)), TypeError, r"shape must be .*; got variable\(None\)"),
        (lambda: F.reshape(X, 2.0), TypeError, "shape must be an integer or .*; got 2.0"),
        (lambda: F.transpose(X, "ab"), TypeError, "axes must be an integer or .*; got 'ab'"),
        (lambda: F.broadcast_to(X, None), TypeError, "shape must be an integer or .*; got None"),
        (lambda: F.sum_to(X, None), TypeError, "shape must be an integer or .*; got None"),
        (lambda: F.concat(3), TypeError, "xs must be a list or tuple of arrays; got int"),
        (lambda: F.stack(None), TypeError, "xs must be a list or tuple of arrays; got NoneType"),
        (lambda: F.concat([X, X], 3), ValueError, "axis must be one of x's 3 axes; got 3"),
        (lambda: F.concat([]), ValueError, "at least one"),
        (lambda: F.concat([X.sum(), X.sum()]), ValueError, "0-d arrays have none: use F.stack"),
        (lambda: F.stack([]), ValueError, "at least one"),
        (lambda: F.stack([X, X[:1]]), ValueError, r"\(2, 3, 4\).*\(1, 3, 4\)"),
        (lambda: F.reshape(X, (2.0, 12)), TypeError, r"shape must be an integer or .*; got \(2.0, 12\)"),
        (lambda: F.reshape(X, (24, True)), TypeError, r"shape must be an integer or .*; got \(24, True\)"),
        (lambda: F.reshape(X, [24, (1,)]), TypeError, r"shape must be an integer or .*; got \[24, \(1,\)\]"),
        (lambda: F.transpose(X, (1.0, 0, 2)), TypeError, r"axes must be .*; got \(1.0, 0, 2\)"),
        (lambda: F.broadcast_to(X, (None, 2, 3, 4)), TypeError, r"shape must be .*; got \(None, 2, 3, 4\)"),
        (lambda: F.sum_to(X, (1.0, 3, 4)), TypeError, r"shape must be .*; got \(1.0, 3, 4\)"),
        (lambda: F.concat([X, MATRIX]), ValueError, r"in all axes but axis 0; got shapes \(2, 3, 4\), \("),
        (lambda: F.concat([X, X[:, :2]], -1), ValueError, r"axis 2; got shapes \(2, 3, 4\), \(2, 2, 4\)"),
        *[
            (
                lambda shape=shape: F.reshape(X, shape),
                ValueError,
                rf"as many elements as x, 24, .* got {re.escape(str(shape))} for x of shape \(2, 3, 4\)",
            )
            for shape in [(5, 5), (-1, 7), (-1, -1)]
        ],
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_transpose_of_a_variable_takes_axes_as_numpy_does():
    x = Variable(np.zeros((2, 3)))
    for axes in [((),), (np.int64(0),)]:
        with pytest.raises(ValueError, match="permutation of x's 2 axes"):
            x.transpose(*axes)
    for axes in [(), (None,), (1, 0), (np.int64(1), np.int64(0)), ((1, 0),), ([1, 0],), (np.array([1, 0]),)]:
        assert x.transpose(*axes).shape == (3, 2)


def test_a_shape_may_be_an_array():
    shape = np.array([2, 3])
    assert F.reshape(np.ones(6), shape).shape == F.broadcast_to(np.ones(3), shape).shape == (2, 3)
    for length in (3, np.array(3)):
        assert F.reshape(np.ones((1, 3)), length).shape == F.broadcast_to(np.ones(1), length).shape == (3,)


def test_stack_of_0d_arrays_and_of_different_shapes():
    np.testing.assert_array_equal(F.stack(Variable(np.array(i)) for i in range(3)).data, [0, 1, 2])
    with pytest.raises(ValueError, match=r"same shape; got \(\), \(2,\)"):
        F.stack([1.0, Variable(np.ones(2))])


@pytest.mark.parametrize(
    "f", [F.reshape, F.sum_to, F.broadcast_to], ids=["reshape", "sum_to", "broadcast_to"]
)
def test_raw_array_of_the_same_shape_requires_no_gradient(f):
    assert not f(np.ones(2), (2,)).requires_grad

"""functions/shape.py: moving, picking and joining elements."""

from array import array

import numpy as np
import pytest
from contract import Contract, cases, method

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(2)
X = rng.standard_normal((2, 3, 4))
Y = rng.standard_normal((2, 3, 4))
MATRIX = rng.standard_normal((2, 3))
IMAGES = rng.standard_normal((2, 2, 2, 3))
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
    "pairs as tuples": ((0, 0), (1, 1)),
    "array.array": array("q", [1, 1]),
    "range": np.s_[:, range(2)],
    "a NumPy integer": np.int64(1),
    "a bool": True,
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


@cases(
    [
        ("stack", lambda a, b: F.stack([a, b]), lambda a, b: np.stack([a, b]), X, Y),
        ("stack axis 1", lambda a, b: F.stack((a, b), axis=1), lambda a, b: np.stack([a, b], 1), X, Y),
        ("stack axis -1", lambda a, b: F.stack([a, b], -1), lambda a, b: np.stack([a, b], -1), X, Y),
        ("stack of one", lambda a: F.stack([a]), lambda a: a[None], MATRIX),
        ("embed_id", lambda W: F.embed_id(TWICE, W), lambda W: W[TWICE], np.vstack([MATRIX, MATRIX])),
        (
            "embed_id of a table",
            lambda W: F.embed_id(np.array([[0, 1], [1, 1]]), W),
            lambda W: W[[[0, 1], [1, 1]]],
            MATRIX,
        ),
    ]
)
class TestStackEmbed(Contract):
    pass


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
        (lambda: F.transpose(X, (0, 0, 1)), ValueError, r"axes.*3.*\(0, 0, 1\).*\(2, 3, 4\)"),
        (lambda: F.transpose(X, (0, 1)), ValueError, r"axes.*3.*\(0, 1\)"),
        (lambda: F.expand_dims(X, 5), ValueError, r"axis.*5"),
        (lambda: Variable(X)[2], IndexError, "2"),
        (lambda: Variable(X)[0, 0, 0, 0], IndexError, "indices"),
        (lambda: F.concat([]), ValueError, "at least one"),
        (lambda: F.stack([]), ValueError, "at least one"),
        (lambda: F.stack([X, X[:1]]), ValueError, r"\(2, 3, 4\).*\(1, 3, 4\)"),
        (lambda: F.embed_id(np.array([0, 2]), MATRIX), ValueError, "0..1.*0..2"),
        (lambda: F.embed_id(np.array([-1]), MATRIX), ValueError, "-1"),
        (lambda: F.embed_id(np.array([0.0]), MATRIX), TypeError, "float64"),
        (lambda: F.embed_id(np.array([0]), X), ValueError, r"W.*\(2, 3, 4\)"),
        (lambda: F.concat([X, MATRIX]), ValueError, "dimension"),
        (lambda: F.concat([X, X[:, :2]]), ValueError, r"3.*2"),
    ],
)
def test_what_does_not_fit_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()

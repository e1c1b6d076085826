"""functions/indexing.py: x[index], gather, flip, one_hot, embed_id."""

from array import array

import numpy as np
import pytest
from contract import DTYPES, Contract, cases, method
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pyconvlite.functions as F
from pyconvlite import Variable, grad
from pyconvlite.testing import check_backward, check_double_backward

rng = np.random.default_rng(2)
X = rng.standard_normal((2, 3, 4))
MATRIX = rng.standard_normal((2, 3))
TWICE = np.array([0, 2, 0])
MASK = np.array([True, False, True])
TAKEN = rng.integers(-4, 4, (2, 3, 5))


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


@st.composite
def indexed(draw):
    """An array, and anything that `np.empty(shape)[key]` takes."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
    keys = [hnp.basic_indices(shape, max_dims=6, allow_newaxis=True), st.booleans(), hnp.arrays(bool, shape)]
    if shape and 0 not in shape:
        results = hnp.array_shapes(max_dims=3, min_side=0, max_side=3)
        keys += [hnp.integer_array_indices(shape, result_shape=results), mixed(shape)]
    x, key = np.asarray(np.random.default_rng(0).standard_normal(shape)), draw(st.one_of(keys))
    try:
        x[key]
    except IndexError:
        reject()  # a bool does not broadcast with the index arrays
    return x, key


@st.composite
def mixed(draw, shape):
    """Slices, integers, arrays that broadcast, masks, None and an ellipsis, in one index."""
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=len(shape), max_dims=2, max_side=3))
    key = []
    for size, index_shape in zip(shape, shapes.input_shapes, strict=True):
        choices = [
            hnp.arrays(np.int64, index_shape, elements=st.integers(-size, size - 1)),
            st.slices(size),
            st.integers(-size, size - 1),
        ]
        key.append(draw(st.one_of(choices)))
    at = draw(st.integers(0, len(key)))
    if draw(st.booleans()):
        key.insert(at, draw(st.sampled_from([None, True, False])))
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(key)))
        key[cut : cut + draw(st.integers(0, 1))] = [...]
    return tuple(key)


@settings(max_examples=60)
@given(indexed())
def test_all_index_kinds_equal_numpy(case):
    x, key = case
    y = Variable(x)[key]
    assert y.shape == x[key].shape
    np.testing.assert_array_equal(y.data, x[key])
    check_backward(lambda x: x[key], x)
    check_double_backward(lambda x: x[key] ** 2, x)


def test_bool_that_does_not_broadcast_with_an_index_array_is_refused():
    with pytest.raises(IndexError, match="could not be broadcast"):
        Variable(np.ones(3))[False, np.array([0, 1])]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_of_repeated_rows_add_up(dtype):
    index = np.array([[2, 0, 2], [-1, 2, 0]])
    gy = np.random.default_rng(0).standard_normal((2, 3, 4, 50)).astype(dtype)
    expected, condition = np.zeros((2, 5, 4, 50))
    np.add.at(expected, index, gy.astype(float))
    np.add.at(condition, index, abs(gy))
    gx = F.GetItemGrad(index, expected.shape)(gy.swapaxes(2, 3).copy().swapaxes(2, 3)).data
    assert gx.dtype == dtype
    assert np.all(abs(gx - expected) <= 3 * np.finfo(dtype).eps * condition)


def test_getitem_gradients_of_two_uses_add_up():
    x = Variable(np.arange(6.0).reshape(3, 2))
    (gx,) = grad((x[0] * 2).sum() + (x[:2] * 3).sum(), x)
    np.testing.assert_array_equal(gx.data, [[5, 5], [3, 3], [0, 0]])


@cases(
    [
        ("flip", F.flip, np.flip, X),
        ("flip an axis", lambda x: F.flip(x, -1), lambda x: np.flip(x, -1), X),
        ("flip axes", lambda x: F.flip(x, (0, 2)), lambda x: np.flip(x, (0, 2)), X),
        ("flip a number", F.flip, lambda x: x, np.array(0.3)),
        ("gather", lambda x: F.gather(x, TAKEN, 2), lambda x: np.take_along_axis(x, TAKEN, 2), X),
        (
            "gather, negative axis",
            lambda x: F.gather(x, Variable(TAKEN[:, :, :3] % 3), -2),
            lambda x: np.take_along_axis(x[..., :3], TAKEN[:, :, :3] % 3, 1),
            X,
        ),
        (
            "gather from the first rows",
            lambda x: F.gather(x, TAKEN[:1, :2], 2),
            lambda x: np.take_along_axis(x[:1, :2], TAKEN[:1, :2], 2),
            X,
        ),
        ("gather nothing", lambda x: F.gather(x, TAKEN[:0, :, :4], 0), lambda x: x[:0], X),
        ("embed_id", lambda W: F.embed_id(TWICE, W), lambda W: W[TWICE], np.vstack([MATRIX, MATRIX])),
        (
            "embed_id of a table",
            lambda W: F.embed_id(np.array([[0, 1], [1, 1]]), W),
            lambda W: W[[[0, 1], [1, 1]]],
            MATRIX,
        ),
    ]
)
class TestOthers(Contract):
    pass


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_hot(dtype):
    t = np.array([[2, 0], [1, 1]])
    y = F.one_hot(Variable(t), 3, dtype)
    assert (type(y), y.dtype, y.requires_grad) == (Variable, dtype, False)
    np.testing.assert_array_equal(y.data, np.eye(3)[t])
    assert F.one_hot(np.array(1), 2).data.tolist() == [0, 1]
    assert F.one_hot(np.zeros((0, 2), int), 3).shape == (0, 2, 3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Variable(X)[2], IndexError, "index 2 is out of bounds"),
        (lambda: Variable(X)[0, 0, 0, 0], IndexError, "indices"),
        (lambda: F.embed_id(np.array([0, 2]), MATRIX), ValueError, r"0\.\.1; got 0\.\.2"),
        (lambda: F.embed_id(np.array([-1]), MATRIX), ValueError, r"0\.\.1; got -1\.\.-1"),
        (lambda: F.embed_id(np.array([0.0]), MATRIX), TypeError, "float64"),
        (lambda: F.embed_id(np.array([0]), X), ValueError, r"W.*\(2, 3, 4\)"),
        (lambda: F.flip(X, 3), ValueError, r"axis must be one of x's 3 axes; got 3"),
        (lambda: F.gather(X, TAKEN, 3), ValueError, "axis must be one of x's 3 axes; got 3"),
        (lambda: F.gather(X, TAKEN, None), TypeError, "axis must be an integer; got None"),
        (lambda: F.gather(X, TAKEN * 1.0, 2), TypeError, "indexes must hold integers; got float64"),
        (lambda: F.gather(X, TAKEN[0], 2), ValueError, r"as many axes as x.*\(3, 5\) and \(2, 3, 4\)"),
        (lambda: F.gather(X, TAKEN, 1), ValueError, r"none longer except axis 1; got shapes \(2, 3, 5\)"),
        (lambda: F.gather(X, TAKEN + 4, 2), IndexError, "out of bounds"),
        (lambda: F.one_hot(np.array([3]), 3), ValueError, r"labels in t must be in 0\.\.2; got 3"),
        (lambda: F.one_hot(np.array([0.0]), 3), TypeError, "t must hold integers, the labels; got float64"),
        (lambda: F.one_hot(np.array([0]), 0), ValueError, "classes must be at least 1; got 0"),
        (lambda: F.one_hot(np.array([0]), 1, "x"), TypeError, "dtype must be one of numbers, .* got 'x'"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_index_list_is_copied():
    x, index = Variable(np.arange(4.0)), []
    total = 0
    for i in (3, 1):
        index.append(i)
        total = total + F.sum(x[index]) + F.sum(x[(index,)])
    total.backward()
    np.testing.assert_array_equal(x.grad.data, [0, 2, 0, 4])

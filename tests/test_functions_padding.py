"""functions/padding.py: pad in its modes."""

from itertools import product

import numpy as np
import pytest
from contract import Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable

rng = np.random.default_rng(4)
X = rng.standard_normal((2, 2, 3))
MATRIX = rng.standard_normal((3, 4))
MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # NumPy's names
WIDTHS = [((1, 0), (0, 1), (0, 2)), ((0, 1), (1, 1), (2, 1)), ((0, 0), (0, 0), (1, 2))]


@cases(
    [
        ("all", lambda x: F.pad(x, 1), lambda x: np.pad(x, 1), X),
        ("value", lambda x: F.pad(x, 2, -1.5), lambda x: np.pad(x, 2, constant_values=-1.5), MATRIX),
        ("each end", lambda x: F.pad(x, ((0, 1), (2, 3))), lambda x: np.pad(x, ((0, 1), (2, 3))), MATRIX),
        ("before and after", lambda x: F.pad(x, (1, 2)), lambda x: np.pad(x, (1, 2)), MATRIX),
        ("one pair", lambda x: F.pad(x, ((1, 2),)), lambda x: np.pad(x, ((1, 2),)), MATRIX),
        ("one integer", lambda x: F.pad(x, [3]), lambda x: np.pad(x, [3]), MATRIX),
        ("nested integer", lambda x: F.pad(x, ((3,),)), lambda x: np.pad(x, ((3,),)), MATRIX),
        ("one for each axis", lambda x: F.pad(x, ((1,), (2,))), lambda x: np.pad(x, ((1,), (2,))), MATRIX),
        (
            "array",
            lambda x: F.pad(x, np.array([[0, 1], [2, 3]], np.uint8)),
            lambda x: np.pad(x, [[0, 1], [2, 3]]),
            MATRIX,
        ),
        ("Variable", lambda x: F.pad(x, Variable(np.array([1, 2]))), lambda x: np.pad(x, (1, 2)), MATRIX),
        ("nothing", lambda x: F.pad(x, 0), lambda x: x, MATRIX),
    ]
)
class TestConstant(Contract):
    pass


def table():
    for (mode, theirs), widths in product(MODES.items(), WIDTHS):
        yield (
            f"{mode} {widths}",
            lambda x, w=widths, m=mode: F.pad(x, w, mode=m),
            lambda x, w=widths, m=theirs: np.pad(x, w, mode=m),
            X,
        )


@cases(table())
class TestCopies(Contract):
    pass


def test_padding_as_wide_as_the_axis():
    np.testing.assert_array_equal(F.pad(X, (2, 2), mode="replicate").data, np.pad(X, 2, "edge"))
    x = np.array([1, 2, 3])
    assert F.pad(x, 3, mode="circular").data.tolist() == [1, 2, 3] * 3
    assert F.pad(x, 2, mode="reflect").data.tolist() == [3, 2, 1, 2, 3, 2, 1]
    assert F.pad(x[:1], 4, mode="replicate").data.tolist() == [1] * 9


@pytest.mark.parametrize(
    ("dtype", "value"), [(np.int64, 2.0), (np.uint8, 255), (bool, True), (np.float16, 0.1)]
)
def test_value_representable_in_the_dtype(dtype, value):
    y = F.pad(np.zeros(1, dtype), (0, 1), value)
    np.testing.assert_array_equal(y.data, np.array([0, value], dtype), strict=True)


@pytest.mark.parametrize("mode", MODES)
def test_zero_width(mode):
    np.testing.assert_array_equal(F.pad(X, 0, mode=mode).data, X)
    assert F.pad(X[:0], ((0, 0), (1, 1), (0, 1)), mode=mode).shape == (0, 4, 4)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.pad(X, -1), ValueError, "pad_width.*-1"),
        (lambda: F.pad(X, ((1, 1), (1, 1))), ValueError, "pad_width.*3"),
        (
            lambda: F.pad(X, ((1, 2), 3, 4)),
            ValueError,
            r"a pair for each axis of x, of shape \(2, 2, 3\); got",
        ),
        (lambda: F.pad(X, 1.5), TypeError, "pad_width.*1.5"),
        (lambda: F.pad(X, True), TypeError, "pad_width must be integers; got True"),
        (lambda: F.pad(X, 1, mode="edge"), ValueError, "mode must be one of .*replicate.*'edge'"),
        (
            lambda: F.pad(X, 1, "reflect"),
            TypeError,
            "value .* number; got 'reflect': write mode='refl",
        ),
        (
            lambda: F.pad(X, ((0, 0), (0, 0), (1, 0)), (4.0, 5.0, 6.0, 7.0)),
            TypeError,
            "value .* one for all ends",
        ),
        (lambda: F.pad(X, 1, Variable(np.array(3.0))), TypeError, r"value .* number.*variable\(3.0\)"),
        (lambda: F.pad(X, 1, None), TypeError, "value must be a number.*None"),
        (
            lambda: F.pad(np.zeros(3, np.int64), 1, np.nan),
            ValueError,
            "value must be an integer .* for int64 arrays; got nan: convert",
        ),
        (lambda: F.pad(np.zeros(3, np.int64), 1, -np.inf), ValueError, "value .* int64 arrays; got -inf"),
        (lambda: F.pad(np.zeros(3, np.int64), 1, 1.5), ValueError, "value .* int64 arrays; got 1.5"),
        (lambda: F.pad(np.zeros(3, np.uint8), 1, 256), ValueError, "value .* uint8 arrays; got 256"),
        (lambda: F.pad(np.zeros(3, bool), 1, -1), ValueError, "value .* bool arrays; got -1"),
        (lambda: F.pad(X, 1, 2.0, mode="reflect"), ValueError, "value must be left out.*reflect.*2.0"),
        (
            lambda: F.pad(X, (2, 0), mode="reflect"),
            ValueError,
            r"at most 1 along axis 0.*\(2, 0\).*\(2, 2, 3\)",
        ),
        (lambda: F.pad(X, (0, 3), mode="circular"), ValueError, r"at most 2 along axis 0.*\(0, 3\)"),
        (lambda: F.pad(X[:0], 1, mode="reflect"), ValueError, "at most 0 along axis 0"),
        (lambda: F.pad(X[:0], 1, mode="replicate"), ValueError, "at most 0 along axis 0"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()

"""functions/adaptive_pooling.py: pooling to a given size."""

import math

import numpy as np
import pytest
from contract import Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(2)
X = rng.standard_normal((2, 2, 5, 7))
SIZES = {
    "smaller": (3, 2),
    "larger": (6, 9),
    "one": 1,
    "a divisor": (5, 1),
    "halves": (2, None),
    "the same": None,
}


def pooled(reduce):
    def of(x, size):
        OH, OW = size if isinstance(size, tuple) else (size, size)
        OH, OW = OH or x.shape[2], OW or x.shape[3]
        y = np.empty((*x.shape[:2], OH, OW))
        for oh in range(OH):
            rows = slice(math.floor(oh * x.shape[2] / OH), math.ceil((oh + 1) * x.shape[2] / OH))
            for ow in range(OW):
                columns = slice(math.floor(ow * x.shape[3] / OW), math.ceil((ow + 1) * x.shape[3] / OW))
                y[:, :, oh, ow] = reduce(x[:, :, rows, columns], axis=(2, 3))
        return y

    return of


def table(f, reduce):
    for name in ("smaller", "larger", "halves"):
        size = SIZES[name]
        yield name, lambda x, s=size: f(x, s), lambda x, s=size: pooled(reduce)(x, s), X
    yield "empty", lambda x: f(x, (2, 3)), lambda x: np.zeros((0, 2, 2, 3)), X[:0]


@cases(table(F.adaptive_average_pooling, np.mean))
class TestAverage(Contract):
    pass


@cases(table(F.adaptive_max_pooling, np.max))
class TestMax(Contract):
    pass


@pytest.mark.parametrize("name", SIZES)
def test_output_size_forms(name):
    size = SIZES[name]
    np.testing.assert_array_equal(F.adaptive_max_pooling(X, size).data, pooled(np.max)(X, size))
    np.testing.assert_allclose(F.adaptive_average_pooling(X, size).data, pooled(np.mean)(X, size))


@pytest.mark.parametrize("old", range(1, 10))
def test_all_input_sizes(old):
    x = np.random.default_rng(0).standard_normal((1, 1, 2, old))
    for new in range(1, 12):
        np.testing.assert_array_equal(F.adaptive_max_pooling(x, (1, new)).data, pooled(np.max)(x, (1, new)))
        np.testing.assert_allclose(F.adaptive_average_pooling(x, (1, new)).data, pooled(np.mean)(x, (1, new)))


def test_the_first_of_equal_maxima_takes_the_gradient():
    x = Variable(np.ones((1, 1, 1, 5)))
    np.testing.assert_array_equal(grad(F.adaptive_max_pooling(x, (1, 3)), x)[0].data, [[[[1, 1, 0, 1, 0]]]])


# 4 of 10 or 6: windows that are not alike
@pytest.mark.parametrize("size", [(4, 4), (4, 3), (3, 4)], ids=str)
def test_first_maximum_in_row_major_order(size):
    x = Variable(np.random.default_rng(0).integers(0, 2, (1, 1, 10, 6)).astype(float))
    expected = np.zeros((10, 6))
    for place in np.ndindex(*size):
        starts = [i * old // new for i, old, new in zip(place, (10, 6), size, strict=True)]
        stops = [-(-(i + 1) * old // new) for i, old, new in zip(place, (10, 6), size, strict=True)]
        window = x.data[0, 0, starts[0] : stops[0], starts[1] : stops[1]]
        row, column = np.unravel_index(window.argmax(), window.shape)
        expected[starts[0] + row, starts[1] + column] += 1
    np.testing.assert_array_equal(grad(F.adaptive_max_pooling(x, size), x)[0].data[0, 0], expected)


def test_nan_propagates():
    x = np.array([[[[0, 1, 2, np.nan, 4]]]])
    np.testing.assert_array_equal(F.adaptive_max_pooling(x, (1, 2)).data, [[[[2, np.nan]]]])


@pytest.mark.parametrize("f", [F.adaptive_average_pooling, F.adaptive_max_pooling])
@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        ((X[0], 2), ValueError, r"\(2, 5, 7\)"),
        ((X, 0), ValueError, "output_size must be at least 1; got 0"),
        ((X, (1, 2, 3)), ValueError, r"output_size.*\(1, 2, 3\)"),
        ((X, 1.5), TypeError, "output_size.*1.5"),
        ((X.astype(np.int64), 2), TypeError, "floating point; got int64"),
        ((X[:, :, :0], 2), ValueError, r"at least one pixel.*\(2, 2, 0, 7\)"),
    ],
)
def test_invalid_arguments_are_named(f, args, error, words):
    with pytest.raises(error, match=words):
        f(*args)

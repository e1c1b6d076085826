"""layers/prelu.py."""

import io

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable

X = np.random.default_rng(0).standard_normal((2, 3, 4, 5))


@pytest.mark.parametrize(("size", "slopes"), [(1, [0.5]), (3, [0.5, -1.0, 2.0])])
def test_shared_slope_or_one_per_channel(size, slopes):
    layer = L.PReLU(size, dtype=np.float64)
    np.testing.assert_array_equal(layer.W.data, [0.25] * size)
    layer.W.data = np.array(slopes)
    W = np.reshape(slopes, (-1, 1, 1))
    np.testing.assert_allclose(layer(X).data, np.where(X > 0, X, W * X))


def test_loaded_layer_trains_on_rows():
    layer = L.PReLU(4, 0.5)
    x = Variable(np.array([[-2.0, 0.0, 3.0, -1.0]], np.float32))
    F.sum(layer(x)).backward()
    np.testing.assert_array_equal(layer.W.grad.data, [-2, 0, 0, -1])
    np.testing.assert_array_equal(x.grad.data, [[0.5, 0.5, 1, 0.5]])
    file = io.BytesIO()
    layer.save_weights(file)
    file.seek(0)
    other = L.PReLU(4)
    other.load_weights(file)
    np.testing.assert_array_equal(other.W.data, layer.W.data)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.PReLU(0), ValueError, "num_parameters must be at least 1"),
        (lambda: L.PReLU(1, np.inf), ValueError, "init must be a finite number"),
        (lambda: L.PReLU(1, "a"), TypeError, "init must be a number"),
        (lambda: L.PReLU(dtype=int), TypeError, "dtype"),
        (lambda: L.PReLU(2)(X), ValueError, r"W must have shape \(3,\).*\(2,\).*\(2, 3, 4, 5\)"),
    ],
)
def test_invalid_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_repr():
    assert repr(L.PReLU(3)) == "PReLU(num_parameters=3)"

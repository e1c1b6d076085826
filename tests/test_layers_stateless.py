import numpy as np
import pytest
from contract import LayerContract, layers

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite.models import Sequential

X = np.random.default_rng(0).standard_normal((2, 3, 6, 5))

# each layer and the function that it is
TABLE = {
    "ReLU": (L.ReLU(), F.relu),
    "LeakyReLU": (L.LeakyReLU(), F.leaky_relu),
    "LeakyReLU slope": (L.LeakyReLU(0.5), lambda x: F.leaky_relu(x, 0.5)),
    "Sigmoid": (L.Sigmoid(), F.sigmoid),
    "Tanh": (L.Tanh(), F.tanh),
    "GELU": (L.GELU(), F.gelu),
    "GELU by tanh": (L.GELU("tanh"), lambda x: F.gelu(x, "tanh")),
    "Softmax": (L.Softmax(), F.softmax),
    "Softmax axis": (L.Softmax(-1), lambda x: F.softmax(x, -1)),
    "LogSoftmax": (L.LogSoftmax(), F.log_softmax),
    "LogSoftmax axis": (L.LogSoftmax(axis=2), lambda x: F.log_softmax(x, 2)),
    "Flatten": (L.Flatten(), F.flatten),
}


@layers(TABLE)
class TestLayers(LayerContract):
    x = X


def test_layers_compose_a_network():
    model = Sequential(
        *[L.Conv2d(4, 3, pad=1), L.BatchNorm(), L.ReLU(), L.MaxPool(2, 2), L.Conv2d(8, 3), L.GELU()],
        *[L.GlobalAvgPool(), L.Flatten(), L.Dropout(), L.Linear(10), L.LogSoftmax()],
    )
    y = model(np.zeros((2, 3, 8, 8), np.float32))
    assert (y.shape, y.dtype) == ((2, 10), np.float32)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.LeakyReLU(np.inf), ValueError, "slope must be a finite number; got inf"),
        (lambda: L.LeakyReLU("a"), TypeError, "slope must be a number; got 'a'"),
        (lambda: L.Softmax("a"), TypeError, "axis must be an integer; got 'a'"),
        (lambda: L.LogSoftmax(1.5), TypeError, "axis must be an integer; got 1.5"),
        (lambda: L.Softmax(None), TypeError, "axis must be an integer; got None"),
        (lambda: L.Softmax(4)(X), ValueError, "axis must be one of x's 4 axes; got 4"),
        (lambda: L.Flatten()(X[0, 0, 0]), ValueError, r"got shape \(5,\)"),
    ],
)
def test_errors_name_the_argument_and_the_size(make, error, message):
    with pytest.raises(error, match=message):
        make()

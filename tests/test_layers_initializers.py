"""layers/initializers.py: weights by the name of their distribution."""

import math

import numpy as np
import pytest

import pyconvlite
import pyconvlite.layers as L
from pyconvlite.layers.initializers import NAMES

VARIANCES = {"lecun": lambda i, o: 1 / i, "he": lambda i, o: 2 / i, "glorot": lambda i, o: 2 / (i + o)}
VARIANCES |= {"kaiming": VARIANCES["he"], "xavier": VARIANCES["glorot"]}
LAYERS = {  # a layer by its init, its fan_in and fan_out
    "Linear": (lambda init: L.Linear(150, in_size=100, init=init), 100, 150),
    "Conv2d": (lambda init: L.Conv2d(60, (3, 2), in_channels=40, init=init), 240, 360),
    "groups": (lambda init: L.Conv2d(60, 3, in_channels=120, groups=2, init=init), 540, 270),
    "Deconv2d": (lambda init: L.Deconv2d(40, 3, in_channels=60, init=init), 540, 360),
    "Conv1d": (lambda init: L.Conv1d(60, 5, in_channels=40, init=init), 200, 300),
    "DepthwiseConv2d": (lambda init: L.DepthwiseConv2d((4, 2), in_channels=1500, init=init), 8, 8),
}


@pytest.mark.parametrize(("make", "fan_in", "fan_out"), LAYERS.values(), ids=LAYERS)
def test_mean_variance_and_distribution(make, fan_in, fan_out):
    pyconvlite.seed(0)
    for init in NAMES[:-1]:
        check(init, make(init).W.data, fan_in, fan_out)


def check(init, W, fan_in, fan_out):
    name, form = init.split("_")
    variance = VARIANCES[name](fan_in, fan_out)
    assert W.dtype == np.float32
    assert abs(W.mean()) < 5 * math.sqrt(variance / W.size)
    assert abs(W.var() / variance - 1) < 10 / math.sqrt(W.size)
    largest = np.abs(W).max() / math.sqrt(variance)
    assert largest <= math.sqrt(3) * (1 + 1e-6) if form == "uniform" else largest > 3
    assert form == "normal" or largest > 1.7


def test_every_initializer_is_tested():
    assert {name.split("_")[0] for name in NAMES} == {*VARIANCES, "orthogonal"}


@pytest.mark.parametrize(
    "layer",
    [
        L.Linear(5, in_size=8, init="orthogonal"),
        L.Linear(8, in_size=5, init="orthogonal", dtype=np.float64),
        L.Conv2d(6, 2, in_channels=3, init="orthogonal"),
        L.Conv2d(20, 2, in_channels=3, init="orthogonal", dtype=np.float64),
    ],
)
def test_orthogonal(layer):
    W = layer.W.data.reshape(len(layer.W), -1)
    gram = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=10 * np.finfo(W.dtype).eps)


def test_orthogonal_signs_are_balanced():
    pyconvlite.seed(0)
    corners = [L.Linear(3, in_size=3, init="orthogonal").W.data[0, 0] for _ in range(200)]
    assert 70 < sum(corner > 0 for corner in corners) < 130


def test_seed_repeats_weights_of_lazy_layers():
    for init in NAMES:
        pyconvlite.seed(3)
        early = L.Linear(4, in_size=3, init=init, dtype=np.float16)
        pyconvlite.seed(3)
        late = L.Linear(4, init=init, dtype=np.float16)
        late(np.zeros((1, 3), np.float16))
        np.testing.assert_array_equal(early.W.data, late.W.data)
        assert late.W.dtype == np.float16


@pytest.mark.parametrize("init", ["he", "normal", None, 3])
def test_unknown_names(init):
    for layer in (lambda: L.Linear(3, init=init), lambda: L.Conv2d(3, 3, init=init)):
        with pytest.raises(ValueError, match=r"init must be one of 'lecun_normal'.*'orthogonal'; got"):
            layer()

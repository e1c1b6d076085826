"""layers/convolution.py, besides what all layers with W and b share, which test_layers_affine.py tests."""

import io
import pickle

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable
from pyconvlite.models import Sequential, summary

rng = np.random.default_rng(0)
X = rng.standard_normal((2, 4, 6, 5)).astype(np.float32)
SIGNAL = rng.standard_normal((2, 4, 9)).astype(np.float32)

# a layer, its input and the function of (input, layer) that it is
TABLE = {
    "same": (
        L.Conv2d(3, 3, 2, "same"),
        X,
        lambda x, c: F.conv2d(x, c.W, c.b, 2, "same"),
    ),
    "edges": (
        L.Conv2d(4, 3, pad=((2, 0), 1), groups=2, nobias=True),
        X,
        lambda x, c: F.conv2d(x, c.W, None, 1, ((2, 0), (1, 1)), groups=2),
    ),
    "mode": (
        L.Conv2d(3, 3, pad=1, pad_mode="reflect", relu=True),
        X,
        lambda x, c: F.conv2d_relu(x, c.W, c.b, 1, 1, pad_mode="reflect"),
    ),
    "Conv1d": (
        L.Conv1d(6, 3, 2, (2, 0), dilation=2, groups=2),
        SIGNAL,
        lambda x, c: F.conv1d(x, c.W, c.b, 2, (2, 0), dilation=2, groups=2),
    ),
    "Conv1d mode": (
        L.Conv1d(6, 3, pad="same", nobias=True, pad_mode="circular"),
        SIGNAL,
        lambda x, c: F.conv1d(x, c.W, None, 1, "same", pad_mode="circular"),
    ),
    "depthwise": (
        L.DepthwiseConv2d((3, 2), 2, 1, dilation=(1, 2)),
        X,
        lambda x, c: F.conv2d(x, c.W, c.b, 2, 1, dilation=(1, 2), groups=4),
    ),
    "separable": (
        L.SeparableConv2d(3, 3, 2, "same", pad_mode="replicate", dilation=2),
        X,
        lambda x, c: F.conv2d(
            F.conv2d(x, c.depthwise.W, None, 2, "same", dilation=2, groups=4, pad_mode="replicate"),
            c.pointwise.W,
            c.pointwise.b,
        ),
    ),
}
table = pytest.mark.parametrize(("layer", "x", "function"), TABLE.values(), ids=TABLE)


@table
def test_equals_its_function_and_trains(layer, x, function):
    y = layer(x)
    np.testing.assert_array_equal(y.data, function(x, layer).data, strict=True)
    layer.cleargrads()
    F.sum(y * y).backward()
    assert all(param.grad.shape == param.shape for param in layer.params())


@table
def test_weights_can_be_saved_and_loaded_before_a_call(layer, x, function):
    y = layer(x)
    file = io.BytesIO()
    layer.save_weights(file)
    file.seek(0)
    other = pickle.loads(pickle.dumps(layer))
    for param in other.params():
        param.data = None
    other.load_weights(file)
    np.testing.assert_array_equal(other(x).data, y.data)


def test_known_and_unknown_sizes():
    assert L.Conv1d(6, 3).W.lazy_shape == (6, None, 3)
    assert L.Conv1d(6, 3, in_channels=4, groups=2).W.shape == (6, 2, 3)
    depthwise = L.DepthwiseConv2d(3)
    assert (depthwise.in_channels, depthwise.W.lazy_shape, depthwise.b.lazy_shape) == (
        None,
        (None, 1, 3, 3),
        (None,),
    )
    known = L.DepthwiseConv2d(3, in_channels=5)
    assert (known.in_channels, known.W.shape, known.b.shape) == (5, (5, 1, 3, 3), (5,))
    separable = L.SeparableConv2d(6, 3, in_channels=5, nobias=True)
    assert {name: p.shape for name, p in separable.named_params()} == {
        "depthwise/W": (5, 1, 3, 3),
        "pointwise/W": (6, 5, 1, 1),
    }


def test_failed_call_sets_no_size():
    depthwise = L.DepthwiseConv2d(9)
    with pytest.raises(ValueError, match="larger than the padded input"):
        depthwise(X)
    assert depthwise.W.data is None
    assert depthwise.b.data is None


def test_summary_of_a_separable_network():
    model = Sequential(L.SeparableConv2d(8, 3, pad="same"), L.Conv2d(2, 1), L.AdaptiveAvgPool(1))
    rows = {
        row.name: (row.kind, row.output_shape, row.parameters) for row in summary(model, (1, 4, 6, 5)).rows
    }
    assert rows == {
        "layers/0/depthwise": ("DepthwiseConv2d", (1, 4, 6, 5), 40 - 4),
        "layers/0/pointwise": ("Conv2d", (1, 8, 6, 5), 40),
        "layers/1": ("Conv2d", (1, 2, 6, 5), 18),
        "layers/2": ("AdaptiveAvgPool", (1, 2, 1, 1), 0),
    }
    assert model.layers[0].depthwise.W.data is None


def test_float64_stays():
    layer = L.SeparableConv2d(3, 3, dtype=np.float64)
    assert layer(Variable(X.astype(np.float64))).dtype == np.float64


def test_repr():
    sizes = "kernel_size=(3,), stride=(1,), pad=(0, 0), in_channels=None, dilation=(1,)"
    assert repr(L.Conv1d(6, 3)) == f"Conv1d(out_channels=6, {sizes}, groups=1)"
    assert repr(L.Conv2d(6, 3, pad="same", pad_mode="reflect", relu=True)).endswith(
        "pad='same', in_channels=None, dilation=(1, 1), groups=1, relu=True, pad_mode='reflect')"
    )
    sizes = "kernel_size=(3, 3), stride=(1, 1), pad=((1, 0), (0, 0)), in_channels=None, dilation=(1, 1)"
    assert repr(L.DepthwiseConv2d(3, pad=((1, 0), 0))) == f"DepthwiseConv2d({sizes})"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.Conv2d(3, 3, pad="full"), ValueError, "pad must be .*'full'"),
        (lambda: L.Conv2d(3, 3, pad=((1, -1), 0)), ValueError, "pad must be at least 0"),
        (lambda: L.Conv2d(3, 3, pad_mode="edge"), ValueError, "pad_mode must be one of .*'edge'"),
        (lambda: L.Deconv2d(3, 3, pad="same"), TypeError, "pad must be .*'same'"),
        (lambda: L.Conv1d(3, (3, 3)), TypeError, "kernel_size"),
        (lambda: L.Conv1d(3, 3, pad=-1), ValueError, "pad must be at least 0"),
        (lambda: L.Conv1d(3, 3, groups=2), ValueError, "out_channels must be a multiple of groups=2"),
        (lambda: L.Conv1d(4, 3, groups=2)(SIGNAL[:, :3]), ValueError, "in_channels must be a multiple"),
        (lambda: L.Conv1d(3, 3)(X), ValueError, r"\(N, C, L\)"),
        (lambda: L.DepthwiseConv2d(0), ValueError, "kernel_size must be at least 1"),
        (lambda: L.DepthwiseConv2d(3, in_channels=4)(X[:, :3]), ValueError, "groups must divide|W must have"),
        (lambda: L.SeparableConv2d(0, 3), ValueError, "out_channels must be at least 1"),
    ],
)
def test_invalid_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()

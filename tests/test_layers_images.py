"""layers/images.py: pooling and changes of size as layers."""

import numpy as np
import pytest
from contract import LayerContract, layers

import pyconvlite.functions as F
import pyconvlite.layers as L

X = np.random.default_rng(0).standard_normal((2, 4, 6, 5))
EDGES = ((1, 0), (0, 1))

# each layer and the function that it is
TABLE = {
    "MaxPool": (L.MaxPool(3), lambda x: F.pooling(x, 3)),
    "MaxPool pairs": (L.MaxPool((3, 2), (2, 1), (1, 0)), lambda x: F.pooling(x, (3, 2), (2, 1), (1, 0))),
    "MaxPool dilation": (L.MaxPool(2, dilation=(3, 1)), lambda x: F.pooling(x, 2, dilation=(3, 1))),
    "MaxPool ceil_mode": (
        L.MaxPool(2, 2, EDGES, ceil_mode=True),
        lambda x: F.pooling(x, 2, 2, EDGES, ceil_mode=True),
    ),
    "AvgPool": (L.AvgPool(2), lambda x: F.average_pooling(x, 2)),
    "AvgPool pairs": (
        L.AvgPool((3, 2), (2, 1), (1, 0)),
        lambda x: F.average_pooling(x, (3, 2), (2, 1), (1, 0)),
    ),
    "AvgPool of pixels alone": (
        L.AvgPool(2, pad=1, count_include_pad=False),
        lambda x: F.average_pooling(x, 2, pad=1, count_include_pad=False),
    ),
    "AvgPool ceil_mode": (
        L.AvgPool(2, 2, "same", ceil_mode=True),
        lambda x: F.average_pooling(x, 2, 2, "same", ceil_mode=True),
    ),
    "GlobalAvgPool": (L.GlobalAvgPool(), F.global_average_pooling),
    "GlobalMaxPool": (L.GlobalMaxPool(), F.global_max_pooling),
    "AdaptiveAvgPool": (L.AdaptiveAvgPool((4, None)), lambda x: F.adaptive_average_pooling(x, (4, None))),
    "AdaptiveMaxPool": (L.AdaptiveMaxPool(4), lambda x: F.adaptive_max_pooling(x, 4)),
    "Upsample": (L.Upsample(7), lambda x: F.interpolate(x, 7)),
    "Upsample bilinear": (
        L.Upsample(None, 1.5, "bilinear", True),
        lambda x: F.interpolate(x, None, 1.5, "bilinear", True),
    ),
    "PixelShuffle": (L.PixelShuffle(2), lambda x: F.pixel_shuffle(x, 2)),
}


@layers(TABLE)
class TestLayers(LayerContract):
    x = X


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.MaxPool(0), ValueError, "kernel_size must be at least 1; got 0"),
        (lambda: L.MaxPool(2, (1, 0)), ValueError, "stride must be at least 1; got 0"),
        (lambda: L.MaxPool(2, dilation=0), ValueError, "dilation must be at least 1; got 0"),
        (lambda: L.MaxPool(2, pad="full"), ValueError, "pad must be .*'full'"),
        (lambda: L.MaxPool(2, pad=((0, -1), 0)), ValueError, "pad must be at least 0"),
        (lambda: L.AvgPool(2, pad=-1), ValueError, "pad must be at least 0; got -1"),
        (lambda: L.AvgPool(2.0), TypeError, "kernel_size .* 2.0"),
        (lambda: L.AvgPool(2, count_include_pad="no"), TypeError, "count_include_pad must be True or False"),
        (lambda: L.MaxPool(2, ceil_mode="no"), TypeError, "ceil_mode must be True or False; got 'no'"),
        (lambda: L.MaxPool(2)(X[0]), ValueError, r"\(N, C, H, W\); got shape \(4, 6, 5\)"),
        (lambda: L.GlobalAvgPool()(X[0]), ValueError, r"\(4, 6, 5\)"),
        (lambda: L.AdaptiveAvgPool(0), ValueError, "output_size must be at least 1"),
        (lambda: L.AdaptiveMaxPool("a"), TypeError, "output_size must be an integer; got 'a'"),
        (lambda: L.Upsample()(X), ValueError, "size or scale_factor"),
        (lambda: L.PixelShuffle(0), ValueError, "upscale_factor must be at least 1"),
    ],
)
def test_errors_name_the_argument_and_the_size(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_repr():
    assert repr(L.MaxPool(2)) == "MaxPool(kernel_size=(2, 2), stride=(1, 1), pad=(0, 0), dilation=(1, 1))"
    assert repr(L.AvgPool(2, 2)) == "AvgPool(kernel_size=(2, 2), stride=(2, 2), pad=(0, 0))"
    shown = "AvgPool(kernel_size=(2, 2), stride=(2, 2), pad=((1, 1), (0, 1)), ceil_mode=True)"
    assert repr(L.AvgPool(2, 2, (1, (0, 1)), ceil_mode=True)) == shown

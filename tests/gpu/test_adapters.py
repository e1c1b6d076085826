"""The WebGPU backend's choices by the adapter, each tested on any adapter."""

import dataclasses
import importlib

import numpy as np
import pytest
from conditions import PRODUCT, assert_sums, numbers, scaled
from geometries import sizes

from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu import convolution
from pyconvlite.backends.webgpu.device import current

matmul = importlib.import_module("pyconvlite.backends.webgpu.matmul")  # `webgpu.matmul` is the function

rng = np.random.default_rng(0)


@pytest.fixture(params=[False, True], ids=["gpu", "cpu"])
def kind(adapter, request, monkeypatch):
    """Treat the adapter as a CPU adapter, or as a GPU."""
    device = current()
    monkeypatch.setattr(device, "info", dataclasses.replace(device.info, fallback=request.param))


def assert_kernel(name, *arrays, settings=(), **options):
    """A kernel's sums in float64; the arrays' rows and channels are of widely different magnitudes."""
    found = getattr(webgpu.kernels, name)(
        *(None if a is None else webgpu.asarray(a) for a in arrays), *settings, **options
    )

    def f(*given):
        given = iter(given)
        return getattr(reference, name)(
            *(None if a is None else next(given) for a in arrays), *settings, **options
        )

    assert_sums(found.get(), f, *(a for a in arrays if a is not None), constant=PRODUCT)


def assert_convolution(x, W, b, *settings, relu=False):
    """Forward, and the gradients of x and W; magnitudes differ by image and channel."""
    x, W = scaled(x, 0, 1), scaled(W, 0, 1, seed=1)
    geometry = sizes(x.shape[2:], W.shape[2:], *settings)
    assert_kernel("conv2d", x, W, b, settings=(geometry,), relu=relu)
    gy = numbers(len(x), len(W), *geometry.output_size, seed=2)
    assert_kernel("conv2d_gx", gy, W, None, settings=(geometry,))
    assert_kernel("conv2d_gW", x, scaled(gy, 0, 1, seed=2), settings=(geometry,))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("batch", "M", "K", "P"),
    [
        (1, 1030, 17, 1027),
        (1, 400, 33, 400),
        (33, 65, 16, 3),
        (1, 32, 1568, 10),
        (1, 5, 259, 3),
        (1, 1, 1, 1),
    ],
)
def test_products(kind, batch, M, K, P, turned):
    a, b = scaled(numbers(batch, M, K), 0, 1), scaled(numbers(batch, K, P, seed=1), 2, seed=1)
    if batch == 1:
        a, b = a[0], b[0]
    if turned:
        a, b = (np.swapaxes(np.swapaxes(m, -1, -2).copy(), -1, -2) for m in (a, b))
    x, y = (webgpu.asarray(np.swapaxes(m, -1, -2)) if turned else webgpu.asarray(m) for m in (a, b))
    axes = (1, 0) if batch == 1 else (0, 2, 1)
    x, y = (x.transpose(axes), y.transpose(axes)) if turned else (x, y)
    assert_sums(webgpu.kernels.matmul(x, y).get(), np.matmul, a, b, constant=PRODUCT)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("stride", "pad"), [((1, 1), (2, 2)), ((2, 3), (0, 1))])
def test_convolutions(kind, groups, stride, pad):
    x = rng.standard_normal((3, 6, 19, 23), np.float32)
    W = rng.standard_normal((18, 6 // groups, 5, 3), np.float32)
    assert_convolution(x, W, None, stride, pad, (1, 1), groups)


@pytest.mark.parametrize("shape", [(4, 40, 34, 3, 3, 1), (2, 64, 260, 1, 5, 2), (7, 33, 32, 3, 2, 1)])
@pytest.mark.parametrize(
    ("stride", "pad", "dilation"),
    [((1, 1), (1, 2), (1, 1)), ((2, 1), (0, 3), (1, 2)), ((1, 3), (2, 0), (2, 1))],
)
def test_convolutions_of_many_channels(kind, shape, stride, pad, dilation, monkeypatch):
    """On a GPU they are computed by tiles."""
    N, C, OC, KH, KW, groups = shape
    monkeypatch.setattr(matmul, "TILES", 4)
    ran = []
    monkeypatch.setattr(
        convolution, "run_tiled", lambda *a, **k: (ran.append(a[0]), matmul.run_tiled(*a, **k))
    )
    x = rng.standard_normal((N, C, 17, 14), np.float32)
    W = rng.standard_normal((OC, C // groups, KH, KW), np.float32)
    b = rng.standard_normal(OC, np.float32)
    assert_convolution(x, W, b, stride, pad, dilation, groups, relu=True)
    assert len(ran) == (0 if current().info.fallback else 3)


@pytest.mark.parametrize(
    ("N", "stride", "pad"), [(33, (1, 1), (0, 0)), (2, (2, 3), (0, 0)), (2, (1, 1), (1, 0))]
)
def test_1x1_convolutions(kind, N, stride, pad):
    x, W = rng.standard_normal((N, 5, 9, 8), np.float32), rng.standard_normal((70, 5, 1, 1), np.float32)
    b = rng.standard_normal(70, np.float32)
    assert_convolution(x, W, b, stride, pad, relu=True)

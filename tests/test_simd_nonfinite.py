"""backends/simd/: NaN and infinity propagate exactly to where NumPy has them."""

import numpy as np
import pytest
from by_simd import by_simd
from conditions import numbers
from geometries import HARD, Geometry, gx_by_columns, poisoned
from simd import KERNELS, call, check
from test_simd_conv import LARGE, allowed

import pyconvlite.functions as F
from pyconvlite import backends
from pyconvlite.backends import numpy as reference

pytestmark = [by_simd, pytest.mark.filterwarnings("ignore::RuntimeWarning")]  # NumPy's, of invalid values

values = pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])


@values
@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel(name, value):
    kernels = backends.kernels(numbers())
    arrays = KERNELS[name][1]
    for i, a in enumerate(arrays):
        if a is None or a.dtype != np.float32:
            continue
        for position in {0, 1, a.size // 3, a.size // 2, a.size - 1} - {a.size}:
            given = [*arrays[:i], poisoned(a, value, position), *arrays[i + 1 :]]
            wide = [b.astype(np.float64) if b is not None and b.dtype == np.float32 else b for b in given]
            for y, true in zip(call(kernels, name, given), call(reference, name, wide), strict=True):
                np.testing.assert_allclose(y, true, rtol=1e-4, atol=1e-5)


GEOMETRIES = {
    **{name: g for name, g in HARD.items() if g.x_shape[0]},
    **{
        name: LARGE[name]
        for name in (
            "first layer",
            "second layer",
            "late layer",
            "many of both, one pixel",
            "kernel of 17x17",
            "long row",
            "many small images",
            "depthwise",
            "stride and dilation",
            "wide pad",
        )
    },
    "3x3": Geometry((2, 8, 13, 14), (8, 8, 3, 3), pad=1),
    "3x3 without pad": Geometry((2, 9, 12, 11), (7, 9, 3, 3)),
    "5x5": Geometry((2, 8, 13, 14), (8, 8, 5, 5), pad=2),
}


@values
@pytest.mark.parametrize("g", GEOMETRIES.values(), ids=GEOMETRIES)
def test_nonfinite_weight_affects_only_the_pixels_it_meets(g, value):
    """NumPy's kernel serves: the others multiply zeros around gy, which turns infinity into NaN."""
    W, gy = g.arrays(g.W_shape, (g.x_shape[0], g.W_shape[0], *g.sizes.output_size), dtype=np.float32)
    for position in (0, W.size // 2, W.size - 1):
        bad = poisoned(W, value, position)
        y = backends.kernels(gy).conv2d_gx(gy, bad, None, g.sizes)
        np.testing.assert_allclose(y, gx_by_columns(gy, bad, g), rtol=1e-3, atol=1e-3)


@values
@pytest.mark.parametrize("g", GEOMETRIES.values(), ids=GEOMETRIES)
class TestConvolution:
    """A pixel affects the windows that contain it, and no other."""

    def test_forward(self, g, value):
        x, W, b = g.arrays(g.x_shape, g.W_shape, g.W_shape[:1], dtype=np.float32)
        f = lambda x, W, b: F.conv2d(x, W, b, **g.settings)  # noqa: E731
        for position in (0, x.size // 2, x.size - 1):
            check(f, poisoned(x, value, position), W, b, order=1, **allowed(g))
        check(f, x, poisoned(W, value, W.size // 2), b, order=0, **allowed(g))
        check(f, x, W, poisoned(b, value, b.size // 2), order=1, **allowed(g))

    def test_gradients(self, g, value):
        x, W = g.arrays(g.x_shape, g.W_shape, dtype=np.float32)
        conv = F.Conv2d(**g.settings)
        gy = numbers(*conv(x, W, None).shape)
        gW = lambda x, gy: F.Conv2DGradW(conv)(x, gy)  # noqa: E731
        gx = lambda gy, W: F.Deconv2d(g.stride, g.pad, x.shape[2:], **g.options)(gy, W, None)  # noqa: E731
        for position in (0, gy.size // 2, gy.size - 1):
            bad = poisoned(gy, value, position)
            check(gW, x, bad, order=0, **allowed(g))
            check(gx, bad, W, order=0, **allowed(g))
        check(gW, poisoned(x, value, x.size // 2), gy, order=0, **allowed(g))

"""backends/simd/: convolution, the matrix product and all their gradients equal NumPy's."""

import math
import timeit
from itertools import product

import numpy as np
import pytest
from by_simd import by_simd
from conditions import numbers, scaled
from geometries import HARD, Geometry, geometries, pairs, with_edges
from hypothesis import given
from hypothesis import strategies as st
from oracles import twice
from simd import check

import pyconvlite.functions as F
from pyconvlite import Variable, grad

pytestmark = by_simd

# Allowed roundings with Winograd's algorithms, whose transforms multiply by up to 16 and divide again. The
# worst seen is 42.
WINOGRAD = 96

# What the kernels cut into blocks, along each axis that they cut.
LARGE = {
    "first layer": Geometry((8, 1, 28, 28), (16, 1, 5, 5), pad=2),
    "second layer": Geometry((4, 16, 14, 14), (32, 16, 5, 5), pad=2),
    "late layer": Geometry((2, 64, 14, 14), (64, 64, 3, 3), pad=1),
    "many channels": Geometry((1, 70, 6, 7), (9, 70, 3, 3), pad=1),
    "many output channels": Geometry((1, 3, 6, 5), (150, 3, 3, 3)),
    "many of both, one pixel": Geometry((1, 300, 1, 1), (270, 300, 1, 1)),
    "1x1 kernel": Geometry((2, 130, 11, 13), (140, 130, 1, 1)),
    "1x1 kernel, stride 2": Geometry((2, 33, 23, 21), (34, 33, 1, 1), stride=2),
    "large image": Geometry((1, 2, 200, 221), (3, 2, 5, 5), pad=2),
    "large image, stride 2": Geometry((1, 3, 101, 203), (4, 3, 3, 3), stride=2, pad=1),
    "kernel of 17x17": Geometry((1, 2, 20, 21), (3, 2, 17, 17), pad=3),
    "kernel of 28x28": Geometry((2, 3, 28, 28), (5, 3, 28, 28)),
    "kernel of 28x28, pad": Geometry((1, 2, 30, 29), (3, 2, 28, 28), stride=(3, 1), pad=9),
    "long row": Geometry((1, 3, 1, 5000), (4, 3, 1, 9), pad=(0, 4)),
    "long row, tall kernel": Geometry((1, 2, 1, 5000), (3, 2, 3, 3), pad=1),
    "long column": Geometry((1, 3, 5000, 1), (4, 3, 9, 1), stride=(2, 1)),
    "many small images": Geometry((64, 4, 3, 3), (6, 4, 3, 3), pad=1),
    "many images of a pixel": Geometry((500, 20, 1, 1), (30, 20, 1, 1)),
    "3x3, wide": Geometry((1, 8, 4, 5000), (8, 8, 3, 3), pad=1),
    "3x3, large images": Geometry((3, 8, 40, 45), (9, 8, 3, 3), pad=1),
    "3x3, many channels": Geometry((3, 401, 8, 7), (16, 401, 3, 3), pad=1),
    "3x3, many output channels": Geometry((3, 16, 10, 9), (401, 16, 3, 3)),
    "3x3, many images": Geometry((130, 9, 7, 6), (10, 9, 3, 3), pad=1),
    "3x3, small images of many channels": Geometry((3, 72, 8, 7), (66, 72, 3, 3), pad=1),
    "3x3, blocks of tiles, many of both": Geometry((3, 200, 20, 21), (70, 200, 3, 3), pad=1),
    "3x3, lines beyond an axis of offsets": Geometry((2, 450, 8, 7), (9, 450, 3, 3), pad=1),
    "3x3, more channels than the space has room for": Geometry((2, 1300, 8, 7), (8, 1300, 3, 3), pad=1),
    "3x3, rows too long to keep all channels": Geometry((1, 450, 4, 70), (9, 450, 3, 3), pad=1),
    "4x4, stride 2, rows too long to keep all": Geometry((2, 9, 8, 140), (450, 9, 4, 4), stride=2, pad=1),
    "4x4, stride 2": Geometry((3, 24, 17, 16), (36, 24, 4, 4), stride=2, pad=1),
    "4x4, stride 2, many of both": Geometry((4, 70, 22, 16), (90, 70, 4, 4), stride=2, pad=1),
    "5x5, stride 2": Geometry((3, 17, 17, 23), (16, 17, 5, 5), stride=2, pad=2),
    "6x6, stride 2, pad 2": Geometry((2, 8, 16, 25), (10, 8, 6, 6), stride=2, pad=2),
    "7x8, stride 3": Geometry((5, 24, 19, 20), (24, 24, 7, 8), stride=3, pad=(2, 3)),
    "4x3, stride 2 along one axis": Geometry((3, 20, 15, 15), (24, 20, 4, 3), stride=(2, 1), pad=1),
    "4x4, stride 2, few tiles of many": Geometry((11, 40, 8, 16), (36, 40, 4, 4), stride=2, pad=1),
    "4x4, stride 2, more channels than are kept": Geometry(
        (5, 130, 16, 16), (33, 130, 4, 4), stride=2, pad=1
    ),
    "4x4, stride 2, wide": Geometry((1, 16, 8, 3000), (16, 16, 4, 4), stride=2, pad=1),
    "5x5, stride 2, many of both": Geometry((3, 67, 14, 15), (69, 67, 5, 5), stride=2, pad=2),
    "5x6, stride 2, an even and an odd kernel": Geometry((4, 9, 13, 16), (10, 9, 5, 6), stride=2, pad=(2, 1)),
    "2x2": Geometry((8, 40, 9, 9), (36, 40, 2, 2)),
    "2x3": Geometry((4, 36, 9, 10), (40, 36, 2, 3), pad=1),
    "3x4, stride 2 along the other": Geometry((3, 20, 15, 15), (24, 20, 3, 4), stride=(1, 2), pad=1),
    # Three tiles of 3x3, or two of 5x5, in a column: their offsets end as those of four in a row do.
    "3x3, three tiles": Geometry((11, 128, 4, 4), (32, 128, 3, 3), pad=1),
    "3x3, three tiles, more outputs": Geometry((11, 32, 4, 4), (128, 32, 3, 3), pad=1),
    "3x3, three tiles of an image": Geometry((3, 128, 24, 4), (10, 128, 3, 3), pad=1),
    "5x5, two tiles": Geometry((13, 96, 2, 2), (8, 96, 5, 5), pad=2),
    "5x5, two tiles, more outputs": Geometry((13, 8, 2, 2), (96, 8, 5, 5), pad=2),
    "strided, channels in blocks": Geometry((2, 200, 7, 6), (8, 200, 3, 3), stride=2, pad=1),
    "5x5, many of both": Geometry((2, 67, 9, 8), (65, 67, 5, 5), pad=2),
    "3x3, a pixel": Geometry((5, 8, 1, 1), (11, 8, 3, 3), pad=1),
    "3x3, a window": Geometry((25, 40, 3, 3), (36, 40, 3, 3)),
    "7x5, a window": Geometry((33, 9, 7, 5), (6, 9, 7, 5)),
    "3x2, a window of a group": Geometry((3, 6, 3, 2), (8, 3, 3, 2), stride=2, options={"groups": 2}),
    "3x3, pad beyond the kernel": Geometry((9, 24, 5, 6), (25, 24, 3, 3), pad=(4, 5)),
    "5x5, large image": Geometry((1, 8, 90, 93), (9, 8, 5, 5), pad=2),
    "5x5, many images": Geometry((70, 16, 9, 7), (17, 16, 5, 5), pad=2),
    "5x5, pad beyond the kernel": Geometry((5, 24, 5, 6), (25, 24, 5, 5), pad=(7, 6)),
    "depthwise": Geometry((3, 40, 12, 13), (40, 1, 3, 3), pad=1, options={"groups": 40}),
    "depthwise, twice the channels": Geometry((2, 9, 25, 23), (18, 1, 5, 5), 2, 2, {"groups": 9}),
    "depthwise, large kernel": Geometry((1, 3, 40, 41), (3, 1, 17, 18), pad=8, options={"groups": 3}),
    "depthwise, large image": Geometry((1, 2, 150, 160), (2, 1, 3, 3), pad=(1, 2), options={"groups": 2}),
    "depthwise, stride 2": Geometry((2, 5, 17, 21), (5, 1, 3, 3), 2, 1, {"groups": 5}),
    "depthwise 5x5, stride 2": Geometry((2, 4, 19, 18), (4, 1, 5, 5), 2, 2, {"groups": 4}),
    "depthwise, two pixels": Geometry((3, 8, 2, 2), (8, 1, 3, 3), pad=1, options={"groups": 8}),
    "depthwise, stride 2, two pixels": Geometry((3, 8, 4, 3), (8, 1, 3, 3), 2, 1, {"groups": 8}),
    "stride 2, 4x4": Geometry((2, 9, 14, 13), (17, 9, 4, 4), 2, 1),
    "stride 4": Geometry((1, 3, 30, 41), (9, 3, 7, 5), 4, (3, 2)),
    "groups of many channels": Geometry((2, 64, 9, 9), (36, 16, 3, 3), options={"groups": 4}),
    "one output a group": Geometry((2, 60, 9, 8), (2, 30, 3, 3), pad=1, options={"groups": 2}),
    "few outputs": Geometry((3, 40, 11, 13), (3, 40, 3, 3), pad=1),
    "few outputs, rows of one and more vectors": Geometry((2, 17, 9, 40), (2, 17, 5, 4), pad=(2, 5)),
    "few outputs, groups, dilation": Geometry(
        (2, 40, 14, 15), (4, 20, 5, 3), pad=(4, 3), options={"groups": 2, "dilation": (2, 3)}
    ),
    "few outputs, rows in blocks": Geometry((2, 20, 50, 400), (3, 20, 3, 3), pad=1),
    "few outputs, rows too long": Geometry((1, 16, 4, 5000), (2, 16, 3, 3), pad=1),
    "few outputs, narrow": Geometry((3, 20, 7, 2), (1, 20, 3, 3), pad=(3, 4)),
    "few channels": Geometry((3, 2, 17, 16), (36, 2, 4, 4), stride=2, pad=1),
    "few channels, strides": Geometry((2, 3, 30, 31), (20, 3, 7, 5), stride=(3, 2), pad=(2, 3)),
    "few channels, stride beyond the kernel": Geometry((2, 3, 20, 21), (24, 3, 2, 2), stride=3),
    "few channels, rows in blocks": Geometry((2, 3, 150, 420), (16, 3, 5, 5), stride=2, pad=2),
    "stride and dilation": Geometry((2, 20, 25, 27), (17, 20, 5, 5), (3, 2), (4, 2), {"dilation": (2, 1)}),
    "wide pad": Geometry((1, 3, 5, 5), (4, 3, 3, 3), pad=(70, 120)),
    "wide pad, wide stride": Geometry((1, 2, 5, 4), (3, 2, 3, 3), stride=(90, 1000), pad=(300, 5000)),
    "dilation beyond the image": Geometry(
        (2, 2, 5, 6), (3, 2, 3, 3), pad=(50, 60), options={"dilation": (40, 50)}
    ),
    "stride beyond the image": Geometry((2, 3, 7, 8), (4, 3, 3, 3), stride=(100, 200)),
}
every = pytest.mark.parametrize("g", [*HARD.values(), *LARGE.values()], ids=[*HARD, *LARGE])


@st.composite
def blocks(draw):
    """Convolutions around the sizes of the kernels' vectors and blocks."""

    kernel, stride, pad, dilation = (draw(pairs(*limits)) for limits in [(1, 7), (1, 3), (0, 4), (1, 2)])
    size = [
        max(1, (k - 1) * d + 1 - 2 * p) + draw(st.integers(0, 25))
        for k, d, p in zip(kernel, dilation, pad, strict=True)
    ]
    C, OC = draw(pairs(1, 40))
    return Geometry(
        (draw(st.integers(1, 5)), C, *size), (OC, C, *kernel), stride, pad, {"dilation": dilation}
    )


@st.composite
def strided(draw):
    """Square kernels of two to three strides: a pixel of x meets two or three of its rows and columns."""
    stride = draw(st.integers(2, 3))
    k = draw(st.integers(2 * stride, 3 * stride))
    pad = draw(st.integers(0, k - 1))
    size = [max(1, k - 2 * pad) + draw(st.integers(0, 25)) for _ in range(2)]
    N, C, OC = draw(st.tuples(st.integers(1, 8), st.integers(7, 40), st.integers(7, 40)))
    return Geometry((N, C, *size), (OC, C, k, k), stride, pad)


@st.composite
def squares(draw):
    """Stride 1 and a square kernel, for which there are special algorithms, on images of any size."""
    k = draw(st.sampled_from([2, 3, 3, 5, 5, 7]))
    pad = draw(st.integers(0, k + 1))
    size = [max(1, k - 2 * pad) + draw(st.integers(0, 21)) for _ in range(2)]
    most = 24 if max(size) > 6 else 140  # channels, of which a block has fewer tiles if there are many
    N, C, OC = draw(st.tuples(st.integers(1, 12), st.integers(1, most), st.integers(1, most)))
    return Geometry((N, C, *size), (OC, C, k, k), pad=pad)


def allowed(g):
    """What the algorithm that serves may cost: Winograd's computes tiles of 6 x 6 pixels at once.

    With a stride it serves where outputs read at most three of every second row of x, or where pixels of x
    meet at most three rows of the kernel, if that saves a third of the products.
    """
    stride, pad = twice(g.stride), [p[0] if isinstance(p, tuple) else p for p in twice(g.pad)]
    kernels = list(zip(g.kernel, stride, pad, strict=True))
    read = {max(3, -(-k // s)) for k, s, _ in kernels}
    met = {max(3, -(-p // s) + (k - 1 - p) // s + 1) for k, s, p in kernels}
    pays = 2 * 16 * math.prod(g.kernel) >= 3 * 36 * math.prod(stride)
    is_plain = {*twice(g.options.get("dilation", 1)), g.options.get("groups", 1)} == {1}
    if not pays or not is_plain or not any(rows in ({3}, {5}) for rows in (read, met)):
        return {}
    return {"constant": WINOGRAD, "reach": 4 * max(stride)}


def check_conv2d(g):
    x, W, b = g.arrays(g.x_shape, g.W_shape, g.W_shape[:1], dtype=np.float32)
    check(lambda x, W, b: F.conv2d(x, W, b, **g.settings), x, W, b, **allowed(g))
    # The sums are the same ones, so that ReLU in the same pass changes no bit.
    y = F.conv2d(x, W, b, **g.settings)
    fused = F.conv2d_relu(x, W, b, **g.settings)
    np.testing.assert_array_equal(fused.data, F.relu(y).data)
    bounded = F.conv2d_relu(x, W, b, **g.settings, most=0.5)
    np.testing.assert_array_equal(bounded.data, np.clip(y.data, 0, 0.5))


def check_deconv2d(g):
    groups = g.options.get("groups", 1)
    W_shape = g.deconv_W_shape
    x, W, b = g.arrays(g.x_shape, W_shape, (W_shape[1] * groups,), dtype=np.float32)
    check(lambda x, W, b: F.deconv2d(x, W, b, **g.settings), x, W, b, **allowed(g))


class TestConv2d:
    @every
    def test_difficult_shapes(self, g):
        check_conv2d(g)

    @given(geometries())
    def test_random_small(self, g):
        check_conv2d(g)

    @given(blocks())
    def test_random_larger(self, g):
        check_conv2d(g)

    @given(squares())
    def test_random_square_kernel(self, g):
        check_conv2d(g)

    @given(strided())
    def test_random_strided_square_kernel(self, g):
        check_conv2d(g)

    @given(with_edges(blocks() | squares() | strided() | geometries()))
    def test_random_asymmetric_padding(self, g):
        check_conv2d(g)

    @pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (3, 1), (4, 1), (1, 2)])
    def test_depthwise_with_pad_same(self, kernel, stride):
        x, W, b = numbers(2, 6, 14, 17), numbers(6, 1, kernel, kernel), numbers(6)
        check(lambda x, W, b: F.conv2d(x, W, b, stride, "same", groups=6), x, W, b)

    @pytest.mark.parametrize("edges", [((0, 1), (0, 1)), ((2, 0), (0, 3)), ((0, 9), (7, 0))], ids=str)
    def test_padding_of_a_1x1_kernel(self, edges):
        x, W, b = numbers(2, 6, 5, 7), numbers(9, 6, 1, 1), numbers(9)
        check(lambda x, W, b: F.conv2d(x, W, b, 1, edges), x, W, b)
        check(lambda x, W, b: F.conv2d(x, W, b, 2, edges), x, W, b)

    def test_dilated_kernel_of_the_size_of_the_image(self):
        """It reaches beyond the image, which it would cover without dilation."""
        x, W, b = numbers(2, 6, 3, 2), numbers(9, 6, 3, 2), numbers(9)
        check(lambda x, W, b: F.conv2d(x, W, b, 1, ((0, 2), (0, 1)), dilation=2), x, W, b)

    @pytest.mark.parametrize("stride", [1, 2])
    @pytest.mark.parametrize("size", [(0, 5), (5, 0)], ids=str)
    def test_empty_images(self, size, stride):
        x, W, b = numbers(2, 8, *size), numbers(9, 8, 3, 3), numbers(9)
        check(lambda x, W, b: F.conv2d(x, W, b, stride, 2), x, W, b, order=1)

    def test_very_long_rows(self):
        n = 2**31 // 400 + 100  # the sizes of a block must not overflow 32 bits
        x = np.random.default_rng(0).standard_normal((1, 1, 1, n)).astype(np.float32)
        W = np.array([1, 2, -1], np.float32).reshape(1, 1, 1, 3)
        v, u = Variable(x), Variable(W)
        y = F.conv2d(v, u)
        np.testing.assert_allclose(
            y.data[0, 0, 0], x[..., :-2].ravel() + 2 * x[..., 1:-1].ravel() - x[..., 2:].ravel(), atol=1e-5
        )
        gx, gW = grad(y, [v, u])
        assert gx.data[0, 0, 0, :4].tolist() == [1, 3, 2, 2]
        assert gx.data[0, 0, 0, -3:].tolist() == [2, 1, -1]
        np.testing.assert_allclose(
            gW.data.ravel(), [x[..., i : n - 2 + i].sum() for i in range(3)], rtol=1e-3, atol=1
        )

    def test_strides_whose_product_overflows_to_1(self):
        x, W = numbers(4, 8, 1, 1), numbers(8, 8, 3, 3)
        y = F.conv2d(x, W, stride=(641, 6700417), pad=(641, 6700418))  # 2^32 + 1 = 641 * 6700417
        expected = np.zeros((4, 8, 2, 3))
        expected[..., 1, 1] = x[..., 0, 0] @ W[..., 0, 1].T
        np.testing.assert_allclose(y.data, expected, atol=1e-5)

    @pytest.mark.parametrize("most", [1e-30, 1e-45, 1e-60])
    def test_upper_bound_near_0(self, most):
        x, W = numbers(2, 3, 5, 6), numbers(4, 3, 3, 3)
        y = F.conv2d_relu(x, W, most=most)
        np.testing.assert_allclose(y.data, np.clip(F.conv2d(x, W).data, 0, most), rtol=1e-6, atol=2e-45)

    def test_subnormals_of_an_earlier_call_do_not_slow_later_ones(self):
        x, W = numbers(1, 64, 8, 8), numbers(64, 64, 3, 3)

        def seconds():
            return min(timeit.repeat(lambda: F.conv2d(x, W, pad=1), number=1, repeat=20))

        before = seconds()
        F.conv2d(numbers(1, 64, 32, 32) * np.float32(1e-39), W, pad=1)
        assert seconds() < 5 * before

    def test_few_outputs_of_few_windows_multiply_no_pixel_in_vain(self):
        x, W = numbers(4, 32, 16, 16), numbers(3, 32, 15, 15)
        infinite = W.copy()
        infinite[0, 0, 0, 0] = np.inf  # such weights are multiplied window by window

        def seconds(W):
            return min(timeit.repeat(lambda: F.conv2d(x, W), number=1, repeat=20))

        assert seconds(W) < 3 * seconds(infinite)

    @every
    def test_without_bias(self, g):
        x, W = g.arrays(g.x_shape, g.W_shape, dtype=np.float32)
        check(lambda x, W: F.conv2d(x, W, **g.settings), x, W, order=1, **allowed(g))

    def test_large_means(self):
        """Sums of like signs, as behind a ReLU."""
        g = LARGE["second layer"]
        x, W, b = (np.abs(a) + 1 for a in g.arrays(g.x_shape, g.W_shape, g.W_shape[:1], dtype=np.float32))
        check(lambda x, W, b: F.conv2d(x, W, b, pad=2), x, W, b, **allowed(g))

    @every
    def test_images_and_channels_of_different_magnitudes(self, g):
        """Small results are as exact as large ones beside them."""
        x, W = g.arrays(g.x_shape, g.W_shape, dtype=np.float32)
        x, W = scaled(x, 0, 1), scaled(W, 0, 1, seed=1)
        check(lambda x, W: F.conv2d(x, W, **g.settings), x, W, **allowed(g))

    @pytest.mark.parametrize("scale", [1e-20, 1e-9, 1e9, 1e14, 1e15, 1e20])
    @pytest.mark.parametrize("name", ["first layer", "second layer", "late layer"])
    def test_random_magnitudes(self, name, scale):
        g = LARGE[name]
        x, W = g.arrays(g.x_shape, g.W_shape, dtype=np.float32)
        f = lambda x, W: F.conv2d(x, W, **g.settings)  # noqa: E731
        check(f, x * np.float32(scale), W, order=1, **allowed(g))
        check(f, x, W * np.float32(scale), order=1, **allowed(g))


class TestDeconv2d:
    @pytest.mark.parametrize(
        "g",
        [g for g in [*HARD.values(), *LARGE.values()] if g.deconv_fits],
        ids=[name for name, g in [*HARD.items(), *LARGE.items()] if g.deconv_fits],
    )
    def test_difficult_shapes(self, g):
        check_deconv2d(g)

    @given(geometries().filter(lambda g: g.deconv_fits))
    def test_random_small(self, g):
        check_deconv2d(g)

    @given(squares().filter(lambda g: g.deconv_fits))
    def test_random_square_kernel(self, g):
        check_deconv2d(g)

    @pytest.mark.parametrize("outsize", [(12, 6), (13, 7), (14, 6)])
    def test_outsize(self, outsize):
        x, W = numbers(2, 3, 4, 3), numbers(3, 2, 3, 2)
        check(lambda x, W: F.deconv2d(x, W, stride=(3, 2), outsize=outsize), x, W)


class TestColumns:
    @pytest.mark.parametrize("g", HARD.values(), ids=HARD)
    def test_difficult_shapes(self, g):
        self.check(g)

    @given(geometries())
    def test_random_small(self, g):
        self.check(g)

    @given(blocks())
    def test_random_larger(self, g):
        self.check(g)

    def check(self, g):
        (x,) = g.arrays(g.x_shape, dtype=np.float32)
        dilation = g.options.get("dilation", 1)
        settings = g.kernel, g.stride, g.pad
        check(lambda x: F.im2col(x, *settings, True, dilation=dilation), x)
        check(lambda x: F.im2col(x, *settings, False, dilation=dilation), x)
        col = F.im2col(x, *settings, False, dilation=dilation).data
        check(lambda col: F.col2im(col, g.x_shape, *settings, False, dilation=dilation), numbers(*col.shape))


# --------------------------------------------------------------------------------------------- matrix product

TRANSPOSED = list(product([False, True], repeat=2))


def matrices(M, K, N, transposed=(False, False)):
    a, b = numbers(M, K), numbers(K, N, seed=1)
    return [np.asfortranarray(m) if turned else m for m, turned in zip((a, b), transposed, strict=True)]


class TestMatmul:
    @pytest.mark.parametrize("transposed", TRANSPOSED)
    def test_small(self, transposed):
        for M, K, N in product(range(1, 10), repeat=3):
            check(F.matmul, *matrices(M, K, N, transposed), order=0)

    @pytest.mark.parametrize("transposed", TRANSPOSED)
    @pytest.mark.parametrize(
        ("M", "K", "N"),
        [
            (1, 1000, 1),
            (1, 37, 203),
            (300, 1, 300),
            (1, 300, 500),
            (500, 300, 1),
            (129, 257, 401),
            (131, 256, 33),
            (6, 1030, 805),
            (260, 70, 9),
            (64, 800, 10),
        ],
    )
    def test_sizes_beyond_blocks(self, M, K, N, transposed):
        check(F.matmul, *matrices(M, K, N, transposed), order=1)

    @given(st.tuples(*[st.integers(1, 40)] * 3), st.sampled_from(TRANSPOSED))
    def test_random(self, sizes, transposed):
        check(F.matmul, *matrices(*sizes, transposed))

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((5, 2, 3), (5, 3, 4)),
            ((5, 1, 2, 3), (6, 3, 4)),
            ((1, 7, 9), (4, 9, 11)),
            ((2, 3, 17, 30), (2, 1, 30, 9)),
            ((3,), (3, 4)),
            ((2, 3), (3,)),
            ((3,), (3,)),
            ((4, 2, 3), (3,)),
            ((3,), (4, 3, 2)),
        ],
    )
    def test_batches_and_vectors(self, a, b):
        check(F.matmul, numbers(*a), numbers(*b, seed=1))

    @pytest.mark.parametrize(
        "view",
        [
            lambda a: a[::-1],
            lambda a: a[:, ::-1],
            lambda a: a[::-2, 1::3],
            lambda a: a.T[::-1, ::-1].T,
            lambda a: np.broadcast_to(a[:1], a.shape),
            lambda a: np.broadcast_to(a[:, :1], a.shape),
        ],
        ids=["rows back", "columns back", "steps", "both back", "one row", "one column"],
    )
    def test_views(self, view):
        a, b = (view(m) for m in (numbers(20, 30), numbers(20, 30, seed=1)))
        check(F.matmul, a, b.T, order=0)
        check(F.matmul, a.T, b, order=0)
        stack = np.stack([a, a])[:, ::-1]
        check(F.matmul, stack, b.T, order=0)
        check(F.matmul, b, stack.swapaxes(1, 2), order=0)

    def test_rows_and_columns_of_different_magnitudes(self):
        for M, K, N in ((9, 7, 11), (64, 800, 10), (131, 256, 33)):
            a, b = matrices(M, K, N)
            check(F.matmul, scaled(a, 0), scaled(b, 1, seed=1))
            check(F.matmul, scaled(a, 0, 1), scaled(b, 0, 1, seed=1))

    @pytest.mark.parametrize(
        ("N", "features", "outputs"), [(1, 1, 1), (3, 2, 5), (32, 1568, 100), (100, 100, 10)]
    )
    def test_linear(self, N, features, outputs):
        check(F.linear, numbers(N, features), numbers(features, outputs, seed=1), numbers(outputs, seed=2))
        check(F.linear, numbers(N, features), numbers(features, outputs, seed=1))

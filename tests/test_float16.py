"""Sums of float16 are computed in float32 and rounded once: many terms, or large ones that cancel."""

import numpy as np
import pytest

import pyconvlite.functions as F
from pyconvlite import Variable, grad

RNG = np.random.default_rng(0)


def normal(*shape, rng=RNG):
    return rng.standard_normal(shape).astype(np.float16)


def gradients(f, *arrays):
    xs = [Variable(a) for a in arrays]
    y = f(*xs)
    return grad(y, xs, np.ones(y.shape, y.dtype))


CASES = {
    "a strided convolution": (
        lambda x, W: F.conv2d(x, W, stride=2, pad=1),
        (normal(2, 40, 21, 21), normal(50, 40, 3, 3)),
    ),
    "many images": (lambda x, W: F.conv2d(x, W, pad=1), (normal(64, 20, 32, 32), normal(2, 20, 3, 3))),
    "a deconvolution": (
        lambda x, W: F.deconv2d(x, W, stride=2, pad=1),
        (normal(2, 40, 9, 9), normal(40, 20, 3, 3)),
    ),
    "max pooling": (lambda x: F.pooling(x, 9, 1), (normal(1, 2, 40, 40),)),
}


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_rounded_once(case):
    f, arrays = CASES[case]
    expected = gradients(f, *[a.astype(np.float64) for a in arrays])
    for found, exact in zip(gradients(f, *arrays), expected, strict=True):
        assert found.dtype == np.float16
        worst = np.abs(found.data - exact.data).max() / np.abs(exact.data).max()
        assert worst < 2.0**-10  # of rounding to 11 bits, and of float32's sums


def test_parts_of_a_gradient_that_cancel_do_not_overflow():
    x, W = np.ones((4, 512, 32, 32), np.float16), Variable(np.zeros((1, 512, 3, 3), np.float16))
    gy = np.full((4, 1, 32, 32), 100, np.float16)
    gy[2:] *= -1
    (gW,) = grad(F.conv2d(x, W, pad=1), W, gy)
    np.testing.assert_array_equal(gW.data, 0)


def test_col2im_sums_many_columns():
    images = F.col2im(np.ones((2500, 2500), np.float16), (1, 1, 99, 99), 50)
    assert images.dtype == np.float16
    assert images.data[0, 0, 49, 49] == 2500  # under all of the 50 x 50 windows


@pytest.mark.parametrize("index", [np.zeros(5000, int), (np.zeros(5000, int), slice(None))])
@pytest.mark.parametrize("columns", [3, 256])
def test_gradient_of_a_row_indexed_many_times(index, columns):
    W = Variable(np.zeros((3, columns), np.float16))
    y = F.get_item(W, index)
    (gW,) = grad(y, W, np.ones(y.shape, np.float16))
    assert gW.dtype == np.float16
    np.testing.assert_array_equal(gW.data, np.repeat([[5000], [0], [0]], columns, axis=1))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recurrent_bias_gradient_over_many_steps(cell):
    T, H = 6000, 1
    gates = {"lstm": 4, "gru": 3}[cell]
    rows = 1 + H + {"lstm": 1, "gru": 2}[cell]
    W = np.zeros((rows, gates * H))
    W[-1] = {"lstm": (-10, 0, 0, 1), "gru": (0, 0, 1)}[cell]
    found = []
    for dtype in (np.float16, np.float64):
        v = Variable(W.astype(dtype))
        x, h = np.zeros((T, 1, 1), dtype), np.zeros((1, H), dtype)
        hs = F.lstm(x, h, h, v)[0] if cell == "lstm" else F.gru(x, h, v)
        found.append(grad(hs, v, np.full(hs.shape, 4, dtype))[0].data[2:])
    assert found[0].dtype == np.float16
    np.testing.assert_allclose(*found, rtol=0, atol=2e-3 * np.abs(found[1]).max())


def test_gradient_of_mean_loss_over_many_rows():
    n = 2**21
    x = Variable(np.zeros((n, 2), np.float16))
    (gx,) = grad(F.softmax_cross_entropy(x, np.zeros(n, int)), x, np.array(1024, np.float16))
    np.testing.assert_array_equal(gx.data[0], np.array([-0.5, 0.5]) * 1024 / n)


def test_gradient_of_a_weighted_mean_over_many_rows():
    n, weight = 2**14, np.array([1.0, 300.0])
    x, t = Variable(np.zeros((n, 2), np.float16)), np.arange(n) % 2
    for loss in (F.softmax_cross_entropy(x, t, weight), F.nll_loss(F.log_softmax(x), t, weight)):
        (gx,) = grad(loss, x)
        exact = weight[t] / 2 / weight[t].sum()
        np.testing.assert_allclose(gx.data, np.stack([1 - 2 * t, 2 * t - 1], 1) * -exact[:, None], atol=1e-7)
        assert loss.dtype == gx.dtype == np.float16


def test_losses_of_differences_whose_squares_overflow():
    x, zeros = Variable(np.array([[300], [0]], np.float16)), np.zeros((2, 1), np.float16)
    for loss, expected in (
        (F.mean_squared_error(x, zeros), 300**2 / 2),
        (F.mean_squared_error(x, zeros, "mean"), 300**2 / 2),
        (F.huber_loss(x, zeros, 400), 300**2 / 4),
        (F.huber_loss(x, zeros, 200), 200 * (300 - 200 / 2) / 2),
    ):
        assert loss.dtype == np.float16
        assert loss.item() == np.float16(expected)
    loss = F.mean_squared_error(x, zeros)
    np.testing.assert_array_equal(grad(loss, x)[0].data, x.data)


def test_norms_of_deviations_whose_squares_overflow():
    x = Variable(np.array([-1000, 0, 1000], np.float16))
    assert F.std(x).item() == np.float16(np.std([-1000, 0, 1000]))
    (gx,) = grad(F.std(x), x)
    assert gx.dtype == np.float16
    np.testing.assert_allclose(gx.data, np.array([-1, 0, 1]) / np.sqrt(6), rtol=1e-3)
    assert F.var(np.array([-257, *[0] * 8, 257], np.float16)).item() == np.float16(2 * 257**2 / 10)


NORMS = {
    "layer norm": lambda x: F.layer_norm(x, x.shape[1:]),
    "group norm": lambda x: F.group_norm(x, 2),
    "batch norm": lambda x: F.batch_norm(
        x, np.ones(4, x.dtype), np.zeros(4, x.dtype), np.zeros(4), np.ones(4)
    ),
}


@pytest.mark.parametrize("f", NORMS.values(), ids=NORMS)
def test_second_gradients_of_norms_whose_squares_overflow(f):
    """Those with respect to gy, which may reach 1 / the deviation; those with respect to x nearly vanish."""
    rng = np.random.default_rng(1)
    arrays = [1000 * normal(6, 4, 3, 3, rng=rng), *normal(2, 6, 4, 3, 3, rng=rng)]
    found = []
    for dtype in (np.float16, np.float64):
        x, gy, ggx = (Variable(a.astype(dtype)) for a in arrays)
        (gx,) = grad(f(x), x, gy, create_graph=True)
        seconds = grad(gx, [x, gy], ggx)
        assert [g.dtype for g in seconds] == [dtype, dtype]
        found.append([g.data for g in seconds])
    (gx, ggy), (exact_gx, exact_ggy) = found
    np.testing.assert_allclose(ggy, exact_ggy, rtol=0, atol=2e-3 * np.abs(exact_ggy).max())
    np.testing.assert_allclose(gx, exact_gx, rtol=0, atol=1e-7)  # the least step of float16 is 6e-8

"""functions/pooling.py: max and average pooling and their Functions."""

import re

import numpy as np
import oracles
import pytest
from contract import Contract, assert_close, cases, check_three_orders
from geometries import FEWER, HARD, geometries
from hypothesis import given

import pyconvlite.functions as F
from pyconvlite import Variable, grad
from pyconvlite.testing import check_backward, check_double_backward

rng = np.random.default_rng(6)
X = rng.standard_normal((2, 3, 6, 7))
# (kernel_size, stride, pad), every window with a pixel of the image in it
SETTINGS = {
    "book": (2, 2, 0),
    "defaults": (2, 1, 0),
    "non-square": ((3, 2), (2, 1), (1, 0)),
    "overlapping": (3, 1, 1),
    "stride > kernel": (2, (3, 4), 0),
    "stride that leaves a rest": (3, 2, 0),
    "1x1": (1, 1, 0),
    "1x1, stride 2": (1, 2, 0),
    "whole image": ((6, 7), 1, 0),
    "one row": ((1, 3), (1, 2), (0, 1)),
    "pad": ((3, 2), 2, (2, 1)),
    "large windows": (6, 6, 3),
}
settings = pytest.mark.parametrize(("kernel", "stride", "pad"), SETTINGS.values(), ids=SETTINGS.keys())


def table(f, oracle, **options):
    for name, (kernel, stride, pad) in SETTINGS.items():
        yield (
            name,
            lambda x, s=(kernel, stride, pad): f(x, *s, **options),
            lambda x, s=(kernel, stride, pad): oracle(x, *s, **options),
            X,
        )
    yield (
        "one image of one channel",
        lambda x: f(x, 2, **options),
        lambda x: oracle(x, 2, **options),
        X[:1, :1],
    )
    yield "one row", lambda x: f(x, (1, 2), **options), lambda x: oracle(x, (1, 2), **options), X[:, :, :1]
    yield "1x1 image", lambda x: f(x, 1, **options), lambda x: oracle(x, 1, **options), X[:, :, :1, :1]
    yield "empty batch", lambda x: f(x, 2, 2, **options), lambda x: oracle(x, 2, 2, **options), X[:0]


@cases(table(F.pooling, oracles.max_pooling))
class TestPooling(Contract):
    pass


@cases(table(F.average_pooling, oracles.average_pooling))
class TestAveragePooling(Contract):
    pass


@cases(table(F.average_pooling, oracles.average_pooling, count_include_pad=False))
class TestAveragePoolingWithoutPadding(Contract):
    pass


@cases(
    [
        ("max", F.global_max_pooling, lambda x: x.max((2, 3), keepdims=True), X),
        ("average", F.global_average_pooling, lambda x: x.mean((2, 3), keepdims=True), X),
        ("max of a pixel", F.global_max_pooling, lambda x: x, X[:, :, :1, :1]),
        ("average of nothing", F.global_average_pooling, lambda x: x[:, :, :1, :1], X[:0]),
    ]
)
class TestGlobalPooling(Contract):
    pass


@given(geometries(max_dilation=1, pad_below_kernel=True))
@FEWER
def test_max_pooling_equals_loops(g):
    (x,) = g.arrays(g.x_shape)
    assert_close(
        F.pooling(x, g.kernel, g.stride, g.pad).data, oracles.max_pooling(x, g.kernel, g.stride, g.pad)
    )
    check_three_orders(lambda x: F.pooling(x, g.kernel, g.stride, g.pad), [x])
    # Pooling is linear between its kinks: squared, the higher orders are not zero.
    check_three_orders(lambda x: F.pooling(x * x, g.kernel, g.stride, g.pad) ** 2, [x])


@pytest.mark.parametrize("count_include_pad", [True, False])
@given(g=geometries(max_dilation=1, pad_below_kernel=True))
@FEWER
def test_average_pooling_equals_loops(count_include_pad, g):
    def f(x):
        return F.average_pooling(x, g.kernel, g.stride, g.pad, count_include_pad=count_include_pad)

    (x,) = g.arrays(g.x_shape)
    assert_close(f(x).data, oracles.average_pooling(x, g.kernel, g.stride, g.pad, count_include_pad))
    check_three_orders(f, [x])
    check_three_orders(lambda x: f(x**3), [x])


@settings
def test_pooling_simple_equals_pooling(kernel, stride, pad):
    x = X - 5  # all negative: a pad of zeros would win
    np.testing.assert_array_equal(
        F.pooling_simple(x, kernel, stride, pad).data, F.pooling(x, kernel, stride, pad).data
    )
    check_backward(lambda x: F.pooling_simple(x, kernel, stride, pad), x)
    check_double_backward(lambda x: F.pooling_simple(x * x, kernel, stride, pad), x)


# -- max pooling's corners


def gradient(f, x, gy=None):
    x = Variable(x)
    return grad(f(x), x, gy)[0].data


def test_padding_is_never_the_maximum():
    x = np.full((1, 1, 2, 2), -3.0)
    np.testing.assert_array_equal(F.pooling(x, 2, 1, 1).data, np.full((1, 1, 3, 3), -3.0))
    assert gradient(lambda x: F.pooling(x, 2, 1, 1), x).sum() == 9


@pytest.mark.parametrize("f", [F.pooling, F.pooling_simple], ids=lambda f: f.__name__)
def test_windows_without_a_pixel_are_refused(f):
    for kernel, pad in ((1, 1), ((3, 2), (0, 2)), ((2, 3), (2, 0))):
        with pytest.raises(ValueError, match="pad must be less than kernel_size"):
            f(np.ones((1, 1, 4, 4)), kernel, 1, pad)
    with pytest.raises(ValueError, match=r"at least one pixel.*\(0, 4\)"):
        f(np.ones((1, 1, 0, 4)), 2, 1, 1)


def test_first_maximum_takes_the_gradient():
    x = np.array([[1.0, 2.0, 2.0], [2.0, 2.0, 0.0]])[None, None]
    np.testing.assert_array_equal(gradient(lambda x: F.pooling(x, (2, 3)), x)[0, 0], [[0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(gradient(lambda x: F.pooling(x, 2), x)[0, 0], [[0, 2, 0], [0, 0, 0]])


@pytest.mark.parametrize("pad", [0, 1])
def test_nan_propagates_and_takes_the_gradient(pad):
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    x[0, 0, 1, 1] = np.nan
    y = F.pooling(x, 2, 1, pad).data
    np.testing.assert_array_equal(y, oracles.max_pooling(x, 2, 1, pad))
    assert np.isnan(y).sum() == 4
    assert gradient(lambda x: F.pooling(x, 2, 1, pad), x)[0, 0, 1, 1] == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])  # SIMD kernels compute float32
def test_first_nan_takes_the_gradient(dtype):
    x = np.array([[1.0, np.nan, 2.0], [np.nan, 5.0, np.nan]], dtype)[None, None]
    np.testing.assert_array_equal(gradient(lambda x: F.pooling(x, (2, 3)), x)[0, 0], [[0, 1, 0], [0, 0, 0]])
    windows = np.tile(x[..., :2], (1, 1, 1, 5))  # of which the kernels take four at a time
    expected = np.tile(np.array([[0, 1], [0, 0]]), 5)
    np.testing.assert_array_equal(gradient(lambda x: F.pooling(x, 2, 2), windows)[0, 0], expected)
    image = np.arange(64, dtype=dtype).reshape(1, 1, 8, 8)
    image[0, 0, (2, 5), (6, 1)] = np.nan
    assert np.flatnonzero(gradient(F.global_max_pooling, image)).tolist() == [2 * 8 + 6]


@settings
def test_minus_infinity_beside_padding_takes_the_gradient(kernel, stride, pad):
    x = np.full((1, 1, 6, 7), -np.inf)
    y = F.pooling(x, kernel, stride, pad)
    np.testing.assert_array_equal(y.data, np.full_like(y.data, -np.inf))
    assert gradient(lambda x: F.pooling(x, kernel, stride, pad), x).sum() == y.size


def test_overlapping_windows_add_their_gradients():
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 1
    gy = np.array([[1.0, 2.0], [4.0, 8.0]])[None, None]
    np.testing.assert_array_equal(gradient(lambda x: F.pooling(x, 2), x, gy)[0, 0], np.diag([0, 15, 0]))


def test_average_pooling_at_the_border():
    x = np.ones((1, 1, 2, 2))
    np.testing.assert_array_equal(F.average_pooling(x, 2, 2, 1).data, np.full((1, 1, 2, 2), 0.25))
    np.testing.assert_array_equal(
        F.average_pooling(x, 2, 2, 1, count_include_pad=False).data, np.ones((1, 1, 2, 2))
    )


def test_average_of_padding_alone_is_zero():
    x = np.ones((1, 1, 1, 1))
    for count_include_pad in (True, False):
        y = F.average_pooling(x, 1, 1, 1, count_include_pad=count_include_pad)
        np.testing.assert_array_equal(y.data[0, 0], np.diag([0, 1, 0]))
        check_backward(lambda x, c=count_include_pad: F.average_pooling(x, 1, 1, 1, count_include_pad=c), x)


# -- the Functions themselves


@settings
def test_function_classes_of_dezero(kernel, stride, pad):
    x = Variable(X)
    y = F.Pooling(kernel, stride, pad)(x)
    assert isinstance(y.creator, F.Pooling)
    gy = Variable(np.random.default_rng(0).standard_normal(y.shape))
    gx = F.Pooling2DGrad(y.creator)(gy)
    np.testing.assert_allclose(gx.data, grad(y, x, gy)[0].data)
    # Read at the places of the maxima: of x itself that is y, and for any other array the adjoint of gx.
    np.testing.assert_array_equal(F.Pooling2DWithIndexes(y.creator)(x).data, y.data)
    other = np.random.default_rng(1).standard_normal(X.shape)
    picked = F.Pooling2DWithIndexes(y.creator)(other)
    assert_close(np.sum(picked.data * gy.data), np.sum(other * gx.data))
    assert_close(
        F.AveragePooling(kernel, stride, pad)(x).data, oracles.average_pooling(X, kernel, stride, pad)
    )


def test_non_contiguous_images():
    x = np.random.default_rng(0).standard_normal((7, 6, 5, 4)).transpose(3, 2, 0, 1)[::2, ::-1, :, ::-2]
    np.testing.assert_array_equal(F.pooling(x, 2, 1, 1).data, oracles.max_pooling(x, 2, 1, 1))
    assert_close(F.average_pooling(x, 2, 1, 1).data, oracles.average_pooling(x, 2, 1, 1))
    for f in (F.pooling, F.average_pooling):
        check_backward(lambda x, f=f: f(x, 2, 1, 1), x)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
@pytest.mark.parametrize("f", [F.pooling, F.pooling_simple], ids=lambda f: f.__name__)
def test_integer_images(f, dtype):
    x = np.random.default_rng(0).integers(0, 255, (2, 1, 5, 5)).astype(dtype)
    y = f(x, 3, 2, 1)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.data, oracles.max_pooling(x.astype(float), 3, 2, 1))


@pytest.mark.parametrize("f", [F.pooling, F.average_pooling, F.pooling_simple], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        ((X, 7), ValueError, "kernel_size 7 .* = 6;"),
        ((X, (2, 10), 1, 1), ValueError, "kernel_size 10 .* = 9;"),
        ((X[0], 2), ValueError, r"x.*\(3, 6, 7\)"),
        ((X, 0), ValueError, "kernel_size.*0"),
        ((X, 2, 0), ValueError, "stride.*0"),
        ((X, 2, (1, -2)), ValueError, "stride.*-2"),
        ((X, 2, 1, -1), ValueError, "pad.*-1"),
        ((X, 2.0), TypeError, "kernel_size.*2.0"),
        ((X, True), TypeError, "kernel_size.*True"),
        ((X, (2,)), ValueError, r"kernel_size.*\(2,\)"),
        ((X, 2, None), TypeError, "stride.*None"),
    ],
)
def test_invalid_arguments_are_named(f, args, error, words):
    with pytest.raises(error, match=words):
        f(*args)


@pytest.mark.parametrize(
    ("f", "flag"),
    [(F.pooling, "ceil_mode"), (F.average_pooling, "ceil_mode"), (F.average_pooling, "count_include_pad")],
)
def test_flags_are_checked(f, flag):
    with pytest.raises(TypeError, match=f"{flag} must be True or False; got 'no'"):
        f(X, 2, **{flag: "no"})


@pytest.mark.parametrize("f", [F.global_max_pooling, F.global_average_pooling], ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(3, 6, 7), (2, 3, 0, 7)])
def test_global_pooling_rejects_non_images(f, shape):
    with pytest.raises(ValueError, match=re.escape(str(shape))):
        f(np.zeros(shape))


def test_pooling_of_difficult_geometries():
    for g in (g for g in HARD.values() if g.pad_below_kernel):
        (x,) = g.arrays(g.x_shape)
        np.testing.assert_array_equal(
            F.pooling(x, g.kernel, g.stride, g.pad).data, oracles.max_pooling(x, g.kernel, g.stride, g.pad)
        )


@pytest.mark.parametrize("dtype", [bool, complex])
@pytest.mark.parametrize("pool", [F.pooling, F.pooling_simple, F.average_pooling])
def test_other_dtypes_are_refused(pool, dtype):
    with pytest.raises(TypeError, match=rf"x must hold real numbers; got {dtype.__name__}"):
        pool(np.ones((1, 1, 2, 2), dtype), 2)


@pytest.mark.parametrize("value", [1, 100])
def test_average_pooling_of_float16_adds_in_float32(value):
    x = Variable(np.full((1, 1, 64, 64), value, np.float16))
    for pool in (lambda x: F.average_pooling(x, 64), lambda x: F.adaptive_average_pooling(x, 1)):
        y = pool(x)
        assert (y.dtype, y.item()) == (np.float16, value)

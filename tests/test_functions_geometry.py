"""functions/_geometry.py: convolution and pooling whose ends are padded differently; ceil_mode; dilation."""

import numpy as np
import oracles
import pytest
from contract import Contract, assert_close, cases, check_three_orders
from geometries import FEWER, pairs
from hypothesis import given
from hypothesis import strategies as st

import pyconvlite.functions as F
from pyconvlite import Variable, grad
from pyconvlite.functions._geometry import edges_of

rng = np.random.default_rng(8)
X = rng.standard_normal((2, 2, 5, 6))
W = rng.standard_normal((2, 2, 3, 2))
B = rng.standard_normal(2)

# pad and what it is at each edge, for W and the stride
PADS = {
    "each edge": (((1, 0), (0, 2)), ((1, 0), (0, 2)), 2),
    "same, stride 2": ("same", ((1, 1), (0, 0)), 2),
    "same, large stride": ("same", ((1, 1), (0, 0)), (4, 3)),
    "beyond the kernel": (((0, 4), (3, 0)), ((0, 4), (3, 0)), 1),
}


def conv_table():
    for name, (pad, edges, stride) in PADS.items():
        yield (
            name,
            lambda x, W, b, p=pad, s=stride: F.conv2d(x, W, b, s, p),
            lambda x, W, b, e=edges, s=stride: oracles.conv2d(x, W, b, s, e),
            *(X, W, B),
        )
    for mode, theirs in {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}.items():
        yield (
            mode,
            lambda x, W, m=mode: F.conv2d(x, W, pad=((1, 2), (0, 1)), pad_mode=m, dilation=(2, 1)),
            lambda x, W, m=theirs: oracles.conv2d(
                np.pad(x, ((0, 0), (0, 0), (1, 2), (0, 1)), m), W, dilation=(2, 1)
            ),
            *(X, W),
        )


@cases(conv_table())
class TestConv2d(Contract):
    pass


POOLS = {  # x's size, kernel_size, stride, pad, ceil_mode
    "each edge": ((5, 6), (3, 2), 2, ((1, 0), (0, 1)), False),
    "same": ((5, 6), 3, 2, "same", False),
    "ceil": ((5, 6), 2, 2, 0, True),
    "ceil that changes nothing": ((4, 6), 2, 2, 0, True),
    "ceil and pad": ((5, 6), (3, 2), (3, 2), 1, True),
    "ceil without a window in the padding": ((2, 6), 2, 3, 1, True),
    "ceil, each edge": ((6, 5), 3, (2, 3), ((0, 2), (2, 1)), True),
}
EDGES = {"same": ((1, 1), (0, 1))}


def pool_table(f, oracle, names=tuple(POOLS), **options):
    for name in names:
        size, kernel, stride, pad, ceil = POOLS[name]
        edges = EDGES.get(name, pad)
        yield (
            name,
            lambda x, a=(kernel, stride, pad), c=ceil: f(x, *a, ceil_mode=c, **options),
            lambda x, a=(kernel, stride, edges), c=ceil: oracle(x, *a, ceil_mode=c, **options),
            X[:, :, : size[0], : size[1]] if size[0] < 6 else X.swapaxes(2, 3),
        )


@cases(
    [
        *pool_table(F.pooling, oracles.max_pooling),
        (
            "dilation",
            lambda x: F.pooling(x, (2, 3), dilation=(3, 2)),
            lambda x: oracles.max_pooling(x, (2, 3), dilation=(3, 2)),
            X,
        ),
        (
            "dilation, pad, stride",
            lambda x: F.pooling(x, 2, (3, 1), 1, dilation=(2, 3)),
            lambda x: oracles.max_pooling(x, 2, (3, 1), 1, dilation=(2, 3)),
            X,
        ),
        (
            "dilation and ceil",
            lambda x: F.pooling(x, 2, 2, ((1, 0), 0), dilation=(3, 2), ceil_mode=True),
            lambda x: oracles.max_pooling(x, 2, 2, ((1, 0), 0), dilation=(3, 2), ceil_mode=True),
            X,
        ),
    ]
)
class TestPooling(Contract):
    pass


@cases(pool_table(F.average_pooling, oracles.average_pooling, ("each edge", "same", "ceil and pad")))
class TestAveragePooling(Contract):
    pass


@cases(
    pool_table(
        F.average_pooling,
        oracles.average_pooling,
        ("each edge", "ceil and pad", "ceil, each edge"),
        count_include_pad=False,
    )
)
class TestAveragePoolingWithoutPadding(Contract):
    pass


@given(st.data())
@FEWER
def test_max_pooling_equals_loops(data):
    size, kernel, stride, dilation = (data.draw(pairs(1, most)) for most in (7, 3, 3, 3))
    pad, ceil_mode = data.draw(st.tuples(pairs(0, 3), pairs(0, 3))), data.draw(st.booleans())
    x = np.random.default_rng(0).standard_normal((1, 1, *size))
    settings = {"dilation": dilation, "ceil_mode": ceil_mode}
    # the pixels that the first window lacks
    missing = [(k - 1) * d + 1 - n - sum(p) for n, p, k, d in zip(size, pad, kernel, dilation, strict=True)]
    if any(m >= (s if ceil_mode else 1) for m, s in zip(missing, stride, strict=True)):
        with pytest.raises(ValueError, match="larger than the padded input"):
            F.pooling(x, kernel, stride, pad, **settings)
        return
    expected = oracles.max_pooling(x, kernel, stride, pad, **settings)
    if np.isinf(expected).any():
        with pytest.raises(ValueError, match="every window of max pooling has a pixel"):
            F.pooling(x, kernel, stride, pad, **settings)
        return
    assert_close(F.pooling(x, kernel, stride, pad, **settings).data, expected)
    check_three_orders(lambda x: F.pooling(x * x, kernel, stride, pad, **settings) ** 2, [x])


def test_forms_of_pad():
    def same(pad, edges, stride=1):
        y = F.conv2d(X, W, None, stride, pad).data
        np.testing.assert_allclose(y, oracles.conv2d(X, W, None, stride, edges))

    same("valid", ((0, 0), (0, 0)))
    same("same", ((1, 1), (0, 1)))
    same((1, (2, 0)), ((1, 1), (2, 0)), (1, 2))
    same([(1, 1), [2, 2]], ((1, 1), (2, 2)))


@given(st.data())
@FEWER
def test_convolution_equals_loops(data):
    kernel, stride, dilation = (data.draw(pairs(1, 3)) for _ in range(3))
    pad = data.draw(st.tuples(pairs(0, 4), pairs(0, 4)))
    size = tuple(
        max(1, (k - 1) * d + 1 - sum(p)) + n
        for k, d, p, n in zip(kernel, dilation, pad, data.draw(pairs(0, 3)), strict=True)
    )
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((1, 2, *size)), rng.standard_normal((1, 2, *kernel))
    settings = {"stride": stride, "pad": pad, "dilation": dilation}
    assert_close(F.conv2d(x, W, **settings).data, oracles.conv2d(x, W, **settings))


def test_fused_relu():
    x, kernels = Variable(X), Variable(W)
    y = F.conv2d_relu(x, kernels, stride=2, pad="same")
    np.testing.assert_array_equal(y.data, np.maximum(F.conv2d(X, W, stride=2, pad="same").data, 0))
    check_three_orders(
        lambda x, W: F.conv2d_relu(x, W, stride=2, pad=((1, 0), 1), pad_mode="reflect"), [X, W]
    )


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (2, 1), (3, 1), (3, 2)])
def test_same_padding_output_size(size, stride, kernel, dilation):
    y = F.conv2d(
        np.ones((1, 1, 1, size)), np.ones((1, 1, 1, kernel)), None, stride, "same", dilation=dilation
    )
    assert y.shape == (1, 1, -(-1 // stride), -(-size // stride))
    ((before, after), _) = edges_of("same", (size, 1), (kernel, 1), (stride, 1), (dilation, 1))
    assert after - before in (0, 1)


def test_max_pooling_of_integers_and_of_minus_infinity():
    x = np.array([[1, 200, 3]], np.uint8)[None, None]
    y = F.pooling(x, (1, 2), 2, ceil_mode=True)
    assert (y.dtype, y.data.tolist()) == (np.uint8, [[[[200, 3]]]])
    assert F.average_pooling(x, (1, 2), 2, ceil_mode=True).data.tolist() == [[[[100.5, 3]]]]
    low = Variable(np.full((1, 1, 3, 3), -np.inf))
    y = F.pooling(low, 2, 2, ((1, 0), (0, 1)), ceil_mode=True)
    assert grad(y, low)[0].data.sum() == y.size


def test_equal_maxima_with_dilation():
    x = Variable(np.ones((1, 1, 1, 5)))
    np.testing.assert_array_equal(
        grad(F.pooling(x, (1, 2), dilation=(1, 3)), x)[0].data, [[[[1, 1, 0, 0, 0]]]]
    )
    x = Variable(np.array([[[[0, np.nan, 5, np.nan, np.nan]]]]))
    np.testing.assert_array_equal(
        grad(F.pooling(x, (1, 2), dilation=(1, 2)), x)[0].data, [[[[0, 1, 1, 0, 1]]]]
    )


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.conv2d(X, W, pad="full"), ValueError, 'pad must be .*"same" or "valid"; got \'full\''),
        (lambda: F.conv2d(X, W, pad=((1, 2), (1, 2), 3)), ValueError, r"pad must be .*; got \(\(1, 2\)"),
        (lambda: F.conv2d(X, W, pad=((1, 2, 3), 1)), ValueError, r"pad must be .*pair.*\(1, 2, 3\)"),
        (lambda: F.conv2d(X, W, pad=((1, -2), 1)), ValueError, "pad must be at least 0.*-2"),
        (lambda: F.conv2d(X, W, pad=((1, 0.5), 1)), TypeError, "pad must be .*0.5"),
        (lambda: F.conv2d(X, W, pad_mode="edge"), ValueError, "pad_mode must be one of .*zeros.*'edge'"),
        (lambda: F.conv2d(X, W, pad=5, pad_mode="reflect"), ValueError, "at most 4 along axis 2.*reflect"),
        (lambda: F.conv2d(X, np.ones((1, 2, 8, 1)), pad=((0, 1), 0)), ValueError, "kernel_size 8 is larger"),
        (lambda: F.conv2d(X, W, None, 0, "same"), ValueError, "stride must be at least 1; got 0"),
        (lambda: F.pooling(X, 2, 1, ((0, 2), 0)), ValueError, "pad must be less than kernel_size"),
        (lambda: F.pooling(X, 2, 3, ((0, 5), 0)), ValueError, r"got pad \(\(0, 5\), 0\) and kernel_size"),
        (lambda: F.pooling(X, 2, 1, [1, 2], ceil_mode=True), ValueError, r"got pad \[1, 2\] and kernel_size"),
        (
            lambda: F.pooling(X[:, :, :1], 2, 1, 1, dilation=(2, 1)),
            ValueError,
            r"dilation \(2, 1\).*\(1, 6\)",
        ),
        (lambda: F.pooling(X, 2, dilation=0), ValueError, "dilation must be at least 1; got 0"),
        (lambda: F.pooling(X, 2, ceil_mode=True, stride=0), ValueError, "stride must be at least 1; got 0"),
        (lambda: F.pooling(X, 4, dilation=2), ValueError, "dilation 2 stretches it to 7"),
        (lambda: F.average_pooling(X, 9, pad=((1, 2), 0)), ValueError, "kernel_size 9 is larger"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_ceil_mode_with_a_kernel_larger_than_the_image():
    x = np.ones((1, 1, 2, 2))
    assert F.pooling(x, 3, 2, ceil_mode=True).shape == (1, 1, 1, 1)
    with pytest.raises(ValueError, match=r"larger than the padded input, 2 \+ 2 \* 0 = 2"):
        F.pooling(x, 4, 2, ceil_mode=True)

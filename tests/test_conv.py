"""functions/conv.py: im2col, conv2d, deconv2d and their Functions."""

import numpy as np
import oracles
import pytest
from contract import Contract, assert_close, cases, check_three_orders
from geometries import FEWER, HARD, geometries
from hypothesis import assume, given

import pyconvlite.functions as F
import pyconvlite.functions_conv
from pyconvlite import Variable, grad
from pyconvlite.backends.numpy import depthwise
from pyconvlite.testing import check_backward, check_double_backward

hard = pytest.mark.parametrize("g", HARD.values(), ids=HARD)


def conv_table():
    for name, g in HARD.items():
        x, W, b = g.arrays(g.x_shape, g.W_shape, g.W_shape[:1])
        yield (
            name,
            lambda x, W, b, s=g.settings: F.conv2d(x, W, b, **s),
            lambda x, W, b, s=g.settings: oracles.conv2d(x, W, b, **s),
            *(x, W, b),
        )
    x, W = HARD["plain"].arrays((2, 3, 5, 6), (4, 3, 3, 2))
    yield "no bias", F.conv2d, oracles.conv2d, x, W
    yield (
        "positional",
        lambda x, W: F.conv2d(x, W, None, 2, 1),
        lambda x, W: oracles.conv2d(x, W, None, 2, 1),
        x,
        W,
    )


def deconv_table():
    for name, g in HARD.items():
        if not g.deconv_fits:
            continue
        x, W, b = g.arrays(g.x_shape, g.deconv_W_shape, g.W_shape[:1])
        yield (
            name,
            lambda x, W, b, s=g.settings: F.deconv2d(x, W, b, **s),
            lambda x, W, b, s=g.settings: oracles.deconv2d(x, W, b, **s),
            *(x, W, b),
        )
    x, W = HARD["plain"].arrays((2, 3, 4, 3), (3, 2, 3, 2))
    yield "no bias", F.deconv2d, oracles.deconv2d, x, W
    yield (
        "outsize",
        lambda x, W: F.deconv2d(x, W, stride=(3, 2), pad=1, outsize=(12, 5)),
        lambda x, W: oracles.deconv2d(x, W, stride=(3, 2), pad=1, size=(12, 5)),
        *(x, W),
    )
    yield (
        "positional outsize",
        lambda x, W: F.deconv2d(x, W, None, 2, 0, 10),
        lambda x, W: oracles.deconv2d(x, W, None, 2, 0, 10),
        *(x[..., [0, 1, 2, 0]], W[..., [0, 1, 0]]),
    )


@cases(conv_table())
class TestConv2d(Contract):
    pass


@cases(deconv_table())
class TestDeconv2d(Contract):
    pass


# -- geometries that hypothesis draws


@given(geometries())
@FEWER
def test_conv2d_equals_loops(g):
    x, W, b = g.arrays(g.x_shape, g.W_shape, g.W_shape[:1])
    assert_close(F.conv2d(x, W, b, **g.settings).data, oracles.conv2d(x, W, b, **g.settings))


@given(geometries())
@FEWER
def test_deconv2d_equals_loops(g):
    assume(g.deconv_fits)
    x, W, b = g.arrays(g.x_shape, g.deconv_W_shape, g.W_shape[:1])
    assert_close(F.deconv2d(x, W, b, **g.settings).data, oracles.deconv2d(x, W, b, **g.settings))


@pytest.mark.parametrize(("pad", "dilation", "output_pad"), [(0, 1, (1, 2)), ((1, 0), 2, (0, 1)), (1, 1, 1)])
def test_deconv2d_with_output_pad(pad, dilation, output_pad):
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((2, 4, 3, 2)), rng.standard_normal((4, 3, 3, 4)), rng.standard_normal(6)
    settings = {"stride": (2, 3), "pad": pad, "dilation": dilation, "groups": 2}
    smallest = F.deconv2d(x, W, b, **settings).shape[2:]
    size = tuple(np.add(smallest, output_pad))
    y = F.deconv2d(x, W, b, **settings, output_pad=output_pad)
    assert_close(y.data, oracles.deconv2d(x, W, b, **settings, size=size))
    assert F.deconv2d(x, W, b, **settings, outsize=size, output_pad=(0, 0)).shape == y.shape


@pytest.mark.parametrize(("pad", "output_pad"), [(0, (3, 2)), ((1, 0), (2, 3)), (1, (0, 3)), (1, (2, 0))])
def test_output_pad_up_to_the_dilation(pad, output_pad):
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((2, 4, 3, 2)), rng.standard_normal((4, 3, 3, 2)), rng.standard_normal(6)
    settings = {"stride": (1, 2), "pad": pad, "dilation": 4, "groups": 2}
    size = tuple(np.add(F.deconv2d(x, W, **settings).shape[2:], output_pad))

    def deconv2d(x, W, b):
        return F.deconv2d(x, W, b, **settings, output_pad=output_pad)

    assert_close(deconv2d(x, W, b).data, oracles.deconv2d(x, W, b, **settings, size=size))
    check_backward(deconv2d, (x, W, b))


@pytest.mark.parametrize("pad", [0, 1])
def test_rows_that_no_pixel_reaches_are_the_bias(pad):
    """Also where a weight is infinite, and a pixel of 0 times it would be NaN."""
    W = np.full((1, 2, 2, 2), np.inf)
    y = F.deconv2d(np.ones((1, 1, 2, 2)), W, np.array([5.0, 7.0]), pad=pad, dilation=3, output_pad=2)
    reached = F.deconv2d(np.ones((1, 1, 2, 2)), np.ones_like(W), None, pad=pad, dilation=3, output_pad=2)
    expected = np.where(reached.data > 0, np.inf, [[[5.0]], [[7.0]]])
    np.testing.assert_array_equal(y.data[..., -2 + pad :, :], expected[..., -2 + pad :, :])


def test_output_pad_makes_an_empty_output_valid():
    x, W = np.ones((1, 1, 1, 2)), np.ones((1, 1, 3, 3))
    with pytest.raises(ValueError, match="output size -1"):
        F.deconv2d(x, W, None, 3, (2, 1), dilation=(1, 2))
    y = F.deconv2d(x, W, None, 3, (2, 1), dilation=(1, 2), output_pad=(2, 0))
    assert_close(y.data, oracles.deconv2d(x, W, None, 3, (2, 1), dilation=(1, 2), size=y.shape[2:]))
    assert y.shape == (1, 1, 1, 6)


@given(geometries())
def test_deconv2d_is_the_adjoint_of_conv2d(g):
    x, W = g.arrays(g.x_shape, g.W_shape)
    y = F.conv2d(x, W, **g.settings).data
    gy = np.random.default_rng(1).standard_normal(y.shape)
    back = F.deconv2d(gy, W, outsize=g.x_shape[2:], **g.settings).data
    assert back.shape == x.shape
    assert_close(np.sum(y * gy), np.sum(x * back))


@given(geometries())
@FEWER
def test_conv2d_gradients_of_three_orders(g):
    inputs = g.arrays(g.x_shape, g.W_shape, g.W_shape[:1])
    check_three_orders(lambda x, W, b: F.conv2d(x, W, b, **g.settings), inputs)


@given(geometries())
@FEWER
def test_deconv2d_gradients_of_three_orders(g):
    assume(g.deconv_fits)
    inputs = g.arrays(g.x_shape, g.deconv_W_shape, g.W_shape[:1])
    check_three_orders(lambda x, W, b: F.deconv2d(x, W, b, **g.settings), inputs)


@given(geometries())
@FEWER
def test_deconv2d_with_outsize_gradients_of_three_orders(g):
    """The size of an image that the stride does not divide: deconv2d's default output is smaller."""
    x, W = g.arrays(g.x_shape, g.W_shape)
    gy = np.ones(F.conv2d(x, W, **g.settings).shape)
    check_three_orders(lambda gy, W: F.deconv2d(gy, W, outsize=g.x_shape[2:], **g.settings), [gy, W])


# -- im2col and col2im

COLUMNS = [
    pytest.param(g.x_shape, g.kernel, g.stride, g.pad, id=name)
    for name, g in HARD.items()
    if "dilation" not in g.options
]
columns = pytest.mark.parametrize(("shape", "kernel", "stride", "pad"), COLUMNS)


@columns
def test_im2col_equals_loops_in_both_layouts(shape, kernel, stride, pad):
    x = np.random.default_rng(0).standard_normal(shape)
    expected = oracles.im2col(x, kernel, stride, pad)
    np.testing.assert_array_equal(F.im2col(x, kernel, stride, pad, to_matrix=False).data, expected)
    np.testing.assert_array_equal(F.im2col(x, kernel, stride, pad).data, oracles.matrix(expected))
    np.testing.assert_array_equal(F.im2col_array(x, kernel, stride, pad, to_matrix=False), expected)
    np.testing.assert_array_equal(F.im2col_array(x, kernel, stride, pad), oracles.matrix(expected))


@given(geometries(max_dilation=1))
def test_col2im_is_the_adjoint_of_im2col(g):
    x = np.random.default_rng(0).standard_normal(g.x_shape)
    for to_matrix in (True, False):
        col = F.im2col(x, g.kernel, g.stride, g.pad, to_matrix)
        c = np.random.default_rng(1).standard_normal(col.shape)
        back = F.col2im(c, g.x_shape, g.kernel, g.stride, g.pad, to_matrix)
        assert back.shape == g.x_shape
        assert_close(np.sum(col.data * c), np.sum(x * back.data))
        np.testing.assert_array_equal(
            F.col2im_array(c, g.x_shape, g.kernel, g.stride, g.pad, to_matrix), back.data
        )


def test_col2im_takes_a_list_as_shape():
    x = np.arange(16.0).reshape(4, 4)
    y, expected = (F.col2im(x, shape, 2, 2) for shape in ([1, 1, 4, 4], (1, 1, 4, 4)))
    np.testing.assert_array_equal(y.data, expected.data)


@columns
@pytest.mark.parametrize("to_matrix", [True, False])
def test_im2col_and_col2im_gradients_of_two_orders(shape, kernel, stride, pad, to_matrix):
    x = np.random.default_rng(0).standard_normal(shape)
    col = F.im2col(x, kernel, stride, pad, to_matrix).data
    for check in (check_backward, check_double_backward):
        check(lambda x: F.im2col(x, kernel, stride, pad, to_matrix) ** 2, x)
        check(lambda c: F.col2im(c, shape, kernel, stride, pad, to_matrix) ** 2, col)


@columns
def test_conv2d_simple_equals_conv2d(shape, kernel, stride, pad):
    x, W, b = HARD["plain"].arrays(shape, (3, shape[1], *kernel), (3,))
    for bias in (None, b):
        assert_close(F.conv2d_simple(x, W, bias, stride, pad).data, F.conv2d(x, W, bias, stride, pad).data)
    check_backward(lambda x, W, b: F.conv2d_simple(x, W, b, stride, pad), (x, W, b))
    check_double_backward(lambda x, W, b: F.conv2d_simple(x, W, b, stride, pad), (x, W, b))


@hard
def test_conv2d_relu_is_relu_of_conv2d(g):
    x, W, b = map(Variable, g.arrays(g.x_shape, g.W_shape, g.W_shape[:1]))

    def results(y):
        first = grad(F.sin(y), [x, W, b], create_graph=True)
        second = grad([F.sin(v) for v in first], [x, W, b])
        return [v.data for v in (y, *first, *second)]

    fused = results(F.conv2d_relu(x, W, b, **g.settings))
    apart = results(F.relu(F.conv2d(x, W, b, **g.settings)))
    for one, other in zip(fused, apart, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("g", [HARD["plain"], HARD["groups"]], ids=["plain", "groups"])
def test_conv2d_relu_has_an_upper_bound(g):
    x, W, b = map(Variable, g.arrays(g.x_shape, g.W_shape, g.W_shape[:1]))
    y = F.conv2d(x, W, b, **g.settings)
    most = float(np.quantile(y.data[y.data > 0], 0.5))
    fused = F.conv2d_relu(x, W, b, **g.settings, most=most)
    np.testing.assert_array_equal(fused.data, np.clip(y.data, 0, most))
    inside = Variable(((y.data > 0) & (y.data < most)).astype(y.dtype))
    for one, other in zip(grad(F.sin(fused), [x, W, b]), grad(F.sin(y) * inside, [x, W, b]), strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-10, atol=1e-10)


def test_shapes_of_the_books_examples():
    assert F.im2col(np.zeros((1, 3, 7, 7)), kernel_size=5, stride=1, pad=0, to_matrix=True).shape == (9, 75)
    assert F.im2col(np.zeros((10, 3, 7, 7)), (5, 5), (1, 1), (0, 0), to_matrix=True).shape == (90, 75)
    x = Variable(np.random.default_rng(0).standard_normal((1, 5, 15, 15)))
    y = F.conv2d_simple(x, np.zeros((8, 5, 3, 3)), b=None, stride=1, pad=1)
    y.backward()
    assert (y.shape, x.grad.shape) == ((1, 8, 15, 15), (1, 5, 15, 15))


# -- the Functions themselves


def test_function_classes_of_dezero():
    x, W, b = HARD["plain"].arrays((2, 3, 5, 6), (4, 3, 3, 2), (4,))
    y = F.Conv2d(2, 1)(Variable(x), W, b)
    assert isinstance(y.creator, F.Conv2d)
    assert_close(y.data, oracles.conv2d(x, W, b, 2, 1))
    assert_close(F.Conv2d(stride=2, pad=1)(x, W, None).data, oracles.conv2d(x, W, None, 2, 1))
    y = F.Deconv2d(2, 1, (9, 11))(Variable(x[:, :, :5, :6]), W.transpose(1, 0, 2, 3), b)
    assert isinstance(y.creator, F.Deconv2d)
    assert_close(y.data, oracles.deconv2d(x, W.transpose(1, 0, 2, 3), b, 2, 1, (9, 11)))
    col = F.Im2col((3, 2), 1, 0, False)(x)
    np.testing.assert_array_equal(col.data, oracles.im2col(x, (3, 2)))
    np.testing.assert_array_equal(
        F.Col2im(x.shape, (3, 2), 1, 0, False)(col).data, F.col2im(col, x.shape, (3, 2), to_matrix=False).data
    )


@hard
def test_conv2dgradw_is_the_gradient_of_w(g):
    x, W = map(Variable, g.arrays(g.x_shape, g.W_shape))
    y = F.conv2d(x, W, **g.settings)
    gy = Variable(np.random.default_rng(1).standard_normal(y.shape))
    (gW,) = grad(y, W, gy)
    assert_close(F.Conv2DGradW(y.creator)(x, gy).data, gW.data)


def test_conv2dgradw_of_deconv2d_swaps_its_arguments():
    x, W = map(Variable, HARD["plain"].arrays((2, 3, 4, 3), (3, 2, 3, 2)))
    y = F.deconv2d(x, W, None, 2, 1)
    gy = Variable(np.random.default_rng(1).standard_normal(y.shape))
    assert_close(F.Conv2DGradW(y.creator)(gy, x).data, grad(y, W, gy)[0].data)


def test_functions_conv_exports_dezeros_names():
    for name in ("conv2d", "Conv2DGradW", "pooling", "Pooling2DWithIndexes", "im2col_array", "col2im_array"):
        assert getattr(pyconvlite.functions_conv, name) is getattr(F, name)


def test_non_contiguous_operands():
    big = np.random.default_rng(0).standard_normal((5, 12, 4, 7))
    x = big.transpose(2, 0, 3, 1)[::2, ::-1, :, ::2]  # (2, 5, 7, 6)
    W = big[:4, :10:2, 1:4, 2:0:-1]  # (4, 5, 3, 2)
    b = big[0, :8:2, 0, 0]
    assert_close(F.conv2d(x, W, b, 2, 1).data, oracles.conv2d(x, W, b, 2, 1))
    assert_close(
        F.deconv2d(x, W.swapaxes(0, 1), b, 2, 1).data, oracles.deconv2d(x, W.swapaxes(0, 1), b, 2, 1)
    )
    check_backward(lambda *args: F.conv2d(*args, 2, 1), (x, W, b))


def test_sizes_of_any_integer_type():
    x, W = HARD["plain"].arrays((1, 1, 5, 5), (1, 1, 3, 3))
    expected = oracles.conv2d(x, W, None, 2, 1)
    for two, one in [(np.int64(2), np.uint8(1)), ([2, 2], (1, 1)), ([np.int32(2), 2], 1)]:
        assert_close(F.conv2d(x, W, None, two, one).data, expected)


# -- errors

IMAGE, KERNEL = np.zeros((1, 4, 5, 6)), np.zeros((2, 4, 3, 3))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.conv2d(IMAGE, np.zeros((2, 4, 6, 3))), ValueError, "kernel_size 6 .* = 5;"),
        (lambda: F.conv2d(IMAGE, np.zeros((2, 4, 3, 9)), pad=1), ValueError, "kernel_size 9 .* = 8;"),
        (lambda: F.conv2d(IMAGE, KERNEL, dilation=3), ValueError, r"to 7\) .* = 5;"),
        (lambda: F.conv2d(np.zeros((1, 4, 0, 5)), KERNEL), ValueError, "kernel_size 3 .* = 0;"),
        (lambda: F.conv2d(IMAGE, np.zeros((2, 3, 3, 3))), ValueError, "C / groups = 4 / 1 channels"),
        (lambda: F.conv2d(IMAGE, KERNEL, groups=2), ValueError, "C / groups = 4 / 2 channels"),
        (lambda: F.conv2d(IMAGE, np.zeros((2, 1, 3, 3)), groups=3), ValueError, "groups.*3"),
        (lambda: F.conv2d(IMAGE, np.zeros((3, 2, 3, 3)), groups=2), ValueError, "groups.*2|2.*groups"),
        (lambda: F.conv2d(IMAGE, KERNEL, groups=0), ValueError, "groups.*0"),
        (lambda: F.conv2d(IMAGE, KERNEL, groups=1.0), TypeError, "groups.*1.0"),
        (lambda: F.conv2d(IMAGE[0], KERNEL), ValueError, r"x.*\(4, 5, 6\)"),
        (lambda: F.conv2d(IMAGE, KERNEL[0]), ValueError, r"W.*\(4, 3, 3\)"),
        (lambda: F.conv2d(IMAGE, KERNEL, np.zeros(3)), ValueError, r"b.*\(3,\)"),
        (lambda: F.conv2d(IMAGE, KERNEL, np.zeros((2, 1))), ValueError, r"b.*\(2, 1\)"),
        (lambda: F.conv2d(IMAGE, KERNEL, stride=0), ValueError, "stride.*0"),
        (lambda: F.conv2d(IMAGE, KERNEL, stride=(1, -1)), ValueError, "stride.*-1"),
        (lambda: F.conv2d(IMAGE, KERNEL, pad=-1), ValueError, "pad.*-1"),
        (lambda: F.conv2d(IMAGE, KERNEL, dilation=0), ValueError, "dilation.*0"),
        (lambda: F.conv2d(IMAGE, KERNEL, stride=1.5), TypeError, "stride.*1.5"),
        (lambda: F.conv2d(IMAGE, KERNEL, stride=True), TypeError, "stride.*True"),
        (lambda: F.conv2d(IMAGE, KERNEL, pad=(1, 2, 3)), ValueError, r"pad.*\(1, 2, 3\)"),
        (lambda: F.conv2d(IMAGE, KERNEL, dilation="2"), TypeError, "dilation.*'2'"),
        (lambda: F.conv2d(IMAGE.astype(np.uint8), KERNEL), TypeError, "uint8.*astype"),
        (lambda: F.conv2d(IMAGE.astype(np.int64), KERNEL), TypeError, "int64.*astype"),
        (lambda: F.conv2d(IMAGE, KERNEL.astype(np.int64)), TypeError, "int64.*astype"),
        (lambda: F.deconv2d(IMAGE.astype(np.uint8), KERNEL.swapaxes(0, 1)), TypeError, "uint8.*astype"),
        (lambda: F.deconv2d(IMAGE, KERNEL), ValueError, "x's 4 channels along axis 0"),
        (lambda: F.deconv2d(IMAGE[0], KERNEL), ValueError, r"x.*\(4, 5, 6\)"),
        (lambda: F.deconv2d(IMAGE[:, :, :0], KERNEL), ValueError, r"x must .* pixel .* \(1, 4, 0, 6\)"),
        (lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), groups=3), ValueError, "groups.*3|3.*groups"),
        (lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), np.zeros(4)), ValueError, r"b.*\(4,\)"),
        (
            lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), pad=4),
            ValueError,
            "pad 4, dilation 1 has output size -1;",
        ),
        (lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), outsize=(6, 8)), ValueError, "outsize.*6"),
        (
            lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), stride=2, outsize=(11, 15)),
            ValueError,
            "outsize.*15",
        ),
        (lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), outsize=7.5), TypeError, "outsize.*7.5"),
        (lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), stride=0), ValueError, "stride.*0"),
        (
            lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), outsize=(-1, 8)),
            ValueError,
            r"outsize.*\(-1, 8\)",
        ),
        (
            lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), stride=2, outsize=12, output_pad=1),
            ValueError,
            "pass either outsize or output_pad; got 12 and ",
        ),
        (
            lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), stride=(2, 1), output_pad=1),
            ValueError,
            r"output_pad must be less than stride \(2, 1\) or dilation 1; got 1",
        ),
        (
            lambda: F.deconv2d(IMAGE, np.zeros((4, 2, 3, 3)), stride=2, output_pad=-1),
            ValueError,
            "output_pad must be at least 0; got -1",
        ),
        (lambda: F.conv2d(None, KERNEL), TypeError, "x.*None"),
        (lambda: F.conv2d(IMAGE, None), TypeError, "W.*None"),
        (lambda: F.conv2d_relu(IMAGE, KERNEL, most=0), ValueError, "most must be above 0; got 0"),
        (lambda: F.conv2d_relu(IMAGE, KERNEL, most="6"), TypeError, "most must be a number; got '6'"),
        (lambda: F.conv2d(IMAGE, KERNEL, groups=1.5), TypeError, "groups must be an integer; got 1.5"),
        (
            lambda: F.conv2d(IMAGE, KERNEL, groups=[1, 2]),
            TypeError,
            r"groups must be an integer; got \[1, 2\]",
        ),
        (lambda: F.deconv2d(IMAGE, KERNEL, groups=[1]), TypeError, r"groups must be an integer; got \[1\]"),
        (lambda: F.im2col(IMAGE, 6), ValueError, "kernel_size 6 .* = 5;"),
        (lambda: F.im2col(IMAGE, 0), ValueError, "kernel_size.*0"),
        (lambda: F.im2col(IMAGE, 3, 1, 0, "no"), TypeError, "to_matrix must be True or False; got 'no'"),
        (lambda: F.im2col(IMAGE[0], 3), ValueError, r"\(4, 5, 6\)"),
        (lambda: F.im2col(IMAGE, (3, 3, 3)), ValueError, r"kernel_size.*\(3, 3, 3\)"),
        (
            lambda: F.col2im(np.zeros((12, 35)), IMAGE.shape, 3),
            ValueError,
            r"\(12, 35\).*\(12, 36\)|\(12, 36\).*\(12, 35\)",
        ),
        (
            lambda: F.col2im(np.zeros((1, 4, 3, 3, 3, 3)), IMAGE.shape, 3, to_matrix=False),
            ValueError,
            r"\(1, 4, 3, 3, 3, 3\)",
        ),
        (
            lambda: F.col2im(np.zeros((12, 36)), (1, 4.0, 5, 6), 3),
            TypeError,
            r"input_shape must be .*; got \(1, 4.0, 5, 6\)",
        ),
        (  # also with sizes equal to those of an earlier call, whose geometry is cached
            lambda: (
                F.col2im(np.zeros((12, 36)), IMAGE.shape, 3),
                F.col2im_array(IMAGE, (1, 4, 5.0, 6), 3, 1, 0),
            ),
            TypeError,
            r"img_shape must be .*; got \(1, 4, 5.0, 6\)",
        ),
        (lambda: F.conv2d_simple(IMAGE, np.zeros((2, 3, 3, 3))), ValueError, "C / groups = 4 / 1 channels"),
        (lambda: F.conv2d_simple(IMAGE, np.zeros((2, 4, 6, 3))), ValueError, "kernel_size 6 .* = 5;"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_largest_kernel_gives_one_pixel():
    assert F.conv2d(IMAGE, np.zeros((2, 4, 5, 6))).shape == (1, 2, 1, 1)
    assert F.deconv2d(IMAGE, np.zeros((4, 2, 1, 1)), pad=2).shape == (1, 2, 1, 2)
    assert F.im2col(IMAGE, (5, 6)).shape == (1, 4 * 5 * 6)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(0, 5), (5, 0)], ids=str)
def test_output_of_empty_images_is_the_bias(size, stride):
    x, W, b = (
        Variable(np.zeros((2, 8, *size), np.float32)),
        Variable(np.ones((9, 8, 3, 3), np.float32)),
        np.arange(9),
    )
    y = F.conv2d(x, W, b.astype(np.float32), stride, 2)
    assert y.size
    np.testing.assert_array_equal(y.data, np.broadcast_to(b[:, np.newaxis, np.newaxis], y.shape))
    gx, gW = grad(y, [x, W])
    assert gx.shape == x.shape
    assert gW.shape == W.shape
    assert not gW.data.any()


def test_output_without_input_channels_is_the_bias():
    b = np.array([1.0, 2.0])
    x, W = Variable(np.zeros((2, 0, 4, 4))), Variable(np.zeros((2, 0, 3, 3)))
    y = F.conv2d(x, W, b)
    np.testing.assert_array_equal(y.data, np.broadcast_to(b.reshape(1, 2, 1, 1), (2, 2, 2, 2)))
    gx, gW = grad(y, [x, W])
    assert gx.shape == x.shape
    assert gW.shape == W.shape


@pytest.mark.parametrize(("f", "pad"), [(F.conv2d, 1), (F.conv2d, "same"), (F.deconv2d, 1)])
def test_groups_may_be_an_integer_of_numpy(f, pad):
    x, W = np.ones((1, 4, 23, 29), np.float32), np.ones((4, 2, 2, 2), np.float32)  # sizes of no other test
    y = f(Variable(x), W, pad=pad, groups=np.int64(2))
    assert type(y.creator.geometry.groups) is int  # ctypes takes no other
    np.testing.assert_array_equal(y.data, f(x, W, pad=pad, groups=2).data)


def test_a_depthwise_convolution_in_blocks_of_channels(monkeypatch):
    """As where a view of all pixels under each kernel element would exceed NumPy's limit."""
    rng = np.random.default_rng(0)
    x, W = Variable(rng.standard_normal((2, 7, 6, 5))), Variable(rng.standard_normal((7, 1, 3, 3)))
    padded = np.zeros((7, 2, 8, 7))
    found = []
    for most, blocks in ((depthwise.MOST_BYTES, 1), (3 * 9 * padded[0].nbytes, 3)):
        monkeypatch.setattr(depthwise, "MOST_BYTES", most)
        assert len([*depthwise._blocks(padded, (3, 3))]) == blocks
        y = F.conv2d(x, W, stride=1, pad=1, groups=7)
        found.append([y.data, *(v.data for v in grad(F.sum(y**2), [x, W]))])
    for whole, blocks in zip(*found, strict=True):
        np.testing.assert_array_equal(whole, blocks)

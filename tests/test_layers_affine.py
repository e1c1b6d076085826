"""layers/affine.py: the layers with W and b."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from conditions import numbers
from shorthands import traced_memory

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, as_variable


class Case(NamedTuple):
    make: Callable[..., Any]
    in_size: str
    x_shape: tuple[int, ...]
    W_shape: tuple[int, ...]
    fan_in: int

    def x(self, dtype=np.float32):
        return numbers(*self.x_shape, dtype=dtype)


CASES = {
    "linear": Case(partial(L.Linear, 6), "in_size", (4, 8), (8, 6), 8),
    "linear, sequence": Case(partial(L.Linear, 6), "in_size", (5, 3, 8), (8, 6), 8),
    "conv": Case(partial(L.Conv2d, 6, (3, 2)), "in_channels", (2, 8, 5, 4), (6, 8, 3, 2), 48),
    "conv groups": Case(partial(L.Conv2d, 6, 3, groups=2), "in_channels", (2, 8, 5, 4), (6, 4, 3, 3), 36),
    "deconv": Case(partial(L.Deconv2d, 6, (3, 2)), "in_channels", (2, 8, 5, 4), (8, 6, 3, 2), 48),
    "deconv groups": Case(partial(L.Deconv2d, 6, 3, groups=2), "in_channels", (2, 8, 5, 4), (8, 3, 3, 3), 36),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
dtypes = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


@cases
@dtypes
def test_dtype_is_kept_forward_and_backward(case, dtype):
    layer = case.make(dtype=dtype)
    x = Variable(case.x(dtype))
    y = layer(x)
    F.sum(y * y).backward()
    assert {a.dtype for a in (y, layer.W, layer.b, x.grad, layer.W.grad, layer.b.grad)} == {np.dtype(dtype)}


@cases
def test_input_size_given_or_read_from_the_first_input(case):
    pyconvlite.seed(0)
    given = case.make(**{case.in_size: 8})
    assert given.W.shape == case.W_shape

    pyconvlite.seed(0)
    lazy = case.make()
    assert lazy.W.data is None
    assert None in lazy.W.lazy_shape
    assert all(n in (None, size) for n, size in zip(lazy.W.lazy_shape, case.W_shape, strict=True))
    assert getattr(lazy, case.in_size) is None
    assert [name for name, _ in lazy.named_params()] == ["W", "b"]
    y = lazy(case.x())
    assert getattr(lazy, case.in_size) == getattr(given, case.in_size) == 8
    np.testing.assert_array_equal(lazy.W.data, given.W.data)
    np.testing.assert_array_equal(y.data, given(case.x()).data)


@cases
def test_array_in_the_place_of_the_parameter_is_refused(case):
    layer = case.make()
    W = numbers(*case.W_shape)
    with pytest.raises(TypeError, match=r"W of \w+ is a Parameter; assign an array to W\.data"):
        layer.W = W
    layer.W.data = W  # as it says
    assert layer(case.x()).data.dtype == np.float32


@cases
def test_array_and_variable_inputs_give_the_same(case):
    layer = case.make()
    np.testing.assert_array_equal(layer(case.x()).data, layer(as_variable(case.x())).data)


@cases
@dtypes
def test_initial_weights_and_bias(case, dtype):
    pyconvlite.seed(7)
    layer = case.make(dtype=dtype, **{case.in_size: 8})
    pyconvlite.seed(7)
    drawn_as = np.float64 if dtype is np.float64 else np.float32
    normal = pyconvlite.utils.rng().standard_normal(case.W_shape, dtype=drawn_as)
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(layer.W.data, normal / math.sqrt(case.fan_in), rtol=tolerance)
    np.testing.assert_array_equal(layer.b.data, np.zeros(6))


def test_initial_weights_have_the_documented_variance():
    pyconvlite.seed(0)
    W = L.Conv2d(64, 3, in_channels=64).W.data
    assert abs(W.mean()) < 1e-3
    assert W.std() == pytest.approx(1 / 24, rel=0.01)


def test_nobias_must_be_a_bool():
    with pytest.raises(
        TypeError,
        match="got 10: the first argument is the output size; pass the input size as in_size=",
    ):
        L.Linear(784, 10)
    with pytest.raises(TypeError, match=r"got 1: .*; pass the input size as in_channels="):
        L.Deconv2d(16, 8, 4, 2, 1)


def test_linear_along_the_last_axis():
    assert L.Linear(3, in_size=2)(np.zeros((4, 5, 6, 2), np.float32)).shape == (4, 5, 6, 3)
    with pytest.raises(ValueError, match=r"got \(4, 5, 6, 2\): use F.flatten\(x\), or pass in_size=2"):
        L.Linear(3)(np.zeros((4, 5, 6, 2), np.float32))


@cases
def test_nobias(case):
    layer, with_zeros = case.make(nobias=True), case.make(**{case.in_size: 8})
    y = layer(case.x())
    with_zeros.W.data = layer.W.data
    assert layer.b is None
    assert [name for name, _ in layer.named_params()] == ["W"]
    np.testing.assert_array_equal(y.data, with_zeros(case.x()).data)


@cases
@pytest.mark.parametrize("shape", [(3,), (2, 8, 5, 4, 1), (2, 0, 5, 4)])
def test_failed_first_call_sets_no_size(case, shape):
    layer = case.make()
    with pytest.raises(ValueError, match=r"got shape|got \(2, |got 0"):
        layer(np.zeros(shape, np.float32))
    assert layer.W.data is None
    layer(case.x())
    assert layer.W.shape == case.W_shape


def test_linear_is_matrix_product_and_bias():
    linear = L.Linear(3, in_size=2, dtype=np.float64)
    linear.b.data = numbers(3, dtype=np.float64)
    x = numbers(4, 2, dtype=np.float64)
    np.testing.assert_allclose(linear(x).data, x @ linear.W.data + linear.b.data, rtol=1e-12, atol=1e-15)


def test_conv2d_with_relu():
    layer = L.Conv2d(3, 2, pad=1, in_channels=1, relu=True)
    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 1, 4, 4)
    y = layer(x)
    np.testing.assert_array_equal(y.data, F.relu(F.conv2d(x, layer.W, layer.b, pad=1)).data)
    assert y.data.min() == 0 < y.data.max()
    assert repr(layer).endswith("groups=1, relu=True)")


@pytest.mark.parametrize(("make", "function"), [(L.Conv2d, F.conv2d), (L.Deconv2d, F.deconv2d)])
def test_convolutions_pass_their_settings_on(make, function):
    settings = {"stride": (2, 1), "pad": (1, 2), "dilation": (1, 2), "groups": 2}
    layer = make(6, (3, 2), **settings)
    x = numbers(2, 4, 9, 8)
    y = layer(x)
    np.testing.assert_array_equal(y.data, function(x, layer.W, layer.b, **settings).data)
    assert {name: getattr(layer, name) for name in settings} == settings
    assert layer.kernel_size == (3, 2)


def test_seed_repeats_the_weights():
    def draw():
        return L.Conv2d(3, 3, in_channels=2).W.data, L.Linear(3, in_size=2).W.data

    pyconvlite.seed(5)
    first = draw()
    pyconvlite.seed(5)
    for a, b in zip(first, draw(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_repr():
    assert repr(L.Linear(3)) == "Linear(out_size=3, in_size=None)"
    assert repr(L.Conv2d(4, 3, pad=1, in_channels=2)) == (
        "Conv2d(out_channels=4, kernel_size=(3, 3), stride=(1, 1), pad=(1, 1), in_channels=2, "
        "dilation=(1, 1), groups=1)"
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.Linear(0), ValueError, "out_size must be at least 1; got 0"),
        (lambda: L.Linear(2.0), TypeError, "out_size must be an integer"),
        (lambda: L.Conv2d(2, 3, relu="no"), TypeError, "relu must be True or False; got 'no'"),
        (lambda: L.Linear(True), TypeError, "out_size must be an integer"),
        (lambda: L.Linear(2, in_size=0), ValueError, "in_size must be at least 1; got 0"),
        (lambda: L.Linear(2, dtype=np.int32), TypeError, "dtype must be .*float32 or float64; got int32"),
        (lambda: L.Conv2d(2, 3, dtype=np.complex64), TypeError, "dtype must be .* got complex64"),
        (lambda: L.Linear(2, dtype=None), TypeError, "dtype must be .* got None"),
        (lambda: L.Linear(2, dtype="flat"), TypeError, "dtype must be .* got 'flat'"),
        (lambda: L.Conv2d(-1, 3), ValueError, "out_channels must be at least 1; got -1"),
        (lambda: L.Conv2d(2, 0), ValueError, "kernel_size must be at least 1; got 0"),
        (lambda: L.Conv2d(2, (3, 3, 3)), ValueError, r"kernel_size .*\(3, 3, 3\)"),
        (lambda: L.Conv2d(2, 3.0), TypeError, "kernel_size .* 3.0"),
        (lambda: L.Conv2d(2, 3, stride=(1, 0)), ValueError, "stride must be at least 1; got 0"),
        (lambda: L.Conv2d(2, 3, pad=-1), ValueError, "pad must be at least 0; got -1"),
        (lambda: L.Conv2d(2, 3, dilation=0), ValueError, "dilation must be at least 1; got 0"),
        (lambda: L.Conv2d(2, 3, groups=0), ValueError, "groups must be at least 1; got 0"),
        (lambda: L.Conv2d(3, 3, groups=2), ValueError, "out_channels must be .* of groups=2; got 3"),
        (lambda: L.Conv2d(2, 3, groups=2, in_channels=3), ValueError, "in_channels .* groups=2; got 3"),
        (lambda: L.Conv2d(2, 3, groups=2)(numbers(1, 3, 5, 5)), ValueError, "in_channels .* groups=2; got 3"),
        (lambda: L.Deconv2d(3, 3, groups=2), ValueError, "out_channels must be .* of groups=2; got 3"),
        (
            lambda: L.Deconv2d(3, 3, output_pad=1),
            ValueError,
            "output_pad must be less than stride 1 .*; got 1",
        ),
        (lambda: L.Deconv2d(3, 3, stride=0, output_pad=1), ValueError, "stride must be at least 1; got 0"),
        (lambda: L.Deconv2d(2, 3, in_channels=0), ValueError, "in_channels must be at least 1; got 0"),
        (lambda: L.Linear(2)(None), TypeError, "x must be an array, a Variable or a number; got None"),
        (lambda: L.Linear(2)(Variable(None)), TypeError, "x must be an array, .*; got None"),
        (lambda: L.Linear(2)(np.float32(1)), ValueError, r"Linear needs .* at least 2 axes; got shape \(\)$"),
        (
            lambda: L.Linear(2)(np.ones(3)),
            ValueError,
            r"2 axes; got shape \(3,\): x\[None\] is a batch of one",
        ),
        (
            lambda: L.Linear(2, in_size=1)(np.ones(3)),
            ValueError,
            r"got \(3,\), \(1, 2\); use x.reshape\(-1, 1\)",
        ),
        (
            lambda: L.Conv2d(2, 3)(numbers(3, 5, 5)),
            ValueError,
            r"4 axes, \(N, C, H, W\); got shape \(3, 5, 5\): x\[None\] is a batch of one, x\[:, None\] of",
        ),
        (lambda: L.Conv2d(2, 3)(numbers(5, 5)), ValueError, r"x must have 4 axes, .*; got shape \(5, 5\)$"),
    ],
)
def test_errors_name_the_argument_and_the_size(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_integer_images_are_refused():
    with pytest.raises(TypeError, match="float"):
        L.Conv2d(2, 3)(np.zeros((1, 1, 5, 5), dtype=np.uint8))


@pytest.mark.cpython
def test_weights_are_drawn_in_float32_without_a_copy_in_float64():
    """fc6 of VGG16 has 411 MB: nothing twice as large may be alive beside it."""
    linear = L.Linear(4096)
    with traced_memory() as memory:
        linear._init_params(25088)
    assert memory.peak < 1.1 * linear.W.data.nbytes

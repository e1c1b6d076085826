"""backends/simd/: element-wise operations and reductions are NumPy's, to a few units in the last place."""

import sys

import numpy as np
import pytest
from by_simd import by_simd
from conditions import numbers
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from simd import counted

from pyconvlite import backends
from pyconvlite.backends import numpy as reference

pytestmark = by_simd

# Largest errors, in units in the last place, over all floats, as stated in elementary.h.
ERRORS = {
    "exp": 1.01,
    "expm1": 1.6,
    "log": 0.9,
    "log1p": 2.5,
    "sin": 1.6,
    "cos": 1.6,
    "tanh": 6,
    "sigmoid": 2.4,
    "normal_cdf": 7.5,
    "erf": 2.5,
    "neg": 0.5,
    "abs": 0.5,
    "sign": 0.5,
    "sqrt": 0.51,
    "relu": 0.5,
}
EXACT = ("add", "sub", "mul", "div", "maximum", "minimum")
COMPARISONS = ("equal", "greater", "greater_equal", "less", "less_equal")
SPECIAL = np.array(
    [0, -0.0, 1e-45, -1e-45, 1e-38, 1, -1, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan, 88.8, -104, 9.1],
    np.float32,
)


def any_floats(size, seed=0):
    """Floats of any bits: NaN, infinite and subnormal ones among them; many are of middling size."""
    bits = np.random.default_rng(seed).integers(0, 2**32, size, np.uint64).astype(np.uint32)
    return np.concatenate([SPECIAL, bits.view(np.float32), 10 * numbers(size, seed=seed)])


def by_simd_alone(kernel, *args):
    """The result, computed without NumPy's kernels."""
    with counted() as calls:
        y = getattr(backends.kernels(args[0]), kernel)(*args)
    assert calls == {(kernel, "simd"): 1}
    assert y.flags.c_contiguous
    assert y.flags.writeable
    assert y.flags.owndata
    return y


class TestValues:
    @pytest.mark.parametrize("name", ERRORS)
    def test_unary_on_random_bits(self, name):
        x = any_floats(20_000)
        y = by_simd_alone(name, x)
        true = getattr(reference, name)(x.astype(np.float64))
        rounded = true.astype(np.float32)
        finite = np.isfinite(rounded) & np.isfinite(y)
        np.testing.assert_array_equal(y[~finite], rounded[~finite])
        unit = np.spacing(np.abs(rounded[finite]))
        assert (np.abs(y[finite] - true[finite]) <= ERRORS[name] * unit.astype(np.float64)).all()
        zeros = finite & (rounded == 0) & (y == 0)
        np.testing.assert_array_equal(np.signbit(y[zeros]), np.signbit(rounded[zeros]))

    @pytest.mark.parametrize("name", [*EXACT, *COMPARISONS])
    def test_binary_on_random_bits(self, name):
        x0, x1 = (a.ravel() for a in np.meshgrid(SPECIAL, SPECIAL))
        x0, x1 = np.append(x0, any_floats(5_000, seed=1)), np.append(x1, any_floats(5_000, seed=2))
        y, expected = by_simd_alone(name, x0, x1), getattr(reference, name)(x0, x1)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)
        if name in ("add", "sub", "mul", "div"):
            np.testing.assert_array_equal(np.signbit(y[y == 0]), np.signbit(expected[y == 0]))

    def test_relu_grad_on_random_bits(self):
        gy, x = (a.ravel() for a in np.meshgrid(SPECIAL, SPECIAL))
        y = by_simd_alone("relu_grad", gy, x)
        np.testing.assert_array_equal(y, [0 if b <= 0 else a for a, b in zip(gy, x, strict=True)])

    @pytest.mark.parametrize("c", [1, 2, 3, 4, 0.5, 1.5, -1, -0.5, -2, 2.0, -1.0])
    def test_power(self, c):
        x = np.abs(any_floats(5_000))
        y, true = by_simd_alone("pow", x, c), x.astype(np.float64) ** c
        with np.errstate(over="ignore"):
            rounded = true.astype(np.float32)
        finite = np.isfinite(rounded) & np.isfinite(y)
        np.testing.assert_array_equal(y[~finite], rounded[~finite])
        unit = np.spacing(rounded[finite]).astype(np.float64)
        # of subnormal squares a higher power may lose all
        assert (np.abs(y[finite] - true[finite]) <= 2 * unit + (c in (3, 4)) * 1e-40).all()

    @pytest.mark.parametrize("c", [1, 2, 3, 4, 0.5, 1.5, -1, -0.5, -2])
    def test_power_of_special_values(self, c):
        y = by_simd_alone("pow", SPECIAL, c)
        with np.errstate(all="ignore"):
            expected = SPECIAL**c
        np.testing.assert_allclose(y, expected, rtol=1e-6)
        np.testing.assert_array_equal(np.signbit(y[y == 0]), np.signbit(expected[y == 0]))

    @pytest.mark.parametrize("c", [0, 5, -1.5, 1.7, np.float32(2), True])
    def test_other_powers_use_numpy(self, c):
        x = np.abs(numbers(9))
        with counted() as calls:
            y = backends.kernels(x).pow(x, c)
        assert calls == {("pow", "numpy"): 1}
        np.testing.assert_array_equal(y, x**c)


@st.composite
def operands(draw, count):
    """Arrays that broadcast, some of them transposed, reversed or with gaps."""
    shapes = draw(mutually_broadcastable_shapes(num_shapes=count, max_dims=4, max_side=7)).input_shapes
    arrays = []
    for seed, shape in enumerate(shapes):
        layout = draw(st.sampled_from(["C", "F", "backwards", "gaps", "broadcast"]))
        a = numbers(*shape, seed=seed)
        if layout == "F":
            a = np.asarray(a, order="F")
        elif layout == "backwards":
            a = np.flip(a)
        elif layout == "gaps" and a.ndim:
            a = np.repeat(a, 2, axis=-1)[..., ::2]
        elif layout == "broadcast" and a.ndim:
            a = np.broadcast_to(a[..., :1], a.shape)
        arrays.append(a)
    return arrays


class TestBroadcasting:
    @pytest.mark.parametrize("name", ["mul", "less"])
    @given(xs=operands(2))
    def test_binary(self, name, xs):
        self.check(name, xs)

    @given(operands(1))
    def test_unary(self, xs):
        self.check("neg", xs)

    @given(operands(3))
    def test_where(self, xs):
        self.check("where", [xs[0] > 0, *xs[1:]])
        self.check("mul", [xs[1], xs[0] > 0])

    def check(self, name, xs):
        y, expected = (getattr(module, name)(*xs) for module in (backends.kernels(xs[0]), reference))
        assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(y, expected)

    @pytest.mark.parametrize("inner", [1, 3, 255, 256, 257, 600])
    def test_long_rows_with_gaps(self, inner):
        x, column = numbers(3, 2 * inner)[:, ::2], numbers(3, 1)
        np.testing.assert_array_equal(by_simd_alone("add", x, column), x + column)
        np.testing.assert_array_equal(by_simd_alone("where", x > 0, x, column), np.where(x > 0, x, column))

    def test_incompatible_shapes(self):
        for name in ("add", "less"):
            with pytest.raises(
                ValueError, match=r"could not be broadcast together with shapes \(2,\) \(3,\)"
            ):
                getattr(backends.kernels(numbers()), name)(numbers(2), numbers(3))

    def test_many_axes(self):
        x = numbers(*[1] * 9, 2)
        np.testing.assert_array_equal(backends.kernels(x).add(x, x), x + x)


class TestNumbers:
    """Python's are weak, as for NumPy."""

    @pytest.mark.parametrize("number", [0, 2, -3, 2**24, 0.1, 1e-50, np.inf, -np.inf, np.nan])
    @pytest.mark.parametrize("name", [*EXACT, *COMPARISONS])
    def test_with_an_array(self, name, number):
        x = numbers(9)
        y = by_simd_alone(name, x, number)
        expected = getattr(np, NUMPY.get(name, name))(x, number)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)

    @pytest.mark.parametrize(
        "number", [2**24 + 1, 2**70, True, np.float32(2), np.float64(2), np.int64(2), 2j, 1e38, np.array(2.0)]
    )
    def test_other_numbers_use_numpy(self, number):
        x = numbers(9)
        y, expected = backends.kernels(x).mul(x, number), x * number
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)

    def test_a_number_beyond_float32(self):
        x = numbers(9)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(backends.kernels(x).minimum(x, 1e300), np.minimum(x, 1e300))

    def test_where(self):
        x = numbers(9)
        for x0, x1 in ((x, 0), (0.5, x), (numbers(), x)):
            y = by_simd_alone("where", x > 0, x0, x1)
            assert y.dtype == np.float32
            np.testing.assert_array_equal(y, np.where(x > 0, x0, x1))
        assert backends.kernels(x).where(x > 0, 1.0, 0).dtype == np.float64

    @pytest.mark.parametrize("name", ["add", "neg", "sum"])
    def test_wrong_number_of_arguments(self, name):
        for args in ((), (numbers(2),) * 4):
            with pytest.raises(TypeError):
                getattr(backends.kernels(numbers()), name)(*args)


NUMPY = {"sub": "subtract", "mul": "multiply", "div": "divide"}


class TestReductions:
    @pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
    @given(xs=operands(1), data=st.data())
    def test_axes(self, name, xs, data):
        (x,) = xs
        axes = data.draw(st.lists(st.integers(-x.ndim, x.ndim - 1), max_size=x.ndim)) if x.ndim else []
        axis = data.draw(st.sampled_from([None, tuple({i % x.ndim: i for i in axes}.values()), *axes]))
        keepdims = data.draw(st.booleans())
        y = getattr(backends.kernels(x), name)(x, axis, keepdims)
        expected = getattr(reference, name)(x.astype(np.float64), axis, keepdims)
        assert y.dtype == np.float32
        assert y.shape == expected.shape
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize("axis", [None, 0, 1])
    @pytest.mark.parametrize("name", ["max", "min"])
    def test_special_values(self, name, axis):
        for value in SPECIAL:
            for i in range(33):
                x = numbers(3, 11)
                x.flat[i] = value
                y = by_simd_alone(name, x, axis, False)
                np.testing.assert_array_equal(y, getattr(np, name)(x, axis))

    def test_mean_of_many_elements(self):
        x = numbers(1_000_000) + np.float32(10)
        y = by_simd_alone("mean", x, None, False)
        np.testing.assert_allclose(y, x.mean(dtype=np.float64), rtol=1e-7)

    @pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, -2), 2**40, 0.0, "0", [0]])
    @pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
    def test_invalid_axes(self, name, axis):
        x = numbers(2, 3)
        with pytest.raises(Exception) as expected:  # noqa: PT011 - of whichever type NumPy's is
            getattr(reference, name)(x, axis, False)
        with pytest.raises(type(expected.value)):
            getattr(backends.kernels(x), name)(x, axis, False)


def test_reference_counts_are_unchanged():
    k = backends.kernels(numbers())
    x, mask, axis = numbers(40, 50), numbers(40, 50) > 0, (0, 1)
    held = [x, mask, axis]

    def each():
        calls = [k.add(x, x), k.mul(x, mask), k.where(mask, x, 1.0), k.pow(x, 2), k.exp(x)]
        calls += [k.sum(x, axis, True), k.max(x.T, None, False), k.add(mask, mask), k.less(x, 0)]
        return calls

    each()
    before = [sys.getrefcount(a) for a in held]
    for _ in range(100):
        y = each()
    assert [sys.getrefcount(a) for a in held] == before
    fresh = [np.empty(0) for _ in y]
    assert [sys.getrefcount(a) for a in y] == [sys.getrefcount(a) for a in fresh]

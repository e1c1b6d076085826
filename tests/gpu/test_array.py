"""backends/webgpu/array.py and the namespace: their part of NumPy's interface."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable
from pyconvlite.backends import DeviceUnavailable, webgpu

rng = np.random.default_rng(0)


def floats(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def same(actual, expected, tolerance=1e-5):
    assert isinstance(actual, webgpu.ndarray)
    assert actual.shape == expected.shape
    host = actual.get()
    assert host.dtype == actual.dtype
    np.testing.assert_allclose(host, expected, rtol=tolerance, atol=tolerance)


class TestTransfers:
    @pytest.mark.parametrize(
        "x",
        [floats(2, 3), np.arange(5, dtype=np.int32), np.array([True, False]), np.float32(1.5), floats(0, 3)],
        ids=["float32", "int32", "bool", "no axes", "empty"],
    )
    def test_round_trip(self, x):
        y = webgpu.asarray(x)
        assert (y.shape, y.dtype, y.size, y.ndim) == (x.shape, x.dtype, x.size, x.ndim)
        back = y.get()
        assert back.dtype == x.dtype
        np.testing.assert_array_equal(back, x)

    def test_noncontiguous_arrays(self):
        x = floats(4, 6)[::2, ::-1]
        same(webgpu.asarray(x), x)

    def test_python_numbers_are_weak(self):
        assert webgpu.asarray([1.0, 2.0]).dtype == np.float32
        assert webgpu.asarray([1, 2]).dtype == np.int32

    @pytest.mark.parametrize("dtype", [np.float64, np.float16, np.uint8, np.complex64])
    def test_rejects_unsupported_dtypes(self, dtype):
        with pytest.raises(TypeError, match="astype"):
            webgpu.asarray(np.zeros(2, dtype))

    def test_integral_floats(self):
        same(webgpu.asarray(np.array([-(1 << 31), (1 << 31) - 1])), np.array([-(1 << 31), (1 << 31) - 1]), 0)
        with pytest.raises(OverflowError, match="int32"):
            webgpu.asarray(np.array([1 << 31], np.int64))
        with pytest.raises(OverflowError, match="int32"):
            webgpu.asarray(np.array([1 << 31]), np.int32)
        assert webgpu.asarray([1.9, -1.9], np.int32).get().tolist() == [1, -1]

    def test_array_on_the_device_is_not_copied(self):
        x = webgpu.asarray(floats(3))
        assert webgpu.asarray(x) is x
        assert webgpu.array(x) is not x
        assert webgpu.asnumpy(1.5) == 1.5

    def test_number(self):
        assert float(webgpu.asarray(1.5)) == 1.5
        assert int(webgpu.asarray(3)) == 3
        assert bool(webgpu.asarray([True]))
        assert np.asarray(webgpu.asarray([1.0])).dtype == np.float32

    def test_repr_does_not_wait(self):
        before = webgpu.memory()["reads"]
        assert repr(webgpu.asarray(floats(2, 3))) == "webgpu.ndarray(shape=(2, 3), dtype=float32)"
        assert webgpu.memory()["reads"] == before

    @pytest.mark.asyncio
    async def test_async(self):
        x = floats(3, 4)
        np.testing.assert_array_equal(await webgpu.asnumpy_async(webgpu.asarray(x).T), x.T)
        assert await webgpu.asnumpy_async(2) == 2


class TestViews:
    @pytest.mark.parametrize(
        "index",
        [
            np.s_[1],
            np.s_[-1, 2],
            np.s_[1:3],
            np.s_[::-1, 1::2],
            np.s_[..., 0],
            np.s_[None, 1, ..., None],
            np.s_[:, 5:1:-2, :],
            np.s_[2:2],
        ],
        ids=str,
    )
    def test_slices_share_the_buffer(self, index):
        x = floats(4, 6, 5)
        y = webgpu.asarray(x)
        window = y[index]
        assert window.buffer is y.buffer
        same(window, x[index])
        same(window + 1, x[index] + 1)

    def test_reshape_transpose_squeeze_broadcast(self):
        x = floats(2, 3, 4)
        y = webgpu.asarray(x)
        same(y.reshape(4, -1), x.reshape(4, -1))
        same(y.T.reshape((6, 4)), x.T.reshape(6, 4))
        same(y.transpose(1, 0, 2), x.transpose(1, 0, 2))
        same(y.transpose((2, 0, 1)).ravel(), x.transpose(2, 0, 1).ravel())
        same(y.swapaxes(0, -1), x.swapaxes(0, -1))
        same(y[:1].squeeze(0), x[0])
        same(webgpu.broadcast_to(y[:, :1], (5, 2, 3, 4)), np.broadcast_to(x[:, :1], (5, 2, 3, 4)))
        assert y.reshape(6, 4).buffer is y.buffer

    @pytest.mark.parametrize(
        ("wrong", "error", "message"),
        [
            (lambda y: y.reshape(4), ValueError, "6 elements"),
            (lambda y: y.reshape(-1, -1), ValueError, "-1, -1"),
            (lambda y: y.reshape(-2, -3), ValueError, "-2, -3"),
            (lambda y: y + webgpu.ones(4), ValueError, r"\(4,\)"),
            (lambda y: y.sum(axis=2), ValueError, "axis 2 is out of bounds"),
            (lambda y: y.mean(axis=(0, -2)), ValueError, "twice"),
            (lambda y: y.argmax(axis=-3), ValueError, "axis -3"),
            (lambda y: webgpu.concatenate([y, y.T]), ValueError, "along axis 0"),
            (lambda y: webgpu.concatenate([y, y], 2), ValueError, "axis 2"),
            (lambda y: webgpu.concatenate([y, y[0]], 1), ValueError, "along axis 1"),
            (lambda y: webgpu.concatenate([]), ValueError, "at least one"),
            (lambda y: webgpu.pad(y, -1), ValueError, "negative"),
            (lambda y: y[2], IndexError, "index 2"),
            (lambda y: y[0, 0, 0], IndexError, "too many"),
            (lambda y: y[[0, 2]], IndexError, "out of bounds for axis 0 with size 2"),
            (lambda y: y[[0], [0], [0]], IndexError, "too many"),
            (
                lambda y: y[np.array([True, False, True])],
                IndexError,
                r"bools of shape \(3,\) index axes of .*2",
            ),
            (lambda y: y[y > 0], TypeError, "where"),
            (lambda y: y[[0.5]], TypeError, "where"),
            (lambda y: y[:, [0, 3]], IndexError, "out of bounds for axis 1 with size 3"),
            (lambda y: y & y, TypeError, "bool"),
            (lambda y: y == "a", TypeError, "str"),
            (lambda y: y.astype(np.int32) + (1 << 31), OverflowError, "2147483648"),
            (lambda y: y.astype(np.float64), TypeError, "astype"),
            (lambda y: len(y.sum()), TypeError, "no length"),
        ],
    )
    def test_refuses(self, wrong, error, message):
        y = webgpu.asarray(floats(2, 3))
        with pytest.raises(error, match=message):
            wrong(y)

    def test_too_many_axes(self):
        y = webgpu.zeros((2,) * 17)
        same(y.T + y, np.zeros((2,) * 17))
        with pytest.raises(ValueError, match="too many axes for the kernel where"):
            webgpu.where(y > 0, y.T, y.swapaxes(0, 1))

    def test_writing(self):
        x = floats(4, 5)
        y = webgpu.asarray(x)
        y[1:3, ::2] = 7
        x[1:3, ::2] = 7
        y[0] = webgpu.asarray(np.arange(5, dtype=np.float32))
        x[0] = np.arange(5)
        y[:, 1] = y[:, 2]
        x[:, 1] = x[:, 2]
        same(y, x)

    def test_views_see_writes(self):
        x = floats(4, 5)
        y = webgpu.asarray(x)
        column, flipped = y.T[1], y[::-1]
        column[...] = 7
        y[0] += 1
        flipped[0, 3:] = webgpu.arange(2)
        y[1:] = y[:-1]
        x.T[1] = 7
        x[0] += 1
        x[3, 3:] = np.arange(2)
        x[1:] = x[:-1].copy()
        same(y, x)
        same(column, x.T[1])
        same(flipped, x[::-1])

    def test_views_keep_the_old_array(self):
        y = webgpu.zeros(3)
        window = y[1:]
        y += 1
        same(window, np.zeros(2))

    def test_writing_refuses(self):
        y = webgpu.zeros((2, 3))
        with pytest.raises(ValueError, match=r"\(2,\) into one of shape \(3,\)"):
            y[0] = webgpu.ones(2)
        with pytest.raises(ValueError, match="copy"):
            y[0].broadcast_to((4, 3))[...] = 2
        with pytest.raises(TypeError, match=r"webgpu\.asarray"):
            y[0] = np.ones(3, np.float32)

    def test_adding_to_elements(self):
        for index in (np.s_[1], np.s_[:, ::2], ([1, 0], [2, 2]), [-1]):
            x = floats(2, 3)
            y = webgpu.asarray(x)
            webgpu.add.at(y, index, 2)
            np.add.at(x, index, 2)
            webgpu.add.at(y, index, y[index])
            np.add.at(x, index, x[index])
            same(y, x)
        flags = webgpu.asarray([True, False, True])
        webgpu.add.at(flags, np.s_[:2], True)
        assert flags.sum().get() == 3, "True plus True is True"

    def test_cumulative_sums(self):
        for shape, axis in [((5,), 0), ((4, 3), 0), ((3, 9), -1), ((2, 3), None), ((0, 3), 0), ((1, 2), 0)]:
            x = floats(*shape)
            same(webgpu.cumsum(webgpu.asarray(x), axis), np.cumsum(x, axis))
        same(webgpu.cumsum(webgpu.asarray([True, False, True])), np.array([1, 1, 2]))

    def test_integer_arrays(self):
        x = floats(4, 3, 2)
        y = webgpu.asarray(x)
        same(y[np.array([3, 0, -1])], x[[3, 0, -1]])
        same(y[webgpu.asarray([1, 1]), webgpu.asarray([0, 2])], x[[1, 1], [0, 2]])
        same(y[[0, 3]], x[[0, 3]])
        target, values = webgpu.zeros((4, 2)), floats(3, 2)
        webgpu.add.at(target, np.array([1, 3, 1]), webgpu.asarray(values))
        expected = np.zeros((4, 2), np.float32)
        np.add.at(expected, [1, 3, 1], values)
        same(target, expected)


SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4, min_side=0)


class TestElementwise:
    @given(SHAPES, st.sampled_from(["add", "subtract", "multiply", "maximum", "minimum", "less", "equal"]))
    def test_broadcasts(self, shapes, name):
        a, b = (floats(*shape).round(0) for shape in shapes.input_shapes)
        operations = {
            "add": lambda x, y: x + y,
            "subtract": lambda x, y: x - y,
            "multiply": lambda x, y: x * y,
            "maximum": webgpu.maximum,
            "minimum": webgpu.minimum,
            "less": lambda x, y: x < y,
            "equal": lambda x, y: x == y,
        }
        same(operations[name](webgpu.asarray(a), webgpu.asarray(b)), getattr(np, name)(a, b))

    def test_numbers(self):
        x = floats(3, 4)
        y = webgpu.asarray(x)
        for actual, expected in [
            (y + 2, x + 2),
            (2 - y, 2 - x),
            (y * np.float32(0.5), x * 0.5),
            (1 / y, 1 / x),
            (y / 3, x / 3),
            (-y, -x),
            (abs(y), np.abs(x)),
            (y**2, x**2),
            (y**-1, 1 / x),
            (abs(y) ** 0.5, np.abs(x) ** 0.5),
            (abs(y) ** 1.7, np.abs(x) ** 1.7),
            (y**0, x**0),
            (2.0**y, 2.0**x),
            (np.float32(2) + y, x + 2),
            (np.array(2.0, np.float32) * y, x * 2),
        ]:
            same(actual, expected, 1e-4)

    def test_integers_and_truth_values(self):
        x = np.arange(-3, 5, dtype=np.int32)
        y = webgpu.asarray(x)
        assert (y * 2).dtype == np.int32
        assert (y * 0.5).dtype == np.float32
        assert (y / 2).dtype == np.float32
        same(y * 2 - 1, x * 2 - 1)
        same(y / 2, x / 2)
        same((y > 0).astype(np.float32), (x > 0).astype(np.float32))
        same(webgpu.asarray(np.array([-1.7, 1.7], np.float32)).astype(np.int32), np.array([-1, 1]))

    def test_integers_stay_exact(self):
        x = np.array([16_777_217, -16_777_217, 2], np.int32)
        y = webgpu.asarray(x)
        for actual, expected in [
            (y == 16_777_217, x == 16_777_217),
            (y + 100_000_001, x + 100_000_001),
            (webgpu.where(y > 2, y, 16_777_219), np.where(x > 2, x, 16_777_219)),
            (webgpu.full(5, 16_777_217, np.int32), np.full(5, 16_777_217, np.int32)),
            (webgpu.full((), -(1 << 31), np.int32), np.full((), -(1 << 31), np.int32)),
        ]:
            same(actual, expected, 0)
        same(y[2:] ** 5, x[2:] ** 5)
        assert (y**2).dtype == np.int32

    @pytest.mark.parametrize("c", [-3, -0.5, 0, 0.5, 1, 2, 2.5, 3, 9, 33, 40])
    def test_powers(self, c):
        x = np.array([-1.5, -1, 0, 1, 1.25], np.float32)
        y = webgpu.asarray(x)
        with np.errstate(all="ignore"):
            expected = x**c
        for actual in (y**c, y ** webgpu.full(5, c)):
            np.testing.assert_allclose(actual.get(), expected, rtol=1e-3)

    def test_powers_of_a_number(self):
        y = webgpu.asarray([-2.0, 0.0, 1.5])
        same(2**y, 2.0 ** np.array([-2, 0, 1.5]), 1e-4)
        same((-2) ** webgpu.asarray([2, 3, 0]), np.array([4.0, -8, 1]), 1e-4)

    @pytest.mark.parametrize(
        "name", ["exp", "expm1", "log", "log1p", "sqrt", "tanh", "abs", "sign", "isfinite"]
    )
    @pytest.mark.parametrize("repeated", [1, 4], ids=["one by one", "four at a time"])
    def test_special_values(self, name, repeated):
        x = np.array([-np.inf, -2, -1, 0, 1, 50, np.inf, np.nan, 1e30], np.float32).repeat(repeated)
        with np.errstate(all="ignore"):
            expected = getattr(np, name)(x)
        np.testing.assert_allclose(getattr(webgpu, name)(webgpu.asarray(x)).get(), expected, rtol=1e-3)

    @pytest.mark.parametrize("c", [-np.inf, -1.5, -0.5, 0, 0.5, 1.5, np.inf, np.nan])
    def test_powers_of_special_values(self, c):
        x = np.array([-np.inf, -2, -0.0, 0, 0.5, 1, 2, np.inf, np.nan], np.float32)
        with np.errstate(all="ignore"):
            expected, reversed_ = x**c, c**x
        np.testing.assert_allclose((webgpu.asarray(x) ** c).get(), expected, rtol=1e-3)
        if c > 0:
            np.testing.assert_allclose((c ** webgpu.asarray(x)).get(), reversed_, rtol=1e-3)

    def test_promotes_to_the_wider_dtype(self):
        y = webgpu.concatenate([webgpu.arange(2), webgpu.full(1, 0.5)])
        assert y.dtype == np.float32
        same(y, np.array([0, 1, 0.5]))

    def test_functions(self):
        x = np.linspace(-3, 3, 23, dtype=np.float32)
        y = webgpu.asarray(x)
        for name, tolerance in [("exp", 1e-5), ("tanh", 1e-4), ("abs", 0), ("sin", 1e-3), ("cos", 1e-3)]:
            same(getattr(webgpu, name)(y), getattr(np, name)(x), tolerance)
        positive = np.abs(x) + 1e-3
        for name in ("log", "sqrt", "log1p"):
            same(getattr(webgpu, name)(webgpu.asarray(positive)), getattr(np, name)(positive), 1e-4)
        tiny = np.array([1e-10, -1e-10, 0.0], np.float32)
        np.testing.assert_allclose(webgpu.log1p(webgpu.asarray(tiny)).get(), tiny, rtol=1e-5)
        small = np.linspace(-1, 1, 201, dtype=np.float32) ** 5
        np.testing.assert_allclose(webgpu.expm1(webgpu.asarray(small)).get(), np.expm1(small), rtol=2e-6)
        same(webgpu.sign(webgpu.asarray([-3, 0, 2])), np.array([-1, 0, 1]))
        same(webgpu.where(y > 0, y, 0.5), np.where(x > 0, x, 0.5))
        same(webgpu.where(y > 0, 1, y), np.where(x > 0, 1, x))
        same(webgpu.tanh(webgpu.asarray(np.array([-1000, 1000], np.float32))), np.array([-1, 1]))

    def test_nan_and_infinity(self):
        x = np.array([np.nan, np.inf, -np.inf, 0.0], np.float32)
        y = webgpu.asarray(x)
        np.testing.assert_array_equal(webgpu.isfinite(y).get(), np.isfinite(x))
        assert webgpu.isfinite(webgpu.asarray(np.array([-1, 2, 2**31 - 1], np.int32))).get().all()
        np.testing.assert_array_equal(webgpu.maximum(y, 0).get(), np.maximum(x, 0))
        np.testing.assert_array_equal(webgpu.minimum(0, y).get(), np.minimum(0, x))
        assert np.isnan(y.max().get())

    def test_creation_joining_padding(self):
        same(webgpu.zeros((2, 3)), np.zeros((2, 3)))
        same(webgpu.ones(3), np.ones(3))
        same(webgpu.arange(2, 7), np.arange(2, 7))
        x, z = floats(2, 3), floats(2, 2)
        y = webgpu.asarray(x)
        same(webgpu.ones_like(y, dtype=bool).astype(np.int32), np.ones((2, 3)))
        same(webgpu.zeros_like(y), np.zeros((2, 3)))
        same(webgpu.concatenate([y, webgpu.asarray(z)], axis=-1), np.concatenate([x, z], 1))
        same(
            webgpu.pad(y, ((1, 0), (2, 3)), constant_values=4), np.pad(x, ((1, 0), (2, 3)), constant_values=4)
        )

    def test_mixing_cpu_and_device_is_refused(self):
        with pytest.raises(TypeError, match=r"webgpu\.asarray"):
            webgpu.asarray(floats(2)) + floats(2)
        with pytest.raises(TypeError, match=r"webgpu\.asarray"):
            floats(2) * webgpu.asarray(floats(2))
        with pytest.raises(TypeError, match=r"webgpu\.asarray"):
            F.conv2d(webgpu.asarray(floats(1, 1, 4, 4)), floats(1, 1, 3, 3))


class TestReductions:
    @given(
        hnp.array_shapes(max_dims=4, max_side=5),
        st.sampled_from(["sum", "mean", "max", "min"]),
        st.booleans(),
        st.data(),
    )
    def test_axes(self, shape, name, keepdims, data):
        axes = data.draw(st.none() | st.sets(st.integers(-len(shape), len(shape) - 1)).map(tuple))
        if axes is not None and len({i % len(shape) for i in axes}) < len(axes):
            axes = axes[:1]
        x = floats(*shape)
        expected = np.asarray(getattr(x, name)(axis=axes, keepdims=keepdims))
        same(getattr(webgpu.asarray(x), name)(axis=axes, keepdims=keepdims), expected)

    def test_large_and_strided(self):
        x = floats(7, 64, 300)
        y = webgpu.asarray(x)
        same(y.sum(), x.sum(dtype=np.float64), 1e-4)
        same(y.transpose(2, 0, 1)[::3].sum(axis=(0, 1)), x.transpose(2, 0, 1)[::3].sum((0, 1)), 1e-3)
        same(y.max(axis=(0, 2)), x.max((0, 2)))

    def test_argmax(self):
        x = floats(4, 5, 3).round(0)
        y = webgpu.asarray(x)
        np.testing.assert_array_equal(y.argmax(axis=1).get(), x.argmax(1))
        np.testing.assert_array_equal(webgpu.argmax(y).get(), x.argmax())

    def test_empty_arrays(self):
        empty = webgpu.asarray(floats(0, 3))
        same(empty.sum(axis=0), np.zeros(3))
        with pytest.raises(ValueError, match="zero elements"):
            empty.max(axis=0)


class TestBackend:
    def test_is_array(self):
        from pyconvlite import backends, cuda

        x = webgpu.asarray(floats(2))
        for value in (x, Variable(x)):
            assert backends.get_array_module(value) is webgpu
            assert backends.kernels(value) is webgpu.kernels
            assert backends.on_device(value)
        assert backends.get_array_module(np.zeros(2)) is np
        assert cuda.gpu_enable is True
        assert isinstance(cuda.as_cupy(floats(2)), webgpu.ndarray)
        assert isinstance(cuda.as_numpy(x), np.ndarray)
        assert issubclass(webgpu.WebGPUUnavailable, DeviceUnavailable)


def test_integers_become_floats_as_in_numpy():
    x = np.array([-3, 0, 2], np.int32)
    for c in (2.0, 0.0, 2, 0):
        y = webgpu.asarray(x) ** c
        assert y.dtype.kind == (x**c).dtype.kind
        np.testing.assert_array_equal(y.get(), x**c)
    np.testing.assert_array_equal(F.relu(webgpu.asarray(x)).data.get(), [0, 0, 2])
    for function in (F.exp, F.sqrt, F.tanh, F.elu, F.sigmoid, F.hardswish):
        with np.errstate(invalid="ignore"):
            expected = function(x).data
        y = function(webgpu.asarray(x)).data
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.get(), expected, rtol=1e-5, atol=1e-6)


def test_condition_on_the_cpu_is_refused():
    with pytest.raises(TypeError, match="on the device"):
        webgpu.where(np.array([True, False]), webgpu.asarray([1.0, 2.0]), 0)


@pytest.mark.parametrize("x", [[0.5, -1.0, 0.0, 2.0], [2**32, 3, 0], [np.nan]])
def test_conversion_to_bool_equals_numpy(x):
    y = webgpu.asarray(x, bool)
    assert y.get().tolist() == np.array(x, bool).tolist()
    assert y.sum().item() == np.array(x, bool).sum()  # which counts what is stored


def test_sizes_and_axes_are_integers():
    assert webgpu.zeros(np.prod((2, 3))).shape == (6,)
    assert webgpu.ones((np.int64(3), 2)).get().sum() == 6
    for call in (
        lambda: webgpu.zeros((2.0,)),
        lambda: webgpu.arange(0.0, 1.0, 0.25),
        lambda: webgpu.argmax(webgpu.ones((2, 3)), (0, 1)),
    ):
        with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
            call()
    with pytest.raises(ValueError, match=r"negative lengths; got \(-2,\)"):
        webgpu.full(-2, 3.0)
    with pytest.raises(TypeError, match="dtype must be float32 or float16; got int32"):
        webgpu.matmul(webgpu.ones((1, 1)), webgpu.ones((1, 1)), np.int32)
    with pytest.raises(TypeError, match=r"move it with webgpu.asarray\(x\)"):
        _ = np.ones((2, 2)) @ webgpu.ones((2, 2))


def test_copies_of_objects_that_hold_arrays():
    model = L.Linear(2, in_size=3)
    model.to_gpu()
    np.testing.assert_array_equal(copy.copy(model.W.data).get(), model.W.data.get())
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin.W.data.get(), model.W.data.get())
    twin.W.data[...] = 0
    assert model.W.data.get().any()
    with pytest.raises(TypeError, match=r"cannot be pickled; call its model's to_cpu\(\)"):
        pickle.dumps(model)


def test_tanh_near_0():
    x = (10.0 ** np.arange(-30, 0.5, 0.5) * np.array([[1], [-1]])).astype(np.float32)
    np.testing.assert_allclose(webgpu.tanh(webgpu.asarray(x)).get(), np.tanh(x), rtol=2e-6)

"""Limits of the adapter: all are requested; larger sizes are split, or refused with their sizes."""

import dataclasses
import operator

import numpy as np
import pytest
from conditions import PRODUCT, absolute, assert_close, assert_sums, wide
from geometries import sizes

from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu import elementwise
from pyconvlite.backends.webgpu.device import current

rng = np.random.default_rng(0)


def floats(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def test_adapter_limits_are_requested(adapter):
    from js import navigator
    from pyodide.ffi import run_sync

    limits = run_sync(navigator.gpu.requestAdapter()).limits
    assert adapter.limits == {name: int(getattr(limits, name)) for name in adapter.limits}
    assert adapter.limits["maxComputeWorkgroupsPerDimension"] >= 65535


class TestDispatches:
    def test_large_dispatches_are_folded_into_rows(self, lower):
        """Threads beyond one row of workgroups: elementwise, reductions, kernels of files, indices."""
        lower(maxComputeWorkgroupsPerDimension=40)
        x = floats(8, 3, 57, 59)
        X = webgpu.asarray(x)
        assert elementwise.groups_for(X.size)[1] > 1
        np.testing.assert_array_equal((X[:, :, ::2] * 2).get(), x[:, :, ::2] * 2)
        np.testing.assert_array_equal((X + 1).get(), x + 1)
        assert_sums(X.sum(axis=0).get(), lambda x: x.sum(axis=0), x, constant=PRODUCT)
        geometry = sizes((57, 59), 2, 2)
        np.testing.assert_array_equal(
            webgpu.kernels.max_pool(X, geometry)[0].get(), reference.max_pool(x, geometry)[0]
        )
        y = X.reshape(24, -1)
        y[:, ::3] = 5
        x.reshape(24, -1)[:, ::3] = 5
        np.testing.assert_array_equal(y[np.arange(24)[::-1].copy()].get(), x.reshape(24, -1)[::-1])

    def test_tiled_dispatches_are_folded(self, lower, monkeypatch):
        lower(maxComputeWorkgroupsPerDimension=8)
        monkeypatch.setattr(current(), "info", dataclasses.replace(current().info, fallback=False))
        a, b = floats(6, 130, 40), floats(6, 40, 150)
        y = webgpu.asarray(a) @ webgpu.asarray(b)
        assert_sums(y.get(), np.matmul, a, b, constant=PRODUCT)

    def test_dispatches_beyond_the_limit_are_refused(self, lower):
        lower(maxComputeWorkgroupsPerDimension=4)
        x = webgpu.asarray(floats(4096))
        np.testing.assert_array_equal((x * 2).get(), 2 * x.get())
        with pytest.raises(ValueError, match=r"1,088 threads .* 1,024"):
            webgpu.asarray(floats(4352)) * 2


class TestSizes:
    def test_array_size(self, lower):
        lower(maxStorageBufferBindingSize=1020)
        webgpu.zeros(252)
        with pytest.raises(ValueError, match=r"array of 1,024 bytes .* 1,008; use smaller batches"):
            webgpu.zeros(253)

    def test_buffer_size(self, lower):
        lower(maxBufferSize=999)
        with pytest.raises(ValueError, match=r"1,008 bytes .* 992"):
            webgpu.asarray(floats(251))

    def test_binding_size(self, lower):
        lower(maxStorageBuffersPerShaderStage=2)
        x = webgpu.asarray(floats(5))
        x.sum()
        with pytest.raises(ValueError, match="add binds 3 arrays; this adapter can bind 2"):
            x + x[::-1]


class TestConvolution:
    """A batch is computed in parts where all of it, padded, exceeds the size of an array."""

    @pytest.mark.parametrize("groups", [1, 2])
    @pytest.mark.parametrize(("stride", "pad"), [((1, 1), (1, 1)), ((3, 2), (0, 1)), ((1, 1), (0, 0))])
    @pytest.mark.parametrize("images", [1, 2, 7])
    def test_convolution_is_split(self, lower, groups, stride, pad, images):
        x, W, b = floats(7, 4, 9, 11), floats(6, 4 // groups, 3, 3), floats(6)
        geometry = sizes((9, 11), 3, stride, pad, groups=groups)
        y = reference.conv2d(x, W, b, geometry)
        gy = floats(*y.shape)
        X, V, B, G = map(webgpu.asarray, (x, W, b, gy))

        def results(kernels, x, W, b, gy):
            return (
                kernels.conv2d(x, W, b, geometry, relu=True),
                kernels.conv2d_gx(gy, W, None, geometry),
                kernels.conv2d_gW(x, gy, geometry),
            )

        def computed():
            before = webgpu.memory()["dispatches"]
            return results(webgpu.kernels, X, V, B, G), webgpu.memory()["dispatches"] - before

        _, at_once = computed()
        lower(maxStorageBufferBindingSize=16 + max(x.nbytes, y.nbytes, images * 4 * 6 * 18 * 20))
        found, split = computed()
        if images == 7:
            assert split == at_once
        if images == 1:
            assert split > at_once
        expected, conditions = (results(reference, *map(of, (x, W, b, gy))) for of in (wide, absolute))
        for actual, wanted, condition in zip(found, expected, conditions, strict=True):
            assert_close(actual.get(), wanted, condition, PRODUCT)

    def test_one_too_large_image_is_refused(self, lower):
        x, W = webgpu.ones((1, 2, 9, 9)), webgpu.ones((1, 2, 3, 3))
        lower(maxStorageBufferBindingSize=x.nbytes)
        with pytest.raises(ValueError, match=r"976 bytes is larger than this adapter can bind, 640"):
            webgpu.kernels.conv2d(x, W, None, sizes((9, 9), 3, 1, 1))


@pytest.mark.parametrize(
    "number", [2**24 + 1, 2**31, -(2**31), 10**10, -(10**38), 1e38, 1e39, -1e39, 10**300]
)
def test_numbers_beyond_int32_or_float32_beside_floats(number):
    x = floats(5)
    y = webgpu.asarray(x)
    with np.errstate(over="ignore"):
        rounded = np.float32(number)
    for f in (operator.mul, lambda x, n: n - x, operator.truediv, operator.lt):
        np.testing.assert_allclose(f(y, number).get(), f(x, rounded), rtol=1e-6, atol=1e-37)
    np.testing.assert_array_equal(webgpu.maximum(y, number).get(), np.maximum(x, rounded))
    np.testing.assert_array_equal(webgpu.where(y > 0, y, number).get(), np.where(x > 0, x, rounded))


def test_integers_beyond_int32_beside_integers_are_refused():
    x = np.arange(3, dtype=np.int64)
    y = webgpu.asarray(x)
    for number in (2**31 - 3, -(2**31)):
        np.testing.assert_array_equal((y + number).get(), x + number)
    for number in (2**31, -(2**31) - 1):
        with pytest.raises(OverflowError, match="int32"):
            y + number
    assert (y + 1e10).get().tolist() == [1e10] * 3
    for number in (2**24 + 1, 2**31, 10**10):
        np.testing.assert_allclose((y / number).get(), x / number, rtol=1e-6)

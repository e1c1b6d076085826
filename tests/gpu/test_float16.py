"""float16 on a device that has it: half the memory, computed in float32, compared with float64."""

import copy

import conditions
import numpy as np
import oracles
import pytest
from geometries import HARD, sizes
from test_capture import classifying
from test_optimizer import KERNELS as OPTIMIZERS
from test_optimizer import STATE, STEPS, check_kernel, given

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, Variable, grad, no_grad, seed, test_mode
from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu
from pyconvlite.optimizers import Adam, MomentumSGD

rng = np.random.default_rng(0)
EPS = 2**-11  # what rounding to float16 costs at most, of a number


def halves(*shape):
    return rng.standard_normal(shape).astype(np.float16)


@pytest.fixture
def half(adapter):
    if "shader-f16" not in adapter.features:
        pytest.skip(f"{adapter.description or adapter.architecture} has no float16 (shader-f16)")
    webgpu.init_sync(dtype="float16")
    yield
    webgpu.init_sync()


def test_refused_without_support(adapter):
    if "shader-f16" in adapter.features:
        pytest.skip("this adapter has float16")
    with pytest.raises(webgpu.WebGPUUnavailable, match="shader-f16"):
        webgpu.init_sync(dtype="float16")
    assert webgpu.ones(2).get().dtype == np.float32


@pytest.mark.parametrize("dtype", ["float64", "int32"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match="float32 or float16"):
        webgpu.init_sync(dtype=dtype)


def close(actual, expected, roundings=2):
    """Up to a number of roundings of the largest number."""
    assert actual.dtype == np.float16
    assert actual.shape == expected.shape
    scale = np.abs(expected).max(initial=0)
    np.testing.assert_allclose(
        actual.get().astype(np.float64), expected, rtol=0, atol=roundings * EPS * scale
    )


def wide(*arrays):
    return [None if a is None else a.astype(np.float64) for a in arrays]


@pytest.mark.usefixtures("half")
class TestArrays:
    @pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (5, 7), (0, 3)])
    def test_round_trip(self, shape):
        x = halves(*shape)
        y = webgpu.asarray(x)
        assert (y.dtype, y.itemsize, y.nbytes) == (np.float16, 2, 2 * x.size)
        np.testing.assert_array_equal(y.get(), x)

    def test_views_at_odd_offsets(self):
        x = halves(5, 3)
        y = webgpu.asarray(x)
        for window in (np.s_[1], np.s_[1:4], np.s_[:, 1], np.s_[::-1, ::2], np.s_[3, 2]):
            np.testing.assert_array_equal(y[window].get(), x[window])

    def test_takes_half_the_memory(self):
        before = webgpu.memory()["live"]
        x = webgpu.zeros((64, 64))
        assert webgpu.memory()["live"] - before == 2 * x.size

    def test_default_dtype(self):
        x = rng.standard_normal(3).astype(np.float32)
        assert webgpu.asarray(x).dtype == webgpu.asarray([0.5]).dtype == webgpu.ones(2).dtype == np.float16
        assert webgpu.asarray(x, np.float32).dtype == webgpu.zeros(2, np.float32).dtype == np.float32
        assert webgpu.asarray([1]).dtype == np.int32
        np.testing.assert_array_equal(webgpu.asarray(x).get(), x.astype(np.float16))

    def test_numbers_beyond_float16(self):
        with pytest.raises(OverflowError, match="65504"):
            webgpu.asarray(np.array([1.0, -7e4], np.float32))
        with pytest.raises(OverflowError, match="65504"):
            webgpu.asarray([7e4], np.float16)
        assert webgpu.asarray(np.array([np.inf, 65504], np.float32)).get().tolist() == [np.inf, 65504]
        assert np.isnan(webgpu.asarray([np.nan]).get())

    def test_writing(self):
        x, row = halves(4, 5), halves(5)
        y = webgpu.asarray(x)
        y[1:3, ::2] = 2
        y[0] = webgpu.asarray(row)
        webgpu.add.at(y, np.array([3, 3]), webgpu.asarray(row))
        x[1:3, ::2] = 2
        x[0] = row
        x[3] = x[3].astype(np.float64) + 2 * row.astype(np.float64)
        close(y, x)
        np.testing.assert_array_equal(y[np.array([2, 0])].get(), y.get()[[2, 0]])

    def test_dtypes_of_results(self):
        x, y = webgpu.asarray(halves(3)), webgpu.ones(3, np.float32)
        n = webgpu.arange(3)
        for result in (x + 1, 2.5 * x, x * n, x / 3, webgpu.exp(x), webgpu.where(x > 0, x, 0.0), x.mean()):
            assert result.dtype == np.float16
        for result in (x + y, x * y, webgpu.maximum(y, x), n * 0.5, n / 2, webgpu.concatenate([x, y])):
            assert result.dtype == np.float32
        assert (x > 0).dtype == np.bool_
        assert (x.argmax().dtype, x.astype(np.int32).dtype) == (np.int32, np.int32)

    @pytest.mark.parametrize("size", [15, 16])
    def test_arithmetic(self, size):
        x, y = halves(3, size), halves(3, size)
        a, b = webgpu.asarray(x), webgpu.asarray(y)
        u, v = wide(x, y)
        close(a + b, u + v)
        close(a * b - 1.5, u * v - 1.5, 4)
        close(a / (b * b + 1), u / (v * v + 1), 4)
        close(webgpu.exp(a), np.exp(u))
        close(webgpu.tanh(a), np.tanh(u), 3)
        close(webgpu.sqrt(abs(a)), np.sqrt(np.abs(u)))
        close(webgpu.maximum(a, b).T, np.maximum(u, v).T)

    def test_functions_keep_float16(self):
        x = halves(4, 5)
        y, (u,) = webgpu.asarray(x), wide(x)
        close(webgpu.cumsum(y, 1), np.cumsum(u, 1), 6)
        close(webgpu.expm1(y), np.expm1(u))
        close(webgpu.sign(y), np.sign(u))
        close(
            F.gather(y, np.array([[0, 1, 3, 3, 0]]), 0).data,
            np.take_along_axis(u, np.array([[0, 1, 3, 3, 0]]), 0),
        )
        close(F.maximum(y, 0.25).data, np.maximum(u, 0.25))
        close(F.erf(y).data, oracles.ndtr(u * 2**0.5) * 2 - 1)
        close(F.logsumexp(y, 1).data, np.log(np.exp(u).sum(1)), 4)
        close(F.prod(y, 1).data, u.prod(1), 8)

    def test_reductions_sum_in_float32(self):
        x = (1 + halves(3, 5000) / 8).astype(np.float16)
        y, (u,) = webgpu.asarray(x), wide(x)
        close(y.sum(axis=1), u.sum(axis=1))
        close(y.mean(), u.mean())
        close((y * 16).mean(axis=0, keepdims=True), 16 * u.mean(axis=0, keepdims=True))
        close((y * 600).mean(axis=1), 600 * u.mean(axis=1))  # the sum is beyond float16
        close(y.max(axis=0), u.max(axis=0))
        assert y.argmax().get() == x.argmax()


# a driver for the CPU takes long to compile kernels that are written out
CONVOLUTIONS = {name: HARD[name] for name in ("odd sizes", "1x1 kernel", "depthwise", "all at once")}


@pytest.mark.usefixtures("half")
class TestKernels:
    @pytest.mark.parametrize(("M", "K", "P"), [(1, 1, 1), (33, 700, 17), (130, 66, 65)])
    def test_matmul(self, M, K, P):
        a, b = halves(M, K), halves(K, P)
        close(webgpu.asarray(a) @ webgpu.asarray(b), np.matmul(*wide(a, b)))
        close(webgpu.asarray(b.T.copy()).T.T @ webgpu.asarray(a).T, np.matmul(*wide(b.T, a.T)))

    @pytest.mark.parametrize("g", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
    def test_convolution(self, g):
        x, W, b = (halves(*shape) for shape in (g.x_shape, g.W_shape, g.W_shape[:1]))
        y = reference.conv2d(*wide(x, W, b), g.sizes)
        gy = halves(*y.shape)
        X, V, B, G = map(webgpu.asarray, (x, W, b, gy))
        kernels = webgpu.kernels
        close(kernels.conv2d(X, V, B, g.sizes), y)
        close(kernels.conv2d_gx(G, V, None, g.sizes), reference.conv2d_gx(*wide(gy, W, None), g.sizes))
        close(kernels.conv2d_gW(X, G, g.sizes), reference.conv2d_gW(*wide(x, gy), g.sizes))

    def test_mixed_operands_give_float32(self):
        x, W = halves(1, 2, 5, 5), halves(3, 2, 3, 3)
        geometry = sizes((5, 5), 3)
        y = webgpu.kernels.conv2d(webgpu.asarray(x), webgpu.asarray(W, np.float32), None, geometry)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.get(), reference.conv2d(*wide(x, W, None), geometry), atol=1e-5)

    @pytest.mark.parametrize(
        ("kernel", "stride", "pad"), [((2, 2), (2, 2), (0, 0)), ((3, 2), (2, 1), (1, 0))]
    )
    def test_pooling(self, kernel, stride, pad):
        x = halves(2, 3, 7, 6)
        geometry = sizes((7, 6), kernel, stride, pad)
        y, indexes = reference.max_pool(x, geometry)
        gy = halves(*y.shape)
        X, G = webgpu.asarray(x), webgpu.asarray(gy)
        kernels = webgpu.kernels
        Y, at = kernels.max_pool(X, geometry)
        np.testing.assert_array_equal(Y.get(), y)
        np.testing.assert_array_equal(at.get(), indexes)
        np.testing.assert_array_equal(kernels.max_pool_gather(X, at, geometry).get(), y)
        (u, v) = wide(x, gy)
        close(kernels.max_pool_grad(G, at, geometry), reference.max_pool_grad(v, indexes, geometry))
        close(kernels.avg_pool(X, geometry, True), reference.avg_pool(u, geometry, True))
        close(kernels.avg_pool_grad(G, geometry, False), reference.avg_pool_grad(v, geometry, False))
        col = reference.im2col(x, geometry)
        np.testing.assert_array_equal(kernels.im2col(X, geometry).get(), col)
        close(
            kernels.col2im(webgpu.asarray(col), geometry),
            reference.col2im(col.astype(np.float64), geometry),
        )

    def test_a_window_of_padding(self):
        y, _ = webgpu.kernels.max_pool(webgpu.ones((1, 1, 1, 1)), sizes((1, 1), 1, 1, 1))
        assert y.get()[0, 0].tolist() == [[-np.inf] * 3, [-np.inf, 1, -np.inf], [-np.inf] * 3]

    def test_batch_norm(self):
        x, gamma, beta = (300 + 20 * halves(8, 3, 5, 5)).astype(np.float16), halves(3), halves(3)
        gy = halves(*x.shape)
        y, mean, var = webgpu.kernels.batch_norm(*map(webgpu.asarray, (x, gamma, beta)), 1e-5)
        expected = reference.batch_norm(*wide(x, gamma, beta), 1e-5)
        close(y, expected[0], 3)
        np.testing.assert_allclose(mean.get(), expected[1], rtol=1e-3)
        np.testing.assert_allclose(var.get(), expected[2], rtol=1e-3)
        gx, ggamma, gbeta = webgpu.kernels.batch_norm_grad(*map(webgpu.asarray, (x, gamma, gy)), 1e-5)
        expected = reference.batch_norm_grad(*wide(x, gamma, gy), 1e-5)
        close(gx, expected[0], 3)
        for found, wanted in ((ggamma, expected[1]), (gbeta, expected[2])):
            np.testing.assert_allclose(found.get(), wanted, atol=2e-3 * np.abs(wanted).max())

    def test_running_variance_beyond_float16(self):
        x, gamma, beta = (1000 * halves(4, 3, 2)).astype(np.float16), halves(3), halves(3)
        statistics = np.zeros(3, np.float32), np.full(3, 1e6, np.float32)
        with test_mode():
            expected = F.batch_norm(*wide(x, gamma, beta), *statistics).data
            moved = [*map(webgpu.asarray, (x, gamma, beta))]
            y = F.batch_norm(*moved, *(webgpu.asarray(s, np.float32) for s in statistics)).data
        close(y, expected)

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: F.interpolate(x, (7, 4), mode="bilinear"),
            lambda x: F.interpolate(x, (7, 4)),
            lambda x: F.adaptive_average_pooling(x, (4, 3)),
            lambda x: F.average_pooling(x, 2, 2, ((1, 0), 0), ceil_mode=True),
            lambda x: F.pooling(x, 2, 2, dilation=2, ceil_mode=True),
            lambda x: F.pad(x, ((0, 0), (0, 0), (1, 2), (2, 0)), mode="reflect"),
            lambda x: F.group_norm(x, 2),
            lambda x: F.upsample(x, 2),
        ],
    )
    def test_composed_functions(self, f):
        x = halves(2, 4, 6, 5)
        X = Variable(webgpu.asarray(x))
        y, expected = f(X), f(x.astype(np.float64)).data
        close(y.data, expected, 4)
        assert grad(F.sum(y * y), X)[0].dtype == np.float16

    def test_softmax_cross_entropy(self):
        x, t = (20 * halves(33, 10)).astype(np.float16), rng.integers(0, 10, 33)
        (u,) = wide(x)
        X, T = webgpu.asarray(x), webgpu.asarray(t)
        loss, gx = webgpu.kernels.softmax_cross_entropy(X, T)
        expected, expected_gx = reference.softmax_cross_entropy(u, t)
        close(loss, expected)
        assert gx.dtype == np.float32
        # Of a sure label, 1 - softmax has only the last digits of float32.
        np.testing.assert_allclose(gx.get(), expected_gx, rtol=1e-5, atol=8 * conditions.EPS / len(t))

    def test_dropout(self):
        seed(0)
        y = F.dropout(webgpu.ones((50, 41)), 0.25).data
        assert y.dtype == np.float16
        assert set(y.get().ravel()) == {0, np.float16(4 / 3)}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("shape", [(), (3, 5), (257,)])
def test_optimizer_kernels(half, name, shape):
    """Weights are rounded to float16 at each step; states are float32, as gradients are."""
    W, gradients = given(shape, 0)
    to_float16 = EPS / conditions.EPS
    (found,) = check_kernel(
        name, [(W.astype(np.float16), gradients)], constants=((STEPS + 1) * to_float16, STATE, STATE)
    )
    assert [a.dtype for a in found] == [np.float16] + [np.float32] * OPTIMIZERS[name][1]


class Net(Model):
    """A small CNN with the usual layers."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn = L.Conv2d(4, 3, pad=1), L.BatchNorm()
        self.conv2, self.fc = L.Conv2d(8, 3), L.Linear(4)

    def forward(self, x):
        x = F.pooling(F.relu(self.bn(self.conv1(x))), 2, 2)
        return self.fc(F.flatten(F.relu(self.conv2(x))))


@pytest.mark.parametrize("optimizer", [MomentumSGD(0.05), Adam(0.02)], ids=["MomentumSGD", "Adam"])
@pytest.mark.parametrize("captured", [False, True], ids=["eager", "captured"])
def test_cnn_learns_as_in_float32(half, optimizer, captured):
    """Four kinds of blobs: the losses follow those of float32 on the CPU until both nets classify them."""
    t = np.arange(64) % 4
    x = 0.3 * rng.standard_normal((64, 1, 8, 8)).astype(np.float32)
    for image, kind in zip(x[:, 0], t, strict=True):
        image[1 + 4 * (kind // 2) :, 1 + 4 * (kind % 2) :][:2, :2] += 1

    def losses(device):
        seed(0)
        model = Net()
        with no_grad():
            model(x[:1])
        images, labels = x, t
        if device:
            model.to_gpu()
            images, labels = webgpu.asarray(x), webgpu.asarray(t)
        algorithm = copy.copy(optimizer).setup(model)
        algorithm.reset()

        step = classifying(model, algorithm)
        if device and captured:
            step = webgpu.capture(step)
        before = webgpu.memory()["reads"] if device else 0
        found = [step(images, labels) for _ in range(25)]
        if device:
            assert webgpu.memory()["reads"] == before
            assert {p.dtype for p in model.params()} == {np.dtype(np.float16)}
        return [float(loss) for loss in found]

    found, expected = losses(True), losses(False)
    assert expected[-1] < 0.05
    np.testing.assert_allclose(found[:5], expected[:5], rtol=0.02)
    assert found[-1] < 0.05

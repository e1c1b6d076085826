"""Whole steps on the device: the CPU's numbers, nothing read back, no leaked memory."""

import gc

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Model, Variable, grad, no_grad, seed, test_mode
from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu
from pyconvlite.models import LeNet, Sequential
from pyconvlite.optimizers import SGD, Adam, AdamW, ClipGrad, MomentumSGD, WeightDecay

rng = np.random.default_rng(0)
x = rng.random((6, 1, 28, 28)).astype(np.float32)
t = rng.integers(0, 10, 6).astype(np.int32)


class Normalized(Model):
    """Batch norm and dropout, which differ between training and test mode."""

    def __init__(self):
        super().__init__()
        self.conv = L.Conv2d(4, 3, pad=1)
        self.bn = L.BatchNorm()
        self.fc = L.Linear(10)

    def forward(self, x):
        h = F.average_pooling(F.relu(self.bn(self.conv(x))), 4, 4)
        return self.fc(F.dropout(F.flatten(h), 0.3))


def losses(make, optimizer, device, steps=3):
    seed(0)
    model = make()
    with no_grad():
        model(x[:1])
    images, labels = x, t
    if device:
        model.to_gpu()
        images, labels = webgpu.asarray(x), webgpu.asarray(t)
    optimizer.setup(model)
    seed(1)
    found = []
    for _ in range(steps):
        loss = F.softmax_cross_entropy(model(images), labels)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        found.append(loss.data)
    with no_grad(), test_mode():
        found.append(F.softmax_cross_entropy(model(images), labels).data)
    return found


@pytest.mark.parametrize("make", [LeNet, Normalized])
@pytest.mark.parametrize("optimizer", [SGD, MomentumSGD, Adam, AdamW])
def test_equals_the_cpu(make, optimizer, monkeypatch):
    def drawn_on_the_cpu(x, ratio):  # the device has a generator of its own
        return webgpu.asarray(reference.dropout_mask(np.empty(x.shape, np.float32), ratio))

    monkeypatch.setattr(webgpu.kernels, "dropout_mask", drawn_on_the_cpu)
    expected = losses(make, optimizer(), device=False)
    found = losses(make, optimizer(), device=True)
    np.testing.assert_allclose([float(v) for v in found], [float(v) for v in expected], rtol=1e-3)


@pytest.mark.parametrize("make", [LeNet, Normalized])
def test_reads_nothing_back(make):
    before = webgpu.memory()["reads"]
    found = losses(make, Adam(), device=True)
    assert webgpu.memory()["reads"] == before
    assert all(np.isfinite(float(v)) for v in found)


def test_hooks():
    def with_hooks():
        optimizer = SGD(0.1)
        optimizer.add_hook(WeightDecay(0.01))
        optimizer.add_hook(ClipGrad(0.5))
        return optimizer

    expected, found = (losses(LeNet, with_hooks(), device) for device in (False, True))
    np.testing.assert_allclose([float(v) for v in found], [float(v) for v in expected], rtol=1e-3)


def dense():
    return Sequential(L.Linear(16), F.leaky_relu, L.Linear(1))


def convolutional():
    return Sequential(L.Conv2d(4, 3, stride=2, pad=1), F.leaky_relu, F.flatten, L.Linear(1))


@pytest.mark.parametrize(("make", "shape"), [(dense, (8, 2)), (convolutional, (4, 2, 6, 6))])
def test_gradient_penalty_reads_nothing_back(make, shape):
    """A step of WGAN-GP: the gradient of the length of a gradient."""

    def step(device):
        seed(0)
        critic = make()
        data = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
        critic(data)
        if device:
            critic.to_gpu()
            data = webgpu.asarray(data)
        optimizer = Adam(0.01).setup(critic)
        point = Variable(data)
        (gx,) = grad(critic(point).sum(), [point], create_graph=True)
        length = F.sqrt(F.sum(gx * gx, axis=tuple(range(1, gx.ndim))) + 1e-12)
        loss = F.mean((length - 1) ** 2)
        critic.cleargrads()
        loss.backward()
        optimizer.update()
        return loss.data, next(iter(critic.params())).data

    expected = step(device=False)
    before = webgpu.memory()["reads"]
    found = step(device=True)
    assert webgpu.memory()["reads"] == before
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(webgpu.asnumpy(a), b, rtol=1e-3, atol=1e-5)


def test_lazy_sizes_on_the_device():
    model = LeNet()
    model.to_gpu()
    y = model(webgpu.asarray(x))
    assert all(isinstance(p.data, webgpu.ndarray) for p in model.params())
    model.to_cpu()
    assert all(isinstance(p.data, np.ndarray) for p in model.params())
    with no_grad():
        np.testing.assert_allclose(y.data.get(), model(x).data, rtol=1e-3, atol=1e-4)


def test_recurrent_state_moves_with_the_model():
    for layer in (L.RNN(3), L.LSTM(3)):
        layer(x[:, 0, 0])
        layer.to_gpu()
        y = layer(webgpu.asarray(x[:, 0, 1]))
        assert isinstance(y.data, webgpu.ndarray)
        layer.to_cpu()
        assert isinstance(layer(x[:, 0, 2]).data, np.ndarray)


def test_data_loader():
    pairs = list(zip(x, t, strict=True))
    images, labels = next(iter(DataLoader(pairs, 4, shuffle=False, gpu=True)))
    assert isinstance(images, webgpu.ndarray)
    np.testing.assert_array_equal(images.get(), x[:4])
    np.testing.assert_array_equal(labels.get(), t[:4])


class TestMemory:
    def test_array_size(self):
        gc.collect()
        before = webgpu.memory()["live"]
        a = webgpu.zeros((100, 100))
        b = a.T[::2]
        assert webgpu.memory()["live"] == before + 40_000
        del a
        assert webgpu.memory()["live"] == before + 40_000
        del b
        assert webgpu.memory()["live"] == before

    def test_buffers_are_reused(self):
        webgpu.free_pool()
        for _ in range(5):
            webgpu.zeros((123, 7))
        assert webgpu.memory()["pooled"] <= 123 * 7 * 4 + 64
        webgpu.free_pool()
        assert webgpu.memory()["pooled"] == 0

    def test_too_large(self):
        with pytest.raises(ValueError, match="smaller batches"):
            webgpu.asarray(np.array(0.0, np.float32)).broadcast_to((1 << 15, 1 << 15)).copy()

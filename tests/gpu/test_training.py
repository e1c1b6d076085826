"""Whole steps on the device: the CPU's numbers, no copy back, no memory left behind, and a lost device."""

import gc

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Model, Variable, grad, no_grad, seed, test_mode
from pyconvlite.backends import webgpu
from pyconvlite.models import LeNet, Sequential
from pyconvlite.optimizers import SGD, Adam, AdamW, ClipGrad, MomentumSGD, WeightDecay

rng = np.random.default_rng(0)
x = rng.random((6, 1, 28, 28)).astype(np.float32)
t = rng.integers(0, 10, 6).astype(np.int32)


class Normalized(Model):
    """Batch norm and dropout, what differs between training and use."""

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
def test_equals_the_cpu_and_reads_nothing_back(make, optimizer):
    expected = losses(make, optimizer(), device=False)
    before = webgpu.memory()["reads"]
    found = losses(make, optimizer(), device=True)
    assert webgpu.memory()["reads"] == before
    np.testing.assert_allclose([float(v) for v in found], [float(v) for v in expected], rtol=1e-3)


def test_hooks():
    def with_hooks():
        optimizer = SGD(0.1)
        optimizer.add_hook(WeightDecay(0.01))
        optimizer.add_hook(ClipGrad(0.5))
        return optimizer

    expected, found = (losses(LeNet, with_hooks(), device) for device in (False, True))
    np.testing.assert_allclose([float(v) for v in found], [float(v) for v in expected], rtol=1e-3)


def test_gradient_penalty_reads_nothing_back():
    """A step of WGAN-GP: the gradient of the length of a gradient."""

    def step(device):
        seed(0)
        critic = Sequential(L.Linear(16), F.leaky_relu, L.Linear(1))
        data = np.random.default_rng(2).standard_normal((8, 2)).astype(np.float32)
        critic(data)
        if device:
            critic.to_gpu()
            data = webgpu.asarray(data)
        optimizer = Adam(0.01).setup(critic)
        point = Variable(data)
        (gx,) = grad(critic(point).sum(), [point], create_graph=True)
        length = F.sqrt(F.sum(gx * gx, axis=1) + 1e-12)
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


def test_a_model_finds_its_sizes_on_the_device():
    model = LeNet()
    model.to_gpu()
    y = model(webgpu.asarray(x))
    assert all(isinstance(p.data, webgpu.ndarray) for p in model.params())
    model.to_cpu()
    assert all(isinstance(p.data, np.ndarray) for p in model.params())
    with no_grad():
        np.testing.assert_allclose(y.data.get(), model(x).data, rtol=1e-3, atol=1e-4)


def test_recurrent_state_moves_along():
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
    def test_of_arrays(self):
        gc.collect()
        before = webgpu.memory()["live"]
        a = webgpu.zeros((100, 100))
        b = a.T[::2]
        assert webgpu.memory()["live"] == before + 40_000
        del a
        assert webgpu.memory()["live"] == before + 40_000
        del b
        assert webgpu.memory()["live"] == before

    def test_buffers_are_used_again(self):
        webgpu.free_pool()
        for _ in range(5):
            webgpu.zeros((123, 7))
        assert webgpu.memory()["pooled"] <= 123 * 7 * 4 + 64
        webgpu.free_pool()
        assert webgpu.memory()["pooled"] == 0

    def test_after_ten_thousand_operations(self):
        gc.collect()
        shapes = [(3,), (2, 3), (4, 1, 3), (5, 4, 3)]
        arrays = [webgpu.asarray(rng.random(shape).astype(np.float32)) for shape in shapes]
        unary = [
            lambda v: v * 2,
            webgpu.exp,
            lambda v: v.T,
            lambda v: v[::-1],
            lambda v: v.sum(axis=0),
            lambda v: -v,
        ]
        before = webgpu.memory()["live"]
        chosen = np.random.default_rng(3).integers(0, 1000, (10_000, 3))
        for i, j, k in chosen:
            v = unary[k % len(unary)](arrays[i % 4])
            if k % 3 == 0:
                v = arrays[i % 4] * arrays[0] - arrays[j % 4][..., ::-1].sum()
        del v
        assert webgpu.memory()["live"] == before

    def test_too_large(self):
        with pytest.raises(ValueError, match="smaller batches"):
            webgpu.asarray(np.array(0.0, np.float32)).broadcast_to((1 << 15, 1 << 15)).copy()


class TestFaults:
    def test_a_faulty_kernel_is_named(self):
        from pyconvlite.backends.webgpu.device import current

        def ask():
            current().pipeline("no such kernel", "nonsense", "w")
            webgpu.asarray([1.0]).get()  # the device tells later

        with pytest.raises(webgpu.WebGPUError, match="no such kernel"):
            ask()

    def test_lost(self):
        from pyconvlite.backends.webgpu.device import current

        old = webgpu.asarray(x)
        current().destroy()
        with pytest.raises(webgpu.DeviceLost, match="init"):
            old.get()
        with pytest.raises(webgpu.DeviceLost):
            old + 1
        webgpu.init_sync()
        with pytest.raises(webgpu.DeviceLost):
            old + 1
        np.testing.assert_array_equal((webgpu.asarray(x) + 1).get(), x + 1)

    def test_lost_in_training_and_resumed(self):
        from pyconvlite.backends.webgpu.device import current

        seed(0)
        model = LeNet()
        model.to_gpu()
        model(webgpu.asarray(x))
        model.to_cpu()
        checkpoint = [p.data for p in model.params()]
        model.to_gpu()
        current().destroy()
        with pytest.raises(webgpu.DeviceLost):
            float(F.softmax_cross_entropy(model(webgpu.asarray(x)), webgpu.asarray(t)))
        webgpu.init_sync()
        for param, data in zip(model.params(), checkpoint, strict=True):
            param.data = webgpu.asarray(data)
        loss = F.softmax_cross_entropy(model(webgpu.asarray(x)), webgpu.asarray(t))
        loss.backward()
        assert np.isfinite(float(loss))

    def test_without_jspi(self, monkeypatch):
        import pyodide.ffi

        monkeypatch.setattr(pyodide.ffi, "can_run_sync", lambda: False)
        y = webgpu.asarray([1.0])
        with pytest.raises(RuntimeError, match="asnumpy_async"):
            float(y)
        with pytest.raises(webgpu.WebGPUUnavailable, match="await"):
            webgpu.init_sync()
        monkeypatch.undo()
        assert float(y) == 1

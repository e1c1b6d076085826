"""backends/webgpu/capture.py: a replayed step is the step."""

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import seed
from pyconvlite.backends import webgpu
from pyconvlite.models import Sequential
from pyconvlite.optimizers import SGD, Adam, AdamW, MomentumSGD

rng = np.random.default_rng(0)
batches = [
    (rng.random((4, 1, 8, 8)).astype(np.float32), rng.integers(0, 3, 4).astype(np.int32)) for _ in range(8)
]


def trainer(optimizer):
    seed(0)
    model = Sequential(
        L.Conv2d(4, 3, pad=1, in_channels=1),
        L.BatchNorm(4),
        F.relu,
        L.MaxPool(2, 2),
        L.Flatten(),
        L.Linear(3, in_size=64),
    )
    model.to_gpu()
    optimizer.setup(model)

    def step(x, t):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step, model


def run(step, count):
    losses = []
    for i in range(count):
        x, t = batches[i % len(batches)]
        losses.append(step(webgpu.asarray(x), webgpu.asarray(t)))
    return [float(loss) for loss in losses]


@pytest.mark.parametrize("make", [SGD, MomentumSGD, Adam, AdamW])
def test_is_bit_equal_to_eager_steps(make):
    step, model = trainer(make(0.01))
    expected = run(step, 12)
    captured, twin = trainer(make(0.01))
    fast = webgpu.capture(captured)
    assert run(fast, 12) == expected
    for a, b in zip(model.params(), twin.params(), strict=True):
        np.testing.assert_array_equal(a.data.get(), b.data.get())


def test_a_thousand_replays():
    step, model = trainer(Adam(0.001))
    captured, twin = trainer(Adam(0.001))
    fast = webgpu.capture(captured)
    x, t = (webgpu.asarray(a) for a in batches[0])
    for _ in range(3):
        fast(x, t)
    before = webgpu.memory()
    for _ in range(997):
        fast(x, t)
    assert webgpu.memory()["live"] == before["live"]
    for _ in range(1000):
        step(x, t)
    for a, b in zip(model.params(), twin.params(), strict=True):
        np.testing.assert_array_equal(a.data.get(), b.data.get())


def test_results_are_arrays_of_their_own():
    fast = webgpu.capture(lambda x: (x * 2, x.sum()))
    results = [fast(webgpu.asarray(np.full(3, k, np.float32))) for k in range(5)]
    for k, (doubled, total) in enumerate(results):
        np.testing.assert_array_equal(doubled.get(), np.full(3, 2 * k))
        assert float(total) == 3 * k


def test_views_as_arguments():
    fast = webgpu.capture(lambda x: x + 1)
    data = rng.random((6, 5)).astype(np.float32)
    x = webgpu.asarray(data)
    for view, expected in [(x[:5].T, data[:5].T), (x[1:], data[1:].reshape(5, 5)), (x[:5], data[:5])]:
        np.testing.assert_array_equal(fast(view).get(), expected + 1)
    np.testing.assert_array_equal(fast(x[1:]).get(), data[1:] + 1)


def test_parameters_that_are_given_other_arrays_are_noticed():
    step, model = trainer(SGD(0.01))
    fast = webgpu.capture(step)
    run(fast, 4)
    weights = [p.data.get() * 0 for p in model.params()]
    for param, data in zip(model.params(), weights, strict=True):
        param.data = webgpu.asarray(data)
    assert run(fast, 1) == pytest.approx([np.log(3)], rel=1e-5)


class TestRefuses:
    def test_other_shapes(self):
        fast = webgpu.capture(lambda x: x * 2)
        for _ in range(4):
            fast(webgpu.zeros(3))
        with pytest.raises(webgpu.CaptureRefused, match=r"\(3,\).*\(4,\)"):
            fast(webgpu.zeros(4))
        fast = webgpu.capture(lambda x: x * 2)
        fast(webgpu.zeros(3))
        fast(webgpu.zeros(3))
        with pytest.raises(webgpu.CaptureRefused, match="arguments changed"):
            fast(webgpu.zeros(4))

    def test_reading_back(self):
        fast = webgpu.capture(lambda x: x * float(x.sum()))
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="reads"):
            fast(webgpu.ones(3))

    def test_new_data(self):
        fast = webgpu.capture(lambda x: F.dropout(x, 0.5))
        fast(webgpu.ones(30))
        fast(webgpu.ones(30))
        with pytest.raises(webgpu.CaptureRefused, match="dropout"):
            fast(webgpu.ones(30))

    def test_another_way(self):
        calls = iter(range(9))
        fast = webgpu.capture(lambda x: x * 2 if next(calls) % 2 else webgpu.exp(x))
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="another way"):
            fast(webgpu.ones(3))

    def test_another_number(self):
        calls = iter(range(9))
        fast = webgpu.capture(lambda x: x * (2.0 + next(calls)))
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="number"):
            fast(webgpu.ones(3))

    def test_an_array_from_outside(self):
        others = [webgpu.ones(3) for _ in range(3)]
        calls = iter(range(9))
        fast = webgpu.capture(lambda x: x * others[next(calls)])
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="argument"):
            fast(webgpu.ones(3))

    def test_arrays_on_the_cpu(self):
        with pytest.raises(TypeError, match="on the device"):
            webgpu.capture(lambda x: x)(np.ones(3))

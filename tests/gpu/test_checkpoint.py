"""Checkpoints and weights of a model on the device: they are loaded to where the model is."""

import io

import numpy as np
import pytest
from conditions import numbers

import pyconvlite.functions as F
from pyconvlite import backends, checkpoint
from pyconvlite.backends import webgpu
from pyconvlite.models import MLP
from pyconvlite.optimizers import Adam


def trained(steps, device):
    model = MLP((8, 3))
    model(np.zeros((1, 4), np.float32))
    if device:
        model.to_gpu()
    optimizer = Adam(0.01).setup(model)
    train(model, optimizer, steps)
    return model, optimizer


def train(model, optimizer, steps):
    x, t = numbers(5, 4, seed=1), numbers(5, 3, seed=2)
    if backends.on_device(next(model.params())):
        x, t = webgpu.asarray(x), webgpu.asarray(t)
    for _ in range(steps):
        loss = F.mean_squared_error(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()


@pytest.mark.parametrize("device", [False, True])
def test_resume_on_the_device(device):
    model, optimizer = trained(3, device)
    file = io.BytesIO()
    checkpoint.save(file, model=model, optimizer=optimizer)
    train(model, optimizer, 3)
    for there in (False, True):
        other, again = trained(1, there)
        checkpoint.load(file, model=other, optimizer=again)
        assert all(backends.on_device(again.ms[param]) == there for param in other.params())
        train(other, again, 3)
        for p, q in zip(model.params(), other.params(), strict=True):
            assert backends.on_device(q) == there
            np.testing.assert_allclose(backends.to_cpu(q.data), backends.to_cpu(p.data), rtol=1e-4, atol=1e-5)


def test_weights_load_to_the_device():
    model, _ = trained(1, True)
    file = io.BytesIO()
    model.save_weights(file)
    other, _ = trained(0, True)
    other.load_weights(file)
    for p, q in zip(model.params(), other.params(), strict=True):
        assert backends.on_device(q)
        np.testing.assert_array_equal(backends.to_cpu(q.data), backends.to_cpu(p.data))

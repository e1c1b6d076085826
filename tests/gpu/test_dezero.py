"""pyconvlite.dezero with the device in place of CuPy."""

import numpy as np
import pytest

from pyconvlite import dezero
from pyconvlite.backends import webgpu
from pyconvlite.dezero import Variable, cuda
from pyconvlite.dezero import functions as F
from pyconvlite.dezero import layers as L
from pyconvlite.dezero.models import MLP


def test_cupy_is_the_device():
    assert cuda.gpu_enable
    xp = cuda.cupy
    np.random.seed(0)
    drawn = xp.random.rand(2, 3)
    assert isinstance(drawn, webgpu.ndarray)
    assert np.array_equal(drawn.get(), np.random.RandomState(0).rand(2, 3).astype(np.float32))
    assert isinstance(xp.random.rand(), float)
    assert xp.random.randint(0, 5, 3).dtype == np.int32
    assert cuda.get_array_module(Variable(drawn)) is xp
    assert xp.get_array_module(np.zeros(1)) is np
    assert [xp.zeros((2,), np.int32).dtype, xp.full(2, 1, np.float64).dtype] == [np.int32, np.float32]


def test_float64_becomes_float32():
    xp = cuda.cupy
    x = np.arange(3.0)
    made = [
        cuda.as_cupy(x),
        xp.array(x),
        xp.asarray(x, np.float64),
        xp.array(2.0),
        xp.array([1.5]),
        cuda.as_cupy(2.0),
    ]
    made += [xp.zeros(2, dtype=np.float64), xp.ones((2,)), xp.full(2, 1.5, dtype="f8")]
    made += [xp.zeros_like(made[0]), xp.asarray(made[0], dtype=np.float64)]
    assert {str(y.dtype) for y in made} == {"float32"}
    assert cuda.as_numpy(cuda.as_cupy(x)).tolist() == [0, 1, 2]
    assert xp.asarray(made[0]) is made[0]
    assert xp.array(made[0]) is not made[0]


def test_comparison_of_cpu_and_device_arrays():
    x = np.array([1.0, 2.0], np.float32)
    there = Variable(cuda.as_cupy(x))
    assert dezero.utils.array_equal(there, x)
    assert not dezero.utils.array_equal(there, x[:1])
    assert dezero.utils.array_allclose(x + 1e-6, there)
    assert not dezero.utils.array_allclose(there, x + 1)


def test_float64_layers_and_loaders_move():
    embed = L.EmbedID(4, 3)
    W = embed.W.data
    embed.to_gpu()
    assert np.array_equal(embed.W.data.get(), W.astype(np.float32))
    loader = dezero.DataLoader([(np.ones(2), 1), (np.zeros(2), 0)], 2, shuffle=False, gpu=True)
    x, t = next(loader)
    assert (x.dtype, t.dtype) == (np.float32, np.int32)
    x, t = next(dezero.DataLoader([(0.5, None), (1.5, None)], 2, shuffle=False, gpu=True))
    assert (x.get().tolist(), x.dtype, t) == ([0.5, 1.5], np.float32, None)


def run(gpu):
    """Losses of a program in the manner of step 52, with dropout."""
    x, t = dezero.datasets.get_spiral()
    loader = dezero.DataLoader(list(zip(x, t, strict=True)), 30)
    model = MLP((10, 3), activation=F.relu)
    optimizer = dezero.optimizers.SGD(0.5).setup(model)
    if gpu and cuda.gpu_enable:
        loader.to_gpu()
        model.to_gpu()
    losses = []
    for _epoch in range(2):
        for x, t in loader:
            loss = F.softmax_cross_entropy(F.dropout(model(x), 0.2), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            losses.append(loss)
    return [float(cuda.as_numpy(loss)) for loss in losses]


def test_losses_equal_the_cpu():
    assert run(gpu=True) == pytest.approx(run(gpu=False), rel=1e-4)

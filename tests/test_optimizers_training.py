"""Training with each optimizer: on a curve, and with accumulated gradients."""

import numpy as np
import pytest
from shorthands import OPTIMIZERS

import pyconvlite
import pyconvlite.functions as F
from pyconvlite.models import MLP
from pyconvlite.optimizers import (
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    ClipGrad,
    MomentumSGD,
    RMSprop,
    WeightDecay,
)


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.2),
        MomentumSGD(0.1),
        AdaGrad(0.1),
        RMSprop(0.01),
        AdaDelta(),
        Adam(0.05),
        AdamW(0.05),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_mlp_learns_a_curve(optimizer):
    pyconvlite.seed(0)
    x = np.linspace(-1, 1, 50, dtype=np.float32)[:, np.newaxis]
    y = np.sin(np.pi * x)
    model = MLP((10, 1), activation=F.tanh)
    optimizer.setup(model)
    for _ in range(300):
        loss = F.mean_squared_error(model(x), y)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    assert loss.item() < 0.05  # 0.5 at the start
    assert {p.dtype for p in model.params()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_accumulated_gradients_equal_those_of_the_whole_batch(make):
    """With hooks, which act once on the sum."""
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((8, 5)), rng.standard_normal((8, 2))

    def trained(parts):
        pyconvlite.seed(0)
        model = MLP((6, 2), activation=F.tanh)
        model(x[:1])
        for p in model.params():
            p.data = p.data.astype(np.float64)
        optimizer = make().setup(model)
        optimizer.add_hook(WeightDecay(0.1))
        optimizer.add_hook(ClipGrad(0.5))
        for _ in range(3):
            for part_x, part_t in zip(np.split(x, parts), np.split(t, parts), strict=True):
                loss = F.mean_squared_error(model(part_x), part_t) / parts
                loss.backward()
            optimizer.update()
            model.cleargrads()
        return np.concatenate([p.data.ravel() for p in model.params()])

    whole = trained(1)
    np.testing.assert_allclose(trained(4), whole, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(trained(8), whole, rtol=1e-9, atol=1e-12)

import math

import numpy as np
import pytest

import pyconvlite.layers as L
from pyconvlite import Variable
from pyconvlite.optimizers import (
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    CosineLR,
    MomentumSGD,
    Optimizer,
    Schedule,
    StepLR,
    WarmupLR,
)


def rates(make, steps, lr=0.5):
    optimizer = SGD(lr=lr)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.lr)
        schedule.step()
    return found


def test_step_lr():
    found = rates(lambda optimizer: StepLR(optimizer, 3), 9, lr=1.0)
    np.testing.assert_allclose(found, np.repeat([1.0, 0.1, 0.01], 3), rtol=1e-14)
    assert rates(lambda optimizer: StepLR(optimizer, 1, gamma=0.5), 4) == [0.5, 0.25, 0.125, 0.0625]


def test_cosine_lr():
    found = rates(lambda optimizer: CosineLR(optimizer, 10), 13)
    expected = [0.25 * (1 + math.cos(math.pi * min(t, 10) / 10)) for t in range(13)]
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_cosine_lr_stays_at_the_least():
    found = rates(lambda optimizer: CosineLR(optimizer, 4, least=0.1), 8, lr=2.0)
    assert found[0] == 2.0
    assert found == sorted(found, reverse=True)
    np.testing.assert_allclose(found[4:], 0.2)


def test_warmup_lr():
    np.testing.assert_allclose(rates(lambda o: WarmupLR(o, 5), 8, lr=1.0), [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1])
    assert rates(lambda o: WarmupLR(o, 1), 3) == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("outer_first", [True, False])
def test_schedules_multiply(outer_first):
    def both(optimizer):
        if outer_first:
            return WarmupLR(StepLR(CosineLR(optimizer, 6), 2, 0.5), 3)
        return CosineLR(StepLR(WarmupLR(optimizer, 3), 2, 0.5), 6)

    expected = [
        0.5 * min((t + 1) / 3, 1) * 0.5 ** (t // 2) * (1 + math.cos(math.pi * t / 6)) / 2 for t in range(7)
    ]
    np.testing.assert_allclose(rates(both, 7), expected, atol=1e-15)


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        (SGD(1.0), "lr"),
        (MomentumSGD(1.0), "lr"),
        (AdaGrad(1.0), "lr"),
        (Adam(1.0), "alpha"),
        (AdamW(1.0), "alpha"),
    ],
)
def test_it_is_the_optimizers_rate_that_changes(optimizer, name):
    schedule = StepLR(optimizer, 1, 0.5)
    assert schedule.optimizer is optimizer
    schedule.step()
    assert getattr(optimizer, name) == 0.5
    assert schedule.t == 1


def test_the_next_update_takes_the_rate():
    linear = L.Linear(1, in_size=1, nobias=True, dtype=np.float64)
    linear.W.data = np.array([[4.0]])
    optimizer = SGD(1.0).setup(linear)
    schedule = WarmupLR(optimizer, 2)
    found = []
    for _ in range(3):
        linear.W.grad = Variable(np.ones((1, 1)))
        optimizer.update()
        schedule.step()
        found.append(linear.W.item())
    assert found == [3.5, 2.5, 1.5]


def test_a_numpy_rate_becomes_a_python_number():
    optimizer = SGD(lr=np.float64(0.5))
    StepLR(optimizer, 2, gamma=np.float64(0.5)).step()
    assert type(optimizer.lr) is float


def test_your_own_schedule_on_your_own_optimizer():
    class Mine(Optimizer):
        rate_name = "speed"
        speed = 8.0

    class Half(Schedule):
        def factor(self, t):
            return 0.5**t

    optimizer = Mine()
    Half(optimizer).step()
    assert optimizer.speed == 4.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: StepLR(o, 0), ValueError, "step_size must be at least 1; got 0"),
        (lambda o: StepLR(o, 1.0), TypeError, "step_size must be an integer"),
        (lambda o: StepLR(o, 1, -0.1), ValueError, "gamma must be at least 0; got -0.1"),
        (lambda o: CosineLR(o, 0), ValueError, "steps must be at least 1; got 0"),
        (lambda o: CosineLR(o, 5, 1.0), ValueError, "least must be at least 0 and below 1; got 1.0"),
        (lambda o: WarmupLR(o, 0), ValueError, "steps must be at least 1; got 0"),
        (lambda o: WarmupLR(0.1, 5), TypeError, "target must be an Optimizer or a Schedule; got float"),
        (lambda o: StepLR(AdaDelta(), 5), TypeError, "AdaDelta has no learning rate"),
        (lambda o: Schedule(o), NotImplementedError, "Schedule does not define factor"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make(SGD())

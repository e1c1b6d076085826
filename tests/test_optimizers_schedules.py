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
    OneCycleLR,
    Optimizer,
    ReduceLROnPlateau,
    RMSprop,
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


def test_cosine_lr_stays_at_the_minimum():
    found = rates(lambda optimizer: CosineLR(optimizer, 4, least=0.1), 8, lr=2.0)
    assert found[0] == 2.0
    assert found == sorted(found, reverse=True)
    np.testing.assert_allclose(found[4:], 0.2)


def test_warmup_lr():
    np.testing.assert_allclose(rates(lambda o: WarmupLR(o, 5), 8, lr=1.0), [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1])
    assert rates(lambda o: WarmupLR(o, 1), 3) == [0.5, 0.5, 0.5]


# PyTorch 2's OneCycleLR, max_lr 0.5 and div_factor 10, after each step.
ONE_CYCLE = {
    (8, 0.5, 100.0): [0.05, 0.1625, 0.3875, 0.5, 0.4268499, 0.25025, 0.07365008, 0.0005],
    (5, 0.3, 1000.0): [0.05, 0.4752447, 0.3056497, 0.09416814, 5e-05],
    (4, 0.0, 10.0): [0.4275089, 0.2525, 0.07749107, 0.005],
    (4, 1.0, 10.0): [0.05, 0.1625, 0.3875, 0.5],
}


@pytest.mark.parametrize(("arguments", "expected"), ONE_CYCLE.items(), ids=str)
def test_one_cycle_lr_equals_pytorch(arguments, expected):
    total_steps, pct_start, final_div_factor = arguments

    def make(optimizer):
        return OneCycleLR(optimizer, total_steps, pct_start, 10, final_div_factor)

    np.testing.assert_allclose(rates(make, total_steps), expected, rtol=1e-6)


@pytest.mark.parametrize("pct_start", [0.0, 0.2, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("total_steps", [1, 2, 5, 10, 37])
def test_one_cycle_lr_rises_falls_and_stays(total_steps, pct_start):
    found = rates(lambda o: OneCycleLR(o, total_steps, pct_start), total_steps + 3)
    top = int(np.argmax(found))
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)
    assert max(found) <= 0.5
    assert found[total_steps - 1 :] == [found[total_steps - 1]] * 4
    if pct_start < 1:
        assert found[-1] == pytest.approx(0.5 / 25 / 1e4)


def plateau(losses, lr=1.0, **settings):
    """The rate after each loss."""
    optimizer = SGD(lr)
    schedule = ReduceLROnPlateau(optimizer, **settings)
    found = []
    for loss in losses:
        schedule.step(loss)
        found.append(optimizer.lr)
    return found


def test_reduce_lr_on_plateau():
    losses = [5.0, 4.0, 4.0, 4.1, 4.0, 3.0, 3.0, 3.0, 3.0]
    assert plateau(losses, factor=0.5, patience=2) == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]
    assert plateau(losses, factor=0.5, patience=0) == [
        *[1, 1, 0.5, 0.25, 0.125],
        *[0.125, 0.0625, 0.03125, 0.015625],
    ]
    mirrored = [-loss for loss in losses]
    assert plateau(mirrored, factor=0.5, patience=2, mode="max") == plateau(losses, factor=0.5, patience=2)


def test_reduce_lr_on_plateau_threshold():
    settings = {"factor": 0.5, "patience": 0}
    assert plateau([4.0, 3.7, 3.5], threshold=0.1, **settings) == [1, 0.5, 0.5]
    assert plateau([4.0, 3.7, 3.5], threshold=0.4, threshold_mode="abs", **settings) == [1, 0.5, 0.5]
    assert plateau([4.0, 4.5, 4.3], threshold=0.1, mode="max", **settings) == [1, 1, 0.5]
    assert plateau([-4.0, -4.3, -4.5], threshold=0.1, **settings) == [1, 0.5, 0.5]
    assert plateau([math.nan, 2.0, math.nan, math.inf], **settings) == [0.5, 0.5, 0.25, 0.125]


def test_reduce_lr_on_plateau_cooldown_and_min_lr():
    same = [1.0] * 8
    assert plateau(same, factor=0.5, patience=0, cooldown=2) == [1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]
    assert plateau(same, factor=0.1, patience=0, min_lr=0.05)[-3:] == [0.05] * 3
    assert plateau(same, lr=0.01, factor=0.1, patience=0, min_lr=0.05) == [0.01] * 8


def test_reduce_lr_on_plateau_accepts_variables():
    schedule = ReduceLROnPlateau(SGD())
    schedule.step(Variable(np.array(2.5, np.float32)))
    assert (schedule.best, type(schedule.best)) == (2.5, float)
    with pytest.raises(TypeError, match=r"metrics must be a number, such as loss.item\(\); got None"):
        schedule.step(None)


def test_reduce_lr_on_plateau_multiplies_another_schedule():
    optimizer = SGD(8.0)
    schedule = ReduceLROnPlateau(WarmupLR(optimizer, 4), factor=0.5, patience=0)
    found = []
    for _ in range(5):
        schedule.step(1.0)
        found.append(optimizer.lr)
    assert found == [4.0, 3.0, 2.0, 1.0, 0.5]


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
        (RMSprop(1.0), "lr"),
        (Adam(1.0), "alpha"),
        (AdamW(1.0), "alpha"),
    ],
)
def test_schedule_sets_the_rate_of_the_optimizer(optimizer, name):
    schedule = StepLR(optimizer, 1, 0.5)
    assert schedule.optimizer is optimizer
    schedule.step()
    assert getattr(optimizer, name) == 0.5
    assert schedule.t == 1


def test_next_update_uses_the_rate():
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


def test_user_defined_schedule_and_optimizer():
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
        (lambda o: OneCycleLR(o, 0), ValueError, "total_steps must be at least 1; got 0"),
        (lambda o: OneCycleLR(o, 9, 1.1), ValueError, "pct_start must be from 0 to 1; got 1.1"),
        (lambda o: OneCycleLR(o, 9, div_factor=0.5), ValueError, "div_factor must be at least 1; got 0.5"),
        (lambda o: OneCycleLR(o, 9, final_div_factor=0), ValueError, "final_div_factor must be at least 1"),
        (
            lambda o: ReduceLROnPlateau(o, "least"),
            ValueError,
            "mode must be one of 'min', 'max'; got 'least'",
        ),
        (
            lambda o: ReduceLROnPlateau(o, factor=1),
            ValueError,
            "factor must be at least 0 and below 1; got 1",
        ),
        (
            lambda o: WarmupLR(ReduceLROnPlateau(o), 3),
            TypeError,
            "WarmupLR cannot wrap a ReduceLROnPlateau",
        ),
        (lambda o: ReduceLROnPlateau(o, patience=-1), ValueError, "patience must be at least 0; got -1"),
        (lambda o: ReduceLROnPlateau(o, patience=0.5), TypeError, "patience must be an integer; got 0.5"),
        (lambda o: ReduceLROnPlateau(o, threshold=-1), ValueError, "threshold must be at least 0; got -1"),
        (
            lambda o: ReduceLROnPlateau(o, threshold_mode="both"),
            ValueError,
            "threshold_mode must be one of 'rel', 'abs'; got 'both'",
        ),
        (lambda o: ReduceLROnPlateau(o, cooldown=-1), ValueError, "cooldown must be at least 0; got -1"),
        (lambda o: ReduceLROnPlateau(o, min_lr=-1), ValueError, "min_lr must be at least 0; got -1"),
        (lambda o: WarmupLR(o, 0), ValueError, "steps must be at least 1; got 0"),
        (lambda o: WarmupLR(0.1, 5), TypeError, "target must be an Optimizer or a Schedule; got float"),
        (lambda o: StepLR(AdaDelta(), 5), TypeError, "learning rate; AdaDelta has none"),
        (lambda o: Schedule(o), NotImplementedError, "Schedule does not define factor"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make(SGD())


def test_unnested_schedules_cannot_alternate():
    optimizer = SGD(1.0)
    warmup, cosine = WarmupLR(optimizer, 5), CosineLR(optimizer, 100)
    warmup.step()
    cosine.step()
    rate = optimizer.lr
    with pytest.raises(RuntimeError, match=r"nest them, WarmupLR\(CosineLR\(optimizer, \.\.\.\), \.\.\.\)"):
        warmup.step()
    assert (warmup.t, optimizer.lr) == (1, rate)


def test_a_refused_step_of_a_plateau_changes_nothing():
    optimizer = SGD(1.0)
    plateau, warmup = ReduceLROnPlateau(optimizer, patience=0), WarmupLR(optimizer, 5)
    plateau.step(1.0)
    warmup.step()
    before = vars(plateau).copy()
    with pytest.raises(RuntimeError, match="nest them"):
        plateau.step(2.0)
    assert vars(plateau) == before


@pytest.mark.parametrize("gamma", [10.0, np.float64(10)])
def test_nonfinite_rate_changes_nothing(gamma):
    optimizer = SGD(1.0)
    schedule = StepLR(optimizer, 1, gamma)
    for _ in range(308):
        schedule.step()
    for _ in range(2):
        with pytest.raises(ValueError, match="the lr after 309 steps must be a finite number; got inf"):
            schedule.step()
        assert (schedule.t, optimizer.lr) == (308, pytest.approx(1e308))


def test_consecutive_schedules():
    optimizer = SGD(1.0)
    for make, last in ((WarmupLR, 1), (CosineLR, 0)):
        schedule = make(optimizer, 10)
        for _ in range(10):
            schedule.step()
        assert optimizer.lr == pytest.approx(last)


def test_inner_schedule_may_be_stepped():
    outer = WarmupLR(CosineLR(SGD(1.0), 100), 5)
    for _ in range(3):
        outer.step()
        outer.inner.step()
    outer.step()
    assert outer.optimizer.lr == pytest.approx(0.5 * (1 + math.cos(math.pi * 4 / 100)))  # the warm-up is over


def test_plateau_with_an_invalid_inner_factor_changes_nothing():
    class Lost(StepLR):
        def factor(self, t):
            return 1.0 if t < 2 else float("nan")

    plateau = ReduceLROnPlateau(Lost(SGD(1.0), 1), patience=0)
    plateau.step(1.0)
    before = vars(plateau).copy()
    for _ in range(2):
        with pytest.raises(ValueError, match="the lr after 2 steps must be a finite number; got nan"):
            plateau.step(2.0)
        assert vars(plateau) == before

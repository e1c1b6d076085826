"""backends/webgpu/capture.py: a replayed step equals the step."""

import copy
import functools
from typing import NamedTuple

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, grad, no_grad, seed
from pyconvlite.backends import host_scalars, webgpu
from pyconvlite.models import LeNet, Sequential
from pyconvlite.optimizers import (
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    ClipGrad,
    CosineLR,
    MomentumSGD,
    RMSprop,
    WarmupLR,
    WeightDecay,
)
from pyconvlite.utils import rng as rng_of_the_package

rng = np.random.default_rng(0)
batches = [
    (rng.random((4, 1, 8, 8)).astype(np.float32), rng.integers(0, 3, 4).astype(np.int32)) for _ in range(8)
]


def classifying(model, optimizer):
    """A step of training."""

    def step(x, t):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step


def trainer(optimizer, *layers):
    seed(0)
    model = Sequential(
        L.Conv2d(4, 3, pad=1, in_channels=1),
        L.BatchNorm(4),
        F.relu,
        L.MaxPool(2, 2),
        L.Flatten(),
        *layers,
        L.Linear(3, in_size=64),
    )
    model.to_gpu()
    optimizer.setup(model)

    return classifying(model, optimizer), model


def run(step, count):
    losses = []
    for i in range(count):
        x, t = batches[i % len(batches)]
        losses.append(step(webgpu.asarray(x), webgpu.asarray(t)))
    return [float(loss) for loss in losses]


@pytest.mark.parametrize("make", [SGD, MomentumSGD, Adam, AdamW])
def test_replay_is_bit_identical_to_eager_steps(make):
    step, model = trainer(make(0.01))
    expected = run(step, 12)
    captured, twin = trainer(make(0.01))
    fast = webgpu.capture(captured)
    assert run(fast, 12) == expected
    assert_same_weights(model, twin)


def test_layer_unfrozen_later():
    """The learning rate, too, is read at each replay."""

    def make():
        step, model = trainer(Adam(0.01))
        model.freeze("layers/0")
        run(step, 3)
        model.unfreeze()
        return step, model

    (step, model), (captured, twin) = make(), make()
    expected = run(step, 8)
    assert run(webgpu.capture(captured), 8) == expected
    assert_same_weights(model, twin)


def test_layers_with_constants():
    layers = (
        L.SeparableConv2d(4, 3, 2, "same", in_channels=4, pad_mode="reflect"),
        L.GroupNorm(2, 4),
        L.PReLU(4),
        L.Upsample((3, 5), mode="bilinear", align_corners=True),
        L.AdaptiveMaxPool(2),
        L.Flatten(),
        L.LayerNorm(16),
    )

    def make():
        seed(0)
        model = Sequential(L.Conv2d(4, 3, in_channels=1), *copy.deepcopy(layers), L.Linear(3, in_size=16))
        model.to_gpu()
        optimizer = Adam(0.01).setup(model)

        return classifying(model, optimizer)

    expected = run(make(), 8)
    assert len(set(expected)) == 8
    assert run(webgpu.capture(make()), 8) == expected


def test_failed_step_is_recorded_again():
    step, model = trainer(Adam(0.01))
    expected = run(step, 6)
    captured, twin = trainer(Adam(0.01))
    calls = iter(range(9))

    def failing(x, t):
        if next(calls) in (0, 2, 4):  # the first call, the first that is recorded, and the second
            raise ZeroDivisionError
        return captured(x, t)

    fast = webgpu.capture(failing)

    def patient(x, t):
        try:
            return fast(x, t)
        except ZeroDivisionError:
            return fast(x, t)

    assert run(patient, 6) == expected
    assert_same_weights(model, twin)


def test_hundreds_of_replays():
    """A net with batch norm, dropout and Adam, which read random keys and a count from the host."""
    dropping = [F.dropout, lambda x: F.dropout(x, 0.1)]
    optimizer, twins = Adam(0.001), Adam(0.001)
    step, model = trainer(optimizer, *dropping)
    captured, twin = trainer(twins, *dropping)
    fast = webgpu.capture(captured)
    data = [tuple(map(webgpu.asarray, batch)) for batch in batches]

    def hundreds(step):
        seed(3)
        losses = [step(*data[k % len(data)]).data for k in range(3)]
        before = webgpu.memory()
        losses += [step(*data[k % len(data)]).data for k in range(3, 303)]
        after = webgpu.memory()
        assert after["reads"] == before["reads"]
        assert after["live"] == before["live"] + 300 * losses[0].buffer.bytes
        return webgpu.concatenate([loss.reshape(1) for loss in losses]).get(), rng_of_the_package().random()

    found, drawn = hundreds(fast)
    expected, drawn_by_steps = hundreds(step)
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).all()
    assert_same_weights(model, twin)
    for state, twin_state in ((optimizer.ms, twins.ms), (optimizer.vs, twins.vs)):
        for param, other in zip(model.params(), twin.params(), strict=True):
            assert (param in state) == (other in twin_state)
            if param in state:
                np.testing.assert_array_equal(state[param].get(), twin_state[other].get())
    assert optimizer.t == twins.t == 303
    assert drawn == drawn_by_steps


def gradient_penalty():
    """A step of WGAN-GP's critic, which differentiates twice."""
    seed(0)
    critic = Sequential(
        L.Conv2d(4, 3, stride=2, pad=1, in_channels=1), F.leaky_relu, F.flatten, L.Linear(1, in_size=64)
    )
    critic.to_gpu()
    optimizer = Adam(0.01).setup(critic)

    def step(real, fake, share):
        point = Variable(share * real + (1 - share) * fake)
        (gx,) = grad(critic(point).sum(), [point], create_graph=True)
        length = F.sqrt(F.sum(gx * gx, axis=(1, 2, 3)) + 1e-12)
        loss = F.mean(critic(fake) - critic(real)) + 10 * F.mean((length - 1) ** 2)
        critic.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step, critic


def lenet():
    seed(0)
    model = LeNet()
    with no_grad():
        model(np.zeros((1, 1, 28, 28), np.float32))
    model.to_gpu()
    optimizer = Adam(0.01).setup(model)

    return classifying(model, optimizer), model


def images(*shape):
    return rng.random(shape, np.float32)


@pytest.mark.parametrize(
    ("make", "batch"),
    [
        (gradient_penalty, lambda: (images(4, 1, 8, 8), images(4, 1, 8, 8), images(4, 1, 1, 1))),
        (lenet, lambda: (images(4, 1, 28, 28), rng.integers(0, 10, 4))),
    ],
)
def test_replay_reads_nothing_back(make, batch):
    (step, model), (captured, twin) = make(), make()
    fast = webgpu.capture(captured)
    data = [tuple(map(webgpu.asarray, batch())) for _ in range(8)]
    before = webgpu.memory()["reads"]
    pairs = [(step(*arrays), fast(*arrays)) for arrays in data]
    assert webgpu.memory()["reads"] == before
    assert [float(loss) for loss, _ in pairs] == [float(loss) for _, loss in pairs]
    assert_same_weights(model, twin)


def assert_same_weights(model, twin):
    for a, b in zip(model.params(), twin.params(), strict=True):
        np.testing.assert_array_equal(a.data.get(), b.data.get())


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("make", [SGD, Adam, AdaGrad])
def test_schedules(make, inside):
    """Whether the schedule steps within the step or around it."""

    def scheduled():
        optimizer = make(0.1)
        optimizer.add_hook(WeightDecay(0.01))
        schedule = WarmupLR(CosineLR(optimizer, 10), 4)
        step, model = trainer(optimizer)

        def with_schedule(x, t):
            loss = step(x, t)
            schedule.step()
            return loss

        if inside:
            return with_schedule, lambda f: f, model, schedule
        return step, lambda f: lambda x, t: (f(x, t), schedule.step())[0], model, schedule

    step, around, model, schedule = scheduled()
    expected = run(around(step), 12)
    captured, around, twin, twins = scheduled()
    assert run(around(webgpu.capture(captured)), 12) == expected
    assert_same_weights(model, twin)
    assert (schedule.t, schedule.optimizer.lr) == (twins.t, twins.optimizer.lr)


def test_accumulated_gradients():
    """Two parts of a batch, and one update."""

    def accumulating():
        optimizer = RMSprop(0.01)
        _, model = trainer(optimizer)

        def step(x, t):
            model.cleargrads()
            losses = [F.softmax_cross_entropy(model(x[i : i + 2]), t[i : i + 2]) / 2 for i in (0, 2)]
            for loss in losses:
                loss.backward()
            optimizer.update()
            return losses[0] + losses[1]

        return step, model

    (step, model), (captured, twin) = accumulating(), accumulating()
    assert run(webgpu.capture(captured), 8) == run(step, 8)
    assert_same_weights(model, twin)


SETTINGS = {
    "SGD": (SGD, {"lr": 0.02}),
    "MomentumSGD": (MomentumSGD, {"lr": 0.02, "momentum": 0.5}),
    "Adam": (Adam, {"alpha": 0.02, "beta1": 0.5, "beta2": 0.9, "eps": 0.1}),
    "AdamW": (AdamW, {"alpha": 0.02, "weight_decay": 0.3}),
    "AdaGrad": (AdaGrad, {"lr": 0.02, "eps": 0.1}),
    "RMSprop": (RMSprop, {"lr": 0.02, "alpha": 0.5, "eps": 0.1, "momentum": 0.5}),
    "AdaDelta": (AdaDelta, {"rho": 0.5, "eps": 0.1}),
}


@pytest.mark.parametrize(("make", "settings"), SETTINGS.values(), ids=SETTINGS)
def test_settings_changed_between_replays(make, settings):
    def losses(wrap):
        optimizer, decay, clip = make(), WeightDecay(0.1), ClipGrad(10.0)
        optimizer.add_hook(decay)
        optimizer.add_hook(clip)
        step, model = trainer(optimizer)
        step = wrap(step)
        found = run(step, 5)
        for name, value in settings.items():
            setattr(optimizer, name, value)
            found += run(step, 2)
        decay.rate, clip.max_norm = 0.2, 0.05
        found += run(step, 2)
        return found, model

    expected, model = losses(lambda step: step)
    found, twin = losses(webgpu.capture)
    assert found == expected
    assert_same_weights(model, twin)


def test_host_numbers_are_read_at_each_replay():
    count = iter(range(100))

    def step(x):
        (n,) = host_scalars(lambda: (next(count),))
        return x * (1 - n) + (-n) ** 2 / 4 + x ** (n + 1)

    fast = webgpu.capture(step)
    x = np.array([1.0, 2.0, 3.0], np.float32)
    for n in range(8):
        expected = x * (1 - n) + n**2 / 4 + x ** (n + 1)
        np.testing.assert_allclose(fast(webgpu.asarray(x)).get(), expected, rtol=1e-5)


class Both(NamedTuple):
    doubled: object
    rest: object


def test_dict_and_namedtuple_results_are_new_arrays():
    fast = webgpu.capture(lambda x: Both(x * 2, {"sum": x + 1}))
    results = [fast(webgpu.asarray(np.full(3, k, np.float32))) for k in range(5)]
    for k, result in enumerate(results):
        np.testing.assert_array_equal(result.doubled.get(), [2 * k] * 3)
        np.testing.assert_array_equal(result.rest["sum"].get(), [k + 1] * 3)


def test_results_are_new_arrays():
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


def test_reassigned_parameters_are_detected():
    step, model = trainer(SGD(0.01))
    fast = webgpu.capture(step)
    run(fast, 4)
    weights = [p.data.get() * 0 for p in model.params()]
    for param, data in zip(model.params(), weights, strict=True):
        param.data = webgpu.asarray(data)
    assert run(fast, 1) == pytest.approx([np.log(3)], rel=1e-5)


class TestRefuses:
    def test_other_shapes_are_refused(self):
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

    def test_reading_back_is_refused(self):
        fast = webgpu.capture(lambda x: x * float(x.sum()))
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="reads"):
            fast(webgpu.ones(3))

    def test_host_data_is_refused(self):
        data = iter(np.arange(9, dtype=np.float32))
        fast = webgpu.capture(lambda x: x + webgpu.asarray([next(data)]))
        fast(webgpu.ones(30))
        fast(webgpu.ones(30))
        with pytest.raises(webgpu.CaptureRefused, match="copies data to the device"):
            fast(webgpu.ones(30))

    def test_other_operations_are_refused(self):
        calls = iter(range(9))
        fast = webgpu.capture(lambda x: x * 2 if next(calls) % 2 else webgpu.exp(x))
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="different kernels"):
            fast(webgpu.ones(3))

    def test_another_number_is_refused(self):
        calls = iter(range(9))
        fast = webgpu.capture(lambda x: x * (2.0 + next(calls)))
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="number"):
            fast(webgpu.ones(3))

    def test_another_count_of_numbers_is_refused(self):
        calls = iter(range(9))
        fast = webgpu.capture(lambda x: F.dropout(x) if next(calls) % 2 else x * 2)
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="host scalars"):
            fast(webgpu.ones(3))

    def test_array_from_outside_is_refused(self):
        others = [webgpu.ones(3) for _ in range(3)]
        calls = iter(range(9))
        fast = webgpu.capture(lambda x: x * others[next(calls)])
        fast(webgpu.ones(3))
        fast(webgpu.ones(3))
        with pytest.raises(webgpu.CaptureRefused, match="argument"):
            fast(webgpu.ones(3))

    def test_arrays_on_the_cpu_are_refused(self):
        with pytest.raises(TypeError, match="on the device"):
            webgpu.capture(lambda x: x)(np.ones(3))


def test_bias_correction_counts_only_own_updates():
    """Two heads on one trunk, with a step each and one optimizer."""

    def make():
        seed(0)
        trunk, *heads = (L.Linear(4, in_size=n) for n in (3, 4, 4))
        model = Sequential(trunk, *heads)
        model.to_gpu()
        optimizer = Adam(0.1).setup(model)

        def step(head, x):
            loss = F.sum(head(F.tanh(trunk(x))) ** 2)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            return loss

        return [functools.partial(step, head) for head in heads], model

    (steps, model), ((first, second), twin) = make(), make()
    fast = [webgpu.capture(first), second]
    x = webgpu.asarray(images(5, 3))
    for i in (1, *[0] * 6, 1, 1):
        steps[i](x)
        fast[i](x)
    assert_same_weights(model, twin)

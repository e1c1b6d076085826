"""backends/webgpu/capture.py: arrays that are replaced, or held, between calls of a captured step."""

import gc

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, backends, no_grad, seed
from pyconvlite.backends import webgpu
from pyconvlite.models import Sequential
from pyconvlite.optimizers import SGD, Adam, MomentumSGD

rng = np.random.default_rng(0)
x = rng.standard_normal((4, 3), np.float32)
other = rng.standard_normal((3, 2), np.float32)


class Training:
    """A net in training; `calls` counts how often the step's Python code ran."""

    def __init__(self, captured, make=SGD, *layers):
        seed(0)
        self.model = Sequential(L.Linear(2, in_size=3), *layers)
        self.model.to_gpu()
        self.optimizer = make(0.1).setup(self.model)
        self.calls = 0
        self.x = webgpu.asarray(x)
        self._step = webgpu.capture(self._one) if captured else self._one

    def _one(self, x):
        self.calls += 1
        loss = F.sum(self.model(x) ** 2)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return loss

    def step(self, count=1):
        return [float(self._step(self.x)) for _ in range(count)]

    @property
    def linear(self):
        return self.model.layers[0]

    def weights(self):
        return [param.data.get() for param in self.model.params()]


def assert_same(training, twin):
    for a, b in zip(training.weights(), twin.weights(), strict=True):
        np.testing.assert_array_equal(a, b)


KEPT = {
    "nothing": lambda training: None,
    "the array": lambda training: training.linear.W.data,
    "a view": lambda training: training.linear.W.data[0],
    "a view of all": lambda training: training.linear.W.data.T,
    "all arrays": lambda training: [param.data for param in training.model.params()],
}
every_kept = pytest.mark.parametrize("keep", KEPT.values(), ids=KEPT)


def give(training):
    training.linear.W.data = webgpu.asarray(other)


def give_back(training):
    """Assign other arrays, then the original ones."""
    before = training.linear.W.data
    give(training)
    training.step()
    training.linear.W.data = before


def give_to_all(training):
    for param in training.model.params():
        param.data = param.data * 2


def step_by_hand(training):
    training._one(training.x)


def move(training):
    training.model.to_cpu()
    training.model.to_gpu()


CHANGES = [give, give_back, give_to_all, step_by_hand, move]


@pytest.mark.parametrize("change", CHANGES)
@every_kept
def test_replaced_weights(keep, change):
    def losses(training):
        found = training.step(5)
        kept = keep(training)
        change(training)
        return found + training.step(5), kept

    training, twin = Training(captured=True), Training(captured=False)
    (found, _), (expected, _) = losses(training), losses(twin)
    assert found == expected
    assert_same(training, twin)
    assert training.calls < twin.calls


def moments(optimizer):
    return [state for states in (optimizer.ms, optimizer.vs) for state in states.values()]


def test_replaced_optimizer_states():
    def losses(training):
        found = training.step(5)
        kept = moments(training.optimizer)
        training.optimizer.setup(training.model)
        return found + training.step(5), kept

    (found, _), (expected, _) = losses(Training(True, Adam)), losses(Training(False, Adam))
    assert found == expected


def inference(model):
    def infer(x):
        with no_grad():
            return model(x)

    return infer


@pytest.mark.parametrize("change", [give, give_to_all, step_by_hand, move])
@every_kept
def test_weights_that_are_only_read(keep, change):
    training = Training(captured=False)
    infer = inference(training.model)
    fast = webgpu.capture(infer)
    for _ in range(3):
        for _ in range(5):
            np.testing.assert_array_equal(fast(training.x).data.get(), infer(training.x).data.get())
        kept = keep(training)
        change(training)
    del kept


def test_graph_kept_until_the_next_call_is_no_change():
    model = Training(captured=False).model
    calls = []

    def infer(x):
        calls.append(x)
        return model(x).T @ Variable(webgpu.ones((4, 2)))

    fast = webgpu.capture(infer)
    for _ in range(9):
        y = fast(webgpu.asarray(x))
    assert len(calls) == 3
    del y


def test_weights_shared_by_two_captured_steps():
    """The other step is recorded again, too, so that the weights change between recordings."""

    def losses(captured):
        training = Training(captured)
        infer = inference(training.model)
        if captured:
            training.step(4)
            infer = webgpu.capture(infer)
        else:
            training.step(4)
        found = []
        for k in range(20):
            if k in (8, 9):
                give(training)
            found += [infer(training.x).data.get(), *training.step()]
        return found, training.calls

    (found, calls), (expected, _) = losses(True), losses(False)
    for y, true in zip(found, expected, strict=True):
        np.testing.assert_array_equal(y, true)
    assert calls < 12


# --------------------------------------------------------------------------------------- arrays that are held


@pytest.mark.parametrize("make", [SGD, Adam])
@every_kept
def test_held_parameter_array_is_unchanged(keep, make):
    """A step that is not captured gives Parameters new arrays; a captured one must seem to do so."""
    training, twin = Training(True, make), Training(False, make)
    pairs = []
    for _ in range(9):
        taken = keep(training)
        arrays = [] if taken is None else taken if isinstance(taken, list) else [taken]
        pairs += [(array, array.get()) for array in arrays]
        assert training.step() == twin.step()
    for array, as_it_was in pairs:
        np.testing.assert_array_equal(array.get(), as_it_was)
    assert_same(training, twin)


def test_held_moments_are_unchanged():
    training, twin = Training(True, Adam), Training(False, Adam)
    pairs = []
    for k in range(12):
        if k % 4 == 0:
            pairs += [(state, state.get()) for state in moments(training.optimizer)]
        assert training.step() == twin.step()
    for state, as_it_was in pairs:
        np.testing.assert_array_equal(state.get(), as_it_was)


def test_held_running_statistics_are_unchanged():
    training = Training(True, SGD, L.BatchNorm(2))
    taken = []
    for _ in range(9):
        mean = training.model.layers[1].avg_mean.data
        taken.append((mean, mean.get()))
        training.step()
    for mean, as_it_was in taken:
        np.testing.assert_array_equal(mean.get(), as_it_was)
    assert training.calls == 3


def test_steps_with_held_arrays_are_replayed():
    training = Training(True, Adam)
    training.step(3)
    kept = []
    for _ in range(6):
        kept.append([param.data for param in training.model.params()])
        training.step(2)
    assert training.calls == 3
    memory = webgpu.memory()
    training.step(4)
    assert training.calls == 3
    assert webgpu.memory()["live"] == memory["live"]
    replayed = webgpu.memory()["dispatches"] - memory["dispatches"]
    kept.append(training.linear.W.data)
    training.step(4)
    assert webgpu.memory()["dispatches"] - memory["dispatches"] > 2 * replayed  # one of them copies it


def test_released_array_frees_its_memory():
    training = Training(True)
    training.step(5)
    live = webgpu.memory()["live"]
    kept = training.linear.W.data
    training.step(2)
    assert webgpu.memory()["live"] > live
    del kept
    assert webgpu.memory()["live"] == live


def test_writes_in_place():
    def losses(training):
        found = training.step(5)
        training.linear.W.data[0] = 3
        return found + training.step(3)

    training = Training(captured=True)
    assert losses(training) == losses(Training(captured=False))
    assert training.calls == 3


@pytest.mark.parametrize("make", [lambda: MomentumSGD(0.01), lambda: Adam(0.01)])
def test_optimizer_after_setup(make):
    def weights(wrap):
        model, optimizer = L.Linear(1, in_size=2), make()
        model.W.data[...] = 1
        model.to_gpu()
        optimizer.setup(model)

        def step(x):
            loss = F.sum(model(x) ** 2)
            model.cleargrads()
            loss.backward()
            optimizer.update()

        run, x = wrap(step), webgpu.asarray(np.ones((1, 2), np.float32))
        gc.disable()
        try:
            for change in (lambda: None, optimizer.reset, lambda: optimizer.setup(model)):
                change()
                for _ in range(6):
                    run(x)
        finally:
            gc.enable()
        return model.W.data.get()

    np.testing.assert_array_equal(weights(webgpu.capture), weights(lambda step: step))


def test_gradients_after_a_replay():
    model = L.Linear(1, in_size=2)
    model.to_gpu()

    def step(x):
        loss = F.sum(model(x) ** 2)
        model.cleargrads()
        loss.backward()
        return loss

    fast, x = webgpu.capture(step), webgpu.asarray(np.ones((1, 2), np.float32))
    for _ in range(5):
        fast(x)
    expected = model.W.grad.data.get()
    for change in (model.cleargrads, lambda: F.sum(model(x)).backward()):
        change()
        fast(x)
        np.testing.assert_array_equal(model.W.grad.data.get(), expected)


def test_gradients_cleared_outside_the_step():
    def gradients(wrap):
        model = L.Linear(1, in_size=2)
        model.W.data[...] = 1
        model.to_gpu()
        step, x = wrap(lambda x: F.sum(model(x) ** 2).backward()), webgpu.asarray(np.ones((1, 2), np.float32))
        found = []
        for i in range(12):
            if i in (5, 9):
                model.cleargrads()
            step(x)
            found.append(model.W.grad.data.get())
        return found

    np.testing.assert_array_equal(gradients(webgpu.capture), gradients(lambda step: step))


def test_nested_captured_steps():
    inner = webgpu.capture(lambda a: a * 2)
    outer = webgpu.capture(lambda a: inner(a) + 1)
    assert [outer(webgpu.full(1, float(i))).item() for i in range(7)] == [1, 3, 5, 7, 9, 11, 13]


def test_optimizer_state_moves_with_the_model():
    def weights(*moves):
        seed(0)
        model, optimizer = L.Linear(1, in_size=2), Adam(0.01)
        optimizer.setup(model)
        for move in moves:
            F.sum(model(backends.to_device_of(model.W.data, np.ones((1, 2), np.float32))) ** 2).backward()
            move(model)  # with the gradient
            optimizer.update()
            model.cleargrads()
        model.to_cpu()
        return model.W.data

    there = weights(L.Layer.to_gpu, L.Layer.to_cpu, L.Layer.to_gpu, L.Layer.to_cpu)
    np.testing.assert_allclose(there, weights(*[L.Layer.to_cpu] * 4), rtol=1e-5)

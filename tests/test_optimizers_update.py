"""optimizers/base.py: an update that fails changes nothing."""

import numpy as np
import pytest
from shorthands import OPTIMIZERS

import pyconvlite.layers as L
from pyconvlite import Parameter, Variable
from pyconvlite.optimizers import (
    SGD,
    Adam,
    ClipGrad,
    Elementwise,
    MomentumSGD,
    WeightDecay,
)

alls = pytest.mark.parametrize("make", OPTIMIZERS)


class Four(L.Layer):
    """Four Parameters with gradients."""

    def __init__(self):
        for i in range(4):
            W = Parameter(np.arange(3.0) + i, f"W{i}")
            W.grad = Variable(np.full(3, 0.5))
            setattr(self, W.name, W)


def ready(make):
    """A model, and an optimizer after one step."""
    model = Four()
    optimizer = make().setup(model)
    optimizer.update()
    return model, optimizer


def state(model, optimizer):
    """Copies of the weights, gradients, moments and numbers."""
    memories = [dict(getattr(optimizer, name)) for name in getattr(optimizer, "states", ())]
    arrays = [[memory[param].copy() for param in model.params() if param in memory] for memory in memories]
    numbers = {name: value for name, value in vars(optimizer).items() if isinstance(value, float | int)}
    return [(param.data.copy(), param.grad.data) for param in model.params()], arrays, numbers


@alls
def test_integers_are_not_trained(make):
    model = Four()
    model.W2.data = np.arange(3)
    before = state(model, make())
    with pytest.raises(TypeError, match=r"W2 must have floats to be trained; got int.*astype\(np.float32\)"):
        make().setup(model).update()
    np.testing.assert_equal(state(model, make()), before)


@alls
@pytest.mark.parametrize("shape", [(1,), (), (1, 3), (2, 3), (4,)], ids=str)
def test_gradient_of_another_shape_changes_nothing(make, shape):
    model, optimizer = ready(make)
    model.W2.grad = Variable(np.ones(shape))
    before = state(model, optimizer)
    with pytest.raises(ValueError, match=r"gradient of W2 must have its shape \(3,\); got \("):
        optimizer.update()
    np.testing.assert_equal(state(model, optimizer), before)


def test_gradient_that_is_not_a_variable_is_refused():
    model, optimizer = ready(SGD)
    model.W1.grad = np.ones(3)
    with pytest.raises(
        TypeError, match=r"gradient of W1 must be a Variable; got ndarray: wrap it in Variable"
    ):
        optimizer.update()


@alls
def test_error_at_the_third_parameter_changes_nothing(make):
    class Failing(make):
        def update_one(self, param):
            if param.name == "W2" and self.fails:
                raise ZeroDivisionError
            super().update_one(param)

    Failing.fails = False
    model, optimizer = ready(Failing)
    before = state(model, optimizer)
    Failing.fails = True
    with pytest.raises(ZeroDivisionError):
        optimizer.update()
    np.testing.assert_equal(state(model, optimizer), before)


def fails_after_w2(make):
    class Failing(make):
        def update_one(self, param):
            super().update_one(param)
            if param.name == "W2":
                raise ZeroDivisionError

    return Failing()


@alls
def test_failed_first_update_leaves_no_states(make):
    model = Four()
    optimizer = fails_after_w2(make).setup(model)
    with pytest.raises(ZeroDivisionError):
        optimizer.update()
    assert [len(getattr(optimizer, name)) for name in optimizer.states] == [0] * len(optimizer.states)


def test_hook_that_changes_a_shape_is_undone():
    def shrink(params):
        params[0].grad = Variable(np.ones(1))

    model, optimizer = ready(Adam)
    optimizer.add_hook(WeightDecay(0.1))
    optimizer.add_hook(ClipGrad(0.1))
    optimizer.add_hook(shrink)
    before = state(model, optimizer)
    with pytest.raises(ValueError, match=r"gradient of W0 must have its shape \(3,\); got \(1,\)"):
        optimizer.update()
    np.testing.assert_equal(state(model, optimizer), before)


def test_hook_that_removes_itself():
    called = []

    def once(params):
        called.append("once")
        optimizer.hooks.remove(once)

    optimizer = SGD(lr=0.1).setup(L.Linear(3, in_size=2))
    optimizer.add_hook(once)
    optimizer.add_hook(lambda params: called.append("always"))
    optimizer.update()
    optimizer.update()
    assert called == ["once", "always", "always"]


def test_gradient_data_replaced_by_a_hook_is_restored():
    def double(params):
        for param in params:
            param.grad.data = param.grad.data * 2

    def fails(params):
        raise RuntimeError

    model, optimizer = ready(SGD)
    optimizer.add_hook(double)
    optimizer.add_hook(fails)
    before = state(model, optimizer)
    with pytest.raises(RuntimeError):
        optimizer.update()
    np.testing.assert_equal(state(model, optimizer), before)


def test_a_gradient_of_a_parameter_without_data_is_refused():
    layer = L.Linear(2)
    layer.W.grad = Variable(np.ones((3, 2)))
    with pytest.raises(ValueError, match="W has a gradient but no data"):
        SGD().setup(layer).update()


def test_failed_update_is_not_a_change_of_data():
    model, optimizer = ready(SGD)
    loss = (model.W0 * model.W1).sum()
    model.W2.grad = Variable(np.ones(1))
    with pytest.raises(ValueError, match="W2"):
        optimizer.update()
    loss.backward()


def test_older_graph_is_valid_after_a_failed_update():
    model = Four()
    optimizer = fails_after_w2(SGD).setup(model)
    y = (model.W0 * model.W0).sum()
    with pytest.raises(ZeroDivisionError):
        optimizer.update()
    model.cleargrads()
    y.backward()
    np.testing.assert_array_equal(model.W0.grad.data, 2 * model.W0.data)


@pytest.mark.parametrize(
    "rule",
    [
        lambda rows: [W - g for W, g in rows],
        lambda rows: [(W - g,) for W, g in rows][1:],
        lambda rows: [(W - g, g) for W, g in rows],
        lambda rows: [(W[:1],) for W, g in rows],
        lambda rows: [((W - g).tolist(),) for W, g in rows],
        lambda rows: [(Variable(W - g),) for W, g in rows],
    ],
    ids=["no tuples", "too few", "a state more", "another shape", "lists", "Variables"],
)
def test_result_of_a_user_defined_rule_is_checked(rule):
    class Own(Elementwise):
        def rule(self, settings, rows):
            return rule(rows)

    layer = L.Linear(3, in_size=2)
    optimizer = Own().setup(layer)
    layer(np.ones((1, 2), np.float32)).sum().backward()
    before = layer.W.data.copy()
    with pytest.raises(ValueError, match=r"Own\.rule must return a tuple for each row, .* for shapes \["):
        optimizer.update()
    np.testing.assert_array_equal(layer.W.data, before)


def test_user_defined_rule_may_be_a_generator():
    class Own(Elementwise):
        def rule(self, settings, rows):
            for W, g in rows:
                yield (W - g,)

    class Other(MomentumSGD):
        def rule(self, settings, rows):
            return [(W.sum(), v) for W, g, v in rows]

    layer = L.Linear(3, in_size=2)
    layer(np.ones((1, 2), np.float32)).sum().backward()
    expected = layer.W.data - 1
    Own().setup(layer).update()
    np.testing.assert_array_equal(layer.W.data, expected)
    with pytest.raises(ValueError, match=r"Other\.rule must return a tuple for each row"):
        Other().setup(layer).update()

"""layers/hooks.py, and Layer's methods for inspecting and freezing a model."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Variable, grad
from pyconvlite.models import Sequential, summary
from pyconvlite.optimizers import MomentumSGD

X = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)


class Both(Layer):
    def forward(self, x, y):
        return x + y, x * y


def test_hook_gets_layer_inputs_and_output():
    calls = []
    layer = Both()
    layer.register_forward_hook(lambda *call: calls.append(call))
    ys = layer(X, 2.0)
    ((seen, inputs, outputs),) = calls
    assert seen is layer
    assert inputs[0] is X
    assert inputs[1] == 2.0
    assert outputs == ys


def test_hooks_run_in_order_and_may_replace_the_output():
    relu = L.ReLU()
    relu.register_forward_hook(lambda layer, inputs, y: y + 1)
    second = relu.register_forward_hook(lambda layer, inputs, y: y * 2)
    x = Variable(np.array([-1.0, 3.0]))
    y = relu(x)
    np.testing.assert_array_equal(y.data, [2, 8])
    np.testing.assert_array_equal(grad(y, x)[0].data, [0, 2])
    assert relu.outputs[0]() is y
    second.remove()
    second.remove()
    np.testing.assert_array_equal(relu(x).data, [1, 4])


def test_prepended_hook_gets_the_output_of_forward():
    relu, seen = L.ReLU(), []
    relu.register_forward_hook(lambda layer, inputs, y: y + 1)
    relu.register_forward_hook(lambda layer, inputs, y: seen.append(float(y.data)), prepend=True)
    assert float(relu(np.array(2.0)).data) == 3
    assert seen == [2]


def test_handle_is_a_context_manager():
    seen = []
    relu = L.ReLU()

    def once(layer, inputs, y):
        handle.remove()
        seen.append("once")

    handle = relu.register_forward_hook(once)
    with relu.register_forward_hook(lambda *_: seen.append("inside")):
        relu(X)
    relu(X)
    assert seen == ["once", "inside"]


def test_hook_collects_activations_and_gradients():
    model = Sequential(L.Conv2d(4, 3), L.ReLU(), L.GlobalAvgPool(), L.Flatten(), L.Linear(2))
    kept = {}
    with model.layers[1].register_forward_hook(lambda layer, inputs, y: kept.update(map=y)):
        scores = model(np.ones((1, 1, 6, 5), np.float32))
    (slopes,) = grad(scores[0, 1], kept["map"])
    assert slopes.shape == kept["map"].shape == (1, 4, 4, 3)
    expected = np.broadcast_to(model.layers[4].W.data[:, 1].reshape(1, 4, 1, 1) / 12, (1, 4, 4, 3))
    np.testing.assert_allclose(slopes.data, expected, rtol=1e-6)


def test_error_in_a_hook_propagates():
    def failing(layer, inputs, y):
        raise RuntimeError("in the hook")

    linear = L.Linear(2)
    with linear.register_forward_hook(failing), pytest.raises(RuntimeError, match="in the hook"):
        linear(X)
    assert linear.W.data is None


def test_layer_as_a_hook_is_not_a_sublayer():
    relu = L.ReLU()
    relu.register_forward_hook(lambda layer, inputs, y: None)
    relu.register_forward_hook(Summing())
    relu(X)
    assert list(relu.modules()) == [relu]


class Summing(Layer):
    def forward(self, layer, inputs, y):
        return F.sum(y)


def test_copies_have_no_hooks():
    relu = L.ReLU()
    relu.register_forward_hook(lambda layer, inputs, y: y * 0 + 5)
    assert (relu(X).data == 5).all()
    for other in (copy.copy(relu), copy.deepcopy(relu), pickle.loads(pickle.dumps(relu))):
        np.testing.assert_array_equal(other(X).data, np.maximum(X, 0))


def test_a_hook_does_not_keep_its_layer_alive():
    def hooked():
        relu = L.ReLU()
        relu.register_forward_hook(lambda layer, inputs, y: relu and y)
        return relu

    relu = hooked()
    remains = weakref.ref(relu)
    del relu
    gc.collect()
    assert remains() is None


def test_summary_keeps_hooks():
    calls = []
    model = Sequential(L.Linear(2))
    model.register_forward_hook(lambda *_: calls.append("model"))
    found = summary(model, (1, 3))
    assert summary(model, (1, 3)) == found
    calls.clear()
    model(X)
    assert calls == ["model"]


def test_hooks_must_be_callable():
    with pytest.raises(TypeError, match=r"hook must be callable.*got int"):
        L.ReLU().register_forward_hook(3)
    with pytest.raises(TypeError, match="prepend must be True or False; got 'no'"):
        L.ReLU().register_forward_hook(print, prepend="no")


# ------------------------------------------------------------------------------------------ modules, freezing


def shared_model():
    linear = L.Linear(2, in_size=2)
    model = Sequential(linear, Sequential(L.BatchNorm(2), linear))
    model.head = {"a": [L.Linear(1, in_size=2)]}
    return model


def test_named_modules():
    model = shared_model()
    found = dict(model.named_modules())
    assert list(found) == ["", "layers/0", "layers/1", "layers/1/layers/0", "head/a/0"]
    assert list(found.values()) == list(model.modules())
    assert found[""] is model
    assert found["layers/0"] is model.layers[0]
    assert next(L.ReLU().named_modules())[0] == ""


def test_frozen_parameters_are_not_trained():
    model = shared_model()
    optimizer = MomentumSGD().setup(model)
    x, t = np.random.default_rng(1).standard_normal((2, 5, 2)).astype(np.float32)

    def step():
        before = {name: param.data for name, param in model.named_params()}
        model.cleargrads()
        F.sum((model(x) - t) ** 3).backward()
        optimizer.update()
        return {name for name, param in model.named_params() if not np.array_equal(param.data, before[name])}

    statistics = {"layers/1/layers/0/avg_mean", "layers/1/layers/0/avg_var"}
    linear = {"layers/0/W", "layers/0/b"}
    norm = {"layers/1/layers/0/gamma", "layers/1/layers/0/beta"}
    assert step() >= linear | norm | statistics
    model.freeze()
    assert step() == statistics
    model.layers[1].unfreeze()
    assert {name for name, param in model.named_params() if param.requires_grad} == linear | norm
    assert step() >= linear | norm | statistics


def test_freeze_keeps_gradients():
    """As for a GAN's critic, frozen during the backward pass of the generator's loss."""
    linear = L.Linear(1, in_size=2)
    optimizer = MomentumSGD().setup(linear)
    F.sum(linear(np.ones((1, 2), np.float32))).backward()
    before = linear.W.data
    linear.freeze()
    optimizer.update()
    assert linear.W.data is before
    linear.unfreeze()
    optimizer.update()
    np.testing.assert_allclose(linear.W.data, before - 0.01, rtol=1e-6)


def test_freeze_by_name():
    model = Sequential(L.Linear(2, in_size=2), Sequential(L.Linear(2, in_size=2), L.BatchNorm(2)))

    def trained():
        return [name for name, param in model.named_params() if param.requires_grad]

    model.freeze("layers/1/layers/0", "layers/0/b")
    assert trained() == ["layers/0/W", "layers/1/layers/1/gamma", "layers/1/layers/1/beta"]
    model.freeze()
    model.unfreeze("layers/1")
    statistics = "layers/1/layers/1/avg_mean", "layers/1/layers/1/avg_var"
    assert not set(trained()) & set(statistics)
    assert trained() == [f"layers/1/layers/{name}" for name in ("0/W", "0/b", "1/gamma", "1/beta")]
    for change in (model.freeze, model.unfreeze):
        for name in ("layers/2", "layer", "layers/1/layers/0/V", ""):
            with pytest.raises(ValueError, match=f"is named '{name}'"):
                change("layers/0", name)
    assert len(trained()) == 4  # a name that is not there changes nothing


def test_frozen_layers_pass_gradients_on():
    linear = L.Linear(2, in_size=3)
    linear.freeze()
    x = Variable(X)
    F.sum(linear(x)).backward()
    np.testing.assert_allclose(x.grad.data, np.tile(linear.W.data.sum(axis=1), (2, 1)), rtol=1e-6)
    assert linear.W.grad is None

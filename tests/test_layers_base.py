"""layers/base.py: Layer: calls, copies, moves and its repr."""

import copy
import gc
import inspect
import pickle
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from conditions import numbers

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Config, Function, Layer, Parameter, Variable, dezero
from pyconvlite.backends import DeviceUnavailable
from pyconvlite.models import Sequential


class Nested(Layer):
    def __init__(self):
        self.conv1 = L.Conv2d(2, 3, in_channels=1)
        self.layers = [L.Linear(2, in_size=2), F.relu, L.Linear(2, nobias=True, in_size=2)]
        self.blocks = {"key": L.Linear(1, in_size=1)}

    def forward(self, x):
        return self.conv1(x)


def test_call_returns_one_output_or_a_tuple():
    class Two(Layer):
        def forward(self, x, y):
            return x + y, x - y

    class One(Layer):
        def forward(self, x):
            return (x * 2,)

    x, y = Variable(np.array(3.0)), Variable(np.array(1.0))
    total, difference = Two()(x, y)
    assert (total.item(), difference.item()) == (4.0, 2.0)
    assert One()(x).item() == 6.0


@pytest.mark.parametrize("base", [Layer, dezero.Layer])
def test_forward_gets_keyword_arguments(base):
    class Masked(base):
        def forward(self, x, mask=None, *, scale=1.0):
            return (x if mask is None else x * mask) * scale

    masked, x = Masked(), Variable(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(masked(x, mask=np.array([0.0, 1.0]), scale=3.0).data, [0.0, 6.0])
    assert [ref() for ref in masked.inputs] == [x]
    masked(x=x, scale=2.0)
    assert [ref and ref() for ref in masked.inputs] == [x, None]
    with pytest.raises(TypeError, match=r"forward.* unexpected keyword argument 'mode'"):
        masked(x, mode=1)


def test_no_inputs_before_the_first_call():
    with pytest.raises(AttributeError, match="Linear has no inputs before its first call"):
        L.Linear(3).inputs  # noqa: B018 - the access raises


def test_call_remembers_inputs_and_outputs_weakly():
    linear = L.Linear(3, in_size=2)
    x = Variable(numbers(4, 2))
    y = linear(x)
    assert linear.inputs[0]() is x
    assert linear.outputs[0]() is y
    gc.disable()
    try:
        del x, y
        assert linear.inputs[0]() is None
        assert linear.outputs[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["inputs", "outputs"])
def test_sublayer_named_inputs_or_outputs(name):
    class Net(Layer):
        def __init__(self):
            setattr(self, name, L.Linear(3, in_size=2))

        def forward(self, x):
            return getattr(self, name)(x)

    net = Net()
    y = net(numbers(4, 2))
    assert net(numbers(4, 2)).shape == (4, 3)
    F.sum(y).backward()
    found = dict(net.named_params())
    assert list(found) == [f"{name}/W", f"{name}/b"]
    assert found[f"{name}/W"].grad.shape == (2, 3)
    assert isinstance(getattr(copy.deepcopy(net), name), L.Linear)
    other = {"inputs": "outputs", "outputs": "inputs"}[name]
    assert len(getattr(net, other)) == 1


def test_call_takes_objects_without_weak_references():
    class Times(Layer):
        def forward(self, x, factor, unused):
            return x * factor

    times = Times()
    assert times(np.array(2.0), 3, None).item() == 6.0
    assert isinstance(times.inputs[0], weakref.ref)
    assert times.inputs[1:] == [None, None]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_keep_gradients_without_their_graph(duplicate):
    layer = L.Linear(3, in_size=2)
    F.sum(layer(np.ones((1, 2), np.float32)) ** 2).backward(create_graph=True)
    other = duplicate(layer)
    assert layer.W.grad.creator is not None
    assert other.W.grad.creator is None
    np.testing.assert_array_equal(other.W.grad.data, layer.W.grad.data)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_layers_can_be_copied_and_pickled_after_a_call(duplicate):
    nested = Nested()
    nested(np.ones((1, 1, 3, 3), np.float32))
    other = duplicate(nested)
    for (name, a), (other_name, b) in zip(nested.named_params(), other.named_params(), strict=True):
        assert name == other_name
        np.testing.assert_array_equal(a.data, b.data)
        assert a.data is not b.data
    assert not hasattr(other, "inputs")


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (L.Linear(3, in_size=2), "b"),
        (L.Linear(3), "W"),
        (L.BatchNorm(3), "gamma"),
        (L.EmbedID(3, 2), "W"),
        (L.PReLU(3), "W"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_assigning_an_array_to_a_parameter_is_refused(layer, name):
    param = getattr(layer, name)
    for value in (np.zeros(3, np.float32), Variable(np.zeros(3, np.float32)), 0.5):
        with pytest.raises(TypeError, match=rf"{name} of \w+ is a Parameter; assign an array to {name}.data"):
            setattr(layer, name, value)
    assert getattr(layer, name) is param
    for other in (Parameter(np.ones(3, np.float32)), None):
        setattr(layer, name, other)
        assert getattr(layer, name) is other
    setattr(layer, name, param)
    delattr(layer, name)  # as in PyTorch, a missing attribute may be set to anything
    setattr(layer, name, 0.5)


@pytest.mark.cpython
@pytest.mark.parametrize(
    "make",
    [
        lambda: L.Linear(3),
        lambda: L.DepthwiseConv2d(1),
        L.BatchNorm,
        lambda: L.GroupNorm(1),
        lambda: L.LSTM(2),
    ],
)
def test_first_calls_in_several_threads_initialize_once(make, monkeypatch):
    x = np.random.default_rng(0).standard_normal((1, 4, 1, 1)).astype(np.float32)
    layer = make()
    if isinstance(layer, L.LSTM | L.Linear):
        x = x.reshape(1, 4)
    get, put = Parameter.data.fget, Parameter.data.fset
    arrays = []

    def slowly(param, data):  # the other threads run between any two assignments
        time.sleep(0.002)
        arrays.append(data)
        put(param, data)

    monkeypatch.setattr(Parameter, "data", property(get, slowly))
    monkeypatch.setattr(Config, "train", False)  # in all threads: running statistics stay
    started = Barrier(4)

    def call(_):
        started.wait()
        layer(x)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(call, range(4)))
    assert {id(array) for array in arrays} <= {id(param.data) for param in layer.params()}


@pytest.mark.parametrize("base", [Layer, Function])
def test_type_checkers_accept_any_override_of_forward(base):
    kinds = [parameter.kind for parameter in inspect.signature(base.forward).parameters.values()][1:]
    assert kinds == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]


def test_layer_without_forward():
    with pytest.raises(NotImplementedError, match="Layer does not define forward"):
        Layer()(np.zeros(1))


def test_moving():
    linear = L.Linear(3)
    linear.to_cpu()  # no data yet: nothing to move
    linear(numbers(1, 2)).backward()
    linear.to_cpu()
    with pytest.raises(DeviceUnavailable):
        linear.to_gpu()


def test_failed_call_sets_no_size_of_sublayers():
    class Net(L.Layer):
        def __init__(self):
            self.known = L.Linear(3, in_size=3)
            self.layers = [L.Linear(3), self.known]
            self.norm = L.BatchNorm()

        def forward(self, x, out_size):
            for layer in self.layers:
                x = layer(x)
            return F.reshape(self.norm(x), (len(x), out_size))

    net = Net()
    W = net.known.W.data
    for _ in range(2):
        with pytest.raises(ValueError, match="as many elements as x"):
            net(np.ones((2, 5), np.float32), 99)
        assert net.known.W.data is W
        assert [p.data is None for p in net.params()] == [False, False, True, False, *[True] * 4]
    net(np.ones((2, 4), np.float32), 3)
    assert net.layers[0].in_size == 4
    with pytest.raises(ValueError, match="as many elements as x"):
        net(np.ones((2, 4), np.float32), 99)
    assert (net.layers[0].in_size, net.norm.in_size) == (4, 3)


def test_failed_call_keeps_sizes_of_earlier_calls():
    class Net(L.Layer):
        def __init__(self):
            self.left, self.right = L.Linear(3), L.Linear(3)

        def forward(self, x, fail):
            y = self.right(x) if fail else self.left(x)
            return F.reshape(y, (99,)) if fail else y

    net = Net()
    net(np.ones((2, 5), np.float32), False)
    with pytest.raises(ValueError, match="as many elements as x"):
        net(np.ones((2, 7), np.float32), True)
    assert (net.left.in_size, net.right.in_size) == (5, None)


def test_forward_without_result_is_named():
    class Net(L.Layer):
        def __init__(self):
            self.fc = L.Linear(3)

        def forward(self, x):
            self.fc(x)

    net = Net()
    with pytest.raises(TypeError, match=r"Net\.forward must return its output; got None"):
        net(np.ones((2, 5), np.float32))
    assert net.fc.in_size is None


# -- repr


NOTHING = np.zeros(2)


class Scaled(Layer):
    """Has arguments of all kinds: numbers, a flag and a name with defaults, an array, and some not kept."""

    def __init__(self, factor, mode="plain", flag=False, *, weights=None, label=NOTHING, **others):
        self.factor, self.mode, self.flag, self.weights = factor, mode, flag, weights
        self.number, self.label = len(others), "x"


def test_repr_of_a_layer():
    assert repr(L.Flatten()) == "Flatten()"
    assert repr(Scaled(2)) == "Scaled(factor=2, weights=None, label='x')"
    assert repr(Scaled(0.5, "half", True, weights=np.ones(9), a=1)) == (
        "Scaled(factor=0.5, mode='half', flag=True, label='x')"
    )


def test_repr_lists_each_sublayer_once():
    nested = Nested()
    nested.conv1 = L.ReLU()
    nested.blocks["deeper"] = Sequential(L.Softmax(), F.relu, lambda x: x, print)
    nested.again, nested.me = nested.conv1, nested
    assert repr(nested).splitlines() == [
        "Nested(",
        "  (conv1): ReLU()",
        "  (layers/0): Linear(out_size=2, in_size=2)",
        "  (layers/2): Linear(out_size=2, nobias=True, in_size=2)",
        "  (blocks/key): Linear(out_size=1, in_size=1)",
        "  (blocks/deeper): Sequential(",
        "    (0): Softmax(axis=1)",
        "    (1): relu",
        "    (2): <lambda>",
        "    (3): print",
        "  )",
        ")",
    ]


def test_repr_of_a_cycle():
    first, second = Nested(), Nested()
    first.other, second.other = second, first
    assert repr(first).count("(other): ...") == 1


def test_repr_with_a_failing_property():
    class Late(L.Layer):
        def __init__(self, size, rate=0.5, shape=(1, 2, 3, 4, 5, 6, 7, 8)):
            self.rate, self.shape = rate, shape

        @property
        def size(self):
            return len(self.W)

    assert repr(Late(3, np.float32(0.5))) == "Late(rate=0.5, shape=(1, 2, 3, 4, 5, 6, ...))"


def test_repr_inside_the_constructor():
    class Unfinished(L.Linear):
        def __init__(self):
            assert repr(self) == "Unfinished()"
            super().__init__(3)

    assert repr(Unfinished()) == "Unfinished()"

"""layers/base.py: Layer, its search for Parameters, and calls."""

import copy
import gc
import io
import pickle
import weakref
from collections import deque

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Parameter, Variable
from pyconvlite.backends import DeviceUnavailable
from pyconvlite.models import Sequential


def randn(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def param(value=0.0):
    return Parameter(np.array([value]))


def names(layer):
    return [name for name, _ in layer.named_params()]


class Tree(Layer):
    def __init__(self):
        self.conv1 = L.Conv2d(2, 3, in_channels=1)
        self.scale = param()
        self.number = 3
        self.layers = [L.Linear(2, in_size=2), F.relu, L.Linear(2, nobias=True, in_size=2)]
        self.blocks = {"key": L.Linear(1, in_size=1), "pair": (param(), [param()])}

    def forward(self, x):
        return self.conv1(x)


def test_params_are_found_in_order_of_definition_in_lists_tuples_and_dicts():
    assert names(Tree()) == [
        "conv1/W",
        "conv1/b",
        "scale",
        "layers/0/W",
        "layers/0/b",
        "layers/2/W",
        "blocks/key/W",
        "blocks/key/b",
        "blocks/pair/0",
        "blocks/pair/1/0",
    ]


def test_params_yields_what_named_params_names():
    tree = Tree()
    assert [id(p) for p in tree.params()] == [id(p) for _, p in tree.named_params()]
    assert next(tree.params()) is tree.conv1.W


def test_flatten_params_is_the_same_walk_below_a_parent_key():
    tree, found = Tree(), {}
    tree._flatten_params(found, "tree")
    assert list(found) == [f"tree/{name}" for name in names(tree)]


def test_attributes_set_later_reassigned_or_deleted_count_as_they_are():
    tree = Layer()
    tree.a, tree.b = param(), param()
    tree.c = param()
    del tree.a
    tree.b = None
    assert names(tree) == ["c"]
    tree.layers = []
    tree.layers.append(L.Linear(1, in_size=1))
    assert names(tree) == ["c", "layers/0/W", "layers/0/b"]


def test_params_are_those_of_now_after_any_change():
    """What a search found is kept; whatever an object contains may change afterwards."""
    tree, inner = Layer(), Layer()
    first, second = param(), param()
    tree.inner, tree.pair, tree.none = inner, (1, [param()]), None
    tree.named, tree.queue = {"a": param()}, deque([param()])
    changes = [
        lambda: setattr(inner, "w", first),
        lambda: setattr(inner, "w", second),  # of the same type
        lambda: setattr(tree, "none", first),
        lambda: tree.pair[1].append(first),
        lambda: tree.pair[1].append(param()),
        lambda: tree.pair[1].reverse(),
        lambda: tree.named.update(b=param()),
        lambda: tree.queue.rotate(),
        lambda: tree.queue.append(param()),
        lambda: setattr(tree, "pair", (1, list(tree.pair[1]))),
        lambda: tree.pair[1].pop(),
        lambda: setattr(tree, "inner", copy.copy(inner)),
        lambda: setattr(tree.inner, "w", first),
        lambda: delattr(tree, "queue"),
    ]
    for change in changes:
        list(tree.params())
        change()
        found, named = list(tree.params()), list(tree.named_params())
        assert all(p is q for p, (_, q) in zip(found, named, strict=True))


def test_a_search_keeps_no_state_and_no_layer_alive():
    rnn = L.RNN(2, in_size=1)
    gc.disable()
    try:
        rnn(randn(1, 1))
        list(rnn.params())
        state, layer = weakref.ref(rnn.h), weakref.ref(rnn.x2h)
        rnn.reset_state()
        assert state() is None
        list(rnn.params())
        del rnn
        assert layer() is None
    finally:
        gc.enable()


def test_a_variable_or_array_attribute_is_no_parameter():
    tree = Layer()
    tree.x, tree.y = Variable(np.zeros(1)), np.zeros(1)
    assert names(tree) == []


def test_shared_parameters_and_layers_count_once_under_their_first_name():
    tree = Layer()
    tree.embed = param()
    tree.linear = L.Linear(1, in_size=1)
    tree.again = [tree.linear, tree.embed, {"w": tree.linear.W}]
    assert names(tree) == ["embed", "linear/W", "linear/b"]


def test_a_deque_is_searched_as_a_list_is():
    tree = Layer()
    tree.blocks = deque([L.Linear(1, in_size=1), param()])
    assert names(tree) == ["blocks/0/W", "blocks/0/b", "blocks/1"]


@pytest.mark.parametrize("make", [set, frozenset])
def test_a_set_of_layers_or_parameters_is_refused(make):
    tree = Layer()
    tree.blocks = [make(["relu", 3])]
    assert names(tree) == []
    for content in (L.Linear(1, in_size=1), param()):
        tree.blocks = [make([content])]
        with pytest.raises(TypeError, match=rf"blocks/0 is a {make.__name__} of Layers .*; use a list"):
            names(tree)


def test_cycles_end():
    parent, child = Layer(), Layer()
    parent.child, child.parent = child, parent
    child.w = param()
    parent.items = [child]
    parent.items.append(parent.items)
    assert names(parent) == ["child/w"]
    assert names(child) == ["w"]


def test_a_name_that_two_parameters_share_is_an_error_when_it_counts():
    tree = Layer()
    tree.d = {"a/b": param(), "a": {"b": param()}}
    with pytest.raises(ValueError, match="two Parameters have the name 'd/a/b'"):
        tree.save_weights(io.BytesIO())


def test_cleargrads():
    linear = L.Linear(3, in_size=2)
    F.sum(linear(randn(4, 2))).backward()
    assert all(p.grad is not None for p in linear.params())
    linear.cleargrads()
    assert all(p.grad is None for p in linear.params())


def test_call_gives_one_output_or_a_tuple():
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


def test_call_remembers_inputs_and_outputs_weakly():
    linear = L.Linear(3, in_size=2)
    x = Variable(randn(4, 2))
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
def test_a_sublayer_may_have_the_name_of_what_a_call_leaves(name):
    class Net(Layer):
        def __init__(self):
            setattr(self, name, L.Linear(3, in_size=2))

        def forward(self, x):
            return getattr(self, name)(x)

    net = Net()
    y = net(randn(4, 2))
    assert net(randn(4, 2)).shape == (4, 3)
    F.sum(y).backward()
    found = dict(net.named_params())
    assert list(found) == [f"{name}/W", f"{name}/b"]
    assert found[f"{name}/W"].grad.shape == (2, 3)
    assert isinstance(getattr(copy.deepcopy(net), name), L.Linear)
    other = {"inputs": "outputs", "outputs": "inputs"}[name]
    assert len(getattr(net, other)) == 1


def test_call_takes_what_cannot_be_referenced_weakly():
    class Times(Layer):
        def forward(self, x, factor, unused):
            return x * factor

    times = Times()
    assert times(np.array(2.0), 3, None).item() == 6.0
    assert isinstance(times.inputs[0], weakref.ref)
    assert times.inputs[1:] == [None, None]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_have_the_gradients_without_their_graph(duplicate):
    layer = L.Linear(3, in_size=2)
    F.sum(layer(np.ones((1, 2), np.float32)) ** 2).backward(create_graph=True)
    other = duplicate(layer)
    assert layer.W.grad.creator is not None
    assert other.W.grad.creator is None
    np.testing.assert_array_equal(other.W.grad.data, layer.W.grad.data)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_layers_can_be_copied_and_pickled_after_a_call(duplicate):
    tree = Tree()
    tree(np.ones((1, 1, 3, 3), np.float32))
    other = duplicate(tree)
    assert names(other) == names(tree)
    for a, b in zip(tree.params(), other.params(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
        assert a.data is not b.data
    assert not hasattr(other, "inputs")


def test_layer_without_forward():
    with pytest.raises(NotImplementedError, match="Layer does not define forward"):
        Layer()(np.zeros(1))


def test_moving():
    linear = L.Linear(3)
    linear.to_cpu()  # no data yet: nothing to move
    linear(randn(1, 2)).backward()
    linear.to_cpu()
    with pytest.raises(DeviceUnavailable):
        linear.to_gpu()


def test_a_call_that_fails_decides_no_size_of_the_layers_that_had_run():
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
        with pytest.raises(ValueError, match="reshape"):
            net(np.ones((2, 5), np.float32), 99)
        assert net.known.W.data is W
        assert [p.data is None for p in net.params()] == [False, False, True, False, *[True] * 4]
    net(np.ones((2, 4), np.float32), 3)
    assert net.layers[0].in_size == 4
    with pytest.raises(ValueError, match="reshape"):
        net(np.ones((2, 4), np.float32), 99)
    assert (net.layers[0].in_size, net.norm.in_size) == (4, 3)


def test_a_call_that_fails_leaves_what_an_earlier_one_decided():
    class Net(L.Layer):
        def __init__(self):
            self.left, self.right = L.Linear(3), L.Linear(3)

        def forward(self, x, fail):
            y = self.right(x) if fail else self.left(x)
            return F.reshape(y, (99,)) if fail else y

    net = Net()
    net(np.ones((2, 5), np.float32), False)
    with pytest.raises(ValueError, match="reshape"):
        net(np.ones((2, 7), np.float32), True)
    assert (net.left.in_size, net.right.in_size) == (5, None)


def test_a_forward_that_forgets_to_return_is_named():
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


def test_repr_of_a_layer_without_others_has_its_arguments():
    assert repr(L.Flatten()) == "Flatten()"
    assert repr(Scaled(2)) == "Scaled(factor=2, weights=None, label='x')"
    assert repr(Scaled(0.5, "half", True, weights=np.ones(9), a=1)) == (
        "Scaled(factor=0.5, mode='half', flag=True, label='x')"
    )


def test_repr_of_a_layer_with_others_has_each_once_with_its_name():
    tree = Tree()
    tree.conv1 = L.ReLU()
    tree.blocks["deeper"] = Sequential(L.Softmax(), F.relu, lambda x: x, print)
    tree.again, tree.me = tree.conv1, tree
    assert repr(tree).splitlines() == [
        "Tree(",
        "  (conv1): ReLU()",
        "  (layers/0): Linear(out_size=2, in_size=2)",
        "  (layers/2): Linear(out_size=2, in_size=2)",
        "  (blocks/key): Linear(out_size=1, in_size=1)",
        "  (blocks/deeper): Sequential(",
        "    (0): Softmax(axis=1)",
        "    (1): relu",
        "    (2): <lambda>",
        "    (3): print",
        "  )",
        ")",
    ]


def test_repr_of_layers_that_contain_each_other_ends():
    first, second = Tree(), Tree()
    first.other, second.other = second, first
    assert repr(first).count("(other): ...") == 1


def test_repr_with_a_property_that_fails():
    class Late(L.Layer):
        def __init__(self, size, rate=0.5, shape=(1, 2, 3, 4, 5, 6, 7, 8)):
            self.rate, self.shape = rate, shape

        @property
        def size(self):
            return len(self.W)

    assert repr(Late(3, np.float32(0.5))) == "Late(rate=0.5, shape=(1, 2, 3, 4, 5, 6, ...))"


def test_repr_of_a_layer_that_is_not_complete():
    class Unfinished(L.Linear):
        def __init__(self):
            assert repr(self) == "Unfinished()"
            super().__init__(3)

    assert repr(Unfinished()) == "Unfinished()"

"""layers/walk.py: the search for Parameters, also after changes."""

import copy
import gc
import io
import weakref
from collections import deque

import numpy as np
import pytest
from conditions import numbers
from shorthands import names

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Parameter, Variable


def param(value=0.0):
    return Parameter(np.array([value]))


class Tree(Layer):
    def __init__(self):
        self.conv1 = L.Conv2d(2, 3, in_channels=1)
        self.scale = param()
        self.number = 3
        self.layers = [L.Linear(2, in_size=2), F.relu, L.Linear(2, nobias=True, in_size=2)]
        self.blocks = {"key": L.Linear(1, in_size=1), "pair": (param(), [param()])}

    def forward(self, x):
        return self.conv1(x)


def test_params_in_order_of_definition():
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


def test_params_equals_named_params():
    tree = Tree()
    assert [id(p) for p in tree.params()] == [id(p) for _, p in tree.named_params()]
    assert next(tree.params()) is tree.conv1.W


def test_flatten_params_with_a_parent_key():
    tree, found = Tree(), {}
    tree._flatten_params(found, "tree")
    assert list(found) == [f"tree/{name}" for name in names(tree)]


def test_reassigned_and_deleted_attributes():
    tree = Layer()
    tree.a, tree.b = param(), param()
    tree.c = param()
    del tree.a
    tree.b = None
    assert names(tree) == ["c"]
    tree.layers = []
    tree.layers.append(L.Linear(1, in_size=1))
    assert names(tree) == ["c", "layers/0/W", "layers/0/b"]


def test_params_after_changes_of_containers():
    """The result of a search is cached; containers may change afterwards."""
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


def test_search_keeps_no_layer_alive():
    rnn = L.RNN(2, in_size=1)
    gc.disable()
    try:
        rnn(numbers(1, 1))
        list(rnn.params())
        state, layer = weakref.ref(rnn.h), weakref.ref(rnn.x2h)
        rnn.reset_state()
        assert state() is None
        list(rnn.params())
        del rnn
        assert layer() is None
    finally:
        gc.enable()


def test_variables_and_arrays_are_not_parameters():
    tree = Layer()
    tree.x, tree.y = Variable(np.zeros(1)), np.zeros(1)
    assert names(tree) == []


def test_shared_parameters_have_their_first_name():
    tree = Layer()
    tree.embed = param()
    tree.linear = L.Linear(1, in_size=1)
    tree.again = [tree.linear, tree.embed, {"w": tree.linear.W}]
    assert names(tree) == ["embed", "linear/W", "linear/b"]


def test_deques_are_searched():
    tree = Layer()
    tree.blocks = deque([L.Linear(1, in_size=1), param()])
    assert names(tree) == ["blocks/0/W", "blocks/0/b", "blocks/1"]


@pytest.mark.parametrize("make", [set, frozenset])
def test_sets_of_layers_or_parameters_are_refused(make):
    tree = Layer()
    tree.blocks = [make(["relu", 3])]
    assert names(tree) == []
    for content in (L.Linear(1, in_size=1), param()):
        tree.blocks = [make([content])]
        with pytest.raises(TypeError, match=rf"blocks/0 is a {make.__name__} of Layers .*; use a list"):
            names(tree)


def test_cycles():
    parent, child = Layer(), Layer()
    parent.child, child.parent = child, parent
    child.w = param()
    parent.items = [child]
    parent.items.append(parent.items)
    assert names(parent) == ["child/w"]
    assert names(child) == ["w"]


def test_duplicate_names_are_refused_where_names_matter():
    tree = Layer()
    tree.d = {"a/b": param(), "a": {"b": param()}}
    with pytest.raises(ValueError, match="two Parameters have the name 'd/a/b'"):
        tree.save_weights(io.BytesIO())


def test_cleargrads():
    linear = L.Linear(3, in_size=2)
    F.sum(linear(numbers(4, 2))).backward()
    assert all(p.grad is not None for p in linear.params())
    linear.cleargrads()
    assert all(p.grad is None for p in linear.params())

import copy
import gc
import io
import math
import pickle
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Parameter, Variable, as_variable
from pyconvlite.backends import DeviceUnavailable


def randn(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def param(value=0.0):
    return Parameter(np.array([value]))


def names(layer):
    return [name for name, _ in layer.named_params()]


# ------------------------------------------------------------------------------------------- Layer


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


# ------------------------------------------------------------------------------------------- with W and b


class Case(NamedTuple):
    make: Callable[..., Any]
    in_size: str
    x_shape: tuple[int, ...]
    W_shape: tuple[int, ...]
    fan_in: int

    def x(self, dtype=np.float32):
        return randn(*self.x_shape, dtype=dtype)


CASES = {
    "linear": Case(partial(L.Linear, 6), "in_size", (4, 8), (8, 6), 8),
    "conv": Case(partial(L.Conv2d, 6, (3, 2)), "in_channels", (2, 8, 5, 4), (6, 8, 3, 2), 48),
    "conv groups": Case(partial(L.Conv2d, 6, 3, groups=2), "in_channels", (2, 8, 5, 4), (6, 4, 3, 3), 36),
    "deconv": Case(partial(L.Deconv2d, 6, (3, 2)), "in_channels", (2, 8, 5, 4), (8, 6, 3, 2), 48),
    "deconv groups": Case(partial(L.Deconv2d, 6, 3, groups=2), "in_channels", (2, 8, 5, 4), (8, 3, 3, 3), 36),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
dtypes = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


@cases
@dtypes
def test_dtype_is_kept_forward_and_backward(case, dtype):
    layer = case.make(dtype=dtype)
    x = Variable(case.x(dtype))
    y = layer(x)
    F.sum(y * y).backward()
    assert {a.dtype for a in (y, layer.W, layer.b, x.grad, layer.W.grad, layer.b.grad)} == {np.dtype(dtype)}


@cases
def test_input_size_given_or_read_from_the_first_input(case):
    pyconvlite.seed(0)
    given = case.make(**{case.in_size: 8})
    assert given.W.shape == case.W_shape

    pyconvlite.seed(0)
    lazy = case.make()
    assert lazy.W.data is None
    assert None in lazy.W.lazy_shape
    assert all(n in (None, size) for n, size in zip(lazy.W.lazy_shape, case.W_shape, strict=True))
    assert getattr(lazy, case.in_size) is None
    assert names(lazy) == ["W", "b"]
    y = lazy(case.x())
    assert getattr(lazy, case.in_size) == getattr(given, case.in_size) == 8
    np.testing.assert_array_equal(lazy.W.data, given.W.data)
    np.testing.assert_array_equal(y.data, given(case.x()).data)


@cases
def test_array_and_variable_give_the_same(case):
    layer = case.make()
    np.testing.assert_array_equal(layer(case.x()).data, layer(as_variable(case.x())).data)


@cases
@dtypes
def test_weights_are_normal_with_variance_one_by_fan_in_and_b_is_zero(case, dtype):
    pyconvlite.seed(7)
    layer = case.make(dtype=dtype, **{case.in_size: 8})
    pyconvlite.seed(7)
    drawn_as = np.float64 if dtype is np.float64 else np.float32
    normal = pyconvlite.utils.rng().standard_normal(case.W_shape, dtype=drawn_as)
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(layer.W.data, normal / math.sqrt(case.fan_in), rtol=tolerance)
    np.testing.assert_array_equal(layer.b.data, np.zeros(6))


def test_a_large_draw_has_the_promised_spread():
    pyconvlite.seed(0)
    W = L.Conv2d(64, 3, in_channels=64).W.data
    assert abs(W.mean()) < 1e-3
    assert W.std() == pytest.approx(1 / 24, rel=0.01)


@cases
def test_nobias(case):
    layer, with_zeros = case.make(nobias=True), case.make(**{case.in_size: 8})
    y = layer(case.x())
    with_zeros.W.data = layer.W.data
    assert layer.b is None
    assert names(layer) == ["W"]
    np.testing.assert_array_equal(y.data, with_zeros(case.x()).data)


@cases
@pytest.mark.parametrize("shape", [(3,), (2, 8, 5, 4, 1), (2, 0, 5, 4)])
def test_a_first_input_that_does_not_fit_decides_nothing(case, shape):
    layer = case.make()
    with pytest.raises(ValueError, match=r"\d"):
        layer(np.zeros(shape, np.float32))
    assert layer.W.data is None
    layer(case.x())
    assert layer.W.shape == case.W_shape


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


def test_linear_is_matrix_product_and_bias():
    linear = L.Linear(3, in_size=2, dtype=np.float64)
    linear.b.data = randn(3, dtype=np.float64)
    x = randn(4, 2, dtype=np.float64)
    np.testing.assert_allclose(linear(x).data, x @ linear.W.data + linear.b.data, rtol=1e-12)


def test_conv2d_with_relu():
    layer = L.Conv2d(3, 2, pad=1, in_channels=1, relu=True)
    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 1, 4, 4)
    y = layer(x)
    np.testing.assert_array_equal(y.data, F.relu(F.conv2d(x, layer.W, layer.b, pad=1)).data)
    assert y.data.min() == 0 < y.data.max()
    assert repr(layer).endswith("groups=1, relu=True)")


@pytest.mark.parametrize(("make", "function"), [(L.Conv2d, F.conv2d), (L.Deconv2d, F.deconv2d)])
def test_convolutions_pass_their_settings_on(make, function):
    settings = {"stride": (2, 1), "pad": (1, 2), "dilation": (1, 2), "groups": 2}
    layer = make(6, (3, 2), **settings)
    x = randn(2, 4, 9, 8)
    y = layer(x)
    np.testing.assert_array_equal(y.data, function(x, layer.W, layer.b, **settings).data)
    assert {name: getattr(layer, name) for name in settings} == settings
    assert layer.kernel_size == (3, 2)


def test_seed_repeats_the_weights():
    def draw():
        return L.Conv2d(3, 3, in_channels=2).W.data, L.Linear(3, in_size=2).W.data

    pyconvlite.seed(5)
    first = draw()
    pyconvlite.seed(5)
    for a, b in zip(first, draw(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_repr():
    assert repr(L.Linear(3)) == "Linear(out_size=3, in_size=None)"
    assert repr(L.Conv2d(4, 3, pad=1, in_channels=2)) == (
        "Conv2d(out_channels=4, kernel_size=(3, 3), stride=(1, 1), pad=(1, 1), in_channels=2, "
        "dilation=(1, 1), groups=1)"
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.Linear(0), ValueError, "out_size must be at least 1; got 0"),
        (lambda: L.Linear(2.0), TypeError, "out_size must be an integer"),
        (lambda: L.Linear(True), TypeError, "out_size must be an integer"),
        (lambda: L.Linear(2, in_size=0), ValueError, "in_size must be at least 1; got 0"),
        (lambda: L.Linear(2, dtype=np.int32), TypeError, "dtype must be .*float32 or float64; got int32"),
        (lambda: L.Conv2d(2, 3, dtype=np.complex64), TypeError, "dtype must be .* got complex64"),
        (lambda: L.Linear(2, dtype=None), TypeError, "dtype must be .* got None"),
        (lambda: L.Linear(2, dtype="flat"), TypeError, "dtype must be .* got 'flat'"),
        (lambda: L.Conv2d(-1, 3), ValueError, "out_channels must be at least 1; got -1"),
        (lambda: L.Conv2d(2, 0), ValueError, "kernel_size must be at least 1; got 0"),
        (lambda: L.Conv2d(2, (3, 3, 3)), ValueError, r"kernel_size .*\(3, 3, 3\)"),
        (lambda: L.Conv2d(2, 3.0), TypeError, "kernel_size .* 3.0"),
        (lambda: L.Conv2d(2, 3, stride=(1, 0)), ValueError, "stride must be at least 1; got 0"),
        (lambda: L.Conv2d(2, 3, pad=-1), ValueError, "pad must be at least 0; got -1"),
        (lambda: L.Conv2d(2, 3, dilation=0), ValueError, "dilation must be at least 1; got 0"),
        (lambda: L.Conv2d(2, 3, groups=0), ValueError, "groups must be at least 1; got 0"),
        (lambda: L.Conv2d(3, 3, groups=2), ValueError, "out_channels must be .* of groups=2; got 3"),
        (lambda: L.Conv2d(2, 3, groups=2, in_channels=3), ValueError, "in_channels .* groups=2; got 3"),
        (lambda: L.Conv2d(2, 3, groups=2)(randn(1, 3, 5, 5)), ValueError, "in_channels .* groups=2; got 3"),
        (lambda: L.Deconv2d(3, 3, groups=2), ValueError, "out_channels must be .* of groups=2; got 3"),
        (lambda: L.Deconv2d(2, 3, in_channels=0), ValueError, "in_channels must be at least 1; got 0"),
        (lambda: L.Linear(2)(np.float32(1)), ValueError, r"Linear needs .* at least 2 axes; got shape \(\)"),
    ],
)
def test_errors_name_the_argument_and_the_size(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_integer_images_are_refused_with_a_way_out():
    with pytest.raises(TypeError, match="float"):
        L.Conv2d(2, 3)(np.zeros((1, 1, 5, 5), dtype=np.uint8))

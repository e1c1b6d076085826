"""Memory of graphs: gradients share none, and reference counting frees graphs of any depth."""

import gc
import weakref
from itertools import combinations

import numpy as np
import pytest
from shorthands import ones

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Function, Variable, as_variable, grad
from pyconvlite.autograd import functions_behind, stand_in
from pyconvlite.backends import choice

SHARING = {
    "a + b": lambda a, b: a + b,
    "a + a": lambda a, b: a + a + 0 * b,
    "a - b": lambda a, b: a - b,
    "-a": lambda a, b: -a + b,
    "reshape": lambda a, b: a.reshape(6, 2) + b.reshape(6, 2),
    "transpose": lambda a, b: a.T + b.T,
    "getitem": lambda a, b: a[:] + b[::-1],
    "concat": lambda a, b: F.concat([a, b]),
    "sum": lambda a, b: a.sum() + b.sum(axis=0),
    "read-only view": lambda a, b: a.sum() * 2 + b.sum() * 3,
    "broadcast": lambda a, b: F.broadcast_to(a, (2, 3, 4)) + b,
    "expand_dims": lambda a, b: F.expand_dims(a, 0) + F.expand_dims(b, 0),
    "chain": lambda a, b: (a + b).reshape(12).reshape(4, 3).T + 0,
}


@pytest.mark.parametrize("f", SHARING.values(), ids=SHARING.keys())
@pytest.mark.parametrize("create_graph", [False, True])
def test_no_two_gradients_share_memory(f, create_graph):
    a, b = ones(3, 4), ones(3, 4)
    y = f(a, b)
    y.backward(retain_grad=True, create_graph=create_graph)
    variables, pending = {y, a, b}, [y.creator]
    while pending:
        for x in pending.pop().inputs:
            variables.add(x)
            if x.creator:
                pending.append(x.creator)
    arrays = [x.data for x in variables] + [x.grad.data for x in variables if x.grad is not None]
    gradients = [x.grad.data for x in variables if x.grad is not None]
    assert len(gradients) >= 3
    for one, other in combinations(gradients, 2):
        assert not np.shares_memory(one, other)
    for gradient in gradients:
        assert gradient.flags.writeable
        assert sum(np.shares_memory(gradient, array) for array in arrays) == 1


class TestMemory:
    @pytest.fixture(autouse=True)
    def _reference_counting_alone(self):
        gc.disable()
        yield
        gc.enable()

    def test_graph_is_freed_with_its_last_variable(self):
        x = ones(2)
        middle = F.exp(x)
        y = (middle * middle + middle).sum()
        y.backward()
        remains = [weakref.ref(v) for v in (middle, y, middle.creator, y.creator)]
        del middle, y
        assert [ref() for ref in remains] == [None] * 4

    def test_grad_keeps_no_graph(self):
        x = ones(2)
        y = F.tanh(x)
        g = grad(y, x)
        remains = [weakref.ref(y), weakref.ref(y.creator), weakref.ref(g[0])]
        del y, g
        assert [ref() for ref in remains] == [None] * 3

    def test_grad_with_create_graph_is_freed(self):
        x = Variable(np.array([2.0]))
        y = x**3
        (gx,) = grad(y, x, create_graph=True)
        remains = [weakref.ref(v) for v in (y, gx, y.creator, gx.creator)]
        del y, gx
        assert [ref() for ref in remains] == [None] * 4

    def test_backward_with_create_graph_is_freed_by_cleargrad(self):
        x = Variable(np.array([2.0]))
        y = x**3
        y.backward(create_graph=True)
        remains = [weakref.ref(v) for v in (y, x.grad, y.creator, x.grad.creator)]
        del y
        x.cleargrad()
        assert [ref() for ref in remains] == [None] * 4

    def test_intermediate_gradients_are_not_kept(self):
        """Nor do they all exist at once: each is freed after its Function's backward."""

        class Watched(Function):
            def forward(self, x):
                return x * 1

            def backward(self, gy):
                seen.append(weakref.ref(gy))
                at_once.append(sum(ref() is not None for ref in seen))
                return gy * 1

        seen, at_once = [], []
        y = ones(2)
        for _ in range(10):
            y = Watched()(y)
        (y * 1).backward()
        assert [ref() for ref in seen] == [None] * 10
        assert max(at_once) <= 2

    def test_choice_of_a_backend_keeps_no_graph(self, monkeypatch):
        """The first kernel chooses it; where SIMD is missing, the error is kept, but not its traceback."""
        monkeypatch.setattr(choice, "_choice", None)
        monkeypatch.setenv("PYCONVLITE_BACKEND", "auto")

        def leave_a_graph():
            y = ones(2) * 2
            F.matmul(ones(2, 2), ones(2, 2))
            return weakref.ref(y.creator)

        assert leave_a_graph()() is None

    def test_training_loop_does_not_grow(self):
        W = ones(4, 4)
        x = np.ones((2, 4))
        alive = []
        for _ in range(3):
            loss = F.mean_squared_error(F.linear(x, W), np.zeros((2, 4)))
            alive.append(weakref.ref(loss))
            W.cleargrad()
            loss.backward()
            W.data = W.data - 0.1 * W.grad.data
        assert [ref() is None for ref in alive] == [True, True, False]


def test_deep_chains_do_not_recurse():
    n = 20_000
    x = Variable(np.array(0.0))
    y = x
    for _ in range(n):
        y = y + 1.0
    y.backward()
    assert (y.item(), x.grad.item()) == (n, 1)
    last = weakref.ref(y.creator)
    del y
    assert last() is None


def test_deep_chains_of_gradients():
    x = Variable(np.array(1.0))
    y = x
    for _ in range(2_000):
        y = y * 1.0
    (gx,) = grad(y * y, x, create_graph=True)
    assert grad(gx, x)[0].item() == 2


def test_wide_graphs_are_visited_once():
    """2 ** 60 paths, 60 Functions."""
    x = as_variable(np.array(1.0))
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60
    y.unchain_backward()


# -- arrays that no backward reads

X = np.random.default_rng(0).standard_normal((4, 8, 16, 16)).astype(np.float32)  # at least StandIn.LEAST


def kept(y, x):
    """How many arrays of the size of X the graph of y holds, not counting x."""
    found = {}
    for f in functions_behind([y]):
        for a in [v.data for v in f.inputs] + list(vars(f).values()):
            if isinstance(a, np.ndarray):
                base = a if a.base is None else a.base
                found[id(base)] = base.nbytes
    del found[id(x.data)]
    return sum(size for size in found.values() if size >= X.nbytes / 4) / X.nbytes  # without weights


STEPS = {  # of x, a convolution and a batch norm; and how many arrays ten of them keep
    "conv + relu": (lambda x, c, n: F.relu(c(x)), 10),
    "conv + batch norm + relu": (lambda x, c, n: F.relu(n(c(x))), 20),
    "conv + leaky relu": (lambda x, c, n: F.leaky_relu(c(x)), 12.5),
    "conv + tanh": (lambda x, c, n: F.tanh(c(x)), 10),
    "conv + dropout": (lambda x, c, n: F.dropout(c(x)), 20),
    "residual": (lambda x, c, n: F.relu(c(x) + x), 10),
    "sums": (lambda x, c, n: x + 1.0 - x, 1),  # the last, which the test holds
}


@pytest.mark.parametrize(("step", "count"), STEPS.values(), ids=STEPS)
def test_ten_layers_keep_what_their_backward_reads(step, count):
    x = y = Variable(X)
    for _ in range(10):
        y = step(y, L.Conv2d(8, 3, pad=1), L.BatchNorm())
    assert kept(y + 0.0, x) == count


def test_freed_variables_do_not_change_gradients():
    def gradients(hold):
        x = Variable(X.astype(np.float64))
        held = [x]
        for f in (
            F.sin,
            F.relu,
            F.exp,
            lambda v: v + held[0],
            F.tanh,
            lambda v: F.reshape(v, (32, 256)),
            F.sum,
        ):
            held.append(f(held[-1]))
            if not hold:
                del held[1:-1]
        (gx,) = grad(held[-1], x, create_graph=True)
        return gx.data, grad(F.sum(gx * gx), x)[0].data

    for a, b in zip(gradients(False), gradients(True), strict=True):
        np.testing.assert_array_equal(a, b)


class TestStandIns:
    """A Variable whose data the graph does not keep stays in the graph while somebody holds it."""

    def graph(self):
        x = Variable(X)
        v = x * 2.0
        y = F.sum(v + 1.0)
        return x, v, y

    def test_gradient_of_a_held_variable(self):
        _, v, y = self.graph()
        assert functions_behind([y])[1].inputs[0] is v
        assert v.creator.outputs[0]() is v
        np.testing.assert_array_equal(grad(y, v)[0].data, np.ones_like(X))
        y.backward(retain_grad=True)
        np.testing.assert_array_equal(v.grad.data, np.ones_like(X))

    def test_freed_variable_leaves_its_shape_and_name(self):
        x, v, y = self.graph()
        v.name = "v"
        y = F.sum(v + 1.0)
        freed = weakref.ref(v.data)
        del v
        assert freed() is None
        stand_in = functions_behind([y])[1].inputs[0]
        assert (stand_in.data, stand_in.shape, stand_in.dtype) == (None, X.shape, X.dtype)
        assert (stand_in.ndim, stand_in.size) == (4, X.size)
        assert stand_in.creator.outputs[0]() is stand_in
        np.testing.assert_array_equal(grad(y, x)[0].data, np.full_like(X, 2))

    def test_unchained_variable_cuts_the_graph_and_gets_the_gradient(self):
        x, v, y = self.graph()
        v.unchain()
        y.backward()
        assert x.grad is None
        np.testing.assert_array_equal(v.grad.data, np.ones_like(X))

    def test_unchained_and_freed_variable_cuts_the_graph(self):
        x, v, y = self.graph()
        v.unchain()
        del v
        y.backward()
        assert x.grad is None

    def test_unchain_backward_cuts_at_a_freed_variable(self):
        x, v, y = self.graph()
        del v
        y.unchain_backward()
        y.backward()
        assert x.grad is None

    def test_freed_variable_that_requires_no_gradient_stops_backward(self):
        x, v, _ = self.graph()
        v.requires_grad = False
        y = F.sum(v + 1.0)
        del v
        y.backward()
        assert x.grad is None

    def test_freed_variable_keeps_no_gradient(self):
        _, v, y = self.graph()
        del v
        y.backward(retain_grad=True)
        assert functions_behind([y])[1].inputs[0].grad is None

    def test_two_threads_share_one_stand_in(self, monkeypatch):
        v = Variable(X) * 2.0
        others = []

        class Slow(stand_in.StandIn):
            """While one is made, another thread asks for it."""

            def __init__(self, x):
                super().__init__(x)
                if not others:
                    others.append(self)
                    others[0] = stand_in.without_data(x)

        monkeypatch.setattr(stand_in, "StandIn", Slow)
        assert stand_in.without_data(v) is others[0] is v._stand_in

    def test_function_that_reads_outputs_keeps_them(self):
        x = Variable(X)
        y = F.sum(F.exp(x) + 1.0)
        np.testing.assert_allclose(grad(y, x)[0].data, np.exp(X), rtol=1e-6)

    def test_user_defined_function_keeps_inputs_and_outputs(self):
        class Square(Function):
            def forward(self, x):
                return x * x

            def backward(self, gy):
                assert self.outputs[0]().data is not None
                return 2 * gy * self.inputs[0]

        x = Variable(X)
        y = F.sum(Square()(x + 0.0) + 1.0)
        np.testing.assert_array_equal(grad(y, x)[0].data, 2 * X)

"""The graph's memory: no gradient shares its own, and all of it goes by reference counting, however deep."""

import gc
import weakref
from itertools import combinations

import numpy as np
import pytest

import pyconvlite.functions as F
from pyconvlite import Function, Variable, as_variable, grad


def ones(*shape):
    return Variable(np.ones(shape))


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

    def test_graph_goes_with_its_last_variable(self):
        x = ones(2)
        middle = F.exp(x)
        y = (middle * middle + middle).sum()
        y.backward()
        remains = [weakref.ref(v) for v in (middle, y, middle.creator, y.creator)]
        del middle, y
        assert [ref() for ref in remains] == [None] * 4

    def test_grad_leaves_nothing_behind(self):
        x = ones(2)
        y = F.tanh(x)
        g = grad(y, x)
        remains = [weakref.ref(y), weakref.ref(y.creator), weakref.ref(g[0])]
        del y, g
        assert [ref() for ref in remains] == [None] * 3

    def test_grad_with_create_graph_leaves_nothing_behind_once_dropped(self):
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
        """Nor are all of them there at once: each goes when its Function is through with it."""

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


@pytest.mark.parametrize("n", [20_000])
def test_deep_chains_neither_recurse_forward_backward_nor_when_freed(n):
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


def test_wide_graphs_are_walked_once():
    """2 ** 60 paths, 60 Functions."""
    x = as_variable(np.array(1.0))
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60
    y.unchain_backward()

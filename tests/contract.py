"""Tests that every Function, and every layer that wraps one, must pass: a test file only lists its cases."""

import gc
import pickle
import re
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest

import pyconvlite.functions as F
from pyconvlite import Variable, as_variable, grad
from pyconvlite.autograd.stand_in import StandIn
from pyconvlite.testing import check_backward, check_double_backward

# The tolerance of a result against its float64 oracle.
TOLERANCES = {np.float16: 3e-2, np.float32: 2e-5, np.float64: 1e-10}
DTYPES = [pytest.param(dtype, id=dtype.__name__) for dtype in TOLERANCES]


@dataclass(frozen=True)
class Case:
    """An operation, its oracle, and float64 inputs away from its kinks."""

    name: str
    f: Callable[..., Variable]
    oracle: Callable[..., np.ndarray]
    inputs: tuple[np.ndarray, ...]

    def arrays(self, dtype=np.float64):
        return [x.astype(dtype) for x in self.inputs]

    def variables(self):
        return [Variable(x) for x in self.arrays()]


def cases(table):
    """Decorate a subclass of Contract with its table of (name, f, oracle, *inputs)."""
    rows = [Case(name, f, oracle, inputs) for name, f, oracle, *inputs in table]
    return pytest.mark.parametrize("case", rows, ids=[row.name for row in rows])


def method(f):
    """A case that calls a method or an operator, which raw arrays have of their own."""
    return lambda *xs: f(*map(as_variable, xs))


def assert_close(actual, expected, dtype=np.float64):
    tolerance = TOLERANCES[dtype]
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


class Contract:
    """Inherit and decorate with @cases([...])."""

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_value_and_dtype(self, case, dtype):
        arrays = case.arrays(dtype)
        y = case.f(*map(Variable, arrays))
        expected = np.asarray(case.oracle(*[x.astype(np.float64) for x in arrays]))
        assert type(y) is Variable
        assert y.dtype == dtype
        assert y.shape == expected.shape
        assert_close(y.data, expected, dtype)

    def test_accepts_raw_arrays(self, case):
        y = case.f(*case.arrays())
        assert type(y) is Variable
        np.testing.assert_array_equal(y.data, case.f(*case.variables()).data)

    def test_missing_input_raises(self, case):
        for i in range(len(case.inputs)):
            xs = case.variables()
            xs[i] = Variable(None)
            found = None
            try:
                case.f(*xs)
            except TypeError as error:
                found = str(error)
            if i == 0 or found:  # others, such as a bias, may be omitted
                assert re.search(r" (an array, a Variable or a number|as \w+); got None$", found)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_backward(self, case, dtype):
        check_backward(case.f, case.arrays(dtype))

    @pytest.mark.parametrize("dtype", DTYPES[1:])
    def test_double_backward(self, case, dtype):
        check_double_backward(case.f, case.arrays(dtype))

    def test_gradients_inside_a_graph(self, case, monkeypatch):
        monkeypatch.setattr(StandIn, "LEAST", 0)  # what no backward reads is freed

        def f(*xs):
            # Not linear, so that the incoming gradient depends on the inputs, too.
            return (case.f(*[x * 1.0 for x in xs]) + 0.0) ** 2

        check_backward(f, case.arrays())
        check_double_backward(f, case.arrays())

    def test_gradient_of_one_input_alone(self, case):
        variables = case.variables()
        together = grad(case.f(*variables), variables)
        for i, expected in enumerate(together):
            mixed = case.arrays()
            mixed[i] = Variable(mixed[i])
            alone = grad(case.f(*mixed), mixed[i])[0]
            np.testing.assert_allclose(alone.data, expected.data, rtol=1e-12, atol=1e-15)

    def test_accepts_read_only_arrays(self, case):
        arrays = case.arrays()
        variables = [Variable(x) for x in arrays]
        y = case.f(*variables)
        y.grad = Variable(np.ones_like(y.data))
        for array in (*arrays, y.data, y.grad.data):
            array.flags.writeable = False
        y.backward(create_graph=True)
        for x in variables:
            gx, x.grad = x.grad, None
            grad(gx, variables)

    def test_gradients_share_no_memory(self, case):
        variables = case.variables()
        y = case.f(*variables)
        y.backward(retain_grad=True)
        arrays = [*[x.grad.data for x in variables], y.grad.data]
        for a, b in combinations(arrays, 2):
            assert not np.shares_memory(a, b)
        for gradient in arrays:
            assert gradient.flags.writeable
            for x in (*variables, y):
                assert not np.shares_memory(gradient, x.data)

    def test_graph_is_freed_without_garbage_collector(self, case):
        variables = case.variables()
        gc.disable()
        try:
            y = case.f(*variables)
            y.backward()
            remains = [weakref.ref(y), weakref.ref(y.creator)]
            del y
            assert [ref() for ref in remains] == [None, None]
        finally:
            gc.enable()


def layers(table):
    """Decorate a subclass of LayerContract with its table: by name, a layer and the function that it is."""
    return pytest.mark.parametrize(("layer", "function"), table.values(), ids=table)


class LayerContract:
    """Inherit, give an input `x` and decorate with @layers({...})."""

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_equals_its_function(self, layer, function, dtype):
        x = self.x.astype(dtype)
        y, expected = layer(x), function(x)
        np.testing.assert_array_equal(y.data, expected.data, strict=True)
        assert y.dtype == dtype

    def test_has_gradients_and_no_parameters(self, layer, function):
        x = Variable(self.x)
        y = layer(x)
        F.sum(y * y).backward()
        assert x.grad.shape == x.shape
        assert list(layer.params()) == []

    def test_can_be_pickled_after_a_call(self, layer, function):
        expected = layer(self.x)
        other = pickle.loads(pickle.dumps(layer))
        np.testing.assert_array_equal(other(self.x).data, expected.data)


def check_three_orders(f, inputs):
    """First, second and third order; the outputs' gradient is one more input of the third."""

    def first_order(*args):
        *xs, gy = args
        return grad(f(*xs), xs, [gy], create_graph=True)

    check_backward(f, inputs)
    check_double_backward(f, inputs)
    gy = np.random.default_rng(3).standard_normal(f(*inputs).shape)
    check_double_backward(first_order, [*inputs, gy])

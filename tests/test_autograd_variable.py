"""autograd/: Variable, Parameter, Function, conversions. `backward` is in test_autograd_backprop.py."""

import copy
import operator
from types import SimpleNamespace

import numpy as np
import pytest
from contract import DTYPES
from shorthands import ones

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import Function, Parameter, Variable, as_array, as_variable, grad, using_config
from pyconvlite.backends import DeviceUnavailable


class TestVariable:
    def test_properties_equal_those_of_the_array(self):
        x = Variable(np.zeros((2, 3), np.float32), name="x")
        assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 3), 2, 6, np.float32, 2)
        assert (x.name, x.grad, x.creator) == ("x", None, None)

    def test_holds_the_array_without_copying(self):
        data = np.zeros(3)
        assert Variable(data).data is data

    @pytest.mark.parametrize("data", [1.0, 1, [1.0], (1.0,), "1", np.float64(1.0)], ids=repr)
    def test_refuses_non_arrays(self, data):
        with pytest.raises(TypeError, match=type(data).__name__):
            Variable(data)

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (np.array(1.5), "variable(1.5)"),
            (np.array([1, 2, 3]), "variable([1 2 3])"),
            (np.array([[1, 2], [3, 4]]), "variable([[1 2]\n          [3 4]])"),
            (None, "variable(None)"),
        ],
    )
    def test_repr(self, data, text):
        assert repr(Variable(data)) == text

    def test_converts_to_an_array(self):
        x = Variable(np.arange(6, dtype=np.float32).reshape(2, 3))
        a = np.asarray(x)
        np.testing.assert_array_equal(a, x.data)
        assert (a.dtype, a.shape) == (np.float32, (2, 3))
        assert np.array(x, np.float64).dtype == np.float64
        assert not np.shares_memory(np.array(x), x.data)

    def test_converts_to_numbers(self):
        x = Variable(np.array([[2.5]], np.float32))
        assert (x.item(), type(x.item())) == (2.5, float)
        assert float(x) == float(Variable(np.array(2.5))) == 2.5
        assert int(x) == 2
        for convert in (Variable.item, float, int):
            with pytest.raises(ValueError, match=r"only a Variable of one element .* got shape \(2,\)"):
                convert(Variable(np.zeros(2)))

    def test_truth_value(self):
        assert [bool(Variable(np.array(a))) for a in (0.0, 2.0, [0.0], [[2.0]])] == [False, True, False, True]
        with pytest.raises(ValueError, match=r"h of shape \(2,\) is ambiguous: compare it with None by `is`"):
            bool(Variable(np.zeros(2), "h"))

    def test_0d_variable_has_no_length(self):
        with pytest.raises(TypeError):
            len(Variable(np.array(1.0)))

    def test_iteration_is_differentiable(self):
        x = Variable(np.arange(6.0).reshape(3, 2))
        rows = list(x)
        np.testing.assert_array_equal([row.data for row in rows], x.data)
        (rows[0] + 2 * rows[2]).sum().backward()
        np.testing.assert_array_equal(x.grad.data, [[1, 1], [0, 0], [2, 2]])

    def test_iteration_of_a_0d_variable_is_refused(self):
        with pytest.raises(TypeError):
            iter(Variable(np.array(1.0)))

    def test_hash_is_by_identity(self):
        x, y = Variable(np.ones(2)), Variable(np.ones(2))
        assert len({x, y, x}) == 2
        assert (x == x, x == y, x != x, x != y) == (True, False, False, True)
        assert y in [x, y]
        assert y not in [x]
        assert [x, y].index(y) == 1
        assert (x == None, x == "a", x in (None, "a")) == (False, False, False)  # noqa: E711

    @pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
    @pytest.mark.parametrize(
        "other", [0, 0.5, np.float32(0), np.int64(1), np.array([0, 2]), np.array([[1.0], [-1.0]])], ids=str
    )
    def test_comparison_gives_an_array_of_bools(self, name, other):
        a = np.array([[1.0, -1.0], [0.0, np.nan]], np.float32)
        op = getattr(operator, name)
        x = Variable(a)
        for found, expected in ((op(x, other), op(a, other)), (op(other, x), op(other, a))):
            assert (type(found), found.dtype) == (np.ndarray, bool)
            np.testing.assert_array_equal(found, expected)
        if name in ("lt", "le", "gt", "ge"):
            wrapped = Variable(np.asarray(other))
            np.testing.assert_array_equal(op(Variable(a), wrapped), op(a, other))

    def test_detach_leaves_the_graph(self):
        x = Variable(np.array([1.0, 2.0]))
        y = x * 3
        z = y.detach()
        assert (z.data is y.data, z.creator, z.requires_grad) == (True, None, False)
        (z * x).sum().backward()
        np.testing.assert_array_equal(x.grad.data, y.data)
        assert z.grad is None
        assert y.creator is not None

    def test_gradient_of_astype_has_the_original_dtype(self):
        x = Variable(np.array([1.0, 2.0], np.float32))
        y = x.astype(np.float64)
        y.backward()
        assert (y.dtype, x.grad.dtype) == (np.float64, np.float32)

    def test_cleargrad(self):
        x = Variable(np.ones(2))
        (x * 2).backward()
        x.cleargrad()
        assert x.grad is None

    def test_to_gpu_without_a_device_is_refused(self):
        x = Variable(np.ones(2))
        data = x.data
        x.to_cpu()
        assert x.data is data
        with pytest.raises(DeviceUnavailable):
            x.to_gpu()
        assert x.data is data

    @pytest.mark.parametrize(
        ("call", "expected"),
        [
            (lambda x: x.T, (4, 3, 2)),
            (lambda x: x.reshape(6, -1), (6, 4)),
            (lambda x: x.reshape((6, 4)), (6, 4)),
            (lambda x: x.transpose(), (4, 3, 2)),
            (lambda x: x.transpose(1, 0, 2), (3, 2, 4)),
            (lambda x: x.transpose((np.int64(1), 0, 2)), (3, 2, 4)),
            (lambda x: x.transpose(np.int64(1), 0, 2), (3, 2, 4)),
            (lambda x: x.sum(), ()),
            (lambda x: x.sum(axis=1, keepdims=True), (2, 1, 4)),
            (lambda x: x.max(axis=(0, 1)), (4,)),
            (lambda x: x.min(), ()),
            (lambda x: x.mean(0), (3, 4)),
            (lambda x: (x + np.arange(4.0)).std(axis=(0, 2)), (3,)),
            (lambda x: x.var(axis=1, keepdims=True), (2, 1, 4)),
            (lambda x: x[:1].squeeze(0), (3, 4)),
            (lambda x: x[:1, :, :1].squeeze(), (3,)),
            (lambda x: x.abs(), (2, 3, 4)),
            (abs, (2, 3, 4)),
            (lambda x: x.astype(np.float32), (2, 3, 4)),
            (lambda x: x @ x.transpose(0, 2, 1), (2, 3, 3)),
            (lambda x: x[0, ..., ::2], (3, 2)),
            (lambda x: x.matmul(np.ones((4, 5))), (2, 3, 5)),
            (lambda x: x.dot(np.ones((4, 5))), (2, 3, 5)),
        ],
    )
    def test_methods_are_differentiable(self, call, expected):
        y = call(Variable(np.zeros((2, 3, 4))))
        assert (type(y), y.shape) == (Variable, expected)
        assert isinstance(y.creator, Function)


class TestOperatorsWithNumpyOnTheLeft:
    """NumPy must not iterate over the Variable: the result is one Variable, not an array of them."""

    @pytest.mark.parametrize(
        "left", [np.ones((2, 3)), np.ones(3), np.float32(2), np.float64(2), np.array(2.0)]
    )
    def test_result_is_one_variable(self, left):
        x = Variable(np.ones((2, 3)))
        for y in (left + x, left - x, left * x, left / x, left**x):
            assert (type(y), y.shape) == (Variable, (2, 3))
        y = np.ones((4, 2)) @ x
        assert (type(y), y.shape) == (Variable, (4, 3))


class TestParameter:
    def test_is_a_variable(self):
        p = Parameter(np.ones(2), "W")
        assert isinstance(p, Variable)
        assert p.name == "W"
        assert type(p * 1) is Variable

    def test_data_may_be_set_later(self):
        p = Parameter(None, "W", lazy_shape=(3, None), lazy_dtype=np.float32)
        assert (p.data, p.lazy_shape, p.lazy_dtype) == (None, (3, None), np.float32)
        assert "None" in repr(p)
        p.to_cpu()
        p.data = np.ones(2)
        (p * 3).backward()
        np.testing.assert_array_equal(p.grad.data, [3, 3])


class TestConversions:
    def test_as_variable(self):
        x = Variable(np.ones(2))
        assert as_variable(x) is x
        assert as_variable(x.data).data is x.data
        assert as_variable(1.5).data == 1.5
        assert as_variable(np.float32(1.5)).dtype == np.float32
        with pytest.raises(TypeError, match="list"):
            as_variable([1.0])

    def test_as_variable_result_takes_gradients(self):
        x = as_variable(np.ones(2))
        (x * 3).backward()
        np.testing.assert_array_equal(x.grad.data, [3, 3])

    def test_as_array(self):
        data = np.ones(2)
        assert as_array(data) is data
        for scalar in (1.5, np.float64(1.5)):
            assert isinstance(as_array(scalar), np.ndarray)
        assert as_array(np.float32(1.5)).dtype == np.float32


class TestFunction:
    def test_forward_and_backward_are_abstract(self):
        class Nothing(Function):
            pass

        with pytest.raises(NotImplementedError, match="Nothing"):
            Nothing()(np.ones(2))

    def test_forward_gets_arrays_and_outputs_point_back(self):
        seen = []

        class Twice(Function):
            def forward(self, x):
                seen.append(type(x))
                return 2 * x

        x = Variable(np.ones(2))
        f = Twice()
        y = f(x)
        assert seen == [np.ndarray]
        assert y.creator is f
        assert f.inputs == (x,)
        assert f.outputs[0]() is y

    def test_numpy_scalars_become_arrays(self):
        class Total(Function):
            def forward(self, x):
                return x.sum()

        y = Total()(np.ones(3, np.float32))
        assert (type(y.data), y.dtype) == (np.ndarray, np.float32)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_several_outputs(self, dtype):
        class Halves(Function):
            def forward(self, x):
                return x[:2], x[2:]

        a, b = Halves()(np.arange(5).astype(dtype))
        np.testing.assert_array_equal(a.data, [0, 1])
        np.testing.assert_array_equal(b.data, [2, 3, 4])
        assert a.creator is b.creator
        assert a.dtype == b.dtype == dtype

    def test_one_output_in_a_tuple_is_one_variable(self):
        class One(Function):
            def forward(self, x):
                return (x * 2,)

        assert type(One()(np.ones(2))) is Variable


class TestUserDefinedFunctions:
    def test_none_as_gradient(self):
        class First(Function):
            def forward(self, x, index):
                return x[index]

            def backward(self, gy):
                return F.broadcast_to(gy, self.inputs[0].shape), None

        x, index = ones(3), Variable(np.array(1))
        First()(x, index).backward()
        assert index.grad is None
        np.testing.assert_array_equal(x.grad.data, [1, 1, 1])

    @pytest.mark.parametrize("wrap", [tuple, list], ids=["tuple", "list"])
    def test_fewer_gradients_than_inputs(self, wrap):
        class Scale(Function):
            def forward(self, x, factor, unused):
                return x * factor

            def backward(self, gy):
                return wrap([gy * self.inputs[1]])

        x = ones(2)
        Scale()(x, np.array(3.0), None).backward()
        np.testing.assert_array_equal(x.grad.data, [3, 3])

    def test_none_as_input(self):
        class Optional(Function):
            def forward(self, x, b):
                assert b is None
                return x * 2

            def backward(self, gy):
                assert self.inputs[1].data is None
                return gy * 2, None

        x = ones(2)
        Optional()(x, None).backward()
        np.testing.assert_array_equal(x.grad.data, [2, 2])

    def test_dezeros_style_with_arguments(self):
        class Power(Function):
            def __init__(self, c):
                self.c = c

            def forward(self, x):
                return x**self.c

            def backward(self, gy):
                (x,) = self.inputs
                return self.c * x ** (self.c - 1) * gy

        x = Variable(np.array(2.0))
        (gx,) = grad(Power(3)(x), x, create_graph=True)
        assert (gx.item(), grad(gx, x)[0].item()) == (12, 12)

    def test_grad_inside_backward(self):
        """The inner grad visits Functions that the outer backward has still to visit."""

        class Cube(Function):
            def forward(self, x):
                return x**3

            def backward(self, gy):
                (x,) = self.inputs
                with using_config("enable_backprop", True):
                    return grad(x * x * x, x, gy)[0]

        x = Variable(np.array(2.0))
        y = Cube()(x * 5) + x
        y.backward()
        assert x.grad.item() == 5 * 3 * 10**2 + 1

    def test_a_gradient_that_is_an_input_is_copied(self):
        class Careless(Function):
            def forward(self, x, y):
                return np.sum(x * y)

            def backward(self, gy):
                x, y = self.inputs
                return y, x

        x, y = Variable(np.array([1.0, 2.0])), Variable(np.array([3.0, 4.0]))
        Careless()(x, y).backward()
        for gradient, variable in [(x.grad, y), (y.grad, x)]:
            np.testing.assert_array_equal(gradient.data, variable.data)
            assert not np.shares_memory(gradient.data, variable.data)


def test_double_backward_of_the_books_step_36():
    """The book's first graph, step 36: the gradient of x^2 inside an expression of its own."""
    x = pyconvlite.Variable(np.array(2.0))
    y = x**2
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    z = gx**3 + y
    z.backward()
    assert x.grad.item() == 100


def test_copy_of_a_leaf_drops_the_graph_of_its_gradient():
    x = ones(2)
    (x * x).backward(create_graph=True)
    other = copy.deepcopy(x)
    np.testing.assert_array_equal(other.grad.data, [2, 2])
    assert other.grad.creator is None


def test_core_exports_dezeros_arithmetic():
    functions = [F.add, F.div, F.mul, F.neg, F.pow, F.rdiv, F.rsub, F.sub]
    for f in [F.Add, F.Div, F.Mul, F.Neg, F.Pow, F.Sub, *functions]:
        assert getattr(pyconvlite.core, f.__name__) is f


def test_generation_is_the_longest_path_from_a_leaf():
    x = Variable(np.array(2.0))
    a = x * x
    y = (a * a * a) + x
    assert [v.generation for v in (x, a, y)] == [0, 1, 4]
    assert y.creator.generation == 3
    a.unchain()
    assert a.generation == 0


def test_format_of_a_single_element():
    loss = F.sum(Variable(np.array([1.25, 1.5])))
    assert (f"{loss:.1f}", f"{loss}", int(loss)) == ("2.8", "variable(2.75)", 2)
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{Variable(np.ones(2)):.1f}"


@pytest.mark.cpython
def test_matplotlib_plots_variables():
    from matplotlib.figure import Figure

    x = Variable(np.linspace(0.0, 1.0, 5))
    (line,) = Figure().subplots().plot(x, F.exp(x))
    np.testing.assert_array_equal(line.get_xydata(), np.stack([x.data, np.exp(x.data)], axis=1))


class TestData:
    """`x.data = ...` takes what the constructor takes, and NumPy scalars, which 0-d operations return."""

    def test_numpy_number_becomes_an_array(self):
        x = Variable(np.array(3.0))
        x.data = x.data - np.array(1.0)
        assert type(x.data) is np.ndarray
        assert x.data == 2

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (Variable(np.ones(2)), "not Variable; use its `data`"),
            ([1.0, 2.0], r"not list; use np.array\(\[1.0, 2.0\]\)"),
            (3.0, r"not float; use np.array\(3.0\)"),
            (SimpleNamespace(to_py=list), r"not SimpleNamespace; use np.array\(x.to_py\(\)\)$"),
            (F.relu, "not function; use what it returns"),
            ([Variable(np.ones(2))], r"not list; use F.stack\(...\), which passes gradients on"),
        ],
    )
    def test_other_types_are_refused(self, data, message):
        x = Variable(np.ones(2))
        with pytest.raises(TypeError, match=f"a Variable must hold an array, {message}"):
            x.data = data
        assert x.data.sum() == 2

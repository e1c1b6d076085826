"""autograd/backprop.py: backward and grad. What they keep and free is in test_graph_memory.py."""

from itertools import combinations

import numpy as np
import pytest
from shorthands import ones

import pyconvlite.functions as F
from pyconvlite import Function, Parameter, Variable, grad, no_grad


class Halves(Function):
    """Two outputs; backward, DeZero's way, expects a gradient of each."""

    def forward(self, x):
        return x[:2], x[2:]

    def backward(self, ga, gb):
        return F.concat([ga * 1, gb * 1])


class Recorder(Function):
    """A sum that records which gradients were needed."""

    def forward(self, *xs):
        return sum(xs)

    def backward(self, gy):
        self.wanted = self.needs_input_grad
        return tuple(gy for _ in self.inputs)


class TestBackward:
    def test_backward_of_a_leaf_sets_its_gradient(self):
        x = Variable(np.full((2, 3), 5, np.float32))
        x.backward()
        np.testing.assert_array_equal(x.grad.data, np.ones((2, 3)))
        assert x.grad.dtype == np.float32

    def test_starts_from_the_gradient_of_the_output(self):
        x = Variable(np.array([1.0, 2.0]))
        y = x * 3
        y.grad = Variable(np.array([10.0, 100.0]))
        y.backward()
        np.testing.assert_array_equal(x.grad.data, [30, 300])

    def test_frees_intermediate_gradients_by_default(self):
        x = ones(2)
        middle = x * 2
        y = middle * 3
        y.backward()
        assert middle.grad is None
        np.testing.assert_array_equal(y.grad.data, [1, 1])
        np.testing.assert_array_equal(x.grad.data, [6, 6])

    def test_retain_grad_keeps_every_gradient(self):
        x = ones(2)
        middle = x * 2
        y = middle * 3
        y.backward(retain_grad=True)
        np.testing.assert_array_equal(middle.grad.data, [3, 3])

    def test_accumulates_into_existing_gradients(self):
        x = ones(2)
        for _ in range(2):
            (x * 3).backward()
        np.testing.assert_array_equal(x.grad.data, [6, 6])
        first = x.grad.data
        saved = first.copy()
        (x * 3).backward()
        np.testing.assert_array_equal(x.grad.data, [9, 9])
        np.testing.assert_array_equal(first, saved)

    def test_second_backward_accumulates_again(self):
        x = ones(2)
        y = F.exp(x * 0) * 3 + x
        y.backward()
        y.backward()
        np.testing.assert_array_equal(x.grad.data, [2, 2])

    def test_sums_gradients_over_all_paths(self):
        x = Variable(np.array(2.0))
        a = x**2
        y = a**2 + a**2 + x
        y.backward()
        assert x.grad.item() == 65

    def test_visits_functions_in_reverse_topological_order(self):
        """A short and a long path lead to one Variable: its gradient is complete before backward goes on."""
        x = Variable(np.array(1.0))
        a = x * 2
        long_way = a
        for _ in range(5):
            long_way = long_way * 1
        y = a * 10 + long_way
        y.backward()
        assert x.grad.item() == 22

    def test_same_variable_twice_in_one_function(self):
        x = ones(2)
        (x + x).backward()
        np.testing.assert_array_equal(x.grad.data, [2, 2])

    def test_create_graph_gives_the_gradient_a_graph(self):
        x = Variable(np.array(3.0))
        y = x**3
        y.backward()
        assert x.grad.creator is None
        x.cleargrad()
        y.backward(create_graph=True)
        gx = x.grad
        assert gx.creator is not None
        x.cleargrad()
        gx.backward()
        assert x.grad.item() == 18

    def test_newtons_method_of_the_book(self):
        x = Variable(np.array(2.0))
        for _ in range(10):
            y = x**4 - 2 * x**2
            x.cleargrad()
            y.backward(create_graph=True)
            gx = x.grad
            x.cleargrad()
            gx.backward()
            x.data = x.data - gx.data / x.grad.data
        assert x.item() == pytest.approx(1, abs=1e-12)

    def test_gradients_take_the_dtype_of_their_variable(self):
        x, W = Variable(np.ones(2, np.float32)), Variable(np.ones(2, np.float64))
        y = x * W
        y.backward()
        assert (y.dtype, x.grad.dtype, W.grad.dtype) == (np.float64, np.float32, np.float64)

    def test_raw_arrays_and_numbers_are_not_differentiated(self):
        f, x = Recorder(), ones(2)
        f(np.ones(2), x, 2.0).backward()
        assert f.wanted == (False, True, False)

    def test_stops_where_no_gradient_is_required(self):
        x = ones(2)
        middle = x * 2
        middle.requires_grad = False
        y = middle * 3 + x
        y.backward(retain_grad=True)
        assert middle.grad is None
        np.testing.assert_array_equal(x.grad.data, [1, 1])

    def test_gradient_of_another_shape_is_refused(self):
        x = ones(2, 3)
        y = x * 2
        y.grad = ones(3)
        with pytest.raises(ValueError, match=r"\(3,\).*\(2, 3\)"):
            y.backward()

    @pytest.mark.parametrize(
        ("grad", "error", "message"),
        [(ones(3), ValueError, r"grad has shape \(3,\).* shape \(\)"), (2.0, TypeError, "grad.*float")],
    )
    def test_invalid_gradient_of_a_leaf_is_refused(self, grad, error, message):
        x = Variable(np.array(3.0))
        x.grad = grad
        with pytest.raises(error, match=message):
            (x * 2).backward()
        assert x.grad is grad

    @pytest.mark.parametrize("gy", [np.array(10.0), np.ones(2), Variable(np.array(10.0)), 10.0, [10.0]])
    def test_gradient_as_an_argument_is_refused(self, gy):
        x = Variable(np.array(3.0))
        with pytest.raises(TypeError, match=r"retain_grad must be True or False; .*set y\.grad"):
            (x * 2).backward(gy)
        assert x.grad is None

    def test_error_names_function_with_gradient_of_another_shape(self):
        class Forgetful(Function):
            def forward(self, x, row):
                return x + row

            def backward(self, gy):
                return gy, gy

        y = Forgetful()(ones(2, 3), ones(3))
        with pytest.raises(ValueError, match=r"Forgetful.*\(2, 3\).*\(3,\)"):
            y.backward()


class TestSeveralOutputs:
    @pytest.mark.parametrize("drop", [True, False], ids=["freed", "alive"])
    @pytest.mark.parametrize(("used", "expected"), [(0, [3, 3, 0, 0, 0]), (1, [0, 0, 3, 3, 3])])
    def test_gradient_of_unused_output_is_zeros(self, used, expected, drop):
        x = Variable(np.arange(5, dtype=np.float32))
        outputs = Halves()(x)
        y = outputs[used] * 3
        if drop:
            del outputs
        y.backward()
        np.testing.assert_array_equal(x.grad.data, expected)
        assert x.grad.dtype == np.float32

    def test_zeros_have_the_dtype_of_the_output(self):
        class Watched(Halves):
            def backward(self, ga, gb):
                seen.extend([ga, gb])
                return super().backward(ga, gb)

        seen = []
        Watched()(Variable(np.arange(5, dtype=np.float16)))[1].backward()
        assert [(g.dtype, g.shape) for g in seen] == [(np.float16, (2,)), (np.float16, (3,))]

    def test_all_outputs_used(self):
        x = ones(5)
        a, b = Halves()(x)
        (a.sum() * 2 + b.sum() * 3).backward()
        np.testing.assert_array_equal(x.grad.data, [2, 2, 3, 3, 3])

    def test_second_order_through_one_output(self):
        x = Variable(np.arange(5.0))
        (gx,) = grad(Halves()(x)[1] ** 3, x, create_graph=True)
        (ggx,) = grad(gx, x)
        np.testing.assert_array_equal(ggx.data, [0, 0, 12, 18, 24])


class TestGrad:
    def test_returns_a_list_and_sets_no_grad(self):
        x, W = ones(2), ones(2)
        y = x * W * 3
        gradients = grad(y, [x, W])
        assert isinstance(gradients, list)
        np.testing.assert_array_equal([g.data for g in gradients], [[3, 3], [3, 3]])
        assert [v.grad for v in (x, W, y)] == [None, None, None]

    def test_keeps_existing_gradients(self):
        x = ones(2)
        x.grad = before = ones(2)
        y = x * 3
        grad(y, x)
        grad(y, x, create_graph=True)
        assert x.grad is before
        np.testing.assert_array_equal(before.data, [1, 1])

    def test_unreached_input_has_zero_gradient(self):
        x, other = ones(2), Variable(np.ones((3, 4), np.float32))
        gx, unreached = grad(x * 2, [x, other])
        np.testing.assert_array_equal(unreached.data, np.zeros((3, 4)))
        assert unreached.dtype == np.float32
        np.testing.assert_array_equal(gx.data, [2, 2])

    def test_gradient_of_an_intermediate(self):
        x = ones(2)
        middle = x * 2
        g_middle, gx = grad(middle**2, [middle, x])
        np.testing.assert_array_equal(g_middle.data, [4, 4])
        np.testing.assert_array_equal(gx.data, [8, 8])

    def test_gradient_of_an_output_with_respect_to_itself(self):
        x = ones(2)
        y = x * 2
        gy, gx = grad(y, [y, x], ones(2) * 5)
        np.testing.assert_array_equal(gy.data, [5, 5])
        np.testing.assert_array_equal(gx.data, [10, 10])

    def test_output_that_another_output_depends_on(self):
        x = ones(2)
        y = x * 2
        z = y * 3
        gy, gx = grad([y, z], [y, x])
        np.testing.assert_array_equal(gy.data, [4, 4])
        np.testing.assert_array_equal(gx.data, [8, 8])

    def test_the_same_input_twice(self):
        x = ones(2)
        a, b = grad(x * 3, [x, x])
        np.testing.assert_array_equal(a.data, b.data)

    def test_several_outputs_are_summed(self):
        x = ones(2)
        (gx,) = grad([x * 2, (x * 3).sum()], x)
        np.testing.assert_array_equal(gx.data, [5, 5])

    @pytest.mark.parametrize("wrap", [Variable, np.asarray], ids=["Variable", "array"])
    def test_grad_outputs(self, wrap):
        x = ones(2)
        outputs = [x * 2, x * 3]
        weights = [wrap(np.array([1.0, 10.0])), wrap(np.array([0.0, 1.0]))]
        np.testing.assert_array_equal(grad(outputs, x, weights)[0].data, [2, 23])
        np.testing.assert_array_equal(grad(outputs[0], x, weights[0])[0].data, [2, 20])
        np.testing.assert_array_equal(grad(outputs, x, [None, weights[1]])[0].data, [2, 5])

    def test_is_differentiable_with_respect_to_grad_outputs(self):
        x, gy = Variable(np.array([2.0])), Variable(np.array([5.0]))
        (gx,) = grad(x**2, x, gy, create_graph=True)
        assert [g.item() for g in grad(gx, [x, gy])] == [10, 4]

    def test_without_create_graph_has_no_graph(self):
        x = ones(2)
        assert grad(x**2, x)[0].creator is None

    def test_create_graph_inside_no_grad(self):
        x = Variable(np.array(3.0))
        y = x**2
        with no_grad():
            (gx,) = grad(y, x, create_graph=True)
        assert grad(gx, x)[0].item() == 2

    def test_gradients_share_no_memory(self):
        x, W = ones(2), ones(2)
        seed = ones(2)
        gx, gW = grad(x + W, [x, W], seed)
        for one, other in combinations([gx.data, gW.data, seed.data], 2):
            assert not np.shares_memory(one, other)

    def test_calls_only_functions_between_inputs_and_outputs(self):
        class Unwanted(Recorder):
            def backward(self, gy):
                raise AssertionError("nobody asked for this gradient")

        x, other = ones(2), ones(2)
        middle = Unwanted()(x)
        (gm,) = grad(middle * 3 + Unwanted()(other), middle)
        np.testing.assert_array_equal(gm.data, [3, 3])

    @pytest.mark.parametrize("weights", [[ones(2)], [ones(2)] * 3, ones(2)], ids=["one", "three", "bare"])
    def test_wrong_number_of_grad_outputs_is_refused(self, weights):
        x = ones(2)
        with pytest.raises(ValueError, match=r"grad_outputs.*2"):
            grad([x * 2, x * 3], x, weights)

    @pytest.mark.parametrize("args", [(np.ones(2), ones(2)), (ones(2), [np.ones(2)]), (ones(2), None)])
    def test_non_variables_are_refused(self, args):
        with pytest.raises(TypeError, match=r"(outputs|inputs).*(ndarray|NoneType)"):
            grad(*args)

    def test_grad_output_of_another_shape_is_refused(self):
        x = ones(2)
        with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
            grad(x * 2, x, ones(3))


class TestUnchain:
    def test_unchain_makes_a_leaf(self):
        x = ones(2)
        middle = x * 2
        y = middle * 3
        middle.unchain()
        y.backward()
        assert x.grad is None
        np.testing.assert_array_equal(middle.grad.data, [3, 3])

    def test_unchain_of_one_of_several_outputs(self):
        """The other output keeps the Function in the graph."""
        x = ones(4)
        a, b = F.split(x, 2)
        y = a * 2 + b * 3
        a.unchain()
        y.backward()
        np.testing.assert_array_equal(x.grad.data, [0, 0, 3, 3])
        np.testing.assert_array_equal(a.grad.data, [2, 2])

    def test_unchain_backward_cuts_everything_behind(self):
        x = ones(2)
        a = x * 2
        b = a * 3
        c = b * 4
        y = c + b
        y.unchain_backward()
        assert [v.creator for v in (a, b, c)] == [None] * 3
        y.backward()
        assert x.grad is None

    def test_unchain_backward_of_a_leaf(self):
        ones(2).unchain_backward()


def test_gradient_that_is_not_a_variable_is_refused():
    y = Variable(np.ones(2)) * 2
    y.grad = np.ones(2)
    with pytest.raises(TypeError, match="grad must be a Variable or None; got ndarray"):
        y.backward()


class Doubled(Function):
    """Sum and difference, as a list; its backward can return too many or too few gradients."""

    gradients = 2

    def forward(self, a, b):
        return [a + b, a - b]

    def backward(self, gs, gd):
        return (gs + gd, gs - gd, gs)[: self.gradients]


def test_outputs_may_come_in_a_list():
    a, b = Variable(np.array(3.0)), Variable(np.array(1.0))
    s, d = Doubled()(a, b)
    assert (s.item(), d.item()) == (4, 2)
    assert [g.item() for g in grad([s, d], [a, b])] == [2, 0]


@pytest.mark.parametrize("count", [3, 1, 0])
def test_another_number_of_gradients_than_inputs_is_refused(count):
    f = Doubled()
    f.gradients = count
    s, _ = f(Variable(np.array(3.0)), Variable(np.array(1.0)))
    with pytest.raises(ValueError, match=rf"Doubled\.backward .* per input, 2; got {count}$"):
        s.backward()


@pytest.mark.parametrize("labels", [np.array(1.0), Variable(np.array(1))])
def test_the_last_gradients_may_be_omitted_where_there_is_none(labels):
    f = Doubled()
    f.gradients = 1
    x = Variable(np.array(3.0))
    s, _ = f(x, labels)
    s.backward()
    assert x.grad.item() == 1


def test_a_forward_without_result_is_refused():
    class Forgotten(Function):
        def forward(self, x):
            x + 1

    with pytest.raises(TypeError, match=r"Forgotten\.forward must return an array"):
        Forgotten()(np.ones(2))


MATRIX = np.ones((2, 2), np.float32)
IMAGES = np.ones((2, 2, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: F.relu(None), "ReLU needs an array or number as x; got None"),
        (lambda x: x + "1", "Add needs an array or number as x1; got dtype <U1"),
        (lambda x: F.exp(np.array([object()])), "Exp needs an array or number as x; got dtype object"),
        (lambda x: F.linear(MATRIX, MATRIX, 1j * x), "Linear needs real numbers as b; got dtype complex128"),
        (lambda x: F.conv2d(IMAGES, IMAGES, 1j * x), "Conv2d needs real numbers as b; got dtype complex128"),
        (
            lambda x: F.deconv2d(IMAGES, IMAGES, 1j * x),
            "Deconv2d needs real numbers as b; got dtype complex128",
        ),
    ],
)
def test_non_numeric_input_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call(Variable(np.ones(2)))


def test_an_input_without_data_has_no_shape():
    with pytest.raises(
        AttributeError, match=r"this Variable has no data, therefore no shape .*: it holds None"
    ):
        _ = Variable(None).shape
    assert not hasattr(Variable(None), "shape")
    with pytest.raises(AttributeError, match=r"this Parameter has .* before the first call of its layer"):
        _ = Parameter(None).size


def test_error_inside_forward_propagates():
    class Affine(Function):
        def forward(self, x, W, b):
            return x.no_such_method(W)

    with pytest.raises(AttributeError, match="no_such_method"):
        Affine()(np.ones(2), np.ones(2), None)

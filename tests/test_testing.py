"""testing.py: the gradient checks accept right gradients and reject wrong ones."""

import numpy as np
import pytest
from contract import DTYPES

import pyconvlite.functions as F
from pyconvlite import Function, Variable, grad, no_grad
from pyconvlite.testing import check_backward, check_double_backward, numerical_grad

rng = np.random.default_rng(8)
X = rng.standard_normal((3, 4))
Y = rng.standard_normal((3, 4))
ROW = rng.standard_normal(4)
IMAGE = rng.standard_normal((2, 1, 5, 6))


def function(forward, backward):
    """A Function of the two, as something to call."""
    members = {"forward": lambda self, *xs: forward(*xs), "backward": lambda self, *gys: backward(self, *gys)}
    return lambda *xs: type("Sample", (Function,), members)()(*xs)


class TestNumericalGrad:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_one_array_gives_a_float64_array(self, dtype):
        x = X.astype(dtype)
        gx = numerical_grad(F.exp, x)
        assert (type(gx), gx.dtype) == (np.ndarray, np.float64)
        np.testing.assert_allclose(gx, np.exp(x.astype(np.float64)), rtol=1e-7)

    def test_variable_argument(self):
        x = Variable(X)
        np.testing.assert_allclose(numerical_grad(F.sin, x), np.cos(X), rtol=1e-7)
        assert x.grad is None

    @pytest.mark.parametrize("wrap", [tuple, list], ids=["tuple", "list"])
    def test_several_arrays_give_a_list(self, wrap):
        gx, gy = numerical_grad(lambda x, y: x * y, wrap([X, Variable(ROW)]))
        np.testing.assert_allclose(gx, np.broadcast_to(ROW, X.shape), rtol=1e-7)
        np.testing.assert_allclose(gy, X.sum(axis=0), rtol=1e-7)

    def test_output_weights(self):
        gx = numerical_grad(lambda x: (F.sin(x), (x * x).sum()), X, [Y, np.array(3.0)])
        np.testing.assert_allclose(gx, Y * np.cos(X) + 6 * X, rtol=1e-7)

    def test_eps_must_be_positive(self):
        with pytest.raises(ValueError, match="eps must be above 0"):
            numerical_grad(lambda x: x**3, np.array(1.0), eps=0)

    def test_inputs_of_another_byte_order(self):
        check_backward(F.gelu, np.array([0.1, -0.2], ">f8"))

    def test_eps_is_the_step(self):
        # (1 + h)^3 - (1 - h)^3 over 2h is 3 + h^2
        assert numerical_grad(lambda x: x**3, np.array(1.0), eps=0.5) == pytest.approx(3.25)

    def test_inputs_are_unchanged(self):
        x = X.copy()
        x.flags.writeable = False
        numerical_grad(F.sin, x)
        np.testing.assert_array_equal(x, X)

    def test_0d_and_empty_arrays(self):
        assert numerical_grad(F.exp, np.array(0.0)) == pytest.approx(1)
        assert numerical_grad(F.exp, np.zeros((0, 3))).shape == (0, 3)


class TestAcceptsRightGradients:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_functions_of_one_two_and_many(self, dtype):
        x, y = X.astype(dtype), Y.astype(dtype)
        for f, inputs in [
            (F.tanh, x),
            (F.tanh, Variable(x)),
            (lambda x, y: x * y, (x, y)),
            (lambda x, y: (F.exp(x), x - y, y[0]), [Variable(x), y]),
        ]:
            check_backward(f, inputs)
            check_double_backward(f, inputs)

    def test_given_gradients_are_used(self):
        """With the constant gradient -1, |x| is right only for negative x."""
        f = function(np.abs, lambda self, gy: -gy)
        x = np.array([-1.0, 2.0])
        check_backward(f, x, np.array([1.0, 0.0]))
        with pytest.raises(AssertionError, match=r"worst at \[1\]"):
            check_backward(f, x, np.array([1.0, 1.0]))

    def test_given_gradients_are_cast_to_the_dtype_of_the_output(self):
        check_backward(F.exp, X.astype(np.float32), Variable(np.ones((3, 4))))

    def test_given_second_gradients_are_used(self):
        def f(x):  # its second derivative is missing
            return x * x.data

        check_double_backward(f, X, np.ones((3, 4)), np.zeros((3, 4)))
        with pytest.raises(AssertionError):
            check_double_backward(f, X, np.ones((3, 4)), np.ones((3, 4)))

    def test_third_order(self):
        def first_order(x, gy):
            return grad(F.tanh(x), [x], [gy], create_graph=True)

        check_double_backward(first_order, (X, Y))

    def test_variables_keep_their_gradients(self):
        x = Variable(X)
        before = x.grad = Variable(np.zeros((3, 4)))
        check_backward(F.exp, x)
        check_double_backward(F.exp, x)
        assert x.grad is before
        np.testing.assert_array_equal(before.data, 0)

    def test_an_input_without_influence(self):
        check_backward(lambda x, y: x * 2, (X, Y))
        check_double_backward(lambda x, y: x * 2, (X, Y))

    def test_mixed_precision(self):
        check_backward(lambda x, y: x * y, (X.astype(np.float32), Y))

    def test_different_directions_for_different_seeds(self):
        f = function(lambda x: x * x, lambda self, gy: gy * self.inputs[0] * 2.0001)
        for seed in range(20):
            with pytest.raises(AssertionError):
                check_backward(f, X, seed=seed)


def missing_sum(x, row):
    return function(np.add, lambda self, gy: (gy, gy[0]))(x, row)


def in_place_forward(x):
    def forward(x):
        x += 1
        return x * 2

    return function(forward, lambda self, gy: gy * 2)(x)


def in_place_backward(x):
    def backward(self, gy):
        gy.data *= 2
        return gy

    return function(lambda x: 2 * x, backward)(x)


def backward_into_input(x):
    def backward(self, gy):
        self.inputs[0].data[...] = 0
        return gy * 2

    return function(lambda x: 2 * x, backward)(x)


def wrong_in_one_element(x):
    def backward(self, gy):
        mask = np.ones(gy.shape, gy.dtype)
        mask[-1, 2] = 1.01
        return gy * mask

    return function(lambda x: x * 1, backward)(x)


def swapped_average_pooling(x):
    """DeZero's backward of average pooling, KH and KW swapped, here of 2 by 3 windows side by side."""

    def forward(x):
        N, C, H, W = x.shape
        return x.reshape(N, C, H // 2, 2, W // 3, 3).mean(axis=(3, 5))

    def backward(self, gy):
        N, C, H, W = self.inputs[0].shape
        wide = F.broadcast_to(gy.reshape(N, C, H // 2, 1, W // 3, 1), (N, C, H // 2, 3, W // 3, 2)) / 6
        return wide.reshape(N, C, H, W)

    return function(forward, backward)(x)


def random_scale(x):
    return x * rng.uniform(1, 2)


# The message, where the rejection must come from the check itself.
WRONG = {
    "factor 2": (function(lambda x: x * 3, lambda self, gy: gy * 6), X, "inputs.0."),
    "dropped sign": (function(np.cos, lambda self, gy: gy * F.sin(self.inputs[0])), X, "inputs.0."),
    "second input wrong": (
        function(np.multiply, lambda self, gy: (gy * self.inputs[1], gy)),
        (X, Y),
        "inputs.1.",
    ),
    "inputs swapped": (
        function(np.multiply, lambda self, gy: (gy * self.inputs[0], gy * self.inputs[1])),
        (X, Y),
        "inputs.0.",
    ),
    "missing sum": (missing_sum, (X, ROW), "inputs.1."),
    "W not transposed": (
        function(np.matmul, lambda self, gy: (F.matmul(gy, self.inputs[1]), F.matmul(self.inputs[0].T, gy))),
        (X, rng.standard_normal((4, 4))),
        "inputs.0.",
    ),
    "two elements exchanged": (
        function(lambda x: x**2, lambda self, gy: (gy * 2 * self.inputs[0])[::-1]),
        np.array([1.0, 2.0]),
        "inputs.0.",
    ),
    "one element wrong": (wrong_in_one_element, X, r"worst at \[2, 2\].* 1 of 12 elements"),
    "average pooling with KH and KW swapped": (
        swapped_average_pooling,
        rng.standard_normal((2, 1, 6, 6)),
        "inputs.0.",
    ),
    "not a number": (function(lambda x: x * 1, lambda self, gy: gy * np.nan), X, "nan"),
    "infinite": (function(lambda x: x * 1, lambda self, gy: gy * np.inf), X, "inf"),
    "no gradient at all": (function(lambda x: x * 1, lambda self, gy: None), X, "gives 0.0.* 12 of 12"),
    "output in float64": (
        lambda x: F.cast(x, np.float64),
        X.astype(np.float32),
        "outputs.0. is float64.*float32",
    ),
    "gradient in integers": (
        function(lambda x: x * 1, lambda self, gy: Variable(np.ones(gy.shape, np.int64))),
        X,
        "gradient of inputs.0. is int64.*float64",
    ),
    "forward into its input": (in_place_forward, X.copy(), "forward wrote into inputs.0."),
    "backward into its input": (backward_into_input, X.copy(), "backward wrote into inputs.0."),
    "backward into its gradient": (in_place_backward, X, "backward wrote into grad_outputs.0."),
    "random": (random_scale, X, "not deterministic"),
}


@pytest.mark.parametrize(("f", "inputs", "words"), WRONG.values(), ids=WRONG.keys())
def test_check_backward_rejects(f, inputs, words):
    with pytest.raises(AssertionError, match=words):
        check_backward(f, inputs)


@pytest.mark.parametrize("check", [check_backward, check_double_backward, numerical_grad])
def test_non_callables_are_refused(check):
    with pytest.raises(TypeError, match="f must be a function of Variables; got int"):
        check(3, X)


def test_gradient_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"Sample.*\(3, 4\).*\(4,\)"):
        check_backward(function(np.add, lambda self, gy: (gy, gy)), (X, ROW))


def test_error_names_the_worst_element():
    def f(x):
        factors = np.array([2.0, 3.0, 4.0])
        return function(lambda x: x * 2, lambda self, gy: gy * factors)(x)

    with pytest.raises(AssertionError, match=r"worst at \[2\].*backward gives 4.0.*differences 2.0.* 2 of 3"):
        check_backward(f, np.ones(3), np.ones(3))


def leaves_the_graph(self, gy):
    return gy * np.cos(self.inputs[0].data)


WRONG_SECOND = {
    "gradient computed with .data": (function(np.sin, leaves_the_graph), X),
    "gy computed with .data": (
        function(np.sin, lambda self, gy: F.cos(self.inputs[0]) * gy.data),
        X,
    ),
    "one input of two by .data": (
        function(np.multiply, lambda self, gy: (gy * self.inputs[1].data, gy * self.inputs[0])),
        (X, Y),
    ),
    "second order wrong by a factor": (
        function(
            lambda x: x**2,
            lambda self, gy: gy * function(lambda x: 2 * x, lambda self, ggx: ggx)(self.inputs[0]),
        ),
        X,
    ),
}


@pytest.mark.parametrize(("f", "inputs"), WRONG_SECOND.values(), ids=WRONG_SECOND.keys())
def test_check_double_backward_rejects_wrong_second_order(f, inputs):
    check_backward(f, inputs)
    with pytest.raises(AssertionError, match="worst at"):
        check_double_backward(f, inputs)


def test_third_order_check_rejects_wrong_third_order():
    """x^3 whose second derivative 6x is a constant of the graph."""
    second = function(lambda x: 3 * x**2, lambda self, gy: gy * (6 * self.inputs[0].data))
    f = function(lambda x: x**3, lambda self, gy: gy * second(self.inputs[0]))

    def first_order(x, gy):
        return grad(f(x), [x], [gy], create_graph=True)

    check_backward(f, X)
    check_double_backward(f, X)
    with pytest.raises(AssertionError, match="worst at"):
        check_double_backward(first_order, (X, Y))


def test_conv2dgradw_of_the_notes_is_rejected():
    """Conv2DGradW.backward as in the notes: it uses its own output in place of the gradient."""

    class SeedGradW(F.Conv2DGradW):
        def backward(self, gys):
            x, gy = self.inputs
            (gW,) = (ref() for ref in self.outputs)
            _, stride, pad, *_ = self.geometry
            gx = F.deconv2d(gy, gW, stride=stride, pad=pad, outsize=x.shape[2:])
            return gx, F.conv2d(x, gW, stride=stride, pad=pad)

    class SeedConv2d(F.Conv2d):
        def backward(self, gy):
            x, W, _ = self.inputs
            gx = F.deconv2d(gy, W, stride=self.stride, pad=self.pad, outsize=x.shape[2:])
            return gx, SeedGradW(self)(x, gy), gy.sum(axis=(0, 2, 3))

    rng = np.random.default_rng(0)
    inputs = (IMAGE, rng.standard_normal((2, 1, 3, 2)), rng.standard_normal(2))
    check_backward(lambda *xs: SeedConv2d(2, 1)(*xs), inputs)
    with pytest.raises(AssertionError, match="worst at"):
        check_double_backward(lambda *xs: SeedConv2d(2, 1)(*xs), inputs)


@pytest.mark.parametrize(
    ("dtype", "wrong_by"), [(np.float16, 0.2), (np.float32, 2e-3), (np.float64, 2e-5)], ids=["16", "32", "64"]
)
def test_default_tolerances_follow_the_dtype(dtype, wrong_by):
    def off_by(error):
        return function(np.sin, lambda self, gy: gy * F.cos(self.inputs[0]) * (1 + error))

    x = X.astype(dtype)
    with pytest.raises(AssertionError):
        check_backward(off_by(wrong_by), x)
    check_backward(off_by(wrong_by / 1000), x)


def test_given_tolerances_are_used():
    f = function(lambda x: x * 1, lambda self, gy: gy * 1.01)
    check_backward(f, X, rtol=0.1)
    check_backward(f, X, atol=1.0)
    with pytest.raises(AssertionError):
        check_backward(f, X, rtol=1e-3, atol=1e-3)
    check_double_backward(lambda x: f(x) ** 1 * 1, X, rtol=0.1)


@pytest.mark.parametrize("check", [check_backward, check_double_backward, numerical_grad])
@pytest.mark.parametrize(
    ("f", "inputs", "grad_outputs", "error", "words"),
    [
        (F.exp, np.arange(3, dtype=np.int64), None, TypeError, r"inputs\[0\] is int64"),
        (F.exp, [1], None, TypeError, r"inputs\[0\] is int"),
        (lambda x, t: x, (X, np.ones(3, bool)), None, TypeError, r"inputs\[1\] is bool"),
        (lambda x: x.data, X, None, TypeError, "f must return a Variable, or .*; got ndarray"),
        (lambda x: [x, None], X, None, TypeError, "f must return a Variable, or .*; got NoneType"),
        (lambda: Variable(X), [], None, ValueError, "inputs must contain at least one array"),
        (F.exp, X, np.ones((4, 3)), ValueError, r"grad_outputs must .*\(3, 4\).*\(4, 3\)"),
        (F.exp, X, [np.ones((3, 4))] * 2, ValueError, r"\(3, 4\), \(3, 4\)"),
    ],
)
def test_invalid_arguments_are_named(check, f, inputs, grad_outputs, error, words):
    with pytest.raises(error, match=words):
        check(f, inputs, grad_outputs)


def test_errors_name_second_order_gradients():
    with pytest.raises(
        ValueError, match=r"grad_grad_inputs must have the shapes \[\(3, 4\)\]; got \[\(2,\)\]"
    ):
        check_double_backward(F.exp, X, None, np.ones(2))
    check_double_backward(F.exp, X, None, X)


def test_checks_inside_no_grad():
    class Cube(Function):
        def forward(self, x):
            return x**3

        def backward(self, gy):
            (x,) = self.inputs
            return gy * Variable(3 * x.data**2)  # not differentiable

    with no_grad():
        check_backward(lambda x: Cube()(x), np.array([2.0]))
        with pytest.raises(AssertionError, match=r"backward gives 0\.0"):
            check_double_backward(lambda x: Cube()(x), np.array([2.0]))

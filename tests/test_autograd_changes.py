"""autograd/: `data` that is reassigned between an operation and `backward`; calls and copies of a graph."""

import copy
import pickle

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Function, Parameter, Variable, grad, no_grad
from pyconvlite.optimizers import SGD, Adam
from pyconvlite.utils import gradient_check, numerical_grad


def randn(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def subtract(x):
    x.data -= 0.1


def assign(x):
    x.data = x.data - 0.1


def update(x):
    layer = L.Layer()
    layer.x = x
    x.grad = Variable(np.ones(x.shape))
    Adam().setup(layer).update()
    x.cleargrad()


changes = pytest.mark.parametrize("change", [subtract, assign, update])


def param(name="W"):
    return Parameter(np.array([1.0, 2.0, 3.0]), name)


class TestChangedData:
    @changes
    def test_changed_input_is_refused(self, change):
        W = param()
        y = (W * W).sum()
        change(W)
        with pytest.raises(
            RuntimeError, match=r"the data of W of shape \(3,\) was reassigned after Mul used it"
        ):
            y.backward()
        assert W.grad is None

    @pytest.mark.parametrize("change", [subtract, assign])
    def test_changed_output_is_refused(self, change):
        W = param()
        h = F.exp(W)
        y = h.sum()
        change(h)
        with pytest.raises(
            RuntimeError, match=r"a Variable of shape \(3,\) .* after (Sum used|Exp computed) it"
        ):
            y.backward()
        h = F.exp(W)
        change(h)
        with pytest.raises(RuntimeError, match="after Exp computed it"):
            h.backward()

    def test_changed_base_of_a_view_is_refused(self):
        x, W = Variable(np.array([[1.0, 1.0]])), Variable(np.array([[1.0, 2.0], [3.0, 4.0]]), "W")
        y = F.matmul(x, F.reshape(W.T, (2, 2))).sum()
        subtract(W)
        for wanted in (x, W):
            with pytest.raises(RuntimeError, match="the data of W of shape"):
                grad(y, wanted)

    def test_changed_base_of_a_freed_view_is_refused(self):
        x, W = Variable(randn(64, 64), "x"), Variable(randn(64, 64))  # large: the graph does not keep x.T
        x.requires_grad = False
        y = (x.T.T * W).sum()
        subtract(x)
        with pytest.raises(RuntimeError, match=r"the data of x of shape \(64, 64\) .* Mul used a view of"):
            y.backward()

    @pytest.mark.parametrize(
        "view", [lambda x: x[:1], lambda x: F.split(x, 2)[0], lambda x: F.reshape(x.T[1], (2, 1)).T]
    )
    def test_change_of_a_view_is_one_of_its_base(self, view):
        for function, done in ((F.sin, "used"), (F.exp, "computed")):
            x = Variable(randn(2, 3))
            y = function(x)
            changed = x if done == "used" else y
            subtract(view(changed))
            with pytest.raises(RuntimeError, match=rf"shape \(2, 3\) was reassigned after \w+ {done} it"):
                y.sum().backward() if done == "used" else y.backward()

    def test_change_of_an_array_of_its_own_is_allowed(self):
        for function in (F.neg, lambda x: F.layer_norm(x, 3)):  # the array of the second is a reshaped one
            x = Variable(randn(2, 3))
            y = function(x)
            wanted = grad(y, x, randn(2, 3))[0]
            subtract(y)
            np.testing.assert_array_equal(grad(y, x, randn(2, 3))[0].data, wanted.data)

    def test_freed_data_that_backward_does_not_read_is_allowed(self):
        x, W, b = (Variable(randn(*shape)) for shape in ((4, 3), (3, 2), (2,)))
        t = F.matmul(x, W)
        y = t + b
        t.data = None  # as in the book's step 43
        assert (t.shape, t.ndim, t.size, t.dtype) == ((4, 2), 2, 8, x.dtype)
        (y * y).sum().backward()
        np.testing.assert_allclose(b.grad.data, 2 * (x.data @ W.data + b.data).sum(axis=0))
        t = F.matmul(x, W)
        y = t + b
        t.data = None
        y.backward(retain_grad=True)
        assert t.grad.shape == t.shape

    def test_freed_data_that_backward_reads_is_refused(self):
        x, W, b = (Variable(randn(*shape)) for shape in ((4, 3), (3, 2), (2,)))
        t = F.matmul(x, W)
        y = t * b
        t.data = None
        with pytest.raises(RuntimeError, match=r"a Variable of shape \(4, 2\) was reassigned after Mul used"):
            y.backward()
        h = F.exp(x)
        y = h + 1
        h.data = None
        with pytest.raises(RuntimeError, match=r"a Variable of shape \(4, 3\) .* after Exp computed it"):
            y.backward()

    def test_freed_data_of_a_leaf_is_refused(self):
        leaf = Variable(randn(2), "leaf")
        for y in (leaf * leaf, leaf + 1):
            leaf.data = None
            with pytest.raises(RuntimeError, match="the data of leaf without data was reassigned after"):
                y.sum().backward()
            with pytest.raises(ValueError, match="the truth value of leaf without data is ambiguous"):
                bool(leaf)
            leaf.data = randn(2)
        leaf.data = None
        with pytest.raises(AttributeError, match="has no data, therefore no shape and no dtype"):
            _ = leaf.dtype

    def test_changed_shape_is_refused(self):
        x = Variable(np.ones(3), "x")
        y = F.sum(x)
        x.data = np.zeros(5)
        with pytest.raises(RuntimeError, match="the data of x of shape"):
            y.backward()

    @changes
    def test_changed_data_is_refused_by_grad_and_in_second_order(self, change):
        W = param()
        y = W**3
        (gW,) = grad(y, W, create_graph=True)
        change(W)
        for output in (y, gW):
            with pytest.raises(RuntimeError, match="W of shape"):
                grad(output, W)

    @changes
    def test_later_operations_use_the_new_data(self, change):
        W = param()
        change(W)
        (W * W).backward()
        np.testing.assert_array_equal(W.grad.data, 2 * W.data)

    def test_training_by_assignment_after_backward(self):
        rng = np.random.default_rng(0)
        x = rng.random((100, 1))
        W, b = Variable(np.zeros((1, 1))), Variable(np.zeros(1))
        for _ in range(500):
            loss = F.mean_squared_error(x * 2 + 5, F.matmul(x, W) + b)
            W.cleargrad()
            b.cleargrad()
            loss.backward()
            W.data -= 0.3 * W.grad.data
            b.data -= 0.3 * b.grad.data
        np.testing.assert_allclose((W.item(), b.item()), (2, 5), atol=1e-3)

    def test_gan_critic_updated_between_its_two_losses(self):
        """A GAN whose two losses are computed first: the generator's needs the unchanged critic."""
        generator, critic = L.Linear(2, in_size=2), L.Linear(1, in_size=2)
        optimizer = SGD(0.1).setup(critic)
        fake = generator(np.ones((4, 2), np.float32))
        of_critic, of_generator = critic(fake).sum(), -critic(fake).sum()
        of_critic.backward()
        optimizer.update()
        with pytest.raises(RuntimeError, match=r"W of shape \(2, 1\) .* Linear used it"):
            of_generator.backward()
        (-critic(fake).sum()).backward()  # computed again

    def test_change_outside_the_path_is_allowed(self):
        W, other = param(), param("other")
        y = (W * 2).sum() + (other * 2).sum()
        assign(other)
        np.testing.assert_array_equal(grad(y, W)[0].data, [2, 2, 2])

    def test_to_cpu_of_an_array_on_the_cpu_is_no_change(self):
        W = param()
        y = W * W
        W.to_cpu()
        y.backward()
        np.testing.assert_array_equal(W.grad.data, 2 * W.data)


def test_pickled_parameter_has_no_time_of_change():
    """In another process the clock starts anew, so that each use would seem to precede the change."""
    W = param()
    subtract(W)
    assert "_changed" not in W.__getstate__()


class Square(Function):
    def forward(self, x):
        return x * x

    def backward(self, gy):
        (x,) = self.inputs
        return 2 * x * gy


class Scaled(Function):
    """x times the number of this call, which `forward` leaves to `backward` in an attribute."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls

    def backward(self, gy):
        return gy * self.calls


class TestCalledAgain:
    def test_each_call_has_its_own_gradient(self):
        square, x = Square(), Variable(np.array(3.0))
        y, z = square(x), square(Variable(np.array(5.0)))
        assert (z.creator, square.inputs[0].item()) == (square, 5)
        assert y.creator is not square
        (y + square(y)).backward()
        assert x.grad.item() == 2 * 3 + 4 * 3**3

    def test_call_in_no_grad_leaves_the_graph(self):
        scaled, x = Scaled(), Variable(np.array(3.0))
        y = scaled(x)
        with no_grad():
            assert scaled(x).item() == 6
        y.backward()
        assert x.grad.item() == 1
        assert scaled(x).item() == 9  # counts go on

    def test_unchained_output_stays_unchained(self):
        square = Square()
        y = square(Variable(np.array(3.0)))
        y.unchain()
        square(y)
        assert y.creator is None

    def test_freed_output_is_replaced(self):
        scaled, x = Scaled(), Variable(np.ones(5000))
        scaled.reads_outputs = False
        y = scaled(x) + 1.0  # the graph has a stand-in for the output
        z = scaled(x) + 1.0
        y.backward()
        np.testing.assert_array_equal(x.grad.data, np.ones(5000))
        x.cleargrad()
        z.backward()
        np.testing.assert_array_equal(x.grad.data, np.full(5000, 2))

    def test_gradient_check_takes_an_instance(self):
        x = np.array([1.0, -2.0])
        assert gradient_check(Square(), x)
        np.testing.assert_allclose(numerical_grad(Square(), x), 2 * x, rtol=1e-6)

    def test_call_without_a_graph(self):
        square = Square()
        with no_grad():
            assert [square(np.array(a)).item() for a in (2.0, 3.0)] == [4, 9]


duplicates = pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))],
    ids=["copy", "deep", "pickle"],
)


class TestCopies:
    @duplicates
    def test_copy_of_a_function_is_in_no_graph(self, duplicate):
        scaled, x = Scaled(), Variable(np.array(3.0))
        y = scaled(x)
        other = duplicate(scaled)
        assert (other.outputs, scaled.outputs[0]() is y) == ((), True)
        assert other(x).item() == 6
        y.backward()
        assert x.grad.item() == 1

    @duplicates
    def test_copy_of_a_variable_with_a_graph_is_refused(self, duplicate):
        W = param()
        loss = (W * W).sum()
        with pytest.raises(
            TypeError, match=r"a Variable of shape \(\) cannot be copied .* call its unchain\(\) first"
        ):
            duplicate(loss)
        loss.unchain()
        assert duplicate(loss).item() == 14

    @duplicates
    def test_copy_of_a_leaf_has_its_own_history(self, duplicate):
        """A pickle may be loaded in a process that has counted fewer changes and calls."""
        W = param()
        assign(W)
        other = duplicate(W)
        y = other * other
        assign(W)
        y.backward()
        np.testing.assert_array_equal(other.grad.data, 2 * other.data)
        assert (type(other), other.name, W.grad) == (Parameter, "W", None)

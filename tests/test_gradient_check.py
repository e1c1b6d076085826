"""_gradient_check.py: DeZero's helpers for tests."""

import numpy as np
import pytest

import pyconvlite.functions as F
from pyconvlite import Function, Variable, _gradient_check, graph, utils
from pyconvlite.utils import array_allclose, array_equal, gradient_check, numerical_grad

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])


class Wrong(Function):
    """The square with the gradient of the identity."""

    def forward(self, x):
        return x**2

    def backward(self, gy):
        return gy


@pytest.mark.parametrize("wrap", [lambda x: x, Variable])
def test_array_equal_and_allclose(wrap):
    assert array_equal(wrap(X), Variable(X.copy()))
    assert not array_equal(wrap(X), X + 1e-9)
    assert not array_equal(wrap(X), X[0])
    assert array_allclose(wrap(X), X * (1 + 5e-5))
    assert not array_allclose(wrap(X), X * 1.01)
    assert array_allclose(wrap(X), X * 1.01, rtol=0.1)
    assert array_allclose(wrap(X), X + 0.1, rtol=0, atol=0.2)


@pytest.mark.parametrize("x", [X, Variable(X), X.astype(np.float32)])
def test_numerical_grad_of_a_power(x):
    np.testing.assert_allclose(numerical_grad(lambda x, c, d=0: x**c + d, x, 3, d=1), 3 * X**2, rtol=1e-6)


def test_numerical_grad_takes_functions_of_arrays():
    np.testing.assert_allclose(numerical_grad(np.exp, X), np.exp(X), rtol=1e-6)
    np.testing.assert_allclose(numerical_grad(F.exp, X), np.exp(X), rtol=1e-6)


@pytest.mark.parametrize("x", [X, Variable(X), X.astype(np.float32)])
def test_gradient_check_accepts_right_gradients(x, capsys):
    assert gradient_check(F.tanh, x) is True
    assert gradient_check(F.linear, x, np.ones((3, 2)), b=np.zeros(2)) is True
    assert capsys.readouterr().out == ""


def test_gradient_check_rejects_wrong_gradients(capsys):
    assert gradient_check(lambda x: Wrong()(x), X) is False
    assert "the gradients do not agree\ncentral differences:\n[[ 2. -4.  6.]" in capsys.readouterr().out
    assert gradient_check(lambda x: Wrong()(x), X, atol=100) is True


def test_gradient_check_does_not_change_its_arguments():
    x, W = Variable(X.astype(np.float32)), Variable(np.ones((3, 2)))
    gradient_check(F.matmul, x, W)
    assert (x.dtype, x.grad, W.grad) == (np.float32, None, None)


@pytest.mark.parametrize("f", [numerical_grad, gradient_check])
def test_integers_have_no_gradient(f):
    with pytest.raises(TypeError, match="float"):
        f(F.exp, np.arange(3))


@pytest.mark.parametrize("f", [numerical_grad, gradient_check])
def test_f_is_a_function_that_returns_an_array(f):
    with pytest.raises(TypeError, match=r"^f must be a function; got ndarray"):
        f(X, F.tanh)
    with pytest.raises(
        TypeError, match=r"^the result of f must be an array, a Variable or a number; got None"
    ):
        f(lambda x: None, X)


def test_utils_has_dezeros_names():
    for home in (_gradient_check, graph):
        for name in home.__all__:
            assert getattr(utils, name) is getattr(home, name)
    with pytest.raises(AttributeError, match="has no attribute 'show_progress'"):
        utils.show_progress  # noqa: B018

"""functions/softmax.py: softmax, log_softmax, logsumexp."""

import numpy as np
import oracles
import pytest
from contract import DTYPES, Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(4)
X = rng.standard_normal((3, 4))
IMAGES = rng.standard_normal((2, 3, 2, 2))


def logsumexp(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis, keepdims=keepdims))


@cases(
    [
        ("softmax", F.softmax, lambda x: oracles.softmax(x, axis=1), X),
        ("softmax of channels", F.softmax, lambda x: oracles.softmax(x, axis=1), IMAGES),
        ("softmax axis 0", lambda x: F.softmax(x, axis=0), lambda x: oracles.softmax(x, axis=0), X),
        ("softmax axis -1", lambda x: F.softmax(x, axis=-1), lambda x: oracles.softmax(x, axis=-1), IMAGES),
        ("softmax_simple", F.softmax_simple, lambda x: oracles.softmax(x, axis=1), X),
        ("softmax_simple axis 0", lambda x: F.softmax_simple(x, 0), lambda x: oracles.softmax(x, axis=0), X),
        ("log_softmax", F.log_softmax, lambda x: oracles.log_softmax(x, axis=1), X),
        ("log_softmax of channels", F.log_softmax, lambda x: oracles.log_softmax(x, axis=1), IMAGES),
        (
            "log_softmax axis 0",
            lambda x: F.log_softmax(x, axis=0),
            lambda x: oracles.log_softmax(x, axis=0),
            X,
        ),
        ("softmax of no rows", F.softmax, lambda x: x, np.zeros((0, 3))),
        ("logsumexp", F.logsumexp, logsumexp, X),
        ("logsumexp axis 0", lambda x: F.logsumexp(x, 0), lambda x: logsumexp(x, 0), X),
        ("logsumexp kept", lambda x: F.logsumexp(x, -1, True), lambda x: logsumexp(x, 1, True), X),
        ("logsumexp axes", lambda x: F.logsumexp(x, (0, -1)), lambda x: logsumexp(x, (0, 3)), IMAGES),
        (
            "logsumexp of axes of length 1",
            lambda x: F.logsumexp(x, 1),
            lambda x: logsumexp(x, 1),
            X[None, :1],
        ),
        ("logsumexp of a number", F.logsumexp, lambda x: x, np.array(0.7)),
        ("logsumexp of no rows", lambda x: F.logsumexp(x, 1), lambda x: np.zeros(0), np.zeros((0, 3))),
    ]
)
class TestSoftmax(Contract):
    pass


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("f", [F.softmax, F.log_softmax], ids=["softmax", "log_softmax"])
def test_softmax_of_huge_scores_is_exact(f, dtype):
    x = Variable(np.array([[1000, 0, -1000], [-1000, -1000, -1000], [1000, 1000, 1000]], dtype))
    y = f(x)
    oracle = {F.softmax: oracles.softmax, F.log_softmax: oracles.log_softmax}[f]
    np.testing.assert_allclose(y.data, oracle(x.data.astype(np.float64), axis=1), rtol=1e-3, atol=1e-6)
    assert np.isfinite(grad(y, x)[0].data).all()


def test_softmax_sums_to_one():
    np.testing.assert_allclose(F.softmax(IMAGES * 10).data.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("f", [F.softmax, F.softmax_simple, F.log_softmax])
def test_softmax_rejects_invalid_axis(f):
    with pytest.raises(ValueError, match=r"axis must be one of x's 1 axes; got 1 for shape \(3,\)"):
        f(np.zeros(3))
    with pytest.raises(ValueError, match=r"axis must be one of x's 2 axes; got -3 for shape \(3, 4\)"):
        f(X, axis=-3)
    with pytest.raises(TypeError, match=r"axis must be an integer.*; got 'a'"):
        f(X, axis="a")


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax], ids=["softmax", "log_softmax"])
def test_softmax_rejects_an_empty_axis(f):
    message = rf"^{f.__name__} of zero elements is undefined: x has shape \(2, 0\) and axis is 1$"
    with pytest.raises(ValueError, match=message):
        f(np.zeros((2, 0)))
    assert f(np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_logsumexp_of_infinities(dtype):
    rows = [[1e3, 1e3], [-1e3, -1e3], [-np.inf, 2], [-np.inf, -np.inf]]
    x = Variable(np.array(rows, dtype))
    y = F.logsumexp(x, 1)
    np.testing.assert_allclose(
        y.data, np.array([1e3 + np.log(2), np.log(2) - 1e3, 2, -np.inf], dtype), rtol=1e-3
    )
    np.testing.assert_allclose(grad(y, x)[0].data, [[0.5, 0.5], [0.5, 0.5], [0, 1], [0, 0]], rtol=1e-3)
    np.testing.assert_array_equal(
        F.logsumexp(np.array([[np.inf, 1e300], [np.nan, np.inf]]), 1).data, [np.inf, np.nan]
    )


def test_logsumexp_of_integers_is_float():
    np.testing.assert_allclose(F.logsumexp(np.array([0, 0])).data, np.log(2))


def test_logsumexp_of_no_elements_is_refused():
    with pytest.raises(
        ValueError, match=r"logsumexp of zero elements is undefined: x has shape \(2, 0\) and axis is 1"
    ):
        F.logsumexp(np.zeros((2, 0)), 1)


@pytest.mark.parametrize("axis", [0, 1])
def test_float16_is_summed_in_float32(axis):
    n = 4096
    x = Variable(np.zeros((n, 2) if axis == 0 else (2, n), np.float16))
    for f, expected in ((F.softmax, 1 / n), (F.log_softmax, -np.log(n)), (F.logsumexp, np.log(n))):
        y = f(x, axis=axis)
        assert y.dtype == np.float16
        np.testing.assert_allclose(y.data.astype(float), expected, rtol=1e-3)
    gy = np.ones(x.shape, np.float16)
    (gx,) = grad(F.log_softmax(x, axis=axis), x, gy)
    np.testing.assert_allclose(gx.data, 0, atol=5e-3)  # 1 - softmax * n, with the output's rounding


SMALL = np.array([[1, 100]], np.uint8)


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax, F.logsumexp])
def test_small_integers_become_floats(f):
    np.testing.assert_array_equal(f(SMALL).data, f(SMALL.astype(float)).data)


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax])
@pytest.mark.parametrize("axis", [None, (0, 1)])
def test_softmax_takes_one_axis(f, axis):
    with pytest.raises(TypeError, match="axis must be an integer; got"):
        f(SMALL, axis)

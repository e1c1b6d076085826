"""functions/sample_norm.py: normalization of each sample; dropout2d."""

import numpy as np
import pytest
from contract import DTYPES, Contract, assert_close, cases

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import Variable, grad, no_grad, test_mode
from pyconvlite.testing import check_backward, check_double_backward

rng = np.random.default_rng(5)
X = rng.standard_normal((2, 4, 3, 2)) * 2 + 1
GAMMA, BETA = rng.standard_normal((2, 4))
GAMMAS, BETAS = rng.standard_normal((2, 3, 2))


def normalized(x, axes, eps=1e-5):
    """From the definition."""
    m = x.sum(axis=axes, keepdims=True) / np.prod([x.shape[a] for a in axes])
    v = ((x - m) ** 2).sum(axis=axes, keepdims=True) / np.prod([x.shape[a] for a in axes])
    return (x - m) * (v + eps) ** -0.5


def group_norm(x, groups, gamma=1.0, beta=0.0, eps=1e-5):
    parts = x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])
    y = normalized(parts, tuple(range(2, parts.ndim)), eps).reshape(x.shape)
    gamma, beta = (np.reshape(v, (-1, *[1] * (x.ndim - 2))) for v in (gamma, beta))
    return gamma * y + beta


@cases(
    [
        ("rows", lambda x: F.layer_norm(x, 2), lambda x: normalized(x, (3,)), X),
        (
            "maps",
            lambda x, g, b: F.layer_norm(x, (3, 2), g, b),
            lambda x, g, b: normalized(x, (2, 3)) * g + b,
            *(X, GAMMAS, BETAS),
        ),
        (
            "all",
            lambda x, g: F.layer_norm(x, (4, 3, 2), g, eps=0.1),
            lambda x, g: normalized(x, (1, 2, 3), 0.1) * g,
            *(X, rng.standard_normal((4, 3, 2))),
        ),
        (
            "a vector and a shift",
            lambda x, b: F.layer_norm(x, 4, None, b),
            lambda x, b: normalized(x, (0,)) + b,
            *(GAMMA, BETA),
        ),
        ("empty", lambda x, g: F.layer_norm(x, (3, 2), g), lambda x, g: x, X[:0], GAMMAS),
    ]
)
class TestLayerNorm(Contract):
    pass


@cases(
    [
        (
            "groups",
            lambda x, g, b: F.group_norm(x, 2, g, b),
            lambda x, g, b: group_norm(x, 2, g, b),
            X,
            GAMMA,
            BETA,
        ),
        ("one group", lambda x: F.group_norm(x, 1), lambda x: group_norm(x, 1), X),
        ("rows", lambda x: F.group_norm(x, 2, eps=0.5), lambda x: group_norm(x, 2, eps=0.5), X[..., 0, 0]),
        ("sequences", lambda x, g: F.group_norm(x, 2, g), lambda x, g: group_norm(x, 2, g), X[..., 0], GAMMA),
        ("empty", lambda x, g: F.group_norm(x, 2, g), lambda x, g: x, X[:0], GAMMA),
    ]
)
class TestGroupNorm(Contract):
    pass


@cases(
    [
        (
            "images",
            lambda x, g, b: F.instance_norm(x, g, b),
            lambda x, g, b: group_norm(x, 4, g, b),
            *(X, GAMMA, BETA),
        ),
        ("sequences", lambda x: F.instance_norm(x, eps=0.2), lambda x: group_norm(x, 4, eps=0.2), X[..., 0]),
    ]
)
class TestInstanceNorm(Contract):
    pass


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_mean(dtype):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((3, 64)) + (1000 if dtype != np.float16 else 100)).astype(dtype)
    expected = normalized(x.astype(np.float64), (1,))
    tolerance = {np.float16: 2e-3, np.float32: 2e-6, np.float64: 1e-9}[dtype]
    np.testing.assert_allclose(F.layer_norm(x, 64).data, expected, atol=tolerance)


@pytest.mark.parametrize("shape", [(5, 65), (4, 3, 41)])
def test_gradients_with_a_large_mean(shape):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) + 1000).astype(np.float32)
    gy = rng.standard_normal(shape).astype(np.float32)
    gamma, beta = (rng.standard_normal(shape[1]).astype(np.float32) for _ in range(2))
    groups = 1 if len(shape) == 2 else 3
    found, exact = (
        grad(F.group_norm(vs[0], groups, vs[1], vs[2], 1e-3), vs, gy.astype(dtype))
        for dtype in (np.float32, np.float64)
        for vs in [[Variable(a.astype(dtype)) for a in (x, gamma, beta)]]
    )
    for one, other in zip(found, exact, strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-5, atol=1e-5 * np.abs(other.data).max())


def test_large_float16_does_not_overflow():
    x = np.array([[-3e4, 3e4]], np.float16)
    np.testing.assert_allclose(F.layer_norm(x, 2).data, [[-1, 1]])


def test_one_element_is_normalized_to_zero():
    np.testing.assert_array_equal(F.instance_norm(X[..., :1, :1]).data, np.zeros((2, 4, 1, 1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_grad_gives_the_same_values(dtype):
    x, gamma, beta = (v.astype(dtype) for v in (X, GAMMA, BETA))
    for f in (
        lambda: F.group_norm(x, 2, gamma, beta),
        lambda: F.layer_norm(x, (3, 2)),
        lambda: F.instance_norm(x),
    ):
        wanted = f()
        with no_grad():
            y = f()
        assert (y.creator, y.dtype, wanted.creator is None) == (None, dtype, False)
        np.testing.assert_array_equal(y.data, wanted.data)


def test_samples_are_independent():
    x = Variable(X)
    (gx,) = grad(F.group_norm(x, 2)[0].sum() + (F.group_norm(x, 2)[0] ** 3).sum(), x)
    np.testing.assert_array_equal(gx.data[1], 0)
    assert np.abs(gx.data[0]).max() > 0
    with test_mode():
        assert_close(F.group_norm(X, 2).data, group_norm(X, 2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: F.layer_norm(X, 3),
            ValueError,
            r"normalized_shape must be the last lengths .*\(2, 4, 3, 2\).*\(3,\)",
        ),
        (lambda: F.layer_norm(X, ()), ValueError, r"got \(\)"),
        (lambda: F.layer_norm(X, (1, 2, 4, 3, 2)), ValueError, "normalized_shape"),
        (lambda: F.layer_norm(X, 2.0), TypeError, "normalized_shape"),
        (lambda: F.layer_norm(X, (3, 2), GAMMA), ValueError, r"gamma must have shape \(3, 2\); got \(4,\)"),
        (lambda: F.layer_norm(X, 2, eps=-1), ValueError, "eps must be at least 0"),
        (lambda: F.layer_norm(X.astype(np.int64), 2), TypeError, "floating point; got int64"),
        (lambda: F.group_norm(X, 3), ValueError, "num_groups must divide.*3 groups for 4"),
        (lambda: F.group_norm(X, 0), ValueError, "num_groups must be at least 1"),
        (lambda: F.group_norm(X, 2, GAMMA[:2]), ValueError, r"gamma must have shape \(4,\)"),
        (lambda: F.group_norm(X, 2, GAMMA, GAMMAS), ValueError, r"beta must have shape \(4,\)"),
        (lambda: F.group_norm(GAMMA, 2), ValueError, "at least 2 axes"),
        (lambda: F.instance_norm(X[..., 0, 0]), ValueError, r"at least 3 axes.*\(2, 4\)"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


# -------------------------------------------------------------------------------------------------- dropout2d


def seeded(x, ratio=0.5):
    pyconvlite.seed(7)
    return F.dropout2d(x, ratio)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.9])
def test_dropout2d_drops_whole_channels(dtype, ratio):
    y = seeded(np.full((50, 40, 2, 3), 3, dtype), ratio)
    assert y.dtype == dtype
    assert (y.data.max((2, 3)) == y.data.min((2, 3))).all()
    kept = y.data[..., 0, 0] != 0
    np.testing.assert_allclose(y.data[kept].astype(np.float64), 3 / (1 - ratio), rtol=2e-3)
    assert abs(kept.mean() - (1 - ratio)) < 0.04


def test_dropout2d_gradients_and_modes():
    check_backward(seeded, X)
    check_double_backward(lambda x: seeded(x * x), X)
    with test_mode():
        x = Variable(X)
        assert F.dropout2d(x) is x
    assert F.dropout2d(np.zeros((2, 3, 0, 4))).shape == (2, 3, 0, 4)
    for args, error in (((X[0],), ValueError), ((X, 1.0), ValueError), ((X, "a"), TypeError)):
        with pytest.raises(error, match=r"x must have 4 axes|dropout_ratio"):
            F.dropout2d(*args)

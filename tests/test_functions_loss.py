"""functions/loss.py: losses of numbers and of probabilities, and their reductions."""

import numpy as np
import oracles
import pytest
from contract import DTYPES, Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad
from pyconvlite.testing import check_backward

rng = np.random.default_rng(5)
X = rng.standard_normal((4, 3))
Y = rng.standard_normal((4, 3))


def huber(d, delta):
    return np.where(abs(d) <= delta, d * d / 2, delta * (abs(d) - delta / 2))


@cases(
    [
        ("mean_squared_error", F.mean_squared_error, lambda a, b: np.sum((a - b) ** 2) / 4, X, Y),
        (
            "mse, mean",
            lambda a, b: F.mean_squared_error(a, b, "mean"),
            lambda a, b: np.mean((a - b) ** 2),
            X,
            Y,
        ),
        ("mse, none", lambda a, b: F.mean_squared_error(a, b, "none"), lambda a, b: (a - b) ** 2, X, Y),
        ("mse, sum", lambda a, b: F.mean_squared_error(a, b, "sum"), lambda a, b: np.sum((a - b) ** 2), X, Y),
        ("l1", F.l1_loss, lambda a, b: np.mean(abs(a - b)), X, Y),
        ("l1, batchmean", lambda a, b: F.l1_loss(a, b, "batchmean"), lambda a, b: abs(a - b).sum() / 4, X, Y),
        ("huber", F.huber_loss, lambda a, b: np.mean(huber(a - b, 1)), 2 * X, Y),
        (
            "huber, none",
            lambda a, b: F.huber_loss(a, b, np.float64(0.3), "none"),
            lambda a, b: huber(a - b, 0.3),
            X,
            Y,
        ),
        ("of vectors", F.mean_squared_error, lambda a, b: np.sum((a - b) ** 2) / 3, X[0], Y[0]),
    ]
)
class TestLoss(Contract):
    pass


PROBABILITIES = oracles.expit(Y)
TARGETS = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 0]])


def binary(p, t):
    return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(p)


@cases(
    [
        ("mean_squared_error", F.mean_squared_error_simple, lambda a, b: np.sum((a - b) ** 2) / 4, X, Y),
        ("sigmoid", F.sigmoid_cross_entropy, lambda x, t: binary(oracles.expit(x), t), X, PROBABILITIES),
        (
            "sigmoid, labels",
            lambda x: F.sigmoid_cross_entropy(x, TARGETS),
            lambda x: binary(oracles.expit(x), TARGETS),
            X,
        ),
        (
            "sigmoid, mean",
            lambda x, t: F.sigmoid_cross_entropy(x, t, "mean"),
            lambda x, t: binary(oracles.expit(x), t) / 3,
            X,
            PROBABILITIES,
        ),
        (
            "sigmoid, none",
            lambda x, t: F.sigmoid_cross_entropy(x, t, "none"),
            lambda x, t: -(t * np.log(oracles.expit(x)) + (1 - t) * np.log(oracles.expit(-x))),
            X,
            PROBABILITIES,
        ),
        (
            "binary, sum",
            lambda p, t: F.binary_cross_entropy(p, t, reduction="sum"),
            lambda p, t: binary(p, t) * 4,
            oracles.expit(X),
            PROBABILITIES,
        ),
        ("kl_div", F.kl_div, lambda x, t: np.mean(t * (np.log(t) - x)), X, PROBABILITIES),
        (
            "kl_div, batchmean",
            lambda x, t: F.kl_div(x, t, "batchmean"),
            lambda x, t: np.sum(t * (np.log(t) - x)) / 4,
            X,
            PROBABILITIES,
        ),
        (
            "kl_div of logarithms",
            lambda x, t: F.kl_div(x, t, "sum", log_target=True),
            lambda x, t: np.sum(np.exp(t) * (t - x)),
            X,
            Y,
        ),
        ("binary", F.binary_cross_entropy, binary, oracles.expit(X), PROBABILITIES),
        (
            "binary, labels",
            lambda p: F.binary_cross_entropy(p, TARGETS),
            lambda p: binary(p, TARGETS),
            PROBABILITIES,
        ),
        (
            "binary, a column of scores for a row of labels",
            lambda p: F.binary_cross_entropy(p, TARGETS[:, 0]),
            lambda p: binary(p, TARGETS[:, :1]),
            PROBABILITIES[:, :1],
        ),
    ]
)
class TestOtherLosses(Contract):
    pass


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_losses_at_the_extremes_are_finite(dtype):
    x = Variable(np.array([1000, -1000, 1000, -1000], dtype))
    loss = F.sigmoid_cross_entropy(x, np.array([1, 0, 0, 1]))
    assert loss.item() == 500
    np.testing.assert_array_equal(grad(loss, x)[0].data, np.array([0, 0, 0.25, -0.25], dtype))
    p = Variable(np.array([0, 1, 0, 1], dtype))
    loss = F.binary_cross_entropy(p, np.array([0, 1, 1, 0]))
    assert np.isfinite(loss.item())
    assert loss.item() > 2
    assert np.isfinite(grad(loss, p)[0].data).all()


def test_binary_cross_entropy_near_0_and_1_is_exact():
    p = Variable(np.array([0.9999, 1e-13, 1 - 1e-13]))  # DeZero clips values above 0.999 to 0.999
    loss = F.binary_cross_entropy(p, np.array([1, 1, 1]))
    assert loss.item() == pytest.approx(-np.log(p.data).sum() / 3, rel=1e-12)
    np.testing.assert_allclose(grad(loss, p)[0].data, -1 / p.data / 3)


@pytest.mark.parametrize("f", [F.sigmoid_cross_entropy, F.binary_cross_entropy], ids=lambda f: f.__name__)
def test_binary_losses_reject_invalid_arguments(f):
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4,\)"):
        f(PROBABILITIES, np.zeros(4))
    with pytest.raises(ValueError, match=r"\(0, 3\)"):
        f(PROBABILITIES[:0], TARGETS[:0])


def test_mean_squared_error_refuses_shapes_that_differ():
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4,\)"):
        F.mean_squared_error(X, X[:, 0])


def test_binary_cross_entropy_refuses_integer_probabilities():
    with pytest.raises(TypeError, match="p must be floating point; got int64"):
        F.binary_cross_entropy(np.array([0, 1], np.int64), np.array([0, 1]))


@pytest.mark.parametrize(("one", "other"), [((1, 1), (1,)), ((3,), (1, 3)), ((1, 2, 3), (2, 3))])
def test_mean_squared_error_takes_leading_axes_of_length_1(one, other):
    rng = np.random.default_rng(0)
    x0, x1 = rng.standard_normal(one), rng.standard_normal(other)
    longer = max(one, other, key=len)
    difference = x0.reshape(longer) - x1.reshape(longer)
    assert F.mean_squared_error(x0, x1).item() == pytest.approx(np.sum(difference**2) / longer[0])
    check_backward(F.mean_squared_error, [x0, x1])


@pytest.mark.parametrize(
    "f",
    [
        F.mean_squared_error,
        F.mean_squared_error_simple,
        F.sigmoid_cross_entropy,
        lambda x, t: F.binary_cross_entropy(F.sigmoid(x), t),
    ],
)
def test_float64_targets_keep_float32_gradients(f):
    W = Variable(np.ones((3, 2), np.float32))
    x = F.matmul(X.astype(np.float32), W)
    loss = f(x, np.full((4, 2), 0.5))
    loss.backward(retain_grad=True)
    assert (loss.dtype, x.grad.dtype, W.grad.dtype) == (np.float64, np.float32, np.float32)


LOSSES = [
    F.mean_squared_error,
    F.l1_loss,
    F.huber_loss,
    F.sigmoid_cross_entropy,
    F.binary_cross_entropy,
    F.kl_div,
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_l1_and_huber_at_kinks_and_infinity(dtype):
    x = Variable(np.array([-1e4, -1, 0, 1, 1e4], dtype))
    zeros = np.zeros(5, dtype)
    np.testing.assert_array_equal(grad(F.l1_loss(x, zeros, "sum"), x)[0].data, [-1, -1, 0, 1, 1])
    y = F.huber_loss(x, zeros, reduction="none")
    np.testing.assert_allclose(y.data, [1e4, 0.5, 0, 0.5, 1e4], rtol=1e-3)
    np.testing.assert_array_equal(grad(y, x)[0].data, [-1, -1, 0, 1, 1])


@pytest.mark.parametrize(
    ("f", "names"), [(F.l1_loss, ("x0", "x1")), (F.huber_loss, ("x0", "x1")), (F.kl_div, ("x", "t"))]
)
def test_errors_have_the_names_of_the_arguments(f, names):
    a, b = names
    with pytest.raises(ValueError, match=rf"^{a} and {b} must have the same shape; got \(3,\) and \(2,\)"):
        f(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match=f"^{a} and {b} must have at least one element"):
        f(np.ones(0), np.ones(0))
    with pytest.raises(TypeError, match=f"^{a} must hold real numbers; got complex128"):
        f(np.ones(3) * 1j, np.ones(3))
    with pytest.raises(TypeError, match=f"^{b} must hold real numbers; got complex128"):
        f(np.ones(3), np.ones(3) * 1j)


@pytest.mark.parametrize("f", [F.sigmoid_cross_entropy, F.binary_cross_entropy], ids=lambda f: f.__name__)
def test_complex_targets_are_refused(f):
    with pytest.raises(TypeError, match=r"^t must hold real numbers; got complex128"):
        f(PROBABILITIES, PROBABILITIES * 1j)


def test_kl_div_checks_its_flag():
    with pytest.raises(TypeError, match="log_target must be True or False; got 'no'"):
        F.kl_div(X, PROBABILITIES, log_target="no")


def test_kl_div_with_target_0_is_finite():
    x, t = Variable(np.log([[0.5, 0.25, 0.25]])), Variable(np.array([[0.0, 1.0, 0.0]]))
    y = F.kl_div(x, t, "sum")
    assert y.item() == pytest.approx(np.log(4))
    gx, gt = grad(y, [x, t])
    np.testing.assert_array_equal(gx.data, [[0, -1, 0]])
    assert np.isfinite(gt.data).all()


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_div_with_both_0_is_finite(log_target):
    x, t = np.array([[0.0, -np.inf]]), np.array([[0.0, -np.inf] if log_target else [1.0, 0.0]])
    x = Variable(x)
    y = F.kl_div(x, t, "sum", log_target)
    assert y.item() == 0
    np.testing.assert_array_equal(grad(y, x)[0].data, [[-1, 0]])


@pytest.mark.parametrize("f", [F.mean_squared_error, F.l1_loss, F.huber_loss])
def test_losses_of_integers_equal_those_of_floats(f):
    dark, light = np.array([1, 250], np.uint8), np.array([3, 0], np.uint8)  # whose differences wrap around
    expected = f(dark.astype(float), light.astype(float))
    assert f(dark, light).item() == expected.item()
    y = f(dark.astype(np.float32), light)
    assert (y.dtype, y.item()) == (np.float32, expected.item())
    assert f(np.array([True]), np.array([False])).item() == f(np.ones(1), np.zeros(1)).item()
    x = Variable(np.array([1, 250]))
    np.testing.assert_array_equal(
        grad(f(x, light), x)[0].data, grad(f(v := Variable(x.data * 1.0), light * 1.0), v)[0].data
    )


@pytest.mark.parametrize("f", [F.mean_squared_error, F.l1_loss, F.sigmoid_cross_entropy])
def test_mean_loss_where_the_float16_sum_overflows(f):
    x, t = np.ones((200, 400), np.float16), np.zeros((200, 400), np.float16)
    v = Variable(x)
    y = f(v, t, reduction="batchmean")
    assert y.item() == pytest.approx(f(x[:1], t[:1], reduction="batchmean").item(), rel=2e-3)
    np.testing.assert_allclose(
        grad(y, v)[0].data,
        np.tile(grad(f(w := Variable(x[:1]), t[:1], reduction="sum"), w)[0].data / 200, (200, 1)),
        rtol=2e-3,
    )


def test_integer_targets_need_no_gradient():
    y = F.mean_squared_error(Variable(X), np.ones_like(X, int))
    assert y.creator.needs_input_grad == (True, False)


@pytest.mark.parametrize("f", LOSSES)
def test_unknown_reduction_is_refused(f):
    names = "'none', 'mean', 'sum', 'batchmean'"
    with pytest.raises(ValueError, match=f"reduction must be one of {names}; got 'average'"):
        f(PROBABILITIES, PROBABILITIES, reduction="average")


@pytest.mark.parametrize("f", LOSSES)
def test_an_empty_batch_has_a_sum_but_no_mean(f):
    x, t = Variable(np.zeros((0, 3))), np.zeros((0, 3))
    loss = f(x, t, reduction="sum")
    assert (loss.item(), grad(loss, x)[0].shape) == (0, (0, 3))
    assert f(x, t, reduction="none").shape == (0, 3)
    for reduction in ("mean", "batchmean"):
        with pytest.raises(
            ValueError, match=r"at least one element for the reduction '.*mean'; got .*\(0, 3\) and \(0, 3\)"
        ):
            f(x, t, reduction=reduction)


@pytest.mark.parametrize("f", LOSSES)
def test_losses_of_0d_arrays(f):
    """Of 0-d arrays there is a mean, but none over a batch."""
    p, t = np.array(0.25), np.array(0.75)
    assert f(p, t, reduction="mean").item() == pytest.approx(
        f(p.reshape(1), t.reshape(1), reduction="mean").item()
    )
    with pytest.raises(ValueError, match=r'"batchmean" needs an axis .* got 0-d arrays'):
        f(p, t, reduction="batchmean")


def test_huber_loss_rejects_invalid_delta():
    with pytest.raises(ValueError, match="delta must be above 0; got 0"):
        F.huber_loss(X, Y, 0)


@pytest.mark.parametrize("f", [F.sigmoid_cross_entropy, F.binary_cross_entropy])
def test_transposed_targets_are_refused(f):
    x, mask = np.full((2, 3), 0.5), np.array([[1, 0, 1], [0, 1, 0]])
    with pytest.raises(ValueError, match=r"same shape, except for .* got \(2, 3\) and \(3, 2\)"):
        f(x, mask.T)
    assert f(x, mask).data == f(x, mask.reshape(2, 1, 3)).data


def test_sigmoid_cross_entropy_of_integer_scores():
    x, t = np.array([[1, 2]], np.uint8), np.array([[1, 0]])
    assert F.sigmoid_cross_entropy(x, t).data == F.sigmoid_cross_entropy(x.astype(float), t).data


def test_the_gradient_of_huber_loss_is_bounded():
    x = Variable(np.array([np.inf, 4.0, -np.inf]))
    np.testing.assert_allclose(grad(F.huber_loss(x, np.zeros(3), reduction="sum"), x)[0].data, [1, 1, -1])


@pytest.mark.parametrize(("p", "named"), [([0.5, 1.1], 1.1), ([-0.1, 0.5], -0.1), ([-1e-4, 1.1], 1.1)])
def test_scores_in_place_of_probabilities_are_refused(p, named):
    with pytest.raises(ValueError, match=rf"p must be from 0 to 1; got {named}: for"):
        F.binary_cross_entropy(np.array(p), np.array([0, 1]))
    assert np.isnan(F.binary_cross_entropy(np.array([np.nan, 1.0]), np.array([0, 1])).data)


@pytest.mark.parametrize("t", [[0.0, 2.0], [-1.0, 1.0]])
def test_binary_targets_that_are_no_probabilities(t):
    """As in PyTorch, which does not look at those of scores either."""
    p, t = np.array([0.5, 0.5]), np.array(t)
    with pytest.raises(ValueError, match=f"t must be from 0 to 1; got {t[t != t.clip(0, 1)][0]}$"):
        F.binary_cross_entropy(p, t)
    assert np.isfinite(F.sigmoid_cross_entropy(p, t).data)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_a_missing_target_is_named(loss):
    with pytest.raises(TypeError, match=r"(t|x1) must be an array, not list; use np.array"):
        loss(np.full((2, 3), 0.5), [[0.5] * 3] * 2)
    with pytest.raises(TypeError, match=r"(t|x1) must be an array, a Variable or a number; got None"):
        loss(np.full((2, 3), 0.5), None)


def test_rounded_probabilities_are_accepted():
    p = np.array([1 + 2**-23, -(2.0**-24)], np.float32)
    assert np.isfinite(F.binary_cross_entropy(p, np.array([1, 0])).data)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_cross_entropy_of_infinite_scores(dtype):
    x = Variable(np.array([np.inf, np.inf, np.inf, -np.inf, -np.inf, -np.inf, np.nan], dtype))
    t = np.array([0, 1, 0.5, 0, 1, 0.5, 1], dtype)
    with np.errstate(all="raise"):
        loss = F.sigmoid_cross_entropy(x, t, "none")
    np.testing.assert_array_equal(loss.data, [np.inf, 0, np.inf, 0, np.inf, np.inf, np.nan])
    (gx,) = grad(loss, x, np.ones(7, dtype))
    np.testing.assert_array_equal(gx.data, [1, 0, 0.5, 0, -1, -0.5, np.nan])

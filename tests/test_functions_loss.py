"""functions/loss.py: mean_squared_error, softmax_cross_entropy, accuracy."""

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
LABELS = np.array([2, 0, 1, 2])


def cross_entropy(x, t):
    return -np.mean(oracles.log_softmax(x, axis=1)[np.arange(len(t)), t])


@cases(
    [
        ("mean_squared_error", F.mean_squared_error, lambda a, b: np.sum((a - b) ** 2) / 4, X, Y),
        ("of vectors", F.mean_squared_error, lambda a, b: np.sum((a - b) ** 2) / 3, X[0], Y[0]),
        (
            "softmax_cross_entropy",
            lambda x: F.softmax_cross_entropy(x, LABELS),
            lambda x: cross_entropy(x, LABELS),
            X,
        ),
        (
            "labels in a Variable",
            lambda x: F.softmax_cross_entropy(x, Variable(LABELS)),
            lambda x: cross_entropy(x, LABELS),
            X,
        ),
        (
            "one image",
            lambda x: F.softmax_cross_entropy(x, LABELS[:1]),
            lambda x: cross_entropy(x, LABELS[:1]),
            X[:1],
        ),
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
        (
            "softmax_cross_entropy",
            lambda x: F.softmax_cross_entropy_simple(x, LABELS),
            lambda x: cross_entropy(x, LABELS),
            X,
        ),
        ("sigmoid", F.sigmoid_cross_entropy, lambda x, t: binary(oracles.expit(x), t), X, PROBABILITIES),
        (
            "sigmoid, labels",
            lambda x: F.sigmoid_cross_entropy(x, TARGETS),
            lambda x: binary(oracles.expit(x), TARGETS),
            X,
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
def test_binary_losses_of_certainties_are_finite(dtype):
    x = Variable(np.array([1000, -1000, 1000, -1000], dtype))
    loss = F.sigmoid_cross_entropy(x, np.array([1, 0, 0, 1]))
    assert loss.item() == 500
    np.testing.assert_array_equal(grad(loss, x)[0].data, np.array([0, 0, 0.25, -0.25], dtype))
    p = Variable(np.array([0, 1, 0, 1], dtype))
    loss = F.binary_cross_entropy(p, np.array([0, 1, 1, 0]))
    assert np.isfinite(loss.item())
    assert loss.item() > 2
    assert np.isfinite(grad(loss, p)[0].data).all()


def test_binary_cross_entropy_of_what_is_nearly_certain_is_exact():
    p = Variable(np.array([0.9999, 1e-13, 1 - 1e-13]))  # DeZero takes what is above 0.999 for 0.999
    loss = F.binary_cross_entropy(p, np.array([1, 1, 1]))
    assert loss.item() == pytest.approx(-np.log(p.data).sum() / 3, rel=1e-12)
    np.testing.assert_allclose(grad(loss, p)[0].data, -1 / p.data / 3)


def test_softmax_cross_entropy_simple_of_what_is_all_but_impossible():
    x = Variable(np.array([[0.0, 500.0]]))  # DeZero takes what is below 1e-15 for 1e-15
    loss = F.softmax_cross_entropy_simple(x, np.array([0]))
    assert loss.item() == pytest.approx(500)
    np.testing.assert_allclose(grad(loss, x)[0].data, [[-1, 1]])


@pytest.mark.parametrize("f", [F.sigmoid_cross_entropy, F.binary_cross_entropy], ids=lambda f: f.__name__)
def test_binary_losses_refuse_what_does_not_fit(f):
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4,\)"):
        f(PROBABILITIES, np.zeros(4))
    with pytest.raises(ValueError, match=r"\(0, 3\)"):
        f(PROBABILITIES[:0], TARGETS[:0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_huge_scores(dtype):
    x = Variable(np.array([[1000, 0, -1000], [-1000, 0, 1000]], dtype))
    loss = F.softmax_cross_entropy(x, np.array([0, 1]))
    (gx,) = grad(loss, x)
    assert (loss.dtype, loss.item()) == (dtype, 500)
    np.testing.assert_allclose(gx.data, [[0, 0, 0], [0, -0.5, 0.5]], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64])
def test_labels_of_any_integer_dtype(dtype):
    loss = F.softmax_cross_entropy(X, LABELS.astype(dtype))
    np.testing.assert_allclose(loss.item(), cross_entropy(X, LABELS))


def test_labels_in_a_column():
    column = LABELS[:, np.newaxis]
    assert F.softmax_cross_entropy(X, column).item() == F.softmax_cross_entropy(X, LABELS).item()
    assert F.accuracy(np.eye(3)[LABELS], column).item() == 1


@pytest.mark.parametrize(
    ("x", "t", "error", "words"),
    [
        (X, np.array([0, 1, 2, 3]), ValueError, "3"),
        (X, np.array([0, 1, 2, -1]), ValueError, "-1"),
        (X, np.array([0, 1, 2]), ValueError, r"(4.*3|3.*4)"),
        (X, np.eye(4, 3, dtype=int), ValueError, r"\(4, 3\)"),
        (X[0], np.array([0, 1, 2]), ValueError, r"\(3,\)"),
        (X[:, :0], np.array([0, 1, 2, 0]), ValueError, r"one class; got shapes \(4, 0\)"),
        (X, np.array([0.0, 1.0, 2.0, 0.0]), TypeError, "float64"),
        (X, np.array([True, False, True, False]), TypeError, "bool"),
    ],
    ids=[
        "too large",
        "negative",
        "too few",
        "one-hot",
        "one axis",
        "no classes",
        "float labels",
        "bool labels",
    ],
)
def test_cross_entropy_refuses(x, t, error, words):
    for f in (F.softmax_cross_entropy, F.softmax_cross_entropy_simple):
        with pytest.raises(error, match=words):
            f(x, t)


@pytest.mark.parametrize("f", [F.softmax_cross_entropy, F.softmax_cross_entropy_simple])
def test_cross_entropy_of_integer_scores_is_no_integer(f):
    assert f(np.array([[3, 0, 0]]), np.array([0])).item() == pytest.approx(np.log(1 + 2 * np.exp(-3)))


def test_mean_squared_error_refuses_shapes_that_differ():
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4,\)"):
        F.mean_squared_error(X, X[:, 0])


class TestAccuracy:
    def test_is_the_share_of_right_answers(self):
        scores = np.eye(3)[[2, 0, 0, 2]]
        result = F.accuracy(scores, LABELS)
        assert type(result) is Variable
        assert result.item() == 0.75

    def test_takes_variables_and_builds_no_graph(self):
        result = F.accuracy(Variable(np.eye(3)[LABELS]), Variable(LABELS))
        assert float(result) == 1.0
        assert result.creator is None

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_has_the_scores_dtype(self, dtype):
        assert F.accuracy(np.eye(3, dtype=dtype)[LABELS], LABELS).dtype == dtype

    def test_refuses_labels_that_are_no_integers(self):
        with pytest.raises(TypeError, match=r"t must hold integers, .* got float64"):
            F.accuracy(X, LABELS.astype(np.float64))

    def test_counts_more_rows_than_float16_can(self):
        scores = np.zeros((100_000, 2), np.float16)
        scores[:90_000, 1] = 1
        assert F.accuracy(scores, np.ones(100_000, int)).item() == pytest.approx(0.9, abs=1e-3)

    def test_refuses_scores_without_classes(self):
        with pytest.raises(
            ValueError, match=r"y must be \(N, classes\) and t \(N,\) .*; got \(4,\) and \(4,\)"
        ):
            F.accuracy(X[:, 0], LABELS)

    def test_refuses_labels_of_another_length(self):
        with pytest.raises(ValueError, match=r"(4.*3|3.*4)"):
            F.accuracy(X, LABELS[:3])


def test_labels_may_stand_in_a_column():
    column = LABELS[:, np.newaxis]
    assert F.softmax_cross_entropy(X, column).item() == F.softmax_cross_entropy(X, LABELS).item()
    assert F.accuracy(X, column).item() == F.accuracy(X, LABELS).item()


def test_accuracy_of_integer_scores_is_no_integer():
    assert F.accuracy(np.eye(3, dtype=int), np.array([0, 1, 0])).item() == pytest.approx(2 / 3)


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
def test_float64_targets_leave_the_scores_gradients_float32(f):
    W = Variable(np.ones((3, 2), np.float32))
    x = F.matmul(X.astype(np.float32), W)
    loss = f(x, np.full((4, 2), 0.5))
    loss.backward(retain_grad=True)
    assert (loss.dtype, x.grad.dtype, W.grad.dtype) == (np.float64, np.float32, np.float32)

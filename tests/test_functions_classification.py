"""functions/classification.py: softmax_cross_entropy, nll_loss, accuracy."""

import numpy as np
import oracles
import pytest
from contract import DTYPES, Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(5)
X = rng.standard_normal((4, 3))
LABELS = np.array([2, 0, 1, 2])
IMAGES = rng.standard_normal((2, 3, 2, 2))
PIXELS = np.array([[[2, 0], [1, -1]], [[0, -1], [2, 1]]])  # -1 to be ignored
WEIGHT = np.array([0.5, 2.0, 1.25])
PROBABILITIES = oracles.softmax(rng.standard_normal((2, 3, 2, 2)), axis=1)


def cross_entropy(x, t):
    return -np.mean(oracles.log_softmax(x, axis=1)[np.arange(len(t)), t])


def loop(x, t, weight=(1, 1, 1), ignored=None, smoothing=0.0, reduction="mean"):
    """Label by label, with plain numbers."""
    log_p = oracles.log_softmax(x, axis=1)
    losses, total = np.zeros(t.shape), 0.0
    for at in np.ndindex(t.shape):
        if t[at] == ignored:
            continue
        scores = log_p[(at[0], slice(None), *at[1:])]
        spread = sum(w * -s for w, s in zip(weight, scores, strict=True)) / len(scores)
        losses[at] = (1 - smoothing) * weight[t[at]] * -scores[t[at]] + smoothing * spread
        total += weight[t[at]]
    return {
        "none": losses,
        "sum": losses.sum(),
        "batchmean": losses.sum() / len(x),
        "mean": losses.sum() / total,
    }[reduction]


OPTIONS = {
    "ignored": {"ignored": -1},
    "ignored and weighted": {"ignored": -1, "weight": WEIGHT},
    "smooth": {"smoothing": 0.1},
    "smooth, weighted, ignored": {"smoothing": 0.2, "weight": WEIGHT, "ignored": -1},
    "none": {"reduction": "none"},
    "none, ignored": {"reduction": "none", "ignored": -1},
    "sum, weighted": {"reduction": "sum", "weight": WEIGHT},
    "batchmean": {"reduction": "batchmean"},
}


def given(f, ignored=None, smoothing=0.0, **options):
    """The call of softmax_cross_entropy or nll_loss with an entry of OPTIONS."""
    options["ignore_index"] = ignored
    if smoothing:
        options["label_smoothing"] = smoothing
    return lambda x: f(x, PIXELS if ignored is not None else abs(PIXELS), **options)


@cases(
    [
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
        (
            "softmax_cross_entropy_simple",
            lambda x: F.softmax_cross_entropy_simple(x, LABELS),
            lambda x: cross_entropy(x, LABELS),
            X,
        ),
        (
            "of pixels",
            lambda x: F.softmax_cross_entropy(x, abs(PIXELS)),
            lambda x: loop(x, abs(PIXELS)),
            IMAGES,
        ),
        *[
            (
                f"of pixels, {name}",
                given(F.softmax_cross_entropy, **options),
                lambda x, o=options: loop(x, PIXELS if "ignored" in o else abs(PIXELS), **o),
                IMAGES,
            )
            for name, options in OPTIONS.items()
        ],
        (
            "nll_loss",
            lambda x: F.nll_loss(F.log_softmax(x), PIXELS, WEIGHT, -1),
            lambda x: loop(x, PIXELS, WEIGHT, -1),
            IMAGES,
        ),
        (
            "probabilities",
            F.softmax_cross_entropy,
            lambda x, t: -np.mean(np.sum(t * oracles.log_softmax(x, axis=1), axis=1)),
            IMAGES,
            PROBABILITIES,
        ),
        (
            "probabilities, weighted and smooth",
            lambda x, t: F.softmax_cross_entropy(x, t, WEIGHT, label_smoothing=0.3, reduction="none"),
            lambda x, t: (
                -np.einsum("nchw,nchw,c->nhw", 0.7 * t + 0.1, oracles.log_softmax(x, axis=1), WEIGHT)
            ),
            IMAGES,
            PROBABILITIES,
        ),
    ]
)
class TestCrossEntropy(Contract):
    pass


def test_softmax_cross_entropy_simple_of_tiny_probabilities():
    x = Variable(np.array([[0.0, 500.0]]))  # DeZero clips values below 1e-15 to 1e-15
    loss = F.softmax_cross_entropy_simple(x, np.array([0]))
    assert loss.item() == pytest.approx(500)
    np.testing.assert_allclose(grad(loss, x)[0].data, [[-1, 1]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_huge_scores(dtype):
    x = Variable(np.array([[1000, 0, -1000], [-1000, 0, 1000]], dtype))
    loss = F.softmax_cross_entropy(x, np.array([0, 1]))
    (gx,) = grad(loss, x)
    assert (loss.dtype, loss.item()) == (dtype, 500)
    np.testing.assert_allclose(gx.data, [[0, 0, 0], [0, -0.5, 0.5]], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, ">i4", ">i8"])
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
        (X, np.array([0, 1, 2, 3]), ValueError, r"0\.\.2; got 0\.\.3"),
        (X, np.array([0, 1, 2, -1]), ValueError, r"0\.\.2; got -1\.\.2"),
        (X.astype(np.float32), np.array([0, 1, 2, 2**32]), ValueError, "4294967296"),
        (X, np.array([0, 1, 2]), ValueError, r"got \(4, 3\) and \(3,\)"),
        (X, np.eye(4, 3, dtype=int), (TypeError, ValueError), r"\(4, 3\)"),
        (X[0], np.array([0, 1, 2]), ValueError, r"\(3,\)"),
        (X[:, :0], np.array([0, 1, 2, 0]), ValueError, r"x must not be empty; got shapes \(4, 0\)"),
        (X, np.array([0.0, 1.0, 2.0, 0.0]), TypeError, "float64"),
        (X, np.array([True, False, True, False]), TypeError, "bool"),
        (X, [1, 2], TypeError, r"t must be an array, not list; use np\.array\(\[1, 2\]\)"),
    ],
    ids=[
        "too large",
        "negative",
        "beyond 32 bits",
        "too few",
        "one-hot",
        "one axis",
        "no classes",
        "float labels",
        "bool labels",
        "a list",
    ],
)
def test_cross_entropy_rejects_invalid_arguments(x, t, error, words):
    for f in (F.softmax_cross_entropy, F.softmax_cross_entropy_simple):
        with pytest.raises(error, match=words):
            f(x, t)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int64])
def test_negative_labels_are_refused_in_any_dtype(dtype):
    """As unsigned integers, those of int8 are less than 300."""
    x, t = np.zeros((2, 300), np.float32), np.array([-1, 3], dtype)
    calls = {
        "softmax_cross_entropy": lambda: F.softmax_cross_entropy(x, t),
        "each": lambda: F.softmax_cross_entropy(x, t, reduction="none"),
        "nll_loss": lambda: F.nll_loss(x, t),
        "one_hot": lambda: F.one_hot(t, 300),
        "embed_id": lambda: F.embed_id(t, x.T),
        "accuracy": lambda: F.accuracy(x, t),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match=r"0\.\.299; got -1"):
            pytest.fail(f"{name} gave {call()}")


def test_narrow_label_dtype_with_many_classes():
    x = np.random.default_rng(0).standard_normal((2, 300))
    for dtype in (np.int8, np.uint8):
        for t in ([100, 3], [127, 0]):
            found = F.softmax_cross_entropy(x, np.array(t, dtype))
            assert found.item() == F.softmax_cross_entropy(x, np.array(t)).item()


def test_integer_one_hot_labels_are_refused():
    with pytest.raises(TypeError, match="t must hold floats if it has the shape of x"):
        F.softmax_cross_entropy(X, np.eye(4, 3, dtype=int))


def test_nll_loss_refuses_integer_log_probabilities():
    """Weights of the classes would become integers with them."""
    with pytest.raises(TypeError, match="x must be floating point; got int64"):
        F.nll_loss(np.array([[-1, -2]], np.int64), np.array([0]), weight=np.array([0.5, 0.5]))


def test_numpy_label_smoothing_does_not_widen_float32():
    y = F.softmax_cross_entropy(X.astype(np.float32), LABELS, label_smoothing=np.float64(0.1))
    assert y.dtype == np.float32


@pytest.mark.parametrize("f", [F.softmax_cross_entropy, F.softmax_cross_entropy_simple])
def test_cross_entropy_of_integer_scores_is_float(f):
    assert f(np.array([[3, 0, 0]]), np.array([0])).item() == pytest.approx(np.log(1 + 2 * np.exp(-3)))


class TestAccuracy:
    def test_share_of_correct_predictions(self):
        scores = np.eye(3)[[2, 0, 0, 2]]
        result = F.accuracy(scores, LABELS)
        assert type(result) is Variable
        assert result.item() == 0.75

    def test_result_has_no_graph(self):
        result = F.accuracy(Variable(np.eye(3)[LABELS]), Variable(LABELS))
        assert float(result) == 1.0
        assert result.creator is None

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_has_the_dtype_of_the_scores_and_counts_exactly(self, dtype):
        scores = np.zeros((1000, 2), dtype)
        scores[:997, 1] = 1
        result = F.accuracy(scores, np.ones(1000, int))
        assert result.dtype == np.promote_types(dtype, np.float32)
        assert result.item() * 1000 == pytest.approx(997, rel=1e-6)
        assert F.accuracy(scores.astype(np.int8), np.ones(1000, int)).dtype == np.float64

    def test_refuses_non_integer_labels(self):
        with pytest.raises(TypeError, match=r"t must hold integers, .* got float64"):
            F.accuracy(X, LABELS.astype(np.float64))

    def test_counts_rows_beyond_float16(self):
        scores = np.zeros((100_000, 2), np.float16)
        scores[:90_000, 1] = 1
        assert F.accuracy(scores, np.ones(100_000, int)).item() == pytest.approx(0.9, abs=1e-3)

    def test_refuses_scores_without_classes(self):
        with pytest.raises(
            ValueError, match=r"y must be \(N, classes\) and t \(N,\) .*; got \(4,\) and \(4,\)"
        ):
            F.accuracy(X[:, 0], LABELS)

    def test_refuses_labels_of_another_length(self):
        with pytest.raises(ValueError, match=r"got \(4, 3\) and \(3,\)"):
            F.accuracy(X, LABELS[:3])


def test_accuracy_of_integer_scores_is_float():
    assert F.accuracy(np.eye(3, dtype=int), np.array([0, 1, 0])).item() == pytest.approx(2 / 3)


def test_accuracy_of_pixels():
    assert F.accuracy(np.eye(3)[abs(PIXELS)].transpose(0, 3, 1, 2), abs(PIXELS)).item() == 1


def test_scores_of_minus_infinity():
    """Scores of -inf, as masks set them."""
    x = Variable(np.array([[0.0, -np.inf, 1.0], [1.0, 0.0, -np.inf]]))
    for loss in (
        F.softmax_cross_entropy(x, np.array([0, 1]), ignore_index=9),
        F.softmax_cross_entropy(x, np.array([[1.0, 0, 0], [0, 1, 0]])),
    ):
        assert loss.item() == pytest.approx((np.log(1 + np.e) + np.log(1 + np.e)) / 2)
        assert np.isfinite(grad(loss, x)[0].data).all()


def test_all_labels_ignored():
    ignored = np.full(4, -1)
    x = Variable(X)
    y = F.softmax_cross_entropy(x, ignored, ignore_index=-1, reduction="sum")
    assert (y.item(), np.abs(grad(y, x)[0].data).max()) == (0, 0)
    for f in (F.softmax_cross_entropy, F.nll_loss):
        loss = f(x, ignored, ignore_index=-1)
        assert np.isnan(loss.item())
        assert not grad(loss, x)[0].data.any()  # as in PyTorch: such a batch does not spoil the weights


def test_the_weighted_mean_of_many_float16_does_not_overflow():
    x, t = np.zeros((100_000, 2), np.float16), np.zeros(100_000, int)
    loss = F.softmax_cross_entropy(x, t, weight=np.array([3.0, 1.0]))
    assert loss.item() == pytest.approx(np.log(2), abs=1e-3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda f: f(IMAGES, PIXELS),
            ValueError,
            r"labels in t, except ignore_index, must be in 0\.\.2; got -1\.\.2",
        ),
        (
            lambda f: f(IMAGES, abs(PIXELS), ignore_index=0, weight=WEIGHT[:2]),
            ValueError,
            r"\(3,\), .*got \(2,\)",
        ),
        (lambda f: f(IMAGES, abs(PIXELS)[0]), ValueError, r"got \(2, 3, 2, 2\) and \(2, 2\)"),
        (lambda f: f(IMAGES, np.array([0, 1])), ValueError, r"got \(2, 3, 2, 2\) and \(2,\)"),
        (
            lambda f: f(IMAGES, abs(PIXELS), ignore_index=0.5),
            TypeError,
            "ignore_index must be an integer; got 0.5",
        ),
        (
            lambda f: f(np.ones((5, 2, 3)), np.zeros((5, 2), int)),
            ValueError,
            r"got \(5, 2, 3\) and \(5, 2\); use x.reshape\(-1, 3\) and t.reshape\(-1\)$",
        ),
        (
            lambda f: f(IMAGES, abs(PIXELS), weight=WEIGHT * 1j),
            TypeError,
            "weight must hold real numbers; got complex128",
        ),
        (lambda f: f(IMAGES, abs(PIXELS), reduction="all"), ValueError, "reduction must be one of .*'all'"),
    ],
)
@pytest.mark.parametrize("f", [F.softmax_cross_entropy, F.nll_loss])
def test_invalid_options(f, call, error, words):
    with pytest.raises(error, match=words):
        call(f)


def test_invalid_probabilities_and_smoothing():
    with pytest.raises(ValueError, match="ignore_index is for labels"):
        F.softmax_cross_entropy(IMAGES, PROBABILITIES, ignore_index=-1)
    with pytest.raises(ValueError, match="label_smoothing must be from 0 to 1"):
        F.softmax_cross_entropy(IMAGES, PROBABILITIES, label_smoothing=1.5)
    for reduction in ("none", "mean", "sum", "batchmean"):
        with pytest.raises(ValueError, match=r"x must not be empty; got shapes \(4, 0\) and \(4, 0\)"):
            F.softmax_cross_entropy(np.ones((4, 0)), np.ones((4, 0)), reduction=reduction)


@pytest.mark.parametrize("rest", [(), (2,)])
@pytest.mark.parametrize(
    "loss",
    [
        lambda x, t, **r: F.softmax_cross_entropy(x, t, **r),
        lambda x, t, **r: F.softmax_cross_entropy(x, t, WEIGHT, 1, 0.1, **r),
        lambda x, t, **r: F.softmax_cross_entropy(x, np.zeros(x.shape), WEIGHT, None, 0.1, **r),
        lambda x, t, **r: F.nll_loss(x, t, WEIGHT, 1, **r),
    ],
    ids=["labels", "labels, weighted", "probabilities", "nll_loss"],
)
def test_an_empty_batch_has_a_sum_but_no_mean(loss, rest):
    x, t = Variable(np.zeros((0, 3, *rest))), np.zeros((0, *rest), int)
    total = loss(x, t, reduction="sum")
    assert (total.item(), grad(total, x)[0].shape) == (0, x.shape)
    assert loss(x, t, reduction="none").shape == t.shape
    for reduction in ("mean", "batchmean"):
        with pytest.raises(ValueError, match=r"x must not be empty; got shapes \(0, 3"):
            loss(x, t, reduction=reduction)


def test_float16_with_more_classes_than_it_counts():
    n = 70_000
    x = Variable(np.zeros((1, n), np.float16))
    loss = F.softmax_cross_entropy(x, np.array([1]))
    assert loss.dtype == np.float16
    np.testing.assert_allclose(float(loss), np.log(n), rtol=1e-3)
    (gx,) = grad(loss, x)
    np.testing.assert_allclose(gx.data[0, :3].astype(float), [1 / n, -1, 1 / n], rtol=5e-3)


@pytest.mark.parametrize("lost", [np.nan, -np.inf])
@pytest.mark.parametrize("label_smoothing", [0, 0.1])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of its softmax
def test_ignored_elements_do_not_affect_the_loss(lost, label_smoothing):
    x, t = np.array([[0.0, 1.0], [lost, lost]]), np.array([0, -1])
    options = {"label_smoothing": label_smoothing}
    expected = F.softmax_cross_entropy(x[:1], t[:1], **options).item()
    for reduction, wanted in (("mean", expected), ("sum", expected), ("none", [expected, 0])):
        loss = F.softmax_cross_entropy(x, t, ignore_index=-1, reduction=reduction, **options)
        np.testing.assert_allclose(loss.data, wanted)
    log_p = Variable(x)
    loss = F.nll_loss(log_p, t, ignore_index=-1)
    np.testing.assert_array_equal(loss.data, 0)  # of the first element alone: -x[0, 0]
    np.testing.assert_array_equal(grad(loss, log_p)[0].data, [[-1, 0], [0, 0]])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64])
def test_integer_scores_become_floats(dtype):
    x, t = np.array([[1, 100], [3, 120]], dtype), np.array([0, 1])
    expected = F.softmax_cross_entropy(x.astype(float), t).data
    np.testing.assert_array_equal(F.softmax_cross_entropy(x, t).data, expected)


@pytest.mark.parametrize("f", [F.softmax_cross_entropy, F.nll_loss, F.accuracy], ids=lambda f: f.__name__)
def test_missing_labels_are_named(f):
    """A DataLoader gives None for those of a dataset without."""
    with pytest.raises(TypeError, match="t must be an array, a Variable or a number; got None"):
        f(X, None)


def test_label_smoothing_must_be_a_number():
    with pytest.raises(TypeError, match="label_smoothing must be a number"):
        F.softmax_cross_entropy(X, LABELS, label_smoothing=np.array([0.1, 0.2]))

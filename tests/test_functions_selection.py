"""functions/selection.py: where, maximum, minimum, clip."""

import numpy as np
import pytest
from contract import DTYPES, Contract, cases

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(6)
X, Y = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
ROW, COLUMN = rng.standard_normal(3), rng.standard_normal((2, 1))
MASK = X > Y


@cases(
    [
        ("where", lambda x, y: F.where(MASK, x, y), lambda x, y: np.where(MASK, x, y), X, Y),
        ("where, row", lambda x, y: F.where(MASK, x, y), lambda x, y: np.where(MASK, x, y), ROW, Y),
        ("where, column", lambda x, y: F.where(MASK, x, y), lambda x, y: np.where(MASK, x, y), COLUMN, ROW),
        ("where, wide mask", lambda x: F.where(MASK, x, 0), lambda x: np.where(MASK, x, 0), ROW),
        ("where, narrow mask", lambda x: F.where(MASK[0], 1.5, x), lambda x: np.where(MASK[0], 1.5, x), X),
        (
            "where, numbers",
            lambda x: F.where(Variable(MASK * 2.0), np.float64(1), x),
            lambda x: np.where(MASK, 1, x),
            X,
        ),
        ("maximum", F.maximum, np.maximum, X, Y),
        ("maximum, row", F.maximum, np.maximum, ROW, X),
        ("maximum, number", lambda x: F.maximum(x, np.float64(0.1)), lambda x: np.maximum(x, 0.1), X),
        ("minimum", F.minimum, np.minimum, X, Y),
        ("minimum, column", F.minimum, np.minimum, X, COLUMN),
        ("minimum, number", lambda x: F.minimum(0, x), lambda x: np.minimum(0, x), X),
        ("of nothing", F.maximum, np.maximum, X[:0], ROW),
    ]
)
class TestSelection(Contract):
    pass


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("f", [F.maximum, F.minimum], ids=["maximum", "minimum"])
def test_equal_elements_share_the_gradient(f, dtype):
    x, y = Variable(np.array([1, 2, np.inf], dtype)), Variable(np.array([1, 3, np.inf], dtype))
    gx, gy = grad(f(x, y), [x, y])
    first = 0 if f is F.maximum else 1
    np.testing.assert_array_equal(gx.data, [0.5, first, 0.5])
    np.testing.assert_array_equal(gy.data, [0.5, 1 - first, 0.5])


@pytest.mark.parametrize("f", [F.maximum, F.minimum], ids=["maximum", "minimum"])
def test_nan_propagates(f):
    np.testing.assert_array_equal(
        f(np.array([np.nan, 1, np.nan]), np.array([1, np.nan, np.nan])).data, np.nan
    )


def test_where_gradient_of_unselected_elements_is_0():
    x = Variable(np.array([-1.0, np.inf, np.nan, 4.0]))
    gx, gy = grad(F.where(x > 0, 0, x * 2), x), grad(F.where(np.isfinite(x.data), x, 0), x)
    np.testing.assert_array_equal(gx[0].data, [2, 0, 2, 0])
    np.testing.assert_array_equal(gy[0].data, [1, 0, 0, 1])


def test_where_of_integers_and_of_numbers():
    np.testing.assert_array_equal(F.where(MASK, 1, 0).data, MASK.astype(int))
    assert F.where(MASK, np.ones((2, 3), np.float32), 2.5).dtype == np.float32


@pytest.mark.parametrize("f", [F.maximum, F.minimum, lambda x, y: F.where(MASK, x, y)])
def test_incompatible_shapes(f):
    with pytest.raises(
        ValueError, match=r"x0 and x1 of shapes .*\(2, 3\) and \(2, 4\) do not broadcast: .*-1"
    ):
        f(X, np.ones((2, 4)))


def test_where_rejects_a_condition_that_does_not_broadcast():
    words = (
        r"^condition, x0 and x1 of shapes \(2,\), \(3,\) and \(1,\) do .* -1, 2, 3 and 1, must be equal or 1"
    )
    with pytest.raises(ValueError, match=words):
        F.where(np.ones(2, bool), np.ones(3), np.ones(1))


# -- clip


@cases(
    [
        ("both ends", lambda x: F.clip(x, -0.5, 0.5), lambda x: np.clip(x, -0.5, 0.5), X),
        ("above", lambda x: F.clip(x, None, 0.5), lambda x: np.minimum(x, 0.5), X),
        ("below", lambda x: F.clip(x, 0, None), lambda x: np.maximum(x, 0), X),
        ("nothing", lambda x: F.clip(x, None, None), lambda x: x, X),
        (
            "np.float64 ends",
            lambda x: F.clip(x, np.sqrt(0.01), np.sqrt(0.5)),
            lambda x: np.clip(x, 0.1, 0.5**0.5),
            X,
        ),
    ]
)
class TestClip(Contract):
    pass


def test_clip_passes_the_gradient_at_its_bounds():
    x = Variable(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(grad(F.clip(x, -1, 1), x)[0].data, [0, 1, 1, 1, 0])


@pytest.mark.parametrize("clip", [F.clip, np.clip])
@pytest.mark.parametrize("limit", [np.zeros(3), Variable(np.array(0.0))], ids=["array", "Variable"])
def test_clip_rejects_array_bounds(clip, limit):
    with pytest.raises(TypeError, match=r"x_min must be a number or None; got .* use maximum\(x, x_min\)"):
        clip(Variable(X), limit, None)


def test_clip_refuses_an_empty_range():
    with pytest.raises(ValueError, match=r"x_min.*2.*1"):
        F.clip(X, 2, 1)


@pytest.mark.parametrize("f", [F.sqrt, F.log], ids=["sqrt", "log"])
def test_clip_blocks_an_infinite_gradient(f):
    x = Variable(np.array([-1.0, 4.0]))
    with np.errstate(divide="ignore"):
        (gx,) = grad(f(F.clip(x, 0, 9)), x)
    np.testing.assert_allclose(gx.data, [0, 0.25])


def test_where_without_a_condition():
    with pytest.raises(TypeError, match="condition must be an array, a Variable or a number; got None"):
        F.where(None, np.ones(2), 0)


@pytest.mark.parametrize(("place", "name"), [*enumerate(["condition", "x0", "x1"])])
def test_where_rejects_none(place, name):
    operands = [MASK, X, Y]
    operands[place] = None
    with pytest.raises(TypeError, match=f"{name} must be an array, a Variable or a number; got None"):
        F.where(*operands)

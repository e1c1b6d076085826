"""functions/norm.py: dropout."""

import numpy as np
import pytest
from contract import DTYPES

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import Variable, grad, no_grad, test_mode
from pyconvlite.testing import check_backward, check_double_backward


def seeded_dropout(x, ratio=0.5):
    pyconvlite.seed(7)
    return F.dropout(x, ratio)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.5, 0.9])
def test_dropout_zeroes_a_share_and_scales_the_rest(dtype, ratio):
    x = np.full((100, 100), 3, dtype)
    y = seeded_dropout(x, ratio)
    assert y.dtype == dtype
    kept = y.data != 0
    np.testing.assert_allclose(y.data[kept].astype(np.float64), 3 / (1 - ratio), rtol=2e-3)
    assert abs(kept.mean() - (1 - ratio)) < 0.02


def test_dropout_drops_elements_independently_of_rows_and_columns():
    kept = seeded_dropout(np.ones((200, 200))).data != 0
    assert 0.3 < kept.mean(axis=0).min() <= kept.mean(axis=0).max() < 0.7
    assert 0.3 < kept.mean(axis=1).min() <= kept.mean(axis=1).max() < 0.7


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_gradients(dtype):
    x = np.random.default_rng(0).standard_normal((4, 5)).astype(dtype)
    check_backward(seeded_dropout, x)
    check_double_backward(seeded_dropout, x)


def test_dropout_gradient_takes_the_same_mask():
    x = Variable(np.ones((20, 20)))
    y = F.dropout(x)
    np.testing.assert_array_equal(grad(y, x)[0].data, y.data)


def test_dropout_draws_anew_at_each_call_and_repeats_after_seed():
    x = np.ones(100)
    pyconvlite.seed(0)
    first, second = F.dropout(x).data, F.dropout(x).data
    pyconvlite.seed(0)
    assert (first != second).any()
    np.testing.assert_array_equal(F.dropout(x).data, first)


def test_dropout_leaves_numpys_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    F.dropout(np.ones(100))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_dropout_is_the_identity_in_test_mode():
    x = Variable(np.random.default_rng(0).standard_normal((10, 10)))
    with test_mode():
        y = F.dropout(x, 0.9) * 1
    np.testing.assert_array_equal(y.data, x.data)
    np.testing.assert_array_equal(grad(y, x)[0].data, np.ones((10, 10)))


def test_dropout_still_drops_under_no_grad():
    with no_grad():
        assert (F.dropout(np.ones(100)).data == 0).any()


@pytest.mark.parametrize("ratio", [-0.1, 1.0, 1.5, float("nan")])
@pytest.mark.parametrize("train", [True, False])
def test_dropout_refuses_ratios_outside_0_to_1(ratio, train):
    with pytest.raises(ValueError, match="dropout_ratio"), pyconvlite.using_config("train", train):
        F.dropout(np.ones(3), ratio)

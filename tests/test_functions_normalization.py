"""functions/normalization.py: dropout and batch normalization."""

import numpy as np
import pytest
from contract import DTYPES, Contract, assert_close, cases

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import Variable, _random, grad, no_grad, test_mode
from pyconvlite.testing import check_backward, check_double_backward


def seeded_dropout(x, ratio=0.5):
    pyconvlite.seed(7)
    return F.dropout(x, ratio)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.5, 0.9])
def test_dropout_drops_a_share_and_scales_the_rest(dtype, ratio):
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


def pcg4d(*v):
    """Four numbers of 32 bits, by listing 3 of "Hash Functions for GPU Rendering" (2020)."""
    x, y, z, w = (n * 1664525 + 1013904223 for n in v)
    for _ in range(2):
        x += y * w
        y += z * x
        z += x * y
        w += y * z
        drawn = [n % 2**32 for n in (x, y, z, w)]
        x, y, z, w = (n ^ (n >> 16) for n in drawn)
    return drawn


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.99])
def test_dropout_mask_is_a_hash_of_position_and_seed(dtype, ratio):
    y = seeded_dropout(np.ones((5, 10), dtype), ratio).data
    pyconvlite.seed(7)
    key = _random.hash_key()
    drawn = np.array([pcg4d(i, *key, 0) for i in range(13)]).ravel()[:50].reshape(5, 10)
    np.testing.assert_array_equal(y != 0, drawn >= ratio * 2**32)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_gradients(dtype):
    x = np.random.default_rng(0).standard_normal((4, 5)).astype(dtype)
    check_backward(seeded_dropout, x)
    check_double_backward(seeded_dropout, x)


def test_dropout_gradient_takes_the_same_mask():
    x = Variable(np.ones((20, 20)))
    y = F.dropout(x)
    np.testing.assert_array_equal(grad(y, x)[0].data, y.data)


def test_dropout_draws_at_each_call_and_repeats_after_seed():
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


@pytest.mark.parametrize("train", [True, False])
def test_dropout_rejects_invalid_arguments(train):
    with pyconvlite.using_config("train", train):
        with pytest.raises(TypeError, match="dropout_ratio must be a number; got 'a'"):
            F.dropout(np.ones(3), "a")
        with pytest.raises(TypeError, match=r"x must be an array, not list; use np.array\(\[1.0, 2.0\]\)"):
            F.dropout([1.0, 2.0])


# -- batch normalization

rng = np.random.default_rng(10)
IMAGES = rng.standard_normal((4, 3, 2, 5)) * 2 + 1
ROWS = rng.standard_normal((5, 3)) * 2 + 1
GAMMA, BETA = rng.uniform(0.5, 2, 3), rng.standard_normal(3)
MEAN, VAR = rng.standard_normal(3), rng.uniform(0.5, 2, 3)


def normalized(x, gamma, beta, mean=None, var=None, eps=2e-5):
    axes = (0, *range(2, x.ndim))
    mean, var = x.mean(axes) if mean is None else mean, x.var(axes) if var is None else var
    mean, var, gamma, beta = (v.reshape(1, 3, *[1] * (x.ndim - 2)) for v in (mean, var, gamma, beta))
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def in_training(x, gamma, beta):
    return F.batch_norm(x, gamma, beta, MEAN, VAR)


def in_use(x, gamma, beta):
    with test_mode():
        return F.batch_norm(x, gamma, beta, MEAN, VAR)


@cases(
    [
        ("rows", in_training, normalized, ROWS, GAMMA, BETA),
        ("images", in_training, normalized, IMAGES, GAMMA, BETA),
        ("one image", in_training, normalized, IMAGES[:1], GAMMA, BETA),
        (
            "eps",
            lambda *args: F.batch_norm(*args, MEAN, VAR, eps=0.5),
            lambda *args: normalized(*args, eps=0.5),
            *(IMAGES, GAMMA, BETA),
        ),
        ("rows in use", in_use, lambda *args: normalized(*args, MEAN, VAR), ROWS, GAMMA, BETA),
        ("images in use", in_use, lambda *args: normalized(*args, MEAN, VAR), IMAGES, GAMMA, BETA),
    ]
)
class TestBatchNorm(Contract):
    pass


def test_batch_norm_third_order():
    def first_order(x, gamma, beta, gy):
        return grad(in_training(x, gamma, beta), [x, gamma, beta], [gy], create_graph=True)

    gy = np.random.default_rng(0).standard_normal(ROWS.shape)
    check_double_backward(first_order, (ROWS, GAMMA, BETA, gy))


def test_batch_norm_centres_and_scales():
    y = F.batch_norm(IMAGES, np.ones(3), np.zeros(3), MEAN, VAR, eps=0).data
    assert_close(y.mean((0, 2, 3)), 0)
    assert_close(y.std((0, 2, 3)), 1)


def test_running_statistics_are_decayed_and_unbiased():
    mean, var = MEAN.copy(), VAR.copy()
    for array in (mean, var):
        array.flags.writeable = False
    f = F.BatchNorm(mean, var, decay=0.75, eps=2e-5)
    f(IMAGES, GAMMA, BETA)
    assert_close(f.avg_mean, 0.75 * MEAN + 0.25 * IMAGES.mean((0, 2, 3)))
    assert_close(f.avg_var, 0.75 * VAR + 0.25 * IMAGES.var((0, 2, 3), ddof=1))


def test_batch_norm_class_uses_batch_statistics_in_test_mode():
    f = F.BatchNorm(MEAN, VAR, 0.9, 2e-5)
    with test_mode():
        y = f(IMAGES, GAMMA, BETA)
        assert not np.allclose(y.data, F.batch_norm(IMAGES, GAMMA, BETA, MEAN, VAR).data)
    np.testing.assert_array_equal(y.data, F.batch_norm(IMAGES, GAMMA, BETA, MEAN, VAR).data)
    assert not np.array_equal(f.avg_mean, MEAN)


def test_running_statistics_keep_their_dtype():
    statistics = MEAN.astype(np.float32), VAR.astype(np.float32)
    f = F.BatchNorm(*statistics, np.float64(0.9), np.float64(1e-5))
    y = f(IMAGES.astype(np.float16), GAMMA.astype(np.float32), BETA.astype(np.float32))
    assert (y.dtype, f.avg_mean.dtype, f.avg_var.dtype) == (np.float16, np.float32, np.float32)


def test_second_order_of_a_gradient_penalty():
    x = Variable(IMAGES)
    gamma, beta = Variable(GAMMA), Variable(BETA)

    def penalty(x, gamma, beta):
        y = F.batch_norm(x, gamma, beta, MEAN, VAR)
        gx, ggamma = grad(F.sum(y**3), [x, gamma], create_graph=True)
        return F.sum(gx * gx) + F.sum(F.sin(ggamma))

    check_backward(penalty, [x, gamma, beta])


def test_float32_in_test_mode_with_float64_statistics():
    x, gamma, beta = (a.astype(np.float32) for a in (IMAGES, GAMMA, BETA))
    with test_mode():
        assert F.batch_norm(x, gamma, beta, MEAN, VAR).dtype == np.float32


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"eps": -1}, ValueError, "eps must be at least 0; got -1"),
        ({"decay": 2}, ValueError, "decay must be from 0 to 1; got 2"),
        ({"decay": -0.1}, ValueError, "decay must be from 0 to 1; got -0.1"),
        ({"eps": "a"}, TypeError, "eps must be a number; got 'a'"),
        ({"decay": None}, TypeError, "decay must be a number; got None"),
    ],
)
def test_batch_norm_rejects_settings_out_of_range(settings, error, message):
    with pytest.raises(error, match=message):
        F.batch_norm(IMAGES, GAMMA, BETA, MEAN, VAR, **settings)


def test_batch_norm_of_integers_is_refused():
    with pytest.raises(TypeError, match="x must be floating point; got int64"):
        F.batch_norm(np.ones((2, 3), np.int64), GAMMA, BETA, MEAN, VAR)


def test_statistics_of_float16_do_not_overflow():
    x = np.array([[-600.0], [600.0], [0.0], [0.0]], np.float16)  # their squares are beyond float16
    one, zero = np.ones(1, np.float16), np.zeros(1, np.float16)
    y = F.batch_norm(x, one, zero, zero, one)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.data.ravel(), [-np.sqrt(2), np.sqrt(2), 0, 0], rtol=1e-3)


def test_batch_norm_of_a_constant_channel_is_beta():
    y = F.batch_norm(np.full((4, 3), 7.0), GAMMA, BETA, MEAN, VAR)
    np.testing.assert_allclose(y.data, np.broadcast_to(BETA, (4, 3)))


def test_dezeros_spelling_batch_nrom():
    assert F.batch_nrom is F.batch_norm


@pytest.mark.parametrize("position", range(1, 5))
@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_names_shapes_that_do_not_match(position, train):
    args = [IMAGES, GAMMA, BETA, MEAN, VAR]
    args[position] = np.ones(4)
    name = ["x", "gamma", "beta", "mean", "var"][position]
    with pytest.raises(ValueError, match=rf"{name}.*\(3,\).*\(4,\)"), pyconvlite.using_config("train", train):
        F.batch_norm(*args)


@pytest.mark.parametrize("position", range(1, 5))
@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_takes_real_numbers(position, train):
    args = [IMAGES, GAMMA, BETA, MEAN, VAR]
    args[position] = args[position] * 1j
    name = ["x", "gamma", "beta", "mean", "var"][position]
    message = f"^{name} must hold real numbers; got complex128"
    with pytest.raises(TypeError, match=message), pyconvlite.using_config("train", train):
        F.batch_norm(*args)


@pytest.mark.parametrize("x", [np.ones(3), np.ones((0, 3))])
def test_batch_norm_rejects_x_without_channels_or_images(x):
    with pytest.raises(ValueError, match=r"x.*\(" + str(len(x))):
        F.batch_norm(x, GAMMA, BETA, MEAN, VAR)


def test_batch_norm_where_the_float16_variance_overflows():
    x = (np.random.default_rng(0).standard_normal((64, 3)) * 600).astype(np.float16)
    mean, var = x.mean(axis=0, dtype=np.float32), x.astype(np.float32).var(axis=0)
    assert (var > np.finfo(np.float16).max).all()
    with test_mode():
        y = F.batch_norm(x, GAMMA.astype(np.float32), BETA.astype(np.float32), mean, var)
    assert y.dtype == np.float16
    expected = (x - mean) / np.sqrt(var + 1e-5) * GAMMA + BETA
    np.testing.assert_allclose(y.data, expected, rtol=2e-3, atol=2e-3)


def test_batch_norm_with_a_large_mean():
    x = np.random.default_rng(0).standard_normal((65_536, 3)).astype(np.float32) + np.float32(1000)
    ones, zeros = np.ones(3, np.float32), np.zeros(3, np.float32)
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + 1e-5)
    np.testing.assert_allclose(F.batch_norm(x, ones, zeros, zeros, ones).data, expected, 1e-5, 1e-5)


@pytest.mark.parametrize("shape", [(70, 3), (4, 3, 9, 7)])
def test_batch_norm_gradients_with_a_large_mean(shape):
    draw = np.random.default_rng(1)
    x = draw.standard_normal(shape).astype(np.float32) + np.float32(1000)
    gy, gamma = draw.standard_normal(shape).astype(np.float32), np.array([1, -2, 0.5], np.float32)
    found, exact = (
        grad(
            F.batch_norm(v, w, np.zeros(3, dtype), np.zeros(3, dtype), np.ones(3, dtype)),
            [v, w],
            gy.astype(dtype),
        )
        for dtype in (np.float32, np.float64)
        for v, w in [(Variable(x.astype(dtype)), Variable(gamma.astype(dtype)))]
    )
    for one, other in zip(found, exact, strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-5, atol=1e-5 * np.abs(other.data).max())


@pytest.mark.parametrize("f", [F.dropout, F.dropout2d])
def test_dropout_where_the_float16_scale_overflows(f):
    x = Variable(np.full((1, 2**18, 1, 1), 2.0**-8, np.float16))
    ratio = 1 - 2.0**-17
    pyconvlite.seed(3)
    y = f(x, ratio)
    (gx,) = grad(y, x, np.full(x.shape, 2.0**-9, np.float16))
    assert y.dtype == gx.dtype == np.float16
    assert set(np.unique(y.data)) == {0, 2.0**9}
    np.testing.assert_array_equal(gx.data, y.data / 2)

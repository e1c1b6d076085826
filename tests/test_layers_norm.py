import copy
import io
import pickle

import numpy as np
import pytest

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Parameter, Variable, no_grad, test_mode, using_config
from pyconvlite.models import Sequential
from pyconvlite.optimizers import SGD, Adam
from pyconvlite.testing import check_backward

SHAPES = [(6, 3), (4, 3, 5, 2)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def randn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def axes(x):
    return (0, *range(2, x.ndim))


def along_channels(values, x):
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


# ------------------------------------------------------------------------------------------- BatchNorm


@shapes
def test_training_normalizes_with_the_batchs_statistics(shape):
    x = 3 * randn(*shape) + 2
    bn = L.BatchNorm(dtype=np.float64)
    y = bn(x)
    np.testing.assert_allclose(y.data.mean(axes(x)), np.zeros(3), atol=1e-12)
    np.testing.assert_allclose(y.data.var(axes(x)), np.ones(3), rtol=1e-4)
    bn.gamma.data, bn.beta.data = np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0])
    expected = along_channels(bn.gamma.data, x) * y.data + along_channels(bn.beta.data, x)
    np.testing.assert_allclose(bn(x).data, expected, rtol=1e-12, atol=1e-15)


@shapes
def test_running_statistics_use_the_unbiased_variance(shape):
    bn = L.BatchNorm(decay=0.75, dtype=np.float64)
    mean, var = np.zeros(3), np.ones(3)
    for i in range(4):
        x = randn(*shape, seed=i) + i
        bn(x)
        mean = 0.75 * mean + 0.25 * x.mean(axes(x))
        var = 0.75 * var + 0.25 * x.var(axes(x), ddof=1)
        np.testing.assert_allclose(bn.avg_mean.data, mean, rtol=1e-12)
        np.testing.assert_allclose(bn.avg_var.data, var, rtol=1e-12)


@shapes
def test_test_mode_uses_and_keeps_the_running_statistics(shape):
    bn = L.BatchNorm(dtype=np.float64)
    bn(randn(*shape) + 1)
    mean, var = bn.avg_mean.data, bn.avg_var.data
    x = randn(*shape, seed=1)
    with test_mode():
        y = bn(x)
    expected = (x - along_channels(mean, x)) / np.sqrt(along_channels(var, x) + 2e-5)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-15)
    assert bn.avg_mean.data is mean
    assert bn.avg_var.data is var


def test_no_grad_updates_the_running_statistics():
    a, b = L.BatchNorm(), L.BatchNorm()
    x = randn(4, 3).astype(np.float32)
    a(x)
    with no_grad():
        y = b(x)
    assert y.creator is None
    np.testing.assert_array_equal(a.avg_mean.data, b.avg_mean.data)


def test_arrays_are_never_written_to():
    bn = L.BatchNorm(3)
    before = [param.data for param in bn.params()]
    for array in before:
        array.flags.writeable = False
    kept = [array.copy() for array in before]
    bn(randn(4, 3).astype(np.float32))
    for array, copied in zip(before, kept, strict=True):
        np.testing.assert_array_equal(array, copied)
    assert bn.avg_mean.data is not before[0]


def test_statistics_are_parameters_without_gradients():
    bn = L.BatchNorm()
    assert [name for name, _ in bn.named_params()] == ["avg_mean", "avg_var", "gamma", "beta"]
    assert all(isinstance(p, Parameter) and p.lazy_shape == (None,) for p in bn.params())
    optimizer = SGD(lr=1.0).setup(bn)
    for mode in (test_mode, no_grad):
        bn(randn(4, 3).astype(np.float32))
        with mode():
            y = bn(randn(4, 3, seed=1).astype(np.float32))
        mean, var = bn.avg_mean.data, bn.avg_var.data
        bn.cleargrads()
        F.sum(y * y).backward()
        assert bn.avg_mean.grad is None
        assert bn.avg_var.grad is None
        optimizer.update()
        assert bn.avg_mean.data is mean
        assert bn.avg_var.data is var
    F.sum(bn.avg_mean * 2).backward()
    assert bn.avg_mean.grad is None


@shapes
@pytest.mark.parametrize("train", [True, False])
def test_gradients(shape, train):
    bn = L.BatchNorm(3, dtype=np.float64)
    bn(randn(*shape) + 1)
    gamma, beta = randn(3, seed=1), randn(3, seed=2)

    def f(x, gamma, beta):
        vars(bn).update(gamma=gamma, beta=beta)
        with pyconvlite.using_config("train", train):
            return bn(x)

    check_backward(f, (randn(*shape, seed=3), gamma, beta))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    bn = L.BatchNorm(dtype=dtype)
    x = Variable(randn(4, 3).astype(dtype))
    y = bn(x)
    F.sum(y * y).backward()
    arrays = (y, x.grad, *bn.params(), bn.gamma.grad, bn.beta.grad)
    assert {a.dtype for a in arrays} == {np.dtype(dtype)}


def test_size_given_or_read_from_the_first_input():
    given, lazy = L.BatchNorm(3), L.BatchNorm()
    assert [p.data.tolist() for p in given.params()] == [[0] * 3, [1] * 3, [1] * 3, [0] * 3]
    assert lazy.in_size is None
    x = randn(4, 3).astype(np.float32)
    np.testing.assert_array_equal(lazy(x).data, given(x).data)
    assert lazy.in_size == given.in_size == 3


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (2, 0)])
def test_failed_first_call_sets_no_size(shape):
    bn = L.BatchNorm()
    with pytest.raises(ValueError, match=r"BatchNorm.* got .*shape \("):
        bn(np.zeros(shape, np.float32))
    assert bn.in_size is None


@pytest.mark.parametrize("train", [True, False])
def test_integers_are_refused(train):
    layer = L.BatchNorm()
    with pytest.raises(TypeError, match="x must be floating point; got int64"), using_config("train", train):
        layer(np.ones((2, 3), np.int64))
    assert layer.in_size is None


def test_empty_batch():
    bn = L.BatchNorm(3)
    with test_mode():
        assert bn(np.zeros((0, 3, 2, 2), np.float32)).shape == (0, 3, 2, 2)
        with pytest.raises(ValueError, match="in_size must be at least 1; got 0"):
            L.BatchNorm()(np.zeros((2, 0), np.float32))


@pytest.mark.parametrize("train", [True, False])
def test_another_number_of_channels_is_refused(train):
    bn = L.BatchNorm(3)
    with pyconvlite.using_config("train", train), pytest.raises(ValueError, match=r"in_size=3.*\(4, 2\)"):
        bn(np.zeros((4, 2), np.float32))


def test_weights_load_before_the_first_call():
    bn, other = L.BatchNorm(), L.BatchNorm()
    bn(randn(4, 3).astype(np.float32) + 1)
    file = io.BytesIO()
    bn.save_weights(file)
    file.seek(0)
    other.load_weights(file)
    x = randn(2, 3, seed=1).astype(np.float32)
    with test_mode():
        np.testing.assert_array_equal(other(x).data, bn(x).data)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_are_independent(duplicate):
    bn = L.BatchNorm(3)
    other = duplicate(bn)
    other(randn(4, 3).astype(np.float32))
    assert bn.avg_mean.data.tolist() == [0] * 3
    assert other.avg_mean.requires_grad is False


def test_network_with_batch_norm_learns():
    pyconvlite.seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((256, 2)).astype(np.float32) * np.float32([1, 100]) + 50
    t = (x[:, 0] - 50 > (x[:, 1] - 50) / 100).astype(int)
    model = Sequential(L.BatchNorm(), L.Linear(8), L.BatchNorm(), L.ReLU(), L.Linear(2))
    optimizer = Adam(0.02).setup(model)
    for _ in range(60):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    with test_mode():
        assert F.accuracy(model(x), t).item() > 0.95


# ------------------------------------------------------------------------------------------- Dropout


def test_dropout_drops_only_in_training():
    x = np.ones((100, 100), np.float32)
    pyconvlite.seed(0)
    y = L.Dropout(0.3)(x)
    pyconvlite.seed(0)
    np.testing.assert_array_equal(y.data, F.dropout(x, 0.3).data)
    assert np.mean(y.data == 0) == pytest.approx(0.3, abs=0.02)
    assert y.dtype == np.float32
    with test_mode():
        np.testing.assert_array_equal(L.Dropout(0.3)(x).data, x)
    assert L.Dropout().dropout_ratio == 0.5


# ------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.BatchNorm(0), ValueError, "in_size must be at least 1; got 0"),
        (lambda: L.BatchNorm(2.0), TypeError, "in_size must be an integer.* 2.0"),
        (lambda: L.BatchNorm(decay=1.1), ValueError, "decay must be from 0 to 1; got 1.1"),
        (lambda: L.BatchNorm(decay=-0.1), ValueError, "decay must be from 0 to 1; got -0.1"),
        (lambda: L.BatchNorm(eps=-1), ValueError, "eps must be at least 0; got -1"),
        (lambda: L.BatchNorm(eps=np.nan), ValueError, "eps must be a finite number; got nan"),
        (
            lambda: L.BatchNorm(dtype=np.int8),
            TypeError,
            "dtype must be float16, float32 or float64; got int8",
        ),
        (lambda: L.BatchNorm(decay="a"), TypeError, "decay must be a number; got 'a'"),
        (lambda: L.BatchNorm(eps=None), TypeError, "eps must be a number; got None"),
        (lambda: L.Dropout("a"), TypeError, "dropout_ratio must be a number; got 'a'"),
        (lambda: L.Dropout(1.0), ValueError, "dropout_ratio must be at least 0 and below 1; got 1.0"),
        (lambda: L.Dropout(-0.5), ValueError, "dropout_ratio must be at least 0 and below 1; got -0.5"),
    ],
)
def test_errors_name_the_argument_and_the_size(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_repr():
    assert repr(L.BatchNorm()) == "BatchNorm(in_size=None, decay=0.9, eps=2e-05)"
    assert repr(L.Dropout(0.2)) == "Dropout(dropout_ratio=0.2)"


def test_single_value_per_channel():
    """PyTorch raises an error; here the average stays, and the output is beta."""
    bn = L.BatchNorm(3)
    bn.beta.data += 2
    x = np.array([[1.0, -2.0, 0.5]], np.float32)
    np.testing.assert_array_equal(bn(x).data, np.full((1, 3), 2, np.float32))
    np.testing.assert_array_equal(bn.avg_var.data, np.ones(3))
    np.testing.assert_allclose(bn.avg_mean.data, 0.1 * x[0], rtol=1e-6)

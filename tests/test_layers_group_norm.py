"""layers/group_norm.py: LayerNorm, GroupNorm, InstanceNorm; Dropout2d."""

import io

import numpy as np
import pytest

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import test_mode

X = np.random.default_rng(0).standard_normal((2, 6, 4, 5)).astype(np.float32)
TABLE = {
    "LayerNorm": (L.LayerNorm((4, 5), eps=0.1), lambda x, n: F.layer_norm(x, (4, 5), n.gamma, n.beta, 0.1)),
    "LayerNorm plain": (L.LayerNorm(5, affine=False), lambda x, n: F.layer_norm(x, 5)),
    "GroupNorm": (L.GroupNorm(3, eps=0.1), lambda x, n: F.group_norm(x, 3, n.gamma, n.beta, 0.1)),
    "GroupNorm sized": (L.GroupNorm(2, 6), lambda x, n: F.group_norm(x, 2, n.gamma, n.beta)),
    "GroupNorm plain": (L.GroupNorm(2, affine=False), lambda x, n: F.group_norm(x, 2)),
    "InstanceNorm": (L.InstanceNorm(), lambda x, n: F.instance_norm(x)),
    "InstanceNorm affine": (
        L.InstanceNorm(affine=True),
        lambda x, n: F.instance_norm(x, n.gamma, n.beta),
    ),
}
table = pytest.mark.parametrize(("layer", "function"), TABLE.values(), ids=TABLE)


@table
def test_equals_its_function_trains_and_can_be_saved(layer, function):
    layer(X)
    for param in layer.params():
        param.data = param.data + np.random.default_rng(1).standard_normal(param.shape).astype(np.float32)
    y = layer(X)
    np.testing.assert_array_equal(y.data, function(X, layer).data, strict=True)
    F.sum(y * y).backward()
    assert all(param.grad.shape == param.shape for param in layer.params())
    assert len(list(layer.params())) in (0, 2)
    file = io.BytesIO()
    layer.save_weights(file)
    file.seek(0)
    for param in layer.params():
        param.data = None
    layer.load_weights(file)
    with test_mode():  # the same as in training
        np.testing.assert_array_equal(layer(X).data, y.data)


def test_sizes():
    norm = L.GroupNorm(3)
    assert (norm.in_size, norm.gamma.lazy_shape) == (None, (None,))
    norm(X)
    assert (norm.in_size, norm.gamma.shape, norm.beta.shape) == (6, (6,), (6,))
    assert L.InstanceNorm(4).in_size == 4
    assert L.LayerNorm([2, 3], dtype=np.float64).gamma.shape == (2, 3)
    assert repr(L.InstanceNorm(4)) == "InstanceNorm(in_size=4, eps=1e-05)"
    assert repr(L.LayerNorm(4)) == "LayerNorm(normalized_shape=(4,), eps=1e-05)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.LayerNorm(0), ValueError, "normalized_shape must be at least 1"),
        (lambda: L.LayerNorm(4.0), TypeError, "normalized_shape"),
        (lambda: L.LayerNorm(4, eps=-1), ValueError, "eps must be at least 0; got -1"),
        (lambda: L.LayerNorm(4, dtype=int), TypeError, "dtype"),
        (lambda: L.LayerNorm(4, affine="no"), TypeError, "affine must be True or False; got 'no'"),
        (lambda: L.InstanceNorm(4, affine="no"), TypeError, "affine must be True or False; got 'no'"),
        (lambda: L.LayerNorm(4)(X), ValueError, r"normalized_shape.*\(2, 6, 4, 5\)"),
        (lambda: L.GroupNorm(4, 6), ValueError, "num_groups must divide the 6 channels; got 4"),
        (lambda: L.GroupNorm(4)(X), ValueError, "num_groups must divide the 6 channels; got 4"),
        (lambda: L.GroupNorm(4, affine=False)(X), ValueError, "num_groups must divide"),
        (lambda: L.GroupNorm(2, 4)(X), ValueError, r"in_size=4.*needs.*\(2, 6, 4, 5\)"),
        (lambda: L.GroupNorm(2, 4)(X.tolist()), ValueError, r"in_size=4.*needs.*\(2, 6, 4, 5\)"),
        (lambda: L.InstanceNorm(4)(X), ValueError, r"in_size=4.*needs.*\(2, 6, 4, 5\)"),
        (lambda: L.InstanceNorm()(X[:, :, 0, 0]), ValueError, "at least 3 axes"),
        (lambda: L.Dropout2d(1), ValueError, "dropout_ratio"),
    ],
)
def test_invalid_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_failed_call_sets_no_size():
    norm = L.InstanceNorm(affine=True)
    with pytest.raises(ValueError, match="at least 3 axes"):
        norm(X[:, :, 0, 0])
    assert norm.gamma.data is None


def test_dropout2d_equals_its_function():
    pyconvlite.seed(0)
    expected = F.dropout2d(X, 0.3).data
    pyconvlite.seed(0)
    np.testing.assert_array_equal(L.Dropout2d(0.3)(X).data, expected)
    with test_mode():
        np.testing.assert_array_equal(L.Dropout2d(0.3)(X).data, X)
    assert repr(L.Dropout2d(0.3)) == "Dropout2d(dropout_ratio=0.3)"

"""functions/conv1d.py."""

import numpy as np
import pytest
from contract import Contract, cases

import pyconvlite.functions as F

rng = np.random.default_rng(9)
X = rng.standard_normal((2, 4, 7))
W = rng.standard_normal((6, 4, 3))
B = rng.standard_normal(6)


def conv1d(x, W, b=None, stride=1, pad=(0, 0), dilation=1, groups=1, mode="constant"):
    """Element by element."""
    x = np.pad(x, ((0, 0), (0, 0), pad), mode)
    (OC, CG, K), OCG = W.shape, len(W) // groups
    starts = range(0, x.shape[2] - (K - 1) * dilation, stride)
    y = np.zeros((len(x), OC, len(starts)))
    for oc in range(OC):
        group = x[:, oc // OCG * CG : (oc // OCG + 1) * CG]
        for at, start in enumerate(starts):
            for k in range(K):
                y[:, oc, at] += group[:, :, start + k * dilation] @ W[oc, :, k]
    return y if b is None else y + b[:, None]


@cases(
    [
        ("plain", F.conv1d, conv1d, X, W, B),
        ("no bias", F.conv1d, conv1d, X, W),
        (
            "stride and pad",
            lambda x, W: F.conv1d(x, W, None, 2, 1),
            lambda x, W: conv1d(x, W, None, 2, (1, 1)),
            X,
            W,
        ),
        (
            "causal",
            lambda x, W: F.conv1d(x, W, pad=(4, 0), dilation=2),
            lambda x, W: conv1d(x, W, pad=(4, 0), dilation=2),
            *(X, W),
        ),
        (
            "same, groups",
            lambda x, W: F.conv1d(x, W, pad="same", groups=2),
            lambda x, W: conv1d(x, W, pad=(1, 1), groups=2),
            *(X, W[:, :2]),
        ),
        (
            "reflect",
            lambda x, W: F.conv1d(x, W, pad=2, pad_mode="reflect"),
            lambda x, W: conv1d(x, W, pad=(2, 2), mode="reflect"),
            *(X, W),
        ),
        ("empty", F.conv1d, lambda x, W: np.zeros((0, 6, 5)), X[:0], W),
    ]
)
class TestConv1d(Contract):
    pass


def test_a_causal_convolution_does_not_look_ahead():
    x = X.copy()
    y = F.conv1d(x, W, pad=(2, 0)).data
    x[:, :, 4:] = 9
    np.testing.assert_array_equal(F.conv1d(x, W, pad=(2, 0)).data[:, :, :4], y[:, :, :4])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.conv1d(X[0], W), ValueError, r"x must have 3 axes, \(N, C, L\)"),
        (lambda: F.conv1d(X, W[0]), ValueError, r"W must have 3 axes, \(OC, C/groups, K\)"),
        (lambda: F.conv1d(X, W[:, :3]), ValueError, r"W must have C .* 4 / .*\(2, 4, 7\).*\(6, 3, 3\)"),
        (lambda: F.conv1d(X, W, B[:2]), ValueError, r"b must have shape \(6,\)"),
        (lambda: F.conv1d(X, W, stride=(1, 2)), TypeError, "stride must be an integer"),
        (lambda: F.conv1d(X, W, stride=0), ValueError, "stride must be at least 1"),
        (lambda: F.conv1d(X, W, dilation=4), ValueError, "dilation 4 stretches it to 9"),
        (lambda: F.conv1d(X, W, pad=-1), ValueError, "pad must be at least 0"),
        (lambda: F.conv1d(X, W, pad=(1, 2, 3)), ValueError, "pad must be an integer or a pair"),
        (lambda: F.conv1d(X.astype(np.int64), W), TypeError, "floating point"),
        (lambda: F.conv1d(X, W, groups=3), ValueError, "groups must divide"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()

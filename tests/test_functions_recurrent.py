"""functions/recurrent.py: LSTM and GRU of one step and of many."""

import numpy as np
import pytest
from contract import Contract, cases
from oracles import expit

import pyconvlite.functions as F
from pyconvlite import Variable, grad, no_grad

rng = np.random.default_rng(3)
T, N, K, H = 3, 2, 4, 5
XS = rng.standard_normal((T, N, K))
STATE, CELL = rng.standard_normal((2, N, H))
W_LSTM, W_GRU = rng.standard_normal((K + H + 1, 4 * H)), rng.standard_normal((K + H + 2, 3 * H))


def lstm(xs, h, c, W):
    """As the equations state it: h after each step and c after the last, one below the other."""
    hs = []
    for x in xs:
        f, i, o, u = np.split(np.hstack([x, h, np.ones((len(x), 1))]) @ W, 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(u)
        h = expit(o) * np.tanh(c)
        hs.append(h)
    return np.concatenate([*hs, c])


def gru(xs, h, W):
    hs, one = [], np.ones((len(h), 1))
    for x in xs:
        rx, zx, nx = np.split(np.hstack([x, one]) @ np.delete(W, [*range(K, K + H), -1], axis=0), 3, axis=1)
        rh, zh, nh = np.split(np.hstack([h, one]) @ np.delete(W, [*range(K), -2], axis=0), 3, axis=1)
        z = expit(zx + zh)
        h = (1 - z) * np.tanh(nx + expit(rx + rh) * nh) + z * h
        hs.append(h)
    return np.stack(hs)


def both(hs, c):
    return F.concat([F.reshape(hs, (-1, H)), c])


@cases(
    [
        ("steps", lambda *xs: both(*F.lstm(*xs)), lstm, XS, STATE, CELL, W_LSTM),
        (
            "a step",
            lambda *xs: both(*F.lstm(*xs)),
            lambda x, *xs: lstm(x[None], *xs),
            XS[0],
            STATE,
            CELL,
            W_LSTM,
        ),
        (
            "h alone",
            lambda *xs: F.lstm(*xs)[0],
            lambda x, *xs: lstm(x[None], *xs)[:N],
            XS[0],
            STATE,
            CELL,
            W_LSTM,
        ),
        ("c alone", lambda *xs: F.lstm(*xs)[1], lambda *xs: lstm(*xs)[-N:], XS, STATE, CELL, W_LSTM),
        ("an empty batch", lambda *xs: both(*F.lstm(*xs)), lstm, XS[:, :0], STATE[:0], CELL[:0], W_LSTM),
    ]
)
class TestLSTM(Contract):
    pass


@cases(
    [
        ("steps", F.gru, gru, XS, STATE, W_GRU),
        ("a step", F.gru, lambda x, *xs: gru(x[None], *xs)[0], XS[0], STATE, W_GRU),
        ("an empty batch", F.gru, gru, XS[:, :0], STATE[:0], W_GRU),
    ]
)
class TestGRU(Contract):
    pass


@cases(
    [
        (
            "weights",
            lambda *parts: F.JoinWeights(2)(*parts),
            lambda a, b, c, d, e, f: np.block([[a, b], [c, d], [e, f]]),
            *(*rng.standard_normal((2, 3, 2)), *rng.standard_normal((2, 2, 2)), *rng.standard_normal((2, 2))),
        ),
        (
            "biases of two kinds, of which one is missing",
            lambda a, b, c: F.JoinWeights(1)(a, b, c, None),
            lambda a, b, c: np.vstack([a, b, c, 0 * c]),
            *(rng.standard_normal((3, 2)), rng.standard_normal((2, 2)), rng.standard_normal(2)),
        ),
    ]
)
class TestJoinWeights(Contract):
    test_missing_input_raises = None  # the layers, which alone call it, have all weights


def test_the_gradient_of_x_is_not_computed_for_raw_arrays():
    h, W = Variable(STATE), Variable(W_GRU)
    y = F.gru(XS, h, W)
    assert y.creator.needs_input_grad == (False, True, True)
    known = grad(y, [h, W], Variable(np.ones((T, N, H))))
    for ours, other in zip(known, grad(F.gru(Variable(XS), h, W), [h, W]), strict=True):
        np.testing.assert_array_equal(ours.data, other.data)


def test_no_grad_keeps_no_arrays():
    with no_grad():
        hs, _ = F.lstm(XS, STATE, CELL, W_LSTM)
    assert hs.creator is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.lstm(XS[0, 0], STATE, CELL, W_LSTM), r"x must be \(N, in\) or \(T, N, in\)"),
        (lambda: F.lstm(XS[:0], STATE, CELL, W_LSTM), r"at least one step"),
        (lambda: F.lstm(XS, STATE, CELL, W_LSTM[1:]), r"W \(in \+ H \+ 1, 4 \* H\), .*; got .* \(9, 20\)"),
        (lambda: F.lstm(XS, STATE, CELL[:1], W_LSTM), r"c must have shape \(2, 5\); got \(1, 5\)"),
        (lambda: F.gru(XS, STATE, W_LSTM), r"W \(in \+ H \+ 2, 3 \* H\), .*; got .* \(10, 20\)"),
        (
            lambda: F.lstm(XS, STATE[:, :0], CELL[:, :0], W_LSTM[: K + 1, :0]),
            r"H at least 1; got .* \(5, 0\)",
        ),
        (lambda: F.gru(XS, STATE[:, :0], W_GRU[: K + 2, :0]), r"H at least 1; got .* \(6, 0\)"),
        (lambda: F.gru(XS, STATE[:, 1:], W_GRU), r"h must have shape \(2, 5\); got \(2, 4\)"),
    ],
)
def test_incompatible_shapes_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("f", ["lstm", "gru"])
def test_output_changed_in_place_is_detected(f):
    rng = np.random.default_rng(0)
    gates = {"lstm": 4, "gru": 3}[f]
    W = Variable(rng.standard_normal((2 + 2 + (1 if f == "lstm" else 2), gates * 2)))
    state = [np.zeros((2, 2))] * (2 if f == "lstm" else 1)
    outputs = getattr(F, f)(rng.standard_normal((3, 2, 2)), *state, W)
    y = outputs[0] if f == "lstm" else outputs
    y.data *= 0
    with pytest.raises(RuntimeError, match="was reassigned after"):
        F.sum(y).backward()

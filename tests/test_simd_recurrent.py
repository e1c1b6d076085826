"""backends/simd/: LSTM and GRU equal NumPy's."""

from functools import partial

import numpy as np
import pytest
import simd
from by_simd import by_simd
from conditions import numbers, rounded
from hypothesis import given
from hypothesis import strategies as st

import pyconvlite.functions as F

pytestmark = by_simd

# As conditions.py has them; the worst seen is 94, where one of 44,000 conditions was estimated too small.
ROUNDINGS = 256
check = partial(simd.check, condition=rounded, constant=ROUNDINGS)

# (T, N, features, H): what fills no vector, no block of the products, or more than one
SIZES = [
    (1, 1, 1, 1),
    (1, 3, 2, 4),
    (2, 1, 5, 3),
    (3, 5, 7, 6),
    (2, 4, 3, 33),
    (1, 130, 3, 5),
    (1, 2, 3, 105),
]
sequences = pytest.mark.parametrize("sizes", SIZES)


def both(hs, c):
    """Both outputs of an LSTM as one array."""
    return F.concat([F.reshape(hs, (-1, c.shape[1])), c])


def check_lstm(T, N, features, H, order=2):
    W = numbers(features + H + 1, 4 * H) / np.float32(np.sqrt(features + H))
    states = numbers(N, H, seed=1), numbers(N, H, seed=2)
    check(lambda *xs: both(*F.lstm(*xs)), numbers(T, N, features), *states, W, order=order)


def check_gru(T, N, features, H, order=2):
    W = numbers(features + H + 2, 3 * H) / np.float32(np.sqrt(features + H))
    check(F.gru, numbers(T, N, features), numbers(N, H, seed=1), W, order=order)


@sequences
def test_lstm(sizes):
    check_lstm(*sizes, order=2 if max(sizes) < 50 else 1)


@sequences
def test_gru(sizes):
    check_gru(*sizes, order=2 if max(sizes) < 50 else 1)


@given(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)))
def test_random(sizes):
    check_lstm(*sizes, order=1)
    check_gru(*sizes, order=1)


@pytest.mark.parametrize("scale", [30, 1000])
def test_saturated_gates(scale):
    x, h, W = numbers(3, 4, 5), numbers(4, 6), numbers(13, 18) * np.float32(scale)
    for y in F.gru(x, h, W), *F.lstm(x, h, h, numbers(12, 24) * np.float32(scale)):
        assert (abs(y.data) <= 4).all()

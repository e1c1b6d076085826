"""Errors with a code."""

import pickle

from pyconvlite._coded import coded


def test_coded_returns_the_same_error():
    error = ValueError("x.npz has no array W")
    assert coded(error, "weights-missing", file="x.npz", name="W") is error
    assert str(error) == "x.npz has no array W"
    assert (error.code, error.values) == ("weights-missing", {"file": "x.npz", "name": "W"})


def test_copies_keep_the_code():
    error = pickle.loads(pickle.dumps(coded(KeyError("W"), "weight-missing", name="W")))
    assert (error.code, error.values) == ("weight-missing", {"name": "W"})

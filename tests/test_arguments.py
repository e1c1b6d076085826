"""_arguments.py: integers, other numbers, axes."""

from fractions import Fraction

import numpy as np
import pytest

from pyconvlite import _arguments, utils

NO_NUMBERS = ["a", "1", None, True, np.True_, (), [0.5], np.zeros(2), 1j]
NOT_FINITE = [np.nan, np.inf, -np.inf, np.float32("nan")]


def test_valid_numbers_are_returned_unchanged():
    for value in (0, 0.5, np.float32(0.5), np.float16(0.5), np.int64(0), Fraction(1, 2)):
        assert _arguments.number(value, "x") is value
        assert _arguments.within(0, value, 1, "x") is value
        assert _arguments.fraction(value, "x") is value
    assert _arguments.above_zero(1e-8, "x") == 1e-8


@pytest.mark.parametrize(
    "check",
    [
        _arguments.number,
        _arguments.above_zero,
        _arguments.fraction,
        lambda value, name: _arguments.within(0, value, 1, name),
    ],
)
def test_rejects_non_numbers(check):
    for value in NO_NUMBERS:
        with pytest.raises(TypeError, match=r"rate must be a number; got ") as error:
            check(value, "rate")
        assert repr(value) in str(error.value)
    for value in NOT_FINITE:
        with pytest.raises(ValueError, match=rf"rate must be a finite number; got {value}"):
            check(value, "rate")


@pytest.mark.parametrize(
    ("check", "values", "message"),
    [
        (lambda v: _arguments.within(0, v, 1, "x"), [-0.1, 1], "x must be at least 0 and below 1; got "),
        (lambda v: _arguments.within(0, v, np.inf, "x"), [-0.1], "x must be at least 0; got "),
        (lambda v: _arguments.above_zero(v, "x"), [0, -1], "x must be above 0; got "),
        (lambda v: _arguments.fraction(v, "x"), [-0.1, 1.1], "x must be from 0 to 1; got "),
        (lambda v: _arguments.at_least(2, v, "x"), [1, -1], "x must be at least 2; got "),
    ],
)
def test_rejects_numbers_out_of_range(check, values, message):
    for value in values:
        with pytest.raises(ValueError, match=f"^{message}{value}$"):
            check(value)


@pytest.mark.parametrize("value", ["c", "", None, 0, ["a"], np.array(["a", "b"]), np.zeros(0)])
def test_rejects_unknown_choices(value):
    assert _arguments.one_of("b", "mode", ("a", "b")) == "b"
    with pytest.raises(ValueError, match="mode must be one of 'a', 'b'; got ") as error:
        _arguments.one_of(value, "mode", ("a", "b"))
    assert str(error.value).endswith(repr(value))


@pytest.mark.parametrize(
    ("axis", "expected"),
    [(None, None), (0, 0), (-2, -2), (np.int64(1), 1), ((0, 1), (0, 1)), ([0, -1], (0, -1)), ((), ())],
)
def test_axes_are_normalized(axis, expected):
    assert _arguments.as_axis(axis, (2, 3)) == expected


@pytest.mark.parametrize("axis", ["a", 1.0, True, (0, "a"), [None], {0}])
def test_rejects_non_integer_axes(axis):
    with pytest.raises(TypeError, match="axis must be an integer, a tuple of integers or None; got "):
        _arguments.as_axis(axis, (2, 3))


@pytest.mark.parametrize("axis", [2, -3, (0, 2), [-3]])
def test_rejects_axes_out_of_range(axis):
    with pytest.raises(ValueError, match=r"axis must be one of x's 2 axes; got .* for shape \(2, 3\)"):
        _arguments.as_axis(axis, (2, 3))


def test_utils_exports_at_least():
    assert utils.at_least is _arguments.at_least

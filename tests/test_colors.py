"""Colors of signed numbers: hue by sign, opacity by magnitude, the same as on the site."""

import re
from pathlib import Path

import numpy as np
import pytest

from pyconvlite import Variable
from pyconvlite.colors import MINUS, PLUS, signed


def rgb(color: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255


def test_color_by_sign_and_opacity_by_magnitude():
    x = np.array([[2.0, -1.0, 0.0], [-4.0, 8.0, 1.0]])
    colors = signed(x, full=4)
    assert colors.shape == (2, 3, 4)
    assert colors.dtype == np.float32
    np.testing.assert_allclose(colors[..., 3], [[0.5, 0.25, 0], [1, 1, 0.25]])
    for color, where in ((PLUS, x > 0), (MINUS, x < 0)):
        np.testing.assert_allclose(
            colors[where][:, :3], np.broadcast_to(rgb(color), (where.sum(), 3)), atol=1e-6
        )


def test_full_magnitude_defaults_to_the_largest_finite_number():
    opacity = signed(Variable(np.array([1, -2, np.inf, -np.inf], np.float32)))[:, 3]
    np.testing.assert_allclose(opacity, [0.5, 1, 1, 1])


@pytest.mark.parametrize("x", [np.zeros((2, 2)), np.zeros((0, 3)), np.array(0), np.zeros((2, 2), int)])
def test_zeros_are_transparent(x):
    colors = signed(x)
    assert colors.shape == (*x.shape, 4)
    assert not colors[..., 3].any()


def test_nan_is_gray():
    assert signed([np.nan, 1.0])[0].tolist() == [0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(("full", "error"), [(0, ValueError), (-1.0, ValueError), ("1", TypeError)])
def test_invalid_full_magnitude_is_refused(full, error):
    with pytest.raises(error, match="full must be"):
        signed([1.0], full)


@pytest.mark.cpython  # the site's files are not inside Pyodide
def test_colors_equal_those_of_the_site():
    sheet = Path(__file__).parents[1].joinpath("site/src/styles/base.css").read_text("utf-8")
    for name, color in (("plus", PLUS), ("minus", MINUS)):
        assert re.findall(rf"--{name}: (.*?);", sheet) == [color]

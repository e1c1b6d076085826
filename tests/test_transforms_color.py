"""ColorJitter, against Python's colorsys and loops over pixels."""

import colorsys

import numpy as np
import pytest

import pyconvlite
from pyconvlite.transforms import ColorJitter

IMAGE = np.random.default_rng(0).random((3, 4, 5))


def gray(x):
    return 0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2]


def by_pixel(x, change):
    """Apply `change` to the (red, green, blue) of each pixel."""
    y = np.empty_like(x)
    for i, j in np.ndindex(x.shape[1:]):
        y[:, i, j] = change(*x[:, i, j])
    return y


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.7])
def test_brightness_contrast_and_saturation(factor):
    def jittered(name):
        return ColorJitter(**{name: (factor, factor)})(IMAGE)

    np.testing.assert_allclose(jittered("brightness"), np.minimum(IMAGE * factor, 1), rtol=1e-12)
    mean = gray(IMAGE).mean()
    expected = np.clip(mean + factor * (IMAGE - mean), 0, 1)
    np.testing.assert_allclose(jittered("contrast"), expected, rtol=1e-12)
    expected = np.clip(factor * IMAGE + (1 - factor) * gray(IMAGE), 0, 1)
    np.testing.assert_allclose(jittered("saturation"), expected, rtol=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5, -0.3, -0.5])
def test_hue_equals_colorsys(shift):
    def change(*rgb):
        hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
        return colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value)

    corners = np.array(list(np.ndindex(2, 2, 2)), float).T.reshape(3, 2, 4)  # black, red, ..., white
    for x in (IMAGE, corners, corners / 2, np.full((3, 1, 1), 0.3)):
        y = ColorJitter(hue=(shift, shift))(x)
        np.testing.assert_allclose(y, by_pixel(x, change), atol=1e-12)


def test_gray_images_stay_gray():
    x = IMAGE[:1]
    np.testing.assert_array_equal(ColorJitter(saturation=(0, 0), hue=(0.3, 0.3))(x), x)
    expected = np.clip(x.mean() + 2 * (x - x.mean()), 0, 1)
    np.testing.assert_allclose(ColorJitter(contrast=(2, 2))(x), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_dtype_and_input_are_unchanged(dtype):
    x = (IMAGE * 255).astype(dtype) if dtype == np.uint8 else IMAGE.astype(dtype)
    x.flags.writeable = False
    for jitter in (ColorJitter(), ColorJitter(0.4, 0.4, 0.4, 0.2)):
        y = jitter(x)
        assert (y.dtype, y.shape) == (dtype, x.shape)
        assert not np.shares_memory(y, x)
    np.testing.assert_array_equal(ColorJitter()(x), x)


def test_uint8_is_rounded_once():
    x = np.random.default_rng(1).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    jitter = ColorJitter(contrast=(0.7, 0.7), hue=(0.2, 0.2))
    exact = [jitter(x / 255) * 255 for _ in range(20)]  # in one order and in the other
    for _ in range(20):
        y = jitter(x).astype(np.float64)
        assert min(np.abs(y - e).max() for e in exact) < 0.5 + 1e-4


def test_factors_and_their_order_are_random():
    pyconvlite.seed(0)
    jitter = ColorJitter(brightness=0.5)
    x = np.full((3, 1, 1), 0.5)
    factors = np.array([jitter(x).max() / 0.5 for _ in range(300)])
    assert 0.5 <= factors.min() < 0.52
    assert 1.48 < factors.max() <= 1.5
    assert abs(factors.mean() - 1) < 0.05
    # doubled and cut off at 1, then halved around the mean; or the other way round
    both = ColorJitter(brightness=(2, 2), contrast=(0.5, 0.5))
    x = np.array([0.2, 0.8]).reshape(1, 1, 2)
    found = {tuple(np.round(both(x).ravel(), 6).tolist()) for _ in range(30)}
    assert found == {(0.55, 0.85), (0.7, 1.0)}


def test_factors_are_not_negative():
    pyconvlite.seed(0)
    assert min(ColorJitter(brightness=9)(IMAGE).min() for _ in range(50)) >= 0
    assert ColorJitter(brightness=9).brightness == (0, 10)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ColorJitter(-1), ValueError, "brightness must be at least 0; got -1"),
        (lambda: ColorJitter(contrast=(-1, 1)), ValueError, "contrast must be at least 0; got -1"),
        (lambda: ColorJitter(saturation=(2, 1)), ValueError, r"saturation must be a number or a pair"),
        (lambda: ColorJitter(saturation="a"), TypeError, "saturation must be a number; got 'a'"),
        (lambda: ColorJitter(hue=0.6), ValueError, "hue must be from -0.5 to 0.5; got 0.6"),
        (lambda: ColorJitter(hue=(-0.6, 0)), ValueError, "hue must be from -0.5 to 0.5"),
        (lambda: ColorJitter()(np.zeros((2, 4, 4))), ValueError, r"1 or 3 channels; got shape \(2, 4, 4\)"),
        (lambda: ColorJitter()(np.zeros((3, 4))), ValueError, r"\(C, H, W\) .* got shape \(3, 4\)"),
        (lambda: ColorJitter()(np.zeros((3, 4, 4), int)), TypeError, "uint8 or floats; got int"),
        (
            lambda: ColorJitter()(np.full((3, 1, 1), 255.0)),
            ValueError,
            r"floats from 0 to 1; got 255.0 to 255.0: put Normalize\(0, 255\) before it",
        ),
        (lambda: ColorJitter()(np.full((3, 1, 1), np.nan)), ValueError, "floats from 0 to 1; got nan"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()

"""Random transforms that move pixels, and their generator."""

import math

import numpy as np
import pytest

import pyconvlite
from pyconvlite.transforms import (
    ColorJitter,
    Compose,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    RandomShift,
)


def test_flip_mirrors_half_of_the_images():
    pyconvlite.seed(0)
    x = np.arange(12.0, dtype=np.float32).reshape(2, 2, 3)
    flip = RandomHorizontalFlip()
    results = [flip(x) for _ in range(200)]
    flipped = [y for y in results if not np.array_equal(y, x)]
    assert 70 < len(flipped) < 130
    for y in flipped:
        np.testing.assert_array_equal(y, x[..., ::-1], strict=True)
        assert not np.shares_memory(y, x)


def test_flip_always_or_never():
    x = np.arange(3)
    assert [RandomHorizontalFlip(1)(x).tolist() for _ in range(5)] == [[2, 1, 0]] * 5
    assert [RandomHorizontalFlip(0)(x).tolist() for _ in range(5)] == [[0, 1, 2]] * 5


def test_shift_moves_and_fills():
    pyconvlite.seed(0)
    x = np.zeros((2, 5, 6), np.float32)
    x[:, 2, 3] = 1
    shift = RandomShift((1, 2), value=-1)
    places = set()
    for _ in range(300):
        y = shift(x)
        assert (y.shape, y.dtype) == (x.shape, np.float32)
        (row,), (column,) = np.nonzero(y[0] == 1)
        places.add((int(row), int(column)))
        dy, dx = row - 2, column - 3
        assert np.count_nonzero(y == -1) == 2 * (30 - (5 - abs(dy)) * (6 - abs(dx)))
    assert places == {(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4, 5)}
    np.testing.assert_array_equal(x.sum(), 2)


def test_shift_by_more_than_the_image():
    assert RandomShift(9)(np.ones((2, 2))).shape == (2, 2)


def test_crop_positions_are_uniform():
    pyconvlite.seed(0)
    x = np.arange(30, dtype=np.float32).reshape(5, 6)
    crop = RandomCrop((3, 4))
    counts = np.zeros((3, 3))
    for _ in range(900):
        y = crop(x)
        row, column = divmod(int(y[0, 0]), 6)
        counts[row, column] += 1
        np.testing.assert_array_equal(y, x[row : row + 3, column : column + 4], strict=True)
        assert not np.shares_memory(y, x)
    assert (np.abs(counts - 100) < 40).all()


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_crop_after_padding(mode):
    pyconvlite.seed(0)
    x = np.random.default_rng(0).integers(1, 256, (2, 3, 4, 5), dtype=np.uint8)

    def source(i, size):
        """The source index of pixel i of the padded axis, or None."""
        if 0 <= i < size:
            return i
        if mode == "constant":
            return None
        if mode == "edge":
            return min(max(i, 0), size - 1)
        off = 0 if mode == "reflect" else 1
        return -i - off if i < 0 else 2 * size - 2 + off - i

    crop = RandomCrop((4, 5), padding=(2, 3), fill=7, padding_mode=mode)
    found = {crop(x).tobytes() for _ in range(400)}
    expected = set()
    for top in range(-2, 3):
        for left in range(-3, 4):
            y = np.full((2, 3, 4, 5), 7, np.uint8)
            for i in range(4):
                for j in range(5):
                    row, column = source(top + i, 4), source(left + j, 5)
                    if row is not None and column is not None:
                        y[..., i, j] = x[..., row, column]
            expected.add(y.tobytes())
    assert found == expected


def test_crop_larger_than_the_image():
    assert RandomCrop(8, padding=2)(np.zeros((1, 4, 4))).shape == (1, 8, 8)
    with pytest.raises(
        ValueError, match="size must be at most the padded array's, 6 x 4 pixels; got 5 x 5: add padding"
    ):
        RandomCrop(5, padding=(1, 0))(np.zeros((1, 4, 4)))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32, np.float64])
def test_rotation_by_quarter_turns(dtype, interpolation):
    x = np.arange(50).reshape(2, 5, 5).astype(dtype)
    for turns in range(-4, 5):
        y = RandomRotation((90 * turns, 90 * turns), interpolation)(x)
        np.testing.assert_array_equal(y, np.rot90(x, turns, axes=(1, 2)), strict=True)
    x = np.arange(12).reshape(3, 4).astype(dtype)
    np.testing.assert_array_equal(RandomRotation((180, 180), interpolation)(x), x[::-1, ::-1], strict=True)
    assert not np.shares_memory(RandomRotation(0, interpolation)(x), x)


def rotated(x, degrees, interpolation, fill):
    """By a loop over the pixels, with complex numbers."""
    H, W = x.shape
    turn = np.exp(1j * math.radians(degrees))

    def at(i, j):
        return x[i, j] if 0 <= i < H and 0 <= j < W else fill

    y = np.empty((H, W))
    for i in range(H):
        for j in range(W):
            # x to the right and y upwards: turned back, counter-clockwise becomes clockwise
            place = complex(j - (W - 1) / 2, (H - 1) / 2 - i) / turn
            row, column = (H - 1) / 2 - place.imag, place.real + (W - 1) / 2
            if interpolation == "nearest":
                y[i, j] = at(math.floor(row + 0.5), math.floor(column + 0.5))
            else:
                top, left = math.floor(row), math.floor(column)
                y[i, j] = sum(
                    at(r, c) * (1 - abs(row - r)) * (1 - abs(column - c))
                    for r in (top, top + 1)
                    for c in (left, left + 1)
                )
    return y


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("degrees", [3.3, -38.2, 77.7, 131.0, -160.5])
@pytest.mark.parametrize("shape", [(1, 1), (4, 7), (9, 2), (6, 6)])
def test_rotation_by_any_angle(shape, degrees, interpolation):
    x = np.random.default_rng(0).random((2, *shape))
    y = RandomRotation((degrees, degrees), interpolation, fill=-2)(x)
    expected = [rotated(channel, degrees, interpolation, -2) for channel in x]
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_rotation_of_integers_is_rounded():
    x = np.random.default_rng(0).integers(0, 256, (1, 6, 6), dtype=np.uint8)
    y = RandomRotation((20, 20), "bilinear", fill=9)(x)
    expected = np.rint(RandomRotation((20, 20), "bilinear", fill=9)(x.astype(np.float64)))
    np.testing.assert_array_equal(y, expected.astype(np.uint8), strict=True)


@pytest.mark.parametrize(("degrees", "least", "most"), [(30, -30, 30), ((10, 50), 10, 50)])
def test_rotation_angles_are_uniform(degrees, least, most):
    pyconvlite.seed(0)
    x = np.zeros((201, 201))
    x[100, 199] = 1  # far to the right of the center
    rows, columns = np.mgrid[100:-101:-1, -100:101]  # upwards, to the right
    angles = np.degrees(np.arctan2(rows, columns))
    rotate = RandomRotation(degrees)
    found = []
    for _ in range(150):
        y = rotate(x)
        found += [angles[y == 1].mean()] if y.any() else []  # nearest pixels may leave one out
    assert least - 1 <= min(found) < least + 4
    assert most - 4 < max(found) <= most + 1
    assert abs(np.mean(found) - (least + most) / 2) < (most - least) / 10


def test_seed_repeats_random_transforms():
    def draw():
        pyconvlite.seed(3)
        x = np.arange(24).reshape(1, 4, 6) / 24
        way = Compose(
            [
                RandomHorizontalFlip(),
                RandomShift(2),
                RandomCrop(4, padding=1),
                RandomRotation(20),
                ColorJitter(0.5, 0.5),
            ]
        )
        return [way(x) for _ in range(10)]

    np.testing.assert_array_equal(draw(), draw())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: RandomHorizontalFlip(1.5), ValueError, "ratio must be from 0 to 1; got 1.5"),
        (lambda: RandomHorizontalFlip("a"), TypeError, "ratio must be a number; got 'a'"),
        (lambda: RandomShift(1, value=None), TypeError, "value must be a number; got None"),
        *[
            (
                lambda value=value: RandomShift(1, value)(np.zeros((2, 2), np.uint8)),
                ValueError,
                f"value must be an integer from 0 to 255 for uint8 arrays; got {value}",
            )
            for value in (300, -1, 0.5)
        ],
        (lambda: RandomHorizontalFlip()(3), ValueError, "got a 0-d array"),
        (lambda: RandomShift(-1), ValueError, "pixels must be at least 0; got -1"),
        (lambda: RandomShift(0.5), TypeError, "pixels must be an integer.* 0.5"),
        (lambda: RandomShift(1)(np.zeros(3)), ValueError, r"\(..., H, W\); got shape \(3,\)"),
        (lambda: RandomCrop(0), ValueError, "size must be at least 1; got 0"),
        (lambda: RandomCrop(2.0), TypeError, "size must be an integer.* 2.0"),
        (lambda: RandomCrop(2, padding=-1), ValueError, "padding must be at least 0; got -1"),
        (lambda: RandomCrop(2, fill="a"), TypeError, "fill must be a number; got 'a'"),
        (lambda: RandomCrop(2, padding_mode="wrap"), ValueError, "padding_mode must be one of .* got 'wrap'"),
        (lambda: RandomCrop(2)(np.zeros(3)), ValueError, r"RandomCrop takes .* got shape \(3,\)"),
        (
            lambda: RandomCrop(2, 1, fill=-1)(np.zeros((2, 2), np.uint8)),
            ValueError,
            "fill must be an integer from 0 to 255 for uint8 arrays; got -1",
        ),
        (lambda: RandomRotation(-5), ValueError, "degrees must be at least 0; got -5"),
        (lambda: RandomRotation((5, -5)), ValueError, r"degrees must be a number or a pair .* got \(5, -5\)"),
        (lambda: RandomRotation((1, 2, 3)), ValueError, "degrees must be a number or a pair"),
        (lambda: RandomRotation("a"), TypeError, "degrees must be a number; got 'a'"),
        (lambda: RandomRotation(5, "cubic"), ValueError, "must be one of 'nearest', 'bilinear'; got 'cubic'"),
        (
            lambda: RandomRotation(5, fill=0.5)(np.zeros((2, 2), np.uint8)),
            ValueError,
            "fill must be an integer from 0 to 255 for uint8 arrays; got 0.5",
        ),
        (lambda: RandomRotation(5)(np.zeros(3)), ValueError, r"RandomRotation takes .* got shape \(3,\)"),
    ],
)
def test_random_transforms_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()

"""functions/resizing.py: upsample, interpolate, pixel_shuffle."""

import math

import numpy as np
import pytest
from contract import Contract, assert_close, cases
from oracles import twice

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(3)
X = rng.standard_normal((2, 3, 4, 5))


@cases(
    [
        ("twice", lambda x: F.upsample(x, 2), lambda x: x.repeat(2, 2).repeat(2, 3), X),
        ("non-square", lambda x: F.upsample(x, (3, 1)), lambda x: x.repeat(3, 2), X),
        ("nothing", lambda x: F.upsample(x, 2), lambda x: np.zeros((0, 3, 8, 10)), X[:0]),
    ]
)
class TestUpsample(Contract):
    pass


def test_upsample_of_empty_and_integer_images():
    assert F.upsample(X[:, :, :0], 2).shape == (2, 3, 0, 10)
    y = F.upsample(np.array([[[[1, 200]]]], np.uint8), (1, 2))
    assert (y.dtype, y.data.tolist()) == (np.uint8, [[[[1, 1, 200, 200]]]])


def test_upsample_by_one_does_not_share_the_array_of_x():
    """A change through the one Variable would go unnoticed in the graph of the other."""
    x = Variable(X.copy())
    y, loss = F.upsample(x, 1), (x**2).sum()
    y.data -= 1
    with pytest.raises(RuntimeError, match="reassigned"):
        loss.backward()


def axis_of(old, new, factor):
    """Number of pixels, and their distance in old pixels, along one axis."""
    if factor is None:
        return new, old / new
    new = math.floor(old * factor)
    return new, 1 if new == old else 1 / factor


def resized(x, size=None, scale_factor=None, mode="nearest", align_corners=False):
    """Pixel by pixel, as PyTorch's documentation and the formulas behind it say."""
    sizes, factors = twice(size), twice(scale_factor)
    (OH, up), (OW, across) = map(axis_of, x.shape[2:], sizes, factors)
    y = np.empty((*x.shape[:2], OH, OW))
    for oh in range(OH):
        for ow in range(OW):
            places = []
            for at, step, old, new in ((oh, up, x.shape[2], OH), (ow, across, x.shape[3], OW)):
                if mode == "nearest":
                    places.append([(min(math.floor(at * step + 1e-9), old - 1), 1.0)])
                    continue
                if align_corners:
                    place = at * (old - 1) / (new - 1) if new > 1 else 0.0
                else:
                    place = max((at + 0.5) * step - 0.5, 0.0)
                low = min(math.floor(place), old - 1)
                high = min(low + 1, old - 1)
                places.append([(low, 1 - (place - low)), (high, place - low)])
            y[:, :, oh, ow] = sum(a * b * x[:, :, h, w] for h, a in places[0] for w, b in places[1])
    return y


SIZES = {
    "larger": {"size": (7, 11)},
    "smaller": {"size": (3, 2)},
    "one": {"size": 1},
    "mixed": {"size": (2, 9)},
    "twice": {"scale_factor": 2},
    "pair": {"scale_factor": (1.5, 0.7)},
    "neither": {"size": (4, 5)},
    "rest": {"scale_factor": 1.9},
    "hardly": {"scale_factor": (1.2, 1.3)},
}


def table(*names, **options):
    for name in names:
        given = {**SIZES[name], **options}
        yield name, lambda x, g=given: F.interpolate(x, **g), lambda x, g=given: resized(x, **g), X
    yield (
        "pixel",
        lambda x: F.interpolate(x, 3, **options),
        lambda x: resized(x, 3, **options),
        X[..., :1, :1],
    )
    yield "empty", lambda x: F.interpolate(x, 3, **options), lambda x: resized(x, 3, **options), X[:0]


@cases(
    [
        *table("larger", "mixed", "pair", "rest"),
        ("integer factor", lambda x: F.interpolate(x, (8, 5)), lambda x: x.repeat(2, 2), X),
    ]
)
class TestNearest(Contract):
    pass


@cases(table("larger", "mixed", "pair", mode="bilinear"))
class TestBilinear(Contract):
    pass


@cases(table("mixed", "one", mode="bilinear", align_corners=True))
class TestBilinearWithAlignedCorners(Contract):
    pass


def shuffled(x, r):
    N, C, H, W = x.shape
    y = np.empty((N, C // r**2, H * r, W * r))
    for c in range(C):
        y[:, c // r**2, c % r**2 // r :: r, c % r :: r] = x[:, c]
    return y


@cases(
    [
        ("2", lambda x: F.pixel_shuffle(x, 2), lambda x: shuffled(x, 2), rng.standard_normal((2, 8, 2, 3))),
        ("3", lambda x: F.pixel_shuffle(x, 3), lambda x: shuffled(x, 3), rng.standard_normal((1, 9, 1, 2))),
        ("1", lambda x: F.pixel_shuffle(x, 1), lambda x: x, X),
        ("empty", lambda x: F.pixel_shuffle(x, 2), lambda x: shuffled(x, 2), np.zeros((0, 4, 2, 3))),
    ]
)
class TestPixelShuffle(Contract):
    pass


@pytest.mark.parametrize("name", SIZES)
def test_all_sizes(name):
    for options in ({}, {"mode": "bilinear"}, {"mode": "bilinear", "align_corners": True}):
        assert_close(F.interpolate(X, **SIZES[name], **options).data, resized(X, **SIZES[name], **options))


@pytest.mark.parametrize("old", range(1, 8))
def test_nearest_rounds_down_exactly(old):
    x = np.arange(old, dtype=np.uint8).reshape(1, 1, 1, old)
    for new in (1, 2, 3, 5, 7, 9, 49):
        y = F.interpolate(x, (1, new))
        assert y.dtype == np.uint8
        assert y.data.ravel().tolist() == [i * old // new for i in range(new)]


@pytest.mark.parametrize("align_corners", [False, True])
def test_bilinear_to_the_same_size_is_the_identity(align_corners):
    y = F.interpolate(X, (4, 5), mode="bilinear", align_corners=align_corners)
    np.testing.assert_array_equal(y.data, X)


def test_scale_factors_of_one_third_and_three():  # 3 * (1 / 3) rounds to 1, and 9 * (1 / 3) to 3
    x = np.arange(9.0).reshape(1, 1, 1, 9)
    assert F.interpolate(x, scale_factor=(1, 1 / 3)).data.ravel().tolist() == [0, 3, 6]
    assert F.interpolate(x, scale_factor=(3, 1)).shape == (1, 1, 3, 9)


@pytest.mark.parametrize("hundredths", [34, 52, 53, 130, 170, 290])
def test_nearest_by_a_factor_rounds_down_exactly(hundredths):
    x = np.arange(224.0).reshape(1, 1, 1, 224)
    places = F.interpolate(x, scale_factor=(1, hundredths / 100)).data.ravel().tolist()
    assert places == [min(i * 100 // hundredths, 223) for i in range(224 * hundredths // 100)]


def test_a_factor_that_doubles_the_size_repeats_each_pixel():
    """PyTorch's rule: 2.2 gives the same as 2."""
    x = np.arange(4.0).reshape(1, 1, 1, 4)
    y = F.interpolate(x, scale_factor=(1, 2.2))
    assert y.data.ravel().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    for mode in ("nearest", "bilinear"):
        assert F.interpolate(x, scale_factor=(1, 2.2), mode=mode).shape == y.shape


@pytest.mark.parametrize("align_corners", [False, True])
def test_bilinear_of_a_linear_ramp(align_corners):
    rows, columns = np.mgrid[:6.0, :5.0]
    x = (2 * rows - 3 * columns + 1)[None, None]
    y = F.interpolate(x, (11, 9), mode="bilinear", align_corners=align_corners).data[0, 0]
    step = np.diff(y[2:-2, 2:-2], axis=0)
    assert_close(step, np.full_like(step, step[0, 0]))
    assert y.min() == x.min()
    assert y.max() == x.max()


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_mean_is_kept_and_gradients_sum_to_the_pixel_count(mode):
    np.testing.assert_allclose(F.interpolate(np.ones((1, 1, 3, 4)), (5, 7), mode=mode).data, 1)
    x = Variable(X)
    assert_close(grad(F.interpolate(x, (7, 9), mode=mode), x)[0].data.sum(), 2 * 3 * 7 * 9)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.interpolate(X), ValueError, "either size or scale_factor.*None.*None"),
        (lambda: F.interpolate(X, 2, 2), ValueError, "either size or scale_factor.*size=2"),
        (lambda: F.interpolate(X, 2, mode="cubic"), ValueError, "mode.*'cubic'"),
        (lambda: F.interpolate(X, 2, align_corners=False), ValueError, "align_corners.*nearest"),
        (
            lambda: F.interpolate(X, 2, mode="bilinear", align_corners="no"),
            TypeError,
            "align_corners must be True or False; got 'no'",
        ),
        (lambda: F.interpolate(X, (0, 2)), ValueError, "size must be at least 1; got 0"),
        (lambda: F.interpolate(X, 1.5), TypeError, "size.*1.5"),
        (lambda: F.interpolate(X, scale_factor=0), ValueError, "scale_factor must be above 0"),
        (lambda: F.interpolate(X, scale_factor="2"), TypeError, "scale_factor must be a number"),
        (lambda: F.interpolate(X, scale_factor=(1, 2, 3)), ValueError, "pair of numbers"),
        (lambda: F.interpolate(X, scale_factor=0.2), ValueError, r"0.2 leaves no pixel.*\(4, 5\)"),
        (lambda: F.interpolate(X[0], 2), ValueError, r"\(3, 4, 5\)"),
        (lambda: F.interpolate(X[:, :, :0], 2), ValueError, r"at least one pixel.*\(2, 3, 0, 5\)"),
        (
            lambda: F.interpolate(X.astype(np.int64), 2, mode="bilinear"),
            TypeError,
            "floating point; got int64",
        ),
        (lambda: F.upsample(X[0], 2), ValueError, r"\(3, 4, 5\)"),
        (lambda: F.upsample(X, 0), ValueError, "scale.*0"),
        (lambda: F.upsample(X, 1.5), TypeError, "scale.*1.5"),
        (lambda: F.pixel_shuffle(X, 2), ValueError, r"multiple of upscale_factor \*\* 2 = 4.*\(2, 3, 4, 5\)"),
        (lambda: F.pixel_shuffle(X, 0), ValueError, "upscale_factor must be at least 1"),
        (lambda: F.pixel_shuffle(X, 1.0), TypeError, "upscale_factor.*1.0"),
        (lambda: F.pixel_shuffle(X[0], 1), ValueError, r"\(3, 4, 5\)"),
    ],
)
def test_invalid_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()

import numpy as np
import pytest

from pyconvlite.transforms import AsType, Compose, Flatten, Normalize, ToFloat, ToInt


def test_compose_goes_in_order():
    assert Compose([lambda x: x + 1, lambda x: x * 10])(2) == 30


@pytest.mark.parametrize("empty", [Compose(), Compose([])])
def test_compose_of_nothing_gives_back_what_came_in(empty):
    x = object()
    assert empty(x) is x


def test_compose_of_what_cannot_be_called():
    with pytest.raises(TypeError, match="transforms must be callable; number 1 is None"):
        Compose([Flatten(), None])


def test_flatten_copies():
    x = np.arange(6).reshape(1, 2, 3)
    y = Flatten()(x)
    np.testing.assert_array_equal(y, np.arange(6), strict=True)
    assert not np.shares_memory(x, y)


@pytest.mark.parametrize(
    ("transform", "dtype"),
    [
        (AsType(), np.float32),
        (ToFloat(), np.float32),
        (ToFloat(np.float16), np.float16),
        (AsType(np.uint8), np.uint8),
        (ToInt(), int),
        (ToInt(np.int8), np.int8),
    ],
)
def test_conversions(transform, dtype):
    x = np.array([[1.5, 2.0]])
    np.testing.assert_array_equal(transform(x), np.array([[1.5, 2.0]]).astype(dtype), strict=True)
    assert transform(np.uint8(3)) == transform(3) == 3  # labels, NumPy's or Python's


def test_to_int_is_an_as_type_as_in_dezero():
    assert isinstance(ToInt(), AsType)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("number", [float, np.float64, np.float32])
def test_normalize_keeps_float_dtypes(dtype, number):
    x = np.arange(8, dtype=dtype).reshape(2, 2, 2)
    y = Normalize(number(1), number(2))(x)
    np.testing.assert_array_equal(y, ((x - 1) / 2).astype(dtype), strict=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_normalize_makes_integers_float32(dtype):
    y = Normalize(0.5, 2)(np.array([0, 1], dtype))
    np.testing.assert_array_equal(y, np.array([-0.25, 0.25], np.float32), strict=True)


def test_normalize_leaves_the_input_alone():
    x = np.ones(3, np.float32)
    Normalize(1, 2)(x)
    np.testing.assert_array_equal(x, np.ones(3))


@pytest.mark.parametrize("sequence", [list, tuple, np.array])
def test_normalize_per_channel(sequence):
    x = np.random.default_rng(0).random((3, 4, 5))
    mean, std = [0.1, 0.2, 0.3], [1.0, 2.0, 4.0]
    expected = np.stack([(x[c] - mean[c]) / std[c] for c in range(3)])
    np.testing.assert_allclose(Normalize(sequence(mean), sequence(std))(x), expected, rtol=1e-15)


def test_normalize_with_one_value_for_all_channels():
    x = np.ones((3, 2, 2))
    np.testing.assert_array_equal(Normalize([0.5], [2.0])(x), np.full((3, 2, 2), 0.25))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"std": 0}, "std must not be 0; got 0"),
        ({"std": [1.0, 0.0]}, r"std must not be 0; got \[1. 0.\]"),
        ({"mean": [[0.0]]}, r"mean must be a number, or one per channel; got shape \(1, 1\)"),
    ],
)
def test_normalize_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Normalize(**arguments)


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 3), (3, 3), ()])
def test_normalize_with_another_number_of_channels(shape):
    with pytest.raises(ValueError, match="std has 4 values, one per channel; the array has shape"):
        Normalize(std=[1, 2, 3, 4])(np.zeros(shape))

import io
import sys

import numpy as np
import pytest

from pyconvlite.transforms import (
    AsType,
    CenterCrop,
    ColorJitter,
    Compose,
    Convert,
    ExifTranspose,
    Flatten,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    RandomShift,
    Resize,
    ResizeShorterSide,
    ToArray,
    ToFloat,
    ToInt,
    ToPIL,
)


def test_compose_order():
    assert Compose([lambda x: x + 1, lambda x: x * 10])(2) == 30


@pytest.mark.parametrize("empty", [Compose(), Compose([])])
def test_empty_compose_is_the_identity(empty):
    x = object()
    assert empty(x) is x


def test_compose_rejects_non_callables():
    with pytest.raises(TypeError, match="transforms must be callable; got NoneType at index 1"):
        Compose([Flatten(), None])
    with pytest.raises(
        TypeError, match=r"transforms must be instances; got a class at index 0: write Flatten\(\)"
    ):
        Compose([Flatten])
    with pytest.raises(TypeError, match="transforms must be a list of callables; got None"):
        Compose(None)


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


def test_to_int_is_a_subclass_of_as_type():
    assert isinstance(ToInt(), AsType)


@pytest.mark.parametrize("make", [ToFloat, AsType, ToInt, ToArray])
@pytest.mark.parametrize("dtype", ["S", "float33", None, str])
def test_non_numeric_dtype(make, dtype):
    with pytest.raises(TypeError, match=r"dtype must be one of numbers, such as np\.float32; got"):
        make(dtype)


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


def test_normalize_does_not_change_its_input():
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
    ("arguments", "error", "message"),
    [
        ({"std": 0}, ValueError, "std must not be 0; got 0"),
        ({"std": [1.0, 0.0]}, ValueError, r"std must not be 0; got \[1. 0.\]"),
        ({"std": np.nan}, ValueError, "std must be finite; got nan"),
        ({"mean": [[0.0]]}, ValueError, r"mean must be a number, or one per channel; got shape \(1, 1\)"),
        ({"mean": "a"}, TypeError, "mean must be a number, or one per channel; got 'a'"),
        ({"mean": None}, TypeError, "mean must be a number, or one per channel; got None"),
    ],
)
def test_normalize_invalid_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Normalize(**arguments)


def test_std_that_float16_rounds_to_0():
    with pytest.raises(ValueError, match=r"std must not be 0, .* float16 rounds it; got 1e-09"):
        Normalize(std=1e-9)(np.ones(3, np.float16))


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 3), (3, 3), ()])
def test_normalize_with_another_number_of_channels(shape):
    with pytest.raises(ValueError, match="std has 4 values, one per channel; the array has shape"):
        Normalize(std=[1, 2, 3, 4])(np.zeros(shape))
    with pytest.raises(ValueError, match="mean has 0 values, one per channel; the array has shape"):
        Normalize(mean=[])(np.zeros(shape))


# ------------------------------------------------------------------------------------------- Pillow's images

PIXELS = np.random.default_rng(0).integers(256, size=(5, 7, 3), dtype=np.uint8)  # H, W, C


@pytest.fixture
def image():
    return pytest.importorskip("PIL.Image").fromarray(PIXELS)


def test_to_array_gives_chw(image):
    np.testing.assert_array_equal(ToArray()(image), PIXELS.transpose(2, 0, 1).astype(np.float32), strict=True)
    assert ToArray(np.uint8)(image).dtype == np.uint8
    assert ToArray()(image.convert("L")).shape == (1, 5, 7)
    array = np.zeros(3)
    assert ToArray()(array) is array


@pytest.mark.parametrize(
    ("pixel", "dtype"),
    [
        (np.uint16(300), np.uint8),
        (np.float32(0.7), np.uint8),
        (np.float32(np.nan), np.int32),
        (np.int32(-1), np.uint16),
        (np.uint8(200), np.int8),
        (np.uint8(2), bool),
        (np.int32(65535), np.float16),
    ],
)
def test_to_array_rejects_a_too_small_dtype(pixel, dtype):
    wide = pytest.importorskip("PIL.Image").fromarray(np.full((2, 3), pixel))
    with pytest.raises(ValueError, match=f"pixels must be .* {np.dtype(dtype)}.*; got {pixel}"):
        ToArray(dtype)(wide)
    np.testing.assert_array_equal(ToArray()(wide), np.full((1, 2, 3), pixel, np.float32))


ON_ARRAYS = [
    AsType(),
    ToInt(),
    Flatten(),
    Normalize(0, 255),
    RandomHorizontalFlip(),
    RandomShift(1),
    RandomCrop(2),
    RandomRotation(10),
    ColorJitter(),
    ToPIL(),
]


@pytest.mark.parametrize("transform", ON_ARRAYS, ids=lambda transform: type(transform).__name__)
def test_array_transforms_reject_images(image, transform):
    name = type(transform).__name__
    with pytest.raises(TypeError, match=rf"{name} takes an array; got an image: put ToArray\(\) before it"):
        transform(image)
    with pytest.raises(TypeError, match=f"{name} takes an array; got None"):
        transform(None)


def test_to_pil_is_the_inverse_of_to_array(image):
    for mode in ("RGB", "L", "RGBA"):
        array = ToArray(np.uint8)(image.convert(mode))
        back = ToPIL()(array)
        assert (back.mode, back.size) == (mode, (7, 5))
        np.testing.assert_array_equal(ToArray(np.uint8)(back), array)


def test_convert(image):
    assert Convert("L")(image).mode == "L"
    np.testing.assert_array_equal(np.asarray(Convert()(image)), PIXELS)
    bgr = Convert("BGR")(image)
    np.testing.assert_array_equal(np.asarray(bgr), PIXELS[:, :, ::-1])


def test_resize_takes_width_and_height(image):
    assert Resize((4, 10))(image).size == (4, 10)
    assert Resize(3)(image).size == (3, 3)
    np.testing.assert_array_equal(
        np.asarray(Resize((14, 10), mode=0)(image)), PIXELS.repeat(2, 0).repeat(2, 1)
    )


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [((3, 5), (0, 5), (2, 5)), (2, (1, 3), (2, 4)), ((7, 5), (0, 5), (0, 7))],
)
def test_center_crop(image, size, rows, columns):
    np.testing.assert_array_equal(np.asarray(CenterCrop(size)(image)), PIXELS[slice(*rows), slice(*columns)])


def test_center_crop_of_a_too_small_image(image):
    with pytest.raises(ValueError, match="size must be at most the image's, 7 x 5 pixels; got 8 x 2"):
        CenterCrop((8, 2))(image)


def test_photo_pipeline(image):
    way = Compose([Convert(), Resize(8), CenterCrop(6), ToArray(), Normalize(127.5, 127.5)])
    x = way(image)
    assert (x.shape, x.dtype) == ((3, 6, 6), np.float32)
    assert -1 <= x.min() < x.max() <= 1


@pytest.mark.parametrize(
    ("size", "resized"), [((8, 4), (6, 3)), ((4, 8), (3, 6)), ((5, 5), (3, 3)), ((1000, 1), (3000, 3))]
)
def test_resize_shorter_side(size, resized):
    Image = pytest.importorskip("PIL.Image")
    assert ResizeShorterSide(3)(Image.new("RGB", size)).size == resized
    assert ResizeShorterSide(1)(Image.new("L", (1, 300))).size == (1, 300)
    with pytest.raises(ValueError, match="the image must have pixels; its size is 0 x 5"):
        ResizeShorterSide(1)(Image.new("L", (0, 5)))


def test_exif_transpose():
    """6 means a rotated camera: the left side of the stored picture is the top."""
    Image = pytest.importorskip("PIL.Image")
    pixels = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    stored = Image.fromarray(pixels)
    exif = stored.getexif()
    exif[0x0112] = 6
    file = io.BytesIO()
    stored.save(file, "png", exif=exif)
    upright = ExifTranspose()(Image.open(file))
    np.testing.assert_array_equal(np.asarray(upright), [[4, 1], [5, 2], [6, 3]])
    np.testing.assert_array_equal(np.asarray(ExifTranspose()(upright)), np.asarray(upright))
    np.testing.assert_array_equal(np.asarray(ExifTranspose()(Image.fromarray(pixels))), pixels)


def test_exif_transpose_with_damaged_tags():
    Image = pytest.importorskip("PIL.Image")
    stored, exif = Image.new("RGB", (4, 3)), Image.Exif()
    exif[0x0112], exif[0x0128] = 6, 2  # the unit of the resolution: inches
    marks = exif.tobytes().replace(b"\x01\x28\0\3", b"\x01\x28\0\2")  # which is a text instead of a number
    assert marks != exif.tobytes()
    for damaged, size in ((marks, (3, 4)), (b"Exif\0\0nothing", (4, 3))):
        file = io.BytesIO()
        stored.save(file, "jpeg", exif=damaged)
        assert ExifTranspose()(Image.open(file)).size == size


@pytest.mark.parametrize(
    "transform", [Convert(), Resize(2), ResizeShorterSide(2), ExifTranspose(), CenterCrop(2)]
)
def test_image_transforms_reject_arrays(transform):
    pytest.importorskip("PIL")
    with pytest.raises(TypeError, match=r"takes a Pillow image; got ndarray: put ToPIL\(\) before it"):
        transform(np.zeros((3, 4, 4), np.uint8))


@pytest.mark.parametrize(
    "transform",
    [Convert(), Resize(2), ResizeShorterSide(2), ExifTranspose(), CenterCrop(2), ToArray(), ToPIL()],
)
def test_image_transforms_without_pillow(transform, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    x = np.zeros((1, 2, 2), np.uint8) if isinstance(transform, ToPIL) else "a picture"
    with pytest.raises(ModuleNotFoundError, match="install pillow"):
        transform(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Resize(0), ValueError, "size must be at least 1; got 0"),
        (lambda: Resize((2, 3, 4)), ValueError, "size must be an integer or a pair"),
        (lambda: CenterCrop(2.0), TypeError, "size must be an integer.* 2.0"),
        (
            lambda: ToPIL()(np.zeros((3, 2, 2))),
            TypeError,
            r"a uint8 array; got float64: put AsType\(np.uint8\) before",
        ),
        (
            lambda: ToPIL()(np.zeros((2, 3, 3), np.uint8)),
            ValueError,
            r"1, 3 or 4 channels; got shape \(2, 3, 3\)",
        ),
        (lambda: ToPIL()(np.zeros((3, 3), np.uint8)), ValueError, r"\(C, H, W\) .* got shape \(3, 3\)"),
    ],
)
def test_image_transforms_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_normalize_beyond_the_range_of_the_images_dtype():
    with pytest.raises(ValueError, match="std is beyond the range of the array's float16"):
        Normalize(0, 70_000)(np.ones((1, 2, 2), np.float16))

"""datasets/folder.py: image files in one folder per class."""

import errno
import os
import sys

import numpy as np
import pytest

from pyconvlite import DataLoader
from pyconvlite.datasets import ImageFolder, folder
from pyconvlite.transforms import Compose, ExifTranspose, Resize, ToArray

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)  # N, H, W, C


def write(root, name, pixels, mode="RGB"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pytest.importorskip("PIL.Image").fromarray(pixels).convert(mode).save(path)


def names(dataset):
    """The paths of the images in the dataset's folder."""
    return [os.path.relpath(path, dataset.root).replace(os.sep, "/") for path in dataset.data]


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "dog/b.png", PIXELS[0])
    write(tmp_path, "dog/a.BMP", PIXELS[1])
    write(tmp_path, "cat/young/9.png", PIXELS[2])
    write(tmp_path, "cat/5.tiff", PIXELS[3])
    write(tmp_path, "zebra/1.png", PIXELS[4], "L")
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    (tmp_path / "readme.png").write_bytes(b"not in a class's folder")
    return tmp_path


def test_classes_and_files_are_sorted(root):
    dataset = ImageFolder(root)
    assert dataset.classes == ["cat", "dog", "zebra"]
    assert dataset.class_to_idx == {"cat": 0, "dog": 1, "zebra": 2}
    assert names(dataset) == ["cat/5.tiff", "cat/young/9.png", "dog/a.BMP", "dog/b.png", "zebra/1.png"]
    np.testing.assert_array_equal(dataset.label, np.array([0, 0, 1, 1, 2], np.int32), strict=True)


def test_folders_are_sorted_by_path(tmp_path):
    for path in ("c/a/x/2.png", "c/a-b/3.png", "c/a/1.png"):
        write(tmp_path, path, PIXELS[0])
    assert names(ImageFolder(tmp_path)) == ["c/a/1.png", "c/a-b/3.png", "c/a/x/2.png"]  # torchvision's


def test_images_are_scaled_to_0_to_1(root):
    dataset = ImageFolder(str(root))
    assert len(dataset) == 5
    for i, source in enumerate([3, 2, 1, 0]):
        x, t = dataset[i]
        expected = PIXELS[source].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
        np.testing.assert_array_equal(x, expected, strict=True)
        assert t == dataset.label[i]
    gray, _ = dataset[-1]
    np.testing.assert_array_equal(gray, np.broadcast_to(gray[:1], (3, 4, 6)))


def test_16_bit_images_are_scaled(tmp_path):
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "gray").mkdir()
    image.fromarray(np.array([[0, 256, 65535]], np.uint16)).save(tmp_path / "gray" / "16.png")
    image.fromarray(np.array([[0.5]], np.float32)).save(tmp_path / "gray" / "float.tiff")
    (tmp_path / "gray" / "16.pgm").write_bytes(b"P5\n3 1\n65535\n\0\0\1\0\xff\xff")
    dataset = ImageFolder(tmp_path)
    for i in range(2):
        np.testing.assert_allclose(
            dataset[i][0], np.broadcast_to(np.array([0, 1, 255]) / 255, (3, 1, 3)), rtol=1e-6
        )
    with pytest.raises(ValueError, match="pixels of mode F have no known range"):
        dataset[2]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["png", "tif"])  # Pillow rotates a TIFF by itself
def test_exif_orientation_is_applied(tmp_path, ending, dtype):
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "gray").mkdir()
    exif = image.Exif()
    exif[0x112] = 6  # turned by a quarter
    image.fromarray(np.zeros((4, 6), dtype)).save(tmp_path / "gray" / f"turned.{ending}", exif=exif)
    assert ImageFolder(tmp_path, Compose([ExifTranspose(), ToArray()]))[0][0].shape == (3, 6, 4)


def test_transforms_get_pillow_images(root):
    plain = ImageFolder(root, transform=None)
    image, label = plain[4]
    assert (image.mode, image.size, int(label)) == ("RGB", (6, 4), 2)
    dataset = ImageFolder(root, Compose([Resize(8), ToArray()]), target_transform=lambda t: t * 10)
    ((x, t),) = DataLoader(dataset, 5, shuffle=False)
    assert (x.shape, x.dtype) == ((5, 3, 8, 8), np.float32)
    np.testing.assert_array_equal(t, [0, 0, 10, 10, 20])


def test_files_of_other_programs_are_ignored(tmp_path):
    for path in (
        "cat/1.png",
        "cat/._1.png",
        "cat/.ipynb_checkpoints/1-checkpoint.png",
        "cat/more/2.png",
        ".ipynb_checkpoints/3.png",
        "__MACOSX/cat/4.png",
        "dog__MACOSX/5.png",
    ):
        write(tmp_path, path, PIXELS[0])
    (tmp_path / ".git").mkdir()
    dataset = ImageFolder(tmp_path)
    assert dataset.classes == ["cat", "dog__MACOSX"]
    assert names(dataset) == ["cat/1.png", "cat/more/2.png", "dog__MACOSX/5.png"]


def test_link_cycle_is_ignored(tmp_path):
    for path in ("cat/1.png", "cat/young/2.png", "dog/3.png", "more/4.png"):
        write(tmp_path / "pictures", path, PIXELS[0])
    root = tmp_path / "pictures"
    (root / "cat" / "young" / "cats").symlink_to("..")
    (root / "cat" / "young" / "all").symlink_to(root)
    (root / "dog" / "more").symlink_to(root / "more")  # which is followed
    assert names(ImageFolder(root)) == [
        "cat/1.png",
        "cat/young/2.png",
        "dog/3.png",
        "dog/more/4.png",
        "more/4.png",
    ]


def test_unreadable_folder_raises(root, monkeypatch):
    scandir = os.scandir

    def refused(path):
        if str(path).endswith("young"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(PermissionError, match="young"):
        ImageFolder(root)


@pytest.mark.parametrize("index", [5, -6])
def test_index_out_of_range(root, index):
    with pytest.raises(IndexError):
        ImageFolder(root)[index]


def test_index_must_be_an_integer(root):
    with pytest.raises(TypeError, match="integer"):
        ImageFolder(root)[1.0]


@pytest.mark.parametrize("contents", [b"", b"no image", "cut off"])
def test_file_that_is_not_an_image(tmp_path, contents):
    write(tmp_path, "cat/1.png", np.zeros((64, 64, 3), np.uint8))
    path = tmp_path / "cat" / "1.png"
    path.write_bytes(path.read_bytes()[:-60] if contents == "cut off" else contents)
    with pytest.raises(ValueError, match=r"1\.png is not an image, or damaged"):
        ImageFolder(tmp_path)[0]


def test_postscript_named_as_an_image_is_not_run(tmp_path):
    write(tmp_path, "cat/1.bmp", PIXELS[0])
    (tmp_path / "cat" / "1.bmp").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    )
    with pytest.raises(ValueError, match=r"1\.bmp is not an image, or damaged: an EPS file is a program"):
        ImageFolder(tmp_path)[0]


def test_image_with_too_many_pixels(tmp_path):
    write(tmp_path, "cat/1.bmp", np.zeros((2, 2, 3), np.uint8))
    path = tmp_path / "cat" / "1.bmp"
    data = bytearray(path.read_bytes())
    data[18:26] = (30_000).to_bytes(4, "little") * 2  # width and height
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"1\.bmp is not an image, or damaged: Image size"):
        ImageFolder(tmp_path)[0]


def test_removed_file(root):
    dataset = ImageFolder(root)
    os.remove(dataset.data[0])
    with pytest.raises(FileNotFoundError, match=r"5\.tiff"):
        dataset[0]


def test_error_of_opening_an_image_is_not_reported_as_damage(root, monkeypatch):
    dataset = ImageFolder(root)

    def refused(path, mode):
        raise OSError(errno.EMFILE, "Too many open files", path)

    monkeypatch.setattr(folder, "open", refused, raising=False)
    with pytest.raises(OSError, match="Too many open files"):
        dataset[0]


def test_folders_without_images(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"root must be a folder; there is none at '.*nowhere'"):
        ImageFolder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"root must hold a folder for each class; .* has no folders"):
        ImageFolder(tmp_path)
    for name, contents in (("cat/1.png", b""), ("dog/1.txt", b"")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(contents)
    with pytest.raises(FileNotFoundError, match=r"no images in dog of .* names must end in \.jpg, "):
        ImageFolder(tmp_path)
    with pytest.raises(TypeError, match="root must be the path of a folder; got int"):
        ImageFolder(3)


def test_without_pillow(tmp_path, monkeypatch):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(b"")
    dataset = ImageFolder(tmp_path)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ModuleNotFoundError, match="ImageFolder needs Pillow: install pillow"):
        dataset[0]

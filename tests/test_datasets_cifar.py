import gzip
import io
import sys

import numpy as np
import pytest
from shorthands import traced_memory

from pyconvlite.datasets import CIFAR10, CIFAR100

IMAGES = np.random.default_rng(0).integers(256, size=(10, 3, 32, 32), dtype=np.uint8)
LABELS = np.array([3, 9, 0, 1, 2, 5, 5, 7, 8, 4], np.uint8)
COARSE = np.array([0, 19, 3, 1, 2, 5, 5, 7, 8, 4], np.uint8)
FINE = np.array([99, 0, 50, 1, 2, 5, 5, 7, 8, 4], np.uint8)


def binary(images, *labels):
    """Images as a file of CIFAR, by the format's description: label bytes, then red, green, blue by rows."""
    return b"".join(
        bytes([*bytes(row), *image.tobytes()]) for image, *row in zip(images, *labels, strict=True)
    )


CIFAR10_FILES = {
    **{
        f"data_batch_{i}.bin": binary(IMAGES[2 * i - 2 : 2 * i], LABELS[2 * i - 2 : 2 * i])
        for i in range(1, 6)
    },
    "test_batch.bin": binary(IMAGES[:3], LABELS[:3]),
}
CIFAR100_FILES = {
    "train.bin": binary(IMAGES, COARSE, FINE),
    "test.bin": binary(IMAGES[:3], COARSE[:3], FINE[:3]),
}


def write(folder, files, pack=bytes):
    for name, contents in files.items():
        (folder / (name if pack is bytes else f"{name}.gz")).write_bytes(pack(contents))


def assert_is(dataset, n, labels):
    np.testing.assert_array_equal(dataset.data, IMAGES[:n], strict=True)
    np.testing.assert_array_equal(dataset.label, labels[:n].astype(np.int32), strict=True)
    assert len(dataset) == n


@pytest.mark.parametrize("as_source", [str, lambda path: path])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(("train", "n"), [(True, 10), (False, 3)])
def test_from_a_folder(tmp_path, train, n, pack, as_source):
    write(tmp_path, {**CIFAR10_FILES, **CIFAR100_FILES}, pack)
    source = as_source(tmp_path)
    assert_is(CIFAR10(train, source=source), n, LABELS)
    assert_is(CIFAR100(train, source=source), n, FINE)
    assert_is(CIFAR100(train, label_type="coarse", source=source), n, COARSE)


@pytest.mark.parametrize("pack", [bytes, bytearray, memoryview, gzip.compress])
def test_from_contents(pack):
    batches = tuple(pack(CIFAR10_FILES[f"data_batch_{i}.bin"]) for i in range(1, 6))
    assert_is(CIFAR10(source=batches), 10, LABELS)
    assert_is(CIFAR10(source=pack(CIFAR10_FILES["test_batch.bin"])), 3, LABELS)
    assert_is(CIFAR100(source=pack(CIFAR100_FILES["train.bin"])), 10, FINE)


def test_from_a_url(monkeypatch):
    asked = []

    def opened(url):
        asked.append(url)
        name = url.rpartition("/")[2]
        if name not in CIFAR10_FILES:
            raise FileNotFoundError(url)
        return io.BufferedReader(io.BytesIO(CIFAR10_FILES[name]))

    monkeypatch.setattr("pyconvlite.datasets.reading.opened", opened)
    assert_is(CIFAR10(source="https://example.com/cifar/"), 10, LABELS)
    assert asked == [f"https://example.com/cifar/data_batch_{i}.bin" for i in range(1, 6)]
    with pytest.raises(
        FileNotFoundError, match=r"none of train.bin, train.bin.gz is in 'https://example.com'"
    ):
        CIFAR100(source="https://example.com")


def test_gzip_bomb_takes_no_more_memory_than_the_dataset(tmp_path, monkeypatch):
    monkeypatch.setattr("pyconvlite.datasets.cifar._MOST", 300)
    for i in range(1, 6):
        (tmp_path / f"data_batch_{i}.bin.gz").write_bytes(gzip.compress(bytes(100 * 3073), 1))
    (tmp_path / "test_batch.bin.gz").write_bytes(gzip.compress(bytes(10_000_000), 1))
    with traced_memory() as memory:
        with pytest.raises(ValueError, match=r"data_batch_4.bin.gz is too long: .* has at most 300 images"):
            CIFAR10(source=tmp_path)
        with pytest.raises(ValueError, match=r"test_batch.bin.gz is too long"):
            CIFAR10(train=False, source=tmp_path)
    assert memory.peak < 2 * 300 * 3073 + 500_000


@pytest.mark.parametrize("make", [CIFAR10, CIFAR100])
def test_default_transform_is_dezeros(make):
    contents = binary(IMAGES[:1], *[[1]] * (1 if make is CIFAR10 else 2))
    x, t = make(source=contents)[0]
    np.testing.assert_array_equal(x, 2 * IMAGES[0].astype(np.float32) - 1, strict=True)
    assert t == 1
    assert make(source=contents, transform=None, target_transform=lambda t: -t)[0][1] == -1
    assert make(source=contents, transform=None)[0][0].dtype == np.uint8


def test_data_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        CIFAR10(source=bytearray(CIFAR10_FILES["test_batch.bin"])).data[0] = 0


def test_labels():
    names = CIFAR10.labels()
    assert (names[0], names[3], len(names)) == ("airplane", "cat", 10)
    fine, coarse = CIFAR100.labels(), CIFAR100.labels("coarse")
    assert (len(fine), len(set(fine.values())), list(fine.values())) == (100, 100, sorted(fine.values()))
    assert (len(coarse), list(coarse.values())) == (20, sorted(coarse.values()))
    assert (fine[99], coarse[19]) == ("worm", "vehicles_2")


def test_show(drawn):
    CIFAR10(source=CIFAR10_FILES["test_batch.bin"]).show(row=2, col=3)
    (image,) = drawn
    assert image.shape == (64, 96, 3)
    tiles = [image[32 * r : 32 * r + 32, 32 * c : 32 * c + 32] for r in range(2) for c in range(3)]
    photographs = IMAGES[:3].transpose(0, 2, 3, 1)
    assert all(any(np.array_equal(tile, photograph) for photograph in photographs) for tile in tiles)


def test_show_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r"CIFAR10\.show needs matplotlib"):
        CIFAR10(source=CIFAR10_FILES["test_batch.bin"]).show()


def record(*labels):
    return bytes(labels) + bytes(3072)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            CIFAR10,
            FileNotFoundError,
            r"CIFAR10 is not downloaded automatically: get cifar-10-binary\.tar\.gz",
        ),
        (
            CIFAR100,
            FileNotFoundError,
            r"CIFAR100 is not downloaded automatically: get cifar-100-binary\.tar\.gz",
        ),
        (
            lambda: CIFAR100(label_type="all"),
            ValueError,
            "label_type must be one of 'coarse', 'fine'; got 'all'",
        ),
        (lambda: CIFAR100.labels("all"), ValueError, "label_type must be one of 'coarse', 'fine'; got 'all'"),
        (lambda: CIFAR10(source=bytes(3072)), ValueError, "the file is truncated .* 3072 bytes, .* of 3073"),
        (lambda: CIFAR10(source=(bytes(3073), b"1")), ValueError, "file 1 is truncated .* 1 bytes"),
        (lambda: CIFAR100(source=bytes(3073)), ValueError, "3073 bytes, is not a multiple of 3074"),
        (lambda: CIFAR10(source=record(10)), ValueError, r"label 10; labels of CIFAR10 are in 0\.\.9"),
        (
            lambda: CIFAR100(source=record(0, 100)),
            ValueError,
            r"label 100; labels of CIFAR100 are in 0\.\.99",
        ),
        (lambda: CIFAR100(label_type="coarse", source=record(20, 0)), ValueError, r"label 20; .* 0\.\.19"),
        (lambda: CIFAR10(source=()), ValueError, r"source must have .* at least one file; got \(\)"),
        (lambda: CIFAR10(source=[record(1)]), TypeError, "with the contents of the files as bytes; got list"),
        (lambda: CIFAR10(source=(1,)), TypeError, r"file 0 must be bytes, .*; got int"),
        (lambda: CIFAR10(source=b"\x1f\x8b and no more"), ValueError, "the file is truncated or damaged"),
    ],
)
def test_errors_name_sizes(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_errors_name_the_file(tmp_path):
    write(tmp_path, CIFAR10_FILES)
    (tmp_path / "data_batch_3.bin").write_bytes(b"<html>")
    with pytest.raises(
        ValueError, match=r"data_batch_3\.bin is truncated or not a file of CIFAR10: its size, 6 bytes"
    ):
        CIFAR10(source=tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"none of data_batch_3\.bin, data_batch_3\.bin\.gz is in"):
        CIFAR10(source=tmp_path)


def test_file_without_images():
    assert CIFAR10(source=b"").data.shape == (0, 3, 32, 32)


def test_an_empty_file_among_others_is_named(tmp_path):
    write(tmp_path, CIFAR10_FILES)
    (tmp_path / "data_batch_3.bin").write_bytes(b"")
    with pytest.raises(ValueError, match=r"data_batch_3\.bin is empty"):
        CIFAR10(source=tmp_path)

import gzip
import hashlib
import itertools
import struct
import sys

import numpy as np
import pytest
from idx_files import idx
from local_host import serving
from shorthands import traced_memory

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import DataLoader, no_grad, test_mode
from pyconvlite.datasets import MNIST, Dataset, read_idx
from pyconvlite.models import LeNet
from pyconvlite.optimizers import Adam
from pyconvlite.transforms import Compose, Normalize, ToFloat

# ------------------------------------------------------------------------------------------- Dataset


class Squares(Dataset):
    def prepare(self):
        self.data = np.arange(4.0)
        self.label = self.data**2


def test_dataset_applies_the_transforms():
    plain = Squares()
    assert [plain[i] for i in range(len(plain))] == [(0, 0), (1, 1), (2, 4), (3, 9)]
    assert list(plain) == [(0, 0), (1, 1), (2, 4), (3, 9)]
    changed = Squares(transform=lambda x: x + 1, target_transform=lambda t: -t)
    assert changed[3] == changed[np.int32(-1)] == (4, -9)


def test_dataset_train_attribute():
    class Parts(Dataset):
        def prepare(self):
            self.data = np.zeros(60 if self.train else 10)

    assert (len(Parts()), len(Parts(train=False))) == (60, 10)


def test_dataset_without_labels_gives_none():
    class Unlabelled(Dataset):
        def prepare(self):
            self.data = np.arange(3)

    assert Unlabelled(target_transform=lambda t: t + 1)[2] == (2, None)


@pytest.mark.parametrize("index", [slice(0, 2), 1.0, "1", None, [0, 1]])
def test_dataset_index_must_be_an_integer(index):
    with pytest.raises(TypeError, match=r"index must be an integer; got .*use Subset\(dataset, indices\)"):
        Squares()[index]


def test_dataset_index_out_of_range():
    with pytest.raises(IndexError, match="index 4 is out of bounds"):
        Squares()[4]


def test_dataset_that_sets_its_data_later():
    dataset = Dataset()
    dataset.data = [1.5, 2.5]
    assert list(dataset) == [(1.5, None), (2.5, None)]


def test_subclass_may_skip_the_constructor():
    class Numbers(Dataset):
        def __init__(self):
            self.data = np.arange(3.0)

    assert list(Numbers()) == [(0.0, None), (1.0, None), (2.0, None)]


def test_iteration_ends_at_the_length():
    class Generated(Dataset):
        def __getitem__(self, index):
            return index * 2, index % 3

        def __len__(self):
            return 4

    assert list(itertools.islice(Generated(), 9)) == [(0, 0), (2, 1), (4, 2), (6, 0)]


@pytest.mark.parametrize("train", ["test", "", None, 1, np.zeros(1)])
def test_dataset_train_must_be_a_bool(train):
    with pytest.raises(TypeError, match=r"train must be True or False; got .*: train=False is the test set"):
        Squares(train)
    assert len(Squares(np.bool_(False))) == 4


def test_dataset_without_data_or_with_too_few_labels():
    class Forgotten(Dataset):
        def prepare(self):
            self.x = np.arange(5.0)

    class Short(Dataset):
        def prepare(self):
            self.data, self.label = np.arange(5.0), np.arange(3)

    with pytest.raises(ValueError, match=r"^Forgotten must set `data` in prepare, or define __len__$"):
        DataLoader(Forgotten(), 2)
    with pytest.raises(ValueError, match="label must have one label per example; got 3 for 5 examples"):
        Short()


# ------------------------------------------------------------------------------------------- MNIST: sources


IMAGES = np.random.default_rng(0).integers(256, size=(5, 28, 28), dtype=np.uint8)
LABELS = np.array([7, 2, 1, 0, 4], np.uint8)
FILES = {"images": idx(IMAGES), "labels": idx(LABELS)}


def assert_is_the_sample(mnist):
    np.testing.assert_array_equal(mnist.data, IMAGES[:, np.newaxis], strict=True)
    np.testing.assert_array_equal(mnist.label, LABELS.astype(np.int32), strict=True)
    assert len(mnist) == 5


@pytest.mark.parametrize(
    "pack", [bytes, bytearray, memoryview, gzip.compress, lambda b: memoryview(gzip.compress(b))]
)
def test_mnist_from_contents(pack):
    assert_is_the_sample(MNIST(source=(pack(FILES["images"]), pack(FILES["labels"]))))


SPELLINGS = ["{part}-{what}-idx{ndim}-ubyte", "{part}-{what}.idx{ndim}-ubyte"]


def write(folder, spelling, part, pack=bytes):
    for what, ndim in (("images", 3), ("labels", 1)):
        name = spelling.format(part=part, what=what, ndim=ndim)
        (folder / (name if pack is bytes else f"{name}.gz")).write_bytes(pack(FILES[what]))


@pytest.mark.parametrize("as_source", [str, lambda path: path])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("train", "part"), [(True, "train"), (False, "t10k")])
def test_mnist_from_a_folder(tmp_path, train, part, spelling, pack, as_source):
    write(tmp_path, spelling, part, pack)
    assert_is_the_sample(MNIST(train=train, source=as_source(tmp_path)))


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_mnist_from_the_cache(tmp_path, monkeypatch, part):
    fill_cache(tmp_path, monkeypatch, part)
    assert_is_the_sample(MNIST(train=part == "train"))


def fill_cache(folder, monkeypatch, part):
    """Put the sample into the cache under the names of the original files."""
    monkeypatch.setenv("PYCONVLITE_CACHE", str(folder))
    for what, ndim in (("images", 3), ("labels", 1)):
        name = f"{part}-{what}-idx{ndim}-ubyte"
        sha256 = hashlib.sha256(FILES[what]).hexdigest()
        monkeypatch.setitem(pyconvlite.datasets.mnist._MNIST_FILES, name, sha256)
        (folder / sha256).mkdir()
        (folder / sha256 / name).write_bytes(FILES[what])


def test_mnist_in_the_cache_is_verified(tmp_path, monkeypatch):
    fill_cache(tmp_path, monkeypatch, "t10k")
    (path,) = tmp_path.glob("*/t10k-labels-idx1-ubyte")
    path.write_bytes(idx(LABELS[::-1].copy()))
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte is not the file of MNIST: .*; delete it"):
        MNIST(train=False)


@pytest.mark.cpython
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_mnist_from_a_url(tmp_path, pack, slash):
    (tmp_path / "mnist").mkdir()
    write(tmp_path / "mnist", SPELLINGS[0], "train", pack)
    with serving(tmp_path) as address:
        assert_is_the_sample(MNIST(source=f"{address}/mnist{slash}"))
        assert_is_the_sample(MNIST(source=f"{address}/mnist{slash}".replace("http", "HTTP")))


@pytest.mark.cpython
def test_mnist_missing_at_a_url(tmp_path):
    with (
        serving(tmp_path) as address,
        pytest.raises(FileNotFoundError, match=f"train-images-idx3.* is in '{address}'"),
    ):
        MNIST(source=address)


def test_mnist_missing_in_a_folder(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte\.gz.* is in '.*"):
            MNIST(source=folder)


def test_mnist_missing_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"there is no .*train-images-idx3-ubyte; pass a folder"):
        MNIST()


# ------------------------------------------------------------------------------------------- MNIST: examples


def sample(**arguments):
    return MNIST(source=(FILES["images"], FILES["labels"]), **arguments)


def test_mnist_default_transform_is_flat_float32_from_0_to_1():
    x, t = sample()[1]
    np.testing.assert_array_equal(x, IMAGES[1].reshape(784).astype(np.float32) / np.float32(255), strict=True)
    assert t == 2


def test_mnist_other_transforms():
    assert sample(transform=None)[0][0].dtype == np.uint8
    assert sample(transform=None)[0][0].shape == (1, 28, 28)
    assert sample(target_transform=lambda t: t + 10)[0][1] == 17


def test_mnist_data_is_read_only():
    mnist = MNIST(source=(bytearray(FILES["images"]), bytearray(FILES["labels"])))
    with pytest.raises(ValueError, match="read-only"):
        mnist.data[0] = 0


def test_mnist_labels():
    assert MNIST.labels() == {i: str(i) for i in range(10)}


def test_mnist_show(drawn):
    sample().show(row=2, col=3)
    (image,) = drawn
    assert image.shape == (56, 84)
    tiles = [image[28 * r : 28 * r + 28, 28 * c : 28 * c + 28] for r in range(2) for c in range(3)]
    assert all(any(np.array_equal(tile, digit) for digit in IMAGES) for tile in tiles)


def test_mnist_show_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match="needs matplotlib"):
        sample().show()


# ------------------------------------------------------------------------------------------- faulty files

X, T = FILES["images"], FILES["labels"]
FAULTS = {
    "swapped": (T, X, "the image file starts with 00000801; .* starts with 00000803"),
    "images twice": (X, X, "the label file starts with 00000803; .* starts with 00000801"),
    "a web page": (b"<!doctype html><title>404</title>", T, "the image file starts with 3c21646f"),
    "floats": (idx(IMAGES, kind=13), T, "the image file starts with 00000d03"),
    "empty": (b"", T, "the image file is truncated: it has 0 bytes, and the header alone has 16"),
    "half a header": (X[:15], T, "the image file is truncated: it has 15 bytes, and the header alone has 16"),
    "half a label header": (
        X,
        T[:7],
        "the label file is truncated: it has 7 bytes, and the header alone has 8",
    ),
    "one pixel less": (X[:-1], T, r"truncated: it has 3919 bytes of data; shape \(5, 28, 28\) needs 3920"),
    "one pixel more": (X + b"0", T, "the image file is too long: it has more than the 3920 bytes"),
    "one label more": (
        X,
        T + b"0",
        r"the label file is too long: it has more than the 5 bytes of shape \(5,\)",
    ),
    "other images": (idx(IMAGES[:, :27]), T, r"must have images of 28 x 28 .* is \(5, 27, 28\)"),
    "fewer labels": (X, idx(LABELS[:4]), "the image file has 5 images, but the label file has 4 labels"),
    "cut gzip": (gzip.compress(X)[:-9], T, "the image file is truncated or damaged: "),
    "no gzip": (b"\x1f\x8b and no more", T, "the image file is truncated or damaged: "),
}


@pytest.mark.parametrize(("images", "labels", "message"), FAULTS.values(), ids=FAULTS)
def test_mnist_errors_name_sizes(images, labels, message):
    with pytest.raises(ValueError, match=message):
        MNIST(source=(images, labels))


def test_mnist_errors_name_the_file(tmp_path):
    write(tmp_path, SPELLINGS[0], "train")
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(FILES["labels"][:-1])
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte is truncated: it has 4 bytes of data"):
        MNIST(source=tmp_path)


def test_header_with_a_huge_shape():
    with pytest.raises(ValueError, match="truncated: it has 0 bytes of data; shape"):
        read_idx(struct.pack(">5I", 0x0804, *[2**32 - 1] * 4), 4)


def test_mnist_without_examples():
    mnist = MNIST(source=(idx(IMAGES[:0]), idx(LABELS[:0])))
    assert (mnist.data.shape, mnist.label.shape) == ((0, 1, 28, 28), (0,))


@pytest.mark.parametrize("ndim", [1, 2, 4])
def test_read_idx_of_any_number_of_axes(ndim):
    array = np.arange(2**ndim, dtype=np.uint8).reshape((2,) * ndim)
    np.testing.assert_array_equal(read_idx(idx(array), ndim), array, strict=True)


def test_read_idx_copies_nothing():
    contents = np.frombuffer(FILES["images"], np.uint8)
    assert np.shares_memory(read_idx(memoryview(contents), 3), contents)


def peak_of_refusal(source, message):
    """The peak of memory, in bytes, while MNIST refuses a source."""
    with traced_memory() as memory, pytest.raises(ValueError, match=message):
        MNIST(source=source)
    return memory.peak


@pytest.mark.parametrize("as_bytes", [False, True])
def test_gzip_bomb_takes_no_more_memory_than_its_header_says(tmp_path, as_bytes):
    bomb = gzip.compress(X + bytes(20_000_000), 1)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(bomb)
    assert peak_of_refusal((bomb, T) if as_bytes else tmp_path, "too long") < 2_000_000


def test_false_header_takes_no_more_memory_than_the_file(tmp_path):
    contents = struct.pack(">4I", 0x0803, *[2**32 - 1] * 3) + bytes(5_000_000)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(contents, 1))
    assert peak_of_refusal(tmp_path, "truncated: it has 5000000 bytes of data") < 2 * 5_000_000


# ------------------------------------------------------------------------------------------- training


@pytest.mark.cpython
def test_lenet_learns_mnist():
    pytest.importorskip("tools.mnist", reason="the tools are not in the wheel").files()  # into the cache
    as_images = Compose([ToFloat(), Normalize(0.0, 255.0)])
    train, test = MNIST(transform=as_images), MNIST(train=False, transform=as_images)
    assert (len(train), len(test)) == (60_000, 10_000)
    # as published
    assert np.bincount(train.label).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.label).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.label[:5].tolist() == [5, 0, 4, 1, 9]

    pyconvlite.seed(0)
    model = LeNet()
    optimizer = Adam(0.002).setup(model)
    for _, (x, t) in zip(range(200), DataLoader(train, batch_size=32), strict=False):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    x, t = next(DataLoader(test, batch_size=2000))
    with test_mode(), no_grad():
        assert F.accuracy(model(x), t).item() > 0.9
    assert {p.dtype for p in model.params()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (3, TypeError, "source must be a folder, .*; got int"),
        (b"abc", TypeError, r"source must be .* a tuple with the contents of the files as bytes; got bytes"),
        ([X, T], TypeError, r"source must be .* a tuple with the contents of the files as bytes; got list"),
        ((X,), ValueError, r"source must have two items, \(images, labels\); got 1"),
        (("x", "t"), TypeError, "the image file must be bytes, .*; got str"),
        ((X, LABELS), TypeError, "the label file must be bytes, .*; got ndarray"),
    ],
)
def test_mnist_source_of_another_type_is_refused(source, error, message):
    with pytest.raises(error, match=message):
        MNIST(source=source)


@pytest.mark.parametrize("name", ["transform", "target_transform"])
def test_transform_must_be_callable(name):
    with pytest.raises(TypeError, match=f"{name} must be a function of one argument, or None; got 'a'"):
        Dataset(**{name: "a"})
    with pytest.raises(TypeError, match=rf"{name} must be an instance; got a class: write Normalize\(\)"):
        Dataset(**{name: Normalize})
    Dataset(**{name: float})  # which is a function of one argument

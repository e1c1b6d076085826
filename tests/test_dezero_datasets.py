"""pyconvlite.dezero.datasets: where each dataset is found; tests/book uses the others."""

import contextlib
import gzip
import io
import tarfile

import numpy as np
import pytest
from dezero_book import digits, write_digits
from local_host import serving
from shorthands import traced_memory
from test_npz import archive, member

import pyconvlite
from pyconvlite import _platform
from pyconvlite.datasets import mnist
from pyconvlite.datasets.mnist import idx_header
from pyconvlite.dezero import datasets, models, utils


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """DeZero's cache; pyconvlite's is beside it."""
    monkeypatch.setattr(utils, "cache_dir", str(tmp_path / ".dezero"))
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / ".dezero"


@pytest.fixture
def served(tmp_path):
    """A folder and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(folder) as address:
        yield folder, address


def expect(monkeypatch, sha256):
    for name, value in sha256.items():
        monkeypatch.setitem(mnist._MNIST_FILES, name, value)


def assert_is_the_sample(found, number, seed):
    images, labels = (gzip.decompress(contents) for contents in digits(number, seed))
    assert found.data.tobytes() == images[16:]
    assert found.label.tolist() == list(labels[8:])


@pytest.mark.cpython
class TestFromServer:
    def test_mnist_from_its_url_then_from_the_cache(self, served, monkeypatch):
        folder, address = served
        expect(monkeypatch, write_digits(folder))
        monkeypatch.setattr(datasets.MNIST, "ADDRESS", address)
        assert_is_the_sample(datasets.MNIST(), 60, 0)
        monkeypatch.setattr(datasets.MNIST, "ADDRESS", "http://127.0.0.1:9")
        assert_is_the_sample(datasets.MNIST(), 60, 0)
        with pytest.raises(OSError, match="cannot be fetched"):
            datasets.MNIST(train=False)

    @pytest.mark.parametrize("kind", [datasets.MNIST, pyconvlite.datasets.MNIST])
    def test_mnist_from_the_files_of_the_site(self, served, tmp_path, monkeypatch, kind):
        folder, address = served
        sha256 = write_digits(tmp_path / "whole")
        expect(monkeypatch, sha256)
        monkeypatch.setattr(_platform, "location", lambda: f"{address}/lite/extensions/kernel.js")
        (folder / "mnist").mkdir()
        for name in ("images-idx3", "labels-idx1"):
            whole = gzip.decompress((tmp_path / "whole" / f"train-{name}-ubyte.gz").read_bytes())
            start = 16 if "idx3" in name else 8
            stride = (len(whole) - start) // 6
            for i in range(6):
                part = whole[:4] + (10).to_bytes(4, "big") + whole[8:start]
                part += whole[start + i * stride : start + (i + 1) * stride]
                path = folder / "mnist" / f"train-{name.partition('-')[0]}-{i}.gz"
                path.write_bytes(gzip.compress(part))
        assert_is_the_sample(kind(), 60, 0)

    def test_a_file_of_the_site_is_read_as_far_as_its_header_says(self, served, monkeypatch):
        folder, address = served
        monkeypatch.setattr(_platform, "location", lambda: f"{address}/lite/extensions/kernel.js")
        (folder / "mnist").mkdir()
        (folder / "mnist" / "t10k-images.gz").write_bytes(idx_header((1, 28, 28)) + bytes(20_000_000))
        with traced_memory() as memory, pytest.raises(ValueError, match=r"t10k-images\.gz is too long"):
            datasets.MNIST(train=False)
        assert memory.peak < 4_000_000

    def test_cifar_from_the_original_archive(self, served, monkeypatch):
        folder, address = served
        records = np.random.RandomState(0).randint(0, 10, (5, 2, 3073)).astype(np.uint8)
        with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
            for i, contents in enumerate(records, 1):
                member = tarfile.TarInfo(f"cifar-10-batches-bin/data_batch_{i}.bin")
                member.size = contents.size
                archive.addfile(member, io.BytesIO(contents.tobytes()))
        monkeypatch.setattr(datasets.CIFAR10, "ADDRESS", f"{address}/cifar-10-binary.tar.gz")
        cifar = datasets.CIFAR10()
        assert cifar.data.reshape(10, 3072).tolist() == records[..., 1:].reshape(10, 3072).tolist()
        assert cifar.label.tolist() == records[..., 0].ravel().tolist()
        with pytest.raises(ValueError, match=r"does not have test_batch\.bin"):
            datasets.CIFAR10(train=False)

    def test_a_file_is_fetched_once(self, served, cache, capsys):
        folder, address = served
        (folder / "names.txt").write_text("a")
        assert utils.get_file(f"{address}/names.txt", "b.txt") == str(cache / "b.txt")
        (folder / "names.txt").unlink()
        utils.get_file(f"{address}/names.txt", "b.txt")
        assert capsys.readouterr().out == "Downloading: b.txt\n Done\n"
        with pytest.raises(FileNotFoundError):
            utils.get_file(f"{address}/names.txt")


def test_cached_mnist_is_verified(cache, monkeypatch):
    expect(monkeypatch, write_digits(cache))
    (cache / "t10k-labels-idx1-ubyte.gz").write_bytes(digits(40, 2)[1])
    assert_is_the_sample(datasets.MNIST(), 60, 0)
    theirs = cache / "t10k-labels-idx1-ubyte.gz"
    with pytest.raises(ValueError, match=r"dezero.t10k-labels.* is not the file of MNIST.*delete it"):
        datasets.MNIST(train=False)
    theirs.write_bytes(theirs.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"dezero.t10k-labels"):
        datasets.MNIST(train=False)


@pytest.mark.parametrize("damage", [lambda whole: b"<html>", lambda whole: whole[: len(whole) // 2]])
def test_a_damaged_archive_is_named(damage, cache):
    cache.mkdir()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo("data_batch_1.bin")
        member.size = 30730
        archive.addfile(member, io.BytesIO(np.random.default_rng(0).bytes(30730)))
    (cache / "cifar-10-binary.tar.gz").write_bytes(damage(file.getvalue()))
    with pytest.raises(ValueError, match=r"cifar-10-binary\.tar\.gz is damaged; delete it"):
        datasets.CIFAR10()
    datasets.save_cache_npz(np.zeros(1000), np.ones(3), "cifar-10-python.tar.gz", train=True)
    kept = cache / "cifar-10-python.tar.gz.train.npz"
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.raises(ValueError, match=r"python\.tar\.gz\.train\.npz is damaged; delete it"):
        datasets.CIFAR10()


def array_of(shape, data=b""):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n"
    return member(header=header.encode(), data=data)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data.npy": array_of("(3000000000000,)")}, "has 0 bytes of data"),
        ({"data.npy": array_of("(True, 3)", bytes(24))}, "not have the header of a plain array"),
        ({"label.npy": b"abc"}, "not an array"),
        ({}, "encrypted"),
    ],
    ids=["huge", "bools", "no array", "encrypted"],
)
def test_a_hostile_archive_is_named(change, reason, cache):
    datasets.save_cache_npz(np.zeros(2), np.ones(2), "a")
    kept = cache / "a.test.npz"
    whole = bytearray(archive({"data.npy": member(np.zeros(2)), "label.npy": member(np.ones(2)), **change}))
    if not change:
        for mark, flags in (b"PK\x03\x04", 6), (b"PK\x01\x02", 8):
            whole[whole.index(mark) + flags] |= 1
    kept.write_bytes(whole)
    with pytest.raises(ValueError, match=rf"a\.test\.npz is damaged; delete it.*{reason}"):
        datasets.load_cache_npz("a")


def test_data_that_compresses_well_is_cached():
    """Such as MNIST in float64, whose file is 22 times as small."""
    datasets.save_cache_npz(np.zeros(9_000_000), np.zeros(3), "a")
    assert [a.shape for a in datasets.load_cache_npz("a")] == [(9_000_000,), (3,)]


def test_labels_of_any_kind_are_cached():
    data, label = np.arange(6, dtype=np.uint8).reshape(2, 3), np.array(["cat", "tench"])
    datasets.save_cache_npz(data, label, "a")
    for found, saved in zip(datasets.load_cache_npz("a"), (data, label), strict=True):
        assert found.dtype == saved.dtype
        np.testing.assert_array_equal(found, saved)


def test_cifar_cached_by_dezero(cache, capsys):
    data, label = np.arange(2.0 * 3072).reshape(2, 3, 32, 32), np.array([3, 5])
    assert datasets.save_cache_npz(data, label, "https://x/cifar-10-python.tar.gz", train=True)
    assert datasets.save_cache_npz(data, label, "cifar-10-python.tar.gz", train=True) is None
    cifar = datasets.CIFAR10(transform=None)
    assert np.array_equal(cifar[1][0], data[1])
    assert cifar.label.tolist() == [3, 5]
    assert capsys.readouterr().out == "Saving: cifar-10-python.tar.gz.train.npz\n Done\n"


def test_text_and_class_names(cache):
    cache.mkdir()
    (cache / "shakespear.txt").write_text("to be")
    (cache / "imagenet1000_clsidx_to_labels.txt").write_text("{0: 'tench, Tinca tinca',\n 1: 'goldfish'}")
    letters = datasets.Shakespear()
    assert letters.data.tolist() == [0, 1, 2, 3]
    assert letters.label.tolist() == [1, 2, 3, 4]
    assert "".join(letters.id_to_char[i] for i in letters.data) == "to b"
    assert letters.char_to_id["e"] == 4
    assert datasets.ImageNet.labels()[1] == "goldfish"


@pytest.mark.parametrize(("name", "file"), [("VGG16", "vgg16.npz"), ("ResNet50", "resnet50.npz")])
def test_pretrained_weights_from_the_cache(name, file, cache, monkeypatch):
    cache.mkdir()
    (cache / file).write_bytes(b"not an archive")
    with pytest.raises(ValueError, match=file):
        getattr(models, name)(pretrained=True)
    loaded = []
    monkeypatch.setattr(models.Model, "load_weights", lambda model, path: loaded.append(path))
    getattr(models, name)(pretrained=True)
    assert loaded == [str(cache / file)]


@pytest.mark.parametrize("make", ["MLP", "Sequential"])
def test_weights_saved_by_dezero(make, tmp_path):
    layers = [models.L.Linear(3), models.F.relu, models.L.Linear(1)]
    model = models.MLP((3, 1)) if make == "MLP" else models.Sequential(*layers)
    last = "l1" if make == "MLP" else "l2"
    weights = {
        "l0/W": np.ones((2, 3)),
        "l0/b": np.zeros(3),
        f"{last}/W": np.ones((3, 1)),
        f"{last}/b": np.ones(1),
    }
    np.savez_compressed(tmp_path / "theirs.npz", **weights)
    model.load_weights(str(tmp_path / "theirs.npz"))
    assert {name: p.data.tolist() for name, p in model.named_params()} == {
        name: array.tolist() for name, array in weights.items()
    }
    model.save_weights(tmp_path / "ours")  # NumPy, and so DeZero, adds .npz
    with np.load(tmp_path / "ours.npz") as saved:
        assert {name: array.tolist() for name, array in saved.items()} == {
            name: array.tolist() for name, array in weights.items()
        }
    with contextlib.closing(io.BytesIO()) as file:
        model.save_weights(file)
        assert file.tell()

import io
import os
import pathlib
import zipfile

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Parameter
from pyconvlite.models import MLP, LeNet, Sequential


class Net(Layer):
    def __init__(self, **linear):
        self.conv1 = L.Conv2d(2, 3, in_channels=1)
        self.layers = [L.Linear(3, in_size=8, **linear)]

    def forward(self, x):
        return self.layers[0](F.flatten(self.conv1(x)))


def saved(layer):
    file = io.BytesIO()
    layer.save_weights(file)
    file.seek(0)
    return file


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    return file


def state(layer):
    return {name: None if p.data is None else p.data.copy() for name, p in layer.named_params()}


def assert_same(layer, expected):
    for name, param in layer.named_params():
        np.testing.assert_array_equal(param.data, expected[name])
        assert param.data is None or param.dtype == expected[name].dtype


def test_numpy_reads_saved_files():
    net = Net()
    with np.load(saved(net)) as archive:
        assert archive.files == ["conv1/W", "conv1/b", "layers/0/W", "layers/0/b"]
        for name, param in net.named_params():
            np.testing.assert_array_equal(archive[name], param.data)
            assert archive[name].dtype == np.float32


@pytest.mark.parametrize("as_path", [str, pathlib.Path])
@pytest.mark.parametrize("name", ["weights.npz", "weights"])
def test_file_name_is_not_changed(tmp_path, as_path, name):
    net, other = Net(), Net()
    path = as_path(tmp_path / name)
    net.save_weights(path)
    assert os.listdir(tmp_path) == [name]
    other.load_weights(path)
    assert_same(other, state(net))
    x = np.ones((2, 1, 4, 4), np.float32)
    np.testing.assert_array_equal(other(x).data, net(x).data)


def test_suffix_selects_the_format(tmp_path):
    path = tmp_path / "it's.safetensors"
    Net().save_weights(path)
    assert path.read_bytes()[8:9] == b"{"


def test_round_trip_through_a_file_object():
    net, other = Net(), Net()
    other.load_weights(saved(net))
    assert_same(other, state(net))


@pytest.mark.parametrize("make", [LeNet, lambda: Sequential(L.Conv2d(2, 3, in_channels=1), F.relu)])
def test_round_trip_of_models(make):
    model, other = make(), make()
    other.load_weights(saved(model))
    assert_same(other, state(model))


def test_save_through_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    Net().save_weights(target)
    link.symlink_to(target)
    net, other = Net(), Net()
    net.save_weights(link)
    assert link.is_symlink()
    other.load_weights(target)
    assert_same(other, state(net))


def test_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    net = Net()
    net.save_weights(path)
    before = path.read_bytes()

    def full_disk(stream, array, **options):
        stream.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np.lib.format, "write_array", full_disk)
    with pytest.raises(OSError, match="no space left"):
        net.save_weights(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["weights.npz"]


def test_parameters_without_data_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match=r"no data yet in layers/0/W, layers/1/W: .*call the model once"):
        MLP((2, 2)).save_weights(tmp_path / "weights.npz")
    assert os.listdir(tmp_path) == []


def test_loading_before_the_first_call():
    mlp, other = MLP((5, 2)), MLP((5, 2))
    x = np.ones((3, 4), np.float32)
    y = mlp(x)
    other.load_weights(saved(mlp))
    assert other.layers[0].in_size == 4
    np.testing.assert_array_equal(other(x).data, y.data)


def test_parameter_of_unknown_shape_takes_any_array():
    layer = Layer()
    layer.w = Parameter(None)
    layer.load_weights(npz(w=np.ones((2, 3), np.float16)))
    np.testing.assert_array_equal(layer.w.data, np.ones((2, 3), np.float16), strict=True)


@pytest.mark.parametrize("stored", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("own", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("lazy", [False, True])
def test_each_parameter_keeps_its_dtype(stored, own, lazy):
    layer = L.Linear(3, dtype=own, in_size=None if lazy else 2)
    W = np.arange(6.0).reshape(2, 3)
    layer.load_weights(npz(W=W.astype(stored), b=np.zeros(3, stored)))
    np.testing.assert_array_equal(layer.W.data, W.astype(own), strict=True)
    assert layer.b.dtype == own


def test_loaded_arrays_are_new_and_contiguous():
    layer = L.Linear(3, in_size=2)
    before = layer.W.data
    layer.load_weights(npz(W=np.asfortranarray(np.ones((2, 3), np.float32)), b=np.zeros(3, np.float32)))
    assert layer.W.data is not before
    assert layer.W.data.flags.c_contiguous
    assert layer.W.data.flags.writeable
    assert not np.array_equal(before, layer.W.data)


ONES = {"W": np.ones((2, 3), np.float32), "b": np.ones(3, np.float32)}


@pytest.mark.parametrize(
    ("arrays", "messages"),
    [
        ({"W": ONES["W"]}, ["missing: b"]),
        ({}, ["missing: W", "missing: b"]),
        (ONES | {"c": ONES["b"], "d/W": ONES["b"]}, ["unexpected: c", "unexpected: d/W"]),
        (ONES | {"W": ONES["W"].T}, [r"W has shape \(3, 2\); the model needs \(2, 3\)"]),
        (ONES | {"W": np.float32(1)}, [r"W has shape \(\); the model needs \(2, 3\)"]),
        (ONES | {"b": np.ones((3, 1), np.float32)}, [r"b has shape \(3, 1\); the model needs \(3,\)"]),
        (ONES | {"b": np.ones(3, np.int64)}, ["b has dtype int64; the model needs floats"]),
        (ONES | {"b": np.ones(3, bool)}, ["b has dtype bool; the model needs floats"]),
        (ONES | {"b": np.ones(3, complex)}, ["b has dtype complex128; the model needs floats"]),
        (
            {"W": np.ones(2, np.uint8), "c": ONES["b"]},
            ["missing: b", "unexpected: c", "W has dtype", "W has"],
        ),
    ],
)
def test_mismatched_weights_change_nothing(arrays, messages):
    layer = L.Linear(3, in_size=2)
    before = state(layer)
    for message in messages:
        with pytest.raises(ValueError, match=message):
            layer.load_weights(npz(**arrays))
    assert_same(layer, before)


def test_known_sizes_are_checked_before_the_first_call():
    conv = L.Conv2d(4, 3)
    with pytest.raises(ValueError, match=r"W has shape \(4, 2, 5, 5\); the model needs \(4, None, 3, 3\)"):
        conv.load_weights(npz(W=np.ones((4, 2, 5, 5), np.float32), b=np.ones(4, np.float32)))
    assert conv.W.data is None


def test_damaged_last_array_changes_nothing():
    net = Net()
    before = state(net)
    arrays = {name: np.ones_like(data) for name, data in before.items()}
    arrays["layers/0/b"] = np.ones(4, np.float32)
    with pytest.raises(ValueError, match="layers/0/b has shape"):
        net.load_weights(npz(**arrays))
    assert_same(net, before)


def test_file_object_at_its_end():
    net, file = L.Linear(2, in_size=3), io.BytesIO()
    net.save_weights(file)
    other = L.Linear(2, in_size=3)
    other.load_weights(file)
    assert_same(other, state(net))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        Net().load_weights(tmp_path / "absent.npz")


def pickled():
    file = io.BytesIO()
    np.savez(file, W=np.array([print], dtype=object))
    return file.getvalue()


def single_array():
    file = io.BytesIO()
    np.save(file, np.ones(3))
    return file.getvalue()


def other_zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("W", "text")
        archive.writestr("b", "text")
    return file.getvalue()


@pytest.mark.parametrize(
    "contents",
    [b"", b"no archive", b"PK\x03\x04 and no more", pickled(), single_array(), other_zip()],
    ids=["empty", "text", "cut", "pickle", "npy", "zip"],
)
def test_files_of_another_kind_are_named(tmp_path, contents):
    path = tmp_path / "weights.npz"
    path.write_bytes(contents)
    layer = L.Linear(3, in_size=2)
    before = state(layer)
    with pytest.raises(ValueError, match=r"weights\.npz"):
        layer.load_weights(path)
    assert_same(layer, before)
    with pytest.raises(ValueError, match=r"the file (is not a|do not fit)") as refused:
        layer.load_weights(io.BytesIO(contents))
    assert ("is not a file of weights (npz," in str(refused.value)) is not contents.startswith(b"PK")
    assert "pickle" not in str(refused.value)  # NumPy's advice to load it as one is bad advice


def test_every_truncation_is_refused():
    contents = saved(L.Linear(3, in_size=2)).getvalue()
    layer = L.Linear(3, in_size=2)
    before = state(layer)
    for size in range(2, len(contents), 7):
        with pytest.raises(ValueError, match="not a readable npz archive"):
            layer.load_weights(io.BytesIO(contents[:size]))
    assert_same(layer, before)


def test_changed_bytes_are_refused_or_harmless():
    linear = L.Linear(3, in_size=2)
    contents = saved(linear).getvalue()
    layer = L.Linear(3, in_size=2)
    before = state(layer)
    for at in range(0, len(contents), 3):
        damaged = bytearray(contents)
        damaged[at] ^= 0xFF
        try:
            layer.load_weights(io.BytesIO(bytes(damaged)))
        except ValueError:
            assert_same(layer, before)
        else:  # a byte that means nothing, such as a date
            assert_same(layer, state(linear))
            layer.load_weights(npz(**before))


def test_small_file_with_a_large_array(monkeypatch):
    monkeypatch.setattr("pyconvlite._npz._OPEN", 1 << 14)
    layer = L.Linear(8, in_size=1000, nobias=True)
    layer.W.data = np.zeros_like(layer.W.data)
    file = saved(layer)
    with pytest.raises(ValueError, match=r"W\.npy has 32128 bytes compressed to .* where the model"):
        L.Linear(8, nobias=True).load_weights(file)
    layer.load_weights(file)


def test_parameter_names_round_trip():
    names = [
        "file",
        "allow_pickle",
        "W",
        "W.npy",
        "W.npy.npy",
        "arr_0",
        "checkpoint.json",
        "重み",
        "a b",
        "self",
    ]

    def make(start):
        layer = Layer()
        layer.named = {name: Parameter(np.full(2, start + i)) for i, name in enumerate(names)}
        vars(layer)["file"] = Parameter(np.full(3, start - 1.0))
        return layer

    layer, other = make(0.0), make(100.0)
    other.load_weights(saved(layer))
    assert_same(other, state(layer))
    assert len(state(layer)) == len(names) + 1


@pytest.mark.parametrize("name", ["a\0b", "n" * 70_000])
def test_name_that_zip_cannot_hold(tmp_path, name):
    layer = Layer()
    layer.named = {name: Parameter(np.ones(2))}
    with pytest.raises(ValueError, match="cannot be the name of an array in an npz archive; rename it"):
        layer.save_weights(tmp_path / "weights.npz")
    assert os.listdir(tmp_path) == []


def test_same_weights_give_the_same_bytes():
    layer = Net()
    assert saved(layer).getvalue() == saved(layer).getvalue()


@pytest.mark.parametrize("name", ["a.npz", "a.safetensors"])
@pytest.mark.parametrize("dtype", [np.int64, np.complex64, np.bool_])
def test_non_float_weights_keep_the_old_file(tmp_path, name, dtype):
    model, path = L.Linear(3, in_size=2), tmp_path / name
    model.save_weights(path)
    model.W.data = model.W.data.astype(dtype)
    with pytest.raises(ValueError, match=f"floats to be saved; W has dtype {np.dtype(dtype)}"):
        model.save_weights(path)
    L.Linear(3, in_size=2).load_weights(path)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="longdouble is float64 here")
def test_safetensors_rejects_long_double(tmp_path):
    model = L.Linear(3, in_size=2, dtype=np.float64)
    model.W.data = model.W.data.astype(np.longdouble)
    with pytest.raises(ValueError, match="weight has dtype float128, which a safetensors file cannot hold"):
        model.save_weights(tmp_path / "a.safetensors")


def test_position_of_a_file_object_is_ignored(tmp_path):
    path = tmp_path / "a.safetensors"
    model = L.Linear(3, in_size=2)
    model.save_weights(path)
    file = io.BytesIO(path.read_bytes())
    file.seek(0, 2)
    other = L.Linear(3, in_size=2)
    other.load_weights(file)
    np.testing.assert_array_equal(other.W.data, model.W.data)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".PT", ".h5", ".ckpt", ".pkl", ".onnx"])
def test_other_formats_are_refused(tmp_path, suffix):
    message = rf"\{suffix.lower()} is the suffix of another format; save as \.npz, or as \.safetensors"
    with pytest.raises(ValueError, match=message):
        L.Linear(3, in_size=2).save_weights(tmp_path / f"w{suffix}")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["my_mlp.npz", "weights", "weights.v2", "h5", "model.pth.npz"])
def test_other_suffixes_are_npz(tmp_path, name):
    model = L.Linear(3, in_size=2)
    model.save_weights(tmp_path / name)
    with np.load(tmp_path / name) as arrays:
        np.testing.assert_array_equal(arrays["W"], model.W.data)

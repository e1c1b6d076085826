"""pyconvlite._torch: files that PyTorch wrote, and hostile ones."""

import io
import os
import pickle
import struct
import time
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch_files
from hypothesis import given
from hypothesis import strategies as st
from shorthands import traced_memory

from pyconvlite import _torch
from pyconvlite.layers import Linear

BOTH = pytest.mark.parametrize("form", ["ZIP", "OLDER"])


def file_of(what, form):
    return io.BytesIO(torch_files.unpacked(getattr(torch_files, f"{what}_{form}")))


@BOTH
def test_tensors_of_every_dtype(form):
    base = np.arange(12, dtype=np.float32).reshape(3, 4)
    expected = {
        "float32": base,
        "transposed": base.T,
        "column": base[:, 1],
        "float64": np.array([1.5, -2.25]),
        "float16": np.array([0.5, 65504], np.float16),
        "bfloat16": np.array([1, -3, 1.00025555e30], np.float32),  # of 1e30, what bfloat16 has
        "int64": np.array(7, np.int64),
        "int32": np.array([1, -2], np.int32),
        "int16": np.array([1], np.int16),
        "int8": np.array([-1], np.int8),
        "uint8": np.array([255], np.uint8),
        "bool": np.array([True, False]),
        "empty": np.empty((0, 3), np.float32),
        "parameter": np.array([2], np.float32),
    }
    read = _torch.state_dict(file_of("TENSORS", form), "the file")
    assert list(read) == list(expected)
    for name, array in expected.items():
        assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(read[name], array)
        assert not read[name].flags.writeable or not array.size
    assert np.shares_memory(read["float32"], read["transposed"])


@BOTH
def test_a_checkpoint(form):
    file = file_of("CHECKPOINT", form)
    assert _torch.is_torch(file)
    read = _torch.read(file, "the file")
    assert {name: read[name] for name in ("epoch", "losses", "best", "done")} == {
        "epoch": 3,
        "losses": [1.0, 0.5],
        "best": None,
        "done": False,
    }
    assert read["optimizer"]["param_groups"][0]["betas"] == (0.9, 0.999)
    model = _torch.state_dict(file, "the file")  # the only dict of tensors in it
    np.testing.assert_array_equal(model["1.weight"], [1, 1])
    np.testing.assert_allclose(model["0.bias"], [-0.04437202, 0.13230628], rtol=1e-6)
    assert model["0.weight"].shape == (2, 1, 2, 2)


# --------------------------------------------------------------------------------------------- hostile files


class Called:
    """Is pickled as a call of that name in a module."""

    def __init__(self, module, name, *arguments):
        self.module, self.name, self.arguments = module, name, arguments


class Storage(Called):
    pass


class Pickler(pickle._Pickler):
    """Writes names of functions without importing their modules, and storages as persistent ids."""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012 - as the base class has it

    def save_called(self, called):
        self.write(pickle.GLOBAL + f"{called.module}\n{called.name}\n".encode())
        if not isinstance(called, Storage):
            self.save(called.arguments)
            self.write(pickle.REDUCE)

    dispatch[Called] = save_called
    dispatch[Storage] = save_called

    def persistent_id(self, value):
        return value.value if isinstance(value, Persistent) else None


class Persistent:
    def __init__(self, value):
        self.value = value


def storage(length=4, key="0", name="FloatStorage", *more):
    return Persistent(("storage", Storage("torch", name), key, "cpu", length, *more))


def tensor(source=None, offset=0, shape=(2, 2), strides=(2, 1), **more):
    return Called(
        "torch._utils",
        "_rebuild_tensor_v2",
        source or storage(),
        offset,
        shape,
        strides,
        False,
        OrderedDict(),
        *more.values(),
    )


def pickled(value):
    out = io.BytesIO()
    Pickler(out, 2).dump(value)
    return out.getvalue()


DATA = np.arange(4, dtype=np.float32).tobytes()


def archive(value, data=DATA, *, compression=0, deflated="", **more):
    out = io.BytesIO()
    members = {"net/data.pkl": value if isinstance(value, bytes) else pickled(value), "net/data/0": data}
    with zipfile.ZipFile(out, "w", compression) as writing:
        for name, contents in (members | more).items():
            writing.writestr(name, contents, zipfile.ZIP_DEFLATED if name == deflated else None)
    out.seek(0)
    return out


def older(value, keys=None, length=4, data=DATA, version=1001):
    if keys is None:
        keys = ["0"] if b"storage" in pickled(value) else []
    sizes = {"little_endian": True}
    parts = [pickled(part) for part in (_torch._MAGIC, version, sizes, value, list(keys))]
    return io.BytesIO(b"".join(parts) + struct.pack("<q", length) + data)


@pytest.mark.parametrize("write", [archive, older])
def test_test_writers_produce_valid_files(write):
    np.testing.assert_array_equal(_torch.read(write({"W": tensor()}), "the file")["W"], [[0, 1], [2, 3]])


def test_bfloat16_is_widened_in_place():
    source = storage(1_000_000, "0", "BFloat16Storage")
    file = archive({"W": tensor(source, shape=(1_000_000,), strides=(1,))}, bytes(2_000_000))
    with traced_memory() as memory:
        _torch.read(file, "the file")
    assert memory.peak < 6.5e6  # the file's 2 MB and the result's 4 MB


class Runs:
    def __reduce__(self):
        return os.system, ("touch /tmp/pwned",)


def nested(levels):
    value = ()
    for _ in range(levels):
        value = (value,)
    return value


def itself():
    value = []
    value.append(value)
    return value


def test_a_torchscript_program_is_named(tmp_path):
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("data/0", "data.pkl", "code/__torch__.py", "constants.pkl", "version"):
            file.writestr(f"net/{name}", b"")
    with pytest.raises(ValueError, match=r"it is a TorchScript program; save model\.state_dict\(\) alone"):
        Linear(2, in_size=2).load_weights(path)


@pytest.mark.parametrize("write", [archive, older])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Called("os", "system", "true"), "calls os.system"),
        (Called("builtins", "eval", "1"), "calls builtins.eval"),
        (Called("torch._utils", "_rebuild_qtensor", 1), "calls torch._utils._rebuild_qtensor"),
        (Called("collections", "OrderedDict", [("a", 1)]), "calls collections.OrderedDict"),
        (pickle.dumps(Runs(), 2), "calls posix.system|calls nt.system"),
        (pickle.dumps(Runs(), 5), "calls posix.system|calls nt.system"),
        (Storage("os", "system"), r"contains os\.system"),
        (storage(), "contains Storage"),
        ({(1, 2): tensor()}, "a key is tuple"),
        ({1.5: tensor()}, "a key is float"),
        ({"W": {1, 2}}, r"(calls|does not build a tensor).*; save model\.state_dict\(\) alone"),
        ({"W": b"bytes"}, "calls _codecs.encode|does not build a tensor"),
        (nested(40), "nested more than 32"),
        (itself(), "nested more than 32"),
        (Persistent(("file", "a", "b", "c", 1)), "something other than a storage"),
        (Persistent(("storage", "torch", "0", "cpu", 4)), "something other than a storage"),
        (
            Persistent(("module", Storage("nets", "Net"), "nets.py", "class Net: ...")),
            r"contains a model; save model\.state_dict\(\) alone",
        ),
        (Persistent(3), "damaged"),
        (tensor(storage(4, "0", "ComplexFloatStorage")), "torch.ComplexFloatStorage, which is not supported"),
        (tensor(Persistent(("storage", Storage("os", "FloatStorage"), "0", "cpu", 4))), "os.FloatStorage"),
        (tensor(storage(4, "0", "FloatStorage", ("0", 0, 4))), "something other than a storage"),
        (tensor(storage(-1)), "no key or length"),
        (tensor(storage(True)), "no key or length"),
        (tensor(storage(1 << 60)), "more bytes than the file|has 16 bytes"),
        (tensor(storage(3)), "has more than 12 bytes|exceeds its storage of 3 numbers"),
        (tensor(shape=(3, 2)), "exceeds its storage of 4 numbers"),
        (
            tensor(shape=(3, 2), strides=(0, 1)),
            r"shape \(3, 2\) repeats the 4 numbers of its storage; save tensor.clone",
        ),
        (tensor(metadata={"neg": True}), r"negated or conjugated lazily; save tensor.resolve_conj\(\)"),
        (tensor(offset=1), "exceeds its storage of 4 numbers"),
        (tensor(offset=-1), "no valid shape"),
        (tensor(strides=(-2, 1)), "no valid shape"),
        (tensor(shape=(2,)), "no valid shape"),
        (tensor(shape="ab"), "no valid shape"),
        (
            tensor(shape=(1 << 40,), strides=(0,)),
            "repeats the 4 numbers of its storage",
        ),  # a bomb once it is copied
        (tensor(shape=(1 << 61, 1 << 61), strides=(1, 1)), "exceeds its storage of 4 numbers"),
        (tensor(shape=(0, 1 << 61), strides=(1, 1)), "exceeds its storage of 4 numbers"),
        (tensor(shape=(1,) * 17, strides=(1,) * 17), "no valid shape"),
        (b"\x80\x02.", "damaged"),
        (b"\x80\x02h\x00.", "damaged"),  # what was never stored
        (b"\x80\x02u.", "damaged"),  # no mark
        (b"\x80\x02K\x01K\x02s.", "damaged"),
        (b"\x80\x02]K\x01K\x02s.", "adds to list"),
        (b"\x80\x02}K\x01a.", "adds to dict"),
        (b"\x80\x02K\x01K\x02.", "damaged"),
        (b"\x80\x02K\x01(\x86t.", "damaged"),  # the mark is gone
        (b"\x80\x02(\x85t.", "damaged: a mark is gone"),
        (b"\x80\x02)K\x01\x93.", "damaged"),  # a tuple's name
        (b"\x80\x02(K\x01.", "damaged|contains a"),
        (b"I1\n.", "INT, which does not build a tensor"),
        (b"\x80\x02K\x01K\x01R.", "calls an object that is not a function"),
        (b"\x80\x02X\xff\xff\xff\x7fabc", "damaged"),  # a string of 2 GB
        (b"\x80\x02c" + b"a" * 5000 + b"\nb\n.", "damaged"),
    ],
)
def test_other_pickles_are_refused(write, value, reason):
    written = _older_raw(value) if isinstance(value, bytes) and write is older else write(value)
    with pytest.raises(ValueError, match=f"the file is not a readable PyTorch archive: .*({reason})"):
        _torch.read(written, "the file")
    assert not os.path.exists("/tmp/pwned")


def _older_raw(value):
    head = b"".join(pickled(part) for part in (_torch._MAGIC, 1001, {"little_endian": True}))
    return io.BytesIO(head + value + pickled(["0"]))


def test_tensors_of_two_dtypes_in_one_storage():
    other = tensor(storage(2, "0", "DoubleStorage"), shape=(2,), strides=(1,))
    found = _torch.read(archive({"W": tensor(), "V": other}), "the file")
    assert (found["W"].dtype, found["V"].dtype) == (np.float32, np.float64)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (archive({"W": tensor()}, compression=zipfile.ZIP_DEFLATED), "net/data.pkl is compressed"),
        (archive({"W": tensor()}, deflated="net/data/0"), "net/data/0 is compressed"),
        (archive({"W": tensor(storage(4, "1"))}), "it has no net/data/1"),
        (archive({"W": tensor(storage(4, "../data.pkl"))}), r"it has no net/data/\.\./data.pkl"),
        (archive({"W": tensor()}, **{"other/data.pkl": b""}), "exactly one data.pkl"),
        (archive({"W": tensor()}, **{"net/byteorder": b"big"}), "not little-endian"),
        (archive({"W": tensor(), "V": tensor(storage(2))}), "has 16 bytes, which are not 2 of f4"),
        (older({"W": tensor()}, version=1000), "version 1001"),
        (older({"W": tensor()}, keys=()), "does not match its tensors"),
        (older({"W": tensor()}, keys=("0", "1")), "does not match its tensors"),
        (older({"W": tensor()}, keys=([],)), "damaged|does not match"),
        (older({"W": tensor()}, length=3), "does not have the size"),
        (older({"W": tensor()}, data=b"abc"), "is truncated"),
        (older({"W": tensor(), "V": tensor(storage(2))}), "two sizes or dtypes"),
        (io.BytesIO(b""), "damaged"),
        (io.BytesIO(b"PK\3\4 and nothing"), "is not a zip file"),
        (io.BytesIO(b"\x93NUMPY"), "damaged"),
    ],
)
def test_invalid_storages(written, reason):
    with pytest.raises(ValueError, match=f"the file is not a readable PyTorch archive: .*({reason})"):
        _torch.read(written, "the file")


def test_other_members_may_be_compressed():
    file = archive({"W": tensor()}, deflated="net/code/a.py", **{"net/code/a.py": b"a = 1"})
    assert list(_torch.read(file, "the file")) == ["W"]


def test_shared_nested_lists_take_linear_time():
    value = [1]
    for _ in range(25):
        value = [value, value]  # 2**25 lists, if each were finished on its own
    assert _torch.read(archive(value), "the file")[0][1][0][1][0][0][0]


@pytest.mark.parametrize("write", [archive, older])
def test_marks_on_a_high_stack_take_linear_time(write):
    pickle_of_marks = b"\x80\x02" + b"N" * 170_000 + b"(t" * 170_000 + b"."
    written = _older_raw(pickle_of_marks) if write is older else write(pickle_of_marks)
    start = time.perf_counter()  # in Pyodide, that of the processor ends after 36 minutes
    with pytest.raises(ValueError, match="damaged"):
        _torch.read(written, "the file")
    assert time.perf_counter() - start < 60  # a copy of the stack for each takes minutes


@pytest.mark.parametrize("write", [archive, older])
def test_number_of_steps_is_limited(write):
    pickle_of_lists = b"\x80\x02" + b"]" * 600_000 + b"."  # each takes 64 bytes of memory
    written = _older_raw(pickle_of_lists) if write is older else write(pickle_of_lists)
    with pytest.raises(ValueError, match=r"more than 524288 steps; save model.state_dict\(\) alone"):
        _torch.read(written, "the file")


@pytest.mark.parametrize("write", [archive, older])
def test_stride_of_a_single_element_is_ignored(write):
    value = tensor(shape=(1, 2), strides=(1 << 61, 1))
    np.testing.assert_array_equal(_torch.read(write(value), "the file"), [[0, 1]])


def test_file_without_one_state_dict():
    for value, names in (
        ([1], "none"),
        ({}, "none"),
        ({"a": {"W": tensor()}, "b": {"W": tensor()}}, "'a', 'b'"),
    ):
        with pytest.raises(ValueError, match=f"must have one dict of tensors by name.*it has {names}"):
            _torch.state_dict(archive(value), "the file")


@BOTH
@pytest.mark.parametrize("what", ["TENSORS", "CHECKPOINT"])
def test_every_truncation_is_refused(what, form):
    whole = file_of(what, form).getvalue()
    for length in range(0, len(whole), 1 + len(whole) // 200):
        with pytest.raises(ValueError, match="PyTorch archive"):
            _torch.read(io.BytesIO(whole[:length]), "the file")


@BOTH
@given(data=st.data())
def test_corrupted_bytes(form, data):
    """The file is refused, or read with other numbers."""
    whole = bytearray(file_of("TENSORS", form).getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        _torch.read(io.BytesIO(whole), "the file")
    except ValueError as error:
        refusal = str(error)
    else:
        return
    assert "PyTorch archive" in refusal


@pytest.mark.parametrize("letters", [1, 25, 26, 200])
def test_folder_name_in_the_archive(letters):
    """PyTorch names the folder in the archive after the file."""
    folder = "m" * letters
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writing:
        for name, contents in (("data.pkl", pickled({"W": tensor()})), ("data/0", DATA)):
            writing.writestr(f"{folder}/{name}", contents)
    assert _torch.is_torch(file)
    np.testing.assert_array_equal(_torch.state_dict(file, "the file")["W"], [[0, 1], [2, 3]])

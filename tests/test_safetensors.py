"""pyconvlite._safetensors against the package safetensors, and hostile files."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from shorthands import traced_memory

from pyconvlite import _safetensors

FLOATS = {
    "W": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array(1.5),
    "層.half": np.array([0.5, 65504], np.float16),
    "empty": np.empty((0, 3), np.float32),
}


def written(values):
    file = io.BytesIO()
    _safetensors.write(file, values)
    return file


def read(file):
    return _safetensors.read(file, "the file")


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert (other[name].dtype, other[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(other[name], array)


def test_round_trip():
    assert_same(FLOATS, read(written(FLOATS)))
    assert read(written({})) == {}


def test_safetensors_package_reads_our_files():
    safetensors = pytest.importorskip("safetensors.numpy")
    assert_same(FLOATS, safetensors.load(written(FLOATS).getvalue()))


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"])
def test_files_of_the_safetensors_package(dtype):
    safetensors = pytest.importorskip("safetensors.numpy")
    values = {"b": np.array([[1, 0, 2]]).astype(dtype), "a": np.array(3).astype(dtype)}
    assert_same(values, read(io.BytesIO(safetensors.save(values, metadata={"format": "pt"}))))


def forged(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return io.BytesIO((len(text) if length is None else length).to_bytes(8, "little") + text + data)


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_bfloat16_becomes_float32():
    file = forged({"a": entry("BF16", (2,))}, np.array([1, -2.5], "<f4").view("<u2")[1::2].tobytes())
    np.testing.assert_array_equal(read(file)["a"], np.array([1, -2.5], np.float32))


def test_bfloat16_is_widened_in_place():
    file = forged({"a": entry("BF16", (1_000_000,), (0, 2_000_000))}, bytes(2_000_000))
    with traced_memory() as memory:
        read(file)
    assert memory.peak < 6.5e6  # the file's 2 MB and the result's 4 MB


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (io.BytesIO(b""), "header cannot have 0 bytes"),
        (io.BytesIO(b"\xff" * 8 + b"{}"), "header cannot have"),
        (forged(b"{}", length=3), "header cannot have 3 bytes"),
        (forged(b" " * (1 << 22) + b"{}"), "header cannot have 4194306 bytes"),
        (forged(b"[" * 5000), "nested too deep"),
        (forged(b"[]"), "not a JSON object"),
        (forged(b"\xff\xff"), "decode"),
        (forged(b'{"a":1,"a":2}'), "occurs twice"),
        (forged({"a": 1}), "subscriptable"),
        (forged({"a": {"dtype": "F32"}}), "shape"),
        (forged({"a": entry("F8_E4M3")}, bytes(4)), "dtype F8_E4M3, which is not supported"),
        (forged({"a": entry(shape=(-1,))}, bytes(4)), "no valid shape"),
        (forged({"a": entry(shape=(1.0,))}, bytes(4)), "no valid shape"),
        (forged({"a": entry(shape=(1,) * 17)}, bytes(4)), "no valid shape"),
        (forged({"a": entry(shape=(1 << 40,))}, bytes(4)), "has 4 bytes, which do not fit"),
        (forged({"a": entry(shape=(1 << 61, 0, 1 << 61), offsets=(0, 4))}, bytes(4)), "do not fit"),
        (forged({"a": entry(offsets=(4, 8))}, bytes(8)), "do not follow"),
        (forged({"a": entry(), "b": entry()}, bytes(4)), "do not follow"),
        (forged({"a": entry(), "b": entry(offsets=(8, 12))}, bytes(12)), "do not follow"),
        (forged({"a": entry()}, bytes(3)), "have 4 bytes; the file has 3"),
        (forged({"a": entry()}, bytes(5)), "have 4 bytes; the file has 5"),
    ],
)
def test_invalid_files_are_refused(file, reason):
    with pytest.raises(ValueError, match=f"the file is not a readable safetensors archive: .*{reason}"):
        read(file)


def test_metadata_key_is_reserved():
    with pytest.raises(ValueError, match="'__metadata__' cannot be the name of an array"):
        written({"__metadata__": np.zeros(1)})


@given(st.dictionaries(st.text(max_size=3), arrays.array_shapes(max_dims=3, max_side=3), max_size=3))
def test_any_names_and_shapes(shapes):
    values = {
        name: np.arange(np.prod(shape), dtype=np.float32).reshape(shape) for name, shape in shapes.items()
    }
    assert_same(values, read(written(values)))


@given(data=st.data())
def test_corrupted_bytes(data):
    whole = bytearray(written(FLOATS).getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(io.BytesIO(whole))
    except ValueError as error:
        refusal = str(error)
    else:
        return
    assert "safetensors archive" in refusal

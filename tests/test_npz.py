"""Hostile npz files: what `load_weights` refuses, and its memory; how files are written."""

import io
import re
import zipfile
import zlib

import numpy as np
import pytest
from shorthands import traced_memory
from test_weights import ONES, assert_same, npz, state

import pyconvlite.layers as L


def member(array=None, header=None, version=b"\1\0", data=b""):
    """An array in the npy format, with another header where one is given."""
    if header is None:
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()
    length = len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + length + header + data


def archive(members, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as stored:
        for name, contents in members.items():
            stored.writestr(name, contents)
    return file.getvalue()


def refusal_and_peak(layer, contents):
    """The error of loading a file, and the most memory in bytes in use meanwhile."""
    before = state(layer)
    with traced_memory() as memory, pytest.raises(ValueError, match="the file") as refused:
        layer.load_weights(io.BytesIO(contents))
    assert_same(layer, before)
    return str(refused.value), memory.peak


def test_weights_are_compressed_at_the_fastest_level():
    layer, file = L.Linear(300, in_size=100, nobias=True), io.BytesIO()
    layer.W.data = np.round(np.random.default_rng(0).normal(0, 9, (100, 300))).astype(np.float32)
    layer.save_weights(file)
    with zipfile.ZipFile(file) as stored:
        (info,) = stored.infolist()
    sizes = [len(zlib.compress(member(layer.W.data), level, wbits=-15)) for level in (1, 6)]
    assert sizes[0] > sizes[1]
    assert info.compress_size == sizes[0]


ZEROS = bytes(30_000_000)
WB = {f"{name}.npy": member(array) for name, array in ONES.items()}
HUGE = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2500000, 3), }"
BOMBS = {
    "an array more": (WB | {"c.npy": member(np.frombuffer(ZEROS, np.uint8))}, "unexpected: c"),
    "a member more": (WB | {"c": ZEROS}, "unexpected: c"),
    "a larger array": (WB | {"W.npy": member(header=HUGE, data=ZEROS)}, r"W has shape \(2500000, 3\)"),
    "a longer array": (WB | {"W.npy": WB["W.npy"] + ZEROS}, r"W\.npy has 30000024 bytes of data"),
    "spaces": (WB | {"W.npy": member(header=b" " * len(ZEROS), version=b"\2\0")}, "W.npy does not have"),
    "many members": (WB | {str(i): b"" for i in range(8_000)}, "table of contents has"),
}


@pytest.mark.parametrize(("members", "message"), BOMBS.values(), ids=BOMBS)
def test_zip_bomb_takes_little_memory(members, message):
    contents = archive(members)
    refusal, peak = refusal_and_peak(L.Linear(3, in_size=2), contents)
    assert re.search(message, refusal)
    assert peak < 3_000_000


def test_false_size_is_refused():
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3), }"
    contents = bytearray(archive(WB | {"W.npy": member(header=header, data=bytes(1000))}))
    at = contents.index(b"PK\1\2")
    contents[at + 24 : at + 28] = b"\xff\xff\xff\xff"  # the size in the table of contents; zip64 has the rest
    layer = L.Linear(3)
    refusal, peak = refusal_and_peak(layer, bytes(contents))
    assert "W.npy" in refusal
    assert peak < 3_000_000
    refusal, peak = refusal_and_peak(layer, archive(WB | {"W.npy": member(header=header)}))
    assert "W.npy has 0 bytes of data; that is not the size of an array" in refusal
    assert peak < 3_000_000


@pytest.mark.parametrize("stored", [np.float16, np.float32, np.float64, "F"])
def test_loading_takes_less_memory_than_two_models(stored):
    layer = L.Linear(1000, in_size=2000)  # 8 MB
    W = np.ones((2000, 1000), np.float32)
    W = np.asfortranarray(W) if stored == "F" else W.astype(stored)
    contents = npz(W=W, b=np.ones(1000, np.float32)).getvalue()
    file = io.BytesIO(contents)
    with traced_memory() as memory:
        layer.load_weights(file)
    np.testing.assert_array_equal(layer.W.data, 1)
    assert memory.peak < 1.5 * 8_000_000


HEADERS = {
    "a boolean shape": "'shape': (2, True), ",
    "a negative shape": "'shape': (-2, -3), ",
    "a deep shape": "'shape': " + "(" * 5000 + ")" * 5000 + ", ",
    "a deep dtype": "'shape': (2, 3), 'x': " + "[" * 4000 + "]" * 4000 + ", ",
    "code": "'shape': print('W'), ",
    "no shape": "",
    "spaces": "'shape': (" + " " * 16_000 + "x), ",
    "digits": f"'shape': ({'9' * 16_000}x), ",
    "numbers of any length": f"'shape': ({'9' * 5000}, 3), ",
    "many axes": f"'shape': ({'1, ' * 3000}), ",
}


@pytest.mark.parametrize("shape", HEADERS.values(), ids=HEADERS)
def test_invalid_headers(tmp_path, shape):
    header = ("{'descr': '<f4', 'fortran_order': False, " + shape + "}").encode()
    path = tmp_path / "weights.npz"
    path.write_bytes(archive(WB | {"W.npy": member(header=header, data=bytes(24))}))
    layer = L.Linear(3)
    with pytest.raises(ValueError, match=r"weights\.npz' (is not a readable npz archive|do not fit)"):
        layer.load_weights(path)
    assert layer.W.data is None


def test_headers_of_other_programs():
    W = ONES["W"]
    for header in (
        b"{ 'shape':(2,3) ,'fortran_order':False,'descr':'<f4'}\n",
        b'{"descr": "<f4", "fortran_order": False, "shape": (2L, 3L)}',
    ):
        for version in (b"\1\0", b"\2\0"):
            layer = L.Linear(3, in_size=2)
            contents = member(header=header, version=version, data=W.tobytes())
            layer.load_weights(io.BytesIO(archive(WB | {"W.npy": contents}, zipfile.ZIP_STORED)))
            np.testing.assert_array_equal(layer.W.data, W)


def encrypted():
    contents = bytearray(archive(WB))
    contents[contents.index(b"PK\1\2") + 8] |= 1  # the flag in the table of contents
    return bytes(contents)


def twice():
    contents = archive({"W.npy": WB["W.npy"], "b.npy": WB["W.npy"]})
    return contents.replace(b"b.npy", b"W.npy")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (encrypted, r"W\.npy is encrypted"),
        (twice, "a name in it occurs twice"),
        (lambda: archive(WB, zipfile.ZIP_BZIP2), r"W\.npy is compressed by a method other than deflate"),
    ],
)
def test_unsupported_archives(tmp_path, make, message):
    path = tmp_path / "weights.npz"
    path.write_bytes(make())
    with pytest.raises(ValueError, match=rf"weights\.npz' is not a readable npz archive: {message}"):
        L.Linear(3, in_size=2).load_weights(path)


@pytest.mark.parametrize(
    ("stored", "own"), [(np.float64, np.float32), (np.float64, np.float16), (np.float32, np.float16)]
)
def test_numbers_beyond_the_dtype_of_the_parameter_are_refused(stored, own):
    layer = L.Linear(3, in_size=2, dtype=own)
    before = state(layer)
    W = np.ones((2, 3), stored)
    W[1, 2] = np.finfo(stored).max
    file = npz(W=W, b=np.ones(3, stored))
    with pytest.raises(ValueError, match=rf"W\.npy has numbers that exceed the range of {np.dtype(own)}"):
        layer.load_weights(file)
    assert_same(layer, before)
    W[1, 2], W[0, 0] = -np.inf, np.nan  # allowed: no number overflows
    layer.load_weights(npz(W=W, b=np.ones(3, stored)))
    assert (layer.W.data[1, 2], layer.b.data[0]) == (-np.inf, 1)
    assert np.isnan(layer.W.data[0, 0])

"""pyconvlite.project: round trips, and hostile files."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyconvlite import project
from pyconvlite.layers import Linear

PNG = b"\x89PNG\r\n\x1a\n and so on"
JPEG = b"\xff\xd8\xff\xe0 and so on"
WEBP = b"RIFF\x10\0\0\0WEBPVP8 "
CLASSES = {"cat": [PNG, JPEG], "犬 / dog": [WEBP], "empty": []}
SETTINGS = {"size": 224, "names": ["a", None, True, 0.5]}


def saved(*args, **kwargs):
    file = io.BytesIO()
    project.save(file, *args, **kwargs)
    return file


def test_round_trip(tmp_path):
    path = tmp_path / "animals.zip"
    model, other = Linear(3, in_size=2), Linear(3, in_size=2)
    project.save(path, CLASSES, model=model, settings=SETTINGS)
    loaded = project.load(path)
    assert loaded.classes == CLASSES
    assert list(loaded.classes) == list(CLASSES)
    assert loaded.settings == SETTINGS
    loaded.load_weights(other)
    np.testing.assert_array_equal(other.W.data, model.W.data)


def test_file_is_a_plain_zip_archive():
    with zipfile.ZipFile(saved(CLASSES)) as archive:
        assert archive.namelist() == [
            "pictures/0/0.png",
            "pictures/0/1.jpg",
            "pictures/1/0.webp",
            "project.json",
        ]
        assert archive.testzip() is None
        assert archive.read("pictures/0/1.jpg") == JPEG


def test_same_contents_give_the_same_bytes():
    assert saved(CLASSES).getvalue() == saved(CLASSES).getvalue()


def test_project_without_weights():
    with pytest.raises(ValueError, match="the project has no weights"):
        project.load(saved(CLASSES)).load_weights(Linear(3, in_size=2))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (({"cat": [b"text"]},), ValueError, "picture 0 of class 'cat' is not in PNG, JPEG"),
        (
            ({"cat": ["cat.png"]},),
            TypeError,
            "must be bytes, the contents of files; got str in class 'cat'",
        ),
        (([("cat", [PNG])],), TypeError, "classes must map names to lists of pictures; got list"),
        (({"cat": PNG},), TypeError, "class 'cat' must be a list of pictures; got bytes"),
        (({"cat": None},), TypeError, "class 'cat' must be a list of pictures; got NoneType"),
        (({3: [PNG]},), TypeError, "names of classes must be strings; got 3"),
        (({None: []},), TypeError, "names of classes must be strings; got None"),
        (({"": [PNG]},), ValueError, "must not be empty"),
        (({"cat": [PNG] * 32769},), ValueError, "at most 32768 pictures; got 32769"),
    ],
)
def test_invalid_arguments(arguments, error, message, tmp_path):
    path = tmp_path / "animals.zip"
    path.write_bytes(b"as before")
    with pytest.raises(error, match=message):
        project.save(path, *arguments)
    assert path.read_bytes() == b"as before"


def test_invalid_model():
    with pytest.raises(TypeError, match="model must be a Model or Layer; got str"):
        saved(CLASSES, model="x")


def test_invalid_settings():
    deep = []
    for _ in range(200):
        deep = [deep]
    for settings, error in (
        ({1, 2}, TypeError),
        ({"lr": float("nan")}, TypeError),
        ("a" * (1 << 22), ValueError),
        (deep, ValueError),
    ):
        with pytest.raises(error, match="settings"):
            saved({}, settings=settings)


def forged(changes=(), compression=0, **members):
    """A project of which parts of project.json, and members, are others."""
    text = {
        "format": "pyconvlite-project",
        "version": 1,
        "classes": [{"name": "cat", "pictures": ["pictures/0/0.png"]}],
        "settings": None,
    }
    contents = {"project.json": json.dumps(text | dict(changes)), "pictures/0/0.png": PNG} | members
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return file


def test_unknown_entries_are_ignored():
    assert project.load(forged({"later": 1}, **{"later.bin": b""})).settings is None


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (io.BytesIO(b""), "not a zip file"),
        (forged({"format": "other"}), "is not that of a project"),
        (forged({"version": 2}), "its version is 2; this release reads version 1"),
        (forged({"classes": 3}), "not iterable"),
        (forged({"classes": [{"name": "cat"}]}), "pictures"),
        (forged({"classes": [{"name": "", "pictures": []}]}), "has no name"),
        (forged({"classes": [{"name": ["cat"], "pictures": []}]}), "has no name"),
        (forged({"classes": [{"name": "cat", "pictures": [3]}]}), "no path"),
        (forged({"classes": [{"name": "cat", "pictures": []}] * 2}), "occurs twice"),
        (forged({"classes": [{"name": "cat", "pictures": ["pictures/0/0.png"] * 2}]}), "occurs twice"),
        (forged({"classes": [{"name": "cat", "pictures": ["../secret"]}]}), "has no ../secret"),
        (forged({"classes": [{"name": "cat", "pictures": ["project.json"]}]}), "not in PNG"),
        (forged(**{"pictures/0/0.png": b"<svg>"}), "not in PNG"),
        (forged(compression=zipfile.ZIP_DEFLATED), "pictures/0/0.png is compressed"),
        (forged(**{"project.json": "[" * 5000}), "nested too deep"),
        (forged(**{"project.json": " " * (1 << 22) + "{}"}), "more than 4194304 bytes"),
        (forged(**{"project.json": "{}"}), "format"),
    ],
)
def test_forged_files(file, reason):
    with pytest.raises(ValueError, match=f"the file is not a readable project archive: .*{reason}"):
        project.load(file)


WHOLE = saved(CLASSES, model=Linear(1, in_size=1), settings=SETTINGS).getvalue()


@given(data=st.data())
def test_corrupted_bytes(data):
    whole = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        project.load(io.BytesIO(whole))
    except ValueError as error:
        refusal = str(error)
    else:
        return
    assert "project archive" in refusal

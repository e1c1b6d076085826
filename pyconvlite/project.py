"""Projects: one file with pictures in classes, the weights of a network trained on them, and settings.

The file is a zip archive of the format "pyconvlite-project", version 1:

- `project.json`: `{"format": "pyconvlite-project", "version": 1, "classes": [...], "settings": ...}`, at most
  4 MiB. Each class is `{"name": "cat", "pictures": ["pictures/0/0.png", ...]}`; names are different and not
  empty. `settings` is any JSON, such as the kind of network and its learning rate.
- the pictures: files of PNG, JPEG, WebP, GIF or BMP, stored without compression.
- `weights.npz`, if there are weights: what `save_weights` writes, stored without compression.

Other members are ignored, so that a later version may add some.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from ._files import BinaryFile, read_from, title_of, written
from ._zip import DEEPEST, Zip, depth
from .layers import Layer

__all__ = ["Project", "load", "save"]

_FORMAT, _VERSION = "pyconvlite-project", 1
_TEXT, _WEIGHTS = "project.json", "weights.npz"
_LONGEST = 1 << 22  # bytes of project.json
_MOST = 1 << 15  # pictures
# Magic numbers of image files; `_suffix` checks that of WebP.
_STARTS = {"png": b"\x89PNG\r\n", "jpg": b"\xff\xd8\xff", "gif": b"GIF8", "bmp": b"BM"}


@dataclass(frozen=True)
class Project:
    """What a project's file has.

    Attributes:
        classes: for each class, by its name, the contents of its pictures' files.
        settings: as given to `save`.
        weights: contents of a file of weights; None if there are none.

    Example:
        >>> project = Project({"cat": [b"GIF89a..."], "dog": []})
        >>> {name: len(pictures) for name, pictures in project.classes.items()}
        {'cat': 1, 'dog': 0}
    """

    classes: dict[str, list[bytes]]
    settings: Any = None
    weights: bytes | None = None

    def load_weights(self, model: Layer) -> None:
        """Load the weights into a model, as `model.load_weights` does.

        Raises:
            ValueError: the project has no weights, or they do not fit the model.
        """
        if self.weights is None:
            raise ValueError("the project has no weights")
        model.load_weights(io.BytesIO(self.weights))


def save(
    file: BinaryFile,
    classes: Mapping[str, Iterable[bytes]],
    *,
    model: Layer | None = None,
    settings: Any = None,
) -> None:
    """Save a project; an older file is replaced only when the new one is complete.

    Args:
        file: a path, used exactly as given, or a binary file object.
        classes: for each class, by its name, the contents of its pictures' files: PNG, JPEG, WebP, GIF, BMP.
        model: Layer or Model whose weights are saved; None for none.
        settings: anything that JSON can hold. Tuples become lists, and the keys of dicts strings.

    Raises:
        OSError: the file cannot be written.
        TypeError: a picture is not bytes, a name is not a string, or `settings` cannot be JSON.
        ValueError: a picture has none of these formats, a name is empty, there are more than 32,768 pictures,
            the settings are too long or nested too deep, or a Parameter of the model has no data yet.

    Example:
        >>> file = io.BytesIO()
        >>> save(file, {"seven": [b"GIF89a..."]}, settings={"size": 28})
        >>> project = load(file)
        >>> project.classes, project.settings
        ({'seven': [b'GIF89a...']}, {'size': 28})
    """
    import zipfile

    if not isinstance(classes, Mapping):
        raise TypeError(f"classes must map names to lists of pictures; got {type(classes).__name__}")
    each: Any
    for name, each in classes.items():
        if isinstance(each, bytes) or not isinstance(each, Iterable):
            raise TypeError(f"class {name!r} must be a list of pictures; got {type(each).__name__}")
        if not isinstance(name, str):
            raise TypeError(f"the names of classes must be strings; got {name!r}")
    if not isinstance(model, Layer | None):
        raise TypeError(f"model must be a Model or Layer; got {type(model).__name__}")
    pictures = {
        name: {f"pictures/{i}/{k}.{_checked(data, name, k)}": data for k, data in enumerate(each)}
        for i, (name, each) in enumerate(classes.items())
    }
    members = {path: data for each in pictures.values() for path, data in each.items()}
    if len(members) > _MOST:
        raise ValueError(f"a project has at most {_MOST} pictures; got {len(members)}")
    if "" in pictures:
        raise ValueError("the name of a class must not be empty")
    listed = [{"name": name, "pictures": list(each)} for name, each in pictures.items()]
    members[_TEXT] = _as_json(listed, settings).encode()
    if model is not None:
        weights = io.BytesIO()
        model.save_weights(weights)
        members[_WEIGHTS] = weights.getvalue()
    with written(file) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # a fixed date: reproducible


def _as_json(classes: Sequence[Any], settings: Any) -> str:
    """The text of a project, as `load` reads it."""
    contents = {"format": _FORMAT, "version": _VERSION, "classes": classes, "settings": settings}
    try:
        text = json.dumps(contents, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"settings must consist of dicts, lists, strings, finite numbers, bools and None: {error}"
        ) from error
    if len(text) > _LONGEST or depth(text) > DEEPEST:
        raise ValueError(
            f"names and settings must have at most {_LONGEST} characters as JSON, nested at most {DEEPEST} "
            f"levels deep; got {len(text)} characters, {depth(text)} levels"
        )
    return text


def _checked(picture: Any, name: str, k: int) -> str:
    """The suffix of a picture's format, if it can be saved."""
    if not isinstance(picture, bytes):
        kind = type(picture).__name__
        raise TypeError(f"pictures must be bytes, the contents of files; got {kind} in class {name!r}")
    suffix = _suffix(picture)
    if suffix is None:
        raise ValueError(
            f"picture {k} of class {name!r} is not in PNG, JPEG, WebP, GIF or BMP format: convert it to one"
        )
    return suffix


def load(file: BinaryFile) -> Project:
    """Load a project; nothing in it is executed.

    Pictures and weights take as much memory as in the file, `project.json` at most 110 MB.

    Args:
        file: a path or a seekable binary file object.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a complete project of a version that this release reads.

    Example:
        >>> load(io.BytesIO(b"abc"))
        Traceback (most recent call last):
        ValueError: the file is not a readable project archive: File is not a zip file
    """
    with read_from(file) as stream:
        return _load(stream, title_of(file))


def _load(stream: BinaryIO, title: str) -> Project:
    archive = Zip(stream, title, "project", _MOST)
    contents = archive.json(_TEXT, _LONGEST)
    with archive.refusing():
        if contents["format"] != _FORMAT:
            raise ValueError(f"{_TEXT} is not that of a project")
        if contents["version"] != _VERSION:
            raise ValueError(f"its version is {contents['version']!r}; this release reads version {_VERSION}")
        listed = [(each["name"], each["pictures"]) for each in contents["classes"]]
        settings = contents["settings"]
        names = [name for name, _ in listed]
        paths = [path for _, pictures in listed for path in pictures]
        if not all(isinstance(text, str) for text in names + paths) or "" in names:
            raise ValueError("a class has no name, or a picture no path")
        if len(set(names)) != len(names) or len(set(paths)) != len(paths):
            raise ValueError("the name of a class or a picture occurs twice")
    classes = {name: [_picture(archive, path) for path in pictures] for name, pictures in listed}
    weights = _stored(archive, _WEIGHTS) if _WEIGHTS in archive.members else None
    return Project(classes, settings, weights)


def _picture(archive: Zip, path: str) -> bytes:
    data = _stored(archive, path)
    if _suffix(data) is None:
        archive.refuse(f"{path} is not in PNG, JPEG, WebP, GIF or BMP format")
    return data


def _stored(archive: Zip, path: str) -> bytes:
    """The contents of a member: compressed ones could be far larger than the file."""
    member = archive.members.get(path)
    if member is not None and member.compress_type != 0:
        archive.refuse(f"{path} is compressed")
    return archive.contents(path, member.file_size if member else 0)


def _suffix(picture: bytes) -> str | None:
    """The suffix for files of a picture's format; None for a format that browsers do not show."""
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "webp"
    return next((suffix for suffix, start in _STARTS.items() if picture.startswith(start)), None)

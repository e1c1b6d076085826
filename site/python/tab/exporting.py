"""A model as a file for other programs."""

from __future__ import annotations

import json
import os
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pyconvlite import export_html, onnx, project
from pyconvlite._coded import coded
from tab.looking import SIZE


def exported(model: Any, kind: str, settings: str, title: str) -> bytes:
    """The contents of a file with a model.

    Args:
        model: made by `training.build`.
        kind: "npz" or "safetensors", the weights; "onnx"; "html", a page to draw on; "zip", a project.
        settings: of the page, as JSON; a project keeps them.
        title: of the page to draw on.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{kind}"
        digits = [str(label) for label in range(model.classes)]
        if kind == "onnx":
            onnx.save(model, path, np.zeros((1, 1, SIZE, SIZE), np.float32))
        elif kind == "html":
            export_html(model, path, classes=digits, input="drawing", title=title)
        elif kind == "zip":
            project.save(path, {name: [] for name in digits}, model=model, settings=json.loads(settings))
        else:
            model.save_weights(path)
        return path.read_bytes()


def opened(path: str) -> dict[str, Any]:
    """The `settings` of a project, as JSON, and its `weights`, an npz file.

    Raises:
        ValueError: it is damaged, or one of the page for the visitor's own pictures; the file alone is named.
    """
    folder, name = os.path.split(path)
    with chdir(folder or "."):
        found = project.load(name)
    if any(found.classes.values()):
        error = ValueError(f"{name} is a project with pictures: open it on the page Your data")
        raise coded(error, "project-of-pictures", file=name)
    return {"settings": json.dumps(found.settings), "weights": found.weights}

"""A model as a file for other programs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pyconvlite import html_page, onnx, project
from tab import training
from tab.exporting import exported, opened

X = np.random.default_rng(0).random((2, 1, 28, 28), dtype=np.float32)
SETTINGS = json.dumps({"model": "MLP"})


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_weights(kind: str, tmp_path: Path) -> None:
    model = training.build(training.MLP)
    path = tmp_path / f"w.{kind}"
    path.write_bytes(exported(model, kind, SETTINGS, "Digits"))
    assert zipfile.is_zipfile(path) == (kind == "npz")
    np.testing.assert_array_equal(training.load(training.MLP, str(path))(X).data, model(X).data)


def test_onnx() -> None:
    model = training.build(training.SmallCNN)
    loaded = onnx.load(exported(model, "onnx", SETTINGS, "Digits"))
    np.testing.assert_allclose(loaded(X).data, model(X).data, atol=1e-5)


def test_html_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_page, "modules", lambda: {"simd128": b"kernels"})  # which are in the wheel alone
    page = exported(training.build(training.MLP), "html", SETTINGS, "Digits & more").decode()
    assert "<title>Digits &amp; more</title>" in page


def test_project_round_trip(tmp_path: Path) -> None:
    model = training.build(training.MLP)
    contents = exported(model, "zip", SETTINGS, "Digits")
    assert list(project.load(io.BytesIO(contents)).classes) == [str(digit) for digit in range(10)]
    path = tmp_path / "digits.zip"
    path.write_bytes(contents)
    found = opened(str(path))
    assert json.loads(found["settings"]) == {"model": "MLP"}
    path = tmp_path / "w.npz"
    path.write_bytes(found["weights"])
    np.testing.assert_array_equal(training.load(training.MLP, str(path))(X).data, model(X).data)


def test_project_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    path.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"^'mine\.zip' is not a readable project archive"):
        opened(str(path))
    picture = b"\x89PNG\r\n\x1a\n"
    project.save(path, {"cat": [picture], "dog": []}, settings={})
    with pytest.raises(ValueError, match=r"^mine\.zip is a project with pictures: .* Your data$"):
        opened(str(path))

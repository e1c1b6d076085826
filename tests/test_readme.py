"""README's programs run, and are the same in both languages."""

import ast
import functools
import re
from pathlib import Path

import numpy as np
import pytest
from idx_files import idx

from pyconvlite import datasets

pytestmark = pytest.mark.cpython  # README is not in the wheel

ROOT = Path(__file__).parents[1]
NAMES = "README.md", "README.ja.md"


def blocks(name):
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / name).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def block(name, words):
    (found,) = [block for block in blocks(name) if words in block]
    return found


def tree(program):
    """A program without its comments, and with its texts empty."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    parsed = compile(program, "README", "exec", flags)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        if isinstance(node, ast.JoinedStr):
            node.values = [value for value in node.values if isinstance(value, ast.FormattedValue)]
    return ast.dump(parsed)


def test_both_languages_have_the_same_programs():
    english, japanese = ([tree(block) for block in blocks(name)] for name in NAMES)
    assert english == japanese
    assert english


@pytest.mark.parametrize("name", NAMES)
def test_training(name, tmp_path, monkeypatch, capsys):
    """On a few images, whose bright part encodes the label."""
    labels = np.arange(640, dtype=np.uint8) % 10
    images = np.zeros((len(labels), 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 4] = 255
    source = idx(images), idx(labels)
    monkeypatch.setattr(datasets, "MNIST", functools.partial(datasets.MNIST, source=source))
    monkeypatch.chdir(tmp_path)
    exec(block(name, "hits / len(test)"), {})
    (accuracy,) = re.findall(r"([\d.]+)%", capsys.readouterr().out)
    assert float(accuracy) > 15
    assert (tmp_path / "lenet.npz").is_file()


@pytest.mark.parametrize("words", ["onnx.save", "F.im2col", "backends.describe"])
def test_programs_without_data(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(block("README.md", words), {})


def test_a_notebook_cell():
    _, _, program = block("README.md", "micropip").partition('.whl")\n')
    names = {}
    exec(program, names)
    assert names["gx"].shape == (1, 1, 8, 8)
    assert names["gW"].shape == (4, 1, 3, 3)

"""Messages of Python and of the workers: each code has a text in both languages, each text a code."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import numpy as np
import pytest
from site_words import english_words

import pyconvlite.layers as L
from pyconvlite.backends import DeviceUnavailable, webgpu
from pyconvlite.backends.simd.library import Unsupported
from tab import messages

pytestmark = pytest.mark.cpython  # the sources of the site are not inside Pyodide

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
FILE = SITE / "src" / "engine" / "messages.json"
TEXTS: dict[str, dict[str, str]] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}

# English terms used in Japanese, besides the names on the pages.
NAMES = {
    "COEP",
    "COOP",
    "Chrome",
    "Edge",
    "Firefox",
    "Graphviz",
    "JSPI",
    "Node",
    "Safari",
    "localhost",
    "npz",
    "pt",
    "pth",
    "safetensors",
    "wasm",
}

# Functions that take a code, with its position among their arguments.
GIVERS = {"coded": 1, "message": 0}


def calls(tree: ast.Module, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


@functools.cache
def trees() -> list[ast.Module]:
    """The package, and the site's Python."""
    paths = [path for folder in (ROOT / "pyconvlite", SITE / "python") for path in folder.rglob("*.py")]
    return [ast.parse(path.read_text("utf-8")) for path in paths]


def codes_of_python() -> Iterator[tuple[str, set[str]]]:
    """Codes in the package and in the site's Python, each with the names of its values."""
    for tree in trees():
        for call in calls(tree, *GIVERS):
            code = call.args[GIVERS[call.func.id]]
            assert isinstance(code, ast.Constant), f"a code is written out: {ast.unparse(call)}"
            yield code.value, {keyword.arg for keyword in call.keywords}


def codes_of_scripts() -> Iterator[tuple[str, set[str]]]:
    """Codes in the site's scripts; the type checker knows that there are no others."""
    for path in (SITE / "src").rglob("*.[jt]s"):
        for code, values in re.findall(r"\bmessage\('([\w-]+)'(?:, \{(.*?)\})?\)", path.read_text("utf-8")):
            yield code, set(re.findall(r"(\w+)(?=:|,|\s*$)", re.sub(r":[^,]*", ":", values)))


@functools.cache
def codes() -> list[tuple[str, set[str]]]:
    return [*codes_of_python(), *codes_of_scripts()]


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_codes_and_texts_correspond() -> None:
    assert {code for code, _ in codes()} == set(TEXTS)


@pytest.mark.parametrize("code", TEXTS)
def test_texts_exist_in_both_languages(code: str) -> None:
    assert set(TEXTS[code]) == {"en", "ja"}
    assert TEXTS[code]["en"].isascii()
    words = re.sub(r"\{\w+\}|[^\x20-\x7e]+", " ", TEXTS[code]["ja"])
    assert set(english_words(words)) <= NAMES


@pytest.mark.parametrize("code", TEXTS)
def test_placeholders_match_the_values(code: str) -> None:
    given = [values for other, values in codes() if other == code]
    taken = [names_in(text) for text in TEXTS[code].values()]
    assert all(values == given[0] for values in given)
    assert taken == [given[0], given[0]]


@pytest.mark.parametrize("code", TEXTS)
def test_numbers_are_equal_in_both_languages(code: str) -> None:
    english, japanese = (re.findall(r"\d+", re.sub(r"\bone\b", "1", text)) for text in TEXTS[code].values())
    assert english == japanese


def test_device_errors_have_a_code() -> None:
    kinds = [DeviceUnavailable, webgpu.WebGPUUnavailable, webgpu.DeviceLost, webgpu.WebGPUError, Unsupported]
    names = {kind.__name__ for kind in kinds}
    for tree in trees():
        raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
        bare = [r for r in raised if isinstance(r, ast.Call) and getattr(r.func, "id", "") in names]
        assert [ast.unparse(call) for call in bare] == []


def test_message_for_mismatched_weights(tmp_path: Path) -> None:
    file = tmp_path / "w.npz"
    np.savez(file, W=np.zeros((3, 2), np.float32), b=np.zeros(2, int), c=np.zeros(1))
    with pytest.raises(ValueError, match="do not fit") as caught:
        L.Linear(2, in_size=4).load_weights(file)
    told = messages.message_of(caught.value)
    assert told["code"] == "weights-misfit"
    assert [(fault["code"], fault["values"]) for fault in told["values"]["faults"]] == [
        ("weight-unexpected", {"name": "c"}),
        ("weight-shape", {"name": "W", "shape": "(3, 2)", "expected": "(4, 2)"}),
        ("weight-dtype", {"name": "b", "dtype": "int64"}),
    ]


def test_message_for_a_hostile_file_is_bounded() -> None:
    """shapes.ts accepts a million letters and a thousand parts; a larger message ends the worker."""
    names = [f"{'x' * 3_000}{i}" for i in range(5_000)]
    with pytest.raises(ValueError, match="do not fit") as caught:
        L.Linear(2, in_size=4).load_state_dict(dict.fromkeys(names, np.zeros(1)))
    told = messages.message_of(caught.value)
    *faults, more = told["values"]["faults"]
    assert [fault["code"] for fault in faults] == ["weight-missing"] * 2 + ["weight-unexpected"] * 18
    assert (more["code"], more["values"]) == ("more", {"count": "4,982"})
    assert len(json.dumps(told)) < 200_000


def test_error_without_a_code() -> None:
    assert messages.message_of(KeyError("W")) == {"code": "", "values": {}, "text": "'W'"}

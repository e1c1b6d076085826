"""site/first.py: the first contents of the lessons' figures, computed at build time."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.cpython

SCRIPT = Path(__file__).parents[1] / "site" / "first.py"

CODE = """import pyconvlite.functions as F
print("not an answer")
y = F.average_pooling(x[None, None], k, k)[0, 0]
name = "pooled"
"""

BEFORE = """calls = []
def doubled(n):
    calls.append(n)
    return 2 * n
"""


def test_one_response_line_per_request():
    x = np.arange(12.0).reshape(2, 6)
    requests = [
        {"code": CODE, "inputs": {"x": x.tolist(), "k": 2}, "outputs": ["y", "name"]},
        {"code": "third = 1 / 3", "inputs": {}, "outputs": ["third"]},
        {"before": BEFORE, "code": "k = doubled(k)", "inputs": {"k": 2}, "outputs": ["k"]},
        {"before": BEFORE, "code": "k = len(calls)", "inputs": {}, "outputs": ["k"]},
    ]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    run = subprocess.run([sys.executable, SCRIPT], input=lines, capture_output=True, text=True, check=True)
    pooled, third, doubled, calls = map(json.loads, run.stdout.splitlines())
    assert pooled == {
        "y": {"shape": [1, 3], "data": x.reshape(1, 2, 3, 2).mean(axis=(1, 3)).ravel().tolist()},
        "name": "pooled",
    }
    assert third == {"third": {"shape": [], "data": [0.333333333333]}}  # the same on every machine
    assert doubled == {"k": {"shape": [], "data": [4]}}
    assert calls == {"k": {"shape": [], "data": [1]}}  # the lines ahead of both ran once


def test_missing_variable():
    computed = runpy.run_path(str(SCRIPT))["computed"]
    with pytest.raises(KeyError, match="y"):
        computed("x = 1", {}, ["y"])

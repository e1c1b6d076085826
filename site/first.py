"""Compute what the lessons' figures show at first: for each line of JSON on stdin, one on stdout.

A request has the `code` of a figure, the lines `before` it if there are any, its `inputs` and the names of
its `outputs`; the answer has the outputs, as the page's own Python gives them (`tab/runner.py`): arrays as
`shape` and `data`, text as it is.
"""

from __future__ import annotations

import io
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from pyconvlite import Variable

DIGITS = 12  # of a number: more differ from one machine to the next


@cache
def after(lines: str) -> dict[str, Any]:
    """What lines set that several programs have ahead of them."""
    names: dict[str, Any] = {}
    exec(compile(lines, "before.py", "exec"), names)
    return names


def computed(code: str, inputs: dict[str, Any], outputs: list[str], before: str = "") -> dict[str, Any]:
    """What a program sets."""
    names = dict(after(before))
    for name, value in inputs.items():
        names[name] = np.array(value, float) if isinstance(value, list) else value
    exec(compile(code, "figure.py", "exec"), names)
    return {name: shown(names[name]) for name in outputs}


def shown(value: Any) -> dict[str, Any] | str:
    """A variable as JSON has it."""
    if isinstance(value, str):
        return value
    array = np.asarray(value.data if isinstance(value, Variable) else value, dtype=float)
    return {"shape": list(array.shape), "data": [float(f"{number:.{DIGITS}g}") for number in array.ravel()]}


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, io.StringIO()  # what a figure prints is no answer
    for line in sys.stdin:
        print(json.dumps(computed(**json.loads(line))), file=answers, flush=True)

"""Run a program that somebody wrote in the page: its variables, its output, and where it went wrong."""

from __future__ import annotations

import linecache
import traceback
from typing import Any

import numpy as np
from pyodide.code import eval_code_async

from pyconvlite import Variable
from pyconvlite.backends import to_cpu

FILE = "program.py"

_namespace: dict[str, Any] = {}


async def run(code: str, given: dict[str, Any], keeps: bool = False) -> dict[str, Any]:
    """Run a program; `await` may stand anywhere in it.

    Args:
        code: the program.
        given: `inputs`, variables that it finds, lists as float64 arrays; `outputs`, names asked for.
        keeps: go on with the variables of the program before.

    Returns:
        `values`, by name, as far as the program set them; `fault`, None or what ended it.
    """
    if not keeps:
        _namespace.clear()
    _namespace["__name__"] = "__main__"
    for name, value in given["inputs"].items():
        _namespace[name] = np.array(value, dtype=float) if isinstance(value, list) else value
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)  # for tracebacks
    try:
        await eval_code_async(code, globals=_namespace, filename=FILE)
        values = {name: shown(_namespace[name]) for name in given["outputs"] if name in _namespace}
    except BaseException as error:  # SystemExit and KeyboardInterrupt are the program's own too
        return {"values": {}, "fault": fault(error)}
    return {"values": values, "fault": None}


def shown(value: Any) -> dict[str, Any] | str:
    """Numbers and arrays as `shape` and `data`, anything else as text."""
    if isinstance(value, Variable):
        value = value.data
    try:
        array = np.asarray(to_cpu(value), dtype=np.float64)
    except (TypeError, ValueError):
        return str(value)
    return {"shape": list(array.shape), "data": array.ravel()}


def fault(error: BaseException) -> dict[str, Any]:
    """What happened and on which line; frames that are not the program's come off the top."""
    told = traceback.TracebackException.from_exception(error)
    frames = list(told.stack)
    own = [i for i, frame in enumerate(frames) if frame.filename == FILE]
    told.stack = traceback.StackSummary.from_list(frames[own[0] :] if own else [])
    if isinstance(error, SyntaxError) and error.filename == FILE:
        line = error.lineno
    else:
        line = frames[own[-1]].lineno if own else None
    return {
        "message": list(told.format_exception_only())[-1].strip(),
        "traceback": "".join(told.format()),
        "line": line,
    }

"""Run a program that somebody wrote in the page: its variables, its output, and where it went wrong."""

from __future__ import annotations

import asyncio
import builtins
import io
import linecache
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

import numpy as np
from pyodide.code import eval_code_async
from pyodide.ffi import to_js

from pyconvlite import Variable
from pyconvlite.backends import to_cpu
from tab import names, showing
from tab.outlet import Outlet, stream

FILE = "program.py"
MOST_NUMBERS = 4096  # of an array that a figure draws, as in programs.ts
MOST_LETTERS = 20_000  # of a traceback, whose end tells most, and of a value that is text
MOST_OF_MESSAGE = 200  # letters: the traceback has all of it
MOST_LINES = 10**6  # of a program: an error may claim to be on any line

# tqdm's watchman is a thread, and a browser's Python has none; the bars work without.
warnings.filterwarnings("ignore", message="tqdm:disabling monitor support")

_namespace: dict[str, Any] = {}

# What the lines ahead of a program have set, by these lines: those of the latest program that had some.
_before: dict[str, dict[str, Any]] = {}


async def run(
    code: str, given: dict[str, Any], send: Callable[[Any], object], keeps: bool = False, shows: bool = False
) -> dict[str, Any]:
    """Run a program; `await` may stand anywhere in it.

    Args:
        code: the program.
        given: `before`, lines ahead of the program, see `_after`; `inputs`, variables that it finds, lists as
            float64 arrays; `outputs`, names asked for.
        send: is told what the program prints, as text, and shows, as an object (see `showing.describe`).
        keeps: go on with the variables of the program before.
        shows: show the value of its last line, and its figures.

    Returns:
        `values`, by name, as far as the program set them; `fault`, None or what ended it.
    """
    if not keeps:
        _namespace.clear()
    _namespace["__name__"] = "__main__"
    _namespace["display"] = showing.display
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)  # for tracebacks
    outlet = Outlet(lambda item: send(to_js(item, dict_converter=_as_object)))
    showing.show_in(outlet)
    sys.stdout = sys.stderr = written = stream(outlet.write)
    builtins.input = _no_input
    sys.stdin = io.StringIO()  # exit() closes it, and help() needs one
    values, wrong = {}, None
    try:
        _namespace.update(await _after(given["before"]))
        for name, value in given["inputs"].items():
            _namespace[name] = np.array(value, dtype=float) if isinstance(value, list) else value
        last = await eval_code_async(code, globals=_namespace, filename=FILE)
        values = {name: shown(_namespace[name]) for name in given["outputs"] if name in _namespace}
        if shows:
            _flush(written)
            if last is not None:
                _namespace["_"] = last
                showing.display(last)
    except BaseException as error:  # SystemExit and KeyboardInterrupt are the program's own too
        values, wrong = {}, None if _is_end(error) else fault(error)
    if shows:
        try:
            showing.show_figures()
        except BaseException as error:  # a figure may have a method of the program's
            wrong = wrong or fault(error)
    _flush(written)
    outlet.flush()
    if task := asyncio.current_task():  # which a program can cancel; then its outcome would be lost
        while task.cancelling():
            task.uncancel()
    return {"values": values, "fault": wrong}


def _is_end(error: BaseException) -> bool:
    """Whether it is that of `exit()` or `sys.exit(0)`, which end a program as its last line does."""
    return isinstance(error, SystemExit) and isinstance(error.code, int | None) and not error.code


def _flush(written: TextIO) -> None:
    """Have all that was written come out, through streams that the program made, too."""
    for file in (sys.stdout, sys.stderr, written):
        with suppress(Exception):  # it may be closed, as after `with sys.stdout:`, or anything
            file.flush()
    for descriptor in (1, 2):
        with suppress(OSError):
            os.fsync(descriptor)  # a line without an end waits in Pyodide


async def _after(lines: str) -> dict[str, Any]:
    """What lines set; they run once for all programs in a row that have the same ahead of them."""
    if lines and lines not in _before:
        _before.clear()
        found: dict[str, Any] = {"__name__": "__main__"}
        await eval_code_async(lines, globals=found, filename="before.py")
        _before[lines] = found
    return _before.get(lines, {})


def complete(code: str, position: int) -> list[dict[str, str]]:
    """Names that can stand at a position of a program (see `names.complete`)."""
    return names.complete(code, position, _namespace)


def _no_input(prompt: object = "") -> str:
    raise RuntimeError("input() cannot ask anybody here: write the answer into the program instead")


def _as_object(items: Any) -> Any:
    from js import Object

    return Object.fromEntries(items)


def shown(value: Any) -> dict[str, Any] | str:
    """Numbers and arrays as `shape` and `data`, anything else as text."""
    if isinstance(value, Variable):
        value = value.data
    try:
        array = np.asarray(to_cpu(value))
        # Of a large one only the shape: the page draws none, and a copy may take more memory than there is.
        told = array if array.size <= MOST_NUMBERS else array.ravel()[:0]
        return {"shape": list(array.shape), "data": told.astype(np.float64).ravel()}
    except (TypeError, ValueError):
        return str(value)[:MOST_LETTERS]


def fault(error: BaseException) -> dict[str, Any]:
    """What happened and on which line; frames that are not the program's come off the top."""
    try:
        told = traceback.TracebackException.from_exception(error)
    except Exception:  # an attribute of it is a property that fails
        name = type(error).__name__
        return {"message": name[:MOST_OF_MESSAGE], "traceback": name, "line": None}
    frames = list(told.stack)
    own = [i for i, frame in enumerate(frames) if frame.filename == FILE]
    told.stack = traceback.StackSummary.from_list(frames[own[0] :] if own else [])
    if isinstance(error, SyntaxError) and error.filename == FILE:
        line = error.lineno
    else:
        line = frames[own[-1]].lineno if own else None
    message = list(told.format_exception_only())[-1].strip()
    return {
        "message": message if len(message) <= MOST_OF_MESSAGE else f"{message[:MOST_OF_MESSAGE]}…",
        "traceback": "".join(told.format())[-MOST_LETTERS:],
        "line": line if isinstance(line, int) and 0 < line <= MOST_LINES else None,
    }

"""A program's changes are undone before the next one runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cpython  # there are no processes inside Pyodide

SITE = Path(__file__).parents[1] / "site" / "python"

AROUND = """
import asyncio

async def all_of_it():
    from tab import restoring
    await program()
    restoring.restore()
    await asyncio.sleep(0)
    check()

def check():
    import json, os, sys
    assert json.loads("[1]") == [1]
    assert (len("ab"), str(1), isinstance(1, int)) == (2, "1", True)
    assert (sys.gettrace(), sys.getprofile(), sys.getrecursionlimit()) == (None, None, 1000)
    assert sys.modules["json"] is json and os.getcwd() == FOLDER
    loop = asyncio.get_event_loop()
    assert loop.call_soon is not None and asyncio.all_tasks() == {asyncio.current_task()}

import os, sys
FOLDER = os.getcwd()
import json
async def program():
%s
    pass
asyncio.run(all_of_it())
print("restored")
"""

PROGRAMS = {
    "names": ["import builtins", "builtins.str = int", "del builtins.len", "builtins.isinstance = None"],
    "all names": ["import builtins", "vars(builtins).clear()"],
    "modules": ["for name in list(sys.modules): sys.modules[name] = None"],
    "no modules": ["sys.modules.clear()"],
    "the table of modules": ["sys.modules = {}", "sys.modules['json'] = 5"],
    "a module beside them": ["sys.modules['colorsys'] = None"],
    "tracing": ["sys.setprofile(lambda *all: None)", "sys.settrace(lambda *all: None)"],
    "depth": ["sys.setrecursionlimit(10**6)"],
    "the folder": ["os.chdir('/')"],
    "the loop": ["asyncio.get_event_loop().call_later = None", "asyncio.set_event_loop(None)"],
    "a task that goes on": ["global task", "task = asyncio.ensure_future(asyncio.sleep(1000))"],
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_changes_of_a_program_are_undone(program: list[str]) -> None:
    code = AROUND % "\n".join(f"    {line}" for line in program)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SITE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "restored\n", done.stderr

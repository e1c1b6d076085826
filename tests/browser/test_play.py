"""The playground: programs run, fail, flood the output and are stopped."""

from __future__ import annotations

import time

import pytest
from playgrounds import Playground

# --------------------------------------------------------------------------------------- running and stopping


def test_a_program_prints_and_shows_its_last_value(play: Playground) -> None:
    assert play.run("import numpy as np\nprint('a', end=' ')\nprint('b')\nx = np.arange(3)\nx * 2") == (
        "a b\narray([0, 2, 4])"
    )
    assert play.text("#notice").startswith("Done in ")
    assert play.text("#announcement") == play.text("#notice")


def test_run_resets_the_namespace_and_a_line_keeps_it(play: Playground) -> None:
    play.run("x = 20")
    assert play.enter("x + 22").endswith("42")
    assert play.enter("y = _ * 2; print(y)").endswith("84")
    assert "NameError" in play.run("x")


def test_top_level_await(play: Playground) -> None:
    assert play.run("import asyncio\nawait asyncio.sleep(0.01)\n'waited'") == "'waited'"


def test_a_traceback_marks_its_line(play: Playground) -> None:
    output = play.run("def f(x):\n    return 1 / x\n\nf(0)\n")
    assert output.startswith("Traceback")
    assert 'File "program.py", line 2, in f' in output
    assert "pyodide" not in output
    assert play.text("#notice") == "Line 2: ZeroDivisionError: division by zero"
    assert play.page.inner_text(".cm-wrong").strip() == "return 1 / x"
    play.page.click("text=Go to line 2")
    play.page.keyboard.press("End")
    play.page.keyboard.type(" ")
    assert play.page.locator(".cm-wrong").count() == 0  # the mark was for another program


def test_a_syntax_error_marks_its_line(play: Playground) -> None:
    assert "SyntaxError" in play.run("a = 1\nb = = 2\n")
    assert play.page.inner_text(".cm-wrong").strip() == "b = = 2"


def test_stack_of_a_javascript_error_has_no_program(play: Playground) -> None:
    code = """
import js
from pyodide.ffi import JsException
try:
    js.JSON.parse("{")
except JsException as error:
    print(len(error.stack) < 10_000)
"""
    assert play.run(code) == "True"


def test_input_is_refused(play: Playground) -> None:
    assert "input() cannot ask anybody here" in play.run("input('name?')")


def test_sys_exit_is_reported(play: Playground) -> None:
    assert "SystemExit: 3" in play.run("import sys\nsys.exit(3)")


def test_exit_and_help(play: Playground) -> None:
    assert play.run("print('end')\nexit()\nprint('never')").strip() == "end"
    assert play.run("import sys\nprint('end')\nsys.exit(0)").strip() == "end"
    assert "Return the number of items in a container." in play.run("help(len)")


def test_an_endless_loop_is_stopped(play: Playground) -> None:
    play.start("x = 1\nprint('on the way')\nwhile True: pass")
    play.wait_for_spare()
    seconds = play.stop()
    print(f"from Stop to the next Run: {seconds:.2f} s")
    assert seconds < 1
    assert play.text("#notice") == "Stopped. The program’s variables are gone."
    assert "on the way" in play.text("#output")
    assert "while True: pass" in play.page.inner_text("#editor .cm-content")
    assert "NameError" in play.enter("x")
    assert play.run("'again'") == "'again'"


# How many messages arrive in 60 turns of the page's event loop: each changes the output in its own task.
GOES_ROUND = """async () => {
  let messages = 0;
  const output = new MutationObserver(() => messages++);
  output.observe(document.querySelector('#output'), { characterData: true, childList: true, subtree: true });
  for (let i = 0; i < 60; i++) {
    await new Promise((done) => setTimeout(done));
    await new Promise(requestAnimationFrame);
  }
  output.disconnect();
  return messages;
}"""


def test_a_flood_leaves_the_page_responsive(play: Playground) -> None:
    play.start("i = 0\nprint('on the way')\nwhile True:\n    i += 1\n    print('line', i)")
    session = play.page.context.new_cdp_session(play.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        """Seconds in which the page's own thread was busy."""
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    before, began = busy(), time.monotonic()
    assert play.page.evaluate(GOES_ROUND) > 0
    assert (busy() - before) / (time.monotonic() - began) < 0.5
    play.stop()
    output = play.page.text_content("#output")
    assert output
    assert len(output) < 200_000
    assert "lines left out]" in output
    lines = [int(line.split()[1]) for line in output.splitlines() if line.startswith("line ")]
    assert lines
    assert lines == sorted(lines)


def test_a_progress_bar_stays_on_its_line(play: Playground) -> None:
    assert play.run("for i in range(5):\n    print(f'\\r{i} of 4', end='', flush=True)\nprint()") == "4 of 4"


def test_very_many_carriage_returns(play: Playground) -> None:
    flood = "print('\\r' * 9_900, end='', flush=True)\n    await asyncio.sleep(0.12)"
    assert play.run(f"import asyncio\nfor i in range(10):\n    {flood}\nprint('end')") == "end"


def test_a_program_may_close_its_output(play: Playground) -> None:
    assert play.run("import sys\nwith sys.stdout as out:\n    out.write('whole\\n')") == "whole"
    assert play.text("#notice").startswith("Done in ")


@pytest.mark.parametrize(
    "code",
    [
        "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer)\nprint('whole', end='')",
        "import os\nos.write(1, b'whole')",
        "import asyncio\nprint('whole')\nasyncio.current_task().cancel()",
    ],
)
def test_no_output_is_lost(play: Playground, code: str) -> None:
    assert play.run(code + "\nNone") == "whole"
    assert play.text("#notice").startswith("Done in ")


def test_error_whose_message_fails(play: Playground) -> None:
    odd = "    @property\n    def __cause__(self):\n        raise OSError\n"
    play.run(f"class Odd(Exception):\n{odd}raise Odd")
    assert play.text("#notice") == "Odd"


@pytest.mark.parametrize("line", ["-5", "10**30", "object()"])
def test_error_on_a_line_outside_the_program(play: Playground, line: str) -> None:
    play.run(f"e = SyntaxError('odd')\ne.filename, e.lineno = 'program.py', {line}\nraise e")
    assert play.text("#notice") == "SyntaxError: odd"


def test_long_error_message_leaves_room_for_the_editor(play: Playground) -> None:
    output = play.run("raise ValueError('long ' * 1000)")
    assert len(play.text("#notice")) < 250
    assert "long " * 1000 in output + " "
    assert play.run("1 + 1") == "2"


@pytest.mark.full
def test_endless_c_call_is_stopped(play: Playground) -> None:
    """In C code Python does not check for interrupts."""
    play.start("print('on the way', flush=True)\nsum(iter(int, 1))")
    play.wait_for_spare()
    assert play.stop() < 1
    assert play.run("'again'") == "'again'"


def test_tqdm_shows_its_bar(play: Playground) -> None:
    output = play.run("from tqdm import tqdm\nfor i in tqdm(range(5)):\n    pass")
    assert output.startswith("100%|")
    assert "Warning" not in output


# ------------------------------------------------------------------------------------ what a program may do


@pytest.mark.parametrize(
    "end",
    [
        "os.abort()",
        pytest.param("os._exit(3)", marks=pytest.mark.full),
        pytest.param("js.close()", marks=pytest.mark.full),
    ],
)
def test_python_crash_is_reported(play: Playground, end: str) -> None:
    play.expected += ["Aborted()", "fatal error", "unreachable"]
    play.ready()
    play.write(f"import js, os\nprint('on the way', flush=True)\n{end}\n")
    play.page.click("#go")
    play.wait_for("#fault-title", "Python is not running: ")
    assert play.text("#notice") == "Python ended, and the program’s variables are gone."
    assert "on the way" in play.text("#output")
    assert end in play.code()
    play.page.click("#retry")
    assert play.run("'again'") == "'again'"
    assert play.page.is_hidden("#fault")


REPLACING = """
import asyncio, builtins, os, sys
asyncio.set_event_loop(None)
builtins.sum = None
os.chdir("/")
for name in list(sys.modules):
    sys.modules[name] = None
"""
USING = """
import asyncio
import numpy as np
await asyncio.sleep(0.01)
print(np.arange(3).sum(), sum([1, 1]), open("here.txt", "w").write("x"))
"""


def test_changes_of_a_program_are_undone(play: Playground) -> None:
    assert play.run(REPLACING) == ""
    assert play.run(USING) == "3 2 1"


def test_page_survives_a_broken_python(play: Playground) -> None:
    play.ready()
    play.write("import tab.outlet\ntab.outlet.Outlet.flush = None")
    play.page.click("#go")
    play.wait_for("#fault-title", "the program has changed something that Python itself needs")
    play.page.click("#language")
    play.wait_for("#fault-title", "プログラムが、Python 自体に必要なものを書き換えました")
    play.page.click("#language")
    play.page.click("#retry")
    assert play.run("'again'") == "'again'"


@pytest.mark.full
def test_a_figure_that_cannot_be_drawn(play: Playground) -> None:
    output = play.run("import matplotlib.pyplot as plt\nplt.title(r'$\\bad$')\nprint('before')")
    assert output.startswith("before\n")
    assert "Unknown symbol: \\bad" in output
    assert play.run("'again'") == "'again'"

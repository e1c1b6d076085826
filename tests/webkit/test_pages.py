"""The pages in WebKit: Python starts on each, threads work, programs of visitors are isolated and stopped."""

from __future__ import annotations

import base64
import json
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import Visit
from hosting import put_kernels
from own_pictures import photos
from selenium.webdriver.common.keys import Keys
from strokes import DIGITS

from pyconvlite import export_html, no_grad
from pyconvlite import test_mode as evaluating  # pytest would take it for a test
from pyconvlite.backends.simd import library
from pyconvlite.models import SmallResNet

MOST_THREADS = 4

# Attempts that an opaque origin and the policy must block.
TRIES = """
import js
from pyconvlite.backends import describe
from pyodide.ffi import JsException

print(js.origin, describe().backend, describe().threads_error)
try:
    await js.fetch("URL")
except JsException as error:
    print("no network:", error)
try:
    js.indexedDB.open("a")
except JsException as error:
    print("no database:", error, len(error.stack) < 10_000)
print("caches:", len(await js.caches.keys()))
"""

PLOT = """
import matplotlib.pyplot as plt
class Bold:
    def _repr_html_(self):
        return "<b style='color: red'>x</b>"
plt.plot([1, 2]); plt.title("a line"); plt.show()
Bold()
"""

# Runs all cells of the notebook, then tells what they wrote.
RUN_NOTEBOOK = """
const done = arguments[0];
const told = ({ text, ename }) => ename ?? text ?? '';
const written = ({ cells }) => cells.flatMap(({ outputs }) => outputs ?? []).map(told);
jupyterapp.commands.execute('notebook:run-all-cells').then(
  () => done(written(jupyterapp.shell.currentWidget.content.model.toJSON())),
  (error) => done([String(error)]),
);
"""

KERNEL_IS_IDLE = """
const widget = globalThis.jupyterapp?.shell.currentWidget;
return widget?.context?.isReady && widget.sessionContext.session?.kernel?.status === 'idle';
"""


def test_page_trains_on_all_cores_and_reads_a_drawing(visit: Visit) -> None:
    visit.open("?model=MLP&images=10000")
    visit.click("#go")
    visit.wait_for("#notice", "Test accuracy", 120)
    assert float(visit.text("#test-accuracy").rstrip("%")) > 85
    cores = min(visit.driver.execute_script("return navigator.hardwareConcurrency"), MOST_THREADS)
    visit.driver.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert "(simd128)" in visit.text("#kernels")
    assert f" on {cores} cores." in visit.text("#kernels")
    visit.draw(DIGITS[1])
    visit.wait_for("#seen-caption", "your drawing, centered and scaled like MNIST’s digits. It reads a 1.")


def test_playground_runs_isolates_and_stops_programs(visit: Visit) -> None:
    visit.open("play.html")
    visit.until(
        lambda: visit.driver.execute_async_script("caches.keys().then(arguments[0])")
    )  # the site has some
    run(visit, TRIES.replace("URL", visit.url))
    lines = visit.text("#output").splitlines()
    assert lines[0] == "null simd None"
    assert lines[1].startswith("no network:")
    assert lines[2].startswith("no database:")
    assert lines[2].endswith("True")
    assert lines[3] == "caches: 0"
    visit.click("#share")
    visit.wait_for("#shared-text", "The link is copied.")
    run(visit, PLOT)
    visit.until(lambda: visit.all('#output img[alt="a line"]'))
    show(visit, "print('on the way')\nwhile True: pass")
    visit.wait_for("#output", "on the way")
    time.sleep(10)  # the spare Python loads
    visit.click("#stop")
    began = time.monotonic()
    visit.until(lambda: visit.all("#go[aria-disabled=false]"))
    assert time.monotonic() - began < 5


def run(visit: Visit, code: str) -> None:
    """Run a program to its end."""
    show(visit, code)
    time.sleep(0.5)  # it has begun
    visit.until(lambda: visit.all("#go[aria-disabled=false]"), 120)


def show(visit: Visit, code: str) -> None:
    """Bring a program by a link, and start it."""
    link = base64.urlsafe_b64encode(zlib.compress(code.encode())).decode().rstrip("=")
    visit.until(lambda: visit.all("#go[aria-disabled=false]"), 120)
    visit.driver.execute_script("location.assign(arguments[0])", f"#code={link}")
    visit.until(lambda: visit.driver.execute_script("return location.hash === ''"))  # the editor has it
    visit.click("#go")


def test_lesson_computes_what_the_visitor_changes(visit: Visit) -> None:
    visit.open("lesson-sum.html")
    assert visit.element("nav [aria-current]").value_of_css_property("text-decoration-line") == "underline"
    answer = visit.element("#sum .ask form input")
    answer.send_keys("15", Keys.ENTER)  # what the question hides
    outputs = [cell.text for cell in visit.all("#sum .shown .tensor:nth-of-type(3) .cell text")]
    assert outputs == ["15", "16", "6", "15"]
    visit.element("#sum .shown .tensor .cell").send_keys("9", Keys.ENTER)  # in place of 1; its weight is 2
    visit.until(lambda: visit.all("#sum .shown .tensor:nth-of-type(3) .cell text")[0].text == "31")
    focused = visit.element("#sum .cell:focus-visible .fill")
    assert focused.value_of_css_property("stroke-width") == "5px"  # it draws no outline there


def test_own_pictures_are_learned(visit: Visit, tmp_path: Path) -> None:
    visit.open("own.html")
    for index, kind in enumerate(("stripes", "dots")):
        for file in photos(kind, 8):
            (tmp_path / file["name"]).write_bytes(file["buffer"])
        names = sorted(str(path) for path in tmp_path.glob(f"{kind}*.jpg"))
        visit.all("#classes .card input[accept]")[index].send_keys("\n".join(names))
    visit.until(lambda: len(visit.all("#classes .shots li")) == 16)
    visit.click("#go")
    visit.wait_for("#notice", "Trained.", 120)


def test_exported_page_computes_what_the_model_computes(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_kernels(tmp_path)
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    model, x = SmallResNet(), np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    with no_grad(), evaluating():
        expected = model(x).data[0]
    export_html(model, tmp_path / "page.html", classes=[*"0123456789"], shape=(3, 32, 32))
    visit.open((tmp_path / "page.html").as_uri())
    output = visit.driver.execute_async_script(
        "const [x, done] = arguments; run(new Float32Array(x)).then((y) => done([...y]))", x.ravel().tolist()
    )
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.full
def test_notebook_runs_to_its_end(visit: Visit) -> None:
    visit.open("lite/notebooks/index.html?path=en/55.ipynb")
    visit.until(lambda: visit.driver.execute_script(KERNEL_IS_IDLE), 120)
    visit.driver.set_script_timeout(120)
    written = json.dumps(visit.driver.execute_async_script(RUN_NOTEBOOK))
    assert "the same as by loops: True" in written
    assert "Error" not in written
    visit.forget_faults()  # JupyterLite's own warnings

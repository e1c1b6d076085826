"""The training page: loading, failures, keyboard, phone, and what it shows."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DESK, PHONE
from hosting import Preview, Server
from PIL import Image
from playwright.sync_api import Route
from strokes import DIGITS, draw
from visits import Visit

# The focused element: its description, its label, its outline.
FOCUSED = """() => {
  const { activeElement: e } = document;
  const label = e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent
    || document.getElementById(e.getAttribute('aria-labelledby'))?.textContent;
  return [e.name || e.id || e.tagName, label, getComputedStyle(e).outlineStyle];
}"""

SITE = Path(__file__).parents[2] / "site"


@pytest.mark.full
def test_a_host_that_encodes_gzipped_files(enter: Callable[..., Visit], own_server: Server) -> None:
    own_server.encodes = True
    visit = enter(own_server.url)
    visit.wait_for("#go", "Train")
    visit.wait_for("#seen-caption", "a test image: a 7")


def test_loading_shows_bytes_and_remembers_train(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")
    held: list[Route] = []
    visit.page.context.route("**/pyodide.asm.wasm?*", lambda route: held.append(route))
    visit.page.goto(server.url)
    visit.wait_for("#notice", "MB")
    visit.page.click("#go")
    visit.wait_for("#go", "Starts when loaded")
    held[0].continue_()
    total = visit.page.evaluate("document.getElementById('progress').max")
    assert 25e6 < total < 33e6
    values = []
    while visit.text("#go") == "Starts when loaded":
        values.append(visit.page.evaluate("document.getElementById('progress').value"))
        visit.page.wait_for_timeout(50)
    assert max(values) == total
    assert values[: values.index(total)] == sorted(values[: values.index(total)])
    assert "Running Pyodide 314.0.3, Python 3.14" in visit.text("#versions")
    visit.until_seen(32)


@pytest.mark.parametrize(
    "name",
    [
        "pyodide.mjs",
        pytest.param("pyodide.asm.wasm", marks=pytest.mark.full),
        pytest.param("t10k-images.gz", marks=pytest.mark.full),
    ],
)
def test_missing_file(enter: Callable[..., Visit], own_server: Server, name: str) -> None:
    own_server.missing.add(name)
    visit = enter(own_server.url)
    visit.expected += ["404", "wasm"]
    visit.wait_for("#fault-title", "Python is not running")
    assert name in visit.text("#fault-title")
    assert visit.page.get_attribute("#go", "aria-disabled") == "true"
    if name == "pyodide.mjs":
        own_server.missing.clear()
        visit.page.click("#retry")
        visit.wait_for("#go", "Train")
        assert visit.page.is_hidden("#fault")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("python_stdlib.zip", marks=pytest.mark.full),
        pytest.param("installed.gz", marks=pytest.mark.full),
        "pyodide.asm.wasm",
        pytest.param("t10k-images.gz", marks=pytest.mark.full),
    ],
)
def test_truncated_file(enter: Callable[..., Visit], own_server: Server, name: str) -> None:
    own_server.cut.add(name)
    visit = enter(own_server.url)
    visit.expected += [
        "error: ",
        "warning: ",
    ]  # Pyodide's message on the console; an uncaught error is a fault
    visit.wait_for("#fault-title", "Python is not running")
    assert name in visit.text("#fault-title")


def test_weights_survive_a_worker_crash(visit: Visit, tmp_path: Path) -> None:
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.until_seen(1)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    hint = visit.text("#model-hint")
    before = visit.weights(tmp_path).read_bytes()
    visit.end_worker()
    visit.wait_for("#fault-title", "end of the worker")
    visit.page.click("#retry")
    visit.wait_for("#go", "Train")
    assert visit.text("#model-hint") == hint
    assert visit.weights(tmp_path).read_bytes() == before


# Frames seem to take long, so that a result is queued, and Python is restarted at once.
SLOWLY = """() => {
  const now = performance.now.bind(performance);
  let gone = 0;
  performance.now = () => now() + gone;
  setInterval(() => { gone += 2_000; }, 10);
  const observer = new MutationObserver(() => {
    observer.disconnect();
    document.getElementById('retry').click();
  });
  observer.observe(document.getElementById('fault'), { childList: true });
}"""


@pytest.mark.full
def test_worker_crash_while_a_result_is_queued(enter: Callable[..., Visit]) -> None:
    visit = enter()
    visit.wait_for("#go", "Train")
    visit.page.evaluate(SLOWLY)
    for index in ("4", "5", "6"):
        visit.page.fill("#test-index", index)
        visit.page.press("#test-index", "Enter")
    visit.end_worker()
    visit.wait_for("#go", "Loading")
    visit.wait_for("#notice", "Ready.")
    visit.wait_for("#seen-caption", "a test image: a 4")


END_SILENTLY = "void setTimeout(() => self.close())"  # as a browser ends a worker when it runs out of memory


@pytest.mark.full
def test_silent_worker_end_is_detected(visit: Visit) -> None:
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.until_seen(1)
    visit.page.workers[0].evaluate(END_SILENTLY)
    visit.wait_for("#fault-title", "Python is not running: the browser ended its worker", seconds=10)
    visit.page.click("#language")
    visit.wait_for("#fault-title", "ブラウザがワーカーを終了させました")
    visit.page.click("#language")
    visit.page.click("#retry")
    visit.wait_for("#go", "Train")
    assert visit.page.is_hidden("#fault")


@pytest.mark.full  # the page's timeout is twenty seconds
def test_unresponsive_worker_is_replaced(enter: Callable[..., Visit]) -> None:
    visit = enter()
    silent: list[str] = []

    def answer(route: Route) -> None:
        if silent:
            return route.continue_()
        silent.append(route.request.url)
        return route.fulfill(body="", content_type="text/javascript")

    visit.page.route("**/networks.worker-*.js", answer)
    visit.page.reload()
    visit.wait_for("#go", "Train", seconds=60)
    assert len(silent) == 1
    assert visit.page.is_hidden("#fault")


@pytest.mark.full
@pytest.mark.parametrize("page", ["play.html", "bench.html"])
def test_end_of_another_pages_python_is_detected(
    enter: Callable[..., Visit], server: Preview, page: str
) -> None:
    visit = enter(server.url + page, locale="en-US")
    if page == "bench.html":
        visit.page.click("#go")
    visit.wait_for("#versions", "Running Pyodide")
    visit.page.wait_for_timeout(100)
    visit.page.workers[0].evaluate(END_SILENTLY)
    visit.wait_for("#fault-title", "the browser ended its worker")
    visit.page.click("#retry")
    visit.page.wait_for_selector("#fault", state="hidden")


def test_late_result_keeps_the_drawing(visit: Visit) -> None:
    visit.page.evaluate("""
        document.getElementById('test-form').requestSubmit();
        document.getElementById('clear').click();
    """)
    visit.wait_for("#seen-caption", "Nothing drawn yet.")
    visit.stand_still()
    ink = "document.getElementById('pad').getContext('2d').getImageData(0, 0, 280, 280).data"
    assert not visit.page.evaluate(f"{ink}.some((value) => value > 0)")


def test_touch_draws(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    touch = visit.page.context.new_cdp_session(visit.page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    visit.page.click("#clear")
    visit.wait_for("#seen-caption", "Nothing drawn yet.")
    visit.page.locator("#pad").scroll_into_view_if_needed()
    box = visit.page.locator("#pad").bounding_box()
    assert box
    x = box["x"] + box["width"] / 2
    for i, kind in enumerate(("touchStart", "touchMove", "touchMove", "touchMove")):
        y = box["y"] + box["height"] * (0.2 + 0.2 * i)
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    visit.wait_for("#seen-caption", "your drawing")
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    visit.page.set_viewport_size(DESK)


@pytest.mark.full
@pytest.mark.parametrize("page", ["index.html", "own.html?way=drawings"])
def test_ink_is_visible_with_forced_colors(enter: Callable[..., Visit], server: Preview, page: str) -> None:
    visit = enter(server.url + page, python=False, color_scheme="dark", forced_colors="active")
    draw(visit.page, DIGITS[1])
    picture = Image.open(io.BytesIO(visit.page.locator("#pad").screenshot())).convert("L")
    width, height = picture.size
    darkest, lightest = picture.crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4)).getextrema()
    assert darkest < 30 < 220 < lightest


def test_shown_code_is_the_code_that_runs(trained: Visit) -> None:
    for name in ("training", "looking"):
        trained.page.wait_for_selector(f"#{name}-py")
        assert trained.page.text_content(f"#{name}-py") == (SITE / f"python/tab/{name}.py").read_text()
    trained.choose(optimizer="MomentumSGD")
    assert trained.page.input_value("[name=learningRate]") == "0.02"  # each has its own default
    trained.choose(model="LeNet", learningRate="0.03", images=20_000, epochs=2)
    program = trained.page.text_content("#run-py")
    assert program
    assert "model = build(LeNet)" in program
    assert "training_set(20_000)" in program
    assert "MomentumSGD(0.03)" in program
    compile(program, "run.py", "exec")
    trained.choose(model="SmallCNN", optimizer="Adam", images=60_000, epochs=1)


def test_keyboard_only(trained: Visit) -> None:
    page = trained.page
    reached: list[str] = []
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
    page.locator(".skip").focus()
    while len(reached) < 200:
        page.keyboard.press("Tab")
        name, label, outline = page.evaluate(FOCUSED)
        if name == "BODY":  # across the page
            break
        assert label, f"{name} has no label"
        assert outline != "none", f"{name} does not show that it has the focus"
        reached.append(name)
    for name in (
        "go",
        "model",
        "optimizer",
        "learningRate",
        "images",
        "batchSize",
        "epochs",
        "fresh",
        "kernels",
    ):
        assert name in reached
    for name in ("download", "upload", "clear", "test-index", "random-test", "test"):
        assert name in reached


def test_training_by_keyboard(visit: Visit) -> None:
    visit.page.focus("#go")
    visit.page.keyboard.press("Enter")
    visit.wait_for("#go", "Pause")
    visit.until_seen(1)
    visit.page.keyboard.press("Space")
    visit.wait_for("#go", "Resume")
    assert visit.page.evaluate("document.activeElement.id") == "go"
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    visit.wait_for("#go", "Train")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_layout_on_a_phone(trained: Visit, scheme: str) -> None:
    page = trained.page
    kept = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = page.evaluate(
        """() => [...document.querySelectorAll('main button, main select, main input:not([hidden])')]
        .filter((e) => !e.matches('[data-key]')) // the network's maps, of which there are many
        .map((e) => [e, ['checkbox', 'radio'].includes(e.type) ? e.closest('label') : e])
        .map(([e, box]) => [e.id || e.name || e.textContent, box.getBoundingClientRect().height])
        .filter(([, height]) => height && height < 40)"""
    )
    assert small == []
    page.set_viewport_size(kept)

"""Late results do not undo what the visitor has done meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hosting import Preview
from own_pictures import card, has, photos
from playwright.sync_api import Route
from strokes import DIGITS, draw
from test_keeping import train_a_little, until_kept
from test_play_kept import link
from test_train import SLIDE, slide
from visits import Visit

from pyconvlite import onnx

# The page's database does not open.
HOLD = """const open = indexedDB.open.bind(indexedDB);
indexedDB.open = () => Object.assign(open('held'), { addEventListener() {} });"""

# The page's past runs, as the browser keeps them.
RUNS = """() => new Promise((done) => {
  indexedDB.open('training').onsuccess = ({ target: { result: database } }) => {
    const request = database.transaction('work').objectStore('work').get('runs');
    request.onsuccess = () => done(request.result);
  };
})"""


def held(visit: Visit, pattern: str) -> Callable[[], None]:
    """Hold the responses to requests; return the function that releases them."""
    waiting: list[Route] = []
    visit.page.route(re.compile(pattern), lambda route: waiting.append(route))

    def let_go() -> None:
        for route in waiting:
            route.continue_()
        visit.page.unroute_all()

    return let_go


def test_pause_right_after_resume(visit: Visit) -> None:
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.until_seen(16)
    visit.page.click("#go")
    visit.wait_for("#go", "Resume")
    visit.page.evaluate("for (let i = 0; i < 2; i++) document.getElementById('go').click()")
    visit.wait_for("#go", "Resume", seconds=10)
    seen = visit.seen()
    visit.page.wait_for_timeout(500)
    assert visit.seen() == seen
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


@pytest.mark.full
def test_moment_changed_while_a_file_opens(visit: Visit, tmp_path: Path) -> None:
    visit.choose(model="MLP", batchSize=100)
    for batches in (1, 2):
        visit.page.click("#step")
        visit.until(f"parseInt(document.getElementById('r-samples').textContent) === {100 * batches}")
        visit.wait_for("#go", "Resume")
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    visit.stand_still()
    file = visit.weights(tmp_path)
    visit.keep_busy()
    visit.page.set_input_files("#file", file)
    visit.wait_for("#go", "Opening")
    slide(visit, "moment", 1)
    visit.wait_for("#notice", f"The weights from {file.name} are loaded.")
    visit.page.click("#clear")
    visit.wait_for("#seen-caption", "Nothing drawn yet.")
    visit.stand_still()
    assert visit.page.is_hidden("#fault")


@pytest.mark.full
def test_run_started_during_a_query_of_the_old_model(visit: Visit) -> None:
    visit.choose(model="MLP", batchSize=100, images=20_000)
    visit.page.check("[name=speed][value=full]", force=True)
    visit.page.click("#go")
    visit.wait_for("#notice", "Test accuracy")
    visit.choose(images=10_000, fresh="yes")
    for _ in range(2):
        visit.keep_busy()
        visit.page.evaluate(f"({SLIDE})(['moment', document.getElementById('moment').max]); go.click()")
        visit.page.wait_for_timeout(2_000)
        visit.wait_for("#notice", "Test accuracy")
    short = visit.page.evaluate(RUNS)[-1]["curves"]
    assert short["samples"][-1] == 10_000
    assert all(samples <= 10_000 for samples in short["test"]["samples"])


@pytest.mark.full
def test_onnx_file_is_of_the_network_at_the_click(enter: Callable[..., Visit], tmp_path: Path) -> None:
    visit = enter()
    visit.wait_for("#go", "Train")
    visit.choose(model="MLP")
    visit.page.click("#step")
    visit.wait_for("#go", "Resume")
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    W = np.load(visit.weights(tmp_path))
    let_go = held(visit, r"protobuf.*\.whl")
    with visit.page.expect_download() as download:
        visit.page.click("#download-onnx")
        visit.page.click("#go")
        visit.until_seen(500)
        let_go()
    visit.page.click("#stop")
    model = onnx.load(download.value.path().read_bytes())
    given = {p.data.tobytes() for _, p in model.named_params()} | {
        p.data.T.tobytes() for _, p in model.named_params()
    }
    assert all(W[name].tobytes() in given for name in W)


@pytest.mark.full
def test_drawing_before_the_page_is_ready(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")
    visit.page.add_init_script(HOLD)
    let_go = held(visit, r"pyodide\.asm\.wasm")
    visit.page.goto(server.url)
    visit.page.wait_for_selector("#go[aria-disabled=false]")
    draw(visit.page, DIGITS[3])
    visit.page.wait_for_timeout(2_500)  # the page's timeout for its database
    let_go()
    visit.wait_for("#notice", "Ready.")
    visit.wait_for("#seen-caption", "your drawing")


@pytest.mark.full
def test_line_edited_while_it_runs(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")
    let_go = held(visit, r"pyodide\.asm\.wasm")
    visit.page.goto(f"{server.url}lesson-sum.html")
    question = visit.page.locator("form:has(.program)").first
    question.locator("input").fill("y = 12345")
    question.get_by_role("button", name="Run it").click()
    question.get_by_role("button", name="Show me").click()
    let_go()
    question.get_by_role("button", name="Run it").wait_for()
    visit.stand_still()
    assert question.locator("input").input_value() != "y = 12345"
    assert visit.page.locator(".ask", has=question).locator(".verdict").inner_text() == ""


def test_language_chosen_before_a_linked_program_opens(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank", python=False)
    let_go = held(visit, r"programs\.json")
    visit.page.goto(f"{server.url}play.html{link(b'print(12345)')}")
    visit.page.click("#language")
    visit.page.wait_for_timeout(200)
    let_go()
    visit.page.wait_for_selector("#came-text")
    visit.wait_for("#editor", "12345")


# Stored drawings are decoded only after `goOn()`.
HOLD_PICTURES = """const decode = createImageBitmap;
const free = new Promise((resolve) => (window.goOn = resolve));
window.createImageBitmap = (...all) => free.then(() => decode(...all));"""


@pytest.mark.full
def test_python_crash_while_pictures_are_decoded(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}own.html?way=drawings", python=False)
    for i in range(2):
        draw(visit.page, DIGITS[3])
        card(visit, 0).locator(".add").click()
        has(visit, 0, i + 1)
    visit.wait_for("#kept", "2 pictures, stored in this browser only")
    visit.page.context.unroute_all()
    visit.page.add_init_script(HOLD_PICTURES)
    visit.page.reload()
    visit.wait_for("#notice", "Looking at the pictures: 0 of 2")
    let_go = held(visit, r"networks\.worker")  # first: Playwright may wait forever beside a worker that ends
    visit.end_worker()
    visit.wait_for("#fault-title", "end of the worker")
    visit.page.click("#retry")
    visit.wait_for("#notice", "Loading Python.")
    visit.page.evaluate("goOn()")
    visit.page.wait_for_timeout(200)
    let_go()
    visit.wait_for("#notice", "Ready.")
    visit.stand_still()
    assert visit.page.is_hidden("#fault")


def test_leaving_the_page_while_a_picture_is_decoded(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank", python=False)
    visit.page.add_init_script(HOLD_PICTURES)
    visit.page.goto(f"{server.url}own.html")
    visit.page.set_input_files("#open-file", photos("dots", 1))
    visit.page.click("nav a[href$='learn.html']")
    visit.page.wait_for_url("**/learn.html")
    visit.page.evaluate("goOn()")
    visit.page.wait_for_timeout(300)  # an uncaught error is a fault of the visit


# Python reports a GPU, and its comparison with the CPU never ends.
GPU = """const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (sent, ...more) {
  if (sent.method === 'compare') return;
  if (sent.method !== 'findGpu') return postMessage.call(this, sent, ...more);
  const data = { kind: 'result', id: sent.id, value: { name: 'a GPU' } };
  setTimeout(() => this.onmessage({ data, timeStamp: performance.now() }));
};"""


@pytest.mark.full
def test_stop_during_the_comparison_of_kernels(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")
    visit.page.context.add_init_script(GPU)
    visit.page.goto(server.url)
    visit.wait_for("#notice", "Ready.")
    visit.stand_still()
    visit.page.click("#go")
    visit.page.click("#stop")
    visit.wait_for("#notice", "Python was restarted")
    visit.stand_still()
    assert visit.page.is_hidden("#fault")


@pytest.mark.full
def test_evaluation_during_a_search_for_similar_images(visit: Visit) -> None:
    visit.page.evaluate("closest.click(); test.click()")
    visit.wait_for("#notice", "Test accuracy")
    visit.page.wait_for_selector("#neighbours li")


# The page's database opens a second late.
SLOW_DATABASE = """const open = indexedDB.open.bind(indexedDB);
indexedDB.open = (...all) => {
  const request = open(...all);
  const { addEventListener } = request;
  request.addEventListener = (type, listener) =>
    addEventListener.call(request, type, (event) => setTimeout(listener, 1_000, event));
  return request;
};"""


@pytest.mark.full
def test_network_chosen_before_the_stored_one_is_loaded(enter: Callable[..., Visit]) -> None:
    visit = enter()
    visit.wait_for("#go", "Train")
    until_kept(visit, train_a_little(visit))  # an MLP
    visit.page.add_init_script(SLOW_DATABASE)
    visit.page.reload()
    visit.choose(model="LeNet")
    visit.wait_for("#notice", "from your last visit")
    assert visit.page.input_value("#settings [name=model]") == "LeNet"

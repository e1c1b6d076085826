"""The training page: its link, the network editor, moments, diagnosis, adversarial images, files."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PHONE
from hosting import Preview
from lessons import wait
from networks import gradient_norms
from playwright.sync_api import Route
from strokes import DIGITS, draw
from visits import Visit

from pyconvlite import onnx, project
from tab import training

# Moves a slider, with the events of a pointer.
SLIDE = """([id, value]) => {
  const slider = document.getElementById(id);
  slider.value = value;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
}"""


def slide(visit: Visit, slider: str, value: float) -> None:
    visit.page.evaluate(SLIDE, [slider, value])


def rights(visit: Visit) -> int:
    """How many of the page's images are read correctly."""
    return int(visit.text("#reading-count").split()[0])


def test_initial_view(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(python=False, locale="en-US", java_script_enabled=False)
    pictures = "[...document.querySelectorAll('#reading img')].filter((img) => img.naturalWidth === 28)"
    assert visit.page.locator("#reading img").count() == 30
    assert visit.page.locator("#advanced[open]").count() == 0
    assert visit.page.locator("#go.primary").count() == 1
    assert "chrome://" not in visit.page.locator("main").inner_text()
    visit.page.context.close()
    visit = enter(python=False, locale="en-US")
    visit.until(f"{pictures}.length === 30")
    visit.page.context.close()


def test_link_has_the_settings(enter: Callable[..., Visit], server: Preview) -> None:
    link = "model=conv8x3s-norm-pool2-drop25-dense32&optimizer=SGD&rate=0.3&batch=64&epochs=2&images=20000"
    visit = enter(f"{server.url}?{link}&speed=full", python=False)
    visit.unfold()
    page = visit.page
    form = page.evaluate("Object.fromEntries(new FormData(document.getElementById('settings')))")
    wanted = {"optimizer": "SGD", "learningRate": "0.3", "batchSize": "64", "epochs": "2", "images": "20000"}
    assert {name: form[name] for name in wanted} == wanted
    assert page.is_checked("[name=speed][value=full]")
    assert page.locator("#layers .kind").all_inner_texts() == [
        *("Convolution", "Batch norm", "Max pooling", "Dropout", "Linear"),
        "Linear: a score for each digit",
    ]
    assert "SGD(0.3)" in (page.text_content("#run-py") or "")
    visit.until("location.search.includes('model=conv8x3s')")
    visit.choose(model="MLP", optimizer="Adam", batchSize=32, epochs=1, images=60_000)
    page.check("[name=speed][value=ease]", force=True)
    visit.until("location.search === '?model=MLP'")
    visit.choose(learningRate="0.01")
    visit.until("location.search === '?model=MLP&rate=0.01'")
    visit.choose(optimizer="SGD")  # with its usual rate, which the link leaves out
    visit.until("location.search === '?model=MLP&optimizer=SGD'")
    page.reload()
    visit.until("document.getElementById('run-py').textContent.includes('SGD(')")
    assert "SGD(0.1)" in (page.text_content("#run-py") or "")
    visit.choose(optimizer="Adam", learningRate="0.01")
    visit.until("location.search === '?model=MLP&rate=0.01'")
    page.click("#language")
    assert page.url.endswith("/index.ja.html?model=MLP&rate=0.01")


def test_names_of_layers_break_between_words(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(
        f"{server.url}?model=conv16x5-norm-pool2-conv32x5-drop25-dense64", python=False, locale="en-US"
    )
    visit.unfold()
    visit.page.set_viewport_size({"width": 360, "height": 740})
    lines = visit.page.evaluate("""() => [...document.querySelectorAll('#layers .kind')].map((kind) => {
      const range = document.createRange();
      return [...kind.innerText.matchAll(/\\w+/g)].map(({ 0: word, index }) => {
        range.setStart(kind.firstChild, index);
        range.setEnd(kind.firstChild, index + word.length);
        return range.getClientRects().length;
      });
    })""")
    assert lines == [[1], [1, 1], [1, 1], [1], [1], [1], [1] * 6]


def test_linked_and_invalid_networks(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}?model=MLP&kernels=auto", locale="en-US")
    visit.wait_for("#notice", "Ready.")
    visit.unfold()
    visit.wait_for("#model-hint", "MLP with random weights")
    visit.page.select_option("#model", "SmallCNN")
    for _ in range(4):
        visit.page.click("#add-pool")
    visit.until("document.querySelector('#net-hint.flaw') !== null")
    visit.page.evaluate("document.getElementById('advanced').open = false")
    visit.page.click("#go")
    visit.until("document.getElementById('advanced').open && document.activeElement.id === 'net-hint'")
    assert "does not fit on maps of" in visit.text("#net-hint")


@pytest.mark.parametrize(
    "link", ["model=conv16x28-pool9", "rate=-1&batch=0", "rate=1e-9", "model=__proto__&images=1"]
)
def test_invalid_link_is_ignored(enter: Callable[..., Visit], server: Preview, link: str) -> None:
    visit = enter(f"{server.url}?{link}", python=False)
    visit.until("location.search === ''")
    assert "build(SmallCNN)" in (visit.page.text_content("#run-py") or "")


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("", "The network in the link cannot be used"),
        ("index.ja.html", "リンクのネットワークは使えません"),
    ],
)
def test_invalid_network_in_the_link_is_reported(
    enter: Callable[..., Visit], server: Preview, page: str, told: str
) -> None:
    visit = enter(f"{server.url}{page}?model=conv16x28-pool9", locale="en-US")
    visit.wait_for("#notice", told)


def test_network_editor(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(python=False, locale="en-US")
    visit.unfold()
    page = visit.page
    assert "18,378 parameters in total." in visit.text("#net-hint")
    assert visit.text("#layers li:nth-child(3) .size").split() == [
        "32",
        "×",
        "8",
        "×",
        "8",
        "12,832",
        "parameters",
    ]
    page.click("#add-drop")
    page.click("#add-norm")
    visit.until("location.search === '?model=conv16x5-pool2-conv32x5-pool2-drop50-norm'")
    assert visit.page.input_value("#model") == ""
    focused = "document.activeElement.getAttribute('aria-label')"
    page.get_by_label("Move down: 5. Dropout").press("Enter")
    assert page.evaluate(focused) == "Move down: 6. Dropout"  # it is the last one
    page.keyboard.press("Enter")
    page.get_by_label("Move down: 5. Batch norm").press("Enter")
    page.get_by_label("Move up: 6. Batch norm").press("Enter")
    assert page.evaluate(focused) == "Move up: 5. Batch norm"
    page.get_by_label("Remove: 6. Dropout").click()
    page.get_by_label("Remove: 5. Batch norm").click()
    assert visit.page.input_value("#model") == "SmallCNN"  # it equals the predefined network again
    for _ in range(3):
        page.click("#add-pool")
    assert "A window of 2 × 2 does not fit on maps of 1 × 1." in visit.text("#net-hint")
    assert page.locator("#layers .flawed").count() == 1
    page.get_by_label("Remove: 7. Max pooling").click()
    assert "does not fit" not in visit.text("#net-hint")
    page.click("#add-dense")
    page.get_by_label("Move up: 7. Linear").press("Enter")
    assert "This layer needs feature maps" in visit.text("#net-hint")


def test_user_defined_network_is_trained(visit: Visit, tmp_path: Path) -> None:
    visit.page.click("#add-norm")
    visit.page.click("#add-drop")
    visit.choose(batchSize=16)
    assert '"norm1": L.BatchNorm(),' in (visit.page.text_content("#run-py") or "")
    visit.page.click("#go")
    visit.until_seen(160)
    visit.page.click("#stop")
    visit.wait_for("#notice", "Training has stopped.")
    assert visit.text("#model-hint").startswith("Your own net, trained on ")
    assert {"norm1/gamma", "norm1/avg_mean"} < set(np.load(visit.weights(tmp_path)))
    visit.choose(model="SmallCNN")


def test_single_batches_and_back(visit: Visit) -> None:
    visit.choose(model="MLP", batchSize=100)
    before = visit.text("#seen-caption")
    for batches in (1, 2, 3):
        visit.page.click("#step")
        visit.until(f"parseInt(document.getElementById('r-samples').textContent) === {100 * batches}")
        visit.wait_for("#go", "Resume")
    visit.wait_for("#moment-said", "Now")
    visit.until("document.getElementById('moment').max === '4'")
    visit.stand_still()
    now, accuracy = visit.text("#reading-count"), visit.text("#r-test")
    assert visit.text("dl .main dt") == "Test accuracy, 500 images"
    slide(visit, "moment", 0)
    visit.wait_for("#moment-said", "Before training")
    visit.stand_still()
    assert visit.text("#seen-caption")[:30] == before[:30]
    slide(visit, "moment", 2)
    visit.wait_for("#moment-said", "After 200 images")
    slide(visit, "moment", 4)
    visit.wait_for("#moment-said", "Now")
    visit.wait_for("#reading-count", now)
    visit.wait_for("#r-test", accuracy)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


@pytest.mark.full
def test_training_starts_slowly(visit: Visit) -> None:
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.until_seen(16)
    visit.page.wait_for_timeout(300)
    assert visit.seen() <= 16 * 8
    visit.until_seen(16 * 60)
    visit.page.check("[name=speed][value=slow]", force=True)
    visit.page.wait_for_timeout(1_000)  # earlier results are shown by then
    begin = visit.seen()
    visit.page.wait_for_timeout(1_000)
    assert 0 < visit.seen() - begin <= 16 * 4
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


# Makes Python count its objects: `left()` in the worker.
COUNT = """import gc, js; from pyodide.ffi import create_proxy; from pyconvlite.datasets import MNIST; \
js.left = create_proxy(lambda: (gc.collect(), [sum(isinstance(each, kind) for each in gc.get_objects()) \
for kind in (Model, Moments, MNIST)])[1]); """


@pytest.mark.full
def test_memory_does_not_grow_with_runs(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")

    def with_count(route: Route) -> None:
        response = route.fetch()
        source = response.text()
        assert source.count("GROWTH = ") == 1  # in moments.py
        route.fulfill(response=response, body=source.replace("GROWTH = ", COUNT + "GROWTH = "))

    visit.page.route("**/networks.worker*.js", with_count)
    visit.page.goto(server.url)
    visit.wait_for("#go", "Train")
    visit.choose(model="MLP", batchSize=16)
    worker = visit.page.workers[0]  # the others are its threads
    left = []
    for _ in range(3):
        visit.page.click("#go")
        visit.until_seen(64)
        visit.page.click("#stop")
        visit.wait_for("#go", "Train")
        visit.page.click("#test")
        visit.wait_for("#notice", "Test accuracy")
        assert visit.text("dl .main dt") == "Test accuracy"  # of all images
        visit.page.click("#closest")
        visit.page.wait_for_selector("#neighbours li")
        visit.stand_still()
        left.append(worker.evaluate("left().toJs()"))
    assert left == [left[0]] * 3


def test_curves_of_earlier_runs(visit: Visit) -> None:
    for rate in (0.001, 0.002):
        visit.choose(model="MLP", batchSize=16, learningRate=rate, fresh="yes")
        visit.page.click("#go")
        visit.until_seen(64)
        visit.page.click("#stop")
        visit.wait_for("#go", "Train")
    run = visit.page.locator(".runs li").filter(has_text="MLP, Adam 0.001, batches of 16")
    run.wait_for()
    run.locator("button").click()
    run.wait_for(state="detached")


@pytest.mark.full
def test_adversarial_walk(trained: Visit) -> None:
    page = trained.page
    page.fill("#test-index", "0")
    page.press("#test-index", "Enter")
    trained.wait_for("#seen-caption", "a test image: a 7. It reads a 7.")
    page.select_option("#fool-target", "3")
    page.click("#fool")
    trained.wait_for("#fool-said", "It reads a 7")
    slide(trained, "fool-step", 50)
    trained.wait_for("#fool-said", "It reads a 3")
    page.select_option("#fool-target", "5")  # for the next path
    assert "fooled" in str(page.get_attribute("#fool-said", "class"))
    slide(trained, "fool-step", 0)
    trained.wait_for("#fool-said", "It reads a 7")
    slide(trained, "moment", 0)  # another network has another path
    page.locator("#fool-step:disabled").wait_for()
    assert trained.text("#fool-said") == ""
    slide(trained, "moment", 1e6)  # the present one
    trained.wait_for("#fool-said", "It reads a 7")


def test_the_closest_training_images(trained: Visit) -> None:
    draw(trained.page, DIGITS[1])
    trained.wait_for("#seen-caption", "It reads a 1.")
    trained.stand_still()
    trained.page.click("#closest")
    trained.page.wait_for_selector("#neighbours li")
    labels = [text.split()[0] for text in trained.page.locator("#neighbours li").all_inner_texts()]
    assert len(labels) == 10
    assert labels.count("1") >= 8


def test_download_the_network(trained: Visit, tmp_path: Path) -> None:
    files = {}
    for kind in ("safetensors", "onnx", "html", "zip"):
        with trained.page.expect_download() as download:
            trained.page.click(f"#download-{kind}")
        assert download.value.suggested_filename == f"SmallCNN.{kind}"
        files[kind] = download.value.path().read_bytes()
    x = np.zeros((1, 1, 28, 28), np.float32)
    x[0, 0, 4:24, 13:16] = 1
    path = trained.weights(tmp_path)
    scores = training.load(training.SmallCNN, str(path))(x).data
    np.testing.assert_allclose(onnx.load(files["onnx"])(x).data, scores, atol=1e-4)
    (tmp_path / "w.safetensors").write_bytes(files["safetensors"])
    again = training.load(training.SmallCNN, str(tmp_path / "w.safetensors"))
    np.testing.assert_array_equal(again(x).data, scores)
    assert b"A network that reads digits" in files["html"]
    archive = zipfile.ZipFile(io.BytesIO(files["zip"]))
    assert json.loads(archive.read("project.json"))["settings"]["model"] == "SmallCNN"


def test_project_round_trip(visit: Visit, tmp_path: Path) -> None:
    visit.choose(model="MLP", batchSize=16, optimizer="SGD")
    visit.page.click("#go")
    visit.until_seen(32)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    with visit.page.expect_download() as download:
        visit.page.click("#download-zip")
    before = dict(np.load(visit.weights(tmp_path)))
    path = tmp_path / "mine.zip"
    download.value.save_as(path)
    visit.choose(model="LeNet", batchSize=8, optimizer="Adam")
    visit.page.set_input_files("#file", path)
    visit.wait_for("#notice", "The weights from mine.zip are loaded.")
    visit.until("document.getElementById('model').value === 'MLP'")
    assert visit.page.input_value("[name=batchSize]") == "16"
    assert visit.page.input_value("[name=optimizer]") == "SGD"
    after = dict(np.load(visit.weights(tmp_path)))
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


def test_project_of_the_other_page_links_there(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    project.save(path, {"cat": [b"\x89PNG\r\n\x1a\n"], "dog": []}, settings={"model": "EfficientNetLite0"})
    visit.page.set_input_files("#file", path)
    visit.wait_for("#fault-title", "mine.zip is a project with pictures: open it on the page Your data")
    path.write_bytes(b"PK")
    visit.page.set_input_files("#file", path)
    visit.wait_for("#fault-title", "'mine.zip' is not a readable project archive")
    visit.page.click("#dismiss")


@pytest.mark.full
def test_dead_units_are_reported(visit: Visit, tmp_path: Path) -> None:
    rigged = dict(np.load(visit.weights(tmp_path)))
    rigged["conv1/b"][:4] = -100
    np.savez(tmp_path / "rigged.npz", **rigged)
    visit.page.set_input_files("#file", tmp_path / "rigged.npz")
    visit.wait_for("#notice", "The weights from rigged.npz are loaded.")
    visit.choose(fresh="", learningRate=0.0005)
    visit.page.check("[name=speed][value=full]", force=True)
    visit.page.click("#go")
    visit.wait_for("#diagnosis", "4 of 16 units of conv1 are dead")
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


def test_gradients_are_recorded_out_of_view(visit: Visit, tmp_path: Path) -> None:
    visit.choose(model="MLP")  # which is discarded
    visit.page.click("#go")
    visit.until_seen(1)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    visit.page.locator("#python").scroll_into_view_if_needed()
    visit.page.wait_for_timeout(
        500
    )  # until the page has noticed that the picture of the network is out of sight
    visit.start_over()
    visit.page.locator("#python").scroll_into_view_if_needed()
    expected = gradient_norms(dict(np.load(visit.weights(tmp_path))))
    legend = visit.page.locator("#gradient-legend > span")

    def shown() -> dict[str, float]:
        norms = dict(text.split() for text in legend.all_inner_texts())
        return {layer: float(norm) for layer, norm in norms.items()}

    wait(lambda: shown() == pytest.approx(expected, rel=0.06), lambda: f"{shown()}, not {expected}")
    label = visit.page.get_attribute("#gradient-chart", "aria-label") or ""
    assert re.match(r"Gradient norms after \d+ images: conv1 ", label)


@pytest.mark.full
@pytest.mark.parametrize(("model", "kernels"), [("SmallCNN", "auto"), ("LeNet", "numpy")])
def test_inspection_takes_less_than_a_tenth_of_training(
    visit: Visit, model: str, kernels: str, tell: Callable[[str], None]
) -> None:
    visit.choose(model=model, kernels=kernels)
    visit.page.check("[name=speed][value=full]", force=True)
    visit.page.click("#go")
    visit.page.wait_for_timeout(8_000)  # well before the end of the training
    visit.wait_for("#inspect-share", "Looking inside took")
    share = float(re.findall(r"[\d.]+", visit.text("#inspect-share"))[0])
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    tell(f"looking inside, {model}, {kernels}: {share}% of the training's time")
    assert 1 < share < 10


# The lengths of frames while drawing, in milliseconds.
FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  const note = (now) => {
    window.frames.push(now - last);
    last = now;
    requestAnimationFrame(note);
  };
  requestAnimationFrame(note);
}"""


@pytest.mark.full
def test_drawing_during_training_on_a_slow_machine(visit: Visit, tell: Callable[[str], None]) -> None:
    throttle = visit.page.context.new_cdp_session(visit.page)
    visit.page.click("#go")
    visit.until_seen(2_000)
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    visit.page.click("#clear")
    visit.page.locator("#pad").scroll_into_view_if_needed()
    box: Any = visit.page.locator("#pad").bounding_box()
    visit.page.evaluate(FRAMES)
    x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.1 * box["height"]
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    for i in range(20):
        visit.page.mouse.move(x, y + 0.04 * i * box["height"])
    visit.page.mouse.up()
    visit.wait_for("#seen-caption", "your drawing")
    frames = visit.page.evaluate("window.frames")
    median = np.median(frames)
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    tell(f"a stroke while training, CPU slowed 4 times: {len(frames)} frames, median {median:.0f} ms")
    assert median < 50
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


def test_curve_and_digits_are_visible_on_a_phone(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size(PHONE)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = false))")
    assert page.evaluate("document.documentElement.scrollHeight") < 8206 / 2  # what it was, halved
    page.evaluate("document.getElementById('go').click()")
    page.wait_for_selector(".strip")
    page.evaluate("scrollTo(0, 1200)")
    assert page.evaluate("document.querySelector('.strip').getBoundingClientRect().bottom") == PHONE["height"]
    assert page.locator(".strip li").count() == 10
    page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")
    page.wait_for_selector(".strip", state="detached")
    page.evaluate("scrollTo(0, 0)")
    assert not page.is_visible("nav a")
    page.click(".menu")
    page.locator("nav a").last.wait_for()
    page.keyboard.press("Escape")
    assert not page.is_visible("nav a")
    page.set_viewport_size({"width": 1280, "height": 720})
    assert page.is_visible("nav a")

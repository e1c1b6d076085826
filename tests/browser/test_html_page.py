"""Pages that `export_html` writes, opened from the disk: they compute what the model computes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from exported_nets import NETS
from hosting import put_kernels
from playwright.sync_api import Browser, Page, Playwright, expect
from visits import NOISE

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import no_grad, test_mode
from pyconvlite.backends.simd import library
from pyconvlite.models import LeNet, Sequential, SmallVGG


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a page with the kernels of the wheel; return its address."""
    put_kernels(tmp_path)
    monkeypatch.setattr(library, "FOLDER", tmp_path)

    def export(model: Any, n: int, **options: Any) -> str:
        path = tmp_path / "page.html"
        pyconvlite.export_html(model, path, classes=[f"class {i}" for i in range(n)], **options)
        assert path.stat().st_size < 600_000 + sum(4 * p.size for p in model.params()) * 4 / 3
        return path.as_uri()

    return export


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    faults: list[str] = []
    with browser.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "blob:")) else faults.append(request.url)
            ),
        )
        yield page
    assert faults == []


def trained_a_little(make: Callable[[], Any], shape: tuple[int, ...]) -> tuple[Any, Any]:
    """A model whose running statistics are not the initial ones, and an input."""
    pyconvlite.seed(0)
    model = make()
    x = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    model(x)
    return model, x[:1]


@pytest.mark.parametrize("name", NETS)
def test_page_equals_the_model(export: Callable[..., str], page: Page, name: str) -> None:
    make, shape, n = NETS[name]
    model, x = trained_a_little(make, shape)
    page.goto(export(model, n, input="image", shape=shape))
    with no_grad(), test_mode():
        expected = model(x).data[0]
    for _ in range(2):  # runs do not affect each other
        output = page.evaluate("async (x) => [...(await run(new Float32Array(x)))]", x.ravel().tolist())
        np.testing.assert_allclose(output, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_a_drawing(export: Callable[..., str], page: Page) -> None:
    model, _ = trained_a_little(LeNet, (1, 28, 28))
    page.goto(export(model, 10, input="drawing", title="My digits"))
    assert page.locator("h1").inner_text() == "My digits"
    box = page.locator("#view").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60, steps=5)
    page.mouse.up()
    page.wait_for_selector("#bars dt:nth-of-type(10)")
    page.wait_for_function("document.getElementById('answer').textContent.startsWith('class ')")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#clear")
    page.wait_for_function("!document.querySelector('#bars dt')")


def test_picture_and_invalid_file(export: Callable[..., str], page: Page) -> None:
    """A picture of one colour has a known input, whatever the browser's filter."""
    image = pytest.importorskip("PIL.Image")
    model, _ = trained_a_little(lambda: Sequential(L.Flatten(), L.Linear(3), F.softmax), (3, 6, 8))
    page.goto(export(model, 3, input="image", shape=(3, 6, 8)))
    file = io.BytesIO()
    image.new("RGB", (640, 480), (255, 127, 0)).save(file, "png")
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_selector("#bars dt:nth-of-type(3)")
    pixels = np.repeat([1, 0, -127 / 128], 48).astype(np.float32).reshape(1, 3, 6, 8)
    with no_grad():
        shares = model(pixels).data[0]
    seen = [
        int(text.removesuffix("%")) for text in page.locator("#bars dd:nth-of-type(2n)").all_inner_texts()
    ]
    np.testing.assert_allclose(seen, 100 * shares, atol=0.51)
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.wait_for_selector("#fault:not([hidden])")
    assert page.locator("#fault").inner_text().startswith("The browser cannot read this file")


@pytest.mark.full
def test_the_camera(export: Callable[..., str], playwright: Playwright) -> None:
    from conftest import launched

    model, _ = trained_a_little(SmallVGG, (3, 32, 32))
    address = export(model, 10, input="image", shape=(3, 32, 32))
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with launched(playwright, *flags) as browser:
        page = browser.new_page()
        page.goto(address)
        page.click("#camera")
        page.wait_for_selector("#bars dt:nth-of-type(10)")
        assert page.get_attribute("#camera", "aria-pressed") == "true"
        page.click("#camera")
        assert page.get_attribute("#camera", "aria-pressed") == "false"


def png(*size: int, mode: str = "RGB", color: tuple[int, ...] = (0, 0, 0)) -> dict[str, Any]:
    """A picture of one colour, in the form that `set_input_files` takes."""
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.new(mode, size, color).save(file, "png")
    return {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}


def recording(page: Page, delay: int = 0) -> None:
    """Record the worker's inputs in `inputs`, and delay each result by milliseconds."""
    page.add_init_script(f"""
      globalThis.inputs = [];
      const post = Worker.prototype.postMessage;
      Worker.prototype.postMessage = function (message, ...more) {{
        if (!message.input) return post.call(this, message, ...more);
        inputs.push([...message.input.data]);
        setTimeout(() => post.call(this, message), {delay});
      }};
    """)


def test_result_belongs_to_the_shown_picture(export: Callable[..., str], page: Page) -> None:
    """Also if the picture was chosen while the network computed for another."""
    model = Sequential(L.Flatten(), L.Linear(2, in_size=3))
    model.layers[1].W.data[:] = [[9, 0], [0, 0], [0, 9]]
    recording(page, delay=300)
    page.goto(export(model, 2, shape=(3, 1, 1)))
    page.set_input_files("#file", png(4, 4, color=(255, 0, 0)))
    page.wait_for_function("() => inputs.length === 1")
    page.set_input_files("#file", png(4, 4, color=(0, 0, 255)))
    page.wait_for_function("() => inputs.length === 2")
    assert page.locator("#answer").inner_text() == ""  # not that of the first picture
    page.wait_for_function("() => document.getElementById('answer').textContent === 'class 1'")


def test_last_stroke_is_recognized_and_clear_discards_results(export: Callable[..., str], page: Page) -> None:
    model, _ = trained_a_little(LeNet, (1, 28, 28))
    recording(page, delay=200)
    page.goto(export(model, 10, input="drawing"))
    box = page.locator("#view").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 200, steps=3)
    page.mouse.move(box["x"] + 250, box["y"] + 200, steps=3)
    page.mouse.up()
    # an angle, whose ink is in many columns
    columns = "inputs.at(-1).map((ink, i) => [i % 28, ink]).filter(([, ink]) => ink > 0.5).map(([x]) => x)"
    page.wait_for_function(f"() => (all => Math.max(...all) - Math.min(...all) > 15)({columns})")
    page.click("#clear")
    page.wait_for_timeout(600)
    assert page.locator("#answer").inner_text() == ""


@pytest.mark.parametrize(("H", "W"), [(20, 40), (40, 20)])
def test_non_square_drawing(export: Callable[..., str], page: Page, H: int, W: int) -> None:
    recording(page)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=H * W)), 2, input="drawing", shape=(1, H, W)))
    box = page.locator("#view").bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(W / H, rel=0.05)
    corners = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    page.wait_for_function("() => document.getElementById('answer').textContent")
    page.wait_for_timeout(200)
    ink = np.array(page.evaluate("inputs.at(-1)")).reshape(H, W) > 0.3
    assert not np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any()
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert columns[-1] - columns[0] > 0.6 * W
    assert rows[-1] - rows[0] > 0.6 * H
    for edge in (ink[rows[0] + 1], ink[rows[-1] - 1], ink[:, columns[0] + 1], ink[:, columns[-1] - 1]):
        assert edge.mean() > 0.5  # all four sides are inside


def test_transparent_pixels_are_white(export: Callable[..., str], page: Page) -> None:
    recording(page)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2), mean=0, scale=1))
    page.set_input_files("#file", png(9, 9, mode="RGBA", color=(0, 0, 0, 0)))
    page.wait_for_function("() => inputs.length")
    assert set(page.evaluate("inputs[0]")) == {255}


def test_sigmoid_output_is_shown_as_percentage(export: Callable[..., str], page: Page) -> None:
    model = Sequential(F.flatten, L.Linear(1, in_size=12), F.sigmoid)
    model.layers[1].W.data[:] = 0
    model.layers[1].b.data[:] = -3
    page.goto(export(model, 1, shape=(3, 2, 2)))
    page.set_input_files("#file", png(9, 9))
    page.wait_for_selector("#bars dt")
    assert page.locator("#bars").inner_text().split() == ["class", "0", "5%"]


def test_nonfinite_output_is_reported(export: Callable[..., str], page: Page) -> None:
    model = Sequential(F.flatten, L.Linear(2, in_size=12))
    model.layers[1].b.data[:] = np.inf
    page.goto(export(model, 2, shape=(3, 2, 2)))
    page.set_input_files("#file", png(9, 9))
    page.wait_for_selector("#fault:not([hidden])")
    assert page.locator("#fault").inner_text() == "The output of the network is not finite."
    assert page.locator("#answer").inner_text() == ""


@pytest.mark.parametrize("input", ["image", "drawing"])
def test_texts_are_japanese_in_a_japanese_browser(
    browser: Browser, export: Callable[..., str], input: str
) -> None:
    address = export(LeNet(), 10, input=input, shape=(1, 28, 28), title="0 to 9")
    texts = {}
    for locale in ("ja-JP", "en-GB"):
        with browser.new_context(locale=locale) as context:
            page = context.new_page()
            page.goto(address)
            assert page.locator("html").get_attribute("lang") == locale[:2]
            assert page.locator("label input").count() == (input == "image")
            texts[locale] = [
                *page.locator("button, label, footer, span").all_text_contents(),
                page.locator("#view").get_attribute("aria-label"),
            ]
    for japanese, english in zip(texts["ja-JP"], texts["en-GB"], strict=True):
        assert re.search("[\u3040-\u30ff\u4e00-\u9fff]", japanese or ""), japanese
        assert re.fullmatch("[ -~]+", english or ""), english


@pytest.mark.full
def test_canvas_fingerprinting_protection_is_reported(export: Callable[..., str], page: Page) -> None:
    page.add_init_script(NOISE)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2)))
    page.set_input_files("#file", png(9, 9))
    page.locator("#fault", has_text="To prevent fingerprinting").wait_for()
    assert page.locator("#answer").inner_text() == ""


def test_network_that_cannot_start_is_reported(export: Callable[..., str], page: Page) -> None:
    address = export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2))
    path = Path(address.removeprefix("file://"))
    kernels = re.search('id="kernels">([^<]*)<', text := path.read_text())
    assert kernels
    path.write_text(text.replace(kernels[1], "AAAA"))
    page.goto(address)
    page.wait_for_selector("#fault:not([hidden])")
    assert "CompileError" in page.locator("#fault").inner_text()
    page.set_input_files("#file", png(9, 9))
    page.wait_for_timeout(200)
    assert "CompileError" in page.locator("#fault").inner_text()


def test_policy_that_forbids_workers_is_reported(export: Callable[..., str], browser: Browser) -> None:
    """Again after Clear and another stroke, not only at the start."""
    model, _ = trained_a_little(LeNet, (1, 28, 28))
    html = Path(unquote(urlsplit(export(model, 10, input="drawing")).path)).read_text("utf-8")
    policy = {
        "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'"
    }
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html", headers=policy))
        page.goto("http://127.0.0.1:9/page.html")
        fault = page.locator("#fault")
        expect(fault).to_contain_text("needs worker-src blob:")
        page.get_by_role("button", name="Clear").click()
        expect(fault).to_be_hidden()
        page.locator("#view").click()
        expect(fault).to_contain_text("needs worker-src blob:")


def test_worker_that_is_refused_at_once_is_reported(export: Callable[..., str], browser: Browser) -> None:
    """As older browsers do under such a policy."""
    with browser.new_context() as context:
        context.add_init_script(
            "Worker = class { constructor() { throw new Error('denied by the policy'); } }"
        )
        page = context.new_page()
        page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2)))
        expect(page.locator("#fault")).to_contain_text("denied by the policy")


def test_long_words_fit_a_phone(export: Callable[..., str], page: Page) -> None:
    title = "Handwrittencharacterrecognitionwithanetwork" * 2
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2), title=title))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_double_click_opens_one_camera(export: Callable[..., str], page: Page) -> None:
    page.add_init_script("""
      globalThis.asked = 0;
      navigator.mediaDevices.getUserMedia = () => { asked++; return new Promise(() => {}); };
    """)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2)))
    page.click("#camera")
    page.click("#camera")
    assert page.evaluate("asked") == 1

"""Browsers without optional features (JSPI, relaxed SIMD, WebGPU), and without required ones.

Chromium has no switches to disable them, so a script does it before those of the page and the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hosting import Preview
from own_pictures import photos
from playwright.sync_api import Browser
from strokes import DIGITS, draw
from visits import NOISE, Visit, put_ahead

# Relaxed SIMD's instructions are 0xfd with a number from 0x100 to 0x113, written in LEB128.
TAKE_AWAY = """{
  delete WebAssembly.Suspending;
  delete WebAssembly.promising;
  delete Object.getPrototypeOf(navigator).gpu;
  const { validate } = WebAssembly;
  const isRelaxed = (byte, i, bytes) =>
    byte === 0xfd && bytes[i + 1] >= 0x80 && bytes[i + 1] <= 0x93 && bytes[i + 2] === 0x02;
  WebAssembly.validate = (source) => {
    const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(source) ? source : new Uint8Array(source);
    return !new Uint8Array(buffer, byteOffset, byteLength).some(isRelaxed) && validate(source);
  };
}
"""

# Whether there is any of them. The module's one function is i8x16.relaxed_swizzle of its two arguments; with
# i8x16.swizzle in its place it is plain SIMD, which stays.
ASK = """(() => {
  const swizzle = (...instruction) => WebAssembly.validate(new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 123, 123, 1, 123, 3, 2, 1, 0,
    10, 8 + instruction.length, 1, 6 + instruction.length, 0, 32, 0, 32, 1, ...instruction, 11,
  ]));
  return {
    JSPI: 'Suspending' in WebAssembly || 'promising' in WebAssembly,
    SIMD: swizzle(0xfd, 0x0e),
    'relaxed SIMD': swizzle(0xfd, 0x80, 0x02),
    WebGPU: 'gpu' in navigator,
  };
})()"""


@contextmanager
def opened(browser: Browser, server: Preview, script: str) -> Iterator[Visit]:
    """The page in a browser where a script runs first, also in the worker."""
    with browser.new_context(service_workers="block") as context:
        context.add_init_script(script)
        put_ahead(context, "networks", script)
        visit = Visit(context.new_page())
        visit.page.goto(server.url)
        yield visit
        visit.check()


@pytest.fixture
def older(browser: Browser, server: Preview) -> Iterator[Visit]:
    """The page in a browser without any of the optional features."""
    with opened(browser, server, TAKE_AWAY) as visit:
        yield visit


@pytest.mark.full
def test_a_browser_without_jspi_relaxed_simd_and_webgpu(older: Visit) -> None:
    older.wait_for("#go", "Train")
    older.unfold()
    for realm in (older.page, older.page.workers[0]):
        assert realm.evaluate(ASK) == {"JSPI": False, "SIMD": True, "relaxed SIMD": False, "WebGPU": False}
    assert older.text("#kernels").startswith("Computing with WebAssembly SIMD kernels (simd128)")
    older.wait_for("#gpu-hint", "No WebGPU: this browser has no WebGPU")
    assert older.page.is_disabled("#webgpu")

    older.choose(model="MLP", images=10_000, batchSize=100)
    older.page.click("#go")
    older.wait_for("#notice", "Test accuracy")
    assert float(older.text("#test-accuracy").rstrip("%")) > 85

    draw(older.page, DIGITS[1])
    older.wait_for("#seen-caption", "your drawing, centered and scaled like MNIST’s digits. It reads a 1.")


@pytest.mark.full
def test_browser_without_simd_gets_smaller_defaults(browser: Browser, server: Preview) -> None:
    with opened(browser, server, "WebAssembly.validate = () => false;\n") as visit:
        visit.wait_for("#go", "Train")
        visit.unfold()
        assert visit.text("#kernels").startswith("Computing with NumPy: ")
        assert visit.page.locator("#simd").is_disabled()
        assert visit.page.input_value("[name=kernels]") == "numpy"
        assert visit.page.input_value("[name=images]") == "10000"
        assert 'use("numpy")' in (visit.page.text_content("#run-py") or "")


@pytest.mark.full
def test_missing_webassembly_is_reported(browser: Browser, server: Preview) -> None:
    with opened(browser, server, "delete globalThis.WebAssembly;\n") as visit:
        visit.expected += ["wasm instantiation failed", "WebAssembly is not defined"]
        visit.wait_for("#fault-title", "This browser has WebAssembly turned off")
        visit.page.click("#language")
        visit.wait_for("#fault-title", "Python には WebAssembly が必要ですが")


@pytest.mark.full
def test_canvas_fingerprinting_protection_is_reported(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")
    visit.page.context.add_init_script(NOISE)
    visit.page.goto(server.url)
    visit.wait_for("#seen-caption", "a test image: a 7")
    draw(visit.page, DIGITS[1])
    visit.wait_for("#seen-caption", "your browser gives this page noise in place of drawings and pictures")
    visit.page.click("#random-test")
    visit.wait_for("#seen-caption", "a test image")
    visit.page.goto(f"{server.url}own.html")
    visit.wait_for("#hidden", "your browser gives this page noise")
    visit.page.goto(f"{server.url}lesson-filters.html")
    visit.page.set_input_files("#single [type=file]", photos("dots", 1))
    visit.wait_for("#single", "your browser gives this page noise")

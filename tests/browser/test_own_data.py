"""One's own classes: drawn, from files, from the camera; learnt, recognized, kept."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import launched
from hosting import Preview
from PIL import Image, ImageDraw
from playwright.sync_api import Playwright
from strokes import DIGITS, Stroke, draw
from visits import Visit

# Drops files on an element.
DROP = """([selector, files]) => {
  const dataTransfer = new DataTransfer();
  for (const [name, type, bytes] of files) {
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
  }
  const place = document.querySelector(selector);
  for (const type of ['dragover', 'drop']) {
    place.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def own(enter: Callable[..., Visit], server: Preview) -> Visit:
    """The page without its Python, which pictures do not need."""
    return enter(f"{server.url}own.html", python=False)


@pytest.fixture
def learning(enter: Callable[..., Visit], server: Preview) -> Visit:
    """The page with its Python."""
    return enter(f"{server.url}own.html")


@pytest.fixture
def with_camera(playwright: Playwright, server: Preview) -> Iterator[Callable[..., Visit]]:
    """Opens the page in a browser with these flags."""
    browsers: list[Any] = []

    def enter(*flags: str) -> Visit:
        browser = launched(playwright, *flags)
        browsers.append(browser)
        visit = Visit(browser.new_page())
        visit.page.goto(f"{server.url}own.html")
        return visit

    yield enter
    for browser in browsers:
        browser.close()


def shaken(strokes: list[Stroke], hand: random.Random) -> list[Stroke]:
    return [[(x + hand.uniform(-3, 3), y + hand.uniform(-3, 3)) for x, y in stroke] for stroke in strokes]


def card(visit: Visit, index: int) -> Any:
    return visit.page.locator("#classes .card").nth(index)


def count(visit: Visit, index: int) -> int:
    return int(card(visit, index).locator(".shots li").count())


def has(visit: Visit, index: int, pictures: int, relation: str = "===") -> None:
    """A class comes to have so many pictures."""
    shown = f"document.querySelectorAll('.card')[{index}].querySelectorAll('.shots li').length"
    visit.until(f"{shown} {relation} {pictures}", seconds=10)


def until_frames(visit: Visit, more: int) -> None:
    """Wait until the camera has shown so many frames more."""
    frames = "document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames"
    visit.until(f"{frames} >= {visit.page.evaluate(frames) + more}")


def train(visit: Visit) -> None:
    visit.page.locator("#go[aria-disabled=false]").wait_for(timeout=60_000)
    visit.page.click("#go")
    visit.page.locator("#own-result").wait_for(timeout=120_000)


def recognized(visit: Visit, index: int) -> None:
    """The class with this index becomes the one that the network sees."""
    visit.page.locator(f"#classes .card.best:nth-child({index + 1})").wait_for(timeout=10_000)


def shapes(folder: Path, n: int) -> dict[str, list[Path]]:
    """Pictures of discs, frames and crosses, of different sizes and tones."""
    generator = np.random.default_rng(5)
    found: dict[str, list[Path]] = {"disc": [], "frame": [], "cross": []}
    for kind, paths in found.items():
        for i in range(n):
            light, dark = (int(tone) for tone in (generator.integers(170, 256), generator.integers(0, 90)))
            image = Image.new("RGB", (160, 120), (light, light, light - 40))
            x, y, r = generator.integers(60, 100), generator.integers(45, 75), generator.integers(22, 40)
            box, pen, ink = [x - r, y - r, x + r, y + r], ImageDraw.Draw(image), (dark, dark + 30, dark)
            if kind == "disc":
                pen.ellipse(box, fill=ink)
            elif kind == "frame":
                pen.rectangle(box, outline=ink, width=6)
            else:
                pen.line(box, fill=ink, width=8)
                pen.line([x - r, y + r, x + r, y - r], fill=ink, width=8)
            path = folder / f"{kind}{i}.png"
            image.save(path)
            paths.append(path)
    return found


def test_drawings_are_learnt_recognized_and_kept(learning: Visit) -> None:
    hand = random.Random(1)
    assert "Two classes or more are needed" in learning.text("#training-hint")
    learning.page.click("#add-class")
    for i, digit in enumerate((2, 5, 8)):
        card(learning, i).locator(".name").fill(f"like {digit}")
        for _ in range(6):
            draw(learning.page, shaken(DIGITS[digit], hand))
            card(learning, i).locator(".add").click()
        has(learning, i, 6)
    assert learning.text("#training-hint").startswith("15 of 18 pictures are learnt from")
    train(learning)
    assert learning.text("#own-result").startswith("Of 3 pictures that it never learnt from, it recognizes ")
    assert int(learning.text("#own-result").split()[-1].strip(".")) >= 2
    for i, digit in enumerate((2, 5, 8)):
        draw(learning.page, shaken(DIGITS[digit], hand))
        recognized(learning, i)
    learning.page.locator("#inspect-body").scroll_into_view_if_needed()
    learning.page.locator(".given figcaption").filter(has_text="the score of “like 8”").wait_for()

    learning.page.reload()
    learning.wait_for("#go", "Train again")
    for i in range(3):
        has(learning, i, 6)
    assert card(learning, 1).locator(".name").input_value() == "like 5"
    draw(learning.page, shaken(DIGITS[5], hand))
    recognized(learning, 1)


@pytest.mark.full
def test_a_dozen_files_of_each_are_learnt_within_seconds(
    learning: Visit, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    found = shapes(tmp_path, 16)
    learning.page.click("#add-class")
    for i, paths in enumerate(found.values()):
        card(learning, i).locator("input[type=file]").set_input_files(paths[:12])
        has(learning, i, 12)
    train(learning)
    seconds = float(learning.text("#r-seconds").removesuffix(" s"))
    tell(f"3 classes x 12 pictures: {seconds} s; {learning.text('#own-result')}")
    assert seconds < 60
    right = 0
    for i, paths in enumerate(found.values()):
        for path in paths[12:]:
            learning.page.set_input_files("#open-file", path)
            learning.stand_still()
            right += "best" in (card(learning, i).get_attribute("class") or "")
    assert right >= 10  # of 12
    assert re.fullmatch(r"\d+%", card(learning, 2).locator(".value").inner_text())
    card(learning, 2).locator(".quiet").click()
    learning.page.click("#add-class")
    learning.page.locator(".card:nth-child(3) .value").filter(
        has_text="–"
    ).wait_for()  # the network does not know it


def test_what_is_no_picture_is_told(own: Visit, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("<img src=x onerror=alert(1)>")
    good = shapes(tmp_path, 1)["disc"][0]
    card(own, 0).locator("input[type=file]").set_input_files([notes, good])
    own.wait_for("#own-notice", "No picture that this browser can read: notes.txt.")
    has(own, 0, 1)
    card(own, 1).locator(".add").click()
    own.wait_for("#own-notice", "There is nothing to add yet")
    has(own, 1, 0)


def test_pictures_are_dropped_and_taken_back(own: Visit, tmp_path: Path) -> None:
    files = [(path.name, "image/png", list(path.read_bytes())) for path in shapes(tmp_path, 2)["cross"]]
    own.page.evaluate(DROP, ["#classes .card:nth-child(2)", files])
    has(own, 1, 2)
    own.page.evaluate(DROP, ["#chooser", files[:1]])
    own.page.wait_for_selector("#mode-file", state="visible")
    assert card(own, 0).locator(".add").inner_text() == "Add this picture"
    card(own, 0).locator(".add").click()
    has(own, 0, 1)

    card(own, 1).locator(".shots button").first.click()
    has(own, 1, 1)
    own.page.click("#undo")
    has(own, 1, 2)
    own.page.click("#add-class")
    own.until("document.querySelectorAll('.card').length === 3")
    card(own, 1).locator(".quiet").click()
    own.until("document.querySelectorAll('.card').length === 2")
    own.stand_still()  # until it is kept
    own.page.reload()
    has(own, 0, 1)
    has(own, 1, 0)


def test_two_tabs_show_the_same_classes(own: Visit) -> None:
    with own.page.context.new_page() as page:
        other = Visit(page)
        page.goto(own.page.url)
        for tab, classes in ((own, 3), (other, 4)):
            tab.page.click("#add-class")
            for each in (own, other):
                each.until(f"document.querySelectorAll('.card').length === {classes}", seconds=10)
        draw(own.page, DIGITS[1])
        card(own, 1).locator(".add").click()
        has(other, 1, 1)
        other.check()
    own.page.reload()
    has(own, 1, 1)
    assert own.page.locator("#classes .card").count() == 4


def test_pictures_of_the_camera(with_camera: Callable[..., Visit]) -> None:
    visit = with_camera("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    visit.page.click("#modes label:has([value=camera])")
    visit.until("document.getElementById('video').videoWidth > 0")
    add = card(visit, 0).locator(".add")
    assert add.inner_text() == "Take pictures"
    add.click()
    has(visit, 0, 1)
    add.hover()
    visit.page.mouse.down()
    has(visit, 0, 12, ">=")  # as long as it is held down, wherever the page moves
    visit.page.mouse.up()
    until_frames(visit, 10)
    taken = count(visit, 0)
    until_frames(visit, 20)
    assert count(visit, 0) == taken  # let go
    add.focus()
    visit.page.keyboard.press("Enter")
    has(visit, 0, taken + 1)

    visit.page.click("#modes label:has([value=draw])")
    assert visit.page.evaluate("document.getElementById('video').srcObject") is None  # it is off
    hand = random.Random(3)
    for _ in range(6):
        draw(visit.page, shaken(DIGITS[1], hand))
        card(visit, 1).locator(".add").click()
    train(visit)
    draw(visit.page, shaken(DIGITS[1], hand))
    recognized(visit, 1)
    visit.page.click("#modes label:has([value=camera])")
    recognized(visit, 0)
    visit.check()


def test_a_camera_that_is_refused(with_camera: Callable[..., Visit]) -> None:
    visit = with_camera("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    visit.page.click("#modes label:has([value=camera])")
    visit.wait_for("#camera-notice", "did not let this page use the camera")
    assert "press Camera again" in visit.text("#camera-notice")
    card(visit, 0).locator(".add").click()
    visit.wait_for("#own-notice", "There is nothing to add yet")
    visit.page.click("#language")
    visit.wait_for("#camera-notice", "カメラの使用がブラウザに許可されませんでした")
    visit.page.click("#language")
    visit.page.context.grant_permissions(["camera"])  # the visitor changes their mind
    visit.page.click("#modes label:has([value=camera])")
    visit.until("document.getElementById('video').videoWidth > 0")
    assert visit.page.is_hidden("#camera-notice")
    visit.check()


def test_a_machine_without_a_camera(own: Visit) -> None:
    own.page.context.grant_permissions(["camera"])
    own.page.click("#modes label:has([value=camera])")
    own.wait_for("#camera-notice", "No camera was found.")
    own.page.click("#modes label:has([value=draw])")
    assert own.page.is_hidden("#camera-notice")
    draw(own.page, DIGITS[4])
    card(own, 1).locator(".add").click()
    has(own, 1, 1)


def test_a_browser_without_room(own: Visit, tmp_path: Path) -> None:
    devtools = own.page.context.new_cdp_session(own.page)
    origin = own.page.evaluate("location.origin")
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1})
    card(own, 0).locator("input[type=file]").set_input_files(shapes(tmp_path, 12)["disc"])
    own.wait_for("#kept", "The browser has no room left for these pictures")
    has(own, 0, 12)  # they are there while the page is
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": origin})
    own.page.click("#keep-again")
    own.wait_for("#kept", "12 pictures, kept in this browser")
    own.page.reload()
    has(own, 0, 12)


def test_a_browser_that_keeps_nothing(enter: Callable[..., Visit], server: Preview, tmp_path: Path) -> None:
    visit = enter("about:blank", python=False)
    visit.page.context.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    visit.page.goto(f"{server.url}own.html")
    visit.wait_for("#kept", "The browser keeps nothing for this page")
    card(visit, 0).locator("input[type=file]").set_input_files(shapes(tmp_path, 2)["disc"])
    has(visit, 0, 2)


def fill(visit: Visit, found: dict[str, list[Path]]) -> None:
    """Put pictures of discs and crosses into the two classes."""
    for i, kind in enumerate(("disc", "cross")):
        card(visit, i).locator("input[type=file]").set_input_files(found[kind])
        has(visit, i, len(found[kind]))


def test_a_training_that_is_stopped_and_a_worker_that_dies(learning: Visit, tmp_path: Path) -> None:
    found = shapes(tmp_path, 6)
    fill(learning, found)
    learning.page.fill("#epochs", "500")
    learning.page.locator("#go[aria-disabled=false]").wait_for(timeout=60_000)
    learning.page.click("#go")
    learning.until("parseInt(document.getElementById('r-samples').textContent.replaceAll(',', '')) > 400")
    learning.page.click("#stop")
    learning.wait_for("#notice", "Training has stopped.")
    learning.wait_for("#go", "Train again")
    learning.page.set_input_files("#open-file", found["cross"][0])
    recognized(learning, 1)

    learning.expected.append("end of the worker")
    learning.page.workers[0].evaluate("void setTimeout(() => { throw new Error('end of the worker') })")
    learning.wait_for("#fault-title", "end of the worker")
    learning.page.click("#retry")
    learning.wait_for("#go", "Train again")
    has(learning, 0, 6)
    learning.page.set_input_files("#open-file", found["disc"][0])
    recognized(learning, 0)


def test_all_of_it_by_keyboard(own: Visit, tmp_path: Path) -> None:
    fill(own, shapes(tmp_path, 2))
    own.page.context.grant_permissions(["camera"])
    own.page.focus("#modes [value=draw]")
    own.page.keyboard.press("ArrowRight")
    own.wait_for("#camera-notice", "No camera was found.")
    own.page.keyboard.press("ArrowRight")
    own.page.wait_for_selector("#mode-file", state="visible")
    last = card(own, 0).locator(".shots button").last
    last.focus()
    own.page.keyboard.press("Enter")
    has(own, 0, 1)
    focused = own.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Remove picture 1 of Class 1"  # the keyboard did not lose its place
    own.page.focus("#undo")
    own.page.keyboard.press("Enter")
    has(own, 0, 2)
    own.page.keyboard.press("Enter")  # on the button beside it
    own.until("document.querySelectorAll('.card').length === 3")


def test_a_name_is_text(own: Visit) -> None:
    name = "<img src=x onerror=alert(1)>"
    card(own, 0).locator(".name").fill(name)
    own.page.locator(".add").first.and_(own.page.get_by_label(f"Add the drawing: {name}")).wait_for()
    assert own.page.locator("#classes img").count() == 0

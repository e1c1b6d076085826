"""The visitor's classes: drawn, from files, from the camera; removed again."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from conftest import launched
from hosting import Preview
from own_pictures import (
    DROP,
    KEPT,
    add_files,
    card,
    choose,
    count,
    encoded,
    has,
    photo,
    photos,
    recognized,
    shaken,
    train,
    upload,
)
from PIL import Image
from playwright.sync_api import Playwright
from strokes import DIGITS, draw
from visits import Visit

# The colour in the middle of the left half of the shown picture.
LEFT = """() => {
  const { data } = document.getElementById('photo').getContext('2d').getImageData(56, 112, 1, 1);
  return [...data].slice(0, 3);
}"""

# Delays requests for the camera by milliseconds; `asked` counts them.
SLOW_CAMERA = """(wait) => {
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  window.asked = 0;
  mediaDevices.getUserMedia = async (wishes) => {
    window.asked++;
    await new Promise((resolve) => setTimeout(resolve, wait));
    return ask(wishes);
  };
}"""

TRY = "Try PNG or JPEG files of up to 268 million pixels."

# The first request for the camera fails after `refuse()`; later ones are not changed.
REFUSED_FIRST = """() => {
  const { mediaDevices } = navigator;
  mediaDevices.getUserMedia = () => {
    delete mediaDevices.getUserMedia;
    return new Promise((_, reject) => {
      window.refuse = () => reject(new DOMException('', 'NotAllowedError'));
    });
  };
}"""

# The next picture is decoded only after `goOn()`.
SLOW_PICTURE = """() => {
  const decode = window.createImageBitmap;
  window.createImageBitmap = async (...all) => {
    window.createImageBitmap = decode;
    await new Promise((resolve) => (window.goOn = resolve));
    return decode(...all);
  };
}"""


@pytest.fixture
def with_camera(playwright: Playwright, server: Preview) -> Iterator[Callable[..., Visit]]:
    """`with_camera(*flags)` opens the page in a browser with these flags, without Python."""
    browsers: list[Any] = []

    def enter(*flags: str) -> Visit:
        browser = launched(playwright, *flags)
        browsers.append(browser)
        visit = Visit(browser.new_page())
        visit.page.route("**/pyodide/**", lambda route: None)
        visit.page.goto(f"{server.url}own.html")
        return visit

    yield enter
    for browser in browsers:
        browser.close()


def until_frames(visit: Visit, more: int) -> None:
    """Wait until the camera has shown so many frames more."""
    frames = "document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames"
    visit.until(f"{frames} >= {visit.page.evaluate(frames) + more}")


def until_runs(visit: Visit) -> None:
    visit.until("document.getElementById('video').videoWidth > 0")


def test_drawings_are_learnt_recognized_and_stored(enter: Callable[..., Visit], server: Preview) -> None:
    learning = enter(f"{server.url}own.html")
    choose(learning, "drawings")
    hand = random.Random(1)
    assert "You need at least two classes" in learning.text("#training-hint")
    learning.page.click("#add-class")
    for i, digit in enumerate((2, 5, 8)):
        card(learning, i).locator(".name").fill(f"like {digit}")
        for _ in range(6):
            draw(learning.page, shaken(DIGITS[digit], hand))
            card(learning, i).locator(".add").click()
        has(learning, i, 6)
    assert learning.text("#training-hint").startswith("15 of 18 pictures are for training")
    train(learning)
    assert learning.text("#own-result") in ("2 of 3", "3 of 3")
    assert learning.text("li:has(#take-page) .hint") == "opens anywhere, to draw on"
    assert learning.page.is_hidden("#license")  # that of the network for photos
    for digit in (2, 5, 8):
        draw(learning.page, shaken(DIGITS[digit], hand))
        recognized(learning, f"like {digit}")
    assert learning.page.locator("#alike img").count() == 5

    learning.page.reload()
    choose(learning, "drawings")
    learning.wait_for("#go", "Train again")
    for i in range(3):
        has(learning, i, 6)
    assert card(learning, 1).locator(".name").input_value() == "like 5"
    draw(learning.page, shaken(DIGITS[5], hand))
    recognized(learning, "like 5")

    choose(learning, "photos")
    learning.page.evaluate(SLOW_PICTURE)
    learning.page.set_input_files("#open-file", photos("dots", 1))
    learning.until("Boolean(window.goOn)")
    choose(learning, "drawings")
    learning.page.evaluate("goOn()")  # the photo comes too late, and is not a drawing
    learning.stand_still()
    assert learning.page.is_hidden("#fault")
    draw(learning.page, shaken(DIGITS[2], hand))
    recognized(learning, "like 2")
    learning.keep_busy()
    draw(learning.page, shaken(DIGITS[8], hand))
    learning.page.click("#clear")
    learning.page.workers[0].evaluate("0")  # arrives after the result
    learning.stand_still()
    learning.wait_for("#answer", "Show it something.")

    # A picture shown before training is classified again after it, unless all classes are new.
    learning.page.click("#add-class")
    for _ in range(4):
        draw(learning.page, shaken(DIGITS[1], hand))
        card(learning, 3).locator(".add").click()
    has(learning, 3, 4)
    draw(learning.page, shaken(DIGITS[1], hand))
    share = "#shares li:nth-child(4) .value"
    learning.wait_for("#answer", "%")
    assert learning.text(share) == "–"
    train(learning)
    learning.wait_for(share, "%")
    card(learning, 2).locator(".quiet").click()  # another class may have its name now
    card(learning, 1).locator(".name").fill("like 8")
    names = learning.page.locator("#results thead th").all_inner_texts()
    assert names == ["like 2", "like 8", "like 8 (deleted)", "Class 3"]
    learning.page.click("#clear-all")
    learning.wait_for("#answer", "Give each class a dozen pictures, then train.")
    assert learning.page.evaluate("document.activeElement.id") == "add-class"


def test_invalid_picture_is_reported(own: Visit) -> None:
    (good,) = photos("dots", 1)
    broken = upload("cut.jpg", good["buffer"][:300])
    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"<img src=x onerror=alert(1)>"}
    add_files(own, 0, [notes, good, broken])
    own.wait_for(
        "#own-notice",
        f"This browser cannot read these as pictures: notes.txt, cut.jpg. {TRY}",
    )
    has(own, 0, 1)
    card(own, 1).locator("input[accept]").set_input_files(
        {"name": "x.zip", "mimeType": "application/zip", "buffer": b"PK no archive"}
    )
    own.wait_for("#own-notice", "The archive could not be read")
    own.page.set_input_files("#project-file", {"name": "x.zip", "mimeType": "", "buffer": b"PK"})
    own.wait_for("#own-notice", "This file is not a project with pictures")
    assert count(own, 1) == 0


@pytest.mark.full
def test_messages_of_two_classes_are_all_shown(own: Visit) -> None:
    """Otherwise the last one to end would clear the messages of the others."""
    (good,) = photos("dots", 1)
    notes = [upload(f"{turn}notes{i}.txt", b"none") for i, turn in enumerate(["\u202e", *[""] * 6])]
    both = [
        [f"#classes .card:nth-child({i})", [[each["name"], "", list(each["buffer"])] for each in files]]
        for i, files in ((1, [*notes, good]), (2, photos("checks", 12)))
    ]
    own.page.evaluate(f"(both) => both.forEach({DROP})", both)  # at the same time
    has(own, 0, 1)
    has(own, 1, 12)
    told = "as pictures: notes0.txt, notes1.txt, notes2.txt, notes3.txt, notes4.txt and 2 more."
    own.wait_for("#own-notice", told)
    own.stand_still()
    assert own.page.text_content("#own-notice") == f"This browser cannot read these {told} {TRY}"
    add_files(own, 0, photos("dots", 1))
    own.until("document.getElementById('own-notice').textContent === ''")


@pytest.mark.full
def test_class_removed_while_it_is_filled(own: Visit) -> None:
    own.page.click("#add-class")
    own.until("document.querySelectorAll('.card').length === 3")
    files = [[each["name"], "image/jpeg", list(each["buffer"])] for each in photos("dots", 20)]
    remove = "document.querySelector('.card:nth-child(3) .quiet').click()"
    own.page.evaluate(f"(drop) => {{ ({DROP})(drop); {remove}; }}", ["#classes .card:nth-child(3)", files])
    add_files(own, 0, photos("dots", 1, seed=1))
    has(own, 0, 1)
    own.until("document.getElementById('own-notice').textContent === ''")
    own.stand_still()  # until it is stored
    assert own.page.evaluate(KEPT) == 1


def archived(classes: Any, pictures: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> Any:
    """A file of a project, perhaps a false one."""
    file = io.BytesIO()
    contents = {"format": "pyconvlite-project", "version": 1, "classes": classes, "settings": None}
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr("project.json", json.dumps(contents))
        for path, data in pictures.items():
            archive.writestr(path, data)
    return {"name": "x.zip", "mimeType": "application/zip", "buffer": file.getvalue()}


def test_invalid_project_changes_nothing(own: Visit) -> None:
    (good,) = photos("dots", 1)
    add_files(own, 0, good)
    has(own, 0, 1)
    many = [{"name": name, "pictures": ["a.png"] * 100_000} for name in "ab"]
    one = [{"name": name, "pictures": [f"{name}.png"]} for name in "ab"]
    zeros = {f"{name}.png": bytes(50_000_000) for name in "ab"}
    for file in (
        archived(many, {"a.png": good["buffer"]}),  # 2 GB from 2 MB
        archived(one, zeros, zipfile.ZIP_DEFLATED),  # 100 MB from 100 kB
        archived([None, None], {}),
        archived([{"name": 1, "pictures": []}] * 2, {}),
        archived([{"name": name, "pictures": []} for name in "ab"], {}),  # as the training page's
        archived(7, {}),
    ):
        own.page.set_input_files("#project-file", file)
        own.wait_for("#own-notice", "This file is not a project with pictures")
        own.page.set_input_files("#open-file", upload("x.jpg", b"x"))
        own.wait_for("#own-notice", "This browser cannot read these as pictures: x.jpg.")
    assert count(own, 0) == 1


def test_exif_orientation_and_huge_photos(own: Visit) -> None:
    image = Image.new("RGB", (6000, 3000), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 6000, 1500))  # red above blue
    exif = Image.Exif()
    exif[0x0112] = 8  # turned to the left to be seen
    own.page.set_input_files("#open-file", upload("turned.jpg", encoded(image, exif=exif)))
    own.page.locator("#photo").wait_for()
    red, _, blue = own.page.evaluate(LEFT)
    assert (red, blue) == pytest.approx((254, 0), abs=12)  # the top is now at the left


def test_folders_and_archives_become_classes(own: Visit) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("all/readme.txt", b"not a picture: its folder is no class")
        for kind, n in (("checks", 2), ("dots", 3)):
            for each in photos(kind, n):
                archive.writestr(f"all/{kind}/{each['name']}", each["buffer"])
        archive.writestr("__MACOSX/all/dots/._dots0.jpg", b"what a system leaves")
    own.page.evaluate(DROP, ["body", [["balls.zip", "application/zip", list(file.getvalue())]]])
    has(own, 0, 2)
    has(own, 1, 3)
    own.wait_for("#own-notice", "This browser cannot read these as pictures: readme.txt.")
    names = own.page.locator("#classes .name").evaluate_all("all => all.map(({ value }) => value)")
    assert names == ["checks", "dots"]
    add_files(own, 0, {"name": "x.zip", "mimeType": "application/zip", "buffer": file.getvalue()})
    has(own, 0, 7)  # added to a class, all of them belong to it


def test_files_are_not_drawings(own: Visit) -> None:
    choose(own, "drawings")
    files = [[each["name"], "image/jpeg", list(each["buffer"])] for each in photos("dots", 1)]
    own.page.evaluate(DROP, ["#classes .card:nth-child(2)", files])
    own.stand_still()
    assert count(own, 1) == 0


def test_pictures_are_dropped_and_removed(own: Visit) -> None:
    files = [[each["name"], "image/jpeg", list(each["buffer"])] for each in photos("dots", 2)]
    own.page.evaluate(DROP, ["#classes .card:nth-child(2)", files])
    has(own, 1, 2)
    own.page.evaluate(DROP, ["body", files[:1]])
    own.page.wait_for_selector("#photo", state="visible")
    assert card(own, 0).locator(".add").inner_text() == "Add this picture"
    card(own, 0).locator(".add").click()
    has(own, 0, 1)

    card(own, 1).locator(".cross").first.click()
    has(own, 1, 1)
    own.page.click("#undo")
    has(own, 1, 2)
    own.page.click("#add-class")
    own.until("document.querySelectorAll('.card').length === 3")
    card(own, 1).locator(".quiet").click()
    own.until("document.querySelectorAll('.card').length === 2")
    own.stand_still()  # until it is stored
    own.page.reload()
    has(own, 0, 1)
    has(own, 1, 0)


def test_pictures_of_the_camera(with_camera: Callable[..., Visit]) -> None:
    visit = with_camera("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    add = card(visit, 0).locator(".add")
    assert add.inner_text() == "Take pictures"
    add.click()  # the first click turns it on
    until_runs(visit)
    assert count(visit, 0) == 0
    visit.wait_for("#camera", "Camera off")
    add.click()
    has(visit, 0, 1)
    add.hover()
    visit.page.mouse.down()
    has(visit, 0, 8, ">=")  # while it is held down, even if the page scrolls
    visit.page.mouse.up()
    until_frames(visit, 10)
    taken = count(visit, 0)
    until_frames(visit, 20)
    assert count(visit, 0) == taken  # let go
    add.focus()
    visit.page.keyboard.press("Enter")
    has(visit, 0, taken + 1)
    visit.page.evaluate(
        "document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    )
    visit.wait_for("#camera-notice", "The camera was turned off.")  # unplugged
    visit.page.click("#camera")
    until_runs(visit)
    visit.page.click("#camera")
    assert visit.page.evaluate("document.getElementById('video').srcObject") is None  # it is off
    visit.check()


@pytest.mark.full
def test_burst_with_a_slow_camera(with_camera: Callable[..., Visit]) -> None:
    visit = with_camera("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    visit.page.evaluate(SLOW_CAMERA, 700)
    card(visit, 0).locator(".add").hover()
    visit.page.mouse.down()
    has(visit, 0, 3, ">=")
    visit.page.evaluate(
        "document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    )
    visit.wait_for("#camera-notice", "The camera was turned off.")
    visit.stand_still()  # though the button is still held down
    taken = count(visit, 0)
    visit.page.mouse.up()
    visit.stand_still()
    assert (count(visit, 0), visit.page.evaluate("asked")) == (taken, 1)
    visit.page.click("#camera")
    until_runs(visit)
    visit.check()


@pytest.mark.full
def test_outdated_camera_request_is_ignored(with_camera: Callable[..., Visit]) -> None:
    visit = with_camera("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    visit.page.evaluate(REFUSED_FIRST)
    visit.page.click("#camera")
    visit.wait_for("#camera-notice", "Waiting for the camera.")
    choose(visit, "drawings")
    choose(visit, "photos")
    visit.wait_for("#camera-notice", "Turn the camera on")
    visit.page.click("#camera")
    visit.wait_for("#camera", "Camera off")
    visit.page.evaluate("refuse()")
    visit.stand_still()
    assert visit.text("#camera") == "Camera off"
    until_runs(visit)
    visit.check()


def test_camera_permission_denied(with_camera: Callable[..., Visit]) -> None:
    visit = with_camera("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    visit.page.click("#camera")
    visit.wait_for("#camera-notice", "blocked the camera")
    visit.page.click("#language")
    visit.wait_for("#camera-notice", "カメラの使用がブラウザに許可されませんでした")
    visit.page.click("#language")
    visit.page.context.grant_permissions(["camera"])  # the visitor then allows it
    visit.page.click("#camera")
    until_runs(visit)
    visit.page.locator("#camera-notice").wait_for(state="hidden")
    visit.check()


def test_no_camera(own: Visit) -> None:
    own.page.context.grant_permissions(["camera"])
    own.page.click("#camera")
    own.wait_for("#camera-notice", "No camera was found.")
    own.page.set_input_files("#open-file", photos("dots", 1))
    own.page.locator("#photo").wait_for()
    assert own.page.is_hidden("#camera-notice")


def test_keyboard_only(own: Visit) -> None:
    add_files(own, 0, photos("dots", 2))
    has(own, 0, 2)
    own.page.focus("#ways [value=photos]")
    own.page.keyboard.press("ArrowRight")
    own.page.locator("#pad").wait_for()
    own.page.keyboard.press("ArrowLeft")
    has(own, 0, 2)
    last = card(own, 0).locator(".cross").last
    last.focus()
    own.page.keyboard.press("Enter")
    has(own, 0, 1)
    focused = own.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Remove picture 1 of Class 1"  # the focus is kept
    own.page.focus("#undo")
    own.page.keyboard.press("Enter")
    has(own, 0, 2)
    own.page.keyboard.press("Enter")  # the focus is on the next button
    own.until("document.querySelectorAll('.card').length === 3")


def test_small_class_is_reported(own: Visit) -> None:
    rng = np.random.default_rng(0)
    add_files(own, 0, photos("dots", 6))
    add_files(own, 1, upload("one.png", encoded(photo("checks", rng), "PNG")))
    has(own, 1, 1)
    own.wait_for("#classes .card:nth-child(2) .total", "1 picture: far fewer than the other classes have")


def test_class_name_is_text(own: Visit) -> None:
    name = "<img src=x onerror=alert(1)>"
    card(own, 0).locator(".name").fill(name)
    own.page.locator(".add").first.and_(own.page.get_by_label(f"Take pictures: {name}")).wait_for()
    assert own.page.locator("#classes img").count() == 0

"""Hostile pictures on the page of the visitor's data: each is shown or refused, and the page goes on."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hosting import Preview
from own_pictures import DROP, add_files, card, choose, count, encoded, has, upload
from PIL import Image
from strokes import DIGITS, draw
from test_own_data import LEFT, TRY, archived
from visits import Visit

SIDE = 64
RED = (255, 0, 0)


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def grey(side: int, rows: bytes = b"", length: int | None = None) -> bytes:
    """A PNG of so many pixels a side, with these rows; the length of its data may be false."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows), length), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def animated(kind: str) -> bytes:
    first, *rest = (Image.new("RGB", (SIDE, SIDE), (255 - 40 * i, 0, 0)) for i in range(3))
    return encoded(first, kind, save_all=True, append_images=rest, duration=50)


def deep() -> bytes:
    pixels = np.full((SIDE, SIDE), 65535 // 2, np.uint16)
    return encoded(Image.fromarray(pixels), "PNG")


PAGE = b"<html><script>document.title = 'caught'</script></html>"
SVG = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'>"
    b"<script>document.title = 'caught'</script>"
    b"<image href='http://127.0.0.1:9/x.png' width='64' height='64'/></svg>"
)
PLAIN = Image.new("RGB", (SIDE, SIDE), RED)

# Each with its colour; None for an invalid picture.
PICTURES: dict[str, tuple[bytes, tuple[int, int, int] | None]] = {
    "one pixel.jpg": (encoded(Image.new("RGB", (1, 1), RED)), RED),
    "moving.gif": (animated("GIF"), RED),
    "moving.webp": (animated("WEBP"), RED),
    "moving.png": (animated("PNG"), RED),
    "four colours.jpg": (encoded(Image.new("CMYK", (SIDE, SIDE), (0, 255, 255, 0))), RED),
    "16 bits.png": (deep(), (127, 127, 127)),
    "a page, too.png": (encoded(PLAIN, "PNG") + PAGE, RED),
    "a page.png": (PAGE, None),
    "a script.svg": (SVG, None),
    "900 million pixels.png": (grey(30_000), None),
    "4 GB.png": (grey(SIDE, length=0xFFFF_FFF0), None),
    "nothing.png": (grey(0), None),
    "upside down.bmp": (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 2**31 - 1, -(2**31), 1, 32, *[0] * 6),
        None,
    ),
}


def test_unusual_pictures(own: Visit) -> None:
    before = own.page.title()
    own.expected.append("willReadFrequently")  # what this test does
    for name, (data, colour) in PICTURES.items():
        own.page.set_input_files("#open-file", upload(name, data))
        if colour is None:
            own.wait_for("#own-notice", f"This browser cannot read these as pictures: {name}.")
            continue
        own.until("document.getElementById('own-notice').textContent === ''")
        own.until(f"({LEFT})().every((value, i) => Math.abs(value - {list(colour)}[i]) < 12)")
        own.page.set_input_files("#open-file", upload("x.jpg", b"x"))
        own.wait_for("#own-notice", "x.jpg.")
    assert own.page.title() == before


def test_truncated_picture(own: Visit) -> None:
    rng = np.random.default_rng(0)
    whole = encoded(Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)))
    cut = [upload(f"{i}.jpg", whole[: len(whole) * i // 20]) for i in range(20)]
    add_files(own, 0, [*cut, upload("whole.jpg", whole)])
    has(own, 0, 1, ">=")
    own.wait_for("#own-notice", "This browser cannot read these as pictures: 0.jpg, 1.jpg")
    told = own.text("#own-notice")
    shown = card(own, 0).locator(".shots li").count()
    assert shown + 5 + int(told.removesuffix(f" more. {TRY}").rpartition(" ")[2]) == 21


# Drops a file of one input on an element, or chooses it in another input.
PASS_ON = """([selector, isDropped]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(document.getElementById('chosen').files[0]);
  const place = document.querySelector(selector);
  if (!isDropped) place.files = dataTransfer.files;
  const options = { dataTransfer, bubbles: true, cancelable: true };
  place.dispatchEvent(isDropped ? new DragEvent('drop', options) : new Event('change', options));
}"""

# Only the first pieces of an archive can be read.
MOVED = """(pieces) => {
  const { arrayBuffer } = Blob.prototype;
  Blob.prototype.arrayBuffer = function () {
    const isPiece = this.type === '';
    if (isPiece && pieces-- <= 0) return Promise.reject(new DOMException('moved', 'NotReadableError'));
    return arrayBuffer.call(this);
  };
}"""

# The browser runs out of memory after so many pictures.
NO_MEMORY = """(pictures) => {
  const { getContext } = OffscreenCanvas.prototype;
  OffscreenCanvas.prototype.getContext = function (...all) {
    return pictures-- > 0 ? getContext.apply(this, all) : null;
  };
}"""


def test_archive_removed_before_it_is_read(own: Visit, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(3))
    chosen = "Object.assign(document.createElement('input'), { type: 'file', id: 'chosen' })"
    own.page.evaluate(f"document.body.append({chosen})")
    own.page.set_input_files("#chosen", path)
    path.unlink()
    own.page.evaluate(PASS_ON, ["#classes .card", True])
    own.wait_for(
        "#own-notice", "The archive could not be read: it is damaged, not a zip file, or no longer where"
    )
    own.page.evaluate(PASS_ON, ["#project-file", False])
    own.wait_for("#own-notice", "This file is not a project with pictures")


def test_archive_removed_while_it_is_read(own: Visit) -> None:
    own.page.evaluate(MOVED, 2 + 2 * 2)  # the list has two pieces, and so has each picture
    add_files(own, 0, {"name": "x.zip", "mimeType": "application/zip", "buffer": zipped(4)})
    own.wait_for("#own-notice", "This browser cannot read these as pictures: 2.jpg, 3.jpg.")
    has(own, 0, 2)


def test_read_pictures_are_kept_after_a_failure(own: Visit) -> None:
    own.expected.append("no canvas")
    own.page.evaluate(NO_MEMORY, 2)
    add_files(own, 0, [upload(f"{i}.jpg", encoded(PLAIN)) for i in range(4)])
    has(own, 0, 2)


def names() -> Iterator[str]:
    yield from (
        "../../../etc/passwd/a.jpg",
        "/abs/b.jpg",
        "a\\..\\c.jpg",
        "\u202egpj/\u202egpj.d",
        "__proto__/e.jpg",
    )
    yield f"{'long' * 5_000}/f.jpg"


def test_archive_folders_name_the_classes(own: Visit) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names():
            archive.writestr(name, encoded(PLAIN))
    own.page.evaluate(DROP, ["body", [["names.zip", "application/zip", list(file.getvalue())]]])
    own.until(
        "document.querySelectorAll('.shots li').length === 4"
    )  # without the one in the hidden folder `..`
    classes = own.page.locator("#classes .name").evaluate_all("all => all.map(({ value }) => value)")
    assert classes[:3] == ["abs", "gpj", "__proto__"]
    own.wait_for("#own-notice", "To add several pictures at once")  # one is outside of all folders
    assert own.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def zipped(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(count):
            archive.writestr(f"{i}.jpg", encoded(PLAIN))
    return file.getvalue()


@pytest.mark.full  # 2,000 pictures are read
def test_archive_with_too_many_pictures(own: Visit) -> None:
    file: Any = {"name": "many.zip", "mimeType": "application/zip", "buffer": zipped(20_000)}
    add_files(own, 0, file)
    own.wait_for("#own-notice", "The limit is 2,000 pictures. 18,000 were left out.", seconds=300)
    has(own, 0, 2_000)
    add_files(own, 1, upload("one.jpg", encoded(PLAIN)))
    own.wait_for("#own-notice", "The limit is 2,000 pictures. One was left out.")
    own.page.set_input_files("#open-file", upload("one.jpg", encoded(PLAIN)))
    card(own, 1).locator(".add").filter(has_text="Add this picture").click()
    own.wait_for("#own-notice", "The limit is 2,000 pictures: remove some first.")
    assert count(own, 1) == 0


def test_projects_open_one_after_the_other(own: Visit) -> None:
    classes = [{"name": name, "pictures": [f"{name}.jpg"]} for name in "ab"]
    pictures = {"a.jpg": encoded(PLAIN), "b.jpg": encoded(PLAIN)}
    own.page.set_input_files("#project-file", archived(classes, {**pictures, "weights.npz": b"PK"}))
    has(own, 1, 1)  # its Python never arrives
    others = [{**each, "name": "later"} for each in classes]
    own.page.set_input_files("#project-file", archived(others, pictures))
    own.wait_for("#own-notice", "Wait until training or loading ends")
    assert card(own, 0).locator(".name").input_value() == "a"


@pytest.mark.full
def test_project_with_too_many_pictures_is_refused(own: Visit) -> None:
    pictures = {f"{name}/{i}.jpg": b"\xff\xd8" for name in "ab" for i in range(1001)}
    classes = [{"name": name, "pictures": [path for path in pictures if path[0] == name]} for name in "ab"]
    own.page.set_input_files("#project-file", archived(classes, pictures))
    own.wait_for("#own-notice", "not opened: it has 2,002 pictures, and the limit is 2,000.")


def test_pictures_of_a_project_are_scaled_down(own: Visit) -> None:
    """Each visit decodes them again, all at once."""
    side = 3_000
    large = grey(side, (b"\0" + b"\x80" * side) * side)
    classes = [{"name": name, "pictures": [f"{name}.png"]} for name in "ab"]
    file = archived(classes, {"a.png": encoded(PLAIN, "PNG"), "b.png": large}, zipfile.ZIP_STORED)
    own.page.set_input_files("#project-file", file)
    has(own, 0, 1)
    has(own, 1, 1)
    shown = own.page.locator(".shots img")
    own.until("[...document.querySelectorAll('.shots img')].every(({ naturalWidth }) => naturalWidth)")
    assert shown.evaluate_all("all => all.map(({ naturalWidth }) => naturalWidth)") == [SIDE, 224]


def test_invalid_pictures_of_a_project(own: Visit) -> None:
    good = encoded(PLAIN)
    pictures = {"a/0.jpg": good, "a/1.jpg": good[: len(good) // 3], "a/2.png": b"none", "b/3.jpg": good}
    classes = [{"name": name, "pictures": [path for path in pictures if path[0] == name]} for name in "ab"]
    own.page.set_input_files("#project-file", archived(classes, pictures))
    own.wait_for("#own-notice", "This browser cannot read these as pictures: 1.jpg, 2.png.")
    has(own, 0, 1)
    has(own, 1, 1)


# Replaces a stored picture by something else.
SPOIL = """() => new Promise((done) => {
  indexedDB.open('own-pictures').onsuccess = ({ target: { result: database } }) => {
    const store = database.transaction('pictures', 'readwrite').objectStore('pictures');
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      cursor.update({ ...cursor.value, file: new Uint8Array(9) });
    };
    store.transaction.oncomplete = () => {
      database.close();
      done();
    };
  };
})"""


@pytest.mark.full
def test_invalid_stored_picture(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}own.html")
    choose(visit, "drawings")
    for i in range(2):
        draw(visit.page, DIGITS[i + 1])
        card(visit, i).locator(".add").click()
        has(visit, i, 1)
    visit.wait_for("#notice", "Ready.")
    visit.page.evaluate(SPOIL)
    visit.page.reload()
    choose(visit, "drawings")
    visit.wait_for("#notice", "Ready.")

"""Actions on the page for the visitor's pictures."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from strokes import Stroke
from visits import Visit

SIDE = 200

# Drops files on an element; a path with slashes lies in folders.
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

# How many pictures the browser stores, of all classes.
KEPT = """() => new Promise((done) => {
  indexedDB.open('own-pictures').onsuccess = ({ target: { result: database } }) => {
    database.transaction('pictures').objectStore('pictures').count().onsuccess = ({ target }) => {
      database.close();
      done(target.result);
    };
  };
})"""


def photo(kind: str, rng: np.random.Generator) -> Image.Image:
    """A ball with a pattern, of any size, turn and colour, in any light."""
    turn, period, radius = rng.uniform((0, 2.5, 45), (np.pi, 7, 90))
    y, x = np.mgrid[:SIDE, :SIDE]
    u, v = (np.sin((x * np.cos(a) + y * np.sin(a)) / period) for a in (turn, turn + np.pi / 2))
    pattern = {"stripes": u, "checks": u * v, "dots": u + v - 0.8}[kind] > 0
    row, column = rng.uniform(radius, SIDE - radius, 2)
    colours = rng.uniform(0, 256, (3, 3))
    colours[1] = (colours[0] + rng.uniform(80, 176, 3)) % 256
    pixels = colours[np.where(np.hypot(y - row, x - column) < radius, pattern, 2)]
    pixels = pixels * rng.uniform(0.4, 1) + rng.normal(0, 8, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def upload(name: str, content: bytes) -> Any:
    """A file in the form that Playwright takes."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def photos(kind: str, n: int, seed: int = 0) -> list[Any]:
    """Files of photos."""
    rng = np.random.default_rng([seed, len(kind)])
    return [upload(f"{kind}{i}.jpg", encoded(photo(kind, rng))) for i in range(n)]


def shaken(strokes: Sequence[Stroke], hand: random.Random) -> list[Stroke]:
    return [[(x + hand.uniform(-3, 3), y + hand.uniform(-3, 3)) for x, y in stroke] for stroke in strokes]


def card(visit: Visit, index: int) -> Any:
    return visit.page.locator("#classes .card").nth(index)


def count(visit: Visit, index: int) -> int:
    return int(card(visit, index).locator(".shots li").count())


def has(visit: Visit, index: int, pictures: int, relation: str = "===") -> None:
    """Wait until a class has so many pictures."""
    shown = f"document.querySelectorAll('.card')[{index}].querySelectorAll('.shots li').length"
    visit.until(f"{shown} {relation} {pictures}", seconds=20)


def add_files(visit: Visit, index: int, files: Any) -> None:
    """Choose files for a class."""
    card(visit, index).locator("input[accept]").set_input_files(files)


def choose(visit: Visit, way: str) -> None:
    """Switch to photos or drawings."""
    visit.page.click(f"#ways label:has([value={way}])")


def train(visit: Visit, selector: str = "#go") -> None:
    """Train, and wait until it is done."""
    visit.page.locator(f"{selector}[aria-disabled=false]").wait_for()
    visit.page.click(selector)
    visit.wait_for("#notice", "Trained.", seconds=180)
    visit.wait_for("#go", "Train again")


def recognized(visit: Visit, name: str) -> None:
    """Wait until the network recognizes this class."""
    visit.wait_for("#answer", name)  # its Python may have to start

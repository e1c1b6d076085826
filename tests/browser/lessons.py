"""Actions on the lessons' pages: read a figure's numbers, point at them, change them, answer."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page
from scipy.signal import correlate2d

Array = NDArray[np.float64]

READ = """([lesson, name]) => {
  for (const tensor of document.querySelectorAll(`#${lesson} .shown .tensor`)) {
    const caption = tensor.querySelector('figcaption code').textContent;
    if (!caption.startsWith(name + ' ')) continue;
    const cells = [...tensor.querySelectorAll('.cell text')];
    const rows = tensor.querySelector('svg').querySelectorAll('[role=row]');
    const grid = [rows.length, rows[0].querySelectorAll('.cell').length];
    return [caption.slice(name.length), grid, cells.map((cell) => cell.textContent)];
  }
}"""


class Lesson:
    """One section of a lesson's page: a figure, its sentences, perhaps a question."""

    def __init__(self, page: Page, lesson: str) -> None:
        self.page = page
        self.place = page.locator(f"#{lesson}")
        self.id = lesson
        page.mouse.move(0, 0)  # so that no figure scrolls under the pointer that the previous test left
        self.place.scroll_into_view_if_needed()  # figures out of sight are not computed

    def shown(self, name: str) -> Array | None:
        """The numbers of a tensor, in its shape, with its padding; None while there are none."""
        found = self.page.evaluate(READ, [self.id, name])
        if not found:
            return None
        named, grid, cells = found
        if {"", "?"} & set(cells):  # they are not computed yet, or hidden by a question
            return None
        shape = ast.literal_eval(named.strip())
        whole = (*shape[:-2], *grid) if len(shape) > 1 else shape
        return np.array([float(cell) for cell in cells]).reshape(whole)

    def shows(self, name: str, expected: Any, seconds: float = 20) -> None:
        """Wait until a tensor shows these numbers, to two decimals."""
        expected = np.asarray(expected)
        wait(
            lambda: agree(self.shown(name), expected),
            lambda: f"{name} is {self.shown(name)}, not {expected}",
            seconds,
        )

    def numbers(self) -> list[float]:
        """All numbers of the sentence below the figure."""
        said = self.place.locator(".sentence").inner_text().replace("−", "-")
        return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", said)]

    def held(self, name: str) -> Array:
        """An input of the figure."""
        shown = self.shown(name)
        assert shown is not None
        return shown

    def has(self, name: str, count: int) -> None:
        """Wait until a tensor has so many cells."""
        wait(lambda: self.cells(name).count() == count, lambda: f"{name} keeps its shape")

    def cells(self, name: str) -> Locator:
        """The cells of a tensor."""
        tensor = self.place.locator(".shown .tensor").filter(
            has=self.page.locator(f"figcaption code >> text=/^{name} /")
        )
        return tensor.locator(".cell")

    def marked(self, name: str, *marks: str) -> list[int]:
        """Flat indices of the cells with one of the marks; by default those of a window."""
        wanted = set(marks or ("window", "framed"))
        classes = self.cells(name).evaluate_all("cells => cells.map((cell) => cell.getAttribute('class'))")
        return [i for i, names in enumerate(classes) if wanted & set(names.split())]

    def set(self, **knobs: int) -> None:
        """Turn knobs."""
        for name, value in knobs.items():
            self.place.locator(f".knobs [name={name}]").fill(str(value))

    def pick(self, group: str, option: str) -> None:
        """Choose from a row of options by name."""
        chosen = self.place.get_by_role("group", name=group, exact=True)
        chosen.get_by_role("radio", name=option, exact=True).check()

    def put(self, name: str, index: int, value: str) -> None:
        """Type a number into a cell, by keyboard alone."""
        cell = self.cells(name).nth(index)
        cell.focus()
        self.page.keyboard.type(value)
        self.page.keyboard.press("Enter")
        wait(lambda: cell.text_content() == value, lambda: f"{name} does not take {value}")

    def reveal(self) -> None:
        """Make the figure show what a question hides."""
        if "?" in self.place.locator(".shown .cell text").all_text_contents():
            self.place.get_by_role("button", name="Show me").click()

    def choose_any(self) -> None:
        """Answer the figure's question, so that it hides nothing."""
        self.place.locator(".options button").first.click()

    def start_over(self) -> None:
        self.place.get_by_role("button", name="Start over").click()

    def unfold(self) -> None:
        """Open the Python of the figure."""
        if self.place.locator("details").first.get_attribute("open") is None:
            self.place.locator("summary").first.click()

    def code(self) -> str:
        """The Python of the figure; the editor draws all lines once it is in sight."""
        self.unfold()
        self.place.locator(".cm-content").scroll_into_view_if_needed()
        wait(lambda: self.place.locator(".cm-gap").count() == 0, lambda: "the code is longer than the screen")
        return "\n".join(line.strip("\n") for line in self.place.locator(".cm-line").all_inner_texts())

    def type(self, code: str) -> None:
        """Replace the Python of the figure."""
        self.unfold()
        self.place.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.press(
            "Delete"
        )  # text that replaces a selection would get Chromium's inline styles
        self.page.keyboard.insert_text(code)

    def says(self, text: str) -> None:
        """Wait for a sentence below the figure."""
        self.place.locator(".sentence").filter(has_text=text).wait_for()

    def faults(self, text: str) -> None:
        """Wait for the figure's error message."""
        self.place.locator(".said").filter(has_text=text).wait_for()

    def answer(self, given: object, reply: str) -> None:
        """Type an answer to the figure's question, and wait for the comment on it."""
        field = self.place.locator(".ask form input")
        field.fill(str(given))
        field.press("Enter")
        self.replies(reply)

    def replies(self, text: str) -> None:
        """Wait for the comment on the last answer."""
        self.place.locator(".verdict").filter(has_text=text).wait_for()


def convolved(x: Array, W: Array, stride: int = 1, pad: int = 0) -> Array:
    """conv2d of (N, C, H, W) and (OC, C, KH, KW), by SciPy, channel by channel."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    full = np.array([[sum(map(lambda a, b: correlate2d(a, b, "valid"), n, w)) for w in W] for n in x])
    return full[:, :, ::stride, ::stride]


def agree(shown: Array | None, expected: Array) -> bool:
    return (
        shown is not None
        and shown.shape == expected.shape
        and np.allclose(shown, expected, rtol=0.01, atol=0.006)
    )


def wait(condition: Callable[[], bool], message: Callable[[], str], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, message()
        time.sleep(0.05)


def heat(place: Locator, name: str) -> Array:
    """The signed opacities of a picture's pixels, proportional to its numbers."""
    picture = (
        place.locator("figure").filter(has=place.page.locator(f"code >> text=/^{name} /")).locator("svg.heat")
    )
    cells = picture.locator("rect[data-index]")
    values = cells.evaluate_all(
        "cells => cells.map((cell) => (cell.matches('.minus') ? -1 : 1) * cell.getAttribute('fill-opacity'))"
    )
    return np.array(values)

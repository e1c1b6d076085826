"""Strokes of hand-drawn digits, and a function that draws them."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page

Stroke = Sequence[tuple[float, float]]

# On a square of 100 x 100, x to the right and y down.
DIGITS: dict[int, list[Stroke]] = {
    0: [[(52, 18), (38, 22), (28, 40), (26, 58), (33, 76), (48, 83), (63, 78), (72, 60), (70, 32), (52, 18)]],
    1: [[(54, 16), (52, 40), (49, 64), (47, 84)]],
    2: [[(30, 32), (38, 20), (54, 17), (66, 26), (64, 42), (50, 58), (34, 74), (28, 82), (48, 80), (74, 82)]],
    3: [[(32, 22), (50, 17), (66, 25), (64, 40), (46, 48), (64, 54), (70, 68), (58, 81), (40, 83), (28, 76)]],
    4: [[(36, 18), (32, 36), (30, 52), (48, 54), (68, 50)], [(66, 20), (63, 50), (60, 84)]],
    5: [[(68, 18), (38, 20), (35, 44), (52, 42), (67, 52), (68, 68), (54, 81), (30, 80)]],
    6: [[(60, 16), (44, 28), (34, 48), (32, 66), (42, 82), (58, 82), (67, 70), (60, 57), (46, 57), (35, 68)]],
    7: [[(28, 22), (48, 21), (72, 20), (62, 42), (53, 62), (47, 84)]],
    8: [[(62, 24), (48, 17), (36, 26), (42, 40), (66, 64), (54, 83), (38, 78), (37, 62), (64, 36), (62, 24)]],
    9: [[(66, 28), (52, 18), (38, 26), (36, 42), (50, 50), (64, 42), (66, 28), (64, 52), (60, 84)]],
}  # fmt: skip


def draw(page: Page, strokes: Sequence[Stroke]) -> None:
    """Draw with the mouse on the emptied drawing area."""
    page.click("#clear")
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return box["x"] + point[0] / 100 * box["width"], box["y"] + point[1] / 100 * box["height"]

    for first, *rest in strokes:
        page.mouse.move(*place(first))
        page.mouse.down()
        for point in rest:
            page.mouse.move(*place(point))  # the page draws the line
        page.mouse.up()

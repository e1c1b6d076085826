"""Checks of every page: accessibility, layout on a phone, keyboard, no faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from accessibility import findings
from conftest import DESK, PHONE
from hosting import CASES, DIST
from playgrounds import Playground
from visits import Visit

SITE = DIST / "site"

# Shared by the scripts below: all elements, also in shadow roots; the description of an element.
HELPERS = """
window.everything = (root) => [...root.querySelectorAll('*')].flatMap((element) =>
  [element, ...(element.shadowRoot ? everything(element.shadowRoot) : [])]);
window.called = (element) => {
  const id = (element.getRootNode().host ?? element).closest('[id]')?.id;
  const said = element.getAttribute('aria-label') || element.name || element.textContent.trim();
  const name = [element.localName, ...element.classList].join('.');
  return `${id ? `#${id} ` : ''}${name} ${said.slice(0, 40)}`;
};
window.isShown = (element) =>
  element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
window.actsAlone = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]';
"""

# All elements that the Tab key must reach; one of each group of radio buttons.
TABBABLE = """() => {
  window.wanted = everything(document.body).filter((element) => element.matches(actsAlone)
    && element.tabIndex >= 0 && isShown(element)
    && !element.matches(':disabled') && !element.closest('[inert]')
    && !(element.type === 'radio' && !element.checked));
  window.reached = new Set();
  return wanted.length;
}"""

# The element that has the focus, null after a round, and whether an outline marks it: the element's
# own or, in a shadow root, that of the widget, which may appear later.
STEP = """async () => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (element === document.body || reached.has(element)) return null;
  reached.add(element);
  const shows = (node) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(node);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 && !/, 0\\)$/.test(outlineColor);
  };
  const marked = [element];
  if (element.getRootNode() instanceof ShadowRoot) {
    for (let node = element.parentElement; node; node = node.parentElement) marked.push(node);
  }
  const box = element.getBoundingClientRect();
  const inSight = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  for (let i = 0; i < 20 && !marked.some(shows); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return { name: called(element), shows: marked.some(shows), inSight };
}"""

MISSED = "() => wanted.filter((element) => !reached.has(element)).map(called)"

# Elements that look clickable, but cannot be used by keyboard.
POINTER_ONLY = """() => everything(document.body)
  .filter((element) => isShown(element) && getComputedStyle(element).cursor === 'pointer')
  .filter((element) => {
    for (let node = element; node; node = node.parentElement ?? node.getRootNode().host) {
      if (node.matches(`${actsAlone}, label`)) return false;
    }
    return true;
  })
  .map(called)"""

WIDER = """() => everything(document.body)
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && isShown(element))
  .filter((element) => !element.closest('.visually-hidden'))
  .map(called)"""

# The width of the page with all that can be unfolded, and what is wider; it is folded again.
UNFOLDED = """(wider) => {
  const folded = document.querySelectorAll('details:not([open])');
  for (const each of folded) each.open = true;
  const found = [document.documentElement.scrollWidth, wider()];
  for (const each of folded) each.open = false;
  return found;
}"""

# The contrast of an element's text against its ground, as WCAG 2.2 defines it; the ground is opaque.
CONTRAST = """(selector) => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const luminance = (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const { color, backgroundColor } = getComputedStyle(document.querySelector(selector));
  const both = [color, backgroundColor].map(luminance);
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


@pytest.fixture(params=CASES)
def visit(page_of: Callable[..., Visit], request: pytest.FixtureRequest) -> Iterator[Visit]:
    """The page with its first results: in English, in light colors, on a desktop."""
    visit = page_of(request.param)
    if not visit.page.evaluate("'everything' in window"):
        visit.page.evaluate(HELPERS)
    yield visit
    choose(visit, "en")
    visit.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    visit.page.set_viewport_size(DESK)


def choose(visit: Visit, language: str) -> None:
    if visit.page.evaluate("document.documentElement.lang") != language:
        visit.page.click("#language")
    assert visit.page.evaluate("document.documentElement.lang") == language


@pytest.mark.parametrize(
    ("language", "scheme", "window"),
    [
        ("en", "light", DESK),
        ("ja", "dark", PHONE),
        *(
            pytest.param(*both, marks=pytest.mark.full)
            for both in (("en", "dark", DESK), ("ja", "light", DESK), ("en", "light", PHONE))
        ),
    ],
    ids=lambda value: f"{value['width']} px" if isinstance(value, dict) else value,
)
def test_axe_finds_nothing(visit: Visit, language: str, scheme: Any, window: Any) -> None:
    choose(visit, language)
    visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    visit.page.set_viewport_size(window)
    assert findings(visit.page) == []


def test_contrast_of_hovered_buttons(enter_editor: Callable[..., Playground]) -> None:
    page = enter_editor().page
    button = page.locator("#go.primary")
    for scheme, off in product(("light", "dark"), ("true", "false")):
        page.emulate_media(color_scheme=scheme)
        button.evaluate("(button, off) => button.setAttribute('aria-disabled', off)", off)
        button.hover()
        assert page.locator("#go:hover").count() == 1
        assert page.evaluate(CONTRAST, "#go") >= 4.5, (scheme, off)


def test_no_horizontal_scrolling(visit: Visit) -> None:
    page = visit.page
    for language, width in product(("en", "ja"), (360, 568, 800, 1440)):
        choose(visit, language)
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") == width, page.evaluate(WIDER)
        for root in ("document.documentElement", "document.body"):  # nor is it cut off
            assert page.evaluate(f"getComputedStyle({root}).overflowX") == "visible"


def test_no_horizontal_scrolling_in_large_type(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    try:
        for language in ("en", "ja"):
            choose(visit, language)
            visit.set_type(32)
            width, wider = visit.page.evaluate(f"({UNFOLDED})({WIDER})")
            assert width == PHONE["width"], wider
    finally:
        visit.set_type(16)


def test_layout_shift_is_small(visit: Visit) -> None:
    assert visit.moved < 0.1  # "good" in the terms of the Web Vitals


def test_works_below_any_path(visit: Visit) -> None:
    assert visit.asked
    assert visit.outside() == []


@pytest.mark.last  # the Tab key's round selects elements in the lessons' figures
def test_keyboard_focus_reaches_everything_visibly(visit: Visit) -> None:
    page = visit.page
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
    page.locator(".skip").focus()
    page.keyboard.press("Shift+Tab")
    wanted = page.evaluate(TABBABLE)
    assert wanted > 5
    steps: list[dict[str, Any]] = []
    page.keyboard.press("Tab")
    while step := page.evaluate(STEP):
        steps.append(step)
        page.keyboard.press("Tab")
    assert page.evaluate(MISSED) == [], f"the last that was reached: {steps[-1]['name']}"
    assert [step["name"] for step in steps if not step["shows"]] == []
    assert [step["name"] for step in steps if not step["inSight"]] == []


def test_no_pointer_only_controls(visit: Visit) -> None:
    assert visit.page.evaluate(POINTER_ONLY) == []

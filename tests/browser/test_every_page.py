"""What holds of every page: accessible, at home on a phone, usable by keyboard, without a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hosting import DIST, Server
from visits import Visit

SITE = DIST / "site"
PAGES = sorted(path.name for path in SITE.glob("*.html"))
AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text("utf-8")

# Findings that hinder people, each as one line.
FINDINGS = """async () => {
  const { violations } = await axe.run();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, any, all }) =>
      `${id}: ${target.join(' ')}: ${[...any, ...all].map(({ message }) => message).join('; ')}`));
}"""

# What the scripts below share: all elements, those in shadow roots too; what to call one.
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

# All that the Tab key has to reach; of a group of radio buttons one is enough.
TABBABLE = """() => {
  window.wanted = everything(document.body).filter((element) => element.matches(actsAlone)
    && element.tabIndex >= 0 && isShown(element)
    && !element.matches(':disabled') && !element.closest('[inert]')
    && !(element.type === 'radio' && !element.checked));
  window.reached = new Set();
  return wanted.length;
}"""

# What the Tab key has come to, null after a round, and whether an outline tells where that is: the element's
# own or, within a shadow root, that of the widget, which may come a moment later.
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

# What looks as if it could be pressed, but only by a pointer.
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


@pytest.fixture(scope="module", params=PAGES)
def visit(
    enter: Callable[..., Visit], server: Server, visits: list[Visit], request: pytest.FixtureRequest
) -> Iterator[Visit]:
    """The page, with all that its Python computes at first."""
    visit = enter(server.url + request.param, locale="en-US")
    settle(visit)
    visit.page.evaluate(AXE)
    visit.page.evaluate(HELPERS)
    yield visit
    visit.page.context.close()
    visits.remove(visit)


def settle(visit: Visit) -> None:
    """Wait until the page's Python stands, if it starts one, and what it computes has been drawn."""
    visit.page.wait_for_load_state("load")
    visit.page.wait_for_timeout(500)
    if visit.page.workers:
        visit.wait_for("#versions", "NumPy")
        visit.page.wait_for_timeout(1500)


@pytest.fixture(params=["en", "ja"])
def language(visit: Visit, request: pytest.FixtureRequest) -> Iterator[str]:
    choose(visit, request.param)
    yield request.param
    choose(visit, "en")


def choose(visit: Visit, language: str) -> None:
    if visit.page.evaluate("document.documentElement.lang") != language:
        visit.page.click("#language")
    assert visit.page.evaluate("document.documentElement.lang") == language


@pytest.fixture(params=["light", "dark"])
def scheme(visit: Visit, request: pytest.FixtureRequest) -> Iterator[str]:
    visit.page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    yield request.param
    visit.page.emulate_media(color_scheme="light", reduced_motion="no-preference")


@pytest.fixture
def phone(visit: Visit) -> Iterator[None]:
    kept = visit.page.viewport_size
    visit.page.set_viewport_size({"width": 360, "height": 740})
    yield
    assert kept
    visit.page.set_viewport_size(kept)


def test_axe_finds_nothing_serious(visit: Visit, language: str, scheme: str) -> None:
    assert visit.page.evaluate(FINDINGS) == []


def test_axe_finds_nothing_serious_on_a_phone(visit: Visit, phone: None) -> None:
    assert visit.page.evaluate(FINDINGS) == []


def test_a_phone_shows_it_without_scrolling_sideways(visit: Visit, phone: None, language: str) -> None:
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") == 360, page.evaluate(WIDER)
    for root in ("document.documentElement", "document.body"):  # nor is it cut off
        assert page.evaluate(f"getComputedStyle({root}).overflowX") == "visible"


def test_the_keyboard_reaches_all_of_it_and_shows_where_it_is(visit: Visit) -> None:
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


def test_nothing_waits_for_a_pointer_alone(visit: Visit) -> None:
    assert visit.page.evaluate(POINTER_ONLY) == []

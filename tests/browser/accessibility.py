"""Accessibility problems that axe finds on a page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text("utf-8")

# One line each.
FINDINGS = """async () => {
  const { violations } = await axe.run();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, all }) =>
    `${id}: ${target.join(' ')}: ${[...any, ...all].map(({ message }) => message).join('; ')}`));
}"""


def findings(page: Page) -> list[str]:
    """Return what axe finds, minor problems included."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(FINDINGS)
    return found

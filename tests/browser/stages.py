"""Actions on the picture of the network on the training page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from visits import Visit

# What the canvas shows.
CANVAS = "document.querySelector('.plate canvas').toDataURL()"


def look(visit: Visit) -> None:
    """Scroll to the picture and wait until it is drawn."""
    visit.page.locator(".plate").evaluate("plate => plate.scrollIntoView()")
    visit.page.wait_for_selector(".over .label")


def choose(visit: Visit, key: str, where: str) -> None:
    """Select an element, and wait until the path to it is shown."""
    visit.page.click(f'[data-key="{key}"]')
    visit.wait_for(".head nav", where)


def back(visit: Visit, where: str) -> None:
    visit.page.keyboard.press("Escape")
    visit.until(f"document.querySelector('.head [aria-current]').textContent === '{where}'")


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", text.replace("−", "-"))]


def weights(visit: Visit, folder: Path) -> dict[str, np.ndarray]:
    with np.load(visit.weights(folder)) as file:
        return dict(file)


def cells(visit: Visit, term: str) -> list[float]:
    texts = visit.page.locator(f"#term-{term} td").all_text_contents()
    return [float(text.replace("−", "-")) for text in texts]

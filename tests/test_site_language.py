"""The site says all that it says in both languages: no text and no label is there in English alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.cpython  # the sources of the site are not inside Pyodide

SITE = Path(__file__).parents[1] / "site"
PAGES = sorted([*SITE.glob("*.html"), *SITE.glob("frame/*.html")])

LABELS = ("alt", "aria-description", "aria-label", "aria-roledescription", "placeholder", "title")
VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}
CODE = {"code", "pre", "script", "style", "svg"}

# What is called the same in both languages.
NAMES = {
    *(
        "Adam",
        "CNN",
        "CPU",
        "GFLOP/s",
        "GPU",
        "JupyterLite",
        "LeNet",
        "MLP",
        "MNIST",
        "Momentum",
        "NumPy",
        "PyPI",
        "Pyodide",
    ),
    *("Ctrl", "Enter", "Mac", "Tab", "matplotlib"),
    *("Python", "SGD", "SIMD", "WebAssembly", "WebGPU", "Winograd", "pyconvlite"),
    *("OK", "MB", "ms", "px"),
}


def english_words(text: str) -> list[str]:
    """Words of a text that are no names: files, expressions and single letters are none."""
    words = [word.strip(".,:;()…–’'\"?!") for word in text.split()]
    return [word for word in words if re.fullmatch(r"[A-Za-z][A-Za-z’'-]+", word) and word not in NAMES]


class Page(HTMLParser):
    """Collects what a page says in one language only.

    Attributes:
        faults: a line for each.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._path = path
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._english: dict[int, str] = {}  # elements in English whose Japanese has to follow, by their depth
        self.feed(path.read_text("utf-8"))
        self.close()
        for depth in list(self._english):
            self._miss(depth)

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self._path.name}:{self.getpos()[0]}: {what}")

    def _miss(self, depth: int) -> None:
        if depth in self._english:
            self._fault(f"no Japanese sibling follows {self._english.pop(depth)}")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        depth = len(self._open)
        if tag != "html":
            if given.get("lang") == "ja":
                if self._english.pop(depth, None) is None and tag != "button":
                    self._fault(f"<{tag} lang=ja> follows no English one")
            else:
                self._miss(depth)
                if given.get("lang") == "en":
                    self._english[depth] = f"<{tag} lang=en>"
        for name in LABELS:
            if english_words(given.get(name) or "") and f"data-ja-{name}" not in given and not self._marked():
                self._fault(f"{name}={given[name]!r} has no data-ja-{name}")
        if tag == "meta" and given.get("name") == "description" and "data-ja-content" not in given:
            self._fault("the description has no data-ja-content")
        if tag not in VOID:
            self._open.append((tag, given))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._miss(len(self._open))
        assert self._open.pop()[0] == tag, f"{self._path.name}:{self.getpos()[0]}: </{tag}> closes another"

    def handle_data(self, data: str) -> None:
        if not data.strip():
            return
        self._miss(len(self._open))
        if self._marked():
            return
        if english_words(data) and "data-ja" not in self._open[-1][1]:
            self._fault(f"{' '.join(data.split())!r} has no data-ja")

    def _marked(self) -> bool:
        """Whether what comes belongs to one language, or is code."""
        return any(tag in CODE or (tag != "html" and "lang" in given) for tag, given in self._open)


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_all_that_a_page_says_is_there_in_both_languages(path: Path) -> None:
    assert Page(path).faults == []


def test_a_translated_text_has_no_elements_inside() -> None:
    """They would be lost: `data-ja` replaces all that stands in its element."""
    for path in PAGES:
        text = path.read_text("utf-8")
        for match in re.finditer(r"<(\w+)[^>]*\sdata-ja=[^>]*>(?P<inside>.*?)</\1>", text, re.DOTALL):
            assert "<" not in match["inside"], f"{path.name}: {match[0]}"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("<p>Some text</p>", "'Some text' has no data-ja"),
        ("<p lang=en>Text</p><p>x</p>", "no Japanese sibling follows <p lang=en>"),
        ("<div><p lang=en>Text</p></div>", "no Japanese sibling follows <p lang=en>"),
        ("<p lang=ja>文</p>", "<p lang=ja> follows no English one"),
        ("<img aria-label='A picture'>", "aria-label='A picture' has no data-ja-aria-label"),
    ],
)
def test_what_is_missing_is_found(tmp_path: Path, source: str, fault: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<html lang=en><body>{source}</body></html>", "utf-8")
    assert [line.split(": ", 1)[1] for line in Page(path).faults] == [fault]

"""The lessons' contents, and the comments of their Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lesson_files import LESSONS
from site_words import check_comments

pytestmark = pytest.mark.cpython  # the site's files are not inside Pyodide


@pytest.mark.parametrize("folder", sorted(LESSONS.glob("*-*/")), ids=lambda folder: folder.name)
def test_contents_list_the_questions_of_the_page(folder: Path) -> None:
    _, _, lesson = folder.name.partition("-")
    listed = re.search(r"questions: \[(.*?)\]", (folder / "about.ts").read_text("utf-8"), re.DOTALL)
    assert listed
    asked = {
        name
        for path in folder.glob("*.svelte")
        for name in re.findall(rf"(?i:name)(?: = '|=\"){lesson}\.(\w+)['\"]", path.read_text("utf-8"))
    }
    assert set(re.findall(r"'(\w+)'", listed[1])) == asked


@pytest.mark.parametrize(
    "file", sorted(LESSONS.rglob("*.py")), ids=lambda file: f"{file.parent.name}/{file.name}"
)
def test_comments_exist_in_both_languages(file: Path) -> None:
    check_comments(file.read_text("utf-8"))

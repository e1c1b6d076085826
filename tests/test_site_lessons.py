"""The lessons' contents list the questions that the pages ask."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.cpython  # the site's files are not inside Pyodide
LESSONS = sorted((Path(__file__).parents[1] / "site/src/lessons").glob("*-*/"))


@pytest.mark.parametrize("folder", LESSONS, ids=lambda folder: folder.name)
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

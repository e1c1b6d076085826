"""The Python of the site's lessons, run as their pages do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LESSONS = Path(__file__).parents[1] / "site" / "src" / "lessons"

Names = dict[str, Any]


def ran(names: Names, *files: str) -> Names:
    """The variables after these files of the lessons' folder, which begin with `names`."""
    for file in files:
        exec(compile((LESSONS / file).read_text("utf-8"), file, "exec"), names)
    return names

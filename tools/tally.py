"""How many tests passed and how many failed, as pytest's JUnit report has them."""

from __future__ import annotations

from pathlib import Path
from typing import IO
from xml.etree import ElementTree


def tally(report: Path | IO[str]) -> tuple[int, int]:
    """Return (passed, failed); a test whose set-up broke has failed, a skipped one counts nowhere."""
    passed = failed = 0
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = {outcome.tag for outcome in case}
        if outcomes & {"failure", "error"}:
            failed += 1
        elif "skipped" not in outcomes:
            passed += 1
    return passed, failed

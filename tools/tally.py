"""The numbers of passed and failed tests in a JUnit report."""

from __future__ import annotations

from pathlib import Path
from typing import IO
from xml.etree import ElementTree


def tally(report: Path | IO[str]) -> tuple[int, int]:
    """Return (passed, failed); an error in a test's set-up is a failure, skipped tests are not counted."""
    passed = failed = 0
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = {outcome.tag for outcome in case}
        if outcomes & {"failure", "error"}:
            failed += 1
        elif "skipped" not in outcomes:
            passed += 1
    return passed, failed

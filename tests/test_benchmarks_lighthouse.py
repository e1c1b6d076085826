"""The table of Lighthouse's scores, and the host for it."""

import gzip
import urllib.error
import urllib.request
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.cpython


@pytest.fixture
def lighthouse(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return pytest.importorskip("lighthouse", reason="the benchmarks are not in the wheel")


def report(performance, accessibility=1):
    """A report of Lighthouse with the fields that are read."""
    return {
        "categories": {
            "performance": {
                "score": performance,
                "auditRefs": [{"id": "paint", "weight": 10}, {"id": "block", "weight": 30}],
            },
            "accessibility": {
                "score": accessibility,
                "auditRefs": [{"id": "contrast", "weight": 7}, {"id": "by-hand", "weight": 0}],
            },
            "best-practices": {"score": 1, "auditRefs": []},
        },
        "audits": {
            "paint": {"title": "First paint", "score": 0.5, "displayValue": "2 s"},
            "block": {"title": "Blocking time", "score": performance},
            "contrast": {"title": "Contrast", "score": accessibility},
            "by-hand": {"title": "To be looked at", "score": 0},
        },
    }


def test_report_has_medians_and_reasons_for_low_scores(lighthouse):
    lines, is_good = lighthouse.judged("a.html", [report(0.2), report(0.99), report(0.9)])
    assert not is_good
    assert lines[0].split() == ["a.html", "90", "100", "100"]
    # by what they cost: weight 10 times 0.5, weight 30 times 0.1
    assert lines[1:] == ["    performance: First paint (2 s)", "    performance: Blocking time"]


def test_report_omits_reasons_at_the_required_score(lighthouse):
    lines, is_good = lighthouse.judged("a.html", [report(0.95), report(0.5), report(1)])
    assert is_good
    assert [line.split() for line in lines] == [["a.html", "95", "100", "100"]]


def test_each_category_has_a_required_score(lighthouse):
    lines, is_good = lighthouse.judged("a.html", [report(1, accessibility=0.94)])
    assert not is_good
    assert lines[1:] == ["    accessibility: Contrast"]


def test_host_compresses_text(lighthouse, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("page " * 100)
    (tmp_path / "assets" / "a.js").write_text("script " * 100)
    (tmp_path / "assets" / "a.woff2").write_text("font " * 100)
    with lighthouse.serving(tmp_path) as address:

        def sent(path):
            with urllib.request.urlopen(address + path) as response:
                return response.headers, response.read()

        headers, body = sent("")
        assert (headers["Content-Type"], headers["Content-Encoding"]) == ("text/html", "gzip")
        assert gzip.decompress(body) == b"page " * 100
        headers, body = sent("assets/a.js?v=1")
        assert (headers["Content-Type"], headers["Content-Encoding"]) == ("text/javascript", "gzip")
        assert gzip.decompress(body) == b"script " * 100
        headers, body = sent("assets/a.woff2")
        assert headers["Content-Encoding"] is None
        assert body == b"font " * 100
        with pytest.raises(urllib.error.HTTPError, match="404"):
            sent("missing.html")

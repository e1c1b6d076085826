"""tests/sampling.py: which tests run in tiers that repeat others."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import sampling

pytestmark = pytest.mark.cpython

NAMES = [f"tests/test_core.py::test_it[{number}]" for number in range(1000)]


def test_about_one_in_n_is_chosen():
    assert all(sampling.is_chosen(name, 1) for name in NAMES)
    assert Counter(sampling.is_chosen(name, 5) for name in NAMES)[True] == pytest.approx(200, abs=40)


def test_choice_does_not_depend_on_the_install_path():
    for number in range(50):
        name = f"pyconvlite/core.py::pyconvlite.core.f{number}"
        chosen = sampling.is_chosen(f"../lib/python3.14/site-packages/{name}", 5)
        assert sampling.is_chosen(f"../lib/python3.12/site-packages/{name}", 5) == chosen
        assert sampling.is_chosen(name, 5) == chosen


def test_whole_modules():
    assert sampling.is_whole("tests/test_simd_conv.py::test_it[a/b.py]", ["test_simd_*"])
    assert not sampling.is_whole("tests/test_conv.py::test_simd_like", ["test_simd_*"])
    assert sampling.is_whole("tests/test_simd_conv.py::test_it[relaxed-3]", ["test_simd_*"])
    assert not sampling.is_whole("tests/test_simd_conv.py::test_it[simd128-3]", ["test_simd_*"])


@pytest.mark.parametrize("pattern", sorted(set().union(*sampling.WHOLE.values())))
def test_each_pattern_matches_tests(pattern):
    assert list(Path(__file__).parent.rglob(f"{pattern}.py"))


def test_options_select_tests(monkeypatch):
    left_out = []
    options = {"one_in": 5, "whole": "kernels"}
    hook = SimpleNamespace(pytest_deselected=lambda items: left_out.extend(items))
    items = [SimpleNamespace(nodeid=name) for name in ["tests/test_conv.py::test_it", *NAMES[:10]]]
    monkeypatch.setattr(sampling, "is_chosen", lambda name, one_in: one_in == 5 and name == NAMES[3])
    sampling.deselect(SimpleNamespace(getoption=options.get, hook=hook), items)
    assert [item.nodeid for item in items] == ["tests/test_conv.py::test_it", NAMES[3]]
    assert len(left_out) == 9

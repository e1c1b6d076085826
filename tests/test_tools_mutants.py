"""tools/mutants.py: a pattern finds code in any layout, and each fault has one place."""

import dataclasses
import os
import re
import sys

import pytest

mutants = pytest.importorskip("tools.mutants", reason="the tools are not in the wheel")
tally = pytest.importorskip("tools.tally").tally

pytestmark = pytest.mark.cpython


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=[mutant.fault for mutant in mutants.MUTANTS])
def test_each_fault_has_one_place_and_tests(mutant):
    source = mutant.source()
    assert source != (mutants.ROOT / mutant.file).read_text(encoding="utf-8")
    assert (mutants.ROOT / mutant.tests[0]).is_file()
    if mutant.file.endswith(".py"):
        compile(source, mutant.file, "exec")


def test_fault_names_are_unique():
    faults = [mutant.fault for mutant in mutants.MUTANTS]
    assert len(set(faults)) == len(faults)


@pytest.mark.parametrize(
    "code",
    ["f(a, [b, c])", "f(\n    a,\n    [b, c],\n)", "f(\n  a, [\n    b,\n    c,\n  ],\n)", "f( a,[ b,c ] )"],
)
def test_pattern_ignores_code_layout(code):
    assert re.search(mutants.pattern("f(a, [b, c])"), code)
    assert not re.search(mutants.pattern("f(a, [c, b])"), code)


def test_pattern_matches_whole_words():
    assert re.search(mutants.pattern("a + b"), "a+b")
    assert not re.search(mutants.pattern("a + b"), "aa + b")
    assert not re.search(mutants.pattern("a + b"), "a + bb")


@pytest.mark.full
def test_failed_tests_differ_from_no_tests(tmp_path):
    def passes(text):
        test = tmp_path / "test_it.py"
        test.write_text(f"def test():\n    {text}\n", encoding="utf-8")
        return mutants._passes(pytest_, [str(test)], tmp_path, {})

    pytest_ = [sys.executable, "-m", "pytest", "-c", os.devnull]
    assert passes("pass")
    assert not passes("raise ValueError")
    with pytest.raises(SystemExit, match="status 1"):
        passes("pass\n\n@__import__('pytest').fixture(autouse=True)\ndef broken():\n    raise ValueError")
    with pytest.raises(SystemExit, match="status 4"):
        mutants._passes(pytest_, [str(tmp_path / "missing.py")], tmp_path, {})


def test_noticed_mutants_are_skipped_until_a_change(tmp_path, monkeypatch, capsys):
    tried = []

    def passes(mutant):
        tried.append(mutant.fault)
        return False

    for name, text in {"code.py": "a = 1\n", "tests/test_code.py": "", "tests/helpers.py": ""}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    fault = mutants.Mutant("code.py", "2 for 1", ("tests/test_code.py", "-x"), "a = 1", "a = 2", passes)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "PYODIDE", tmp_path)
    monkeypatch.setattr(mutants, "MUTANTS", [fault])
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path / "cache"))

    report = tmp_path / "report.xml"

    def tries(changed):
        assert mutants.main("", changed, report) == 0
        assert tally(report) == (1, 0)
        assert capsys.readouterr().out.endswith("1 passed, 0 failed\n")
        count = len(tried)
        tried.clear()
        return count

    assert tries(changed=True) == 1
    assert tries(changed=True) == 0
    assert tries(changed=False) == 1
    for name in ("code.py", "tests/test_code.py", "tests/helpers.py"):
        (tmp_path / name).write_text("a = 1  # and more\n", encoding="utf-8")
        assert tries(changed=True) == 1
        assert tries(changed=True) == 0
    monkeypatch.setattr(mutants, "MUTANTS", [dataclasses.replace(fault, passes=lambda mutant: True)])
    assert mutants.main("", False, report) == 1
    assert tally(report) == (0, 1)

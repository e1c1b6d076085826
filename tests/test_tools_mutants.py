"""tools/mutants.py: code is found however it is broken into lines, and each fault has its place."""

import os
import re
import sys

import pytest

mutants = pytest.importorskip("tools.mutants", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=[mutant.fault for mutant in mutants.MUTANTS])
def test_each_fault_has_its_place_and_tests(mutant):
    source = mutant.source()
    assert source != (mutants.ROOT / mutant.file).read_text(encoding="utf-8")
    assert (mutants.ROOT / mutant.tests[0]).is_file()
    if mutant.file.endswith(".py"):
        compile(source, mutant.file, "exec")


def test_faults_have_names_of_their_own():
    faults = [mutant.fault for mutant in mutants.MUTANTS]
    assert len(set(faults)) == len(faults)


@pytest.mark.parametrize(
    "code",
    ["f(a, [b, c])", "f(\n    a,\n    [b, c],\n)", "f(\n  a, [\n    b,\n    c,\n  ],\n)", "f( a,[ b,c ] )"],
)
def test_a_pattern_finds_code_in_any_layout(code):
    assert re.search(mutants.pattern("f(a, [b, c])"), code)
    assert not re.search(mutants.pattern("f(a, [c, b])"), code)


def test_a_pattern_takes_no_part_of_a_word():
    assert re.search(mutants.pattern("a + b"), "a+b")
    assert not re.search(mutants.pattern("a + b"), "aa + b")
    assert not re.search(mutants.pattern("a + b"), "a + bb")


def test_a_test_that_fails_is_told_from_none_that_runs(tmp_path):
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

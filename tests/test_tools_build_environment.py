"""tools/build/environment.py: virtual environments, with programs in the place of Python."""

import pytest

environment = pytest.importorskip("tools.build.environment", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.fixture
def calls(tmp_path):
    """`calls(has_pip)` makes an environment where there is one, with or without pip; what the Pythons ran."""
    noted = tmp_path / "noted"
    for name in ("outer", "env/bin/python"):
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\necho {program.name} "$@" >>{noted}\n[ "$3" != --version ]\n')
        program.chmod(0o755)

    def calls(has_pip):
        if has_pip:
            (tmp_path / "env/bin/python").write_text(f'#!/bin/sh\necho python "$@" >>{noted}\n')
        environment.make(str(tmp_path / "env"), str(tmp_path / "outer"), "needs.txt")
        return [line.split()[:4] for line in noted.read_text().splitlines()]

    return calls


@pytest.mark.parametrize("has_pip", [True, False])
def test_environment_without_pip_is_made_anew(calls, has_pip):
    """As where a run was killed while it made it."""
    asked, *made, one, other = calls(has_pip)
    assert asked == ["python", "-m", "pip", "--version"]
    assert made == ([] if has_pip else [["outer", "-m", "venv", "--clear"]])
    assert one == other == ["python", "-m", "pip", "install"]

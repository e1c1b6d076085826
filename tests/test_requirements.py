"""requirements/: every requested package has one version and its hashes."""

import json
import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.cpython

ROOT = Path(__file__).parents[1]
if not (ROOT / "requirements").is_dir():
    pytest.skip("the wheel's tests have no requirements", allow_module_level=True)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ASKED = {
    "dev": [*PROJECT["dependency-groups"]["dev"], *PROJECT["build-system"]["requires"]],
    **{
        path.stem: re.findall(r"^[\w.-]+==[\w.]+", path.read_text(), re.MULTILINE)
        for path in (ROOT / "requirements").glob("*.in")
    },
}


def test_npm_packages_are_locked_with_hashes():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    asked = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    for name, version in asked.items():
        assert packages[f"node_modules/{name}"]["version"] == version, "run npm install --package-lock-only"
    assert [
        name for name, each in packages.items() if name and "sha512-" not in each.get("integrity", "")
    ] == []


@pytest.mark.parametrize("name", ASKED)
def test_python_packages_are_locked_with_hashes(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    locked = dict(
        re.findall(
            r"^([\w.-]+==[\w.]+)[^\n]*\\\n((?: +--hash=sha256:[0-9a-f]{64}[ \\]*\n)+)", text, re.MULTILINE
        )
    )
    assert len(locked) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))
    for requirement in ASKED[name]:
        assert requirement.lower().replace("_", "-") in locked, f"compile requirements/{name}.txt again"

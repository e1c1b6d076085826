"""The wheel's bill of materials."""

import hashlib
import json

import pytest
from wheel_files import make_wheel

sbom = pytest.importorskip("tools.sbom", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.fixture
def wheel(tmp_path):
    return make_wheel(tmp_path, "pyconvlite", "0.1.0")


def test_sbom_names_the_wheel_and_its_dependencies(wheel):
    bill = json.loads(sbom.bill(wheel))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    this = bill["metadata"]["component"]
    assert this["purl"] == "pkg:pypi/pyconvlite@0.1.0"
    assert this["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    components = {each["name"]: each for each in bill["components"]}
    assert components["numpy"]["scope"] == "required"
    assert {name for name, each in components.items() if each["scope"] == "excluded"} == {
        "hatchling",
        "rjsmin",
        "ziglang",
    }
    (needs,) = (each["dependsOn"] for each in bill["dependencies"] if each["ref"] == this["purl"])
    assert needs == ["pkg:pypi/numpy"]


def test_sbom_is_reproducible(wheel):
    assert sbom.bill(wheel) == sbom.bill(wheel)
